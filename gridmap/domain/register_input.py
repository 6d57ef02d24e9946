"""What a form of the registers may send, read with suspicion; every wrong field is named at once.

A form is a mapping of texts. :class:`FieldReader` reads one field after another and remembers what was wrong;
:meth:`FieldReader.finish` then raises all of it together, so that nobody mends a form one field at a time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from datetime import date

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import Conflict, DomainError, InvalidInput
from gridmap.domain.issue_input import clean_text, parse_location

NAME_MAX_LENGTH = 80
LINE_MAX_LENGTH = 256
TEXT_MAX_LENGTH = 2000
LIST_MAX_COUNT = 20

_SEPARATORS = re.compile(r"[,，、;；\n]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()+-]*(?:(?:转|ext\.?|x) ?[0-9]{1,6})?")
_PHONE_DIGITS = range(3, 16)
"""From a short number (110) to the longest that international numbering allows. An ID number is longer."""


class InvalidForm(DomainError):
    """Some fields hold what they cannot hold; ``problems`` says which and why. Nothing was changed."""

    code = "form.invalid"

    def __init__(self, problems: Collection[InvalidInput]) -> None:
        self.problems = tuple(problems)
        super().__init__(fields=", ".join(problem.field for problem in self.problems))


class ItemChanged(Conflict):
    """Somebody else changed the thing since the editor opened it; what was typed is kept."""

    code = "register.changed"


class FieldReader:
    """Reads the fields of one form and collects what is wrong with them."""

    def __init__(self, raw: Mapping[str, str]) -> None:
        self._raw = raw
        self.problems: list[InvalidInput] = []

    def text(self, name: str, *, max_length: int = LINE_MAX_LENGTH) -> str | None:
        """Read a text; an empty one counts as absent."""
        try:
            text = clean_text(self._raw.get(name, ""), name, max_length=max_length) or None
        except InvalidInput as problem:
            self.problems.append(problem)
            return None
        if text and max_length <= LINE_MAX_LENGTH and "\n" in text:
            self.refuse(name, "control_characters")
        return text

    def required_text(self, name: str, *, max_length: int = LINE_MAX_LENGTH) -> str:
        """Read a text that has to be there."""
        before = len(self.problems)
        text = self.text(name, max_length=max_length)
        if text is None and len(self.problems) == before:
            self.refuse(name, "required")
        return text or ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of short texts, separated by commas, 、 or lines."""
        whole = self.text(name, max_length=TEXT_MAX_LENGTH) or ""
        parts = tuple(dict.fromkeys(part.strip() for part in _SEPARATORS.split(whole) if part.strip()))
        if len(parts) > LIST_MAX_COUNT or any(len(part) > NAME_MAX_LENGTH for part in parts):
            self.refuse(name, "too_many_parts", highest=LIST_MAX_COUNT, max_length=NAME_MAX_LENGTH)
        return parts

    def whole(self, name: str, *, lowest: int = 0, highest: int = 1_000_000) -> int | None:
        """Read a whole number; an empty field is None."""
        text = self.text(name)
        if text is None:
            return None
        if re.fullmatch(r"-?[0-9]{1,12}", text, re.ASCII) is None:
            return self.refuse(name, "not_a_whole_number")
        number = int(text)
        if not lowest <= number <= highest:
            return self.refuse(name, "out_of_range", lowest=lowest, highest=highest)
        return number

    def count(self, name: str, *, highest: int = 100_000) -> int:
        """Read a count that has to be there."""
        before = len(self.problems)
        number = self.whole(name, highest=highest)
        if number is None and len(self.problems) == before:
            self.refuse(name, "required")
        return number or 0

    def number(self, name: str, *, lowest: float, highest: float) -> float | None:
        """Read a number; an empty field is None."""
        text = self.text(name)
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            return self.refuse(name, "not_a_number")
        if not math.isfinite(number):
            return self.refuse(name, "not_a_number")
        if not lowest <= number <= highest:
            return self.refuse(name, "out_of_range", lowest=lowest, highest=highest)
        return number

    def day(self, name: str, *, required: bool = False) -> date | None:
        """Read a day as 2026-05-03; an empty field is None."""
        text = self.text(name)
        if text is None:
            return self.refuse(name, "required") if required else None
        try:
            return date.fromisoformat(text)
        except ValueError:
            return self.refuse(name, "not_a_date")

    def choice(self, name: str, options: Collection[str]) -> str:
        """Read one of a closed list."""
        text = self.required_text(name)
        if text and text not in options:
            self.refuse(name, "unknown")
        return text

    def flag(self, name: str) -> bool:
        """Read a checkbox."""
        return self._raw.get(name) == "1"

    def phone(self, name: str) -> str | None:
        """Read a phone number, as people write them."""
        text = self.text(name)
        if text is None:
            return None
        digits = sum(char.isdigit() for char in text)
        if _PHONE.fullmatch(text) is None or digits not in _PHONE_DIGITS:
            return self.refuse(name, "not_a_phone")
        return text

    def location(self, lon_name: str = "lon", lat_name: str = "lat") -> LonLat:
        """Read a point in WGS-84 degrees."""
        before = len(self.problems)
        lon = self.number(lon_name, lowest=-180, highest=180)
        lat = self.number(lat_name, lowest=-180, highest=180)
        if len(self.problems) == before:
            try:
                return parse_location(lon, lat)
            except InvalidInput as problem:
                self.problems.append(problem)
        return LonLat(lon_deg=0.0, lat_deg=0.0)

    def refuse(self, name: str, reason: str, **params: object) -> None:
        """Note that a field is wrong."""
        self.problems.append(InvalidInput(field=name, reason=reason, **params))

    def finish(self) -> None:
        """Stop here if anything was wrong.

        Raises
        ------
        InvalidForm
        """
        if self.problems:
            raise InvalidForm(self.problems)


def changes_between(
    before: Mapping[str, object], after: Mapping[str, object]
) -> dict[str, tuple[object, object]]:
    """Say which fields differ: name → (before, after), in the order of ``after``."""
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}
