"""A draft of the boundary editor saved, undone, or tried out: the preview is the save, rolled back.

What a preview tells is therefore exactly what saving would do. Saving closes old versions and opens new ones
from a day on; open issues get the areas and people of that day, at once or by a job when the day comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import shapely
from sqlalchemy.orm import Session

from gridmap.domain.boundary_edits import (
    LONGEST_REASON,
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
from gridmap.storage import boundary_edits as store
from gridmap.storage import boundary_ground as ground_store
from gridmap.storage import boundary_versions as versions
from gridmap.storage.account_scopes import ScopeChange
from gridmap.storage.boundary_edits import ChangeSet
from gridmap.storage.imports import wait_for_turn
from gridmap.storage.job_queue import JobName, defer
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.use_cases.boundary_consequences import Consequences, consequences_of
from gridmap.use_cases.boundary_editing import (
    Draft,
    action_of,
    check_permitted,
    check_unchanged_ground,
    draft_of,
    ground_on_the_day,
    own_draft,
)
from gridmap.use_cases.boundary_scopes import move_scopes, return_scopes, successors_of
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
_LAYER_OF = {ChangeKind.AREAS: "areas", ChangeKind.ZONES: "zones"}


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
    successors = successors_of(draft)
    before["successors"] = successors
    if effective_on <= office_day(now):
        before["scopes"] = [_written_scope(change) for change in move_scopes(session, successors)]
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
    change = store.find_change(session, change_id, lock=True)
    if change is None or not actor.scope.covers(change.focus_code):
        raise NotFound(what="boundary_change", id=change_id)
    check(actor, action_of(change.kind), change.focus_code)
    if change.state is not ChangeState.SAVED:
        raise NotADraft(state=change.state.value)
    # The change first, then the turn, as in a save: two that wait for each other would wait for ever.
    wait_for_turn(session, "areas")
    today = office_day(now)
    if change.effective_on < today:
        raise InvalidInput(
            field="effective_on", reason="boundary.in_force_since", day=change.effective_on.isoformat()
        )
    newer = store.code_of_something_newer(session, change_id)
    if newer is not None:
        raise SomethingNewer(area=newer)
    before = store.find_before(session, change_id)
    check_still_as_written(session, before)
    versions.restore(session, before)
    return_scopes(session, [_read_scope(item) for item in before.get("scopes", ())])
    store.mark_undone(session, change_id, account_id=actor.account_id, at=now)
    if change.effective_on > today:
        return
    _reroute_again(session, actor, change, rules=rules, now=now)
    bump_layer_version(session, _LAYER_OF[change.kind], data_date=today)


def take_effect(session: Session, change_id: int, *, now: datetime) -> None:
    """What is left to do when the day of a change comes: draw, route, move scopes, tell the caches.

    May run twice.
    """
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
    if "scopes" not in before:
        moved = move_scopes(session, before.get("successors", {}))
        store.keep_scopes(session, change_id, [_written_scope(change) for change in moved])
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
    consequences = consequences_of(
        draft,
        written,
        counts=counts,
        posts_before=posts_before,
        posts=posts,
        issues_before=issues_before,
        issues=issues,
    )
    return consequences, draft, written


def check_still_as_written(session: Session, before: Mapping[str, Any]) -> None:
    """Stop where a version that a change wrote has been changed since.

    Raises
    ------
    SomethingNewer
    """
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


def _written_scope(change: ScopeChange) -> dict[str, Any]:
    return {"account_id": change.account_id, "before": change.before, "after": change.after}


def _read_scope(item: Mapping[str, Any]) -> ScopeChange:
    return ScopeChange(
        account_id=item["account_id"], before=tuple(item["before"]), after=tuple(item["after"])
    )


def _joined(areas: Sequence[EditedArea]) -> bytes:
    return shapely.to_wkb(shapely.union_all([shapely.from_wkb(area.boundary) for area in areas]))


def _kept_overviews(replaced: Mapping[int, bytes], written: Written) -> dict[str, str]:
    """The outlines of neighbours as they were; those of versions that are written over are kept with them."""
    return {str(id_): wkb.hex() for id_, wkb in replaced.items() if id_ not in written.standing}


def _codes(draft: Draft) -> list[str]:
    return [draft.areas[key].code for key in draft.changed if not draft.areas[key].is_ended]


def _codes_before(draft: Draft) -> list[str]:
    return [key for key in draft.changed if key in draft.ground.base]
