"""The clock on the office's wall: days of posts, years of numbers and opening hours are counted by it."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

OFFICE_TIME = timezone(timedelta(hours=8))
"""All of China keeps this offset, all year."""


def office_day(instant: datetime) -> date:
    """The calendar day of an aware instant at the office."""
    return instant.astimezone(OFFICE_TIME).date()
