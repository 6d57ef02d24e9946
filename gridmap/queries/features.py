"""The features of a collection: which rows, which columns, in whose view, in which reference system.

One place holds the SQL of every collection; pages of the OGC API and files that are exported are made of it.
Every value is bound; the texts are constants of this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import InvalidInput
from gridmap.domain.features import Collection, FieldKind, Shape, Time
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, AreaScope, can, check
from gridmap.domain.reference_systems import CRS84, ReferenceSystem
from gridmap.queries.area_cards import SMALLEST_COUNT
from gridmap.queries.scope import Predicate, scope_predicate

# The community that a thing lies in, where it does not say so itself; on a shared edge the lower code counts.
# Index: idx_area_boundary (GiST).
_COMMUNITY_AT = """
    (SELECT here.code FROM area AS here
      WHERE here.level = 'community'
        AND here.valid_from <= :today AND (here.valid_to IS NULL OR here.valid_to > :today)
        AND ST_Covers(here.boundary, ST_PointOnSurface({geometry}))
      ORDER BY here.scheme_id, here.code LIMIT 1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where a layer's rows come from.

    Attributes
    ----------
    columns : fields whose expression is not the column of their name
    key : unique, indexed, the order of pages
    area_code : what scopes and the filter by area look at; None: the layer belongs to no area
    instants : first and last day, or the instant, that intervals of time are held against
    """

    tables: str
    alias: str
    key: str
    geometry: str
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    area_code: str | None = None
    instants: tuple[str, ...] = ()
    staff_condition: str = "true"
    public_condition: str = "true"
    public_geometry: str | None = None
    public_columns: Mapping[str, str] = field(default_factory=dict[str, str])


_SOURCES: Mapping[str, _Source] = {
    "areas": _Source(
        tables="""area JOIN grid_scheme AS scheme ON scheme.id = area.scheme_id
                  LEFT JOIN area AS parent ON parent.id = area.parent_id""",
        alias="area",
        key="area.id",
        geometry="area.boundary",
        columns={"scheme": "scheme.code", "parent_code": "parent.code"},
        area_code="area.code",
        instants=("area.valid_from", "area.valid_to"),
        public_geometry="area.overview",
        public_columns={
            name: f"CASE WHEN area.{name} >= {SMALLEST_COUNT} THEN area.{name} END"
            for name in ("household_count", "resident_count")
        },
    ),
    "zones": _Source(
        tables="responsibility_zone AS zone",
        alias="zone",
        key="zone.id",
        geometry="zone.boundary",
        # A zone's code is the party's and says nothing about areas.
        area_code=_COMMUNITY_AT.format(geometry="zone.boundary"),
        instants=("zone.valid_from", "zone.valid_to"),
    ),
    "compounds": _Source(
        tables="compound",
        alias="compound",
        key="compound.id",
        geometry="compound.boundary",
        area_code="compound.community_code",
    ),
    "buildings": _Source(
        tables="building LEFT JOIN compound ON compound.code = building.compound_code",
        alias="building",
        key="building.id",
        geometry="building.footprint",
        columns={
            "community_code": "coalesce(compound.community_code, "
            + _COMMUNITY_AT.format(geometry="building.footprint")
            + ")"
        },
        area_code="coalesce(compound.community_code, "
        + _COMMUNITY_AT.format(geometry="building.footprint")
        + ")",
    ),
    "streets": _Source(tables="street", alias="street", key="street.id", geometry="street.centreline"),
    "service_points": _Source(
        tables="""service_point AS point
                  JOIN service_point_category AS category ON category.code = point.category_code""",
        alias="point",
        key="point.id",
        geometry="point.location",
        columns={"category_name": "category.name"},
        area_code="coalesce(point.grid_code, point.community_code, '') COLLATE \"C\"",
        staff_condition="""(point.valid_to IS NULL OR point.valid_to > :today)
                           AND (:sees_restricted
                                OR (point.visibility <> 'restricted' AND NOT category.is_restricted))""",
        public_condition="""(point.valid_to IS NULL OR point.valid_to > :today)
                            AND point.visibility = 'public' AND NOT category.is_restricted
                            AND point.status <> 'withdrawn'""",
    ),
    "issues": _Source(
        tables="issue JOIN issue_category AS category ON category.code = issue.category_code",
        alias="issue",
        key="issue.id",
        geometry="issue.location",
        columns={"category_name": "category.name"},
        area_code="issue.area_code",
        instants=("issue.captured_at",),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A box in a reference system, its rim included, whatever the order of that system's axes.

    In degrees ``west`` may be greater than ``east``: then the box crosses the 180th meridian.
    """

    west: float
    south: float
    east: float
    north: float
    system: ReferenceSystem = CRS84


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From one instant until another, both included; None: open."""

    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureFilter:
    """What of a collection is wanted, within what the actor may see; empty means no limit.

    Attributes
    ----------
    area_code : an area and all below it
    values : fields that must have one of these values
    during : when; None: today, where features hold for a time
    is_mine : only issues that the actor has reported or has to do, wherever they lie
    """

    window: Window | None = None
    area_code: str | None = None
    values: Mapping[str, tuple[str | int | float | bool | date, ...]] = field(
        default_factory=dict[str, tuple[str | int | float | bool | date, ...]]
    )
    during: Interval | None = None
    is_mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturePage:
    """Some features as GeoJSON text (a JSON array), and where the next page begins."""

    features: str
    returned_count: int
    matched_count: int
    next_after: str | None


# Joined as text: taken for json, every geometry would be parsed once more.
_FEATURE = """'{{"type":"Feature","id":' || to_json(fid) || ',"geometry":'
               || ST_AsGeoJSON(geometry, :decimals, 0) || ',"properties":' || {properties} || '}}'"""

_PAGE = f"""
    WITH page AS (
        SELECT {{key}} AS fid, row_number() OVER (ORDER BY {{key}}) AS position,
               {{geometry}} AS geometry{{columns}}
          FROM {{tables}}
         WHERE {{where}}
         ORDER BY {{key}}
         LIMIT :limit + 1
    )
    SELECT count(*) FILTER (WHERE position <= :limit) AS returned_count,
           CASE WHEN count(*) > :limit
                THEN max(fid::text) FILTER (WHERE position = :limit) END AS next_after,
           '[' || coalesce(string_agg({_FEATURE}, ',' ORDER BY fid) FILTER (WHERE position <= :limit), '')
               || ']' AS features
      FROM page
"""  # noqa: S608 - the fragment is the constant above
_COUNT = "SELECT count(*) FROM {tables} WHERE {where}"
_ONE = f"""
    WITH page AS (SELECT {{key}} AS fid, {{geometry}} AS geometry{{columns}} FROM {{tables}} WHERE {{where}})
    SELECT {_FEATURE} FROM page
"""  # noqa: S608 - the fragment is the constant above

# About a metre for a point, a decimetre for what is drawn as a line: as much as the public map shows.
_PUBLIC_DECIMALS = {Shape.POINT: (5, 0), Shape.LINE: (6, 1), Shape.POLYGON: (6, 1)}
_STAFF_DECIMALS = (8, 3)


def features_page(
    session: Session,
    actor: Actor,
    collection: Collection,
    wanted: FeatureFilter,
    *,
    today: date,
    system: ReferenceSystem = CRS84,
    after: str | None = None,
    limit: int,
) -> FeaturePage:
    """Some features of a collection, in the order of their ids, in two statements.

    Parameters
    ----------
    after : the id of the last feature of the page before, as ``next_after`` gave it
    limit : at most so many
    """
    check(actor, collection.action)
    condition = feature_condition(actor, collection, wanted, today=today)
    values = dict(condition.values)
    matched = session.execute(
        text(_COUNT.format(tables=_tables(collection), where=condition.sql)), values
    ).scalar_one()
    where = condition.sql
    if after is not None:
        where += f" AND {_source(collection).key} > CAST(:after AS {_key_type(collection)})"
        values["after"] = after
    statement = _PAGE.format(where=where, **_parts(collection, system))
    row = session.execute(
        text(statement), {**values, "limit": limit, "decimals": _decimals(collection, system)}
    ).one()
    return FeaturePage(
        features=row.features,
        returned_count=row.returned_count,
        matched_count=matched,
        next_after=row.next_after,
    )


def one_feature(
    session: Session,
    actor: Actor,
    collection: Collection,
    feature_id: str,
    *,
    today: date,
    system: ReferenceSystem = CRS84,
) -> str | None:
    """One feature as GeoJSON text; None when there is none that the actor may see.

    ``feature_id`` fits the collection's kind of id, see :func:`is_feature_id`. Versions of areas that have
    ended are found by their ids too.
    """
    check(actor, collection.action)
    anytime = FeatureFilter(during=Interval(begin=None, end=None))
    condition = feature_condition(actor, collection, anytime, today=today)
    where = f"{condition.sql} AND {_source(collection).key} = CAST(:fid AS {_key_type(collection)})"
    statement = _ONE.format(where=where, **_parts(collection, system))
    values = {**condition.values, "fid": feature_id, "decimals": _decimals(collection, system)}
    found = session.execute(text(statement), values).scalar_one_or_none()
    return None if found is None else str(found)


def is_feature_id(collection: Collection, feature_id: str) -> bool:
    """Say whether a text can be the id of a feature of this collection."""
    if _key_type(collection) == "bigint":
        return feature_id.isascii() and feature_id.isdigit() and len(feature_id) <= 18
    try:
        return str(UUID(feature_id)) == feature_id
    except ValueError:
        return False


def select_table(
    actor: Actor, collection: Collection, wanted: FeatureFilter, *, today: date, limit: int
) -> Predicate:
    """The statement that reads whole features: geometry as WKB (WGS-84), then each field, by id.

    What the public gets is rounded as the public map is.
    """
    source = _source(collection)
    condition = feature_condition(actor, collection, wanted, today=today)
    geometry = _geometry(collection)
    if collection.is_public:
        geometry = _rounded(geometry, collection.shape)
    columns = ", ".join(_expressions(collection).values())
    sql = (
        f"SELECT ST_AsBinary({geometry}, 'NDR'), {columns} FROM {_tables(collection)}"  # noqa: S608 - constants
        f" WHERE {condition.sql} ORDER BY {source.key} LIMIT :limit"
    )
    return Predicate(sql, {**condition.values, "limit": limit})


def feature_condition(
    actor: Actor, collection: Collection, wanted: FeatureFilter, *, today: date
) -> Predicate:
    """The condition that a row is in the collection, in the actor's areas, and wanted."""
    source = _source(collection)
    parts = [source.public_condition if collection.is_public else source.staff_condition]
    values: dict[str, object] = {"today": today}
    if not collection.is_public:
        values["sees_restricted"] = can(actor, Action.SEE_RESTRICTED_LAYER)
    if collection.level is not None:
        parts.append("area.level = :level")
        values["level"] = collection.level
    for part in (
        _scope_condition(actor, collection, wanted),
        _time_condition(collection, wanted.during, today=today),
        _area_condition(collection, wanted.area_code),
        _window_condition(collection, wanted.window),
        _value_condition(collection, wanted),
    ):
        parts.append(part.sql)
        values |= part.values
    return Predicate(" AND ".join(part for part in parts if part != "true") or "true", values)


def _source(collection: Collection) -> _Source:
    return _SOURCES[collection.layer]


def _tables(collection: Collection) -> str:
    return _source(collection).tables


def _key_type(collection: Collection) -> str:
    return "uuid" if collection.layer == "issues" else "bigint"


def _geometry(collection: Collection) -> str:
    source = _source(collection)
    return (source.public_geometry if collection.is_public else None) or source.geometry


def _rounded(geometry: str, shape: Shape) -> str:
    """The SQL of a geometry as the public gets it."""
    decimals, _ = _PUBLIC_DECIMALS[shape]
    if shape is Shape.POINT:
        x, y = (f"round({axis}({geometry})::numeric, {decimals})::float8" for axis in ("ST_X", "ST_Y"))
        return f"ST_SetSRID(ST_MakePoint({x}, {y}), 4326)"
    # Plain rounding could make a polygon cross itself; this keeps it valid.
    return f"ST_ReducePrecision({geometry}, {10.0**-decimals:.6f})"


def _expressions(collection: Collection) -> dict[str, str]:
    """Each field's SQL, in the order of the fields."""
    source = _source(collection)
    special = {**source.columns, **(source.public_columns if collection.is_public else {})}
    return {each.name: special.get(each.name, f"{source.alias}.{each.name}") for each in collection.fields}


def _decimals(collection: Collection, system: ReferenceSystem) -> int:
    """Decimals of a coordinate: what the public gets is rounded in every reference system."""
    degrees, metres = _PUBLIC_DECIMALS[collection.shape] if collection.is_public else _STAFF_DECIMALS
    return degrees if system.is_degrees else metres


def _parts(collection: Collection, system: ReferenceSystem) -> dict[str, str]:
    """What the statements of a page are made of; only constants of this module."""
    geometry = _geometry(collection)
    if not system.is_degrees:
        geometry = f"ST_Transform({geometry}, {system.srid:d})"
    if system.is_north_first:
        geometry = f"ST_FlipCoordinates({geometry})"
    names = list(_expressions(collection))
    return {
        "key": _source(collection).key,
        "tables": _tables(collection),
        "geometry": geometry,
        "columns": "".join(f", {sql} AS {name}" for name, sql in _expressions(collection).items()),
        "properties": "json_build_object(" + ", ".join(f"'{name}', {name}" for name in names) + ")",
    }


def _scope_condition(actor: Actor, collection: Collection, wanted: FeatureFilter) -> Predicate:
    if collection.is_public:
        return Predicate("true", {})
    if wanted.is_mine and collection.layer == "issues":
        return Predicate(
            "(issue.responsible_person_id = :my_person_id OR issue.reporter_account_id = :my_account_id)",
            {"my_person_id": actor.person_id, "my_account_id": actor.account_id},
        )
    area_code = _source(collection).area_code
    return Predicate("true", {}) if area_code is None else scope_predicate(actor.scope, area_code)


def _time_condition(collection: Collection, during: Interval | None, *, today: date) -> Predicate:
    instants = _source(collection).instants
    if collection.time is Time.VALIDITY:
        begin = today if during is None else during.begin and office_day(during.begin)
        end = today if during is None else during.end and office_day(during.end)
        first, last = instants
        return Predicate(
            f"(CAST(:end_day AS date) IS NULL OR {first} <= :end_day)"
            f" AND (CAST(:begin_day AS date) IS NULL OR {last} IS NULL OR {last} > :begin_day)",
            {"begin_day": begin, "end_day": end},
        )
    if collection.time is Time.INSTANT and during is not None:
        return Predicate(
            f"(CAST(:begin_at AS timestamptz) IS NULL OR {instants[0]} >= :begin_at)"
            f" AND (CAST(:end_at AS timestamptz) IS NULL OR {instants[0]} <= :end_at)",
            {"begin_at": during.begin, "end_at": during.end},
        )
    return Predicate("true", {})


def _area_condition(collection: Collection, area_code: str | None) -> Predicate:
    if not area_code:
        return Predicate("true", {})
    source = _source(collection)
    if source.area_code is not None:
        return scope_predicate(AreaScope.of([area_code]), source.area_code, name="area")
    return Predicate(
        "EXISTS (SELECT FROM area AS asked WHERE asked.code = :asked_code AND asked.valid_from <= :today"
        " AND (asked.valid_to IS NULL OR asked.valid_to > :today)"
        f" AND ST_Intersects(asked.boundary, {source.geometry}))",
        {"asked_code": area_code},
    )


def _window_condition(collection: Collection, window: Window | None) -> Predicate:
    """The condition that a feature touches a window; index: the geometry's own (GiST)."""
    if window is None:
        return Predicate("true", {})
    values: dict[str, object] = {
        "west": window.west,
        "south": window.south,
        "east": window.east,
        "north": window.north,
    }
    if not window.system.is_degrees:
        # A straight edge there is a curve here, so it is cut into pieces before it is taken over.
        values["window_srid"] = window.system.srid
        values["window_step"] = max(window.east - window.west, window.north - window.south) / 16 or 1.0
        box = """ST_Transform(ST_Segmentize(ST_MakeEnvelope(:west, :south, :east, :north, :window_srid),
                                            :window_step), 4326)"""
    elif window.west > window.east:
        box = """ST_Union(ST_MakeEnvelope(:west, :south, 180, :north, 4326),
                          ST_MakeEnvelope(-180, :south, :east, :north, 4326))"""
    else:
        box = "ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
    return Predicate(f"ST_Intersects({_geometry(collection)}, {box})", values)


_SQL_TYPES = {
    FieldKind.TEXT: "text",
    FieldKind.WHOLE: "bigint",
    FieldKind.NUMBER: "float8",
    FieldKind.FLAG: "boolean",
    FieldKind.DAY: "date",
}


def _value_condition(collection: Collection, wanted: FeatureFilter) -> Predicate:
    """The conditions on fields; only names of the collection's own fields reach the statement."""
    expressions = _expressions(collection)
    parts: list[str] = []
    values: dict[str, object] = {}
    for position, (name, allowed) in enumerate(sorted(wanted.values.items())):
        feature_field = collection.field(name)
        if feature_field is None:
            raise InvalidInput(field=name[:64], reason="unknown_field")
        sql_type = _SQL_TYPES[feature_field.kind]
        parts.append(f"{expressions[name]} = ANY (CAST(:value_{position} AS {sql_type}[]))")
        values[f"value_{position}"] = list(allowed)
    return Predicate(" AND ".join(parts) or "true", values)
