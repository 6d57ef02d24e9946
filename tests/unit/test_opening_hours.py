"""Opening hours: the notation that offices use, read into minutes of a week."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.domain.opening_hours import (
    WEEK_MINUTES,
    OpeningHoursUnreadable,
    is_open_at,
    next_change,
    parse_opening_hours,
    week_minutes,
)

DAY = 24 * 60
ZONE = ZoneInfo("Asia/Shanghai")


def at(day: int, clock: str) -> datetime:
    """A local time in a week that begins on Monday, 16 November 2026."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, 16 + day, hour, minute, tzinfo=ZONE)


def test_a_working_week_is_read_as_five_spans() -> None:
    spans = parse_opening_hours("Mo-Fr 08:30-18:00")
    assert spans == tuple((day * DAY + 510, day * DAY + 1080) for day in range(5))


def test_a_lunch_break_makes_two_spans_and_saturday_has_its_own() -> None:
    spans = parse_opening_hours("Mo-Fr 08:30-12:00,14:00-17:30; Sa 09:00-12:00")
    assert len(spans) == 11
    assert spans[-1] == (5 * DAY + 540, 5 * DAY + 720)


def test_a_later_rule_replaces_an_earlier_one() -> None:
    assert parse_opening_hours("Mo-Su 08:00-20:00; Su off") == parse_opening_hours("Mo-Sa 08:00-20:00")


def test_days_may_be_listed_and_may_run_over_the_weekend() -> None:
    assert [start // DAY for start, _ in parse_opening_hours("Tu,Th,Sa 08:30-11:30")] == [1, 3, 5]
    assert [start // DAY for start, _ in parse_opening_hours("Sa-Mo 10:00-11:00")] == [0, 5, 6]


@pytest.mark.parametrize("text", ["24/7", "Mo-Su 00:00-24:00", "00:00-24:00"])
def test_always_open_is_one_span(text: str) -> None:
    spans = parse_opening_hours(text)
    assert spans == ((0, WEEK_MINUTES),)
    assert next_change(spans, at(3, "12:00")) is None


@pytest.mark.parametrize("text", ["Fr-Su 20:00-02:00", "Fr-Su 20:00-26:00"])
def test_a_night_that_ends_on_monday_is_open_then(text: str) -> None:
    spans = parse_opening_hours(text)
    assert is_open_at(spans, at(0, "01:59"))
    assert not is_open_at(spans, at(0, "02:00"))
    assert is_open_at(spans, at(6, "23:59"))


def test_public_holidays_are_left_out() -> None:
    assert parse_opening_hours("Mo-Fr 09:00-17:00; PH off") == parse_opening_hours("Mo-Fr 09:00-17:00")


@pytest.mark.parametrize(
    "text", ["", ";", "Mo-Fr", "8点到12点", "Mo-Fr 25:00-26:00", "Mx 08:00-09:00", "Mo 08:61-09:00"]
)
def test_what_cannot_be_read_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(OpeningHoursUnreadable):
        parse_opening_hours(text)
    assert week_minutes(text) is None


def test_the_next_change_is_said_in_days_and_minutes() -> None:
    spans = parse_opening_hours("Mo-Fr 08:30-18:00")
    assert next_change(spans, at(0, "09:00")) == (0, 1080)
    assert next_change(spans, at(0, "07:00")) == (0, 510)
    assert next_change(spans, at(0, "18:00")) == (1, 510)
    assert next_change(spans, at(4, "19:00")) == (3, 510)


def test_midnight_on_sunday_is_no_change_when_it_stays_open() -> None:
    spans = parse_opening_hours("Sa-Su 10:00-24:00; Mo 00:00-06:00")
    assert next_change(spans, at(6, "23:00")) == (1, 360)


_clocks = st.tuples(st.integers(0, 23), st.integers(0, 59))


@settings(deadline=None)  # a busy machine is no failure
@given(start=_clocks, end=_clocks, first=st.integers(0, 6), last=st.integers(0, 6))
def test_every_rule_gives_sorted_spans_within_the_week(
    start: tuple[int, int], end: tuple[int, int], first: int, last: int
) -> None:
    days = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
    spans = parse_opening_hours(
        f"{days[first]}-{days[last]} {start[0]:02d}:{start[1]:02d}-{end[0]:02d}:{end[1]:02d}"
    )
    assert all(0 <= begin < stop <= WEEK_MINUTES for begin, stop in spans)
    assert all(one[1] < two[0] for one, two in pairwise(spans))
