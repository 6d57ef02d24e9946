"""The check of stored areas: the demo, a damaged copy of it, real boundaries; who sees which findings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import shapely
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.cli.layers import layers
from gridmap.domain.area_codes import AreaLevel, InvalidAreaCode, SchemeAbsent
from gridmap.domain.errors import NotAllowed, NotSignedIn
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.domain.topology import FindingKind, TopologyReport
from gridmap.importing.columns import Layer
from gridmap.use_cases.imports import ImportReport, ImportRequest, import_layer
from gridmap.use_cases.topology import check_areas
from tests.factories import CELL_DEG, SUBDISTRICT, add_world, cell
from tests.realdata import real_file

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def _check(session: Session, level: AreaLevel, *, actor: Actor | None = None, **options) -> TopologyReport:
    options = {"scheme_code": "community_grid", "day": TODAY, **options}
    return check_areas(session, actor or Actor.system(), level=level, **options)


def _planner(*area_codes: str) -> Actor:
    return Actor(account_id=1, role=Role.PLANNER, scope=AreaScope.of(area_codes), name="示意")


def _shape(session: Session, code: str) -> shapely.Geometry:
    found = session.scalar(text("SELECT ST_AsBinary(boundary) FROM area WHERE code = :code"), {"code": code})
    return shapely.from_wkb(bytes(found))


def _redraw(session: Session, code: str, shape: shapely.Geometry) -> None:
    session.execute(
        text("UPDATE area SET boundary = ST_Multi(ST_GeomFromWKB(:wkb, 4326)) WHERE code = :code"),
        {"wkb": shapely.to_wkb(shape), "code": code},
    )


def _area_m2(session: Session, shape: shapely.Geometry) -> float:
    """By PostGIS on the ellipsoid: another measure than ours."""
    return float(
        session.scalar(
            text("SELECT ST_Area(ST_GeomFromWKB(:wkb, 4326)::geography)"), {"wkb": shapely.to_wkb(shape)}
        )
    )


@pytest.mark.parametrize("level", list(AreaLevel))
def test_every_level_of_the_demo_is_seamless(demo_session, level):
    report = _check(demo_session, level)
    assert report.is_seamless
    counts = {"subdistrict": 1, "community": 11, "grid": 65, "micro_grid": 331}
    assert report.checked_count == counts[level]


def _neighbours(session: Session) -> tuple[str, str]:
    """Two micro-grids of one grid with a long edge between them."""
    return session.execute(
        text(
            "SELECT a.code, b.code FROM area a JOIN area b ON a.parent_id = b.parent_id AND a.code < b.code"
            " AND ST_Touches(a.boundary, b.boundary) WHERE a.level = 'micro_grid'"
            " ORDER BY ST_Length(ST_Intersection(a.boundary, b.boundary)) DESC, a.code, b.code LIMIT 1"
        )
    ).one()


def test_a_strip_cut_from_a_micro_grid_of_the_demo_is_found_as_a_gap_of_its_size(demo_session):
    one, other = _neighbours(demo_session)
    shape, beside = _shape(demo_session, one), _shape(demo_session, other)
    strip = shape.intersection(beside.buffer(3e-5))
    _redraw(demo_session, one, shape.difference(strip))
    report = _check(demo_session, AreaLevel.MICRO_GRID)
    found = [each for each in report.findings if {one, other} <= set(each.members)]
    assert {each.kind for each in found} <= {FindingKind.GAP, FindingKind.UNCOVERED}
    assert sum(each.area_m2 for each in report.findings) == pytest.approx(
        _area_m2(demo_session, strip), rel=0.01
    )


def test_a_micro_grid_of_the_demo_that_grew_is_found_as_an_overlap_of_its_size(demo_session):
    one, other = _neighbours(demo_session)
    grown = _shape(demo_session, one).union(
        _shape(demo_session, other).intersection(_shape(demo_session, one).buffer(4e-5))
    )
    taken = grown.intersection(_shape(demo_session, other))
    _redraw(demo_session, one, grown)
    report = _check(demo_session, AreaLevel.MICRO_GRID)
    assert report.counts() == {FindingKind.OVERLAP: len(report.findings)}
    assert {each.members for each in report.findings} == {(one, other)}
    assert sum(each.area_m2 for each in report.findings) == pytest.approx(
        _area_m2(demo_session, taken), rel=0.01
    )


def test_a_community_that_lost_a_grid_has_a_gap_that_only_its_own_planner_and_its_neighbours_see(session):
    world = add_world(session)
    lost = world.micro_grids[0]
    # The micro-grid of the first cell, and the square that another would need to be in.
    _redraw(session, lost.code, cell(0, 0).intersection(cell(0, 0).buffer(-CELL_DEG / 4)))
    options = {"scheme_code": "test_grid"}
    community = SUBDISTRICT + "001"
    report = _check(session, AreaLevel.MICRO_GRID, **options)
    assert report.counts() == {FindingKind.UNCOVERED: 1} or report.counts() == {FindingKind.GAP: 1}
    (finding,) = report.findings
    assert lost.code in finding.members
    own = _check(session, AreaLevel.MICRO_GRID, actor=_planner(community), **options)
    assert (own.findings, own.checked_count) == (report.findings, 4)
    other = _check(session, AreaLevel.MICRO_GRID, actor=_planner(SUBDISTRICT + "002"), **options)
    assert not other.findings
    assert _check(session, AreaLevel.MICRO_GRID, area_code=community, **options).findings == report.findings


def test_only_who_may_import_checks_and_only_in_their_own_area(session):
    add_world(session)
    options = {"scheme_code": "test_grid"}
    with pytest.raises(NotSignedIn):
        _check(session, AreaLevel.GRID, actor=Actor.visitor(), **options)
    with pytest.raises(NotAllowed):
        _check(
            session,
            AreaLevel.GRID,
            actor=_planner(SUBDISTRICT + "002"),
            area_code=SUBDISTRICT + "001",
            **options,
        )
    with pytest.raises(SchemeAbsent):
        _check(session, AreaLevel.GRID, scheme_code="nowhere")
    with pytest.raises(InvalidAreaCode):
        _check(session, AreaLevel.GRID, area_code="12", **options)


def test_a_parent_that_is_not_divided_yet_has_nothing_uncovered(session):
    add_world(session)
    session.execute(text("DELETE FROM area WHERE level = 'micro_grid' AND code LIKE :of"), {"of": "%002%"})
    report = _check(session, AreaLevel.MICRO_GRID, scheme_code="test_grid")
    assert (report.is_seamless, report.checked_count) == (True, 4)


def _import(session: Session, path: Path, **options) -> ImportReport:
    request = ImportRequest(path=path, layer=Layer.AREAS, **options)
    return import_layer(session, Actor.system(), request, now=NOW)


def _file(folder: Path, shapes: Sequence[tuple[str, str, shapely.Geometry]]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"编码": code, "名称": name},
            "geometry": shapely.geometry.mapping(shape),
        }
        for code, name, shape in shapes
    ]
    path = folder / "areas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_an_import_says_where_it_overlaps_what_is_stored_and_not_what_was_wrong_elsewhere(session, tmp_path):
    world = add_world(session)
    _redraw(session, world.micro_grids[7].code, cell(3, 1).buffer(-CELL_DEG / 10))
    code = world.micro_grids[0].code
    wider = cell(0, 0).union(shapely.box(114.3009, 30.5591, 114.3012, 30.5599))
    report = _import(
        session,
        _file(tmp_path, [(code, "变大的微网格", wider)]),
        level=AreaLevel.MICRO_GRID,
        scheme_code="test_grid",
    )
    topology = report.outcome.topology
    assert topology is not None
    assert topology.counts() == {FindingKind.OVERLAP: 1, FindingKind.OUTSIDE_PARENT: 1}
    assert topology.checked_count == 1
    assert topology.findings[0].members == (code, world.micro_grids[1].code)
    recorded = session.scalar(text("SELECT report -> 'topology_counts' FROM import_batch"))
    assert recorded == {"overlap": 1, "outside_parent": 1}


def test_on_request_an_import_closes_narrow_gaps_and_overlaps_also_to_stored_neighbours(session, tmp_path):
    world = add_world(session)
    one, two = world.micro_grids[0].code, world.micro_grids[2].code
    metre = 1e-5
    # Too wide by half a metre towards a stored neighbour, too narrow towards the other area of the file.
    first = shapely.box(114.3, 30.559 + 0.4 * metre, 114.301 + 0.5 * metre, 30.56)
    rows = [(one, "甲", first), (two, "乙", cell(0, 1))]
    options = {"level": AreaLevel.MICRO_GRID, "scheme_code": "test_grid"}
    plain = _import(session, _file(tmp_path, rows), **options)
    assert set(plain.outcome.topology.counts()) == {
        FindingKind.UNCOVERED,
        FindingKind.OVERLAP,
        FindingKind.OUTSIDE_PARENT,
    }
    snapped = _import(session, _file(tmp_path, rows), snap_m=1.0, **options)
    assert snapped.outcome.topology.is_seamless
    assert "snapped" in snapped.remark_counts()
    assert _shape(session, world.micro_grids[1].code).equals(cell(1, 0))
    again = _import(session, _file(tmp_path, rows), snap_m=1.0, **options)
    assert (again.outcome.updated, again.outcome.unchanged) == (0, 2)


def test_kaohsiungs_villages_share_their_borders_and_leave_out_one_piece_of_ground(session):
    report = _import(
        session,
        real_file("kaohsiung_villages/kaohsiung_villages.gpkg"),
        level=AreaLevel.COMMUNITY,
        scheme_code="kaohsiung",
        new_scheme_name="高雄市村里",
        code_prefix="7",
    )
    topology = report.outcome.topology
    assert topology is not None
    assert topology.counts() == {FindingKind.GAP: 1}
    left_out = topology.findings[0]
    assert left_out.area_m2 == pytest.approx(3_131_190, rel=0.001)
    assert len(left_out.members) == 11
    accepted = _check(session, AreaLevel.COMMUNITY, scheme_code="kaohsiung", accepted={left_out.key})
    assert (accepted.is_seamless, accepted.accepted_count, accepted.checked_count) == (True, 1, 886)


def test_beijings_streets_are_seamless(session):
    report = _import(
        session,
        real_file("beijing_streets_utf8_nocpg/beijing.zip"),
        level=AreaLevel.SUBDISTRICT,
        scheme_code="beijing",
        new_scheme_name="北京市街道",
        code_prefix="110000",
    )
    assert report.outcome.topology is not None
    assert report.outcome.topology.is_seamless


@pytest.fixture
def run(committed_database, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", committed_database)
    monkeypatch.setenv("GRIDMAP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    return lambda *arguments: CliRunner().invoke(layers, [str(argument) for argument in arguments])


def test_the_command_line_tells_counts_sizes_and_places_and_writes_the_shapes(run, tmp_path):
    codes = [f"{SUBDISTRICT}00{number}" for number in (1, 2)]
    wider = cell(0, 0, columns=2).union(cell(0, 1)).union(shapely.box(114.302, 30.5595, 114.3021, 30.56))
    path = _file(tmp_path, [(codes[0], "甲社区", wider), (codes[1], "乙社区", cell(2, 0, columns=2, rows=2))])
    out, stored = tmp_path / "found.geojson", tmp_path / "stored.geojson"
    areas = ("import", path, "--layer", "areas", "--level", "community", "--scheme", "t")
    imported = run(*areas, "--new-scheme", "测试", "--topology", out)
    assert imported.exit_code == 0, imported.output
    assert "1  overlaps of two areas, 5" in imported.output
    assert f"{codes[0]}, {codes[1]}" in imported.output
    (feature,) = json.loads(out.read_text(encoding="utf-8"))["features"]
    assert feature["properties"]["kind"] == "overlap"
    assert feature["properties"]["members"] == codes
    assert shapely.geometry.shape(feature["geometry"]).is_valid
    checked = run("topology", "--level", "community", "--scheme", "t", "--output", stored)
    assert checked.exit_code == 3
    assert json.loads(stored.read_text(encoding="utf-8"))["features"] == [feature]
    accepted = run("topology", "--level", "community", "--scheme", "t", "--accept", feature["id"])
    assert (accepted.exit_code, "no gap, no overlap · accepted 1" in accepted.output) == (0, True)
    assert "overlap" not in run(*areas, "--no-topology").output
    assert run(*areas, "--no-topology", "--topology", out).exit_code == 2
