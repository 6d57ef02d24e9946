"""Collects what the benchmarks measure, prints one table, and writes it to docs/benchmarks.md.

Run by ``make bench``. Every figure is a ratio against a peer or a limit measured in the same run, because the
machines differ and are shared; seconds are there to be read, never to be compared between runs.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# The browser harness, for what is measured in a page.
from tests.browser.conftest import (  # noqa: F401
    browser,
    live_server,
    live_settings,
    open_visit,
    signed_in_as,
)

REPORT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


@dataclass
class Measurement:
    """One row of the table."""

    what: str
    ours: str
    against: str
    peer: str
    ratio: str


@dataclass
class Report:
    """The rows of this run."""

    rows: list[Measurement] = field(default_factory=list)

    def add(self, what: str, *, ours: str, against: str, peer: str, ratio: str) -> None:
        self.rows.append(Measurement(what, ours, against, peer, ratio))

    def table(self) -> str:
        lines = ["| what | ours | against | it | ratio |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| {row.what} | {row.ours} | {row.against} | {row.peer} | {row.ratio} |" for row in self.rows
        ]
        return "\n".join(lines)


REPORT_KEY = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT_KEY] = Report()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    return request.config.stash[REPORT_KEY]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash[REPORT_KEY]
    if not report.rows:
        return
    table = report.table()
    terminalreporter.write_line("\n" + table)
    REPORT.write_text(
        "# Benchmarks\n\n"
        "Written by `make bench`; do not edit. Medians of several rounds on one machine in one run:\n"
        "compare the ratios, not the seconds. A ratio above 1 means that ours is the faster.\n\n"
        f"Machine: {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}; shared with other work.\n\n{table}\n",
        encoding="utf-8",
    )


def median_s(work: Callable[[], object], *, rounds: int = 7) -> float:
    """Median seconds of one call, after one call that does not count."""
    work()
    times: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"
