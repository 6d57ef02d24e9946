"""Gauss-Krüger, Web Mercator and 百度's Mercator: beside PROJ, beside published values, at their limits."""

from __future__ import annotations

import csv

import numpy as np
import pyproj
import pytest

from gridmap.domain.bd09 import bd09_to_bd09mc, bd09mc_to_bd09
from gridmap.domain.coordinates import distance_m, wgs84_to_bd09, wgs84_to_gcj02
from gridmap.domain.gauss_kruger import GaussKruger, gauss_kruger, three_degree_epsg
from gridmap.domain.mercator import web_mercator_to_wgs84, wgs84_to_web_mercator
from tests.realdata import real_file

STRIP_CODES = [*range(4491, 4555)]


def _strip(epsg_code: int) -> GaussKruger:
    strip = gauss_kruger(epsg_code)
    assert strip is not None
    return strip


def _by_proj(epsg_code: int, points: np.ndarray) -> np.ndarray:
    transformer = pyproj.Transformer.from_crs(4490, epsg_code, always_xy=True)
    return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))


def _around(central_meridian_deg: float, *, half_width_deg: float, count: int = 500) -> np.ndarray:
    rng = np.random.default_rng(round(central_meridian_deg) + 180)
    return np.column_stack(
        [
            central_meridian_deg + rng.uniform(-half_width_deg, half_width_deg, count),
            rng.uniform(0, 56, count),
        ]
    )


@pytest.mark.parametrize("epsg_code", STRIP_CODES)
def test_every_strip_agrees_with_proj_to_a_tenth_of_a_millimetre(epsg_code):
    strip = _strip(epsg_code)
    points = _around(strip.central_meridian_deg, half_width_deg=3.0, count=50)
    assert np.abs(strip.project(points) - _by_proj(epsg_code, points)).max() < 1e-4
    assert distance_m(strip.unproject(strip.project(points)), points).max() < 1e-6


@pytest.mark.parametrize("epsg_code", [32601, 32617, 32649, 32650, 32660])
def test_utm_agrees_with_proj_but_for_the_tenth_digit_of_the_flattening(epsg_code):
    strip = _strip(epsg_code)
    points = _around(strip.central_meridian_deg, half_width_deg=3.0)
    assert np.abs(strip.project(points) - _by_proj(epsg_code, points)).max() < 2e-4
    assert distance_m(strip.unproject(strip.project(points)), points).max() < 1e-6


def test_three_degrees_outside_its_strip_and_at_any_latitude_a_projection_still_comes_back():
    strip = _strip(4547)
    rng = np.random.default_rng(3)
    points = np.column_stack([rng.uniform(109.5, 118.5, 20_000), rng.uniform(-89.9, 89.9, 20_000)])
    assert np.abs(strip.project(points) - _by_proj(4547, points)).max() < 1e-4
    assert distance_m(strip.unproject(strip.project(points)), points).max() < 1e-6


def test_a_point_surveyed_in_wuhan_lies_where_its_drawing_says():
    metres = [[528763.1, 3386075.4], [511387.827, 3381299.290]]
    lon_lat = _strip(4547).unproject(metres)
    # Published to six decimals of a degree and to millimetres.
    assert lon_lat[1] == pytest.approx([114.118688, 30.551881], abs=5.1e-7)
    with_prefix = _strip(4526).unproject(np.add(metres, [38_000_000.0, 0.0]))
    assert distance_m(lon_lat, with_prefix).max() < 1e-6


def test_other_codes_are_no_strips_of_ours():
    assert [code for code in range(4480, 4570) if gauss_kruger(code)] == STRIP_CODES
    assert [gauss_kruger(code) for code in (0, 3857, 4326, 32600, 32661, 32701)] == [None] * 6
    assert (three_degree_epsg(38), three_degree_epsg(38, is_prefixed=True)) == (4547, 4526)


def test_numbers_that_no_strip_reaches_become_nan_and_not_a_wrong_place():
    strip = _strip(4547)
    assert np.isnan(strip.project([[160.0, 30.0], [-66.0, 30.0], [np.nan, 30.0]])[:, 0]).all()
    assert (
        np.isnan(strip.unproject([[38_528_763.0, 3_386_075.0], [np.inf, 1.0], [5e5, 2e7]])).any(axis=1).all()
    )


def test_web_mercator_agrees_with_proj_and_comes_back():
    rng = np.random.default_rng(5)
    points = np.column_stack([rng.uniform(-180, 180, 5_000), rng.uniform(-85, 85, 5_000)])
    metres = wgs84_to_web_mercator(points)
    transformer = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    assert np.abs(metres - np.column_stack(transformer.transform(*points.T))).max() < 1e-6
    assert distance_m(web_mercator_to_wgs84(metres), points).max() < 1e-6


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bands_of_baidus_mercator_rise_from_one_to_the_next(sign):
    """The published polynomials do not quite meet: a latitude in the gap belongs to the band below."""
    for edge_deg in (15.0, 30.0, 45.0, 60.0):
        latitudes = sign * (edge_deg + np.array([-1e-7, -1e-9, 0.0, 1e-9, 1e-7]))
        points = np.column_stack([np.full(5, 110.0), latitudes])
        metres = bd09_to_bd09mc(points)
        assert (sign * np.diff(metres[:, 1]) > 0).all()
        assert distance_m(bd09mc_to_bd09(metres), points).max() < 1e-5


def test_baidus_mercator_ends_at_74_degrees_and_keeps_what_is_no_number():
    assert np.isnan(bd09_to_bd09mc([[110.0, 74.5], [110.0, np.nan]])[:, 1]).all()
    assert np.isnan(bd09mc_to_bd09([[1.2e7, 2e7], [1.2e7, np.nan]])[:, 1]).all()
    assert np.isfinite(bd09_to_bd09mc([[110.0, 74.0], [0.0, 0.0]])).all()


def test_the_published_cities_are_met_in_all_six_systems():
    with real_file("crs_reference/china_cities_six_systems.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wgs84, gcj02, bd09, bd09mc, gcj02mc, mercator = (
        np.array([[float(row[f"{name}_x"]), float(row[f"{name}_y"])] for row in rows])
        for name in ("WGS84", "GCJ02", "BD09", "BD09MC", "GCJ02MC", "EPSG3857")
    )
    assert np.abs(wgs84_to_web_mercator(wgs84) - mercator).max() < 0.001
    assert distance_m(web_mercator_to_wgs84(mercator), wgs84).max() < 0.01
    assert np.abs(bd09_to_bd09mc(bd09) - bd09mc).max() < 0.01
    assert distance_m(bd09mc_to_bd09(bd09mc), bd09).max() < 0.01
    assert np.hypot(*(bd09_to_bd09mc(wgs84_to_bd09(wgs84)) - bd09mc).T).max() < 1.2
    # What the source calls GCJ02MC is 百度's projection, not the web's, of GCJ-02.
    assert np.abs(bd09_to_bd09mc(gcj02) - gcj02mc).max() < 0.01
    assert distance_m(wgs84_to_gcj02(wgs84), bd09mc_to_bd09(gcj02mc)).max() < 1.0


def test_a_published_library_agrees_on_baidus_mercator_to_two_centimetres():
    with real_file("crs_reference/library_outputs.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["point"].startswith("out:")]
    given = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    theirs = np.array([[float(row["npm_gcoord_bdmc_x"]), float(row["npm_gcoord_bdmc_y"])] for row in rows])
    assert np.abs(bd09_to_bd09mc(wgs84_to_bd09(given)) - theirs).max() < 0.02
