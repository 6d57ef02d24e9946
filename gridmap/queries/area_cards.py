"""The card of an area (公示牌): where it belongs, its office, who holds its posts, what lies in it.

Areas and posts are bound in time, so a card is always that of a day. What the reader may not know is taken
out here: names and numbers of people, and counts that are small enough to point at somebody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import (
    AreaLevel,
    InvalidAreaCode,
    code_range,
    level_of,
    parent_code,
    scope_prefix,
)
from gridmap.domain.contact import sees_mobile, sees_name
from gridmap.domain.errors import NotFound
from gridmap.domain.permissions import Action, Actor, can
from gridmap.queries.places import AreaName

SMALLEST_COUNT = 5
"""Counts below this are not shown to the public: they could point at somebody."""

_COMMUNITY_ROLES = ("community_secretary", "community_cadre", "police_officer", "property_manager")
_ROLES: Mapping[str, tuple[str, ...]] = {
    "subdistrict": ("subdistrict_secretary", "subdistrict_officer"),
    "community": _COMMUNITY_ROLES,
    "grid": ("grid_leader", "grid_worker", "community_secretary", "police_officer", "property_manager"),
    "micro_grid": (
        "micro_grid_leader",
        "grid_worker",
        "grid_leader",
        "community_secretary",
        "police_officer",
        "property_manager",
    ),
}
"""Posts that answer for an area of each level, in the order of the wall board."""


class AreaNotFound(NotFound):
    """No area ever had this code; ``area`` is what was asked for."""

    code = "area.not_found"


class AreaNotThen(NotFound):
    """The area exists, but not on the day that was asked for: ``area``, ``on``."""

    code = "area.not_on_that_day"


_HOLDS = "daterange({0}.valid_from, {0}.valid_to, '[)') @> CAST(:on AS date)"

# Indexes: `ex_area_one_version_at_a_time` finds versions by code and day, `ix_issue_area_code_received_at`
# counts issues, GiST on responsibility_zone.boundary finds the zones over label points.
# Of several grid schemes the first counts, as everywhere on the public pages.
_AREA_SQL = text(
    f"""
    SELECT area.id, area.level, area.code, area.name, area.name_en, area.kind, area.household_count,
           area.resident_count, area.office_phone, area.office_hours, area.valid_from, area.valid_to,
           ST_XMin(area.boundary) AS west_deg, ST_YMin(area.boundary) AS south_deg,
           ST_XMax(area.boundary) AS east_deg, ST_YMax(area.boundary) AS north_deg,
           ST_X(area.label_point) AS label_lon_deg, ST_Y(area.label_point) AS label_lat_deg,
           ancestors.list AS ancestors, children.list AS children, zones.list AS zones,
           issues.open_count, issues.closed_count
      FROM area
     CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object(
                   'level', up.level, 'code', up.code, 'name', up.name, 'name_en', up.name_en,
                   'office_phone', up.office_phone, 'office_hours', up.office_hours) ORDER BY up.code) AS list
          FROM area AS up
         WHERE up.scheme_id = area.scheme_id AND up.code = ANY (:ancestor_codes) AND {_HOLDS.format("up")}
     ) AS ancestors
     CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object(
                   'level', part.level, 'code', part.code, 'name', part.name, 'name_en', part.name_en,
                   'office_phone', part.office_phone) ORDER BY part.code) AS list
          FROM area AS part
         WHERE part.scheme_id = area.scheme_id AND part.level = :child_level
           AND part.code >= :low AND part.code < :high AND {_HOLDS.format("part")}
     ) AS children
     CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object('code', zone.code, 'name', zone.name, 'name_en', zone.name_en)
                        ORDER BY zone.code) AS list
          FROM responsibility_zone AS zone
         WHERE {_HOLDS.format("zone")} AND EXISTS (
            SELECT FROM area AS inner_area
             WHERE inner_area.scheme_id = area.scheme_id
               AND inner_area.code >= :low AND inner_area.code < :high
               AND {_HOLDS.format("inner_area")} AND ST_Covers(zone.boundary, inner_area.label_point))
     ) AS zones
     CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state IN ('submitted', 'handling', 'to_rate')) AS open_count,
               count(*) FILTER (WHERE state = 'closed') AS closed_count
          FROM issue
         WHERE area_code >= :low AND area_code < :high AND received_at >= :year_start
     ) AS issues
     WHERE area.code = :code AND {_HOLDS.format("area")}
     ORDER BY area.scheme_id, area.id
     LIMIT 1
    """  # noqa: S608 - the fragments are the constants above
)

# `ex_area_one_version_at_a_time`
_VERSIONS_SQL = text(
    """
    SELECT valid_from, valid_to FROM area WHERE code = :code ORDER BY valid_from DESC, id LIMIT 100
    """
)

# `ix_assignment_area_code_role`, `ix_assignment_zone_code`. The last day of a stand-in counts as the first.
# Who has left keeps the posts of former days, but holds none today.
_POSTS_SQL = text(
    f"""
    SELECT post.role, post.area_code, post.zone_code, post.valid_from, place.name AS area_name,
           place.name_en AS area_name_en, cover.id IS NOT NULL AS is_stand_in,
           holder.name, holder.name_en, holder.mobile_phone, holder.name_is_public, holder.mobile_is_public
      FROM assignment AS post
      LEFT JOIN stand_in AS cover
        ON cover.assignment_id = post.id
       AND cover.first_day <= :on AND (cover.last_day IS NULL OR cover.last_day >= :on)
      JOIN person AS holder ON holder.id = coalesce(cover.person_id, post.person_id)
      LEFT JOIN LATERAL (
        SELECT area.name, area.name_en FROM area
         WHERE area.code = post.area_code AND {_HOLDS.format("area")}
         ORDER BY area.scheme_id, area.id
         LIMIT 1
      ) AS place ON true
     WHERE {_HOLDS.format("post")} AND (holder.is_active OR CAST(:on AS date) < :today)
       AND ((post.area_code = ANY (:codes) AND post.role = ANY (:roles))
         OR (post.zone_code = ANY (:zone_codes) AND post.role = 'zone_responsible')
         OR (:has_micro_grids AND post.role = 'micro_grid_leader'
             AND post.area_code >= :low AND post.area_code < :high))
     ORDER BY array_position(CAST(:order AS text[]), post.role), post.area_code, post.zone_code,
              post.valid_from, post.id
     LIMIT 200
    """  # noqa: S608 - the fragments are the constants above
)

# GiST on service_point.location, through the area's boundary.
_PLACES_SQL = text(
    """
    SELECT point.id, point.name, point.name_en, point.address, point.address_en, point.status,
           category.code AS category_code, category.name AS category_name,
           category.name_en AS category_name_en, category.icon, category.colour_group
      FROM area
      JOIN service_point AS point ON ST_Covers(area.boundary, point.location)
      JOIN service_point_category AS category ON category.code = point.category_code
     WHERE area.id = :id AND point.visibility = 'public' AND NOT category.is_restricted
       AND point.status <> 'withdrawn' AND point.valid_from <= :on
       AND (point.valid_to IS NULL OR point.valid_to > :on)
     ORDER BY category.sort_order, category.code, point.name, point.id
     LIMIT 500
    """
)

# `ix_area_scheme_id_level_code`
_NAMES_SQL = text(
    """
    SELECT level, code, name, name_en, office_phone
      FROM area
     WHERE level = :level AND valid_from <= :today AND (valid_to IS NULL OR valid_to > :today)
     ORDER BY code, id
     LIMIT 2000
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number that may be withheld; ``number`` is None when unknown, or small and the reader a visitor."""

    number: int | None
    is_small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneName:
    """A responsibility zone over the area or a part of it."""

    code: str
    name: str
    name_en: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHolder:
    """A post and whoever holds it. Name and mobile are None where the reader may not know them."""

    role: str
    area_code: str | None
    area_name: str | None
    area_name_en: str | None
    zone_code: str | None
    is_stand_in: bool
    since: date
    name: str | None
    name_en: str | None
    mobile_phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceInArea:
    """A public service point in the area."""

    id: int
    name: str
    name_en: str | None
    address: str
    address_en: str | None
    status: str
    category_code: str
    category_name: str
    category_name_en: str
    icon: str
    colour_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCard:
    """One area on one day, as one reader may see it. Degrees are WGS-84."""

    id: int
    level: str
    code: str
    name: str
    name_en: str | None
    kind: str
    valid_from: date
    valid_to: date | None
    household_count: Count
    resident_count: Count
    open_count: Count
    closed_count: Count
    office_phone: str | None
    office_hours: str | None
    """The area's own, else those of the nearest area above that has an office."""
    office_of: AreaName | None
    """That area above; None when the office is the area's own or unknown."""
    extent_deg: tuple[float, float, float, float]
    label_deg: tuple[float, float]
    """Longitude and latitude of a point inside."""
    chain: tuple[AreaName, ...]
    """From the subdistrict down to the parent."""
    children: tuple[AreaName, ...]
    zones: tuple[ZoneName, ...]
    posts: tuple[PostHolder, ...]
    places: tuple[PlaceInArea, ...]
    sees_names: bool
    """Whether the reader works here, so that names are there."""


def load_area_card(
    session: Session, actor: Actor, code: str, *, on: date, today: date, year_start: datetime
) -> AreaCard:
    """The card of the area that had this code on a day, in three statements (four when there is none).

    Parameters
    ----------
    on : the day of the card
    today : the day of the reader; who has left since then still shows on earlier days
    year_start : aware instant from which issues count

    Raises
    ------
    AreaNotFound
        No area has or had this code.
    AreaNotThen
        One had, but not on that day.
    """
    try:
        level, ancestor_codes = level_of(code), ancestors_of(code)
    except InvalidAreaCode:
        raise AreaNotFound(area=code) from None
    low, high = code_range(scope_prefix(code))
    area = session.execute(
        _AREA_SQL,
        {
            "code": code,
            "on": on,
            "ancestor_codes": list(ancestor_codes),
            "child_level": _level_below(level),
            "low": low,
            "high": high,
            "year_start": year_start,
        },
    ).one_or_none()
    if area is None:
        raise _missing(session, code, on=on)
    zones = tuple(ZoneName(**zone) for zone in area.zones or ())
    posts = _load_posts(session, actor, area, zones, on=on, today=today)
    places = session.execute(_PLACES_SQL, {"id": area.id, "on": on}).mappings()
    return _card(actor, area, zones=zones, posts=posts, places=tuple(PlaceInArea(**row) for row in places))


def list_areas(session: Session, level: str, *, today: date) -> list[AreaName]:
    """The areas of a level on a day by name."""
    rows = session.execute(_NAMES_SQL, {"level": level, "today": today}).mappings()
    return [AreaName(**row) for row in rows]


def ancestors_of(code: str) -> tuple[str, ...]:
    """The codes of the areas above, coarse to fine.

    Raises
    ------
    InvalidAreaCode
        The text is no code of any level.
    """
    above = parent_code(code)
    return () if above is None else (*ancestors_of(above), above)


def _level_below(level: AreaLevel) -> str | None:
    levels = list(AreaLevel)
    index = levels.index(level) + 1
    return levels[index].value if index < len(levels) else None


def _missing(session: Session, code: str, *, on: date) -> NotFound:
    was_there = session.execute(_VERSIONS_SQL, {"code": code}).first() is not None
    return AreaNotThen(area=code, on=on.isoformat()) if was_there else AreaNotFound(area=code)


def _load_posts(
    session: Session, actor: Actor, area: Row[Any], zones: Sequence[ZoneName], *, on: date, today: date
) -> tuple[PostHolder, ...]:
    # Zones are small: only the cards of grids and micro-grids name who answers for them.
    is_fine = area.level in ("grid", "micro_grid")
    low, high = code_range(scope_prefix(area.code))
    codes = [area.code] if area.level == "subdistrict" else [area.code, *ancestors_of(area.code)[1:]]
    roles = list(_ROLES[area.level])
    rows = session.execute(
        _POSTS_SQL,
        {
            "on": on,
            "today": today,
            "codes": codes,
            "roles": roles,
            "zone_codes": [zone.code for zone in zones] if is_fine else [],
            "has_micro_grids": area.level == "grid",
            "low": low,
            "high": high,
            "order": [*roles, "micro_grid_leader", "zone_responsible"],
        },
    )
    return tuple(_post(actor, row, area_code=area.code) for row in rows)


def _post(actor: Actor, row: Row[Any], *, area_code: str) -> PostHolder:
    """Take out what the reader may not know."""
    is_named = sees_name(actor, name_is_public=row.name_is_public, area_code=area_code)
    has_mobile = sees_mobile(actor, mobile_is_public=row.mobile_is_public, area_code=area_code)
    return PostHolder(
        role=row.role,
        area_code=row.area_code,
        area_name=row.area_name,
        area_name_en=row.area_name_en,
        zone_code=row.zone_code,
        is_stand_in=row.is_stand_in,
        since=row.valid_from,
        name=row.name if is_named else None,
        name_en=row.name_en if is_named else None,
        mobile_phone=row.mobile_phone if has_mobile else None,
    )


def _card(
    actor: Actor,
    area: Row[Any],
    *,
    zones: tuple[ZoneName, ...],
    posts: tuple[PostHolder, ...],
    places: tuple[PlaceInArea, ...],
) -> AreaCard:
    sees_small = can(actor, Action.SEE_ISSUES, area.code)
    above: Sequence[Mapping[str, Any]] = area.ancestors or ()
    own = {"office_phone": area.office_phone, "office_hours": area.office_hours}
    office = next((row for row in (own, *reversed(above)) if row["office_phone"]), own)
    return AreaCard(
        id=area.id,
        level=area.level,
        code=area.code,
        name=area.name,
        name_en=area.name_en,
        kind=area.kind,
        valid_from=area.valid_from,
        valid_to=area.valid_to,
        household_count=_count(area.household_count, sees_small=sees_small),
        resident_count=_count(area.resident_count, sees_small=sees_small),
        open_count=_count(area.open_count, sees_small=sees_small),
        closed_count=_count(area.closed_count, sees_small=sees_small),
        office_phone=office["office_phone"],
        office_hours=office["office_hours"],
        office_of=None if office is own else _area_name(office),
        extent_deg=(area.west_deg, area.south_deg, area.east_deg, area.north_deg),
        label_deg=(area.label_lon_deg, area.label_lat_deg),
        chain=tuple(_area_name(row) for row in above),
        children=tuple(_area_name(row) for row in area.children or ()),
        zones=zones,
        posts=posts,
        places=places,
        sees_names=can(actor, Action.SEE_PEOPLE, area.code),
    )


def _area_name(row: Mapping[str, Any]) -> AreaName:
    return AreaName(
        level=row["level"],
        code=row["code"],
        name=row["name"],
        name_en=row["name_en"],
        office_phone=row["office_phone"],
    )


def _count(number: int | None, *, sees_small: bool) -> Count:
    if number is None or number >= SMALLEST_COUNT or sees_small:
        return Count(number=number)
    return Count(number=None, is_small=True)
