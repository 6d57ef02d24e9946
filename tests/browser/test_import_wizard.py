"""A file of 812 rows from the upload to the map and back, as an administrator at a desk does it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from gridmap.domain.coordinates import wgs84_to_gcj02
from gridmap.settings import Settings
from tests.browser.conftest import OpenVisit
from tests.browser.harness import Visit
from tests.web.import_helpers import places_csv

# What every import of a layer waits for: whoever holds it keeps the job where it is.
HOLD_IMPORTS = text("SELECT pg_advisory_xact_lock(hashtext('gridmap.import'), hashtext('service_points'))")


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


def _upload(visit: Visit, folder: Path, content: bytes, name: str) -> None:
    path = folder / name
    path.write_bytes(content)
    visit.goto("/admin/imports/new")
    visit.page.get_by_label("这份文件是").select_option("service_points")
    visit.page.locator("input[type=file]").set_input_files(path)
    visit.page.get_by_role("button", name="上传,下一步:列").click()
    expect(visit.page.get_by_role("heading", name="哪一列是什么")).to_be_visible()


def _look(visit: Visit, name: str, *, full_page: bool = True) -> None:
    visit.page.wait_for_load_state("networkidle")
    visit.screenshot(f"import-{name}", full_page=full_page)
    visit.assert_no_sideways_scroll()
    visit.assert_no_axe_violations()


def _press(visit: Visit, words: str) -> None:
    visit.page.get_by_role("button", name=words).first.click()


def test_an_administrator_imports_812_rows_and_takes_them_back(
    open_visit: OpenVisit, worker: None, live_settings: Settings, tmp_path: Path
) -> None:
    visit = open_visit("desktop", username="admin")
    page = visit.page
    visit.goto("/admin/imports/new")
    _look(visit, "1-file")
    _upload(visit, tmp_path, places_csv(790, outside=14, bad=8), "车棚.csv")
    page.get_by_text("更多选项").click()
    page.get_by_label("来源名称").fill("车棚普查")
    _look(visit, "2-columns")
    _press(visit, "下一步:坐标")
    expect(page.get_by_text("最可能")).to_be_visible()
    _look(visit, "3-coordinates")
    _press(visit, "就用这一张,开始检查")
    expect(page.get_by_role("button", name="只导入无误的 790 行")).to_be_visible(timeout=20_000)
    for words in ("14 警告", "8 错误", "来源名称 车棚普查"):
        expect(page.get_by_text(words)).to_be_visible()
    _look(visit, "4-check")
    page.get_by_text("改", exact=True).first.click()
    page.get_by_role("textbox", name="容量").first.fill("12")
    _press(visit, "用这个值")
    expect(page.get_by_text("改了 1 处、跳过 0 行")).to_be_visible()
    _look(visit, "4-mended")
    _press(visit, "重新检查")
    expect(page.get_by_role("button", name="只导入无误的 791 行")).to_be_visible(timeout=20_000)
    # Another import of the layer holds its turn: this one waits where it can be seen and cancelled.
    engine = create_engine(str(live_settings.database_url).replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as holder:
        holder.execute(HOLD_IMPORTS)
        _press(visit, "只导入无误的 791 行")
        expect(page.get_by_text("正在等这一图层的另一次导入完成…")).to_be_visible(timeout=10_000)
        _look(visit, "5-progress")
        _press(visit, "取消")
    engine.dispose()
    expect(page.get_by_role("button", name="只导入无误的 791 行")).to_be_visible(timeout=20_000)
    _press(visit, "只导入无误的 791 行")
    expect(page.get_by_text("新增 791 / 更新 0 / 未变 0")).to_be_visible(timeout=20_000)
    _look(visit, "5-done")
    page.get_by_role("link", name="撤销本次导入").click()
    expect(page.get_by_role("heading", name="将撤回 791 处")).to_be_visible()
    _look(visit, "6-undo")
    page.get_by_role("button", name="撤回", exact=True).click()
    expect(page.get_by_text("删去新增的 791 处")).to_be_visible(timeout=20_000)
    _look(visit, "6-undone")
    visit.goto("/admin/imports")
    _look(visit, "0-list")


def test_a_file_in_gcj02_finds_its_system_preselected_on_a_phone(
    open_visit: OpenVisit, worker: None, tmp_path: Path
) -> None:
    def shifted(lon: float, lat: float) -> tuple[float, float]:
        moved = wgs84_to_gcj02([[lon, lat]])[0]
        return float(moved[0]), float(moved[1])

    visit = open_visit("phone", username="admin")
    _upload(visit, tmp_path, places_csv(330, bad=2, shift=shifted), "高德.csv")
    _look(visit, "2-phone")
    _press(visit, "下一步:坐标")
    expect(visit.page.get_by_label("GCJ-02(高德、腾讯)")).to_be_checked()
    _look(visit, "3-phone")
    _press(visit, "就用这一张,开始检查")
    expect(visit.page.get_by_role("button", name="只导入无误的 330 行")).to_be_visible(timeout=20_000)
    _look(visit, "4-phone")
