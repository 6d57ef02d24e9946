"""How a plan of posts is carried out: permission, rows, open issues, later days, history; one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.office_time import OFFICE_TIME, office_day
from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.domain.posts import (
    Ground,
    GroundLeftVacant,
    Plan,
    PostRefused,
    Tenure,
    check_may_manage,
    is_vacant,
)
from gridmap.domain.routing import RoutingDecision
from gridmap.storage import people as people_store
from gridmap.storage import posts as store
from gridmap.storage.issues import routing_columns
from gridmap.storage.job_queue import JobName, defer
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.storage.posts import GroundPlace, Holder
from gridmap.storage.register_changes import RegisterChange, record_change
from gridmap.use_cases.issues import RoutingRules
from gridmap.use_cases.rerouting import decisions_anew, store_decisions

BLOCK_LENGTH = 2_000
SHOWN_ISSUES_MAX = 50
_COARSER_CODE_LENGTHS = (12, 9)
_JOB_TIME = time(0, 5, tzinfo=OFFICE_TIME)
"""Shortly after midnight, so that the office's day has surely begun by every clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedIssue:
    """An open issue that gets another responsible person."""

    number: str
    from_person: Holder | None
    to_person: Holder | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostsOutcome:
    """What a change of posts did, or would do."""

    change_id: int
    plan: Plan
    is_today: bool
    """Whether open issues move now; else on ``plan.day``."""
    grounds: tuple[GroundPlace, ...]
    people: Mapping[int, Holder]
    moved_count: int
    moved: tuple[MovedIssue, ...]
    """Those of them that the actor may see, at most :data:`SHOWN_ISSUES_MAX`."""
    vacant: tuple[GroundPlace, ...]
    """Grounds that lose their last responsible person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a command is carried out."""

    rules: RoutingRules
    now: datetime
    confirmed: Collection[str] | None
    """Codes of grounds that may be left vacant; None: a preview, which refuses nothing."""
    note: str | None = None


def carry_out(
    session: Session,
    actor: Actor,
    grounds: Iterable[Ground],
    make_plan: Callable[[tuple[Tenure, ...]], Plan],
    *,
    terms: Terms,
    newcomer_id: int | None = None,
    undoes_id: int | None = None,
    area_code: str | None = None,
) -> PostsOutcome:
    """Make a plan of what is held on these grounds, check it, write it, and let the open issues follow.

    Parameters
    ----------
    newcomer_id : who is to get a post or a duty; has to be there and active
    undoes_id : the change of the history that this one puts back
    area_code : where the history keeps it; None: the area that holds all the grounds

    Raises
    ------
    GroundLeftVacant, NotFound, NotSignedIn, NotAllowed, PostRefused
    """
    check(actor, Action.MANAGE_POSTS)
    today = office_day(terms.now)
    wanted = sorted(set(grounds))
    held = store.lock_tenures_of_grounds(session, wanted)
    plan = make_plan(held)
    places = store.find_grounds(session, wanted, day=max(today, plan.day))
    _check_permission(actor, plan, places)
    people = store.find_holders(session, _person_ids(held, plan, newcomer_id))
    if newcomer_id is not None:
        newcomer = people.get(newcomer_id)
        if newcomer is None:
            raise PostRefused(reason="unknown", field="person_id")
        if not newcomer.is_active:
            raise PostRefused(reason="person_left", field="person_id", name=newcomer.name)

    written = store.write_plan(session, plan)
    _write_leaving(session, written)
    vacant = _newly_vacant(session, held, written, people)
    if terms.confirmed is not None:
        unconfirmed = [ground for ground in vacant if ground.code not in terms.confirmed]
        if unconfirmed:
            raise GroundLeftVacant(unconfirmed)

    is_today = plan.day <= today
    moved = follow(
        session,
        actor,
        wanted,
        rules=terms.rules,
        day=max(today, plan.day),
        now=terms.now if is_today else None,
    )
    _schedule(session, written, today=today, rules=terms.rules)
    change_id = _record(
        session,
        actor,
        written,
        places,
        people,
        terms=terms,
        moved_count=len(moved),
        vacant=vacant,
        undoes_id=undoes_id,
        area_code=area_code,
    )
    return PostsOutcome(
        change_id=change_id,
        plan=written,
        is_today=is_today,
        grounds=tuple(places.values()),
        people=people,
        moved_count=len(moved),
        moved=_moved_issues(session, actor, moved),
        vacant=tuple(places[ground] for ground in vacant),
    )


def _check_permission(actor: Actor, plan: Plan, places: Mapping[Ground, GroundPlace]) -> None:
    for change in plan.changes:
        place = places.get(change.ground)
        # A ground elsewhere is answered as one that is not there.
        if place is None or not can(actor, Action.MANAGE_POSTS, place.area_code):
            raise NotFound(what="ground", code=change.ground.code)
        check_may_manage(actor, change, area_code=place.area_code)


def _write_leaving(session: Session, plan: Plan) -> None:
    if plan.left_person_id is not None:
        people_store.set_active(session, plan.left_person_id, is_active=False)
    if plan.returned_person_id is not None:
        people_store.set_active(session, plan.returned_person_id, is_active=True)


def _newly_vacant(
    session: Session, before: tuple[Tenure, ...], plan: Plan, people: Mapping[int, Holder]
) -> tuple[Ground, ...]:
    """Grounds with somebody before and nobody after, on any day on which something changes."""
    after = store.lock_tenures_of_grounds(session, plan.grounds)
    active_before = frozenset(id for id, person in people.items() if person.is_active)
    active_after = active_before - {plan.left_person_id}
    days = (plan.day, *plan.later_days)
    return tuple(
        ground
        for ground in plan.grounds
        if any(
            is_vacant(ground, after, day=day, active_ids=active_after)
            and not is_vacant(ground, before, day=day, active_ids=active_before)
            for day in days
        )
    )


def follow(
    session: Session,
    actor: Actor,
    grounds: Sequence[Ground],
    *,
    rules: RoutingRules,
    day: date,
    now: datetime | None,
) -> list[tuple[UUID, int | None, int | None]]:
    """Decide the open issues of grounds anew for a day; ``now`` None writes nothing.

    Returns
    -------
    the issues whose responsible person changes, with who it was and who it will be
    """
    moved: list[tuple[UUID, int | None, int | None]] = []
    after: UUID | None = None
    while block := store.lock_open_issues_of_grounds(session, grounds, after=after, limit=BLOCK_LENGTH):
        after = block[-1].id
        changed: list[tuple[UUID, RoutingDecision]] = []
        handed_over: set[UUID] = set()
        for issue, decision in zip(block, decisions_anew(session, block, rules=rules, day=day), strict=True):
            columns = routing_columns(decision)
            if columns == issue.columns:
                continue
            changed.append((issue.id, decision))
            was = issue.columns["responsible_person_id"]
            if was != decision.responsible_person_id:
                handed_over.add(issue.id)
                moved.append(
                    (issue.id, was if isinstance(was, int) else None, decision.responsible_person_id)
                )
        if now is not None:
            store_decisions(session, actor, changed, tell_about=handed_over, now=now)
        if len(block) < BLOCK_LENGTH:
            break
    if moved and now is not None:
        bump_layer_version(session, "issues", data_date=office_day(now))
    return moved


def _moved_issues(
    session: Session, actor: Actor, moved: Sequence[tuple[UUID, int | None, int | None]]
) -> tuple[MovedIssue, ...]:
    hands = {id: (was, will_be) for id, was, will_be in moved}
    people = store.find_holders(
        session, {person for pair in hands.values() for person in pair if person is not None}
    )
    found = store.find_issue_numbers(session, list(hands))
    seen = [(id, number) for id, number, area_code in found if can(actor, Action.SEE_ISSUES, area_code)]
    return tuple(
        MovedIssue(
            number=number,
            from_person=people.get(hands[id][0] or 0),
            to_person=people.get(hands[id][1] or 0),
        )
        for id, number in seen[:SHOWN_ISSUES_MAX]
    )


def _schedule(session: Session, plan: Plan, *, today: date, rules: RoutingRules) -> None:
    for day in sorted({day for day in (plan.day, *plan.later_days) if day > today}):
        for ground in plan.grounds:
            defer(
                session,
                JobName.ASSIGN_ISSUES_ANEW,
                at=datetime.combine(day, _JOB_TIME),
                kind=ground.kind.value,
                code=ground.code,
                policy=rules.policy.value,
                outside_max_m=str(rules.outside_max_m),
            )


def _record(
    session: Session,
    actor: Actor,
    plan: Plan,
    places: Mapping[Ground, GroundPlace],
    people: Mapping[int, Holder],
    *,
    terms: Terms,
    moved_count: int,
    vacant: Sequence[Ground],
    undoes_id: int | None,
    area_code: str | None,
) -> int:
    subject = (
        plan.left_person_id
        or plan.returned_person_id
        or next((one.person_id for change in plan.changes for one in (change.before, change.after) if one), 0)
    )
    change = RegisterChange(
        register="post",
        item_code=people[subject].code if subject in people else "",
        action=plan.action,
        area_code=common_area_code([place.area_code for place in places.values()])
        if area_code is None
        else area_code,
        note=terms.note,
        undoes_id=undoes_id,
        changes={
            "day": plan.day.isoformat(),
            "later_days": [day.isoformat() for day in plan.later_days],
            "left_person_id": plan.left_person_id,
            "moved_count": moved_count,
            "vacant": [ground.code for ground in vacant],
            "tenures": [
                {"before": store.tenure_json(one.before), "after": store.tenure_json(one.after)}
                for one in plan.changes
            ],
        },
    )
    return record_change(session, change, actor_account_id=actor.account_id, at=terms.now)


def common_area_code(codes: Sequence[str]) -> str:
    """The code of the finest area that holds all of these; empty when none does."""
    if len(set(codes)) == 1:
        return codes[0]
    lengths = (length for length in _COARSER_CODE_LENGTHS if len({code[:length] for code in codes}) == 1)
    return next((codes[0][:length] for length in lengths), "") if codes else ""


def _person_ids(held: Iterable[Tenure], plan: Plan, newcomer_id: int | None) -> set[int]:
    tenures = [*held, *(one for change in plan.changes for one in (change.before, change.after) if one)]
    ids = {one.person_id for one in tenures}
    ids |= {cover.person_id for one in tenures for cover in one.stand_ins}
    extra = (newcomer_id, plan.left_person_id, plan.returned_person_id)
    return ids | {id for id in extra if id is not None}
