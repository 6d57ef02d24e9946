"""The demo's people, points and issues: references resolve, golden figures hold, nothing private is in."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point, shape

from gridmap.domain.area_codes import level_of
from gridmap.domain.issues import PLAIN_WORKFLOW, IssueState, Requirement
from gridmap.domain.permissions import ROLE_ACTIONS, AreaScope, Role

DEMO = Path(__file__).parents[2] / "geodata" / "demo"
CATEGORIES = {*(f"SP{number:02d}" for number in range(1, 18)), "SP99"}


@cache
def records(name: str) -> list[dict[str, Any]]:
    if name.endswith(".geojson"):
        return [
            {**feature["properties"], "geometry": feature["geometry"]}
            for feature in json.loads((DEMO / name).read_text(encoding="utf-8"))["features"]
        ]
    return json.loads((DEMO / name).read_text(encoding="utf-8"))


def codes(name: str) -> set[str]:
    return {row["code"] for row in records(name)}


def test_service_points_of_every_category_in_a_sensible_number() -> None:
    counts = Counter(row["category_code"] for row in records("service_points.geojson"))
    assert counts.keys() == CATEGORIES == codes("service_point_categories.json")
    assert 110 <= counts.total() <= 140


def test_three_charging_sheds_stand_and_eleven_are_being_built() -> None:
    sheds = Counter(
        row["status"] for row in records("service_points.geojson") if row["category_code"] == "SP07"
    )
    assert sheds == {"built": 3, "building": 11}


def test_service_points_lie_in_the_areas_they_name() -> None:
    areas = {row["code"]: shape(row["geometry"]) for row in records("areas.geojson")}
    for row in records("service_points.geojson"):
        spot = shape(row["geometry"])
        assert row["grid_code"].startswith(row["community_code"])
        assert areas[row["grid_code"]].buffer(1e-7).covers(spot), row["name"]
        assert (row["visibility"] == "restricted") == (row["category_code"] == "SP17")
        assert row["name"]
        assert row["name_en"]
        assert row["address"]
        assert (row["status"] == "built") or row["opening_hours"] is None


def test_names_of_service_points_are_unique() -> None:
    names = [row["name"] for row in records("service_points.geojson")]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_phones_cannot_be_dialled() -> None:
    for name in ("service_points.geojson", "areas.geojson"):
        for row in records(name):
            assert row["office_phone"] is None or re.fullmatch(r"027-0000-\d{4}", row["office_phone"])
    mobiles = [row["mobile_phone"] for row in records("people.json") if row["mobile_phone"]]
    assert all(re.fullmatch(r"100\d{8}", mobile) for mobile in mobiles)
    assert len(set(mobiles)) == len(mobiles)
    assert sum(row["mobile_is_public"] for row in records("people.json")) <= 10


def test_the_party_organisation_has_five_levels() -> None:
    rows = records("organisations.json")
    party = {
        1: "party_working_committee",
        2: "party_branch",
        3: "party_group",
        4: "responsibility_zone",
        5: "party_center_household",
    }
    counts = Counter((row["level"], row["org_type"]) for row in rows)
    grids = [row for row in records("areas.geojson") if row["level"] == "grid"]
    assert counts[(1, party[1])] == 1
    assert counts[(2, party[2])] == 11
    assert counts[(3, party[3])] == len(grids)
    assert counts[(4, party[4])] == len(records("zones.geojson"))
    assert counts[(5, party[5])] == len(records("center_households.json"))
    levels = {row["code"]: row["level"] for row in rows}
    for row in rows:
        assert row["parent_code"] is None or levels[row["parent_code"]] <= row["level"]


def test_every_reference_between_files_resolves() -> None:
    areas = codes("areas.geojson")
    people, zones, organisations = codes("people.json"), codes("zones.geojson"), codes("organisations.json")
    for row in records("assignments.json"):
        assert row["person_code"] in people
        assert row["stand_in_person_code"] is None or row["stand_in_person_code"] in people
        assert row["area_code"] is None or row["area_code"] in areas
        assert row["zone_code"] is None or row["zone_code"] in zones
        assert row["organisation_code"] is None or row["organisation_code"] in organisations
        assert row["area_code"] or row["zone_code"]
    for row in records("organisations.json"):
        assert row["area_code"] is None or row["area_code"] in areas
    for row in records("zones.geojson"):
        assert row["organisation_code"] in organisations
    for row in records("center_households.json"):
        assert row["zone_code"] in zones
        assert row["building_code"] in codes("buildings.geojson")
    compounds = codes("compounds.geojson")
    for row in (*records("buildings.geojson"), *records("gates.geojson")):
        assert row["compound_code"] is None or row["compound_code"] in compounds
    for row in records("accounts.json"):
        assert row["person_code"] is None or row["person_code"] in people
    tour = json.loads((DEMO / "tour.json").read_text(encoding="utf-8"))
    points = codes("service_points.geojson")
    assert all(stop["service_point_code"] in points for stop in tour["stops"])


def test_every_area_and_zone_has_its_responsible_people_on_the_data_date() -> None:
    today = "2026-11-20"
    holders = {
        (row["role"], row["area_code"] or row["zone_code"])
        for row in records("assignments.json")
        if row["valid_from"] <= today and (row["valid_to"] is None or row["valid_to"] >= today)
    }
    wanted = {
        "subdistrict": ("subdistrict_secretary", "subdistrict_officer"),
        "community": ("community_secretary", "community_cadre", "police_officer"),
        "grid": ("grid_leader", "grid_worker"),
        "micro_grid": ("micro_grid_leader",),
    }
    for row in records("areas.geojson"):
        for role in wanted[row["level"]]:
            assert (role, row["code"]) in holders
    assert all(("zone_responsible", row["code"]) in holders for row in records("zones.geojson"))
    assert any(role == "property_manager" for role, _ in holders)


def test_assignments_have_ended_ones_and_stand_ins_and_dates_in_order() -> None:
    rows = records("assignments.json")
    assert any(row["valid_to"] for row in rows)
    assert any(row["stand_in_person_code"] for row in rows)
    for row in rows:
        start = date.fromisoformat(row["valid_from"])
        assert row["valid_to"] is None or date.fromisoformat(row["valid_to"]) > start
        if row["stand_in_person_code"]:
            assert row["stand_in_person_code"] != row["person_code"]
            assert row["stand_in_from"] < row["stand_in_to"]


def test_names_of_people_are_not_given_twice() -> None:
    names = Counter(row["name"] for row in records("people.json"))
    assert names.most_common(1)[0][1] == 1


def test_accounts_cover_the_roles_and_the_communities() -> None:
    rows = records("accounts.json")
    assert len({row["username"] for row in rows}) == len(rows)
    roles = Counter(row["role"] for row in rows)
    assert {"admin", "subdistrict_officer", "planner", "community_secretary", "grid_worker"} <= roles.keys()
    workers = {row["username"]: row for row in rows if row["role"] == "grid_worker"}
    firsts = {workers[f"worker{number:02d}"]["area_codes"][0][:12] for number in range(1, 7)}
    assert len(firsts) == 6
    for row in rows:
        assert "password" not in row
        assert row["area_codes"] == [""] if row["role"] == "admin" else all(row["area_codes"])


def test_issue_kinds_carry_their_standard() -> None:
    standard = {"06010", "06011", "06012", "06017", "06036", "06042", "06045", "07003", "09005", "09006"}
    rows = records("issue_categories.json")
    assert {row["code"] for row in rows if int(row["code"][2:]) < 80} == standard
    for row in rows:
        assert row["standard_ref"].startswith("GB/T 47678.5-2026")
        assert row["kind"] in ("matter", "component")
        assert row["standard_ref"].endswith("（自定义）") == (row["code"] not in standard)
        assert row["duplicate_radius_m"] > 0


def state_of(issue: dict[str, Any]) -> str:
    return [event["to_state"] for event in issue["events"] if "to_state" in event][-1]


@pytest.mark.parametrize(("tag", "count", "done"), [("led", 35, 19), ("collected", 15, 13)])
def test_the_golden_figures_of_the_two_lists_hold(tag: str, count: int, done: int) -> None:
    states = [state_of(issue) for issue in records("issues.json") if tag in issue["tags"]]
    assert (len(states), states.count("closed")) == (count, done)


def test_about_1200_issues_in_twelve_months_numbered_in_order() -> None:
    issues = records("issues.json")
    assert len(issues) == 1200
    moments = [datetime.fromisoformat(issue["captured_at"]) for issue in issues]
    assert moments == sorted(moments)
    assert moments[0].date() >= date(2025, 11, 20)
    assert moments[-1].date() <= date(2026, 11, 20)
    assert (moments[-1] - moments[0]).days > 350
    for year in ("2025", "2026"):
        numbers = [int(issue["number"][5:]) for issue in issues if issue["number"].startswith(year)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_issues_lie_in_the_subdistrict_and_have_every_state() -> None:
    (whole,) = [shape(row["geometry"]) for row in records("areas.geojson") if row["level"] == "subdistrict"]
    issues = records("issues.json")
    assert all(whole.contains(Point(issue["lon_deg"], issue["lat_deg"])) for issue in issues)
    assert {state_of(issue) for issue in issues} == {state.value for state in IssueState}
    kinds = codes("issue_categories.json")
    assert {issue["category_code"] for issue in issues} == kinds


def test_histories_follow_the_workflow_by_people_who_may() -> None:
    accounts = {row["username"]: row for row in records("accounts.json")}
    areas = [
        (row["code"], shape(row["geometry"])) for row in records("areas.geojson") if row["level"] == "grid"
    ]
    for issue in records("issues.json"):
        spot = Point(issue["lon_deg"], issue["lat_deg"])
        (grid,) = [code for code, polygon in areas if polygon.covers(spot)]
        state, before, fixed_by = None, "", ""
        for event in issue["events"]:
            account = accounts[event["by"]]
            assert AreaScope(tuple(account["area_codes"])).covers(grid), issue["number"]
            assert event["at"] >= before
            before = event["at"]
            if "to_state" not in event:
                continue
            target = IssueState(event["to_state"])
            if state is None:
                assert (event["kind"], target) == ("created", IssueState.SUBMITTED)
            else:
                step = PLAIN_WORKFLOW.step(state, target)
                assert step is not None, (issue["number"], state, target)
                assert ROLE_ACTIONS[Role(account["role"])] & set(step.any_of)
                assert event.get("note") or Requirement.TEXT not in step.requires
            if target is IssueState.TO_RATE:
                fixed_by = event["by"]
            assert target is not IssueState.CLOSED or event["by"] != fixed_by
            state = target
        assert before <= "2026-11-20T18:00:00+08:00"


def test_the_visit_route_has_ten_stops_in_a_walkable_order() -> None:
    tour = json.loads((DEMO / "tour.json").read_text(encoding="utf-8"))
    stops = tour["stops"]
    assert [stop["position"] for stop in stops] == list(range(1, 11))
    for stop in stops:
        assert stop["talking_points"]
        assert 5 <= stop["stay_minutes"] <= 30
    legs = [
        ((a["location"][0] - b["location"][0]) * 95_900, (a["location"][1] - b["location"][1]) * 110_900)
        for a, b in pairwise(stops)
    ]
    lengths = [(x * x + y * y) ** 0.5 for x, y in legs]
    assert max(lengths) < 900
    assert sum(lengths) < 5_000


FORBIDDEN = re.compile(
    r"身份证|宗教|民族|政治面貌|password|id_card|religion|track\b|轨迹记录|\b\d{17}[\dXx]\b"
)


@pytest.mark.parametrize("path", sorted(DEMO.iterdir()), ids=lambda path: path.name)
def test_no_file_holds_what_must_not_be_stored(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = FORBIDDEN.search(text)
    assert found is None, text[found.start() - 60 : found.end() + 60]


def test_area_codes_in_assignments_are_well_formed() -> None:
    for row in records("assignments.json"):
        if row["area_code"]:
            level_of(row["area_code"])
