"""Who answers for a point, the public's view of issues (M1–M3), the API's description, cookies and tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from gridmap import bootstrap
from gridmap.settings import Settings
from gridmap.storage.tables import IssueRow
from gridmap.web.access import add_actor_source
from gridmap.web.api.openapi import openapi_document
from tests.factories import (
    CELL_DEG,
    NORTH_DEG,
    SUBDISTRICT,
    WEST_DEG,
    World,
    add_account,
    add_category,
    add_world,
    middle_of,
)
from tests.reports import NOW, actor_of, pinned, report_body
from tests.web.api_client import program_of

FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
PLACE = middle_of(0, 0)
AT_POINT = f"/api/v1/at-point?lon={PLACE[0]}&lat={PLACE[1]}"
EVERYWHERE = f"bbox={WEST_DEG - 1},{NORTH_DEG - 1},{WEST_DEG + 1},{NORTH_DEG + 1}"


@pytest.fixture
def world(session: Session) -> World:
    world = add_world(session)
    world.communities[0].office_phone = "027-00000001"
    session.flush()
    return world


@pytest.fixture
def officer(session: Session, world: World):
    return actor_of(add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


def _here(client: FlaskClient, path: str = AT_POINT) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return answer.json


def test_a_visitor_learns_the_areas_and_the_offices_number_but_nobodys_name(
    client: FlaskClient, world: World
) -> None:
    found = _here(client)
    assert [area["code"] for area in found["areas"]] == [SUBDISTRICT, FIRST, f"{FIRST}010", f"{FIRST}011"]
    assert found["match"] == "inside"
    assert {person["name"] for person in found["responsible"]} == {None}
    assert [person["phone"] for person in found["responsible"]] == ["027-00000001"] * 3 + [None]
    assert "1000" not in str(found["responsible"])
    assert found["vacant"] == []


@pytest.mark.parametrize(
    ("role", "area", "sees_mobile"),
    [
        ("grid_worker", f"{FIRST}010", True),
        ("grid_worker", f"{FIRST}020", False),
        ("community_secretary", FIRST, True),
        ("community_secretary", SECOND, False),
        ("subdistrict_officer", SUBDISTRICT, True),
        ("planner", SUBDISTRICT, False),
    ],
)
def test_staff_of_the_area_see_mobile_numbers_and_others_the_offices(
    app: Flask, session: Session, world: World, role: str, area: str, sees_mobile: bool
) -> None:
    program = program_of(app, session, add_account(session, "me", role=role, area_codes=(area,)))
    found = program.get(AT_POINT.removeprefix("/api/v1")).json
    assert found is not None
    first = found["responsible"][0]
    person = world.people["zone_responsible", "Z1"]
    assert first["name"] == person.name
    assert first["phone"] == (person.mobile_phone if sees_mobile else "027-00000001")


def test_a_mobile_number_that_its_owner_made_public_is_seen_by_all_staff(
    app: Flask, session: Session, world: World
) -> None:
    person = world.people["zone_responsible", "Z1"]
    person.name_is_public = person.mobile_is_public = True
    session.flush()
    program = program_of(app, session, add_account(session, "me", role="planner", area_codes=(SECOND,)))
    found = program.get(AT_POINT.removeprefix("/api/v1")).json
    assert found is not None
    assert found["responsible"][0]["phone"] == person.mobile_phone


def test_near_a_boundary_both_sides_are_named(client: FlaskClient, world: World) -> None:
    lon = WEST_DEG + 2 * CELL_DEG - 0.0001  # 9.6 m from the next community
    found = _here(client, f"/api/v1/at-point?lon={lon}&lat={PLACE[1]}")
    assert [(one["kind"], one["code"]) for one in found["near_boundary"]] == [
        ("zone", "Z1"),
        ("zone", "Z2"),
        ("micro_grid", f"{FIRST}021"),
        ("micro_grid", f"{SECOND}011"),
    ]
    assert found["near_boundary"][1]["distance_m"] == pytest.approx(9.6, abs=0.1)
    assert _here(client)["near_boundary"] == []


def test_far_from_every_area_nobody_answers(client: FlaskClient, world: World) -> None:
    found = _here(client, "/api/v1/at-point?lon=2.35&lat=48.85")
    assert (found["match"], found["areas"], found["responsible"]) == ("none", [], [])


@pytest.mark.parametrize(
    "query", ["", "?lon=114.3", "?lon=x&lat=30", "?lon=30.5&lat=114.3", "?lon=nan&lat=3"]
)
def test_a3_a_bad_point_is_refused(client: FlaskClient, world: World, query: str) -> None:
    assert client.get(f"/api/v1/at-point{query}").status_code == 400


def test_m1_the_public_map_needs_a_box_and_a_known_category(
    client: FlaskClient, session: Session, world
) -> None:
    add_category(session, "06099", is_public=False)
    assert client.get("/api/v1/public/issues").status_code == 400
    assert client.get("/api/v1/public/issues?bbox=1,2").status_code == 400
    for category, status in (("06036", 200), ("nope", 400), ("06099", 400)):
        answer = client.get(f"/api/v1/public/issues?{EVERYWHERE}&category={category}")
        assert answer.status_code == status, category


def _drawn(client: FlaskClient, box: str = EVERYWHERE) -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/public/issues?{box}")
    assert answer.status_code == 200
    assert answer.mimetype == "application/geo+json"
    assert answer.json is not None
    return answer.json["features"]


def test_m2_the_public_sees_category_and_day_of_open_public_issues_and_nothing_else(
    client: FlaskClient, session: Session, officer
) -> None:
    add_category(session, "06099", is_public=False)
    pinned(session, officer, PLACE, description="某某家门口")
    pinned(session, officer, PLACE, category="06099")
    for state in ("closed", "returned"):
        session.get_one(IssueRow, pinned(session, officer, PLACE)).state = state
    session.flush()
    assert _drawn(client) == [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [pytest.approx(PLACE[0]), pytest.approx(PLACE[1])]},
            "properties": {"category": "06036", "date": "2026-11-20"},
        }
    ]


def test_m3_a_new_issue_is_on_the_public_map_at_once_and_the_tag_changes(
    client: FlaskClient, session: Session, officer
) -> None:
    tag = client.get(f"/api/v1/public/issues?{EVERYWHERE}").headers["ETag"]
    for count in (1, 2):
        pinned(session, officer, PLACE)
        assert len(_drawn(client)) == count
    path = f"/api/v1/public/issues?{EVERYWHERE}"
    answer = client.get(path, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_5_9_what_concerns_a_home_is_drawn_at_its_micro_grid_and_cannot_be_found_by_small_boxes(
    client: FlaskClient, session: Session, world: World, officer
) -> None:
    add_category(session, "06088", is_private_home=True)
    home = (PLACE[0] + 0.0003, PLACE[1] + 0.0002)
    pinned(session, officer, home, category="06088")
    (feature,) = _drawn(client)
    lon, lat = feature["geometry"]["coordinates"]
    assert (lon, lat) == (pytest.approx(PLACE[0], abs=1e-6), pytest.approx(PLACE[1], abs=1e-6))
    tiny = 0.00005
    around_home = f"bbox={home[0] - tiny},{home[1] - tiny},{home[0] + tiny},{home[1] + tiny}"
    assert _drawn(client, around_home) == []
    around_label = f"bbox={lon - tiny},{lat - tiny},{lon + tiny},{lat + tiny}"
    assert len(_drawn(client, around_label)) == 1


@pytest.mark.parametrize(
    ("layer", "status"),
    [
        ("areas/micro_grid", 200),
        ("areas/planet", 404),
        ("streets", 200),
        ("compounds", 200),
        ("service_points", 200),
        ("party_center_households", 404),
    ],
)
def test_layers_are_given_as_geojson_to_programs_too(
    client: FlaskClient, world: World, layer: str, status: int
) -> None:
    answer = client.get(f"/api/v1/layers/{layer}.geojson")
    assert answer.status_code == status
    if status == 200:
        assert answer.mimetype == "application/geo+json"
        assert answer.json is not None
        assert len(answer.json["features"]) == (8 if layer == "areas/micro_grid" else 0)


def test_every_route_of_the_api_is_described_and_nothing_else(app: Flask) -> None:
    routes = {
        (re.sub(r"<(?:[^:>]+:)?([^:>]+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    document = openapi_document()
    assert routes == {(path, method) for path, item in document["paths"].items() for method in item}


def test_the_description_is_served_and_its_references_hold(client: FlaskClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["openapi"].startswith("3.1")
    named = set(re.findall(r'"#/components/schemas/(\w+)"', answer.text))
    assert named == set(answer.json["components"]["schemas"])
    operations = [one["operationId"] for item in answer.json["paths"].values() for one in item.values()]
    assert len(operations) == len(set(operations))


def test_an_answer_holds_what_the_description_promises(app: Flask, session: Session, world: World) -> None:
    program = program_of(app, session, add_account(session, "me", area_codes=(f"{FIRST}010",)))
    made = program.post("/issues", report_body(*PLACE)).json
    assert made is not None
    schemas = openapi_document()["components"]["schemas"]
    for name, body in (
        ("Issue", program.get(f"/issues/{made['id']}").json),
        ("IssueLine", program.get("/issues").json["issues"][0]),  # type: ignore[index]
        ("AtPoint", program.get(AT_POINT.removeprefix("/api/v1")).json),
        ("Category", program.get("/categories").json["categories"][0]),  # type: ignore[index]
    ):
        assert body is not None
        assert set(body) == set(schemas[name]["properties"]), name


def test_a_page_posts_with_its_cookie_and_must_bring_the_csrf_token(
    app: Flask, session: Session, world: World
) -> None:
    actor = actor_of(add_account(session, "me", area_codes=(f"{FIRST}010",)))
    # As after signing in: a session speaks for the account, no bearer token does.
    add_actor_source(app, lambda: actor)
    client = app.test_client()
    body = report_body(*PLACE)
    refused = client.post("/api/v1/issues", json=body)
    assert refused.status_code == 400
    assert refused.json is not None
    assert refused.json["code"] == "error.csrf"

    from flask_wtf.csrf import generate_csrf

    with app.test_request_context():
        from flask import session as cookie

        token = generate_csrf()
        raw = cookie["csrf_token"]
    with client.session_transaction() as browser:
        browser["csrf_token"] = raw
    taken = client.post("/api/v1/issues", json=body, headers={"X-CSRFToken": token})
    assert taken.status_code == 201, taken.text


def test_a_token_ends_on_its_day_or_when_it_is_revoked(
    session: Session, world: World, connection, tmp_path
) -> None:
    from sqlalchemy.orm import sessionmaker

    from gridmap.domain.permissions import Actor
    from gridmap.use_cases.accounts import create_token, list_tokens, revoke_token

    account = add_account(session, "me", area_codes=(f"{FIRST}010",))
    made = create_token(session, Actor.system(), username="me", name="脚本", days=3, now=NOW)
    assert len(made.token) > 43
    clock = [NOW]
    sessions = sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    settings = Settings(secret_key="tests", data_dir=tmp_path)
    client = bootstrap.make_app(settings, sessions, clock=lambda: clock[0]).test_client()
    headers = {"Authorization": f"Bearer {made.token}"}

    def status() -> int:
        return client.get("/api/v1/categories", headers=headers).status_code

    assert status() == 200
    clock[0] = NOW + timedelta(days=3)
    assert status() == 401
    clock[0] = NOW
    revoke_token(session, Actor.system(), made.id, now=NOW)
    session.flush()
    assert status() == 401
    other = create_token(session, Actor.system(), username="me", name="", days=None, now=NOW)
    headers["Authorization"] = f"Bearer {other.token}"
    assert status() == 200
    account.is_active = False
    session.flush()
    assert status() == 401
    assert all(made.token not in repr(one) for one in list_tokens(session, Actor.system()))
