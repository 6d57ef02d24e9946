"""The boundary editor's routes: who may, what bad input gets, and what a page carries."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from shapely.geometry import shape

from gridmap.domain.permissions import ROLE_ACTIONS, Action, Role
from gridmap.web.access import declaration
from tests.browser.harness import ROOT
from tests.web.browser_client import Person

SUBDISTRICT, COMMUNITY = "420106099", "420106099001"
PEOPLE = {
    Role.ADMIN: "admin",
    Role.SUBDISTRICT_OFFICER: "office",
    Role.PLANNER: "planner",
    Role.COMMUNITY_SECRETARY: "secretary01",
    Role.GRID_WORKER: "worker01",
}
CODE = "420106099001053"


@pytest.fixture
def sign_in(demo_app: Flask, demo_password: Callable[[str], str]) -> Callable[[str], Person]:
    def as_one(username: str) -> Person:
        person = Person(demo_app)
        person.sign_in(username, demo_password(username))
        person.open("/admin/boundaries")
        return person

    return as_one


def _begin(person: Person, focus: str = COMMUNITY, *, kind: str = "areas", day: str = "2026-11-20") -> str:
    answer = person.send("/admin/boundaries", kind=kind, focus=f"/{focus}", effective_on=day)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def _post(person: Person, path: str, body: Any) -> Any:
    return person.client.post(
        path,
        data=body if isinstance(body, str) else json.dumps(body),
        headers={
            "X-CSRFToken": person.token,
            "Accept": "application/json",
            "Content-Type": "application/json",
        },
    )


def _split() -> dict[str, Any]:
    features = json.loads((ROOT / "geodata/demo/areas.geojson").read_text(encoding="utf-8"))["features"]
    ground = shape(next(one["geometry"] for one in features if one["properties"]["code"] == CODE))
    west, _, east, _ = ground.bounds
    lat = ground.representative_point().y
    return {"tool": "split", "key": CODE, "line": [[west - 1e-4, lat], [east + 1e-4, lat]], "snap_m": 1}


@pytest.mark.parametrize("role", list(PEOPLE))
def test_every_route_answers_each_role_as_declared(
    demo_app: Flask, sign_in: Callable[[str], Person], role: Role
) -> None:
    draft = _begin(sign_in("office"), SUBDISTRICT)
    change_id = int(draft.rsplit("/", 1)[1])
    person = sign_in(PEOPLE[role])
    tried = 0
    for rule in demo_app.url_map.iter_rules():
        if not rule.endpoint.startswith("boundaries."):
            continue
        declared = declaration(demo_app, rule.endpoint)
        assert declared is not None
        assert declared.action in (Action.SEE_BOUNDARIES, Action.EDIT_BOUNDARIES)
        path = rule.rule.replace("<int:change_id>", str(change_id))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            may = declared.action in ROLE_ACTIONS[role]
            if method == "GET":
                query = "?level=grid&box=114,30,115,31" if path.endswith("on.geojson") else ""
                status = person.client.get(path + query).status_code
                # A secretary works in one community and is not told of a draft on the whole subdistrict.
                of_others = role is Role.COMMUNITY_SECRETARY and str(change_id) in path
                assert status == (403 if not may else 404 if of_others else 200), (path, status)
            else:
                status = _post(person, path, {"position": 0, "effective_on": "2026-11-20"}).status_code
                assert (status == 403) if not may else status != 500, (path, status)
                if may and role is Role.COMMUNITY_SECRETARY and str(change_id) in path:
                    assert status in (400, 404), (path, status)
            tried += 1
    assert tried == 13
    assert Person(demo_app).client.get("/admin/boundaries").status_code == 302


def test_a_draft_goes_from_begin_to_undo_over_the_pages(sign_in: Callable[[str], Person]) -> None:
    person = sign_in("secretary01")
    draft = _begin(person)
    page = person.open(draft)
    assert page.status_code == 200
    state = person.client.get(f"{draft}/state.json").json
    assert state["position"] == 0
    own = [area for area in state["areas"] if area["is_own"] and area["level"] == "micro_grid"]
    assert {area["code"][:12] for area in own} == {COMMUNITY}
    step = _post(person, f"{draft}/steps", {"position": 0, "command": _split()})
    assert step.status_code == 200, step.text
    assert step.headers["Cache-Control"] == "no-store"
    assert {area["key"] for area in step.json["areas"]} == {CODE, "+1"}
    back = _post(person, f"{draft}/position", {"position": 0}).json
    assert {(area["key"], area["is_ended"]) for area in back["areas"]} == {(CODE, False), ("+1", True)}
    _post(person, f"{draft}/position", {"position": 1})
    said = _post(person, f"{draft}/preview", {"effective_on": "2026-11-20", "decisions": {}}).json
    assert [one["key"] for one in said["vacancies"]] == ["+1"]
    body = {"position": 1, "effective_on": "2026-11-20", "reason": "示意", "decisions": {}}
    refused = _post(person, f"{draft}/save", body)
    assert (refused.status_code, refused.json["code"]) == (400, "boundary.nobody_responsible")
    assert "·2" in refused.json["detail"]
    saved = _post(person, f"{draft}/save", {**body, "decisions": {"+1": "keep"}})
    assert saved.status_code == 200, saved.text
    assert "示意" in person.open("/admin/boundaries").text
    assert "保存" in person.open(draft).text
    history = person.open(f"/admin/boundaries/history?code={CODE}")
    assert history.text.count('scope="row"') == 2
    assert "骆南渡" in history.text
    assert person.send(f"{draft}/undo").status_code == 302
    assert "已撤销" in person.open("/admin/boundaries").text
    assert person.open(f"/admin/boundaries/history?code={CODE}").text.count('scope="row"') == 1


def test_the_map_of_a_day_shows_the_areas_of_that_day(sign_in: Callable[[str], Person]) -> None:
    person = sign_in("planner")
    address = "/admin/boundaries/on.geojson?level={}&box=114.2,30.5,114.4,30.6&on={}"
    for level, count in (("micro_grid", 331), ("grid", 65), ("zone", 180)):
        body = json.loads(person.client.get(address.format(level, "2026-11-20")).text)
        assert len(body["features"]) == count
        assert json.loads(person.client.get(address.format(level, "2001-01-01")).text)["features"] == []


@pytest.mark.parametrize(
    "body",
    [
        "nonsense",
        [],
        {"position": 0},
        {"position": 0, "command": []},
        {"position": 0, "command": {"tool": "explode"}},
        {"position": 0, "command": {"tool": "split"}},
        {"position": 0, "command": {"tool": "split", "key": CODE, "line": "x"}},
        {"position": 0, "command": {"tool": "split", "key": CODE, "line": [[1, 2, 3], [4, 5]]}},
        {"position": 0, "command": {"tool": "split", "key": CODE, "line": [[True, 1], [2, 3]]}},
        {"position": 0, "command": {"tool": "split", "key": CODE, "line": [[181, 1], [2, 3]]}},
        {"position": 0, "command": {"tool": "split", "key": CODE, "line": [[1, 1], [1, 1]]}},
        {"position": 0, "command": {"tool": "split", "key": CODE, "line": [[1, 1], [2, 2]], "snap_m": -1}},
        {"position": 0, "command": {"tool": "split", "key": CODE, "line": [[1, 1]] * 501 + [[2, 2]]}},
        {"position": 0, "command": {"tool": "merge", "keys": [CODE]}},
        {"position": 0, "command": {"tool": "merge", "keys": [CODE, 7]}},
        {"position": 0, "command": {"tool": "move", "level": "micro_grid", "moves": []}},
        {"position": 0, "command": {"tool": "move", "level": "county", "moves": [{}]}},
        {"position": 0, "command": {"tool": "move", "level": "micro_grid", "moves": [7]}},
        {"position": 0, "command": {"tool": "draw", "level": "zone", "name": "x", "outline": []}},
        {"position": 0, "command": {"tool": "rename", "key": CODE, "name": ""}},
        {"position": 0, "command": {"tool": "rename", "key": CODE, "name": "x" * 81}},
        {"position": 0, "command": {"tool": "rename", "key": CODE, "name": "a\u0007b"}},
        {"position": "0", "command": {"tool": "end", "key": CODE}},
        {"position": True, "command": {"tool": "end", "key": CODE}},
        '{"position": 0, "command": {"tool": "split", "key": "'
        + CODE
        + '", "line": [[NaN, 1], [Infinity, 2]]}}',
    ],
)
def test_bad_steps_get_a_word_and_change_nothing(sign_in: Callable[[str], Person], body: Any) -> None:
    person = sign_in("secretary01")
    draft = _begin(person)
    answer = _post(person, f"{draft}/steps", body)
    assert answer.status_code == 400, answer.text
    assert answer.json["detail"]
    assert "reason." not in answer.json["detail"]
    assert person.client.get(f"{draft}/state.json").json["step_count"] == 0


def test_bad_addresses_and_forms_get_a_word(sign_in: Callable[[str], Person]) -> None:
    person = sign_in("secretary01")
    form = {"kind": "areas", "focus": f"/{COMMUNITY}", "effective_on": "2026-11-20"}
    for change, status in (
        ({"kind": "rivers"}, 400),
        ({"focus": f"nowhere/{COMMUNITY}"}, 400),
        ({"focus": ""}, 403),
        ({"focus": "/420106099002"}, 403),
        ({"effective_on": "soon"}, 400),
        ({"effective_on": "2001-01-01"}, 400),
    ):
        assert person.send("/admin/boundaries", **{**form, **change}).status_code == status, change
    for path, status in (
        ("/admin/boundaries/999999", 404),
        ("/admin/boundaries/history?code=999", 404),
        ("/admin/boundaries/history?on=x", 400),
        ("/admin/boundaries/history?level=county", 400),
        ("/admin/boundaries/history", 200),
        ("/admin/boundaries/on.geojson?level=grid&box=1,2,3", 400),
        ("/admin/boundaries/on.geojson?level=grid&box=nan,2,3,4", 400),
        ("/admin/boundaries/on.geojson?level=county", 404),
    ):
        assert person.client.get(path).status_code == status, path
