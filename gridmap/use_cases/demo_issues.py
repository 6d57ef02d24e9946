"""The demo's year of issues, each taken through the same routing and workflow as a real one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.issue_input import Report
from gridmap.domain.issues import (
    PLAIN_WORKFLOW,
    Created,
    EditIssue,
    Issue,
    IssueId,
    IssueState,
    Routed,
    decide,
    evolve,
)
from gridmap.domain.office_time import OFFICE_TIME
from gridmap.domain.placement import OutsidePolicy
from gridmap.storage import issues as store
from gridmap.storage.demo_files import DemoIssue, DemoStep, tag_issue
from gridmap.use_cases.issues import RoutingRules, route_point

# The demo lies wholly inside its own grids: a pin outside would be a mistake of the drawing.
_RULES = RoutingRules(policy=OutsidePolicy.REFUSE, outside_max_m=0)
_IDENTIFIERS = uuid.UUID("6f1d2a54-95c7-4f0e-9d8f-0c2b8f3f3a10")


def load_issues(
    session: Session, issues: Sequence[DemoIssue], *, account_ids: Mapping[str, int], now: datetime
) -> None:
    """Report, route and step every issue of the demo, oldest first; the same files give the same ids."""
    for issue in sorted(issues, key=lambda issue: (issue.captured_at, issue.number)):
        _load_issue(session, issue, account_ids=account_ids, now=now)


def _load_issue(session: Session, demo: DemoIssue, *, account_ids: Mapping[str, int], now: datetime) -> None:
    identifier = uuid.uuid5(_IDENTIFIERS, demo.number)
    report = Report(
        client_id=identifier,
        category_code=demo.category_code,
        location=LonLat(lon_deg=demo.lon_deg, lat_deg=demo.lat_deg),
        description=demo.description,
        captured_at=demo.captured_at,
        address_text=demo.address_text,
    )
    decision = route_point(session, report.location, rules=_RULES, now=now)
    reporter_id = account_ids[demo.reported_by]
    store.insert_issue(
        session,
        report,
        id=IssueId(identifier),
        reporter_account_id=reporter_id,
        state=PLAIN_WORKFLOW.initial,
        decision=decision,
        source="demo",
        received_at=demo.captured_at,
        year=demo.captured_at.astimezone(OFFICE_TIME).year,
        external_id=demo.number,
    )
    store.append_events(
        session,
        IssueId(identifier),
        (Created(report.category_code, report.location, PLAIN_WORKFLOW.initial), Routed(decision)),
        actor_account_id=reporter_id,
        at=demo.captured_at,
    )
    tag_issue(session, identifier, demo.tags)
    issue = Issue(
        id=IssueId(identifier),
        number=demo.number,
        state=PLAIN_WORKFLOW.initial,
        version=1,
        area_code=decision.placement.area_code,
        category_code=demo.category_code,
        location=report.location,
        reporter_account_id=reporter_id,
        responsible_person_id=decision.responsible_person_id,
    )
    for step in demo.steps:
        events = decide(issue, _command(issue, step))
        issue = evolve(issue, events, at=step.at)
        store.append_events(session, issue.id, events, actor_account_id=account_ids[step.by], at=step.at)
    if demo.steps:
        store.save_issue(session, issue)


def _command(issue: Issue, step: DemoStep) -> EditIssue:
    return EditIssue(
        version=issue.version,
        state=IssueState(step.to_state) if step.to_state else None,
        note=step.note,
        rating=step.rating,
    )
