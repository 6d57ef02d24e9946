"""Weighing coordinate systems: real files come out right, true statements stay, doubt stays doubt."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import shapely
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.domain.coordinates import wgs84_to_gcj02
from gridmap.domain.gauss_kruger import gauss_kruger
from gridmap.importing.datum import SourceCrs, parse_crs
from gridmap.importing.datum_evidence import (
    SAMPLE_LENGTH,
    DatumEvidence,
    DatumReason,
    ReferenceAreas,
    weigh_systems,
)
from gridmap.importing.readers import read_table
from gridmap.importing.tables import GeometryArray, SourceTable
from tests.realdata import real_file

WGS84 = parse_crs("EPSG:4326", origin="file")
TRANSLATIONS = Path(__file__).resolve().parents[2] / "gridmap" / "translations"


def _array(*shapes: shapely.Geometry | None) -> GeometryArray:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def _real(path: str) -> SourceTable:
    return read_table(real_file(path))


def _geometry(table: SourceTable) -> GeometryArray:
    assert table.geometry is not None
    return table.geometry


def _hubei() -> ReferenceAreas:
    table = _real("hubei_county_wgs84/hubei_county.gpkg")
    return ReferenceAreas(_geometry(table), tuple(str(name) for name in table.columns["Name_County"]))


def _found(evidence: DatumEvidence) -> tuple[str, bool] | None:
    return (
        None if evidence.preselected is None else (evidence.preselected.crs, evidence.preselected.swap_axes)
    )


def _wuhan_blocks(columns: int = 6, rows: int = 6) -> GeometryArray:
    """Blocks of about 500 m, as communities are."""
    return _array(
        *(
            shapely.box(114.30 + 0.005 * x, 30.55 + 0.005 * y, 114.305 + 0.005 * x, 30.555 + 0.005 * y)
            for x in range(columns)
            for y in range(rows)
        )
    )


@pytest.mark.parametrize("names_are_known", [True, False])
def test_wuhans_counties_claim_wgs84_and_are_found_to_be_gcj02(names_are_known):
    table = _real("wuhan_county_gcj02/wuhan.geojson")
    names = [str(name) for name in table.columns["name"]] if names_are_known else []
    evidence = weigh_systems(_geometry(table), stated=WGS84, reference=_hubei(), names=names)
    assert _found(evidence) == ("gcj02", False)
    assert evidence.contradicts("EPSG:4326")
    assert DatumReason.STATED_BUT_FITS_ANOTHER in evidence.reasons
    as_stated = evidence.candidate("EPSG:4326")
    assert as_stated is not None
    assert as_stated.shift_m == pytest.approx(586, abs=20)
    assert DatumReason.BORDERS_SHIFTED in as_stated.reasons
    found = evidence.candidates[0]
    assert found.shift_m is not None
    assert found.shift_m < 80
    assert DatumReason.BORDERS_MEET in found.reasons


def test_huizhous_parcels_claim_degrees_and_are_found_in_their_strip():
    table = _real("huizhou_landuse_4547_wrongprj/land.shp")
    stated = parse_crs(table.declared_crs or "", origin="file")
    around = ReferenceAreas(_array(shapely.box(114.2, 22.9, 114.5, 23.1)))
    evidence = weigh_systems(_geometry(table), stated=stated, reference=around)
    assert _found(evidence) == ("EPSG:4547", False)
    assert evidence.contradicts(stated.name)
    assert DatumReason.METRES_CLAIM_DEGREES in evidence.reasons
    # Without any area of ours every strip is as likely, and that the statement is wrong is still said.
    alone = weigh_systems(_geometry(table), stated=stated, reference=ReferenceAreas.none())
    assert alone.preselected is None
    assert {DatumReason.SEVERAL_FIT, DatumReason.METRES_CLAIM_DEGREES} <= set(alone.reasons)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (ReferenceAreas(_array(shapely.box(-76.21, 42.98, -76.07, 43.09))), None),
        (ReferenceAreas.none(), DatumReason.ONLY_ONE_POSSIBLE),
    ],
)
def test_syracuses_potholes_are_found_to_be_swapped(reference, reason):
    table = _real("syracuse_potholes/data_potholes_latlon_swapped.csv")
    evidence = weigh_systems(_geometry(table), stated=None, reference=reference)
    assert _found(evidence) == ("EPSG:4326", True)
    assert evidence.is_strong
    assert reason is None or reason in evidence.reasons
    as_read = evidence.candidate("EPSG:4326")
    assert as_read is not None
    assert as_read.reasons == (DatumReason.NOBODY_LIVES_THERE,)


def test_wuhans_homes_are_found_in_their_strip_and_counties_farther_west_leave_doubt(tmp_path):
    path = tmp_path / "homes.csv"
    lines = (
        gzip.decompress(real_file("wuhan_house_points/wuhan_hp.csv.gz").read_bytes()).decode().splitlines()
    )
    path.write_text("\n".join(",".join(line.split(",")[-2:]) for line in lines), encoding="utf-8")
    homes = _geometry(read_table(path))
    hubei = _hubei()
    wuhan = np.array([name in {"武昌区", "洪山区", "江岸区", "汉阳区"} for name in hubei.names])
    evidence = weigh_systems(homes, stated=None, reference=ReferenceAreas(hubei.boundaries[wuhan]))
    assert _found(evidence) == ("EPSG:4547", False)
    assert evidence.is_strong
    # A strip farther west they would also lie in the province: nobody can tell, so nothing is preselected.
    assert weigh_systems(homes, stated=None, reference=hubei).preselected is None


@pytest.mark.parametrize(
    "path",
    [
        "hubei_county_wgs84/hubei_county.gpkg",
        "beijing_streets_utf8_nocpg/beijing.zip",
        "shanghai_county_gbk/区县界_area.shp",
        "kaohsiung_villages/kaohsiung_villages.gpkg",
    ],
)
def test_files_that_state_the_truth_keep_it_against_any_reference(path):
    table = _real(path)
    stated = parse_crs(table.declared_crs or "", origin="file")
    references = {
        "itself": ReferenceAreas(_geometry(table)),
        "none": ReferenceAreas.none(),
        "hubei": _hubei(),
    }
    for name, reference in references.items():
        evidence = weigh_systems(_geometry(table), stated=stated, reference=reference)
        assert not evidence.contradicts(stated.name), name
        assert evidence.sample_count <= SAMPLE_LENGTH
    itself = weigh_systems(_geometry(table), stated=stated, reference=references["itself"])
    assert _found(itself) == (stated.name, False)
    assert itself.is_strong


def test_one_county_elsewhere_fits_nothing_and_that_is_said():
    evidence = weigh_systems(
        _geometry(_real("shanghai_county_gbk/区县界_area.shp")), stated=WGS84, reference=_hubei()
    )
    assert (evidence.preselected, evidence.is_strong) == (None, False)
    assert evidence.reasons == (DatumReason.NOTHING_FITS,)
    assert all(DatumReason.OUTSIDE in each.reasons for each in evidence.candidates if each.is_possible)


def test_of_strips_that_all_miss_our_areas_the_nearest_comes_first():
    strip = gauss_kruger(4547)
    assert strip is not None
    south_of_ours = shapely.transform(_wuhan_blocks(), lambda points: strip.project(points - [0.0, 7.0]))
    evidence = weigh_systems(south_of_ours, stated=None, reference=ReferenceAreas(_wuhan_blocks()))
    assert evidence.preselected is None
    assert evidence.candidates[0].crs == "EPSG:4547"
    assert evidence.reasons == (DatumReason.NOTHING_FITS,)


def test_a_file_in_the_middle_of_our_ground_says_nothing_and_keeps_its_statement():
    points = shapely.points(np.random.default_rng(1).uniform((114.31, 30.56), (114.32, 30.57), (200, 2)))
    ours = ReferenceAreas(_array(shapely.box(114.2, 30.4, 114.5, 30.7)))
    stated = weigh_systems(points, stated=WGS84, reference=ours)
    assert (_found(stated), stated.is_strong) == (("EPSG:4326", False), False)
    assert stated.reasons == (DatumReason.STATED_AND_NOTHING_AGAINST,)
    silent = weigh_systems(points, stated=None, reference=ours)
    assert silent.preselected is None
    assert silent.reasons == (DatumReason.SEVERAL_FIT,)


def test_a_rectangle_whose_sides_happen_to_lie_along_our_borders_proves_nothing():
    """Seen in a real file: one drawn frame, four corners, a thousand points between them."""
    table = _real("shanghai_yangpu_osm/table_bounds.shp")
    ours = _geometry(_real("shanghai_county_gbk/区县界_area.shp"))
    evidence = weigh_systems(_geometry(table), stated=WGS84, reference=ReferenceAreas(ours))
    assert (_found(evidence), evidence.is_strong) == (("EPSG:4326", False), False)


@pytest.mark.parametrize("name", ["Bounds", "Buildings", "Roads", "amenities"])
def test_true_statements_stay_where_the_file_has_little_to_do_with_our_borders(name):
    table = _real(f"shanghai_yangpu_osm/{name}.shp")
    ours = _geometry(_real("shanghai_county_gbk/区县界_area.shp"))
    evidence = weigh_systems(_geometry(table), stated=WGS84, reference=ReferenceAreas(ours))
    assert not evidence.contradicts("EPSG:4326")


def test_a_few_rows_far_astray_do_not_decide_for_the_others():
    """Row for row they are refused or not by the checks; how the file is read is not theirs to say."""
    blocks = _wuhan_blocks()
    astray = _array(
        *blocks,
        shapely.LineString([(0, 95), (1, 95)]),
        shapely.LineString([(30.5, 114.3), (30.6, 114.4)]),
        shapely.Point(528_763, 3_386_075),
    )
    for reference in (ReferenceAreas(blocks), ReferenceAreas.none()):
        evidence = weigh_systems(astray, stated=WGS84, reference=reference)
        assert _found(evidence) == ("EPSG:4326", False)


def test_a_handful_of_points_is_never_strong_evidence():
    blocks = _wuhan_blocks()
    few = shapely.transform(shapely.centroid(blocks[:10]), wgs84_to_gcj02)
    evidence = weigh_systems(few, stated=None, reference=ReferenceAreas(blocks))
    assert not evidence.is_strong


def test_borders_that_lie_where_no_system_puts_them_are_not_guessed():
    """A local grid, moved by 200 m: nearest as WGS-84, and still not that."""
    blocks = _wuhan_blocks()
    moved = shapely.transform(blocks, lambda points: points + 0.0015)
    evidence = weigh_systems(moved, stated=None, reference=ReferenceAreas(blocks))
    assert evidence.preselected is None


@pytest.mark.parametrize("epsg_code", [4547, 4548, 32650, 4526, 4527, 4498])
def test_strips_of_the_same_numbers_are_told_apart(epsg_code):
    """As UTM the blocks would lie a kilometre off in the strip on the same meridian."""
    strip = gauss_kruger(epsg_code)
    assert strip is not None
    blocks = _wuhan_blocks()
    evidence = weigh_systems(
        shapely.transform(blocks, strip.project), stated=None, reference=ReferenceAreas(blocks)
    )
    assert _found(evidence) == (f"EPSG:{epsg_code}", False)
    assert (evidence.candidates[0].prefix != 0) == (DatumReason.ZONE_PREFIX in evidence.candidates[0].reasons)


def test_a_projection_that_the_file_states_and_that_we_would_not_think_of_is_weighed_too():
    stated = parse_crs("EPSG:2437", origin="file")
    blocks = _wuhan_blocks()
    strip = gauss_kruger(4549)
    assert strip is not None
    evidence = weigh_systems(
        shapely.transform(blocks, strip.project), stated=stated, reference=ReferenceAreas(blocks)
    )
    assert evidence.candidate("EPSG:2437") is not None
    assert evidence.stated == "EPSG:2437"


def test_degrees_that_claim_metres_are_told():
    evidence = weigh_systems(
        _wuhan_blocks(),
        stated=parse_crs("EPSG:4547", origin="file"),
        reference=ReferenceAreas(_wuhan_blocks()),
    )
    assert _found(evidence) == ("EPSG:4326", False)
    assert DatumReason.DEGREES_CLAIM_METRES in evidence.reasons


def test_the_same_file_is_weighed_the_same_every_time():
    blocks = _wuhan_blocks()
    once, again = (weigh_systems(blocks, stated=None, reference=ReferenceAreas(blocks)) for _ in range(2))
    assert once == again


@pytest.mark.parametrize(
    "geometry",
    [
        _array(),
        _array(None, None),
        _array(shapely.Point(), shapely.Polygon()),
        _array(shapely.Point(0, 0)),
        _array(shapely.Point(np.nan, 30), shapely.Point(np.inf, 1)),
    ],
)
def test_a_file_without_one_usable_place_fits_nothing(geometry):
    for reference in (ReferenceAreas.none(), ReferenceAreas(_wuhan_blocks())):
        evidence = weigh_systems(geometry, stated=WGS84, reference=reference)
        assert (evidence.candidates, evidence.preselected, evidence.sample_count) == ((), None, 0)
        assert DatumReason.NOTHING_FITS in evidence.reasons


_NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-200, 200),
    st.floats(-5e7, 5e7),
)


@settings(max_examples=80, deadline=None)
@given(
    points=st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=1, max_size=40),
    shape=st.sampled_from(["points", "line", "mixed"]),
    stated=st.sampled_from([None, "EPSG:4326", "EPSG:4547", "EPSG:3857", "bd09mc"]),
)
def test_any_numbers_at_all_are_weighed_without_an_error(points, shape, stated):
    shapes: list[shapely.Geometry] = [] if shape == "line" else [shapely.Point(point) for point in points]
    if shape != "points" and len(points) > 1:
        with np.errstate(invalid="ignore"):
            shapes.append(shapely.LineString(points))
    source: SourceCrs | None = None if stated is None else parse_crs(stated, origin="file")
    evidence = weigh_systems(_array(*shapes), stated=source, reference=ReferenceAreas(_wuhan_blocks(2, 2)))
    assert evidence.preselected is None or evidence.preselected in evidence.candidates


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_reason_has_its_sentence_and_every_figure_in_it_exists(language):
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        sentences = {str(message.id): str(message.string) for message in read_po(file)}
    figures = (
        weigh_systems(_wuhan_blocks(), stated=None, reference=ReferenceAreas.none()).candidates[0].figures
    )
    for reason in DatumReason:
        assert sentences[f"import.datum.{reason}"] % figures
