"""Visit routes (观摩路线): how far and how long it is to the next stop, and when each stop is reached.

There is no walking network behind a route yet: the way between two stops is the straight line on the
spheroid times :data:`DETOUR_FACTOR`, and pages say that it is an estimate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gridmap.domain.errors import InvalidInput

DETOUR_FACTOR = 1.3
"""Walked over straight distance where only the straight one is known (usual planning default)."""

WALKING_SPEED_M_S = 1.1
"""An unhurried adult; a visiting group is no faster."""

DEFAULT_START_MINUTE = 9 * 60
DAY_MINUTES = 24 * 60

_ROUND_TO_M = 10
_CLOCK_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Walk:
    """The way to the next stop: metres rounded to ten, minutes rounded up."""

    distance_m: int
    minutes: int


@dataclass(frozen=True, slots=True)
class StopTime:
    """When a stop is reached and left, in minutes after the midnight before the start."""

    arrive_minute: int
    leave_minute: int


def walk_of(straight_m: float) -> Walk:
    """Estimate the walk over a straight distance in metres; none at all stays none."""
    distance_m = straight_m * DETOUR_FACTOR
    minutes = math.ceil(distance_m / WALKING_SPEED_M_S / 60)
    return Walk(distance_m=round(distance_m / _ROUND_TO_M) * _ROUND_TO_M, minutes=minutes)


def timetable(
    stay_minutes: Sequence[int], walk_minutes: Sequence[int], *, start_minute: int
) -> tuple[StopTime, ...]:
    """Say when each stop is reached and left.

    Parameters
    ----------
    stay_minutes : one for each stop, >= 0
    walk_minutes : one for each way between two stops, so one fewer; >= 0
    start_minute : arrival at the first stop, minutes after midnight
    """
    times: list[StopTime] = []
    arrive = start_minute
    for index, stay in enumerate(stay_minutes):
        times.append(StopTime(arrive_minute=arrive, leave_minute=arrive + stay))
        if index < len(walk_minutes):
            arrive += stay + walk_minutes[index]
    return tuple(times)


def clock_time(minute: int) -> str:
    """Write a minute of the day as ``09:05``; past midnight the clock begins again."""
    hours, minutes = divmod(minute % DAY_MINUTES, 60)
    return f"{hours:02d}:{minutes:02d}"


def parse_clock_time(text: str) -> int:
    """Read ``9:05`` or ``09:05`` as a minute of the day.

    Raises
    ------
    InvalidInput
        It is not a time of day (field ``start``, reason ``not_a_clock_time``).
    """
    match = _CLOCK_TIME.fullmatch(text.strip().replace("：", ":"))
    if match is None:
        raise InvalidInput(field="start", reason="not_a_clock_time")
    return int(match[1]) * 60 + int(match[2])
