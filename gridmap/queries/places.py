"""Service points for everybody: the list with its filters, one place with all it says, the categories.

Staff points and the restricted category (SP17) never leave this module; see ``_PUBLIC``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.permissions import Action, Actor, can
from gridmap.queries.search import like_pattern, search_words
from gridmap.storage.places import PlacePhoto, find_photos

PAGE_SIZE = 20
EXPORT_LIMIT = 20_000
STATUSES = ("built", "building", "approved", "consulting", "planned")
SortKey = Literal["category", "name", "status", "community"]
SORT_KEYS: tuple[SortKey, ...] = ("category", "name", "status", "community")

_PUBLIC = """
    point.visibility = 'public' AND NOT category.is_restricted
    AND point.status <> 'withdrawn' AND (point.valid_to IS NULL OR point.valid_to > :today)
"""
_COLUMNS = """
    point.id, point.name, point.name_en, point.status, point.address, point.address_en, point.opening_hours,
    point.office_phone, point.category_code, category.name AS category_name,
    category.name_en AS category_name_en, category.icon, category.colour_group,
    ST_X(point.location) AS lon_deg, ST_Y(point.location) AS lat_deg,
    community.name AS community_name, community.name_en AS community_name_en
"""
_FROM = """
    FROM service_point AS point
    JOIN service_point_category AS category ON category.code = point.category_code
    LEFT JOIN area AS community ON community.level = 'community' AND community.code = point.community_code
                               AND community.valid_from <= :today
                               AND (community.valid_to IS NULL OR community.valid_to > :today)
"""
_FILTER = """
    AND (cardinality(CAST(:categories AS text[])) = 0 OR point.category_code = ANY(:categories))
    AND (cardinality(CAST(:statuses AS text[])) = 0 OR point.status = ANY(:statuses))
    AND lower(concat_ws(' ', point.search_key, point.address, category.name, category.name_en))
        LIKE ALL(CAST(:patterns AS text[]))
"""
_STATUS_ORDER = (
    "array_position(ARRAY['built', 'building', 'approved', 'consulting', 'planned'], point.status)"
)
_ORDERS: dict[SortKey, str] = {
    "category": "category.sort_order, point.name, point.id",
    "name": 'point.name COLLATE "zh-Hans-x-icu", point.id',
    "status": f"{_STATUS_ORDER}, category.sort_order, point.name, point.id",
    "community": "community.code NULLS LAST, category.sort_order, point.name, point.id",
}


def _list_sql(sort: SortKey) -> TextClause:
    # `ix_service_point_category_code_status` serves a choice of categories; else the small table is read.
    return text(
        f"SELECT {_COLUMNS}, count(*) OVER () AS total {_FROM} WHERE {_PUBLIC} {_FILTER}"
        f" ORDER BY {_ORDERS[sort]} LIMIT :limit OFFSET :offset"
    )


_LIST_SQL = {sort: _list_sql(sort) for sort in SORT_KEYS}

_NEAREST_SQL = text(
    f"""
    SELECT {_COLUMNS} {_FROM}
    WHERE {_PUBLIC}
    ORDER BY point.location <-> ST_SetSRID(ST_MakePoint(:lon_deg, :lat_deg), 4326), point.id
    LIMIT :limit
    """
)

_PLACE_SQL = text(
    f"""
    SELECT {_COLUMNS}, point.code, point.alias, point.floor, point.area_m2, point.capacity, point.services,
           point.operator, point.brand_tags, point.tour_text, point.surveyed_on, point.source
    {_FROM}
    WHERE {_PUBLIC} AND point.id = :id
    """
)

# GiST on area.boundary; on a shared edge the lower code counts, as in routing.
_AREAS_AT_SQL = text(
    """
    SELECT DISTINCT ON (level) level, code, name, name_en, office_phone
    FROM area
    WHERE ST_Covers(boundary, ST_SetSRID(ST_MakePoint(:lon_deg, :lat_deg), 4326))
      AND valid_from <= :today AND (valid_to IS NULL OR valid_to > :today)
    ORDER BY level, code
    """
)

# `ix_service_point_photo_sha256`; the same picture may belong to several places: seeing one is enough.
_PLACES_OF_PHOTO_SQL = text(
    f"""
    SELECT coalesce(point.grid_code, point.community_code, '') AS area_code,
           category.is_restricted OR point.visibility = 'restricted' AS is_restricted,
           {_PUBLIC} AS is_public
    FROM service_point_photo AS photo
    JOIN service_point AS point ON point.id = photo.service_point_id
    JOIN service_point_category AS category ON category.code = point.category_code
    WHERE photo.sha256 = :sha256
    ORDER BY photo.id
    LIMIT 100
    """  # noqa: S608 - the fragment is the constant above
)

_CATEGORIES_SQL = text(
    f"""
    SELECT category.code, category.name, category.name_en, category.icon, category.colour_group,
           count(point.id) AS place_count
    FROM service_point_category AS category
    JOIN service_point AS point ON point.category_code = category.code
    WHERE {_PUBLIC}
    GROUP BY category.code
    ORDER BY category.sort_order, category.code
    """  # noqa: S608
)

_LEVEL_ORDER = ("subdistrict", "community", "grid", "micro_grid")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFilter:
    """What the list shows; empty parts do not narrow it."""

    categories: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSummary:
    """One line of the list. Degrees are WGS-84."""

    id: int
    name: str
    name_en: str | None
    status: str
    address: str
    address_en: str | None
    opening_hours: str | None
    office_phone: str | None
    category_code: str
    category_name: str
    category_name_en: str
    icon: str
    colour_group: str
    lon_deg: float
    lat_deg: float
    community_name: str | None
    community_name_en: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaName:
    """An area by name, with the phone of its office."""

    level: str
    code: str
    name: str
    name_en: str | None
    office_phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Everything that the public may know about one service point."""

    summary: PlaceSummary
    code: str
    alias: Sequence[str]
    floor: str | None
    area_m2: float | None
    capacity: int | None
    services: Sequence[str]
    operator: str | None
    brand_tags: Sequence[str]
    tour_text: str | None
    surveyed_on: date | None
    source: str
    areas: Sequence[AreaName]
    """From the subdistrict down to the micro-grid."""
    photos: Sequence[PlacePhoto]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category that has at least one public place."""

    code: str
    name: str
    name_en: str
    icon: str
    colour_group: str
    place_count: int


def list_places(
    session: Session,
    wanted: PlaceFilter,
    *,
    today: date,
    sort: SortKey = "category",
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> tuple[list[PlaceSummary], int]:
    """One page of the list, and how many there are in all; pages begin at 1."""
    parameters = {
        "today": today,
        "categories": list(wanted.categories),
        "statuses": list(wanted.statuses),
        "patterns": [like_pattern(word) for word in search_words(wanted.typed)] or ["%"],
        "limit": page_size,
        "offset": (page - 1) * page_size,
    }
    rows = session.execute(_LIST_SQL[sort], parameters).all()
    return [_summary(row) for row in rows], rows[0].total if rows else 0


def nearest_places(
    session: Session, *, lon_deg: float, lat_deg: float, today: date, limit: int = 3
) -> list[PlaceSummary]:
    """The nearest public places to a point; for a search that found nothing."""
    parameters = {"lon_deg": lon_deg, "lat_deg": lat_deg, "today": today, "limit": limit}
    return [_summary(row) for row in session.execute(_NEAREST_SQL, parameters)]


def load_place(session: Session, place_id: int, *, today: date) -> Place:
    """One place and the areas it lies in.

    Raises
    ------
    NotFound
        There is no such place, or it is not public.
    """
    row = session.execute(_PLACE_SQL, {"id": place_id, "today": today}).one_or_none()
    if row is None:
        raise NotFound(what="place", id=place_id)
    here = session.execute(
        _AREAS_AT_SQL, {"lon_deg": row.lon_deg, "lat_deg": row.lat_deg, "today": today}
    ).mappings()
    areas = sorted((AreaName(**area) for area in here), key=lambda area: _LEVEL_ORDER.index(area.level))
    return Place(
        summary=_summary(row),
        code=row.code,
        alias=row.alias,
        floor=row.floor,
        area_m2=row.area_m2,
        capacity=row.capacity,
        services=row.services,
        operator=row.operator,
        brand_tags=row.brand_tags,
        tour_text=row.tour_text,
        surveyed_on=row.surveyed_on,
        source=row.source,
        areas=areas,
        photos=find_photos(session, place_id),
    )


def may_see_place_photo(session: Session, actor: Actor, sha256: str, *, today: date) -> tuple[bool, bool]:
    """Say whether a photo belongs to a public place, and whether the actor may see it.

    A photo of another place is for those who keep that place.
    """
    rows = session.execute(_PLACES_OF_PHOTO_SQL, {"sha256": sha256, "today": today}).all()
    if any(row.is_public for row in rows):
        return True, True
    return False, any(
        can(actor, Action.EDIT_PLACES, row.area_code)
        and (not row.is_restricted or can(actor, Action.SEE_RESTRICTED_LAYER, row.area_code))
        for row in rows
    )


def list_categories(session: Session, *, today: date) -> list[Category]:
    """The categories that a visitor can choose, with the number of places in each."""
    return [Category(**row) for row in session.execute(_CATEGORIES_SQL, {"today": today}).mappings()]


def _summary(row: Row[Any]) -> PlaceSummary:
    return PlaceSummary(**{part.name: getattr(row, part.name) for part in fields(PlaceSummary)})
