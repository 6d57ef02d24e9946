"""P4: without an account an issue's id tells whether it is open, and the days; nothing else."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from gridmap.domain.issue_input import parse_edit
from gridmap.domain.issues import IssueId
from gridmap.domain.permissions import Actor
from gridmap.use_cases.issues import edit_issue
from tests.factories import SUBDISTRICT, add_account, add_category, add_world, middle_of
from tests.reports import NEAREST, actor_of, pinned

LATE_EVENING = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
"""Already the 23rd on the office's clock."""


@pytest.fixture
def officer(session: Session) -> Actor:
    add_world(session)
    return actor_of(add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


def _step(session: Session, officer: Actor, issue_id: IssueId, version: int, state: str) -> None:
    command = parse_edit({"version": version, "state": state, "note": "说明"})
    edit_issue(session, officer, issue_id, command, rules=NEAREST, now=LATE_EVENING)


def test_p4_an_open_issue_is_open_since_its_day_and_nothing_else_is_told(
    client: FlaskClient, session: Session, officer: Actor
) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    _step(session, officer, issue_id, 1, "handling")
    answer = client.get(f"/api/v1/public/issues/{issue_id}")
    assert answer.status_code == 200
    assert answer.json == {"status": "open", "reported_on": "2026-11-20", "closed_on": None}


@pytest.mark.parametrize("steps", [("handling", "to_rate", "closed"), ("returned",)])
def test_p4_a_finished_issue_is_closed_on_its_day(
    client: FlaskClient, session: Session, officer: Actor, steps: tuple[str, ...]
) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    for version, state in enumerate(steps, start=1):
        _step(session, officer, issue_id, version, state)
    answer = client.get(f"/api/v1/public/issues/{issue_id}")
    assert answer.json == {"status": "closed", "reported_on": "2026-11-20", "closed_on": "2026-11-23"}


def test_p4_a_reopened_issue_is_open_again(client: FlaskClient, session: Session, officer: Actor) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    for version, state in enumerate(("handling", "to_rate", "closed", "handling"), start=1):
        _step(session, officer, issue_id, version, state)
    answer = client.get(f"/api/v1/public/issues/{issue_id}")
    assert answer.json == {"status": "open", "reported_on": "2026-11-20", "closed_on": None}


def test_p4_a_category_that_is_not_public_is_not_given_away(
    client: FlaskClient, session: Session, officer: Actor
) -> None:
    add_category(session, "06099", is_public=False)
    issue_id = pinned(session, officer, middle_of(0, 0), category="06099")
    assert set(client.get(f"/api/v1/public/issues/{issue_id}").json or {}) == {
        "status",
        "reported_on",
        "closed_on",
    }


def test_p4_an_unknown_issue_or_its_number_is_not_found(
    client: FlaskClient, session: Session, officer: Actor
) -> None:
    pinned(session, officer, middle_of(0, 0))
    for key in (str(uuid.uuid4()), "2026-000001", "x"):
        answer = client.get(f"/api/v1/public/issues/{key}")
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_p4_nothing_can_be_written_there(client: FlaskClient, session: Session, officer: Actor) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.open(f"/api/v1/public/issues/{issue_id}", method=method).status_code in (400, 405)
