"""Buildings, compounds, gates and zones of files: what is recognised, given, kept and refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotAllowed
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.importing.columns import Layer, fields_of, recognise_columns
from gridmap.importing.errors import NoValidRows
from gridmap.storage import import_staging
from gridmap.use_cases.imports import ImportReport, ImportRequest, import_layer
from tests.factories import SUBDISTRICT, World, add_account, add_world, cell, middle_of
from tests.realdata import real_file

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
# What a text protocol could trip over.
AWKWARD = "a\\tb\tc\nd 'e\" \\N {x,y} \\."


def _write(folder: Path, features: list[tuple[object, dict[str, object]]]) -> Path:
    listed = [
        {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)}
        for geometry, properties in features
    ]
    path = folder / "file.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": listed}), encoding="utf-8")
    return path


def _import(
    session: Session, path: Path, layer: Layer, *, now: datetime = NOW, actor: Actor | None = None, **options
) -> ImportReport:
    request = ImportRequest(path=path, layer=layer, **{"source_name": "test", **options})
    return import_layer(session, actor or Actor.system(), request, now=now)


def _house(column: int, row: int) -> shapely.Geometry:
    return cell(column, row).buffer(-0.0003)


def _all(session: Session, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in session.execute(text(sql))]


@pytest.fixture
def world(session: Session) -> World:
    return add_world(session)


@pytest.fixture
def compounds(session: Session, world: World, tmp_path: Path) -> ImportReport:
    features = [
        (cell(0, 0), {"小区编码": "X1", "小区名称": "甲小区", "类型": "老旧小区", "物业": "无"}),
        (cell(1, 0), {"小区编码": "X2", "小区名称": "乙小区", "类型": "别墅", "建成年份": 2008}),
    ]
    return _import(session, _write(tmp_path, features), Layer.COMPOUNDS)


def test_a_building_of_openstreetmap_is_understood(session, world, tmp_path):
    features = [
        (_house(0, 0), {"osm_id": "w17", "building": "apartments", "building:levels": "18", "name": "一栋"}),
        (_house(1, 0), {"osm_id": "w18", "building": "yes"}),
        (_house(0, 1), {"osm_id": "w19", "building": "pagoda"}),
    ]
    report = _import(session, _write(tmp_path, features), Layer.BUILDINGS)
    assert report.remark_counts() == {"kind_unknown_taken_as_other": 1}
    assert _all(session, "SELECT code, address, kind, floor_count FROM building ORDER BY code") == [
        ("w17", "一栋", "residential", 18),
        ("w18", "", "other", 0),
        ("w19", "", "other", 0),
    ]


def test_a_street_and_a_house_number_make_an_address():
    headers = ["addr:street", "addr:housenumber", "building"]
    assert recognise_columns(headers, fields_of(Layer.BUILDINGS)) == {
        "street": "addr:street",
        "house_number": "addr:housenumber",
        "kind": "building",
    }


def test_a_register_of_buildings_with_chinese_headers_is_understood(session, compounds, tmp_path):
    counts = {"户数": "48户", "人数": 131, "老人数": 22.0, "电动车": " 37 ", "层数": 7}
    row = {"楼栋": "3栋", "用途": "住宅", **counts}
    _import(session, _write(tmp_path, [(_house(0, 0), row)]), Layer.BUILDINGS)
    assert _all(
        session,
        "SELECT address, kind, floor_count, household_count, resident_count, elderly_count, ebike_count,"
        " compound_code FROM building",
    ) == [("3栋", "residential", 7, 48, 131, 22, 37, "X1")]


def test_a_building_without_a_code_is_found_again_by_its_footprint(session, world, tmp_path):
    path = _write(tmp_path, [(_house(0, 0), {"户数": 3})])
    assert _import(session, path, Layer.BUILDINGS).outcome.added == 1
    assert _import(session, path, Layer.BUILDINGS).outcome.unchanged == 1


def test_a_building_gets_the_compound_that_the_file_names_or_that_it_stands_in(session, compounds, tmp_path):
    features = [
        (_house(0, 0), {"编号": "B1", "小区编码": "X2"}),
        (_house(0, 0), {"编号": "B2", "小区编码": ""}),
        (_house(1, 0), {"编号": "B3", "小区编码": "X9"}),
        (_house(1, 1), {"编号": "B4"}),
    ]
    report = _import(session, _write(tmp_path, features), Layer.BUILDINGS)
    assert report.remark_counts() == {"compound_unknown": 1, "same_shape": 1}
    assert _all(session, "SELECT code, compound_code FROM building ORDER BY code") == [
        ("B1", "X2"),
        ("B2", "X1"),
        ("B3", "X2"),
        ("B4", None),
    ]


def test_what_the_file_has_no_column_for_stays_as_it_is_stored(session, compounds, tmp_path):
    full = {"编号": "B1", "地址": "某路1号", "户数": 24, "电动车": 9, "小区编码": "X2"}
    _import(session, _write(tmp_path, [(_house(0, 0), full)]), Layer.BUILDINGS)
    grown = [(_house(0, 0).buffer(0.0001), {"编号": "B1", "户数": 25})]
    report = _import(session, _write(tmp_path, grown), Layer.BUILDINGS)
    assert report.outcome.updated == 1
    assert _all(session, "SELECT address, household_count, ebike_count, compound_code FROM building") == [
        ("某路1号", 25, 9, "X2")
    ]


def test_bad_buildings_cost_only_themselves(session, world, tmp_path):
    features = [
        (_house(0, 0), {"编号": "B1", "户数": 1}),
        (_house(0, 0), {"编号": "B1", "户数": 2}),
        (_house(0, 1), {"编号": "B3", "户数": "很多"}),
        (_house(0, 1), {"编号": "B4", "户数": -1}),
        (shapely.Point(middle_of(0, 0)), {"编号": "B5"}),
        (_house(1, 1), {"编号": "B6", "户数": True}),
        (_house(1, 1), {"编号": "B\u0007", "户数": 1}),
        (_house(1, 1), {"编号": "B8", "户数": 1, "地址": "长" * 201}),
        (_house(1, 1), {"编号": "B9", "户数": None, "地址": AWKWARD}),
    ]
    report = _import(session, _write(tmp_path, features), Layer.BUILDINGS)
    assert [(found.row_number, found.field, found.reason_code) for found in report.rejections] == [
        (2, "code", "duplicate"),
        (3, "household_count", "not_a_count"),
        (4, "household_count", "not_a_count"),
        (5, "geometry", "wrong_geometry_type"),
        (6, "household_count", "not_a_count"),
        (7, "code", "control_characters"),
        (8, "address", "too_long"),
    ]
    assert _all(session, "SELECT code, address FROM building ORDER BY code") == [
        ("B1", ""),
        ("B9", AWKWARD),
    ]


def test_a_file_of_nothing_but_bad_buildings_stores_nothing(session, world, tmp_path):
    with pytest.raises(NoValidRows):
        _import(session, _write(tmp_path, [(_house(0, 0), {"户数": "x"})]), Layer.BUILDINGS)
    assert _all(session, "SELECT 1 FROM import_batch") == []


def test_a_compound_lies_in_the_community_of_its_place(session, compounds):
    assert compounds.remark_counts() == {"kind_unknown_taken_as_commodity": 1}
    assert _all(
        session,
        "SELECT code, kind, community_code, built_year, has_property_company FROM compound ORDER BY code",
    ) == [
        ("X1", "old_estate", f"{SUBDISTRICT}001", None, False),
        ("X2", "commodity", f"{SUBDISTRICT}001", 2008, False),
    ]


def test_a_gate_belongs_to_the_nearest_compound_and_is_refused_far_from_any(session, compounds, tmp_path):
    east = cell(1, 0).bounds[2]
    features = [
        (shapely.Point(east + 0.0001, middle_of(1, 0)[1]), {"出入口": "东门"}),
        (shapely.Point(east + 0.0001, middle_of(1, 0)[1]), {"出入口": "又是东门", "小区编码": "X2"}),
        (shapely.Point(east + 0.01, middle_of(1, 0)[1]), {"出入口": "远门"}),
    ]
    path = _write(tmp_path, features)
    report = _import(session, path, Layer.GATES)
    assert report.reason_counts() == {"duplicate": 1, "no_compound_near": 1}
    assert _all(session, "SELECT compound_code, name FROM compound_gate") == [("X2", "东门")]
    assert _import(session, path, Layer.GATES).outcome.unchanged == 1


def test_a_changed_zone_closes_its_old_version(session, world, tmp_path):
    session.execute(
        text("INSERT INTO organisation (code, level, name, org_type) VALUES ('O1', 4, '一支部', 'branch')")
    )
    zones = [(cell(0, 0), {"责任区编码": "Q1", "责任区名称": "一区", "党组织编码": "O1"})]
    wider = [(cell(0, 0, columns=2), {"责任区编码": "Q1", "责任区名称": "一区"})]
    unknown = [(cell(0, 0, columns=2), {"责任区编码": "Q1", "责任区名称": "一区", "党组织编码": "O9"})]
    assert _import(session, _write(tmp_path, zones), Layer.ZONES).outcome.added == 1
    assert _import(session, _write(tmp_path, zones), Layer.ZONES).outcome.unchanged == 1
    later = NOW + timedelta(days=30)
    assert _import(session, _write(tmp_path, wider), Layer.ZONES, now=later).outcome.updated == 1
    assert _all(
        session,
        "SELECT valid_from, valid_to, organisation_code FROM responsibility_zone WHERE code = 'Q1'"
        " ORDER BY valid_from",
    ) == [(date(2026, 11, 20), date(2026, 12, 20), "O1"), (date(2026, 12, 20), None, "O1")]
    with pytest.raises(NoValidRows, match="a_later_version_exists"):
        _import(session, _write(tmp_path, unknown), Layer.ZONES, valid_from=date(2026, 12, 1))
    report = _import(session, _write(tmp_path, unknown), Layer.ZONES, now=later)
    assert report.remark_counts() == {"organisation_unknown": 1}


def test_nobody_moves_what_lies_outside_their_areas(session, compounds, tmp_path):
    """Neither a row outside, nor a row inside that would fetch a stored one from outside."""
    inside, outside = world_cells()
    _import(session, _write(tmp_path, [(outside, {"编号": "B1"})]), Layer.BUILDINGS)
    zone = {"责任区编码": "Q1", "责任区名称": "一区"}
    _import(session, _write(tmp_path, [(outside, zone)]), Layer.ZONES)
    account = add_account(session, "planner", role="planner", area_codes=(f"{SUBDISTRICT}001010",))
    planner = Actor(account.id, Role.PLANNER, AreaScope.of((f"{SUBDISTRICT}001010",)), "p")
    fetched = [(inside, {"编号": "B1"}), (outside, {"编号": "B2"}), (inside, {"编号": "B3"})]
    report = _import(session, _write(tmp_path, fetched), Layer.BUILDINGS, actor=planner)
    assert [found.row_number for found in report.rejections] == [1, 2]
    assert report.reason_counts() == {"outside_your_areas": 2}
    with pytest.raises(NoValidRows):
        _import(session, _write(tmp_path, [(inside, zone)]), Layer.ZONES, actor=planner)
    worker = Actor(account.id, Role.GRID_WORKER, planner.scope, "w")
    with pytest.raises(NotAllowed):
        _import(session, _write(tmp_path, fetched), Layer.BUILDINGS, actor=worker)


def world_cells() -> tuple[shapely.Geometry, shapely.Geometry]:
    """A house in the first grid of the test district, and one in no grid of it."""
    return _house(0, 0), _house(30, 30)


def test_a_first_load_of_many_rows_is_the_same_as_any_other(session, world, tmp_path, monkeypatch):
    """Straight into the empty table and indexed afterwards, or staged and compared: the same rows."""
    features = [(_house(place % 5, place // 5), {"编号": f"B{place}", "户数": place}) for place in range(10)]
    path = _write(tmp_path, features)
    rows = "SELECT code, household_count, ST_AsEWKB(footprint) FROM building ORDER BY code"
    indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'building' ORDER BY 1"
    indexed = _all(session, indexes)
    with session.begin_nested() as savepoint:
        staged = _import(session, path, Layer.BUILDINGS)
        expected = _all(session, rows)
        savepoint.rollback()
    monkeypatch.setattr(import_staging, "_REBUILD_FROM", 5)
    loaded = _import(session, path, Layer.BUILDINGS)
    assert loaded.outcome == staged.outcome
    assert _all(session, rows) == expected
    assert _all(session, indexes) == indexed
    assert _all(session, "SELECT sum(cardinality(row_ids)) FROM import_change") == [(10,)]


def test_shanghais_buildings_are_imported_and_found_again(session):
    path = real_file("shanghai_yangpu_osm/Buildings.shp")
    report = _import(session, path, Layer.BUILDINGS)
    assert (report.read_count, report.outcome.added + len(report.rejections)) == (553, 553)
    again = _import(session, path, Layer.BUILDINGS)
    assert (again.outcome.added, again.outcome.updated, again.outcome.unchanged) == (
        0,
        0,
        report.outcome.added,
    )
