"""Programs sign in with a bearer token on every request."""

from __future__ import annotations

from flask import request

from gridmap.domain.errors import NotSignedIn
from gridmap.domain.permissions import Action, Actor, check
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import accounts
from gridmap.web.deps import deps


def actor_of_bearer_token() -> Actor | None:
    """Find who the request's token speaks for; None when it brings no token.

    Raises
    ------
    NotSignedIn
        The token is unknown, expired or revoked. Such a request is never treated as a visitor's: its sender
        believes to be somebody, and should hear that this is not so.
    NotAllowed
        The account may not use the API.
    """
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer":
        return None
    with unit_of_work(deps().sessions) as session:
        actor = accounts.actor_of_token(session, authorization.token or "", now=deps().clock())
    if actor is None:
        raise NotSignedIn(reason="bad_token")
    check(actor, Action.USE_API)
    return actor
