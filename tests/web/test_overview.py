"""Whose map this is, and where it opens, whatever has been loaded."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.queries.overview import load_overview
from gridmap.storage.tables import GridSchemeRow
from tests.conftest import NOW
from tests.factories import BEGIN, add_area, add_world, cell


def test_an_empty_database_has_no_name_and_no_place(session: Session) -> None:
    found = load_overview(session, today=NOW.date())
    assert (found.name, found.extent_deg, found.reach_deg) == ("", None, None)


def test_one_subdistrict_gives_its_name_and_extent(session: Session) -> None:
    world = add_world(session)
    found = load_overview(session, today=NOW.date())
    assert found.name == world.subdistrict.name
    assert found.extent_deg == cell(0, 0, columns=4, rows=2).bounds


def test_a_scheme_loaded_later_does_not_take_over_but_may_be_reached(session: Session) -> None:
    world = add_world(session)
    other = GridSchemeRow(code="other", name="外地街道", purpose="tests", valid_from=BEGIN)
    session.add(other)
    session.flush()
    for number in range(2):
        code = f"11000000{number + 1}"
        add_area(session, other, level="subdistrict", code=code, boundary=cell(90 + number, 0))
    found = load_overview(session, today=NOW.date())
    assert found.name == world.subdistrict.name
    assert found.extent_deg == cell(0, 0, columns=4, rows=2).bounds
    assert found.reach_deg is not None
    assert found.reach_deg[2] == cell(91, 0).bounds[2]


def test_several_subdistricts_go_by_the_name_of_their_scheme(session: Session) -> None:
    scheme = GridSchemeRow(code="many", name="全区网格", purpose="tests", valid_from=BEGIN)
    session.add(scheme)
    session.flush()
    for number in range(2):
        code = f"11000000{number + 1}"
        add_area(session, scheme, level="subdistrict", code=code, boundary=cell(number, 0))
    found = load_overview(session, today=NOW.date())
    assert found.name == "全区网格"
    assert found.extent_deg == cell(0, 0, columns=2).bounds


def test_a_scheme_of_communities_alone_still_has_a_place(session: Session) -> None:
    scheme = GridSchemeRow(code="villages", name="村里", purpose="tests", valid_from=BEGIN)
    session.add(scheme)
    session.flush()
    add_area(session, scheme, level="community", code="640000000001", boundary=cell(0, 0))
    session.execute(text("ANALYZE area"))
    found = load_overview(session, today=NOW.date())
    assert (found.name, found.extent_deg) == ("村里", cell(0, 0).bounds)
