"""Signing in and out: who comes in, for how long, and where to."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from gridmap import bootstrap
from gridmap.settings import Settings
from gridmap.storage.tables import AccountRow
from gridmap.use_cases.accounts import FAILURES_BEFORE_LOCK, hash_password
from gridmap.web.auth import AFTER_SIGN_IN, safe_next
from tests.conftest import NOW
from tests.factories import SUBDISTRICT, add_account, add_world
from tests.web.browser_client import PASSWORD, Person


class Clock:
    """The present, as the test wants it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **step: float) -> None:
        self.now += timedelta(**step)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed_app(session: Session, clock: Clock, tmp_path: Path) -> Flask:
    """The application on the test's own clock; a session ends after an hour without a request."""
    settings = Settings(secret_key="tests", data_dir=tmp_path, session_idle_minutes=60)
    sessions = sessionmaker(
        session.connection(), expire_on_commit=False, join_transaction_mode="create_savepoint"
    )
    return bootstrap.make_app(settings, sessions, clock=clock)


@pytest.fixture
def account(session: Session) -> AccountRow:
    add_world(session)
    made = add_account(
        session, "worker", area_codes=(f"{SUBDISTRICT}001010",), password_hash=hash_password(PASSWORD)
    )
    session.commit()
    return made


@pytest.fixture
def person(timed_app: Flask, account: AccountRow) -> Person:
    return Person(timed_app)


def test_the_right_password_opens_the_page_that_was_asked_for(person: Person) -> None:
    asked = person.client.get("/field/report?lon=114.3&lat=30.5")
    assert asked.status_code == 302
    assert asked.location.startswith("/sign-in?next=")
    answer = person.sign_in("worker", next_path="/field/report?lon=114.3&lat=30.5")
    assert answer.status_code == 303
    assert answer.location == "/field/report?lon=114.3&lat=30.5"
    assert person.open(answer.location).status_code == 200


def test_a_wrong_name_and_a_wrong_password_get_the_same_words(person: Person) -> None:
    wrong_password = person.sign_in("worker", "not it")
    wrong_name = person.sign_in("nobody", "not it")
    assert wrong_password.status_code == wrong_name.status_code == 401
    assert "账号或密码不对" in wrong_password.text
    assert "账号或密码不对" in wrong_name.text
    assert 'value="worker"' in wrong_password.text
    assert "not it" not in wrong_password.text


def test_after_too_many_failures_the_page_says_when_to_try_again(person: Person, clock: Clock) -> None:
    for _ in range(FAILURES_BEFORE_LOCK - 1):
        assert person.sign_in("worker", "not it").status_code == 401
    locked = person.sign_in("worker", "not it")
    assert locked.status_code == 429
    assert "12:05" in locked.text  # the clock of the tests stands at noon in Wuhan
    assert person.sign_in("worker").status_code == 429, "the right password does not open a lock"
    clock.advance(minutes=6)
    assert person.sign_in("worker").status_code == 303


def test_an_account_that_was_switched_off_does_not_come_in_and_goes_out(
    person: Person, session: Session, account: AccountRow
) -> None:
    person.sign_in("worker")
    assert person.open("/field").status_code == 200
    session.get_one(AccountRow, account.id).is_active = False
    session.commit()
    assert person.open("/field").status_code == 302
    assert person.sign_in("worker").status_code == 401


def test_raising_the_epoch_ends_every_open_session(
    timed_app: Flask, person: Person, session: Session, account: AccountRow
) -> None:
    other_phone = Person(timed_app)
    for device in (person, other_phone):
        device.sign_in("worker")
        assert device.open("/field").status_code == 200
    session.get_one(AccountRow, account.id).session_epoch += 1
    session.commit()
    for device in (person, other_phone):
        assert device.open("/field").status_code == 302


def test_a_session_ends_when_idle_and_lives_on_while_used(person: Person, clock: Clock) -> None:
    person.sign_in("worker")
    for _ in range(3):
        clock.advance(minutes=50)
        assert person.open("/field").status_code == 200
    clock.advance(minutes=61)
    assert person.open("/field").status_code == 302


def test_signing_in_starts_a_fresh_session(person: Person) -> None:
    person.open("/sign-in")
    before = person.token
    person.sign_in("worker")
    person.open("/field")
    assert person.token != before
    stale = person.client.post("/sign-out", data={"csrf_token": before})
    assert stale.status_code == 400


def test_signing_out_takes_a_form_of_ours(person: Person) -> None:
    person.sign_in("worker")
    assert person.client.get("/sign-out").status_code == 405
    assert person.client.post("/sign-out").status_code == 400, "without the token nothing happens"
    person.open("/field")
    assert person.send("/sign-out").status_code == 303
    assert person.open("/field").status_code == 302


def test_the_form_itself_needs_the_token(person: Person) -> None:
    refused = person.client.post("/sign-in", data={"username": "worker", "password": PASSWORD})
    assert refused.status_code == 400


def test_a_forged_or_mangled_cookie_is_nobody(person: Person) -> None:
    person.client.set_cookie("session", "eyJfdXNlcl9pZCI6IjEuMCJ9.aaaa.bbbb")
    assert person.open("/field").status_code == 302


def test_static_files_do_not_carry_the_session(person: Person) -> None:
    person.sign_in("worker")
    answer = person.client.get("/static/css/field.css")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/field/report?lon=1", "/field/report?lon=1"),
        ("/issues/2026-000001", "/issues/2026-000001"),
        ("", AFTER_SIGN_IN),
        (None, AFTER_SIGN_IN),
        ("https://elsewhere.example/", AFTER_SIGN_IN),
        ("//elsewhere.example/", AFTER_SIGN_IN),
        ("/\\elsewhere.example", AFTER_SIGN_IN),
        ("/field\r\nSet-Cookie: a=b", AFTER_SIGN_IN),
        ("javascript:alert(1)", AFTER_SIGN_IN),
        ("/sign-out", AFTER_SIGN_IN),
        ("/sign-in?next=/sign-in", AFTER_SIGN_IN),
    ],
)
def test_after_signing_in_one_only_ever_lands_on_our_pages(asked: str | None, given: str) -> None:
    assert safe_next(asked) == given
