"""Who was responsible for a point on a day: versions of areas, posts and stand-ins as they were then."""

from __future__ import annotations

from datetime import date

import pytest
from click.testing import CliRunner
from geoalchemy2.shape import to_shape
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.cli.layers import layers
from gridmap.domain.coordinates import LonLat
from gridmap.domain.permissions import Actor
from gridmap.queries.at_point import AtPoint, at_point
from gridmap.storage.engine import make_engine, make_sessions
from gridmap.storage.tables import AreaRow, AssignmentRow
from gridmap.storage.unit_of_work import unit_of_work
from tests.factories import (
    SUBDISTRICT,
    World,
    add_area,
    add_person,
    add_world,
    assign,
    middle_of,
    stand_in_for,
)
from tests.reports import NEAREST

TODAY = date(2026, 11, 20)
REDRAWN = date(2026, 6, 1)
LON, LAT = middle_of(0, 0)
MINE, THEIRS = f"{SUBDISTRICT}001011", f"{SUBDISTRICT}001021"


def here(session: Session, day: date, actor: Actor | None = None) -> AtPoint:
    return at_point(
        session,
        actor or Actor.system(),
        LonLat(lon_deg=LON, lat_deg=LAT),
        policy=NEAREST.policy,
        outside_max_m=NEAREST.outside_max_m,
        day=day,
        today=TODAY,
    )


def redraw(session: Session, world: World) -> None:
    """From June on, two micro-grids have each other's ground."""
    one, other = world.micro_grids[0], world.micro_grids[1]
    shapes = {one.id: to_shape(other.boundary), other.id: to_shape(one.boundary)}
    for area in (one, other):
        area.valid_to = REDRAWN
    session.flush()
    for area in (one, other):
        add_area(
            session,
            world.scheme,
            level="micro_grid",
            code=area.code,
            boundary=shapes[area.id].geoms[0],
            parent=session.get_one(AreaRow, area.parent_id),
            valid_from=REDRAWN,
        )


def test_the_areas_are_those_of_the_day(session: Session) -> None:
    redraw(session, add_world(session))
    before, after = here(session, date(2026, 5, 3)), here(session, REDRAWN)
    assert (before.areas[-1].code, after.areas[-1].code) == (MINE, THEIRS)


def test_posts_and_stand_ins_are_those_of_the_day(session: Session) -> None:
    world = add_world(session)
    first = world.people["zone_responsible", "Z1"]
    second, cover = add_person(session, "second"), add_person(session, "cover")
    post = session.scalars(select(AssignmentRow).where(AssignmentRow.person_id == first.id)).one()
    stand_in_for(session, post, cover, date(2026, 5, 1), date(2026, 5, 5))
    post.valid_to = date(2026, 7, 1)
    assign(session, second, "zone_responsible", zone_code="Z1", valid_from=date(2026, 7, 1))

    def who(day: date) -> tuple[str | None, str]:
        answer = here(session, day).responsible[0]
        return answer.name, answer.reason

    assert who(date(2026, 4, 30)) == (first.name, "own_zone")
    assert who(date(2026, 5, 1)) == (cover.name, "stand_in")
    assert who(date(2026, 5, 5)) == (cover.name, "stand_in")
    assert who(date(2026, 5, 6)) == (first.name, "own_zone")
    assert who(date(2026, 6, 30)) == (first.name, "own_zone")
    assert who(date(2026, 7, 1)) == (second.name, "own_zone")


def test_who_has_left_since_answered_then_and_not_today(session: Session) -> None:
    world = add_world(session)
    gone = world.people["zone_responsible", "Z1"]
    gone.is_active = False
    session.flush()
    assert here(session, date(2026, 5, 3)).responsible[0].name == gone.name
    assert here(session, TODAY).responsible[0].name != gone.name


def test_a_visitor_reads_the_name_and_number_of_who_agreed_and_of_nobody_else(session: Session) -> None:
    world = add_world(session)
    person = world.people["zone_responsible", "Z1"]
    hidden = here(session, TODAY, Actor.visitor()).responsible
    assert all(one.name is None and one.phone != person.mobile_phone for one in hidden)
    person.name_is_public = True
    session.flush()
    named = here(session, TODAY, Actor.visitor()).responsible
    assert (named[0].name, named[1].name) == (person.name, None)
    assert named[0].phone != person.mobile_phone
    person.mobile_is_public = True
    session.flush()
    assert here(session, TODAY, Actor.visitor()).responsible[0].phone == person.mobile_phone


@pytest.mark.committed
def test_the_command_line_says_who_it_was(
    committed_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    engine = make_engine(committed_database)
    with unit_of_work(make_sessions(engine)) as session:
        world = add_world(session)
        redraw(session, world)
        name = world.people["zone_responsible", "Z1"].name
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", committed_database)
    monkeypatch.setenv("GRIDMAP_DATA_DIR", str(tmp_path))

    def who(*arguments: str) -> str:
        result = CliRunner().invoke(layers, ["who", str(LON), str(LAT), *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    then = who("--day", "2026-05-03")
    assert MINE in then
    assert THEIRS not in then
    assert f"1. {name} · zone_responsible · Z1 · own_zone" in then
    assert THEIRS in who()
    nowhere = CliRunner().invoke(layers, ["who", "999", "1"])
    assert nowhere.exit_code == 2
    assert "lon" in nowhere.output
