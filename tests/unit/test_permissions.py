"""The truth table of permissions, written out: a change of ROLE_ACTIONS must be a change here too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.errors import NotAllowed, NotSignedIn
from gridmap.domain.permissions import ROLE_ACTIONS, Action, Actor, AreaScope, Role, can, check

COLUMNS = (
    Role.VISITOR,
    Role.GRID_WORKER,
    Role.COMMUNITY_SECRETARY,
    Role.SUBDISTRICT_OFFICER,
    Role.PLANNER,
    Role.ADMIN,
    Role.SYSTEM,
)
TRUTH_TABLE = """
                      visitor worker secretary officer planner admin system
see_public_map           x      x       x         x       x      x     x
see_staff_layers         .      x       x         x       x      x     x
see_people               .      x       x         x       x      x     x
see_restricted_layer     .      .       x         x       .      x     x
create_issue             .      x       x         x       .      x     x
see_issues               .      x       x         x       x      x     x
move_issue               .      x       x         x       .      x     x
dispatch_issue           .      .       x         x       .      x     x
handle_issue             .      x       x         x       .      x     x
return_issue             .      .       x         x       .      x     x
rate_issue               .      .       x         x       .      x     x
close_issue              .      .       x         x       .      x     x
note_issue               .      x       x         x       .      x     x
see_contact_data         .      x       x         x       .      x     x
edit_places              .      .       x         x       x      x     x
edit_buildings           .      .       x         x       x      x     x
manage_posts             .      .       x         x       .      x     x
import_layers            .      .       .         .       x      x     x
export_layers            .      .       x         x       x      x     x
see_export_log           .      .       .         .       .      x     x
see_boundaries           .      .       x         x       x      x     x
edit_boundaries          .      .       x         x       .      x     x
edit_zones               .      .       x         x       .      x     x
manage_accounts          .      .       .         .       .      x     x
manage_tokens            .      .       .         .       .      x     x
use_api                  .      x       x         x       x      x     x
"""


def _cells() -> list[tuple[Action, Role, bool]]:
    cells: list[tuple[Action, Role, bool]] = []
    for line in TRUTH_TABLE.strip().splitlines()[1:]:
        name, *marks = line.split()
        assert len(marks) == len(COLUMNS)
        cells += [(Action(name), role, mark == "x") for role, mark in zip(COLUMNS, marks, strict=True)]
    return cells


def _actor(role: Role, *codes: str) -> Actor:
    return Actor(account_id=7, role=role, scope=AreaScope.of(codes), name="张三")


@pytest.mark.parametrize(("action", "role", "allowed"), _cells())
def test_each_role_may_do_exactly_what_the_table_says(action: Action, role: Role, allowed: bool) -> None:
    assert can(_actor(role, ""), action, "420106010001011") is allowed


def test_the_table_has_every_action_and_every_role() -> None:
    assert {action for action, _, _ in _cells()} == set(Action)
    assert set(COLUMNS) == set(Role) == set(ROLE_ACTIONS)


def test_the_public_map_is_open_everywhere_to_everyone() -> None:
    assert can(Actor.visitor(), Action.SEE_PUBLIC_MAP, "420106010")


def test_without_an_account_the_reason_is_that_nobody_is_signed_in() -> None:
    with pytest.raises(NotSignedIn):
        check(Actor.visitor(), Action.CREATE_ISSUE)


def test_the_wrong_role_is_told_apart_from_the_wrong_area() -> None:
    worker = _actor(Role.GRID_WORKER, "420106010001010")
    with pytest.raises(NotAllowed) as role_error:
        check(worker, Action.CLOSE_ISSUE, "420106010001011")
    assert role_error.value.params["reason"] == "role"
    with pytest.raises(NotAllowed) as area_error:
        check(worker, Action.HANDLE_ISSUE, "420106010001021")
    assert area_error.value.params["reason"] == "area"


@pytest.mark.parametrize(
    ("codes", "inside", "outside"),
    [
        (("420106010",), ("420106010", "420106010001", "42010601000101A"), ("420106011", "420106", "")),
        (("420106010001",), ("420106010001", "420106010001010"), ("420106010", "420106010002010", "")),
        (("420106010001010",), ("420106010001010", "42010601000101Z"), ("420106010001020", "420106010001")),
        (("420106010001011",), ("420106010001011",), ("420106010001010", "420106010001012")),
        (("",), ("", "420106010", "1"), ()),
        ((), (), ("", "420106010")),
    ],
)
def test_a_scope_covers_its_own_tree_only(
    codes: tuple[str, ...], inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    scope = AreaScope.of(codes)
    assert all(scope.covers(code) for code in inside)
    assert not any(scope.covers(code) for code in outside)


@given(
    role=st.sampled_from(list(Role)),
    action=st.sampled_from(list(Action)),
    code=st.text("0123456789", max_size=15),
)
def test_no_scope_means_nothing_but_the_public_map(role: Role, action: Action, code: str) -> None:
    actor = Actor(account_id=1, role=role, scope=AreaScope(), name="")
    assert can(actor, action, code) is (action is Action.SEE_PUBLIC_MAP)
