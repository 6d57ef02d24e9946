"""Posts given, handed over, covered, ended and put back, with the open issues that follow.

Each command is one transaction of its caller. A preview is the same command with ``confirmed`` None in a
transaction that the caller rolls back, so that it never says anything else than what would happen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from gridmap.domain import posts as rules_of_posts
from gridmap.domain.errors import NotFound
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.domain.posts import (
    Ground,
    Plan,
    PostRefused,
    PostRole,
    PostsChanged,
    Tenure,
    TenureChange,
    check_day,
)
from gridmap.storage import posts as store
from gridmap.storage.register_changes import find_change
from gridmap.use_cases.issues import RoutingRules
from gridmap.use_cases.people import area_of_person, find_person_for
from gridmap.use_cases.post_changes import PostsOutcome, Terms, carry_out, follow


def give_post(
    session: Session,
    actor: Actor,
    *,
    person_id: int,
    role: PostRole,
    ground: Ground,
    from_day: date,
    to_day: date | None,
    terms: Terms,
) -> PostsOutcome:
    """Give somebody a post from a day, perhaps only until another.

    Raises
    ------
    NotSignedIn, NotAllowed, NotFound, PostRefused, InvalidInput
    """
    _check_days(terms, from_day, to_day)

    def plan(held: tuple[Tenure, ...]) -> Plan:
        return rules_of_posts.give(
            held, person_id=person_id, role=role, ground=ground, from_day=from_day, to_day=to_day
        )

    return carry_out(session, actor, [ground], plan, terms=terms, newcomer_id=person_id)


def end_posts(
    session: Session, actor: Actor, versions: Mapping[int, int], *, day: date, terms: Terms
) -> PostsOutcome:
    """End posts: from ``day`` on they are no longer held.

    Parameters
    ----------
    versions : the posts by id, each with the version that the editor saw

    Raises
    ------
    GroundLeftVacant
        Areas or zones would have nobody, and not all of them are confirmed.
    PostsChanged
        Somebody else has changed one of the posts.
    NotSignedIn, NotAllowed, NotFound, PostRefused, InvalidInput
    """
    _check_days(terms, day)
    tenures = _seen(session, versions)

    def plan(_: tuple[Tenure, ...]) -> Plan:
        return rules_of_posts.end(tenures, day=day)

    return carry_out(session, actor, [one.ground for one in tenures], plan, terms=terms)


def hand_over_posts(
    session: Session,
    actor: Actor,
    versions: Mapping[int, int],
    *,
    to_person_id: int,
    from_day: date,
    terms: Terms,
) -> PostsOutcome:
    """Hand posts over to somebody else; open issues follow (调岗: 李 → 王).

    Raises
    ------
    As :func:`end_posts`.
    """
    _check_days(terms, from_day)
    tenures = _seen(session, versions)

    def plan(held: tuple[Tenure, ...]) -> Plan:
        return rules_of_posts.hand_over(tenures, held, to_person_id=to_person_id, from_day=from_day)

    grounds = [one.ground for one in tenures]
    return carry_out(session, actor, grounds, plan, terms=terms, newcomer_id=to_person_id)


def give_stand_in(
    session: Session,
    actor: Actor,
    versions: Mapping[int, int],
    *,
    person_id: int,
    first_day: date,
    last_day: date | None,
    terms: Terms,
) -> PostsOutcome:
    """Let somebody do the work of posts from one day to another (请假, 代班人).

    Raises
    ------
    As :func:`end_posts`.
    """
    _check_days(terms, first_day, last_day)
    tenures = _seen(session, versions)

    def plan(_: tuple[Tenure, ...]) -> Plan:
        return rules_of_posts.stand_in(tenures, person_id=person_id, first_day=first_day, last_day=last_day)

    grounds = [one.ground for one in tenures]
    return carry_out(session, actor, grounds, plan, terms=terms, newcomer_id=person_id)


def end_stand_in(
    session: Session, actor: Actor, versions: Mapping[int, int], *, person_id: int, day: date, terms: Terms
) -> PostsOutcome:
    """Let the holder of one post come back: from ``day`` on nobody stands in.

    Raises
    ------
    As :func:`end_posts`.
    """
    _check_days(terms, day)
    tenures = _seen(session, versions)
    if len(tenures) != 1:
        raise PostRefused(reason="nothing_chosen")

    def plan(_: tuple[Tenure, ...]) -> Plan:
        return rules_of_posts.end_stand_in(tenures[0], person_id=person_id, day=day)

    return carry_out(session, actor, [tenures[0].ground], plan, terms=terms)


def let_leave(session: Session, actor: Actor, person_id: int, *, terms: Terms) -> PostsOutcome:
    """Let somebody go today: all posts and duties as a stand-in end, and no new ones can be given.

    Raises
    ------
    As :func:`end_posts`.
    """
    day = office_day(terms.now)
    person = find_person_for(session, actor, person_id, day=day, to_edit=True, lock=True)
    if not person.is_active:
        raise PostRefused(reason="person_left", field="person_id")
    tenures = store.lock_tenures_of_person(session, person_id, day=day)

    def plan(_: tuple[Tenure, ...]) -> Plan:
        return rules_of_posts.leave(person_id, tenures, day=day)

    grounds = [one.ground for one in tenures]
    home = area_of_person(session, actor, person_id, day=day)
    return carry_out(session, actor, grounds, plan, terms=terms, area_code=home)


def undo_change(session: Session, actor: Actor, change_id: int, *, terms: Terms) -> PostsOutcome:
    """Put back what a change of posts had changed, as long as nothing newer stands on it.

    Raises
    ------
    PostsChanged
        The posts have been changed since, or it is undone already.
    GroundLeftVacant, NotFound, NotSignedIn, NotAllowed
    """
    check(actor, Action.MANAGE_POSTS)
    kept = find_change(session, change_id, register="post")
    if kept is None or not can(actor, Action.MANAGE_POSTS, kept.area_code) or kept.action == "undone":
        raise NotFound(what="change", id=change_id)
    if kept.is_undone:
        raise PostsChanged(reason="undone_already")
    done = _plan_of(kept.changes)
    now_held = {one.id: one for one in store.lock_tenures(session, _ids_after(done))}
    for change in done.changes:
        if change.after is not None and _content(now_held.get(change.after.id)) != _content(change.after):
            raise PostsChanged(reason="changed_since")
    back = rules_of_posts.undo(done, day=office_day(terms.now))

    def plan(_: tuple[Tenure, ...]) -> Plan:
        return back

    return carry_out(
        session, actor, list(done.grounds), plan, terms=terms, undoes_id=change_id, area_code=kept.area_code
    )


def assign_issues_anew(
    session: Session, grounds: Sequence[Ground], *, rules: RoutingRules, now: datetime
) -> int:
    """Give the open issues of grounds the people of today; for days on which posts change by themselves.

    Returns
    -------
    how many got another responsible person
    """
    return len(follow(session, Actor.system(), grounds, rules=rules, day=office_day(now), now=now))


def _seen(session: Session, versions: Mapping[int, int]) -> tuple[Tenure, ...]:
    """The posts that a form names, as the editor saw them."""
    if not versions:
        raise PostRefused(reason="nothing_chosen")
    tenures = store.lock_tenures(session, versions)
    if len(tenures) != len(versions) or any(one.version != versions[one.id or 0] for one in tenures):
        raise PostsChanged(reason="changed_since")
    return tenures


def _check_days(terms: Terms, *days: date | None) -> None:
    for day in days:
        if day is not None:
            check_day(day, today=office_day(terms.now))


def _plan_of(kept: Mapping[str, object]) -> Plan:
    """Read back what :func:`_record` kept."""
    tenures = kept["tenures"]
    later_days = kept["later_days"]
    left = kept["left_person_id"]
    if not isinstance(tenures, list) or not isinstance(later_days, list):
        raise NotFound(what="change")
    return Plan(
        action="",
        day=date.fromisoformat(str(kept["day"])),
        changes=tuple(
            TenureChange(before=store.tenure_of_json(one["before"]), after=store.tenure_of_json(one["after"]))
            for one in tenures
        ),
        left_person_id=left if isinstance(left, int) else None,
        later_days=tuple(date.fromisoformat(str(day)) for day in later_days),
    )


def _ids_after(plan: Plan) -> list[int]:
    return [one.after.id for one in plan.changes if one.after is not None and one.after.id is not None]


def _content(tenure: Tenure | None) -> Tenure | None:
    return None if tenure is None else replace(tenure, version=0)
