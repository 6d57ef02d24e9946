"""There and back again: the inverses undo the forward formulas to less than a thousandth of a millimetre."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridmap.domain.bd09 import bd09_to_bd09mc, bd09mc_to_bd09
from gridmap.domain.coordinates import Datum, convert, distance_m
from gridmap.domain.gauss_kruger import gauss_kruger, three_degree_strip
from gridmap.domain.mercator import web_mercator_to_wgs84, wgs84_to_web_mercator

# Two hundredths of a degree inside the box: at its very rim the shifted point may lie outside.
_LON_DEG = st.floats(72.03, 137.81)
_LAT_DEG = st.floats(0.85, 55.80)
_STRIP_NUMBER = st.integers(25, 45)
_ANY_POINTS = arrays(np.float64, st.tuples(st.integers(0, 6), st.just(2)), elements=st.floats(allow_nan=True))


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@given(lon_deg=_LON_DEG, lat_deg=_LAT_DEG)
def test_there_and_back_again_is_the_same_point(datum, lon_deg, lat_deg):
    points = np.array([[lon_deg, lat_deg]])
    back = convert(convert(points, Datum.WGS84, datum), datum, Datum.WGS84)
    assert distance_m(points, back)[0] < 1e-6


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@given(east_m=st.floats(-1_000, 1_000), lat_deg=_LAT_DEG)
def test_there_and_back_again_holds_beside_the_meridian_where_the_formula_has_a_root(datum, east_m, lat_deg):
    """At 105° E the slope of the shift is infinite, and Newton's method alone would not do."""
    points = np.array([[105.0 + east_m / 1e5, lat_deg], [105.0, lat_deg]])
    for start, target in ((Datum.WGS84, datum), (datum, Datum.WGS84)):
        back = convert(convert(points, start, target), target, start)
        assert distance_m(points, back).max() < 1e-6


def test_there_and_back_again_holds_all_over_the_box():
    points = np.random.default_rng(2).uniform((72.03, 0.85), (137.81, 55.80), (400_000, 2))
    for datum in (Datum.GCJ02, Datum.BD09):
        back = convert(convert(points, Datum.WGS84, datum), datum, Datum.WGS84)
        assert distance_m(points, back).max() < 1e-6


@given(lon_deg=_LON_DEG, lat_deg=_LAT_DEG)
def test_a_shift_is_never_longer_than_three_kilometres(lon_deg, lat_deg):
    points = np.array([[lon_deg, lat_deg]])
    for datum in (Datum.GCJ02, Datum.BD09):
        assert distance_m(points, convert(points, Datum.WGS84, datum))[0] < 3_000


@given(number=_STRIP_NUMBER, east_deg=st.floats(-6, 6), lat_deg=st.floats(-89, 89), is_prefixed=st.booleans())
def test_a_projected_point_comes_back(number, east_deg, lat_deg, is_prefixed):
    strip = three_degree_strip(number, is_prefixed=is_prefixed)
    points = np.array([[strip.central_meridian_deg + east_deg, lat_deg]])
    assert distance_m(strip.unproject(strip.project(points)), points)[0] < 1e-6


@given(number=_STRIP_NUMBER, easting_m=st.floats(0, 1_000_000), northing_m=st.floats(0, 6_300_000))
def test_the_prefix_of_a_strip_changes_nothing_but_the_easting(number, easting_m, northing_m):
    plain = three_degree_strip(number).unproject([[easting_m, northing_m]])
    prefixed = three_degree_strip(number, is_prefixed=True).unproject(
        [[number * 1e6 + easting_m, northing_m]]
    )
    assert distance_m(plain, prefixed)[0] < 1e-6


@given(lon_deg=st.floats(-180, 180), lat_deg=st.floats(-60, 60))
def test_both_mercators_come_back(lon_deg, lat_deg):
    points = np.array([[lon_deg, lat_deg]])
    assert distance_m(web_mercator_to_wgs84(wgs84_to_web_mercator(points)), points)[0] < 1e-6
    # 百度's easting begins 2 mm beside zero: at Greenwich itself the side is lost.
    if abs(lon_deg) > 1e-6:
        assert distance_m(bd09mc_to_bd09(bd09_to_bd09mc(points)), points)[0] < 1e-6


@given(points=_ANY_POINTS)
def test_any_numbers_at_all_convert_without_an_error_or_a_warning(points):
    strip = gauss_kruger(4547)
    assert strip is not None
    with np.errstate(all="raise"):
        for source in Datum:
            for target in Datum:
                assert convert(points, source, target).shape == points.shape
        for conversion in (
            strip.project,
            strip.unproject,
            wgs84_to_web_mercator,
            web_mercator_to_wgs84,
            bd09_to_bd09mc,
            bd09mc_to_bd09,
        ):
            assert conversion(points).shape == points.shape
