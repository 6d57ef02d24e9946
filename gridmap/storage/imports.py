"""What imports read and write beside areas and issues: schemes, dictionaries, points, streets, batches.

Rows are compared with what is stored under the same code, in whole statements: the number of statements
does not grow with the number of rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.domain.imports import Category, ImportedServicePoint, ImportedStreet
from gridmap.storage.codes import crosswalk
from gridmap.storage.search_keys import search_key
from gridmap.storage.tables import (
    AccountRow,
    GridSchemeRow,
    ImportBatchRow,
    IssueCategoryRow,
    ServicePointCategoryRow,
)

# One statement carries so many rows: large enough to be quick, small enough to report progress.
CHUNK_LENGTH = 2_000

LOCK_IMPORTS = text("SELECT pg_advisory_xact_lock(hashtext('gridmap.import'), hashtext(:layer))")

# Index: service_point's unique code. `rows` is the file's points; only what differs is written.
UPSERT_SERVICE_POINTS = text(
    """
    WITH incoming AS (
        SELECT code, name, name_en, coalesce(alias, '{}') AS alias, category_code, status, address,
               address_en, community_code, grid_code,
               ST_SetSRID(ST_MakePoint(lon_deg, lat_deg), 4326) AS location,
               floor, area_m2, capacity, opening_hours, office_phone,
               coalesce(services, '{}') AS services, operator, coalesce(brand_tags, '{}') AS brand_tags,
               tour_text, visibility, source, surveyed_on, accuracy_class, search_key
          FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
               code text, name text, name_en text, alias text[], category_code text, status text,
               address text, address_en text, community_code text, grid_code text, lon_deg float8,
               lat_deg float8, floor text, area_m2 float8, capacity int, opening_hours text,
               office_phone text, services text[], operator text, brand_tags text[], tour_text text,
               visibility text, source text, surveyed_on date, accuracy_class text, search_key text)
    ), written AS (
        INSERT INTO service_point AS stored
               (code, name, name_en, alias, category_code, status, address, address_en, community_code,
                grid_code, location, floor, area_m2, capacity, opening_hours, office_phone, services,
                operator, brand_tags, tour_text, visibility, source, surveyed_on, accuracy_class,
                search_key, valid_from)
        SELECT incoming.*, CAST(:valid_from AS date)
          FROM incoming
            ON CONFLICT (code) DO UPDATE
           SET (name, name_en, alias, category_code, status, address, address_en, community_code, grid_code,
                location, floor, area_m2, capacity, opening_hours, office_phone, services, operator,
                brand_tags, tour_text, visibility, source, surveyed_on, accuracy_class, search_key)
             = (excluded.name, excluded.name_en, excluded.alias, excluded.category_code, excluded.status,
                excluded.address, excluded.address_en, excluded.community_code, excluded.grid_code,
                excluded.location, excluded.floor, excluded.area_m2, excluded.capacity,
                excluded.opening_hours, excluded.office_phone, excluded.services, excluded.operator,
                excluded.brand_tags, excluded.tour_text, excluded.visibility, excluded.source,
                excluded.surveyed_on, excluded.accuracy_class, excluded.search_key)
         WHERE (stored.name, stored.name_en, stored.alias, stored.category_code, stored.status,
                stored.address, stored.address_en, stored.community_code, stored.grid_code,
                ST_AsBinary(stored.location), stored.floor, stored.area_m2, stored.capacity,
                stored.opening_hours, stored.office_phone, stored.services, stored.operator,
                stored.brand_tags, stored.tour_text, stored.visibility, stored.source, stored.surveyed_on,
                stored.accuracy_class, stored.search_key)
               IS DISTINCT FROM
               (excluded.name, excluded.name_en, excluded.alias, excluded.category_code, excluded.status,
                excluded.address, excluded.address_en, excluded.community_code, excluded.grid_code,
                ST_AsBinary(excluded.location), excluded.floor, excluded.area_m2, excluded.capacity,
                excluded.opening_hours, excluded.office_phone, excluded.services, excluded.operator,
                excluded.brand_tags, excluded.tour_text, excluded.visibility, excluded.source,
                excluded.surveyed_on, excluded.accuracy_class, excluded.search_key)
     RETURNING (xmax = 0) AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE NOT is_new) AS updated
      FROM written
    """
)

# Index: street's unique code.
UPSERT_STREETS = text(
    """
    WITH incoming AS (
        SELECT code, name, name_en, kind, width_m::real AS width_m, is_walkable,
               ST_SetSRID(ST_GeomFromWKB(decode(centreline, 'hex')), 4326) AS centreline
          FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
               code text, name text, name_en text, kind text, width_m float8, is_walkable bool,
               centreline text)
    ), written AS (
        INSERT INTO street AS stored (code, name, name_en, kind, width_m, is_walkable, centreline)
        SELECT code, name, name_en, kind, width_m, is_walkable, centreline
          FROM incoming
            ON CONFLICT (code) DO UPDATE
           SET (name, name_en, kind, width_m, is_walkable, centreline)
             = (excluded.name, excluded.name_en, excluded.kind, excluded.width_m, excluded.is_walkable,
                excluded.centreline)
         WHERE (stored.name, stored.name_en, stored.kind, stored.width_m, stored.is_walkable,
                ST_AsBinary(stored.centreline))
               IS DISTINCT FROM
               (excluded.name, excluded.name_en, excluded.kind, excluded.width_m, excluded.is_walkable,
                ST_AsBinary(excluded.centreline))
     RETURNING (xmax = 0) AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE NOT is_new) AS updated
      FROM written
    """
)

CURRENT_COUNTS = text(
    """
    SELECT 'areas' AS layer, scheme.code AS scheme_code, area.level AS level, count(*) AS row_count
      FROM area
      JOIN grid_scheme AS scheme ON scheme.id = area.scheme_id
     WHERE area.valid_from <= :day AND (area.valid_to IS NULL OR area.valid_to > :day)
     GROUP BY scheme.code, area.level
     UNION ALL
    SELECT 'service_points', NULL, NULL, count(*) FROM service_point
     UNION ALL
    SELECT 'streets', NULL, NULL, count(*) FROM street
     UNION ALL
    SELECT 'issues', NULL, NULL, count(*) FROM issue
     ORDER BY 1, 2, 3
    """
)


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows a write added and changed; the others were the same already."""

    added: int = 0
    updated: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(self.added + other.added, self.updated + other.updated)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A grid scheme as an import needs it."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class LayerCount:
    """How much is stored of a layer now; areas by scheme and level."""

    layer: str
    scheme_code: str | None
    level: str | None
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The record of one import."""

    layer: str
    file_name: str
    file_sha256: str
    declared_crs: str
    actor_account_id: int | None
    at: datetime
    read_count: int
    added_count: int
    updated_count: int
    unchanged_count: int
    rejected_count: int
    report: Mapping[str, Any]


def wait_for_turn(session: Session, layer: str) -> None:
    """Let one import of a layer run at a time: two would propose the same codes."""
    session.execute(LOCK_IMPORTS, {"layer": layer})


def find_schemes(session: Session) -> dict[str, Scheme]:
    """Every grid scheme by its code."""
    query = select(GridSchemeRow.id, GridSchemeRow.code, GridSchemeRow.name).order_by(GridSchemeRow.id)
    return {row.code: Scheme(row.id, row.code, row.name) for row in session.execute(query)}


def add_scheme(session: Session, *, code: str, name: str, purpose: str, valid_from: date) -> Scheme:
    """A new, empty grid scheme."""
    row = GridSchemeRow(code=code, name=name, purpose=purpose, valid_from=valid_from)
    session.add(row)
    session.flush()
    return Scheme(row.id, row.code, row.name)


def service_point_categories(session: Session) -> list[Category]:
    """The dictionary of service points."""
    query = select(ServicePointCategoryRow).order_by(ServicePointCategoryRow.sort_order)
    return [Category(row.code, row.name, row.name_en, row.is_restricted) for row in session.scalars(query)]


def issue_categories(session: Session) -> list[Category]:
    """The dictionary of issues, with what other standards call its entries."""
    aliases: dict[str, list[str]] = {}
    for entry in crosswalk(session):
        if entry.category_code is not None:
            aliases.setdefault(entry.category_code, []).extend((entry.code, entry.name))
    query = select(IssueCategoryRow).order_by(IssueCategoryRow.sort_order)
    return [
        Category(row.code, row.name, row.name_en, aliases=tuple(aliases.get(row.code, ())))
        for row in session.scalars(query)
    ]


def find_account(session: Session, username: str | None) -> int | None:
    """The id of an active account; without a name, of the oldest administrator's."""
    query = select(AccountRow.id).where(AccountRow.is_active).order_by(AccountRow.id).limit(1)
    if username is None:
        query = query.where(AccountRow.role == "admin")
    else:
        query = query.where(AccountRow.username == username)
    return session.scalar(query)


def write_service_points(
    session: Session,
    points: Sequence[ImportedServicePoint],
    *,
    area_codes: Sequence[tuple[str | None, str | None]],
    valid_from: date,
) -> Written:
    """Insert new points, update changed ones; ``area_codes`` holds each point's community and grid."""
    rows = [
        {
            "code": point.code,
            "name": point.name,
            "name_en": point.name_en,
            "alias": list(point.alias),
            "category_code": point.category_code,
            "status": point.status,
            "address": point.address,
            "address_en": point.address_en,
            "community_code": community_code,
            "grid_code": grid_code,
            "lon_deg": point.lon_deg,
            "lat_deg": point.lat_deg,
            "floor": point.floor,
            "area_m2": point.area_m2,
            "capacity": point.capacity,
            "opening_hours": point.opening_hours,
            "office_phone": point.office_phone,
            "services": list(point.services),
            "operator": point.operator,
            "brand_tags": list(point.brand_tags),
            "tour_text": point.tour_text,
            "visibility": point.visibility,
            "source": point.source,
            "surveyed_on": point.surveyed_on.isoformat() if point.surveyed_on else None,
            "accuracy_class": point.accuracy_class,
            "search_key": search_key([point.name, *point.alias, point.name_en]),
        }
        for point, (community_code, grid_code) in zip(points, area_codes, strict=True)
    ]
    return _upsert(session, UPSERT_SERVICE_POINTS, rows, valid_from=valid_from)


def write_streets(session: Session, streets: Sequence[ImportedStreet]) -> Written:
    """Insert new streets, update changed ones."""
    rows = [
        {
            "code": street.code,
            "name": street.name,
            "name_en": street.name_en,
            "kind": street.kind,
            "width_m": street.width_m,
            "is_walkable": street.is_walkable,
            "centreline": street.centreline.hex(),
        }
        for street in streets
    ]
    return _upsert(session, UPSERT_STREETS, rows)


def write_batch(session: Session, batch: Batch) -> int:
    """Record an import; returns the record's id."""
    row = ImportBatchRow(
        layer=batch.layer,
        file_name=batch.file_name,
        file_sha256=batch.file_sha256,
        declared_crs=batch.declared_crs,
        actor_account_id=batch.actor_account_id,
        at=batch.at,
        read_count=batch.read_count,
        added_count=batch.added_count,
        updated_count=batch.updated_count,
        unchanged_count=batch.unchanged_count,
        rejected_count=batch.rejected_count,
        report=dict(batch.report),
    )
    session.add(row)
    session.flush()
    return row.id


def layer_counts(session: Session, *, day: date) -> list[LayerCount]:
    """How many rows each layer that can be imported holds on that day."""
    return [
        LayerCount(row.layer, row.scheme_code, row.level, row.row_count)
        for row in session.execute(CURRENT_COUNTS, {"day": day})
    ]


def _upsert(
    session: Session, statement: Any, rows: Sequence[Mapping[str, object]], **fixed: object
) -> Written:
    written = Written()
    for start in range(0, len(rows), CHUNK_LENGTH):
        chunk = json.dumps(rows[start : start + CHUNK_LENGTH], ensure_ascii=False)
        row = session.execute(statement, {"rows": chunk, **fixed}).one()
        written += Written(row.added, row.updated)
    return written
