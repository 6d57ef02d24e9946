"""``gridmap web`` and ``gridmap worker``: the two parts of the service, each alone.

`gridmap up` runs both; a container image runs one in each container.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from gridmap.cli.supervisor import end_with_parent
from gridmap.settings import Settings


@click.command()
@click.option("--prepare", is_flag=True, help="Migrate first, and load the demo into an empty database.")
def web(*, prepare: bool) -> None:
    """Serve the web pages and the API on GRIDMAP_BIND, from DATABASE_URL."""
    end_with_parent()
    settings = Settings.from_environment(os.environ)
    if not settings.database_url:
        raise click.ClickException(
            "`gridmap web` serves from the database in DATABASE_URL, which is not set. "
            "`gridmap up` brings a database of its own."
        )
    if prepare:
        prepare_database(settings, settings.database_url)
    _become_gunicorn(settings)


@click.command()
def worker() -> None:
    """Do the background work: notifications and everything else that a page does not wait for."""
    end_with_parent()
    from gridmap import bootstrap

    bootstrap.run_worker(bootstrap.read_settings())


def prepare_database(settings: Settings, url: str) -> bool:
    """Migrate, and load the demo into an empty database; True when the demo was loaded."""
    from gridmap import bootstrap

    bootstrap.migrate(url)
    engine = bootstrap.make_engine(url, statement_timeout_ms=0)
    try:
        return bootstrap.load_demo_on_first_start(settings, bootstrap.make_sessions(engine))
    finally:
        engine.dispose()


def _become_gunicorn(settings: Settings) -> NoReturn:
    command = [
        *(sys.executable, "-m", "gunicorn", "gridmap.bootstrap:wsgi_app()"),
        *("--bind", settings.bind),
        *("--workers", str(settings.web_workers)),
        *("--worker-class", "gthread", "--threads", str(settings.web_threads)),
        *("--timeout", "60", "--graceful-timeout", "8", "--keep-alive", "5"),
        *("--log-level", "warning", "--name", "gridmap-web"),
        # the application is imported once and shared; no connection is opened before the workers fork
        "--preload",
        "--no-control-socket",
    ]
    shared_memory = Path("/dev/shm")  # noqa: S108 - a system folder, where heartbeats never wait for a disk
    if shared_memory.is_dir() and os.access(shared_memory, os.W_OK):
        command += ["--worker-tmp-dir", str(shared_memory)]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, arguments as a list
