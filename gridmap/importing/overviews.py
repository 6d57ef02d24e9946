"""Boundaries simplified for drawing, a level at once, so that neighbours keep their shared edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from gridmap.domain.area_codes import AreaLevel
from gridmap.importing.tables import GeometryArray

# Less than a pixel on the zooms that draw whole areas of the level; 1e-5 degrees are about a metre.
TOLERANCE_DEG = {
    AreaLevel.SUBDISTRICT: 1e-4,
    AreaLevel.COMMUNITY: 5e-5,
    AreaLevel.GRID: 2e-5,
    AreaLevel.MICRO_GRID: 2e-5,
}

# A tenth of a millimetre: as far as a node may lie beside an edge that it was computed to lie on.
_NOISE_DEG = 1e-9


def overviews_of(boundaries: Sequence[bytes], *, level: AreaLevel) -> list[bytes]:
    """Simplify boundaries as one coverage.

    Parameters
    ----------
    boundaries : WKB, MULTIPOLYGON in WGS-84 degrees, every area of the level that is drawn together

    Returns
    -------
    WKB of valid MULTIPOLYGONs. Of areas that meet without gap or overlap these have none either, also where
    only one of two neighbours has a node on their edge. Edges along a gap or an overlap are simplified each
    for itself; an area that this would break keeps its boundary.
    """
    if not boundaries:
        return []
    originals = np.asarray(shapely.from_wkb(np.array(boundaries, dtype=object)), dtype=object)
    simplified: Any = shapely.coverage_simplify(_with_shared_nodes(originals), TOLERANCE_DEG[level])
    return [
        shapely.to_wkb(_drawable(overview, original), byte_order=1)
        for overview, original in zip(simplified, originals, strict=True)
    ]


def _with_shared_nodes(originals: GeometryArray) -> GeometryArray:
    """The same areas, where neighbours have each other's nodes on the edges that they share.

    Areas that truly overlap stay as they are: GEOS would give the ground to one of them.
    """
    uneven = ~shapely.is_empty(shapely.coverage_invalid_edges(originals))
    if not uneven.any():
        return originals
    rows = np.flatnonzero(uneven)
    tree = shapely.STRtree(originals)
    one, other = tree.query(originals[rows])
    pairs = np.column_stack([rows[one], other])[rows[one] != other]
    shared = shapely.intersection(originals[pairs[:, 0]], originals[pairs[:, 1]])
    overlaps = shapely.area(shared) > _NOISE_DEG * shapely.length(shared) / 2
    apart = np.unique(pairs[overlaps])
    beside_others = np.setdiff1d(np.arange(len(originals)), apart)
    evened = originals.copy()
    evened[beside_others] = shapely.coverage_clean(  # pyright: ignore[reportAttributeAccessIssue]
        originals[beside_others], snapping_distance=_NOISE_DEG
    )
    lost = shapely.is_empty(evened)
    evened[lost] = originals[lost]
    return evened


def label_points_of(boundaries: Sequence[bytes]) -> list[tuple[float, float]]:
    """A point inside each area for its name: longitude and latitude."""
    points = shapely.point_on_surface(shapely.from_wkb(np.array(boundaries, dtype=object)))
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(points)]


def _drawable(overview: Any, original: Any) -> Any:
    if isinstance(overview, Polygon):
        overview = MultiPolygon([overview])
    usable = isinstance(overview, MultiPolygon) and not overview.is_empty and overview.is_valid
    return overview if usable else original
