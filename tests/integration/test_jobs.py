"""Jobs commit with the write that asks for them, run once, and survive a worker that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap import bootstrap
from gridmap.jobs.handlers import HANDLERS
from gridmap.jobs.tools import in_one_transaction
from gridmap.jobs.worker import STALLED_AFTER_S, make_worker_app
from gridmap.settings import Settings
from gridmap.storage.engine import libpq_address, make_engine, make_sessions
from gridmap.storage.job_queue import JobName, defer
from gridmap.storage.unit_of_work import unit_of_work

pytestmark = pytest.mark.committed

WAITING = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")

# A worker whose only handler hangs at its first run and leaves a mark at every run.
HANGING_WORKER = """
import sys, time
from sqlalchemy import text
from pathlib import Path
from gridmap import bootstrap
from gridmap.jobs import worker
from gridmap.settings import Settings
from gridmap.storage.engine import libpq_address, make_engine, make_sessions
from gridmap.storage.job_queue import JobName

url = sys.argv[1]
engine = make_engine(url)

def hang_once(tools, **ids):
    with engine.begin() as other:
        runs = other.execute(text("SELECT count(*) FROM mark")).scalar_one()
        other.execute(text("INSERT INTO mark VALUES (1)"))
    if runs == 0:
        time.sleep(600)

handlers = {JobName.NOTIFY_ABOUT_ISSUE: hang_once}
tools = bootstrap.job_tools(Settings(data_dir=Path("unused")), make_sessions(engine))
app = worker.make_worker_app(libpq_address(url), tools, handlers)
app.run_worker(
    fetch_job_polling_interval=1.0,
    update_heartbeat_interval=worker.HEARTBEAT_INTERVAL_S,
    stalled_worker_timeout=worker.STALLED_AFTER_S,
)
"""


@pytest.fixture
def queue_engine(committed_database: str) -> Generator[Engine]:
    engine = make_engine(committed_database)
    yield engine
    engine.dispose()


def test_a_job_is_there_only_when_its_transaction_commits(queue_engine: Engine) -> None:
    sessions = make_sessions(queue_engine)
    with sessions() as session:
        defer(session, JobName.NOTIFY_ABOUT_ISSUE, issue_id="x", event_seq=1)
        session.rollback()
    with Session(queue_engine) as session:
        assert session.scalar(WAITING) == 0
    with unit_of_work(sessions) as session:
        defer(session, JobName.NOTIFY_ABOUT_ISSUE, issue_id="x", event_seq=1)
    with Session(queue_engine) as session:
        assert session.scalar(WAITING) == 1


def test_every_job_has_a_handler() -> None:
    assert set(HANDLERS) == set(JobName)


def test_a_handler_gets_the_ids_that_the_job_was_asked_with(
    queue_engine: Engine, committed_database: str, tmp_path: Path
) -> None:
    seen: list[dict[str, int | str]] = []

    def remember(session: Session, *, now: datetime, **ids: int | str) -> None:
        assert session.scalar(text("SELECT 1")) == 1
        seen.append(ids)

    sessions = make_sessions(queue_engine)
    with unit_of_work(sessions) as session:
        defer(session, JobName.NOTIFY_ABOUT_ISSUE, issue_id="abc", event_seq=1)
    app = make_worker_app(
        libpq_address(committed_database),
        bootstrap.job_tools(Settings(data_dir=tmp_path), sessions),
        {JobName.NOTIFY_ABOUT_ISSUE: in_one_transaction(remember)},
    )
    app.run_worker(wait=False, install_signal_handlers=False, delete_jobs="successful")
    assert seen == [{"issue_id": "abc", "event_seq": 1}]
    with Session(queue_engine) as session:
        assert session.scalar(WAITING) == 0


def test_a_job_of_a_killed_worker_runs_again_within_a_minute(
    queue_engine: Engine, committed_database: str
) -> None:
    with queue_engine.begin() as connection:
        connection.execute(text("CREATE TABLE mark (n int)"))
    with unit_of_work(make_sessions(queue_engine)) as session:
        defer(session, JobName.NOTIFY_ABOUT_ISSUE, issue_id="abc", event_seq=1)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", HANGING_WORKER, committed_database], env=os.environ)

    def wait_for_runs(count: int, bound_s: float) -> None:
        deadline = time.monotonic() + bound_s
        while time.monotonic() < deadline:
            with queue_engine.connect() as connection:
                if connection.scalar(text("SELECT count(*) FROM mark")) == count:
                    return
            time.sleep(0.2)
        pytest.fail(f"the job had not run {count} times after {bound_s} s")

    first = start()
    try:
        wait_for_runs(1, bound_s=30)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    second = start()
    try:
        wait_for_runs(2, bound_s=STALLED_AFTER_S + 40)
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait(timeout=20)
