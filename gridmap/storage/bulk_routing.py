"""Where many points lie, and who answers there: two or three statements for thousands of points.

The statements find candidates only; which area a point belongs to is decided by ``gridmap.domain.placement``,
the same rule as for a single pin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.placement import CRACK_M, AreaCandidate, ZoneCandidate
from gridmap.domain.routing import Assignment, Post
from gridmap.storage.routing import FIND_ASSIGNMENTS, NEAREST_LIMIT, PARENT_ON_THE_DAY, assignment_of

_CHUNK_LENGTH = 5_000
# A crack in degrees, generously for any latitude of China: inside it the exact distance is asked for.
_REACH_DEG = 2 * CRACK_M / 111_320.0 / 0.5

# Indexes: idx_area_boundary and idx_responsibility_zone_boundary (GiST), once for each pin. As for a single
# pin, `family` brings parents that do not hold the pin themselves.
FIND_CANDIDATES_OF_MANY = text(
    f"""
    WITH RECURSIVE pin AS MATERIALIZED (
        SELECT item.ord, ST_SetSRID(ST_MakePoint(item.lon_deg, item.lat_deg), 4326) AS location
          FROM unnest(CAST(:lon_deg AS float8[]), CAST(:lat_deg AS float8[]))
               WITH ORDINALITY AS item (lon_deg, lat_deg, ord)
    ), near AS MATERIALIZED (
        SELECT pin.ord, area.id, area.scheme_id, area.level, area.code, area.name,
               {PARENT_ON_THE_DAY.format("area")} AS parent_id, area.name_en,
               CASE WHEN ST_Covers(area.boundary, pin.location) THEN 0
                    ELSE ST_Distance(area.boundary::geography, pin.location::geography) END AS distance_m,
               ST_Contains(area.boundary, pin.location) AS is_interior
          FROM pin
          JOIN area ON ST_DWithin(area.boundary, pin.location, :reach_deg)
         WHERE area.valid_from <= :day AND (area.valid_to IS NULL OR area.valid_to > :day)
           AND (CAST(:scheme_id AS bigint) IS NULL OR area.scheme_id = :scheme_id)
    ), family (ord, id, parent_id) AS (
        SELECT near.ord, near.id, near.parent_id FROM near
         UNION
        SELECT family.ord, upper.id, {PARENT_ON_THE_DAY.format("upper")}
          FROM family
          JOIN area AS upper ON upper.id = family.parent_id
    )
    SELECT 'area' AS kind, ord, id, scheme_id, level, code, name, parent_id, name_en, distance_m, is_interior
      FROM near
     UNION ALL
    SELECT 'area', pin.ord, parent.id, parent.scheme_id, parent.level, parent.code, parent.name,
           family.parent_id, parent.name_en,
           ST_Distance(parent.boundary::geography, pin.location::geography), false
      FROM family
      JOIN pin ON pin.ord = family.ord
      JOIN area AS parent ON parent.id = family.id
     WHERE NOT EXISTS (SELECT FROM near WHERE near.ord = family.ord AND near.id = family.id)
     UNION ALL
    SELECT 'zone', pin.ord, zone.id, NULL, NULL, zone.code, zone.name, NULL, zone.name_en,
           CASE WHEN ST_Covers(zone.boundary, pin.location) THEN 0
                ELSE ST_Distance(zone.boundary::geography, pin.location::geography) END,
           ST_Contains(zone.boundary, pin.location)
      FROM pin
      JOIN responsibility_zone AS zone ON ST_DWithin(zone.boundary, pin.location, :reach_deg)
     WHERE zone.valid_from <= :day AND (zone.valid_to IS NULL OR zone.valid_to > :day)
    """  # noqa: S608 - the fragment is the constant of storage.routing
)


# Indexes: as above; idx_area_boundary also gives the nearest (<->). A zone counts where it holds the pin.
FIND_NEAREST_OF_MANY = text(
    f"""
    WITH pin AS MATERIALIZED (
        SELECT item.ord, ST_SetSRID(ST_MakePoint(item.lon_deg, item.lat_deg), 4326) AS location
          FROM unnest(CAST(:lon_deg AS float8[]), CAST(:lat_deg AS float8[]))
               WITH ORDINALITY AS item (lon_deg, lat_deg, ord)
    )
    SELECT 'area' AS kind, pin.ord, near.id, near.scheme_id, near.level, near.code, near.name,
           {PARENT_ON_THE_DAY.format("near")} AS parent_id, near.name_en,
           ST_Distance(near.boundary::geography, pin.location::geography) AS distance_m,
           false AS is_interior
      FROM pin
     CROSS JOIN LATERAL (
           SELECT area.*
             FROM area
            WHERE area.valid_from <= :day AND (area.valid_to IS NULL OR area.valid_to > :day)
              AND (CAST(:scheme_id AS bigint) IS NULL OR area.scheme_id = :scheme_id)
            ORDER BY area.boundary <-> pin.location
            LIMIT :nearest_limit) AS near
     UNION ALL
    SELECT 'zone', pin.ord, zone.id, NULL, NULL, zone.code, zone.name, NULL, zone.name_en, 0,
           ST_Contains(zone.boundary, pin.location)
      FROM pin
      JOIN responsibility_zone AS zone ON ST_Covers(zone.boundary, pin.location)
     WHERE zone.valid_from <= :day AND (zone.valid_to IS NULL OR zone.valid_to > :day)
    """  # noqa: S608
)


@dataclass(slots=True)
class Nearby:
    """The areas and zones that hold a point or are near it."""

    areas: list[AreaCandidate] = field(default_factory=list[AreaCandidate])
    zones: list[ZoneCandidate] = field(default_factory=list[ZoneCandidate])


def find_candidates_of_many(
    session: Session, points: Sequence[tuple[float, float]], *, day: date, scheme_id: int | None
) -> Iterable[list[Nearby]]:
    """Find what holds each WGS-84 point, in blocks of some thousand; one item a point, in their order.

    ``scheme_id`` limits the areas to one grid scheme.
    """
    for start in range(0, len(points), _CHUNK_LENGTH):
        block = points[start : start + _CHUNK_LENGTH]
        nearby = [Nearby() for _ in block]
        rows = session.execute(
            FIND_CANDIDATES_OF_MANY,
            {
                "lon_deg": [lon_deg for lon_deg, _ in block],
                "lat_deg": [lat_deg for _, lat_deg in block],
                "reach_deg": _REACH_DEG,
                "day": day,
                "scheme_id": scheme_id,
            },
        )
        for row in rows:
            _add(nearby[row.ord - 1], row)
        yield nearby


def find_nearest_of_many(
    session: Session, points: Sequence[tuple[float, float]], *, day: date, scheme_id: int | None
) -> list[Nearby]:
    """Find the areas nearest to each WGS-84 point that no area holds, in one statement, in their order."""
    nearby = [Nearby() for _ in points]
    rows = session.execute(
        FIND_NEAREST_OF_MANY,
        {
            "lon_deg": [lon_deg for lon_deg, _ in points],
            "lat_deg": [lat_deg for _, lat_deg in points],
            "day": day,
            "scheme_id": scheme_id,
            "nearest_limit": NEAREST_LIMIT,
        },
    )
    for row in rows:
        _add(nearby[row.ord - 1], row)
    return nearby


def find_assignments_of_many(
    session: Session, *, area_codes: Iterable[str], zone_codes: Iterable[str], day: date
) -> Mapping[str, list[Assignment]]:
    """The posts of all these areas and zones on the day, by code; one statement."""
    rows = session.execute(
        FIND_ASSIGNMENTS,
        {
            "area_codes": sorted(set(area_codes)),
            "zone_codes": sorted(set(zone_codes)),
            "roles": [post.value for post in Post],
            "day": day,
        },
    )
    by_code: dict[str, list[Assignment]] = defaultdict(list)
    for row in rows:
        by_code[row.area_code or row.zone_code].append(assignment_of(row))
    return by_code


def _add(nearby: Nearby, row: Any) -> None:
    if row.kind == "zone":
        nearby.zones.append(
            ZoneCandidate(
                code=row.code,
                name=row.name,
                name_en=row.name_en,
                distance_m=row.distance_m,
                is_interior=row.is_interior,
            )
        )
        return
    nearby.areas.append(
        AreaCandidate(
            id=row.id,
            scheme_id=row.scheme_id,
            level=AreaLevel(row.level),
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            parent_id=row.parent_id,
            distance_m=row.distance_m,
            is_interior=row.is_interior,
        )
    )
