"""The page 边界检查 and its files: what it lists, for whom, and what it answers to wrong addresses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.web.browser_client import Person

_SHRINK = text(
    "UPDATE area SET boundary = ST_Multi(ST_Buffer(boundary, -0.00005)) WHERE code = ("
    "SELECT min(code) FROM area WHERE level = 'micro_grid')"
)


@pytest.fixture
def sign_in(demo_app: Flask, demo_password: Callable[[str], str]) -> Callable[[str], Person]:
    def as_one(username: str) -> Person:
        person = Person(demo_app)
        person.sign_in(username, demo_password(username))
        return person

    return as_one


def test_a_seamless_level_says_so_and_draws_its_areas(sign_in):
    page = sign_in("planner").open("/admin/topology").text
    assert "没有缝隙、没有重叠" in page
    assert "查了 331 个区域" in page
    assert "level=micro_grid" in page
    assert "data-finding" not in page


def test_findings_are_listed_with_size_and_names_and_filtered_by_kind(sign_in, demo_session: Session):
    demo_session.execute(_SHRINK)
    planner = sign_in("planner")
    page = planner.open("/admin/topology?scheme=community_grid&level=micro_grid").text
    assert "331 个区域里有" in page
    assert "data-finding" in page
    assert " m²</strong>" in page
    none = planner.open("/admin/topology?level=micro_grid&kind=overlap").text
    assert "这一种没有了" in none
    assert "data-finding" not in none
    answer = planner.open("/admin/topology/findings.geojson?scheme=community_grid&level=micro_grid")
    assert answer.mimetype == "application/geo+json"
    kinds = {feature["properties"]["kind"] for feature in answer.json["features"]}
    assert kinds <= {"gap", "uncovered"}
    assert kinds
    english = planner.open("/admin/topology?lang=en").text
    assert "places to look at among 331 areas" in english


def test_the_areas_beneath_come_as_geojson_of_one_scheme_and_level(sign_in):
    answer = sign_in("admin").open("/admin/topology/areas.geojson?scheme=community_grid&level=grid")
    assert len(answer.json["features"]) == 65
    nothing = sign_in("admin").open("/admin/topology/areas.geojson?scheme=nowhere&level=grid")
    assert nothing.json["features"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/topology?level=galaxy", 400),
        ("/admin/topology?scheme=nowhere", 400),
        ("/admin/topology?kind=hole", 400),
        ("/admin/topology/findings.geojson?scheme=nowhere&level=grid", 400),
        ("/admin/topology/findings.geojson?level=", 400),
        ("/admin/topology/areas.geojson", 400),
    ],
)
def test_a_wrong_address_is_answered_in_words(sign_in, path, status):
    answer = sign_in("planner").open(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_who_may_not_import_sees_none_of_it(sign_in, demo_client):
    for path in ("/admin/topology", "/admin/topology/findings.geojson", "/admin/topology/areas.geojson"):
        assert sign_in("secretary01").open(path).status_code == 403
        assert demo_client.get(path).status_code in (302, 401)


def test_without_any_area_the_page_says_what_to_do(client, app, session):
    """An empty database has nobody to sign in as: the view is asked with an administrator's session."""
    from gridmap.domain.permissions import Actor
    from gridmap.web.access import add_actor_source

    add_actor_source(app, Actor.system)
    page = client.get("/admin/topology")
    assert page.status_code == 200
    assert "还没有网格边界" in page.text
