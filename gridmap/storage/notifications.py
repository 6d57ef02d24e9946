"""Inbox rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

# The accounts are found at the time of the job, so that a handover in between is honoured. The secretary is
# found by the code that scopes go by: a pin outside every grid has no community, but the nearest one's code.
# Nobody is told of what they did themselves.
INSERT_NOTIFICATIONS = text(
    """
    INSERT INTO notification (account_id, issue_id, event_seq, created_at)
    SELECT account.id, issue.id, event.seq, :now
      FROM unnest(CAST(:issue_ids AS uuid[]), CAST(:event_seqs AS int[])) AS told (issue_id, event_seq)
      JOIN issue ON issue.id = told.issue_id
      JOIN issue_event AS event ON event.issue_id = told.issue_id AND event.seq = told.event_seq
      JOIN account
        ON account.is_active
       AND (account.person_id = issue.responsible_person_id
            OR (account.role = 'community_secretary'
                AND left(issue.area_code, 12) = ANY (account.area_codes)))
       AND account.id IS DISTINCT FROM event.actor_account_id
        ON CONFLICT (account_id, issue_id, event_seq) DO NOTHING
    """
)

MARK_READ = text(
    """
    UPDATE notification
       SET read_at = coalesce(read_at, :now)
     WHERE id = :id AND account_id = :account_id
 RETURNING read_at
    """
)


def add_for_responsible_accounts(
    session: Session, events: Sequence[tuple[UUID, int]], *, now: datetime
) -> None:
    """One row for each event (issue, number) and responsible account; a row that is there stays as it is."""
    session.execute(
        INSERT_NOTIFICATIONS,
        {
            "issue_ids": [issue_id for issue_id, _ in events],
            "event_seqs": [event_seq for _, event_seq in events],
            "now": now,
        },
    )


def mark_read(session: Session, id: int, *, account_id: int | None, now: datetime) -> datetime | None:
    """Keep when a row was first read; None when the account has no such row."""
    return session.execute(MARK_READ, {"id": id, "account_id": account_id, "now": now}).scalar_one_or_none()
