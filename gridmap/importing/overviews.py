"""Boundaries simplified for drawing, a level at once, so that neighbours keep their shared edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from gridmap.domain.area_codes import AreaLevel

# Less than a pixel on the zooms that draw whole areas of the level; 1e-5 degrees are about a metre.
TOLERANCE_DEG = {
    AreaLevel.SUBDISTRICT: 1e-4,
    AreaLevel.COMMUNITY: 5e-5,
    AreaLevel.GRID: 2e-5,
    AreaLevel.MICRO_GRID: 2e-5,
}


def overviews_of(boundaries: Sequence[bytes], *, level: AreaLevel) -> list[bytes]:
    """Simplify boundaries as one coverage.

    Parameters
    ----------
    boundaries : WKB, MULTIPOLYGON in WGS-84 degrees, every area of the level that is drawn together

    Returns
    -------
    WKB of valid MULTIPOLYGONs. Where areas overlap or simplifying would break one, it keeps its boundary.
    """
    if not boundaries:
        return []
    originals = np.asarray(shapely.from_wkb(np.array(boundaries, dtype=object)), dtype=object)
    simplified: Any = shapely.coverage_simplify(originals, TOLERANCE_DEG[level])
    return [
        shapely.to_wkb(_drawable(overview, original), byte_order=1)
        for overview, original in zip(simplified, originals, strict=True)
    ]


def label_points_of(boundaries: Sequence[bytes]) -> list[tuple[float, float]]:
    """A point inside each area for its name: longitude and latitude."""
    points = shapely.point_on_surface(shapely.from_wkb(np.array(boundaries, dtype=object)))
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(points)]


def _drawable(overview: Any, original: Any) -> Any:
    if isinstance(overview, Polygon):
        overview = MultiPolygon([overview])
    usable = isinstance(overview, MultiPolygon) and not overview.is_empty and overview.is_valid
    return overview if usable else original
