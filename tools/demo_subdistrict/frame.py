"""The sheet the place is drawn on, and the way from it to the ground.

The plan (:mod:`.plan_streets`) is straight lines on a flat sheet: ``u`` metres from the water's edge to the
east, ``v`` metres from the southern boundary to the north. :func:`warp` bends and turns the sheet so that the
streets run like streets that grew; the result is in metres of EPSG:4547 (CGCS2000, central meridian 114° E).
Files carry longitude and latitude (CGCS2000 taken as WGS-84), rounded to :data:`DECIMALS`.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import LineString, Point, Polygon
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

SEED = 20261120
DECIMALS = 7
GRID_DEG = 1e-7

_TURN_RAD = math.radians(-11.0)
_SHEET_CENTRE = (1000.0, 950.0)
_GROUND_CENTRE = (528_800.0, 3_381_000.0)
_TO_DEGREES = Transformer.from_crs("EPSG:4547", "EPSG:4490", always_xy=True)

FloatArray = NDArray[np.float64]


def warp_array(uv: FloatArray) -> FloatArray:
    """Bend and turn sheet positions, shape (n, 2), into EPSG:4547 metres, shape (n, 2)."""
    u, v = uv[:, 0], uv[:, 1]
    bank = np.exp(-np.abs(u) / 700.0)
    x = u + 34 * np.sin(2 * np.pi * v / 2400 + 0.6) + 10 * np.sin(2 * np.pi * (u + 0.7 * v) / 1050)
    x = x + 46 * bank * np.sin(2 * np.pi * v / 2900 + 2.4)
    y = v + 30 * np.sin(2 * np.pi * u / 2300 + 1.2) + 9 * np.sin(2 * np.pi * (u - 0.6 * v) / 940 + 0.5)
    x, y = x - _SHEET_CENTRE[0], y - _SHEET_CENTRE[1]
    cos, sin = math.cos(_TURN_RAD), math.sin(_TURN_RAD)
    out = np.column_stack([x * cos - y * sin, x * sin + y * cos])
    return np.round(out + _GROUND_CENTRE, 3)


def warp_point(u: float, v: float) -> Point:
    """One sheet position on the ground."""
    return Point(warp_array(np.array([[u, v]]))[0])


def warp(geometry: BaseGeometry, *, step_m: float = 20.0) -> BaseGeometry:
    """A sheet geometry on the ground: edges cut into steps first, so that straight lines bend."""
    return shapely.transform(shapely.segmentize(geometry, step_m), warp_array)


def warp_edge(edge: LineString) -> LineString:
    """A noded sheet edge on the ground; its two ends are exactly the warped ends of the sheet edge."""
    return warp(edge).simplify(0.35)


def direction_at(u: float, v: float) -> float:
    """Angle in degrees, anticlockwise from grid east, of the sheet's u axis on the ground near (u, v)."""
    a, b = warp_array(np.array([[u - 40, v], [u + 40, v]]))
    return math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))


def to_degrees(geometry: BaseGeometry) -> BaseGeometry:
    """EPSG:4547 metres to longitude and latitude, not rounded."""

    def project(xy: FloatArray) -> FloatArray:
        lon, lat = _TO_DEGREES.transform(xy[:, 0], xy[:, 1])
        return np.column_stack([lon, lat])

    return shapely.transform(geometry, project)


def rounded(geometry: BaseGeometry) -> BaseGeometry:
    """Longitude and latitude rounded to :data:`DECIMALS`; for geometries that share no edge with others."""
    return shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS))


def point_degrees(point: Point) -> Point:
    """A ground point as rounded longitude and latitude."""
    return rounded(to_degrees(point))


class LocalAxes:
    """A compound's own axes: x along its rows, y away from its southern street, origin at its middle."""

    def __init__(self, origin: Point, angle_deg: float) -> None:
        self.origin = origin
        self.angle_deg = angle_deg

    def local(self, geometry: BaseGeometry) -> BaseGeometry:
        """Ground metres to local metres."""
        turned = rotate(geometry, -self.angle_deg, origin=self.origin)
        return shapely.transform(turned, lambda xy: xy - np.array([self.origin.x, self.origin.y]))

    def ground(self, geometry: BaseGeometry) -> BaseGeometry:
        """Local metres to ground metres, to the millimetre."""
        moved = shapely.transform(geometry, lambda xy: xy + np.array([self.origin.x, self.origin.y]))
        turned = rotate(moved, self.angle_deg, origin=self.origin)
        return shapely.transform(turned, lambda xy: np.round(xy, 3))


def rectangle(cx: float, cy: float, width: float, height: float) -> Polygon:
    """An axis-parallel rectangle by its middle and sides."""
    return shapely.box(cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
