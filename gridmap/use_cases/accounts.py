"""Signing in, passwords, API tokens."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.issue_input import clean_text
from gridmap.domain.permissions import Action, Actor, check
from gridmap.storage import accounts as store

FAILURES_BEFORE_LOCK = 5
LOCK_TIME = timedelta(minutes=5)
LOCK_TIME_MAX = timedelta(hours=1)
PASSWORD_MIN_LENGTH = 8
PASSWORD_MAX_LENGTH = 200
"""Long texts cost a hashing; nobody types more."""

TOKEN_PREFIX = "gridmap_"  # noqa: S105 - what every token begins with, so that leaks can be searched for
TOKEN_BYTES = 32
TOKEN_DAYS_MAX = 3650
TOKEN_NOTED_EVERY = timedelta(hours=1)

_HASHER = PasswordHasher()
# Verified against when there is no such account, so that the time taken does not tell.
_NOBODYS_HASH = _HASHER.hash(secrets.token_urlsafe(16))


class NoSuchAccount(NotFound):
    """Nobody signs in under that name."""

    code = "account.unknown"


class Refusal(StrEnum):
    """Why a sign-in was refused. A wrong name and a wrong password are the same to the outside."""

    WRONG = "wrong"
    LOCKED = "locked"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What came of an attempt: an account, or a refusal (with the instant until which it is locked)."""

    account: store.Account | None
    refusal: Refusal | None = None
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token as its owner sees it, once."""

    id: int
    token: str
    expires_at: datetime | None


def hash_password(password: str) -> str:
    """Hash a password with argon2id.

    Raises
    ------
    InvalidInput
        ``password``: too short or too long.
    """
    if len(password) < PASSWORD_MIN_LENGTH:
        raise InvalidInput(field="password", reason="too_short", min_length=PASSWORD_MIN_LENGTH)
    if len(password) > PASSWORD_MAX_LENGTH:
        raise InvalidInput(field="password", reason="too_long", max_length=PASSWORD_MAX_LENGTH)
    return _HASHER.hash(password)


def sign_in(session: Session, *, username: str, password: str, now: datetime) -> SignIn:
    """Try a name and a password. A refusal is an answer, not an error, so that its count is committed.

    After five failures in a row the account is locked for five minutes, twice as long with every further
    failure, for an hour at most; a right password does not open a lock before its time.
    """
    account = None
    if "\x00" not in username:
        account = store.find_by_username(session, username.strip()[:PASSWORD_MAX_LENGTH], lock=True)
    if account is None:
        _verifies(_NOBODYS_HASH, password)
        return SignIn(account=None, refusal=Refusal.WRONG)
    if account.locked_until is not None and account.locked_until > now:
        return SignIn(account=None, refusal=Refusal.LOCKED, locked_until=account.locked_until)
    if not _verifies(account.password_hash, password):
        failed_count = account.failed_count + 1
        locked_until = _lock(failed_count, now)
        store.save_sign_in(
            session,
            account.id,
            failed_count=failed_count,
            locked_until=locked_until,
            password_hash=account.password_hash,
        )
        refusal = Refusal.WRONG if locked_until is None else Refusal.LOCKED
        return SignIn(account=None, refusal=refusal, locked_until=locked_until)
    if not account.is_active:
        return SignIn(account=None, refusal=Refusal.INACTIVE)
    is_old_hash = _HASHER.check_needs_rehash(account.password_hash)
    if is_old_hash or account.failed_count or account.locked_until is not None:
        store.save_sign_in(
            session,
            account.id,
            failed_count=0,
            locked_until=None,
            password_hash=_HASHER.hash(password) if is_old_hash else account.password_hash,
        )
    return SignIn(account=account)


def account_of_session(session: Session, account_id: int, *, session_epoch: int) -> store.Account | None:
    """Find the account of an open session; None when it was ended, or the account closed."""
    account = store.find_by_id(session, account_id)
    if account is None or not account.is_active or account.session_epoch != session_epoch:
        return None
    return account


def set_password(session: Session, actor: Actor, *, username: str, password: str) -> None:
    """Give an account a new password; every open session of it ends.

    Raises
    ------
    NotFound, NotAllowed, InvalidInput
    """
    account = _find(session, username)
    if actor.account_id is None or actor.account_id != account.id:
        check(actor, Action.MANAGE_ACCOUNTS)
    store.set_password_hash(session, account.id, hash_password(password))


def end_sessions(session: Session, actor: Actor, *, username: str) -> None:
    """End every open session of an account, one's own or (for an admin) another's.

    Raises
    ------
    NotFound, NotAllowed
    """
    account = _find(session, username)
    if actor.account_id is None or actor.account_id != account.id:
        check(actor, Action.MANAGE_ACCOUNTS)
    store.end_sessions(session, account.id)


def create_token(
    session: Session, actor: Actor, *, username: str, name: str, days: int | None, now: datetime
) -> NewToken:
    """Make a bearer token (256 random bits) for a program that acts as an account; only its hash is kept.

    Raises
    ------
    NotFound, NotAllowed
    InvalidInput
        ``days`` out of bounds, or ``name`` too long.
    """
    check(actor, Action.MANAGE_TOKENS)
    account = _find(session, username)
    if not account.is_active:
        raise InvalidInput(field="username", reason="account_is_closed")
    if days is not None and not 1 <= days <= TOKEN_DAYS_MAX:
        raise InvalidInput(field="days", reason="out_of_range", lowest=1, highest=TOKEN_DAYS_MAX)
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = None if days is None else now + timedelta(days=days)
    token_id = store.insert_token(
        session,
        account.id,
        name=clean_text(name, "name", max_length=100),
        token_hash=_token_hash(token),
        now=now,
        expires_at=expires_at,
    )
    return NewToken(id=token_id, token=token, expires_at=expires_at)


def list_tokens(session: Session, actor: Actor) -> list[store.TokenInfo]:
    """List tokens, without what is secret.

    Raises
    ------
    NotAllowed
    """
    check(actor, Action.MANAGE_TOKENS)
    return store.list_tokens(session)


def revoke_token(session: Session, actor: Actor, token_id: int, *, now: datetime) -> None:
    """Make a token useless from now on.

    Raises
    ------
    NotFound, NotAllowed
    """
    check(actor, Action.MANAGE_TOKENS)
    if not store.revoke_token(session, token_id, now=now):
        raise NotFound(what="token")


def actor_of_token(session: Session, token: str, *, now: datetime) -> Actor | None:
    """Find who a bearer token speaks for; None when it is unknown, expired or revoked."""
    if not token.startswith(TOKEN_PREFIX) or len(token) > 200:
        return None
    use = store.find_by_token(session, _token_hash(token), now=now)
    if use is None:
        return None
    # Noted once an hour, not on every request: reads should not write.
    if use.last_used_at is None or now - use.last_used_at > TOKEN_NOTED_EVERY:
        store.touch_token(session, use.token_id, now=now)
    return use.account.actor()


def _token_hash(token: str) -> bytes:
    # A plain hash is right here: the token is 256 random bits, there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _verifies(password_hash: str, password: str) -> bool:
    if len(password) > PASSWORD_MAX_LENGTH:
        return False
    try:
        return _HASHER.verify(password_hash, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False


def _lock(failed_count: int, now: datetime) -> datetime | None:
    if failed_count < FAILURES_BEFORE_LOCK:
        return None
    doublings = min(failed_count - FAILURES_BEFORE_LOCK, 10)
    return now + min(LOCK_TIME * 2**doublings, LOCK_TIME_MAX)


def _find(session: Session, username: str) -> store.Account:
    account = store.find_by_username(session, username)
    if account is None:
        raise NoSuchAccount(username=username)
    return account
