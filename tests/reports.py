"""Reports, rules and actors for tests of issues."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from gridmap.domain.issue_input import Report, parse_report
from gridmap.domain.issues import IssueId
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.domain.placement import OutsidePolicy
from gridmap.storage.tables import AccountRow
from gridmap.use_cases.issues import RoutingRules, create_issue

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
NEAREST = RoutingRules(policy=OutsidePolicy.NEAREST, outside_max_m=2_000)
REFUSE = RoutingRules(policy=OutsidePolicy.REFUSE, outside_max_m=2_000)


def report_body(lon: float, lat: float, **changes: object) -> dict[str, object]:
    """What a phone sends."""
    return {
        "client_id": str(uuid.uuid4()),
        "category": "06036",
        "lon": lon,
        "lat": lat,
        "accuracy_m": 8.5,
        "description": "楼道口堆放杂物",
        "captured_at": "2026-11-20T11:58:00+08:00",
        **changes,
    }


def report(lon: float, lat: float, **changes: object) -> Report:
    """What a phone sends, read."""
    return parse_report(report_body(lon, lat, **changes), now=NOW)


def actor_of(account: AccountRow) -> Actor:
    """Who acts through an account."""
    return Actor(
        account_id=account.id,
        role=Role(account.role),
        scope=AreaScope.of(account.area_codes),
        name=account.display_name,
        person_id=account.person_id,
    )


def pinned(session: Session, actor: Actor, at: tuple[float, float], **changes: object) -> IssueId:
    """An issue at a place."""
    issue_id, _ = create_issue(session, actor, report(*at, **changes), rules=NEAREST, now=NOW)
    return issue_id
