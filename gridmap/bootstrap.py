"""Where the parts are put together: settings → database, clock, secret → web application, worker, demo."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from gridmap.importing.tables import ReadLimits
from gridmap.settings import Settings
from gridmap.storage.embedded_postgres import EmbeddedPostgres
from gridmap.storage.engine import libpq_address, make_engine, make_sessions
from gridmap.storage.prepared import is_prepared
from gridmap.storage.unit_of_work import unit_of_work

if TYPE_CHECKING:
    from flask import Flask

    from gridmap.jobs.tools import JobTools
    from gridmap.use_cases.import_runs import ImportFiles

Clock = Callable[[], datetime]


def read_settings() -> Settings:
    """The settings of this process; the only look at the environment."""
    return Settings.from_environment(os.environ)


def now_utc() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def import_limits(settings: Settings) -> ReadLimits:
    """How much of a file an import reads before it says that it is too much."""
    return ReadLimits(
        file_bytes=settings.import_max_bytes,
        unzipped_bytes=settings.import_max_unzipped_bytes,
        archive_entries=settings.import_max_archive_entries,
        row_count=settings.import_max_rows,
        column_count=settings.import_max_columns,
        vertex_count=settings.import_max_vertices,
    )


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """The address of the database, for as long as the block runs.

    The operator's own where DATABASE_URL says so. Else gridmap's private cluster: the one that ``gridmap up``
    runs at the moment, or one that is started here and stopped at the end of the block.
    """
    if settings.database_url:
        yield settings.database_url
        return
    cluster = EmbeddedPostgres(settings.data_dir)
    if cluster.is_running():
        yield cluster.url()
        return
    with cluster:
        yield cluster.url()


@contextmanager
def open_sessions(settings: Settings) -> Generator[sessionmaker[Session]]:
    """Sessions for one command, on a database that is brought to this release's migrations first."""
    with database(settings) as url:
        engine = make_engine(url, statement_timeout_ms=0)
        try:
            if not is_prepared(url, with_areas=False):
                _upgrade_to_head(engine)
            yield make_sessions(engine)
        finally:
            engine.dispose()


def _upgrade_to_head(engine: Engine) -> None:
    # Imported here: most commands meet a database that is at head.
    from gridmap.storage.migrate import upgrade_to_head

    upgrade_to_head(engine)


def migrate(database_url: str) -> None:
    """Run every migration that this release brings."""
    engine = make_engine(database_url, statement_timeout_ms=0)
    try:
        _upgrade_to_head(engine)
    finally:
        engine.dispose()


def secret_key(settings: Settings) -> str:
    """What sessions are signed with: the operator's, else one made once and kept in the data folder."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret_key"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    # Exclusive creation: of two processes that start at once, one writes and both read the same.
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii")


def demo_folder() -> Path:
    """Where the demo subdistrict's files are."""
    return Path(__file__).resolve().parent.parent / "geodata" / "demo"


def standards_folder() -> Path:
    """Where the code lists that this release brings are."""
    return demo_folder().parent / "standards"


def demo_password_of(settings: Settings) -> Callable[[str], str]:
    """Demo passwords follow from the secret key: each installation has its own, and none is stored."""
    return partial(_demo_password, secret_key(settings))


def _demo_password(secret: str, username: str) -> str:
    digest = hmac.digest(secret.encode(), f"demo password of {username}".encode(), hashlib.sha256)
    return base64.b32encode(digest).decode("ascii").lower()[:10]


def load_demo_on_first_start(settings: Settings, sessions: sessionmaker[Session]) -> bool:
    """Load the demo subdistrict into a database without areas, unless settings say not to."""
    if not settings.load_demo:
        return False
    from gridmap.use_cases.demo import load_demo_if_empty

    with unit_of_work(sessions) as session:
        return load_demo_if_empty(
            session, demo_folder(), password_of=demo_password_of(settings), now=now_utc()
        )


def reset_to_demo(settings: Settings, sessions: sessionmaker[Session]) -> None:
    """Empty the database and load the demo subdistrict anew."""
    from gridmap.use_cases.demo import reset_demo

    with unit_of_work(sessions) as session:
        reset_demo(session, demo_folder(), password_of=demo_password_of(settings), now=now_utc())


def make_app(settings: Settings, sessions: sessionmaker[Session], *, clock: Clock = now_utc) -> Flask:
    """The web application over these sessions."""
    # Imported here, so that command-line tools start without loading the whole web stack.
    from gridmap.web import create_app
    from gridmap.web.deps import Deps, WebConfig

    config = WebConfig(
        secret_key=secret_key(settings),
        public_base_url=settings.public_base_url,
        map_approval_no=settings.map_approval_no,
        tile_basemap=settings.tile_basemap,
        tianditu_key=settings.tianditu_key,
        session_idle_minutes=settings.session_idle_minutes,
        photo_max_bytes=settings.photo_max_bytes,
        photos_per_issue_max=settings.photos_per_issue_max,
        export_max_rows=settings.export_max_rows,
        outside_grid_policy=settings.outside_grid_policy,
        outside_grid_max_m=settings.outside_grid_max_m,
        trusted_proxies=settings.trusted_proxies,
        secure_cookies=settings.secure_cookies,
    )
    photo_folder = settings.data_dir / "photos"
    return create_app(
        Deps(
            sessions=sessions,
            clock=clock,
            photo_folder=photo_folder,
            imports=import_files(settings),
            config=config,
        )
    )


def wsgi_app() -> Flask:
    """What gunicorn serves; ``gridmap up`` has set DATABASE_URL and migrated."""
    settings = read_settings()
    if not settings.database_url:
        raise RuntimeError("DATABASE_URL is not set: start the service with `gridmap up`")
    engine = make_engine(settings.database_url, pool_size=settings.web_threads)
    return make_app(settings, make_sessions(engine))


def job_tools(settings: Settings, sessions: sessionmaker[Session], *, clock: Clock = now_utc) -> JobTools:
    """What the worker hands to every job."""
    from gridmap.jobs.tools import JobTools

    return JobTools(sessions=sessions, clock=clock, imports=import_files(settings))


def import_files(settings: Settings) -> ImportFiles:
    """Where files of imports on their way wait, and how much of one is read."""
    from gridmap.use_cases.import_runs import ImportFiles

    return ImportFiles(folder=settings.data_dir / "imports", limits=import_limits(settings))


def run_worker(settings: Settings) -> None:
    """The background worker, until it is told to stop."""
    from gridmap.jobs import worker

    with database(settings) as url:
        worker.run(libpq_address(url), job_tools(settings, make_sessions(make_engine(url))))
