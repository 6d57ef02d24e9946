"""Drafts of the boundary editor for tests: begun, drawn and saved on the world of ``tests.factories``."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from gridmap.domain.boundary_edits import ChangeKind, EditCommand, Split
from gridmap.domain.permissions import Actor
from gridmap.use_cases.boundary_consequences import Consequences
from gridmap.use_cases.boundary_editing import StepOutcome, begin, load_draft, take_step
from gridmap.use_cases.boundary_saving import save
from tests.factories import CELL_DEG, NORTH_DEG, SUBDISTRICT, WEST_DEG
from tests.reports import NEAREST, NOW

TODAY = date(2026, 11, 20)
FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
NORTH_WEST, NORTH_EAST, SOUTH_WEST = f"{FIRST}011", f"{FIRST}021", f"{FIRST}031"
"""The micro-grids of the cells (0, 0), (1, 0) and (0, 1); each is all of its grid."""


def begin_draft(
    session: Session,
    actor: Actor,
    *,
    kind: ChangeKind = ChangeKind.AREAS,
    focus: str = SUBDISTRICT,
    on: date = TODAY,
) -> int:
    """An empty draft; returns its id."""
    return begin(session, actor, kind=kind, focus_code=focus, scheme_code=None, effective_on=on, now=NOW)


def draw(session: Session, actor: Actor, change_id: int, *commands: EditCommand) -> StepOutcome:
    """Take steps one after the other."""
    outcome = None
    for command in commands:
        position = load_draft(session, actor, change_id).change.position
        outcome = take_step(session, actor, change_id, command, position=position, now=NOW)
    assert outcome is not None
    return outcome


def save_draft(
    session: Session,
    actor: Actor,
    change_id: int,
    *,
    on: date = TODAY,
    now: datetime = NOW,
    **decisions: str,
) -> Consequences:
    """Save a draft as it stands; ``k1`` decides for the area ``+1``."""
    return save(
        session,
        actor,
        change_id,
        position=load_draft(session, actor, change_id).change.position,
        effective_on=on,
        reason="按楼栋分开",
        decisions={f"+{key[1:]}": value for key, value in decisions.items()},
        rules=NEAREST,
        now=now,
    )


def line_across(column: int, row: int, *, south: float = 0.5) -> tuple[tuple[float, float], ...]:
    """A line from west to east through a cell, that share of its height from the north."""
    lat = NORTH_DEG - (row + south) * CELL_DEG
    west = WEST_DEG + (column - 0.1) * CELL_DEG
    return (west, lat), (west + 1.2 * CELL_DEG, lat)


def split_cell(column: int = 0, row: int = 0, key: str = NORTH_WEST, south: float = 0.5) -> Split:
    """Split the micro-grid of a cell from west to east."""
    return Split(key=key, line=line_across(column, row, south=south), snap_m=1)
