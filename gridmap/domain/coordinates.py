"""Datums of Chinese maps: WGS-84, CGCS2000, GCJ-02 and BD-09, converted as whole arrays.

Everything is stored and computed in WGS-84 longitude and latitude, in degrees, longitude first. The other
datums exist at the edges only: files that come in, tiles and links that go out.

GCJ-02 (:mod:`gridmap.domain.gcj02`) and BD-09 (:mod:`gridmap.domain.bd09`) are obfuscations of WGS-84 whose
official definition is secret. The formulas are the published reconstruction: against positions published by
the map services they are off by 0.7 m at the median and less than 1 m at most. The *inverses* are not
published approximations: they undo the forward formulas by Newton's method, so there and back again loses
less than a thousandth of a millimetre.

Metres are undone first: :mod:`gridmap.domain.gauss_kruger` (CGCS2000), :mod:`gridmap.domain.mercator`
(EPSG:3857) and 百度's own Mercator in :mod:`gridmap.domain.bd09`.

The shift applies inside one box around China (72.004–137.8347° E, 0.8293–55.8271° N) and nowhere else. Each
conversion asks whether *its own input* lies in the box. Within about a kilometre of the box's rim (far from
any neighbourhood) the formulas are therefore not each other's inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from gridmap.domain.bd09 import bd09_to_gcj02, gcj02_to_bd09
from gridmap.domain.gcj02 import CHINA_BOX, gcj02_to_wgs84, is_in_china_box, wgs84_to_gcj02
from gridmap.domain.point_blocks import PointArray, as_points

__all__ = [
    "CHINA_BOX",
    "Datum",
    "LonLat",
    "LonLatArray",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "convert",
    "distance_m",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "is_in_china_box",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]

LonLatArray = PointArray
"""Shape (n, 2): longitude, latitude, in degrees."""

_WGS84_A_M = 6378137.0
_WGS84_E2 = 0.00669437999014132

_Conversion = Callable[[npt.ArrayLike], LonLatArray]


class Datum(StrEnum):
    """What longitude and latitude of a file or a map mean."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    """Within centimetres to decimetres of WGS-84: never converted, but recorded."""
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class LonLat:
    """A point in WGS-84, longitude first (Leaflet and folium want latitude first: swap there)."""

    lon_deg: float
    lat_deg: float


def convert(points: npt.ArrayLike, source: Datum, target: Datum) -> LonLatArray:
    """Convert points from one datum to another.

    Parameters
    ----------
    points : shape (n, 2), degrees
        Longitude, latitude. Rows with NaN stay NaN; points outside :data:`CHINA_BOX` stay what they are.

    Returns
    -------
    shape (n, 2), degrees
        Always a new array.

    Raises
    ------
    ValueError
        ``points`` is not of shape (n, 2).
    """
    result = as_points(points).copy()
    if source is target:
        return result
    for step in (*_STEPS_TO_WGS84[source], *_STEPS_FROM_WGS84[target]):
        result = step(result)
    return result


def wgs84_to_bd09(points: npt.ArrayLike) -> LonLatArray:
    """Shift WGS-84 points to BD-09; shape (n, 2), degrees."""
    return convert(points, Datum.WGS84, Datum.BD09)


def bd09_to_wgs84(points: npt.ArrayLike) -> LonLatArray:
    """Undo both shifts of BD-09; shape (n, 2), degrees."""
    return convert(points, Datum.BD09, Datum.WGS84)


def distance_m(here: npt.ArrayLike, there: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Measure from each point to its counterpart, in metres on the WGS-84 ellipsoid.

    Parameters
    ----------
    here, there : shape (n, 2), degrees
        Longitude, latitude; the difference of longitudes is taken the short way round.

    Returns
    -------
    shape (n,), metres
        By the radii of curvature at the middle latitude: better than 1 mm over 1 km and 0.1 % over 100 km
        at the latitudes of China. For shifts and nearness; not for surveying.
    """
    first, second = as_points(here), as_points(there)
    mid_lat = np.radians((first[:, 1] + second[:, 1]) / 2)
    denominator = 1 - _WGS84_E2 * np.sin(mid_lat) ** 2
    prime_vertical_m = _WGS84_A_M / np.sqrt(denominator)
    meridian_m = _WGS84_A_M * (1 - _WGS84_E2) / denominator**1.5
    delta_lon_deg = (second[:, 0] - first[:, 0] + 180.0) % 360.0 - 180.0
    # The modulo above rounds to 1e-14 of 360 degrees; small differences keep all their digits.
    small = np.abs(second[:, 0] - first[:, 0]) < 180.0
    delta_lon_deg = np.where(small, second[:, 0] - first[:, 0], delta_lon_deg)
    east_m = np.radians(delta_lon_deg) * prime_vertical_m * np.cos(mid_lat)
    north_m = np.radians(second[:, 1] - first[:, 1]) * meridian_m
    return np.hypot(east_m, north_m)


_STEPS_TO_WGS84: dict[Datum, tuple[_Conversion, ...]] = {
    Datum.WGS84: (),
    Datum.CGCS2000: (),
    Datum.GCJ02: (gcj02_to_wgs84,),
    Datum.BD09: (bd09_to_gcj02, gcj02_to_wgs84),
}
_STEPS_FROM_WGS84: dict[Datum, tuple[_Conversion, ...]] = {
    Datum.WGS84: (),
    Datum.CGCS2000: (),
    Datum.GCJ02: (wgs84_to_gcj02,),
    Datum.BD09: (wgs84_to_gcj02, gcj02_to_bd09),
}
