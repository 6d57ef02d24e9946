"""What a page costs the phone: bytes, requests, time to the largest paint."""

from __future__ import annotations

from tests.bench.conftest import Report
from tests.browser.conftest import OpenVisit
from tests.browser.harness import SLOW_4G, Visit

PAINT = """
() => new Promise(resolve => new PerformanceObserver(list => resolve(
    list.getEntries().at(-1).startTime)).observe({type: "largest-contentful-paint", buffered: true}))
"""


def load_slowly(visit: Visit, path: str) -> float:
    """Open a page on a slow phone; milliseconds to the largest paint."""
    visit.slow_down(cpu=4, network=SLOW_4G)
    visit.forget_traffic()
    visit.goto(path)
    return float(visit.page.evaluate(PAINT))


def test_first_and_second_load_of_the_public_map(report: Report, open_visit: OpenVisit) -> None:
    visit = open_visit("phone")
    paint_ms = load_slowly(visit, "/")
    first_kb, first_requests = visit.byte_count / 1000, len(visit.requests)
    visit.forget_traffic()
    visit.goto("/")
    report.add(
        "Public map, first load, phone, Slow 4G, CPU ÷ 4",
        ours=f"{first_kb:.0f} kB, {first_requests} requests, largest paint {paint_ms / 1e3:.1f} s",
        against="budget",
        peer="200 kB, 12 requests, 2.0 s",
        ratio=f"{200 / first_kb:.2f}",
    )
    report.add(
        "Public map, second load",
        ours=f"{visit.byte_count / 1000:.1f} kB",
        against="budget",
        peer="20 kB",
        ratio=f"{20 / max(0.1, visit.byte_count / 1000):.2f}",
    )


def test_first_load_of_the_report_screen(report: Report, open_visit: OpenVisit) -> None:
    visit = open_visit("phone", username="worker01")
    paint_ms = load_slowly(visit, "/field/report")
    size_kb = visit.byte_count / 1000
    report.add(
        "Report screen, first load, phone, Slow 4G, CPU ÷ 4",
        ours=f"{size_kb:.0f} kB, {len(visit.requests)} requests, largest paint {paint_ms / 1e3:.1f} s",
        against="budget",
        peer="260 kB, 2.0 s",
        ratio=f"{260 / size_kb:.2f}",
    )
