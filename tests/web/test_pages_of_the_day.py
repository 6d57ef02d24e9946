"""A boundary change saved for next month: today's pages stay as they were, next month's show the new map."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap import bootstrap
from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.boundary_edits import ChangeKind, Rename
from gridmap.domain.coordinates import LonLat
from gridmap.domain.permissions import Actor
from gridmap.domain.routing import RoutingDecision
from gridmap.importing.columns import Layer
from gridmap.settings import Settings
from gridmap.storage import accounts
from gridmap.use_cases.boundary_editing import begin, take_step
from gridmap.use_cases.boundary_saving import save
from gridmap.use_cases.imports import ImportRequest, import_layer
from gridmap.use_cases.issues import route_point
from gridmap.web.deps import deps
from tests.conftest import NOW
from tests.reports import NEAREST
from tests.web.browser_client import Person

SUBDISTRICT, COMMUNITY = "420106099", "420106099001"
NEXT_MONTH = date(2026, 12, 20)
LATER = datetime(2026, 12, 20, 4, 0, tzinfo=UTC)
NEW_NAME, NEW_GRID_NAME, NEW_MICRO_GRID_NAME = "下月改名社区", "下月网格", "下月微网格"
EVERYWHERE = "113.9,30.2,114.9,31.0"
# What differs from one answer to the next, that a version is known to end, and lines that an import draws
# anew for the whole level.
_CHANGES_BY_ITSELF = re.compile(
    r'nonce="[^"]*"|nonce-[\w+/=-]+|name="csrf_token" value="[^"]*"|"csrf_token": "[^"]*"'
    r'|name="csrf-token" content="[^"]*"'
    r"|v=[\d.-]+|\d{10}(?=\.\d{8})"
    r'|(?<=,)(2026-12-20)?,"(MULTI)?POLYGON [^"]*"'
    r'|"coordinates": ?[\[\]\d., -]+'
    r'|"valid_to" ?: ?(null|"2026-12-20")|"timeStamp": ?"[^"]*"'
)


@dataclass(frozen=True, slots=True)
class Known:
    """Things of the demo subdistrict that lie in the community."""

    place_id: int
    issue_number: str
    home_issue_micro_grid: str
    grid: str


@pytest.fixture
def app_on(demo_app: Flask, tmp_path: Path) -> Callable[[datetime], Flask]:
    """The application over the same database, on another day."""
    with demo_app.app_context():
        sessions = deps().sessions

    def make(now: datetime) -> Flask:
        settings = Settings(secret_key="tests", data_dir=tmp_path)
        return bootstrap.make_app(settings, sessions, clock=lambda: now)

    return make


def _import_for_next_month(session: Session, folder: Path) -> None:
    """A new name for the community, from next month on."""
    drawn = session.execute(
        text(
            "SELECT json_build_object('type', 'Feature', 'geometry', ST_AsGeoJSON(boundary, 9)::json,"
            " 'properties', json_build_object('code', code, 'name', CAST(:name AS text), 'name_en', 'Next'))"
            " FROM area WHERE code = :code"
        ),
        {"code": COMMUNITY, "name": NEW_NAME},
    ).scalar_one()
    path = folder / "communities.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [drawn]}), encoding="utf-8")
    request = ImportRequest(
        path=path,
        layer=Layer.AREAS,
        level=AreaLevel.COMMUNITY,
        scheme_code=session.execute(text("SELECT code FROM grid_scheme ORDER BY id LIMIT 1")).scalar_one(),
        valid_from=NEXT_MONTH,
    )
    report = import_layer(session, Actor.system(), request, now=NOW, preview=False, progress=lambda *_: None)
    assert report.outcome.updated == 1, report.outcome
    session.flush()


def _rename_for_next_month(session: Session, known: Known) -> int:
    """New names for a grid and its micro-grid, drawn in the editor, from next month on."""
    actor = _office(session)
    change_id = begin(
        session,
        actor,
        kind=ChangeKind.AREAS,
        focus_code=SUBDISTRICT,
        scheme_code=None,
        effective_on=NEXT_MONTH,
        now=NOW,
    )
    for position, (key, name) in enumerate(
        ((known.grid, NEW_GRID_NAME), (known.home_issue_micro_grid, NEW_MICRO_GRID_NAME))
    ):
        command = Rename(key=key, name=name, name_en="Next", code="")
        take_step(session, actor, change_id, command, position=position, now=NOW)
    save(
        session,
        actor,
        change_id,
        position=2,
        effective_on=NEXT_MONTH,
        reason="下月改名",
        decisions={},
        rules=NEAREST,
        now=NOW,
    )
    session.flush()
    return change_id


def _office(session: Session) -> Actor:
    account = accounts.find_by_username(session, "office")
    assert account is not None
    return account.actor()


def _find(session: Session, statement: str) -> str:
    return str(session.execute(text(statement), {"low": COMMUNITY, "high": f"{COMMUNITY}~"}).scalar_one())


@pytest.fixture
def known(demo_session: Session) -> Known:
    in_community = "area_code >= :low AND area_code < :high"
    home = _find(
        demo_session,
        "SELECT issue.micro_grid_code FROM issue JOIN issue_category AS category"
        "    ON category.code = issue.category_code"
        f" WHERE {in_community} AND category.is_private_home AND category.is_public"
        "   AND issue.state IN ('submitted', 'handling', 'to_rate') AND issue.micro_grid_code IS NOT NULL"
        " ORDER BY issue.number LIMIT 1",
    )
    return Known(
        place_id=int(
            _find(
                demo_session,
                "SELECT id FROM service_point WHERE community_code = :low AND visibility = 'public'"
                " AND status = 'built' ORDER BY id LIMIT 1",
            )
        ),
        issue_number=_find(
            demo_session, f"SELECT number FROM issue WHERE {in_community} ORDER BY number LIMIT 1"
        ),
        home_issue_micro_grid=home,
        grid=f"{home[:14]}0",
    )


def _addresses(known: Known) -> dict[str, tuple[str, ...]]:
    """Addresses by whose they are."""
    return {
        "": (
            "/",
            "/list?sort=community",
            "/list?q=socialservice",
            "/list.csv",
            f"/p/{known.place_id}",
            f"/p/{known.place_id}/card",
            f"/areas/{SUBDISTRICT}",
            f"/areas/{COMMUNITY}",
            f"/areas/{COMMUNITY}/card",
            f"/areas/{known.grid}",
            f"/areas/{known.home_issue_micro_grid}",
            "/layers/areas/community.geojson",
            "/layers/areas/micro_grid.geojson",
            "/layers/areas/subdistrict.geojson",
            f"/api/v1/public/issues?bbox={EVERYWHERE}",
            "/ogc/collections",
            "/ogc/collections/communities/items?f=json",
            "/exports/areas.csv?level=community",
        ),
        "secretary01": (
            "/field",
            "/field/report",
            f"/issues/{known.issue_number}",
            "/admin/places",
            "/admin/buildings",
            "/admin/people",
        ),
        "admin": (
            "/admin",
            "/admin/schemes",
            f"/ogc/collections/staff_zones/items?f=json&area={COMMUNITY}&limit=20",
            f"/ogc/collections/staff_buildings/items?f=json&area={COMMUNITY}&limit=20",
        ),
    }


def _pages(app: Flask, known: Known, password_of: Callable[[str], str]) -> dict[str, str]:
    pages: dict[str, str] = {}
    for username, addresses in _addresses(known).items():
        person = Person(app)
        if username:
            person.sign_in(username, password_of(username))
        for address in addresses:
            answer = person.open(address)
            assert answer.status_code == 200, (address, answer.status_code, answer.text[:300])
            pages[address] = _CHANGES_BY_ITSELF.sub("", answer.text)
    return pages


def test_todays_pages_stay_as_they_were_and_next_months_show_the_new_version(
    demo_session: Session,
    app_on: Callable[[datetime], Flask],
    known: Known,
    demo_password: Callable[[str], str],
    tmp_path: Path,
) -> None:
    today = app_on(NOW)
    before = _pages(today, known, demo_password)
    _import_for_next_month(demo_session, tmp_path)
    _rename_for_next_month(demo_session, known)
    for app in (today, app_on(NOW)):  # with what is kept in memory, and without
        after = _pages(app, known, demo_password)
        for address, page in before.items():
            assert after[address].splitlines() == page.splitlines(), address
    later = _pages(app_on(LATER), known, demo_password)
    showing = {address for address, page in later.items() if NEW_NAME in page}
    assert showing >= {
        "/",
        "/list.csv",
        f"/p/{known.place_id}",
        f"/p/{known.place_id}/card",
        f"/areas/{SUBDISTRICT}",
        f"/areas/{COMMUNITY}",
        f"/areas/{known.grid}",
        "/layers/areas/community.geojson",
        "/ogc/collections/communities/items?f=json",
        "/exports/areas.csv?level=community",
        "/admin/places",
    }
    # An issue goes on being told with the areas it was given, by the names they had then.
    assert f"/issues/{known.issue_number}" not in showing
    assert NEW_MICRO_GRID_NAME in later[f"/areas/{known.home_issue_micro_grid}"]
    assert NEW_MICRO_GRID_NAME in later["/layers/areas/micro_grid.geojson"]
    assert NEW_MICRO_GRID_NAME in later["/field"]
    assert NEW_GRID_NAME in later[f"/areas/{known.home_issue_micro_grid}"]


def test_an_issue_at_somebodys_home_stays_on_the_public_map_today_and_next_month(
    demo_session: Session, app_on: Callable[[datetime], Flask], known: Known
) -> None:
    address = f"/api/v1/public/issues?bbox={EVERYWHERE}"
    count = len(app_on(NOW).test_client().get(address).get_json()["features"])
    _rename_for_next_month(demo_session, known)
    for now in (NOW, LATER):
        assert len(app_on(now).test_client().get(address).get_json()["features"]) == count


def test_a_kept_layer_is_made_anew_on_the_day_on_which_a_version_begins_without_anybody_writing(
    demo_session: Session, demo_app: Flask, tmp_path: Path
) -> None:
    layer = re.compile(r"/layers/areas/community\.geojson\?v=[\d.-]+")
    _import_for_next_month(demo_session, tmp_path)
    clock = [NOW]
    with demo_app.app_context():
        sessions = deps().sessions
    settings = Settings(secret_key="tests", data_dir=tmp_path)
    app = bootstrap.make_app(settings, sessions, clock=lambda: clock[0])
    answers: list[tuple[str, str, bool]] = []
    # 16:00 UTC is midnight at the office.
    for now in (NOW, datetime(2026, 12, 19, 15, 59, tzinfo=UTC), datetime(2026, 12, 19, 16, 0, tzinfo=UTC)):
        clock[0] = now
        found = layer.search(app.test_client().get("/").text)
        assert found is not None
        answer = app.test_client().get(found.group())
        assert "immutable" in answer.headers["Cache-Control"]
        answers.append((found.group(), answer.headers["ETag"], NEW_NAME in answer.text))
    first, evening, midnight = answers
    assert first == evening
    assert first[0] != midnight[0]
    assert first[1] != midnight[1]
    assert (evening[2], midnight[2]) == (False, True)


def test_a_pin_of_today_gets_the_parents_of_today_though_the_parts_hang_under_those_of_next_month(
    demo_session: Session, known: Known, tmp_path: Path
) -> None:
    lon, lat = demo_session.execute(
        text("SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE code = :code"),
        {"code": known.home_issue_micro_grid},
    ).one()
    place = LonLat(lon_deg=lon, lat_deg=lat)
    before = route_point(demo_session, place, rules=NEAREST, now=NOW)
    _import_for_next_month(demo_session, tmp_path)
    _rename_for_next_month(demo_session, known)
    after = route_point(demo_session, place, rules=NEAREST, now=NOW)
    assert _names(after) == _names(before)
    assert after.chain == before.chain
    later = _names(route_point(demo_session, place, rules=NEAREST, now=LATER))
    assert later[1:] == [NEW_NAME, NEW_GRID_NAME, NEW_MICRO_GRID_NAME]


def _names(decision: RoutingDecision) -> list[str]:
    """The areas of a pin by name, coarse to fine."""
    areas = decision.placement.areas
    return [areas[level].name for level in AreaLevel]
