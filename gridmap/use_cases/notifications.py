"""Inboxes: who hears of what happens to an issue, and that a word was read."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.permissions import Action, Actor, check
from gridmap.storage import notifications


def notify_about_issue(session: Session, issue_id: UUID, *, event_seq: int, now: datetime) -> None:
    """Tell the responsible person and the community's secretaries; a second run tells nobody twice."""
    notifications.add_for_responsible_accounts(session, [(issue_id, event_seq)], now=now)


def mark_read(session: Session, actor: Actor, notification_id: int, *, now: datetime) -> datetime:
    """Note that the actor has read a word of its own inbox; give when it was read first.

    Raises
    ------
    NotFound
        No such word, or one of somebody else's inbox.
    NotSignedIn, NotAllowed
    """
    check(actor, Action.SEE_ISSUES)
    read_at = notifications.mark_read(session, notification_id, account_id=actor.account_id, now=now)
    if read_at is None:
        raise NotFound(what="notification", id=notification_id)
    return read_at
