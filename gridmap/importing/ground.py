"""Sizes on the ground of shapes in longitude and latitude: metres, never degrees times something."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.enums import TransformDirection

from gridmap.importing.tables import GeometryArray

SLIVER_WIDTH_M = 1.0
"""No area that somebody answers for is as thin as this."""

# Longer edges are measured in pieces, or the curve of a projected straight line would count as ground.
_MEASURED_EDGE_DEG = 0.002
# A degree of latitude at the equator and at the poles; one of longitude lies between them, times cos φ.
_LEAST_DEG_M = 110_574.0
_MOST_DEG_M = 111_695.0
# Each halves the ratio between the largest and the least possible width, which begins below 100.
_WIDTH_STEPS = 9


class GroundPlane:
    """Metres on the ground by Lambert's equal-area projection around a middle.

    Areas are true everywhere; lengths to 0.01 % within 150 km of the middle.
    """

    def __init__(self, lon_deg: float, lat_deg: float) -> None:
        plane = pyproj.CRS.from_dict(
            {"proj": "laea", "lon_0": lon_deg, "lat_0": lat_deg, "ellps": "WGS84", "units": "m"}
        )
        self._transformer = pyproj.Transformer.from_crs("EPSG:4326", plane, always_xy=True)

    @classmethod
    def around(cls, shapes: GeometryArray) -> GroundPlane:
        """The plane with its middle in that of the shapes, of which there is at least one."""
        west, south, east, north = shapely.total_bounds(shapes)
        return cls(float(west + east) / 2, float(south + north) / 2)

    def points_in_metres(self, points_deg: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Positions of longitude and latitude in the plane; shape (n, 2) to (n, 2)."""
        return np.column_stack(self._transformer.transform(points_deg[:, 0], points_deg[:, 1]))

    def points_in_degrees(self, points_m: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Positions in the plane as longitude and latitude; shape (n, 2) to (n, 2)."""
        inverse = TransformDirection.INVERSE
        return np.column_stack(self._transformer.transform(points_m[:, 0], points_m[:, 1], direction=inverse))

    def in_metres(self, shapes: GeometryArray) -> GeometryArray:
        """Shapes in WGS-84 as they lie in the plane; long edges get nodes, as a projection bends them."""
        pieces = shapely.segmentize(shapes, _MEASURED_EDGE_DEG)
        project: Any = self._transformer.transform
        projected: Any = shapely.transform(pieces, project, interleaved=False)
        return projected


def least_widths_m(shapes: GeometryArray) -> npt.NDArray[np.float64]:
    """Metres that each polygon in longitude and latitude is at least wide, without projecting it; shape (n,).

    Twice the least area that its square degrees can be on the ellipsoid, by the most that its degrees of
    perimeter can be: at 30° N that is a seventh less than 2A/P of the projected shape.
    """
    latitudes_deg = np.abs(shapely.bounds(shapes)[:, [1, 3]]).max(axis=1)
    square_metres = _LEAST_DEG_M**2 * np.cos(np.radians(latitudes_deg))
    return 2 * square_metres * shapely.area(shapes) / (_MOST_DEG_M * shapely.length(shapes))


def widths_m(metric: GeometryArray) -> npt.NDArray[np.float64]:
    """Diameter of the largest circle in each polygon, to 1 %; shape (n,).

    The radius lies between area / perimeter and that of the circle of the same area. It is sought by
    shrinking: GEOS's own search takes minutes for long bands, every place of which is nearly the best.
    """
    areas_m2 = shapely.area(metric)
    least_m = 0.99 * areas_m2 / shapely.length(metric)
    most_m = np.sqrt(areas_m2 / np.pi)
    for _ in range(_WIDTH_STEPS):
        radius_m = np.sqrt(least_m * most_m)
        vanishes = shapely.is_empty(shapely.buffer(metric, -radius_m, quad_segs=4))
        most_m = np.where(vanishes, radius_m, most_m)
        least_m = np.where(vanishes, least_m, radius_m)
    return 2 * np.sqrt(least_m * most_m)
