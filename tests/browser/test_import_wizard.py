"""A file of 812 rows from the upload to the map and back, as an administrator at a desk does it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from gridmap.domain.coordinates import wgs84_to_gcj02
from gridmap.settings import Settings
from tests.browser.conftest import OpenVisit
from tests.browser.harness import Visit
from tests.web.import_helpers import places_csv


@pytest.fixture(scope="module")
def worker(live_server: str, live_settings: Settings) -> Iterator[None]:
    """gridmap's own worker, as a process, on the served database and data folder."""
    environment = {
        **os.environ,
        "DATABASE_URL": str(live_settings.database_url),
        "GRIDMAP_DATA_DIR": str(live_settings.data_dir),
    }
    process = subprocess.Popen([sys.executable, "-m", "gridmap.cli", "worker"], env=environment)
    yield
    process.terminate()
    process.wait(timeout=20)


def _begin(visit: Visit, folder: Path, content: bytes, name: str) -> None:
    path = folder / name
    path.write_bytes(content)
    visit.goto("/admin/imports/new")
    visit.page.get_by_label("这份文件是").select_option("service_points")
    visit.page.locator("input[type=file]").set_input_files(path)
    visit.page.get_by_role("button", name="上传,下一步:列").click()


def test_an_administrator_imports_812_rows(open_visit: OpenVisit, worker: None, tmp_path: Path) -> None:
    visit = open_visit("desktop", username="admin")
    page = visit.page
    visit.goto("/admin/imports")
    visit.screenshot("import-0-list")
    visit.assert_no_axe_violations()
    _begin(visit, tmp_path, places_csv(790, outside=14, bad=8), "车棚.csv")
    expect(page.get_by_role("heading", name="哪一列是什么")).to_be_visible()
    visit.screenshot("import-2-columns", full_page=True)
    visit.assert_no_axe_violations()
    page.get_by_role("button", name="下一步:坐标").click()
    expect(page.get_by_text("最可能")).to_be_visible()
    visit.page.wait_for_load_state("networkidle")
    visit.screenshot("import-3-coordinates", full_page=True)
    visit.assert_no_axe_violations()
    page.get_by_role("button", name="就用这一张,开始检查").click()
    expect(page.get_by_role("button", name="只导入无误的 790 行")).to_be_visible(timeout=20_000)
    visit.screenshot("import-4-check", full_page=True)
    visit.assert_no_axe_violations()
    page.get_by_role("button", name="只导入无误的 790 行").click()
    expect(page.get_by_text("新增 790 / 更新 0 / 未变 0")).to_be_visible(timeout=20_000)
    visit.screenshot("import-5-done")
    visit.assert_no_axe_violations()


def test_a_file_in_gcj02_finds_its_system_preselected(
    open_visit: OpenVisit, worker: None, tmp_path: Path
) -> None:
    def shifted(lon: float, lat: float) -> tuple[float, float]:
        moved = wgs84_to_gcj02([[lon, lat]])[0]
        return float(moved[0]), float(moved[1])

    visit = open_visit("phone", username="admin")
    _begin(visit, tmp_path, places_csv(60, shift=shifted), "高德.csv")
    visit.screenshot("import-2-phone", full_page=True)
    visit.assert_no_sideways_scroll()
    visit.assert_no_axe_violations()
    visit.page.get_by_role("button", name="下一步:坐标").click()
    visit.page.wait_for_load_state("networkidle")
    visit.screenshot("import-3-gcj02-phone", full_page=True)
    visit.assert_no_sideways_scroll()
    visit.assert_no_axe_violations()
