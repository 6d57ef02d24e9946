"""What is new for an account: the unread words of its inbox, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import Action, Actor, check
from gridmap.queries.scope import scope_predicate

UNREAD_LIMIT = 100

# Index: ix_notification_unread_account_id_created_at. What has left the reader's areas since is not told: it
# stays unread, and shows again should the issue come back.
_UNREAD = """
    SELECT notification.id, event.kind, event.at, author.display_name AS actor_name, event.payload,
           issue.id AS issue_id, issue.number, issue.state, issue.category_code,
           category.name AS category_name, category.name_en AS category_name_en, issue.area_code,
           count(*) OVER () AS total_count
      FROM notification
      JOIN issue_event AS event
        ON event.issue_id = notification.issue_id AND event.seq = notification.event_seq
      JOIN issue ON issue.id = notification.issue_id
      JOIN issue_category AS category ON category.code = issue.category_code
      LEFT JOIN account AS author ON author.id = event.actor_account_id
     WHERE notification.account_id = :account_id
       AND notification.read_at IS NULL
       AND ({scope} OR issue.reporter_account_id = :account_id OR issue.responsible_person_id = :person_id)
     ORDER BY notification.created_at DESC, notification.id DESC
     LIMIT :limit
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """An event of an issue, as it stands in an inbox; ``state`` is the issue's state now."""

    id: int
    kind: str
    at: datetime
    actor_name: str | None
    payload: Mapping[str, Any]
    issue_id: UUID
    number: str
    state: str
    category_code: str
    category_name: str
    category_name_en: str
    area_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """The newest unread words, and how many there are in all."""

    items: tuple[Notification, ...]
    total_count: int


def unread_notifications(session: Session, actor: Actor, *, limit: int = UNREAD_LIMIT) -> Unread:
    """List what the actor has not read yet, in one statement.

    Parameters
    ----------
    limit : 1 to :data:`UNREAD_LIMIT`

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.SEE_ISSUES)
    scope = scope_predicate(actor.scope, "issue.area_code")
    rows = [
        dict(row)
        for row in session.execute(
            text(_UNREAD.format(scope=scope.sql)),
            {
                "account_id": actor.account_id,
                "person_id": actor.person_id,
                "limit": limit,
                **scope.values,
            },
        ).mappings()
    ]
    total_count = max((int(row.pop("total_count")) for row in rows), default=0)
    return Unread(items=tuple(Notification(**row) for row in rows), total_count=total_count)
