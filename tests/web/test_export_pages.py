"""Files from the back office, from lists and for the public: who gets what, and what is on record."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.web.deps import attach_deps
from tests.web.browser_client import Person


@pytest.fixture
def sign_in(demo_app: Flask, demo_password: Callable[[str], str]) -> Callable[[str], Person]:
    def as_one(username: str) -> Person:
        person = Person(demo_app)
        person.sign_in(username, demo_password(username))
        return person

    return as_one


def rows_of(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def logged(session: Session) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in session.execute(
            text("SELECT role, collection, filter, format, crs, row_count FROM export_log ORDER BY id")
        )
    ]


@pytest.mark.parametrize(
    ("username", "status"), [("admin", 200), ("planner", 200), ("secretary01", 200), ("worker01", 403)]
)
def test_who_may_export(sign_in: Callable[[str], Person], username: str, status: int) -> None:
    assert sign_in(username).open("/admin/exports").status_code == status


def test_a_secretary_takes_out_the_own_community_and_it_is_logged(
    sign_in: Callable[[str], Person], demo_session: Session
) -> None:
    person = sign_in("secretary01")
    person.open("/admin/exports")
    answer = person.send(
        "/admin/exports", layer="areas", level="grid", format="csv", crs="EPSG:4326", area="", scheme=""
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith("staff_grids_20261120.csv")
    assert answer.headers["Cache-Control"] == "no-store"
    rows = rows_of(answer.data)
    (own,) = demo_session.execute(
        text("SELECT area_codes FROM account WHERE username = 'secretary01'")
    ).scalar_one()
    assert len(rows) > 1
    assert all(row["编码"].startswith(own) for row in rows)
    assert logged(demo_session) == [("community_secretary", "staff_grids", {}, "csv", "EPSG:4326", len(rows))]


def test_only_the_administrator_reads_the_log(sign_in: Callable[[str], Person]) -> None:
    planner = sign_in("planner")
    page = planner.open("/admin/exports").text
    assert "导出记录" not in page
    planner.send("/admin/exports", layer="streets", format="geojson", crs="gcj02")
    log = sign_in("admin").open("/admin/exports").text
    assert "导出记录" in log
    assert "gcj02" in log


def test_what_cannot_be_made_is_said_and_nothing_typed_is_lost(
    sign_in: Callable[[str], Person], demo_session: Session
) -> None:
    person = sign_in("planner")
    person.open("/admin/exports")
    answer = person.send(
        "/admin/exports", layer="service_points", format="kml", crs="EPSG:4547", area="420106099003"
    )
    assert answer.status_code == 400
    assert "KML 规定用 WGS-84 坐标" in answer.text
    assert 'value="420106099003"' in answer.text
    assert '<option value="EPSG:4547" selected>' in answer.text
    assert logged(demo_session) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"layer": "people", "format": "csv"},
        {"layer": "areas", "level": "county", "format": "csv"},
        {"layer": "areas", "level": "", "format": "csv"},
        {"layer": "streets", "format": "exe"},
        {"layer": "streets", "format": "csv", "crs": "EPSG:1"},
        {"layer": "streets", "format": "csv", "on": "gestern"},
        {"layer": "streets", "format": "csv", "bbox": "1,2"},
        {"layer": "streets", "format": "csv", "category": "SP07"},
        {"layer": "streets", "format": "csv", "area": "x" * 99},
        {},
    ],
    ids=str,
)
def test_bad_input_gets_a_word_and_no_file(sign_in: Callable[[str], Person], fields: dict[str, str]) -> None:
    person = sign_in("admin")
    person.open("/admin/exports")
    answer = person.send("/admin/exports", **fields)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_an_export_needs_the_pages_token(sign_in: Callable[[str], Person], demo_session: Session) -> None:
    person = sign_in("admin")
    person.token = "wrong"
    assert person.send("/admin/exports", layer="streets", format="csv").status_code == 400
    assert logged(demo_session) == []


def test_the_list_of_issues_leaves_as_it_is_filtered(
    sign_in: Callable[[str], Person], demo_session: Session
) -> None:
    person = sign_in("secretary01")
    page = person.open("/field?state=submitted").text
    count = int(page.split('class="count">')[1].split("<")[0])
    assert count > 0
    assert 'name="status" value="submitted"' in page
    answer = person.send("/admin/exports", layer="issues", status="submitted", category="", format="xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert sheet.max_row - 1 == count
    assert logged(demo_session)[0][1:4] == ("staff_issues", {"status": "submitted"}, "xlsx")


def test_ones_own_issues_leave_as_the_list_shows_them(
    sign_in: Callable[[str], Person], demo_session: Session
) -> None:
    person = sign_in("secretary02")
    page = person.open("/field?mine=1").text
    count = int(page.split('class="count">')[1].split("<")[0])
    answer = person.send(
        "/admin/exports", layer="issues", status="submitted,handling,to_rate", mine="1", format="csv"
    )
    assert len(rows_of(answer.data)) == count


def test_a_worker_is_offered_no_export(sign_in: Callable[[str], Person]) -> None:
    assert "/admin/exports" not in sign_in("worker01").open("/field").text


def test_the_public_list_is_there_as_a_workbook(demo_client: FlaskClient) -> None:
    answer = demo_client.get("/list.xlsx?c=SP07")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    lines = demo_client.get("/list.csv?c=SP07").text.strip().splitlines()
    assert sheet.max_row == len(lines) > 2
    assert [cell.value for cell in sheet[1]] == lines[0].lstrip("\ufeff").split(",")
    assert "/list.xlsx" in demo_client.get("/list").text


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "zip", "kml", "csv", "xlsx"])
def test_anybody_may_take_a_public_layer_in_any_format_unlogged(
    demo_client: FlaskClient, demo_session: Session, ending: str
) -> None:
    answer = demo_client.get(f"/exports/service_points.{ending}?status=built")
    assert answer.status_code == 200
    assert len(answer.data) == int(answer.headers["Content-Length"]) > 1_000
    assert logged(demo_session) == []


def test_a_public_file_says_whose_it_is_and_names_its_system(demo_client: FlaskClient) -> None:
    answer = demo_client.get("/exports/areas.geojson?level=community&crs=EPSG:4547")
    assert answer.headers["Content-Disposition"].endswith("communities_EPSG4547_20261120.geojson")
    document = json.loads(answer.data)
    assert document["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::4547"
    assert "示意数据" in document["source"]
    assert document["map_approval_no"] is None
    assert len(document["features"]) == 11


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/exports/issues.csv", 400),
        ("/exports/zones.geojson", 400),
        ("/exports/people.csv", 400),
        ("/exports/streets.exe", 400),
        ("/exports/areas.csv", 400),
        ("/exports/service_points.csv?category=SP17", 200),
    ],
)
def test_what_is_not_public_is_no_public_file(demo_client: FlaskClient, path: str, status: int) -> None:
    answer = demo_client.get(path)
    assert answer.status_code == status
    if status == 200:
        assert rows_of(answer.data) == []


def test_no_temporary_file_stays_behind(demo_client: FlaskClient) -> None:
    before = set(Path(tempfile.gettempdir()).glob("gridmap-export-*"))
    demo_client.get("/exports/streets.gpkg").close()
    demo_client.get("/exports/streets.kml?crs=gcj02").close()
    assert set(Path(tempfile.gettempdir()).glob("gridmap-export-*")) <= before


def test_the_limit_of_rows_is_said_in_plain_words(demo_app: Flask, demo_client: FlaskClient) -> None:
    given = demo_app.extensions["gridmap.deps"]
    attach_deps(demo_app, replace(given, config=replace(given.config, export_max_rows=10)))
    answer = demo_client.get("/exports/streets.csv")
    assert answer.status_code == 400
    assert "超过 10 行" in answer.text
