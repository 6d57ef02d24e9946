"""Coordinate systems, geometry checks, single cells, rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
import shapely

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import distance_m, wgs84_to_bd09, wgs84_to_gcj02
from gridmap.domain.imports import Category
from gridmap.importing.cells import BadCell, Cells
from gridmap.importing.checks import CheckedGeometry, Shape, check_geometry
from gridmap.importing.datum import parse_crs, source_crs, to_wgs84
from gridmap.importing.errors import CrsMissing, CrsUnknown
from gridmap.importing.overviews import label_points_of, overviews_of
from gridmap.importing.rows import parse_areas, parse_issues, parse_service_points, parse_streets
from gridmap.importing.tables import SourceTable

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
WUHAN = (114.2999512, 30.5955177)
WGS84 = parse_crs("wgs84", origin="declared")


def _array(*geometries: shapely.Geometry | None) -> np.ndarray:
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    return array


def _table(columns: dict[str, list], geometry: np.ndarray | None = None, **options) -> SourceTable:
    count = len(next(iter(columns.values()))) if columns else len(geometry)
    defaults = {"declared_crs": None, "encoding": "utf-8", "file_format": "CSV", "layer_name": "t"}
    return SourceTable(
        row_numbers=np.arange(2, count + 2), columns=columns, geometry=geometry, **{**defaults, **options}
    )


def _check(*geometries: shapely.Geometry | None, shape: Shape, **options) -> CheckedGeometry:
    array = _array(*geometries)
    return check_geometry(array, np.arange(2, len(array) + 2), shape=shape, crs=WGS84, **options)


def _reasons(checked: CheckedGeometry) -> list[tuple[int, str]]:
    return sorted((found.row_number, found.reason_code) for found in checked.rejections)


@pytest.mark.parametrize(
    ("crs", "given"),
    [
        ("EPSG:4326", WUHAN),
        ("EPSG:4490", WUHAN),
        ("cgcs2000", WUHAN),
        ("gcj02", tuple(wgs84_to_gcj02([WUHAN])[0])),
        ("GCJ-02", tuple(wgs84_to_gcj02([WUHAN])[0])),
        ("bd09", tuple(wgs84_to_bd09([WUHAN])[0])),
        ("EPSG:4547", (528766.8814506, 3386169.3154529)),
        ("EPSG:4526", (38528766.8814506, 3386169.3154529)),
        ("EPSG:3857", (12723812.3652800, 3580330.0794468)),
        ("urn:ogc:def:crs:EPSG::3857", (12723812.3652800, 3580330.0794468)),
    ],
)
def test_every_declared_system_comes_out_in_wuhan(crs, given):
    converted = to_wgs84(_array(shapely.Point(given)), parse_crs(crs, origin="declared"))
    assert distance_m(shapely.get_coordinates(converted), [WUHAN])[0] < 0.01


def test_axes_are_swapped_before_converting_on_request():
    swapped = to_wgs84(_array(shapely.Point(WUHAN[1], WUHAN[0])), WGS84, swap_axes=True)
    assert swapped[0].coords[0] == WUHAN


def test_an_unknown_or_missing_system_is_refused():
    for wrong in ("EPSG:1", "mars2000", "", "EPSG:5773"):
        with pytest.raises(CrsUnknown):
            parse_crs(wrong, origin="declared")
    with pytest.raises(CrsMissing):
        source_crs(_table({}, _array(), file_format="Shapefile"), None)
    with pytest.raises(CrsMissing):
        source_crs(_table({}, _array(), geometry_source="x_y"), None)


def test_what_the_person_declares_wins_and_the_files_word_is_kept_beside_it():
    table = _table({}, _array(), declared_crs="EPSG:4326", file_format="Shapefile")
    assert source_crs(table, None).origin == "file"
    chosen = source_crs(table, "EPSG:4547")
    assert (chosen.name, chosen.origin, chosen.file_name) == ("EPSG:4547", "declared", "EPSG:4326")
    assert source_crs(_table({}, _array(), geometry_source="lon_lat"), None).origin == "assumed"


def test_points_without_a_usable_place_are_refused_each_with_its_reason():
    checked = _check(
        shapely.Point(WUHAN),
        None,
        shapely.Point(),
        shapely.Point(0, 0),
        shapely.Point(30.6, 114.3),
        shapely.Point(43.8, 87.6),
        shapely.Point(528763, 3386075),
        shapely.Point(200, 10),
        shapely.Point(np.nan, 30),
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.MultiPoint([WUHAN]),
        shapely.MultiPoint([WUHAN, (114, 30)]),
        shape=Shape.POINT,
    )
    assert _reasons(checked) == [
        (3, "geometry_missing"),
        (4, "geometry_empty"),
        (5, "no_location"),
        (6, "coordinates_swapped"),
        (7, "coordinates_swapped"),
        (8, "coordinates_look_projected"),
        (9, "coordinates_out_of_range"),
        (10, "coordinates_not_numbers"),
        (11, "wrong_geometry_type"),
        (13, "wrong_geometry_type"),
    ]
    assert [geometry is not None for geometry in checked.geometry] == [
        *(True,),
        *(False,) * 9,
        *(True, False),
    ]


def test_a_small_fault_of_a_polygon_is_repaired_and_said_and_a_bow_tie_is_refused():
    spike = shapely.Polygon([(0, 0), (0, 4), (4, 4), (4, 2), (4.5, 2), (4, 2), (4, 0)])
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    checked = _check(spike, bow_tie, shapely.box(0, 0, 1, 1), shape=Shape.POLYGON)
    assert [(found.row_number, found.reason_code) for found in checked.remarks] == [(2, "geometry_repaired")]
    assert _reasons(checked) == [(3, "geometry_invalid")]
    kept = [geometry for geometry in checked.geometry if geometry is not None]
    assert all(geometry.is_valid and geometry.geom_type == "MultiPolygon" for geometry in kept)


def test_lines_and_flat_polygons_and_collections_are_judged_by_what_is_in_them():
    collection = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.Point(0, 0)])
    mixed = shapely.GeometryCollection([shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 1, 1)])
    polygons = _check(collection, shapely.Polygon([(0, 0), (1, 1), (0, 0)]), shape=Shape.POLYGON)
    assert polygons.remarks[0].reason_code == "collection_reduced"
    assert _reasons(polygons) == [(3, "geometry_invalid")]
    lines = _check(shapely.LineString([(1, 1), (1, 1)]), mixed, shape=Shape.LINE)
    assert _reasons(lines) == [(2, "geometry_invalid"), (3, "wrong_geometry_type")]


def test_heights_are_dropped():
    checked = _check(shapely.Point(114.3, 30.6, 25.0), shape=Shape.POINT)
    assert not checked.geometry[0].has_z


def test_simplified_neighbours_share_their_edges():
    rng = np.random.default_rng(3)
    wiggle = [(114.31 + rng.normal(0, 4e-6), 30.55 + step * 1e-4) for step in range(1, 100)]
    left = shapely.Polygon([(114.30, 30.55), (114.31, 30.55), *wiggle, (114.31, 30.56), (114.30, 30.56)])
    right = shapely.Polygon([(114.32, 30.55), (114.31, 30.55), *wiggle, (114.31, 30.56), (114.32, 30.56)])
    boundaries = [shapely.to_wkb(shapely.MultiPolygon([each]), byte_order=1) for each in (left, right)]
    one, other = (shapely.from_wkb(wkb) for wkb in overviews_of(boundaries, level=AreaLevel.COMMUNITY))
    assert shapely.get_num_coordinates(one) < shapely.get_num_coordinates(left) / 2
    assert one.intersection(other).area == 0
    assert one.union(other).area == pytest.approx(left.union(right).area, rel=1e-9)
    assert left.contains(shapely.Point(label_points_of(boundaries)[0]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-03 08:30:00", datetime(2026, 5, 3, 0, 30, tzinfo=UTC)),
        ("2026/5/3 8:30", datetime(2026, 5, 3, 0, 30, tzinfo=UTC)),
        ("2026年5月3日", datetime(2026, 5, 2, 16, 0, tzinfo=UTC)),
        ("2026-05-03T08:30:00+00:00", datetime(2026, 5, 3, 8, 30, tzinfo=UTC)),
        ("2026-05-03 08:30:00 UTC", datetime(2026, 5, 3, 8, 30, tzinfo=UTC)),
        ("2026-05-03T00:30:00Z", datetime(2026, 5, 3, 0, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them_and_in_chinas_zone_unless_they_say(text, expected):
    assert Cells(_table({"t": [text]}), {"t": "t"}).instant(0, "t") == expected


@pytest.mark.parametrize("text", ["3.5.2026", "2026-13-01", "soon", "0001-01-01", "1e9"])
def test_what_is_no_time_is_said_to_be_none(text):
    with pytest.raises(BadCell) as bad:
        Cells(_table({"t": [text]}), {"t": "t"}).instant(0, "t")
    assert bad.value.reason_code == "not_a_time"


def test_counts_measures_and_words_are_read_in_their_usual_forms():
    cells = Cells(_table({"v": ["1,234 户", "12.50", "-3", "六", 272885.0, "甲、乙;丙", None]}), {"v": "v"})
    assert cells.count(0, "v") == 1_234
    assert cells.number(1, "v") == 12.5
    for index in (2, 3):
        with pytest.raises(BadCell):
            cells.count(index, "v")
    assert cells.text(4, "v") == "272885"
    assert cells.words(5, "v") == ("甲", "乙", "丙")
    assert cells.text(6, "v") is None


def test_text_that_the_database_cannot_hold_is_refused():
    cells = Cells(_table({"v": ["a\x00b", "\ud800", "x" * 300]}), {"v": "v"})
    reasons = []
    for index in range(3):
        with pytest.raises(BadCell) as bad:
            cells.text(index, "v")
        reasons.append(bad.value.reason_code)
    assert reasons == ["control_characters", "control_characters", "too_long"]


def test_the_second_row_of_a_code_is_refused_and_names_the_first():
    geometry = _array(*[shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])] * 3)
    table = _table({"code": ["1", "1", None], "name": ["甲", "乙", "丙"]}, geometry)
    parsed = parse_areas(table, {"code": "code", "name": "name"}, geometry, level=AreaLevel.COMMUNITY)
    assert [(row.code, row.name) for row in parsed.rows] == [("1", "甲"), (None, "丙")]
    assert [(found.row_number, found.value) for found in parsed.rejections] == [(3, "1 (row 2)")]


def test_a_street_of_several_lines_becomes_several_and_a_list_of_kinds_counts_as_its_first():
    lines = shapely.MultiLineString([[(0, 0), (0, 1)], [(1, 0), (1, 1)]])
    geometry = _array(lines, shapely.LineString([(2, 0), (2, 1)]), shapely.LineString([(3, 0), (3, 1)]))
    table = _table({"code": ["A", "B", "C"], "kind": ["['steps', 'footway']", "motorway", "虫洞"]}, geometry)
    parsed = parse_streets(table, {"code": "code", "kind": "kind"}, geometry, source_name="t")
    assert [(row.code, row.kind, row.is_walkable) for row in parsed.rows] == [
        ("A", "steps", True),
        ("A-2", "steps", True),
        ("B", "main", False),
        ("C", "minor", True),
    ]
    assert {found.reason_code for found in parsed.remarks} == {
        "split_into_lines",
        "kind_unknown_taken_as_minor",
    }


def test_a_point_without_a_code_gets_the_same_one_each_time():
    geometry = _array(shapely.Point(WUHAN), shapely.Point(WUHAN))
    table = _table({"name": ["驿站", "驿站"], "address": ["首义路 12 号", "首义路 14 号"]}, geometry)
    columns = {"name": "name", "address": "address"}
    options = {"categories": [Category("SP99", "其他", "Other")], "default_category": "SP99"}
    first = parse_service_points(table, columns, geometry, source_name="a", **options).rows
    again = parse_service_points(table, columns, geometry, source_name="a", **options).rows
    assert [row.code for row in first] == [row.code for row in again]
    assert first[0].code != first[1].code


def test_a_home_is_never_public_whatever_the_file_says():
    geometry = _array(shapely.Point(WUHAN))
    table = _table({"name": ["中心户"], "category": ["SP17"], "visibility": ["公开"]}, geometry)
    parsed = parse_service_points(
        table,
        {name: name for name in table.columns},
        geometry,
        categories=[Category("SP17", "党员中心户", "Household", is_restricted=True)],
        default_category=None,
        source_name="t",
    )
    assert parsed.rows[0].visibility == "restricted"


def test_issues_closed_too_early_are_kept_and_impossible_ones_refused():
    geometry = _array(*[shapely.Point(WUHAN)] * 6)
    table = _table(
        {
            "id": ["1", "2", "3", "4", "5", None],
            "category": ["暴露垃圾", "06010", "飞碟", "06010", "06010", "06010"],
            "created": ["2026-05-03", "2026-05-03", "2026-05-03", "2027-05-03", "2026-05-03", "2026-05-03"],
            "closed": ["2026-05-02", None, None, None, None, None],
            "state": ["已办结", "已办结", "open", "open", "升天", "open"],
        },
        geometry,
    )
    columns = {"external_id": "id", "category": "category", "captured_at": "created"}
    parsed = parse_issues(
        table,
        {**columns, "closed_at": "closed", "state": "state"},
        geometry,
        categories=[Category("06010", "暴露垃圾", "Exposed rubbish")],
        default_category=None,
        now=NOW,
    )
    assert [(row.external_id, row.state, row.closed_at == row.captured_at) for row in parsed.rows] == [
        ("1", "closed", True),
        ("2", "closed", True),
    ]
    assert [found.reason_code for found in parsed.remarks] == ["closed_before_created", "closed_without_time"]
    assert [found.reason_code for found in parsed.rejections] == [
        "unknown_category",
        "time_in_future",
        "unknown_state",
        "value_missing",
    ]


def test_a_date_is_that_of_the_office():
    assert Cells(_table({"d": ["2026年5月3日"]}), {"d": "d"}).day(0, "d") == date(2026, 5, 3)


def test_the_second_of_two_equal_shapes_is_kept_and_names_the_first():
    square = shapely.box(114, 30, 114.01, 30.01)
    turned = shapely.Polygon([(114.01, 30), (114.01, 30.01), (114, 30.01), (114, 30)])
    checked = _check(square, shapely.box(114.01, 30, 114.02, 30.01), turned, shape=Shape.POLYGON)
    assert checked.rejections == []
    assert [(found.row_number, found.reason_code, found.value) for found in checked.remarks] == [
        (4, "same_shape", "row 2")
    ]
    # Two places may well be in one house.
    assert not _check(shapely.Point(WUHAN), shapely.Point(WUHAN), shape=Shape.POINT).remarks


def test_repeated_points_and_winding_are_put_right_without_a_word():
    clockwise = shapely.Polygon(
        [(114, 30), (114, 30.01), (114, 30.01), (114.01, 30.01), (114.01, 30), (114, 30)],
        [[(114.002, 30.002), (114.004, 30.002), (114.004, 30.004), (114.002, 30.004)]],
    )
    checked = _check(clockwise, shape=Shape.POLYGON)
    assert (checked.rejections, checked.remarks) == ([], [])
    (polygon,) = checked.geometry[0].geoms
    assert polygon.exterior.is_ccw
    assert not polygon.interiors[0].is_ccw
    assert len(polygon.exterior.coords) == 5


def test_heights_and_measures_of_polygons_are_dropped():
    measured = shapely.from_wkt("POLYGON ZM ((114 30 1 2, 114.01 30 1 2, 114.01 30.01 1 2, 114 30 1 2))")
    checked = _check(measured, shape=Shape.POLYGON)
    assert not checked.geometry[0].has_z
    assert not shapely.has_m(checked.geometry[0])


def test_a_hole_outside_its_shell_is_refused_however_small():
    shell = [(114, 30), (114.01, 30), (114.01, 30.01), (114, 30.01)]
    hole = [(114.02, 30), (114.0201, 30), (114.0201, 30.0001)]
    checked = _check(shapely.Polygon(shell, [hole]), shape=Shape.POLYGON)
    assert [found.reason_code for found in checked.rejections] == ["geometry_invalid"]
    assert checked.rejections[0].value.startswith("Hole lies outside shell")


def test_collections_in_collections_are_opened_and_what_is_empty_in_them_does_not_count():
    inner = shapely.GeometryCollection([shapely.box(114, 30, 114.01, 30.01), shapely.Polygon()])
    nested = shapely.GeometryCollection([inner, shapely.Point(114, 30)])
    empty = shapely.GeometryCollection([shapely.GeometryCollection()])
    checked = _check(nested, empty, shape=Shape.POLYGON)
    assert checked.geometry[0].geom_type == "MultiPolygon"
    assert [(found.row_number, found.value) for found in checked.remarks] == [(2, "1 of 2 parts")]
    assert _reasons(checked) == [(3, "geometry_empty")]


def test_an_area_too_thin_to_be_meant_is_kept_with_its_width():
    thin = shapely.box(114, 30, 114.01, 30.000005)
    checked = _check(thin, shapely.box(114, 30.1, 114.01, 30.11), shape=Shape.POLYGON)
    assert [(found.row_number, found.reason_code, found.value) for found in checked.remarks] == [
        (2, "sliver", "0.55 m wide")
    ]
