"""Whatever is done to posts in whatever order: one stands in at a time, undo is exact, no gaps."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.posts import (
    Ground,
    GroundKind,
    Plan,
    PostRefused,
    PostRole,
    Tenure,
    TenureChange,
    end,
    end_stand_in,
    give,
    hand_over,
    is_vacant,
    leave,
    stand_in,
    undo,
)

BEGIN = date(2026, 1, 1)
GROUND = Ground(GroundKind.ZONE, "Z1")
PEOPLE = (1, 2, 3, 4)
DAYS = st.integers(min_value=0, max_value=60).map(lambda n: BEGIN + timedelta(days=n))
COMMANDS = st.tuples(
    st.sampled_from(["give", "end", "hand_over", "stand_in", "end_stand_in", "leave"]),
    st.sampled_from(PEOPLE),
    DAYS,
    st.one_of(st.none(), DAYS),
    st.integers(min_value=0, max_value=5),
)

Held = dict[int, Tenure]


def plan_of(held: Held, command: tuple[str, int, date, date | None, int]) -> Plan:
    name, person_id, day, other_day, index = command
    chosen = [list(held.values())[index % len(held)]] if held else []
    match name:
        case "give":
            return give(
                held.values(),
                person_id=person_id,
                role=PostRole.ZONE_RESPONSIBLE,
                ground=GROUND,
                from_day=day,
                to_day=other_day,
            )
        case "end":
            return end(chosen, day=day)
        case "hand_over":
            return hand_over(chosen, held.values(), to_person_id=person_id, from_day=day)
        case "stand_in":
            return stand_in(chosen, person_id=person_id, first_day=day, last_day=other_day)
        case "end_stand_in":
            if not chosen:
                raise PostRefused(reason="nothing_chosen")
            return end_stand_in(chosen[0], person_id=person_id, day=day)
        case _:
            return leave(person_id, tuple(held.values()), day=day)


def applied(held: Held, plan: Plan) -> tuple[Held, Plan]:
    """What is held afterwards, and the plan with the ids of what is new."""
    after, next_id = dict(held), max(held, default=0) + 1
    changes: list[TenureChange] = []
    for change in plan.changes:
        made = change.after
        if change.before is not None and made is None:
            del after[change.before.id or 0]
        elif made is not None:
            if made.id is None or made.id not in after:
                made = Tenure(**{**{name: getattr(made, name) for name in made.__slots__}, "id": next_id})
                next_id += 1
            after[made.id or 0] = made
        changes.append(TenureChange(before=change.before, after=made))
    return after, Plan(action=plan.action, day=plan.day, changes=tuple(changes))


def content(held: Held) -> list[tuple[object, ...]]:
    return sorted(
        (one.person_id, one.valid_from, one.valid_to or date.max, one.stand_ins.__repr__())
        for one in held.values()
    )


@given(st.lists(COMMANDS, max_size=12))
def test_tenures_stay_in_order_and_undo_puts_back_what_was(
    commands: list[tuple[str, int, date, date | None, int]],
) -> None:
    held: Held = {}
    for command in commands:
        try:
            plan = plan_of(held, command)
        except PostRefused:
            continue
        after, done = applied(held, plan)
        back, _ = applied(after, undo(done, day=plan.day))
        assert content(back) == content(held)
        held = after
        for one in held.values():
            assert one.valid_to is None or one.valid_to > one.valid_from
            covers = sorted(one.stand_ins, key=lambda cover: cover.first_day)
            for cover in covers:
                assert cover.first_day >= one.valid_from
                assert cover.last_day is None or cover.last_day >= cover.first_day
                assert cover.person_id != one.person_id
                if one.valid_to is not None:
                    assert cover.last_day is not None
                    assert cover.last_day < one.valid_to
            for first, second in itertools.pairwise(covers):
                assert first.last_day is not None
                assert first.last_day < second.first_day
        for person_id in PEOPLE:
            own = sorted((one for one in held.values() if one.person_id == person_id), key=by_begin)
            for first, second in itertools.pairwise(own):
                assert first.valid_to is not None
                assert first.valid_to <= second.valid_from


def by_begin(one: Tenure) -> date:
    return one.valid_from


@given(day=DAYS, look=DAYS, to_day=st.one_of(st.none(), DAYS))
def test_a_handover_to_somebody_who_is_there_leaves_no_day_without_anybody(
    day: date, look: date, to_day: date | None
) -> None:
    if to_day is not None and to_day <= BEGIN:
        return
    held = {
        1: Tenure(
            id=1,
            person_id=1,
            role=PostRole.ZONE_RESPONSIBLE,
            ground=GROUND,
            valid_from=BEGIN,
            valid_to=to_day,
        )
    }
    try:
        plan = hand_over(tuple(held.values()), held.values(), to_person_id=2, from_day=day)
    except PostRefused:
        return
    after, _ = applied(held, plan)
    everybody = frozenset(PEOPLE)
    assert is_vacant(GROUND, after.values(), day=look, active_ids=everybody) == is_vacant(
        GROUND, held.values(), day=look, active_ids=everybody
    )
