"""The inbox by the API: one's own, unread first, read once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.use_cases.notifications import notify_about_issue
from gridmap.web.api.openapi import openapi_document
from tests.factories import SUBDISTRICT, add_account, add_world, middle_of
from tests.reports import NOW, report_body
from tests.web.api_client import Program, program_of

FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
WAITING = text("SELECT args FROM procrastinate_jobs WHERE task_name = 'notify_about_issue' ORDER BY id")


@pytest.fixture
def told(app: Flask, session: Session) -> dict[str, Program]:
    """Two secretaries; an issue was pinned in the community of the first."""
    add_world(session)
    programs = {
        code: program_of(
            app, session, add_account(session, code, role="community_secretary", area_codes=(code,))
        )
        for code in (FIRST, SECOND)
    }
    worker = program_of(app, session, add_account(session, "worker", area_codes=(f"{FIRST}010",)))
    assert worker.post("/issues", report_body(*middle_of(0, 0))).status_code == 201
    for ids in session.scalars(WAITING).all():
        notify_about_issue(session, UUID(ids["issue_id"]), event_seq=ids["event_seq"], now=NOW)
    return programs


def _unread(program: Program) -> dict[str, Any]:
    body = program.get("/notifications").json
    assert body is not None
    return body


def test_a_secretary_sees_what_is_new_and_another_does_not(told: dict[str, Program]) -> None:
    body = _unread(told[FIRST])
    assert body["unread_count"] == 1
    word = body["notifications"][0]
    assert (word["kind"], word["by"], word["issue"]["state"]) == ("created", "示意 worker", "submitted")
    assert told[FIRST].get(f"/issues/{word['issue']['number']}").status_code == 200
    assert _unread(told[SECOND]) == {"notifications": [], "unread_count": 0}


def test_it_is_marked_read_by_its_owner_only_and_once(told: dict[str, Program]) -> None:
    word = _unread(told[FIRST])["notifications"][0]["id"]
    assert told[SECOND].post(f"/notifications/{word}/read", {}).status_code == 404
    assert _unread(told[FIRST])["unread_count"] == 1
    answers = [told[FIRST].post(f"/notifications/{word}/read", {}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json == {"id": word, "read_at": NOW.isoformat()}
    assert _unread(told[FIRST]) == {"notifications": [], "unread_count": 0}


@pytest.mark.parametrize("key", ["0", "999999999", "9223372036854775807", "9" * 30, "x", "-1", "1.5"])
def test_an_unknown_notification_is_not_found(told: dict[str, Program], key: str) -> None:
    answer = told[FIRST].post(f"/notifications/{key}/read", {})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_an_argument_that_the_list_does_not_know_is_refused(told: dict[str, Program]) -> None:
    answer = told[FIRST].get("/notifications?account=2")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["field"] == "account"


def test_the_answer_holds_what_the_description_promises(told: dict[str, Program]) -> None:
    schemas = openapi_document()["components"]["schemas"]
    body = _unread(told[FIRST])
    assert set(body) == set(schemas["Unread"]["properties"])
    word = body["notifications"][0]
    assert set(word) == set(schemas["Notification"]["properties"])
    assert set(word["issue"]) == set(schemas["Notification"]["properties"]["issue"]["properties"])
