"""``gridmap doctor``: what is missing or wrong on this machine, in plain words.

Every check imports what it needs inside itself, because a missing package is one of the things it is asked
about.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import click

from gridmap.settings import SettingError, Settings

_PACKAGE = Path(__file__).resolve().parent.parent
_OLDEST_PYTHON = (3, 11)
_OLDEST_NODE = 18
_LITTLE_SPACE_BYTES = 2_000_000_000
_TOO_LITTLE_SPACE_BYTES = 300_000_000


class Verdict(Enum):
    """How a thing stands; ``NOTE`` is worth knowing but keeps nothing from running."""

    GOOD = "ok"
    NOTE = "note"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one thing."""

    verdict: Verdict
    subject: str
    words: str


@click.command()
def doctor() -> None:
    """Say in plain words what is missing or wrong; exit code 1 if something is."""
    wrong = 0
    for finding in examine():
        click.echo(f"{finding.verdict.value:>5}  {finding.subject}: {finding.words}")
        wrong += finding.verdict is Verdict.WRONG
    if wrong:
        click.echo(f"\n{wrong} thing{'s' if wrong > 1 else ''} to put right.")
        sys.exit(1)
    click.echo("\nNothing is wrong.")


def examine() -> Iterator[Finding]:
    """Look at everything; a check that cannot run says why instead of ending the others."""
    yield _python()
    try:
        settings = Settings.from_environment(os.environ)
    except SettingError as problem:
        yield Finding(Verdict.WRONG, "Settings", str(problem))
        settings = Settings()
    checks: list[Callable[[Settings], Finding]] = [
        _packages, _postgis, _data_folder, _disk_space, _port, _database, _front_end, _translations, _node,
        _browser, _fonts,
    ]  # fmt: skip
    for check in checks:
        subject = check.__name__.strip("_").replace("_", " ").capitalize()
        try:
            yield check(settings)
        except ImportError as missing:
            yield Finding(
                Verdict.WRONG,
                subject,
                f"not looked at, the Python module {missing.name!r} is missing: make setup",
            )
        except Exception as problem:
            yield Finding(Verdict.WRONG, subject, f"{type(problem).__name__}: {problem}")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return Finding(Verdict.WRONG, "Python", f"{version} is too old; gridmap needs 3.11 or newer.")
    return Finding(Verdict.GOOD, "Python", f"{version} at {sys.executable}")


def _packages(settings: Settings) -> Finding:  # noqa: ARG001 - every check is called alike
    wanted = [line for line in importlib.metadata.requires("gridmap") or [] if "extra ==" not in line]
    missing: list[str] = []
    for line in wanted:
        name = re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0]
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(Verdict.WRONG, "Python packages", f"missing: {', '.join(missing)}. Run: make setup")
    return Finding(Verdict.GOOD, "Python packages", f"{len(wanted)} required ones are installed")


def _postgis(settings: Settings) -> Finding:
    from gridmap.storage.embedded_postgres import search_programs

    found = search_programs()
    if found.usable:
        newest = found.usable[0]
        return Finding(
            Verdict.GOOD, "PostGIS", f"PostgreSQL {newest.version} with PostGIS in {newest.folder}"
        )
    reasons = "; ".join(found.rejected) or "no PostgreSQL was found"
    if settings.database_url:
        return Finding(Verdict.NOTE, "PostGIS", f"none on this machine ({reasons}); DATABASE_URL is used")
    return Finding(
        Verdict.WRONG, "PostGIS", f"{reasons}. Install postgresql-postgis (make setup), or set DATABASE_URL."
    )


def _data_folder(settings: Settings) -> Finding:
    from gridmap.storage.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError

    folder = settings.data_dir.resolve()
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(Verdict.WRONG, "Data folder", f"{existing} may not be written; set GRIDMAP_DATA_DIR.")
    if settings.database_url:
        return Finding(Verdict.GOOD, "Data folder", f"{folder} may be written; the database is elsewhere")
    try:
        EmbeddedPostgres(folder).check()
    except EmbeddedPostgresError as problem:
        return Finding(Verdict.WRONG, "Data folder", str(problem))
    state = "" if folder.exists() else " (made at the first start)"
    return Finding(Verdict.GOOD, "Data folder", f"{folder}{state}")


def _disk_space(settings: Settings) -> Finding:
    folder = settings.data_dir.resolve()
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(existing).free
    words = f"{free / 1e9:.1f} GB free at {existing}"
    if free < _TOO_LITTLE_SPACE_BYTES:
        return Finding(Verdict.WRONG, "Disk space", f"{words}; the database needs more.")
    return Finding(Verdict.NOTE if free < _LITTLE_SPACE_BYTES else Verdict.GOOD, "Disk space", words)


def _port(settings: Settings) -> Finding:
    host, _, port = settings.bind.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as problem:
            if _is_ours(host, int(port)):
                return Finding(Verdict.GOOD, "Port", f"gridmap answers on {settings.bind}")
            words = f"{settings.bind} cannot be used ({problem.strerror}); set GRIDMAP_BIND to another."
            return Finding(Verdict.WRONG, "Port", words)
    return Finding(Verdict.GOOD, "Port", f"{settings.bind} is free")


def _is_ours(host: str, port: int) -> bool:
    import http.client

    connection = http.client.HTTPConnection(host.strip("[]") or "127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _database(settings: Settings) -> Finding:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from gridmap.storage.embedded_postgres import EmbeddedPostgres
    from gridmap.storage.engine import make_engine
    from gridmap.storage.migrate import is_at_head

    url = settings.database_url
    if not url:
        cluster = EmbeddedPostgres(settings.data_dir)
        if not cluster.is_running():
            return Finding(Verdict.GOOD, "Database", "the private one is stopped; `gridmap up` starts it")
        url = cluster.url()
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            server = connection.execute(text("SHOW server_version")).scalar_one()
            postgis = connection.execute(
                text("SELECT installed_version FROM pg_available_extensions WHERE name = 'postgis'")
            ).one_or_none()
            at_head = is_at_head(connection)
    except SQLAlchemyError as problem:
        reason = str(getattr(problem, "orig", problem)).strip().splitlines()[0]
        return Finding(Verdict.WRONG, "Database", f"cannot be reached ({reason}); look at DATABASE_URL.")
    finally:
        engine.dispose()
    if postgis is None:
        words = f"PostgreSQL {server} answers but has no PostGIS: install it on the database's machine."
        return Finding(Verdict.WRONG, "Database", words)
    if not at_head:
        return Finding(
            Verdict.NOTE, "Database", f"PostgreSQL {server} answers; migrations run at the next start"
        )
    return Finding(Verdict.GOOD, "Database", f"PostgreSQL {server}, PostGIS {postgis[0]}, migrations at head")


def _front_end(settings: Settings) -> Finding:  # noqa: ARG001
    vendor = _PACKAGE / "web/static/vendor"
    files = [each for each in vendor.rglob("*") if each.is_file()] if vendor.is_dir() else []
    if not files:
        return Finding(Verdict.WRONG, "Front-end files", f"{vendor} is empty; run: make setup")
    return Finding(Verdict.GOOD, "Front-end files", f"{len(files)} in {vendor}")


def _translations(settings: Settings) -> Finding:  # noqa: ARG001
    from babel import Locale

    folder = _PACKAGE / "translations"
    stale: list[str] = []
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        name = source.parts[-3]
        compiled = folder / str(Locale.parse(name)) / "LC_MESSAGES/messages.mo"
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            stale.append(name)
    if stale:
        return Finding(Verdict.WRONG, "Translations", f"not compiled for {', '.join(stale)}; run: make setup")
    return Finding(Verdict.GOOD, "Translations", "compiled")


def _node(settings: Settings) -> Finding:  # noqa: ARG001
    program = shutil.which("node")
    if program is None:
        return Finding(Verdict.NOTE, "Node.js", "not on the PATH; only set-up and tests need it (make setup)")
    version = subprocess.run(  # noqa: S603 - found on the PATH, fixed argument
        [program, "--version"], capture_output=True, text=True, check=False, timeout=10
    ).stdout.strip()
    major = version.lstrip("v").split(".")[0]
    if not major.isdigit() or int(major) < _OLDEST_NODE:
        words = f"{version} is older than {_OLDEST_NODE}; set-up brings its own"
        return Finding(Verdict.NOTE, "Node.js", words)
    return Finding(Verdict.GOOD, "Node.js", version)


def _browser(settings: Settings) -> Finding:  # noqa: ARG001
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if shutil.which(name):
            return Finding(Verdict.GOOD, "Browser for tests", name)
    return Finding(Verdict.NOTE, "Browser for tests", "no Chromium; only `make test` needs it")


def _fonts(settings: Settings) -> Finding:  # noqa: ARG001
    program = shutil.which("fc-list")
    if program is None:
        return Finding(Verdict.NOTE, "Chinese fonts", "fontconfig is not here; only screenshots need it")
    found = subprocess.run(  # noqa: S603 - found on the PATH, fixed arguments
        [program, ":lang=zh", "family"], capture_output=True, text=True, check=False, timeout=20
    ).stdout.strip()
    if not found:
        return Finding(Verdict.NOTE, "Chinese fonts", "none; screenshots need fonts-noto-cjk")
    return Finding(Verdict.GOOD, "Chinese fonts", f"{len(found.splitlines())} families")
