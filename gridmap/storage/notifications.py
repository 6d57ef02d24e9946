"""Inbox rows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

# The accounts are found at the time of the job, so that a handover in between is honoured.
INSERT_NOTIFICATIONS = text(
    """
    INSERT INTO notification (account_id, issue_id, kind, created_at)
    SELECT account.id, issue.id, :kind, :now
      FROM issue
      JOIN account
        ON account.is_active
       AND (account.person_id = issue.responsible_person_id
            OR (account.role = 'community_secretary' AND issue.community_code = ANY (account.area_codes)))
     WHERE issue.id = :issue_id
        ON CONFLICT (account_id, issue_id, kind) DO NOTHING
    """
)


def add_for_responsible_accounts(session: Session, issue_id: UUID, *, kind: str, now: datetime) -> None:
    """One row for each account that is responsible for the issue; a row that is there stays as it is."""
    session.execute(INSERT_NOTIFICATIONS, {"issue_id": issue_id, "kind": kind, "now": now})
