"""Accounts follow the areas they work in through a change of boundaries, and come back when it is undone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.boundary_edits import End, Merge, Rename
from gridmap.domain.errors import NotAllowed
from gridmap.domain.permissions import Actor
from gridmap.queries.lost_scopes import list_lost_scopes
from gridmap.use_cases.boundary_reversal import begin_reversal
from gridmap.use_cases.boundary_saving import preview, take_effect, undo
from tests.boundary_drafts import (
    FIRST,
    NORTH_EAST,
    NORTH_WEST,
    SOUTH_WEST,
    TODAY,
    begin_draft,
    draw,
    save_draft,
    split_cell,
)
from tests.factories import SUBDISTRICT, add_account, add_world
from tests.reports import NEAREST, NOW, actor_of

NEW_PIECE = f"{FIRST}012"


@pytest.fixture
def officer(session: Session) -> Actor:
    add_world(session)
    for name, codes in {
        "west": (NORTH_WEST,),
        "east": (NORTH_EAST,),
        "both": (NORTH_WEST, NORTH_EAST),
        "south": (f"{FIRST}030",),
        "community": (FIRST,),
    }.items():
        add_account(session, name, area_codes=codes)
    return actor_of(add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


def _scopes(session: Session) -> dict[str, list[str]]:
    session.flush()
    rows = session.execute(text("SELECT username, area_codes FROM account WHERE username <> 'officer'"))
    return {row.username: list(row.area_codes) for row in rows}


def _rename(key: str, code: str) -> Rename:
    return Rename(key=key, name="新名", name_en=None, code=code)


def test_a_new_code_takes_its_workers_along_with_all_that_lies_below(
    session: Session, officer: Actor
) -> None:
    below = add_account(session, "below", area_codes=(SOUTH_WEST,))
    before = _scopes(session)
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, _rename(f"{FIRST}030", f"{FIRST}090"))
    preview(session, officer, change_id, effective_on=TODAY, decisions={}, rules=NEAREST, now=NOW)
    assert _scopes(session) == before
    save_draft(session, officer, change_id)
    changed = {"south": [f"{FIRST}090"], below.username: [f"{FIRST}091"]}
    assert _scopes(session) == before | changed
    undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert _scopes(session) == before


def test_a_split_gives_both_parts_and_a_merge_the_one(session: Session, officer: Actor) -> None:
    before = _scopes(session)
    first = begin_draft(session, officer)
    draw(session, officer, first, split_cell())
    save_draft(session, officer, first, k1="vacant")
    split = _scopes(session)
    assert split == before | {"west": [NORTH_WEST, NEW_PIECE], "both": [NORTH_WEST, NEW_PIECE, NORTH_EAST]}
    second = begin_draft(session, officer)
    draw(session, officer, second, Merge(keys=(NORTH_EAST, NORTH_WEST)))
    save_draft(session, officer, second)
    merged = _scopes(session)
    assert merged["both"] == [NORTH_EAST, NEW_PIECE] or merged["both"] == [NEW_PIECE, NORTH_EAST]
    assert set(merged["west"]) == {NORTH_EAST, NEW_PIECE}
    assert merged["east"] == [NORTH_EAST]
    undo(session, officer, second, rules=NEAREST, now=NOW)
    assert _scopes(session) == split
    undo(session, officer, first, rules=NEAREST, now=NOW)
    assert _scopes(session) == before


def test_a_split_of_a_split_and_of_a_renamed_area_still_knows_where_it_comes_from(
    session: Session, officer: Actor
) -> None:
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, _rename(NORTH_WEST, f"{FIRST}015"), split_cell(south=0.5))
    outcome = draw(session, officer, change_id, split_cell(key="+1", south=0.25))
    codes = {area.code for area in outcome.areas if area.level == "micro_grid" and area.base_id is None}
    pieces = {f"{FIRST}015", *codes}
    save_draft(session, officer, change_id, k1="vacant", k2="vacant")
    assert set(_scopes(session)["west"]) >= pieces
    assert len(_scopes(session)["west"]) == 3


def test_an_area_that_ends_with_no_successor_stays_and_is_shown_to_the_administrator(
    session: Session, officer: Actor
) -> None:
    admin = actor_of(add_account(session, "admin", role="admin", area_codes=("",)))
    assert list_lost_scopes(session, admin, today=TODAY) == []
    before = _scopes(session)
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, End(key=NORTH_WEST))
    save_draft(session, officer, change_id)
    assert _scopes(session) == before
    lost = list_lost_scopes(session, admin, today=TODAY)
    assert [(line.username, line.role, line.area_code, line.area_name) for line in lost] == [
        ("both", "grid_worker", NORTH_WEST, NORTH_WEST),
        ("west", "grid_worker", NORTH_WEST, NORTH_WEST),
    ]
    with pytest.raises(NotAllowed):
        list_lost_scopes(session, officer, today=TODAY)


def test_scopes_of_a_later_change_move_on_its_day_and_only_once(session: Session, officer: Actor) -> None:
    before = _scopes(session)
    day = TODAY + timedelta(days=30)
    change_id = begin_draft(session, officer, on=day)
    draw(session, officer, change_id, _rename(NORTH_WEST, f"{FIRST}015"))
    save_draft(session, officer, change_id, on=day)
    assert _scopes(session) == before
    on_the_day = NOW + timedelta(days=30)
    for _ in range(2):
        take_effect(session, change_id, now=on_the_day)
        assert _scopes(session) == before | {"west": [f"{FIRST}015"], "both": [f"{FIRST}015", NORTH_EAST]}
    undo(session, officer, change_id, rules=NEAREST, now=on_the_day)
    assert _scopes(session) == before


def test_what_an_administrator_chose_meanwhile_is_not_undone(session: Session, officer: Actor) -> None:
    before = _scopes(session)
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, _rename(NORTH_WEST, f"{FIRST}015"))
    save_draft(session, officer, change_id)
    session.execute(
        text("UPDATE account SET area_codes = :codes WHERE username = 'west'"), {"codes": [SOUTH_WEST]}
    )
    undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert _scopes(session) == before | {"west": [SOUTH_WEST]}


def test_a_change_that_was_turned_round_later_brings_its_workers_back(
    session: Session, officer: Actor
) -> None:
    before = _scopes(session)
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, _rename(NORTH_WEST, f"{FIRST}015"))
    save_draft(session, officer, change_id)
    later = NOW + timedelta(days=3)
    draft_id = begin_reversal(session, officer, change_id, now=later)
    save_draft(session, officer, draft_id, on=TODAY + timedelta(days=3), now=later, k1="vacant")
    assert _scopes(session) == before
