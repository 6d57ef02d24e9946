"""The wizard's jobs on real connections: progress is seen while they work, a killed one leaves no trace."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gridmap import bootstrap
from gridmap.domain.import_choices import ImportChoices
from gridmap.domain.import_drafts import DraftId, DraftState, ImportDraft
from gridmap.domain.permissions import Actor
from gridmap.jobs.imports import check_import, run_import
from gridmap.jobs.tools import JobTools
from gridmap.settings import Settings
from gridmap.storage import import_files
from gridmap.storage.accounts import find_by_username
from gridmap.storage.engine import make_engine, make_sessions
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import import_drafts
from tests.web.import_helpers import places_csv

pytestmark = pytest.mark.committed

STORED = text("SELECT count(*) FROM service_point WHERE name LIKE '车棚%'")
BATCHES = text("SELECT count(*) FROM import_batch")
# What every import of a layer waits for: whoever holds it keeps a job where it is.
HOLD_IMPORTS = text("SELECT pg_advisory_xact_lock(hashtext('gridmap.import'), hashtext('service_points'))")
WAITING = text(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND wait_event = 'advisory' LIMIT 1"
)


class Job:
    """A draft, and its jobs in threads as the worker has them."""

    def __init__(self, tools: JobTools, actor: Actor) -> None:
        self.tools, self.actor, self.draft_id = tools, actor, DraftId(uuid4())

    @property
    def now(self) -> datetime:
        return self.tools.clock()

    def begin(self, content: bytes) -> None:
        files = self.tools.imports
        choices = ImportChoices(layer="service_points", crs="wgs84")
        kept = import_files.keep(files.folder, self.draft_id, "车棚.csv", io.BytesIO(content))
        arrived = import_drafts.ArrivedFile(
            draft_id=self.draft_id,
            file_name="车棚.csv",
            sha256=kept.sha256,
            byte_count=kept.byte_count,
            choices=choices,
            content=import_drafts.look_into(kept.path, choices, files.limits),
        )
        with unit_of_work(self.tools.sessions) as session:
            import_drafts.start_draft(session, self.actor, arrived, now=self.now)

    def ask_for_check(self) -> None:
        with unit_of_work(self.tools.sessions) as session:
            import_drafts.ask_for_check(session, self.actor, self.draft_id, now=self.now)

    def ask_for_import(self) -> None:
        with unit_of_work(self.tools.sessions) as session:
            import_drafts.ask_for_import(
                session, self.actor, self.draft_id, without_warned=False, now=self.now
            )

    def cancel(self) -> None:
        with unit_of_work(self.tools.sessions) as session:
            import_drafts.cancel(session, self.actor, self.draft_id, now=self.now)

    def draft(self) -> ImportDraft:
        with self.tools.sessions() as session:
            return import_drafts.find_draft(session, self.actor, self.draft_id, now=self.now)

    def run_check(self) -> None:
        check_import(self.tools, draft_id=str(self.draft_id), run=self.draft().run)

    def run_import(self) -> None:
        run_import(self.tools, draft_id=str(self.draft_id), run=self.draft().run)


@pytest.fixture
def engine_of_test(committed_demo: str) -> Generator[Engine]:
    engine = make_engine(committed_demo)
    yield engine
    engine.dispose()


@pytest.fixture
def job(engine_of_test: Engine, tmp_path: Path) -> Job:
    sessions = make_sessions(engine_of_test)
    tools = bootstrap.job_tools(Settings(data_dir=tmp_path), sessions)
    with sessions() as session:
        account = find_by_username(session, "admin")
    assert account is not None
    return Job(tools, account.actor())


def wait_for(engine: Engine, found: Callable[[], object], bound_s: float = 15.0) -> object:
    deadline = time.monotonic() + bound_s
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.02)
    pytest.fail("the job did not come so far")


def test_that_a_job_waits_for_another_import_is_seen_and_cancelling_stops_it(
    engine_of_test: Engine, job: Job
) -> None:
    job.begin(places_csv(30))
    job.ask_for_check()
    job.run_check()
    job.ask_for_import()
    with engine_of_test.begin() as holder:
        holder.execute(HOLD_IMPORTS)
        thread = threading.Thread(target=job.run_import)
        thread.start()
        wait_for(engine_of_test, lambda: job.draft().progress.stage == "wait")
        later = job.now + timedelta(minutes=5)
        assert not job.draft().progress.is_stalled(later), "it waits for the other one, however long"
        job.cancel()
        assert job.draft().state is DraftState.CHOOSING, "at once: the job has not begun to write"
    thread.join(timeout=15)
    draft = job.draft()
    assert (draft.state, draft.refusal, draft.is_checked) == (DraftState.CHOOSING, None, True)
    with Session(engine_of_test) as session:
        assert session.scalar(STORED) == session.scalar(BATCHES) == 0


def test_a_job_that_dies_leaves_nothing_and_its_second_run_imports_once(
    engine_of_test: Engine, job: Job
) -> None:
    job.begin(places_csv(30))
    job.ask_for_check()
    job.run_check()
    job.ask_for_import()
    ended: list[BaseException] = []

    def run() -> None:
        try:
            job.run_import()
        except OperationalError as error:
            ended.append(error)

    with engine_of_test.connect() as holder, engine_of_test.connect() as onlooker:
        # A transaction would see the activity as it was at its first look.
        onlooker.execution_options(isolation_level="AUTOCOMMIT")
        holder.execute(HOLD_IMPORTS)
        thread = threading.Thread(target=run)
        thread.start()
        pid = wait_for(engine_of_test, lambda: onlooker.scalar(WAITING))
        onlooker.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        thread.join(timeout=15)
        holder.rollback()
    assert ended, "the queue is told, so that it tries again"
    assert job.draft().state is DraftState.IMPORTING
    with Session(engine_of_test) as session:
        assert session.scalar(STORED) == session.scalar(BATCHES) == 0
    job.run_import()
    with Session(engine_of_test) as session:
        assert (session.scalar(STORED), session.scalar(BATCHES)) == (30, 1)
    assert job.draft().state is DraftState.DONE


def test_of_two_workers_with_the_same_job_one_imports(engine_of_test: Engine, job: Job) -> None:
    job.begin(places_csv(30))
    job.ask_for_check()
    job.run_check()
    job.ask_for_import()
    run = job.draft().run
    threads = [
        threading.Thread(
            target=run_import, args=(job.tools,), kwargs={"draft_id": str(job.draft_id), "run": run}
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    with Session(engine_of_test) as session:
        assert (session.scalar(STORED), session.scalar(BATCHES)) == (30, 1)


def test_a_file_that_is_gone_is_said(job: Job) -> None:
    job.begin(places_csv(3))
    job.ask_for_check()
    import_files.remove(job.tools.imports.folder, job.draft_id)
    job.run_check()
    draft = job.draft()
    assert draft.state is DraftState.CHOOSING
    assert draft.refusal is not None
    assert draft.refusal.code == "import.file_absent"
