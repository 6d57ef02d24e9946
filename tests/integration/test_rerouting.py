"""A7: borders were redrawn, and the open issues follow; what they had stays in their history."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from geoalchemy2.shape import to_shape
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import InvalidAreaCode, SchemeAbsent
from gridmap.domain.errors import NotAllowed
from gridmap.domain.issue_input import parse_edit
from gridmap.domain.permissions import Actor
from gridmap.queries.issue_detail import issue_detail
from gridmap.queries.notifications import unread_notifications
from gridmap.storage.tables import AreaRow, IssueEventRow, IssueRow, PersonRow
from gridmap.use_cases.issues import RoutingRules, create_issue, edit_issue
from gridmap.use_cases.rerouting import RerouteCounts, reroute_open_issues
from tests.factories import (
    NORTH_DEG,
    SUBDISTRICT,
    WEST_DEG,
    World,
    add_account,
    add_area,
    add_world,
    assign,
    middle_of,
)
from tests.reports import NEAREST, NOW, REFUSE, actor_of, pinned, report
from tests.statements import counted

TODAY = date(2026, 11, 21)
LATER = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
OUTSIDE = (WEST_DEG - 0.002, NORTH_DEG - 0.0005)


@pytest.fixture
def world(session: Session) -> World:
    return add_world(session)


@pytest.fixture
def officer(session: Session, world: World) -> Actor:
    return actor_of(add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


@pytest.fixture
def planner(session: Session, world: World) -> Actor:
    return actor_of(add_account(session, "planner", role="planner", area_codes=(SUBDISTRICT,)))


def _reroute(
    session: Session, actor: Actor | None = None, *, rules: RoutingRules = NEAREST, **options: object
) -> RerouteCounts:
    session.flush()
    return reroute_open_issues(
        session,
        actor or Actor.system(),
        rules=rules,
        now=LATER,
        progress=lambda *_: None,
        **options,  # type: ignore[arg-type]
    )


def _exchange(session: Session, world: World, one: AreaRow, other: AreaRow) -> None:
    """From today on, two micro-grids have each other's ground."""
    grounds = {one.id: to_shape(other.boundary), other.id: to_shape(one.boundary)}
    for area in (one, other):
        area.valid_to = TODAY
    session.flush()
    for area in (one, other):
        parent = session.get_one(AreaRow, area.parent_id)
        add_area(
            session,
            world.scheme,
            level="micro_grid",
            code=area.code,
            boundary=grounds[area.id].geoms[0],
            parent=parent,
            name=f"新{area.code}",
            valid_from=TODAY,
        )


def _row(session: Session, issue_id: object) -> IssueRow:
    session.expire_all()
    return session.get_one(IssueRow, issue_id)


def _history(session: Session, issue_id: object) -> list[tuple[str, str | None, int | None]]:
    rows = session.scalars(
        select(IssueEventRow).where(IssueEventRow.issue_id == issue_id).order_by(IssueEventRow.seq)
    )
    return [(row.kind, row.payload.get("area_code"), row.actor_account_id) for row in rows]


def test_a7_open_issues_follow_the_redrawn_borders_and_keep_their_old_areas_in_the_history(
    session: Session, world: World, officer: Actor, planner: Actor
) -> None:
    moved = pinned(session, officer, middle_of(0, 0))
    stays = pinned(session, officer, middle_of(1, 1))
    _exchange(session, world, world.micro_grids[0], world.micro_grids[1])
    counts = _reroute(session, planner, area_code=SUBDISTRICT)
    assert counts == RerouteCounts(looked_at=2, moved=1, unchanged=1)
    row = _row(session, moved)
    assert (row.area_code, row.micro_grid_code, row.grid_code) == (
        f"{FIRST}021",
        f"{FIRST}021",
        f"{FIRST}020",
    )
    assert (row.community_code, row.zone_code, row.version) == (FIRST, "Z1", 2)
    assert _history(session, moved) == [
        ("created", None, officer.account_id),
        ("routed", f"{FIRST}011", officer.account_id),
        ("routed", f"{FIRST}021", planner.account_id),
    ]
    assert (_row(session, stays).version, len(_history(session, stays))) == (1, 2)
    # The detail names the areas as they are called since the borders were redrawn.
    assert issue_detail(session, officer, moved, today=TODAY).areas[-1].name == f"新{FIRST}021"
    assert issue_detail(session, officer, stays, today=TODAY).areas[-1].name == f"{FIRST}041"


def test_a7_the_same_again_changes_nothing(session: Session, world: World, officer: Actor) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    _exchange(session, world, world.micro_grids[0], world.micro_grids[1])
    assert _reroute(session).moved == 1
    assert _reroute(session) == RerouteCounts(looked_at=1, unchanged=1)
    assert (_row(session, issue_id).version, len(_history(session, issue_id))) == (2, 3)


def test_a7_an_editor_who_saw_the_old_areas_is_told_of_the_change(
    session: Session, world: World, officer: Actor
) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    _exchange(session, world, world.micro_grids[0], world.micro_grids[1])
    _reroute(session)
    with pytest.raises(Exception, match=r"issue\.stale_version"):
        edit_issue(
            session, officer, issue_id, parse_edit({"version": 1, "note": "x"}), rules=NEAREST, now=LATER
        )


@pytest.mark.parametrize("state", ["closed", "returned"])
def test_a7_a_finished_issue_keeps_the_areas_of_its_day(
    session: Session, world: World, officer: Actor, state: str
) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    _row(session, issue_id).state = state
    _exchange(session, world, world.micro_grids[0], world.micro_grids[1])
    assert _reroute(session) == RerouteCounts()
    assert _row(session, issue_id).area_code == f"{FIRST}011"


def test_a7_an_issue_gets_what_a_pin_at_its_place_would_get_now(
    session: Session, world: World, officer: Actor
) -> None:
    places = [middle_of(column, row) for column in range(4) for row in range(2)]
    corners = ((0.001, 0.001), (0, 0), (0.002, 0), (0.002, 0.001))
    places += [OUTSIDE, *((WEST_DEG + east, NORTH_DEG - south) for east, south in corners)]
    before = [pinned(session, officer, place) for place in places]
    assert _reroute(session) == RerouteCounts(looked_at=len(places), unchanged=len(places))
    _exchange(session, world, world.micro_grids[1], world.micro_grids[4])
    world.micro_grids[3].valid_to = TODAY
    # The posts of the day count, too.
    session.execute(text("UPDATE assignment SET valid_to = :day WHERE zone_code = 'Z1'"), {"day": TODAY})
    assert _reroute(session).moved > 0
    fresh = [create_issue(session, officer, report(*place), rules=NEAREST, now=LATER)[0] for place in places]
    columns = ("scheme_id", "community_code", "grid_code", "micro_grid_code", "area_code", "zone_code")
    for old, new in zip(before, fresh, strict=True):
        one, other = _row(session, old), _row(session, new)
        assert [getattr(one, name) for name in columns] == [getattr(other, name) for name in columns]
        assert one.responsible_person_id == other.responsible_person_id
        assert one.routing == other.routing


def test_a7_without_any_area_left_issues_are_counted_and_belong_to_nobody(
    session: Session, world: World, officer: Actor
) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    session.execute(text("UPDATE area SET valid_to = :day"), {"day": TODAY})
    assert _reroute(session) == RerouteCounts(looked_at=1, moved=1, without_area=1)
    row = _row(session, issue_id)
    assert (row.area_code, row.scheme_id, row.responsible_person_id) == ("", None, None)
    assert row.routing["warnings"] == ["nobody_responsible"]
    assert _reroute(session) == RerouteCounts(looked_at=1, unchanged=1, without_area=1)


def test_a7_outside_every_area_the_nearest_answers_if_the_rules_say_so_and_never_for_a_registers_points(
    session: Session, world: World, officer: Actor
) -> None:
    pin, old_register = pinned(session, officer, OUTSIDE), pinned(session, officer, OUTSIDE)
    _row(session, old_register).source = "import"
    assert _reroute(session) == RerouteCounts(looked_at=2, moved=1, unchanged=1, without_area=1)
    assert _row(session, pin).area_code == f"{FIRST}011"
    assert _row(session, old_register).area_code == ""
    assert _reroute(session, rules=REFUSE).without_area == 2
    assert _row(session, pin).area_code == ""


def test_a7_a_handover_counts_as_other_people_and_the_new_person_is_told_once(
    session: Session, world: World, officer: Actor
) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    other = pinned(session, officer, middle_of(2, 0))
    successor = PersonRow(code="new", name="示意新")
    session.add(successor)
    session.flush()
    account = add_account(session, "new", area_codes=(f"{FIRST}010",), person=successor)
    session.execute(text("UPDATE assignment SET valid_to = :day WHERE zone_code = 'Z1'"), {"day": TODAY})
    assign(session, successor, "zone_responsible", zone_code="Z1", valid_from=TODAY)
    assert _reroute(session) == RerouteCounts(looked_at=2, reassigned=1, unchanged=1)
    _reroute(session)
    assert _row(session, issue_id).responsible_person_id == successor.id
    assert _row(session, other).version == 1
    inbox = unread_notifications(session, actor_of(account))
    assert [(word.kind, word.issue_id) for word in inbox.items] == [("routed", issue_id)]


def test_a7_only_the_issues_of_an_area_are_looked_at_when_it_is_named(
    session: Session, world: World, officer: Actor
) -> None:
    for column in range(4):
        pinned(session, officer, middle_of(column, 0))
    assert _reroute(session, area_code=FIRST).looked_at == 2
    assert _reroute(session, area_code=f"{FIRST}020").looked_at == 1
    assert _reroute(session).looked_at == 4
    with pytest.raises(InvalidAreaCode):
        _reroute(session, area_code="四二零")


def test_a7_a_scheme_routes_its_own_issues_by_its_own_areas(
    session: Session, world: World, officer: Actor
) -> None:
    pinned(session, officer, middle_of(0, 0))
    assert _reroute(session, scheme_code="test_grid") == RerouteCounts(looked_at=1, unchanged=1)
    with pytest.raises(SchemeAbsent):
        _reroute(session, scheme_code="nowhere")


def test_a7_only_who_may_import_layers_there_may_reroute(
    session: Session, world: World, officer: Actor, planner: Actor
) -> None:
    with pytest.raises(NotAllowed):
        _reroute(session, officer, area_code=SUBDISTRICT)
    with pytest.raises(NotAllowed):
        _reroute(session, planner, area_code="420106998")
    with pytest.raises(NotAllowed):
        _reroute(session, planner)
    assert _reroute(session, planner, area_code=SUBDISTRICT) == RerouteCounts()


def test_a7_the_cost_goes_by_blocks_not_by_issues(session: Session, world: World, officer: Actor) -> None:
    for column in range(4):
        for _ in range(5):
            pinned(session, officer, middle_of(column, 0))
    pinned(session, officer, OUTSIDE)
    _exchange(session, world, world.micro_grids[0], world.micro_grids[1])
    _exchange(session, world, world.micro_grids[4], world.micro_grids[5])
    session.flush()
    with counted(session.connection()) as one_block:
        # The last pin is given to the nearest: every kind of statement is there.
        assert _reroute(session).looked_at == 21
    assert one_block.count <= 8
    session.execute(text("UPDATE issue SET routing = '{}', area_code = ''"))
    with counted(session.connection()) as three_blocks:
        assert _reroute(session, block_length=7).moved == 21
    assert three_blocks.count <= 3 * 7 + 2


def test_a7_the_demos_issues_have_what_rerouting_would_give_them(demo_session: Session) -> None:
    """Pins one by one and issues in bulk are routed by the same rules, on ground that looks real."""
    demo_session.execute(text("UPDATE issue SET state = 'handling', closed_at = NULL"))
    with counted(demo_session.connection()) as seen:
        counts = reroute_open_issues(
            demo_session, Actor.system(), rules=NEAREST, now=NOW, progress=lambda *_: None
        )
    assert counts == RerouteCounts(looked_at=counts.looked_at, unchanged=counts.looked_at)
    assert counts.looked_at > 1_000
    assert seen.count <= 5
