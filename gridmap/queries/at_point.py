"""谁负责这里: the areas, the zone and the people of a point, as far as the actor may know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.contact import sees_mobile, sees_name
from gridmap.domain.coordinates import LonLat
from gridmap.domain.permissions import Action, Actor, can
from gridmap.domain.placement import (
    Match,
    Neighbour,
    OutsideEveryGrid,
    OutsidePolicy,
    Placement,
    nobody_there,
    place,
)
from gridmap.domain.routing import Assignment, ChainLink, route
from gridmap.storage.routing import PersonCard, Posts, find_candidates, find_posts


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaHere:
    """An area that answers for the point."""

    level: str
    code: str
    name: str
    name_en: str | None
    office_phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneHere:
    """The responsibility zone that holds the point."""

    code: str
    name: str
    name_en: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonHere:
    """Somebody of the chain. ``name`` is None for visitors, unless the person agreed to be named to all."""

    role: str
    reason: str
    area_code: str | None
    zone_code: str | None
    area_name: str | None
    name: str | None
    name_en: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VacantPost:
    """A place of the chain that nobody fills, and why."""

    role: str
    reason: str
    area_code: str | None
    zone_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPoint:
    """What is at a point; ``areas`` coarse to fine, ``responsible`` in the order in which they answer."""

    match: str
    areas: tuple[AreaHere, ...]
    zone: ZoneHere | None
    responsible: tuple[PersonHere, ...]
    vacant: tuple[VacantPost, ...]
    near_boundary: tuple[Neighbour, ...]
    warnings: tuple[str, ...]


def at_point(
    session: Session,
    actor: Actor,
    location: LonLat,
    *,
    policy: OutsidePolicy,
    outside_max_m: float,
    day: date,
    today: date,
) -> AtPoint:
    """Find what answers, or answered on an earlier day, for a point, in two statements.

    Parameters
    ----------
    location : WGS-84
    policy, outside_max_m : as for pins, so that the answer is what a pin would get; where a pin would be
        refused, ``match`` is ``none`` and nobody answers
    day : whose areas, zones, posts and stand-ins count
    today : who has left since an earlier ``day`` answered all the same then
    """
    candidates = find_candidates(session, location, day=day)
    try:
        placement = place(
            location,
            areas=candidates.areas,
            zones=candidates.zones,
            policy=policy,
            outside_max_m=outside_max_m,
        )
    except OutsideEveryGrid:
        placement = nobody_there()
    posts = (
        Posts(assignments=(), people={})
        if placement.match is Match.NONE
        else find_posts(session, placement, day=day)
    )
    assignments = posts.assignments if day >= today else tuple(map(_as_then, posts.assignments))
    decision = route(placement, assignments, today=day)
    knows_names = can(actor, Action.SEE_PEOPLE)
    return AtPoint(
        match=placement.match.value,
        areas=tuple(
            AreaHere(
                level=level.value,
                code=area.code,
                name=area.name,
                name_en=area.name_en,
                office_phone=area.office_phone,
            )
            for level in AreaLevel
            if (area := placement.areas.get(level)) is not None
        ),
        zone=None
        if placement.zone is None
        else ZoneHere(code=placement.zone.code, name=placement.zone.name, name_en=placement.zone.name_en),
        responsible=tuple(
            _person(actor, placement, link, posts.people[link.person_id])
            for link in decision.chain
            if link.person_id is not None
        ),
        vacant=tuple(
            VacantPost(
                role=link.post.value,
                reason=link.reason.value,
                area_code=link.area_code,
                zone_code=link.zone_code,
            )
            for link in decision.chain
            if link.person_id is None
        )
        if knows_names
        else (),
        near_boundary=placement.near_boundary,
        warnings=tuple(warning.value for warning in decision.warnings) if knows_names else (),
    )


def _as_then(assignment: Assignment) -> Assignment:
    """A post of a day gone by: that somebody has left since does not matter."""
    return replace(assignment, person_is_active=True, stand_in_is_active=True)


def visible_phone(
    actor: Actor, person: PersonCard, *, area_code: str, office_phone: str | None
) -> str | None:
    """Choose the number that the actor may call: the person's own mobile, else the office's."""
    may_call = sees_mobile(actor, mobile_is_public=person.mobile_is_public, area_code=area_code)
    return person.mobile_phone if person.mobile_phone and may_call else office_phone


def _person(actor: Actor, placement: Placement, link: ChainLink, person: PersonCard) -> PersonHere:
    # 谁负责这里 names people to all staff: who works at the edge of an area asks across it.
    is_named = sees_name(actor, name_is_public=person.name_is_public, area_code=None)
    own = next((area for area in placement.areas.values() if area.code == link.area_code), placement.zone)
    return PersonHere(
        role=link.post.value,
        reason=link.reason.value,
        area_code=link.area_code,
        zone_code=link.zone_code,
        area_name=None if own is None else own.name,
        name=person.name if is_named else None,
        name_en=person.name_en if is_named else None,
        phone=visible_phone(
            actor, person, area_code=placement.area_code, office_phone=_office_phone(placement, link)
        ),
    )


def _office_phone(placement: Placement, link: ChainLink) -> str | None:
    """Give the number of the link's own area's office, else of the next coarser one that has a number."""
    levels = list(AreaLevel)
    own = next((level for level, area in placement.areas.items() if area.code == link.area_code), levels[-1])
    for level in reversed(levels[: levels.index(own) + 1]):
        area = placement.areas.get(level)
        if area is not None and area.office_phone:
            return area.office_phone
    return None
