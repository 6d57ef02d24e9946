"""Which PostgreSQL programs this machine has, and whether PostGIS belongs to them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gridmap.storage.embedded_postgres.errors import NoPostgisPrograms

# ICU as a database's own collation came with 15; Debian 12 and Ubuntu 24.04 have 15 and 16.
OLDEST_MAJOR = 15

_FOLDER_PATTERNS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu, and the PGDG packages for them
    "/usr/pgsql-*/bin",  # PGDG on Red Hat and its kin
    "/usr/local/pgsql/bin",  # built from source
    "/opt/homebrew/opt/postgresql*/bin",  # Homebrew on Apple silicon
    "/usr/local/opt/postgresql*/bin",  # Homebrew on Intel
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_NEEDED = ("initdb", "pg_ctl", "postgres")


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """One installed PostgreSQL that has PostGIS."""

    folder: Path
    major: int
    version: str


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found: usable ones, newest first, and why the others are not."""

    usable: tuple[PostgresPrograms, ...]
    rejected: tuple[str, ...]


def search_programs(folders: Iterable[Path] | None = None) -> Search:
    """Look through ``folders``, or through the places where PostgreSQL is usually installed and the PATH."""
    usable: list[PostgresPrograms] = []
    rejected: list[str] = []
    for folder in _distinct(_usual_folders() if folders is None else folders):
        missing = [name for name in _NEEDED if not (folder / name).is_file()]
        if missing:
            if (folder / "postgres").is_file() or folders is not None:
                rejected.append(f"{folder}: {', '.join(missing)} missing")
            continue
        version = _version(folder)
        if version is None:
            rejected.append(f"{folder}: `postgres --version` gave no version")
            continue
        major = int(version.split(".")[0])
        if major < OLDEST_MAJOR:
            rejected.append(f"{folder}: PostgreSQL {version} is older than {OLDEST_MAJOR}")
        elif not _has_postgis(folder, major):
            rejected.append(
                f"{folder}: PostgreSQL {version} without PostGIS (package postgresql-{major}-postgis-3)"
            )
        else:
            usable.append(PostgresPrograms(folder=folder, major=major, version=version))
    usable.sort(key=lambda each: _version_key(each.version), reverse=True)
    return Search(tuple(usable), tuple(rejected))


def find_programs(folders: Iterable[Path] | None = None) -> Sequence[PostgresPrograms]:
    """Give every PostgreSQL with PostGIS, newest first.

    Raises
    ------
    NoPostgisPrograms
        There is none; the message lists what was found and why it does not do.
    """
    found = search_programs(folders)
    if not found.usable:
        rejected = "".join(f"\n  {line}" for line in found.rejected)
        raise NoPostgisPrograms(rejected=f" Found, but not usable:{rejected}" if rejected else "")
    return found.usable


def _usual_folders() -> Iterable[Path]:
    for pattern in _FOLDER_PATTERNS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _distinct(folders: Iterable[Path]) -> Iterable[Path]:
    seen: set[Path] = set()
    for folder in folders:
        real = folder.resolve()
        if real not in seen:
            seen.add(real)
            yield real


def _output(program: Path, argument: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program found in a system folder, with a fixed argument
            [str(program), argument],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _version(folder: Path) -> str | None:
    # "postgres (PostgreSQL) 15.18 (Debian …)", or "17rc1" before a release
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", _output(folder / "postgres", "--version"))
    return match.group(1) if match else None


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _has_postgis(folder: Path, major: int) -> bool:
    asked = _output(folder / "pg_config", "--sharedir")
    prefix = folder.parent
    shares = [
        *([Path(asked)] if asked else []),
        # pg_config is in a development package on some systems: where the share folder then usually is
        Path(f"/usr/share/postgresql/{major}"),
        prefix / "share",
        prefix / "share/postgresql",
        prefix / f"share/postgresql@{major}",
        prefix.parent.parent / f"share/postgresql@{major}",
    ]
    return any((share / "extension/postgis.control").is_file() for share in shares)
