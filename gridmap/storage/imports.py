"""What imports read and record: schemes, dictionaries, compounds, counts, and the record of each import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from gridmap.domain.imports import Category
from gridmap.storage.codes import crosswalk
from gridmap.storage.import_tables import BUILDING, COMPOUND, SERVICE_POINT, ImportedTable
from gridmap.storage.tables import (
    AccountRow,
    GridSchemeRow,
    ImportBatchRow,
    IssueCategoryRow,
    ServicePointCategoryRow,
)

LOCK_IMPORTS = text("SELECT pg_advisory_xact_lock(hashtext('gridmap.import'), hashtext(:layer))")
TRY_LOCK_IMPORTS = text("SELECT pg_try_advisory_xact_lock(hashtext('gridmap.import'), hashtext(:layer))")

# Index: uq_compound_code; every compound is wanted, a city has some thousands.
FIND_COMPOUNDS = text("SELECT code, ST_AsBinary(boundary, 'NDR') AS boundary FROM compound ORDER BY code")


def _find_places(table: ImportedTable) -> str:
    inside = f"ST_PointOnSurface({table.geometries[0]})"
    return f"""
        SELECT code, ST_X({inside}) AS lon_deg, ST_Y({inside}) AS lat_deg
          FROM {table.name}
         WHERE code = ANY (:codes)
    """


# Index: each table's unique code.
_FIND_PLACES = {table.name: text(_find_places(table)) for table in (BUILDING, COMPOUND, SERVICE_POINT)}

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
     UNION ALL
    SELECT 'buildings', NULL, NULL, count(*) FROM building
     UNION ALL
    SELECT 'compounds', NULL, NULL, count(*) FROM compound
     UNION ALL
    SELECT 'gates', NULL, NULL, count(*) FROM compound_gate
     UNION ALL
    SELECT 'zones', NULL, NULL, count(*)
      FROM responsibility_zone
     WHERE valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
     ORDER BY 1, 2, 3
    """
)


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
class BatchBegin:
    """What is known of an import before it writes; ``scope_prefixes`` are its actor's areas."""

    layer: str
    file_name: str
    file_sha256: str
    declared_crs: str
    actor_account_id: int | None
    scope_prefixes: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What an import did."""

    read_count: int
    added_count: int
    updated_count: int
    unchanged_count: int
    rejected_count: int
    report: Mapping[str, Any]


def wait_for_turn(session: Session, layer: str) -> None:
    """Let one import of a layer run at a time: two would propose the same codes."""
    session.execute(LOCK_IMPORTS, {"layer": layer})


def take_turn(session: Session, layer: str) -> bool:
    """The same without waiting: whether no other import of the layer runs, and this one may."""
    return bool(session.execute(TRY_LOCK_IMPORTS, {"layer": layer}).scalar_one())


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


def find_compounds(session: Session) -> list[tuple[str, bytes]]:
    """Code and boundary (WKB in WGS-84) of every compound, by code."""
    return [(row.code, bytes(row.boundary)) for row in session.execute(FIND_COMPOUNDS)]


def find_places(
    session: Session, table: ImportedTable, codes: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """A point in each stored row of these codes: longitude and latitude."""
    rows = session.execute(_FIND_PLACES[table.name], {"codes": list(codes)})
    return {row.code: (row.lon_deg, row.lat_deg) for row in rows}


def open_batch(session: Session, batch: BatchBegin) -> int:
    """Begin the record of an import; returns its number."""
    row = ImportBatchRow(
        layer=batch.layer,
        file_name=batch.file_name,
        file_sha256=batch.file_sha256,
        declared_crs=batch.declared_crs,
        actor_account_id=batch.actor_account_id,
        scope_prefixes=list(batch.scope_prefixes),
        at=batch.at,
        read_count=0,
        added_count=0,
        updated_count=0,
        unchanged_count=0,
        rejected_count=0,
        report={},
    )
    session.add(row)
    session.flush()
    return row.id


def close_batch(session: Session, batch_id: int, result: BatchResult) -> None:
    """Complete the record with what the import did."""
    session.execute(
        update(ImportBatchRow)
        .where(ImportBatchRow.id == batch_id)
        .values(
            read_count=result.read_count,
            added_count=result.added_count,
            updated_count=result.updated_count,
            unchanged_count=result.unchanged_count,
            rejected_count=result.rejected_count,
            report=dict(result.report),
        )
    )


def layer_counts(session: Session, *, day: date) -> list[LayerCount]:
    """How many rows each layer that can be imported holds on that day."""
    return [
        LayerCount(row.layer, row.scheme_code, row.level, row.row_count)
        for row in session.execute(CURRENT_COUNTS, {"day": day})
    ]
