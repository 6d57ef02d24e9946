"""A person as the register keeps them: a name, ways to call, and what they agreed to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridmap.domain.register_input import FieldReader

_NAME_MAX_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDetails:
    """What an editor writes. ``mobile_is_public`` stands only beside ``name_is_public`` (ADR 13)."""

    name: str
    name_en: str | None
    office_phone: str | None
    mobile_phone: str | None
    name_is_public: bool
    mobile_is_public: bool


def parse_person(raw: Mapping[str, str]) -> PersonDetails:
    """Read the form of a person.

    Raises
    ------
    InvalidForm
        Names every field that is wrong.
    """
    reader = FieldReader(raw)
    name = reader.required_text("name", max_length=_NAME_MAX_LENGTH)
    if any(char.isdigit() for char in name):
        reader.refuse("name", "digits_in_name")  # a number of a person, of whatever kind, is no name
    details = PersonDetails(
        name=name,
        name_en=reader.text("name_en", max_length=_NAME_MAX_LENGTH),
        office_phone=reader.phone("office_phone"),
        mobile_phone=reader.phone("mobile_phone"),
        name_is_public=reader.flag("name_is_public"),
        mobile_is_public=reader.flag("mobile_is_public"),
    )
    if details.mobile_is_public and not details.name_is_public:
        reader.refuse("mobile_is_public", "needs_public_name")
    if details.mobile_is_public and details.mobile_phone is None:
        reader.refuse("mobile_phone", "required")
    reader.finish()
    return details
