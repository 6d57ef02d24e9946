"""The import wizard, step by step and without JavaScript: good files, bad files, other people's files."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio.raw
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.importing.columns import Layer, fields_of, recognise_columns
from gridmap.storage.import_files import safe_file_name
from tests.conftest import NOW
from tests.web.import_helpers import Begin, places_csv

STORED = text("SELECT count(*) FROM service_point WHERE name LIKE '车棚%'")
BATCHES = text("SELECT count(*) FROM import_batch")


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "imports").rglob("*") if path.is_file())


def test_a_file_goes_from_upload_to_done(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    page = wizard.check(places_csv(20, outside=3, bad=2)).text
    for words in ("只导入无误的 20 行", "连同有警告的,导入 23 行", "不是整数", "很多"):
        assert words in page
    assert demo_session.scalar(STORED) == 0, "a check stores nothing"
    assert wizard.send("apply", rows="without_warned").status_code == 303
    wizard.work()
    done = wizard.open("done").text
    for words in ("新增 20 / 更新 0 / 未变 0", "按您的选择跳过 3 行", "2 行没有导入"):
        assert words in done
    assert demo_session.scalar(STORED) == 20
    assert "车棚.csv" in wizard.person.open("/admin/imports").text


def test_rows_with_a_warning_come_along_when_asked(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    wizard.check(places_csv(5, outside=3, bad=2))
    wizard.send("apply", rows="all")
    wizard.work()
    assert demo_session.scalar(STORED) == 8


def test_the_same_file_twice_changes_nothing(begin: Begin) -> None:
    wizard = begin()
    for expected in ("新增 12 / 更新 0 / 未变 0", "新增 0 / 更新 0 / 未变 12"):
        wizard.check(places_csv(12))
        wizard.send("apply", rows="all")
        wizard.work()
        assert expected in wizard.open("done").text


def test_no_file_is_said_and_the_choices_stay(begin: Begin, tmp_path: Path) -> None:
    answer = begin().upload(None, layer="streets")
    assert answer.status_code == 400
    assert "还没有选文件" in answer.text
    assert '<option value="streets" selected' in answer.text


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "空.csv", "0 字节"),
        (b"MZ\x90\x00" * 100, "程序.exe", "可以是"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" * 20, "图片.geojson", "JSON"),
        (b"PK\x03\x04" + b"\x00" * 60, "坏的.zip", "zip"),
    ],
)
def test_a_file_that_nothing_can_be_made_of_is_refused_with_a_reason_and_not_kept(
    begin: Begin, tmp_path: Path, content: bytes, name: str, words: str
) -> None:
    wizard = begin()
    answer = wizard.upload(content, name)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert words in answer.text
    assert files_in(tmp_path) == []
    assert "还没完成" not in wizard.person.open("/admin/imports").text


def test_of_a_file_with_several_layers_one_is_chosen(begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "两层.gpkg"
    for layer, name in (("甲", "车棚甲"), ("乙", "车棚乙")):
        points = np.array([shapely.to_wkb(shapely.Point(114.2922, 30.5585))], dtype=object)
        pyogrio.raw.write(
            path,
            points,
            [np.array([name], dtype=object)],
            ["名称"],
            layer=layer,
            driver="GPKG",
            geometry_type="Point",
            crs="EPSG:4326",
            append=path.exists(),
        )
    wizard = begin()
    wizard.upload(path.read_bytes(), "两层.gpkg")
    page = wizard.open("file").text
    assert "文件里有几个图层" in page
    wizard.send("file", layer="service_points", source_layer="乙")
    assert "车棚乙" in wizard.open("columns").text


def test_text_in_no_known_encoding_is_said_where_the_encoding_can_be_chosen(begin: Begin) -> None:
    wizard = begin()
    wizard.upload(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" * 20, "图片.csv")
    page = wizard.open("file").text
    assert 'role="alert"' in page
    assert 'name="encoding"' in page
    assert wizard.open("columns").status_code == 302


def test_a_file_above_the_limit_is_refused_before_it_is_read(begin: Begin, tmp_path: Path) -> None:
    answer = begin(import_max_bytes=2_000_000).upload(b"x" * 3_100_000, "大.csv")
    assert answer.status_code == 413
    assert "2 MB" in answer.text
    assert files_in(tmp_path) == []


def test_a_file_larger_than_a_photo_may_be_is_taken(begin: Begin) -> None:
    padding = "x" * 15_000
    rows = "".join(f"车棚{number},114.30,30.55,{padding}\n" for number in range(1_000))
    content = f"名称,经度,纬度,备注\n{rows}".encode()
    assert len(content) > 14_000_000
    assert begin().upload(content).status_code == 303


def test_nobody_opens_the_import_of_another_but_an_administrator(begin: Begin) -> None:
    planner, other, admin = begin("planner"), begin("secretary01"), begin("admin")
    planner.upload(places_csv(3))
    admin.draft_id = other.draft_id = planner.draft_id
    assert admin.open("columns").status_code == 200
    assert other.open("columns").status_code == 403
    admin.upload(places_csv(3))
    planner.draft_id = admin.draft_id
    for step in ("columns", "coordinates", "check", "done", "progress", "systems/0.svg", "errors.xlsx"):
        assert planner.open(step).status_code == 404, step
    for step in ("file", "columns", "coordinates", "check", "apply", "cancel", "rows", "discard"):
        assert planner.send(step).status_code == 404, step


def test_nobody_without_the_right_uploads(begin: Begin, tmp_path: Path) -> None:
    answer = begin("secretary01").person.send(
        "/admin/imports", layer="service_points", file=(io.BytesIO(places_csv(3)), "a.csv")
    )
    assert answer.status_code == 403
    assert files_in(tmp_path) == []


def test_a_missing_column_is_named_and_can_be_chosen(begin: Begin) -> None:
    wizard = begin()
    wizard.upload("牌子,经度,纬度\n车棚一,114.2922492,30.5585483\n".encode())
    page = wizard.open("columns").text
    assert "还缺:名称" in page
    assert "template.xlsx" in page
    assert wizard.open("coordinates").status_code == 302, "not before every column is there"
    answer = wizard.send("columns", **{"column.name": "牌子"}, action="next")
    assert answer.headers["Location"].endswith("/coordinates")


def test_columns_of_places_can_be_chosen(begin: Begin) -> None:
    wizard = begin()
    wizard.upload("名称,东,北\n车棚一,114.2922492,30.5585483\n".encode())
    assert "没有认出位置列" in wizard.open("columns").text
    fields = {"column.lon": "东", "column.lat": "北"}
    assert wizard.send("columns", **fields, action="next").headers["Location"].endswith("/coordinates")


def test_the_encoding_is_recognised_and_can_be_changed(begin: Begin) -> None:
    wizard = begin()
    wizard.upload(places_csv(30, encoding="gb18030"))
    assert "车棚1" in wizard.open("columns").text
    wizard.send("columns", encoding="big5", action="preview")
    page = wizard.person.open(f"/admin/imports/{wizard.draft_id}/file").text
    assert "车棚1" not in page
    wizard.send("file", layer="service_points", encoding="gb18030")
    assert "车棚1" in wizard.open("columns").text


def test_a_row_is_mended_and_another_skipped(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    wizard.check(places_csv(4, bad=2))
    wizard.send("rows", row_number="6", field="capacity", value="35", action="mend")
    wizard.send("rows", row_number="7", action="skip")
    page = wizard.open("check").text
    assert "改了 1 处、跳过 1 行" in page
    assert wizard.send("apply", rows="all").status_code == 409, "not before it is checked again"
    wizard.send("check")
    wizard.work()
    assert "导入 5 行" in wizard.open("check").text
    wizard.send("apply", rows="all")
    wizard.work()
    capacities = text("SELECT capacity FROM service_point WHERE name LIKE '车棚%' ORDER BY capacity DESC")
    assert demo_session.scalars(capacities).all() == [35, 20, 20, 20, 20]


def test_a_place_is_mended_and_a_change_of_mind_is_heard(begin: Begin) -> None:
    wizard = begin()
    wizard.check("名称,经度,纬度\n车棚一,114.2922,30.5585\n车棚二,东边,30.5585\n".encode())
    wizard.send("rows", row_number="3", field="geometry", value="114.2923, 30.5586", action="mend")
    wizard.send("check")
    wizard.work()
    assert "导入 2 行" in wizard.open("check").text
    wizard.send("rows", row_number="3", action="restore")
    wizard.send("check")
    wizard.work()
    page = wizard.open("check").text
    assert "连同有警告的,导入 1 行" in page
    assert "没有位置" in page


def test_the_error_rows_can_be_mended_in_a_spreadsheet_and_uploaded(
    begin: Begin, demo_session: Session
) -> None:
    wizard = begin()
    wizard.check(places_csv(4, bad=2))
    page = openpyxl.load_workbook(io.BytesIO(wizard.fetch("errors.xlsx"))).active
    assert page is not None
    rows = [list(row) for row in page.iter_rows(values_only=True)]
    assert rows[0] == ["名称", "类别", "地址", "经度", "纬度", "容量", "行号", "原因", "怎么改"]
    assert [row[6] for row in rows[1:]] == [6, 7]
    assert "不是整数" in rows[1][7]
    mended = wizard.fetch("errors.csv").decode("utf-8-sig").replace("很多", "9").encode()
    page_text = wizard.check(mended, "改好的.csv").text
    assert "导入 2 行" in page_text


def test_the_error_rows_of_shapes_keep_their_shapes(begin: Begin) -> None:
    wizard = begin()
    square = '{"type":"Point","coordinates":[114.2922,30.5585]}'
    feature = '{"type":"Feature","properties":{"名称":"%s","容量":"%s"},"geometry":%s}'
    both = ",".join(feature % (name, size, square) for name, size in (("车棚一", "5"), ("车棚二", "?")))
    wizard.check(f'{{"type":"FeatureCollection","features":[{both}]}}'.encode(), "点.geojson")
    lines = wizard.fetch("errors.csv").decode("utf-8-sig").splitlines()
    assert lines[0].startswith("名称,容量,WKT,")
    assert "POINT (114.2922 30.5585)" in lines[1]


def test_a_file_that_lies_elsewhere_suggests_another_system(begin: Begin) -> None:
    wizard = begin()
    page = wizard.check("名称,经度,纬度\n车棚一,116.39,39.90\n车棚二,116.40,39.91\n".encode()).text
    assert "2 行都在街道范围外,可能是坐标系选错" in page
    assert "换一种试试" in page


def test_a_file_without_one_good_row_says_why_row_by_row(begin: Begin) -> None:
    wizard = begin()
    page = wizard.check(places_csv(0, bad=3)).text
    assert "不是整数" in page
    assert "只导入无误的" not in page
    assert wizard.send("apply", rows="all").status_code == 409


def test_axes_are_swapped_on_request_and_other_systems_drawn(begin: Begin) -> None:
    wizard = begin()
    wizard.upload(places_csv(40))
    wizard.open("columns")
    wizard.send("columns", action="next")
    wizard.open("coordinates")
    wizard.send("coordinates", system="0", action="swap")
    assert "(经纬颠倒)" in wizard.open("coordinates").text
    answer = wizard.send("coordinates", other_crs="火星 2000", action="other")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert wizard.send("coordinates", other_crs="EPSG:4547", action="other").status_code == 303
    assert "4547" in wizard.open("coordinates").text
    assert wizard.send("coordinates", action="next").status_code == 400, "nothing was chosen"
    drawn = wizard.open("systems/0.svg")
    assert drawn.mimetype == "image/svg+xml"
    assert "<circle" in drawn.text
    assert wizard.open("systems/99.svg").status_code == 404


def test_cancelled_before_a_job_took_it_nothing_happens(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    wizard.check(places_csv(4))
    wizard.send("apply", rows="all")
    wizard.send("cancel")
    wizard.work()
    assert demo_session.scalar(STORED) == 0
    assert "已取消" in wizard.open("check").text
    wizard.send("apply", rows="all")
    wizard.work()
    assert demo_session.scalar(STORED) == 4


def test_cancelled_while_a_job_works_nothing_is_stored(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    wizard.check(places_csv(4))
    wizard.send("apply", rows="all")
    demo_session.execute(text("UPDATE import_draft SET stage = 'read'"))
    demo_session.commit()
    wizard.send("cancel")
    assert "正在取消" in wizard.open("done").text
    wizard.work()
    assert demo_session.scalar(STORED) == 0
    assert demo_session.scalar(BATCHES) == 0
    assert "导入 4 行" in wizard.open("check").text


def test_a_job_that_runs_twice_imports_once(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    wizard.check(places_csv(4))
    wizard.send("apply", rows="all")
    jobs = wizard.waiting_jobs()
    wizard.work()
    for job, ids in jobs:
        wizard.run(job, ids)
    assert demo_session.scalar(BATCHES) == 1
    assert "新增 4 / 更新 0 / 未变 0" in wizard.open("done").text


def test_while_a_job_is_asked_for_the_choices_stay_and_progress_is_told(begin: Begin) -> None:
    wizard = begin()
    wizard.upload(places_csv(4))
    wizard.open("columns")
    wizard.send("columns", action="next")
    wizard.open("coordinates")
    wizard.send("coordinates", system="0", action="next")
    assert wizard.send("columns", **{"column.name": ""}).status_code == 409
    assert wizard.send("check").status_code == 409
    told = wizard.open("progress").get_json()
    assert (told["state"], told["is_busy"], told["is_waiting"]) == ("checking", True, True)
    assert "排队中" in wizard.open("check").text


def test_an_import_that_nobody_finished_is_forgotten_with_its_file(begin: Begin, tmp_path: Path) -> None:
    wizard = begin()
    wizard.upload(places_csv(3), "旧.csv")
    later = begin(now=NOW + timedelta(days=8))
    later.draft_id = wizard.draft_id
    assert later.open("columns").status_code == 404
    later.upload(places_csv(3), "新.csv")
    assert files_in(tmp_path) == ["新.csv"]


def test_a_discarded_import_leaves_no_file(begin: Begin, tmp_path: Path) -> None:
    wizard = begin()
    wizard.upload(places_csv(3))
    assert wizard.send("discard").status_code == 303
    assert files_in(tmp_path) == []
    assert wizard.open("columns").status_code == 404


def test_an_account_that_lost_its_right_imports_nothing_more(begin: Begin, demo_session: Session) -> None:
    wizard = begin("planner")
    wizard.check(places_csv(4))
    wizard.send("apply", rows="all")
    demo_session.execute(text("UPDATE account SET is_active = false WHERE username = 'planner'"))
    demo_session.commit()
    wizard.work()
    assert demo_session.scalar(STORED) == 0


@pytest.mark.parametrize("layer", list(Layer))
def test_every_layer_has_a_template_that_is_recognised(begin: Begin, layer: Layer) -> None:
    level = "&level=grid" if layer is Layer.AREAS else ""
    client = begin().person.client
    table = client.get(f"/admin/imports/template.csv?layer={layer.value}{level}").data
    headers = table.decode("utf-8-sig").splitlines()[0].split(",")
    assert recognise_columns(headers, fields_of(layer, AreaLevel.GRID))
    workbook = client.get(f"/admin/imports/template.xlsx?layer={layer.value}{level}").data
    page = openpyxl.load_workbook(io.BytesIO(workbook)).active
    assert page is not None
    assert [cell.value for cell in page[1]] == headers


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\表\\点位.csv", "点位.csv"),
        (".hidden.csv", "hidden.csv"),
        ("a\x00b\n.csv", "ab.csv"),
        ("....", "file"),
        ("长" * 300 + ".csv", "长" * 58 + ".csv"),
    ],
)
def test_a_file_name_cannot_leave_its_folder(name: str, kept: str) -> None:
    assert safe_file_name(name) == kept
    assert safe_file_name(kept) == kept


def test_an_import_is_taken_back_after_a_look_at_what_that_does(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    wizard.check(places_csv(6))
    wizard.send("apply", rows="all")
    wizard.work()
    done = wizard.open("done").text
    undo = re.search(r'href="(/admin/imports/batches/\d+/undo)"', done)
    assert undo is not None
    assert "将撤回 6 处" in wizard.person.open(undo[1]).text
    assert demo_session.scalar(STORED) == 6, "the question alone does nothing"
    stranger = begin("planner")
    assert stranger.person.open(undo[1]).status_code == 404
    assert stranger.person.send(undo[1]).status_code == 404
    assert "删去新增的 6 处" in wizard.person.send(undo[1]).text
    assert demo_session.scalar(STORED) == 0
    assert wizard.person.send(undo[1]).status_code == 400, "not twice"
    assert "已撤销" in wizard.person.open("/admin/imports").text


def test_an_update_shows_what_is_stored_beside_what_the_file_says(begin: Begin) -> None:
    wizard = begin()
    wizard.check(places_csv(3))
    wizard.send("apply", rows="all")
    wizard.work()
    page = wizard.check(places_csv(3).replace(b",20\r\n", b",25\r\n", 1)).text
    assert "会改动的 1 处" in page
    assert "<del>20</del>" in page
    assert "<ins>25</ins>" in page


def test_areas_that_overlap_are_shown_before_they_are_imported(begin: Begin) -> None:
    wizard = begin()
    boxes = (shapely.box(114.9, 30.9, 114.91, 30.91), shapely.box(114.909, 30.9, 114.919, 30.91))
    rows = "".join(f'社区{n},42019900{n}001,"{box.wkt}"\n' for n, box in enumerate(boxes, start=1))
    page = wizard.check(
        f"名称,编码,WKT\n{rows}".encode(),
        "社区.csv",
        layer="areas",
        level="community",
        scheme="+",
        new_scheme_code="two",
        new_scheme_name="另一套",
    ).text
    assert "边界:缝隙和重叠" in page
    assert "420199001001、420199002001" in page
