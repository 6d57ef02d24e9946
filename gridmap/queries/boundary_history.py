"""Who drew which boundary when: change sets, versions of an area, and the map of any day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.permissions import Actor
from gridmap.queries.scope import scope_predicate

MOST_CHANGES = 100

_CHANGES = """
    SELECT change.id, change.kind, change.state, change.focus_code, change.effective_on, change.reason,
           change.created_at, change.saved_at, change.undone_at, change.author_account_id,
           author.display_name AS author, saver.display_name AS saved_by, undoer.display_name AS undone_by,
           change.position AS step_count,
           focus.name AS focus_name, focus.name_en AS focus_name_en
      FROM boundary_change AS change
      LEFT JOIN account AS author ON author.id = change.author_account_id
      LEFT JOIN account AS saver ON saver.id = change.saved_by_account_id
      LEFT JOIN account AS undoer ON undoer.id = change.undone_by_account_id
      LEFT JOIN LATERAL (
           SELECT area.name, area.name_en
             FROM area
            WHERE area.code = change.focus_code
              AND (change.scheme_id IS NULL OR area.scheme_id = change.scheme_id)
            ORDER BY area.valid_from DESC, area.id
            LIMIT 1) AS focus ON true
     WHERE {scope} AND {state}
     ORDER BY coalesce(change.saved_at, change.created_at) DESC, change.id DESC
     LIMIT :limit
"""

# Index: the exclusion constraint's, and ix_boundary_version_code for who drew them.
_VERSIONS = """
    SELECT version.row_id, version.level, version.code, version.name, version.name_en, version.valid_from,
           version.valid_to, version.area_m2, change.id AS change_id, change.reason, change.saved_at,
           saver.display_name AS saved_by
      FROM (
            SELECT area.id AS row_id, area.level, area.code, area.name, area.name_en, area.valid_from,
                   area.valid_to, ST_Area(area.boundary::geography) AS area_m2
              FROM area
             WHERE area.code = :code
             UNION ALL
            SELECT zone.id, 'zone', zone.code, zone.name, zone.name_en, zone.valid_from, zone.valid_to,
                   ST_Area(zone.boundary::geography)
              FROM responsibility_zone AS zone
             WHERE zone.code = :code
           ) AS version
      LEFT JOIN LATERAL (
           SELECT boundary_version.change_id
             FROM boundary_version
             JOIN boundary_change ON boundary_change.id = boundary_version.change_id
            WHERE boundary_version.code = version.code AND boundary_version.level = version.level
              AND boundary_version.row_id = version.row_id AND boundary_version.what <> 'closed'
              AND boundary_change.state = 'saved'
            ORDER BY boundary_version.change_id DESC
            LIMIT 1) AS drawn ON true
      LEFT JOIN boundary_change AS change ON change.id = drawn.change_id
      LEFT JOIN account AS saver ON saver.id = change.saved_by_account_id
     ORDER BY version.valid_from DESC, version.row_id DESC
     LIMIT 200
"""

# Index: idx_area_boundary.
_ON_DAY = text(
    """
    SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(feature), '[]'))::text
      FROM (
            SELECT json_build_object(
                       'type', 'Feature', 'id', area.id,
                       'properties', json_strip_nulls(json_build_object(
                           'code', area.code, 'name', area.name, 'name_en', area.name_en,
                           'label', json_build_array(round(ST_X(area.label_point)::numeric, 6),
                                                     round(ST_Y(area.label_point)::numeric, 6)))),
                       'geometry', ST_AsGeoJSON(area.overview, 6)::json) AS feature
              FROM area
             WHERE area.level = :level AND area.valid_from <= :day
               AND (area.valid_to IS NULL OR area.valid_to > :day)
               AND area.boundary && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
             ORDER BY area.code, area.id
             LIMIT 5000
           ) AS drawn
    """
)
_ZONES_ON_DAY = text(
    """
    SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(feature), '[]'))::text
      FROM (
            SELECT json_build_object(
                       'type', 'Feature', 'id', zone.id,
                       'properties', json_strip_nulls(json_build_object(
                           'code', zone.code, 'name', zone.name, 'name_en', zone.name_en,
                           'label', json_build_array(
                               round(ST_X(ST_PointOnSurface(zone.overview))::numeric, 6),
                               round(ST_Y(ST_PointOnSurface(zone.overview))::numeric, 6)))),
                       'geometry', ST_AsGeoJSON(zone.overview, 6)::json) AS feature
              FROM responsibility_zone AS zone
             WHERE zone.valid_from <= :day AND (zone.valid_to IS NULL OR zone.valid_to > :day)
               AND zone.boundary && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
             ORDER BY zone.code, zone.id
             LIMIT 5000
           ) AS drawn
    """
)

# Index: ix_area_scheme_id_level_code; subdistricts and communities are few.
_FOCUSES = """
    SELECT scheme.code AS scheme_code, scheme.name AS scheme_name, area.code, area.level, area.name,
           area.name_en,
           ST_XMin(area.boundary) AS west, ST_YMin(area.boundary) AS south,
           ST_XMax(area.boundary) AS east, ST_YMax(area.boundary) AS north
      FROM area
      JOIN grid_scheme AS scheme ON scheme.id = area.scheme_id
     WHERE area.level IN ('subdistrict', 'community')
       AND area.valid_from <= :day AND (area.valid_to IS NULL OR area.valid_to > :day)
       AND {scope}
     ORDER BY scheme.id, area.code, area.id
     LIMIT 2000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A change set in a list."""

    id: int
    kind: str
    state: str
    focus_code: str
    focus_name: str
    focus_name_en: str | None
    effective_on: date
    reason: str
    step_count: int
    author: str | None
    author_account_id: int | None
    created_at: datetime
    saved_by: str | None
    saved_at: datetime | None
    undone_by: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """A version of an area or zone; ``change_id`` None: it was imported, not drawn."""

    level: str
    code: str
    name: str
    name_en: str | None
    valid_from: date
    valid_to: date | None
    area_m2: float
    change_id: int | None
    reason: str | None
    saved_by: str | None
    saved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusChoice:
    """An area whose boundaries may be looked at or edited, with its box in degrees."""

    scheme_code: str
    scheme_name: str
    code: str
    level: str
    name: str
    name_en: str | None
    box: tuple[float, float, float, float]


def list_drafts(session: Session, actor: Actor) -> list[ChangeLine]:
    """The drafts in the reader's area, newest first."""
    return _changes(session, actor, "change.state = 'draft'")


def list_saved(session: Session, actor: Actor) -> list[ChangeLine]:
    """The changes that were saved in the reader's area, newest first, undone ones too."""
    return _changes(session, actor, "change.state IN ('saved', 'undone')")


def versions_of(session: Session, code: str) -> list[VersionLine]:
    """Every version of an area or zone, the newest first.

    Raises
    ------
    NotFound
        The code was never used.
    """
    rows = session.execute(text(_VERSIONS), {"code": code}).all()
    if not rows:
        raise NotFound(what="area", code=code)
    return [
        VersionLine(
            level=row.level,
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            area_m2=row.area_m2,
            change_id=row.change_id,
            reason=row.reason,
            saved_by=row.saved_by,
            saved_at=row.saved_at,
        )
        for row in rows
    ]


def on_day_geojson(session: Session, *, level: str, box: tuple[float, float, float, float], day: date) -> str:
    """The areas of a level, or the zones, as they stood on a day in a box (WGS-84)."""
    west, south, east, north = box
    values = {"day": day, "west": west, "south": south, "east": east, "north": north}
    if level == "zone":
        return str(session.execute(_ZONES_ON_DAY, values).scalar_one())
    return str(session.execute(_ON_DAY, {**values, "level": level}).scalar_one())


def focus_choices(session: Session, actor: Actor, *, day: date) -> list[FocusChoice]:
    """The subdistricts and communities in the reader's area, by scheme and code."""
    scope = scope_predicate(actor.scope, "area.code")
    rows = session.execute(text(_FOCUSES.format(scope=scope.sql)), {"day": day, **scope.values})
    return [
        FocusChoice(
            scheme_code=row.scheme_code,
            scheme_name=row.scheme_name,
            code=row.code,
            level=row.level,
            name=row.name,
            name_en=row.name_en,
            box=(row.west, row.south, row.east, row.north),
        )
        for row in rows
    ]


def _changes(session: Session, actor: Actor, state: str) -> list[ChangeLine]:
    scope = scope_predicate(actor.scope, "change.focus_code")
    rows = session.execute(
        text(_CHANGES.format(scope=scope.sql, state=state)), {"limit": MOST_CHANGES, **scope.values}
    )
    return [
        ChangeLine(
            id=row.id,
            kind=row.kind,
            state=row.state,
            focus_code=row.focus_code,
            focus_name=row.focus_name or row.focus_code,
            focus_name_en=row.focus_name_en,
            effective_on=row.effective_on,
            reason=row.reason,
            step_count=row.step_count,
            author=row.author,
            author_account_id=row.author_account_id,
            created_at=row.created_at,
            saved_by=row.saved_by,
            saved_at=row.saved_at,
            undone_by=row.undone_by,
            undone_at=row.undone_at,
        )
        for row in rows
    ]
