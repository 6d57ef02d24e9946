"""Exports in the back office and the OGC API's pages for people, in a browser."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenVisit


@pytest.mark.axe
@pytest.mark.parametrize("device", ["phone", "desktop"])
@pytest.mark.parametrize(
    "path", ["/ogc?f=html", "/ogc/collections?f=html", "/ogc/collections/service_points/items?f=html"]
)
def test_the_pages_of_the_ogc_api_are_accessible(open_visit: OpenVisit, path: str, device: str) -> None:
    visit = open_visit(device).goto(path)
    visit.screenshot(f"{path.split('?')[0].strip('/').replace('/', '-')}-{device}")
    visit.assert_no_axe_violations()
    visit.assert_no_sideways_scroll()


def test_a_file_arrives_and_the_log_tells_of_it(open_visit: OpenVisit) -> None:
    visit = open_visit("desktop", username="admin").goto("/admin/exports")
    page = visit.page
    page.get_by_label("图层").select_option("streets")
    page.get_by_label("格式").select_option("gpkg")
    page.get_by_label("坐标系").select_option("EPSG:4547")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="生成并下载").click()
    assert waiting.value.suggested_filename.startswith("staff_streets_EPSG4547_")
    visit.goto("/admin/exports")
    row = page.locator("tbody tr").first
    assert "道路" in row.inner_text()
    assert "EPSG:4547" in row.inner_text()
    visit.screenshot("admin-exports-log")
