"""The back office's registers in a browser: edit a place and see it, hand a zone over and see it follow."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import OpenVisit
from tests.browser.harness import Visit
from tests.browser.people import demo_cast

pytestmark = pytest.mark.axe  # nothing here is held to a time

NAME = "浏览器改名驿站"


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (800, 600), "#3a7").save(out, "JPEG")
    return out.getvalue()


def first_place(visit: Visit) -> str:
    visit.goto("/admin/places?status=built")
    link = visit.page.locator(".data-table tbody tr th a").first
    return link.get_attribute("href") or ""


def test_an_edited_place_with_a_photo_is_on_the_public_map(open_visit: OpenVisit) -> None:
    editor = open_visit("desktop", username="office")
    page = editor.page
    path = first_place(editor)
    editor.assert_no_axe_violations()
    editor.screenshot("registers-places-desktop")
    editor.goto(path)
    editor.assert_no_axe_violations()
    pin = page.locator(".point-pin")
    expect(pin).to_be_visible()
    lon, lat = page.locator("[name=lon]"), page.locator("[name=lat]")
    before = float(lon.input_value()), float(lat.input_value())
    pin.focus()
    for key in ("ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    page.get_by_role("button", name="向东 5 米").click()
    east_m = (float(lon.input_value()) - before[0]) * 95_800
    north_m = (float(lat.input_value()) - before[1]) * 110_900
    assert east_m == pytest.approx(6, abs=0.3)
    assert north_m == pytest.approx(1, abs=0.1)
    page.locator("[name=name]").first.fill(NAME)
    editor.screenshot("registers-place-desktop", full_page=True)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已保存")

    page.locator("[name=photo]").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    )
    page.locator("#f-alt_text").fill("驿站的门口")
    page.locator("#f-credit").fill("街道办拍摄")
    page.get_by_role("button", name="加照片").click()
    expect(page.get_by_role("status").first).to_contain_text("照片已加上")
    editor.assert_no_axe_violations()
    editor.screenshot("registers-place-photo-desktop", full_page=True)

    visitor = open_visit("phone")
    visitor.goto(f"/?q={NAME}")
    row = visitor.page.locator(".place-row", has_text=NAME)
    row.click()
    photo = visitor.page.get_by_alt_text("驿站的门口")
    photo.scroll_into_view_if_needed()
    expect(photo).to_be_visible()
    visitor.page.wait_for_function("document.querySelector('img[alt=驿站的门口]').naturalWidth === 800")
    visitor.assert_no_axe_violations()
    visitor.assert_no_sideways_scroll()
    visitor.screenshot("registers-public-card-phone")
    visitor.goto(path.replace("/admin/places/", "/p/"))
    visitor.assert_no_sideways_scroll()
    visitor.screenshot("registers-public-place-phone", full_page=True)


def test_a_zone_is_handed_over_and_the_issue_names_the_new_person(open_visit: OpenVisit) -> None:
    cast = demo_cast()
    office = open_visit("desktop", username="office")
    page = office.page
    office.goto(f"/field/here?lon={cast.lon_deg}&lat={cast.lat_deg}")
    csrf = page.evaluate("JSON.parse(document.querySelector('#page-data').textContent).csrf_token")
    body = {
        "client_id": "3f0c2b8e-7f1c-4f63-9d2e-5d1c9a0e7b11",
        "category": "06036",
        "lon": cast.lon_deg,
        "lat": cast.lat_deg,
        "captured_at": "2026-11-20T11:58:00+08:00",
    }
    made = page.evaluate(
        "([body, token]) => fetch('/api/v1/issues', {method: 'POST', body: JSON.stringify(body),"
        " headers: {'Content-Type': 'application/json', 'X-CSRFToken': token}}).then((a) => a.json())",
        [body, csrf],
    )
    office.goto(f"/issues/{made['number']}")
    old = page.locator(".chain-person strong").first.inner_text()

    office.goto(f"/admin/people?q={old}")
    office.assert_no_axe_violations()
    page.locator(".people-found a", has_text=old).first.click()
    page.wait_for_load_state("networkidle")
    office.assert_no_axe_violations()
    office.screenshot("registers-person-desktop", full_page=True)
    option = page.locator("#people option").nth(3).get_attribute("value") or ""
    new = option.split(" ")[1]
    assert new != old
    page.locator("#f-person").fill(option)
    page.get_by_role("button", name="调岗交接").click()
    expect(page.locator("#moved-title")).to_contain_text(re.compile(r"影响未结 [1-9]\d* 件"))
    expect(page.locator(".moved")).to_contain_text(f"№{made['number']} {old} → {new}")
    office.assert_no_axe_violations()
    office.screenshot("registers-handover-preview-desktop", full_page=True)
    page.get_by_role("button", name="调岗", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已交接")
    office.goto(f"/issues/{made['number']}")
    expect(page.locator(".chain-person strong").first).to_have_text(new)

    office.goto("/admin/people")
    page.get_by_role("button", name=re.compile("撤回")).first.click()
    page.get_by_role("button", name="撤回", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已撤回")
    office.goto(f"/issues/{made['number']}")
    expect(page.locator(".chain-person strong").first).to_have_text(old)


def test_the_last_person_of_a_zone_leaves_only_by_a_named_confirmation(open_visit: OpenVisit) -> None:
    secretary = open_visit("desktop", username=demo_cast().secretary)
    page = secretary.page
    secretary.goto("/admin/people")
    page.locator(".area-tree a", has=page.locator("svg")).nth(0).click()
    page.wait_for_load_state("networkidle")
    zone = page.locator(".area-tree a[href*='zone=']").first
    name = zone.inner_text()
    zone.click()
    page.wait_for_load_state("networkidle")
    secretary.assert_no_axe_violations()
    secretary.screenshot("registers-tree-desktop", full_page=True)
    page.locator(".data-table tbody th a").first.click()
    page.get_by_role("button", name="卸任…").click()
    box = page.get_by_label(f"我知道“{name}”会没有责任人")
    expect(box).not_to_be_checked()
    secretary.expect_error("400")
    page.get_by_role("button", name="卸任", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("没有责任人")
    secretary.assert_no_axe_violations()
    page.get_by_label(f"我知道“{name}”会没有责任人").check()
    page.get_by_role("button", name="卸任", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已卸任")
    secretary.goto("/admin/people")
    expect(page.locator(".vacant-list")).to_contain_text(name)
    secretary.screenshot("registers-vacant-desktop", full_page=True)
    page.get_by_role("button", name=re.compile("撤回")).first.click()
    page.get_by_role("button", name="撤回", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已撤回")


def test_a_building_is_found_on_the_map_and_its_outline_moved_and_drawn(open_visit: OpenVisit) -> None:
    planner = open_visit("desktop", username="planner")
    page = planner.page
    planner.goto("/admin/buildings?q=LD00001")
    planner.assert_no_axe_violations()
    page.locator(".data-table tbody th a").first.click()
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="向东 1 米").click()
    expect(page.locator("[name=east_m]")).to_have_value("1")
    page.get_by_text("重画轮廓").click()
    page.get_by_role("button", name="在地图上依次点墙角").click()
    box = page.locator(".gmap").bounding_box()
    assert box is not None
    for dx, dy in ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)):
        page.mouse.click(box["x"] + dx * box["width"], box["y"] + dy * box["height"])
    assert len(page.locator("[name=outline]").input_value().splitlines()) == 4
    planner.assert_no_axe_violations()
    planner.screenshot("registers-building-desktop", full_page=True)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已保存")
    planner.goto("/admin/buildings")
    map_box = page.locator(".gmap").bounding_box()
    assert map_box is not None
    page.mouse.click(map_box["x"] + map_box["width"] / 2, map_box["y"] + map_box["height"] / 2)
    page.wait_for_url(re.compile(r"lon=.*lat="))
    planner.screenshot("registers-buildings-desktop")


@pytest.mark.parametrize("path", ["/admin/places", "/admin/people", "/admin/buildings", "/admin/places/new"])
def test_the_registers_fit_a_phone_and_both_languages(open_visit: OpenVisit, path: str) -> None:
    phone = open_visit("phone", username="office")
    phone.goto(path)
    phone.assert_no_axe_violations()
    phone.assert_no_sideways_scroll()
    phone.screenshot(f"registers{path.replace('/', '-')}-phone")
    english = open_visit("desktop", username="office")
    english.goto(f"{path}?lang=en")
    english.assert_no_axe_violations()
    assert not re.search(r"(field|status|register|reason|posts)\.[a-z_]+", english.page.inner_text("main"))


def test_the_day_is_chosen_where_one_asks_who_is_responsible(open_visit: OpenVisit) -> None:
    cast = demo_cast()
    visit = open_visit("desktop", username="office")
    visit.goto(f"/field/here?lon={cast.lon_deg}&lat={cast.lat_deg}")
    visit.page.locator("[name=day]").fill("2026-05-03")
    visit.page.get_by_role("button", name="看那天").click()
    visit.page.wait_for_load_state("networkidle")
    expect(visit.page.locator(".here")).to_contain_text("2026-05-03")
    visit.assert_no_axe_violations()
    visit.screenshot("registers-here-day-desktop")
