"""Issues of another system: placed, routed and written with a history, once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.imports import ChangeKind, ImportedIssue, LayerOutcome, Rejection, Remark, RowChange
from gridmap.domain.issue_input import Report
from gridmap.domain.issues import Created, Event, IssueState, Routed, StateChanged
from gridmap.domain.office_time import OFFICE_TIME, office_day
from gridmap.domain.permissions import Action, Actor, can
from gridmap.domain.placement import Match
from gridmap.domain.routing import RoutingDecision
from gridmap.storage.import_changes import note_added
from gridmap.storage.import_issues import KnownIssue, RoutedIssue, find_known, insert_issues
from gridmap.storage.import_staging import shown_changes
from gridmap.storage.import_tables import ISSUE
from gridmap.use_cases.bulk_routing import decisions_of, placements_of
from gridmap.use_cases.import_run import ImportRun

_NAMESPACE = UUID("6f3c5e1a-6b0e-5d0e-9d0b-5a0c3c2d7f11")
_CHUNK_LENGTH = 2_000


def import_issues(
    session: Session,
    actor: Actor,
    rows: Sequence[ImportedIssue],
    run: ImportRun,
    *,
    source_name: str,
    scheme_id: int | None,
    reporter_account_id: int,
) -> LayerOutcome:
    """Write the issues that are not here yet, each routed by the map of today.

    The identity of an issue is ``source_name`` and its external id. One that is here already is left alone,
    because it has its own history by now; if the file says something else of it, a remark says so. Nobody is
    notified: these are old news.
    """
    external_ids = [f"{source_name}:{row.external_id}" for row in rows]
    known = find_known(session, external_ids)
    remarks: list[Remark] = []
    rejections: list[Rejection] = []
    fresh: list[tuple[str, ImportedIssue]] = []
    for external_id, row in zip(external_ids, rows, strict=True):
        earlier = known.get(external_id)
        if earlier is None:
            fresh.append((external_id, row))
        elif _differs(earlier, row, _client_id(external_id)):
            remarks.append(Remark(row.row_number, "external_id", row.external_id, "here_with_other_content"))
    now, progress = run.now, run.progress
    day = office_day(now)
    points = [(row.lon_deg, row.lat_deg) for _, row in fresh]
    placements = list(placements_of(session, points, day=day, scheme_id=scheme_id, progress=progress))
    decisions = decisions_of(session, placements, day=day)
    accepted: list[RoutedIssue] = []
    outside_count = 0
    for (external_id, row), decision in zip(fresh, decisions, strict=True):
        placement = decision.placement
        if not can(actor, Action.IMPORT_LAYERS, placement.area_code):
            code = placement.area_code or "outside every area"
            rejections.append(Rejection(row.row_number, "geometry", code, "outside_your_areas"))
            continue
        if placement.match is Match.NONE:
            outside_count += 1
            value = f"{row.lon_deg}, {row.lat_deg}"
            remarks.append(Remark(row.row_number, "geometry", value, "outside_every_area"))
        accepted.append(_routed(external_id, row, decision, now=now))
    # Numbers are taken for good: a preview takes none.
    for start in range(0, 0 if run.preview else len(accepted), _CHUNK_LENGTH):
        insert_issues(
            session, accepted[start : start + _CHUNK_LENGTH], reporter_account_id=reporter_account_id
        )
        note_added(session, ISSUE, [issue.id for issue in accepted[start : start + _CHUNK_LENGTH]])
        progress("write", min(start + _CHUNK_LENGTH, len(accepted)), len(accepted))
    return LayerOutcome(
        added=len(accepted),
        unchanged=len(rows) - len(fresh),
        rejections=tuple(rejections),
        remarks=tuple(remarks),
        outside_count=outside_count,
        changes=_changes(rows, external_ids, known) if run.preview else (),
    )


def _changes(
    rows: Sequence[ImportedIssue], external_ids: Sequence[str], known: Mapping[str, KnownIssue]
) -> tuple[RowChange, ...]:
    return shown_changes(
        [
            RowChange(
                row.row_number,
                row.external_id,
                ChangeKind.UNCHANGED if external_id in known else ChangeKind.ADDED,
            )
            for external_id, row in zip(external_ids, rows, strict=True)
        ]
    )


def _client_id(external_id: str) -> UUID:
    return uuid5(_NAMESPACE, external_id)


def _report(row: ImportedIssue, client_id: UUID) -> Report:
    return Report(
        client_id=client_id,
        category_code=row.category_code,
        location=LonLat(lon_deg=row.lon_deg, lat_deg=row.lat_deg),
        description=row.description,
        captured_at=row.captured_at,
        accuracy_m=row.accuracy_m,
        address_text=row.address_text,
    )


def _differs(earlier: KnownIssue, row: ImportedIssue, client_id: UUID) -> bool:
    return earlier.request_hash != _report(row, client_id).content_hash() or earlier.state != row.state


def _routed(external_id: str, row: ImportedIssue, decision: RoutingDecision, *, now: datetime) -> RoutedIssue:
    client_id = _client_id(external_id)
    report = _report(row, client_id)
    first, last = IssueState.SUBMITTED, IssueState(row.state)
    events: list[tuple[Event, datetime]] = [
        (Created(row.category_code, report.location, first), row.captured_at),
        (Routed(decision), now),
    ]
    if last is not first:
        events.append((StateChanged(first, last, None), row.closed_at or now))
    return RoutedIssue(
        id=uuid5(client_id, "issue"),
        year=row.captured_at.astimezone(OFFICE_TIME).year,
        client_id=client_id,
        request_hash=report.content_hash(),
        external_id=external_id,
        category_code=row.category_code,
        description=row.description,
        lon_deg=row.lon_deg,
        lat_deg=row.lat_deg,
        accuracy_m=row.accuracy_m,
        address_text=row.address_text,
        captured_at=row.captured_at,
        closed_at=row.closed_at,
        state=row.state,
        decision=decision,
        events=tuple(events),
    )
