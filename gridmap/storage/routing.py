"""What routing asks of the database: two statements, whatever the number of areas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import LonLat
from gridmap.domain.issue_input import AcceptedBox
from gridmap.domain.placement import CRACK_M, NEAR_BOUNDARY_M, AreaCandidate, Placement, ZoneCandidate
from gridmap.domain.routing import Assignment, Post

_METRES_PER_DEGREE = 111_320.0
_POLE_LAT_DEG = 89.0
NEAREST_LIMIT = 16
"""Nested levels share their outer edge, so the nearest area of each of four levels is surely among these."""

_PIN = "ST_SetSRID(ST_MakePoint(:lon_deg, :lat_deg), 4326)"
_CURRENT = "{0}.valid_from <= :day AND ({0}.valid_to IS NULL OR {0}.valid_to > :day)"
# Indexes: the primary key, ix_area_scheme_id_level_code.
PARENT_ON_THE_DAY = """
    coalesce((SELECT parent.id
                FROM area AS named
                JOIN area AS parent ON parent.scheme_id = named.scheme_id AND parent.level = named.level
                                   AND parent.code = named.code
               WHERE named.id = {0}.parent_id
                 AND parent.valid_from <= :day AND (parent.valid_to IS NULL OR parent.valid_to > :day)),
             {0}.parent_id)
"""
"""The version of the parent on the day: a link names one version, perhaps one that begins later."""

# Indexes: idx_area_boundary and idx_responsibility_zone_boundary (GiST), for the window as for the nearest.
# The nearest areas and the extent are only looked for when nothing holds the pin. `family` brings parents
# that do not hold the pin themselves: a micro-grid redrawn across its grid's edge still has its grid.
FIND_CANDIDATES = text(
    f"""
    WITH RECURSIVE near_area AS MATERIALIZED (
        SELECT area.id, area.scheme_id, area.level, area.code, area.name, area.name_en,
               {PARENT_ON_THE_DAY.format("area")} AS parent_id, area.office_phone,
               CASE WHEN ST_Covers(area.boundary, {_PIN}) THEN 0
                    ELSE ST_Distance(area.boundary::geography, {_PIN}::geography) END AS distance_m,
               ST_Contains(area.boundary, {_PIN}) AS is_interior
          FROM area
         WHERE area.boundary && ST_Expand({_PIN}, :reach_lon_deg, :reach_lat_deg)
           AND {_CURRENT.format("area")}
    ), family (id, parent_id) AS (
        SELECT near_area.id, near_area.parent_id FROM near_area
         UNION
        SELECT upper.id, {PARENT_ON_THE_DAY.format("upper")}
          FROM family
          JOIN area AS upper ON upper.id = family.parent_id
    ), nearest_area AS (
        SELECT area.id, area.scheme_id, area.level, area.code, area.name, area.name_en,
               {PARENT_ON_THE_DAY.format("area")} AS parent_id, area.office_phone,
               ST_Distance(area.boundary::geography, {_PIN}::geography) AS distance_m,
               false AS is_interior
          FROM area
         WHERE NOT EXISTS (SELECT FROM near_area WHERE near_area.distance_m <= :crack_m)
           AND {_CURRENT.format("area")}
         ORDER BY area.boundary <-> {_PIN}
         LIMIT :nearest_limit
    ), accepted AS (
        SELECT ST_Extent(area.boundary) AS extent
          FROM area
         WHERE NOT EXISTS (SELECT FROM near_area WHERE near_area.distance_m <= :crack_m)
           AND area.parent_id IS NULL
           AND {_CURRENT.format("area")}
    )
    SELECT 'area' AS kind, id, scheme_id, level, code, name, name_en, parent_id, office_phone,
           distance_m, is_interior,
           NULL::float AS west_deg, NULL::float AS south_deg,
           NULL::float AS east_deg, NULL::float AS north_deg
      FROM near_area
     UNION ALL
    SELECT 'area', parent.id, parent.scheme_id, parent.level, parent.code, parent.name, parent.name_en,
           family.parent_id, parent.office_phone,
           ST_Distance(parent.boundary::geography, {_PIN}::geography), false, NULL, NULL, NULL, NULL
      FROM family
      JOIN area AS parent ON parent.id = family.id
     WHERE NOT EXISTS (SELECT FROM near_area WHERE near_area.id = family.id)
     UNION ALL
    SELECT 'area', nearest.id, nearest.scheme_id, nearest.level, nearest.code, nearest.name, nearest.name_en,
           nearest.parent_id, nearest.office_phone, nearest.distance_m, nearest.is_interior,
           NULL, NULL, NULL, NULL
      FROM nearest_area AS nearest
     WHERE NOT EXISTS (SELECT FROM family WHERE family.id = nearest.id)
     UNION ALL
    SELECT 'zone', zone.id, NULL, NULL, zone.code, zone.name, zone.name_en, NULL, NULL,
           CASE WHEN ST_Covers(zone.boundary, {_PIN}) THEN 0
                ELSE ST_Distance(zone.boundary::geography, {_PIN}::geography) END,
           ST_Contains(zone.boundary, {_PIN}),
           NULL, NULL, NULL, NULL
      FROM responsibility_zone AS zone
     WHERE zone.boundary && ST_Expand({_PIN}, :reach_lon_deg, :reach_lat_deg)
       AND {_CURRENT.format("zone")}
     UNION ALL
    SELECT 'extent', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           ST_XMin(extent), ST_YMin(extent), ST_XMax(extent), ST_YMax(extent)
      FROM accepted
     WHERE extent IS NOT NULL
    """  # noqa: S608 - the fragments are the constants above
)

# Indexes: ix_assignment_area_code_role, ix_assignment_zone_code, ex_stand_in_one_at_a_time.
FIND_ASSIGNMENTS = text(
    f"""
    SELECT assignment.id, assignment.role, assignment.area_code, assignment.zone_code,
           assignment.valid_from, assignment.valid_to,
           cover.first_day AS stand_in_from, cover.last_day AS stand_in_to,
           person.id AS person_id, person.is_active AS person_is_active, person.name AS person_name,
           person.name_en AS person_name_en, person.mobile_phone AS person_mobile_phone,
           person.name_is_public AS person_name_is_public,
           person.mobile_is_public AS person_mobile_is_public,
           stand_in.id AS stand_in_id, stand_in.is_active AS stand_in_is_active,
           stand_in.name AS stand_in_name,
           stand_in.name_en AS stand_in_name_en, stand_in.mobile_phone AS stand_in_mobile_phone,
           stand_in.name_is_public AS stand_in_name_is_public,
           stand_in.mobile_is_public AS stand_in_mobile_is_public
      FROM assignment
      JOIN person ON person.id = assignment.person_id
      LEFT JOIN stand_in AS cover
        ON cover.assignment_id = assignment.id
       AND cover.first_day <= :day AND (cover.last_day IS NULL OR cover.last_day >= :day)
      LEFT JOIN person AS stand_in ON stand_in.id = cover.person_id
     WHERE ((assignment.area_code = ANY (:area_codes) AND assignment.role = ANY (:roles))
            OR (assignment.zone_code = ANY (:zone_codes) AND assignment.role = 'zone_responsible'))
       AND {_CURRENT.format("assignment")}
     ORDER BY assignment.id
    """  # noqa: S608 - the fragment is the constant above
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What lies at and around a point; ``extent`` is only looked up when nothing holds the point."""

    areas: tuple[AreaCandidate, ...]
    zones: tuple[ZoneCandidate, ...]
    extent: AcceptedBox | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCard:
    """Somebody in a post, with the number that not everybody may see."""

    id: int
    name: str
    name_en: str | None
    mobile_phone: str | None
    name_is_public: bool
    mobile_is_public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """The assignments that bear on a placement, and the people they name."""

    assignments: tuple[Assignment, ...]
    people: dict[int, PersonCard]


def find_candidates(session: Session, location: LonLat, *, day: date) -> Candidates:
    """Find the areas and zones that hold a WGS-84 point or are within 15 m of it, else the nearest areas."""
    reach_lat_deg = NEAR_BOUNDARY_M / _METRES_PER_DEGREE
    lat_deg = min(abs(location.lat_deg), _POLE_LAT_DEG)
    rows = session.execute(
        FIND_CANDIDATES,
        {
            "lon_deg": location.lon_deg,
            "lat_deg": location.lat_deg,
            "reach_lon_deg": reach_lat_deg / math.cos(math.radians(lat_deg)),
            # A tenth more: the degree of latitude is 0.5 % shorter at the equator than here assumed.
            "reach_lat_deg": reach_lat_deg * 1.1,
            "crack_m": CRACK_M,
            "nearest_limit": NEAREST_LIMIT,
            "day": day,
        },
    ).all()
    return Candidates(
        areas=tuple(
            AreaCandidate(
                id=row.id,
                scheme_id=row.scheme_id,
                level=AreaLevel(row.level),
                code=row.code,
                name=row.name,
                name_en=row.name_en,
                parent_id=row.parent_id,
                office_phone=row.office_phone,
                distance_m=row.distance_m,
                is_interior=row.is_interior,
            )
            for row in rows
            if row.kind == "area"
        ),
        zones=tuple(
            ZoneCandidate(
                code=row.code,
                name=row.name,
                name_en=row.name_en,
                distance_m=row.distance_m,
                is_interior=row.is_interior,
            )
            for row in rows
            if row.kind == "zone"
        ),
        extent=next(
            (
                AcceptedBox(
                    west_deg=row.west_deg,
                    south_deg=row.south_deg,
                    east_deg=row.east_deg,
                    north_deg=row.north_deg,
                )
                for row in rows
                if row.kind == "extent"
            ),
            None,
        ),
    )


def assignment_of(row: Any) -> Assignment:
    """Read a row of :data:`FIND_ASSIGNMENTS`."""
    return Assignment(
        id=row.id,
        post=Post(row.role),
        person_id=row.person_id,
        person_is_active=row.person_is_active,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        area_code=row.area_code,
        zone_code=row.zone_code,
        stand_in_person_id=row.stand_in_id,
        stand_in_is_active=bool(row.stand_in_is_active),
        stand_in_from=row.stand_in_from,
        stand_in_to=row.stand_in_to,
    )


def find_posts(session: Session, placement: Placement, *, day: date) -> Posts:
    """Find who holds the posts of a placement's areas and zone on that day."""
    rows = session.execute(
        FIND_ASSIGNMENTS,
        {
            "area_codes": [area.code for area in placement.areas.values()],
            "zone_codes": [] if placement.zone_code is None else [placement.zone_code],
            "roles": [post.value for post in Post],
            "day": day,
        },
    ).all()
    people: dict[int, PersonCard] = {}
    for row in rows:
        people[row.person_id] = PersonCard(
            id=row.person_id,
            name=row.person_name,
            name_en=row.person_name_en,
            mobile_phone=row.person_mobile_phone,
            name_is_public=row.person_name_is_public,
            mobile_is_public=row.person_mobile_is_public,
        )
        if row.stand_in_id is not None:
            people[row.stand_in_id] = PersonCard(
                id=row.stand_in_id,
                name=row.stand_in_name,
                name_en=row.stand_in_name_en,
                mobile_phone=row.stand_in_mobile_phone,
                name_is_public=row.stand_in_name_is_public,
                mobile_is_public=row.stand_in_mobile_is_public,
            )
    return Posts(
        assignments=tuple(assignment_of(row) for row in rows),
        people=people,
    )
