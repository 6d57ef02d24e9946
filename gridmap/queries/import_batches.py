"""Imports that were made: who, when, which file, how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import Actor, Role

# Few rows a day are written: the primary key gives the order.
_BATCHES_SQL = text(
    """
    SELECT batch.id, batch.layer, batch.file_name, batch.at, account.display_name AS account_name,
           batch.read_count, batch.added_count, batch.updated_count, batch.unchanged_count,
           batch.rejected_count
      FROM import_batch AS batch
      LEFT JOIN account ON account.id = batch.actor_account_id
     WHERE CAST(:account_id AS bigint) IS NULL OR batch.actor_account_id = :account_id
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


def list_batches(session: Session, actor: Actor, *, row_limit: int = 50) -> list[ImportedBatch]:
    """The latest imports: the actor's own, all for an administrator."""
    account_id = None if actor.role is Role.ADMIN else actor.account_id or 0
    rows = session.execute(_BATCHES_SQL, {"account_id": account_id, "row_limit": row_limit})
    return [ImportedBatch(**row) for row in rows.mappings()]
