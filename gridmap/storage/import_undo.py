"""Taking an import back: rows restored and removed in whole statements, rows that moved on left and named.

The batch's changes are laid out in a temporary table, one line a row, and each line gets a verdict:

=================  ============================================================================
``clean``          as the import left it: it is restored, or removed if the import added it
``changed_since``  somebody changed it since: left as it is
``gone``           somebody removed it since: nothing to restore
``in_use``         the import added it and something refers to it: left as it is
``drawing``        only its drawing or parent followed its neighbours: restored without a word
=================  ============================================================================

All versions of one code share their fate: a version is not reopened while its successor stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.storage.import_tables import (
    AREA,
    BUILDING,
    COMPOUND,
    COMPOUND_GATE,
    GRID_SCHEME,
    ISSUE,
    SERVICE_POINT,
    STREET,
    ZONE,
    ImportedTable,
    listed,
)
from gridmap.storage.tables import METADATA

# Children before what they refer to.
_TABLES = (ISSUE, SERVICE_POINT, STREET, COMPOUND_GATE, BUILDING, COMPOUND, ZONE, AREA, GRID_SCHEME)

# What the identity of a version is, beside the code: versions of one are one thing.
_VERSION_KEYS = {AREA.name: ("scheme_id", "level", "code"), ZONE.name: ("code",)}

FIND_BATCH = text(
    """
    SELECT batch.id, batch.layer, batch.file_name, batch.at, batch.scope_prefixes, batch.undone_at,
           account.display_name AS undone_by,
           batch.added_count + batch.updated_count > 0 AS has_written,
           EXISTS (SELECT FROM import_change WHERE batch_id = batch.id) AS has_changes
      FROM import_batch AS batch
      LEFT JOIN account ON account.id = batch.undone_by
     WHERE batch.id = :batch_id
       FOR UPDATE OF batch
    """
)
MARK_UNDONE = text(
    "UPDATE import_batch SET undone_at = :at, undone_by = :actor_account_id WHERE id = :batch_id"
)

# Index: import_batch's primary key, backwards.
LIST_BATCHES = text(
    """
    SELECT batch.id, batch.layer, batch.file_name, batch.at, batch.read_count, batch.added_count,
           batch.updated_count, batch.unchanged_count, batch.rejected_count, batch.scope_prefixes,
           batch.undone_at, account.display_name AS actor_name, undoer.display_name AS undone_by,
           EXISTS (SELECT FROM import_change WHERE batch_id = batch.id) AS has_changes
      FROM import_batch AS batch
      LEFT JOIN account ON account.id = batch.actor_account_id
      LEFT JOIN account AS undoer ON undoer.id = batch.undone_by
     WHERE (CAST(:before_id AS bigint) IS NULL OR batch.id < :before_id)
     ORDER BY batch.id DESC
     LIMIT :limit
    """
)

# Index: import_batch's primary key; a handful of batches at most.
HAS_LATER_BATCH = text(
    """
    SELECT EXISTS (SELECT FROM import_batch
                    WHERE id > :batch_id AND layer = :layer AND undone_at IS NULL
                      AND (added_count > 0 OR updated_count > 0))
    """
)

# Index: ix_import_change_batch_id.
LAY_OUT = text(
    """
    CREATE TEMP TABLE undo_row ON COMMIT DROP AS
    SELECT change.table_name, change.kind, item.row_id, item.content_hash, item.before,
           CAST(NULL AS text) AS verdict, CAST(NULL AS text) AS label, CAST(NULL AS text) AS version_key
      FROM import_change AS change,
           unnest(change.row_ids, change.content_hashes, change.before)
           AS item (row_id, content_hash, before)
     WHERE change.batch_id = CAST(current_setting('gridmap.undo_batch') AS bigint)
    """
)

SUM_UP = text(
    """
    SELECT count(*) FILTER (WHERE verdict = 'clean' AND kind = 'updated') AS restored,
           count(*) FILTER (WHERE verdict = 'clean' AND kind = 'added') AS removed,
           count(*) FILTER (WHERE verdict NOT IN ('clean', 'drawing')
                              AND NOT (verdict = 'gone' AND kind = 'added')) AS kept
      FROM undo_row
    """
)

LIST_KEPT = text(
    """
    SELECT table_name, coalesce(label, row_id) AS label, verdict
      FROM undo_row
     WHERE verdict NOT IN ('clean', 'drawing') AND NOT (verdict = 'gone' AND kind = 'added')
     ORDER BY table_name, label, row_id
     LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """An import as undoing needs it."""

    id: int
    layer: str
    file_name: str
    at: datetime
    scope_prefixes: tuple[str, ...]
    undone_at: datetime | None
    undone_by: str | None
    has_written: bool
    has_changes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """An import as a list shows it."""

    id: int
    layer: str
    file_name: str
    at: datetime
    actor_name: str | None
    read_count: int
    added_count: int
    updated_count: int
    unchanged_count: int
    rejected_count: int
    scope_prefixes: tuple[str, ...]
    undone_at: datetime | None
    undone_by: str | None
    has_changes: bool


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row that an undo left as it is: ``reason`` is ``changed_since``, ``gone`` or ``in_use``."""

    table: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Undone:
    """How many rows were restored, removed and left; the first of those left."""

    restored: int
    removed: int
    kept: int
    kept_rows: tuple[KeptRow, ...]
    areas: tuple[tuple[int, str], ...]
    """The schemes and levels of the areas that were touched."""


def find_batch(session: Session, batch_id: int) -> StoredBatch | None:
    """The import of that number, locked so that two undo it one after the other."""
    row = session.execute(FIND_BATCH, {"batch_id": batch_id}).mappings().one_or_none()
    if row is None:
        return None
    columns: dict[str, Any] = {**row, "scope_prefixes": tuple(row["scope_prefixes"])}
    return StoredBatch(**columns)


def list_batches(session: Session, *, limit: int, before_id: int | None = None) -> list[BatchLine]:
    """The newest imports, newest first."""
    lines: list[BatchLine] = []
    for row in session.execute(LIST_BATCHES, {"limit": limit, "before_id": before_id}).mappings():
        columns: dict[str, Any] = {**row, "scope_prefixes": tuple(row["scope_prefixes"])}
        lines.append(BatchLine(**columns))
    return lines


def mark_undone(session: Session, batch_id: int, *, actor_account_id: int | None, at: datetime) -> None:
    """Say that an import was taken back, when and by whom."""
    session.execute(MARK_UNDONE, {"batch_id": batch_id, "actor_account_id": actor_account_id, "at": at})


def has_later_batch(session: Session, batch: StoredBatch) -> bool:
    """Whether a later import wrote to the same layer and was not taken back."""
    return bool(session.scalar(HAS_LATER_BATCH, {"batch_id": batch.id, "layer": batch.layer}))


def undo_changes(session: Session, batch_id: int, *, shown: int) -> Undone:
    """Restore and remove what the import changed and nobody touched since; name up to ``shown`` others."""
    session.execute(text("DROP TABLE IF EXISTS undo_row"))
    session.execute(
        text("SELECT set_config('gridmap.undo_batch', :batch_id, true)"), {"batch_id": str(batch_id)}
    )
    session.execute(LAY_OUT)
    present = set(session.scalars(text("SELECT DISTINCT table_name FROM undo_row")))
    tables = [table for table in _TABLES if table.name in present]
    for table in tables:
        session.execute(_JUDGE[table.name])
        for statement in _FIND_USES[table.name]:
            session.execute(statement)
        if table.name in _VERSION_KEYS:
            session.execute(_FIND_OVERLAPS[table.name])
            session.execute(_SHARE_FATE, {"table": table.name})
    # Who may delete events of issues is said for this one statement only (see migration 0005).
    if ISSUE.name in present:
        session.execute(text("SELECT set_config('gridmap.undoing_import', 'on', true)"))
        session.execute(_REMOVE_EVENTS)
        session.execute(text("SELECT set_config('gridmap.undoing_import', '', true)"))
    areas = session.execute(_TOUCHED_LEVELS).all() if AREA.name in present else []
    if AREA.name in present:
        session.execute(_RETURN_CHILDREN)
    for table in tables:
        session.execute(_REMOVE[table.name])
    for table in reversed(tables):
        session.execute(_RESTORE[table.name])
    counts = session.execute(SUM_UP).one()
    kept = tuple(KeptRow(*row) for row in session.execute(LIST_KEPT, {"limit": shown}))
    return Undone(
        counts.restored, counts.removed, counts.kept, kept, tuple((row[0], row[1]) for row in areas)
    )


def _judge(table: ImportedTable) -> str:
    """Say which rows are as the import left them. A line that changed no content is a mere drawing."""
    key = listed(_VERSION_KEYS.get(table.name, ("id",)), "current")
    return f"""
        UPDATE undo_row
           SET label = coalesce(current.{table.label}::text, undo_row.before ->> '{table.label}'),
               version_key = CAST(ROW({key}) AS text),
               verdict = CASE
                   WHEN undo_row.before IS NOT NULL
                        AND (SELECT {table.content_hash("earlier")}
                               FROM jsonb_populate_record(NULL::{table.name}, undo_row.before) AS earlier)
                            = undo_row.content_hash THEN 'drawing'
                   WHEN current.id IS NULL THEN 'gone'
                   WHEN {table.content_hash("current")} <> undo_row.content_hash THEN 'changed_since'
                   ELSE 'clean' END
          FROM undo_row AS line
          LEFT JOIN {table.name} AS current ON current.id = line.row_id::{table.id_type}
         WHERE undo_row.table_name = '{table.name}' AND line.table_name = undo_row.table_name
           AND line.row_id = undo_row.row_id
    """


def _uses(table: ImportedTable) -> list[str]:
    """What may refer to a row: every foreign key of the model, and codes that issues and posts hold."""
    conditions: list[str] = []
    versioned = table.name in _VERSION_KEYS
    for other in METADATA.sorted_tables:
        for foreign_key in other.foreign_keys:
            if foreign_key.column.table.name != table.name or other.name == "issue_event":
                continue
            column, target = foreign_key.parent.name, foreign_key.column.name
            # A successor's children go back to the version before it, so only they do not hold it.
            only = " AND NOT has_earlier" if versioned else ""
            undone_too = f"""NOT EXISTS (
                SELECT FROM undo_row AS also
                 WHERE also.table_name = '{other.name}' AND also.row_id = using_row.id::text
                   AND also.kind = 'added' AND also.verdict = 'clean')"""
            conditions.append(
                f"EXISTS (SELECT FROM {other.name} AS using_row"
                f" WHERE using_row.{column} = current.{target} AND {undone_too}){only}"
                if "id" in other.columns
                else f"EXISTS (SELECT FROM {other.name} AS using_row"
                f" WHERE using_row.{column} = current.{target}){only}"
            )
    conditions += [f"{use} AND NOT has_earlier" for use in _SOFT_USES.get(table.name, ())]
    if table is ISSUE:
        conditions.append(
            "(SELECT max(seq) FROM issue_event WHERE issue_id = current.id)"
            " > 2 + (current.state <> 'submitted')::int"
        )
    earlier = _HAS_EARLIER.get(table.name, "false")
    return [
        f"""
        UPDATE undo_row
           SET verdict = 'in_use'
          FROM {table.name} AS current
         CROSS JOIN LATERAL (SELECT {earlier} AS has_earlier) AS history
         WHERE undo_row.table_name = '{table.name}' AND undo_row.kind = 'added'
           AND undo_row.verdict = 'clean' AND current.id = undo_row.row_id::{table.id_type}
           AND ({condition})
        """
        for condition in conditions
    ]


# An area or zone whose code goes with this batch must not be named by anything that stays.
_SOFT_USES = {
    AREA.name: (
        *(
            f"current.code IN (SELECT {column} FROM issue WHERE {column} IS NOT NULL)"
            for column in (
                "area_code",
                "micro_grid_code",
                "grid_code",
                "community_code",
                "subdistrict_code",
            )
        ),
        "current.code IN (SELECT area_code FROM assignment WHERE area_code IS NOT NULL)",
    ),
    ZONE.name: (
        "current.code IN (SELECT zone_code FROM issue WHERE zone_code IS NOT NULL)",
        "current.code IN (SELECT zone_code FROM assignment WHERE zone_code IS NOT NULL)",
        "current.code IN (SELECT zone_code FROM party_center_household)",
    ),
}
_HAS_EARLIER = {
    AREA.name: """EXISTS (SELECT FROM area AS other
                           WHERE other.scheme_id = current.scheme_id AND other.level = current.level
                             AND other.code = current.code AND other.valid_from < current.valid_from)""",
    ZONE.name: """EXISTS (SELECT FROM responsibility_zone AS other
                           WHERE other.code = current.code AND other.valid_from < current.valid_from)""",
}


def _find_overlaps(table: ImportedTable) -> str:
    """A version is not reopened over another one of its code that stays, nor without its successor going.

    The successor may be gone by now: an area that was re-coded or ended after the import has its ground under
    another code.
    """
    same = " AND ".join(f"other.{column} = current.{column}" for column in _VERSION_KEYS[table.name])
    return f"""
        UPDATE undo_row
           SET verdict = 'changed_since'
          FROM undo_row AS line
          JOIN {table.name} AS current ON current.id = line.row_id::bigint
         CROSS JOIN LATERAL jsonb_populate_record(current, line.before) AS earlier
          LEFT JOIN {table.name} AS other
            ON {same} AND other.id <> current.id
           AND daterange(other.valid_from, other.valid_to) && daterange(earlier.valid_from, earlier.valid_to)
         WHERE (other.id IS NOT NULL
                OR coalesce(current.valid_to < coalesce(earlier.valid_to, 'infinity'), false))
           AND undo_row.table_name = '{table.name}' AND undo_row.kind = 'updated'
           AND undo_row.verdict = 'clean' AND line.table_name = undo_row.table_name
           AND line.row_id = undo_row.row_id
           AND NOT EXISTS (SELECT FROM undo_row AS going
                            WHERE going.table_name = '{table.name}' AND going.kind = 'added'
                              AND going.verdict = 'clean' AND going.row_id = other.id::text)
    """


_SHARE_FATE = text(
    """
    UPDATE undo_row
       SET verdict = kept.verdict
      FROM (SELECT DISTINCT ON (version_key) version_key, verdict
              FROM undo_row
             WHERE table_name = :table AND verdict IN ('changed_since', 'in_use')
             ORDER BY version_key, verdict) AS kept
     WHERE undo_row.table_name = :table AND undo_row.version_key = kept.version_key
       AND undo_row.verdict = 'clean'
    """
)

_REMOVE_EVENTS = text(
    """
    DELETE FROM issue_event
     USING undo_row
     WHERE undo_row.table_name = 'issue' AND undo_row.kind = 'added' AND undo_row.verdict = 'clean'
       AND issue_event.issue_id = undo_row.row_id::uuid
    """
)

# Index: ix_area_parent_id. Children of a version that goes follow the version that held before it.
_RETURN_CHILDREN = text(
    """
    UPDATE area AS child
       SET parent_id = (SELECT earlier.id
                          FROM area AS earlier
                         WHERE earlier.scheme_id = going.scheme_id AND earlier.level = going.level
                           AND earlier.code = going.code AND earlier.valid_from < going.valid_from
                         ORDER BY earlier.valid_from DESC
                         LIMIT 1)
      FROM undo_row
      JOIN area AS going ON going.id = undo_row.row_id::bigint
     WHERE undo_row.table_name = 'area' AND undo_row.kind = 'added' AND undo_row.verdict = 'clean'
       AND child.parent_id = going.id
    """
)

_TOUCHED_LEVELS = text(
    """
    SELECT DISTINCT area.scheme_id, area.level
      FROM undo_row
      JOIN area ON area.id = undo_row.row_id::bigint
     WHERE undo_row.table_name = 'area'
     ORDER BY 1, 2
    """
)


def _remove(table: ImportedTable) -> str:
    return f"""
        DELETE FROM {table.name}
         USING undo_row
         WHERE undo_row.table_name = '{table.name}' AND undo_row.kind = 'added'
           AND undo_row.verdict = 'clean' AND {table.name}.id = undo_row.row_id::{table.id_type}
    """


def _restore(table: ImportedTable) -> str:
    """Put back the columns that imports write; of a mere drawing only the drawing.

    What a row referred to may be gone by now: then it refers to nothing.
    """
    references = {
        key.parent.name: f"(SELECT {key.column.name} FROM {key.column.table.name} AS target"
        f" WHERE target.{key.column.name} = earlier.{key.parent.name})"
        for key in METADATA.tables[table.name].foreign_keys
        if key.parent.nullable
    }
    assigned = ", ".join(
        f"{column} = earlier.{column}"
        if column in table.drawn and column not in references
        else f"{column} = CASE WHEN undo_row.verdict = 'clean'"
        f" THEN {references.get(column, f'earlier.{column}')} ELSE stored.{column} END"
        for column in table.columns
    )
    return f"""
        UPDATE {table.name} AS stored
           SET {assigned}
          FROM undo_row
          JOIN {table.name} AS current ON current.id = undo_row.row_id::{table.id_type}
         CROSS JOIN LATERAL jsonb_populate_record(current, undo_row.before) AS earlier
         WHERE undo_row.table_name = '{table.name}' AND undo_row.kind = 'updated'
           AND undo_row.verdict IN ('clean', 'drawing') AND stored.id = current.id
    """


_JUDGE = {table.name: text(_judge(table)) for table in _TABLES}
_FIND_USES = {table.name: [text(statement) for statement in _uses(table)] for table in _TABLES}
_FIND_OVERLAPS = {table.name: text(_find_overlaps(table)) for table in (AREA, ZONE)}
_REMOVE = {table.name: text(_remove(table)) for table in _TABLES}
_RESTORE = {table.name: text(_restore(table)) for table in _TABLES}
