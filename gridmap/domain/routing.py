"""Which areas and which people a point belongs to, and why.

Pure: the candidates come from one SQL statement, the assignments from another (``gridmap.queries.at_point``),
whatever the number of areas. Everything below is decided by stated orders, so that the same point under the
same map always gives the same answer:

* An area (or zone) that holds the point in its interior goes before one that has it on its edge; among equals
  the lowest scheme, then the lowest code wins. A point on a shared edge or corner thus has exactly one owner.
* The finest level that holds the point decides; the coarser ones are its parents.
* Hair cracks between imported polygons (up to :data:`CRACK_M`) count as an edge.
* Outside everything, the nearest area answers for the point or it is refused, by :class:`OutsidePolicy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput

NEAR_BOUNDARY_M = 15.0
"""Within this distance of a boundary both sides are offered (ux G1-zone)."""

CRACK_M = 0.5
"""Gaps narrower than this are drawing faults, not unowned ground."""


class AreaLevel(StrEnum):
    """The levels of a grid scheme, coarse to fine; the values are those of ``area.level``."""

    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"
    MICRO_GRID = "micro_grid"


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


class Post(StrEnum):
    """The posts that answer for ground, in no order; the values are those of ``assignment.role``."""

    ZONE_RESPONSIBLE = "zone_responsible"
    MICRO_GRID_LEADER = "micro_grid_leader"
    GRID_WORKER = "grid_worker"
    GRID_LEADER = "grid_leader"
    COMMUNITY_SECRETARY = "community_secretary"
    SUBDISTRICT_OFFICER = "subdistrict_officer"


class Reason(StrEnum):
    """Why somebody, or nobody, stands at a place of the chain."""

    OWN_ZONE = "own_zone"
    OWN_AREA = "own_area"
    NEAREST_AREA = "nearest_area"
    STAND_IN = "stand_in"
    TERRITORIAL_FALLBACK = "territorial_fallback"
    NOBODY_ASSIGNED = "nobody_assigned"
    PERSON_INACTIVE = "person_inactive"


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
class Assignment:
    """A post that somebody holds in an area or a zone; ``valid_to`` is the first day it no longer holds.

    ``stand_in_to`` is the last day of the stand-in; None means until further notice.
    """

    id: int
    post: Post
    person_id: int
    person_is_active: bool
    valid_from: date
    valid_to: date | None = None
    area_code: str | None = None
    zone_code: str | None = None
    stand_in_person_id: int | None = None
    stand_in_is_active: bool = False
    stand_in_from: date | None = None
    stand_in_to: date | None = None

    def is_held_on(self, day: date) -> bool:
        """Say whether the post is held on that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def has_stand_in_on(self, day: date) -> bool:
        """Say whether somebody stands in on that day."""
        return (
            self.stand_in_person_id is not None
            and self.stand_in_from is not None
            and self.stand_in_from <= day
            and (self.stand_in_to is None or day <= self.stand_in_to)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """One place in the chain of responsible people; ``person_id`` None: nobody, and ``reason`` says why.

    ``skipped_person_ids`` hold the post but are no longer active: somebody should say who follows them.
    """

    post: Post
    area_code: str | None
    zone_code: str | None
    person_id: int | None
    reason: Reason
    skipped_person_ids: tuple[int, ...] = ()

    def to_payload(self) -> dict[str, object]:
        """Give the link as ``issue.routing`` keeps it."""
        return {
            "role": self.post.value,
            "person_id": self.person_id,
            "area_code": self.area_code,
            "zone_code": self.zone_code,
            "reason": self.reason.value,
            "skipped_person_ids": list(self.skipped_person_ids),
        }


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingDecision:
    """Where a point belongs and who answers for it, finest first, each with the reason."""

    placement: Placement
    chain: tuple[ChainLink, ...]
    warnings: tuple[MapWarning, ...] = field(default=())

    @property
    def responsible(self) -> ChainLink | None:
        """Give the first place in the chain that somebody fills."""
        return next((link for link in self.chain if link.person_id is not None), None)

    @property
    def responsible_person_id(self) -> int | None:
        """Give the person who answers first."""
        return None if self.responsible is None else self.responsible.person_id

    def to_payload(self) -> dict[str, object]:
        """Give the decision as ``issue.routing`` and the event keep it."""
        placement = self.placement
        return {
            "match": placement.match.value,
            "area_code": placement.area_code,
            "zone_code": placement.zone_code,
            "chain": [link.to_payload() for link in self.chain],
            "warnings": [warning.value for warning in self.warnings],
        }


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


def route(placement: Placement, assignments: Iterable[Assignment], *, today: date) -> RoutingDecision:
    """Build the chain of responsible people of a placement.

    Each place of the chain is one post, or the posts of one kind (a grid's worker before its leader). Of
    several people in one post the oldest assignment, then the lowest id, goes first. A post without an active
    person keeps its place and says why; the next one then answers, by territory.
    """
    held = sorted(
        (assignment for assignment in assignments if assignment.is_held_on(today)),
        key=lambda assignment: (assignment.valid_from, assignment.id),
    )
    chain: list[ChainLink] = []
    for posts, area_code, zone_code in _places(placement):
        candidates = [
            assignment
            for post in posts
            for assignment in held
            if assignment.post is post
            and (
                assignment.zone_code == zone_code
                if zone_code is not None
                else assignment.area_code == area_code
            )
        ]
        somebody_before = any(link.person_id is not None for link in chain)
        is_fallback = bool(chain) and not somebody_before
        chain.append(
            _link(
                posts[0],
                candidates,
                area_code=area_code,
                zone_code=zone_code,
                today=today,
                reason=_filled_reason(
                    placement.match, is_zone=zone_code is not None, is_fallback=is_fallback
                ),
            )
        )
    warnings = placement.warnings
    if any(link.skipped_person_ids for link in chain):
        warnings = (*warnings, MapWarning.PERSON_INACTIVE)
    if all(link.person_id is None for link in chain):
        warnings = (*warnings, MapWarning.NOBODY_RESPONSIBLE)
    return RoutingDecision(placement=placement, chain=tuple(chain), warnings=warnings)


_AREA_POSTS: tuple[tuple[AreaLevel, tuple[Post, ...]], ...] = (
    (AreaLevel.MICRO_GRID, (Post.MICRO_GRID_LEADER,)),
    (AreaLevel.GRID, (Post.GRID_WORKER, Post.GRID_LEADER)),
    (AreaLevel.COMMUNITY, (Post.COMMUNITY_SECRETARY,)),
    (AreaLevel.SUBDISTRICT, (Post.SUBDISTRICT_OFFICER,)),
)


def _places(placement: Placement) -> list[tuple[tuple[Post, ...], str | None, str | None]]:
    places: list[tuple[tuple[Post, ...], str | None, str | None]] = []
    if placement.zone is not None:
        places.append(((Post.ZONE_RESPONSIBLE,), None, placement.zone.code))
    places += [
        (posts, placement.areas[level].code, None) for level, posts in _AREA_POSTS if level in placement.areas
    ]
    return places


def _filled_reason(match: Match, *, is_zone: bool, is_fallback: bool) -> Reason:
    if is_fallback:
        return Reason.TERRITORIAL_FALLBACK
    if is_zone:
        return Reason.OWN_ZONE
    return Reason.NEAREST_AREA if match is Match.NEAREST else Reason.OWN_AREA


def _link(
    default_post: Post,
    candidates: Sequence[Assignment],
    *,
    area_code: str | None,
    zone_code: str | None,
    today: date,
    reason: Reason,
) -> ChainLink:
    skipped: list[int] = []
    person_id: int | None = None
    post = candidates[0].post if candidates else default_post
    for assignment in candidates:
        if assignment.has_stand_in_on(today) and assignment.stand_in_is_active:
            post, person_id, reason = assignment.post, assignment.stand_in_person_id, Reason.STAND_IN
            break
        if assignment.person_is_active:
            post, person_id = assignment.post, assignment.person_id
            break
        skipped.append(assignment.person_id)
    if person_id is None:
        reason = Reason.PERSON_INACTIVE if candidates else Reason.NOBODY_ASSIGNED
    return ChainLink(
        post=post,
        area_code=area_code,
        zone_code=zone_code,
        person_id=person_id,
        reason=reason,
        skipped_person_ids=tuple(skipped),
    )


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
