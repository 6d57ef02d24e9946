"""The public map, as a resident on a phone and a visitor at a desk use it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenVisit
from tests.browser.harness import SLOW_4G, Visit

MOST_BYTES = 200_000
MOST_REQUESTS = 12
MOST_SCRIPT_BYTES = 95_000
MOST_STYLE_BYTES = 15_000


def open_map(open_visit: OpenVisit, path: str = "/", device: str = "phone", **context: object) -> Visit:
    """The map with its pins drawn."""
    visit = open_visit(device, **context)  # type: ignore[arg-type]
    visit.goto(path)
    visit.page.locator(".pin-box").first.wait_for()
    return visit


def names_in_list(visit: Visit) -> list[str]:
    return visit.page.locator("[data-list] .place-name").all_inner_texts()


def wait_for_card(visit: Visit) -> None:
    visit.page.locator("[data-card] h2").wait_for()


@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_the_first_load_stays_within_its_budget(open_visit: OpenVisit, device: str) -> None:
    visit = open_map(open_visit, device=device)
    scripts = sum(one.byte_count for one in visit.transfers if ".js?" in one.url)
    styles = sum(one.byte_count for one in visit.transfers if ".css?" in one.url)
    print(
        f"{device}: {len(visit.requests)} requests, {visit.byte_count} bytes,"
        f" scripts {scripts}, styles {styles}"
    )
    assert len(visit.requests) <= MOST_REQUESTS
    assert visit.byte_count <= MOST_BYTES
    # headers are counted by the wire, not by the budget: about 600 bytes an answer
    assert scripts - 5 * 600 <= MOST_SCRIPT_BYTES
    assert styles <= MOST_STYLE_BYTES
    visit.screenshot(f"public-map-{device}")


def test_a_second_visit_asks_for_almost_nothing(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit)
    visit.forget_traffic()
    visit.page.reload(wait_until="networkidle")
    visit.page.locator(".pin-box").first.wait_for()
    assert visit.byte_count <= 20_000


def test_on_a_slow_net_and_machine_the_page_is_there_soon(open_visit: OpenVisit) -> None:
    visit = open_visit("phone")
    visit.slow_down(cpu=4, network=SLOW_4G)
    visit.goto("/")
    painted_ms = visit.page.evaluate(
        "new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))"
        ".observe({type: 'largest-contentful-paint', buffered: true}))"
    )
    shifted = visit.page.evaluate(
        "new Promise(done => {let sum = 0; new PerformanceObserver(list => {"
        "for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value})"
        ".observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 300)})"
    )
    print(f"largest paint {painted_ms:.0f} ms, layout shift {shifted:.3f}")
    # the budget is 2.0 s; the test leaves room for a machine that runs other things at once
    assert painted_ms <= 4_000
    assert shifted <= 0.05


@pytest.mark.axe
@pytest.mark.parametrize("care", ["0", "1"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_every_public_screen_is_accessible_in_each_language_and_mode(
    open_visit: OpenVisit, device: str, language: str, care: str
) -> None:
    visit = open_map(open_visit, f"/?lang={language}&care={care}&z=17&lat=30.549&lon=114.3", device)
    visit.assert_no_axe_violations()
    visit.assert_no_sideways_scroll()
    for panel in ("layers", "legend"):
        visit.page.locator(f"[data-panel-button={panel}]").click()
        visit.assert_no_axe_violations()
        visit.page.locator("[data-panel]:not([hidden]) [data-panel-close]").click()
        expect(visit.page.locator(f"[data-panel-button={panel}]")).to_be_focused()
    visit.page.locator(".results .place-row").first.click()
    wait_for_card(visit)
    visit.page.locator("[data-card] .drop summary").first.click()
    visit.assert_no_axe_violations()
    for path in ("/list?c=SP07", "/list?q=xyzxyz", "/p/1", "/nowhere"):
        if path == "/nowhere":
            visit.expect_error("404")
        visit.goto(path)
        visit.assert_no_axe_violations()
        visit.assert_no_sideways_scroll()


def test_a_search_by_initials_finds_within_200_ms(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit)
    elapsed_ms = visit.page.evaluate(
        """() => new Promise(done => {
            const box = document.querySelector("#q"), heading = document.querySelector("[data-count]");
            const started = performance.now();
            new MutationObserver(() => done(performance.now() - started)).observe(heading, {childList: true});
            box.value = "cdcp"; box.dispatchEvent(new Event("input", {bubbles: true}));
        })"""
    )
    assert elapsed_ms <= 200
    expect(visit.page.locator("[data-count]")).to_have_text(re.compile("14"))
    assert all("充电车棚" in name for name in names_in_list(visit))
    assert "q=cdcp" in visit.page.url
    visit.screenshot("public-search-phone")


def test_a_search_without_a_hit_offers_the_nearest_and_clears(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, device="desktop")
    visit.page.locator("#q").fill("没有这个地方")
    expect(visit.page.locator("[data-empty]")).to_be_visible()
    assert len(names_in_list(visit)) == 3
    visit.screenshot("public-search-empty-desktop")
    visit.page.locator("[data-clear]").click()
    expect(visit.page.locator("[data-empty]")).to_be_hidden()
    assert visit.page.locator("#q").input_value() == ""


def test_chips_filter_list_pins_and_address_together(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit)
    chip = visit.page.locator(".chip", has_text="充电车棚")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(visit.page.locator("[data-count]")).to_have_text(re.compile(r"\b14\b|14 处"))
    assert "c=SP07" in visit.page.url
    assert visit.page.locator("[data-csv-link]").get_attribute("href") == "/list.csv?c=SP07"
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "false")
    assert "c=" not in visit.page.url


def test_the_list_follows_the_map(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, device="desktop")
    everything = visit.page.locator("[data-count]").inner_text()
    visit.page.locator(".leaflet-control-zoom-in").click(click_count=1)
    visit.page.locator(".leaflet-control-zoom-in").click()
    expect(visit.page.locator("[data-count]")).not_to_have_text(everything)


def test_two_taps_lead_from_the_list_to_navigation(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit)
    visit.page.locator(".results .place-row").first.tap()
    wait_for_card(visit)
    visit.page.wait_for_load_state("networkidle")
    visit.page.wait_for_timeout(500)  # the last zoom step is still being painted
    visit.screenshot("public-place-phone")
    visit.page.locator("[data-card] .drop summary").first.tap()
    link = visit.page.locator("[data-provider=amap]")
    expect(link).to_be_visible()
    assert (link.get_attribute("href") or "").startswith("https://uri.amap.com/navigation?to=114.")
    assert link.get_attribute("rel") == "noopener noreferrer"
    size = visit.page.locator("[data-card] .drop summary").first.bounding_box()
    assert size is not None
    assert size["height"] >= 48


def test_a_pin_opens_its_card_and_escape_leads_back(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, "/?c=SP09&z=18&lat=30.549&lon=114.3&sel=1", device="desktop")
    wait_for_card(visit)
    assert visit.page.locator(".pin-box.is-selected .pin-label").count() == 1
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator("[data-card]")).to_be_hidden()
    assert "sel=" not in visit.page.url
    assert visit.page.locator(".is-selected").count() == 0


def test_the_address_brings_back_the_same_view(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, device="desktop")
    visit.page.locator(".chip").first.click()
    visit.page.locator(".results .place-row").first.click()
    wait_for_card(visit)
    title = visit.page.locator("[data-card] h2").inner_text()
    url = visit.page.url.removeprefix(visit.base_url)
    again = open_map(open_visit, url, device="desktop")
    wait_for_card(again)
    assert again.page.locator("[data-card] h2").inner_text() == title
    assert again.page.url.removeprefix(again.base_url) == url


def test_the_back_button_closes_the_card(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit)
    visit.page.locator(".results .place-row").first.tap()
    wait_for_card(visit)
    visit.page.go_back()
    expect(visit.page.locator("[data-card]")).to_be_hidden()


def test_layers_are_fetched_when_switched_on_and_only_then(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, device="desktop")
    assert not [url for url in visit.requests if "/areas/grid" in url]
    visit.page.locator("[data-panel-button=layers]").click()
    visit.page.locator("[data-layer][value=grid]").check()
    visit.page.locator(".area-label-grid").first.wait_for(state="attached")
    assert [url for url in visit.requests if "/areas/grid" in url]
    assert "layers=community,grid" in visit.page.url
    visit.screenshot("public-layers-desktop")
    visit.page.locator("[data-layer][value=grid]").uncheck()
    expect(visit.page.locator(".area-label-grid")).to_have_count(0)


def test_a_layer_that_does_not_come_is_said_and_switched_off_again(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, device="desktop")
    visit.expect_error("Failed to load resource|ERR_FAILED")
    visit.page.route("**/layers/areas/grid*", lambda route: route.abort())
    visit.page.locator("[data-panel-button=layers]").click()
    visit.page.locator("[data-layer][value=grid]").click()
    expect(visit.page.locator("[data-message]")).to_contain_text("网格")
    expect(visit.page.locator("[data-layer][value=grid]")).not_to_be_checked()


def test_when_the_places_do_not_come_the_list_stays_and_a_retry_helps(open_visit: OpenVisit) -> None:
    visit = open_visit("phone")
    visit.expect_error("Failed to load resource|ERR_FAILED")
    visit.page.route("**/layers/service_points*", lambda route: route.abort())
    visit.goto("/")
    expect(visit.page.locator("[data-message]")).to_contain_text("地点没有取到")
    assert len(names_in_list(visit)) == 12
    visit.page.unroute("**/layers/service_points*")
    visit.page.locator("[data-message] button").click()
    visit.page.locator(".pin-box").first.wait_for()


def test_a_tap_on_an_area_says_whose_it_is(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, "/?z=18&lat=30.5489&lon=114.3003", device="desktop")
    box = visit.page.locator("#map_main").bounding_box()
    assert box is not None
    visit.page.mouse.click(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.62)
    wait_for_card(visit)
    expect(visit.page.locator("[data-card] h2")).to_contain_text("社区")
    assert "area=420106099" in visit.page.url


def test_the_position_is_asked_for_by_a_tap_and_never_before(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, geolocation={"longitude": 114.3, "latitude": 30.549, "accuracy": 25})
    visit.page.locator("[data-locate]").tap()
    expect(visit.page.locator("[data-message]")).to_contain_text("误差约 25 米")
    expect(visit.page.locator("[data-order]")).to_have_text("离您由近到远")
    assert re.search(r"\d+ 米", visit.page.locator("[data-distance]").first.inner_text())


def test_without_permission_for_the_position_the_map_still_works(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, permissions=[])
    visit.page.locator("[data-locate]").tap()
    expect(visit.page.locator("[data-message]")).to_contain_text("没有定位权限也能用")


def test_the_sheet_opens_by_its_handle_and_the_whole_list_can_be_read(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit)
    sheet = visit.page.locator(".results")
    before = sheet.bounding_box()
    visit.page.locator("[data-sheet-handle]").click()
    expect(visit.page.locator("[data-sheet-handle]")).to_have_attribute("aria-expanded", "true")
    visit.page.wait_for_timeout(300)
    after = sheet.bounding_box()
    assert before is not None
    assert after is not None
    assert before["height"] < 300 < after["height"]
    visit.screenshot("public-list-sheet-phone")


def test_language_and_large_type_keep_the_view(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, "/?c=SP07", device="desktop")
    visit.page.locator("a[hreflang=en]").click()
    visit.page.locator(".pin-box").first.wait_for()
    assert "c=SP07" in visit.page.url
    assert visit.page.locator("html").get_attribute("lang") == "en"
    visit.screenshot("public-map-english-desktop")


def test_everything_can_be_reached_with_the_keyboard(open_visit: OpenVisit) -> None:
    visit = open_map(open_visit, device="desktop")
    visit.page.keyboard.press("Tab")
    expect(visit.page.locator(".skip")).to_be_focused()
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.closest('.results') !== null")
    visit.page.keyboard.press("Enter")
    wait_for_card(visit)
    assert visit.page.evaluate("document.activeElement.closest('[data-card]') !== null")
    assert visit.page.locator(".leaflet-marker-pane [tabindex='0']").count() == 0


def test_without_javascript_the_list_filters_and_opens_places(open_visit: OpenVisit) -> None:
    visit = open_visit("phone", java_script_enabled=False)
    visit.goto("/")
    expect(visit.page.locator(".map-box")).to_be_hidden()
    visit.page.locator(".chip", has_text="充电车棚").click()
    expect(visit.page.locator(".list-sum")).to_contain_text("14")
    visit.page.locator(".place-row").first.click()
    expect(visit.page.locator("h1")).to_contain_text("充电车棚")
    visit.page.locator(".drop summary").first.click()
    expect(visit.page.locator("[data-provider=tencent]")).to_be_visible()


def test_a_map_drawn_in_gcj02_is_shifted_as_the_server_shifts(open_visit: OpenVisit) -> None:
    from gridmap.domain.coordinates import Datum, convert

    visit = open_map(open_visit)
    shifted = visit.page.evaluate("import('/static/js/gcj02.js').then(m => m.toGcj02(114.3, 30.55))")
    expected = convert([[114.3, 30.55]], Datum.WGS84, Datum.GCJ02)[0]
    assert shifted == pytest.approx([float(expected[0]), float(expected[1])], abs=1e-9)
    back = visit.page.evaluate("at => import('/static/js/gcj02.js').then(m => m.toWgs84(...at))", shifted)
    assert back == pytest.approx([114.3, 30.55], abs=1e-9)
