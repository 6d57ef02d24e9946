"""The two jobs of the import wizard: long work in one transaction, its progress in short ones beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import OperationalError

from gridmap.domain.errors import DomainError
from gridmap.domain.import_drafts import DraftId
from gridmap.jobs.tools import JobTools
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import import_runs

log = logging.getLogger(__name__)

_SAID_EVERY = timedelta(seconds=0.5)


class ImportFailed(DomainError):
    """Something nobody foresaw went wrong; nothing was stored, and the log has the rest."""

    code = "import.failed"


def check_import(tools: JobTools, **ids: int | str) -> None:
    """Check a draft's file by importing it in a transaction that is never committed."""
    draft_id, run = DraftId(UUID(str(ids["draft_id"]))), int(ids["run"])

    def work(reporter: _Reporter) -> None:
        with tools.sessions() as session:
            checked = import_runs.check_draft(
                session, draft_id, run=run, files=tools.imports, now=tools.clock(), progress=reporter
            )
        if checked is not None:
            with unit_of_work(tools.sessions) as session:
                import_runs.record_check(session, draft_id, run=run, checked=checked)

    _run(tools, draft_id, run, work)


def run_import(tools: JobTools, **ids: int | str) -> None:
    """Import a draft's file; its rows and the word that it is done are one transaction."""
    draft_id, run = DraftId(UUID(str(ids["draft_id"]))), int(ids["run"])

    def work(reporter: _Reporter) -> None:
        with unit_of_work(tools.sessions) as session:
            import_runs.import_draft(
                session, draft_id, run=run, files=tools.imports, now=tools.clock(), progress=reporter
            )

    _run(tools, draft_id, run, work)


class _Reporter:
    """Notes each new stage at once, and the rows of a stage twice a second."""

    def __init__(self, tools: JobTools, draft_id: DraftId, run: int) -> None:
        self._tools, self._draft_id, self._run = tools, draft_id, run
        self._stage = ""
        self._said_at: datetime | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = self._tools.clock()
        if stage == self._stage and self._said_at is not None and now - self._said_at < _SAID_EVERY:
            return
        self._stage, self._said_at = stage, now
        with unit_of_work(self._tools.sessions) as session:
            import_runs.note_progress(
                session,
                self._draft_id,
                run=self._run,
                stage=stage,
                done_count=done,
                total_count=total,
                now=now,
            )


def _run(tools: JobTools, draft_id: DraftId, run: int, work: Callable[[_Reporter], None]) -> None:
    try:
        work(_Reporter(tools, draft_id, run))
    except OperationalError:
        # The database was away or restarted: the queue tries again, and the draft still waits for this run.
        raise
    except Exception as error:
        known = isinstance(error, DomainError)
        if not known:
            log.exception("import %s, run %s failed", draft_id, run)
        with unit_of_work(tools.sessions) as session:
            import_runs.end_run(session, draft_id, run=run, error=error if known else ImportFailed())
