"""The back office on a desk and on a phone."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenVisit


@pytest.mark.axe
@pytest.mark.parametrize("device", ["phone", "desktop"])
@pytest.mark.parametrize("mode", ["lang=zh_CN", "lang=en", "care=1"])
@pytest.mark.parametrize(
    "path",
    ["/admin", "/admin/schemes", "/admin/exports", "/admin/boundaries", "/admin/boundaries/history"],
)
def test_every_page_of_the_back_office_is_accessible_in_each_language_and_mode(
    open_visit: OpenVisit, path: str, mode: str, device: str
) -> None:
    visit = open_visit(device, username="admin").goto(f"{path}?{mode}")
    for details in visit.page.locator("main details").all():
        details.locator("summary").click()
    visit.screenshot(f"{path.strip('/').replace('/', '-')}-{mode}-{device}".replace("=", "-"))
    visit.assert_no_axe_violations()
    visit.assert_no_sideways_scroll()
