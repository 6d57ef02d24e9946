"""Real PostGIS for every test: one private cluster, template databases, transactions that are rolled back.

``GRIDMAP_TEST_SERVER_URL`` names another server to make the test databases on; without it the tests start
gridmap's own embedded cluster in ``.gridmap-test/``. Several processes of one run (``pytest -n``) share one
cluster, which the first process holds, and make each template database once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from gridmap import bootstrap
from gridmap.settings import Settings
from gridmap.storage.embedded_postgres import EmbeddedPostgres
from gridmap.storage.engine import make_engine
from gridmap.storage.migrate import upgrade_to_head
from gridmap.use_cases.demo import load_demo

CHECKOUT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


class Server:
    """A PostgreSQL server on which tests make and drop databases."""

    def __init__(self, url: str, cluster: EmbeddedPostgres | None = None) -> None:
        self._url = make_url(url)
        self._cluster = cluster
        self._admin = create_engine(self._url, isolation_level="AUTOCOMMIT", pool_size=1)

    def url_of(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def databases(self) -> set[str]:
        with self._admin.connect() as connection:
            return set(connection.scalars(text("SELECT datname FROM pg_database")))

    def create(self, database: str, template: str | None = None) -> str:
        source = f' TEMPLATE "{template}"' if template else ""
        with self._admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{database}"{source}'))
        return self.url_of(database)

    def create_with_extensions(self, database: str) -> str:
        """An empty database; in the private cluster its superuser brings the extensions."""
        return self._cluster.create_database(database) if self._cluster else self.create(database)

    def drop(self, database: str) -> None:
        if self._cluster:
            # Its superuser may also end an autovacuum that happens to be at work there.
            self._cluster.drop_database(database)
            return
        with self._admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'))

    def rename(self, old: str, new: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{old}" RENAME TO "{new}"'))

    def close(self) -> None:
        self._admin.dispose()


# Test databases may be lost at a power cut, so they need not wait for the disk.
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_CLUSTER = EmbeddedPostgres(CHECKOUT / ".gridmap-test", settings=_QUICK)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before it starts its workers, the first process of a parallel run starts the cluster for them."""
    if getattr(session.config.option, "numprocesses", None) and not _names_another_server():
        _CLUSTER.start()


def pytest_sessionfinish() -> None:
    """Stop the cluster, if this process started it."""
    _CLUSTER.stop()


def _names_another_server() -> bool:
    return bool(os.environ.get("GRIDMAP_TEST_SERVER_URL"))


@pytest.fixture(scope="session")
def server() -> Generator[Server]:
    if _names_another_server():
        server = Server(os.environ["GRIDMAP_TEST_SERVER_URL"])
    else:
        if "PYTEST_XDIST_WORKER" not in os.environ:
            _CLUSTER.start()
        server = Server(_CLUSTER.url("postgres"), _CLUSTER)
    yield server
    server.close()


def _fingerprint(*patterns: str) -> str:
    digest = hashlib.sha256(str(CHECKOUT).encode())
    for pattern in patterns:
        for path in sorted(CHECKOUT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def _only_one_process() -> Generator[None]:
    """Let the processes of a parallel run in one after the other."""
    path = CHECKOUT / ".gridmap-test" / "templates.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _cached_template(server: Server, kind: str, fingerprint: str, fill: Callable[[Engine], None]) -> str:
    """A template database that is made anew only when what it is made of changed."""
    with _only_one_process():
        return _make_template(server, kind, fingerprint, fill)


def _make_template(server: Server, kind: str, fingerprint: str, fill: Callable[[Engine], None]) -> str:
    checkout = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:6]
    name = f"gm_{kind}_{checkout}_{fingerprint}"
    present = server.databases()
    if name in present:
        return name
    for stale in present:
        if stale.startswith(f"gm_{kind}_{checkout}_"):
            server.drop(stale)
    half_made = f"{name}_new"
    server.drop(half_made)
    engine = make_engine(server.create_with_extensions(half_made))
    fill(engine)
    engine.dispose()
    server.rename(half_made, name)
    return name


@pytest.fixture(scope="session")
def empty_template(server: Server) -> str:
    """Migrated to head, without a row."""
    return _cached_template(server, "empty", _fingerprint("gridmap/storage/**/*.py"), upgrade_to_head)


def _fill_with_demo(engine: Engine) -> None:
    upgrade_to_head(engine)
    settings = Settings(secret_key="tests")
    with Session(engine) as session, session.begin():
        load_demo(session, bootstrap.demo_folder(), password_of=bootstrap.demo_password_of(settings), now=NOW)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


@pytest.fixture(scope="session")
def demo_template(server: Server) -> str:
    """Migrated to head, with the demo subdistrict; accounts sign in with ``demo_password(username)``."""
    made_of = ("gridmap/storage/**/*.py", "gridmap/domain/*.py", "gridmap/use_cases/*.py", "geodata/demo/*")
    return _cached_template(server, "demo", _fingerprint(*made_of), _fill_with_demo)


@pytest.fixture(scope="session")
def demo_password() -> Callable[[str], str]:
    return bootstrap.demo_password_of(Settings(secret_key="tests"))


def _database_from(server: Server, template: str) -> Generator[str]:
    name = f"gm_t_{uuid.uuid4().hex[:12]}"
    url = server.create(name, template)
    yield url
    server.drop(name)


@pytest.fixture(scope="session")
def database_url(server: Server, empty_template: str) -> Generator[str]:
    yield from _database_from(server, empty_template)


@pytest.fixture(scope="session")
def demo_url(server: Server, demo_template: str) -> Generator[str]:
    """A database with the demo subdistrict that browser tests may write to; shared by the whole run."""
    yield from _database_from(server, demo_template)


@pytest.fixture
def committed_database(server: Server, empty_template: str) -> Generator[str]:
    """A migrated database of the test's own, for what needs real commits or several connections."""
    yield from _database_from(server, empty_template)


@pytest.fixture
def committed_demo(server: Server, demo_template: str) -> Generator[str]:
    """The demo subdistrict in a database of the test's own."""
    yield from _database_from(server, demo_template)


@pytest.fixture(scope="session")
def engine(database_url: str) -> Generator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def demo_engine(server: Server, demo_template: str) -> Generator[Engine]:
    for url in _database_from(server, demo_template):
        engine = make_engine(url)
        yield engine
        engine.dispose()


def _rolled_back(engine: Engine) -> Generator[Connection]:
    with engine.connect() as connection:
        outer = connection.begin()
        yield connection
        outer.rollback()


@pytest.fixture
def connection(engine: Engine) -> Generator[Connection]:
    yield from _rolled_back(engine)


@pytest.fixture
def demo_connection(demo_engine: Engine) -> Generator[Connection]:
    yield from _rolled_back(demo_engine)


def _sessions_on(connection: Connection) -> sessionmaker[Session]:
    return sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")


@pytest.fixture
def session(connection: Connection) -> Generator[Session]:
    """An empty, migrated database; whatever the test commits is rolled back."""
    with _sessions_on(connection)() as session:
        yield session


@pytest.fixture
def demo_session(demo_connection: Connection) -> Generator[Session]:
    """The demo subdistrict; whatever the test commits is rolled back."""
    with _sessions_on(demo_connection)() as session:
        yield session


@pytest.fixture
def app(connection: Connection, tmp_path: Path) -> Flask:
    """The web application on the same rolled-back transaction as ``session``."""
    settings = Settings(secret_key="tests", data_dir=tmp_path)
    return bootstrap.make_app(settings, _sessions_on(connection), clock=lambda: NOW)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def demo_app(demo_connection: Connection, tmp_path: Path) -> Flask:
    """The web application over the demo subdistrict, on ``demo_session``'s rolled-back transaction."""
    settings = Settings(secret_key="tests", data_dir=tmp_path)
    return bootstrap.make_app(settings, _sessions_on(demo_connection), clock=lambda: NOW)


@pytest.fixture
def demo_client(demo_app: Flask) -> FlaskClient:
    return demo_app.test_client()
