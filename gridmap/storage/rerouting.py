"""Open issues in blocks: their stored routing, and another one instead."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import code_range
from gridmap.domain.issues import Routed
from gridmap.domain.routing import RoutingDecision
from gridmap.storage.issues import routing_columns

# Index: ix_issue_open_area_code_received_at; blocks go by the id, so that none is met twice. Nobody may
# change an issue between the look and the write.
LOCK_OPEN_ISSUES = text(
    """
    SELECT id, source, ST_X(location) AS lon_deg, ST_Y(location) AS lat_deg, scheme_id, subdistrict_code,
           community_code, grid_code, micro_grid_code, area_code, zone_code, responsible_person_id, routing
      FROM issue
     WHERE state IN ('submitted', 'handling', 'to_rate')
       AND (CAST(:after AS uuid) IS NULL OR id > :after)
       AND (CAST(:low AS text) IS NULL OR (area_code >= :low AND area_code < :high))
       AND (CAST(:scheme_id AS bigint) IS NULL OR scheme_id = :scheme_id OR scheme_id IS NULL)
     ORDER BY id
     LIMIT :limit
       FOR UPDATE
    """
)

# Indexes: idx_issue_location (GiST), and ix_issue_open_area_code_received_at for what an area answers for
# from afar. Two hundred-thousandths of a degree, two metres, are more than the crack that counts as an edge.
LOCK_OPEN_ISSUES_ON_GROUND = text(
    """
    SELECT id, source, ST_X(location) AS lon_deg, ST_Y(location) AS lat_deg, scheme_id, subdistrict_code,
           community_code, grid_code, micro_grid_code, area_code, zone_code, responsible_person_id, routing
      FROM issue
     WHERE state IN ('submitted', 'handling', 'to_rate')
       AND (CAST(:after AS uuid) IS NULL OR id > :after)
       AND (ST_DWithin(location, ST_SetSRID(ST_GeomFromWKB(:ground), 4326), 0.00002)
            OR area_code = ANY (:codes) OR zone_code = ANY (:codes))
     ORDER BY id
     LIMIT :limit
       FOR UPDATE
    """
)

UPDATE_ROUTING = text(
    """
    UPDATE issue
       SET scheme_id = item.scheme_id, subdistrict_code = item.subdistrict_code,
           community_code = item.community_code, grid_code = item.grid_code,
           micro_grid_code = item.micro_grid_code, area_code = item.area_code, zone_code = item.zone_code,
           responsible_person_id = item.responsible_person_id, routing = item.routing,
           version = issue.version + 1
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
           id uuid, scheme_id bigint, subdistrict_code text, community_code text, grid_code text,
           micro_grid_code text, area_code text, zone_code text, responsible_person_id bigint, routing jsonb)
     WHERE issue.id = item.id
    """
)

# The issues' rows are locked, so that the next number is nobody else's.
APPEND_ROUTED = text(
    """
    INSERT INTO issue_event (issue_id, seq, kind, actor_account_id, at, payload)
    SELECT item.id, (SELECT coalesce(max(seq), 0) + 1 FROM issue_event WHERE issue_id = item.id),
           :kind, CAST(:actor_account_id AS bigint), :at, item.payload
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (id uuid, payload jsonb)
 RETURNING issue_id, seq
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedBefore:
    """An open issue with what an earlier routing wrote, by column as in :func:`routing_columns`."""

    id: UUID
    source: str
    lon_deg: float
    lat_deg: float
    columns: Mapping[str, object]


def lock_open_issues(
    session: Session, *, area_prefix: str | None, scheme_id: int | None, after: UUID | None, limit: int
) -> list[RoutedBefore]:
    """Load the next block of open issues by id, and keep others from changing them.

    Parameters
    ----------
    area_prefix : what their area codes begin with; None: everywhere, also outside every area
    scheme_id : only issues of this grid scheme, and those of none
    after : the last id of the block before
    """
    low, high = (None, None) if area_prefix is None else code_range(area_prefix)
    rows = session.execute(
        LOCK_OPEN_ISSUES,
        {"after": after, "low": low, "high": high, "scheme_id": scheme_id, "limit": limit},
    ).mappings()
    return [_routed_before(row) for row in rows]


def _routed_before(row: RowMapping) -> RoutedBefore:
    own = ("id", "source", "lon_deg", "lat_deg")
    return RoutedBefore(
        **{name: row[name] for name in own},
        columns={str(name): value for name, value in row.items() if name not in own},
    )


def lock_open_issues_on(
    session: Session, *, ground: bytes, codes: Sequence[str], after: UUID | None, limit: int
) -> list[RoutedBefore]:
    """Load the next block of open issues on a piece of ground, and keep others from changing them.

    Parameters
    ----------
    ground : WKB in WGS-84
    codes : areas and zones whose issues are wanted wherever they lie
    """
    rows = session.execute(
        LOCK_OPEN_ISSUES_ON_GROUND,
        {"ground": ground, "codes": list(codes), "after": after, "limit": limit},
    ).mappings()
    return [_routed_before(row) for row in rows]


def write_routing(
    session: Session,
    decisions: Sequence[tuple[UUID, RoutingDecision]],
    *,
    actor_account_id: int | None,
    at: datetime,
) -> dict[UUID, int]:
    """Replace the routing of locked issues and add an event to each, in two statements.

    Returns
    -------
    the number of the new event by issue
    """
    changed = [{"id": str(id), **routing_columns(decision)} for id, decision in decisions]
    session.execute(UPDATE_ROUTING, {"rows": json.dumps(changed)})
    events = [{"id": str(id), "payload": Routed(decision).payload()} for id, decision in decisions]
    rows = session.execute(
        APPEND_ROUTED,
        {
            "rows": json.dumps(events),
            "kind": Routed.kind,
            "actor_account_id": actor_account_id,
            "at": at,
        },
    )
    return {row.issue_id: row.seq for row in rows}
