"""Places as templates show them: names in the reader's language, hours in words, addresses of pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import request, url_for
from flask_babel import gettext

from gridmap.domain.hand_off import HandOff, hand_off_urls
from gridmap.domain.office_time import OFFICE_TIME
from gridmap.queries.places import Category, Place, PlaceSummary
from gridmap.web.deps import deps
from gridmap.web.i18n import in_language
from gridmap.web.opening_words import HoursWords, hours_in_words

PLANNED_STATUSES = frozenset({"planned", "consulting", "approved"})


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One row of a list."""

    id: int
    name: str
    category_code: str
    category: str
    icon: str
    group: str
    shape: str
    status: str
    status_words: str
    address: str
    community: str
    phone: str | None
    hours: HoursWords
    url: str


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place in full."""

    line: PlaceLine
    place: Place
    hand_offs: Sequence[HandOff]
    share_url: str
    qr_url: str


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """A chip."""

    code: str
    name: str
    icon: str
    group: str
    place_count: int
    is_chosen: bool


def local_now() -> datetime:
    """The time on the wall of the office."""
    return deps().clock().astimezone(OFFICE_TIME)


def shape_of(status: str) -> str:
    """The shape of a pin: a square when built, a striped one while building, a diamond when planned."""
    if status in PLANNED_STATUSES:
        return "planned"
    return "building" if status == "building" else "built"


def status_words() -> dict[str, str]:
    """The words for each status."""
    return {
        "built": gettext("已建成"),
        "building": gettext("建设中"),
        "approved": gettext("已批准"),
        "consulting": gettext("征求意见中"),
        "planned": gettext("规划中"),
    }


def place_line(place: PlaceSummary) -> PlaceLine:
    """A row for a place."""
    words = status_words()[place.status]
    # Hours of a thing that is not there yet would mislead.
    hours = (
        hours_in_words(place.opening_hours, local_now())
        if place.status == "built"
        else HoursWords("unknown", words, ())
    )
    return PlaceLine(
        id=place.id,
        name=in_language(place.name, place.name_en),
        category_code=place.category_code,
        category=in_language(place.category_name, place.category_name_en),
        icon=place.icon,
        group=place.colour_group,
        shape=shape_of(place.status),
        status=place.status,
        status_words=words,
        address=in_language(place.address, place.address_en),
        community=in_language(place.community_name or "", place.community_name_en),
        phone=place.office_phone,
        hours=hours,
        url=url_for("public.place_page", place_id=place.id),
    )


def place_view(place: Place) -> PlaceView:
    """A place with what leads out of it."""
    summary = place.summary
    return PlaceView(
        line=place_line(summary),
        place=place,
        hand_offs=hand_off_urls(lon_deg=summary.lon_deg, lat_deg=summary.lat_deg, name=summary.name),
        share_url=public_url(url_for("public.place_page", place_id=summary.id)),
        qr_url=url_for("public.place_qr", place_id=summary.id),
    )


def public_url(path: str) -> str:
    """The full address of a path, as other people can open it."""
    root = deps().config.public_base_url or request.url_root
    return root.rstrip("/") + path


def category_choices(categories: Sequence[Category], chosen: Sequence[str]) -> list[CategoryChoice]:
    """The chips."""
    return [
        CategoryChoice(
            code=category.code,
            name=in_language(category.name, category.name_en),
            icon=category.icon,
            group=category.colour_group,
            place_count=category.place_count,
            is_chosen=category.code in chosen,
        )
        for category in categories
    ]
