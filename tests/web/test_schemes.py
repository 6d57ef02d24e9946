"""Grid schemes side by side: the page, bad input, and the map's choice between them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.web.browser_client import Person


@pytest.fixture
def admin(demo_app: Flask, demo_password: Callable[[str], str]) -> Person:
    person = Person(demo_app)
    person.sign_in("admin", demo_password("admin"))
    person.open("/admin/schemes")
    return person


NEW = {"code": "fire_grid", "name": "消防网格", "purpose": "消防大队", "valid_from": "2026-11-01"}


def test_a_scheme_is_added_changed_and_ended(admin: Person) -> None:
    assert admin.send("/admin/schemes", **NEW).status_code == 303
    page = admin.open("/admin/schemes").text
    assert "消防网格" in page
    assert "还没有区划" in page
    changed = NEW | {"known": "1", "name": "消防安全网格", "valid_to": "2027-01-01"}
    assert admin.send("/admin/schemes", **changed).status_code == 303
    page = admin.open("/admin/schemes").text
    assert "消防安全网格" in page
    assert "2027-01-01" in page


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"code": "Fire Grid"}, 400, "小写字母"),
        ({"name": ""}, 400, "名称"),
        ({"valid_from": "gestern"}, 400, "日期"),
        ({"code": "community_grid"}, 409, "已经有"),
        ({"code": "nobody", "known": "1"}, 404, "没有代号"),
        ({"code": "community_grid", "known": "1", "valid_to": "2027-01-01"}, 409, "不能停用"),
        (
            {"code": "community_grid", "known": "1", "valid_from": "2026-01-01", "valid_to": "2025-01-01"},
            400,
            "晚于",
        ),
    ],
)
def test_what_makes_no_sense_is_said_and_what_was_typed_stays(
    admin: Person, change: dict[str, str], status: int, words: str
) -> None:
    answer = admin.send("/admin/schemes", **(NEW | change))
    assert answer.status_code == status
    assert words in answer.text
    assert "消防大队" in answer.text


def test_a_planner_reads_schemes_and_one_without_the_whole_ground_may_not_change_them(
    demo_app: Flask, demo_password: Callable[[str], str]
) -> None:
    planner = Person(demo_app)
    planner.sign_in("planner", demo_password("planner"))
    page = planner.open("/admin/schemes")
    assert page.status_code == 200
    assert "新增一个体系" not in page.text
    assert planner.send("/admin/schemes", **NEW).status_code == 403


ADD_SECOND = """
    INSERT INTO area (scheme_id, level, code, name, valid_from, boundary, overview, label_point)
    SELECT scheme.id, 'grid', '420106099001990', '消防一区', '2026-01-01', area.boundary, area.overview,
           area.label_point
      FROM area, grid_scheme AS scheme
     WHERE area.level = 'subdistrict' AND scheme.code = 'fire_grid'
"""


def test_the_map_draws_one_scheme_and_offers_the_others(admin: Person, demo_session: Session) -> None:
    assert "panel-layers" in (page := admin.open("/").text)
    assert "scheme=" not in page, "one scheme: no choice"
    admin.send("/admin/schemes", **NEW)
    demo_session.execute(text(ADD_SECOND))
    demo_session.execute(text("UPDATE layer_version SET version = version + 1 WHERE layer = 'areas'"))
    demo_session.commit()
    page = admin.open("/").text
    assert "scheme=fire_grid" in page
    own = json.loads(admin.open("/layers/areas/grid.geojson").text)["features"]
    fire = json.loads(admin.open("/layers/areas/grid.geojson?scheme=fire_grid").text)["features"]
    assert len(own) == 65
    assert [each["properties"]["name"] for each in fire] == ["消防一区"]
    assert admin.open("/layers/areas/grid.geojson?scheme=nobody").status_code == 404
    assert "scheme=fire_grid" in admin.open("/?scheme=fire_grid").text
    assert admin.open("/?scheme=nobody").status_code == 200
