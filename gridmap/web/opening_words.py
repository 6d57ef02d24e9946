"""Opening hours in words: whether it is open now, until when, and the week at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from flask_babel import gettext

from gridmap.domain.opening_hours import Span, is_open_at, next_change, week_minutes

_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class HoursWords:
    """``state`` is open, closed or unknown; ``now`` says so with the next change; ``week``: days, times."""

    state: str
    now: str
    week: Sequence[tuple[str, str]]


def hours_in_words(text: str | None, local: datetime) -> HoursWords:
    """Describe opening hours at a local time; a text that cannot be read is shown as it was written."""
    spans = week_minutes(text) if text else None
    if spans is None:
        return HoursWords("unknown", text or gettext("开放时间待核实"), ())
    is_open = is_open_at(spans, local)
    return HoursWords("open" if is_open else "closed", _now(spans, local, is_open=is_open), _week(spans))


def _now(spans: tuple[Span, ...], local: datetime, *, is_open: bool) -> str:
    change = next_change(spans, local)
    if change is None:
        return gettext("全天开放") if is_open else gettext("暂不开放")
    days_ahead, minute = change
    clock = _clock(minute)
    if is_open:
        return gettext("开放中 · %(time)s 关门", time=clock)
    if days_ahead == 0:
        return gettext("已关门 · 今天 %(time)s 开门", time=clock)
    if days_ahead == 1:
        return gettext("已关门 · 明天 %(time)s 开门", time=clock)
    day = _day_names()[(local.weekday() + days_ahead) % 7]
    return gettext("已关门 · %(day)s %(time)s 开门", day=day, time=clock)


def _week(spans: tuple[Span, ...]) -> list[tuple[str, str]]:
    """Days with the same times next to one another are named together."""
    names = _day_names()
    times = [_day_times(spans, day) for day in range(7)]
    rows: list[tuple[str, str]] = []
    for words, group in groupby(range(7), key=lambda day: times[day]):
        days = list(group)
        first, last = names[days[0]], names[days[-1]]
        label = gettext("每天") if len(days) == 7 else first if len(days) == 1 else f"{first}–{last}"
        rows.append((label, words))
    return rows


def _day_times(spans: tuple[Span, ...], day: int) -> str:
    begin, end = day * _DAY_MINUTES, (day + 1) * _DAY_MINUTES
    cut = [(max(start, begin) - begin, min(stop, end) - begin) for start, stop in spans]
    parts = [f"{_clock(start)}–{_clock(stop)}" for start, stop in cut if start < stop]
    return " ".join(parts).replace("00:00–24:00", gettext("全天")) or gettext("休息")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _day_names() -> tuple[str, ...]:
    return (
        gettext("周一"),
        gettext("周二"),
        gettext("周三"),
        gettext("周四"),
        gettext("周五"),
        gettext("周六"),
        gettext("周日"),
    )
