"""What clients may send about an issue: A3, A4, A11, S8 and clocks."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput
from gridmap.domain.issue_input import CHINA, parse_edit, parse_location, parse_report

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
GOOD: dict[str, object] = {
    "client_id": "3f2b0a3e-8f1c-4f0e-9a58-0a2f0d1c9b11",
    "category": "M06036",
    "lon": 114.3012345,
    "lat": 30.5487654,
    "description": "楼道堆放杂物",
    "captured_at": "2026-05-04T15:58:00+08:00",
}


def _refused(**changes: object) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        parse_report({**GOOD, **changes}, now=NOW)
    return refusal.value.field, refusal.value.reason


def test_a4_a_good_report_is_read_and_needs_no_address() -> None:
    report = parse_report(GOOD, now=NOW)
    assert report.location == LonLat(lon_deg=114.3012345, lat_deg=30.5487654)
    assert report.captured_at == datetime(2026, 5, 4, 7, 58, tzinfo=UTC)
    assert report.address_text is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lon": None}, ("lon", "required")),
        ({"lat": None}, ("lat", "required")),
        ({"lon": float("nan")}, ("lon", "not_a_number")),
        ({"lat": float("inf")}, ("lat", "not_a_number")),
        ({"lon": "114.3"}, ("lon", "not_a_number")),
        ({"lon": True}, ("lon", "not_a_number")),
        ({"lon": [114.3]}, ("lon", "not_a_number")),
        ({"lon": 10**400}, ("lon", "out_of_range")),
        ({"lon": 30.5, "lat": 114.3}, ("lat", "swapped")),
        ({"lon": 500, "lat": 30}, ("lon", "out_of_range")),
        ({"lat": -91}, ("lat", "out_of_range")),
        ({"description": "a\x00b"}, ("description", "control_characters")),
        ({"description": "\ud800"}, ("description", "control_characters")),
        ({"description": "长" * 2001}, ("description", "too_long")),
        ({"description": 7}, ("description", "not_a_text")),
        ({"category": ""}, ("category", "required")),
        ({"category": "M" * 33}, ("category", "too_long")),
        ({"client_id": "nope"}, ("client_id", "not_a_uuid")),
        ({"client_id": None}, ("client_id", "required")),
        ({"accuracy_m": -1}, ("accuracy_m", "out_of_range")),
        ({"accuracy_m": float("nan")}, ("accuracy_m", "not_a_number")),
        ({"captured_at": "2026-05-04T15:58:00"}, ("captured_at", "without_time_zone")),
        ({"captured_at": "2026-05-04T16:11:00+08:00"}, ("captured_at", "in_the_future")),
        ({"captured_at": "yesterday"}, ("captured_at", "not_an_instant")),
        ({"captured_at": "0001-01-01T00:00:00+14:00"}, ("captured_at", "out_of_range")),
        ({"captured_at": "1970-01-01T00:00:00Z"}, ("captured_at", "out_of_range")),
        ({"state": "closed"}, ("state", "unknown_field")),
        ({"priority": "high"}, ("priority", "unknown_field")),
        ({"micro_grid_code": "420106010001011"}, ("micro_grid_code", "unknown_field")),
    ],
)
def test_a3_a4_a11_s8_a_bad_report_is_refused_naming_the_field(
    changes: dict[str, object], expected: tuple[str, str]
) -> None:
    assert _refused(**changes) == expected


@pytest.mark.parametrize("raw", [None, [], "text", 7, [GOOD]])
def test_a_report_that_is_no_object_is_refused(raw: object) -> None:
    with pytest.raises(InvalidInput):
        parse_report(raw, now=NOW)


def test_a3_swapped_coordinates_are_told_when_the_swapped_point_would_be_taken() -> None:
    with pytest.raises(InvalidInput) as refusal:
        CHINA.check(LonLat(lon_deg=30.5, lat_deg=89.0))
    assert (refusal.value.field, refusal.value.reason) == ("lon", "swapped")
    with pytest.raises(InvalidInput) as refusal:
        CHINA.check(LonLat(lon_deg=114.0, lat_deg=-30.0))
    assert (refusal.value.field, refusal.value.reason) == ("lat", "outside_accepted_area")


def test_s10_the_hash_tells_the_same_content_from_other_content() -> None:
    report = parse_report(GOOD, now=NOW)
    same = parse_report({**GOOD, "captured_at": "2026-05-04T07:58:00Z", "address": None}, now=NOW)
    assert report.content_hash() == same.content_hash()
    for field, value in (("description", "别的"), ("lat", 30.5487655), ("category", "M1"), ("accuracy_m", 3)):
        assert parse_report({**GOOD, field: value}, now=NOW).content_hash() != report.content_hash()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, ("version", "required")),
        ({"version": "1"}, ("version", "not_a_whole_number")),
        ({"version": True}, ("version", "not_a_whole_number")),
        ({"version": 1, "state": "burnt"}, ("state", "unknown")),
        ({"version": 1, "rating": 4.5}, ("rating", "not_a_whole_number")),
        ({"version": 1, "location": [114, 30]}, ("location", "not_an_object")),
        ({"version": 1, "location": {"lon": 114.3}}, ("lat", "required")),
        ({"version": 1, "number": "2026-1"}, ("number", "unknown_field")),
    ],
)
def test_a_bad_edit_is_refused_naming_the_field(raw: object, expected: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_edit(raw)
    assert (refusal.value.field, refusal.value.reason) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from([*GOOD, "accuracy_m", "address", "extra"]), value=JSON)
def test_a11_whatever_json_a_field_holds_the_answer_is_a_report_or_a_named_refusal(
    name: str, value: object
) -> None:
    raw = json.loads(json.dumps({**GOOD, name: value}))
    with suppress(InvalidInput):
        assert parse_report(raw, now=NOW).category_code


@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90))
def test_every_point_on_earth_keeps_its_place_to_a_centimetre(lon: float, lat: float) -> None:
    location = parse_location(lon, lat)
    assert abs(location.lon_deg - lon) <= 5.1e-8
    assert abs(location.lat_deg - lat) <= 5.1e-8
