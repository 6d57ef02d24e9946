"""Every point of the demo subdistrict, vertices and edges above all, belongs to exactly one micro-grid."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

import pytest
import shapely
import shapely.ops
from geoalchemy2.shape import to_shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import LonLat
from gridmap.domain.placement import MapWarning, Match, OutsidePolicy, place
from gridmap.storage.routing import find_candidates
from gridmap.storage.tables import AreaRow
from tests.factories import CELL_DEG, NORTH_DEG, WEST_DEG, add_world

DAY = date(2026, 11, 20)
QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class District:
    session: Session
    cells: dict[str, shapely.Geometry]
    whole: shapely.Geometry


def _district(session: Session) -> District:
    rows = session.scalars(select(AreaRow).where(AreaRow.level == "micro_grid").order_by(AreaRow.code))
    cells = {row.code: to_shape(row.boundary) for row in rows}
    return District(session, cells, shapely.union_all(list(cells.values())))


@pytest.fixture
def demo(demo_session: Session) -> District:
    return _district(demo_session)


@pytest.fixture
def squares(session: Session) -> District:
    add_world(session)
    return _district(session)


def _owner(district: District, lon: float, lat: float, seed: int) -> str:
    """The micro-grid of a point; asserts all that has to hold for it."""
    location = LonLat(lon_deg=round(lon, 7), lat_deg=round(lat, 7))
    candidates = find_candidates(district.session, location, day=DAY)
    shuffler = random.Random(seed)
    owners: set[str] = set()
    for _ in range(3):
        areas, zones = list(candidates.areas), list(candidates.zones)
        shuffler.shuffle(areas)
        shuffler.shuffle(zones)
        placement = place(location, areas=areas, zones=zones, policy=OutsidePolicy.REFUSE, outside_max_m=0)
        assert placement.match in (Match.INSIDE, Match.SHARED_EDGE)
        assert MapWarning.OVERLAPPING_AREAS not in placement.warnings
        micro_grid = placement.code(AreaLevel.MICRO_GRID)
        assert micro_grid is not None
        # The levels agree with each other: the codes nest.
        assert placement.code(AreaLevel.GRID) == micro_grid[:14] + "0"
        assert placement.code(AreaLevel.COMMUNITY) == micro_grid[:12]
        assert placement.code(AreaLevel.SUBDISTRICT) == micro_grid[:9]
        assert placement.zone_code is not None
        owners.add(micro_grid)
    (owner,) = owners
    assert district.cells[owner].distance(shapely.Point(location.lon_deg, location.lat_deg)) < 5e-6
    return owner


@QUIET
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_a8_every_vertex_of_the_demo_has_one_owner_the_lowest_of_those_that_share_it(
    demo: District, data: st.DataObject, seed: int
) -> None:
    code = data.draw(st.sampled_from(sorted(demo.cells)))
    corners = shapely.get_coordinates(demo.cells[code])
    lon, lat = corners[data.draw(st.integers(0, len(corners) - 1))]
    owner = _owner(demo, lon, lat, seed)
    here = shapely.Point(round(lon, 7), round(lat, 7))
    sharing = [one for one, cell in demo.cells.items() if cell.covers(here)]
    assert owner == min(sharing)


@QUIET
@given(data=st.data(), along=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_a8_every_place_along_an_edge_of_the_demo_has_one_owner(
    demo: District, data: st.DataObject, along: float, seed: int
) -> None:
    code = data.draw(st.sampled_from(sorted(demo.cells)))
    corners = shapely.get_coordinates(demo.cells[code])
    start = data.draw(st.integers(0, len(corners) - 2))
    lon, lat = corners[start] + along * (corners[start + 1] - corners[start])
    _owner(demo, lon, lat, seed)


@QUIET
@given(x=st.floats(0, 1), y=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_a1_every_place_inside_the_demo_has_one_owner(demo: District, x: float, y: float, seed: int) -> None:
    west, south, east, north = demo.whole.bounds
    point = shapely.Point(west + x * (east - west), south + y * (north - south))
    inside = point if demo.whole.contains(point) else shapely.ops.nearest_points(demo.whole, point)[0]
    _owner(demo, inside.x, inside.y, seed)


@QUIET
@given(column=st.integers(0, 8), row=st.integers(0, 4), seed=st.integers(0, 2**32 - 1))
def test_a8_corners_edges_and_middles_of_square_cells_have_one_owner(
    squares: District, column: int, row: int, seed: int
) -> None:
    # Half steps: even ones are corners and edges, odd ones middles.
    _owner(squares, WEST_DEG + column * CELL_DEG / 2, NORTH_DEG - row * CELL_DEG / 2, seed)
