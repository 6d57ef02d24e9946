"""Opening hours as OpenStreetMap writes them, the part of it that offices use.

``Mo-Fr 08:30-18:00``, ``Mo-Fr 08:30-12:00,14:00-17:30; Sa 09:00-12:00``, ``08:00-20:00``, ``24/7``,
``Mo-Su 06:00-26:00`` (until two at night), ``Su off``. Later rules replace earlier ones for their days.
Public holidays (``PH``) are read and left out: no calendar is attached here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from gridmap.domain.errors import DomainError

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * _DAY_MINUTES
_TIME = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_RULE = re.compile(r"^(?P<days>(?:(?:Mo|Tu|We|Th|Fr|Sa|Su|PH)[\s,-]*)*)(?P<times>.*)$")

Span = tuple[int, int]


class OpeningHoursUnreadable(DomainError):
    """The text is not in the notation that gridmap reads; ``text`` is what was written."""

    code = "opening_hours.unreadable"


def parse_opening_hours(text: str) -> tuple[Span, ...]:
    """The spans of a week in which it is open.

    Returns
    -------
    tuple of (start, end)
        Minutes since Monday 00:00 local time, sorted, not overlapping, 0 <= start < end <= 10080. A span
        over Sunday midnight is cut into two.

    Raises
    ------
    OpeningHoursUnreadable
        A rule has neither a time nor ``off``, a day or an hour that does not exist.
    """
    days: dict[int, list[Span]] = {day: [] for day in range(7)}
    rules = [rule.strip() for rule in text.split(";") if rule.strip()]
    if not rules:
        raise OpeningHoursUnreadable(text=text)
    for rule in rules:
        named, spans = _read_rule(rule, text)
        for day in named:
            days[day] = spans
    return _join(
        (day * _DAY_MINUTES + start, day * _DAY_MINUTES + end)
        for day, spans in days.items()
        for start, end in spans
    )


def week_minutes(text: str) -> tuple[Span, ...] | None:
    """Like :func:`parse_opening_hours`, with None for a text that cannot be read."""
    try:
        return parse_opening_hours(text)
    except OpeningHoursUnreadable:
        return None


def is_open_at(spans: tuple[Span, ...], local: datetime) -> bool:
    """Say whether a local time lies within the spans."""
    minute = _minute_of_week(local)
    return any(start <= minute < end for start, end in spans)


def next_change(spans: tuple[Span, ...], local: datetime) -> tuple[int, int] | None:
    """When it next opens or closes: days from today, and the minute of that day; None when it never does."""
    if not spans or spans == ((0, WEEK_MINUTES),):
        return None
    now = _minute_of_week(local)
    # A span that ends at Sunday midnight and one that begins at Monday midnight are one opening.
    ends = {end % WEEK_MINUTES for _, end in spans}
    starts = {start for start, _ in spans}
    edges = (starts | ends) - (starts & ends)
    ahead = min((edge - now - 1) % WEEK_MINUTES + 1 for edge in edges)
    moment = now % _DAY_MINUTES + ahead
    return moment // _DAY_MINUTES, moment % _DAY_MINUTES


def _read_rule(rule: str, text: str) -> tuple[list[int], list[Span]]:
    if rule == "24/7":
        return list(range(7)), [(0, _DAY_MINUTES)]
    match = _RULE.match(rule)
    if match is None:
        raise OpeningHoursUnreadable(text=text)
    named = _read_days(match["days"], text)
    times = match["times"].strip()
    if times in ("off", "closed"):
        return named, []
    spans = [_span(*map(int, found), text=text) for found in _TIME.findall(times)]
    if not spans or _TIME.sub("", times).strip(" ,"):
        raise OpeningHoursUnreadable(text=text)
    return named, spans


def _read_days(written: str, text: str) -> list[int]:
    if not written.strip():
        return list(range(7))
    days: list[int] = []
    for part in filter(None, re.split(r"[\s,]+", written.strip())):
        first, _, last = part.partition("-")
        if part == "PH":
            continue
        if first not in _DAYS or (last and last not in _DAYS):
            raise OpeningHoursUnreadable(text=text)
        begin = _DAYS.index(first)
        length = (_DAYS.index(last) - begin) % 7 if last else 0
        days += [(begin + step) % 7 for step in range(length + 1)]
    return days


def _span(start_hour: int, start_minute: int, end_hour: int, end_minute: int, *, text: str) -> Span:
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if end <= start:
        end += _DAY_MINUTES
    if start >= _DAY_MINUTES or start_minute > 59 or end_minute > 59 or end > 2 * _DAY_MINUTES:
        raise OpeningHoursUnreadable(text=text)
    return start, end


def _join(spans: Iterable[Span]) -> tuple[Span, ...]:
    cut: list[Span] = []
    for start, end in spans:
        if end > WEEK_MINUTES:
            cut += [(start, WEEK_MINUTES), (0, end - WEEK_MINUTES)]
        else:
            cut.append((start, end))
    joined: list[Span] = []
    for start, end in sorted(cut):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _minute_of_week(local: datetime) -> int:
    return local.weekday() * _DAY_MINUTES + local.hour * 60 + local.minute
