"""One run of an import, as its parts pass it on: under which record it writes, whether it only looks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from gridmap.domain.permissions import Action, Actor, can
from gridmap.storage.import_staging import RowBlock, RowLoad, Written, bulk_load
from gridmap.storage.import_tables import ImportedTable
from gridmap.use_cases.bulk_routing import Progress, placements_of

BLOCK_LENGTH = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """What every importer needs.

    Attributes
    ----------
    batch_id : the record under which changes are remembered
    preview : compare and count, store nothing
    given : our fields that the file has a column for
    progress : told how far it is; may raise ``ImportCancelled``
    """

    batch_id: int
    preview: bool
    given: frozenset[str]
    now: datetime
    progress: Progress


def write_in_blocks(
    session: Session, run: ImportRun, table: ImportedTable, rows: RowBlock, *, given: Collection[str]
) -> Written:
    """Write rows of a table that holds one row a key, with a word about progress after each block."""
    written = Written()
    with load_rows(session, run, table, row_count=len(rows)) as load:
        for start in range(0, len(rows), BLOCK_LENGTH):
            stop = min(start + BLOCK_LENGTH, len(rows))
            written += load.write(rows.part(start, stop), given=given)
            run.progress("write", stop, len(rows))
    return written


def load_rows(
    session: Session, run: ImportRun, table: ImportedTable, *, row_count: int
) -> AbstractContextManager[RowLoad]:
    """What writes some ``row_count`` rows of the run, block by block."""
    return bulk_load(session, table, batch_id=run.batch_id, preview=run.preview, row_count=row_count)


def codes_outside_scope(
    session: Session, actor: Actor, places: Mapping[str, tuple[float, float]], *, day: date
) -> set[str]:
    """The codes whose stored row lies outside the actor's areas: a file may not fetch such a row away."""
    if actor.scope.is_everything:
        return set()
    placements = placements_of(session, list(places.values()), day=day, scheme_id=None)
    return {
        code
        for code, placement in zip(places, placements, strict=True)
        if not can(actor, Action.IMPORT_LAYERS, placement.area_code)
    }
