"""WGS-84, GCJ-02, BD-09: published points, published libraries' outputs, shapes, the box, bad values."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from gridmap.domain.coordinates import (
    CHINA_BOX,
    Datum,
    LonLat,
    bd09_to_gcj02,
    bd09_to_wgs84,
    convert,
    distance_m,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    is_in_china_box,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from tests.realdata import real_file


def _columns(rows: list[dict[str, str]], prefix: str) -> np.ndarray:
    return np.array([[float(row[f"{prefix}_x"]), float(row[f"{prefix}_y"])] for row in rows])


# The published outputs, each with the tolerance at which its source states it.
@pytest.mark.parametrize(
    ("conversion", "given", "expected", "tolerance_deg"),
    [
        (wgs84_to_gcj02, (121.5272106, 31.1774276), (121.531541859215, 31.17530398364597), 1e-6),
        (wgs84_to_gcj02, (113.912316, 22.543847), (113.9171764808363, 22.540796131694766), 1e-6),
        (wgs84_to_gcj02, (116.377817, 39.911954), (116.38404722455657, 39.91334545536069), 1e-6),
        (wgs84_to_gcj02, (116.404, 39.915), (116.41024449916938, 39.91640428150164), 1e-7),
        (gcj02_to_bd09, (116.404, 39.915), (116.41036949371029, 39.92133699351021), 1e-10),
        (wgs84_to_gcj02, (114.2999512, 30.5955177), (114.3053889917, 30.5931000642), 1e-8),
        (wgs84_to_gcj02, (114.2999512, 30.5955177), (114.3053942, 30.5931044), 1e-5),
        (gcj02_to_bd09, (114.3053942, 30.5931044), (114.3119755, 30.5987732), 1e-6),
        (wgs84_to_gcj02, (114.8671306, 30.4563256), (114.8722051, 30.4536711), 1e-5),
        (wgs84_to_gcj02, (115.0334618, 30.2024661), (115.038839, 30.2000353), 1e-5),
    ],
)
def test_published_points_come_out_as_published(conversion, given, expected, tolerance_deg):
    assert conversion([given])[0] == pytest.approx(expected, abs=tolerance_deg)


def test_the_exact_bd09_inverse_lies_within_13_centimetres_of_the_published_one_step_inverse():
    published = [[116.39762729119315, 39.90865673957631]]
    ours = bd09_to_gcj02([[116.404, 39.915]])
    assert distance_m(ours, published)[0] < 0.13
    assert distance_m(gcj02_to_bd09(ours), [[116.404, 39.915]])[0] < 1e-6
    assert distance_m(gcj02_to_bd09(published), [[116.404, 39.915]])[0] > 1e-3


@pytest.mark.parametrize("source", list(Datum))
@pytest.mark.parametrize("target", list(Datum))
def test_outside_the_china_box_every_datum_is_the_same(source, target):
    outside = np.array([[183.0, 45.0], [139.6917, 35.6895], [0.0, 0.0], [151.2093, -33.8688]])
    assert np.array_equal(convert(outside, source, target), outside)


def test_the_china_box_is_a_rectangle_that_includes_its_neighbours_and_its_rim():
    west, south, east, north = CHINA_BOX
    inside = [[126.978, 37.566], [105.8342, 21.0278], [west, south], [east, north]]
    outside = [[139.69, 35.69], [-0.12, 51.5], [west - 1e-9, 30.0], [100.0, north + 1e-9], [np.nan, 30.0]]
    assert is_in_china_box(inside).all()
    assert not is_in_china_box(outside).any()


def test_cgcs2000_is_wgs84_for_our_purposes():
    wuhan = np.array([[114.3, 30.6]])
    assert np.array_equal(convert(wuhan, Datum.CGCS2000, Datum.WGS84), wuhan)
    assert np.array_equal(convert(wuhan, Datum.CGCS2000, Datum.GCJ02), wgs84_to_gcj02(wuhan))


def test_a_datum_converted_to_itself_is_an_unchanged_copy():
    wuhan = np.array([[114.3, 30.6]])
    for datum in Datum:
        same = convert(wuhan, datum, datum)
        assert np.array_equal(same, wuhan)
        assert same is not wuhan


def test_gcj02_and_bd09_convert_into_each_other_by_way_of_wgs84():
    gcj02 = [[114.3053942, 30.5931044]]
    assert distance_m(convert(gcj02, Datum.GCJ02, Datum.BD09), gcj02_to_bd09(gcj02))[0] < 1e-6


def test_the_shift_at_wuhan_is_the_measured_one():
    wuhan = [[114.2999512, 30.5955177]]
    # 585.8 m on a sphere.
    assert distance_m(wuhan, wgs84_to_gcj02(wuhan))[0] == pytest.approx(586.4, abs=0.1)
    assert distance_m(wgs84_to_gcj02(wuhan), wgs84_to_bd09(wuhan))[0] == pytest.approx(891, abs=1)


def test_longitude_comes_first():
    point = LonLat(lon_deg=114.30, lat_deg=30.60)
    east, north = (wgs84_to_gcj02([[point.lon_deg, point.lat_deg]]) - [[114.30, 30.60]])[0]
    assert 0.004 < east < 0.007
    assert -0.004 < north < -0.002


def test_nothing_in_gives_nothing_out():
    for conversion in (wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02, bd09_to_wgs84):
        assert conversion(np.empty((0, 2))).shape == (0, 2)


@pytest.mark.parametrize("wrong", [[114.3, 30.6], [[114.3, 30.6, 12.0]], np.zeros((2, 3)), 5.0])
def test_any_other_shape_is_refused(wrong):
    with pytest.raises(ValueError, match="shape"):
        wgs84_to_gcj02(wrong)


def test_points_without_numbers_stay_without_and_do_not_spoil_their_neighbours():
    points = np.array([[np.nan, 30.6], [114.3, np.nan], [np.inf, 30.6], [114.3, 30.6]])
    for conversion in (wgs84_to_gcj02, gcj02_to_wgs84, wgs84_to_bd09, bd09_to_wgs84):
        result = conversion(points)
        assert np.array_equal(result[:3], points[:3], equal_nan=True)
        assert np.array_equal(result[3:], conversion(points[3:]))


def test_the_input_array_is_left_alone():
    points = np.array([[114.3, 30.6]])
    wgs84_to_gcj02(points)
    bd09_to_wgs84(points)
    assert points.tolist() == [[114.3, 30.6]]


def test_many_points_convert_as_each_alone():
    rng = np.random.default_rng(7)
    points = np.column_stack([rng.uniform(60, 140, 40_000), rng.uniform(-5, 60, 40_000)])
    together = bd09_to_wgs84(points)
    for index in range(0, len(points), 4_999):
        assert together[index] == pytest.approx(bd09_to_wgs84(points[index : index + 1])[0], abs=1e-11)


def test_distances_agree_with_the_geodesic():
    from pyproj import Geod

    rng = np.random.default_rng(11)
    here = np.column_stack([rng.uniform(73, 135, 2_000), rng.uniform(18, 53, 2_000)])
    for spread_deg, relative_error in ((0.005, 1e-6), (0.3, 1e-4)):
        there = here + rng.normal(0, spread_deg, here.shape)
        _, _, expected_m = Geod(ellps="WGS84").inv(*here.T, *there.T)
        assert distance_m(here, there) == pytest.approx(expected_m, rel=relative_error)


def test_a_distance_over_the_date_line_goes_the_short_way():
    assert distance_m([[179.9, 0.0]], [[-179.9, 0.0]])[0] == pytest.approx(22_264, abs=1)


def test_the_six_published_libraries_agree_with_us_to_two_centimetres():
    path = real_file("crs_reference/library_outputs.csv")
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["point"].startswith("out:")]
    given = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    bd09_libraries = ("npm_gcoord", "py_evil", "py_coordconvert", "py_prcoords")
    for library in (*bd09_libraries, "npm_coordtransform", "npm_evjs"):
        assert distance_m(wgs84_to_gcj02(given), _columns(rows, f"{library}_gcj")).max() < 0.02, library
    for library in bd09_libraries:
        assert distance_m(wgs84_to_bd09(given), _columns(rows, f"{library}_bd")).max() < 0.02, library
    # Inverses that iterate, each as far as its library goes; the one-step ones (up to 4 m) are not compared.
    for library in ("npm_gcoord_gcj2wgs", "py_evil_gcj2wgs_exact", "py_prcoords_gcj2wgs"):
        assert distance_m(gcj02_to_wgs84(given), _columns(rows, library)).max() < 0.15, library
    assert distance_m(bd09_to_wgs84(given), _columns(rows, "npm_gcoord_bd2wgs")).max() < 0.2


def test_positions_published_by_the_map_services_are_met_within_a_metre():
    path = real_file("crs_reference/china_cities_six_systems.csv")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wgs84, gcj02, bd09 = (_columns(rows, name) for name in ("WGS84", "GCJ02", "BD09"))
    assert len(rows) == 443
    assert distance_m(wgs84_to_gcj02(wgs84), gcj02).max() < 1.0
    assert distance_m(wgs84_to_bd09(wgs84), bd09).max() < 1.0
    assert distance_m(gcj02_to_wgs84(gcj02), wgs84).max() < 1.0
    assert distance_m(bd09_to_wgs84(bd09), wgs84).max() < 1.0


def test_the_vectors_of_eviltransform_hold():
    vectors = json.loads(real_file("crs_reference/eviltransform_vectors.json").read_text(encoding="utf-8"))
    for case in vectors["wgs_to_gcj"]:
        result = wgs84_to_gcj02([[case["wgs_lng"], case["wgs_lat"]]])[0]
        assert result == pytest.approx((case["gcj_lng"], case["gcj_lat"]), abs=case["tol_deg"])


@pytest.mark.parametrize(
    ("bd09", "published_wgs84"),
    [
        ((120.019809, 29.199786), (120.00877901149691, 29.196131605295484)),
        ((120.036455, 29.210504), (120.0253853970846, 29.206795749156136)),
    ],
)
def test_two_published_bd09_points_were_made_with_a_wrong_frequency_and_we_say_so(bd09, published_wgs84):
    """They follow from sin(π·y) where the formula has sin(3000π/180·y), inverted in one step: 11 m, 41 m off.

    Every library of ``library_outputs.csv``, carried forward, lands on our answer and not on theirs.
    """
    x, y = bd09[0] - 0.0065, bd09[1] - 0.006
    radius = math.hypot(x, y) - 2e-5 * math.sin(y * math.pi)
    angle = math.atan2(y, x) - 3e-6 * math.cos(x * math.pi)
    faulty_gcj02 = np.array([[radius * math.cos(angle), radius * math.sin(angle)]])
    faulty_wgs84 = 2 * faulty_gcj02 - wgs84_to_gcj02(faulty_gcj02)
    assert distance_m(faulty_wgs84, [published_wgs84])[0] < 1e-6
    ours = bd09_to_wgs84([bd09])
    assert distance_m(wgs84_to_bd09(ours), [bd09])[0] < 1e-6
    assert distance_m(wgs84_to_bd09([published_wgs84]), [bd09])[0] > 10
