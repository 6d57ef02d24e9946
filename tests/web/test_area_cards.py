"""The card of an area: where it belongs, who answers on which day, and what a reader may not see."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.queries.area_cards import _AREA_SQL, ancestors_of
from gridmap.storage.tables import AreaRow, IssueRow, PersonRow
from gridmap.web.access import add_actor_source
from tests.conftest import NOW
from tests.factories import SUBDISTRICT, World, add_account, add_person, add_world, assign, middle_of
from tests.tour_world import HOST_HOUSEHOLD, add_place, add_place_categories

COMMUNITY = f"{SUBDISTRICT}001"
OTHER_COMMUNITY = f"{SUBDISTRICT}002"
GRID = f"{COMMUNITY}010"
MICRO_GRID = f"{COMMUNITY}011"


@pytest.fixture
def world(session: Session) -> World:
    return add_world(session)


def worker_of(world: World, area_code: str) -> PersonRow:
    return world.people["grid_worker", area_code]


def sign_in(app: Flask, role: Role, *prefixes: str) -> FlaskClient:
    """A client whose requests come from somebody with this role and scope."""
    actor = Actor(account_id=1, role=role, scope=AreaScope.of(prefixes), name="示意")
    add_actor_source(app, lambda: actor)
    return app.test_client()


def add_issues(session: Session, area_code: str, *, count: int, state: str, at: datetime = NOW) -> None:
    reporter = add_account(session, f"r{uuid.uuid4().hex[:8]}")
    session.add_all(
        IssueRow(
            id=uuid.uuid4(),
            number=f"T-{uuid.uuid4().hex[:10]}",
            client_id=uuid.uuid4(),
            reporter_account_id=reporter.id,
            request_hash=b"",
            category_code="06036",
            description="示意",
            location=f"SRID=4326;POINT({middle_of(0, 0)[0]} {middle_of(0, 0)[1]})",
            captured_at=at,
            received_at=at,
            state=state,
            source="demo",
            area_code=area_code,
            routing={},
            version=1,
        )
        for _ in range(count)
    )
    session.flush()


@pytest.mark.parametrize(
    ("code", "above"),
    [
        (SUBDISTRICT, ()),
        (COMMUNITY, (SUBDISTRICT,)),
        (GRID, (SUBDISTRICT, COMMUNITY)),
        (MICRO_GRID, (SUBDISTRICT, COMMUNITY, GRID)),
    ],
)
def test_the_areas_above_follow_from_the_code(code: str, above: tuple[str, ...]) -> None:
    assert ancestors_of(code) == above


def test_the_chain_and_the_parts_are_linked(client: FlaskClient, world: World) -> None:
    page = client.get(f"/areas/{COMMUNITY}").text
    assert f'href="/areas/{SUBDISTRICT}"' in page
    for number in range(1, 5):
        assert f'href="/areas/{COMMUNITY}0{number}0"' in page
    assert OTHER_COMMUNITY not in page


@pytest.mark.parametrize("code", ["420106998", "1", "x" * 300, "420106999001019", "42010699'; --", "%25"])
def test_an_unknown_code_gets_a_plain_404(client: FlaskClient, world: World, code: str) -> None:
    answer = client.get(f"/areas/{code}")
    assert answer.status_code == 404
    assert "没有编码为" in answer.text
    assert client.get(f"/areas/{code}/card").status_code == 404


def test_a_visitor_sees_posts_but_neither_names_nor_mobiles(
    client: FlaskClient, session: Session, world: World
) -> None:
    worker = worker_of(world, GRID)
    for path in (f"/areas/{GRID}", f"/areas/{GRID}/card", f"/areas/{COMMUNITY}", f"/areas/{MICRO_GRID}"):
        page = client.get(path).text
        assert "网格员" in page or "书记" in page
        for person in session.query(PersonRow).all():
            assert person.name not in page
            assert str(person.mobile_phone) not in page
    assert worker.mobile_phone


def test_who_agreed_is_named_with_the_mobile(client: FlaskClient, session: Session, world: World) -> None:
    worker = worker_of(world, GRID)
    worker.name_is_public = worker.mobile_is_public = True
    session.flush()
    page = client.get(f"/areas/{GRID}").text
    assert worker.name in page
    assert str(worker.mobile_phone) in page
    assert world.people["community_secretary", COMMUNITY].name not in page


def test_the_staff_of_the_area_see_names_and_mobiles(app: Flask, world: World) -> None:
    page = sign_in(app, Role.GRID_WORKER, GRID).get(f"/areas/{GRID}").text
    worker = worker_of(world, GRID)
    assert worker.name in page
    assert str(worker.mobile_phone) in page
    assert world.people["zone_responsible", "Z1"].name in page


def test_a_grid_worker_of_another_community_sees_no_mobile(
    app: Flask, session: Session, world: World
) -> None:
    client = sign_in(app, Role.GRID_WORKER, f"{OTHER_COMMUNITY}010")
    for path in (f"/areas/{GRID}", f"/areas/{GRID}/card", f"/areas/{COMMUNITY}"):
        page = client.get(path).text
        for person in session.query(PersonRow).all():
            assert str(person.mobile_phone) not in page
            assert person.name not in page


def test_a_planner_sees_names_without_numbers(app: Flask, world: World) -> None:
    page = sign_in(app, Role.PLANNER, SUBDISTRICT).get(f"/areas/{GRID}").text
    worker = worker_of(world, GRID)
    assert worker.name in page
    assert str(worker.mobile_phone) not in page


def test_small_counts_are_withheld_from_visitors_and_shown_to_staff(
    app: Flask, session: Session, world: World
) -> None:
    add_issues(session, MICRO_GRID, count=4, state="handling")
    add_issues(session, MICRO_GRID, count=6, state="closed")
    session.query(AreaRow).filter_by(code=MICRO_GRID).update({"household_count": 3})
    session.flush()
    for code in (MICRO_GRID, GRID, COMMUNITY):
        page = app.test_client().get(f"/areas/{code}").text
        numbers = page[page.index("area-numbers") : page.index("</dl>")]
        assert "少于 5" in numbers
        assert "<dd>6</dd>" in numbers
        assert "<dd>4</dd>" not in numbers
        assert "<dd>3</dd>" not in numbers
    page = sign_in(app, Role.GRID_WORKER, GRID).get(f"/areas/{MICRO_GRID}").text
    assert "<dd>4</dd>" in page
    assert "<dd>3</dd>" in page


def test_only_issues_of_this_year_and_area_count(client: FlaskClient, session: Session, world: World) -> None:
    add_issues(session, MICRO_GRID, count=7, state="closed")
    add_issues(session, MICRO_GRID, count=9, state="closed", at=datetime(2025, 12, 31, 15, 59, tzinfo=UTC))
    add_issues(session, f"{OTHER_COMMUNITY}011", count=11, state="closed")
    add_issues(session, "", count=13, state="closed")
    page = client.get(f"/areas/{COMMUNITY}").text
    assert "<dd>7</dd>" in page
    assert "<dd>18</dd>" in client.get(f"/areas/{SUBDISTRICT}").text


def test_the_card_of_a_day_names_who_answered_then(app: Flask, session: Session, world: World) -> None:
    before = add_person(session, "before", name="示意前任", is_active=False)
    now = worker_of(world, GRID)
    session.execute(
        text("UPDATE assignment SET valid_from = '2026-06-01' WHERE person_id = :id"), {"id": now.id}
    )
    assign(session, before, "grid_worker", area_code=GRID, valid_to=date(2026, 6, 1))
    client = sign_in(app, Role.COMMUNITY_SECRETARY, COMMUNITY)
    then, today = client.get(f"/areas/{GRID}?on=2026-05-31").text, client.get(f"/areas/{GRID}").text
    assert "示意前任" in then
    assert now.name not in then
    assert "这是 2026-05-31 当天" in then
    assert now.name in today
    assert "示意前任" not in today
    assert now.name in client.get(f"/areas/{GRID}?on=2026-06-01").text


def test_a_stand_in_is_shown_while_it_lasts(app: Flask, session: Session, world: World) -> None:
    stand_in = add_person(session, "standin", name="示意代班人")
    session.execute(
        text(
            "INSERT INTO stand_in (assignment_id, person_id, first_day, last_day)"
            " SELECT id, :id, '2026-11-01', '2026-11-20' FROM assignment WHERE area_code = :code"
        ),
        {"id": stand_in.id, "code": GRID},
    )
    client = sign_in(app, Role.COMMUNITY_SECRETARY, COMMUNITY)
    assert "示意代班人" in client.get(f"/areas/{GRID}").text
    assert "示意代班人" not in client.get(f"/areas/{GRID}?on=2026-11-21").text
    assert "示意代班人" not in client.get(f"/areas/{GRID}?on=2026-10-31").text


def test_a_vacant_key_post_is_said(client: FlaskClient, session: Session, world: World) -> None:
    session.execute(text("DELETE FROM assignment WHERE area_code = :code"), {"code": GRID})
    assert "暂缺" in client.get(f"/areas/{GRID}").text


def test_the_boundary_of_a_day_is_that_of_its_version(
    client: FlaskClient, session: Session, world: World
) -> None:
    old = session.query(AreaRow).filter_by(code=GRID).one()
    old.valid_to = date(2026, 6, 1)
    old.name = "旧名网格"
    session.flush()
    session.add(
        AreaRow(
            scheme_id=old.scheme_id,
            level="grid",
            code=GRID,
            name="新名网格",
            parent_id=old.parent_id,
            valid_from=date(2026, 6, 1),
            boundary=old.boundary,
            overview=old.overview,
            label_point=old.label_point,
        )
    )
    session.flush()
    assert "新名网格" in client.get(f"/areas/{GRID}").text
    then = client.get(f"/areas/{GRID}?on=2026-05-31").text
    assert "旧名网格" in then
    assert f"/layers/areas/{old.id}/outline.geojson" in then
    # the parts hang on the code, not on the version of the parent
    assert f"/areas/{MICRO_GRID}" in client.get(f"/areas/{GRID}").text


def test_a_day_before_the_area_existed_is_explained(client: FlaskClient, world: World) -> None:
    answer = client.get(f"/areas/{GRID}?on=2020-01-01")
    assert answer.status_code == 404
    assert "2020-01-01" in answer.text


@pytest.mark.parametrize("written", ["yesterday", "2026-13-01", "2026-05-3x", "05/03/2026"])
def test_what_is_no_date_is_refused_in_plain_words(client: FlaskClient, world: World, written: str) -> None:
    answer = client.get(f"/areas/{GRID}?on={written}")
    assert answer.status_code == 400
    assert "日期" in answer.text


def test_only_public_service_points_inside_are_listed(
    client: FlaskClient, session: Session, world: World
) -> None:
    add_place_categories(session)
    inside, outside = middle_of(0, 0), middle_of(3, 0)
    place = add_place(session, "A", at=inside, name="示意里面")
    add_place(session, "B", at=outside, name="示意外面")
    add_place(session, "C", at=inside, name="示意中心户", category=HOST_HOUSEHOLD)
    add_place(session, "D", at=inside, name="示意内部点", visibility="staff")
    add_place(session, "E", at=inside, name="示意撤销点", status="withdrawn")
    page = client.get(f"/areas/{COMMUNITY}").text
    assert f'href="/p/{place.id}"' in page
    assert "示意里面" in page
    for hidden in ("示意外面", "示意中心户", "示意内部点", "示意撤销点"):
        assert hidden not in page


def test_only_who_may_report_here_gets_the_link(app: Flask, world: World) -> None:
    assert "/field/report?lon=" not in app.test_client().get(f"/areas/{GRID}").text
    page = sign_in(app, Role.GRID_WORKER, COMMUNITY).get(f"/areas/{GRID}").text
    assert "/field/report?lon=114.300" in page


def test_who_may_report_elsewhere_gets_no_link_here(app: Flask, world: World) -> None:
    client = sign_in(app, Role.GRID_WORKER, OTHER_COMMUNITY)
    page = client.get(f"/areas/{GRID}").text
    assert "/field/report?lon=" not in page


def test_an_area_without_an_office_names_the_one_above(
    client: FlaskClient, session: Session, world: World
) -> None:
    session.query(AreaRow).filter_by(code=COMMUNITY).update(
        {"office_phone": "027-0000 0000", "office_hours": "Mo-Fr 08:30-17:30"}
    )
    session.flush()
    page = client.get(f"/areas/{MICRO_GRID}").text
    assert 'href="tel:027-00000000"' in page
    assert "08:30–17:30" in page


def test_the_zone_over_the_area_is_named(client: FlaskClient, world: World) -> None:
    page = client.get(f"/areas/{MICRO_GRID}").text
    assert "<li>Z1</li>" in page
    assert "Z2" not in page


def test_the_outline_the_parts_and_the_drawing_are_layers_of_their_own(
    client: FlaskClient, world: World
) -> None:
    area_id = world.communities[0].id
    outline = json.loads(client.get(f"/layers/areas/{area_id}/outline.geojson").text)
    assert [feature["properties"]["code"] for feature in outline["features"]] == [COMMUNITY]
    parts = json.loads(client.get(f"/layers/areas/{area_id}/parts.geojson").text)
    assert [feature["properties"]["code"] for feature in parts["features"]] == [
        f"{COMMUNITY}0{number}0" for number in range(1, 5)
    ]
    sketch = client.get(f"/layers/areas/{area_id}/sketch.svg")
    assert sketch.mimetype == "image/svg+xml"
    assert sketch.text.count("<text") >= 4
    finest = world.micro_grids[0].id
    assert json.loads(client.get(f"/layers/areas/{finest}/parts.geojson").text)["features"] == []


@pytest.mark.parametrize("layer", ["outline.geojson", "sketch.svg"])
def test_a_layer_of_no_area_is_not_found(client: FlaskClient, world: World, layer: str) -> None:
    assert client.get(f"/layers/areas/999999999/{layer}").status_code == 404


def test_the_board_for_paper_carries_the_address_and_its_code(client: FlaskClient, world: World) -> None:
    page = client.get(f"/areas/{GRID}").text
    assert f"http://localhost/areas/{GRID}" in page
    assert 'class="qr-code"' in page


def test_the_card_can_be_read_in_english(client: FlaskClient, world: World) -> None:
    page = client.get(f"/areas/{GRID}?lang=en").text
    assert "Who is responsible" in page
    assert "谁负责" not in page


@pytest.mark.parametrize("code", [SUBDISTRICT, COMMUNITY, GRID, MICRO_GRID])
def test_a_card_asks_few_statements(
    client: FlaskClient, connection: Connection, world: World, code: str
) -> None:
    asked: list[str] = []

    def note(conn: Connection, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            asked.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        assert client.get(f"/areas/{code}").status_code == 200
    finally:
        event.remove(connection, "before_cursor_execute", note)
    assert len(asked) <= 4


def test_a_card_finds_versions_and_issues_by_their_indexes(demo_session: Session) -> None:
    demo_session.execute(text("SET LOCAL enable_seqscan = off"))
    grid_code = "420106099001010"
    plan = "\n".join(
        demo_session.scalars(
            text(f"EXPLAIN {_AREA_SQL.text}"),
            {
                "code": grid_code,
                "on": date(2026, 11, 20),
                "ancestor_codes": [grid_code[:9], grid_code[:12]],
                "child_level": "micro_grid",
                "low": grid_code[:14],
                "high": grid_code[:13] + "2",
                "year_start": NOW - timedelta(days=300),
            },
        )
    )
    assert "ex_area_one_version_at_a_time" in plan
    assert "ix_issue_area_code_received_at" in plan
