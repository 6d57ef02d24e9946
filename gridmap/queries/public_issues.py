"""Issues as the public sees them: that something is being seen to, roughly where, and since which day.

Features carry the category and the day, no id, no number, no text. What concerns somebody's home is drawn at
the label point of its micro-grid, and the window is held against that point too: else a caller could find
the home by making the window small. Who was given an issue's id, the reporter say, may ask whether it is
open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.issues import OPEN_STATES, IssueState
from gridmap.queries.issues import Box

FEATURE_LIMIT = 4000

# Indexes: idx_issue_location (GiST) for places shown as they are, idx_area_label_point (GiST) for homes.
# Read from the table itself, so that a new issue is on the map at once.
PUBLIC_ISSUES = text(
    """
    WITH shown AS (
        SELECT issue.location AS place, issue.category_code, issue.received_at
          FROM issue
          JOIN issue_category AS category ON category.code = issue.category_code
         WHERE issue.location && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
           AND issue.state IN ('submitted', 'handling', 'to_rate')
           AND category.is_public AND NOT category.is_private_home
           AND (CAST(:category_code AS text) IS NULL OR issue.category_code = :category_code)
         UNION ALL
        SELECT area.label_point, issue.category_code, issue.received_at
          FROM area
          JOIN issue ON issue.scheme_id = area.scheme_id AND issue.area_code = area.code
          JOIN issue_category AS category ON category.code = issue.category_code
         WHERE area.label_point && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
           AND area.level = 'micro_grid'
           AND area.valid_from <= :today AND (area.valid_to IS NULL OR area.valid_to > :today)
           AND issue.micro_grid_code = area.code
           AND issue.state IN ('submitted', 'handling', 'to_rate')
           AND category.is_public AND category.is_private_home
           AND (CAST(:category_code AS text) IS NULL OR issue.category_code = :category_code)
    ), kept AS (
        SELECT place, category_code, (received_at AT TIME ZONE 'Asia/Shanghai')::date AS reported_on
          FROM shown
         ORDER BY reported_on DESC, category_code, ST_X(place), ST_Y(place)
         LIMIT :limit
    )
    SELECT EXISTS (SELECT FROM issue_category
                    WHERE code = :category_code AND is_public) AS knows_category,
           coalesce(json_agg(json_build_object(
               'type', 'Feature',
               'geometry', ST_AsGeoJSON(kept.place, 7)::json,
               'properties', json_build_object('category', kept.category_code, 'date', kept.reported_on)
               ) ORDER BY kept.reported_on DESC, kept.category_code, ST_X(kept.place), ST_Y(kept.place)),
               '[]')::text AS features
      FROM kept
    """
)


def public_issues(session: Session, box: Box, *, today: date, category_code: str | None = None) -> str:
    """Draw the open public issues of a window as GeoJSON, in one statement, by the areas of a day.

    Raises
    ------
    InvalidInput
        ``category``: unknown, or not public (which of them is not told).
    """
    row = session.execute(
        PUBLIC_ISSUES,
        {**box.values(), "today": today, "category_code": category_code, "limit": FEATURE_LIMIT},
    ).one()
    if category_code is not None and not row.knows_category:
        raise InvalidInput(field="category", reason="unknown")
    return f'{{"type": "FeatureCollection", "features": {row.features}}}'


# Indexes: pk_issue, uq_issue_event_issue_id_seq. A returned issue is finished too, on the day of that step.
PUBLIC_STATUS = text(
    """
    SELECT issue.state,
           (issue.received_at AT TIME ZONE 'Asia/Shanghai')::date AS reported_on,
           (coalesce(issue.closed_at, (SELECT max(event.at)
                                         FROM issue_event AS event
                                        WHERE event.issue_id = issue.id AND event.kind = 'state_changed'))
            AT TIME ZONE 'Asia/Shanghai')::date AS finished_on
      FROM issue
     WHERE issue.id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStatus:
    """All that is told of an issue to somebody without an account; ``closed_on`` None while it is open."""

    is_open: bool
    reported_on: date
    closed_on: date | None


def public_status(session: Session, issue_id: UUID) -> PublicStatus:
    """Say whether an issue is open, in one statement.

    Raises
    ------
    NotFound
        There is no such issue.
    """
    row = session.execute(PUBLIC_STATUS, {"id": issue_id}).one_or_none()
    if row is None:
        raise NotFound(what="issue")
    is_open = IssueState(row.state) in OPEN_STATES
    return PublicStatus(
        is_open=is_open, reported_on=row.reported_on, closed_on=None if is_open else row.finished_on
    )
