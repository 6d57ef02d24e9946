"""Reading requests of the OGC API: what is unknown or malformed is refused, never guessed (Part 1, 7.15)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import request

from gridmap.domain.errors import InvalidInput
from gridmap.domain.features import Collection, FeatureField, FieldKind
from gridmap.domain.issue_input import CODE_MAX_LENGTH, clean_text
from gridmap.domain.office_time import OFFICE_TIME
from gridmap.domain.reference_systems import CRS84, WEB_MERCATOR, ReferenceSystem
from gridmap.queries.features import FeatureFilter, Interval, Window, is_feature_id

LIMIT_DEFAULT = 100
LIMIT_MAX = 10_000
_ALWAYS = frozenset({"f", "lang"})
ITEM_ARGUMENTS = frozenset({"crs"})
ITEMS_ARGUMENTS = frozenset({"bbox", "bbox-crs", "crs", "datetime", "limit", "after", "area"})
_FILTERABLE = frozenset({FieldKind.TEXT, FieldKind.WHOLE, FieldKind.NUMBER, FieldKind.FLAG, FieldKind.DAY})
_TEXT_LENGTH = 200
# Beyond these a projection is not defined; whoever asks for more means "everything".
_MERCATOR_REACH_M = 20_037_508.34
_ZONE_EASTING_M = (-500_000.0, 1_500_000.0)
_ZONE_NORTHING_M = (-9_000_000.0, 9_000_000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsRequest:
    """What of a collection is wanted, and how."""

    wanted: FeatureFilter
    system: ReferenceSystem
    limit: int
    after: str | None


def filterable_fields(collection: Collection) -> tuple[FeatureField, ...]:
    """The fields that may be asked to equal a value."""
    return tuple(each for each in collection.fields if each.kind in _FILTERABLE)


def wants_html() -> bool:
    """Whether the answer is for a person; ``f`` counts before the Accept header, JSON without either.

    Raises
    ------
    InvalidInput
        ``f`` is neither json nor html.
    """
    asked = request.args.get("f")
    if asked is not None:
        if asked not in ("json", "html"):
            raise InvalidInput(field="f", reason="unknown")
        return asked == "html"
    best = request.accept_mimetypes.best_match(
        ["application/json", "application/geo+json", "application/vnd.oai.openapi+json", "text/html"]
    )
    return best == "text/html"


def known_arguments(names: Iterable[str] = ()) -> None:
    """Refuse arguments that the resource does not know (req/core/query-param-unknown).

    Raises
    ------
    InvalidInput
    """
    unknown = sorted(set(request.args) - set(names) - _ALWAYS)
    if unknown:
        raise InvalidInput(field=unknown[0][:64], reason="unknown_field")


def items_request(collection: Collection, systems: Sequence[ReferenceSystem]) -> ItemsRequest:
    """Read the arguments of ``/items``.

    Raises
    ------
    InvalidInput
        An argument is unknown, or its value is none that it can have.
    """
    fields = {each.name: each for each in filterable_fields(collection)}
    known_arguments(ITEMS_ARGUMENTS | set(fields))
    asked = {name: each for name, each in fields.items() if name in request.args}
    area = request.args.get("area")
    return ItemsRequest(
        wanted=FeatureFilter(
            window=_window(systems),
            area_code=None if area is None else clean_text(area, "area", max_length=CODE_MAX_LENGTH),
            values={name: (_value(each, request.args[name]),) for name, each in asked.items()},
            during=_interval(),
        ),
        system=system_argument("crs", systems),
        limit=_limit(),
        after=_after(collection),
    )


def system_argument(name: str, systems: Sequence[ReferenceSystem]) -> ReferenceSystem:
    """Read a reference system by its URI; CRS84 without one.

    Raises
    ------
    InvalidInput
        It is none of those offered.
    """
    uri = request.args.get(name)
    if uri is None:
        return CRS84
    found = next((each for each in systems if each.uri == uri), None)
    if found is None:
        raise InvalidInput(field=name, reason="unknown")
    return found


def _limit() -> int:
    raw = request.args.get("limit")
    if raw is None:
        return LIMIT_DEFAULT
    if not (raw.isascii() and raw.isdigit()) or int(raw[:10]) < 1:
        raise InvalidInput(field="limit", reason="not_a_whole_number")
    return min(int(raw[:10]), LIMIT_MAX)


def _after(collection: Collection) -> str | None:
    after = request.args.get("after")
    if after is not None and not is_feature_id(collection, after):
        raise InvalidInput(field="after", reason="unknown")
    return after


def _window(systems: Sequence[ReferenceSystem]) -> Window | None:
    system = system_argument("bbox-crs", systems)
    raw = request.args.get("bbox")
    if raw is None:
        return None
    try:
        numbers = [float(part) for part in raw.split(",")]
    except ValueError:
        raise InvalidInput(field="bbox", reason="not_a_number") from None
    if len(numbers) == 6:  # with heights, which nothing here has
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(math.isfinite(number) for number in numbers):
        raise InvalidInput(field="bbox", reason="not_a_number")
    if system.is_north_first:
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    west, south, east, north = numbers
    if south > north or (west > east and not system.is_degrees):
        raise InvalidInput(field="bbox", reason="wrong_way_round")
    if system.is_degrees:
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
            raise InvalidInput(field="bbox", reason="out_of_range")
        return Window(west=west, south=south, east=east, north=north, system=system)
    reach = (-_MERCATOR_REACH_M, _MERCATOR_REACH_M)
    easting, northing = (reach, reach) if system is WEB_MERCATOR else (_ZONE_EASTING_M, _ZONE_NORTHING_M)
    return Window(
        west=_within(west, easting),
        south=_within(south, northing),
        east=_within(east, easting),
        north=_within(north, northing),
        system=system,
    )


def _within(number: float, bounds: tuple[float, float]) -> float:
    return min(max(number, bounds[0]), bounds[1])


def _interval() -> Interval | None:
    raw = request.args.get("datetime")
    if raw is None:
        return None
    begin, separator, end = raw.partition("/")
    if not separator:
        return Interval(begin=_instant(begin, is_end=False), end=_instant(begin, is_end=True))
    interval = Interval(
        begin=None if begin in ("", "..") else _instant(begin, is_end=False),
        end=None if end in ("", "..") else _instant(end, is_end=True),
    )
    if interval.begin is not None and interval.end is not None and interval.begin > interval.end:
        raise InvalidInput(field="datetime", reason="wrong_way_round")
    return interval


def _instant(text: str, *, is_end: bool) -> datetime:
    """An instant of RFC 3339; a day alone is the office's, from its beginning to its end."""
    try:
        if len(text) == len("2026-05-03"):
            day = datetime.combine(date.fromisoformat(text), time(), tzinfo=OFFICE_TIME)
            return day + timedelta(days=1, microseconds=-1) if is_end else day
        # A plus sign that was not escaped arrives as a blank.
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise InvalidInput(field="datetime", reason="not_an_instant") from None
    if instant.tzinfo is None:
        raise InvalidInput(field="datetime", reason="without_time_zone")
    if not 1900 <= instant.year <= 2999:
        raise InvalidInput(field="datetime", reason="out_of_range")
    return instant


def _value(each: FeatureField, raw: str) -> str | int | float | bool | date:
    text = clean_text(raw, each.name, max_length=_TEXT_LENGTH)
    try:
        match each.kind:
            case FieldKind.WHOLE:
                number = int(text)
                if abs(number) >= 2**63:
                    raise InvalidInput(field=each.name, reason="out_of_range")
                return number
            case FieldKind.NUMBER:
                return float(text)
            case FieldKind.FLAG:
                return {"true": True, "false": False}[text.lower()]
            case FieldKind.DAY:
                return date.fromisoformat(text)
            case _:
                return text
    except (ValueError, KeyError):
        raise InvalidInput(field=each.name, reason="unknown") from None
