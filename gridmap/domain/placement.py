"""Which areas and which zone a point belongs to.

Pure: the candidates come from one SQL statement (``gridmap.storage.routing``), whatever the number of areas.
Everything below is decided by stated orders, so that the same point under the same map always gives the same
answer:

* An area (or zone) that holds the point in its interior goes before one that has it on its edge; among equals
  the lowest scheme, then the lowest code wins. A point on a shared edge or corner thus has exactly one owner.
* The finest level that holds the point decides; the coarser ones are its parents.
* Hair cracks between imported polygons (up to :data:`CRACK_M`) count as an edge.
* Outside everything, the nearest area answers for the point or it is refused, by :class:`OutsidePolicy`.

Who answers for the ground that was found is the matter of ``gridmap.domain.routing``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput

NEAR_BOUNDARY_M = 15.0
"""Within this distance of a boundary both sides are offered (ux G1-zone)."""

CRACK_M = 0.5
"""Gaps narrower than this are drawing faults, not unowned ground."""

_FINE_TO_COARSE = tuple(reversed(AreaLevel))


class Match(StrEnum):
    """How the point lies to the area that it was given to."""

    INSIDE = "inside"
    SHARED_EDGE = "shared_edge"
    NEAREST = "nearest"
    NONE = "none"


class OutsidePolicy(StrEnum):
    """What to do with a point that no area holds."""

    NEAREST = "nearest"
    REFUSE = "refuse"


class MapWarning(StrEnum):
    """What the keeper of the map should put right."""

    OVERLAPPING_AREAS = "overlapping_areas"
    OVERLAPPING_ZONES = "overlapping_zones"
    PERSON_INACTIVE = "person_inactive"
    NOBODY_RESPONSIBLE = "nobody_responsible"


class OutsideEveryGrid(InvalidInput):
    """The point lies in no grid, and none is near enough to answer for it."""

    code = "issue.outside_every_grid"

    def __init__(self, *, location: LonLat, nearest_m: float | None) -> None:
        super().__init__(
            field="location",
            reason="outside_every_grid",
            lon_deg=location.lon_deg,
            lat_deg=location.lat_deg,
            nearest_m=None if nearest_m is None else round(nearest_m),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCandidate:
    """An area of a current scheme that holds the point or is near it.

    ``distance_m`` is 0 when the point is inside or on the edge; ``is_interior`` is False on the edge.
    """

    id: int
    scheme_id: int
    level: AreaLevel
    code: str
    name: str
    parent_id: int | None
    distance_m: float
    is_interior: bool
    name_en: str | None = None
    office_phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCandidate:
    """A responsibility zone that holds the point or is near it."""

    code: str
    name: str
    distance_m: float
    is_interior: bool
    name_en: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A zone or micro-grid within :data:`NEAR_BOUNDARY_M`, offered beside the point's own."""

    kind: str
    code: str
    name: str
    name_en: str | None
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The areas and the zone of a point.

    When ``match`` is NEAREST the point lies in none of ``areas``: they answer for it all the same.
    """

    match: Match
    scheme_id: int | None
    areas: dict[AreaLevel, AreaCandidate]
    zone: ZoneCandidate | None
    near_boundary: tuple[Neighbour, ...] = ()
    warnings: tuple[MapWarning, ...] = ()

    def code(self, level: AreaLevel) -> str | None:
        """Give the code of the area of one level that holds the point; None outside."""
        if self.match is Match.NEAREST or level not in self.areas:
            return None
        return self.areas[level].code

    @property
    def area_code(self) -> str:
        """Give the finest code that answers for the point: the key by which scopes see it; '' for none."""
        return next((self.areas[level].code for level in _FINE_TO_COARSE if level in self.areas), "")

    @property
    def zone_code(self) -> str | None:
        """Give the code of the zone that holds the point."""
        return None if self.zone is None else self.zone.code


def place(
    location: LonLat,
    *,
    areas: Sequence[AreaCandidate],
    zones: Sequence[ZoneCandidate],
    policy: OutsidePolicy,
    outside_max_m: float,
) -> Placement:
    """Find the areas and the zone of a point among the candidates.

    Parameters
    ----------
    location : WGS-84; only named in the error
    areas, zones : every current one that holds the point, and the near ones with their distance in metres
    policy, outside_max_m : what to do outside every area, and how far the nearest may be

    Raises
    ------
    OutsideEveryGrid
        No area holds the point, and the policy refuses or none is within ``outside_max_m``.
    """
    holding = _holding(areas)
    warnings: list[MapWarning] = []
    if holding:
        winner = _finest(holding)
        interior = [area for area in holding if area.is_interior]
        match = Match.INSIDE if winner.is_interior else Match.SHARED_EDGE
        if any(_overlaps(area, other) for area in interior for other in interior):
            warnings.append(MapWarning.OVERLAPPING_AREAS)
        chosen = _with_parents(winner, areas, same_match=holding)
    else:
        winner = _nearest(areas)
        if policy is OutsidePolicy.REFUSE or winner is None or winner.distance_m > outside_max_m:
            raise OutsideEveryGrid(location=location, nearest_m=None if winner is None else winner.distance_m)
        match = Match.NEAREST
        chosen = _with_parents(winner, areas, same_match=areas)
    if sum(1 for candidate in zones if candidate.is_interior) > 1:
        warnings.append(MapWarning.OVERLAPPING_ZONES)
    return Placement(
        match=match,
        scheme_id=winner.scheme_id,
        areas=chosen,
        zone=_zone(zones),
        near_boundary=_near_boundary(areas, zones, winner),
        warnings=tuple(warnings),
    )


def nobody_there() -> Placement:
    """Give the placement of a point that belongs to no area and no zone."""
    return Placement(match=Match.NONE, scheme_id=None, areas={}, zone=None)


def _holding(areas: Sequence[AreaCandidate]) -> list[AreaCandidate]:
    """Take the areas that hold the point; at a level where none does, those it falls short of by a crack.

    A crack inside a parent that holds the point belongs to a child of that parent, never to a neighbour's.
    """
    holding: list[AreaCandidate] = []
    for level in AreaLevel:
        here = [area for area in areas if area.level is level]
        holders = [area for area in here if area.distance_m == 0]
        if not holders:
            parents = {area.id for area in holding}
            holders = [
                area
                for area in here
                if area.distance_m <= CRACK_M and (not holding or area.parent_id in parents)
            ]
        holding += holders
    return holding


def _order(candidate: AreaCandidate) -> tuple[int, bool, int, str]:
    return (
        _FINE_TO_COARSE.index(candidate.level),
        not candidate.is_interior,
        candidate.scheme_id,
        candidate.code,
    )


def _finest(areas: Sequence[AreaCandidate]) -> AreaCandidate:
    return min(areas, key=_order)


def _nearest(areas: Sequence[AreaCandidate]) -> AreaCandidate | None:
    # Nested levels share their outer edge, hence the same distance up to rounding: compare millimetres.
    return min(areas, key=lambda area: (round(area.distance_m, 3), *_order(area)), default=None)


def _with_parents(
    winner: AreaCandidate, areas: Sequence[AreaCandidate], *, same_match: Sequence[AreaCandidate]
) -> dict[AreaLevel, AreaCandidate]:
    """Take the winner and its parents; where the chain of parents breaks, the level's own winner."""
    by_id = {area.id: area for area in areas}
    chosen = {winner.level: winner}
    parent = by_id.get(winner.parent_id) if winner.parent_id is not None else None
    while parent is not None and parent.level not in chosen:
        chosen[parent.level] = parent
        parent = by_id.get(parent.parent_id) if parent.parent_id is not None else None
    for level in _FINE_TO_COARSE[_FINE_TO_COARSE.index(winner.level) + 1 :]:
        same_level = [
            area for area in same_match if area.level is level and area.scheme_id == winner.scheme_id
        ]
        if level not in chosen and same_level:
            chosen[level] = min(same_level, key=lambda area: (round(area.distance_m, 3), *_order(area)))
    return chosen


def _overlaps(area: AreaCandidate, other: AreaCandidate) -> bool:
    return area.id != other.id and (area.scheme_id, area.level) == (other.scheme_id, other.level)


def _zone(zones: Sequence[ZoneCandidate]) -> ZoneCandidate | None:
    holding = [zone for zone in zones if zone.distance_m == 0] or [
        zone for zone in zones if zone.distance_m <= CRACK_M
    ]
    return min(holding, key=lambda zone: (not zone.is_interior, zone.code), default=None)


def _near_boundary(
    areas: Sequence[AreaCandidate], zones: Sequence[ZoneCandidate], winner: AreaCandidate
) -> tuple[Neighbour, ...]:
    """List the finest areas and the zones within reach, when there are two or more of a kind."""
    near: list[Neighbour] = []
    cells = [
        area
        for area in areas
        if (area.level, area.scheme_id) == (winner.level, winner.scheme_id)
        and area.distance_m <= NEAR_BOUNDARY_M
    ]
    near_zones = [zone for zone in zones if zone.distance_m <= NEAR_BOUNDARY_M]
    if len(near_zones) > 1:
        near += [_neighbour("zone", zone) for zone in near_zones]
    if len(cells) > 1:
        near += [_neighbour(winner.level.value, cell) for cell in cells]
    return tuple(sorted(near, key=lambda one: (one.kind != "zone", one.distance_m, one.code)))


def _neighbour(kind: str, candidate: AreaCandidate | ZoneCandidate) -> Neighbour:
    return Neighbour(
        kind=kind,
        code=candidate.code,
        name=candidate.name,
        name_en=candidate.name_en,
        distance_m=candidate.distance_m,
    )
