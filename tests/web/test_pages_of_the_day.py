"""A boundary change saved for next month: today's pages stay as they were, next month's show the new map."""

from __future__ import annotations

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
from gridmap.domain.boundary_edits import ChangeKind, Rename
from gridmap.domain.coordinates import LonLat
from gridmap.queries.map_layers import areas_geojson
from gridmap.settings import Settings
from gridmap.storage import accounts
from gridmap.use_cases.boundary_editing import begin, load_draft, take_step
from gridmap.use_cases.boundary_saving import save, undo
from gridmap.use_cases.issues import route_point
from gridmap.web.deps import deps
from tests.conftest import NOW
from tests.reports import NEAREST
from tests.web.browser_client import Person

SUBDISTRICT, COMMUNITY = "420106099", "420106099001"
NEXT_MONTH = date(2026, 12, 20)
LATER = datetime(2026, 12, 20, 4, 0, tzinfo=UTC)
NEW_NAME = "下月改名社区"
EVERYWHERE = "113.9,30.2,114.9,31.0"
# What differs from one answer to the next, and that a version is known to end.
_CHANGES_BY_ITSELF = re.compile(
    r'nonce="[^"]*"|nonce-[\w+/=-]+|name="csrf_token" value="[^"]*"|name="csrf-token" content="[^"]*"'
    r'|"valid_to": ?(null|"2026-12-20")|"timeStamp": ?"[^"]*"'
)


@dataclass(frozen=True, slots=True)
class Known:
    """Things of the demo subdistrict that lie in the community."""

    change_id: int
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


def _save_for_next_month(session: Session, *commands: Rename) -> int:
    account = accounts.find_by_username(session, "office")
    assert account is not None
    actor = account.actor()
    change_id = begin(
        session,
        actor,
        kind=ChangeKind.AREAS,
        focus_code=SUBDISTRICT,
        scheme_code=None,
        effective_on=NEXT_MONTH,
        now=NOW,
    )
    for position, command in enumerate(commands):
        take_step(session, actor, change_id, command, position=position, now=NOW)
    save(
        session,
        actor,
        change_id,
        position=load_draft(session, actor, change_id).change.position,
        effective_on=NEXT_MONTH,
        reason="下月改名",
        decisions={},
        rules=NEAREST,
        now=NOW,
    )
    session.flush()
    return change_id


def _find(session: Session, statement: str, **values: object) -> str:
    return str(
        session.execute(text(statement), {"low": COMMUNITY, "high": f"{COMMUNITY}~", **values}).scalar_one()
    )


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
        change_id=0,
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
            "/exports/communities.csv",
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
) -> None:
    old_name = _find(demo_session, "SELECT name FROM area WHERE code = :low")
    today = app_on(NOW)
    before = _pages(today, known, demo_password)
    micro_grid = Rename(key=known.home_issue_micro_grid, name="下月微网格", name_en="Next", code="")
    _save_for_next_month(
        demo_session, Rename(key=COMMUNITY, name=NEW_NAME, name_en="Renamed", code=""), micro_grid
    )
    for app in (today, app_on(NOW)):  # with what is kept in memory, and without
        after = _pages(app, known, demo_password)
        assert [address for address in before if before[address] != after[address]] == []
    assert not any(NEW_NAME in page or "下月微网格" in page for page in before.values())
    later = _pages(app_on(LATER), known, demo_password)
    showing = {address for address, page in later.items() if NEW_NAME in page}
    naming = {address for address, page in before.items() if old_name in page}
    assert naming - showing == {"/field/report"} & naming
    assert "/list.csv" in showing
    assert f"/p/{known.place_id}" in showing
    assert f"/issues/{known.issue_number}" in before
    assert not any(old_name in later[address] for address in showing - {f"/issues/{known.issue_number}"})
    assert "下月微网格" in later[f"/areas/{known.home_issue_micro_grid}"]


def test_an_issue_at_somebodys_home_stays_on_the_public_map_today_and_next_month(
    demo_session: Session, app_on: Callable[[datetime], Flask], known: Known
) -> None:
    address = f"/api/v1/public/issues?bbox={EVERYWHERE}"
    count = len(app_on(NOW).test_client().get(address).get_json()["features"])
    _save_for_next_month(
        demo_session, Rename(key=known.home_issue_micro_grid, name="下月微网格", name_en=None, code="")
    )
    for now in (NOW, LATER):
        assert len(app_on(now).test_client().get(address).get_json()["features"]) == count


def test_a_kept_layer_is_made_anew_on_the_day_on_which_a_version_begins_without_anybody_writing(
    demo_session: Session, demo_app: Flask, app_on: Callable[[datetime], Flask], known: Known
) -> None:
    layer = re.compile(r"/layers/areas/community\.geojson\?v=[\d.-]+")
    addresses, tags, bodies = [], [], []
    _save_for_next_month(demo_session, Rename(key=COMMUNITY, name=NEW_NAME, name_en=None, code=""))
    clock = [NOW]
    with demo_app.app_context():
        sessions = deps().sessions
    app = bootstrap.make_app(
        Settings(secret_key="tests", data_dir=Path(demo_app.instance_path)), sessions, clock=lambda: clock[0]
    )
    for now in (NOW, datetime(2026, 12, 19, 15, 59, tzinfo=UTC), datetime(2026, 12, 19, 16, 0, tzinfo=UTC)):
        clock[0] = now
        page = app.test_client().get("/").text.replace("&amp;", "&")
        found = layer.search(page)
        assert found is not None
        answer = app.test_client().get(found.group())
        assert "immutable" in answer.headers["Cache-Control"]
        addresses.append(found.group())
        tags.append(answer.headers["ETag"])
        bodies.append(answer.text)
    assert addresses[0] == addresses[1] != addresses[2]
    assert tags[0] == tags[1] != tags[2]
    assert NEW_NAME not in bodies[1]
    assert NEW_NAME in bodies[2]


def test_a_pin_of_today_gets_the_parents_of_today_though_the_parts_hang_under_those_of_next_month(
    demo_session: Session, known: Known
) -> None:
    lon, lat = demo_session.execute(
        text("SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE code = :code"),
        {"code": known.home_issue_micro_grid},
    ).one()
    place = LonLat(lon_deg=lon, lat_deg=lat)
    before = route_point(demo_session, place, rules=NEAREST, now=NOW)
    change_id = _save_for_next_month(
        demo_session, Rename(key=COMMUNITY, name=NEW_NAME, name_en=None, code="")
    )
    assert route_point(demo_session, place, rules=NEAREST, now=NOW) == before
    later = route_point(demo_session, place, rules=NEAREST, now=LATER).placement
    assert NEW_NAME in {area.name for area in later.areas.values()}
    account = accounts.find_by_username(demo_session, "office")
    assert account is not None
    undo(demo_session, account.actor(), change_id, rules=NEAREST, now=NOW)
    assert NEW_NAME not in areas_geojson(demo_session, "community", today=NEXT_MONTH)
