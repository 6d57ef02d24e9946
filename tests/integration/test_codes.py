"""Division lists, re-coding, names below parents, and category codes of other standards, on real PostGIS."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.permissions import Actor
from gridmap.importing.columns import Layer
from gridmap.importing.tables import ReadLimits
from gridmap.storage import codes as store
from gridmap.use_cases.codes import (
    DivisionAbsent,
    EditionAbsent,
    EditionsNotCompared,
    NoDivisions,
    compare_editions,
    find_division,
    load_edition,
    name_alias,
)
from gridmap.use_cases.imports import ImportReport, ImportRequest, import_layer
from tests.realdata import real_file

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SYSTEM = Actor.system()
OLD = (
    "code,name\n420106,武昌区\n420106004,改码街办事处\n420106004001,乙社区\n"
    "420106003,并走街道\n420106003001,丁社区\n"
)
NEW = "代码,名称\n420106,武昌区\n420106014,改码街道\n420106014007,乙社区居委会\n420106015,新设街道\n"


def load(session: Session, folder: Path, edition: str, words: str, cut_off_on: date) -> None:
    path = folder / f"{edition}.csv"
    path.write_text(words, encoding="utf-8")
    load_edition(
        session, SYSTEM, [path], edition=edition, cut_off_on=cut_off_on, source="test", limits=ReadLimits()
    )


@pytest.fixture
def editions(session: Session, tmp_path: Path) -> None:
    load(session, tmp_path, "2018", OLD, date(2018, 10, 31))
    load(session, tmp_path, "2023", NEW, date(2023, 6, 30))


def square(west: float) -> dict[str, object]:
    south, size = 30.5, 0.004
    ring = [
        [west, south],
        [west + size, south],
        [west + size, south + size],
        [west, south + size],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def import_communities(
    session: Session, folder: Path, rows: list[dict[str, object]], edition: str | None
) -> ImportReport:
    features = [
        {"type": "Feature", "properties": row, "geometry": square(114.3 + 0.01 * place)}
        for place, row in enumerate(rows)
    ]
    path = folder / "communities.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    request = ImportRequest(
        path=path,
        layer=Layer.AREAS,
        level=AreaLevel.COMMUNITY,
        new_scheme_name="社区网格",
        code_edition=edition,
    )
    return import_layer(session, SYSTEM, request, now=NOW)


@pytest.mark.usefixtures("editions")
def test_areas_with_codes_of_an_older_edition_get_the_current_ones(session: Session, tmp_path: Path) -> None:
    compare_editions(session, SYSTEM, from_edition="2018", to_edition="2023")
    rows = [
        {"code": "420106004001", "name": "乙社区"},
        {"code": "420106003001", "name": "丁社区"},
        {"code": "420106999999", "name": "编错的社区"},
    ]
    report = import_communities(session, tmp_path, rows, "2018")
    assert session.scalars(text("SELECT code FROM area")).all() == ["420106014007"]
    assert report.remark_counts()["code_recoded"] == 1
    assert report.reason_counts() == {"division_ended": 1, "code_not_in_edition": 1}


@pytest.mark.usefixtures("editions")
def test_a_name_below_its_parent_finds_its_code_and_a_name_alone_does_not(
    session: Session, tmp_path: Path
) -> None:
    rows = [{"name": "乙社区", "parent_code": "420106014"}, {"name": "乙社区", "parent_code": "420106999"}]
    report = import_communities(session, tmp_path, rows, "2023")
    assert report.remark_counts()["code_found_by_name"] == 1
    codes = session.scalars(text("SELECT code FROM area ORDER BY code")).all()
    assert "420106014007" in codes
    assert codes.count("420106014007") == 1


@pytest.mark.usefixtures("editions")
def test_an_edition_that_was_not_compared_or_is_not_there_is_said(session: Session, tmp_path: Path) -> None:
    rows = [{"code": "420106004001", "name": "乙社区"}]
    with pytest.raises(EditionsNotCompared):
        import_communities(session, tmp_path, rows, "2018")
    with pytest.raises(EditionAbsent):
        import_communities(session, tmp_path, rows, "1999")
    with pytest.raises(EditionAbsent):
        compare_editions(session, SYSTEM, from_edition="2018", to_edition="2030")
    assert session.scalar(text("SELECT count(*) FROM area")) == 0


@pytest.mark.usefixtures("editions")
def test_an_alias_is_found_like_the_name(session: Session) -> None:
    assert find_division(session, SYSTEM, "经开改码", within="4201") == []
    name_alias(session, SYSTEM, division_code="420106014", alias="经开改码")
    assert [each.code for each in find_division(session, SYSTEM, "经开改码", within="4201")] == ["420106014"]
    with pytest.raises(DivisionAbsent):
        name_alias(session, SYSTEM, division_code="420106004", alias="旧码")


@pytest.mark.usefixtures("editions")
def test_loading_an_edition_again_replaces_it_and_forgets_comparisons_with_it(
    session: Session, tmp_path: Path
) -> None:
    compare_editions(session, SYSTEM, from_edition="2018", to_edition="2023")
    load(session, tmp_path, "2023", "code,name\n420106,武昌区\n", date(2023, 6, 30))
    assert [(each.edition, each.division_count) for each in store.editions(session)] == [
        ("2018", 5),
        ("2023", 1),
    ]
    assert store.recodings_of(session, "2018", "2023") == {}


def test_bad_rows_of_a_list_cost_themselves_only(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("code,name\n420106,武昌区\n4201,武汉市\nabc,x\n420106004,\n", encoding="utf-8")
    report = load_edition(
        session, SYSTEM, [path], edition="x", cut_off_on=None, source="", limits=ReadLimits()
    )
    assert report.division_count == 1
    assert [each.row_number for each in report.refused] == [3, 4, 5]
    path.write_text("code,name\nabc,x\n", encoding="utf-8")
    with pytest.raises(NoDivisions):
        load_edition(session, SYSTEM, [path], edition="y", cut_off_on=None, source="", limits=ReadLimits())


def test_wuhans_two_editions_are_stored_and_compared(session: Session) -> None:
    for year in (2018, 2023):
        paths = [
            real_file(f"wuhan_admin_codes/{kind}_{year}.csv") for kind in ("areas", "streets", "villages")
        ]
        load_edition(
            session,
            SYSTEM,
            paths,
            edition=str(year),
            cut_off_on=date(year, 6, 30),
            source="wuhan_admin_codes",
            limits=ReadLimits(),
        )
    found = compare_editions(session, SYSTEM, from_edition="2018", to_edition="2023")
    assert (
        len(store.recodings_of(session, "2018", "2023"))
        == sum(each.old_code is not None for each in found)
        == 3672
    )
    [shouyi] = find_division(session, SYSTEM, "首义路街道办事处", within="420106")
    assert shouyi.code == "420106010"


def test_issues_with_codes_of_the_older_standard_get_our_categories(
    demo_session: Session, tmp_path: Path
) -> None:
    rows = ["1,0102,114.29,30.55,2026-11-01", "2,4201060104,114.29,30.55,2026-11-01"]
    rows += ["3,店外经营,114.29,30.55,2026-11-01", "4,0101,114.29,30.55,2026-11-01"]
    rows += ["5,06017,114.29,30.55,2026-11-01", "6,42010606042,114.29,30.55,2026-11-01"]
    path = tmp_path / "cases.csv"
    path.write_text("案件编号,类别,经度,纬度,上报时间\n" + "\n".join(rows) + "\n", encoding="utf-8")
    request = ImportRequest(path=path, layer=Layer.ISSUES, source_name="digital_city")
    report = import_layer(demo_session, SYSTEM, request, now=NOW)
    assert report.reason_counts() == {"unknown_category": 1}
    stored = demo_session.execute(
        text("SELECT external_id, category_code FROM issue WHERE source = 'import' ORDER BY external_id")
    ).all()
    assert [row.category_code for row in stored] == ["06010", "06012", "09005", "06017", "06042"]


def test_every_entry_of_the_crosswalk_that_names_one_of_ours_is_loaded_with_the_demo(
    demo_session: Session,
) -> None:
    rows = store.crosswalk(demo_session)
    assert len(rows) == 54
    assert {row.standard_ref for row in rows} == {"GB/T 30428.2-2013"}
    assert {row.relation for row in rows} == {"exact", "close", "broader", "none"}
    refs = demo_session.scalars(text("SELECT standard_ref FROM issue_category")).all()
    assert all(ref.startswith("GB/T 47678.5-2026") for ref in refs)
