"""Who is signed in on this browser.

Flask-Login keeps the account in the signed session cookie; here it becomes an :class:`Actor`. A session ends
when it was idle for too long, when the account is switched off, or when the account's ``session_epoch`` rose
(password changed, all devices signed out). Signing in starts a fresh session, so that nothing set before it,
a forgery token least of all, is worth anything after it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from gridmap.domain.permissions import Actor
from gridmap.storage.accounts import Account
from gridmap.use_cases import accounts
from gridmap.web.access import add_actor_source
from gridmap.web.deps import deps

AFTER_SIGN_IN = "/field"
_SEEN_AT = "seen_at"
_SEEN_AT_STEP_S = 60
"""The time of the last request is written at most this often: not every answer needs a new cookie."""


class SignedInUser(UserMixin):
    """What Flask-Login knows: the actor, and the name of this session (account and epoch)."""

    def __init__(self, account: Account) -> None:
        self.actor = account.actor()
        self.id = f"{account.id}.{account.session_epoch}"


def init_app(app: Flask) -> None:
    """Set up Flask-Login and offer its user as an actor."""
    # Static files and tiles must not renew the cookie, which would make them uncacheable.
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    manager = LoginManager()
    # A phone changes its address as it walks; "basic" only marks such a session as not fresh.
    manager.session_protection = "basic"
    manager.user_loader(_load_user)
    manager.init_app(app)
    add_actor_source(app, _signed_in_actor)


def sign_in_here(account: Account) -> None:
    """Start a fresh session for this account on this browser."""
    session.clear()
    session.permanent = True
    session[_SEEN_AT] = _now_s()
    login_user(SignedInUser(account))


def sign_out_here() -> None:
    """End the session of this browser."""
    logout_user()
    session.clear()


def safe_next(path: str | None) -> str:
    """Give the page to go to after signing in: one of ours, whatever the address says."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\", "/sign-")):
        return AFTER_SIGN_IN
    if any(ord(char) < 0x20 or char == "\\" for char in path):
        return AFTER_SIGN_IN
    parts = urlsplit(path)
    return AFTER_SIGN_IN if parts.scheme or parts.netloc else path


def _signed_in_actor() -> Actor | None:
    return current_user.actor if current_user.is_authenticated else None


def _load_user(session_name: str) -> SignedInUser | None:
    """Find the account of a session cookie; None ends the session."""
    now_s = _now_s()
    idle_s = now_s - int(session.get(_SEEN_AT, 0))
    if idle_s > deps().config.session_idle_minutes * 60:
        return None
    account_id, _, epoch = session_name.partition(".")
    if not (account_id.isdigit() and epoch.isdigit()):
        return None
    with deps().sessions() as db:
        account = accounts.account_of_session(db, int(account_id), session_epoch=int(epoch))
    if account is None:
        return None
    if idle_s >= _SEEN_AT_STEP_S:
        session[_SEEN_AT] = now_s
    return SignedInUser(account)


def _now_s() -> int:
    return int(deps().clock().timestamp())
