"""Issues of other systems, written in bulk with their routing and history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.issues import Event
from gridmap.domain.routing import RoutingDecision
from gridmap.storage.issues import routing_columns

# Index: issue's unique external_id, and its unique (reporter_account_id, client_id).
FIND_KNOWN = text(
    """
    SELECT external_id, request_hash, state
      FROM issue
     WHERE external_id = ANY (:external_ids)
    """
)

# Numbers come from the same sequence as those of pins; imported ones carry their own year.
INSERT_ISSUES = text(
    """
    INSERT INTO issue
           (id, number, client_id, reporter_account_id, request_hash, category_code, description, location,
            accuracy_m, address_text, captured_at, received_at, state, source, external_id,
            scheme_id, subdistrict_code, community_code, grid_code, micro_grid_code, area_code, zone_code,
            responsible_person_id, routing, closed_at, version)
    SELECT item.id, item.year || '-' || lpad(nextval('issue_number')::text, 6, '0'), item.client_id,
           :reporter_account_id, decode(item.request_hash, 'hex'), item.category_code, item.description,
           ST_SetSRID(ST_MakePoint(item.lon_deg, item.lat_deg), 4326),
           item.accuracy_m, item.address_text, item.captured_at, item.captured_at, item.state, 'import',
           item.external_id, item.scheme_id, item.subdistrict_code, item.community_code, item.grid_code,
           item.micro_grid_code, item.area_code, item.zone_code, item.responsible_person_id, item.routing,
           item.closed_at, 1
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
           ord int, id uuid, year text, client_id uuid, request_hash text, category_code text,
           description text, lon_deg float8, lat_deg float8, accuracy_m float8, address_text text,
           captured_at timestamptz, state text, external_id text, scheme_id bigint, subdistrict_code text,
           community_code text, grid_code text, micro_grid_code text, area_code text, zone_code text,
           responsible_person_id bigint, routing jsonb, closed_at timestamptz)
     ORDER BY item.ord
    """
)

INSERT_EVENTS = text(
    """
    INSERT INTO issue_event (issue_id, seq, kind, actor_account_id, at, payload)
    SELECT item.issue_id, item.seq, item.kind, :reporter_account_id, item.at, item.payload
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
           issue_id uuid, seq int, kind text, at timestamptz, payload jsonb)
    """
)


@dataclass(frozen=True, slots=True)
class KnownIssue:
    """An issue that an earlier import brought: what it said then, and where it stands now."""

    request_hash: bytes
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedIssue:
    """An issue to write, with the areas and people of its place."""

    id: UUID
    year: int
    client_id: UUID
    request_hash: bytes
    external_id: str
    category_code: str
    description: str
    lon_deg: float
    lat_deg: float
    accuracy_m: float | None
    address_text: str | None
    captured_at: datetime
    closed_at: datetime | None
    state: str
    decision: RoutingDecision
    events: tuple[tuple[Event, datetime], ...]


def find_known(session: Session, external_ids: Sequence[str]) -> dict[str, KnownIssue]:
    """The issues that are here already, by their external id."""
    rows = session.execute(FIND_KNOWN, {"external_ids": list(external_ids)})
    return {row.external_id: KnownIssue(bytes(row.request_hash), row.state) for row in rows}


def insert_issues(session: Session, issues: Sequence[RoutedIssue], *, reporter_account_id: int) -> None:
    """Write issues and their events, two statements for the whole block."""
    if not issues:
        return
    rows = [
        {
            "ord": place,
            "id": str(issue.id),
            "year": f"{issue.year:04d}",
            "client_id": str(issue.client_id),
            "request_hash": issue.request_hash.hex(),
            "external_id": issue.external_id,
            "category_code": issue.category_code,
            "description": issue.description,
            "lon_deg": issue.lon_deg,
            "lat_deg": issue.lat_deg,
            "accuracy_m": issue.accuracy_m,
            "address_text": issue.address_text,
            "captured_at": issue.captured_at.isoformat(),
            "closed_at": issue.closed_at.isoformat() if issue.closed_at else None,
            "state": issue.state,
            **routing_columns(issue.decision),
        }
        for place, issue in enumerate(issues)
    ]
    fixed = {"reporter_account_id": reporter_account_id}
    session.execute(INSERT_ISSUES, {"rows": json.dumps(rows, ensure_ascii=False), **fixed})
    events = [
        {
            "issue_id": str(issue.id),
            "seq": seq,
            "kind": event.kind,
            "at": at.isoformat(),
            "payload": event.payload(),
        }
        for issue in issues
        for seq, (event, at) in enumerate(issue.events, start=1)
    ]
    session.execute(INSERT_EVENTS, {"rows": json.dumps(events, ensure_ascii=False), **fixed})
