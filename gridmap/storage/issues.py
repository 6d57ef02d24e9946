"""Issues and their events: written here, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import LonLat
from gridmap.domain.issue_input import Report
from gridmap.domain.issues import Event, Issue, IssueId, IssueState
from gridmap.domain.routing import RoutingDecision

# One look before the write: is the category known, and has this client said this before?
LOOK_BEFORE_CREATE = text(
    """
    SELECT EXISTS (SELECT FROM issue_category WHERE issue_category.code = :category_code) AS knows_category,
           earlier.id, earlier.request_hash
      FROM (SELECT 1) AS one
      LEFT JOIN issue AS earlier
        ON earlier.reporter_account_id = :reporter_account_id AND earlier.client_id = :client_id
    """
)

# The number comes from a sequence, so that no two pins wait for each other; a refused insert leaves a gap.
INSERT_ISSUE = text(
    """
    INSERT INTO issue
           (id, number, client_id, reporter_account_id, request_hash, category_code, description, location,
            accuracy_m, address_text, captured_at, received_at, state, source, external_id,
            scheme_id, subdistrict_code, community_code, grid_code, micro_grid_code, area_code, zone_code,
            responsible_person_id, routing, version)
    VALUES (:id, :year || '-' || lpad(nextval('issue_number')::text, 6, '0'), :client_id,
            :reporter_account_id, :request_hash, :category_code, :description,
            ST_SetSRID(ST_MakePoint(:lon_deg, :lat_deg), 4326),
            :accuracy_m, :address_text, :captured_at, :received_at, :state, :source, :external_id,
            :scheme_id, :subdistrict_code, :community_code, :grid_code, :micro_grid_code, :area_code,
            :zone_code, :responsible_person_id, CAST(:routing AS jsonb), 1)
        ON CONFLICT (reporter_account_id, client_id) DO NOTHING
 RETURNING number
    """
)

FIND_BY_CLIENT_ID = text(
    """
    SELECT id, request_hash
      FROM issue
     WHERE reporter_account_id = :reporter_account_id AND client_id = :client_id
    """
)

_LOCK = """
    SELECT id, number, state, version, area_code, category_code, reporter_account_id,
           responsible_person_id, rating, closed_at, ST_X(location) AS lon_deg, ST_Y(location) AS lat_deg
      FROM issue
     WHERE {key} = :key
       FOR UPDATE
    """
LOCK_BY_ID = text(_LOCK.format(key="id"))
LOCK_BY_NUMBER = text(_LOCK.format(key="number"))

UPDATE_ISSUE = text(
    """
    UPDATE issue
       SET state = :state, category_code = :category_code, rating = :rating, closed_at = :closed_at,
           version = :version
     WHERE id = :id
    """
)

MOVE_ISSUE = text(
    """
    UPDATE issue
       SET location = ST_SetSRID(ST_MakePoint(:lon_deg, :lat_deg), 4326),
           scheme_id = :scheme_id, subdistrict_code = :subdistrict_code, community_code = :community_code,
           grid_code = :grid_code, micro_grid_code = :micro_grid_code, area_code = :area_code,
           zone_code = :zone_code, responsible_person_id = :responsible_person_id,
           routing = CAST(:routing AS jsonb)
     WHERE id = :id
    """
)

# The issue's row is locked (or was just inserted), so that the next number is nobody else's.
APPEND_EVENTS = text(
    """
    INSERT INTO issue_event (issue_id, seq, kind, actor_account_id, at, payload)
    SELECT CAST(:issue_id AS uuid),
           item.ord
           + (SELECT coalesce(max(seq), 0) FROM issue_event WHERE issue_id = CAST(:issue_id AS uuid)),
           item.event ->> 'kind', CAST(:actor_account_id AS bigint), :at, item.event -> 'payload'
      FROM jsonb_array_elements(CAST(:events AS jsonb)) WITH ORDINALITY AS item (event, ord)
 RETURNING seq
    """
)

KNOWS_CATEGORY = text("SELECT EXISTS (SELECT FROM issue_category WHERE code = :code)")


@dataclass(frozen=True, slots=True)
class Earlier:
    """An issue that the same client sent before under the same id."""

    id: IssueId
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event with its number in the history of its issue."""

    seq: int
    event: Event


@dataclass(frozen=True, slots=True)
class BeforeCreate:
    """What is known before a report is written."""

    knows_category: bool
    earlier: Earlier | None


def look_before_create(session: Session, report: Report, *, reporter_account_id: int) -> BeforeCreate:
    """See whether the category exists and whether the client id was used before."""
    row = session.execute(
        LOOK_BEFORE_CREATE,
        {
            "category_code": report.category_code,
            "reporter_account_id": reporter_account_id,
            "client_id": report.client_id,
        },
    ).one()
    earlier = None if row.id is None else Earlier(IssueId(row.id), bytes(row.request_hash))
    return BeforeCreate(bool(row.knows_category), earlier)


def find_by_client_id(session: Session, client_id: UUID, *, reporter_account_id: int) -> Earlier:
    """Find what another request has just written under the same client id."""
    row = session.execute(
        FIND_BY_CLIENT_ID, {"client_id": client_id, "reporter_account_id": reporter_account_id}
    ).one()
    return Earlier(IssueId(row.id), bytes(row.request_hash))


def insert_issue(
    session: Session,
    report: Report,
    *,
    id: IssueId,
    reporter_account_id: int,
    state: IssueState,
    decision: RoutingDecision,
    source: str,
    received_at: datetime,
    year: int,
    external_id: str | None = None,
) -> bool:
    """Write a report with its routing; False when the client id is there already."""
    inserted = session.execute(
        INSERT_ISSUE,
        {
            "id": id,
            "year": f"{year:04d}",
            "client_id": report.client_id,
            "reporter_account_id": reporter_account_id,
            "request_hash": report.content_hash(),
            "category_code": report.category_code,
            "description": report.description,
            "accuracy_m": report.accuracy_m,
            "address_text": report.address_text,
            "captured_at": report.captured_at,
            "received_at": received_at,
            "state": state.value,
            "source": source,
            "external_id": external_id,
            **_point_values(report.location),
            **_routing_values(decision),
        },
    )
    return inserted.first() is not None


def load_for_change(session: Session, key: IssueId | str) -> Issue | None:
    """Load an issue, by id or number, and keep others from changing it until the transaction ends."""
    statement = LOCK_BY_NUMBER if isinstance(key, str) else LOCK_BY_ID
    row = session.execute(statement, {"key": key}).one_or_none()
    if row is None:
        return None
    return Issue(
        id=IssueId(row.id),
        number=row.number,
        state=IssueState(row.state),
        version=row.version,
        area_code=row.area_code,
        category_code=row.category_code,
        location=LonLat(lon_deg=row.lon_deg, lat_deg=row.lat_deg),
        reporter_account_id=row.reporter_account_id,
        responsible_person_id=row.responsible_person_id,
        rating=row.rating,
        closed_at=row.closed_at,
    )


def save_issue(session: Session, issue: Issue) -> None:
    """Write back what a command changed; the row was locked by :func:`load_for_change`."""
    session.execute(
        UPDATE_ISSUE,
        {
            "id": issue.id,
            "state": issue.state.value,
            "category_code": issue.category_code,
            "rating": issue.rating,
            "closed_at": issue.closed_at,
            "version": issue.version,
        },
    )
    if issue.routing is not None:
        session.execute(
            MOVE_ISSUE,
            {"id": issue.id, **_point_values(issue.location), **_routing_values(issue.routing)},
        )


def append_events(
    session: Session, id: IssueId, events: Sequence[Event], *, actor_account_id: int | None, at: datetime
) -> tuple[RecordedEvent, ...]:
    """Add to the history of an issue, in order, in one statement; say which numbers the events got."""
    seqs = session.execute(
        APPEND_EVENTS,
        {
            "issue_id": id,
            "actor_account_id": actor_account_id,
            "at": at,
            "events": json.dumps(
                [{"kind": event.kind, "payload": event.payload()} for event in events], ensure_ascii=False
            ),
        },
    ).scalars()
    return tuple(RecordedEvent(seq, event) for seq, event in zip(sorted(seqs), events, strict=True))


def knows_category(session: Session, code: str) -> bool:
    """Say whether the dictionary has this category."""
    return bool(session.execute(KNOWS_CATEGORY, {"code": code}).scalar_one())


def _point_values(location: LonLat) -> dict[str, object]:
    return {"lon_deg": location.lon_deg, "lat_deg": location.lat_deg}


def routing_columns(decision: RoutingDecision) -> dict[str, object]:
    """Give the columns of ``issue`` that a decision fills; ``routing`` is what becomes the JSON document."""
    placement = decision.placement
    return {
        "scheme_id": placement.scheme_id,
        "subdistrict_code": placement.code(AreaLevel.SUBDISTRICT),
        "community_code": placement.code(AreaLevel.COMMUNITY),
        "grid_code": placement.code(AreaLevel.GRID),
        "micro_grid_code": placement.code(AreaLevel.MICRO_GRID),
        "area_code": placement.area_code,
        "zone_code": placement.zone_code,
        "responsible_person_id": decision.responsible_person_id,
        "routing": decision.to_payload(),
    }


def _routing_values(decision: RoutingDecision) -> dict[str, object]:
    return {**routing_columns(decision), "routing": json.dumps(decision.to_payload())}
