"""The history of registers: written once for each change, never touched again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

INSERT_CHANGE = text(
    """
    INSERT INTO register_change
           (register, item_code, action, area_code, actor_account_id, at, note, changes, undoes_id)
    VALUES (:register, :item_code, :action, :area_code, CAST(:actor_account_id AS bigint), :at, :note,
            CAST(:changes AS jsonb), CAST(:undoes_id AS bigint))
 RETURNING id
    """
)


# Indexes: the primary key, uq_register_change_undoes_id.
FIND_CHANGE = text(
    """
    SELECT change.action, change.area_code, change.changes,
           EXISTS (SELECT FROM register_change AS undo WHERE undo.undoes_id = change.id) AS is_undone
      FROM register_change AS change
     WHERE change.id = :id AND change.register = :register
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterChange:
    """What happened to one thing of a register; ``changes``: field → (before, after)."""

    register: str
    item_code: str
    action: str
    area_code: str
    changes: Mapping[str, object]
    note: str | None = None
    undoes_id: int | None = None


def record_change(
    session: Session, change: RegisterChange, *, actor_account_id: int | None, at: datetime
) -> int:
    """Add to the history; returns the row's id."""
    values = {
        "register": change.register,
        "item_code": change.item_code,
        "action": change.action,
        "area_code": change.area_code,
        "actor_account_id": actor_account_id,
        "at": at,
        "note": change.note,
        # Days become texts, as forms write them.
        "changes": json.dumps(dict(change.changes), ensure_ascii=False, default=str),
        "undoes_id": change.undoes_id,
    }
    return int(session.execute(INSERT_CHANGE, values).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChange:
    """A row of the history; ``is_undone``: another row puts it back."""

    action: str
    area_code: str
    changes: Mapping[str, object]
    is_undone: bool


def find_change(session: Session, change_id: int, *, register: str) -> KeptChange | None:
    """Find a row of one register's history."""
    row = session.execute(FIND_CHANGE, {"id": change_id, "register": register}).mappings().one_or_none()
    return None if row is None else KeptChange(**row)
