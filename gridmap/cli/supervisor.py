"""Child processes that are kept running, and ended in order."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

_PARENT = "GRIDMAP_SUPERVISOR_PID"
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_STEADY_AFTER_S = 60.0
_POLL_S = 0.2
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """One program that should always run."""

    name: str
    command: Sequence[str]
    stop_bound_s: float
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause_s: float = field(default=_FIRST_PAUSE_S)


class Supervisor:
    """Keep children running until asked to stop; then end them in the order they were given.

    Parameters
    ----------
    children
        The first is started first, and they are ended in this order.
    environment
        Of the children.
    say
        Takes a line for the person at the terminal.
    also_watch
        Called every round; may put right what is no child (the private database).
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        environment: Mapping[str, str],
        say: Callable[[str], None],
        also_watch: Callable[[], None],
    ) -> None:
        self._children = children
        self._environment = {**environment, _PARENT: str(os.getpid())}
        self._say = say
        self._also_watch = also_watch
        self._stop = threading.Event()
        self._stop_requests = 0

    def catch_signals(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as a wish to stop; the second one hurries."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stop.is_set()

    def start_first(self) -> None:
        """Start the first child alone: the one that people wait for gets the machine to itself."""
        self._start(self._children[0])

    def first_has_ended(self) -> bool:
        """Whether the first child ended again."""
        process = self._children[0].process
        return process is None or process.poll() is not None

    def watch(self) -> None:
        """Start the others, and again whatever ends, with growing pauses, until asked to stop."""
        while not self._stop.is_set():
            self._also_watch()
            for child in self._children:
                self._look_after(child)
            self._stop.wait(_POLL_S)

    def end(self) -> None:
        """End every child within its bound, in order; one that does not end in time is killed."""
        for child in self._children:
            process = child.process
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            deadline = time.monotonic() + child.stop_bound_s
            while process.poll() is None and time.monotonic() < deadline and self._stop_requests < 2:
                time.sleep(0.02)
            if process.poll() is None:
                self._say(f"{child.name} did not end in time and was killed.")
                process.kill()
                process.wait()

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stop_requests += 1
        self._stop.set()

    def _start(self, child: Child) -> None:
        # a process group of its own: Ctrl-C reaches the supervisor only, which then ends children in order
        child.process = subprocess.Popen(  # noqa: S603 - our own programs, arguments as a list
            child.command, env=dict(self._environment), stdin=subprocess.DEVNULL, process_group=0
        )
        child.started_at = time.monotonic()

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                if now - child.started_at > _STEADY_AFTER_S:
                    child.pause_s = _FIRST_PAUSE_S
                return
            self._say(f"{child.name} ended ({_reason(code)}); starting it again in {child.pause_s:g} s.")
            child.process = None
            child.start_again_at = now + child.pause_s
            child.pause_s = min(child.pause_s * 2, _LONGEST_PAUSE_S)
        elif now >= child.start_again_at:
            self._start(child)


def end_with_parent() -> None:
    """In a child: end when the supervisor dies, even by kill -9 (Linux; elsewhere nothing happens)."""
    expected = os.environ.pop(_PARENT, "")
    if not expected or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(expected):  # it died before we asked
        sys.exit(1)


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
