"""Whole layers for files, and the log of what was taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.exports import ExportTooLarge
from gridmap.domain.features import Collection, FeatureTable
from gridmap.domain.permissions import Action, Actor, check
from gridmap.queries.features import FeatureFilter, select_table


def read_features(
    session: Session,
    actor: Actor,
    collection: Collection,
    wanted: FeatureFilter,
    *,
    today: date,
    row_limit: int,
) -> FeatureTable:
    """The features that an export holds, in one statement.

    Raises
    ------
    NotSignedIn, NotAllowed
    ExportTooLarge
        There are more rows than one file may have.
    """
    check(actor, collection.action)
    statement = select_table(actor, collection, wanted, today=today, limit=row_limit + 1)
    rows = session.execute(text(statement.sql), statement.values).all()
    if len(rows) > row_limit:
        raise ExportTooLarge(allowed=row_limit)
    return FeatureTable(
        collection=collection,
        rows=[tuple(row[1:]) for row in rows],
        geometry=[bytes(row[0]) for row in rows],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLine:
    """One line of the log: who took what, when, how much of it."""

    at: datetime
    account_name: str | None
    """None: the command line."""
    role: str
    collection: str
    filter: Mapping[str, str]
    format: str
    crs: str
    row_count: int


# Index: ix_export_log_at.
_LOG = text(
    """
    SELECT log.at, account.display_name AS account_name, log.role, log.collection, log.filter, log.format,
           log.crs, log.row_count
      FROM export_log AS log
      LEFT JOIN account ON account.id = log.account_id
     ORDER BY log.at DESC, log.id
     LIMIT :limit
    """
)


def list_exports(session: Session, actor: Actor, *, limit: int = 100) -> tuple[ExportLine, ...]:
    """The newest lines of the log.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.SEE_EXPORT_LOG)
    return tuple(ExportLine(**row) for row in session.execute(_LOG, {"limit": limit}).mappings())


def scheme_choices(session: Session) -> tuple[tuple[str, str], ...]:
    """Code and name of each grid scheme, the first one first."""
    rows = session.execute(text("SELECT code, name FROM grid_scheme ORDER BY id LIMIT 100"))
    return tuple((row.code, row.name) for row in rows)
