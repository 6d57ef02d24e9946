"""Who is told of what happens to an issue, and once only."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound, NotSignedIn
from gridmap.domain.issue_input import parse_edit
from gridmap.domain.permissions import Actor
from gridmap.queries.notifications import unread_notifications
from gridmap.storage.tables import AccountRow
from gridmap.use_cases.issues import edit_issue
from gridmap.use_cases.notifications import mark_read, notify_about_issue
from tests.factories import (
    NORTH_DEG,
    SUBDISTRICT,
    WEST_DEG,
    World,
    add_account,
    add_world,
    assign,
    middle_of,
)
from tests.reports import NEAREST, NOW, actor_of, pinned
from tests.statements import counted

FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
LATER = NOW.replace(hour=5)
WAITING = text("SELECT args FROM procrastinate_jobs WHERE task_name = 'notify_about_issue' ORDER BY id")


@pytest.fixture
def world(session: Session) -> World:
    return add_world(session)


@pytest.fixture
def officer(session: Session, world: World) -> Actor:
    return actor_of(add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


def _secretary(session: Session, community: str) -> AccountRow:
    return add_account(session, f"secretary-{community}", role="community_secretary", area_codes=(community,))


def _run_jobs(session: Session) -> None:
    """Run every job that was ever asked for, also those that ran before."""
    for ids in session.scalars(WAITING).all():
        notify_about_issue(session, UUID(ids["issue_id"]), event_seq=ids["event_seq"], now=NOW)


def _inbox(session: Session, account: AccountRow) -> list[tuple[str, str | None]]:
    found = unread_notifications(session, actor_of(account))
    assert found.total_count == len(found.items)
    return [(item.kind, item.payload.get("to")) for item in found.items]


def _step(session: Session, actor: Actor, issue_id: object, version: int, **changes: object) -> None:
    command = parse_edit({"version": version, **changes})
    edit_issue(session, actor, issue_id, command, rules=NEAREST, now=NOW)  # type: ignore[arg-type]


def test_the_responsible_person_and_the_own_communitys_secretary_are_told(
    session: Session, world: World, officer: Actor
) -> None:
    zone_person = add_account(session, "zone", person=world.people["zone_responsible", "Z1"])
    own, other = _secretary(session, FIRST), _secretary(session, SECOND)
    pinned(session, officer, middle_of(0, 0))
    _run_jobs(session)
    assert _inbox(session, zone_person) == _inbox(session, own) == [("created", None)]
    assert _inbox(session, other) == []


def test_a_pin_outside_every_grid_is_told_to_the_secretary_of_the_nearest_community(
    session: Session, world: World, officer: Actor
) -> None:
    own, other = _secretary(session, FIRST), _secretary(session, SECOND)
    issue_id = pinned(session, officer, (WEST_DEG - 0.002, NORTH_DEG - 0.0005))
    match = session.scalar(text("SELECT routing ->> 'match' FROM issue WHERE id = :id"), {"id": issue_id})
    assert match == "nearest"
    _run_jobs(session)
    assert (_inbox(session, own), _inbox(session, other)) == ([("created", None)], [])


def test_each_step_is_told_and_a_job_that_runs_twice_tells_nobody_twice(
    session: Session, world: World, officer: Actor
) -> None:
    own = _secretary(session, FIRST)
    issue_id = pinned(session, officer, middle_of(0, 0))
    _step(session, officer, issue_id, 1, state="handling")
    _step(session, officer, issue_id, 2, note="只是记一笔")
    _step(session, officer, issue_id, 3, state="to_rate", note="清理完毕")
    _step(session, officer, issue_id, 4, state="handling", note="还没干净")
    for _ in range(2):
        _run_jobs(session)
        assert sorted(_inbox(session, own), key=str) == [
            ("created", None),
            ("state_changed", "handling"),
            ("state_changed", "handling"),
            ("state_changed", "to_rate"),
        ]


def test_nobody_is_told_of_what_they_did_themselves(session: Session, world: World) -> None:
    own = _secretary(session, FIRST)
    pinned(session, actor_of(own), middle_of(0, 0))
    _run_jobs(session)
    assert _inbox(session, own) == []


def test_an_inactive_account_is_not_told(session: Session, world: World, officer: Actor) -> None:
    own = _secretary(session, FIRST)
    own.is_active = False
    session.flush()
    pinned(session, officer, middle_of(0, 0))
    _run_jobs(session)
    own.is_active = True
    session.flush()
    assert _inbox(session, own) == []


def test_what_is_read_is_gone_from_the_list_and_stays_read_as_of_the_first_time(
    session: Session, world: World, officer: Actor
) -> None:
    own = _secretary(session, FIRST)
    for _ in range(3):
        pinned(session, officer, middle_of(0, 0))
    _run_jobs(session)
    actor = actor_of(own)
    first = unread_notifications(session, actor, limit=2)
    assert (len(first.items), first.total_count) == (2, 3)
    word = first.items[0].id
    assert mark_read(session, actor, word, now=NOW) == NOW
    assert mark_read(session, actor, word, now=LATER) == NOW
    assert word not in [item.id for item in unread_notifications(session, actor).items]
    assert len(_inbox(session, own)) == 2


def test_only_ones_own_words_can_be_marked(session: Session, world: World, officer: Actor) -> None:
    own, other = _secretary(session, FIRST), _secretary(session, SECOND)
    pinned(session, officer, middle_of(0, 0))
    _run_jobs(session)
    word = unread_notifications(session, actor_of(own)).items[0].id
    with pytest.raises(NotFound):
        mark_read(session, actor_of(other), word, now=NOW)
    with pytest.raises(NotFound):
        mark_read(session, actor_of(own), word + 1, now=NOW)
    with pytest.raises(NotSignedIn):
        mark_read(session, Actor.visitor(), word, now=NOW)
    assert len(_inbox(session, own)) == 1


def test_what_has_left_ones_areas_is_told_no_more(session: Session, world: World, officer: Actor) -> None:
    own = _secretary(session, FIRST)
    issue_id = pinned(session, officer, middle_of(0, 0))
    _run_jobs(session)
    _step(session, officer, issue_id, 1, location={"lon": middle_of(3, 0)[0], "lat": middle_of(3, 0)[1]})
    _run_jobs(session)
    assert _inbox(session, own) == []


def test_a_word_about_an_issue_outside_ones_areas_is_there_for_the_responsible_person(
    session: Session, world: World, officer: Actor
) -> None:
    person = world.people["zone_responsible", "Z2"]
    assign(session, person, "zone_responsible", zone_code="Z1", valid_from=world.scheme.valid_from)
    account = add_account(session, "helper", area_codes=(f"{FIRST}010",), person=person)
    pinned(session, officer, middle_of(2, 0))
    _run_jobs(session)
    assert _inbox(session, account) == [("created", None)]


def test_the_inbox_is_read_in_one_statement(session: Session, world: World, officer: Actor) -> None:
    own = _secretary(session, FIRST)
    for _ in range(5):
        pinned(session, officer, middle_of(0, 0))
    _run_jobs(session)
    actor = actor_of(own)
    with counted(session.connection()) as seen:
        assert len(unread_notifications(session, actor).items) == 5
    assert seen.count == 1
