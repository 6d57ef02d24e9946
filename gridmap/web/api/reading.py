"""Reading requests of the API: bodies and addresses, every refusal naming the field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from flask import request

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput
from gridmap.domain.issue_input import CODE_MAX_LENGTH, clean_text, parse_location
from gridmap.domain.issues import OPEN_STATES, IssueId, IssueState
from gridmap.domain.placement import OutsidePolicy
from gridmap.queries.issues import PAGE_SIZE, PAGE_SIZE_MAX, Box, IssueFilter, Sort
from gridmap.use_cases.issues import RoutingRules
from gridmap.web.deps import deps

Choice = TypeVar("Choice", bound=StrEnum)

JSON_MAX_BYTES = 64 * 1024
PAGE_MAX = 100_000
_EVERYWHERE = frozenset({"lang"})
FILTER_NAMES = frozenset({"state", "category", "area", "mine", "bbox", "near", "sort"})


def json_body() -> object:
    """Read the body as JSON.

    Raises
    ------
    InvalidInput
        ``body``: not JSON, or more than 64 KiB of it.
    """
    if not request.is_json:
        raise InvalidInput(field="body", reason="not_json")
    if (request.content_length or 0) > JSON_MAX_BYTES:
        raise InvalidInput(field="body", reason="too_long", max_length=JSON_MAX_BYTES)
    raw = request.get_data()
    if len(raw) > JSON_MAX_BYTES:
        raise InvalidInput(field="body", reason="too_long", max_length=JSON_MAX_BYTES)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidInput(field="body", reason="not_json") from None


def known_arguments(names: Iterable[str]) -> None:
    """Refuse an address with an argument that the route does not know: a mistyped filter would show too much.

    Raises
    ------
    InvalidInput
    """
    unknown = sorted(set(request.args) - set(names) - _EVERYWHERE)
    if unknown:
        raise InvalidInput(field=unknown[0][:64], reason="unknown_field")


def argument(name: str, *, max_length: int = CODE_MAX_LENGTH) -> str | None:
    """Read an argument of the address; an empty one counts as absent."""
    value = request.args.get(name)
    return clean_text(value, name, max_length=max_length) or None if value is not None else None


def choice_argument(name: str, choices: type[Choice], *, default: Choice) -> Choice:
    """Read an argument that is one of a closed list."""
    text = argument(name)
    return default if text is None else _member(choices, text, field=name)


def location_argument(lon_name: str = "lon", lat_name: str = "lat") -> LonLat:
    """Read a point from two arguments, in degrees."""
    return parse_location(_number(lon_name), _number(lat_name))


def day_argument(name: str) -> date | None:
    """Read a day as 2026-05-03.

    Raises
    ------
    InvalidInput
    """
    text = argument(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field=name, reason="not_a_date") from None


def near_argument() -> LonLat | None:
    """Read ``near=lon,lat``."""
    numbers = _numbers("near", 2)
    return None if numbers is None else parse_location(numbers[0], numbers[1])


def bbox_argument() -> Box | None:
    """Read ``bbox=west,south,east,north`` in degrees.

    Raises
    ------
    InvalidInput
        Not four finite numbers, out of bounds, or the wrong way round.
    """
    numbers = _numbers("bbox", 4)
    if numbers is None:
        return None
    west, south, east, north = numbers
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise InvalidInput(field="bbox", reason="out_of_range")
    if west > east or south > north:
        raise InvalidInput(field="bbox", reason="wrong_way_round")
    return Box(west_deg=west, south_deg=south, east_deg=east, north_deg=north)


def required_bbox() -> Box:
    """Read a ``bbox`` that has to be there."""
    box = bbox_argument()
    if box is None:
        raise InvalidInput(field="bbox", reason="required")
    return box


def page_arguments() -> tuple[int, int]:
    """Read ``page`` (from 1) and ``page_size``."""
    return (
        _whole("page", default=1, highest=PAGE_MAX),
        _whole("page_size", default=PAGE_SIZE, highest=PAGE_SIZE_MAX),
    )


def issue_filter() -> IssueFilter:
    """Read the filters that a list and a map window share."""
    sort = choice_argument("sort", Sort, default=Sort.TIME)
    near = near_argument()
    if sort is Sort.DISTANCE and near is None:
        raise InvalidInput(field="near", reason="required")
    area = argument("area")
    if area is not None and not (area.isascii() and area.isalnum() and area == area.upper()):
        raise InvalidInput(field="area", reason="unknown")
    mine = argument("mine")
    if mine not in (None, "0", "1"):
        raise InvalidInput(field="mine", reason="unknown")
    return IssueFilter(
        states=_states(),
        category_code=argument("category"),
        area_code=area,
        is_mine=mine == "1",
        box=bbox_argument(),
        near=near,
        sort=sort,
    )


def issue_key(text: str) -> IssueId | str:
    """Tell an issue's id from its number."""
    try:
        return IssueId(UUID(text))
    except ValueError:
        return clean_text(text, "number", max_length=CODE_MAX_LENGTH)


def routing_rules() -> RoutingRules:
    """Take the operator's rules for pins outside every grid."""
    config = deps().config
    return RoutingRules(
        policy=OutsidePolicy(config.outside_grid_policy), outside_max_m=config.outside_grid_max_m
    )


def _states() -> frozenset[IssueState]:
    names = [name for text in request.args.getlist("state") for name in text.split(",") if name]
    states: set[IssueState] = set()
    for name in names:
        if name == "open":
            states |= OPEN_STATES
        else:
            states.add(_member(IssueState, name, field="state"))
    return frozenset(states)


def _member(choices: type[Choice], text: str, *, field: str) -> Choice:
    try:
        return choices(text)
    except ValueError:
        raise InvalidInput(field=field, reason="unknown") from None


def _number(name: str) -> float | None:
    numbers = _numbers(name, 1)
    return None if numbers is None else numbers[0]


def _numbers(name: str, count: int) -> list[float] | None:
    text = argument(name, max_length=200)
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInput(field=name, reason="not_a_number") from None
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise InvalidInput(field=name, reason="not_a_number")
    return numbers


def _whole(name: str, *, default: int, highest: int) -> int:
    text = argument(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput(field=name, reason="not_a_whole_number")
    number = int(text)
    if not 1 <= number <= highest:
        raise InvalidInput(field=name, reason="out_of_range", lowest=1, highest=highest)
    return number
