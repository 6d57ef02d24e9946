"""The writes on issues: report, change, photograph. Each is one transaction that its caller opened."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import Conflict, InvalidInput, NotFound
from gridmap.domain.issue_input import CHINA, Report
from gridmap.domain.issues import (
    OPEN_STATES,
    PLAIN_WORKFLOW,
    Created,
    EditIssue,
    Event,
    Issue,
    IssueId,
    IssueState,
    PhotoAdded,
    Routed,
    actions_needed,
    decide,
    evolve,
    may_see,
)
from gridmap.domain.office_time import OFFICE_TIME, office_day
from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.domain.placement import OutsidePolicy, place
from gridmap.domain.routing import RoutingDecision, route
from gridmap.storage import issues as store
from gridmap.storage import photos, routing
from gridmap.use_cases.reactions import react

ACCEPTED_MARGIN_DEG = 0.05
"""About five kilometres: farther from every area than this, a pin is taken for a slip."""


class ClientIdReused(Conflict):
    """The client id was used before, for a report that said something else."""

    code = "issue.client_id_reused"


class Outcome(StrEnum):
    """Whether the write did something or had been done before."""

    CREATED = "created"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRules:
    """The operator's choice for pins outside every grid."""

    policy: OutsidePolicy
    outside_max_m: float


def create_issue(
    session: Session,
    actor: Actor,
    report: Report,
    *,
    rules: RoutingRules,
    now: datetime,
    source: str = "field",
) -> tuple[IssueId, Outcome]:
    """Take a report, find its areas and people, and tell them; the same report again is the same issue.

    Anybody who may report may do so anywhere in the accepted area: people see things across the street.

    Raises
    ------
    ClientIdReused, InvalidInput, OutsideEveryGrid, NotSignedIn, NotAllowed
    """
    check(actor, Action.CREATE_ISSUE)
    account_id = _account_of(actor)
    before = store.look_before_create(session, report, reporter_account_id=account_id)
    if before.earlier is not None:
        return _same_or_conflict(before.earlier, report)
    if not before.knows_category:
        raise InvalidInput(field="category", reason="unknown")
    decision = route_point(session, report.location, rules=rules, now=now)
    issue_id = IssueId(uuid.uuid4())
    is_new = store.insert_issue(
        session,
        report,
        id=issue_id,
        reporter_account_id=account_id,
        state=PLAIN_WORKFLOW.initial,
        decision=decision,
        source=source,
        received_at=now,
        year=now.astimezone(OFFICE_TIME).year,
    )
    if not is_new:
        # The same phone sent it twice at once, and the other request was first.
        earlier = store.find_by_client_id(session, report.client_id, reporter_account_id=account_id)
        return _same_or_conflict(earlier, report)
    events: tuple[Event, ...] = (
        Created(report.category_code, report.location, PLAIN_WORKFLOW.initial),
        Routed(decision),
    )
    recorded = store.append_events(session, issue_id, events, actor_account_id=account_id, at=now)
    react(session, issue_id, recorded)
    return issue_id, Outcome.CREATED


def route_point(session: Session, location: LonLat, *, rules: RoutingRules, now: datetime) -> RoutingDecision:
    """Find the areas and people of a point in two statements; nothing is remembered between calls.

    Raises
    ------
    InvalidInput
        The point is far from every area (or from China, before any area is loaded), or exchanged.
    OutsideEveryGrid
        No area holds it, and the rules give it to nobody.
    """
    day = office_day(now)
    candidates = routing.find_candidates(session, location, day=day)
    if candidates.extent is not None:
        candidates.extent.widened(ACCEPTED_MARGIN_DEG).check(location)
    elif not candidates.areas:
        CHINA.check(location)
    placement = place(
        location,
        areas=candidates.areas,
        zones=candidates.zones,
        policy=rules.policy,
        outside_max_m=rules.outside_max_m,
    )
    posts = routing.find_posts(session, placement, day=day)
    return route(placement, posts.assignments, today=day)


def edit_issue(
    session: Session,
    actor: Actor,
    key: IssueId | str,
    command: EditIssue,
    *,
    rules: RoutingRules,
    now: datetime,
) -> Issue:
    """Change an issue (by id or number): state, note, rating, category, place; all of it or nothing.

    Raises
    ------
    NotFound
        No such issue, or none that the actor may see.
    NotAllowed, StaleVersion, InvalidInput, OutsideEveryGrid
    """
    check(actor, Action.SEE_ISSUES)
    issue = _load(session, actor, key)
    for any_of in actions_needed(issue, command):
        _check_one_of(actor, any_of, issue)
    rerouted = None
    if command.location is not None and command.version == issue.version and issue.state in OPEN_STATES:
        rerouted = route_point(session, command.location, rules=rules, now=now)
    events = decide(issue, command, rerouted=rerouted)
    if command.category_code is not None and not store.knows_category(session, command.category_code):
        raise InvalidInput(field="category", reason="unknown")
    changed = evolve(issue, events, at=now)
    store.save_issue(session, changed)
    recorded = store.append_events(session, issue.id, events, actor_account_id=actor.account_id, at=now)
    react(session, issue.id, recorded)
    return changed


def add_photo(
    session: Session,
    actor: Actor,
    key: IssueId | str,
    photo: photos.PreparedPhoto,
    *,
    kind: photos.PhotoKind,
    folder: Path,
    per_issue_max: int,
    now: datetime,
) -> tuple[photos.StoredPhoto, Outcome]:
    """Add a photo to an open issue; the same file again is the same photo.

    Raises
    ------
    NotFound, NotAllowed
    InvalidInput
        ``photo``: too many, or the issue is finished.
    """
    check(actor, Action.SEE_ISSUES)
    issue = _load(session, actor, key)
    earlier = photos.find_by_source(session, issue.id, photo.source_sha256)
    if earlier is not None:
        return earlier, Outcome.REPEATED
    action = Action.NOTE_ISSUE if kind is photos.PhotoKind.REPORT else Action.HANDLE_ISSUE
    _check_one_of(actor, (action,), issue)
    if issue.state not in OPEN_STATES:
        raise InvalidInput(field="photo", reason="issue_is_finished")
    if photos.count_of(session, issue.id) >= per_issue_max:
        raise InvalidInput(field="photo", reason="too_many", highest=per_issue_max)
    photos.keep_file(folder, photo)
    stored, is_new = photos.insert_photo(
        session, issue.id, photo, kind=kind, uploaded_by=actor.account_id, at=now
    )
    if not is_new:
        return stored, Outcome.REPEATED
    events = (PhotoAdded(stored.sha256, kind.value),)
    recorded = store.append_events(session, issue.id, events, actor_account_id=actor.account_id, at=now)
    react(session, issue.id, recorded)
    return stored, Outcome.CREATED


_BY_THE_REPORTER = frozenset({Action.MOVE_ISSUE, Action.NOTE_ISSUE})


def _check_one_of(actor: Actor, any_of: tuple[Action, ...], issue: Issue) -> None:
    if any(can(actor, action, issue.area_code) for action in any_of):
        return
    is_reporter = issue.reporter_account_id == actor.account_id
    is_responsible = actor.person_id is not None and issue.responsible_person_id == actor.person_id
    for action in any_of:
        # Outside one's area: the reporter may still correct the report until somebody takes it up, and
        # whoever is responsible (a stand-in, say) may do what the post needs.
        mine = is_responsible or (
            is_reporter and action in _BY_THE_REPORTER and issue.state is IssueState.SUBMITTED
        )
        if mine and can(actor, action):
            return
    check(actor, any_of[0], issue.area_code)


def _load(session: Session, actor: Actor, key: IssueId | str) -> Issue:
    issue = store.load_for_change(session, key)
    # Whether it exists at all is nobody's business outside the area.
    if issue is None or not may_see(
        actor,
        area_code=issue.area_code,
        reporter_account_id=issue.reporter_account_id,
        responsible_person_id=issue.responsible_person_id,
    ):
        raise NotFound(what="issue")
    return issue


def _account_of(actor: Actor) -> int:
    if actor.account_id is None:
        raise InvalidInput(field="reporter", reason="required")
    return actor.account_id


def _same_or_conflict(earlier: store.Earlier, report: Report) -> tuple[IssueId, Outcome]:
    if earlier.request_hash != report.content_hash():
        raise ClientIdReused(client_id=str(report.client_id))
    return earlier.id, Outcome.REPEATED
