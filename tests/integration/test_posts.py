"""Posts given, handed over, covered and ended: the open issues follow, and nobody leaves a ground unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput, NotAllowed, NotFound
from gridmap.domain.people import PersonDetails, parse_person
from gridmap.domain.permissions import Actor
from gridmap.domain.posts import (
    Ground,
    GroundKind,
    GroundLeftVacant,
    OwnPost,
    PostRefused,
    PostRole,
    PostsChanged,
)
from gridmap.domain.register_input import InvalidForm, ItemChanged
from gridmap.queries.at_point import at_point
from gridmap.queries.notifications import unread_notifications
from gridmap.storage.tables import AssignmentRow, IssueEventRow, IssueRow, PersonRow, StandInRow
from gridmap.use_cases.people import create_person, edit_person, find_person_for
from gridmap.use_cases.post_changes import PostsOutcome, Terms
from gridmap.use_cases.posts import (
    assign_issues_anew,
    end_posts,
    end_stand_in,
    give_post,
    give_stand_in,
    hand_over_posts,
    let_leave,
    undo_change,
)
from tests.factories import (
    SUBDISTRICT,
    World,
    add_account,
    add_person,
    add_world,
    assign,
    middle_of,
    stand_in_for,
)
from tests.reports import NEAREST, NOW, actor_of, pinned

TODAY = date(2026, 11, 20)
FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
GRID = f"{FIRST}010"
Z1 = Ground(GroundKind.ZONE, "Z1")
PREVIEW = Terms(rules=NEAREST, now=NOW, confirmed=None)
DO = Terms(rules=NEAREST, now=NOW, confirmed=())


@pytest.fixture
def world(session: Session) -> World:
    return add_world(session)


@pytest.fixture
def officer(session: Session, world: World) -> Actor:
    return actor_of(add_account(session, "office", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


@pytest.fixture
def secretary(session: Session, world: World) -> Actor:
    person = world.people["community_secretary", FIRST]
    account = add_account(
        session, "secretary", role="community_secretary", area_codes=(FIRST,), person=person
    )
    return actor_of(account)


def post_of(session: Session, person: PersonRow) -> AssignmentRow:
    return session.scalars(select(AssignmentRow).where(AssignmentRow.person_id == person.id)).one()


def seen(session: Session, *posts: AssignmentRow) -> dict[int, int]:
    for post in posts:
        session.refresh(post)
    return {post.id: post.version for post in posts}


def responsible_of(session: Session, issue_id: object) -> int | None:
    session.expire_all()
    return session.get_one(IssueRow, issue_id).responsible_person_id


def all_rows(session: Session) -> list[tuple[object, ...]]:
    query = (
        "SELECT person_id, role, area_code, zone_code, valid_from, valid_to FROM assignment ORDER BY 1, 2, 5"
    )
    covers = "SELECT person_id, first_day, last_day FROM stand_in ORDER BY 1, 2"
    return [tuple(row) for statement in (query, covers) for row in session.execute(text(statement))]


def test_a_handover_moves_the_open_issues_with_an_event_and_a_word_to_the_new_person(
    session: Session, world: World, officer: Actor
) -> None:
    was, to = world.people["zone_responsible", "Z1"], add_person(session, "next")
    account = add_account(session, "next", person=to, area_codes=(GRID,))
    issues = [pinned(session, officer, middle_of(column, 0)) for column in (0, 1)]
    elsewhere = pinned(session, officer, middle_of(3, 0))
    post = post_of(session, was)
    outcome = hand_over_posts(
        session, officer, seen(session, post), to_person_id=to.id, from_day=TODAY, terms=DO
    )
    assert (outcome.moved_count, outcome.is_today, outcome.vacant) == (2, True, ())
    assert {(one.from_person.name, one.to_person.name) for one in outcome.moved} == {(was.name, to.name)}  # type: ignore[union-attr]
    assert [responsible_of(session, one) for one in issues] == [to.id, to.id]
    assert responsible_of(session, elsewhere) == world.people["zone_responsible", "Z2"].id
    events = session.scalars(
        select(IssueEventRow).where(IssueEventRow.issue_id == issues[0]).order_by(IssueEventRow.seq)
    ).all()
    assert (events[-1].kind, events[-1].actor_account_id) == ("routed", officer.account_id)
    assert unread_notifications(session, actor_of(account)).total_count == 2


def test_a_preview_says_the_same_and_writes_nothing(session: Session, world: World, officer: Actor) -> None:
    was, to = world.people["zone_responsible", "Z1"], add_person(session, "next")
    issue = pinned(session, officer, middle_of(0, 0))
    versions = seen(session, post_of(session, was))
    before = all_rows(session)
    savepoint = session.begin_nested()
    outcome = hand_over_posts(session, officer, versions, to_person_id=to.id, from_day=TODAY, terms=PREVIEW)
    savepoint.rollback()
    assert outcome.moved_count == 1
    assert all_rows(session) == before
    assert responsible_of(session, issue) == was.id
    assert session.execute(text("SELECT count(*) FROM register_change")).scalar_one() == 0


def test_undo_puts_back_the_posts_and_the_issues_once(session: Session, world: World, officer: Actor) -> None:
    was, to = world.people["zone_responsible", "Z1"], add_person(session, "next")
    issue = pinned(session, officer, middle_of(0, 0))
    before = all_rows(session)
    versions = seen(session, post_of(session, was))
    done = hand_over_posts(session, officer, versions, to_person_id=to.id, from_day=TODAY, terms=DO)
    assert responsible_of(session, issue) == to.id
    undone = undo_change(session, officer, done.change_id, terms=DO)
    assert undone.moved_count == 1
    assert all_rows(session) == before
    assert responsible_of(session, issue) == was.id
    with pytest.raises(PostsChanged):
        undo_change(session, officer, done.change_id, terms=DO)


def test_undo_is_refused_when_something_newer_stands_on_it(
    session: Session, world: World, officer: Actor
) -> None:
    was, to, third = (
        world.people["zone_responsible", "Z1"],
        add_person(session, "b"),
        add_person(session, "c"),
    )
    versions = seen(session, post_of(session, was))
    done = hand_over_posts(session, officer, versions, to_person_id=to.id, from_day=TODAY, terms=DO)
    give_stand_in(
        session,
        officer,
        seen(session, post_of(session, to)),
        person_id=third.id,
        first_day=TODAY,
        last_day=None,
        terms=DO,
    )
    before = all_rows(session)
    with pytest.raises(PostsChanged):
        undo_change(session, officer, done.change_id, terms=DO)
    assert all_rows(session) == before


def test_the_last_post_of_a_zone_ends_only_when_the_zone_is_confirmed_by_name(
    session: Session, world: World, officer: Actor
) -> None:
    was = world.people["zone_responsible", "Z1"]
    issue = pinned(session, officer, middle_of(0, 0))
    post = post_of(session, was)
    with pytest.raises(GroundLeftVacant) as stopped, session.begin_nested():
        end_posts(session, officer, seen(session, post), day=TODAY, terms=DO)
    assert stopped.value.grounds == (Z1,)
    assert responsible_of(session, issue) == was.id
    wrong = Terms(rules=NEAREST, now=NOW, confirmed=("Z2",))
    with pytest.raises(GroundLeftVacant), session.begin_nested():
        end_posts(session, officer, seen(session, post), day=TODAY, terms=wrong)
    right = Terms(rules=NEAREST, now=NOW, confirmed=("Z1",))
    outcome = end_posts(session, officer, seen(session, post), day=TODAY, terms=right)
    assert [place.ground for place in outcome.vacant] == [Z1]
    # By territory the grid's worker answers now.
    assert responsible_of(session, issue) == world.people["grid_worker", GRID].id


def test_of_two_in_a_post_one_may_end_without_a_word(session: Session, world: World, officer: Actor) -> None:
    second = add_person(session, "second")
    assign(session, second, "zone_responsible", zone_code="Z1")
    outcome = end_posts(session, officer, seen(session, post_of(session, second)), day=TODAY, terms=DO)
    assert outcome.vacant == ()


def test_who_is_gone_fills_no_post(session: Session, world: World, officer: Actor) -> None:
    gone = add_person(session, "gone", is_active=False)
    assign(session, gone, "zone_responsible", zone_code="Z1")
    post = post_of(session, world.people["zone_responsible", "Z1"])
    with pytest.raises(GroundLeftVacant):
        end_posts(session, officer, seen(session, post), day=TODAY, terms=DO)


def test_a_term_that_ends_by_itself_has_to_be_confirmed_too(
    session: Session, world: World, officer: Actor
) -> None:
    was, to = world.people["zone_responsible", "Z1"], add_person(session, "next")
    post = post_of(session, was)
    post.valid_to = TODAY + timedelta(days=30)
    session.flush()
    outcome = hand_over_posts(
        session, officer, seen(session, post), to_person_id=to.id, from_day=TODAY, terms=DO
    )
    # Nothing new: it ended on that day before, too.
    assert outcome.vacant == ()
    other = Ground(GroundKind.ZONE, "Z2")
    end_it = Terms(rules=NEAREST, now=NOW, confirmed=("Z2",))
    holder = post_of(session, world.people["zone_responsible", "Z2"])
    end_posts(session, officer, seen(session, holder), day=TODAY, terms=end_it)
    given = give_post(
        session,
        officer,
        person_id=to.id,
        role=PostRole.ZONE_RESPONSIBLE,
        ground=other,
        from_day=TODAY,
        to_day=TODAY + timedelta(days=5),
        terms=DO,
    )
    assert given.vacant == ()  # it was vacant before, so nobody leaves it


def test_a_handover_on_a_later_day_waits_for_its_job(session: Session, world: World, officer: Actor) -> None:
    was, to = world.people["zone_responsible", "Z1"], add_person(session, "next")
    issue = pinned(session, officer, middle_of(0, 0))
    day = TODAY + timedelta(days=10)
    versions = seen(session, post_of(session, was))
    outcome = hand_over_posts(session, officer, versions, to_person_id=to.id, from_day=day, terms=DO)
    assert (outcome.moved_count, outcome.is_today) == (1, False)
    assert responsible_of(session, issue) == was.id
    jobs = session.execute(
        text("SELECT args, scheduled_at FROM procrastinate_jobs WHERE task_name = 'assign_issues_anew'")
    ).all()
    assert [(job.args["kind"], job.args["code"]) for job in jobs] == [("zone", "Z1")]
    assert jobs[0].scheduled_at.isoformat().startswith("2026-11-29T16:05")  # 00:05 on the 30th at the office
    assert assign_issues_anew(session, [Z1], rules=NEAREST, now=NOW) == 0
    assert assign_issues_anew(session, [Z1], rules=NEAREST, now=NOW + timedelta(days=10)) == 1
    assert responsible_of(session, issue) == to.id
    assert assign_issues_anew(session, [Z1], rules=NEAREST, now=NOW + timedelta(days=10)) == 0


def test_a_stand_in_gets_the_issues_and_the_holder_gets_them_back(
    session: Session, world: World, officer: Actor
) -> None:
    holder, cover = world.people["zone_responsible", "Z1"], add_person(session, "cover")
    issue = pinned(session, officer, middle_of(0, 0))
    post = post_of(session, holder)
    last = TODAY + timedelta(days=4)
    given = give_stand_in(
        session,
        officer,
        seen(session, post),
        person_id=cover.id,
        first_day=TODAY,
        last_day=last,
        terms=DO,
    )
    assert given.moved_count == 1
    assert responsible_of(session, issue) == cover.id
    due = session.scalars(text("SELECT scheduled_at FROM procrastinate_jobs WHERE task_name LIKE 'assign%'"))
    assert [one.isoformat()[:10] for one in due] == ["2026-11-24"]
    back = end_stand_in(session, officer, seen(session, post), person_id=cover.id, day=TODAY, terms=DO)
    assert back.moved_count == 1
    assert responsible_of(session, issue) == holder.id
    assert session.scalars(select(StandInRow)).all() == []


def test_an_earlier_stand_in_stays_in_the_history_when_another_follows(
    session: Session, world: World, officer: Actor
) -> None:
    holder = world.people["zone_responsible", "Z1"]
    first, second = add_person(session, "first"), add_person(session, "second")
    stand_in_for(session, post_of(session, holder), first, date(2026, 5, 1), date(2026, 5, 10))
    give_stand_in(
        session,
        officer,
        seen(session, post_of(session, holder)),
        person_id=second.id,
        first_day=TODAY,
        last_day=None,
        terms=DO,
    )
    location = session.get_one(IssueRow, pinned(session, officer, middle_of(0, 0))).responsible_person_id
    assert location == second.id

    def who(day: date) -> str | None:
        lon, lat = middle_of(0, 0)
        found = at_point(
            session,
            Actor.system(),
            LonLat(lon_deg=lon, lat_deg=lat),
            policy=NEAREST.policy,
            outside_max_m=NEAREST.outside_max_m,
            day=day,
            today=TODAY,
        )
        return found.responsible[0].name

    assert who(date(2026, 5, 3)) == first.name
    assert who(date(2026, 6, 1)) == holder.name
    assert who(TODAY) == second.name


def test_who_has_left_is_still_named_for_the_days_before(
    session: Session, world: World, officer: Actor
) -> None:
    gone = world.people["zone_responsible", "Z1"]
    confirmed = Terms(rules=NEAREST, now=NOW, confirmed=("Z1",))
    outcome = let_leave(session, officer, gone.id, terms=confirmed)
    session.refresh(gone)
    assert not gone.is_active
    assert post_of(session, gone).valid_to == TODAY
    with pytest.raises(PostRefused) as refused:
        give_post(
            session,
            officer,
            person_id=gone.id,
            role=PostRole.ZONE_RESPONSIBLE,
            ground=Z1,
            from_day=TODAY,
            to_day=None,
            terms=DO,
        )
    assert refused.value.reason == "person_left"
    undo_change(session, officer, outcome.change_id, terms=DO)
    session.refresh(gone)
    assert gone.is_active
    assert post_of(session, gone).valid_to is None


def test_who_leaves_is_no_stand_in_any_longer(session: Session, world: World, officer: Actor) -> None:
    holder, cover = world.people["zone_responsible", "Z1"], world.people["grid_worker", GRID]
    stand_in_for(session, post_of(session, holder), cover, TODAY - timedelta(days=3))
    issue = pinned(session, officer, middle_of(0, 0))
    assert responsible_of(session, issue) == cover.id
    let_leave(session, officer, cover.id, terms=Terms(rules=NEAREST, now=NOW, confirmed=(GRID,)))
    assert responsible_of(session, issue) == holder.id
    assert session.scalars(select(StandInRow.last_day)).all() == [TODAY - timedelta(days=1)]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda s, a, _p, _o: end_posts(s, a, {}, day=TODAY, terms=DO), "nothing_chosen"),
        (
            lambda s, a, p, _o: hand_over_posts(
                s, a, seen(s, p), to_person_id=p.person_id, from_day=TODAY, terms=DO
            ),
            "same_person",
        ),
        (
            lambda s, a, p, _o: hand_over_posts(
                s, a, seen(s, p), to_person_id=999_999, from_day=TODAY, terms=DO
            ),
            "unknown",
        ),
        (
            lambda s, a, p, o: give_stand_in(
                s, a, seen(s, p), person_id=o.id, first_day=TODAY, last_day=date(2026, 11, 1), terms=DO
            ),
            "ends_before_it_begins",
        ),
        (
            lambda s, a, p, o: give_stand_in(
                s, a, seen(s, p), person_id=o.id, first_day=date(2025, 12, 1), last_day=None, terms=DO
            ),
            "outside_the_term",
        ),
        (
            lambda s, a, p, o: end_stand_in(s, a, seen(s, p), person_id=o.id, day=TODAY, terms=DO),
            "no_stand_in",
        ),
        (lambda s, a, p, _o: end_posts(s, a, seen(s, p), day=date(2030, 1, 1), terms=DO), "day_too_far"),
        (
            lambda s, a, p, _o: give_post(
                s,
                a,
                person_id=p.person_id,
                role=PostRole.ZONE_RESPONSIBLE,
                ground=Z1,
                from_day=TODAY,
                to_day=None,
                terms=DO,
            ),
            "already_held",
        ),
        (
            lambda s, a, _p, o: give_post(
                s,
                a,
                person_id=o.id,
                role=PostRole.GRID_WORKER,
                ground=Z1,
                from_day=TODAY,
                to_day=None,
                terms=DO,
            ),
            "post_of_other_ground",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(
    session: Session,
    world: World,
    officer: Actor,
    make: Callable[[Session, Actor, AssignmentRow, PersonRow], PostsOutcome],
    reason: str,
) -> None:
    post = post_of(session, world.people["zone_responsible", "Z1"])
    before = all_rows(session)
    other = add_person(session, "other")
    with pytest.raises(InvalidInput) as refused, session.begin_nested():
        make(session, officer, post, other)
    assert refused.value.reason == reason
    assert all_rows(session) == before


def test_of_two_editors_the_second_is_told(session: Session, world: World, officer: Actor) -> None:
    post = post_of(session, world.people["zone_responsible", "Z1"])
    to, third = add_person(session, "b"), add_person(session, "c")
    stale = seen(session, post)
    give_stand_in(session, officer, stale, person_id=third.id, first_day=TODAY, last_day=None, terms=DO)
    with pytest.raises(PostsChanged):
        hand_over_posts(session, officer, stale, to_person_id=to.id, from_day=TODAY, terms=DO)


def test_a_secretary_manages_the_posts_below_the_community_and_no_others(
    session: Session, world: World, secretary: Actor
) -> None:
    to = add_person(session, "next")

    def hand_over(role: str, code: str) -> None:
        with session.begin_nested():
            hand_over_posts(
                session,
                secretary,
                seen(session, post_of(session, world.people[role, code])),
                to_person_id=to.id,
                from_day=TODAY,
                terms=DO,
            )

    hand_over("grid_worker", GRID)
    hand_over("zone_responsible", "Z1")
    for role, code in (("grid_worker", f"{SECOND}010"), ("zone_responsible", "Z2")):
        with pytest.raises(NotFound):
            hand_over(role, code)
    with pytest.raises(NotFound):
        hand_over("subdistrict_officer", SUBDISTRICT)
    with pytest.raises(NotAllowed):
        hand_over("community_secretary", FIRST)


def test_nobody_but_an_administrator_touches_a_post_of_their_own(
    session: Session, world: World, secretary: Actor
) -> None:
    own = world.people["community_secretary", FIRST]
    with pytest.raises(OwnPost):
        give_post(
            session,
            secretary,
            person_id=own.id,
            role=PostRole.GRID_WORKER,
            ground=Ground(GroundKind.AREA, GRID),
            from_day=TODAY,
            to_day=None,
            terms=DO,
        )


@pytest.mark.parametrize("role", ["grid_worker", "planner"])
def test_other_roles_manage_no_posts(session: Session, world: World, role: str) -> None:
    actor = actor_of(add_account(session, "x", role=role, area_codes=(SUBDISTRICT,)))
    post = post_of(session, world.people["zone_responsible", "Z1"])
    with pytest.raises(NotAllowed):
        end_posts(session, actor, seen(session, post), day=TODAY, terms=DO)


JIA = PersonDetails(
    name="示意甲",
    name_en=None,
    office_phone="027-0000-1",
    mobile_phone="10012345678",
    name_is_public=False,
    mobile_is_public=False,
)


def test_a_person_without_a_post_is_known_where_they_were_recorded(
    session: Session, world: World, officer: Actor, secretary: Actor
) -> None:
    person_id = create_person(session, secretary, JIA, area_code=FIRST, now=NOW)
    assert find_person_for(session, secretary, person_id, day=TODAY).code.startswith("P")
    assert find_person_for(session, officer, person_id, day=TODAY).details == JIA
    other = actor_of(add_account(session, "s2", role="community_secretary", area_codes=(SECOND,)))
    with pytest.raises(NotFound):
        find_person_for(session, other, person_id, day=TODAY)
    with pytest.raises(NotFound):
        let_leave(session, other, person_id, terms=DO)
    with pytest.raises(NotAllowed):
        create_person(session, secretary, JIA, area_code=SECOND, now=NOW)


def test_who_also_holds_a_post_elsewhere_is_edited_by_those_above_both(
    session: Session, world: World, officer: Actor, secretary: Actor
) -> None:
    both = world.people["grid_worker", GRID]
    assign(session, both, "grid_worker", area_code=f"{SECOND}010")
    with pytest.raises(NotAllowed):
        edit_person(session, secretary, both.id, JIA, version=1, now=NOW)
    assert edit_person(session, officer, both.id, JIA, version=1, now=NOW)
    with pytest.raises(ItemChanged):
        edit_person(session, officer, both.id, JIA, version=1, now=NOW)
    assert not edit_person(session, officer, both.id, JIA, version=2, now=NOW)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "420106199001011234"}, "name"),
        ({"name": "甲", "mobile_phone": "420106199001011234"}, "mobile_phone"),
        ({"name": "甲", "mobile_phone": "打给我"}, "mobile_phone"),
        ({"name": "甲", "mobile_phone": "10012345678", "mobile_is_public": "1"}, "mobile_is_public"),
        ({"name": "甲", "name_is_public": "1", "mobile_is_public": "1"}, "mobile_phone"),
        ({"name": "甲\x00"}, "name"),
        ({"name": "甲" * 41}, "name"),
    ],
)
def test_a_form_of_a_person_is_read_with_suspicion(form: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidForm) as refused:
        parse_person(form)
    assert field in {problem.field for problem in refused.value.problems}
