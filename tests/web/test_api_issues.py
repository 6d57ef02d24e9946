"""Issues through the API: A3, A4, A11, P1–P5, S7–S10, M1–M4, pages, photos of others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from gridmap.storage.tables import IssueEventRow, IssueRow
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
from tests.reports import actor_of, pinned, report_body
from tests.statements import counted, job_count
from tests.web.api_client import Program, program_of

FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
EVERYWHERE = f"bbox={WEST_DEG - 1},{NORTH_DEG - 1},{WEST_DEG + 1},{NORTH_DEG + 1}"


@dataclass(frozen=True)
class Office:
    """A world, and a program for each sort of account."""

    world: World
    worker: Program
    other_worker: Program
    secretary: Program
    other_secretary: Program
    officer: Program
    planner: Program
    visitor_account: Program
    nobody: Program
    accounts: dict[str, Any]


@pytest.fixture
def office(app: Flask, session: Session) -> Office:
    world = add_world(session)
    people = world.people
    accounts = {
        "worker": add_account(
            session,
            "worker",
            area_codes=(f"{FIRST}010",),
            person=people["grid_worker", f"{FIRST}010"],
        ),
        "other_worker": add_account(session, "other_worker", area_codes=(f"{FIRST}020",)),
        "secretary": add_account(session, "secretary", role="community_secretary", area_codes=(FIRST,)),
        "other_secretary": add_account(
            session, "other_secretary", role="community_secretary", area_codes=(SECOND,)
        ),
        "officer": add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)),
        "planner": add_account(session, "planner", role="planner", area_codes=(SUBDISTRICT,)),
    }
    programs = {name: program_of(app, session, account) for name, account in accounts.items()}
    visitor = program_of(app, session, add_account(session, "visitor", role="visitor"))
    return Office(
        world=world, nobody=Program(app, None), visitor_account=visitor, accounts=accounts, **programs
    )


@pytest.fixture
def issue(office: Office) -> dict[str, Any]:
    """Reported by the worker of the first grid, inside it."""
    answer = office.worker.post("/issues", report_body(*middle_of(0, 0)))
    assert answer.status_code == 201, answer.text
    return answer.json


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(IssueRow)) or 0


def test_a_report_answers_with_its_number_areas_and_people(office: Office, issue: dict[str, Any]) -> None:
    assert issue["number"].startswith("2026-")
    assert [area["code"] for area in issue["areas"]] == [SUBDISTRICT, FIRST, f"{FIRST}010", f"{FIRST}011"]
    assert issue["zone"] == {"code": "Z1", "name": "Z1"}
    assert [(person["role"], person["reason"]) for person in issue["responsible"]] == [
        ("zone_responsible", "own_zone"),
        ("grid_worker", "own_area"),
        ("community_secretary", "own_area"),
        ("subdistrict_officer", "own_area"),
    ]
    assert (issue["state"], issue["version"], issue["match"]) == ("submitted", 1, "inside")
    assert issue["area_name"] == f"{FIRST}011"


def test_s10_the_same_report_sent_five_times_is_one_issue_with_the_same_answer(
    office: Office, session: Session
) -> None:
    body = report_body(*middle_of(0, 0))
    answers = [office.worker.post("/issues", body) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
    assert len({answer.data for answer in answers}) == 1
    assert (_count(session), job_count(session)) == (1, 1)


def test_s10_other_content_under_the_same_client_id_is_a_conflict(office: Office, session: Session) -> None:
    body = report_body(*middle_of(0, 0))
    office.worker.post("/issues", body)
    answer = office.worker.post("/issues", {**body, "description": "换了说法"})
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "issue.client_id_reused"
    assert _count(session) == 1
    # Another reporter may happen to use the same id.
    assert office.secretary.post("/issues", body).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"lon": middle_of(0, 0)[1], "lat": middle_of(0, 0)[0]}, "lat", "swapped"),
        ({"lon": 116.4, "lat": 39.9}, "lon", "outside_accepted_area"),
        ({"lon": None}, "lon", "required"),
        ({"lat": float("nan")}, "lat", "not_a_number"),
        ({"lon": "here"}, "lon", "not_a_number"),
        ({"description": "x\x00y"}, "description", "control_characters"),
        ({"description": "长" * 3001}, "description", "too_long"),
        ({"category": "99999"}, "category", "unknown"),
        ({"status": "closed"}, "status", "unknown_field"),
        ({"priority": 1}, "priority", "unknown_field"),
        ({"reporter_account_id": 1}, "reporter_account_id", "unknown_field"),
        ({"captured_at": "2026-11-20T11:58:00"}, "captured_at", "without_time_zone"),
        ({"captured_at": "2027-01-01T00:00:00Z"}, "captured_at", "in_the_future"),
    ],
)
def test_a3_a4_a11_s8_bad_input_is_400_naming_the_field_and_keeps_nothing(
    office: Office, session: Session, changes: dict[str, object], field: str, reason: str
) -> None:
    answer = office.worker.post("/issues", report_body(*middle_of(0, 0)) | changes)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert (answer.json["field"], answer.json["reason"]) == (field, reason)
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert "reason." not in answer.json["detail"]
    assert _count(session) == 0


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"[" * 60_000, "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"lon": 1e999}', "application/json"),
        (b"9" * 5000, "application/json"),
        (b" " * 70_000, "application/json"),
        (b"{}", "text/plain"),
        (b"", "application/json"),
    ],
)
def test_a11_a_body_that_is_no_report_is_400_never_500(
    office: Office, data: bytes, content_type: str
) -> None:
    answer = office.worker.call("POST", "/issues", data=data, content_type=content_type)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
def test_s8_an_issue_is_never_deleted_or_replaced(office: Office, issue: dict[str, Any], method: str) -> None:
    assert office.officer.call(method, f"/issues/{issue['id']}", json={}).status_code == 405


@pytest.mark.parametrize("path", ["/issues", "/issues/2026-000001", "/categories", "/issues/counts"])
def test_p5_without_a_token_or_with_a_bad_one_the_answer_is_401(
    app: Flask, office: Office, path: str
) -> None:
    for token in (None, "", "gridmap_nonsense", "x" * 5000, "gridmap_" + "é"):
        answer = Program(app, token).get(path)
        assert answer.status_code == 401, token
        assert answer.content_type == "application/problem+json"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_p5_a_bad_token_is_401_even_where_visitors_are_welcome(app: Flask, office: Office) -> None:
    assert Program(app, "gridmap_nonsense").get(f"/public/issues?{EVERYWHERE}").status_code == 401


def test_a_visitors_account_may_not_use_the_api(office: Office) -> None:
    answer = office.visitor_account.get("/at-point?lon=114.3005&lat=30.5595")
    assert answer.status_code == 403


SEEN_BY = {
    "worker": True,
    "other_worker": False,
    "secretary": True,
    "other_secretary": False,
    "officer": True,
    "planner": True,
}


@pytest.mark.parametrize(("who", "sees"), SEEN_BY.items())
def test_p1_an_issue_is_seen_in_its_areas_and_nowhere_else(
    office: Office, issue: dict[str, Any], who: str, sees: bool
) -> None:
    program: Program = getattr(office, who)
    for key in (issue["id"], issue["number"]):
        assert program.get(f"/issues/{key}").status_code == (200 if sees else 404)
    listed = program.get("/issues").json
    drawn = program.get(f"/issues.geojson?{EVERYWHERE}").json
    counted_ = program.get("/issues/counts").json
    assert listed is not None
    assert drawn is not None
    assert counted_ is not None
    assert [one["number"] for one in listed["issues"]] == ([issue["number"]] if sees else [])
    assert len(drawn["features"]) == listed["total_count"] == counted_["submitted"] == int(sees)


def test_p1_moving_an_issue_into_another_community_hands_it_over(
    office: Office, issue: dict[str, Any]
) -> None:
    lon, lat = middle_of(2, 0)
    edit = {"version": 1, "location": {"lon": lon, "lat": lat}}
    answer = office.secretary.patch(f"/issues/{issue['id']}", edit)
    assert answer.status_code == 200
    assert office.secretary.get(f"/issues/{issue['id']}").status_code == 404
    assert office.other_secretary.get(f"/issues/{issue['id']}").status_code == 200
    # Whoever reported it still sees what became of it.
    assert office.worker.get(f"/issues/{issue['id']}").status_code == 200


MATRIX = [
    # command, then who may: worker, other worker, secretary, other secretary, officer, planner
    ({"note": "看过了"}, (200, 404, 200, 404, 200, 403)),
    ({"state": "handling"}, (200, 404, 200, 404, 200, 403)),
    ({"state": "returned", "note": "重复"}, (403, 404, 200, 404, 200, 403)),
    ({"location": {"lon": 114.3015, "lat": 30.5595}}, (200, 404, 200, 404, 200, 403)),
    ({"category": "06010"}, (403, 404, 200, 404, 200, 403)),
    ({"state": "handling", "category": "06010"}, (403, 404, 200, 404, 200, 403)),
]


@pytest.mark.parametrize(("command", "expected"), MATRIX)
def test_p2_each_part_of_a_change_needs_its_own_permission(
    office: Office, session: Session, command: dict[str, Any], expected: tuple[int, ...]
) -> None:
    add_category(session, "06010")
    for who, status in zip(SEEN_BY, expected, strict=True):
        made = office.worker.post("/issues", report_body(*middle_of(0, 0))).json
        assert made is not None
        program: Program = getattr(office, who)
        answer = program.patch(f"/issues/{made['id']}", {"version": 1, **command})
        assert answer.status_code == status, (who, answer.text)
        now = office.officer.get(f"/issues/{made['id']}").json
        assert now is not None
        assert now["version"] == (2 if status == 200 else 1)


def test_p3_the_mobile_number_and_the_reporter_are_hidden_without_the_permission(
    office: Office, issue: dict[str, Any]
) -> None:
    for program, sees in ((office.worker, True), (office.secretary, True), (office.planner, False)):
        body = program.get(f"/issues/{issue['id']}").json
        assert body is not None
        assert (body["reporter_name"] is not None) is sees
        assert all((person["phone"] is not None) is sees for person in body["responsible"])


def test_s7_one_change_of_several_parts_is_all_or_nothing(
    office: Office, session: Session, issue: dict[str, Any]
) -> None:
    jobs_before = job_count(session)
    edit = {"version": 1, "state": "handling", "note": "好", "category": "unheard-of"}
    answer = office.officer.patch(f"/issues/{issue['id']}", edit)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["field"] == "category"
    body = office.officer.get(f"/issues/{issue['id']}").json
    assert body is not None
    assert (body["state"], body["version"], len(body["timeline"])) == ("submitted", 1, 2)
    assert job_count(session) == jobs_before


def test_s9_the_second_of_two_editors_gets_a_conflict_that_says_what_to_do(
    office: Office, issue: dict[str, Any]
) -> None:
    path = f"/issues/{issue['id']}"
    assert office.secretary.patch(path, {"version": 1, "state": "handling"}).status_code == 200
    answer = office.officer.patch(path, {"version": 1, "note": "我也看过"})
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "issue.stale_version"
    assert (answer.json["seen_version"], answer.json["current_version"]) == (1, 2)
    assert "刚刚改过" in answer.json["detail"]


def test_from_report_to_rating_each_step_by_whom_it_belongs_to(
    office: Office, session: Session, issue: dict[str, Any]
) -> None:
    path = f"/issues/{issue['number']}"
    steps = [
        (office.worker, {"state": "handling"}, 200),
        (office.worker, {"state": "to_rate"}, 400),
        (office.worker, {"state": "to_rate", "note": "已清走"}, 200),
        (office.worker, {"state": "closed", "note": "自己办结"}, 403),
        (office.secretary, {"state": "closed", "note": "居民满意", "rating": 5}, 200),
        (office.secretary, {"state": "to_rate", "note": "不能这样"}, 400),
        (office.secretary, {"state": "handling", "note": "又堆了"}, 200),
    ]
    version = 1
    for program, edit, status in steps:
        answer = program.patch(path, {"version": version, **edit})
        assert answer.status_code == status, answer.text
        version += status == 200
    body = office.secretary.get(path).json
    assert body is not None
    assert (body["state"], body["rating"], body["closed_at"], body["version"]) == ("handling", 5, None, 5)
    kinds = [(event["seq"], event["kind"]) for event in body["timeline"]]
    assert kinds == list(
        enumerate(
            [
                "created",
                "routed",
                "state_changed",
                "state_changed",
                "rated",
                "state_changed",
                "state_changed",
            ],
            1,
        )
    )
    assert session.scalar(select(func.count()).select_from(IssueEventRow)) == 7


def test_m4_pages_have_links_and_a_total_and_never_overlap(office: Office, session: Session) -> None:
    worker = actor_of(office.accounts["worker"])
    for column in range(7):
        pinned(session, worker, (WEST_DEG + (column + 1) * CELL_DEG / 10, NORTH_DEG - CELL_DEG / 2))
    numbers: list[str] = []
    for page in (1, 2, 3):
        answer = office.secretary.get(f"/issues?page={page}&page_size=3&state=open&lang=zh")
        assert answer.json is not None
        assert answer.headers["X-Total-Count"] == "7"
        numbers += [one["number"] for one in answer.json["issues"]]
    assert len(numbers) == len(set(numbers)) == 7
    assert 'page=2>; rel="prev"' in answer.headers["Link"]
    assert 'rel="next"' not in answer.headers["Link"]
    assert office.secretary.get("/issues?page_size=4001").status_code == 400


def test_a_list_is_sorted_by_distance_from_where_one_stands(office: Office, session: Session) -> None:
    worker = actor_of(office.accounts["worker"])
    places = [(WEST_DEG + x * CELL_DEG / 10, NORTH_DEG - CELL_DEG / 2) for x in (2, 9, 5)]
    for place in places:
        pinned(session, worker, place)
    answer = office.worker.get(f"/issues?sort=distance&near={places[1][0]},{places[1][1]}")
    assert answer.json is not None
    distances = [one["distance_m"] for one in answer.json["issues"]]
    # A tenth of a cell is 9.57 m at this latitude.
    assert distances == pytest.approx([0, 38.4, 67.2], abs=0.5)


@pytest.mark.parametrize(
    "query",
    [
        "stat=open",
        "state=burnt",
        "sort=colour",
        "sort=distance",
        "bbox=1,2,3",
        "bbox=3,2,1,4",
        "bbox=nan,2,3,4",
        "near=x",
        "page=0",
        "page=x",
        "page_size=0",
        "mine=yes",
        "area=%27;drop",
        "area=社区",
        "area=42010a",
        "category=%00",
    ],
)
def test_a_mistyped_filter_is_refused_instead_of_showing_too_much(office: Office, query: str) -> None:
    assert office.officer.get(f"/issues?{query}").status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=open", 2),
        ("state=closed,returned", 0),
        ("category=06036", 2),
        ("category=06010", 0),
        (f"area={FIRST}", 1),
        (f"area={FIRST}010", 1),
        (f"area={SECOND}", 1),
        ("mine=1", 0),
        (f"bbox={WEST_DEG},{NORTH_DEG - CELL_DEG},{WEST_DEG + CELL_DEG},{NORTH_DEG}", 1),
    ],
)
def test_filters_narrow_the_list_and_the_window_alike(office: Office, query: str, expected: int) -> None:
    for place in (middle_of(0, 0), middle_of(2, 0)):
        office.worker.post("/issues", report_body(*place))
    listed = office.officer.get(f"/issues?{query}").json
    box = query if query.startswith("bbox") else f"{query}&{EVERYWHERE}"
    drawn = office.officer.get(f"/issues.geojson?{box}").json
    assert listed is not None
    assert drawn is not None
    assert listed["total_count"] == len(drawn["features"]) == expected


def test_mine_is_what_i_reported_or_have_to_do_wherever_it_lies(office: Office) -> None:
    made = office.worker.post("/issues", report_body(*middle_of(3, 1))).json
    assert made is not None
    mine = office.worker.get("/issues?mine=1").json
    assert mine is not None
    assert [one["number"] for one in mine["issues"]] == [made["number"]]
    assert office.worker.get("/issues").json["total_count"] == 0  # type: ignore[index]


def test_the_window_needs_a_box(office: Office) -> None:
    answer = office.officer.get("/issues.geojson")
    assert answer.status_code == 400


def test_statements_of_the_whole_requests_stay_within_bounds(
    office: Office, session: Session, connection: Connection
) -> None:
    body = report_body(*middle_of(0, 0))
    jobs_before = job_count(session)
    with counted(connection) as seen:
        made = office.officer.post("/issues", body).json
    seen.job_count = job_count(session) - jobs_before
    assert made is not None
    first_use = 1  # the token's hour of last use is noted once
    assert seen.count - first_use == 9
    for path, limit in (
        (f"/issues/{made['id']}", 5),
        ("/issues?page_size=20", 3),
        (f"/issues.geojson?{EVERYWHERE}", 2),
        ("/at-point?lon=114.3005&lat=30.5595", 3),
    ):
        with counted(connection) as seen:
            assert office.officer.get(path).status_code == 200
        assert seen.count == limit, (path, seen.statements)
    with counted(connection) as seen:
        assert office.nobody.get(f"/public/issues?{EVERYWHERE}").status_code == 200
    assert seen.count == 1


def test_hostile_numbers_in_the_address_are_404_not_500(office: Office) -> None:
    for key in ("2026-999999", "'; drop table issue", "00000000-0000-0000-0000-000000000000", "x" * 32):
        assert office.officer.get(f"/issues/{key}").status_code == 404
    assert office.officer.get("/issues/%00").status_code == 400
    assert json.loads(office.officer.get("/issues/" + "9" * 300).data)["status"] == 400
