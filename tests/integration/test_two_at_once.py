"""What only two real connections can show: S9 and S10 with real commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from gridmap.domain.errors import Conflict
from gridmap.domain.issue_input import parse_edit, parse_report
from gridmap.domain.issues import IssueId
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Actor
from gridmap.storage.engine import make_engine, make_sessions
from gridmap.storage.tables import AssignmentRow, IssueEventRow, IssueRow
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.issues import create_issue, edit_issue
from gridmap.use_cases.post_changes import Terms
from gridmap.use_cases.posts import hand_over_posts
from tests.factories import SUBDISTRICT, add_account, add_person, add_world, middle_of
from tests.reports import NEAREST, NOW, actor_of, pinned, report_body
from tests.statements import job_count

pytestmark = pytest.mark.committed


@pytest.fixture
def sessions(committed_database: str) -> Generator[sessionmaker[Session]]:
    engine = make_engine(committed_database, pool_size=8)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def officer(sessions: sessionmaker[Session]) -> Actor:
    with unit_of_work(sessions) as session:
        add_world(session)
        return actor_of(
            add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,))
        )


def _at_once(count: int, work: Callable[[int], str]) -> Counter[str]:
    """Run the work in so many threads, started together; an error counts by its code."""
    start = Barrier(count)

    def run(number: int) -> str:
        start.wait()
        try:
            return work(number)
        except Conflict as conflict:
            return conflict.code

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(run, range(count)))


def test_s10_the_same_report_sent_eight_times_at_once_is_one_issue(
    sessions: sessionmaker[Session], officer: Actor
) -> None:
    for _ in range(5):
        body = report_body(*middle_of(0, 0))

        def send(_: int, body: dict[str, object] = body) -> str:
            with unit_of_work(sessions) as session:
                report = parse_report(body, now=NOW)
                return create_issue(session, officer, report, rules=NEAREST, now=NOW)[1].value

        assert _at_once(8, send) == {"created": 1, "repeated": 7}
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(IssueRow)) == 5
        assert session.scalar(select(func.count()).select_from(IssueEventRow)) == 10
        assert job_count(session) == 5


def test_s10_of_two_different_reports_under_one_id_at_once_one_is_refused(
    sessions: sessionmaker[Session], officer: Actor
) -> None:
    body = report_body(*middle_of(0, 0))

    def send(number: int) -> str:
        with unit_of_work(sessions) as session:
            report = parse_report({**body, "description": f"第 {number} 种说法"}, now=NOW)
            return create_issue(session, officer, report, rules=NEAREST, now=NOW)[1].value

    assert _at_once(4, send) == {"created": 1, "issue.client_id_reused": 3}


def test_s9_of_editors_at_once_one_wins_and_the_others_get_a_conflict(
    sessions: sessionmaker[Session], officer: Actor
) -> None:
    with unit_of_work(sessions) as session:
        issue_id: IssueId = pinned(session, officer, middle_of(0, 0))
    rounds = 20
    for version in range(1, rounds + 1):

        def edit(number: int, version: int = version) -> str:
            with unit_of_work(sessions) as session:
                command = parse_edit({"version": version, "note": f"{version}.{number}"})
                edit_issue(session, officer, issue_id, command, rules=NEAREST, now=NOW)
                return "won"

        assert _at_once(4, edit) == {"won": 1, "issue.stale_version": 3}
    with sessions() as session:
        row = session.get_one(IssueRow, issue_id)
        events = session.scalars(
            select(IssueEventRow).where(IssueEventRow.issue_id == issue_id).order_by(IssueEventRow.seq)
        ).all()
        assert row.version == rounds + 1
        assert [event.seq for event in events] == list(range(1, rounds + 3))


def test_a_write_that_fails_leaves_neither_issue_nor_event_nor_job(
    sessions: sessionmaker[Session], officer: Actor
) -> None:
    class Interrupted(Exception):
        pass

    def pin_and_die() -> None:
        with unit_of_work(sessions) as session:
            pinned(session, officer, middle_of(0, 0))
            raise Interrupted

    with pytest.raises(Interrupted):
        pin_and_die()
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(IssueRow)) == 0
        assert session.scalar(select(func.count()).select_from(IssueEventRow)) == 0
        assert job_count(session) == 0


def test_of_two_handovers_at_once_one_wins_and_the_other_is_told(
    sessions: sessionmaker[Session], officer: Actor
) -> None:
    with unit_of_work(sessions) as session:
        rivals = [add_person(session, f"rival{number}").id for number in range(2)]
        issue_id = pinned(session, officer, middle_of(0, 0))
        post = session.scalars(select(AssignmentRow).where(AssignmentRow.zone_code == "Z1")).one()
        versions = {post.id: post.version}
    terms = Terms(rules=NEAREST, now=NOW, confirmed=())

    def hand_over(number: int) -> str:
        with unit_of_work(sessions) as session:
            hand_over_posts(
                session,
                officer,
                versions,
                to_person_id=rivals[number],
                from_day=office_day(NOW),
                terms=terms,
            )
        return "done"

    assert _at_once(2, hand_over) == {"done": 1, "posts.changed": 1}
    with sessions() as session:
        query = select(AssignmentRow.person_id).where(
            AssignmentRow.zone_code == "Z1", AssignmentRow.valid_to.is_(None)
        )
        holder = session.scalars(query).one()
        assert session.get_one(IssueRow, issue_id).responsible_person_id == holder
