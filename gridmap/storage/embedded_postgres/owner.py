"""Who runs PostgreSQL, and folders and files that belong to that user.

PostgreSQL refuses to run as root. Started by root (a container, a first try on a server), its programs run as
the owner of the data folder, else as ``postgres``; started by anybody else they run as that person.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gridmap.storage.embedded_postgres.errors import NoDatabaseUser, NotTheOwner, RuntimeFolderTaken

# Linux takes 107 bytes for a socket's path, macOS 103.
SOCKET_PATH_MAX_BYTES = 103
SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """The system user that the PostgreSQL programs run as."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether programs must change to this user, which only root can."""
        return self.uid != os.geteuid()


def database_user(data_dir: Path, cluster: Path) -> DatabaseUser:
    """Choose the system user: yourself, or when root the owner of what is there, else ``postgres``.

    Raises
    ------
    NotTheOwner
        Another user owns the cluster, and we are not root.
    NoDatabaseUser
        We are root, and there is nobody else to run PostgreSQL as.
    """
    if os.geteuid() != 0:
        if cluster.exists() and cluster.stat().st_uid != os.geteuid():
            raise NotTheOwner(
                folder=cluster, owner=_name_of(cluster.stat().st_uid), user=_name_of(os.geteuid())
            )
        return DatabaseUser(_name_of(os.geteuid()), os.geteuid(), os.getegid())
    for folder in (cluster, data_dir):
        if folder.exists() and folder.stat().st_uid != 0:
            entry = _entry_of(folder.stat().st_uid)
            if entry is not None:
                return DatabaseUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        raise NoDatabaseUser(folder=data_dir) from None
    return DatabaseUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def run_as(
    user: DatabaseUser, command: Sequence[str | Path], *, timeout_s: float, folder: Path = Path("/")
) -> subprocess.CompletedProcess[str]:
    """Run a program as ``user``, its output captured, in a clean environment, away from Ctrl-C."""
    return subprocess.run(  # noqa: S603 - PostgreSQL's own programs and /bin/sh, arguments as a list
        [str(part) for part in command],
        cwd=folder,
        env=_environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
        start_new_session=True,
        user=user.uid if user.is_other else None,
        group=user.gid if user.is_other else None,
        extra_groups=[user.gid] if user.is_other else None,
    )


def drop_libpq_variables(environment: MutableMapping[str, str]) -> None:
    """Take every ``PG*`` variable out: PGHOSTADDR or PGSERVICE would lead connections somewhere else."""
    for name in [name for name in environment if name.startswith("PG")]:
        del environment[name]


def first_blocked_folder(user: DatabaseUser, folder: Path) -> Path | None:
    """Name the outermost folder on the way to ``folder`` (itself included) that ``user`` may not enter."""
    if not user.is_other:
        return None
    way = [*reversed(folder.parents), folder]
    asked = run_as(
        user,
        ["/bin/sh", "-c", 'for each; do [ -x "$each" ] || { printf %s "$each"; exit 1; }; done', "sh", *way],
        timeout_s=10,
    )
    return Path(asked.stdout) if asked.returncode else None


def make_private_folder(folder: Path, user: DatabaseUser) -> None:
    """Make an empty folder that only ``user`` may enter."""
    folder.mkdir(mode=0o700)
    if user.is_other:
        os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)


def write_private_file(path: Path, text: str, user: DatabaseUser) -> None:
    """Put a file of ``user`` in place at once; a link planted there is replaced, never followed."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if user.is_other:
            os.fchown(file.fileno(), user.uid, user.gid)
        file.write(text)
    fresh.replace(path)


def runtime_folder(cluster: Path, user: DatabaseUser) -> Path:
    """Give the short private folder for the socket, made if need be.

    Its name is a hash of the data folder, so that every start on that folder finds the same one, and it stays
    within the length that a socket's path may have however deep the data folder lies.

    Raises
    ------
    RuntimeFolderTaken
        It is there, but belongs to somebody else or is open to others.
    """
    digest = hashlib.sha256(f"{user.uid}:{cluster}".encode()).hexdigest()[:12]
    folder = _runtime_base(user) / f"gridmap-{digest}"
    try:
        make_private_folder(folder, user)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise RuntimeFolderTaken(folder=folder, detail="is not a folder") from None
        if found.st_uid != user.uid:
            raise RuntimeFolderTaken(folder=folder, detail=f"belongs to {_name_of(found.st_uid)}") from None
        if stat.S_IMODE(found.st_mode) != 0o700:
            raise RuntimeFolderTaken(folder=folder, detail="is open to other users") from None
    return folder


def remove_stale_sockets(folder: Path) -> None:
    """Take away what a killed server left; only called when no server runs on the cluster."""
    for left in folder.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder and what is in it; nothing there is fine."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _runtime_base(user: DatabaseUser) -> Path:
    longest = len(f"/gridmap-{'0' * 12}/{SOCKET_NAME}")
    bases = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - the folder made inside is private
    if os.geteuid() == 0:
        bases.insert(0, Path("/run"))
    elif os.environ.get("XDG_RUNTIME_DIR"):
        bases.insert(0, Path(os.environ["XDG_RUNTIME_DIR"]))
    for base in bases:
        fits = len(os.fsencode(base)) + longest <= SOCKET_PATH_MAX_BYTES
        if fits and base.is_absolute() and os.access(base, os.W_OK | os.X_OK):
            blocked = first_blocked_folder(user, base)
            if blocked is None:
                return base
    return Path("/tmp")  # noqa: S108 - as above


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    clean = dict(environment)
    drop_libpq_variables(clean)
    # plain messages to show and search, whatever the terminal's language
    clean["LC_ALL"] = "C"
    return clean


def _entry_of(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _name_of(uid: int) -> str:
    entry = _entry_of(uid)
    return entry.pw_name if entry is not None else f"uid {uid}"


def current_user_name() -> str:
    """Name the system user that this process runs as."""
    return _name_of(os.geteuid())
