"""The boundary editor in a browser: a micro-grid split, previewed, saved; a pin gets the new code."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from shapely import Point, union_all
from shapely.geometry import shape

from tests.browser.conftest import OpenVisit
from tests.browser.harness import ROOT, Visit

SECRETARY = "secretary05"
COMMUNITY = "420106099005"


def _micro_grids() -> dict[str, Any]:
    features = json.loads((ROOT / "geodata/demo/areas.geojson").read_text(encoding="utf-8"))["features"]
    return {
        feature["properties"]["code"]: feature
        for feature in features
        if feature["properties"]["level"] == "micro_grid"
        and feature["properties"]["code"].startswith(COMMUNITY)
    }


def _begin(open_visit: OpenVisit, device: str = "desktop") -> Visit:
    visit = open_visit(device, username=SECRETARY)
    visit.goto("/admin/boundaries")
    visit.page.get_by_role("button", name="开始画").click()
    visit.page.wait_for_url(re.compile(r"/admin/boundaries/\d+$"))
    expect(visit.page.locator("[data-areas] button").first).to_be_visible()
    return visit


def _choose(page: Page, code: str) -> None:
    page.locator(f'[data-areas] button[data-key="{code}"]').click()


def _tool(page: Page, name: str) -> None:
    page.locator(f'[name=tool][value="{name}"]').check(force=True)


def _step(page: Page, number: int) -> None:
    expect(page.locator("[data-steps]")).to_contain_text(f"第 {number} 步")


def test_a_micro_grid_is_split_previewed_and_saved_and_a_pin_gets_the_new_code(
    open_visit: OpenVisit,
) -> None:
    code, feature = max(_micro_grids().items(), key=lambda item: shape(item[1]["geometry"]).area)
    ground = shape(feature["geometry"])
    west, _, east, _ = ground.bounds
    middle = ground.representative_point()
    visit = _begin(open_visit)
    page = visit.page
    visit.assert_no_axe_violations()
    _choose(page, code)
    page.locator("summary", has_text="不用鼠标画").click()
    # From edge to edge and beyond, at the height of a point inside.
    page.locator("[name=points]").fill(
        f"{west - 0.0003:.7f}, {middle.y:.7f}\n{east + 0.0003:.7f}, {middle.y:.7f}"
    )
    page.get_by_role("button", name="执行").click()
    _step(page, 1)
    expect(page.locator("[data-faults]")).to_contain_text("重叠 0 m² · 缝隙 0 m²")
    new = page.locator('[data-areas] button[data-key="+1"]')
    expect(new).to_contain_text("拟编码")
    proposed = re.search(r"\d{14}[0-9A-Z]", new.inner_text())
    assert proposed
    page.get_by_role("button", name="撤销一步").click()
    _step(page, 0)
    expect(new).to_have_count(0)
    page.get_by_role("button", name="重做").click()
    _step(page, 1)
    # The draft survives a reload.
    page.reload(wait_until="networkidle")
    _step(page, 1)
    page.get_by_role("button", name="预览会怎样").click()
    expect(page.locator("[data-vacancies] legend")).to_contain_text(proposed[0])
    visit.assert_no_axe_violations()
    visit.screenshot("boundaries-preview-desktop")
    page.locator("[name=reason]").fill("示意:按楼栋分开")
    page.get_by_role("button", name="保存这次改动").click()
    expect(page.locator("[data-error]")).to_contain_text("请为每一块选好谁负责")
    page.get_by_text("继续负责").click()
    expect(page.locator("[data-error]")).to_be_hidden()
    page.get_by_role("button", name="保存这次改动").click()
    page.wait_for_url(re.compile(r"/admin/boundaries$"))
    expect(page.get_by_text("示意:按楼栋分开")).to_be_visible()
    pieces = [
        page.request.get(f"{visit.base_url}/api/v1/at-point?lon={middle.x}&lat={middle.y + offset}").json()
        for offset in (0.00002, -0.00002)
    ]
    codes = {piece["areas"][-1]["code"] for piece in pieces} | {
        area["code"] for piece in pieces for area in piece["areas"]
    }
    assert {code, proposed[0]} <= codes
    visit.goto(f"/admin/boundaries/history?code={code}")
    expect(page.locator(".data-table tbody tr")).to_have_count(2)
    visit.assert_no_axe_violations()
    visit.screenshot("boundaries-history-desktop")


def test_a_line_is_drawn_and_a_corner_moved_with_the_mouse(open_visit: OpenVisit) -> None:
    visit = _begin(open_visit)
    page = visit.page
    code = sorted(_micro_grids())[3]
    _choose(page, code)
    box = page.locator("#map_editor").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + 40, middle)
    page.mouse.click(box["x"] + box["width"] - 40, middle)
    expect(page.locator("[data-point-count]")).to_have_text("已画 2 个点")
    page.get_by_role("button", name="执行").click()
    _step(page, 1)
    _tool(page, "move")
    # A corner on the community's own border would move its neighbour, too: that is the office's to do.
    community = union_all([shape(feature["geometry"]) for feature in _micro_grids().values()])
    places = [
        Point(*map(float, re.findall(r"\d+\.\d+", words)))
        for words in page.locator("[name=corner] option").all_inner_texts()
    ]
    on_border = [place.distance(community.boundary) < 1e-6 for place in places]
    _drag(page, on_border.index(True))
    expect(page.locator("[data-error]")).to_contain_text("不在您负责的范围内")
    visit.expect_error("403")
    _drag(page, on_border.index(False))
    _step(page, 2)
    expect(page.locator("[data-faults]")).to_contain_text("重叠 0 m² · 缝隙 0 m²")
    visit.screenshot("boundaries-editor-desktop")


def _drag(page: Page, corner: int) -> None:
    spot = page.locator(".corner:not(.is-middle)").nth(corner).bounding_box()
    assert spot
    page.mouse.move(spot["x"] + 8, spot["y"] + 8)
    page.mouse.down()
    page.mouse.move(spot["x"] + 14, spot["y"] + 12, steps=4)
    page.mouse.up()


@pytest.mark.axe
@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_the_editor_and_its_list_have_no_accessibility_faults(open_visit: OpenVisit, device: str) -> None:
    visit = open_visit(device, username="office")
    visit.goto("/admin/boundaries")
    visit.assert_no_axe_violations()
    visit.screenshot(f"boundaries-home-{device}")
    visit.page.locator("[name=kind]").select_option("zones")
    visit.page.get_by_role("button", name="开始画").click()
    visit.page.wait_for_url(re.compile(r"/admin/boundaries/\d+$"))
    expect(visit.page.locator("[data-areas] button").first).to_be_visible()
    visit.assert_no_axe_violations()
    visit.screenshot(f"boundaries-zones-{device}")
