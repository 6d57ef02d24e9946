"""Issues as staff read them: list, map window, counts, detail. Every read is limited to the actor's areas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.issues import OPEN_STATES, IssueState
from gridmap.domain.permissions import Action, Actor, AreaScope, check
from gridmap.queries.scope import Predicate, scope_predicate

PAGE_SIZE = 20
PAGE_SIZE_MAX = 4000
NEAR_REACH_DEG = 0.05
"""Sorting by distance looks about five kilometres around."""


class Sort(StrEnum):
    """Orders of a list; each ends in the id, so that pages never overlap."""

    TIME = "time"
    OLDEST = "oldest"
    DISTANCE = "distance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A window in degrees, WGS-84; its rim belongs to it."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float

    def values(self) -> dict[str, object]:
        """Give the bound values of ``ST_MakeEnvelope(:west, :south, :east, :north, 4326)``."""
        return {
            "west": self.west_deg,
            "south": self.south_deg,
            "east": self.east_deg,
            "north": self.north_deg,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFilter:
    """What a list shows, within what the actor may see; empty means no limit.

    ``near`` is where distances are measured from; sorting by distance needs it.
    """

    states: frozenset[IssueState] = frozenset()
    category_code: str | None = None
    area_code: str | None = None
    is_mine: bool = False
    box: Box | None = None
    near: LonLat | None = None
    sort: Sort = Sort.TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueItem:
    """A line of a list; instants are UTC, ``distance_m`` only when the filter says from where."""

    id: UUID
    number: str
    state: str
    version: int
    category_code: str
    category_name: str
    category_name_en: str
    category_icon: str
    description: str
    lon_deg: float
    lat_deg: float
    area_code: str
    area_name: str | None
    area_name_en: str | None
    responsible_name: str | None
    photo_count: int
    captured_at: datetime
    received_at: datetime
    distance_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePage:
    """One page of a list, and how many lines there are in all."""

    items: tuple[IssueItem, ...]
    total_count: int
    page: int
    page_size: int

    @property
    def page_count(self) -> int:
        """Count the pages; an empty list has one."""
        return max(1, -(-self.total_count // self.page_size))


# Indexes: ix_issue_area_code_received_at for one area, ix_issue_received_at for all, idx_issue_location
# (GiST) for a window; the names of areas by
# ex_area_one_version_at_a_time or ix_area_scheme_id_level_code.
_LIST = """
    SELECT issue.id, issue.number, issue.state, issue.version, issue.category_code,
           category.name AS category_name, category.name_en AS category_name_en,
           category.icon AS category_icon, left(issue.description, 200) AS description,
           ST_X(issue.location) AS lon_deg, ST_Y(issue.location) AS lat_deg,
           issue.area_code, area.name AS area_name, area.name_en AS area_name_en,
           person.name AS responsible_name,
           (SELECT count(*) FROM issue_photo WHERE issue_photo.issue_id = issue.id) AS photo_count,
           issue.captured_at, issue.received_at,
           {distance} AS distance_m
      FROM issue
      JOIN issue_category AS category ON category.code = issue.category_code
      LEFT JOIN person ON person.id = issue.responsible_person_id
      LEFT JOIN area ON area.scheme_id = issue.scheme_id AND area.code = issue.area_code
                    AND area.level IN ('subdistrict', 'community', 'grid', 'micro_grid')
                    AND area.valid_from <= :today
                    AND (area.valid_to IS NULL OR area.valid_to > :today)
     WHERE {where}
     ORDER BY {order}
     LIMIT :limit OFFSET :offset
    """

_COUNT = "SELECT count(*) FROM issue WHERE {where}"

_COUNT_BY_STATE = "SELECT state, count(*) AS count FROM issue WHERE {where} GROUP BY state"

# Index: idx_issue_location (GiST).
_WINDOW = """
    WITH pin AS (
        SELECT issue.id, issue.number, issue.state, issue.category_code, issue.area_code, issue.received_at,
               issue.location
          FROM issue
         WHERE {where}
         ORDER BY issue.received_at DESC, issue.id
         LIMIT :limit
    )
    SELECT count(*) AS feature_count,
           coalesce(json_agg(json_build_object(
               'type', 'Feature',
               'id', pin.id,
               'geometry', ST_AsGeoJSON(pin.location, 7)::json,
               'properties', json_build_object(
                   'number', pin.number, 'state', pin.state, 'category', pin.category_code,
                   'area_code', pin.area_code, 'received_at', pin.received_at)
               ) ORDER BY pin.received_at DESC, pin.id), '[]')::text AS features
      FROM pin
    """

_DISTANCE = (
    "ST_Distance(issue.location::geography, ST_SetSRID(ST_MakePoint(:near_lon, :near_lat), 4326)::geography)"
)

_ORDERS: Mapping[Sort, str] = {
    Sort.TIME: "issue.received_at DESC, issue.id",
    Sort.OLDEST: "issue.received_at, issue.id",
    Sort.DISTANCE: "distance_m, issue.id",
}


def list_issues(
    session: Session,
    actor: Actor,
    wanted: IssueFilter,
    *,
    today: date,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> IssuePage:
    """List issues in two statements: the lines, and how many there are.

    Parameters
    ----------
    today : areas are called as on this day
    page : 1 for the first
    page_size : 1 to :data:`PAGE_SIZE_MAX`
    """
    check(actor, Action.SEE_ISSUES)
    condition = _condition(actor, wanted)
    distance = _DISTANCE if wanted.near is not None else "NULL::float"
    sort = Sort.TIME if wanted.near is None and wanted.sort is Sort.DISTANCE else wanted.sort
    statement = text(_LIST.format(where=condition.sql, distance=distance, order=_ORDERS[sort]))
    values = {**condition.values, "today": today, "limit": page_size, "offset": (page - 1) * page_size}
    items = tuple(IssueItem(**row) for row in session.execute(statement, values).mappings())
    total_count = session.execute(text(_COUNT.format(where=condition.sql)), condition.values).scalar_one()
    return IssuePage(items=items, total_count=total_count, page=page, page_size=page_size)


def issues_in_window(
    session: Session, actor: Actor, wanted: IssueFilter, *, limit: int = PAGE_SIZE_MAX
) -> tuple[str, bool]:
    """Draw the issues of a window as a GeoJSON FeatureCollection, newest first, in one statement.

    Returns
    -------
    the JSON text, and whether the limit was reached, so that some may be missing
    """
    check(actor, Action.SEE_ISSUES)
    condition = _condition(actor, wanted)
    row = session.execute(
        text(_WINDOW.format(where=condition.sql)), {**condition.values, "limit": limit}
    ).one()
    is_cut = row.feature_count == limit
    members = f'"type": "FeatureCollection", "is_cut": {str(is_cut).lower()}, "features": {row.features}'
    return "{" + members + "}", is_cut


def count_by_state(session: Session, actor: Actor, wanted: IssueFilter) -> dict[IssueState, int]:
    """Count the issues of each state, zeros included, in one statement."""
    check(actor, Action.SEE_ISSUES)
    condition = _condition(actor, replace(wanted, states=frozenset()))
    rows = session.execute(text(_COUNT_BY_STATE.format(where=condition.sql)), condition.values)
    counted = {IssueState(row[0]): int(row[1]) for row in rows}
    return {state: counted.get(state, 0) for state in IssueState}


@dataclass(slots=True)
class _Conditions:
    parts: list[str] = field(default_factory=list[str])
    values: dict[str, object] = field(default_factory=dict[str, object])

    def add(self, sql: str, **values: object) -> None:
        self.parts.append(sql)
        self.values |= values


def _condition(actor: Actor, wanted: IssueFilter) -> Predicate:
    """Make the condition of a list: every text here is a constant, every value is bound."""
    conditions = _Conditions()
    if wanted.is_mine:
        # What one has reported or has to do, wherever it lies.
        conditions.add(
            "(issue.responsible_person_id = :my_person_id OR issue.reporter_account_id = :my_account_id)",
            my_person_id=actor.person_id,
            my_account_id=actor.account_id,
        )
    else:
        scope = scope_predicate(actor.scope, "issue.area_code")
        conditions.add(scope.sql, **scope.values)
    if wanted.states == OPEN_STATES:
        # Spelled as in the partial index of open issues, so that it is used.
        conditions.add("issue.state IN ('submitted', 'handling', 'to_rate')")
    elif wanted.states:
        conditions.add("issue.state = ANY (:states)", states=sorted(state.value for state in wanted.states))
    if wanted.category_code is not None:
        conditions.add("issue.category_code = :category_code", category_code=wanted.category_code)
    if wanted.area_code:
        # Read as a scope is: a grid's own code stands for the grid and its micro-grids.
        area = scope_predicate(AreaScope.of([wanted.area_code]), "issue.area_code", name="area")
        conditions.add(area.sql, **area.values)
    if wanted.box is not None:
        conditions.add(
            "issue.location && ST_MakeEnvelope(:west, :south, :east, :north, 4326)", **wanted.box.values()
        )
    if wanted.near is not None:
        conditions.values |= {"near_lon": wanted.near.lon_deg, "near_lat": wanted.near.lat_deg}
        if wanted.sort is Sort.DISTANCE:
            conditions.add(
                "issue.location && ST_Expand("
                "ST_SetSRID(ST_MakePoint(:near_lon, :near_lat), 4326), :reach_deg)",
                reach_deg=NEAR_REACH_DEG,
            )
    return Predicate(" AND ".join(conditions.parts), conditions.values)
