"""What leaves gridmap as map data: which collections there are, what their fields hold, and for whom.

A collection is a kind of thing (communities, service points …) seen by one audience. The public ones say what
the public map says and no more, in coordinates rounded as the map draws them; the staff ones say everything
that is not about a person, inside the areas of whoever asks. Files (``gridmap.exporting``) and the OGC API
(``gridmap.web.ogc``) are made of the same collections, so that they cannot differ in what they give away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.permissions import Action, Actor, can

SMALLEST_COUNT = 5
"""The public sees no count of households or residents below this."""

CellValue = str | int | float | bool | date | datetime | Sequence[str] | None


class FieldKind(StrEnum):
    """What a field holds, whatever the format that carries it."""

    TEXT = "text"
    WORDS = "words"
    """Several texts."""
    WHOLE = "whole"
    NUMBER = "number"
    FLAG = "flag"
    DAY = "day"
    INSTANT = "instant"


class Shape(StrEnum):
    """The one kind of geometry that a collection has."""

    POINT = "Point"
    LINE = "LineString"
    POLYGON = "MultiPolygon"


class Time(StrEnum):
    """What an interval of time means for the features of a collection."""

    NONE = "none"
    VALIDITY = "validity"
    """They hold from one day until another; without a word those of today are meant."""
    INSTANT = "instant"
    """They happened at an instant."""


@dataclass(frozen=True, slots=True)
class FeatureField:
    """A property of the features of a collection; the words for it stand under ``feature_field.<name>``."""

    name: str
    kind: FieldKind = FieldKind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One kind of thing for one audience.

    Attributes
    ----------
    layer : the layer of ``gridmap layers`` that it is (``areas`` four times, once for each level)
    versions : the layers whose versions make up its ETag; none where a change leaves no version
    action : what whoever sees it must be permitted
    """

    id: str
    layer: str
    level: str | None
    is_public: bool
    shape: Shape
    fields: tuple[FeatureField, ...]
    time: Time
    versions: tuple[str, ...]
    action: Action

    def field(self, name: str) -> FeatureField | None:
        """The field of that name, if there is one."""
        return next((each for each in self.fields if each.name == name), None)


def _fields(**kinds: FieldKind) -> tuple[FeatureField, ...]:
    return tuple(FeatureField(name, kind) for name, kind in kinds.items())


_TEXT, _WORDS, _WHOLE, _NUMBER = FieldKind.TEXT, FieldKind.WORDS, FieldKind.WHOLE, FieldKind.NUMBER
_FLAG, _DAY, _INSTANT = FieldKind.FLAG, FieldKind.DAY, FieldKind.INSTANT

_AREA = _fields(
    code=_TEXT,
    name=_TEXT,
    name_en=_TEXT,
    kind=_TEXT,
    scheme=_TEXT,
    parent_code=_TEXT,
    household_count=_WHOLE,
    resident_count=_WHOLE,
    office_phone=_TEXT,
    office_hours=_TEXT,
    valid_from=_DAY,
    valid_to=_DAY,
)
_ZONE = _fields(
    code=_TEXT, name=_TEXT, name_en=_TEXT, organisation_code=_TEXT, valid_from=_DAY, valid_to=_DAY
)
_COMPOUND = _fields(
    code=_TEXT,
    name=_TEXT,
    name_en=_TEXT,
    kind=_TEXT,
    community_code=_TEXT,
    built_year=_WHOLE,
    has_property_company=_FLAG,
)
_PUBLIC_BUILDING = _fields(
    code=_TEXT, compound_code=_TEXT, community_code=_TEXT, address=_TEXT, kind=_TEXT, floor_count=_WHOLE
)
_BUILDING = _PUBLIC_BUILDING + _fields(
    household_count=_WHOLE, resident_count=_WHOLE, elderly_count=_WHOLE, ebike_count=_WHOLE
)
_STREET = _fields(code=_TEXT, name=_TEXT, name_en=_TEXT, kind=_TEXT, width_m=_NUMBER, is_walkable=_FLAG)
_PUBLIC_SERVICE_POINT = _fields(
    code=_TEXT,
    name=_TEXT,
    name_en=_TEXT,
    alias=_WORDS,
    category_code=_TEXT,
    category_name=_TEXT,
    status=_TEXT,
    address=_TEXT,
    address_en=_TEXT,
    community_code=_TEXT,
    floor=_TEXT,
    area_m2=_NUMBER,
    capacity=_WHOLE,
    opening_hours=_TEXT,
    office_phone=_TEXT,
    services=_WORDS,
    operator=_TEXT,
    brand_tags=_WORDS,
    tour_text=_TEXT,
    surveyed_on=_DAY,
    source=_TEXT,
)
_SERVICE_POINT = _PUBLIC_SERVICE_POINT + _fields(grid_code=_TEXT, visibility=_TEXT, accuracy_class=_TEXT)
# No reporter, no responsible person: an issue leaves as a matter, not as somebody's.
_ISSUE = _fields(
    number=_TEXT,
    state=_TEXT,
    category_code=_TEXT,
    category_name=_TEXT,
    description=_TEXT,
    address_text=_TEXT,
    captured_at=_INSTANT,
    received_at=_INSTANT,
    closed_at=_INSTANT,
    community_code=_TEXT,
    area_code=_TEXT,
    zone_code=_TEXT,
    rating=_WHOLE,
    source=_TEXT,
)


def _staff(
    name: str,
    shape: Shape,
    fields: tuple[FeatureField, ...],
    *,
    versions: tuple[str, ...],
    level: str | None = None,
    time: Time = Time.NONE,
    action: Action = Action.SEE_STAFF_LAYERS,
) -> Collection:
    return Collection(
        id=f"staff_{name}",
        layer="areas" if level else name,
        level=level,
        is_public=False,
        shape=shape,
        fields=fields,
        time=time,
        versions=versions,
        action=action,
    )


def _public(staff: Collection, fields: tuple[FeatureField, ...] | None = None) -> Collection:
    """The public's collection of the same things."""
    return replace(
        staff,
        id=staff.id.removeprefix("staff_"),
        is_public=True,
        fields=fields or staff.fields,
        action=Action.SEE_PUBLIC_MAP,
    )


_STAFF_AREAS = tuple(
    _staff(name, Shape.POLYGON, _AREA, versions=("areas",), level=level, time=Time.VALIDITY)
    for name, level in (
        ("subdistricts", "subdistrict"),
        ("communities", "community"),
        ("grids", "grid"),
        ("micro_grids", "micro_grid"),
    )
)
_ZONES = _staff("zones", Shape.POLYGON, _ZONE, versions=("zones", "areas"), time=Time.VALIDITY)
_COMPOUNDS = _staff("compounds", Shape.POLYGON, _COMPOUND, versions=("compounds",))
_BUILDINGS = _staff("buildings", Shape.POLYGON, _BUILDING, versions=("buildings", "compounds", "areas"))
_STREETS = _staff("streets", Shape.LINE, _STREET, versions=("streets",))
_SERVICE_POINTS = _staff("service_points", Shape.POINT, _SERVICE_POINT, versions=("service_points",))
# A pin raises no version of its layer, so a copy of issues is never taken for fresh.
_ISSUES = _staff("issues", Shape.POINT, _ISSUE, versions=(), time=Time.INSTANT, action=Action.SEE_ISSUES)

COLLECTIONS: Mapping[str, Collection] = {
    each.id: each
    for each in (
        *(_public(areas) for areas in _STAFF_AREAS),
        _public(_COMPOUNDS),
        _public(_BUILDINGS, _PUBLIC_BUILDING),
        _public(_STREETS),
        _public(_SERVICE_POINTS, _PUBLIC_SERVICE_POINT),
        *_STAFF_AREAS,
        _ZONES,
        _COMPOUNDS,
        _BUILDINGS,
        _STREETS,
        _SERVICE_POINTS,
        _ISSUES,
    )
}
"""Every collection by its id, the public ones first."""

LAYERS = tuple(dict.fromkeys(each.layer for each in COLLECTIONS.values()))
"""The layers that can leave: those of imports, and what else is on the map."""


def visible_collections(actor: Actor) -> tuple[Collection, ...]:
    """The collections that an actor may see at all; how much of each is a matter of the actor's areas."""
    return tuple(each for each in COLLECTIONS.values() if can(actor, each.action))


def find_collection(actor: Actor, collection_id: str) -> Collection:
    """A collection by its id.

    Raises
    ------
    NotFound
        There is none, or none that this actor may know of.
    """
    found = COLLECTIONS.get(collection_id)
    if found is None or not can(actor, found.action):
        raise NotFound(what="collection", id=collection_id[:60])
    return found


def collection_of(layer: str, level: str | None, *, is_public: bool) -> Collection:
    """The collection of a layer (areas: of a level) for the public or for staff.

    Raises
    ------
    InvalidInput
        There is no such layer or level, or it is not public.
    """
    of_layer = [each for each in COLLECTIONS.values() if each.layer == layer and each.is_public == is_public]
    if not of_layer:
        raise InvalidInput(field="layer", reason="unknown")
    if of_layer[0].level is None:
        return of_layer[0]
    if not level:
        raise InvalidInput(field="level", reason="required")
    found = next((each for each in of_layer if each.level == level), None)
    if found is None:
        raise InvalidInput(field="level", reason="unknown")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTable:
    """The features of a collection, ready to be written: one row of cells and one geometry for each.

    ``geometry`` is WKB in WGS-84 longitude and latitude.
    """

    collection: Collection
    rows: Sequence[tuple[CellValue, ...]]
    geometry: Sequence[bytes]
