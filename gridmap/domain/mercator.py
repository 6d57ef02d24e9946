"""Web Mercator (EPSG:3857): the sphere of radius 6 378 137 m, used with latitudes of the ellipsoid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gridmap.domain.point_blocks import PointArray, Vector, convert_in_blocks

_A_M = 6378137.0
_RAD = np.pi / 180.0
_METRES_PER_DEG = _A_M * _RAD


def wgs84_to_web_mercator(points: npt.ArrayLike) -> PointArray:
    """Longitude and latitude in degrees to metres of EPSG:3857; shape (n, 2)."""
    return convert_in_blocks(points, _forward)


def web_mercator_to_wgs84(points: npt.ArrayLike) -> PointArray:
    """Metres of EPSG:3857 to longitude and latitude in degrees; shape (n, 2)."""
    return convert_in_blocks(points, _inverse)


def _forward(lon_deg: Vector, lat_deg: Vector) -> tuple[Vector, Vector]:
    return lon_deg * _METRES_PER_DEG, np.arcsinh(np.tan(lat_deg * _RAD)) * _A_M


def _inverse(easting_m: Vector, northing_m: Vector) -> tuple[Vector, Vector]:
    return easting_m / _METRES_PER_DEG, np.arctan(np.sinh(northing_m / _A_M)) / _RAD
