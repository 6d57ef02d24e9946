"""The field pages as they leave the server: what each role sees, may do, and gets back."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from gridmap.use_cases.accounts import hash_password
from tests.factories import SUBDISTRICT, World, add_account, add_world, middle_of
from tests.reports import report_body
from tests.statements import counted
from tests.web.api_client import program_of
from tests.web.browser_client import PASSWORD, Person

FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"


@dataclass(frozen=True)
class Staff:
    """Signed-in people of a small district, and the number of one issue in its first grid."""

    world: World
    worker: Person
    secretary: Person
    other_secretary: Person
    planner: Person
    number: str


@pytest.fixture
def staff(app: Flask, session: Session) -> Staff:
    world = add_world(session)
    password_hash = hash_password(PASSWORD)
    accounts = {
        name: add_account(session, name, role=role, area_codes=(code,), password_hash=password_hash)
        for name, role, code in (
            ("worker", "grid_worker", f"{FIRST}010"),
            ("secretary", "community_secretary", FIRST),
            ("other_secretary", "community_secretary", SECOND),
            ("planner", "planner", SUBDISTRICT),
        )
    }
    made = program_of(app, session, accounts["worker"]).post("/issues", report_body(*middle_of(0, 0))).json
    assert made is not None
    people = {name: Person(app) for name in accounts}
    for name, person in people.items():
        assert person.sign_in(name).status_code == 303
    return Staff(world=world, number=made["number"], **people)


def version_in(text: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', text)
    assert found
    return found.group(1)


def test_the_list_shows_ones_own_areas_and_no_others(staff: Staff) -> None:
    for person in (staff.worker, staff.secretary, staff.planner):
        assert staff.number in person.open("/field").text
    assert staff.number not in staff.other_secretary.open("/field").text


def test_an_issue_of_another_community_does_not_exist(staff: Staff) -> None:
    answer = staff.other_secretary.open(f"/issues/{staff.number}")
    assert answer.status_code == 404
    assert "乱堆杂物" not in answer.text
    staff.other_secretary.open("/field")
    refused = staff.other_secretary.send(f"/issues/{staff.number}", version="1", action="handling")
    assert refused.status_code == 404


def test_only_the_steps_that_one_may_take_are_offered(staff: Staff) -> None:
    def offered(person: Person) -> set[str]:
        return set(re.findall(r'name="action" value="(\w+)"', person.open(f"/issues/{staff.number}").text))

    assert offered(staff.worker) == {"handling", "note"}
    assert offered(staff.secretary) == {"handling", "returned", "note"}
    assert offered(staff.planner) == set()


def test_a_step_that_is_not_offered_is_refused_as_well(staff: Staff) -> None:
    page = staff.worker.open(f"/issues/{staff.number}")
    refused = staff.worker.send(
        f"/issues/{staff.number}", version=version_in(page.text), action="returned", text="不归我管"
    )
    assert refused.status_code == 403
    assert "待派单" in staff.worker.open(f"/issues/{staff.number}").text


def test_a_stale_edit_says_who_was_first_and_gives_the_text_back(staff: Staff) -> None:
    version = version_in(staff.worker.open(f"/issues/{staff.number}").text)
    staff.secretary.open(f"/issues/{staff.number}")
    first = staff.secretary.send(f"/issues/{staff.number}", version=version, action="handling")
    assert first.status_code == 303
    second = staff.worker.send(
        f"/issues/{staff.number}", version=version, action="note", text="写了很久 <b>的字</b>"
    )
    assert second.status_code == 409
    assert "示意 secretary" in second.text
    assert "写了很久 &lt;b&gt;的字&lt;/b&gt;" in second.text
    again = staff.worker.send(
        f"/issues/{staff.number}", version=version_in(second.text), action="note", text="写了很久"
    )
    assert again.status_code == 303
    assert "写了很久" in staff.worker.open(f"/issues/{staff.number}").text


def test_a_rating_goes_with_the_closing(staff: Staff) -> None:
    path = f"/issues/{staff.number}"
    for person, fields in (
        (staff.secretary, {"action": "handling"}),
        (staff.worker, {"action": "to_rate", "text": "清走了"}),
        (staff.secretary, {"action": "closed", "text": "看过了", "rating": "4"}),
    ):
        version = version_in(person.open(path).text)
        assert person.send(path, version=version, **fields).status_code == 303
    closed = staff.worker.open(path).text
    assert "已办结" in closed
    assert "评价 4/5" in closed


def test_moving_the_pin_routes_it_anew(staff: Staff) -> None:
    path = f"/issues/{staff.number}"
    lon, lat = middle_of(1, 0)
    version = version_in(staff.secretary.open(path).text)
    moved = staff.secretary.send(f"{path}/location", version=version, lon=str(lon), lat=str(lat))
    assert moved.status_code == 303
    text = staff.secretary.open(path).text
    assert "改了位置" in text
    assert f"{FIRST}021" in text


@pytest.mark.parametrize(
    "fields",
    [
        {"version": "1", "action": "handling", "rating": "99"},
        {"version": "", "action": "handling"},
        {"version": "x", "action": "note", "text": "说明"},
        {"version": "1", "action": "no_such_state", "text": "说明"},
        {"version": "1", "action": "note", "text": ""},
        {"version": "1", "action": "note", "text": "长" * 2001},
        {"version": "1", "action": "note", "text": "零\x00字"},
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_form_as_it_was(
    staff: Staff, fields: dict[str, str]
) -> None:
    staff.secretary.open("/field")
    refused = staff.secretary.send(f"/issues/{staff.number}", **fields)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    if "长" in fields.get("text", ""):
        assert "长" * 2001 in refused.text


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense",
        "state=closed",
        "near=x",
        "near=1,2,3&sort=distance",
        "sort=distance",
        "page=0",
        "page=-3",
        "page=999999999999",
        "page=x",
        "category=%00",
        "category=zzz",
        "mine=7",
    ],
)
def test_a_mangled_address_of_the_list_is_no_trouble(staff: Staff, query: str) -> None:
    assert staff.secretary.open(f"/field?{query}").status_code == 200


@pytest.mark.parametrize("query", ["lon=x&lat=1", "lon=1e999&lat=1", "lon=500&lat=1", "lon=30.5&lat=114.3"])
@pytest.mark.parametrize("path", ["/field/here", "/field/report"])
def test_a_mangled_place_opens_the_map_on_ones_own_areas(staff: Staff, path: str, query: str) -> None:
    assert staff.worker.open(f"{path}?{query}").status_code == 200


def test_who_is_responsible_is_told_without_javascript_too(staff: Staff) -> None:
    lon, lat = middle_of(0, 0)
    text = staff.worker.open(f"/field/here?lon={lon}&lat={lat}").text
    people = staff.world.people
    assert people["zone_responsible", "Z1"].name in text
    assert people["community_secretary", FIRST].name in text
    assert "这里属于其责任区" in text


def test_a_planner_reads_and_reports_nothing(staff: Staff) -> None:
    assert staff.planner.open("/field/report").status_code == 403
    assert 'href="/field/report"' not in staff.planner.open("/field").text


def test_the_chips_are_the_categories_that_one_reports_most(app: Flask, staff: Staff) -> None:
    text = staff.worker.open("/field/report").text
    assert text.index('value="06036"') < text.index("<dialog")


def test_no_words_of_people_are_in_scripts_of_the_page(staff: Staff) -> None:
    text = staff.worker.open(f"/issues/{staff.number}").text
    scripts = "".join(re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL))
    assert "onclick" not in text
    assert staff.number not in scripts


def test_the_statements_of_each_page_stay_within_bounds(staff: Staff, connection: Connection) -> None:
    for path, limit in (
        ("/field", 6),
        (f"/issues/{staff.number}", 6),
        ("/field/report", 4),
        ("/field/here", 3),
    ):
        staff.secretary.open(path)
        with counted(connection) as seen:
            assert staff.secretary.open(path).status_code == 200
        assert seen.count <= limit, (path, seen.count, seen.statements)
