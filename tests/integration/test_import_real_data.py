"""Real files on real PostGIS, with the counts that their README files state."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest
import shapely
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import distance_m
from gridmap.domain.permissions import Actor
from gridmap.domain.topology import FindingKind
from gridmap.importing.checks import Shape, check_geometry
from gridmap.importing.columns import Layer
from gridmap.importing.datum import parse_crs
from gridmap.importing.errors import DatumContradicted, EncodingUnknown, NoValidRows
from gridmap.importing.readers import read_table
from gridmap.importing.topology import check_topology
from gridmap.use_cases.imports import ImportReport, ImportRequest, import_layer
from tests.factories import add_account
from tests.realdata import real_file

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def _import(session: Session, file: str, layer: Layer, **options) -> ImportReport:
    request = ImportRequest(path=real_file(file), layer=layer, **options)
    return import_layer(session, Actor.system(), request, now=NOW)


def _dict(session: Session, query: TextClause) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(query)}


def _kaohsiung(session: Session) -> ImportReport:
    """Codes of 5 + 3 + 3 digits get Taiwan's 7 in front, to be 12 digits long."""
    return _import(
        session,
        "kaohsiung_villages/kaohsiung_villages.gpkg",
        Layer.AREAS,
        level=AreaLevel.COMMUNITY,
        scheme_code="kaohsiung",
        new_scheme_name="高雄市村里",
        code_prefix="7",
    )


def _counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    outcome = report.outcome
    return (
        report.read_count,
        outcome.added,
        outcome.updated,
        outcome.unchanged,
        len(report.rejections),
    )


def test_kaohsiungs_886_villages_become_communities_and_the_invalid_one_is_repaired(session):
    report = _kaohsiung(session)
    assert _counts(report) == (886, 886, 0, 0, 0)
    assert report.remark_counts() == {"geometry_repaired": 1}
    assert report.remarks[0].row_number == 603
    assert report.crs.name == "EPSG:3824"
    name, name_en = session.execute(text("SELECT name, name_en FROM area WHERE code = '764000130006'")).one()
    assert (name, name_en) == ("中門里", "Zhongmen Vil.")
    assert session.scalar(text("SELECT bool_and(ST_IsValid(boundary)) FROM area")) is True


def test_the_same_villages_twice_change_nothing(session):
    _kaohsiung(session)
    version = session.scalar(text("SELECT version FROM layer_version WHERE layer = 'areas'"))
    again = _kaohsiung(session)
    assert _counts(again) == (886, 0, 0, 886, 0)
    assert session.scalar(text("SELECT version FROM layer_version WHERE layer = 'areas'")) == version
    assert session.scalar(text("SELECT count(*) FROM import_batch")) == 2


def test_neighbouring_villages_share_the_edges_of_their_overviews(session):
    """Simplified together: no new gap or overlap is wider than the file's own faults."""
    _kaohsiung(session)
    shapes = [
        shapely.from_wkb(bytes(row.overview))
        for row in session.execute(text("SELECT ST_AsBinary(overview) AS overview FROM area"))
    ]
    together = shapely.union_all(shapes).area
    assert abs(sum(shape.area for shape in shapes) - together) / together < 1e-6


def test_beijings_331_streets_have_their_names_right_and_get_codes(session):
    report = _import(
        session,
        "beijing_streets_utf8_nocpg/beijing.zip",
        Layer.AREAS,
        level=AreaLevel.SUBDISTRICT,
        scheme_code="beijing",
        new_scheme_name="北京市街道",
        code_prefix="110000",
    )
    assert _counts(report) == (331, 331, 0, 0, 0)
    assert report.encoding == "utf-8"
    assert report.remark_counts() == {"code_proposed": 331}
    codes = session.scalars(text("SELECT code FROM area ORDER BY code")).all()
    assert (codes[0], codes[-1]) == ("110000001", "110000331")
    assert session.scalar(text("SELECT count(*) FROM area WHERE name = '建外街道'")) == 1
    assert session.scalar(text("SELECT count(*) FROM area WHERE name ~ '[^一-龥()()]'")) == 0


def test_beijings_streets_keep_their_proposed_codes_when_the_file_comes_again(session):
    options = {
        "level": AreaLevel.SUBDISTRICT,
        "scheme_code": "beijing",
        "new_scheme_name": "北京市街道",
        "code_prefix": "110000",
    }
    file = "beijing_streets_utf8_nocpg/beijing.zip"
    _import(session, file, Layer.AREAS, **options)
    assert _counts(_import(session, file, Layer.AREAS, **options)) == (331, 0, 0, 331, 0)


def _san_francisco(session: Session) -> ImportReport:
    session.execute(
        text(
            "INSERT INTO issue_category (code, kind, major_code, major_name, major_name_en, name, name_en,"
            " icon, standard_ref, is_public, is_private_home, duplicate_radius_m, sort_order)"
            " VALUES ('99999', 'matter', '99', '其他', 'Other', '其他', 'Other', 'dots', 'local', true,"
            " false, 30, 1)"
        )
    )
    add_account(session, "admin", role="admin", area_codes=("",))
    return _import(
        session,
        "sf_311/sf_neighborhoods_zillow.gpkg",
        Layer.AREAS,
        level=AreaLevel.COMMUNITY,
        scheme_code="san_francisco",
        new_scheme_name="San Francisco",
        code_prefix="840006",
        columns={"code": "REGIONID"},
    )


def _issues_311(session: Session) -> ImportReport:
    return _import(
        session,
        "sf_311/311_service_requests.csv",
        Layer.ISSUES,
        scheme_code="san_francisco",
        source_name="sf311",
        default_category="99999",
    )


def test_san_franciscos_issues_are_routed_into_its_34_neighbourhoods(session):
    assert _counts(_san_francisco(session)) == (34, 34, 0, 0, 0)
    report = _issues_311(session)
    assert _counts(report) == (10_000, 5_736, 0, 0, 4_264)
    assert report.reason_counts() == {"no_location": 4_264}
    assert report.remark_counts()["closed_before_created"] == 17
    routed = session.execute(
        text(
            "SELECT count(*) FILTER (WHERE community_code IS NOT NULL) AS inside,"
            " count(*) FILTER (WHERE community_code IS NULL AND area_code = '') AS outside FROM issue"
        )
    ).one()
    assert routed.outside == report.outcome.outside_count
    assert routed.inside + routed.outside == 5_736
    assert routed.inside > 5_600


def test_each_issue_lies_in_exactly_the_neighbourhood_that_it_was_routed_to(session):
    _san_francisco(session)
    _issues_311(session)
    wrong = session.scalar(
        text(
            "SELECT count(*) FROM issue JOIN area ON area.code = issue.community_code"
            " WHERE NOT ST_DWithin(area.boundary::geography, issue.location::geography, 0.5)"
        )
    )
    assert wrong == 0
    missed = session.scalar(
        text(
            "SELECT count(*) FROM issue WHERE community_code IS NULL"
            " AND EXISTS (SELECT FROM area WHERE ST_Covers(area.boundary, issue.location))"
        )
    )
    assert missed == 0


def test_an_imported_issue_has_its_history_and_the_same_file_again_adds_none(session):
    _san_francisco(session)
    _issues_311(session)
    states = _dict(session, text("SELECT state, count(*) FROM issue GROUP BY state"))
    assert states == {"closed": 5_589, "submitted": 147}
    kinds = _dict(session, text("SELECT kind, count(*) FROM issue_event GROUP BY kind"))
    assert kinds == {"created": 5_736, "routed": 5_736, "state_changed": 5_589}
    assert session.scalar(text("SELECT count(*) FROM issue WHERE closed_at < captured_at")) == 0
    again = _issues_311(session)
    assert _counts(again) == (10_000, 0, 0, 5_736, 4_264)
    assert "here_with_other_content" not in again.remark_counts()
    assert session.scalar(text("SELECT count(*) FROM issue")) == 5_736


def test_hong_kongs_7788_edges_become_streets_except_two_that_are_there_twice(session):
    report = _import(session, "hongkong_mongkok_osm_network/hk_graph.gpkg", Layer.STREETS, source_name="osm")
    assert report.source_layer == "edges"
    assert _counts(report) == (7_788, 7_786, 0, 0, 2)
    assert report.reason_counts() == {"duplicate": 2}
    assert session.scalar(text("SELECT count(*) FROM street WHERE name = '彌敦道 Nathan Road'")) > 10
    kinds = _dict(session, text("SELECT kind, count(*) FROM street GROUP BY kind"))
    assert kinds["steps"] > 0
    assert kinds["footway"] > 3_000
    again = _import(session, "hongkong_mongkok_osm_network/hk_graph.gpkg", Layer.STREETS, source_name="osm")
    assert _counts(again) == (7_788, 0, 0, 7_786, 2)


def test_parcels_whose_prj_lies_are_refused_and_come_out_right_with_the_projection_declared(session):
    file = "huizhou_landuse_4547_wrongprj/land.shp"
    options = {
        "level": AreaLevel.MICRO_GRID,
        "scheme_code": "huizhou",
        "new_scheme_name": "惠州地块",
        "columns": {"name": "ID", "code": ""},
        "code_prefix": "44130200100101",
    }
    with pytest.raises(NoValidRows) as refused:
        _import(session, file, Layer.AREAS, **options)
    assert refused.value.code == "import.no_valid_rows.projected"
    report = _import(session, file, Layer.AREAS, crs="EPSG:4547", **options)
    # 35 micro-grids fit under one grid; the others are told so.
    assert report.reason_counts() == {"no_code_left": 79 - 35}
    assert report.crs.origin == "declared"
    assert report.crs.file_name == "EPSG:4326"
    west, south = session.execute(
        text("SELECT ST_XMin(e), ST_YMin(e) FROM (SELECT ST_Extent(boundary) e FROM area) b")
    ).one()
    assert (round(west, 1), round(south, 1)) == (114.3, 23.0)


def test_the_gcj02_counties_of_wuhan_are_repaired_and_move_back_by_half_a_kilometre():
    table = read_table(real_file("wuhan_county_gcj02/wuhan.geojson"))
    as_given = check_geometry(
        table.geometry, table.row_numbers, shape=Shape.POLYGON, crs=parse_crs("wgs84", origin="declared")
    )
    as_declared = check_geometry(
        table.geometry, table.row_numbers, shape=Shape.POLYGON, crs=parse_crs("gcj02", origin="declared")
    )
    assert [found.reason_code for found in as_declared.remarks] == ["geometry_repaired"] * 13
    assert as_declared.rejections == []
    report = check_topology(
        list(shapely.to_wkb(as_declared.geometry)), keys=[str(number) for number in table.row_numbers]
    )
    # Two places in 新洲 that the file leaves out, and four crumbs where rings crossed themselves.
    assert report.counts() == {FindingKind.GAP: 2, FindingKind.SLIVER: 4}
    assert report.areas_m2()[FindingKind.GAP] == pytest.approx(916_518, rel=0.001)
    shift_m = distance_m(
        shapely.get_coordinates(shapely.centroid(as_given.geometry)),
        shapely.get_coordinates(shapely.centroid(as_declared.geometry)),
    )
    assert (shift_m.min(), shift_m.max()) == pytest.approx((586, 586), abs=40)


def test_gbk_street_names_are_read_as_chinese(session):
    report = _import(session, "xian_roads_gbk/modifiedConn_link.zip", Layer.STREETS)
    assert report.encoding == "gb18030"
    assert report.read_count == 9_842
    assert session.scalar(text("SELECT count(*) FROM street WHERE name = '神舟大道'")) > 0


def test_shanghais_kindergartens_become_service_points_and_every_point_of_an_unknown_kind_is_counted(session):
    session.execute(
        text(
            "INSERT INTO service_point_category VALUES"
            " ('SP99', '其他', 'Other', 'dots', 'convenience', false, 99)"
        )
    )
    report = _import(session, "shanghai_poi/幼儿园.csv", Layer.SERVICE_POINTS, source_name="poi")
    assert report.read_count == 2_284
    assert report.outcome.added + len(report.rejections) == 2_284
    assert set(report.reason_counts()) <= {"duplicate"}
    assert report.remark_counts()["category_taken_as_default"] == report.outcome.added
    again = _import(session, "shanghai_poi/幼儿园.csv", Layer.SERVICE_POINTS, source_name="poi")
    assert again.outcome.unchanged == report.outcome.added


def test_latin_text_is_not_turned_into_chinese():
    from gridmap.importing.encodings import decide_encoding

    content = real_file("encodings_dbf/latin1.dbf").read_bytes()[65:]
    with pytest.raises(EncodingUnknown):
        decide_encoding([content])


def test_wuhans_counties_are_refused_as_wgs84_once_hubeis_are_there_and_imported_as_gcj02(session):
    _import(
        session,
        "hubei_county_wgs84/hubei_county.gpkg",
        Layer.AREAS,
        level=AreaLevel.SUBDISTRICT,
        scheme_code="hubei",
        new_scheme_name="湖北省县级区划",
        code_prefix="420000",
        columns={"name": "Name_County", "code": ""},
    )
    options = {
        "level": AreaLevel.SUBDISTRICT,
        "scheme_code": "wuhan",
        "new_scheme_name": "武汉市区",
        "code_prefix": "420100",
        "columns": {"code": ""},
    }
    with pytest.raises(DatumContradicted) as refused:
        _import(session, "wuhan_county_gcj02/wuhan.geojson", Layer.AREAS, **options)
    assert refused.value.code == "import.datum_contradicted.shifted"
    assert refused.value.params["option"] == "--crs gcj02"
    assert int(str(refused.value.params["shift_m"])) == pytest.approx(586, abs=20)
    report = _import(session, "wuhan_county_gcj02/wuhan.geojson", Layer.AREAS, crs="gcj02", **options)
    assert report.outcome.added > 0


def test_baidus_compounds_are_closed_repaired_or_refused_one_by_one():
    """3,703 rings of a list that is no GeoJSON: nearly all open, three of a single point, eight crossed."""
    table = read_table(real_file("baidu_village_polygons_beijing/beijing-village_beijing.json"))
    assert Counter(found.reason_code for found in table.remarks) == {"ring_closed": 3_700}
    assert Counter(found.reason_code for found in table.rejections) == {"ring_too_short": 3}
    assert int((~shapely.is_valid(table.geometry)).sum()) == 8
    checked = check_geometry(
        table.geometry, table.row_numbers, shape=Shape.POLYGON, crs=parse_crs("bd09", origin="declared")
    )
    # The eighth touches itself in one point, and in WGS-84 no longer does.
    assert Counter(found.reason_code for found in checked.remarks) == {"geometry_repaired": 7}
    assert checked.rejections == []
    assert bool(shapely.is_valid(checked.geometry).all())
