"""Values as text, for the formats that have no types of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from gridmap.domain.features import CellValue

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
# XML 1.0 and spreadsheets have no way to write these.
_UNWRITABLE = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0xFFFE, 0xFFFF])


def plain_text(value: CellValue) -> str:
    """A value as text: days and instants as ISO 8601 (UTC), several words separated by semicolons."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence):
        return ";".join(value)
    return repr(value)


def writable(text: str) -> str:
    """A text without the control characters that XML and spreadsheets cannot hold."""
    return text.translate(_UNWRITABLE)


def harmless(text: str) -> str:
    """A text that no spreadsheet runs as a formula when it opens a CSV file."""
    return f"'{text}" if text.startswith(_FORMULA_START) else text
