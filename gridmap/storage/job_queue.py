"""Background work waits in PostgreSQL (procrastinate): a job commits and rolls back with the write."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy.orm import Session

# Never opened: every job is written on the connection of the session that asks for it.
_QUEUE = App(connector=SyncPsycopgConnector())


class JobName(StrEnum):
    """Every kind of background work; ``gridmap.jobs.handlers`` says what each does."""

    NOTIFY_ABOUT_ISSUE = "notify_about_issue"
    ASSIGN_ISSUES_ANEW = "assign_issues_anew"
    BOUNDARIES_TAKE_EFFECT = "boundaries_take_effect"
    CHECK_IMPORT = "check_import"
    RUN_IMPORT = "run_import"


IN_TURN = {JobName.CHECK_IMPORT: "imports", JobName.RUN_IMPORT: "imports"}
"""Jobs of one name here run one after another: large files must not crowd out the short jobs."""


def defer(session: Session, job: JobName, *, at: datetime | None = None, **ids: int | str | UUID) -> None:
    """Ask for a job on the session's own transaction, at once or at an instant; the payload is ids only."""
    connection = session.connection().connection.driver_connection
    payload = {name: str(value) if isinstance(value, UUID) else value for name, value in ids.items()}
    task = _QUEUE.configure_task(job.value, connection=connection, schedule_at=at, lock=IN_TURN.get(job))
    task.defer(**payload)
