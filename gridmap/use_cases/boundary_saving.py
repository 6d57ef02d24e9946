"""A draft of the boundary editor saved, undone, or tried out: the preview is the save, rolled back.

What a preview tells is therefore exactly what saving would do. Saving closes old versions and opens new ones
from a day on; open issues get the areas and people of that day, at once or by a job when the day comes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

import shapely
from sqlalchemy.orm import Session

from gridmap.domain.boundary_edits import (
    LONGEST_REASON,
    ZONE_LEVEL,
    ChangeKind,
    ChangeState,
    DraftMovedOn,
    EditedArea,
    GroundChanged,
    NobodyResponsible,
    NotADraft,
    NothingChanged,
    SomethingNewer,
)
from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.office_time import OFFICE_TIME, office_day
from gridmap.domain.permissions import Actor, check
from gridmap.domain.placement import OutsidePolicy
from gridmap.importing.editing import Faults, Scale, difference_m2
from gridmap.storage import boundary_edits as store
from gridmap.storage import boundary_ground as ground_store
from gridmap.storage import boundary_versions as versions
from gridmap.storage.boundary_edits import ChangeSet
from gridmap.storage.boundary_versions import HeldPost, OpenIssue
from gridmap.storage.imports import wait_for_turn
from gridmap.storage.job_queue import JobName, defer
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.use_cases.boundary_editing import (
    Draft,
    action_of,
    check_permitted,
    check_unchanged_ground,
    draft_of,
    faults_in,
    ground_on_the_day,
    own_draft,
)
from gridmap.use_cases.boundary_writing import (
    Written,
    areas_before_and_after,
    redraw,
    touched_ground,
    write_draft,
)
from gridmap.use_cases.issues import RoutingRules
from gridmap.use_cases.rerouting import reroute_ground

KEEP, VACANT = "keep", "vacant"
_POSTS_THAT_ANSWER = {
    "micro_grid": ("micro_grid_leader",),
    "grid": ("grid_worker", "grid_leader"),
    ZONE_LEVEL: ("zone_responsible",),
}
_LAYER_OF = {ChangeKind.AREAS: "areas", ChangeKind.ZONES: "zones"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaChange:
    """One area before and after; an empty code or no ground: it was not, or is no more."""

    key: str
    level: str
    name: str
    code_before: str
    code: str
    area_before_m2: float
    area_m2: float
    is_consequence: bool
    """It only follows the areas below it."""
    needs_counting: bool
    """Its numbers of households and residents are to be registered anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """Somebody who gains or loses ground or issues."""

    person_id: int
    name: str
    name_en: str | None
    roles: tuple[str, ...]
    ground_before_m2: float
    ground_m2: float
    issues_gained: int
    issues_lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """An area whose people are not named; ``candidates`` answer for the area that it was made from."""

    key: str
    level: str
    code: str
    name: str
    was_vacant: bool
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMove:
    """Open issues that go from one area to another."""

    from_code: str
    to_code: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What saving a draft does."""

    effective_on: date
    areas: tuple[AreaChange, ...]
    people: tuple[PersonChange, ...]
    vacancies: tuple[Vacancy, ...]
    issues_looked_at: int
    issues_moved: int
    issues_reassigned: int
    moves: tuple[IssueMove, ...]
    faults: Faults
    faults_before: Faults


def preview(
    session: Session,
    actor: Actor,
    change_id: int,
    *,
    effective_on: date,
    decisions: Mapping[str, str],
    rules: RoutingRules,
    now: datetime,
) -> Consequences:
    """Tell what saving would do; nothing is kept of it.

    Raises
    ------
    As :func:`save`, but for people who are not named.
    """
    change = own_draft(session, actor, change_id)
    attempt = session.begin_nested()
    try:
        consequences, _, _ = _apply(
            session, actor, change, effective_on=effective_on, decisions=decisions, rules=rules, now=now
        )
        return consequences
    finally:
        attempt.rollback()


def save(
    session: Session,
    actor: Actor,
    change_id: int,
    *,
    position: int,
    effective_on: date,
    reason: str,
    decisions: Mapping[str, str],
    rules: RoutingRules,
    now: datetime,
) -> Consequences:
    """Make a draft's areas those that hold from a day on.

    Parameters
    ----------
    position : the step whose consequences the author has seen
    decisions : for areas without a person, by key: ``keep`` the people of the area that it was made from, or
        ``vacant``, which says by name that nobody answers there for now

    Raises
    ------
    NotFound, NotAllowed, NotADraft, DraftMovedOn, GroundChanged, NothingChanged, InvalidInput
    NobodyResponsible
        An area would be left without a person, and nothing was decided for it.
    """
    change = own_draft(session, actor, change_id)
    if change.position != position:
        raise DraftMovedOn(position=change.position)
    reason = reason.strip()
    if not reason:
        raise InvalidInput(field="reason", reason="required")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(field="reason", reason="too_long", max_length=LONGEST_REASON)
    consequences, draft, written = _apply(
        session, actor, change, effective_on=effective_on, decisions=decisions, rules=rules, now=now
    )
    undecided = [
        vacancy
        for vacancy in consequences.vacancies
        if not vacancy.was_vacant and decisions.get(vacancy.key) != VACANT
    ]
    if undecided:
        raise NobodyResponsible(areas="、".join(vacancy.name for vacancy in undecided))
    # The operator's rules of this day, for the job that may run on another.
    before = written.before | {"outside_policy": rules.policy.value, "outside_max_m": rules.outside_max_m}
    store.mark_saved(
        session,
        change_id,
        effective_on=effective_on,
        reason=reason,
        account_id=actor.account_id,
        at=now,
        before=before,
        versions=written.touched,
    )
    if effective_on <= office_day(now):
        bump_layer_version(session, _LAYER_OF[change.kind], data_date=effective_on)
    else:
        begins = datetime.combine(effective_on, time.min, tzinfo=OFFICE_TIME)
        defer(session, JobName.BOUNDARIES_TAKE_EFFECT, at=begins, change_id=draft.change.id)
    return consequences


def undo(session: Session, actor: Actor, change_id: int, *, rules: RoutingRules, now: datetime) -> None:
    """Put back the rows that a saved change wrote over, and route the issues there again.

    Only until the change has been in force for a day: after that, what held on those days stays on record.

    Raises
    ------
    NotFound, NotAllowed, NotADraft
    SomethingNewer
        A later change or import stands on this one.
    InvalidInput
        It has been in force since an earlier day.
    """
    wait_for_turn(session, "areas")
    change = store.find_change(session, change_id, lock=True)
    if change is None or not actor.scope.covers(change.focus_code):
        raise NotFound(what="boundary_change", id=change_id)
    check(actor, action_of(change.kind), change.focus_code)
    if change.state is not ChangeState.SAVED:
        raise NotADraft(state=change.state.value)
    today = office_day(now)
    if change.effective_on < today:
        raise InvalidInput(
            field="effective_on", reason="boundary.in_force_since", day=change.effective_on.isoformat()
        )
    newer = store.code_of_something_newer(session, change_id)
    if newer is not None:
        raise SomethingNewer(area=newer)
    before = store.find_before(session, change_id)
    _check_still_as_written(session, before)
    versions.restore(session, before)
    store.mark_undone(session, change_id, account_id=actor.account_id, at=now)
    if change.effective_on > today:
        return
    _reroute_again(session, actor, change, rules=rules, now=now)
    bump_layer_version(session, _LAYER_OF[change.kind], data_date=today)


def take_effect(session: Session, change_id: int, *, now: datetime) -> None:
    """What is left to do when the day of a saved change comes: draw, route, tell the caches. May run twice."""
    change = store.find_change(session, change_id, lock=True)
    if change is None or change.state is not ChangeState.SAVED or change.effective_on > office_day(now):
        return
    before = store.find_before(session, change_id)
    rules = RoutingRules(
        policy=OutsidePolicy(before["outside_policy"]), outside_max_m=before["outside_max_m"]
    )
    ground = ground_on_the_day(session, change)
    replaced = redraw(
        session,
        ground.base.values(),
        {key: area.base_id for key, area in ground.base.items() if area.base_id is not None},
        touched=touched_ground(_last_areas(session, change)),
    )
    if replaced:
        store.keep_overviews(session, change_id, {str(id_): wkb.hex() for id_, wkb in replaced.items()})
    _reroute_again(session, Actor.system(), change, rules=rules, now=now)
    bump_layer_version(session, _LAYER_OF[change.kind], data_date=change.effective_on)


def _apply(
    session: Session,
    actor: Actor,
    change: ChangeSet,
    *,
    effective_on: date,
    decisions: Mapping[str, str],
    rules: RoutingRules,
    now: datetime,
) -> tuple[Consequences, Draft, Written]:
    """Write the draft and route the issues as on its day."""
    today = office_day(now)
    if effective_on < today:
        raise InvalidInput(field="effective_on", reason="boundary.in_the_past")
    # Imports of areas and other saves wait, so that the ground stays as it is read here.
    wait_for_turn(session, "areas")
    draft = draft_of(session, replace(change, effective_on=effective_on))
    if not draft.changed:
        raise NothingChanged()
    check_unchanged_ground(draft)
    codes = sorted({*_codes(draft), *_codes_before(draft)})
    later = ground_store.code_with_later_version(
        session, scheme_id=change.scheme_id, codes=codes, day=effective_on
    )
    if later is not None:
        raise GroundChanged(area=later)
    check_permitted(actor, draft)
    ground = _joined(areas_before_and_after(draft))
    issues_before = versions.find_open_issues(session, ground=ground, codes=codes)
    posts_before = versions.find_held_posts(session, codes, day=effective_on)
    keep = [key for key, decision in decisions.items() if decision == KEEP]
    written = write_draft(session, draft, keep_posts=keep)
    # Until its day comes, neighbours are drawn as they are.
    replaced = redraw(
        session,
        draft.areas.values(),
        written.row_ids,
        touched=touched_ground(areas_before_and_after(draft)),
        only=written.standing if effective_on > today else None,
    )
    written.before["overviews"] = _kept_overviews(replaced, written)
    posts = versions.find_held_posts(session, codes, day=effective_on)
    on_the_day = max(now, datetime.combine(effective_on, time(12), tzinfo=OFFICE_TIME))
    if effective_on > today:
        # Issues are only routed by the new map when the day comes: here it is looked at and put back.
        trial = session.begin_nested()
        counts = reroute_ground(session, actor, ground=ground, codes=codes, rules=rules, now=on_the_day)
        issues = versions.find_open_issues(session, ground=ground, codes=codes)
        trial.rollback()
    else:
        counts = reroute_ground(session, actor, ground=ground, codes=codes, rules=rules, now=now)
        issues = versions.find_open_issues(session, ground=ground, codes=codes)
    faults, faults_before = faults_in(draft)
    consequences = Consequences(
        effective_on=effective_on,
        areas=tuple(_area_changes(draft, written)),
        people=tuple(_people(draft, posts_before, posts, issues_before, issues)),
        vacancies=tuple(_vacancies(draft, posts_before, posts)),
        issues_looked_at=counts.looked_at,
        issues_moved=counts.moved,
        issues_reassigned=counts.reassigned,
        moves=tuple(_moves(issues_before, issues, is_zones=change.kind is ChangeKind.ZONES)),
        faults=faults,
        faults_before=faults_before,
    )
    return consequences, draft, written


def _check_still_as_written(session: Session, before: Mapping[str, Any]) -> None:
    written: list[list[Any]] = before["written"]
    ids = {kind: [row[1] for row in written if row[0] == kind] for kind in ("area", "zone")}
    now = versions.written_versions(session, area_ids=ids["area"], zone_ids=ids["zone"])
    differing = [row for row in written if row not in now]
    if differing:
        raise SomethingNewer(area=differing[0][2])


def _reroute_again(
    session: Session, actor: Actor, change: ChangeSet, *, rules: RoutingRules, now: datetime
) -> None:
    """Route the issues on all ground that a change touched, by the map as it is now."""
    areas = _last_areas(session, change)
    codes = {area.code for area in areas if area.code} | {
        area.key for area in areas if area.base_id is not None
    }
    reroute_ground(session, actor, ground=_joined(areas), codes=sorted(codes), rules=rules, now=now)


def _last_areas(session: Session, change: ChangeSet) -> list[EditedArea]:
    """Every area that a change touched: each step's outline of it, so that its old ground is among them."""
    steps = store.find_steps(session, change.id, upto=change.position)
    return [area for step in steps for area in step.areas]


def _joined(areas: Sequence[EditedArea]) -> bytes:
    return shapely.to_wkb(shapely.union_all([shapely.from_wkb(area.boundary) for area in areas]))


def _kept_overviews(replaced: Mapping[int, bytes], written: Written) -> dict[str, str]:
    """The outlines of neighbours as they were; those of versions that are written over are kept with them."""
    return {str(id_): wkb.hex() for id_, wkb in replaced.items() if id_ not in written.standing}


def _codes(draft: Draft) -> list[str]:
    return [draft.areas[key].code for key in draft.changed if not draft.areas[key].is_ended]


def _codes_before(draft: Draft) -> list[str]:
    return [key for key in draft.changed if key in draft.ground.base]


def _area_changes(draft: Draft, written: Written) -> list[AreaChange]:
    scale = Scale.of([shapely.from_wkb(draft.areas[draft.changed[0]].boundary)])
    followers = _only_followed(draft)
    changes: list[AreaChange] = []
    for key in draft.changed:
        area, base = draft.areas[key], draft.ground.base.get(key)
        changes.append(
            AreaChange(
                key=key,
                level=area.level,
                name=area.name,
                code_before="" if base is None else base.code,
                code="" if area.is_ended else area.code,
                area_before_m2=0.0 if base is None else scale.area_m2(shapely.from_wkb(base.boundary)),
                area_m2=0.0 if area.is_ended else scale.area_m2(shapely.from_wkb(area.boundary)),
                is_consequence=key in followers,
                needs_counting=key in written.uncounted,
            )
        )
    return changes


def _only_followed(draft: Draft) -> set[str]:
    """Keys of changed areas that have changed parts below them and were not named or coded anew themselves."""
    parents = {draft.areas[key].parent_key for key in draft.changed}
    parents |= {draft.ground.base[key].parent_key for key in draft.changed if key in draft.ground.base}
    return {
        key
        for key in draft.changed
        if key in parents
        and key in draft.ground.base
        and (draft.areas[key].name, draft.areas[key].code) == (draft.ground.base[key].name, key)
        and not draft.areas[key].is_ended
    }


def _people(
    draft: Draft,
    posts_before: Sequence[HeldPost],
    posts: Sequence[HeldPost],
    issues_before: Sequence[OpenIssue],
    issues: Sequence[OpenIssue],
) -> list[PersonChange]:
    """Who gains or loses ground or issues; most first."""
    answering = {role for roles in _POSTS_THAT_ANSWER.values() for role in roles}
    names = {post.person_id: (post.name, post.name_en) for post in (*posts_before, *posts)}
    for issue in (*issues_before, *issues):
        if issue.person_id is not None:
            names[issue.person_id] = (issue.person_name or "", issue.person_name_en)
    scale = Scale.of([shapely.from_wkb(draft.areas[draft.changed[0]].boundary)])
    ground = _ground_by_person(posts_before, answering, _sizes_before(draft, scale))
    ground_after = _ground_by_person(posts, answering, _sizes(draft, scale))
    roles: dict[int, set[str]] = defaultdict(set)
    for post in (*posts_before, *posts):
        if post.role in answering:
            roles[post.person_id].add(post.role)
    holder_before = {issue.id: issue.person_id for issue in issues_before}
    holder = {issue.id: issue.person_id for issue in issues}
    gained: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    for issue_id, person_id in holder.items():
        earlier = holder_before.get(issue_id)
        if person_id != earlier:
            gained.update([person_id] if person_id is not None else [])
            lost.update([earlier] if earlier is not None else [])
    changes = [
        PersonChange(
            person_id=person_id,
            name=names[person_id][0],
            name_en=names[person_id][1],
            roles=tuple(sorted(roles[person_id])),
            ground_before_m2=ground[person_id],
            ground_m2=ground_after[person_id],
            issues_gained=gained[person_id],
            issues_lost=lost[person_id],
        )
        for person_id in {*ground, *ground_after, *gained, *lost}
    ]
    affected = [
        change
        for change in changes
        if abs(change.ground_m2 - change.ground_before_m2) > 1 or change.issues_gained or change.issues_lost
    ]
    return sorted(
        affected,
        key=lambda one: (
            -one.issues_gained - one.issues_lost,
            -abs(one.ground_m2 - one.ground_before_m2),
            one.person_id,
        ),
    )


def _sizes_before(draft: Draft, scale: Scale) -> dict[str, float]:
    return {
        key: scale.area_m2(shapely.from_wkb(draft.ground.base[key].boundary)) for key in _codes_before(draft)
    }


def _sizes(draft: Draft, scale: Scale) -> dict[str, float]:
    return {
        draft.areas[key].code: scale.area_m2(shapely.from_wkb(draft.areas[key].boundary))
        for key in draft.changed
        if not draft.areas[key].is_ended
    }


def _ground_by_person(
    posts: Sequence[HeldPost], answering: set[str], sizes_m2: Mapping[str, float]
) -> dict[int, float]:
    total: dict[int, float] = defaultdict(float)
    for person_id, code in {(post.person_id, post.code) for post in posts if post.role in answering}:
        total[person_id] += sizes_m2.get(code, 0.0)
    return total


def _vacancies(draft: Draft, posts_before: Sequence[HeldPost], posts: Sequence[HeldPost]) -> list[Vacancy]:
    """Changed areas that nobody active answers for at their own level."""
    scale = Scale.of([shapely.from_wkb(draft.areas[draft.changed[0]].boundary)])
    found: list[Vacancy] = []
    for key in draft.changed:
        area, base = draft.areas[key], draft.ground.base.get(key)
        roles = _POSTS_THAT_ANSWER.get(area.level, ())
        if area.is_ended or not roles or _holders(posts, area.code, roles):
            continue
        if base is not None and area.code == key:
            moved_m2 = difference_m2(shapely.from_wkb(area.boundary), shapely.from_wkb(base.boundary), scale)
            if moved_m2 <= 1:
                continue
        origin = area.posts_from if area.base_id is None else None
        found.append(
            Vacancy(
                key=key,
                level=area.level,
                code=area.code,
                name=area.name,
                was_vacant=base is not None and not _holders(posts_before, base.code, roles),
                candidates=tuple(_holders(posts_before, origin, roles)) if origin else (),
            )
        )
    return found


def _holders(posts: Sequence[HeldPost], code: str, roles: Sequence[str]) -> list[str]:
    return [post.name for post in posts if post.code == code and post.role in roles and post.is_active]


def _moves(
    issues_before: Sequence[OpenIssue], issues: Sequence[OpenIssue], *, is_zones: bool
) -> list[IssueMove]:
    def code_of(issue: OpenIssue) -> str:
        return (issue.zone_code or "") if is_zones else issue.area_code

    earlier = {issue.id: code_of(issue) for issue in issues_before}
    pairs = Counter(
        (earlier[issue.id], code_of(issue))
        for issue in issues
        if issue.id in earlier and earlier[issue.id] != code_of(issue)
    )
    return [
        IssueMove(from_code=source, to_code=target, count=count)
        for (source, target), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    ]
