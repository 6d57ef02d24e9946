"""The life of one private cluster: made, started, adopted, stopped.

Only a Unix socket listens, in a folder that only the database's system user (and root) may enter, and the
system user at the other end must be that user, root or the one who started gridmap (peer authentication with
a map): ``trust`` inside the private folder would do as well on most days, but a folder's mode is one mistake
away from open.

Two roles: ``gridmap_admin`` makes databases and extensions; the service itself connects as ``gridmap``, which
owns its databases but is no superuser, so that a hole in the service does not become a shell on the machine.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from gridmap.storage.embedded_postgres import owner, pid_file
from gridmap.storage.embedded_postgres.errors import (
    DataFolderOfOtherMajor,
    EmbeddedPostgresError,
    FolderNotReachable,
    FolderNotWritable,
    InitFailed,
    NotADataFolder,
    StartFailed,
    StopFailed,
    SupervisorRunning,
)
from gridmap.storage.embedded_postgres.programs import PostgresPrograms, find_programs

DATABASE = "gridmap"
ROLE = "gridmap"
ADMIN_ROLE = "gridmap_admin"
EXTENSIONS = ("postgis", "btree_gist", "pg_trgm")

_START_BOUND_S = 60
_STOP_BOUND_S = 30
_STRAY_BOUND_S = 20.0
_LAUNCH_BOUND_S = 3.0
_LOG_MAX_BYTES = 10_000_000
_RELOCATED_ROOT = Path("/var/lib/gridmap")

_DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_permissions": "0700",
        "max_connections": "60",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # many short spatial queries on an SSD: compiling them costs more than it saves
        "jit": "off",
        "random_page_cost": "1.1",
    }
)


class EmbeddedPostgres:
    """A PostGIS of our own in ``data_dir/pg``.

    Parameters
    ----------
    data_dir
        gridmap's data folder; made when missing.
    programs
        Which PostgreSQL to use, newest first; None searches the machine at :meth:`start`.
    settings
        Server settings beside gridmap's own, as in ``postgresql.conf``.
    relocated_root
        Started by root, the database runs as another user. Where that user may not enter ``data_dir``'s
        parents (a clone below /root), the cluster goes into a new folder here and ``data_dir/pg`` becomes a
        link to it. None: :class:`FolderNotReachable` instead.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        programs: Sequence[PostgresPrograms] | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
        relocated_root: Path | None = _RELOCATED_ROOT,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self._programs = programs
        self._settings = settings
        self._relocated_root = relocated_root
        self._lock: int | None = None
        self._is_launching = False

    @property
    def folder(self) -> Path:
        """Where the cluster is: ``data_dir/pg``, or what that links to."""
        return (self.data_dir / "pg").resolve()

    def start(self) -> str:
        """Make the cluster if need be, start or adopt its server, and give the URL of database ``gridmap``.

        Holds the data folder until :meth:`stop`; the kernel lets go of it when this process dies. Environment
        variables named ``PG*`` are removed from this process, because they would redirect its connections.

        Raises
        ------
        EmbeddedPostgresError
            A subclass that says what is wrong and what to do; nothing half-made is left.
        """
        if self._lock is not None:
            return self.url()
        owner.drop_libpq_variables(os.environ)
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self.data_dir)
        except OSError as problem:
            raise FolderNotWritable(folder=self.data_dir, detail=problem.strerror or problem) from problem
        try:
            user = owner.database_user(self.data_dir, self.folder)
            programs = self._choose_programs()
            self._make_reachable(user)
            if not (self.data_dir / "pg").exists():
                self._init(programs, user)
            self._run(programs, user)
            self._provide_database()
        except EmbeddedPostgresError:
            self._release()
            raise
        except BaseException:
            # somebody wants us to end in the middle of it
            self._stop_half_started()
            raise
        return self.url()

    def revive(self) -> bool:
        """Start the server again if it died under us; True when it had to be.

        Raises
        ------
        EmbeddedPostgresError
            It does not come up; it may be tried again later.
        """
        if self._lock is None or self.is_running():
            return False
        self._run(self._choose_programs(), owner.database_user(self.data_dir, self.folder))
        return True

    def stop(self) -> None:
        """Stop the server, in bounded time: connections are cut, finished transactions are kept.

        Does nothing when this object did not start (or adopt) it.

        Raises
        ------
        StopFailed
            It is still there; the data is safe.
        """
        if self._lock is None:
            return
        try:
            running = pid_file.running_postmaster(self.folder)
            if running is not None:
                user = owner.database_user(self.data_dir, self.folder)
                self._stop(running.pid, self._choose_programs(), user)
                owner.remove_stale_sockets(running.socket_folder)
                if running.socket_folder.name.startswith("gridmap-"):
                    running.socket_folder.rmdir()
        finally:
            self._release()

    def check(self) -> None:
        """Say beforehand what would keep :meth:`start` from working; changes nothing.

        Raises
        ------
        EmbeddedPostgresError
            What :meth:`start` would raise: no programs, another major version, another owner.
        """
        owner.database_user(self.data_dir, self.folder)
        self._choose_programs()

    def is_running(self) -> bool:
        """Whether a server runs on this data folder, whoever started it."""
        return pid_file.running_postmaster(self.folder) is not None

    def url(self, database: str = DATABASE) -> str:
        """Give the SQLAlchemy URL of a database of the running server, as the service connects to it.

        Raises
        ------
        StartFailed
            No server runs on this data folder.
        """
        running = self._running()
        folder = quote(str(running.socket_folder), safe="")
        return f"postgresql+psycopg://{ROLE}@/{quote(database)}?host={folder}&port={running.port}"

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Make a database owned by the service's role and give its URL; an existing one is kept as it is.

        The extensions come with it. ``template`` names a database to copy (nobody may be connected to it).
        """
        with self._connect("postgres") as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                        sql.Identifier(name), sql.Identifier(ROLE), sql.Identifier(template or "template1")
                    )
                )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and cut whoever is connected to it; none of that name is fine."""
        with self._connect("postgres") as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _choose_programs(self) -> PostgresPrograms:
        candidates = self._programs if self._programs is not None else find_programs()
        folder = self.folder
        if not folder.exists():
            return candidates[0]
        major = _major_of(folder)
        for each in candidates:
            if each.major == major:
                return each
        found = ", ".join(f"PostgreSQL {each.version}" for each in candidates)
        raise DataFolderOfOtherMajor(folder=folder, folder_major=major, found=found)

    def _make_reachable(self, user: owner.DatabaseUser) -> None:
        blocked = owner.first_blocked_folder(user, self.folder if self.folder.exists() else self.data_dir)
        if blocked is None:
            return
        if (self.data_dir / "pg").exists() or self._relocated_root is None:
            raise FolderNotReachable(user=user.name, blocked=blocked, folder=self.data_dir)
        try:
            self._relocated_root.mkdir(mode=0o755, parents=True, exist_ok=True)
            blocked = owner.first_blocked_folder(user, self._relocated_root)
            if blocked is not None:
                raise FolderNotReachable(user=user.name, blocked=blocked, folder=self._relocated_root)
            # a new name each time: a data folder that was removed on purpose starts empty again
            place = Path(tempfile.mkdtemp(prefix="cluster-", dir=self._relocated_root))
            place.chmod(0o711)
            (self.data_dir / "pg").unlink(missing_ok=True)
            (self.data_dir / "pg").symlink_to(place / "pg")
        except OSError as problem:
            raise FolderNotWritable(folder=self._relocated_root, detail=problem.strerror) from problem

    def _init(self, programs: PostgresPrograms, user: owner.DatabaseUser) -> None:
        """Run initdb beside the final place, then rename: a killed initdb leaves no half cluster."""
        fresh = self.folder.with_name("pg.new")
        owner.remove_folder(fresh)
        owner.make_private_folder(fresh, user)
        command: list[str | Path] = [
            programs.folder / "initdb",
            *("--pgdata", fresh, "--username", ADMIN_ROLE, "--auth", "peer", "--data-checksums"),
            # sorted as Chinese readers expect (by pinyin); letters and digits by the C library's UTF-8
            # tables, without which trigrams would skip Chinese characters
            *("--encoding", "UTF8", "--locale-provider", "icu", "--icu-locale", "zh-Hans-CN"),
            *("--locale", _libc_locale(user), "--lc-messages", "C"),
        ]
        done = owner.run_as(user, command, timeout_s=180)
        if done.returncode:
            owner.remove_folder(fresh)
            raise InitFailed(folder=self.folder, detail=_tail(done.stderr or done.stdout))
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("\n# written by gridmap at every start\ninclude_if_exists = 'gridmap.conf'\n")
        fresh.rename(self.folder)

    def _run(self, programs: PostgresPrograms, user: owner.DatabaseUser) -> None:
        running = pid_file.running_postmaster(self.folder)
        if running is not None and running.is_stopping:
            if not pid_file.wait_until_gone(running.pid, self.folder, bound_s=_STOP_BOUND_S):
                raise StopFailed(pid=running.pid, bound_s=_STOP_BOUND_S)
            running = None
        self._write_access(user)
        if running is None:
            self._launch(programs, user)
        else:
            # left by a supervisor that was killed: its settings stay, our access file must count
            owner.run_as(user, [programs.folder / "pg_ctl", "reload", "-D", self.folder], timeout_s=10)
            self._wait_for_connections()

    def _launch(self, programs: PostgresPrograms, user: owner.DatabaseUser) -> None:
        pid_file.clear_stale_pid_file(self.folder, bound_s=_STRAY_BOUND_S)
        sockets = owner.runtime_folder(self.folder, user)
        owner.remove_stale_sockets(sockets)
        values = {**_DEFAULTS, **self._settings, "unix_socket_directories": str(sockets)}
        conf = "".join(f"{name} = {_quoted(value)}\n" for name, value in values.items())
        owner.write_private_file(self.folder / "gridmap.conf", conf, user)
        log = self.folder / "server.log"
        if log.exists() and log.stat().st_size > _LOG_MAX_BYTES:
            log.replace(log.with_name("server.log.1"))
        command = [
            programs.folder / "pg_ctl",
            "start",
            "-D",
            self.folder,
            "-l",
            log,
            "-w",
            "-t",
            str(_START_BOUND_S),
        ]
        done = owner.run_as(user, command, timeout_s=_START_BOUND_S + 10)
        self._is_launching = False
        if done.returncode:
            detail = log.read_text(encoding="utf-8", errors="replace") if log.exists() else done.stderr
            raise StartFailed(folder=self.folder, log=log, detail=_tail(detail))

    def _write_access(self, user: owner.DatabaseUser) -> None:
        """Let in the server's own user, root, and whoever starts gridmap now; nobody else, and no network."""
        names = {user.name, "root", owner.current_user_name()}
        hba = "local all all peer map=gridmap\nlocal replication all peer map=gridmap\n"
        ident = "".join(f'gridmap "{name}" {role}\n' for name in sorted(names) for role in (ROLE, ADMIN_ROLE))
        owner.write_private_file(self.folder / "pg_hba.conf", hba, user)
        owner.write_private_file(self.folder / "pg_ident.conf", ident, user)

    def _wait_for_connections(self) -> None:
        begun = time.monotonic()
        while True:
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError as problem:
                if time.monotonic() - begun > _START_BOUND_S:
                    log = self.folder / "server.log"
                    raise StartFailed(folder=self.folder, log=log, detail=problem) from problem
                time.sleep(0.1)
            else:
                return

    def _provide_database(self) -> None:
        with self._connect("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(ROLE)))
        # in the template, so that every database has them, also those that the service's own role makes
        with self._connect("template1") as connection:
            present = {row[0] for row in connection.execute("SELECT extname FROM pg_extension").fetchall()}
            for extension in EXTENSIONS:
                if extension not in present:
                    connection.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        self.create_database(DATABASE)

    def _running(self) -> pid_file.Postmaster:
        running = pid_file.running_postmaster(self.folder)
        if running is None:
            log = self.folder / "server.log"
            raise StartFailed(folder=self.folder, log=log, detail="(no server is running)")
        return running

    def _connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        running = self._running()
        return psycopg.connect(
            host=str(running.socket_folder), port=running.port, user=ADMIN_ROLE, dbname=database,
            autocommit=True, connect_timeout=10,
        )  # fmt: skip

    def _stop(self, pid: int, programs: PostgresPrograms, user: owner.DatabaseUser) -> None:
        for mode, bound_s in (("fast", _STOP_BOUND_S), ("immediate", 10)):
            command = [
                programs.folder / "pg_ctl",
                "stop",
                "-D",
                self.folder,
                "-m",
                mode,
                "-w",
                "-t",
                str(bound_s),
            ]
            try:
                owner.run_as(user, command, timeout_s=bound_s + 5)
            except subprocess.TimeoutExpired:
                continue
            if pid_file.wait_until_gone(pid, self.folder, bound_s=1):
                return
        raise StopFailed(pid=pid, bound_s=_STOP_BOUND_S)

    def _stop_half_started(self) -> None:
        """Stop a server that was being started; it may not have written its pid file yet."""
        begun = time.monotonic()
        while self._is_launching and not self.is_running() and time.monotonic() - begun < _LAUNCH_BOUND_S:
            time.sleep(0.05)
        self.stop()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _lock(data_dir: Path) -> int:
    """Take the supervisor lock; the kernel frees it when this process ends, however it ends."""
    path = data_dir / "supervisor.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        number = path.read_text(encoding="utf-8").strip()
        raise SupervisorRunning(folder=data_dir, process=f" (process {number})" if number else "") from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def _major_of(folder: Path) -> int:
    try:
        text = (folder / "PG_VERSION").read_text(encoding="utf-8", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        text = ""
    if not text.isdigit():
        raise NotADataFolder(folder=folder, found=text)
    return int(text)


def _libc_locale(user: owner.DatabaseUser) -> str:
    known = owner.run_as(user, ["locale", "-a"], timeout_s=10).stdout.splitlines()
    for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8"):
        if name in known:
            return name
    return "C"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _tail(text: str, lines: int = 12) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-lines:])
