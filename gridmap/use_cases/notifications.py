"""Who hears of an issue: the account of the responsible person, and the community's secretaries."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from gridmap.storage import notifications


def notify_about_issue(session: Session, issue_id: UUID, *, kind: str, now: datetime) -> None:
    """Put a word into the inboxes of those who are responsible; a second run adds nothing."""
    notifications.add_for_responsible_accounts(session, issue_id, kind=kind, now=now)
