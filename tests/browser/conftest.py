"""The browser harness: gridmap on a free loopback port over the demo subdistrict, and Chromium to look at it.

``open_visit("phone", username="…")`` gives a :class:`tests.browser.harness.Visit`: a fresh browser context
of a phone (360 × 800, touch, zh-CN) or a desk (1366 × 768), signed in when a username is given. At the end
of a test every visit must be clean: no other host asked, no error on the console.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Geolocation, StorageState, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from gridmap import bootstrap
from gridmap.settings import Settings
from gridmap.storage.engine import make_engine, make_sessions
from tests.browser.harness import DEVICES, Visit

CHROMIUM = os.environ.get("GRIDMAP_CHROMIUM", "/usr/bin/chromium")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives Chromium."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


class OpenVisit(Protocol):
    """How a test opens a page."""

    def __call__(
        self,
        device: str = "phone",
        *,
        username: str | None = None,
        language: str = "zh-CN",
        geolocation: Geolocation | None = None,
        **context: Any,
    ) -> Visit: ...


class _KeepAlive(WSGIRequestHandler):
    """HTTP/1.1 as gunicorn speaks it: a connection serves many requests."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        """Stay silent; failures are logged by the application."""


@pytest.fixture(scope="session")
def live_settings(demo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What the served gridmap runs with; a worker beside it takes the same."""
    return Settings(
        database_url=demo_url,
        data_dir=tmp_path_factory.mktemp("browser-data"),
        secret_key="tests",  # demo passwords follow from it, see ``demo_password``
    )


@pytest.fixture(scope="session")
def live_server(demo_url: str, live_settings: Settings) -> Iterator[str]:
    """The base URL of gridmap, served by a thread of this process from the demo database."""
    settings = live_settings
    engine = make_engine(demo_url, pool_size=8)
    app = bootstrap.make_app(settings, make_sessions(engine))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_KeepAlive)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def signed_in_as(
    browser: Browser, live_server: str, demo_password: Callable[[str], str]
) -> Callable[[str], StorageState]:
    """Sign in once a session through the page itself, and lend the cookies to every test that asks."""
    kept: dict[str, StorageState] = {}

    def sign_in(username: str) -> StorageState:
        if username not in kept:
            context = browser.new_context(base_url=live_server, locale="zh-CN")
            page = context.new_page()
            page.goto("/sign-in")
            page.locator("input[name=username]").fill(username)
            page.locator("input[name=password]").fill(demo_password(username))
            page.locator("form[data-sign-in] button[type=submit]").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
            kept[username] = context.storage_state()
            context.close()
        return kept[username]

    return sign_in


@pytest.fixture
def open_visit(
    browser: Browser, live_server: str, signed_in_as: Callable[[str], StorageState]
) -> Iterator[OpenVisit]:
    """Open pages; at the end of the test each must be clean."""
    visits: list[Visit] = []

    def open_one(
        device: str = "phone",
        *,
        username: str | None = None,
        language: str = "zh-CN",
        geolocation: Geolocation | None = None,
        **context: Any,
    ) -> Visit:
        options: dict[str, Any] = {
            **DEVICES[device],
            "locale": language,
            "timezone_id": "Asia/Shanghai",
            **context,
        }
        if username:
            options["storage_state"] = signed_in_as(username)
        if geolocation:
            options.update(geolocation=geolocation, permissions=["geolocation"])
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(10_000)
        visits.append(Visit(page=page, base_url=live_server).start())
        return visits[-1]

    yield open_one
    try:
        for visit in visits:
            visit.assert_clean()
    finally:
        for visit in visits:
            visit.context.close()
