"""Buildings and compounds as they are edited: counts and kinds, never who lives there; and their outlines."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput
from gridmap.domain.issue_input import CHINA, parse_location
from gridmap.domain.register_input import NAME_MAX_LENGTH, FieldReader

BUILDING_KINDS = ("residential", "shop", "office", "school", "hospital", "public", "industrial", "other")
COMPOUND_KINDS = ("old_estate", "commodity", "resettlement", "work_unit", "commercial", "village")
CORNERS_MAX = 200
SHIFT_MAX_M = 500.0
FOOTPRINT_AREA_M2 = (2.0, 200_000.0)
"""From a kiosk to the largest hall; outside of this a corner slipped."""

_NUMBER = r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,12})?"
_CORNER = re.compile(rf"\s*({_NUMBER})[\s,;，]+({_NUMBER})\s*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingDetails:
    """What an editor writes; the names are those of the columns."""

    address: str
    kind: str
    compound_code: str | None
    floor_count: int
    household_count: int
    resident_count: int
    elderly_count: int
    ebike_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FootprintChange:
    """How the outline changes: moved by metres, or drawn anew by its corners (WGS-84)."""

    east_m: float = 0.0
    north_m: float = 0.0
    corners: tuple[LonLat, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Say whether the outline stays as it is."""
        return not self.corners and self.east_m == 0 and self.north_m == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CompoundDetails:
    """What an editor writes of a compound (小区); its boundary stays."""

    name: str
    name_en: str | None
    kind: str
    built_year: int | None
    has_property_company: bool


def parse_building(raw: Mapping[str, str]) -> tuple[BuildingDetails, FootprintChange]:
    """Read the form of a building.

    Raises
    ------
    InvalidForm
        Names every field that is wrong.
    """
    reader = FieldReader(raw)
    details = BuildingDetails(
        address=reader.required_text("address"),
        kind=reader.choice("building_kind", BUILDING_KINDS),
        compound_code=reader.text("compound_code", max_length=40),
        floor_count=reader.count("floor_count", highest=200),
        household_count=reader.count("household_count", highest=20_000),
        resident_count=reader.count("resident_count", highest=50_000),
        elderly_count=reader.count("elderly_count", highest=50_000),
        ebike_count=reader.count("ebike_count", highest=50_000),
    )
    if details.elderly_count > details.resident_count:
        reader.refuse("elderly_count", "more_than_residents")
    east_m = reader.number("east_m", lowest=-SHIFT_MAX_M, highest=SHIFT_MAX_M) or 0.0
    north_m = reader.number("north_m", lowest=-SHIFT_MAX_M, highest=SHIFT_MAX_M) or 0.0
    corners: tuple[LonLat, ...] = ()
    try:
        corners = parse_corners(raw.get("outline", ""))
    except InvalidInput as problem:
        reader.problems.append(problem)
    reader.finish()
    return details, FootprintChange(east_m=east_m, north_m=north_m, corners=corners)


def parse_corners(text: str) -> tuple[LonLat, ...]:
    """Read corners, one a line as "longitude latitude"; empty text gives none.

    Raises
    ------
    InvalidInput
        ``outline``: a line that is no corner, fewer than three or too many corners, or one far away.
    """
    lines = [line for line in text[:20_000].splitlines() if line.strip()]
    if not lines:
        return ()
    corners: list[LonLat] = []
    for number, line in enumerate(lines, start=1):
        match = _CORNER.fullmatch(line)
        if match is None:
            raise InvalidInput(field="outline", reason="no_corner", line=number)
        try:
            corner = parse_location(float(match[1]), float(match[2]))
            CHINA.check(corner)
        except InvalidInput:
            raise InvalidInput(field="outline", reason="no_corner", line=number) from None
        corners.append(corner)
    if len(corners) > 1 and corners[0] == corners[-1]:
        corners.pop()
    if len(set(corners)) < 3 or len(corners) > CORNERS_MAX:
        raise InvalidInput(field="outline", reason="corner_count", highest=CORNERS_MAX)
    return tuple(corners)


def parse_compound(raw: Mapping[str, str], *, this_year: int) -> CompoundDetails:
    """Read the form of a compound.

    Raises
    ------
    InvalidForm
        Names every field that is wrong.
    """
    reader = FieldReader(raw)
    details = CompoundDetails(
        name=reader.required_text("name", max_length=NAME_MAX_LENGTH),
        name_en=reader.text("name_en", max_length=NAME_MAX_LENGTH),
        kind=reader.choice("compound_kind", COMPOUND_KINDS),
        built_year=reader.whole("built_year", lowest=1800, highest=this_year + 10),
        has_property_company=reader.flag("has_property_company"),
    )
    reader.finish()
    return details


def metres_per_degree(lat_deg: float) -> tuple[float, float]:
    """Metres of a degree of longitude and of latitude on the WGS-84 ellipsoid.

    Source: series of the meridian and the prime vertical, as in NIMA TR8350.2; below 0.1 m a degree off.
    """
    phi = math.radians(lat_deg)
    lon_m = 111_412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    lat_m = 111_132.954 - 559.822 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
    return lon_m, lat_m
