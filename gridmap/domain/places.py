"""A service point as it is edited: its fields, the steps of its life, and what a change was.

规划 → 征求意见 → 批准 → 在建 → 建成, 撤销 from anywhere. One step back is a correction or a stop of the work;
a place that was withdrawn may be taken up again. Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput
from gridmap.domain.opening_hours import week_minutes
from gridmap.domain.register_input import (
    LINE_MAX_LENGTH,
    NAME_MAX_LENGTH,
    TEXT_MAX_LENGTH,
    FieldReader,
)

PHOTOS_MAX = 6


class PlaceStatus(StrEnum):
    """The values of ``service_point.status``."""

    PLANNED = "planned"  # 规划
    CONSULTING = "consulting"  # 征求意见
    APPROVED = "approved"  # 批准
    BUILDING = "building"  # 在建
    BUILT = "built"  # 建成
    WITHDRAWN = "withdrawn"  # 撤销


class Visibility(StrEnum):
    """The values of ``service_point.visibility``."""

    PUBLIC = "public"
    STAFF = "staff"
    RESTRICTED = "restricted"


NEXT_STATUSES: Mapping[PlaceStatus, tuple[PlaceStatus, ...]] = MappingProxyType(
    {
        PlaceStatus.PLANNED: (PlaceStatus.CONSULTING, PlaceStatus.WITHDRAWN),
        PlaceStatus.CONSULTING: (PlaceStatus.APPROVED, PlaceStatus.PLANNED, PlaceStatus.WITHDRAWN),
        PlaceStatus.APPROVED: (PlaceStatus.BUILDING, PlaceStatus.CONSULTING, PlaceStatus.WITHDRAWN),
        PlaceStatus.BUILDING: (PlaceStatus.BUILT, PlaceStatus.APPROVED, PlaceStatus.WITHDRAWN),
        PlaceStatus.BUILT: (PlaceStatus.BUILDING, PlaceStatus.WITHDRAWN),
        PlaceStatus.WITHDRAWN: (PlaceStatus.PLANNED, PlaceStatus.BUILT),
    }
)
"""The steps that may follow each status."""

FIRST_STATUSES = tuple(status for status in PlaceStatus if status is not PlaceStatus.WITHDRAWN)
"""What a place may be when it is first recorded: many stood long before they came into the register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDetails:
    """Everything about a service point that an editor writes; the names are those of the columns."""

    name: str
    name_en: str | None
    alias: tuple[str, ...]
    category_code: str
    status: PlaceStatus
    address: str
    address_en: str | None
    floor: str | None
    area_m2: float | None
    capacity: int | None
    opening_hours: str | None
    office_phone: str | None
    services: tuple[str, ...]
    operator: str | None
    brand_tags: tuple[str, ...]
    tour_text: str | None
    visibility: Visibility
    source: str
    surveyed_on: date | None
    accuracy_class: str
    location: LonLat

    def as_values(self) -> dict[str, object]:
        """Give the fields as the database takes them: lists, texts, ``lon_deg`` and ``lat_deg``."""
        values: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            values[field.name] = list(value) if isinstance(value, tuple) else value
        del values["location"]
        return {**values, "lon_deg": self.location.lon_deg, "lat_deg": self.location.lat_deg}


def parse_place(raw: Mapping[str, str], *, categories: Collection[str], today: date) -> PlaceDetails:
    """Read the form of a service point.

    Parameters
    ----------
    categories : the codes that the editor may choose

    Raises
    ------
    InvalidForm
        Names every field that is wrong.
    """
    reader = FieldReader(raw)
    opening_hours = reader.text("opening_hours")
    if opening_hours is not None and week_minutes(opening_hours) is None:
        reader.refuse("opening_hours", "hours_unreadable")
    surveyed_on = reader.day("surveyed_on")
    if surveyed_on is not None and surveyed_on > today:
        reader.refuse("surveyed_on", "day_in_the_future")
    required = {
        "name": reader.required_text("name", max_length=NAME_MAX_LENGTH),
        "address": reader.required_text("address"),
        "category_code": reader.choice("category_code", categories),
        "status": reader.choice("status", tuple(PlaceStatus)),
        "visibility": reader.choice("visibility", tuple(Visibility)),
        "accuracy_class": reader.choice("accuracy_class", ("A", "B", "C")),
    }
    details = {
        "name_en": reader.text("name_en", max_length=NAME_MAX_LENGTH),
        "address_en": reader.text("address_en"),
        "floor": reader.text("floor", max_length=40),
        "operator": reader.text("operator", max_length=NAME_MAX_LENGTH),
        "tour_text": reader.text("tour_text", max_length=TEXT_MAX_LENGTH),
    }
    lists = {name: reader.texts(name) for name in ("alias", "services", "brand_tags")}
    area_m2 = reader.number("area_m2", lowest=0.1, highest=1_000_000)
    capacity = reader.whole("capacity", lowest=1, highest=100_000)
    office_phone = reader.phone("office_phone")
    source = reader.text("source", max_length=LINE_MAX_LENGTH)
    location = reader.location()
    reader.finish()
    return PlaceDetails(
        name=required["name"],
        name_en=details["name_en"],
        alias=lists["alias"],
        category_code=required["category_code"],
        status=PlaceStatus(required["status"]),
        address=required["address"],
        address_en=details["address_en"],
        floor=details["floor"],
        area_m2=area_m2,
        capacity=capacity,
        opening_hours=opening_hours,
        office_phone=office_phone,
        services=lists["services"],
        operator=details["operator"],
        brand_tags=lists["brand_tags"],
        tour_text=details["tour_text"],
        visibility=Visibility(required["visibility"]),
        source=source or "人工登记",
        surveyed_on=surveyed_on,
        accuracy_class=required["accuracy_class"],
        location=location,
    )


def check_step(before: PlaceStatus, after: PlaceStatus) -> None:
    """Stop here unless the status may follow.

    Raises
    ------
    InvalidInput
        ``status``: no such step.
    """
    if after is not before and after not in NEXT_STATUSES[before]:
        raise InvalidInput(
            field="status", reason="place_step_not_allowed", source=before.value, target=after.value
        )
