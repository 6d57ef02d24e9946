"""Visit routes and area cards, as visitors use them on a phone and at a desk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenVisit
from tests.browser.harness import Visit
from tests.browser.people import demo_cast

MODES = ["lang=zh_CN", "lang=en", "care=1"]


def first_tour(visit: Visit) -> str:
    """The path of the first route of the list."""
    visit.goto("/tours")
    path = visit.page.locator(".tour-tile").first.get_attribute("href")
    assert path is not None
    return path


def open_tour(visit: Visit, query: str = "") -> Page:
    """The first route, with its flags on the map."""
    visit.goto(first_tour(visit) + query)
    expect(visit.page.locator(".route-flag").first).to_be_visible()
    return visit.page


def shown_stop(page: Page) -> int:
    return int(page.locator(".stop:visible").get_attribute("data-stop") or 0)


def test_the_list_of_routes_shows_each_with_its_drawing(open_visit: OpenVisit) -> None:
    visit = open_visit("phone").goto("/tours")
    expect(visit.page.locator(".tour-tile-sketch").first).to_be_visible()
    visit.screenshot("tours-phone")
    visit.assert_no_axe_violations()
    visit.assert_no_sideways_scroll()


def test_the_route_shows_ten_flags_and_the_way_between_them(open_visit: OpenVisit) -> None:
    visit = open_visit("desktop")
    page = open_tour(visit)
    assert page.locator(".route-flag").count() == 10
    assert [flag.inner_text() for flag in page.locator(".route-flag-number").all()] == [
        str(n) for n in range(1, 11)
    ]
    assert page.locator(".route-flag.is-current").get_attribute("data-flag") == "1"
    page.wait_for_timeout(600)
    visit.screenshot("tour-desktop")


def test_next_and_previous_are_large_and_keep_address_map_and_card_together(open_visit: OpenVisit) -> None:
    visit = open_visit("phone")
    page = open_tour(visit)
    following = page.locator("[data-step='1']")
    box = following.bounding_box()
    assert box is not None
    assert box["height"] >= 56
    following.tap()
    following.tap()
    assert shown_stop(page) == 3
    assert "stop=3" in page.url
    assert page.locator(".route-flag.is-current").get_attribute("data-flag") == "3"
    expect(page.locator("[data-now-at]")).to_contain_text("第 3 站")
    page.wait_for_timeout(400)
    visit.screenshot("tour-phone")
    page.locator("[data-step='-1']").tap()
    assert shown_stop(page) == 2


def test_a_swipe_over_the_card_turns_to_the_next_stop(open_visit: OpenVisit) -> None:
    visit = open_visit("phone")
    page = open_tour(visit, "?stop=4")
    swipe(visit, ".stop:visible .stop-head", across=-140)
    assert shown_stop(page) == 5
    swipe(visit, ".stop:visible .stop-head", across=140)
    assert shown_stop(page) == 4
    swipe(visit, ".stop:visible .stop-head", across=-30)
    assert shown_stop(page) == 4


def swipe(visit: Visit, selector: str, *, across: float) -> None:
    """One finger over an element, sideways."""
    area = visit.page.locator(selector)
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 20
    send = visit.devtools.send
    send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x - across / 2, "y": y}]})
    for step in range(1, 5):
        point = {"x": x - across / 2 + across * step / 4, "y": y}
        send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    visit.page.wait_for_timeout(50)


def test_arrow_keys_turn_the_stops_and_leave_fields_alone(open_visit: OpenVisit) -> None:
    visit = open_visit("desktop")
    page = open_tour(visit)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert shown_stop(page) == 2
    page.locator("input[name=start]").focus()
    page.keyboard.press("ArrowRight")
    assert shown_stop(page) == 2


def test_a_flag_can_be_tapped_and_every_stop_reached_by_tab(open_visit: OpenVisit) -> None:
    visit = open_visit("desktop")
    page = open_tour(visit)
    page.locator("[data-flag='6']").dispatch_event("click")
    assert shown_stop(page) == 6
    page.locator(".strip [data-go='2']").focus()
    page.keyboard.press("Enter")
    assert shown_stop(page) == 2


def test_a_shared_address_opens_its_stop(open_visit: OpenVisit) -> None:
    page = open_tour(open_visit("phone"), "?stop=7")
    assert shown_stop(page) == 7
    assert page.locator(".route-flag.is-current").get_attribute("data-flag") == "7"


def test_coming_late_moves_the_rest_and_stays_on_this_phone(open_visit: OpenVisit) -> None:
    visit = open_visit("phone")
    visit.page.clock.set_fixed_time("2026-11-20T10:00:00+08:00")
    page = open_tour(visit, "?start=09:00")
    visit.forget_traffic()
    page.locator("[data-arrived]").tap()
    expect(page.locator("[data-pace-words]")).to_contain_text("比计划晚 60 分钟")
    assert page.locator("[data-row='1'] [data-arrive]").inner_text() == "10:00"
    page.locator("[data-pace]").scroll_into_view_if_needed()
    visit.screenshot("tour-late-phone")
    assert visit.requests == []
    page.reload()
    expect(page.locator("[data-pace-words]")).to_contain_text("比计划晚 60 分钟")
    page.locator("[data-as-planned]").tap()
    expect(page.locator("[data-pace-words]")).to_contain_text("按计划")
    assert page.locator("[data-row='1'] [data-arrive]").inner_text() == "09:00"


def test_a_note_is_kept_on_this_phone(open_visit: OpenVisit) -> None:
    page = open_tour(open_visit("phone"), "?stop=2")
    page.locator(".stop:visible .note summary").tap()
    page.locator(".stop:visible [data-note]").fill("车棚选址要听居民的")
    page.reload()
    assert page.locator(".stop:visible [data-note]").input_value() == "车棚选址要听居民的"


def test_without_javascript_the_stops_are_pages_of_their_own(open_visit: OpenVisit) -> None:
    visit = open_visit("phone", java_script_enabled=False)
    visit.goto(first_tour(visit) + "?stop=2&start=10:00")
    page = visit.page
    assert shown_stop(page) == 2
    expect(page.locator("noscript img, .tour-map .sketch")).to_be_visible()
    page.locator("[data-step='1']").tap()
    page.wait_for_url("**stop=3**")
    assert shown_stop(page) == 3
    assert "start=10" in page.url
    visit.screenshot("tour-without-javascript-phone", full_page=True)


def test_the_printed_sheet_has_every_stop_and_the_code(open_visit: OpenVisit) -> None:
    visit = open_visit("desktop")
    page = open_tour(visit)
    page.emulate_media(media="print")
    expect(page.locator(".sheet .qr-code")).to_be_visible()
    assert page.locator(".sheet-stops li:visible").count() == 10
    assert not page.locator(".brand").is_visible()
    page.set_viewport_size({"width": 794, "height": 1123})
    visit.screenshot("tour-print", full_page=True)


@pytest.mark.axe
@pytest.mark.parametrize("device", ["phone", "desktop"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", ["/tours", "tour"])
def test_every_route_page_is_accessible_in_each_language_and_mode(
    open_visit: OpenVisit, path: str, mode: str, device: str
) -> None:
    visit = open_visit(device)
    if path == "tour":
        open_tour(visit, f"?stop=3&{mode}")
        visit.page.wait_for_timeout(400)
    else:
        visit.goto(f"{path}?{mode}")
    visit.screenshot(re.sub(r"\W+", "-", f"{path}-{mode}-{device}").strip("-"))
    visit.assert_no_axe_violations()
    visit.assert_no_sideways_scroll()


def test_a_first_load_of_a_route_stays_within_the_budget(open_visit: OpenVisit) -> None:
    visit = open_visit("phone")
    path = first_tour(visit)
    fresh = open_visit("phone").goto(path)
    print(f"\nfirst load of {path}: {fresh.byte_count / 1000:.0f} KB in {len(fresh.transfers)} requests")
    assert fresh.byte_count <= 200_000


AREAS = {"community": 12, "grid": 15}


def area_path(visit: Visit, *, level: str) -> str:
    """The path of the first area of a level below the subdistrict of the demo."""
    visit.goto("/areas/" + demo_cast().worker_grid_code.ljust(15, "0")[: AREAS[level]])
    return visit.page.url.removeprefix(visit.base_url)


@pytest.mark.axe
@pytest.mark.parametrize("level", AREAS)
@pytest.mark.parametrize("device", ["phone", "desktop"])
@pytest.mark.parametrize("mode", MODES)
def test_every_area_card_is_accessible_in_each_language_and_mode(
    open_visit: OpenVisit, mode: str, device: str, level: str
) -> None:
    visit = open_visit(device)
    visit.goto(f"{area_path(visit, level=level)}?{mode}")
    visit.page.wait_for_timeout(400)
    visit.screenshot(re.sub(r"\W+", "-", f"area-{level}-{mode}-{device}"))
    visit.assert_no_axe_violations()
    visit.assert_no_sideways_scroll()


def test_the_staff_of_a_grid_can_call_each_other_from_its_card(open_visit: OpenVisit) -> None:
    visit = open_visit("phone", username=demo_cast().worker)
    visit.goto(area_path(visit, level="grid"))
    assert visit.page.locator(".area-call").count() >= 1
    expect(visit.page.get_by_role("link", name="报问题给本网格")).to_be_visible()
    visit.screenshot("area-staff-phone", full_page=True)
    visit.assert_no_axe_violations()


def test_the_notice_board_fits_one_sheet_of_paper(open_visit: OpenVisit) -> None:
    visit = open_visit("desktop")
    visit.goto(area_path(visit, level="grid"))
    page = visit.page
    page.emulate_media(media="print")
    expect(page.locator(".board .qr-code")).to_be_visible()
    page.set_viewport_size({"width": 688, "height": 1010})  # A4 less its margins at 96 dpi
    visit.screenshot("area-print", full_page=True)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height <= 1010, f"the board is {height} px high"


def test_an_area_card_works_without_javascript(open_visit: OpenVisit) -> None:
    visit = open_visit("phone", java_script_enabled=False)
    visit.goto(area_path(visit, level="community"))
    page = visit.page
    expect(page.locator(".area-map .sketch")).to_be_visible()
    visit.screenshot("area-without-javascript-phone", full_page=True)
    page.locator(".area-parts a").first.tap()
    page.wait_for_url("**/areas/**")
    page.locator("input[name=on]").fill("2026-05-03")
    page.get_by_role("button", name="查看").tap()
    expect(page.locator(".area-day")).to_contain_text("2026-05-03")
