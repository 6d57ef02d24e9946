"""What somebody may do to boundaries, one step at a time, and the state that the steps lead to.

A change set (草稿) is a row of steps. Each step is one :data:`EditCommand`; what it makes of the areas is
computed by ``gridmap.use_cases.boundary_steps`` and kept with it, so that going back and forth among the
steps needs no geometry. An area keeps its ``key`` through a change set, whatever becomes of its code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import Conflict, DomainError, InvalidInput, NotAllowed

LonLatDeg = tuple[float, float]
"""Longitude and latitude in WGS-84 degrees."""

MOST_POINTS = 500
MOST_STEPS = 200
"""Steps of one change set; every one of them can be taken back."""
LONGEST_NAME = 80
LONGEST_REASON = 500
_ZONE_CODE = re.compile(r"[0-9A-Z][0-9A-Z-]{2,39}", re.ASCII)
ZONE_LEVEL = "zone"
"""Stands where areas have their level."""


class ChangeKind(StrEnum):
    """What a change set is about."""

    AREAS = "areas"
    ZONES = "zones"


class ChangeState(StrEnum):
    """Where a change set stands."""

    DRAFT = "draft"
    SAVED = "saved"
    UNDONE = "undone"
    DISCARDED = "discarded"


class GroundChanged(Conflict):
    """The areas under a draft were changed by somebody else since it was begun; ``area`` names one."""

    code = "boundary.ground_changed"


class NothingChanged(DomainError):
    """There is nothing to save."""

    code = "boundary.nothing_changed"


class NobodyResponsible(DomainError):
    """Areas would be left without a responsible person, and nobody has confirmed that by name."""

    code = "boundary.nobody_responsible"


class NotADraft(Conflict):
    """The change set is saved or discarded already."""

    code = "boundary.not_a_draft"


class SomethingNewer(Conflict):
    """Later changes stand on the one that is to be undone; ``area`` names one of their areas."""

    code = "boundary.something_newer"


class OutsideYourArea(NotAllowed):
    """A step would change ``area``, which lies outside the actor's own."""

    code = "boundary.outside_your_area"


class NotYourDraft(NotAllowed):
    """Only its author works on a draft."""

    code = "boundary.not_your_draft"


class DraftMovedOn(Conflict):
    """The draft was changed in another window; the page shows an older step."""

    code = "boundary.draft_moved_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Cut an area along a line."""

    key: str
    line: tuple[LonLatDeg, ...]
    snap_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Make one area of several; the first keeps its code and name."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCorners:
    """Move corners of the areas of a level, each from one place to another."""

    level: str
    moves: tuple[tuple[LonLatDeg, LonLatDeg], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape:
    """Replace a stretch of an area's outline."""

    key: str
    line: tuple[LonLatDeg, ...]
    snap_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Add an area of a level."""

    level: str
    name: str
    outline: tuple[LonLatDeg, ...]
    snap_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Give an area another name or code."""

    key: str
    name: str
    name_en: str | None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Hang a micro-grid under another grid; both grids' outlines follow."""

    key: str
    parent_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Close an area without an heir; its ground belongs to nobody then."""

    key: str


EditCommand = Split | Merge | MoveCorners | Reshape | Draw | Rename | Transfer | End


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedArea:
    """An area or zone as the steps so far have made it.

    ``base_id`` is the stored version that it began as, None for a new one, whose ``code`` is empty until one
    is proposed. ``boundary`` is WKB, MULTIPOLYGON in WGS-84. ``posts_from`` names the codes whose people stay
    in charge here: a re-coded area takes its posts along.
    """

    key: str
    level: str
    code: str
    name: str
    name_en: str | None
    parent_key: str | None
    base_id: int | None
    boundary: bytes
    base_hash: str = ""
    """Tells whether the stored version is still what it was when it was first touched."""
    is_ended: bool = False
    posts_from: str | None = None


def parse_command(body: object) -> EditCommand:
    """Read one step as the page sends it.

    Raises
    ------
    InvalidInput
        ``field`` names what is missing or wrong.
    """
    if not isinstance(body, Mapping):
        raise InvalidInput(field="tool", reason="required")
    given = cast("Mapping[str, object]", body)
    readers = {
        "split": lambda: Split(
            key=_text(given, "key"), line=_points(given, "line", least=2), snap_m=_snap(given)
        ),
        "merge": lambda: Merge(keys=_keys(given)),
        "move": lambda: MoveCorners(level=_level(given), moves=_moves(given)),
        "reshape": lambda: Reshape(
            key=_text(given, "key"), line=_points(given, "line", least=2), snap_m=_snap(given)
        ),
        "draw": lambda: Draw(
            level=_level(given),
            name=_text(given, "name", longest=LONGEST_NAME),
            outline=_points(given, "outline", least=3),
            snap_m=_snap(given),
        ),
        "rename": lambda: Rename(
            key=_text(given, "key"),
            name=_text(given, "name", longest=LONGEST_NAME),
            name_en=_text(given, "name_en", longest=LONGEST_NAME, required=False) or None,
            code=_text(given, "code", required=False),
        ),
        "transfer": lambda: Transfer(key=_text(given, "key"), parent_key=_text(given, "parent_key")),
        "end": lambda: End(key=_text(given, "key")),
    }
    tool = given.get("tool")
    if not isinstance(tool, str) or tool not in readers:
        raise InvalidInput(field="tool", reason="unknown")
    return readers[tool]()


def check_zone_code(code: str) -> str:
    """Return a zone's code unchanged if it can be one: capitals, digits and hyphens."""
    if _ZONE_CODE.fullmatch(code) is None:
        raise InvalidInput(field="code", reason="boundary.zone_code")
    return code


def _text(given: Mapping[str, object], field: str, *, longest: int = 60, required: bool = True) -> str:
    value = given.get(field)
    text = value.strip() if isinstance(value, str) else ""
    if not text and required:
        raise InvalidInput(field=field, reason="required")
    if len(text) > longest:
        raise InvalidInput(field=field, reason="too_long", max_length=longest)
    if any(ord(character) < 0x20 for character in text):
        raise InvalidInput(field=field, reason="control_characters")
    return text


def _level(given: Mapping[str, object]) -> str:
    level = given.get("level")
    if level not in (AreaLevel.GRID.value, AreaLevel.MICRO_GRID.value, ZONE_LEVEL):
        raise InvalidInput(field="level", reason="unknown")
    return str(level)


def _snap(given: Mapping[str, object]) -> float:
    """How near a drawn point has to be to a corner or edge to be put onto it, in metres."""
    value = given.get("snap_m", 3.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 30:
        raise InvalidInput(field="snap_m", reason="out_of_range")
    return float(value)


def _keys(given: Mapping[str, object]) -> tuple[str, ...]:
    value = given.get("keys")
    items = cast("Sequence[object]", value) if isinstance(value, list) else ()
    keys = tuple(dict.fromkeys(item for item in items if isinstance(item, str) and item))
    if len(keys) < 2 or len(keys) != len(items):
        raise InvalidInput(field="keys", reason="boundary.two_or_more")
    return keys


def _points(given: Mapping[str, object], field: str, *, least: int) -> tuple[LonLatDeg, ...]:
    value = given.get(field)
    items = cast("Sequence[object]", value) if isinstance(value, list) else ()
    points = tuple(_point(item, field) for item in items)
    if len(set(points)) < least:
        raise InvalidInput(field=field, reason="boundary.too_few_points", least=least)
    if len(points) > MOST_POINTS:
        raise InvalidInput(field=field, reason="too_long", max_length=MOST_POINTS)
    return points


def _moves(given: Mapping[str, object]) -> tuple[tuple[LonLatDeg, LonLatDeg], ...]:
    value = given.get("moves")
    items = cast("Sequence[object]", value) if isinstance(value, list) else ()
    if not 1 <= len(items) <= MOST_POINTS:
        raise InvalidInput(field="moves", reason="required")
    moves: list[tuple[LonLatDeg, LonLatDeg]] = []
    for item in items:
        move = cast("Mapping[str, object]", item) if isinstance(item, Mapping) else {}
        # Where a corner is has to be said exactly; where it goes, to a centimetre.
        start = _point(move.get("from"), "moves", digits=None)
        moves.append((start, _point(move.get("to"), "moves")))
    return tuple(moves)


def _point(item: object, field: str, *, digits: int | None = 7) -> LonLatDeg:
    pair = cast("Sequence[object]", item) if isinstance(item, list | tuple) else ()
    numbers = [float(x) for x in pair if isinstance(x, int | float) and not isinstance(x, bool)]
    if len(pair) != 2 or len(numbers) != 2:
        raise InvalidInput(field=field, reason="boundary.not_a_coordinate")
    lon_deg, lat_deg = numbers
    if not (abs(lon_deg) <= 180 and abs(lat_deg) <= 84):
        raise InvalidInput(field=field, reason="boundary.not_a_coordinate")
    if digits is None:
        return lon_deg, lat_deg
    return round(lon_deg, digits), round(lat_deg, digits)
