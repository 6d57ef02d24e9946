"""Imports on real PostGIS: versions, codes, parents, routing, permissions, and bad rows beside good ones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel, SchemeAbsent
from gridmap.domain.coordinates import LonLat, wgs84_to_gcj02
from gridmap.domain.errors import InvalidInput, NotAllowed, NotSignedIn
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.domain.placement import OutsideEveryGrid, OutsidePolicy
from gridmap.importing.columns import Layer
from gridmap.importing.errors import NoValidRows
from gridmap.storage.tables import AreaRow, GridSchemeRow, ServicePointRow
from gridmap.use_cases.imports import (
    ImportReport,
    ImportRequest,
    NoAdministrator,
    ReporterAbsent,
    UnknownDefaultCategory,
    import_layer,
)
from gridmap.use_cases.issues import RoutingRules, route_point
from tests.factories import NORTH_DEG, SUBDISTRICT, WEST_DEG, add_account, cell

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
COMMUNITIES = {"甲社区": (0, 0), "乙社区": (2, 0), "丙社区": (0, 2), "丁社区": (2, 2)}


def _features(folder: Path, name: str, features: list[tuple[object, dict[str, object]]]) -> Path:
    path = folder / name
    listed = [
        {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)}
        for geometry, properties in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": listed}), encoding="utf-8")
    return path


def _communities(folder: Path, **changed: object) -> Path:
    """Four blocks of two by two cells; ``changed`` replaces the geometry of a named one."""
    return _features(
        folder,
        "communities.geojson",
        [
            (changed.get(name, cell(*at, columns=2, rows=2)), {"名称": name, "户数": 100})
            for name, at in COMMUNITIES.items()
        ],
    )


def _import(
    session: Session,
    path: Path,
    layer: Layer,
    *,
    now: datetime = NOW,
    actor: Actor | None = None,
    **options,
) -> ImportReport:
    request = ImportRequest(path=path, layer=layer, **options)
    return import_layer(session, actor or Actor.system(), request, now=now)


def _import_areas(
    session: Session, path: Path, level: AreaLevel = AreaLevel.COMMUNITY, **options
) -> ImportReport:
    return _import(session, path, Layer.AREAS, level=level, new_scheme_name="社区网格", **options)


@pytest.fixture
def mapped(session: Session, tmp_path: Path) -> Session:
    """A subdistrict of 4 × 4 cells with four communities of 2 × 2, imported without codes."""
    whole = _features(
        tmp_path,
        "subdistrict.geojson",
        [(cell(0, 0, columns=4, rows=4), {"编码": SUBDISTRICT, "名称": "某街道"})],
    )
    _import_areas(session, whole, AreaLevel.SUBDISTRICT)
    _import_areas(session, _communities(tmp_path))
    return session


def _current(session: Session, level: str = "community") -> dict[str, AreaRow]:
    rows = session.scalars(
        select(AreaRow).where(AreaRow.level == level, AreaRow.valid_to.is_(None)).order_by(AreaRow.code)
    )
    return {row.code: row for row in rows}


def _counts(report: ImportReport) -> tuple[int, int, int, int]:
    outcome = report.outcome
    return outcome.added, outcome.updated, outcome.unchanged, len(report.rejections)


def test_codes_are_proposed_from_north_to_south_and_west_to_east_under_the_parent_that_holds_them(mapped):
    assert [(area.code, area.name) for area in _current(mapped).values()] == [
        (f"{SUBDISTRICT}001", "甲社区"),
        (f"{SUBDISTRICT}002", "乙社区"),
        (f"{SUBDISTRICT}003", "丙社区"),
        (f"{SUBDISTRICT}004", "丁社区"),
    ]
    parent = _current(mapped, "subdistrict")[SUBDISTRICT]
    assert {area.parent_id for area in _current(mapped).values()} == {parent.id}


def test_grids_and_micro_grids_get_codes_under_the_areas_that_hold_them(mapped, tmp_path):
    grids = [(cell(column, 0, columns=1, rows=2), {"名称": f"网格{column}"}) for column in (1, 0)]
    _import_areas(mapped, _features(tmp_path, "g.geojson", grids), AreaLevel.GRID)
    cells = [(cell(column, row), {"名称": f"微{column}{row}"}) for column in (0, 1) for row in (0, 1)]
    _import_areas(mapped, _features(tmp_path, "m.geojson", cells), AreaLevel.MICRO_GRID)
    start = f"{SUBDISTRICT}001"
    assert [(area.code, area.name) for area in _current(mapped, "grid").values()] == [
        (f"{start}010", "网格0"),
        (f"{start}020", "网格1"),
    ]
    assert [(area.code, area.name) for area in _current(mapped, "micro_grid").values()] == [
        (f"{start}011", "微00"),
        (f"{start}012", "微01"),
        (f"{start}021", "微10"),
        (f"{start}022", "微11"),
    ]


def test_a_changed_area_closes_its_old_version_and_leaves_the_others_alone(mapped, tmp_path):
    before = _current(mapped)
    later = NOW + timedelta(days=30)
    smaller = cell(0, 0, columns=1, rows=2)
    report = _import_areas(mapped, _communities(tmp_path, 甲社区=smaller), now=later)
    assert _counts(report) == (0, 1, 3, 0)
    code = f"{SUBDISTRICT}001"
    versions = mapped.execute(
        text("SELECT id, valid_from, valid_to FROM area WHERE code = :code ORDER BY valid_from"),
        {"code": code},
    ).all()
    assert [(row.valid_from, row.valid_to) for row in versions] == [
        (TODAY, TODAY + timedelta(days=30)),
        (TODAY + timedelta(days=30), None),
    ]
    assert versions[0].id == before[code].id
    mapped.expire_all()
    assert {key: area.id for key, area in _current(mapped).items() if key != code} == {
        key: area.id for key, area in before.items() if key != code
    }


def test_children_follow_the_new_version_of_their_parent(mapped, tmp_path):
    children = [(cell(0, 0), {"名称": "网格一"})]
    _import_areas(mapped, _features(tmp_path, "g.geojson", children), AreaLevel.GRID)
    _import_areas(
        mapped, _communities(tmp_path, 甲社区=cell(0, 0, columns=2, rows=1)), now=NOW + timedelta(days=30)
    )
    mapped.expire_all()
    (grid,) = _current(mapped, "grid").values()
    assert grid.parent_id == _current(mapped)[f"{SUBDISTRICT}001"].id


def test_a_correction_on_the_same_day_makes_no_second_version(mapped, tmp_path):
    report = _import_areas(mapped, _communities(tmp_path, 甲社区=cell(0, 0, columns=1, rows=2)))
    assert _counts(report) == (0, 1, 3, 0)
    assert mapped.scalar(text("SELECT count(*) FROM area WHERE level = 'community'")) == 4


def test_a_version_that_begins_later_is_not_overtaken_by_an_older_one(mapped, tmp_path):
    report = _import_areas(
        mapped, _communities(tmp_path, 甲社区=cell(0, 0)), valid_from=TODAY + timedelta(days=60)
    )
    assert report.outcome.updated == 1
    again = _import_areas(mapped, _communities(tmp_path, 甲社区=cell(1, 0)), valid_from=TODAY)
    assert again.reason_counts() == {"a_later_version_exists": 1}


def test_areas_that_the_file_does_not_hold_stay_and_are_counted(mapped, tmp_path):
    one = _features(
        tmp_path, "one.geojson", [(cell(0, 0, columns=2, rows=2), {"名称": "甲社区", "户数": 100})]
    )
    report = _import_areas(mapped, one)
    assert _counts(report) == (0, 0, 1, 0)
    assert report.outcome.absent_count == 3
    assert len(_current(mapped)) == 4


def test_a_code_that_was_used_once_is_not_given_to_another_area(mapped, tmp_path):
    mapped.execute(
        text("UPDATE area SET valid_to = valid_from + 1 WHERE code = :code"), {"code": f"{SUBDISTRICT}002"}
    )
    new = _features(tmp_path, "new.geojson", [(cell(2, 0, columns=2, rows=2), {"名称": "戊社区"})])
    _import_areas(mapped, new, now=NOW + timedelta(days=10))
    assert _current(mapped)[f"{SUBDISTRICT}005"].name == "戊社区"


def test_bad_rows_cost_only_themselves(mapped, tmp_path):
    path = _features(
        tmp_path,
        "mixed.geojson",
        [
            (cell(0, 0, columns=2, rows=2), {"编码": f"{SUBDISTRICT}001", "名称": "甲社区"}),
            (cell(2, 0), {"编码": "12", "名称": "短码"}),
            (cell(2, 1), {"编码": f"{SUBDISTRICT}077", "名称": ""}),
            (shapely.Point(114.3, 30.5), {"编码": f"{SUBDISTRICT}078", "名称": "点"}),
            (cell(3, 3), {"编码": f"{SUBDISTRICT}079", "名称": "户数错", "户数": "很多"}),
        ],
    )
    report = _import_areas(mapped, path)
    assert report.outcome.updated == 1
    assert [(found.row_number, found.field, found.reason_code) for found in report.rejections] == [
        (2, "code", "code_does_not_fit_level"),
        (3, "name", "value_missing"),
        (4, "geometry", "wrong_geometry_type"),
        (5, "household_count", "not_a_count"),
    ]
    kept = mapped.execute(text("SELECT report, rejected_count FROM import_batch ORDER BY id DESC")).first()
    assert kept.rejected_count == 4
    assert kept.report["rejections"][0] == [2, "code", "12 (length)", "code_does_not_fit_level"]


def test_an_area_outside_its_parent_is_kept_with_a_remark(mapped, tmp_path):
    far = [(cell(8, 8), {"编码": f"{SUBDISTRICT}050", "名称": "飞地"})]
    report = _import_areas(mapped, _features(tmp_path, "far.geojson", far))
    assert report.remark_counts() == {"outside_parent": 1}


def test_nothing_is_stored_when_no_row_is_good(mapped, tmp_path):
    before = mapped.scalar(text("SELECT count(*) FROM import_batch"))
    swapped = [(shapely.Point(30.6, 114.3), {"名称": "驿站"})]
    with pytest.raises(NoValidRows) as refused:
        _import(mapped, _features(tmp_path, "p.geojson", swapped), Layer.SERVICE_POINTS)
    assert refused.value.code == "import.no_valid_rows.swapped"
    assert mapped.scalar(text("SELECT count(*) FROM import_batch")) == before


def test_only_those_who_may_import_do_and_only_in_their_areas(mapped, tmp_path):
    path = _communities(tmp_path, 甲社区=cell(0, 0), 乙社区=cell(2, 0))
    with pytest.raises(NotSignedIn):
        _import_areas(mapped, path, actor=Actor.visitor())
    worker = Actor(1, Role.GRID_WORKER, AreaScope((SUBDISTRICT,)), "w")
    with pytest.raises(NotAllowed):
        _import_areas(mapped, path, actor=worker)
    account = add_account(mapped, "planner", role="planner", area_codes=(f"{SUBDISTRICT}001",))
    planner = Actor(account.id, Role.PLANNER, AreaScope((f"{SUBDISTRICT}001",)), "p")
    report = _import_areas(mapped, path, actor=planner)
    assert _counts(report) == (0, 1, 0, 3)
    assert report.reason_counts() == {"outside_your_areas": 3}
    line = [(shapely.LineString([(114.3, 30.5), (114.4, 30.5)]), {})]
    with pytest.raises(NotAllowed):
        _import(mapped, _features(tmp_path, "l.geojson", line), Layer.STREETS, actor=planner)


def test_areas_need_a_level_and_a_scheme_that_exists(session, tmp_path):
    path = _communities(tmp_path)
    with pytest.raises(InvalidInput):
        _import(session, path, Layer.AREAS)
    with pytest.raises(SchemeAbsent):
        _import(session, path, Layer.AREAS, level=AreaLevel.COMMUNITY, scheme_code="nowhere")
    assert session.scalar(select(GridSchemeRow.id).limit(1)) is None


def _add_dictionaries(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO service_point_category VALUES"
            " ('SP02', '驿站', 'Way station', 'home', 'convenience', false, 2),"
            " ('SP99', '其他', 'Other', 'dots', 'convenience', false, 99)"
        )
    )
    session.execute(
        text(
            "INSERT INTO issue_category (code, kind, major_code, major_name, major_name_en, name, name_en,"
            " icon, standard_ref, is_public, is_private_home, duplicate_radius_m, sort_order)"
            " VALUES ('06010', 'matter', '06', '市容', 'Looks', '暴露垃圾', 'Rubbish', 'trash', 'x', true,"
            " false, 30, 1)"
        )
    )


def _points_csv(folder: Path, status: str = "已建成", *, convert: bool = False) -> Path:
    lines = ["编号,名称,类别,状态,经度,纬度,地址,联系电话,服务项目"]
    places = [(f"F{index}", cell(index, 0).centroid) for index in range(4)]
    for code, point in places:
        lon, lat = wgs84_to_gcj02([[point.x, point.y]])[0] if convert else (point.x, point.y)
        lines.append(f'{code},驿站{code},驿站,{status},{lon!r},{lat!r},某路 1 号,027-100,"充电、饮水"')
    path = folder / "points.csv"
    path.write_bytes("\n".join(lines).replace("np.float64(", "").replace(")", "").encode("gb18030"))
    return path


def test_service_points_are_added_updated_by_code_and_left_alone_when_the_same(mapped, tmp_path):
    _add_dictionaries(mapped)
    assert _counts(_import(mapped, _points_csv(tmp_path), Layer.SERVICE_POINTS)) == (4, 0, 0, 0)
    point = mapped.scalar(select(ServicePointRow).where(ServicePointRow.code == "F3"))
    assert (point.name, point.community_code, point.services) == (
        "驿站F3",
        f"{SUBDISTRICT}002",
        ["充电", "饮水"],
    )
    assert "yizhan" in point.search_key
    assert _counts(_import(mapped, _points_csv(tmp_path), Layer.SERVICE_POINTS)) == (0, 0, 4, 0)
    assert _counts(_import(mapped, _points_csv(tmp_path, "在建"), Layer.SERVICE_POINTS)) == (0, 4, 0, 0)


def test_points_declared_as_gcj02_land_where_they_are(mapped, tmp_path):
    _add_dictionaries(mapped)
    path = _points_csv(tmp_path, convert=True)
    report = _import(mapped, path, Layer.SERVICE_POINTS, crs="gcj02")
    assert report.outcome.outside_count == 0
    point = mapped.execute(
        text("SELECT ST_X(location) AS x, ST_Y(location) AS y FROM service_point WHERE code = 'F0'")
    ).one()
    centre = cell(0, 0).centroid
    assert (point.x, point.y) == pytest.approx((centre.x, centre.y), abs=1e-9)
    assert mapped.scalar(text("SELECT declared_crs FROM import_batch ORDER BY id DESC LIMIT 1")) == "gcj02"


def _issues_csv(folder: Path, points: list[tuple[float, float]], name: str = "issues.csv") -> Path:
    lines = ["编号,类别,问题描述,上报时间,状态,经度,纬度"]
    lines += [
        f"{number},暴露垃圾,第{number}处,2026-05-03 08:30,待派单,{lon_deg},{lat_deg}"
        for number, (lon_deg, lat_deg) in enumerate(points, start=1)
    ]
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _lattice() -> list[tuple[float, float]]:
    """Points inside cells, on their edges and corners, and outside everything: every half cell."""
    return [
        (round(WEST_DEG + column * 0.0005, 7), round(NORTH_DEG - row * 0.0005, 7))
        for column in range(-1, 10)
        for row in range(-1, 10)
    ]


def test_many_issues_are_routed_exactly_as_each_pin_alone(mapped, tmp_path):
    """Shared edges and corners included: the bulk import and the single pin obey the same rule."""
    _add_dictionaries(mapped)
    add_account(mapped, "admin", role="admin", area_codes=("",))
    points = _lattice()
    report = _import(mapped, _issues_csv(tmp_path, points), Layer.ISSUES)
    assert _counts(report) == (len(points), 0, 0, 0)
    rows = mapped.execute(
        text(
            "SELECT ST_X(location) AS x, ST_Y(location) AS y, area_code,"
            " routing ->> 'match' AS match FROM issue"
        )
    ).all()
    imported = {(round(row.x, 7), round(row.y, 7)): (row.area_code, row.match) for row in rows}
    rules = RoutingRules(policy=OutsidePolicy.REFUSE, outside_max_m=0)
    for lon_deg, lat_deg in points:
        try:
            placement = route_point(
                mapped, LonLat(lon_deg=lon_deg, lat_deg=lat_deg), rules=rules, now=NOW
            ).placement
            expected = (placement.area_code, placement.match.value)
        except OutsideEveryGrid:
            expected = ("", "none")
        assert imported[lon_deg, lat_deg] == expected, (lon_deg, lat_deg)
    assert {match for _, match in imported.values()} == {"inside", "shared_edge", "none"}


def test_an_issue_is_the_same_one_by_its_source_and_id_and_is_not_overwritten(mapped, tmp_path):
    _add_dictionaries(mapped)
    add_account(mapped, "admin", role="admin", area_codes=("",))
    points = [(114.3005, 30.5595), (114.3015, 30.5595)]
    path = _issues_csv(tmp_path, points)
    assert _counts(_import(mapped, path, Layer.ISSUES)) == (2, 0, 0, 0)
    assert _counts(_import(mapped, path, Layer.ISSUES)) == (0, 0, 2, 0)
    path.write_text(path.read_text(encoding="utf-8").replace("第1处", "第一处"), encoding="utf-8")
    again = _import(mapped, path, Layer.ISSUES)
    assert again.remark_counts() == {"here_with_other_content": 1}
    assert _counts(_import(mapped, path, Layer.ISSUES, source_name="another system")) == (2, 0, 0, 0)


def test_the_number_of_statements_does_not_grow_with_the_issues(mapped, tmp_path):
    from sqlalchemy import event

    _add_dictionaries(mapped)
    add_account(mapped, "admin", role="admin", area_codes=("",))
    counts = []
    for size in (5, 500):
        statements: list[str] = []
        engine = mapped.get_bind().engine
        listener = lambda *arguments, seen=statements: seen.append(arguments[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        points = [(114.3001 + index * 1e-6, 30.5595) for index in range(size)]
        _import(mapped, _issues_csv(tmp_path, points, f"{size}.csv"), Layer.ISSUES)
        event.remove(engine, "before_cursor_execute", listener)
        counts.append(len(statements))
    assert counts[0] == counts[1] < 25


def test_issues_need_somebody_to_be_recorded_under_and_a_known_default(mapped, tmp_path):
    _add_dictionaries(mapped)
    path = _issues_csv(tmp_path, [(114.3005, 30.5595)])
    with pytest.raises(NoAdministrator):
        _import(mapped, path, Layer.ISSUES)
    with pytest.raises(ReporterAbsent):
        _import(mapped, path, Layer.ISSUES, reporter="nobody")
    add_account(mapped, "somebody")
    with pytest.raises(UnknownDefaultCategory):
        _import(mapped, path, Layer.ISSUES, reporter="somebody", default_category="00000")
    assert _counts(_import(mapped, path, Layer.ISSUES, reporter="somebody")) == (1, 0, 0, 0)


def test_a_limit_takes_the_first_rows_only(mapped, tmp_path):
    _add_dictionaries(mapped)
    report = _import(mapped, _points_csv(tmp_path), Layer.SERVICE_POINTS, row_limit=3)
    assert report.read_count == 3
