"""``postmaster.pid``: is a server running on this data folder, or is the file left over?

A process number alone proves nothing: after a power cut the file may be empty, and after a restart of the
machine the number may be another program's. So the process itself is asked: a PostgreSQL server works inside
its data folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from gridmap.storage.embedded_postgres.errors import StrayProcesses

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A running server, as its pid file tells."""

    pid: int
    port: int
    socket_folder: Path
    is_stopping: bool


def running_postmaster(cluster: Path) -> Postmaster | None:
    """Give the server that runs on ``cluster``; None when there is none, whatever the pid file says."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
        return None
    if not _serves(pid, cluster):
        return None
    # pid, data folder, start time, port, socket folder, listen address, shared memory, status; the later
    # lines are written while the server comes up
    port = lines[3].strip() if len(lines) > 3 else ""
    return Postmaster(
        pid=pid,
        port=int(port) if port.isdigit() else 5432,
        socket_folder=Path(lines[4].split(",")[0].strip()) if len(lines) > 4 else Path(),
        is_stopping=len(lines) > 7 and lines[7].strip() == "stopping",
    )


def clear_stale_pid_file(cluster: Path, *, bound_s: float) -> None:
    """Wait for the backends that outlive a killed server, then take its pid file away.

    A server's backends notice its death by themselves, a busy one only at the end of its statement: after
    half of the bound they are told to quit at once, which loses nothing: the next start recovers from the
    log.

    Raises
    ------
    StrayProcesses
        Some are still there after ``bound_s``: the pid file stays, and the data is safe.
    """
    begun = time.monotonic()
    told = False
    while strays := _processes_inside(cluster):
        if time.monotonic() - begun > bound_s:
            raise StrayProcesses(folder=cluster, pids=", ".join(map(str, strays)))
        if not told and time.monotonic() - begun > bound_s / 2:
            told = True
            for pid in strays:
                _signal(pid, signal.SIGQUIT)
        time.sleep(0.1)
    if not _is_left_to_postgres(cluster / "postmaster.pid"):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def wait_until_gone(pid: int, cluster: Path, *, bound_s: float) -> bool:
    """Wait for a server to end; False when it is still there after ``bound_s``."""
    begun = time.monotonic()
    while _serves(pid, cluster):
        if time.monotonic() - begun > bound_s:
            return False
        time.sleep(0.05)
    return True


def _serves(pid: int, cluster: Path) -> bool:
    if pid <= 0:
        return False
    if (_PROC / "self").exists():
        return _works_inside(_PROC / str(pid), cluster)
    asked = subprocess.run(  # noqa: S603 - fixed program, a number as argument
        ["/bin/ps", "-ww", "-p", str(pid), "-o", "command="],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return "postgres" in asked.stdout and str(cluster) in asked.stdout


def _works_inside(process: Path, cluster: Path) -> bool:
    try:
        name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
        # neither a zombie nor another user's process shows a working folder; neither is ours
        return name in ("postgres", "postmaster") and (process / "cwd").samefile(cluster)
    except OSError:
        return False


def _processes_inside(cluster: Path) -> list[int]:
    if not (_PROC / "self").exists():
        return []
    return [
        int(each.name) for each in _PROC.iterdir() if each.name.isdigit() and _works_inside(each, cluster)
    ]


def _is_left_to_postgres(pid_file: Path) -> bool:
    """Without /proc only PostgreSQL can look for backends; it clears a dead process's file itself."""
    if (_PROC / "self").exists():
        return False
    try:
        os.kill(int(pid_file.read_text(encoding="utf-8").split()[0]), 0)
    except ProcessLookupError:
        return True
    except (OSError, IndexError, ValueError):
        return False
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
