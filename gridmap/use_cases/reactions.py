"""What follows from an event: the one table from events to background jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy.orm import Session

from gridmap.domain.issues import Created, Event, IssueId, Moved, StateChanged
from gridmap.storage.issues import RecordedEvent
from gridmap.storage.job_queue import JobName, defer

REACTIONS: Mapping[type[Event], tuple[JobName, ...]] = MappingProxyType(
    {
        Created: (JobName.NOTIFY_ABOUT_ISSUE,),
        Moved: (JobName.NOTIFY_ABOUT_ISSUE,),
        StateChanged: (JobName.NOTIFY_ABOUT_ISSUE,),
    }
)


def react(session: Session, issue_id: IssueId, recorded: Sequence[RecordedEvent]) -> None:
    """Ask for the jobs that follow, on the caller's own transaction: no write, no job."""
    for one in recorded:
        for job in REACTIONS.get(type(one.event), ()):
            defer(session, job, issue_id=issue_id, event_seq=one.seq)
