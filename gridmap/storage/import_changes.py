"""What an import changed, remembered by the import itself for thirty days.

Layers of versions (areas, zones) touch rows in several statements: they note the rows that they are about to
change and those that they added, and :func:`seal` turns the notes into blocks of ``import_change``. Layers of
one row a code write their blocks themselves (:mod:`gridmap.storage.import_staging`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.storage.import_tables import AREA, GRID_SCHEME, ISSUE, ZONE, ImportedTable

UNDO_DAYS = 30

_BLOCK_LENGTH = 10_000

CREATE_NOTES = text(
    """
    CREATE TEMP TABLE IF NOT EXISTS import_note (
        table_name text, row_id text COLLATE "C", before jsonb, PRIMARY KEY (table_name, row_id)
    ) ON COMMIT DROP
    """
)

NOTED_TABLES = text("SELECT DISTINCT table_name FROM import_note ORDER BY table_name")

# Index: import_batch's primary key; old batches keep their report and lose what undoing them would need.
FORGET_OLD = text(
    """
    DELETE FROM import_change
     WHERE batch_id IN (SELECT id FROM import_batch WHERE at < :before)
    """
)


def _note_before(table: ImportedTable) -> str:
    return f"""
        INSERT INTO import_note (table_name, row_id, before)
        SELECT '{table.name}', stored.id::text, {table.image("stored")}
          FROM {table.name} AS stored
         WHERE stored.id = ANY (CAST(:ids AS {table.id_type}[]))
            ON CONFLICT DO NOTHING
    """


def _note_added(table: ImportedTable) -> str:
    return f"""
        INSERT INTO import_note (table_name, row_id)
        SELECT '{table.name}', unnest(CAST(:ids AS text[]))
            ON CONFLICT DO NOTHING
    """


def _seal(table: ImportedTable) -> str:
    return f"""
        INSERT INTO import_change (batch_id, table_name, kind, row_ids, content_hashes, before)
        SELECT :batch_id, '{table.name}', kind, array_agg(row_id), array_agg(content_hash),
               CASE kind WHEN 'updated' THEN array_agg(before) END
          FROM (SELECT note.row_id, note.before, {table.content_hash("stored")} AS content_hash,
                       CASE WHEN note.before IS NULL THEN 'added' ELSE 'updated' END AS kind,
                       row_number() OVER (ORDER BY stored.id) / {_BLOCK_LENGTH} AS block
                  FROM import_note AS note
                  JOIN {table.name} AS stored ON stored.id = note.row_id::{table.id_type}
                 WHERE note.table_name = '{table.name}') AS noted
         GROUP BY kind, block
    """


_NOTED = (GRID_SCHEME, AREA, ZONE, ISSUE)
NOTE_BEFORE = {table.name: text(_note_before(table)) for table in _NOTED}
NOTE_ADDED = {table.name: text(_note_added(table)) for table in _NOTED}
SEAL = {table.name: text(_seal(table)) for table in _NOTED}


def begin_notes(session: Session) -> None:
    """Start noting for one import."""
    session.execute(CREATE_NOTES)
    session.execute(text("TRUNCATE import_note"))


def note_before(session: Session, table: ImportedTable, ids: Iterable[int]) -> None:
    """Note rows as they are, before they are changed; the first note of a row counts."""
    listed = list(ids)
    if listed:
        session.execute(NOTE_BEFORE[table.name], {"ids": listed})


def note_added(session: Session, table: ImportedTable, ids: Iterable[object]) -> None:
    """Note rows that were added."""
    listed = [str(id_) for id_ in ids]
    if listed:
        session.execute(NOTE_ADDED[table.name], {"ids": listed})


def seal(session: Session, *, batch_id: int) -> None:
    """Remember what was noted, with what the rows hold now."""
    for name in session.scalars(NOTED_TABLES).all():
        session.execute(SEAL[name], {"batch_id": batch_id})


def forget_old_changes(session: Session, *, now: datetime) -> None:
    """Drop what would be needed to undo imports that may not be undone any more."""
    session.execute(FORGET_OLD, {"before": now - timedelta(days=UNDO_DAYS)})
