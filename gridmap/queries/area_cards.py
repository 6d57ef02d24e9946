"""An area as the public may see it: names, where it belongs, office, counts, posts (no private numbers)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.queries.places import AreaName

SMALLEST_COUNT = 5
"""Counts of people below this are not shown: they could point at somebody."""

PUBLIC_ROLES = (
    "subdistrict_secretary",
    "community_secretary",
    "grid_leader",
    "grid_worker",
    "micro_grid_leader",
    "police_officer",
    "property_manager",
)

# `ix_area_current_code`
_AREA_SQL = text(
    """
    SELECT id, level, code, name, name_en, kind, household_count, resident_count, office_phone, office_hours,
           ST_XMin(boundary) AS west_deg, ST_YMin(boundary) AS south_deg,
           ST_XMax(boundary) AS east_deg, ST_YMax(boundary) AS north_deg
    FROM area
    WHERE code = :code AND valid_to IS NULL
    ORDER BY level, id
    LIMIT 1
    """
)

_CHAIN_SQL = text(
    """
    WITH RECURSIVE chain AS (
        SELECT area.parent_id, area.level, area.code, area.name, area.name_en, area.office_phone,
               1 AS step
        FROM area WHERE area.id = :parent_of_id
        UNION ALL
        SELECT area.parent_id, area.level, area.code, area.name, area.name_en, area.office_phone,
               chain.step + 1
        FROM area JOIN chain ON area.id = chain.parent_id
        WHERE chain.step < 10
    )
    SELECT level, code, name, name_en, office_phone FROM chain WHERE step > 1 ORDER BY step DESC
    """
)

# `ix_area_current_code`
_NAMES_SQL = text(
    """
    SELECT level, code, name, name_en, office_phone
    FROM area
    WHERE level = :level AND valid_to IS NULL
    ORDER BY code, id
    LIMIT 2000
    """
)

_CHILDREN_SQL = text(
    """
    SELECT level, code, name, name_en, office_phone
    FROM area
    WHERE parent_id = :id AND valid_to IS NULL
    ORDER BY code
    LIMIT 200
    """
)

# `ix_assignment_area_code_role`; a stand-in counts while it lasts. Names and numbers only with consent.
_POSTS_SQL = text(
    """
    SELECT assignment.role,
           CASE WHEN person.mobile_is_public THEN person.name END         AS name,
           CASE WHEN person.mobile_is_public THEN person.name_en END      AS name_en,
           CASE WHEN person.mobile_is_public THEN person.mobile_phone END AS phone
    FROM assignment
    JOIN person ON person.id = CASE
        WHEN assignment.stand_in_from <= :today
         AND (assignment.stand_in_to IS NULL OR assignment.stand_in_to >= :today)
        THEN assignment.stand_in_person_id ELSE assignment.person_id END
    WHERE assignment.area_code = :code AND assignment.zone_code IS NULL AND assignment.role = ANY(:roles)
      AND assignment.valid_from <= :today AND (assignment.valid_to IS NULL OR assignment.valid_to > :today)
    ORDER BY array_position(:roles, assignment.role), assignment.id
    LIMIT 40
    """
)

# GiST on service_point.location through the area's box.
_PLACES_SQL = text(
    """
    SELECT category.code, category.name, category.name_en, category.icon, category.colour_group,
           count(*) AS place_count
    FROM area
    JOIN service_point AS point ON ST_Covers(area.boundary, point.location)
    JOIN service_point_category AS category ON category.code = point.category_code
    WHERE area.id = :id AND point.visibility = 'public' AND NOT category.is_restricted
      AND point.status <> 'withdrawn' AND (point.valid_to IS NULL OR point.valid_to > :today)
    GROUP BY category.code
    ORDER BY category.sort_order, category.code
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post in an area. Name and phone only where the holder agreed to be named."""

    role: str
    name: str | None
    name_en: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCount:
    """How many public places of a category lie in an area."""

    code: str
    name: str
    name_en: str
    icon: str
    colour_group: str
    place_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCard:
    """One area. Counts of people are None when unknown and when below :data:`SMALLEST_COUNT`."""

    level: str
    code: str
    name: str
    name_en: str | None
    kind: str
    household_count: int | None
    resident_count: int | None
    office_phone: str | None
    office_hours: str | None
    extent_deg: tuple[float, float, float, float]
    chain: Sequence[AreaName]
    children: Sequence[AreaName]
    posts: Sequence[Post]
    places: Sequence[PlaceCount]


def list_areas(session: Session, level: str) -> list[AreaName]:
    """The current areas of a level by name."""
    return [AreaName(**row) for row in session.execute(_NAMES_SQL, {"level": level}).mappings()]


def load_area_card(session: Session, code: str, *, today: date) -> AreaCard:
    """The card of the current area with this code.

    Raises
    ------
    NotFound
        No current area has this code.
    """
    area = session.execute(_AREA_SQL, {"code": code}).one_or_none()
    if area is None:
        raise NotFound(what="area", code=code)
    chain = session.execute(_CHAIN_SQL, {"parent_of_id": area.id})
    children = session.execute(_CHILDREN_SQL, {"id": area.id})
    posts = session.execute(_POSTS_SQL, {"code": code, "today": today, "roles": list(PUBLIC_ROLES)})
    places = session.execute(_PLACES_SQL, {"id": area.id, "today": today})
    return AreaCard(
        level=area.level,
        code=area.code,
        name=area.name,
        name_en=area.name_en,
        kind=area.kind,
        household_count=_if_safe(area.household_count),
        resident_count=_if_safe(area.resident_count),
        office_phone=area.office_phone,
        office_hours=area.office_hours,
        extent_deg=(area.west_deg, area.south_deg, area.east_deg, area.north_deg),
        chain=[AreaName(**row) for row in chain.mappings()],
        children=[AreaName(**row) for row in children.mappings()],
        posts=[Post(**row) for row in posts.mappings()],
        places=[PlaceCount(**row) for row in places.mappings()],
    )


def _if_safe(count: int | None) -> int | None:
    return count if count is not None and count >= SMALLEST_COUNT else None
