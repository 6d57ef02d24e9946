"""Change sets of the boundary editor: drafts with their steps, and what was saved and undone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.boundary_edits import ChangeKind, ChangeState, EditedArea

ADD_CHANGE = text(
    """
    INSERT INTO boundary_change (kind, scheme_id, focus_code, effective_on, author_account_id, created_at)
    VALUES (:kind, :scheme_id, :focus_code, :effective_on, :author_account_id, :at)
 RETURNING id
    """
)

_CHANGE = """
    SELECT change.id, change.kind, change.scheme_id, change.focus_code, change.effective_on, change.state,
           change.position, change.author_account_id, change.reason,
           (SELECT count(*) FROM boundary_step WHERE change_id = change.id) AS step_count
      FROM boundary_change AS change
     WHERE change.id = :id
"""
FIND_CHANGE = text(_CHANGE)
# Two windows of one draft, or a save and a step, go one after the other.
LOCK_CHANGE = text(_CHANGE + " FOR UPDATE OF change")

# Primary key.
FIND_STEPS = text(
    """
    SELECT seq, tool, areas
      FROM boundary_step
     WHERE change_id = :change_id AND seq <= :upto
     ORDER BY seq
    """
)

CUT_STEPS = text("DELETE FROM boundary_step WHERE change_id = :change_id AND seq > :position")
ADD_STEP = text(
    """
    INSERT INTO boundary_step (change_id, seq, tool, areas, at)
    VALUES (:change_id, :seq, :tool, CAST(:areas AS jsonb), :at)
    """
)
SET_POSITION = text("UPDATE boundary_change SET position = :position WHERE id = :id")
SET_EFFECTIVE = text("UPDATE boundary_change SET effective_on = :effective_on WHERE id = :id")
DISCARD = text("UPDATE boundary_change SET state = 'discarded' WHERE id = :id")

MARK_SAVED = text(
    """
    UPDATE boundary_change
       SET state = 'saved', effective_on = :effective_on, reason = :reason, saved_by_account_id = :account_id,
           saved_at = :at, before = CAST(:before AS jsonb)
     WHERE id = :id
    """
)
MARK_UNDONE = text(
    """
    UPDATE boundary_change
       SET state = 'undone', undone_by_account_id = :account_id, undone_at = :at
     WHERE id = :id
    """
)
ADD_VERSIONS = text(
    """
    INSERT INTO boundary_version (change_id, level, row_id, code, what)
    SELECT :change_id, item.level, item.row_id, item.code, item.what
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (level text, row_id bigint, code text, what text)
    """
)
KEEP_OVERVIEWS = text(
    """
    UPDATE boundary_change
       SET before = jsonb_set(before, '{overviews}', CAST(:overviews AS jsonb) || (before -> 'overviews'))
     WHERE id = :id
    """
)
KEEP_SCOPES = text(
    """
    UPDATE boundary_change
       SET before = jsonb_set(before, '{scopes}', CAST(:scopes AS jsonb))
     WHERE id = :id
    """
)
FIND_BEFORE = text("SELECT before FROM boundary_change WHERE id = :id")

# Index: ix_boundary_version_code. A change that stands on this one touched one of its codes later.
FIND_NEWER = text(
    """
    SELECT min(later.code) AS code
      FROM boundary_version AS mine
      JOIN boundary_version AS later ON later.code = mine.code AND later.change_id > mine.change_id
      JOIN boundary_change AS change ON change.id = later.change_id AND change.state = 'saved'
     WHERE mine.change_id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change set without its steps."""

    id: int
    kind: ChangeKind
    scheme_id: int | None
    focus_code: str
    effective_on: date
    state: ChangeState
    position: int
    step_count: int
    author_account_id: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step and the areas as it left them: only those that it changed."""

    seq: int
    tool: str
    areas: tuple[EditedArea, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedVersion:
    """What a saved change did to one stored version."""

    level: str
    row_id: int
    code: str
    what: str


def add_change(
    session: Session,
    *,
    kind: ChangeKind,
    scheme_id: int | None,
    focus_code: str,
    effective_on: date,
    author_account_id: int | None,
    at: datetime,
) -> int:
    """Begin an empty draft; returns its id."""
    return session.execute(
        ADD_CHANGE,
        {
            "kind": kind.value,
            "scheme_id": scheme_id,
            "focus_code": focus_code,
            "effective_on": effective_on,
            "author_account_id": author_account_id,
            "at": at,
        },
    ).scalar_one()


def find_change(session: Session, change_id: int, *, lock: bool = False) -> ChangeSet | None:
    """A change set; locked, nobody else steps, saves or undoes it meanwhile."""
    row = session.execute(LOCK_CHANGE if lock else FIND_CHANGE, {"id": change_id}).one_or_none()
    if row is None:
        return None
    return ChangeSet(
        id=row.id,
        kind=ChangeKind(row.kind),
        scheme_id=row.scheme_id,
        focus_code=row.focus_code,
        effective_on=row.effective_on,
        state=ChangeState(row.state),
        position=row.position,
        step_count=row.step_count,
        author_account_id=row.author_account_id,
        reason=row.reason,
    )


def find_steps(session: Session, change_id: int, *, upto: int) -> list[Step]:
    """The steps of a change set up to a position, in order."""
    rows = session.execute(FIND_STEPS, {"change_id": change_id, "upto": upto})
    return [
        Step(seq=row.seq, tool=row.tool, areas=tuple(_read_area(item) for item in row.areas)) for row in rows
    ]


def add_step(
    session: Session, change: ChangeSet, *, tool: str, areas: Sequence[EditedArea], at: datetime
) -> int:
    """Put a step behind the current one; steps that were taken back before are gone. Returns its number."""
    session.execute(CUT_STEPS, {"change_id": change.id, "position": change.position})
    seq = change.position + 1
    body = json.dumps([_written_area(area) for area in areas], ensure_ascii=False)
    session.execute(ADD_STEP, {"change_id": change.id, "seq": seq, "tool": tool, "areas": body, "at": at})
    set_position(session, change.id, seq)
    return seq


def set_position(session: Session, change_id: int, position: int) -> None:
    """Say which step the draft stands at."""
    session.execute(SET_POSITION, {"id": change_id, "position": position})


def set_effective(session: Session, change_id: int, effective_on: date) -> None:
    """Say from which day on the change shall hold."""
    session.execute(SET_EFFECTIVE, {"id": change_id, "effective_on": effective_on})


def discard(session: Session, change_id: int) -> None:
    """Put a draft aside for good; its steps are kept."""
    session.execute(DISCARD, {"id": change_id})


def mark_saved(
    session: Session,
    change_id: int,
    *,
    effective_on: date,
    reason: str,
    account_id: int | None,
    at: datetime,
    before: Mapping[str, Any],
    versions: Sequence[TouchedVersion],
) -> None:
    """Record that a change was made, by whom and why, and what stood there before."""
    session.execute(
        MARK_SAVED,
        {
            "id": change_id,
            "effective_on": effective_on,
            "reason": reason,
            "account_id": account_id,
            "at": at,
            "before": json.dumps(before, ensure_ascii=False),
        },
    )
    rows = [
        {"level": one.level, "row_id": one.row_id, "code": one.code, "what": one.what} for one in versions
    ]
    session.execute(ADD_VERSIONS, {"change_id": change_id, "rows": json.dumps(rows)})


def mark_undone(session: Session, change_id: int, *, account_id: int | None, at: datetime) -> None:
    """Record that a saved change was taken back."""
    session.execute(MARK_UNDONE, {"id": change_id, "account_id": account_id, "at": at})


def find_before(session: Session, change_id: int) -> dict[str, Any]:
    """What stood there before a saved change, as ``boundary_versions.snapshot`` wrote it."""
    return dict(session.execute(FIND_BEFORE, {"id": change_id}).scalar_one() or {})


def keep_overviews(session: Session, change_id: int, overviews: Mapping[str, str]) -> None:
    """Add outlines of neighbours that were drawn over when the change took effect; the first kept count."""
    session.execute(KEEP_OVERVIEWS, {"id": change_id, "overviews": json.dumps(overviews)})


def keep_scopes(session: Session, change_id: int, scopes: Sequence[Mapping[str, Any]]) -> None:
    """Add the scopes of accounts that followed when the change took effect."""
    session.execute(KEEP_SCOPES, {"id": change_id, "scopes": json.dumps(scopes)})


def code_of_something_newer(session: Session, change_id: int) -> str | None:
    """The code of an area that a later saved change touched too; None when nothing stands on this one."""
    return session.execute(FIND_NEWER, {"id": change_id}).scalar_one()


def _written_area(area: EditedArea) -> dict[str, object]:
    return {
        "key": area.key,
        "level": area.level,
        "code": area.code,
        "name": area.name,
        "name_en": area.name_en,
        "parent_key": area.parent_key,
        "base_id": area.base_id,
        "base_hash": area.base_hash,
        "boundary": area.boundary.hex(),
        "is_ended": area.is_ended,
        "posts_from": area.posts_from,
    }


def _read_area(item: Mapping[str, Any]) -> EditedArea:
    return EditedArea(
        key=item["key"],
        level=item["level"],
        code=item["code"],
        name=item["name"],
        name_en=item["name_en"],
        parent_key=item["parent_key"],
        base_id=item["base_id"],
        base_hash=item["base_hash"],
        boundary=bytes.fromhex(item["boundary"]),
        is_ended=item["is_ended"],
        posts_from=item["posts_from"],
    )
