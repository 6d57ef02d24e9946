"""The workflow table, and that decide() keeps to it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import Conflict, InvalidInput
from gridmap.domain.issues import (
    PLAIN_WORKFLOW,
    EditIssue,
    Issue,
    IssueId,
    IssueState,
    Requirement,
    StateChanged,
    Transition,
    Workflow,
    actions_needed,
    decide,
    evolve,
)
from gridmap.domain.permissions import Action

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
ALLOWED = {
    ("submitted", "handling"): False,
    ("submitted", "returned"): True,
    ("handling", "to_rate"): True,
    ("handling", "submitted"): True,
    ("handling", "returned"): True,
    ("to_rate", "closed"): True,
    ("to_rate", "handling"): True,
    ("closed", "handling"): True,
    ("returned", "submitted"): True,
}
"""Each allowed step, and whether it needs a text: written out, so that a changed table is seen here."""


def _issue(state: IssueState, version: int = 3) -> Issue:
    return Issue(
        id=IssueId(UUID(int=1)),
        number="2026-000001",
        state=state,
        version=version,
        area_code="420106010001011",
        category_code="M06036",
        location=LonLat(lon_deg=114.3, lat_deg=30.5),
        reporter_account_id=1,
    )


@pytest.mark.parametrize(("source", "target"), list(product(IssueState, IssueState)))
def test_s1_each_pair_of_states_is_a_step_of_the_table_or_is_refused_naming_the_state(
    source: IssueState, target: IssueState
) -> None:
    issue = _issue(source)
    command = EditIssue(version=3, state=target, note="现场已看过")
    if (source.value, target.value) in ALLOWED:
        assert decide(issue, command) == (StateChanged(source, target, "现场已看过"),)
        return
    with pytest.raises(InvalidInput) as refusal:
        decide(issue, command)
    assert (refusal.value.field, refusal.value.reason) == ("state", "step_not_allowed")
    assert actions_needed(issue, command) == []


@pytest.mark.parametrize(("step", "needs_text"), ALLOWED.items())
def test_s2_returning_closing_and_reopening_need_a_text(step: tuple[str, str], needs_text: bool) -> None:
    command = EditIssue(version=3, state=IssueState(step[1]))
    if not needs_text:
        assert decide(_issue(IssueState(step[0])), command)
        return
    with pytest.raises(InvalidInput) as refusal:
        decide(_issue(IssueState(step[0])), command)
    assert (refusal.value.field, refusal.value.reason) == ("note", "required")


def test_s3_from_closed_only_reopening_is_possible() -> None:
    assert [step.target for step in PLAIN_WORKFLOW.steps_from(IssueState.CLOSED)] == [IssueState.HANDLING]


def test_s9_a_stale_version_is_a_conflict_before_anything_else() -> None:
    with pytest.raises(Conflict) as conflict:
        decide(_issue(IssueState.CLOSED, version=4), EditIssue(version=3, state=IssueState.SUBMITTED))
    assert conflict.value.code == "issue.stale_version"
    assert conflict.value.params == {"seen_version": 3, "current_version": 4}


def test_an_edit_that_changes_nothing_is_refused() -> None:
    issue = _issue(IssueState.SUBMITTED)
    for command in (EditIssue(version=3), EditIssue(version=3, location=issue.location)):
        with pytest.raises(InvalidInput) as refusal:
            decide(issue, command)
        assert refusal.value.reason == "nothing_to_change"


def test_the_pin_of_a_finished_issue_stays_where_it_is() -> None:
    for state in (IssueState.CLOSED, IssueState.RETURNED):
        with pytest.raises(InvalidInput) as refusal:
            decide(_issue(state), EditIssue(version=3, location=LonLat(lon_deg=114.31, lat_deg=30.5)))
        assert refusal.value.field == "location"


@pytest.mark.parametrize(("state", "rating"), [("to_rate", 0), ("to_rate", 6), ("handling", 3)])
def test_a_rating_is_one_to_five_and_needs_an_outcome(state: str, rating: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        decide(_issue(IssueState(state)), EditIssue(version=3, rating=rating))
    assert refusal.value.field == "rating"


def test_p2_an_edit_with_several_parts_needs_the_permission_of_each() -> None:
    command = EditIssue(version=3, state=IssueState.CLOSED, note="好", rating=5, category_code="M06010")
    assert actions_needed(_issue(IssueState.TO_RATE), command) == [
        (Action.CLOSE_ISSUE,),
        (Action.RATE_ISSUE,),
        (Action.DISPATCH_ISSUE,),
    ]


def test_closing_keeps_the_instant_and_reopening_clears_it() -> None:
    issue = _issue(IssueState.TO_RATE)
    closed = evolve(
        issue, decide(issue, EditIssue(version=3, state=IssueState.CLOSED, note="修好了")), at=NOW
    )
    assert (closed.closed_at, closed.version) == (NOW, 4)
    reopened = evolve(
        closed, decide(closed, EditIssue(version=4, state=IssueState.HANDLING, note="又坏了")), at=NOW
    )
    assert (reopened.closed_at, reopened.state) == (None, IssueState.HANDLING)


EDITS = st.builds(
    EditIssue,
    version=st.just(0),
    state=st.none() | st.sampled_from(IssueState),
    note=st.none() | st.just("一句话"),
    rating=st.none() | st.integers(-1, 7),
    category_code=st.none() | st.sampled_from(["M06036", "M06010"]),
)


@given(st.lists(EDITS, max_size=12))
def test_no_row_of_commands_leaves_the_table_and_a_refused_one_changes_nothing(
    edits: list[EditIssue],
) -> None:
    issue = _issue(IssueState.SUBMITTED, version=0)
    for edit in edits:
        command = EditIssue(
            version=issue.version,
            state=edit.state,
            note=edit.note,
            rating=edit.rating,
            category_code=edit.category_code,
        )
        before = issue
        try:
            issue = evolve(issue, decide(issue, command), at=NOW)
        except InvalidInput:
            assert issue is before
            continue
        assert issue.version == before.version + 1
        if issue.state is not before.state:
            step = PLAIN_WORKFLOW.step(before.state, issue.state)
            assert step is not None
            assert Requirement.TEXT not in step.requires or command.note
        assert (issue.closed_at is not None) is (issue.state is IssueState.CLOSED)


def _transition(source: IssueState, target: IssueState) -> Transition:
    return Transition(source=source, target=target, any_of=(Action.HANDLE_ISSUE,))


@pytest.mark.parametrize(
    "transitions",
    [
        (_transition(IssueState.SUBMITTED, IssueState.CLOSED),) * 2,
        (_transition(IssueState.SUBMITTED, IssueState.SUBMITTED),),
        (_transition(IssueState.HANDLING, IssueState.CLOSED),),
    ],
)
def test_a_workflow_with_a_fault_is_refused_when_it_is_made(transitions: tuple[Transition, ...]) -> None:
    with pytest.raises(ValueError, match="workflow broken"):
        Workflow("broken", IssueState.SUBMITTED, transitions)
