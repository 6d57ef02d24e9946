"""The reference systems in which map data is offered, with the order of their axes.

CGCS2000 counts as WGS-84 (ADR 2). OGC's CRS84 has longitude first; EPSG's geographic systems and the Chinese
Gauss-Krüger zones have the north first, and services that name them by their URI have to follow.
"""

from __future__ import annotations

from dataclasses import dataclass

_FIRST_CENTRAL_MERIDIAN_DEG = 75
_LAST_CENTRAL_MERIDIAN_DEG = 135
_FIRST_ZONE_SRID = 4534


@dataclass(frozen=True, slots=True)
class ReferenceSystem:
    """A reference system by its URI.

    Attributes
    ----------
    srid : EPSG's number
    is_degrees : longitude and latitude rather than metres
    is_north_first : a position is written latitude (northing) first
    """

    uri: str
    srid: int
    is_degrees: bool
    is_north_first: bool


def _epsg(srid: int, *, is_degrees: bool, is_north_first: bool) -> ReferenceSystem:
    uri = f"http://www.opengis.net/def/crs/EPSG/0/{srid}"
    return ReferenceSystem(uri, srid, is_degrees, is_north_first)


CRS84 = ReferenceSystem(
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, is_degrees=True, is_north_first=False
)
WGS84 = _epsg(4326, is_degrees=True, is_north_first=True)
CGCS2000 = _epsg(4490, is_degrees=True, is_north_first=True)
WEB_MERCATOR = _epsg(3857, is_degrees=False, is_north_first=False)


def gauss_kruger_srid(lon_deg: float) -> int | None:
    """EPSG's number of CGCS2000's three-degree zone at a longitude (without the zone in the easting).

    None outside the zones of China, whose central meridians are 75° to 135° E.
    """
    central_deg = 3 * round(lon_deg / 3)
    if not _FIRST_CENTRAL_MERIDIAN_DEG <= central_deg <= _LAST_CENTRAL_MERIDIAN_DEG:
        return None
    return _FIRST_ZONE_SRID + (central_deg - _FIRST_CENTRAL_MERIDIAN_DEG) // 3


def offered_systems(lon_deg: float | None) -> tuple[ReferenceSystem, ...]:
    """The systems offered for a place at a longitude: CRS84 first, its Gauss-Krüger zone last."""
    srid = None if lon_deg is None else gauss_kruger_srid(lon_deg)
    zone = () if srid is None else (_epsg(srid, is_degrees=False, is_north_first=True),)
    return (CRS84, WGS84, CGCS2000, WEB_MERCATOR, *zone)
