"""Posts (岗位) held for a time on a ground: how they are given, handed over, covered and given back.

Pure: a command and the tenures that are stored become a :class:`Plan`, the tenures as they will be. Nothing
here reads a clock or a database. Days are those of the office. ``valid_to`` is the first day on which a post
is no longer held; the last day of a stand-in is its last day of work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from gridmap.domain.area_codes import AreaLevel, level_of
from gridmap.domain.errors import Conflict, DomainError, InvalidInput, NotAllowed
from gridmap.domain.permissions import Action, Actor, Role, check

DAY_REACH = timedelta(days=366)
"""A change may take effect so far back (a correction) or ahead."""

_DAY = timedelta(days=1)


class PostRole(StrEnum):
    """Every post; the values are those of ``assignment.role``."""

    SUBDISTRICT_SECRETARY = "subdistrict_secretary"
    SUBDISTRICT_OFFICER = "subdistrict_officer"
    COMMUNITY_SECRETARY = "community_secretary"
    COMMUNITY_CADRE = "community_cadre"
    GRID_LEADER = "grid_leader"
    GRID_WORKER = "grid_worker"
    MICRO_GRID_LEADER = "micro_grid_leader"
    ZONE_RESPONSIBLE = "zone_responsible"
    POLICE_OFFICER = "police_officer"
    PROPERTY_MANAGER = "property_manager"


class GroundKind(StrEnum):
    """What a post is held for."""

    AREA = "area"
    ZONE = "zone"


@dataclass(frozen=True, slots=True, order=True)
class Ground:
    """An area or a responsibility zone, by its code."""

    kind: GroundKind
    code: str


ROLES_OF_LEVEL: Mapping[AreaLevel, tuple[PostRole, ...]] = MappingProxyType(
    {
        AreaLevel.SUBDISTRICT: (PostRole.SUBDISTRICT_SECRETARY, PostRole.SUBDISTRICT_OFFICER),
        AreaLevel.COMMUNITY: (
            PostRole.COMMUNITY_SECRETARY,
            PostRole.COMMUNITY_CADRE,
            PostRole.POLICE_OFFICER,
            PostRole.PROPERTY_MANAGER,
        ),
        AreaLevel.GRID: (
            PostRole.GRID_WORKER,
            PostRole.GRID_LEADER,
            PostRole.POLICE_OFFICER,
            PostRole.PROPERTY_MANAGER,
        ),
        AreaLevel.MICRO_GRID: (PostRole.MICRO_GRID_LEADER,),
    }
)
"""Which posts there are on an area of each level."""

ANSWERING_ROLES: Mapping[AreaLevel, tuple[PostRole, ...]] = MappingProxyType(
    {
        AreaLevel.SUBDISTRICT: (PostRole.SUBDISTRICT_OFFICER,),
        AreaLevel.COMMUNITY: (PostRole.COMMUNITY_SECRETARY,),
        AreaLevel.GRID: (PostRole.GRID_WORKER, PostRole.GRID_LEADER),
        AreaLevel.MICRO_GRID: (PostRole.MICRO_GRID_LEADER,),
    }
)
"""The posts of which one has to be filled, so that somebody answers for the area itself (as in routing)."""

BELOW_COMMUNITY = frozenset(
    {
        PostRole.GRID_LEADER,
        PostRole.GRID_WORKER,
        PostRole.MICRO_GRID_LEADER,
        PostRole.ZONE_RESPONSIBLE,
    }
)
"""What a community's secretary may give and take; the others are the subdistrict's."""


def roles_for(ground: Ground) -> tuple[PostRole, ...]:
    """Which posts there are on a ground.

    Raises
    ------
    InvalidAreaCode
        An area with a code of no level.
    """
    if ground.kind is GroundKind.ZONE:
        return (PostRole.ZONE_RESPONSIBLE,)
    return ROLES_OF_LEVEL[level_of(ground.code)]


def answering_roles(ground: Ground) -> tuple[PostRole, ...]:
    """Which posts answer for a ground: with all of them empty it has no responsible person."""
    if ground.kind is GroundKind.ZONE:
        return (PostRole.ZONE_RESPONSIBLE,)
    return ANSWERING_ROLES[level_of(ground.code)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Somebody who does the work of a post; ``last_day`` None: until further notice."""

    person_id: int
    first_day: date
    last_day: date | None = None

    def covers(self, day: date) -> bool:
        """Say whether the stand-in works on that day."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """A post that somebody holds; ``id`` None: not stored yet. ``version`` is the row's."""

    id: int | None
    person_id: int
    role: PostRole
    ground: Ground
    valid_from: date
    valid_to: date | None = None
    organisation_code: str | None = None
    stand_ins: tuple[StandIn, ...] = ()
    version: int = 0

    def is_held_on(self, day: date) -> bool:
        """Say whether the post is held on that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def worker_on(self, day: date) -> int | None:
        """Give the person who does the work on that day: the stand-in or the holder."""
        if not self.is_held_on(day):
            return None
        return next((one.person_id for one in self.stand_ins if one.covers(day)), self.person_id)

    def ended(self, day: date) -> Tenure | None:
        """Give the tenure that ends before ``day``; None when nothing of it would be left."""
        if day <= self.valid_from:
            return None
        last = day - _DAY
        kept = tuple(
            replace(one, last_day=last if one.last_day is None else min(one.last_day, last))
            for one in self.stand_ins
            if one.first_day <= last
        )
        return replace(self, valid_to=day, stand_ins=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureChange:
    """A tenure before and after; None before: it is new, None after: it never took effect and goes."""

    before: Tenure | None
    after: Tenure | None

    @property
    def ground(self) -> Ground:
        """Give the ground that it is about."""
        return self._one.ground

    @property
    def role(self) -> PostRole:
        """Give the post that it is about."""
        return self._one.role

    @property
    def person_ids(self) -> frozenset[int]:
        """Give the holders before and after."""
        return frozenset(each.person_id for each in (self.before, self.after) if each is not None)

    @property
    def _one(self) -> Tenure:
        one = self.before or self.after
        if one is None:
            raise ValueError("a change of nothing")
        return one


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command will do, and the first day on which anything is different."""

    action: str
    day: date
    changes: tuple[TenureChange, ...]
    left_person_id: int | None = None
    """Somebody who leaves: no longer to be given any post."""
    returned_person_id: int | None = None
    """Somebody whose leaving is undone."""
    later_days: tuple[date, ...] = field(default=())
    """Further days on which who answers changes by itself: a stand-in begins or ends, a term ends."""

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """The grounds that it touches, sorted."""
        return tuple(sorted({change.ground for change in self.changes}))


class PostRefused(InvalidInput):
    """A change of posts that makes no sense; ``reason`` says why. Nothing was changed."""

    code = "posts.refused"

    def __init__(self, *, reason: str, field: str = "posts", **params: object) -> None:
        super().__init__(field=field, reason=reason, **params)


class PostsChanged(Conflict):
    """Somebody else changed one of these posts since the editor looked at it."""

    code = "posts.changed"


class OwnPost(NotAllowed):
    """Nobody but an administrator gives, takes or ends a post of their own."""

    code = "posts.own"


class GroundLeftVacant(DomainError):
    """Areas or zones would have no responsible person; each has to be confirmed by its name."""

    code = "posts.leaves_vacant"

    def __init__(self, grounds: Sequence[Ground]) -> None:
        self.grounds = tuple(grounds)
        super().__init__(count=len(self.grounds), codes=", ".join(ground.code for ground in grounds))


def check_may_manage(actor: Actor, change: TenureChange, *, area_code: str) -> None:
    """Stop here unless the actor may make this change.

    Parameters
    ----------
    area_code : where the ground lies: the area's own code, a zone's community

    Raises
    ------
    OwnPost, NotSignedIn, NotAllowed
    """
    check(actor, Action.MANAGE_POSTS, area_code)
    if actor.role in (Role.ADMIN, Role.SYSTEM):
        return
    if actor.role is Role.COMMUNITY_SECRETARY and change.role not in BELOW_COMMUNITY:
        raise NotAllowed(reason="post", action=Action.MANAGE_POSTS.value, role=actor.role.value)
    if actor.person_id is not None and actor.person_id in change.person_ids:
        raise OwnPost(reason="own_post", action=Action.MANAGE_POSTS.value, role=actor.role.value)


def check_day(day: date, *, today: date, name: str = "day") -> None:
    """Stop here unless a change may take effect on that day.

    Raises
    ------
    InvalidInput
    """
    if abs(day - today) > DAY_REACH:
        raise InvalidInput(
            field=name,
            reason="day_too_far",
            earliest=(today - DAY_REACH).isoformat(),
            latest=(today + DAY_REACH).isoformat(),
        )


def give(
    held: Iterable[Tenure],
    *,
    person_id: int,
    role: PostRole,
    ground: Ground,
    from_day: date,
    to_day: date | None = None,
    organisation_code: str | None = None,
) -> Plan:
    """Give somebody a post from a day, perhaps only until another (the first day no longer).

    ``held`` are the tenures of the ground.

    Raises
    ------
    PostRefused
        ``post_of_other_ground``, ``ends_before_it_begins``, ``already_held``.
    """
    if role not in roles_for(ground):
        raise PostRefused(reason="post_of_other_ground", field="role")
    if to_day is not None and to_day <= from_day:
        raise PostRefused(reason="ends_before_it_begins", field="to_day")
    made = Tenure(
        id=None,
        person_id=person_id,
        role=role,
        ground=ground,
        valid_from=from_day,
        valid_to=to_day,
        organisation_code=organisation_code,
    )
    if any(_same_post(one, made) and _overlap(one, made) for one in held):
        raise PostRefused(reason="already_held", field="person_id")
    return Plan(
        action="given",
        day=from_day,
        changes=(TenureChange(before=None, after=made),),
        later_days=() if to_day is None else (to_day,),
    )


def end(tenures: Sequence[Tenure], *, day: date) -> Plan:
    """End posts: from ``day`` on they are no longer held. One that would begin then or later never begins.

    Raises
    ------
    PostRefused
        ``nothing_chosen``, ``ended_already``.
    """
    _check_running(tenures, day)
    return Plan(
        action="ended",
        day=day,
        changes=tuple(TenureChange(before=one, after=one.ended(day)) for one in tenures),
    )


def hand_over(
    tenures: Sequence[Tenure], held: Iterable[Tenure], *, to_person_id: int, from_day: date
) -> Plan:
    """Hand posts over from their holders to somebody else; who holds one of them already takes no second.

    ``held`` are the tenures of the same grounds.

    Raises
    ------
    PostRefused
        ``nothing_chosen``, ``ended_already``, ``same_person``.
    """
    _check_running(tenures, from_day)
    others = tuple(held)
    changes: list[TenureChange] = []
    for one in tenures:
        if one.person_id == to_person_id:
            raise PostRefused(reason="same_person", field="to_person_id")
        begin = max(from_day, one.valid_from)
        made = replace(one, id=None, person_id=to_person_id, valid_from=begin, stand_ins=(), version=0)
        changes.append(TenureChange(before=one, after=one.ended(from_day)))
        if not any(_same_post(other, made) and _overlap(other, made) for other in others):
            changes.append(TenureChange(before=None, after=made))
    return Plan(action="handed_over", day=from_day, changes=tuple(changes))


def stand_in(tenures: Sequence[Tenure], *, person_id: int, first_day: date, last_day: date | None) -> Plan:
    """Let somebody do the work of posts while their holders are away (请假 … 代班人).

    Raises
    ------
    PostRefused
        ``nothing_chosen``, ``ends_before_it_begins``, ``same_person``, ``outside_the_term``,
        ``stand_in_already``.
    """
    if not tenures:
        raise PostRefused(reason="nothing_chosen")
    if last_day is not None and last_day < first_day:
        raise PostRefused(reason="ends_before_it_begins", field="last_day")
    wanted = StandIn(person_id=person_id, first_day=first_day, last_day=last_day)
    changes: list[TenureChange] = []
    for one in tenures:
        if one.person_id == person_id:
            raise PostRefused(reason="same_person", field="person_id")
        last_held = None if one.valid_to is None else one.valid_to - _DAY
        if first_day < one.valid_from or (last_held is not None and (last_day or date.max) > last_held):
            raise PostRefused(reason="outside_the_term", field="first_day")
        if any(_days_meet(other, wanted) for other in one.stand_ins):
            raise PostRefused(reason="stand_in_already", field="first_day")
        changed = replace(one, stand_ins=tuple(sorted((*one.stand_ins, wanted), key=_first_day)))
        changes.append(TenureChange(before=one, after=changed))
    return Plan(
        action="stand_in_given",
        day=first_day,
        changes=tuple(changes),
        later_days=() if last_day is None else (last_day + _DAY,),
    )


def end_stand_in(tenure: Tenure, *, person_id: int, day: date) -> Plan:
    """Let the holder come back: from ``day`` on this person no longer stands in.

    Raises
    ------
    PostRefused
        ``no_stand_in``.
    """
    kept: list[StandIn] = []
    for one in tenure.stand_ins:
        runs_on = one.person_id == person_id and (one.last_day is None or one.last_day >= day)
        if not runs_on:
            kept.append(one)
        elif one.first_day < day:
            kept.append(replace(one, last_day=day - _DAY))
    changed = replace(tenure, stand_ins=tuple(kept))
    if changed == tenure:
        raise PostRefused(reason="no_stand_in", field="day")
    return Plan(action="stand_in_ended", day=day, changes=(TenureChange(before=tenure, after=changed),))


def leave(person_id: int, tenures: Sequence[Tenure], *, day: date) -> Plan:
    """Let somebody go: posts and duties as a stand-in end, and no new ones can be given.

    ``tenures`` are those that the person holds or stands in for, from ``day`` on.
    """
    changes: list[TenureChange] = []
    for one in tenures:
        if one.person_id == person_id:
            if one.valid_to is None or one.valid_to > day:
                changes.append(TenureChange(before=one, after=one.ended(day)))
        elif any(each.person_id == person_id for each in one.stand_ins):
            try:
                changes += end_stand_in(one, person_id=person_id, day=day).changes
            except PostRefused:
                continue  # it ended before
    return Plan(action="left", day=day, changes=tuple(changes), left_person_id=person_id)


def undo(plan: Plan, *, day: date) -> Plan:
    """Give the plan that puts back what was before."""
    return Plan(
        action="undone",
        day=max(day, plan.day),
        changes=tuple(TenureChange(before=one.after, after=one.before) for one in reversed(plan.changes)),
        returned_person_id=plan.left_person_id,
        later_days=plan.later_days,
    )


def is_vacant(ground: Ground, tenures: Iterable[Tenure], *, day: date, active_ids: frozenset[int]) -> bool:
    """Say whether nobody answers for a ground on that day: no post that answers is filled by who is there."""
    roles = answering_roles(ground)
    return not any(
        one.ground == ground
        and one.role in roles
        and one.is_held_on(day)
        and (one.worker_on(day) in active_ids or one.person_id in active_ids)
        for one in tenures
    )


def _check_running(tenures: Sequence[Tenure], day: date) -> None:
    if not tenures:
        raise PostRefused(reason="nothing_chosen")
    if any(one.valid_to is not None and one.valid_to <= day for one in tenures):
        raise PostRefused(reason="ended_already")


def _same_post(one: Tenure, other: Tenure) -> bool:
    return (one.person_id, one.role, one.ground) == (other.person_id, other.role, other.ground)


def _overlap(one: Tenure, other: Tenure) -> bool:
    one_end, other_end = one.valid_to or date.max, other.valid_to or date.max
    return one.valid_from < other_end and other.valid_from < one_end


def _days_meet(one: StandIn, other: StandIn) -> bool:
    return one.first_day <= (other.last_day or date.max) and other.first_day <= (one.last_day or date.max)


def _first_day(one: StandIn) -> date:
    return one.first_day
