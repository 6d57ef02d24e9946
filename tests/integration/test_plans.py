"""Golden plans: the hot statements use their indexes, by the planner's own choice, at a realistic size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.features import COLLECTIONS
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.queries.features import FeatureFilter, Window, features_page
from gridmap.queries.issues import Box, IssueFilter, issues_in_window, list_issues
from gridmap.queries.overview import load_overview
from gridmap.queries.public_issues import public_issues
from gridmap.storage.routing import find_candidates, find_posts
from gridmap.use_cases.issues import route_point
from tests.factories import SUBDISTRICT, add_account, add_world, middle_of
from tests.reports import NEAREST, NOW, actor_of
from tests.statements import counted

FIRST = f"{SUBDISTRICT}001"

MANY_AREAS = text(
    """
    INSERT INTO area (scheme_id, level, code, name, kind, valid_from, boundary, overview, label_point)
    SELECT :scheme_id, 'micro_grid',
           '420107' || lpad((n / 900)::text, 3, '0') || lpad((n / 30 % 30 + 1)::text, 3, '0')
           || lpad((n % 30)::text, 2, '0') || '1',
           'cell', 'ordinary', DATE '2026-01-01', ST_Multi(box), ST_Multi(box), ST_Centroid(box)
      FROM (SELECT n, ST_SetSRID(ST_MakeEnvelope(
                       114.4 + n % 100 * 0.001, 30.4 + n / 100 * 0.001,
                       114.4 + n % 100 * 0.001 + 0.001, 30.4 + n / 100 * 0.001 + 0.001), 4326) AS box
              FROM generate_series(0, 4999) AS n) AS cells
    """
)

MANY_ISSUES = text(
    """
    INSERT INTO issue (id, number, client_id, reporter_account_id, request_hash, category_code,
                       description, location, captured_at, received_at, state, source, scheme_id, area_code,
                       routing, version)
    SELECT gen_random_uuid(), 'x' || n, gen_random_uuid(), :account_id, '\\x00', '06036', '',
           ST_SetSRID(ST_MakePoint(114.3 + random() * 0.2, 30.4 + random() * 0.2), 4326),
           now() - n * interval '1 minute', now() - n * interval '1 minute',
           (ARRAY['submitted', 'handling', 'to_rate', 'closed', 'closed', 'closed'])[n % 6 + 1],
           'demo', :scheme_id, '42010' || lpad((n % 400)::text, 7, '0') || '011', '{}', 1
      FROM generate_series(1, 10000) AS n
    """
)


@pytest.fixture
def crowded(session: Session) -> Session:
    """5,000 more micro-grids and 10,000 issues over 400 communities."""
    world = add_world(session)
    account = add_account(session, "reporter")
    session.execute(MANY_AREAS, {"scheme_id": world.scheme.id})
    session.execute(MANY_ISSUES, {"scheme_id": world.scheme.id, "account_id": account.id})
    for table in ("area", "issue", "issue_category", "responsibility_zone", "assignment", "person"):
        session.execute(text(f"ANALYZE {table}"))
    return session


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _plan(connection: Connection, session: Session, work: Any, *, position: int = 0) -> list[dict[str, Any]]:
    """The nodes of the plan of the statement that the work sends at a position, the first one unless said."""
    with counted(connection) as seen:
        work()
    statement, parameters = seen.sent[position]
    cursor = connection.connection.cursor()
    cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, parameters)
    answer = cursor.fetchone()[0]
    root = answer if isinstance(answer, list) else json.loads(answer)
    return list(_nodes(root[0]["Plan"]))


def _indexes(nodes: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in nodes if "Index Name" in node and node.get("Actual Loops")}


def _scanned(nodes: list[dict[str, Any]]) -> set[str]:
    return {
        node["Relation Name"]
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node.get("Actual Loops", 0) > 0
    }


def _actor(*prefixes: str) -> Actor:
    return Actor(
        account_id=1, role=Role.SUBDISTRICT_OFFICER, scope=AreaScope(prefixes), name="示意", person_id=None
    )


def test_the_point_in_polygon_uses_the_spatial_index(crowded: Session, connection: Connection) -> None:
    lon, lat = middle_of(0, 0)
    nodes = _plan(
        connection,
        crowded,
        lambda: find_candidates(crowded, LonLat(lon_deg=lon, lat_deg=lat), day=NOW.date()),
    )
    assert "idx_area_boundary" in _indexes(nodes)
    assert "area" not in _scanned(nodes)


def test_the_nearest_area_is_found_by_the_spatial_index_too(crowded: Session, connection: Connection) -> None:
    nodes = _plan(
        connection,
        crowded,
        lambda: find_candidates(crowded, LonLat(lon_deg=114.36, lat_deg=30.3), day=NOW.date()),
    )
    nearest = [node for node in nodes if node.get("Order By", "").find("<->") >= 0]
    assert nearest[0]["Index Name"] == "idx_area_boundary"
    assert nearest[0]["Actual Rows"] <= 16


def test_the_assignments_of_a_place_are_found_by_index(crowded: Session, connection: Connection) -> None:
    crowded.execute(
        text(
            "INSERT INTO assignment (person_id, role, area_code, valid_from)"
            " SELECT (SELECT min(id) FROM person), 'micro_grid_leader', 'c' || n, DATE '2026-01-01'"
            "   FROM generate_series(1, 5000) AS n"
        )
    )
    crowded.execute(text("ANALYZE assignment"))
    lon, lat = middle_of(0, 0)
    decision = route_point(crowded, LonLat(lon_deg=lon, lat_deg=lat), rules=NEAREST, now=NOW)
    nodes = _plan(connection, crowded, lambda: find_posts(crowded, decision.placement, day=NOW.date()))
    assert {"ix_assignment_area_code_role", "ix_assignment_zone_code"} <= _indexes(nodes)
    assert "assignment" not in _scanned(nodes)


def test_the_list_of_a_community_uses_the_index_of_codes(crowded: Session, connection: Connection) -> None:
    nodes = _plan(
        connection,
        crowded,
        lambda: list_issues(crowded, _actor("420100000007"), IssueFilter(), today=NOW.date()),
    )
    assert _indexes(nodes) & {"ix_issue_area_code_received_at", "ix_issue_open_area_code_received_at"}
    assert "issue" not in _scanned(nodes)


def test_the_list_of_everything_walks_the_index_of_times(crowded: Session, connection: Connection) -> None:
    nodes = _plan(
        connection, crowded, lambda: list_issues(crowded, _actor(""), IssueFilter(), today=NOW.date())
    )
    assert "ix_issue_received_at" in _indexes(nodes)
    assert _indexes(nodes) & {"ix_area_scheme_id_level_code", "ex_area_one_version_at_a_time"}
    assert not {"issue", "area"} & _scanned(nodes)


def test_a_window_of_a_few_hundred_metres_uses_the_spatial_index(
    crowded: Session, connection: Connection
) -> None:
    box = Box(west_deg=114.35, south_deg=30.45, east_deg=114.355, north_deg=30.455)
    for work in (
        lambda: issues_in_window(crowded, _actor("4201"), IssueFilter(box=box)),
        lambda: public_issues(crowded, box, today=NOW.date()),
    ):
        nodes = _plan(connection, crowded, work)
        assert "idx_issue_location" in _indexes(nodes)
        assert "issue" not in _scanned(nodes)


def test_what_is_mine_is_found_by_index(crowded: Session, connection: Connection) -> None:
    me = actor_of(add_account(crowded, "me"))
    nodes = _plan(
        connection, crowded, lambda: list_issues(crowded, me, IssueFilter(is_mine=True), today=NOW.date())
    )
    assert "issue" not in _scanned(nodes)


def test_a_page_of_the_ogc_api_walks_the_ids_and_its_window_uses_the_spatial_index(
    crowded: Session, connection: Connection
) -> None:
    issues = COLLECTIONS["staff_issues"]
    box = Window(west=114.35, south=30.45, east=114.355, north=30.455)

    def page(wanted: FeatureFilter) -> None:
        features_page(crowded, _actor(""), issues, wanted, today=NOW.date(), limit=100)

    nodes = _plan(connection, crowded, lambda: page(FeatureFilter()), position=1)
    assert "pk_issue" in _indexes(nodes)
    assert "issue" not in _scanned(nodes)
    for position in (0, 1):
        nodes = _plan(connection, crowded, lambda: page(FeatureFilter(window=box)), position=position)
        assert "idx_issue_location" in _indexes(nodes)
        assert "issue" not in _scanned(nodes)


def test_what_every_page_says_of_the_map_reads_no_table_of_areas_to_the_end_for_its_day(
    crowded: Session, connection: Connection
) -> None:
    nodes = _plan(connection, crowded, lambda: load_overview(crowded, today=NOW.date()))
    assert {"ix_area_valid_from", "ix_area_valid_to"} <= _indexes(nodes)
