"""What a browser test may use: a visit that keeps account of itself, axe, screenshots, slow machines.

A :class:`Visit` wraps one Playwright page. When the test ends, the visit fails it if the page asked another
host, or wrote an error to the console that the test did not announce with :meth:`Visit.expect_error`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, ConsoleMessage, Page, Request

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "tests" / "browser" / "output"

#: Rule sets that every screen has to pass, in every language and mode.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: A person in the street, and a person at a desk.
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 800},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}
DEVICES = {"phone": PHONE, "desktop": DESKTOP}

#: The network of ux.md's budgets: Lighthouse's "Slow 4G".
SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_638_400 / 8,
    "uploadThroughput": 750_000 / 8,
}


@dataclass(slots=True)
class Transfer:
    """One finished request as the network saw it."""

    url: str
    byte_count: int


@dataclass  # no slots: Playwright notes its handlers on the object they belong to
class Visit:
    """One page, with everything it asked for and complained about since it was opened."""

    page: Page
    base_url: str
    requests: list[str] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)
    _urls: dict[str, str] = field(default_factory=dict)
    _devtools: CDPSession | None = None

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def start(self) -> Visit:
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        devtools = self.devtools
        devtools.send("Network.enable")
        devtools.on("Network.responseReceived", self._note_response)
        devtools.on("Network.loadingFinished", self._note_finish)
        return self

    @property
    def devtools(self) -> CDPSession:
        if self._devtools is None:
            self._devtools = self.page.context.new_cdp_session(self.page)
        return self._devtools

    def goto(self, path: str) -> Visit:
        """Open a path of the service and wait until the network has been quiet for half a second."""
        self.page.goto(self.base_url + path, wait_until="networkidle")
        return self

    def forget_traffic(self) -> None:
        """Start counting requests and bytes afresh."""
        self.requests.clear()
        self.transfers.clear()

    @property
    def byte_count(self) -> int:
        """Bytes on the wire since the visit began or :meth:`forget_traffic` was called, headers included."""
        return sum(transfer.byte_count for transfer in self.transfers)

    def slow_down(self, *, cpu: float = 1, network: dict[str, float] | None = None) -> None:
        """Make the machine ``cpu`` times slower, and the network that of ``network`` (:data:`SLOW_4G`)."""
        self.devtools.send("Emulation.setCPUThrottlingRate", {"rate": cpu})
        if network is not None:
            self.devtools.send("Network.emulateNetworkConditions", network)

    def expect_error(self, pattern: str) -> None:
        """Announce a console error that belongs to the test, as a refused request does."""
        self._expected.append(re.compile(pattern))

    def assert_clean(self) -> None:
        """Fail if the page asked another host or complained in a way that nobody announced."""
        foreign = sorted({_host(url) for url in self.requests} - {_host(self.base_url), ""})
        assert not foreign, f"the page asked other hosts: {foreign}"
        unexpected = [text for text in self.problems if not any(p.search(text) for p in self._expected)]
        assert not unexpected, f"the page complained: {unexpected}"

    def screenshot(self, name: str, *, full_page: bool = False) -> Path:
        """Keep a picture for people to look at (see :func:`screenshot_folder`)."""
        path = screenshot_folder() / f"{name}.png"
        self.page.screenshot(path=path, full_page=full_page, animations="disabled")
        return path

    def assert_no_axe_violations(self) -> None:
        """Fail with the rule, the help text and the elements, for every accessibility rule that is broken."""
        assert_no_axe_violations(self.page)

    def assert_no_sideways_scroll(self) -> None:
        """Fail when the page is wider than the screen."""
        over = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, f"the page is {over} px wider than the screen"

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"{message.text} ({message.location.get('url', '')})")

    def _note_response(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["response"]["url"]

    def _note_finish(self, event: dict[str, Any]) -> None:
        url = self._urls.get(event["requestId"], "")
        if not url.startswith(("data:", "blob:")):
            self.transfers.append(Transfer(url=url, byte_count=int(event["encodedDataLength"])))


def assert_no_axe_violations(page: Page) -> None:
    """Run axe-core over the page as it stands now.

    The library goes in through the debugger, so that the page's own Content-Security-Policy stays as it is.
    A page that scrolls is looked at in its full height: a row that happens to lie beneath a fixed bar can
    be scrolled out from under it, and which row that is depends on the data.
    """
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    usual = page.viewport_size
    full_height = page.evaluate("document.documentElement.scrollHeight")
    if usual and full_height > usual["height"]:
        page.set_viewport_size({"width": usual["width"], "height": full_height})
    result = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})",
        AXE_TAGS,
    )
    if usual:
        page.set_viewport_size(usual)
    found = [_describe(violation) for violation in result["violations"]]
    assert not found, f"axe found {len(found)} broken rules on {page.url}:\n" + "\n".join(found)


def _describe(violation: dict[str, Any]) -> str:
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}"]
    for node in violation["nodes"][:4]:
        lines += [f"    {node['target']} {node['html'][:160]}", f"      {node['failureSummary']}"]
    return "\n".join(lines)


def screenshot_folder() -> Path:
    """The folder named by ``GRIDMAP_SCREENSHOTS``, else tests/browser/output/ (which git ignores)."""
    chosen = os.environ.get("GRIDMAP_SCREENSHOTS")
    folder = ROOT / chosen if chosen else OUTPUT
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _host(url: str) -> str:
    return urlsplit(url).netloc
