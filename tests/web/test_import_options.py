"""What an import may be told beyond its columns: each option reaches it, and a slip of the hand does not."""

from __future__ import annotations

import re
from datetime import date

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.divisions import Division
from gridmap.domain.import_choices import ImportChoices, ImportOptions
from gridmap.domain.permissions import Actor
from gridmap.storage.codes import replace_edition
from gridmap.use_cases.codes import compare_editions
from tests.web.import_helpers import Begin, Wizard, places_csv

NEXT_MONTH = date(2026, 12, 1)
AREAS = text(
    "SELECT area.code, area.valid_from, ST_AsBinary(area.boundary) AS boundary FROM area"
    " JOIN grid_scheme AS scheme ON scheme.id = area.scheme_id WHERE scheme.code = 'two' ORDER BY area.code"
)
NEW_SCHEME = {
    "layer": "areas",
    "level": "community",
    "scheme": "+",
    "new_scheme_code": "two",
    "new_scheme_name": "另一套",
}
# Six millionths of a degree: half a metre.
GAP_DEG = 0.000006
BOXES = (shapely.box(114.9, 30.9, 114.91, 30.91), shapely.box(114.91 + GAP_DEG, 30.9, 114.92, 30.91))
OVERLAPPING = (BOXES[0], shapely.box(114.909, 30.9, 114.919, 30.91))
ISSUES = (
    "案件编号,类别,描述,created_date,经度,纬度\n"
    "7,外星人,门口有飞碟,2026-11-03T09:00:00+08:00,114.2922492,30.5585483\n"
).encode()


def areas_csv(*shapes: shapely.Geometry, codes: tuple[str, ...] = ("420199001001", "420199002001")) -> bytes:
    rows = "".join(f'社区{code},{code},"{box.wkt}"\n' for code, box in zip(codes, shapes, strict=False))
    return f"名称,编码,WKT\n{rows}".encode()


def check(
    wizard: Wizard, content: bytes, *, name: str = "表.csv", begun: dict[str, str], **options: str
) -> str:
    """Upload, set options in step 2, and check; gives the page of findings."""
    wizard.upload(content, name, **begun)
    wizard.open("columns")
    answer = wizard.send("columns", action="next", **options)
    assert answer.status_code == 303, answer.text
    wizard.open("coordinates")
    wizard.send("coordinates", system="0", action="next")
    wizard.work()
    return wizard.open("check").text


def apply(wizard: Wizard) -> None:
    assert wizard.send("apply", rows="all").status_code == 303
    wizard.work()
    assert "新增" in wizard.open("done").text


def test_issues_of_an_unknown_category_take_the_default(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    page = check(wizard, ISSUES, begun={"layer": "issues"})
    assert "连同有警告的" not in page, "without a default the row is refused"
    page = check(wizard, ISSUES, begun={"layer": "issues"}, default_category="05080", source_name="旧系统")
    assert "未知类别归为 <strong>05080 " in page
    apply(wizard)
    found = demo_session.execute(
        text("SELECT category_code, description, external_id FROM issue WHERE external_id LIKE '旧系统%'")
    ).one()
    assert found.category_code == "05080"
    assert "外星人" in found.description


def test_areas_hold_from_the_chosen_day(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    page = check(wizard, areas_csv(*BOXES), begun=NEW_SCHEME, valid_from=NEXT_MONTH.isoformat())
    assert "启用日期 <strong>2026-12-01</strong>" in page
    apply(wizard)
    assert [row.valid_from for row in demo_session.execute(AREAS)] == [NEXT_MONTH, NEXT_MONTH]


def test_service_points_name_the_source_that_was_said(begin: Begin, demo_session: Session) -> None:
    wizard = begin()
    check(wizard, places_csv(2), begun={}, source_name="车棚普查", valid_from="2026-12-01")
    apply(wizard)
    found = text("SELECT DISTINCT source FROM service_point WHERE name LIKE '车棚%'")
    assert demo_session.scalars(found).all() == ["车棚普查"]


@pytest.mark.parametrize(("snap_m", "is_closed"), [("", False), ("0", False), ("1", True)])
def test_a_small_gap_is_closed_when_asked(
    begin: Begin, demo_session: Session, snap_m: str, is_closed: bool
) -> None:
    wizard = begin()
    page = check(wizard, areas_csv(*BOXES), begun=NEW_SCHEME, snap_m=snap_m)
    assert ("吸附距离 <strong>1 m</strong>" in page) == is_closed
    apply(wizard)
    west, east = (shapely.from_wkb(bytes(row.boundary)) for row in demo_session.execute(AREAS))
    assert (shapely.distance(west, east) == 0) == is_closed


def test_gaps_and_overlaps_are_not_looked_for_when_nobody_wants_it(begin: Begin) -> None:
    wizard = begin()
    assert "边界:缝隙和重叠" in check(wizard, areas_csv(*OVERLAPPING), begun=NEW_SCHEME)
    page = check(wizard, areas_csv(*OVERLAPPING), begun=NEW_SCHEME, no_topology="1")
    assert "边界:缝隙和重叠" not in page
    assert "不查缝隙和重叠 <strong>是</strong>" in page


def store_editions(session: Session) -> None:
    for edition, code, day in (
        ("2018", "420199001001", date(2018, 10, 31)),
        ("2023", "420199001007", date(2023, 6, 30)),
    ):
        divisions = [Division("420199", "示例区"), Division("420199001", "甲街道"), Division(code, "乙社区")]
        replace_edition(session, edition, divisions, cut_off_on=day, source="示意")
    session.commit()


def test_codes_of_an_older_edition_are_brought_to_the_current_one(
    begin: Begin, demo_session: Session
) -> None:
    store_editions(demo_session)
    compare_editions(demo_session, Actor.system(), from_edition="2018", to_edition="2023")
    demo_session.commit()
    wizard = begin()
    page = check(wizard, areas_csv(BOXES[0]), begun=NEW_SCHEME, code_edition="2018")
    assert "区划代码版本 <strong>2018</strong>" in page
    apply(wizard)
    assert [row.code for row in demo_session.execute(AREAS)] == ["420199001007"]


def test_editions_that_were_not_compared_are_said_and_the_choice_stays(
    begin: Begin, demo_session: Session
) -> None:
    wizard = begin()
    wizard.upload(areas_csv(BOXES[0]), **NEW_SCHEME)
    assert "还没有代码表" in wizard.open("columns").text
    store_editions(demo_session)
    check(wizard, areas_csv(BOXES[0]), begun=NEW_SCHEME, code_edition="2018")
    page = wizard.open("columns").text
    assert "还不知道 2018 版的代码在 2023 版里变成了什么" in page
    assert '<option value="2018" selected' in page
    assert "还没有代码表" not in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("valid_from", "明天", "这样的日期"),
        ("valid_from", "2026-02-30", "这样的日期"),
        ("valid_from", "0001-01-01", "日子太远"),
        ("valid_from", "9999-12-31", "日子太远"),
        ("snap_m", "一米", "数字"),
        ("snap_m", "nan", "数字"),
        ("snap_m", "-1", "超出范围"),
        ("snap_m", "20.5", "超出范围"),
        ("code_edition", "1949", "不在可选范围内"),
    ],
)
def test_a_wrong_option_is_answered_beside_its_field_and_nothing_is_lost(
    begin: Begin, field: str, value: str, words: str
) -> None:
    wizard = begin()
    wizard.upload("社区名,旧名,编码,WKT\n甲,乙,420199001001,\n".encode(), **NEW_SCHEME)
    typed = {"valid_from": "2026-12-01", "snap_m": "0.5", "no_topology": "1", field: value}
    answer = wizard.send("columns", action="next", **{"column.name": "旧名"}, **typed)
    assert answer.status_code == 400
    page = answer.text
    beside = re.search(rf'id="e-{field}">([^<]*)<', page)
    assert beside is not None
    assert words in beside[1]
    assert re.search(r'<details class="more-filters" open><summary>更多选项', page)
    assert '<option value="旧名" selected' in page, "the column that was chosen with it"
    for name in ("valid_from", "snap_m"):
        assert f'name="{name}" value="{typed[name]}"' in page
    assert 'name="no_topology" value="1" checked' in page
    assert "更多选项" in wizard.open("columns").text
    assert "0.5" not in wizard.open("columns").text, "nothing of it was kept"


def test_a_default_category_is_one_of_its_layer(begin: Begin) -> None:
    wizard = begin()
    wizard.upload(places_csv(1))
    assert wizard.send("columns", default_category="05080").status_code == 400
    assert wizard.send("columns", default_category="SP04").status_code == 303
    assert wizard.send("columns", source_name="名" * 81).status_code == 400
    assert wizard.send("columns", source_name="甲\n乙").status_code == 400


@pytest.mark.parametrize(
    ("begun", "asked"),
    [
        ({"layer": "areas", "level": "grid"}, {"valid_from", "code_edition", "snap_m", "no_topology"}),
        ({"layer": "zones"}, {"valid_from"}),
        ({"layer": "service_points"}, {"valid_from", "default_category", "source_name"}),
        ({"layer": "issues"}, {"default_category", "source_name"}),
        ({"layer": "buildings"}, {"source_name"}),
        ({"layer": "gates"}, set[str]()),
    ],
)
def test_a_layer_asks_for_the_options_that_its_import_uses(
    begin: Begin, begun: dict[str, str], asked: set[str]
) -> None:
    wizard = begin()
    wizard.upload(places_csv(1), **begun)
    page = wizard.open("columns").text
    every = ("valid_from", "default_category", "source_name", "code_edition", "snap_m", "no_topology")
    assert {name for name in every if f'name="{name}"' in page} == asked
    assert ("更多选项" in page) == bool(asked)
    if not asked:
        sent = dict.fromkeys(every, "?")
        assert wizard.send("columns", **sent).status_code == 303, "what a layer does not use is not looked at"


def test_an_option_changed_after_a_check_asks_for_another_check(begin: Begin) -> None:
    wizard = begin()
    check(wizard, places_csv(2), begun={}, source_name="普查")
    assert "导入 2 行" in wizard.open("check").text
    page = wizard.open("columns").text
    assert re.search(r'<details class="more-filters" open><summary>更多选项', page), "one is set"
    assert 'name="source_name" value="普查"' in page
    wizard.send("columns", source_name="普查", action="preview")
    assert "导入 2 行" in wizard.open("check").text, "the same again changes nothing"
    wizard.send("columns", source_name="另一次普查", action="preview")
    assert "选择改过,还没有重新检查" in wizard.open("check").text
    assert wizard.send("apply", rows="all").status_code == 409
    wizard.send("check")
    wizard.work()
    assert "来源名称 <strong>另一次普查</strong>" in wizard.open("check").text
    assert wizard.send("apply", rows="all").status_code == 303


def test_another_look_at_step_1_keeps_the_options_of_the_layer(begin: Begin) -> None:
    wizard = begin()
    wizard.upload(places_csv(1))
    wizard.send("columns", source_name="普查")
    wizard.send("file", layer="service_points")
    assert 'name="source_name" value="普查"' in wizard.open("columns").text
    wizard.send("file", layer="buildings")
    assert 'name="source_name" value=""' in wizard.open("columns").text


def test_step_1_gives_back_what_was_typed_of_a_scheme(begin: Begin) -> None:
    answer = begin().upload(places_csv(1), **{**NEW_SCHEME, "code_prefix": "42甲"})
    assert answer.status_code == 400
    for kept in ('value="two"', 'value="另一套"', 'value="42甲"', '<option value="+" selected'):
        assert kept in answer.text


def test_the_options_are_offered_in_english(begin: Begin) -> None:
    wizard = begin()
    wizard.upload(places_csv(1))
    page = wizard.open("columns?lang=en").text
    for words in ("More options", "Source name", "Unknown categories become", "(none)"):
        assert words in page


def test_options_are_kept_exactly_and_older_drafts_have_none() -> None:
    options = ImportOptions(
        valid_from=NEXT_MONTH, default_category="SP04", source_name="普查", snap_m=0.5, check_topology=False
    )
    choices = ImportChoices(layer="areas", options=options)
    assert ImportChoices.from_json(choices.to_json()) == choices
    older = {name: value for name, value in choices.to_json().items() if name != "options"}
    assert ImportChoices.from_json({**older, "default_category": None}).options == ImportOptions()
