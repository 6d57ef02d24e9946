"""Boundaries drawn anew: drafts, what saving does to versions, people and issues, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.domain.boundary_edits import (
    ChangeKind,
    DraftMovedOn,
    Draw,
    EditCommand,
    End,
    GroundChanged,
    Merge,
    MoveCorners,
    NobodyResponsible,
    NotADraft,
    NothingChanged,
    NotYourDraft,
    OutsideYourArea,
    Rename,
    Reshape,
    SomethingNewer,
    Split,
    Transfer,
)
from gridmap.domain.errors import InvalidInput, NotAllowed, NotFound
from gridmap.domain.permissions import Actor
from gridmap.importing.editing import EditRefused
from gridmap.queries.area_cards import load_area_card
from gridmap.queries.boundary_history import list_drafts, list_saved, versions_of
from gridmap.queries.map_layers import areas_geojson
from gridmap.storage.tables import AreaRow, AssignmentRow, IssueEventRow, IssueRow, StandInRow
from gridmap.use_cases.boundary_editing import discard, go_to_step, load_draft, take_step
from gridmap.use_cases.boundary_reversal import begin_reversal
from gridmap.use_cases.boundary_saving import preview, save, take_effect, undo
from gridmap.use_cases.rerouting import reroute_open_issues
from tests.boundary_drafts import (
    FIRST,
    NORTH_EAST,
    NORTH_WEST,
    SECOND,
    SOUTH_WEST,
    TODAY,
    begin_draft,
    draw,
    line_across,
    save_draft,
    split_cell,
)
from tests.factories import (
    CELL_DEG,
    NORTH_DEG,
    SUBDISTRICT,
    WEST_DEG,
    World,
    add_account,
    add_area,
    add_person,
    add_world,
    assign,
    cell,
    middle_of,
)
from tests.reports import NEAREST, NOW, actor_of, pinned


@pytest.fixture
def world(session: Session) -> World:
    world = add_world(session)
    for area in world.micro_grids:
        person = add_person(session, f"leader{area.code[9:]}")
        assign(session, person, "micro_grid_leader", area_code=area.code)
    session.flush()
    return world


@pytest.fixture
def officer(session: Session, world: World) -> Actor:
    return actor_of(add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


@pytest.fixture
def secretary(session: Session, world: World) -> Actor:
    return actor_of(add_account(session, "secretary", role="community_secretary", area_codes=(FIRST,)))


def _rows(session: Session) -> tuple[Sequence[Any], ...]:
    """Everything that a change may write, bit by bit."""
    session.flush()
    return tuple(
        session.execute(text(statement)).all()
        for statement in (
            "SELECT id, code, name, parent_id, valid_from, valid_to, household_count, ST_AsBinary(boundary),"
            " ST_AsBinary(overview), ST_AsBinary(label_point) FROM area ORDER BY id",
            "SELECT id, code, name, valid_from, valid_to, ST_AsBinary(boundary), ST_AsBinary(overview)"
            " FROM responsibility_zone ORDER BY id",
            "SELECT id, person_id, role, area_code, zone_code, valid_from, valid_to"
            " FROM assignment ORDER BY id",
            "SELECT id, area_code, zone_code, responsible_person_id FROM issue ORDER BY id",
        )
    )


def _current(session: Session, level: str = "micro_grid", *, on: date = TODAY) -> dict[str, AreaRow]:
    session.expire_all()
    rows = session.scalars(
        select(AreaRow).where(
            AreaRow.level == level,
            AreaRow.valid_from <= on,
            (AreaRow.valid_to.is_(None)) | (AreaRow.valid_to > on),
        )
    )
    return {row.code: row for row in rows}


def test_a_split_closes_the_old_version_opens_two_and_moves_the_issues_with_history(
    session: Session, officer: Actor
) -> None:
    lon, lat = middle_of(0, 0)
    north = pinned(session, officer, (lon, lat + 0.2 * CELL_DEG))
    south = pinned(session, officer, (lon, lat - 0.2 * CELL_DEG))
    change_id = begin_draft(session, officer)
    outcome = draw(session, officer, change_id, split_cell(south=0.4))
    new = next(area for area in outcome.areas if area.base_id is None)
    assert (new.code, new.name) == (f"{FIRST}012", f"{NORTH_WEST}·2")
    consequences = save_draft(session, officer, change_id, k1="keep")
    assert consequences.issues_moved == 1
    assert [(move.from_code, move.to_code, move.count) for move in consequences.moves] == [
        (NORTH_WEST, new.code, 1)
    ]
    current = _current(session)
    old = session.scalars(select(AreaRow).where(AreaRow.code == NORTH_WEST, AreaRow.valid_to == TODAY)).one()
    assert (current[NORTH_WEST].valid_from, current[new.code].valid_from) == (TODAY, TODAY)
    assert current[new.code].parent_id == old.parent_id
    # The smaller, northern piece is the new one.
    codes = {id_: session.get_one(IssueRow, id_).area_code for id_ in (north, south)}
    assert codes == {north: new.code, south: NORTH_WEST}
    events = session.scalars(
        select(IssueEventRow).where(IssueEventRow.issue_id == north).order_by(IssueEventRow.seq)
    ).all()
    assert [event.payload.get("area_code") for event in events if event.kind == "routed"] == [
        NORTH_WEST,
        new.code,
    ]
    assert events[-1].actor_account_id == officer.account_id
    # Whatever the editor routed is what routing everything anew would give.
    counts = reroute_open_issues(session, Actor.system(), rules=NEAREST, now=NOW, progress=lambda *_: None)
    assert (counts.looked_at, counts.unchanged) == (2, 2)


def test_who_was_responsible_the_day_before_and_the_day_after(session: Session, officer: Actor) -> None:
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, split_cell(), Merge(keys=(NORTH_EAST, "+1")))
    save_draft(session, officer, change_id)
    before, after = TODAY - timedelta(days=1), TODAY
    year = datetime(2026, 1, 1, tzinfo=UTC)
    cards = [
        load_area_card(session, officer, NORTH_EAST, on=day, today=TODAY, year_start=year)
        for day in (before, after)
    ]
    assert cards[0].id != cards[1].id
    versions = versions_of(session, NORTH_EAST)
    assert [(one.valid_from, one.valid_to) for one in versions] == [(TODAY, None), (date(2026, 1, 1), TODAY)]
    assert versions[0].saved_by == "示意 officer"
    assert versions[0].reason == "按楼栋分开"
    assert versions[1].saved_by is None
    assert versions[0].area_m2 == pytest.approx(1.5 * versions[1].area_m2, rel=1e-3)
    (line,) = list_saved(session, officer)
    assert (line.state, line.reason, line.step_count) == ("saved", "按楼栋分开", 2)


def test_a_preview_says_what_saving_does_and_leaves_nothing(session: Session, officer: Actor) -> None:
    for offset in (0.1, 0.2, -0.2):
        lon, lat = middle_of(0, 0)
        pinned(session, officer, (lon, lat + offset * CELL_DEG))
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, split_cell())
    before = _rows(session)
    said = preview(
        session, officer, change_id, effective_on=TODAY, decisions={"+1": "keep"}, rules=NEAREST, now=NOW
    )
    assert _rows(session) == before
    assert save_draft(session, officer, change_id, k1="keep") == said
    assert said.issues_moved > 0


def test_undo_restores_every_row_bit_by_bit(session: Session, officer: Actor) -> None:
    for place in (middle_of(0, 0), middle_of(1, 0), middle_of(0, 1)):
        pinned(session, officer, place)
    before = _rows(session)
    change_id = begin_draft(session, officer)
    draw(
        session,
        officer,
        change_id,
        split_cell(),
        Merge(keys=(NORTH_EAST, "+1")),
        Rename(key=SOUTH_WEST, name="新名", name_en=None, code=f"{FIRST}039"),
    )
    save_draft(session, officer, change_id)
    assert _rows(session) != before
    undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert _rows(session) == before
    with pytest.raises(NotADraft):
        undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert list_saved(session, officer)[0].state == "undone"


def test_a_second_change_of_the_same_day_corrects_in_place_and_both_can_be_undone_in_turn(
    session: Session, officer: Actor
) -> None:
    before = _rows(session)
    first = begin_draft(session, officer)
    draw(session, officer, first, split_cell())
    save_draft(session, officer, first, k1="keep")
    between = _rows(session)
    second = begin_draft(session, officer)
    draw(session, officer, second, Merge(keys=(NORTH_WEST, f"{FIRST}012")))
    save_draft(session, officer, second)
    versions = session.scalars(select(AreaRow).where(AreaRow.code == f"{FIRST}012")).all()
    assert versions == []  # it did not last a day
    with pytest.raises(SomethingNewer):
        undo(session, officer, first, rules=NEAREST, now=NOW)
    undo(session, officer, second, rules=NEAREST, now=NOW)
    assert _rows(session) == between
    undo(session, officer, first, rules=NEAREST, now=NOW)
    assert _rows(session) == before


def test_nothing_is_undone_under_an_import_that_came_later(session: Session, officer: Actor) -> None:
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, split_cell())
    save_draft(session, officer, change_id, k1="keep")
    _current(session)[f"{FIRST}012"].name = "导入的名字"
    session.flush()
    with pytest.raises(SomethingNewer):
        undo(session, officer, change_id, rules=NEAREST, now=NOW)


def test_what_has_been_in_force_for_a_day_stays_on_record(session: Session, officer: Actor) -> None:
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, split_cell())
    save_draft(session, officer, change_id, k1="keep")
    with pytest.raises(InvalidInput, match="in_force_since"):
        undo(session, officer, change_id, rules=NEAREST, now=NOW + timedelta(days=1))


def test_a_change_in_force_is_turned_round_by_a_draft_and_its_days_stay_on_record(
    session: Session, officer: Actor
) -> None:
    lon, lat = middle_of(0, 0)
    issue_id = pinned(session, officer, (lon, lat + 0.2 * CELL_DEG))
    grounds = {code: row.boundary.desc for code, row in _current(session).items()}
    first = begin_draft(session, officer)
    draw(
        session,
        officer,
        first,
        split_cell(south=0.4),
        Merge(keys=(NORTH_EAST, "+1")),
        Rename(key=SOUTH_WEST, name="新名", name_en=None, code=f"{FIRST}039"),
    )
    save_draft(session, officer, first)
    later = NOW + timedelta(days=3)
    draft_id = begin_reversal(session, officer, first, now=later)
    day = TODAY + timedelta(days=3)
    said = preview(session, officer, draft_id, effective_on=day, decisions={}, rules=NEAREST, now=later)
    assert [(one.code, one.candidates) for one in said.vacancies] == [(SOUTH_WEST, ("示意leader001031",))]
    save_draft(session, officer, draft_id, on=day, now=later, k1="keep")
    assert {code: row.boundary.desc for code, row in _current(session, on=day).items()} == grounds
    assert f"{FIRST}039" in _current(session, on=TODAY)
    session.expire_all()
    assert session.get_one(IssueRow, issue_id).area_code == NORTH_WEST
    assert len(versions_of(session, NORTH_EAST)) == 3
    with pytest.raises(SomethingNewer):
        begin_reversal(session, officer, first, now=later)


def test_nobody_leaves_an_area_without_a_person_unseen(session: Session, officer: Actor) -> None:
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, split_cell())
    before = _rows(session)
    with pytest.raises(NobodyResponsible) as refused, session.begin_nested():
        save_draft(session, officer, change_id)
    assert refused.value.params["areas"] == f"{NORTH_WEST}·2"
    assert _rows(session) == before
    said = preview(session, officer, change_id, effective_on=TODAY, decisions={}, rules=NEAREST, now=NOW)
    (vacancy,) = said.vacancies
    assert (vacancy.code, vacancy.candidates) == (f"{FIRST}012", ("示意leader001011",))
    save_draft(session, officer, change_id, k1="vacant")
    assert session.scalars(select(AssignmentRow).where(AssignmentRow.area_code == f"{FIRST}012")).all() == []


def test_people_go_along_with_a_micro_grid_that_gets_another_grid_and_its_grids_follow(
    session: Session, officer: Actor
) -> None:
    change_id = begin_draft(session, officer)
    # Its own grid keeps a part; the southern piece goes to the grid below, which it borders on.
    draw(session, officer, change_id, split_cell(south=0.6))
    outcome = draw(session, officer, change_id, Transfer(key="+1", parent_key=f"{FIRST}030"))
    levels = {area.key: area.level for area in outcome.areas}
    assert levels[f"{FIRST}010"] == levels[f"{FIRST}030"] == "grid"
    said = save_draft(session, officer, change_id, k1="keep")
    assert {change.code for change in said.areas if change.is_consequence} == {f"{FIRST}010", f"{FIRST}030"}
    current, grids = _current(session), _current(session, "grid")
    assert current[f"{FIRST}032"].parent_id == grids[f"{FIRST}030"].id
    assert current[NORTH_WEST].parent_id == grids[f"{FIRST}010"].id
    assert current[SOUTH_WEST].parent_id == grids[f"{FIRST}030"].id
    second = begin_draft(session, officer)
    draw(session, officer, second, Transfer(key=f"{FIRST}032", parent_key=f"{FIRST}010"))
    save_draft(session, officer, second)
    held = session.scalars(
        select(AssignmentRow).where(
            AssignmentRow.area_code == f"{FIRST}012", AssignmentRow.valid_to.is_(None)
        )
    ).all()
    assert len(held) == 1


def test_a_stand_in_goes_along_and_comes_back(session: Session, officer: Actor) -> None:
    post = session.scalars(select(AssignmentRow).where(AssignmentRow.area_code == NORTH_WEST)).one()
    somebody = add_person(session, "standin")
    session.add(StandInRow(assignment_id=post.id, person_id=somebody.id, first_day=TODAY - timedelta(days=3)))
    before = _rows(session)
    change_id = begin_draft(session, officer)
    code = f"{FIRST}019"
    draw(session, officer, change_id, Rename(key=NORTH_WEST, name="新", name_en=None, code=code))
    save_draft(session, officer, change_id)

    def stand_ins() -> list[tuple[str | None, int]]:
        rows = session.execute(
            select(AssignmentRow.area_code, StandInRow.person_id)
            .join(StandInRow, StandInRow.assignment_id == AssignmentRow.id)
            .order_by(AssignmentRow.id)
        )
        return [(row.area_code, row.person_id) for row in rows]

    assert stand_ins() == [(NORTH_WEST, somebody.id), (code, somebody.id)]
    undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert stand_ins() == [(NORTH_WEST, somebody.id)]
    assert _rows(session) == before


def test_a_split_leaves_the_numbers_open_and_a_merge_adds_them_up(session: Session, officer: Actor) -> None:
    change_id = begin_draft(session, officer)
    draw(
        session,
        officer,
        change_id,
        # Two grids become one, whose micro-grids then become one.
        Merge(keys=(f"{FIRST}010", f"{FIRST}020")),
        Merge(keys=(NORTH_WEST, NORTH_EAST)),
        split_cell(0, 1, SOUTH_WEST),
    )
    said = save_draft(session, officer, change_id, k1="keep")
    current, grids = _current(session), _current(session, "grid")
    assert f"{FIRST}020" not in grids
    assert (grids[f"{FIRST}010"].household_count, current[NORTH_WEST].household_count) == (200, 200)
    assert current[SOUTH_WEST].household_count is None
    assert current[f"{FIRST}032"].household_count is None
    assert {change.key for change in said.areas if change.needs_counting} == {SOUTH_WEST, "+1"}


def test_a_change_of_a_later_day_waits_for_it(session: Session, officer: Actor) -> None:
    lon, lat = middle_of(0, 0)
    issue_id = pinned(session, officer, (lon, lat + 0.2 * CELL_DEG))
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, split_cell(south=0.4))
    day = TODAY + timedelta(days=10)
    said = save_draft(session, officer, change_id, on=day, k1="keep")
    assert said.issues_moved == 1
    assert session.get_one(IssueRow, issue_id).area_code == NORTH_WEST
    assert f"{FIRST}012" not in _current(session)
    assert f"{FIRST}012" in _current(session, on=day)
    # Nor does the map show it before.
    assert f"{FIRST}012" not in areas_geojson(session, "micro_grid", today=TODAY)
    assert f"{FIRST}012" in areas_geojson(session, "micro_grid", today=day)
    jobs = session.execute(
        text("SELECT args, scheduled_at FROM procrastinate_jobs WHERE task_name = 'boundaries_take_effect'")
    ).all()
    assert [(job.args, job.scheduled_at) for job in jobs] == [
        ({"change_id": change_id}, datetime(2026, 11, 29, 16, tzinfo=UTC))
    ]
    take_effect(session, change_id, now=NOW)  # too early
    session.expire_all()
    assert session.get_one(IssueRow, issue_id).area_code == NORTH_WEST
    on_the_day = NOW + timedelta(days=10)
    for _ in range(2):
        take_effect(session, change_id, now=on_the_day)
        session.expire_all()
        assert session.get_one(IssueRow, issue_id).area_code == f"{FIRST}012"


def test_a_later_change_can_be_undone_before_its_day(session: Session, officer: Actor) -> None:
    pinned(session, officer, middle_of(0, 0))
    before = _rows(session)
    change_id = begin_draft(session, officer)
    draw(session, officer, change_id, split_cell())
    save_draft(session, officer, change_id, on=TODAY + timedelta(days=10), k1="keep")
    undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert _rows(session) == before
    take_effect(session, change_id, now=NOW + timedelta(days=10))
    assert _rows(session) == before


def test_a_draft_whose_ground_was_changed_is_not_saved_over_it(session: Session, officer: Actor) -> None:
    mine, other = begin_draft(session, officer), begin_draft(session, officer)
    draw(session, officer, mine, split_cell())
    draw(session, officer, other, split_cell(south=0.3))
    save_draft(session, officer, other, k1="keep")
    for attempt in (
        lambda: save_draft(session, officer, mine, k1="keep"),
        lambda: draw(session, officer, mine, split_cell(1, 0, NORTH_EAST)),
        lambda: preview(session, officer, mine, effective_on=TODAY, decisions={}, rules=NEAREST, now=NOW),
    ):
        with pytest.raises(GroundChanged):
            attempt()
    assert load_draft(session, officer, mine).change.position == 1


def test_steps_go_back_and_forth_and_a_new_one_replaces_those_taken_back(
    session: Session, officer: Actor
) -> None:
    change_id = begin_draft(session, officer)
    for number in range(25):
        draw(session, officer, change_id, Rename(key=NORTH_WEST, name=f"名{number}", name_en=None, code=""))
    back = go_to_step(session, officer, change_id, position=3)
    assert [(area.key, area.name) for area in back.areas] == [(NORTH_WEST, "名2")]
    assert back.change.step_count == 25
    forth = go_to_step(session, officer, change_id, position=25)
    assert forth.areas[0].name == "名24"
    go_to_step(session, officer, change_id, position=1)
    with pytest.raises(DraftMovedOn):
        take_step(session, officer, change_id, split_cell(), position=25, now=NOW)
    outcome = draw(session, officer, change_id, split_cell())
    assert (outcome.change.position, outcome.change.step_count) == (2, 2)
    with pytest.raises(InvalidInput):
        go_to_step(session, officer, change_id, position=3)


def test_a_shared_corner_is_one_corner(session: Session, officer: Actor) -> None:
    corner = (round(WEST_DEG + CELL_DEG, 7), round(NORTH_DEG - CELL_DEG, 7))
    to = (corner[0] + 0.0001, corner[1] + 0.0001)
    change_id = begin_draft(session, officer)
    outcome = draw(session, officer, change_id, MoveCorners(level="micro_grid", moves=((corner, to),)))
    micro_grids = {area.key for area in outcome.areas if area.level == "micro_grid"}
    assert micro_grids == {NORTH_WEST, NORTH_EAST, SOUTH_WEST, f"{FIRST}041"}
    assert {area.key for area in outcome.areas if area.level == "grid"} == {
        f"{FIRST}0{number}0" for number in range(1, 5)
    }
    assert outcome.faults.overlap_m2 + outcome.faults.gap_m2 < 1e-3


def test_a_new_area_takes_its_ground_and_an_ended_one_leaves_a_gap_that_is_said(
    session: Session, officer: Actor
) -> None:
    lon, lat = middle_of(0, 0)
    d = 0.0002
    ring = ((lon - d, lat - d), (lon + d, lat - d), (lon + d, lat + d), (lon - d, lat + d))
    change_id = begin_draft(session, officer)
    outcome = draw(session, officer, change_id, Draw(level="micro_grid", name="市场", outline=ring, snap_m=1))
    assert {area.key for area in outcome.areas} == {"+1", NORTH_WEST}
    assert outcome.faults.gap_m2 < 1e-3
    outcome = draw(session, officer, change_id, End(key="+1"))
    assert outcome.faults.gap_m2 == pytest.approx((2 * d) ** 2 * 95_941 * 110_862, rel=1e-3)
    assert outcome.faults_before.gap_m2 == 0


def test_a_secretary_draws_inside_the_community_and_nowhere_else(session: Session, secretary: Actor) -> None:
    with pytest.raises(NotAllowed):
        begin_draft(session, secretary, focus=SUBDISTRICT)
    change_id = begin_draft(session, secretary, focus=FIRST)
    border = (round(WEST_DEG + 2 * CELL_DEG, 7), round(NORTH_DEG - CELL_DEG, 7))
    across = (border[0] + 0.0001, border[1])
    before = load_draft(session, secretary, change_id)
    for command in (
        MoveCorners(level="micro_grid", moves=((border, across),)),
        split_cell(2, 0, f"{SECOND}011"),
        Merge(keys=(f"{FIRST}010", f"{FIRST}020")),
        Rename(key=f"{FIRST}010", name="x", name_en=None, code=f"{FIRST}090"),
    ):
        with pytest.raises(OutsideYourArea):
            draw(session, secretary, change_id, command)
    assert load_draft(session, secretary, change_id) == before
    draw(session, secretary, change_id, split_cell())
    save_draft(session, secretary, change_id, k1="keep")


def test_only_the_author_steps_through_a_draft_and_others_of_the_ground_look(
    session: Session, officer: Actor, secretary: Actor
) -> None:
    other = actor_of(add_account(session, "other", role="community_secretary", area_codes=(SECOND,)))
    worker = actor_of(add_account(session, "worker", role="grid_worker", area_codes=(SUBDISTRICT,)))
    change_id = begin_draft(session, secretary, focus=FIRST)
    assert load_draft(session, officer, change_id).change.id == change_id
    with pytest.raises(NotYourDraft):
        take_step(session, officer, change_id, split_cell(), position=0, now=NOW)
    with pytest.raises(NotYourDraft):
        discard(session, officer, change_id)
    for stranger, error in ((other, NotFound), (worker, NotAllowed)):
        with pytest.raises(error):
            load_draft(session, stranger, change_id)
    assert [line.id for line in list_drafts(session, officer)] == [change_id]
    assert list_drafts(session, other) == []
    discard(session, secretary, change_id)
    with pytest.raises(NotADraft):
        take_step(session, secretary, change_id, split_cell(), position=0, now=NOW)


def test_a_zone_is_edited_alone(session: Session, secretary: Actor) -> None:
    issue_id = pinned(session, secretary, middle_of(0, 0))
    before = _rows(session)
    change_id = begin_draft(session, secretary, kind=ChangeKind.ZONES, focus=FIRST)
    lat = NORTH_DEG - CELL_DEG
    line = ((WEST_DEG - 0.0001, lat), (WEST_DEG + 2.1 * CELL_DEG, lat))
    outcome = draw(session, secretary, change_id, Split(key="Z1", line=line, snap_m=1))
    assert {area.level for area in outcome.areas} == {"zone"}
    with pytest.raises(OutsideYourArea):
        draw(session, secretary, change_id, Rename(key="Z2", name="别人的", name_en=None, code=""))
    said = save_draft(session, secretary, change_id, k1="vacant")
    assert {change.level for change in said.areas} == {"zone"}
    assert len(_rows(session)[0]) == len(before[0])
    assert len(_rows(session)[1]) == len(before[1]) + 2
    assert session.get_one(IssueRow, issue_id).zone_code is not None
    undo(session, secretary, change_id, rules=NEAREST, now=NOW)
    assert _rows(session) == before


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Split(key=NORTH_WEST, line=((0, 0), (1, 1)), snap_m=1), "line_does_not_cross"),
        (Merge(keys=(NORTH_WEST, f"{FIRST}041")), "not_neighbours"),
        (Merge(keys=(NORTH_WEST, f"{FIRST}010")), "different_levels"),
        (Merge(keys=(FIRST, SECOND)), "level_is_fixed"),
        (Reshape(key=f"{FIRST}010", line=line_across(0, 0), snap_m=1), "follows_its_parts"),
        (MoveCorners(level="micro_grid", moves=(((0, 0), (1, 1)),)), "no_corner_there"),
        (End(key=f"{FIRST}010"), "has_parts"),
        (Transfer(key=NORTH_WEST, parent_key=f"{FIRST}010"), "nothing_changes"),
        (Transfer(key=NORTH_WEST, parent_key=f"{FIRST}020"), "would_swallow"),
        (Rename(key=NORTH_WEST, name="x", name_en=None, code=NORTH_EAST), "code_in_use"),
        (Rename(key=NORTH_WEST, name="x", name_en=None, code="12"), "code_does_not_fit"),
        (Rename(key=NORTH_WEST, name="x", name_en=None, code=f"{FIRST}029"), "code_of_another_parent"),
        (
            Draw(level="micro_grid", name="x", outline=((0, 0), (0, 1), (1, 1)), snap_m=1),
            "no_parent",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason_and_changes_nothing(
    session: Session, officer: Actor, command: EditCommand, reason: str
) -> None:
    change_id = begin_draft(session, officer)
    with pytest.raises((EditRefused, InvalidInput), match=reason):
        take_step(session, officer, change_id, command, position=0, now=NOW)
    assert load_draft(session, officer, change_id).change.position == 0


def test_bad_beginnings_and_endings(session: Session, officer: Actor) -> None:
    with pytest.raises(InvalidInput, match="in_the_past"):
        begin_draft(session, officer, on=TODAY - timedelta(days=1))
    with pytest.raises(NotFound):
        begin_draft(session, officer, focus=f"{SUBDISTRICT}777")
    change_id = begin_draft(session, officer)
    with pytest.raises(NothingChanged):
        save_draft(session, officer, change_id)
    with pytest.raises(NotFound):
        draw(session, officer, change_id, End(key="不存在"))
    draw(session, officer, change_id, split_cell())
    with pytest.raises(InvalidInput, match="required"):
        save(
            session,
            officer,
            change_id,
            position=1,
            effective_on=TODAY,
            reason="  ",
            decisions={},
            rules=NEAREST,
            now=NOW,
        )


def test_another_schemes_areas_are_left_alone(session: Session, world: World, officer: Actor) -> None:
    before = len(_current(session))
    change_id = begin_draft(session, officer)
    draft = load_draft(session, officer, change_id)
    assert len(draft.areas) == 1 + 2 + 8 + 8
    assert before == 8
    add_area(session, world.scheme, level="micro_grid", code=f"{FIRST}01Z", boundary=cell(9, 9))
    assert len(load_draft(session, officer, change_id).areas) == 20
