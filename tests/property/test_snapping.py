"""Snapping keeps its promises on grids whose nodes were shaken: see each test's name."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.importing.snapping import snap_boundaries
from gridmap.importing.topology import check_topology

_PLANE = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:4547", always_xy=True)
_EAST, _NORTH = 527_000.0, 3_384_000.0
TOLERANCE_M = 0.5


def to_wkb(shape: shapely.Geometry) -> bytes:
    degrees = shapely.transform(
        shape,
        lambda x, y: _PLANE.transform(x + _EAST, y + _NORTH, direction="INVERSE"),
        interleaved=False,
    )
    several = shapely.MultiPolygon([degrees]) if degrees.geom_type == "Polygon" else degrees
    return shapely.to_wkb(several, byte_order=1)


def to_metres(wkb: bytes) -> shapely.Geometry:
    def project(x, y):
        east, north = _PLANE.transform(x, y)
        return east - _EAST, north - _NORTH

    return shapely.transform(shapely.from_wkb(wkb), project, interleaved=False)


def square(column: int, row: int) -> shapely.Polygon:
    return shapely.box(column * 20, row * 20, column * 20 + 20, row * 20 + 20)


@st.composite
def shaken_grids(draw) -> list[bytes]:
    """Up to four by four cells of 20 m; each ring's own corners shaken, and nodes put on some edges."""
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shake_m = draw(st.sampled_from([0.0, 0.05, 0.2, 0.4, 1.5]))
    cells = []
    for column in range(columns):
        for row in range(rows):
            corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)
            ring = []
            for place in range(4):
                here, there = corners[place], corners[(place + 1) % 4]
                ring.append(here)
                if rng.random() < 0.3:
                    ring.append(here + rng.uniform(0.2, 0.8) * (there - here))
            shaken = (np.array(ring) + np.array([column, row])) * 20.0
            cell = shapely.Polygon(shaken + rng.uniform(-shake_m / 2, shake_m / 2, shaken.shape))
            if cell.is_valid:
                cells.append(to_wkb(cell))
    return cells


def overlaps_m2(boundaries: list[bytes]) -> float:
    shapes = [to_metres(each) for each in boundaries]
    return sum(
        one.intersection(other).area for index, one in enumerate(shapes) for other in shapes[index + 1 :]
    )


@settings(max_examples=60, deadline=None)
@given(shaken_grids())
def test_the_result_is_valid_moves_no_farther_than_the_tolerance_and_overlaps_no_more(cells):
    snapped = snap_boundaries(cells, tolerance_m=TOLERANCE_M)
    assert len(snapped) == len(cells)
    for before, after in zip(cells, snapped, strict=True):
        old, new = to_metres(before).boundary, to_metres(after.boundary).boundary
        assert shapely.from_wkb(after.boundary).is_valid
        reach_m = TOLERANCE_M * 1.01
        assert old.buffer(reach_m, quad_segs=32).covers(new)
        assert new.buffer(reach_m, quad_segs=32).covers(old)
        assert after.moved_m <= reach_m
        if after.left_because:
            assert after.boundary == before
    assert overlaps_m2([each.boundary for each in snapped]) <= overlaps_m2(cells) + 0.01


@settings(max_examples=60, deadline=None)
@given(shaken_grids())
def test_the_same_again_changes_nothing_once_every_boundary_could_be_brought_to_its_neighbours(cells):
    snapped = snap_boundaries(cells, tolerance_m=TOLERANCE_M)
    if any(each.left_because for each in snapped):
        return
    once = [each.boundary for each in snapped]
    assert [each.boundary for each in snap_boundaries(once, tolerance_m=TOLERANCE_M)] == once


@settings(max_examples=60, deadline=None)
@given(shaken_grids(), st.integers(0, 15))
def test_what_is_fixed_is_met_and_everything_near_it_closes(cells, which):
    if not cells:
        return
    fixed = cells[which % len(cells)]
    others = [cell for cell in cells if cell != fixed]
    snapped = [each.boundary for each in snap_boundaries(others, tolerance_m=TOLERANCE_M, fixed=[fixed])]
    assert overlaps_m2([*snapped, fixed]) <= overlaps_m2([*others, fixed]) + 0.01


@pytest.mark.parametrize("seed", range(8))
def test_a_grid_that_was_shaken_by_less_than_the_tolerance_becomes_seamless(seed):
    rng = np.random.default_rng(seed)
    cells = []
    for column in range(8):
        for row in range(8):
            ring = np.array(square(column, row).exterior.coords)[:-1]
            cells.append(to_wkb(shapely.Polygon(ring + rng.uniform(-0.15, 0.15, (4, 2)))))
    keys = [str(number) for number in range(len(cells))]
    assert check_topology(cells, keys=keys, tolerance_m=0.02).findings
    snapped = snap_boundaries(cells, tolerance_m=TOLERANCE_M)
    assert [each.left_because for each in snapped] == [None] * len(cells)
    after = [each.boundary for each in snapped]
    assert check_topology(after, keys=keys, tolerance_m=1e-4).is_seamless
    assert bool(shapely.coverage_is_valid(shapely.from_wkb(after)))
