"""Imports that were made: who, when, which file, how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.import_drafts import UNDO_LIFE
from gridmap.domain.permissions import Actor, Role

# Few rows a day are written: the primary key gives the order.
_BATCHES_SQL = text(
    """
    SELECT batch.id, batch.layer, batch.file_name, batch.at, account.display_name AS account_name,
           batch.read_count, batch.added_count, batch.updated_count, batch.unchanged_count,
           batch.rejected_count, batch.undone_at,
           EXISTS (SELECT FROM import_change WHERE batch_id = batch.id) AS has_changes
      FROM import_batch AS batch
      LEFT JOIN account ON account.id = batch.actor_account_id
     WHERE (CAST(:account_id AS bigint) IS NULL OR batch.actor_account_id = :account_id)
       AND (CAST(:batch_id AS bigint) IS NULL OR batch.id = :batch_id)
     ORDER BY batch.id DESC
     LIMIT :row_limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedBatch:
    """One import; ``account_name`` None: by the command line."""

    id: int
    layer: str
    file_name: str
    at: datetime
    account_name: str | None
    read_count: int
    added_count: int
    updated_count: int
    unchanged_count: int
    rejected_count: int
    undone_at: datetime | None
    has_changes: bool
    """Whether what it changed is still known, so that it can be taken back."""

    def can_be_undone(self, now: datetime) -> bool:
        """Whether it may still be taken back."""
        return self.undone_at is None and self.has_changes and now - self.at <= UNDO_LIFE


def list_batches(session: Session, actor: Actor, *, row_limit: int = 50) -> list[ImportedBatch]:
    """The latest imports: the actor's own, all for an administrator."""
    return _read(session, actor, batch_id=None, row_limit=row_limit)


def find_batch(session: Session, actor: Actor, batch_id: int) -> ImportedBatch:
    """One of them.

    Raises
    ------
    NotFound
        There is none of that number, or it is somebody else's.
    """
    found = _read(session, actor, batch_id=batch_id, row_limit=1)
    if not found:
        raise NotFound(what="import", id=batch_id)
    return found[0]


def _read(session: Session, actor: Actor, *, batch_id: int | None, row_limit: int) -> list[ImportedBatch]:
    account_id = None if actor.role is Role.ADMIN else actor.account_id or 0
    values = {"account_id": account_id, "batch_id": batch_id, "row_limit": row_limit}
    return [ImportedBatch(**row) for row in session.execute(_BATCHES_SQL, values).mappings()]
