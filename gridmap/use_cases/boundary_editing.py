"""Drafts of the boundary editor: begun, stepped through, taken back, put aside. Nothing else is touched yet.

Only its author works on a draft; whoever looks after the same ground may look. What a step may change is
limited by the author's area: every area that it changes, neighbours and parents included, has to lie in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel, parent_code
from gridmap.domain.boundary_edits import (
    MOST_STEPS,
    ZONE_LEVEL,
    ChangeKind,
    ChangeState,
    DraftMovedOn,
    EditCommand,
    EditedArea,
    GroundChanged,
    NotADraft,
    NotYourDraft,
    OutsideYourArea,
)
from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, check
from gridmap.importing.editing import Faults, Scale
from gridmap.storage import boundary_edits as store
from gridmap.storage import boundary_ground as ground_store
from gridmap.storage.boundary_edits import ChangeSet, Step
from gridmap.storage.boundary_ground import Focus, GroundArea, GroundZone
from gridmap.storage.imports import find_schemes
from gridmap.use_cases.boundary_steps import Drawing, carry_out, faults_of, with_codes
from gridmap.use_cases.imports import SchemeAbsent

_OUTSIDE_M2 = 1.0
"""Zones are drawn along community borders by hand: so much may lie beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a draft works on: the stored versions of its day, as areas to edit."""

    focus: Focus
    base: Mapping[str, EditedArea]
    areas: Mapping[str, GroundArea]
    """The stored versions by key; empty when zones are edited."""
    zones: Mapping[str, GroundZone]
    communities: Mapping[str, bytes]
    used_codes: set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A change set with what its steps have made of the ground."""

    change: ChangeSet
    ground: Ground
    steps: tuple[Step, ...]
    areas: Mapping[str, EditedArea]
    """Every area on the ground, new ones with the code proposed for them."""
    changed: tuple[str, ...]
    """Keys of the areas that differ from what is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """What to draw anew after a step forth or back."""

    change: ChangeSet
    areas: tuple[EditedArea, ...]
    """As they are now; one that is gone again has ended."""
    faults: Faults
    faults_before: Faults
    """What was wrong at the same places before the draft was begun."""


def begin(
    session: Session,
    actor: Actor,
    *,
    kind: ChangeKind,
    focus_code: str,
    scheme_code: str | None,
    effective_on: date,
    now: datetime,
) -> int:
    """Begin a draft on the ground of an area; returns its id.

    Raises
    ------
    NotSignedIn, NotAllowed, NotFound, SchemeAbsent, InvalidInput
    """
    check(actor, action_of(kind), focus_code)
    if effective_on < office_day(now):
        raise InvalidInput(field="effective_on", reason="boundary.in_the_past")
    scheme_id = None
    if scheme_code is not None:
        schemes = find_schemes(session)
        if scheme_code not in schemes:
            raise SchemeAbsent(scheme=scheme_code, known=", ".join(schemes) or "—")
        scheme_id = schemes[scheme_code].id
    focus = ground_store.find_focus(session, focus_code, day=effective_on, scheme_id=scheme_id)
    if focus is None or focus.level not in (AreaLevel.SUBDISTRICT.value, AreaLevel.COMMUNITY.value):
        raise NotFound(what="area", code=focus_code)
    return store.add_change(
        session,
        kind=kind,
        scheme_id=focus.scheme_id if kind is ChangeKind.AREAS else None,
        focus_code=focus.code,
        effective_on=effective_on,
        author_account_id=actor.account_id,
        at=now,
    )


def load_draft(session: Session, actor: Actor, change_id: int) -> Draft:
    """A change set as its page shows it.

    Raises
    ------
    NotFound
        There is none, or it lies outside the reader's area.
    """
    check(actor, Action.SEE_BOUNDARIES)
    change = store.find_change(session, change_id)
    if change is None or not actor.scope.covers(change.focus_code):
        raise NotFound(what="boundary_change", id=change_id)
    return draft_of(session, change)


def draft_of(session: Session, change: ChangeSet, *, ground: Ground | None = None) -> Draft:
    """A change set at the step where it stands; ``ground`` where it was just read."""
    ground = ground or ground_on_the_day(session, change)
    steps = store.find_steps(session, change.id, upto=change.position)
    areas = dict(ground.base)
    for step in steps:
        areas.update({area.key: area for area in step.areas})
    areas = with_codes(areas, ground.used_codes)
    changed = tuple(
        key
        for key, area in sorted(areas.items())
        if area != ground.base.get(key) and not (area.is_ended and area.base_id is None)
    )
    return Draft(change=change, ground=ground, steps=tuple(steps), areas=areas, changed=changed)


def take_step(
    session: Session,
    actor: Actor,
    change_id: int,
    command: EditCommand,
    *,
    position: int,
    now: datetime,
) -> StepOutcome:
    """Do one thing to the areas of a draft.

    Parameters
    ----------
    position : the step that the author saw; where the draft stands at another one, nothing is done

    Raises
    ------
    NotFound, NotAllowed, NotADraft, DraftMovedOn, GroundChanged, EditRefused, InvalidInput
    """
    change = own_draft(session, actor, change_id)
    if change.position != position:
        raise DraftMovedOn(position=change.position)
    if change.position >= MOST_STEPS:
        raise InvalidInput(field="steps", reason="boundary.too_many_steps", most=MOST_STEPS)
    draft = draft_of(session, change)
    check_unchanged_ground(draft)
    # Proposed codes are not part of a step: they follow from all steps together.
    drawing = Drawing.of(_without_proposals(draft).values())
    made = carry_out(drawing, command, used_codes=draft.ground.used_codes)
    results = with_fingerprints(made, draft.ground)
    _check_permitted(actor, draft.ground, drawing, results)
    store.add_step(session, change, tool=type(command).__name__, areas=results, at=now)
    return _outcome(session, change_id, {area.key for area in results}, ground=draft.ground)


def go_to_step(session: Session, actor: Actor, change_id: int, *, position: int) -> StepOutcome:
    """Take steps back, or do them again.

    Raises
    ------
    NotFound, NotAllowed, NotADraft, InvalidInput
    """
    change = own_draft(session, actor, change_id)
    if not 0 <= position <= change.step_count:
        raise InvalidInput(field="position", reason="out_of_range")
    low, high = sorted((position, change.position))
    passed = [step for step in store.find_steps(session, change_id, upto=high) if step.seq > low]
    store.set_position(session, change_id, position)
    return _outcome(session, change_id, {area.key for step in passed for area in step.areas})


def discard(session: Session, actor: Actor, change_id: int) -> None:
    """Put a draft aside for good.

    Raises
    ------
    NotFound, NotAllowed, NotADraft
    """
    store.discard(session, own_draft(session, actor, change_id).id)


def own_draft(session: Session, actor: Actor, change_id: int) -> ChangeSet:
    """The actor's own draft, locked.

    Raises
    ------
    NotFound, NotAllowed, NotADraft
    """
    change = store.find_change(session, change_id, lock=True)
    if change is None or not actor.scope.covers(change.focus_code):
        raise NotFound(what="boundary_change", id=change_id)
    check(actor, action_of(change.kind), change.focus_code)
    if change.author_account_id != actor.account_id:
        raise NotYourDraft()
    if change.state is not ChangeState.DRAFT:
        raise NotADraft(state=change.state.value)
    return change


def with_fingerprints(areas: Iterable[EditedArea], ground: Ground) -> list[EditedArea]:
    """The areas with what tells whether the stored version under each is still the same."""
    stored = {**ground.areas, **ground.zones}
    return [
        replace(area, base_hash=stored[area.key].fingerprint) if area.key in stored else area
        for area in areas
    ]


def check_permitted(actor: Actor, draft: Draft) -> None:
    """Stop where a draft changes an area outside the actor's own, which may have shrunk since its steps.

    Raises
    ------
    NotAllowed
    """
    drawing = Drawing.as_stored(draft.ground.base.values())
    _check_permitted(actor, draft.ground, drawing, [draft.areas[key] for key in draft.changed])


def action_of(kind: ChangeKind) -> Action:
    """What one has to be allowed for a kind of change."""
    return Action.EDIT_BOUNDARIES if kind is ChangeKind.AREAS else Action.EDIT_ZONES


def check_unchanged_ground(draft: Draft) -> None:
    """Stop where a stored version that the draft has touched is no longer what it was.

    Raises
    ------
    GroundChanged
    """
    for step in draft.steps:
        for area in step.areas:
            if area.base_id is None:
                continue
            stored = draft.ground.areas.get(area.key) or draft.ground.zones.get(area.key)
            if stored is None or stored.id != area.base_id or stored.fingerprint != area.base_hash:
                raise GroundChanged(area=area.name)


def faults_in(draft: Draft) -> tuple[Faults, Faults]:
    """What is wrong where the draft changed something: now, and at the same places before it."""
    levels = {draft.areas[key].level for key in draft.changed if key in draft.areas}
    finest = next((level for level in (ZONE_LEVEL, AreaLevel.MICRO_GRID.value) if level in levels), None)
    level = finest or (AreaLevel.GRID.value if levels else None)
    if level is None:
        return Faults(), Faults()
    return (
        faults_of(Drawing.as_stored(draft.areas.values()), draft.changed, level=level),
        faults_of(Drawing.as_stored(draft.ground.base.values()), draft.changed, level=level),
    )


def _outcome(
    session: Session, change_id: int, keys: Iterable[str], *, ground: Ground | None = None
) -> StepOutcome:
    change = store.find_change(session, change_id)
    assert change is not None
    draft = draft_of(session, change, ground=ground)
    new = {key for key in draft.changed if draft.areas[key].base_id is None}
    now, before = faults_in(draft)
    return StepOutcome(
        change=change,
        areas=tuple(_or_gone(draft, key) for key in sorted({*keys, *new})),
        faults=now,
        faults_before=before,
    )


def _or_gone(draft: Draft, key: str) -> EditedArea:
    found = draft.areas.get(key)
    if found is not None:
        return found
    return EditedArea(
        key=key, level="", code="", name="", name_en=None, parent_key=None, base_id=None, boundary=b"",
        is_ended=True,
    )  # fmt: skip


def _without_proposals(draft: Draft) -> dict[str, EditedArea]:
    areas = dict(draft.ground.base)
    for step in draft.steps:
        areas.update({area.key: area for area in step.areas})
    return areas


def ground_on_the_day(session: Session, change: ChangeSet) -> Ground:
    """The stored versions that a change set works on, as of its day."""
    day = change.effective_on
    focus = ground_store.find_focus(session, change.focus_code, day=day, scheme_id=change.scheme_id)
    if focus is None:
        raise GroundChanged(area=change.focus_code)
    communities = dict(ground_store.find_communities(session, box=focus.box, day=day))
    if change.kind is ChangeKind.ZONES:
        zones = {zone.code: zone for zone in ground_store.find_zones(session, box=focus.box, day=day)}
        return Ground(
            focus=focus,
            base={zone.code: _zone_to_edit(zone) for zone in zones.values()},
            areas={},
            zones=zones,
            communities=communities,
            used_codes=ground_store.used_codes(session, scheme_id=None, communities=()),
        )
    stored = ground_store.find_ground(session, scheme_id=focus.scheme_id, box=focus.box, day=day)
    by_id = {area.id: area.content.code for area in stored}
    return Ground(
        focus=focus,
        base={area.content.code: _area_to_edit(area, by_id) for area in stored},
        areas={area.content.code: area for area in stored},
        zones={},
        communities=communities,
        used_codes=ground_store.used_codes(
            session,
            scheme_id=focus.scheme_id,
            communities=sorted({area.content.code[:12] for area in stored}),
        ),
    )


def _area_to_edit(area: GroundArea, by_id: Mapping[int, str]) -> EditedArea:
    content = area.content
    parent = by_id.get(content.parent_id) if content.parent_id is not None else None
    return EditedArea(
        key=content.code,
        level=area.level,
        code=content.code,
        name=content.name,
        name_en=content.name_en,
        parent_key=parent or parent_code(content.code),
        base_id=area.id,
        boundary=content.boundary,
    )


def _zone_to_edit(zone: GroundZone) -> EditedArea:
    return EditedArea(
        key=zone.code,
        level=ZONE_LEVEL,
        code=zone.code,
        name=zone.name,
        name_en=zone.name_en,
        parent_key=None,
        base_id=zone.id,
        boundary=zone.boundary,
    )


def _check_permitted(actor: Actor, ground: Ground, drawing: Drawing, results: Sequence[EditedArea]) -> None:
    """Every area that a step changes has to lie in the actor's own.

    Raises
    ------
    OutsideYourArea
        It names the first that does not.
    """
    if any(area.level == ZONE_LEVEL for area in results):
        _check_zones(actor, ground, drawing, results)
        return
    for area in results:
        code = _code_for_permission(area, drawing)
        if not actor.scope.covers(code):
            raise OutsideYourArea(area=area.name)
    # Which grids there are is decided for the whole subdistrict; micro-grids in each community.
    for area in results:
        before = drawing.areas.get(area.key)
        is_new_or_gone = before is None or area.is_ended or before.code != area.code
        is_grid = area.level == AreaLevel.GRID.value
        if is_grid and is_new_or_gone and not actor.scope.covers(ground.focus.code[:9]):
            raise OutsideYourArea(area=area.name)


def _code_for_permission(area: EditedArea, drawing: Drawing) -> str:
    seen = area
    while not seen.code and seen.parent_key is not None and seen.parent_key in drawing.areas:
        seen = drawing.areas[seen.parent_key]
    return seen.code


def _check_zones(actor: Actor, ground: Ground, drawing: Drawing, results: Sequence[EditedArea]) -> None:
    if actor.scope.is_everything:
        return
    own = [wkb for code, wkb in ground.communities.items() if actor.scope.covers(code)]
    if not own:
        raise OutsideYourArea(area=results[0].name)
    reach = shapely.union_all(shapely.from_wkb(np.array(own, dtype=object)))
    scale = Scale.of([reach])
    for area in results:
        for shape in (drawing.shapes.get(area.key), shapely.from_wkb(area.boundary)):
            if shape is not None and scale.area_m2(shapely.difference(shape, reach)) > _OUTSIDE_M2:
                raise OutsideYourArea(area=area.name)
