"""What an issue is, what may happen to it, and the events that say what did.

A workflow is data (:class:`Workflow`): states, and for each allowed step who may take it and what it needs.
:func:`decide` turns a command into events or refuses it; :func:`evolve` applies an event. Neither reads a
clock or a database, and a refused command changes nothing because nothing was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NewType
from uuid import UUID

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import Conflict, InvalidInput
from gridmap.domain.permissions import Action, Actor, can
from gridmap.domain.routing import RoutingDecision

IssueId = NewType("IssueId", UUID)

TEXT_MAX_LENGTH = 2000
"""Characters in a description or a note; the database holds the same limit."""


class IssueState(StrEnum):
    """The plain states; the values are those of ``issue.state``."""

    SUBMITTED = "submitted"  # 待派单
    HANDLING = "handling"  # 办理中
    TO_RATE = "to_rate"  # 待评价
    CLOSED = "closed"  # 已办结
    RETURNED = "returned"  # 已退回


OPEN_STATES = frozenset({IssueState.SUBMITTED, IssueState.HANDLING, IssueState.TO_RATE})
"""States in which somebody still has to do something."""


class Requirement(StrEnum):
    """What a step needs beside the permission."""

    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One allowed step. ``any_of``: holding one of these permissions is enough."""

    source: IssueState
    target: IssueState
    any_of: tuple[Action, ...]
    requires: frozenset[Requirement] = frozenset()


@dataclass(frozen=True, slots=True)
class Workflow:
    """States and steps of one kind of case; checked when it is made."""

    code: str
    initial: IssueState
    transitions: tuple[Transition, ...]
    _by_step: Mapping[tuple[IssueState, IssueState], Transition] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_step = {(step.source, step.target): step for step in self.transitions}
        if len(by_step) != len(self.transitions):
            raise ValueError(f"workflow {self.code}: a step is listed twice")
        if any(step.source is step.target or not step.any_of for step in self.transitions):
            raise ValueError(f"workflow {self.code}: a step leads nowhere or is nobody's")
        reached = {self.initial}
        while True:
            wider = reached | {step.target for step in self.transitions if step.source in reached}
            if wider == reached:
                break
            reached = wider
        named = {state for step in self.transitions for state in (step.source, step.target)}
        if named - reached:
            raise ValueError(f"workflow {self.code}: {sorted(named - reached)} cannot be reached")
        object.__setattr__(self, "_by_step", MappingProxyType(by_step))

    def step(self, source: IssueState, target: IssueState) -> Transition | None:
        """Give the step between two states, or None when it is not allowed."""
        return self._by_step.get((source, target))

    def steps_from(self, source: IssueState) -> tuple[Transition, ...]:
        """Give the steps that leave a state, in the order of the table."""
        return tuple(step for step in self.transitions if step.source is source)


_NEEDS_TEXT = frozenset({Requirement.TEXT})

PLAIN_WORKFLOW = Workflow(
    code="plain",
    initial=IssueState.SUBMITTED,
    transitions=(
        Transition(
            source=IssueState.SUBMITTED,
            target=IssueState.HANDLING,
            any_of=(Action.DISPATCH_ISSUE, Action.HANDLE_ISSUE),
        ),
        Transition(
            source=IssueState.SUBMITTED,
            target=IssueState.RETURNED,
            any_of=(Action.RETURN_ISSUE,),
            requires=_NEEDS_TEXT,
        ),
        Transition(
            source=IssueState.HANDLING,
            target=IssueState.TO_RATE,
            any_of=(Action.HANDLE_ISSUE,),
            requires=_NEEDS_TEXT,
        ),
        # Not mine, or not possible: back to whoever dispatches.
        Transition(
            source=IssueState.HANDLING,
            target=IssueState.SUBMITTED,
            any_of=(Action.HANDLE_ISSUE, Action.DISPATCH_ISSUE),
            requires=_NEEDS_TEXT,
        ),
        Transition(
            source=IssueState.HANDLING,
            target=IssueState.RETURNED,
            any_of=(Action.RETURN_ISSUE,),
            requires=_NEEDS_TEXT,
        ),
        Transition(
            source=IssueState.TO_RATE,
            target=IssueState.CLOSED,
            any_of=(Action.CLOSE_ISSUE,),
            requires=_NEEDS_TEXT,
        ),
        # Rework: the one who verifies is not satisfied.
        Transition(
            source=IssueState.TO_RATE,
            target=IssueState.HANDLING,
            any_of=(Action.CLOSE_ISSUE,),
            requires=_NEEDS_TEXT,
        ),
        Transition(
            source=IssueState.CLOSED,
            target=IssueState.HANDLING,
            any_of=(Action.CLOSE_ISSUE,),
            requires=_NEEDS_TEXT,
        ),
        Transition(
            source=IssueState.RETURNED,
            target=IssueState.SUBMITTED,
            any_of=(Action.DISPATCH_ISSUE,),
            requires=_NEEDS_TEXT,
        ),
    ),
)
"""待派单 → 办理中 → 待评价 → 已办结, with 已退回, rework and reopening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as a command sees it; ``version`` counts the commands that it has taken."""

    id: IssueId
    number: str
    state: IssueState
    version: int
    area_code: str
    category_code: str
    location: LonLat
    reporter_account_id: int
    responsible_person_id: int | None = None
    rating: int | None = None
    closed_at: datetime | None = None
    routing: RoutingDecision | None = None
    """Set when an event has routed the issue anew; None: the routing is the stored one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditIssue:
    """One command: everything in it happens, or nothing.

    ``version`` is the one that the editor has seen. ``note`` is the text of the step when ``state`` is given.
    """

    version: int
    state: IssueState | None = None
    note: str | None = None
    rating: int | None = None
    category_code: str | None = None
    location: LonLat | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """The issue was reported."""

    kind = "created"
    category_code: str
    location: LonLat
    state: IssueState

    def payload(self) -> dict[str, object]:
        """Give what the history keeps."""
        return {"category": self.category_code, "location": _point(self.location), "state": self.state.value}


@dataclass(frozen=True, slots=True)
class Routed:
    """The areas and people of its place were found."""

    kind = "routed"
    decision: RoutingDecision

    def payload(self) -> dict[str, object]:
        """Give what the history keeps."""
        return self.decision.to_payload()


@dataclass(frozen=True, slots=True)
class Moved:
    """The pin was moved."""

    kind = "moved"
    source: LonLat
    target: LonLat

    def payload(self) -> dict[str, object]:
        """Give what the history keeps."""
        return {"from": _point(self.source), "to": _point(self.target)}


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The issue took a step of its workflow."""

    kind = "state_changed"
    source: IssueState
    target: IssueState
    text: str | None

    def payload(self) -> dict[str, object]:
        """Give what the history keeps."""
        return {"from": self.source.value, "to": self.target.value, "text": self.text}


@dataclass(frozen=True, slots=True)
class Noted:
    """Somebody added a note."""

    kind = "noted"
    text: str

    def payload(self) -> dict[str, object]:
        """Give what the history keeps."""
        return {"text": self.text}


@dataclass(frozen=True, slots=True)
class Rated:
    """The outcome was rated, 1 to 5."""

    kind = "rated"
    rating: int

    def payload(self) -> dict[str, object]:
        """Give what the history keeps."""
        return {"rating": self.rating}


@dataclass(frozen=True, slots=True)
class Recategorised:
    """The issue was given another category."""

    kind = "recategorised"
    source: str
    target: str

    def payload(self) -> dict[str, object]:
        """Give what the history keeps."""
        return {"from": self.source, "to": self.target}


@dataclass(frozen=True, slots=True)
class PhotoAdded:
    """A photo was added."""

    kind = "photo_added"
    sha256: str
    photo_kind: str

    def payload(self) -> dict[str, object]:
        """Give what the history keeps."""
        return {"sha256": self.sha256, "kind": self.photo_kind}


Event = Created | Routed | Moved | StateChanged | Noted | Rated | Recategorised | PhotoAdded


class StaleVersion(Conflict):
    """Somebody else changed the issue since the editor looked at it."""

    code = "issue.stale_version"

    def __init__(self, *, seen_version: int, current_version: int) -> None:
        super().__init__(seen_version=seen_version, current_version=current_version)


def may_see(
    actor: Actor, *, area_code: str, reporter_account_id: int, responsible_person_id: int | None
) -> bool:
    """Say whether an issue is in the actor's areas, was reported by the actor, or is the actor's to do."""
    if not can(actor, Action.SEE_ISSUES):
        return False
    return (
        actor.scope.covers(area_code)
        or reporter_account_id == actor.account_id
        or (actor.person_id is not None and responsible_person_id == actor.person_id)
    )


def actions_needed(
    issue: Issue, command: EditIssue, workflow: Workflow = PLAIN_WORKFLOW
) -> list[tuple[Action, ...]]:
    """List the permissions that a command needs: one of each group.

    A step that the workflow does not know needs none here, because :func:`decide` refuses it.
    """
    needed: list[tuple[Action, ...]] = []
    if command.state is not None:
        step = workflow.step(issue.state, command.state)
        if step is not None:
            needed.append(step.any_of)
    elif command.note is not None:
        needed.append((Action.NOTE_ISSUE,))
    if command.rating is not None:
        needed.append((Action.RATE_ISSUE,))
    if command.category_code is not None:
        needed.append((Action.DISPATCH_ISSUE,))
    if command.location is not None:
        needed.append((Action.MOVE_ISSUE,))
    return needed


def decide(
    issue: Issue,
    command: EditIssue,
    *,
    rerouted: RoutingDecision | None = None,
    workflow: Workflow = PLAIN_WORKFLOW,
) -> tuple[Event, ...]:
    """Turn a command into the events that it causes.

    Parameters
    ----------
    rerouted : the routing of the new place; needed when the command moves the pin

    Raises
    ------
    StaleVersion
        The editor has seen an older version.
    InvalidInput
        ``state`` (the workflow has no such step), ``note`` (the step needs a text), ``location`` (a finished
        issue's pin stays where it was), ``rating`` (not 1 to 5, or nothing has been done yet), ``edit``
        (it would change nothing).
    """
    if command.version != issue.version:
        raise StaleVersion(seen_version=command.version, current_version=issue.version)
    events: list[Event] = []
    if command.location is not None and command.location != issue.location:
        if issue.state not in OPEN_STATES:
            raise InvalidInput(field="location", reason="issue_is_finished")
        events.append(Moved(issue.location, command.location))
        if rerouted is None:
            raise ValueError("a moved pin has to be routed again")
        events.append(Routed(rerouted))
    if command.category_code is not None and command.category_code != issue.category_code:
        events.append(Recategorised(issue.category_code, command.category_code))
    if command.rating is not None:
        if not 1 <= command.rating <= 5:
            raise InvalidInput(field="rating", reason="out_of_range", lowest=1, highest=5)
        if issue.state not in (IssueState.TO_RATE, IssueState.CLOSED):
            raise InvalidInput(field="rating", reason="nothing_to_rate")
        events.append(Rated(command.rating))
    if command.state is not None:
        step = workflow.step(issue.state, command.state)
        if step is None:
            raise InvalidInput(
                field="state",
                reason="step_not_allowed",
                source=issue.state.value,
                target=command.state.value,
            )
        if Requirement.TEXT in step.requires and not command.note:
            raise InvalidInput(field="note", reason="required", target=command.state.value)
        events.append(StateChanged(issue.state, command.state, command.note))
    elif command.note is not None:
        events.append(Noted(command.note))
    if not events:
        raise InvalidInput(field="edit", reason="nothing_to_change")
    return tuple(events)


def evolve(issue: Issue, events: Iterable[Event], *, at: datetime) -> Issue:
    """Apply the events of one command; the version rises by one."""
    for event in events:
        issue = _apply(issue, event, at)
    return replace(issue, version=issue.version + 1)


def _apply(issue: Issue, event: Event, at: datetime) -> Issue:
    match event:
        case Moved():
            return replace(issue, location=event.target)
        case Routed():
            decision = event.decision
            return replace(
                issue,
                area_code=decision.placement.area_code,
                responsible_person_id=decision.responsible_person_id,
                routing=decision,
            )
        case StateChanged():
            closed_at = at if event.target is IssueState.CLOSED else None
            return replace(issue, state=event.target, closed_at=closed_at)
        case Rated():
            return replace(issue, rating=event.rating)
        case Recategorised():
            return replace(issue, category_code=event.target)
        case Created() | Noted() | PhotoAdded():
            return issue


def _point(location: LonLat) -> list[float]:
    return [location.lon_deg, location.lat_deg]
