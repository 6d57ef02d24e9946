"""The areas and zones that a boundary editor works on, as they stand on a day."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.storage.import_areas import AreaContent

MARGIN_DEG = 0.002
"""About 200 m around the focus: neighbours are part of what is edited."""

_HOLDS = "{0}.valid_from <= :day AND ({0}.valid_to IS NULL OR {0}.valid_to > :day)"

# Index: ix_area_scheme_id_level_code, else the exclusion constraint's.
FIND_FOCUS = text(
    f"""
    SELECT area.id, area.scheme_id, area.level, area.code, area.name, area.name_en,
           ST_XMin(area.boundary) AS west, ST_YMin(area.boundary) AS south,
           ST_XMax(area.boundary) AS east, ST_YMax(area.boundary) AS north
      FROM area
     WHERE area.code = :code AND {_HOLDS.format("area")}
       AND (CAST(:scheme_id AS bigint) IS NULL OR area.scheme_id = :scheme_id)
     ORDER BY area.scheme_id, area.id
     LIMIT 1
    """  # noqa: S608 - the fragment is the constant above
)

# Index: idx_area_boundary for the box. Communities come whole, so that an area that is made of its parts
# is never met with some of them missing; of their subdistricts come the other communities, too.
FIND_GROUND = text(
    f"""
    WITH near AS (
        SELECT DISTINCT left(area.code, 12) AS community_code
          FROM area
         WHERE area.boundary && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
           AND area.scheme_id = :scheme_id AND length(area.code) >= 12 AND {_HOLDS.format("area")}
    )
    SELECT area.id, area.level, area.code, area.name, area.name_en, area.kind, area.parent_id,
           area.household_count, area.resident_count, area.office_phone, area.office_hours,
           area.valid_from, area.valid_to, ST_AsBinary(area.boundary, 'NDR') AS boundary
      FROM area
     WHERE area.scheme_id = :scheme_id AND {_HOLDS.format("area")}
       AND (left(area.code, 12) IN (SELECT community_code FROM near)
            OR (area.level IN ('subdistrict', 'community')
                AND left(area.code, 9) IN (SELECT left(community_code, 9) FROM near)))
     ORDER BY area.code, area.id
     LIMIT 20000
    """  # noqa: S608 - the fragment is the constant above
)

# Index: idx_responsibility_zone_boundary.
FIND_ZONES = text(
    f"""
    SELECT zone.id, zone.code, zone.name, zone.name_en, zone.organisation_code,
           zone.valid_from, zone.valid_to, ST_AsBinary(zone.boundary, 'NDR') AS boundary
      FROM responsibility_zone AS zone
     WHERE zone.boundary && ST_MakeEnvelope(:west, :south, :east, :north, 4326) AND {_HOLDS.format("zone")}
     ORDER BY zone.code, zone.id
     LIMIT 20000
    """  # noqa: S608 - the fragment is the constant above
)

# Index: idx_area_boundary.
FIND_COMMUNITIES = text(
    f"""
    SELECT area.code, ST_AsBinary(area.boundary, 'NDR') AS boundary
      FROM area
     WHERE area.boundary && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
       AND area.level = 'community' AND {_HOLDS.format("area")}
     ORDER BY area.code, area.id
     LIMIT 20000
    """  # noqa: S608 - the fragment is the constant above
)

FIND_USED_CODES = text(
    """
    SELECT DISTINCT code FROM area WHERE scheme_id = :scheme_id AND left(code, 12) = ANY (:communities)
    """
)
FIND_USED_ZONE_CODES = text("SELECT DISTINCT code FROM responsibility_zone")

# A version that begins after the day would be crossed by one that begins on it.
FIND_LATER = text(
    """
    SELECT min(code) FROM area
     WHERE scheme_id = :scheme_id AND code = ANY (:codes) AND valid_from > :day
    """
)
FIND_LATER_ZONE = text(
    "SELECT min(code) FROM responsibility_zone WHERE code = ANY (:codes) AND valid_from > :day"
)

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """The area whose boundaries, and those below it, are being edited."""

    id: int
    scheme_id: int
    level: str
    code: str
    name: str
    name_en: str | None
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundArea:
    """A version of an area on the day."""

    id: int
    level: str
    content: AreaContent
    valid_from: date
    valid_to: date | None

    @property
    def fingerprint(self) -> str:
        """Changes when somebody writes over this version."""
        return _fingerprint(self.content.code, self.content.name, self.content.name_en, self.content.boundary)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundZone:
    """A version of a responsibility zone on the day; ``boundary`` is WKB in WGS-84."""

    id: int
    code: str
    name: str
    name_en: str | None
    organisation_code: str | None
    valid_from: date
    valid_to: date | None
    boundary: bytes

    @property
    def fingerprint(self) -> str:
        """Changes when somebody writes over this version."""
        return _fingerprint(self.code, self.name, self.name_en, self.boundary)


def find_focus(session: Session, code: str, *, day: date, scheme_id: int | None = None) -> Focus | None:
    """The area of a code on a day; of several schemes the first."""
    row = session.execute(FIND_FOCUS, {"code": code, "day": day, "scheme_id": scheme_id}).one_or_none()
    if row is None:
        return None
    return Focus(
        id=row.id,
        scheme_id=row.scheme_id,
        level=row.level,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        box=(row.west, row.south, row.east, row.north),
    )


def find_ground(session: Session, *, scheme_id: int, box: Box, day: date) -> list[GroundArea]:
    """The areas of every level around a box, by code; their communities are complete."""
    rows = session.execute(FIND_GROUND, {"scheme_id": scheme_id, "day": day, **_sides(box)})
    return [
        GroundArea(
            id=row.id,
            level=row.level,
            content=AreaContent(
                code=row.code,
                name=row.name,
                name_en=row.name_en,
                kind=row.kind,
                parent_id=row.parent_id,
                household_count=row.household_count,
                resident_count=row.resident_count,
                office_phone=row.office_phone,
                office_hours=row.office_hours,
                boundary=bytes(row.boundary),
            ),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    ]


def find_zones(session: Session, *, box: Box, day: date) -> list[GroundZone]:
    """The zones around a box, by code."""
    rows = session.execute(FIND_ZONES, {"day": day, **_sides(box)})
    return [
        GroundZone(
            id=row.id,
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            organisation_code=row.organisation_code,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            boundary=bytes(row.boundary),
        )
        for row in rows
    ]


def find_communities(session: Session, *, box: Box, day: date) -> list[tuple[str, bytes]]:
    """Code and boundary (WKB) of the communities around a box."""
    rows = session.execute(FIND_COMMUNITIES, {"day": day, **_sides(box)})
    return [(row.code, bytes(row.boundary)) for row in rows]


def used_codes(session: Session, *, scheme_id: int | None, communities: Sequence[str]) -> set[str]:
    """Every code that these communities' areas have now or ever had; without a scheme, every zone's code."""
    if scheme_id is None:
        return set(session.scalars(FIND_USED_ZONE_CODES))
    return set(session.scalars(FIND_USED_CODES, {"scheme_id": scheme_id, "communities": list(communities)}))


def code_with_later_version(
    session: Session, *, scheme_id: int | None, codes: Sequence[str], day: date
) -> str | None:
    """One of these codes that has a version beginning after the day, or None."""
    if scheme_id is None:
        return session.execute(FIND_LATER_ZONE, {"codes": list(codes), "day": day}).scalar_one()
    values = {"scheme_id": scheme_id, "codes": list(codes), "day": day}
    return session.execute(FIND_LATER, values).scalar_one()


def _sides(box: Box) -> dict[str, float]:
    west, south, east, north = box
    return {
        "west": west - MARGIN_DEG,
        "south": south - MARGIN_DEG,
        "east": east + MARGIN_DEG,
        "north": north + MARGIN_DEG,
    }


def _fingerprint(*parts: Any) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]
