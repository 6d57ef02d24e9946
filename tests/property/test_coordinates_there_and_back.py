"""There and back again: the inverses undo the forward formulas to less than a thousandth of a millimetre."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridmap.domain.coordinates import Datum, convert, distance_m

# Two hundredths of a degree inside the box: at its very rim the shifted point may lie outside.
_LON_DEG = st.floats(72.03, 137.81)
_LAT_DEG = st.floats(0.85, 55.80)


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@given(lon_deg=_LON_DEG, lat_deg=_LAT_DEG)
def test_there_and_back_again_is_the_same_point(datum, lon_deg, lat_deg):
    points = np.array([[lon_deg, lat_deg]])
    back = convert(convert(points, Datum.WGS84, datum), datum, Datum.WGS84)
    assert distance_m(points, back)[0] < 1e-6


@given(lon_deg=_LON_DEG, lat_deg=_LAT_DEG)
def test_a_shift_is_never_longer_than_three_kilometres(lon_deg, lat_deg):
    points = np.array([[lon_deg, lat_deg]])
    for datum in (Datum.GCJ02, Datum.BD09):
        assert distance_m(points, convert(points, Datum.WGS84, datum))[0] < 3_000


@given(
    points=arrays(np.float64, st.tuples(st.integers(0, 6), st.just(2)), elements=st.floats(allow_nan=True))
)
def test_any_numbers_at_all_convert_without_an_error(points):
    for source in Datum:
        for target in Datum:
            assert convert(points, source, target).shape == points.shape
