"""Signing in, lockout, ended sessions, passwords."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from gridmap.domain.errors import InvalidInput, NotAllowed, NotFound
from gridmap.domain.permissions import Actor
from gridmap.storage.tables import AccountRow
from gridmap.use_cases.accounts import (
    Refusal,
    account_of_session,
    create_token,
    end_sessions,
    hash_password,
    revoke_token,
    set_password,
    sign_in,
)
from tests.factories import SUBDISTRICT, add_account
from tests.reports import NOW, actor_of

PASSWORD = "correct horse 正确"


@pytest.fixture
def account(session: Session) -> AccountRow:
    return add_account(
        session, "worker", area_codes=(f"{SUBDISTRICT}001010",), password_hash=hash_password(PASSWORD)
    )


def _try(session: Session, password: str, *, username: str = "worker", after: timedelta = timedelta()):
    outcome = sign_in(session, username=username, password=password, now=NOW + after)
    session.expire_all()
    return outcome


def test_the_right_password_gives_an_actor_with_role_and_scope(session: Session, account: AccountRow) -> None:
    outcome = _try(session, PASSWORD, username=" worker ")
    assert outcome.account is not None
    actor = outcome.account.actor()
    assert (actor.account_id, actor.role) == (account.id, "grid_worker")
    assert actor.scope.covers(f"{SUBDISTRICT}00101A")


@pytest.mark.parametrize(
    ("username", "password"),
    [("worker", "wrong"), ("nobody", PASSWORD), ("", ""), ("worker", "x" * 10_000), ("wor\x00ker", "x")],
)
def test_a_wrong_name_and_a_wrong_password_are_the_same_answer(
    session: Session, account: AccountRow, username: str, password: str
) -> None:
    outcome = _try(session, password, username=username)
    assert (outcome.account, outcome.refusal) == (None, Refusal.WRONG)


def test_repeated_failures_lock_the_account_for_longer_each_time(
    session: Session, account: AccountRow
) -> None:
    assert [_try(session, "wrong").refusal for _ in range(5)] == [Refusal.WRONG] * 4 + [Refusal.LOCKED]
    locked = _try(session, PASSWORD, after=timedelta(minutes=4))
    assert (locked.refusal, locked.locked_until) == (Refusal.LOCKED, NOW + timedelta(minutes=5))
    again = _try(session, "wrong", after=timedelta(minutes=6))
    assert again.locked_until == NOW + timedelta(minutes=16)
    assert _try(session, PASSWORD, after=timedelta(minutes=17)).account is not None
    assert (account.failed_count, account.locked_until) == (0, None)
    for _ in range(4):
        assert _try(session, "wrong").refusal is Refusal.WRONG


def test_a_lock_never_lasts_longer_than_an_hour(session: Session, account: AccountRow) -> None:
    account.failed_count = 10_000
    session.flush()
    assert _try(session, "wrong").locked_until == NOW + timedelta(hours=1)


def test_a_closed_account_is_told_only_to_who_knows_the_password(
    session: Session, account: AccountRow
) -> None:
    account.is_active = False
    session.flush()
    assert _try(session, "wrong").refusal is Refusal.WRONG
    assert _try(session, PASSWORD).refusal is Refusal.INACTIVE


def test_a_session_ends_with_its_epoch_a_new_password_or_the_account(
    session: Session, account: AccountRow
) -> None:
    admin = actor_of(add_account(session, "admin", role="admin", area_codes=("",)))
    assert account_of_session(session, account.id, session_epoch=0) is not None
    set_password(session, admin, username="worker", password="another one 2")
    assert account_of_session(session, account.id, session_epoch=0) is None
    assert account_of_session(session, account.id, session_epoch=1) is not None
    end_sessions(session, actor_of(account), username="worker")
    assert account_of_session(session, account.id, session_epoch=1) is None
    session.expire_all()
    account.is_active = False
    session.flush()
    assert account_of_session(session, account.id, session_epoch=2) is None
    assert account_of_session(session, 10**9, session_epoch=0) is None


def test_nobody_changes_anothers_password_but_an_admin(session: Session, account: AccountRow) -> None:
    other = actor_of(add_account(session, "other", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))
    with pytest.raises(NotAllowed):
        set_password(session, other, username="worker", password="whatever it is")
    set_password(session, actor_of(account), username="worker", password="my own new one")
    assert _try(session, "my own new one").account is not None


@pytest.mark.parametrize(("password", "reason"), [("short", "too_short"), ("x" * 201, "too_long")])
def test_passwords_have_bounds(password: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        hash_password(password)
    assert (refusal.value.field, refusal.value.reason) == ("password", reason)


def test_tokens_are_made_by_admins_for_accounts_that_are_open(session: Session, account: AccountRow) -> None:
    with pytest.raises(NotAllowed):
        create_token(session, actor_of(account), username="worker", name="", days=1, now=NOW)
    with pytest.raises(NotFound):
        create_token(session, Actor.system(), username="nobody", name="", days=1, now=NOW)
    with pytest.raises(NotFound):
        revoke_token(session, Actor.system(), 10**9, now=NOW)
    account.is_active = False
    session.flush()
    with pytest.raises(InvalidInput):
        create_token(session, Actor.system(), username="worker", name="", days=1, now=NOW)
