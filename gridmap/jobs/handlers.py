"""What each job does. A handler takes ids, may run twice, and leaves the same result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from gridmap.domain.placement import OutsidePolicy
from gridmap.domain.posts import Ground, GroundKind
from gridmap.jobs.imports import check_import, run_import
from gridmap.jobs.tools import Handler, in_one_transaction
from gridmap.storage.job_queue import JobName
from gridmap.use_cases.boundary_saving import take_effect
from gridmap.use_cases.issues import RoutingRules
from gridmap.use_cases.notifications import notify_about_issue
from gridmap.use_cases.posts import assign_issues_anew


def _notify_about_issue(session: Session, *, now: datetime, **ids: int | str) -> None:
    notify_about_issue(session, UUID(str(ids["issue_id"])), event_seq=int(ids["event_seq"]), now=now)


def _assign_issues_anew(session: Session, *, now: datetime, **ids: int | str) -> None:
    ground = Ground(GroundKind(str(ids["kind"])), str(ids["code"]))
    rules = RoutingRules(policy=OutsidePolicy(str(ids["policy"])), outside_max_m=float(ids["outside_max_m"]))
    assign_issues_anew(session, [ground], rules=rules, now=now)


def _boundaries_take_effect(session: Session, *, now: datetime, **ids: int | str) -> None:
    take_effect(session, int(ids["change_id"]), now=now)


HANDLERS: Mapping[JobName, Handler] = {
    JobName.NOTIFY_ABOUT_ISSUE: in_one_transaction(_notify_about_issue),
    JobName.ASSIGN_ISSUES_ANEW: in_one_transaction(_assign_issues_anew),
    JobName.BOUNDARIES_TAKE_EFFECT: in_one_transaction(_boundaries_take_effect),
    JobName.CHECK_IMPORT: check_import,
    JobName.RUN_IMPORT: run_import,
}
