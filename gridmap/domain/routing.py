"""Who answers for a point, and why: the chain of responsible people of a placement.

Pure: the assignments come from one SQL statement (``gridmap.storage.routing``). The order is stated, so that
the same placement and the same posts always give the same chain: the zone first, then the areas from fine to
coarse, and within a post the one who has held it longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.placement import MapWarning, Match, Placement


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
