"""边界检查 in the browser: the list and the map choose one another, over a demo with damaged boundaries."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text
from werkzeug.serving import make_server

from gridmap import bootstrap
from gridmap.settings import Settings
from gridmap.storage.engine import make_engine, make_sessions
from tests.browser.harness import DEVICES, Visit

# Every fortieth micro-grid shrinks by five metres, another one grows by three.
_DAMAGE = (
    "UPDATE area SET boundary = ST_Multi(ST_Buffer(boundary, {by}))"
    " WHERE level = 'micro_grid' AND id % 40 = {at}"
)


@pytest.fixture
def visit(
    committed_demo: str, tmp_path: Path, browser: Browser, demo_password: Callable[[str], str]
) -> Iterator[Visit]:
    """A planner at a desk, signed in to a gridmap of the test's own."""
    engine = make_engine(committed_demo, pool_size=8)
    with engine.begin() as connection:
        connection.execute(text(_DAMAGE.format(by="-0.00005", at=3)))
        connection.execute(text(_DAMAGE.format(by="0.00003", at=20)))
    settings = Settings(database_url=committed_demo, data_dir=tmp_path, secret_key="tests")
    server = make_server("127.0.0.1", 0, bootstrap.make_app(settings, make_sessions(engine)), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_context(**DEVICES["desktop"], locale="zh-CN").new_page()
    visit = Visit(page=page, base_url=f"http://127.0.0.1:{server.server_port}").start()
    visit.goto("/sign-in")
    page.locator("input[name=username]").fill("planner")
    page.locator("input[name=password]").fill(demo_password("planner"))
    page.locator("form[data-sign-in] button[type=submit]").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    yield visit
    visit.assert_clean()
    visit.context.close()
    server.shutdown()
    engine.dispose()


def test_a_row_zooms_to_its_shape_and_a_dot_on_the_map_chooses_its_row(visit: Visit) -> None:
    page = visit.goto("/admin/topology").page
    rows = page.locator("[data-finding]")
    expect(rows.first).to_be_visible()
    dots = page.locator(".gmap path.leaflet-interactive[fill-opacity='1']")
    assert dots.count() == rows.count() > 5
    visit.screenshot("topology-desktop")
    visit.assert_no_axe_violations()
    before = page.locator(".leaflet-control-scale-line").first.inner_text()
    rows.nth(1).get_by_role("button", name=re.compile("放大")).click()
    expect(rows.nth(1)).to_have_attribute("data-chosen", "")
    expect(page.locator(".leaflet-control-scale-line").first).not_to_have_text(before)
    visit.screenshot("topology-zoomed")
    visit.goto("/admin/topology?kind=overlap")
    overlaps = page.locator("[data-finding]").count()
    assert overlaps > 0
    page.locator(".gmap path.leaflet-interactive[fill-opacity='1']").first.dispatch_event("click")
    expect(page.locator("[data-finding][data-chosen]")).to_have_count(1)
    page.set_viewport_size({"width": 360, "height": 800})
    visit.goto("/admin/topology?kind=overlap")
    visit.assert_no_sideways_scroll()
    visit.screenshot("topology-phone")
    visit.assert_no_axe_violations()


def test_a_seamless_level_says_so_over_its_map(visit: Visit) -> None:
    page = visit.goto("/admin/topology?level=grid").page
    expect(page.get_by_role("heading", name="没有缝隙、没有重叠")).to_be_visible()
    visit.screenshot("topology-seamless")
    visit.assert_no_axe_violations()
