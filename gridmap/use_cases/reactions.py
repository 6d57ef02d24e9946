"""What follows from an event: the one table from events to background jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy.orm import Session

from gridmap.domain.issues import Created, Event, IssueId, Moved, StateChanged
from gridmap.storage.job_queue import JobName, defer

REACTIONS: Mapping[type[Event], tuple[JobName, ...]] = MappingProxyType(
    {
        Created: (JobName.NOTIFY_ABOUT_ISSUE,),
        Moved: (JobName.NOTIFY_ABOUT_ISSUE,),
        StateChanged: (JobName.NOTIFY_ABOUT_ISSUE,),
    }
)


def react(session: Session, issue_id: IssueId, events: Sequence[Event]) -> None:
    """Ask for the jobs that follow, on the caller's own transaction: no write, no job."""
    for event in events:
        for job in REACTIONS.get(type(event), ()):
            defer(session, job, issue_id=issue_id, kind=event.kind)
