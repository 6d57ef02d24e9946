"""Codes of areas: levels, nesting, making, ranges, reading order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.area_codes import (
    MICRO_GRID_CHARACTERS,
    AreaLevel,
    InvalidAreaCode,
    code_range,
    grid_code,
    level_of,
    micro_grid_code,
    parent_code,
    reading_order,
    scope_prefix,
    validate,
)

COMMUNITY = "420106099007"


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("420106099", AreaLevel.SUBDISTRICT),
        (COMMUNITY, AreaLevel.COMMUNITY),
        (f"{COMMUNITY}030", AreaLevel.GRID),
        (f"{COMMUNITY}031", AreaLevel.MICRO_GRID),
        (f"{COMMUNITY}03Z", AreaLevel.MICRO_GRID),
    ],
)
def test_length_and_last_character_tell_the_level(code: str, level: AreaLevel) -> None:
    assert level_of(code) is level
    assert validate(code, level) == code


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "length"),
        ("42010609", "length"),
        (f"{COMMUNITY}0312", "length"),
        ("42010609a", "characters"),
        ("020106099", "characters"),
        (f"{COMMUNITY}03z", "characters"),
        ("４２０１０６０９９", "characters"),
        (f"{COMMUNITY}0 0", "characters"),
        (f"{COMMUNITY}000", "sequence"),
        (f"{COMMUNITY}00A", "sequence"),
    ],
)
def test_what_is_no_code_is_refused_with_its_reason(code: str, reason: str) -> None:
    with pytest.raises(InvalidAreaCode) as refusal:
        level_of(code)
    assert refusal.value.reason == reason


def test_a_code_of_another_level_is_refused() -> None:
    with pytest.raises(InvalidAreaCode) as refusal:
        validate(COMMUNITY, AreaLevel.GRID)
    assert refusal.value.reason == "level"


@given(
    number=st.integers(1, 99),
    micro=st.integers(1, len(MICRO_GRID_CHARACTERS)),
    community=st.integers(100_000_000_000, 999_999_999_999),
)
def test_made_codes_lead_back_to_their_parents(number: int, micro: int, community: int) -> None:
    grid = grid_code(str(community), number)
    micro_grid = micro_grid_code(grid, micro)
    assert level_of(micro_grid) is AreaLevel.MICRO_GRID
    assert parent_code(micro_grid) == grid
    assert parent_code(grid) == str(community)
    assert parent_code(str(community)) == str(community)[:9]
    assert parent_code(str(community)[:9]) is None
    assert grid[:14] == micro_grid[:14] == scope_prefix(grid)


@pytest.mark.parametrize("number", [0, -1, 100])
def test_a_community_has_at_most_99_grids(number: int) -> None:
    with pytest.raises(InvalidAreaCode):
        grid_code(COMMUNITY, number)


@pytest.mark.parametrize("number", [0, 36])
def test_a_grid_has_at_most_35_micro_grids(number: int) -> None:
    with pytest.raises(InvalidAreaCode):
        micro_grid_code(f"{COMMUNITY}010", number)


def test_only_a_grid_has_micro_grids_and_only_a_community_has_grids() -> None:
    with pytest.raises(InvalidAreaCode):
        micro_grid_code(f"{COMMUNITY}011", 1)
    with pytest.raises(InvalidAreaCode):
        grid_code("420106099", 1)


_CODES = st.text("0123456789ABCXYZ", min_size=1, max_size=15)


@given(prefix=_CODES, code=_CODES)
def test_a_range_holds_exactly_the_codes_with_the_prefix(prefix: str, code: str) -> None:
    low, high = code_range(prefix)
    assert (low <= code < high) == code.startswith(prefix)


@pytest.mark.parametrize("prefix", ["", "42%", "江"])
def test_a_range_of_what_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidAreaCode):
        code_range(prefix)


def test_reading_order_goes_west_to_east_in_rows_from_the_north() -> None:
    places = [(0.0, 0.0), (5.0, 10.0), (0.0, 9.5), (9.0, 0.4)]
    assert reading_order(places, row_height=2.0) == [2, 1, 0, 3]


def test_reading_order_of_nothing_is_nothing() -> None:
    assert reading_order([], row_height=1.0) == []


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=30))
def test_reading_order_is_a_permutation(places: list[tuple[float, float]]) -> None:
    assert sorted(reading_order(places, row_height=10.0)) == list(range(len(places)))
