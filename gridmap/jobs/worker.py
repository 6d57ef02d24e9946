"""The background worker: takes jobs from PostgreSQL, runs each in a thread, takes up what died."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy

from gridmap.jobs.handlers import HANDLERS
from gridmap.jobs.tools import Handler, JobTools
from gridmap.storage.job_queue import JobName

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_S = 5.0
# A worker that is silent for this long is taken for dead, and its jobs are run again.
STALLED_AFTER_S = 20.0
CHECK_STALLED_CRON = "* * * * * */15"  # the sixth field is seconds
MAX_ATTEMPTS = 5


def make_worker_app(conninfo: str, tools: JobTools, handlers: Mapping[JobName, Handler] = HANDLERS) -> App:
    """The queue with every handler registered; ``conninfo`` is a libpq address."""
    app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4))
    for job, handler in handlers.items():
        app.task(
            name=job.value,
            retry=RetryStrategy(max_attempts=MAX_ATTEMPTS, exponential_wait=2),
        )(_in_a_thread(handler, tools))
    _retry_jobs_of_dead_workers(app)
    return app


def run(conninfo: str, tools: JobTools) -> None:
    """Work until SIGTERM or Ctrl-C; a job that is running may finish."""
    app = make_worker_app(conninfo, tools)
    log.info("worker ready: %s", ", ".join(sorted(job.value for job in HANDLERS)))
    app.run_worker(
        name="gridmap",
        concurrency=2,
        fetch_job_polling_interval=5.0,
        shutdown_graceful_timeout=8.0,
        delete_jobs="successful",
        update_heartbeat_interval=HEARTBEAT_INTERVAL_S,
        stalled_worker_timeout=STALLED_AFTER_S,
    )


def _in_a_thread(handler: Handler, tools: JobTools) -> Callable[..., Any]:
    async def task(**ids: Any) -> None:
        # In a thread, so that heartbeats go on while the handler works.
        await asyncio.to_thread(handler, tools, **ids)

    return task


def _retry_jobs_of_dead_workers(app: App) -> None:
    # The worker prunes silent workers only when it starts, and retries their jobs never: both are asked here.
    @app.periodic(cron=CHECK_STALLED_CRON)
    @app.task(name="retry_stalled_jobs", queueing_lock="retry_stalled_jobs", pass_context=True)
    async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            if job.task_name != "retry_stalled_jobs":
                log.warning("taking up job %s of a worker that died", job.id)
            await app.job_manager.retry_job(job)
