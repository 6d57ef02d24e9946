"""Single values of a table: text, counts, measures, dates and times, as files really write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from gridmap.domain.errors import InvalidInput
from gridmap.domain.imports import Rejection
from gridmap.domain.issue_input import clean_text
from gridmap.domain.office_time import OFFICE_TIME, office_day
from gridmap.importing.tables import SourceTable, shown

_EARLIEST_YEAR = 1950
_WORD_BREAKS = re.compile(r"[,\uff0c、;\uff1b|/]+")
_DATE_TIME = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[ T]+(\d{1,2})[::时](\d{1,2})(?:[::分](\d{1,2})(?:\.\d+)?)?秒?)?"
)


class BadCell(Exception):
    """A cell that its row cannot be imported with."""

    def __init__(self, field: str, value: object, reason_code: str) -> None:
        self.field = field
        self.value = shown(value)
        self.reason_code = reason_code
        super().__init__(reason_code)

    def rejection(self, row_number: int) -> Rejection:
        """The finding as the report lists it."""
        return Rejection(row_number, self.field, self.value, self.reason_code)


@dataclass(frozen=True, slots=True)
class Cells:
    """Reads a table by our field names; a field without a column reads as nothing."""

    table: SourceTable
    columns: Mapping[str, str]

    def raw(self, index: int, field: str) -> Any:
        """The value as the file has it, None where there is none."""
        header = self.columns.get(field)
        return None if header is None else self.table.columns[header][index]

    def text(self, index: int, field: str, *, max_length: int = 200) -> str | None:
        """Text without blanks around it; whole numbers that a tool stored as 123.0 lose their ``.0``.

        Raises
        ------
        BadCell
            ``too_long`` or ``control_characters``.
        """
        value = self.raw(index, field)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        plain = str(value).strip()
        if not plain:
            return None
        try:
            return clean_text(plain, field, max_length=max_length) or None
        except InvalidInput as error:
            raise BadCell(field, plain, error.reason) from error

    def required_text(self, index: int, field: str, *, max_length: int = 200) -> str:
        """Text that must be there.

        Raises
        ------
        BadCell
            ``value_missing`` too.
        """
        text = self.text(index, field, max_length=max_length)
        if text is None:
            raise BadCell(field, "", "value_missing")
        return text

    def words(self, index: int, field: str) -> tuple[str, ...]:
        """Several words in one cell, split at commas, semicolons and the like (Chinese ones too)."""
        text = self.text(index, field, max_length=1_000)
        parts = (part.strip(' "[]') for part in _WORD_BREAKS.split(text or ""))
        return tuple(dict.fromkeys(part for part in parts if part))

    def count(self, index: int, field: str) -> int | None:
        """A whole number, zero or more.

        Raises
        ------
        BadCell
            ``not_a_count``.
        """
        number = self.number(index, field, reason_code="not_a_count")
        if number is None:
            return None
        if not number.is_integer() or not 0 <= number < 2**31:
            raise BadCell(field, self.raw(index, field), "not_a_count")
        return int(number)

    def number(self, index: int, field: str, *, reason_code: str = "not_a_number") -> float | None:
        """A finite number, with or without a unit or thousands commas behind it.

        Raises
        ------
        BadCell
            ``reason_code``.
        """
        text = self.text(index, field)
        if text is None:
            return None
        plain = unicodedata.normalize("NFKC", text).replace(",", "")
        match = re.fullmatch(r"([+-]?\d{1,15}(?:\.\d{1,15})?)\s*(m|米|m2|m²|平方米|户|人|个)?", plain)
        if match is None:
            raise BadCell(field, text, reason_code)
        return float(match.group(1))

    def flag(self, index: int, field: str) -> bool | None:
        """Yes or no in the words people use.

        Raises
        ------
        BadCell
            ``not_yes_or_no``.
        """
        value = self.raw(index, field)
        if value is None or isinstance(value, bool):
            return value
        plain = str(value).strip().lower()
        if plain in ("1", "true", "yes", "y", "是", "有", "1.0"):
            return True
        if plain in ("0", "false", "no", "n", "否", "无", "0.0"):
            return False
        raise BadCell(field, value, "not_yes_or_no")

    def day(self, index: int, field: str) -> date | None:
        """A date, as 2026-05-03, 2026/5/3 or 2026年5月3日.

        Raises
        ------
        BadCell
            ``not_a_date``.
        """
        instant = self.instant(index, field, reason_code="not_a_date")
        return None if instant is None else office_day(instant)

    def instant(self, index: int, field: str, *, reason_code: str = "not_a_time") -> datetime | None:
        """An instant in UTC; without a zone it is read as China's time.

        Raises
        ------
        BadCell
            ``reason_code``.
        """
        text = self.text(index, field)
        if text is None:
            return None
        try:
            instant = _instant_of(unicodedata.normalize("NFKC", text))
        except (ValueError, OverflowError):
            instant = None
        if instant is None or instant.year < _EARLIEST_YEAR:
            raise BadCell(field, text, reason_code)
        return instant


def _instant_of(text: str) -> datetime | None:
    match = _DATE_TIME.fullmatch(text)
    if match is not None:
        numbers = [int(part) if part else 0 for part in match.groups()]
        instant = datetime(*numbers[:6], tzinfo=OFFICE_TIME)  # type: ignore[arg-type]
    else:
        instant = datetime.fromisoformat(
            text.removesuffix(" UTC") + ("+00:00" if text.endswith(" UTC") else "")
        )
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=OFFICE_TIME)
    return instant.astimezone(UTC)


def first_known(text: str | None, meanings: Mapping[str, str], *, field: str, reason_code: str) -> str | None:
    """Translate a word by a table of known ones (case and blanks apart); None for no word.

    Raises
    ------
    BadCell
        The word is not in the table.
    """
    if text is None:
        return None
    known = meanings.get("".join(text.casefold().split()))
    if known is None:
        raise BadCell(field, text, reason_code)
    return known


def identities(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """A table of words from each value's list of synonyms; every value is its own synonym."""
    return {
        "".join(word.casefold().split()): value for value, words in table.items() for word in (value, *words)
    }
