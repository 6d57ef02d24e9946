"""A pin finds its areas and people in PostGIS: A1, A2, A6, A8–A10, R4, R8, R9."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from gridmap.domain.errors import InvalidInput
from gridmap.domain.issue_input import parse_edit
from gridmap.domain.placement import OutsideEveryGrid
from gridmap.queries.issue_detail import issue_detail
from gridmap.storage.tables import AreaRow, IssueRow
from gridmap.use_cases.issues import create_issue, edit_issue
from tests.factories import (
    CELL_DEG,
    NORTH_DEG,
    SUBDISTRICT,
    WEST_DEG,
    World,
    add_account,
    add_area,
    add_person,
    add_world,
    add_zone,
    assign,
    cell,
    middle_of,
    stand_in_for,
)
from tests.reports import NEAREST, NOW, REFUSE, actor_of, pinned, report
from tests.statements import counted, job_count

TODAY = date(2026, 11, 20)
FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"


@pytest.fixture
def world(session: Session) -> World:
    return add_world(session)


@pytest.fixture
def officer(session: Session, world: World):
    return actor_of(add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


def _row(session: Session, issue_id: object) -> IssueRow:
    session.expire_all()
    return session.get_one(IssueRow, issue_id)


def _reasons(row: IssueRow) -> list[tuple[str, int | None, str]]:
    return [(link["role"], link["person_id"], link["reason"]) for link in row.routing["chain"]]


def test_a1_a_pin_keeps_the_areas_zone_and_people_of_its_day(session: Session, world: World, officer) -> None:
    row = _row(session, pinned(session, officer, middle_of(1, 0)))
    assert row.number == f"2026-{row.number[5:]}"
    assert (row.subdistrict_code, row.community_code) == (SUBDISTRICT, FIRST)
    assert (row.grid_code, row.micro_grid_code, row.area_code) == (
        f"{FIRST}020",
        f"{FIRST}021",
        f"{FIRST}021",
    )
    assert (row.zone_code, row.routing["match"], row.state) == ("Z1", "inside", "submitted")
    people = world.people
    assert _reasons(row) == [
        ("zone_responsible", people["zone_responsible", "Z1"].id, "own_zone"),
        ("micro_grid_leader", None, "nobody_assigned"),
        ("grid_worker", people["grid_worker", f"{FIRST}020"].id, "own_area"),
        ("community_secretary", people["community_secretary", FIRST].id, "own_area"),
        ("subdistrict_officer", people["subdistrict_officer", SUBDISTRICT].id, "own_area"),
    ]
    assert row.responsible_person_id == people["zone_responsible", "Z1"].id


def test_a2_a_pin_in_the_accepted_box_but_in_no_cell_is_taken_with_empty_cells(
    session: Session, world: World, officer
) -> None:
    place = (WEST_DEG - 0.002, NORTH_DEG - 0.0005)
    row = _row(session, pinned(session, officer, place))
    cells = (row.subdistrict_code, row.community_code, row.grid_code, row.micro_grid_code)
    assert cells == (None,) * 4
    # The nearest answers, so that it is in somebody's list.
    assert (row.routing["match"], row.area_code) == ("nearest", f"{FIRST}011")
    assert row.responsible_person_id == world.people["grid_worker", f"{FIRST}010"].id
    assert issue_detail(session, officer, row.id, today=TODAY).area_name == f"{FIRST}011"


def test_outside_every_grid_is_refused_with_a_clear_word_when_the_setting_says_so(
    session: Session, world: World, officer
) -> None:
    place = (WEST_DEG - 0.002, NORTH_DEG - 0.0005)
    with pytest.raises(OutsideEveryGrid) as refusal:
        create_issue(session, officer, report(*place), rules=REFUSE, now=NOW)
    assert refusal.value.params["nearest_m"] == pytest.approx(192, abs=2)
    far = (WEST_DEG - 0.03, NORTH_DEG)
    with pytest.raises(OutsideEveryGrid):
        create_issue(session, officer, report(*far), rules=NEAREST, now=NOW)
    assert session.scalar(select(func.count()).select_from(IssueRow)) == 0


@pytest.mark.parametrize(
    ("place", "field", "reason"),
    [
        ((116.4, 39.9), "lon", "outside_accepted_area"),
        ((WEST_DEG, 31.5), "lat", "outside_accepted_area"),
        ((30.559, 89.9), "lon", "outside_accepted_area"),
    ],
)
def test_a3_far_from_the_subdistrict_is_refused_naming_the_field(
    session: Session, world: World, officer, place: tuple[float, float], field: str, reason: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create_issue(session, officer, report(*place), rules=NEAREST, now=NOW)
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


def test_a6_moving_a_pin_routes_it_anew_and_the_old_place_stays_in_the_history(
    session: Session, world: World, officer
) -> None:
    issue_id = pinned(session, officer, middle_of(0, 0))
    lon, lat = middle_of(3, 1)
    command = parse_edit({"version": 1, "location": {"lon": lon, "lat": lat}})
    edit_issue(session, officer, issue_id, command, rules=NEAREST, now=NOW + timedelta(hours=1))
    row = _row(session, issue_id)
    assert (row.micro_grid_code, row.zone_code, row.version) == (f"{SECOND}041", "Z2", 2)
    assert row.responsible_person_id == world.people["zone_responsible", "Z2"].id
    events = issue_detail(session, officer, issue_id, today=TODAY).events
    assert [event.kind for event in events] == ["created", "routed", "moved", "routed"]
    assert events[2].payload["from"] == pytest.approx(middle_of(0, 0))
    assert (events[2].at, events[2].actor_name) == (NOW + timedelta(hours=1), "示意 officer")
    assert events[1].payload["area_code"] == f"{FIRST}011"


CORNER = (WEST_DEG + 2 * CELL_DEG, NORTH_DEG - CELL_DEG)


@pytest.mark.parametrize(
    ("place", "micro_grid", "zone"),
    [
        # a corner of four cells, two communities and two zones; an edge; the outer corner; a T of two
        (CORNER, f"{FIRST}021", "Z1"),
        ((WEST_DEG + 2 * CELL_DEG, NORTH_DEG - 0.5 * CELL_DEG), f"{FIRST}021", "Z1"),
        ((WEST_DEG + 0.5 * CELL_DEG, NORTH_DEG - CELL_DEG), f"{FIRST}011", "Z1"),
        ((WEST_DEG, NORTH_DEG), f"{FIRST}011", "Z1"),
        ((WEST_DEG + 3 * CELL_DEG, NORTH_DEG), f"{SECOND}011", "Z2"),
    ],
)
def test_a8_on_a_shared_edge_or_corner_a_pin_gets_exactly_one_cell_always_the_same(
    session: Session, world: World, officer, place: tuple[float, float], micro_grid: str, zone: str
) -> None:
    place = (round(place[0], 7), round(place[1], 7))
    for _ in range(3):
        row = _row(session, pinned(session, officer, place))
        assert (row.micro_grid_code, row.zone_code, row.grid_code) == (
            micro_grid,
            zone,
            micro_grid[:-1] + "0",
        )
        assert row.routing["match"] == "shared_edge"
        assert row.routing["warnings"] == []


def test_a9_overlapping_cells_have_one_winner_and_a_warning_that_staff_can_see(
    session: Session, world: World, officer
) -> None:
    grid = world.micro_grids[0].parent_id
    parent = session.get_one(AreaRow, grid)
    add_area(
        session,
        world.scheme,
        level="micro_grid",
        code=f"{FIRST}01A",
        boundary=cell(0, 0, columns=2),
        parent=parent,
    )
    add_zone(session, code="Z0", boundary=cell(0, 0))
    detail = issue_detail(session, officer, pinned(session, officer, middle_of(0, 0)), today=TODAY)
    assert (detail.area_code, detail.zone_code) == (f"{FIRST}011", "Z0")
    assert set(detail.warnings) == {"overlapping_areas", "overlapping_zones"}


def test_a10_a_redrawn_cell_is_used_by_the_next_pin_and_the_old_issue_keeps_its_own(
    session: Session, world: World, officer
) -> None:
    place = middle_of(1, 0)
    before = pinned(session, officer, place)
    # From today on, the cell of the place belongs to the neighbour.
    for micro_grid in world.micro_grids[:2]:
        micro_grid.valid_to = TODAY
    session.flush()
    add_area(
        session,
        world.scheme,
        level="micro_grid",
        code=f"{FIRST}011",
        boundary=cell(0, 0, columns=2),
        parent=session.get_one(AreaRow, world.micro_grids[0].parent_id),
        valid_from=TODAY,
        name="并入后的微网格",
    )
    after = _row(session, pinned(session, officer, place))
    assert (after.micro_grid_code, after.grid_code) == (f"{FIRST}011", f"{FIRST}010")
    assert _row(session, before).micro_grid_code == f"{FIRST}021"
    assert issue_detail(session, officer, after.id, today=TODAY).area_name == "并入后的微网格"


def test_r4_a_person_who_left_is_passed_over_and_it_is_said(session: Session, world: World, officer) -> None:
    world.people["zone_responsible", "Z1"].is_active = False
    session.flush()
    row = _row(session, pinned(session, officer, middle_of(0, 0)))
    worker = world.people["grid_worker", f"{FIRST}010"]
    assert _reasons(row)[:3] == [
        ("zone_responsible", None, "person_inactive"),
        ("micro_grid_leader", None, "nobody_assigned"),
        ("grid_worker", worker.id, "territorial_fallback"),
    ]
    assert row.responsible_person_id == worker.id
    assert row.routing["warnings"] == ["person_inactive"]


def test_r8_with_nobody_below_the_owner_of_the_parent_area_answers(
    session: Session, world: World, officer
) -> None:
    for (post, _), person in world.people.items():
        person.is_active = post == "subdistrict_officer"
    session.flush()
    row = _row(session, pinned(session, officer, middle_of(0, 0)))
    assert row.responsible_person_id == world.people["subdistrict_officer", SUBDISTRICT].id
    assert _reasons(row)[-1][2] == "territorial_fallback"


def test_a_stand_in_answers_while_the_holder_is_away(session: Session, world: World, officer) -> None:
    holder, stand_in = world.people["zone_responsible", "Z1"], add_person(session, "stand_in")
    holder.is_active = False
    other = assign(session, holder, "zone_responsible", zone_code="Z1", valid_from=date(2025, 1, 1))
    stand_in_for(session, other, stand_in, TODAY)
    session.flush()
    row = _row(session, pinned(session, officer, middle_of(0, 0)))
    assert _reasons(row)[0] == ("zone_responsible", stand_in.id, "stand_in")


def _add_many_cells(session: Session, world: World, count: int) -> None:
    """Micro-grids in a row to the south of the district, each with its leader."""
    session.execute(
        text(
            """
            WITH made AS (
                INSERT INTO area (scheme_id, level, code, name, kind, parent_id, valid_from,
                                  boundary, overview, label_point)
                SELECT :scheme_id, 'micro_grid', '420106998' || lpad((n / 30 + 1)::text, 3, '0')
                       || lpad((n % 30)::text, 2, '0') || '1',
                       'cell', 'ordinary', :parent_id, DATE '2026-01-01',
                       ST_Multi(box), ST_Multi(box), ST_Centroid(box)
                  FROM (SELECT n, ST_SetSRID(ST_MakeEnvelope(
                               :west + n % 100 * 0.0001, :south - n / 100 * 0.0001 - 0.0001,
                               :west + n % 100 * 0.0001 + 0.0001, :south - n / 100 * 0.0001), 4326) AS box
                          FROM generate_series(0, :count - 1) AS n) AS cells
                RETURNING code
            ), person AS (
                INSERT INTO person (code, name) SELECT 'leader' || code, '示意' FROM made RETURNING id, code
            )
            INSERT INTO assignment (person_id, role, area_code, valid_from)
            SELECT id, 'micro_grid_leader', substr(code, 7), DATE '2026-01-01' FROM person
            """
        ),
        {
            "scheme_id": world.scheme.id,
            "parent_id": world.micro_grids[0].parent_id,
            "west": WEST_DEG,
            "south": NORTH_DEG - 2 * CELL_DEG,
            "count": count,
        },
    )


def test_r9_routing_costs_the_same_two_statements_with_8_cells_and_with_2008(
    session: Session, connection: Connection, world: World, officer
) -> None:
    costs: list[tuple[int, int]] = []
    for more in (0, 2_000):
        if more:
            _add_many_cells(session, world, more)
        with counted(connection) as seen:
            pinned(session, officer, middle_of(1, 1))
        routing = [s for s in seen.statements if "near_area" in s or "FROM assignment" in s]
        costs.append((len(seen.statements), len(routing)))
    assert costs[0] == costs[1]
    assert costs[0][1] == 2
    assert job_count(session) == 2


def test_create_and_route_takes_at_most_ten_statements_events_and_job_included(
    session: Session, connection: Connection, world: World, officer
) -> None:
    body = report(*middle_of(0, 0))
    with counted(connection) as seen:
        issue_id, _ = create_issue(session, officer, body, rules=NEAREST, now=NOW)
        issue_detail(session, officer, issue_id, today=TODAY, with_history=False)
    assert len(seen.statements) + job_count(session) == 8
    with counted(connection) as seen:
        issue_detail(session, officer, issue_id, today=TODAY)
    assert seen.count == 4


def test_a_pin_in_the_hair_crack_of_an_imported_map_still_gets_one_cell(
    session: Session, world: World, officer
) -> None:
    # The neighbour's western edge is drawn 2e-7 degrees (2 cm) too far east.
    west, south, east, north = cell(1, 0).bounds
    cracked = shapely.box(west + 2e-7, south, east, north)
    world.micro_grids[1].boundary = from_shape(shapely.MultiPolygon([cracked]), 4326)
    session.flush()
    place = (west + 1e-7, (south + north) / 2)
    row = _row(session, pinned(session, officer, place))
    assert (row.grid_code, row.micro_grid_code) == (f"{FIRST}020", f"{FIRST}021")
