"""Overviews of any exact tiling are an exact tiling; of a damaged one each area stays near itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridmap.domain.area_codes import AreaLevel
from gridmap.importing.overviews import TOLERANCE_DEG, overviews_of

LEVEL = AreaLevel.COMMUNITY
WEST_DEG, SOUTH_DEG, SIZE_DEG = 114.3, 30.5, 0.01


def _wkb(shapes: np.ndarray) -> list[bytes]:
    several = [shapely.MultiPolygon([each]) if each.geom_type == "Polygon" else each for each in shapes]
    return [shapely.to_wkb(each, byte_order=1) for each in several]


def _wiggly(shape: shapely.Polygon, rng: np.random.Generator) -> shapely.Polygon:
    """More nodes on every edge, moved by a function of their place: the same for both neighbours."""
    frequency, depth = rng.uniform(2e4, 6e4), rng.uniform(0, 3e-5)
    finer = shapely.segmentize(shape, 1e-4)
    return shapely.transform(finer, lambda xy: xy + depth * np.sin(frequency * xy[:, ::-1]))


@st.composite
def tilings(draw) -> tuple[np.ndarray, np.random.Generator]:
    """Voronoi cells in a square with wiggly shared edges."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    points = shapely.multipoints(rng.uniform((0, 0), (SIZE_DEG, SIZE_DEG), (draw(st.integers(3, 25)), 2)))
    frame = shapely.box(0, 0, SIZE_DEG, SIZE_DEG)
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=frame))
    clipped = shapely.coverage_clean(shapely.intersection(cells, frame), snapping_distance=1e-12)
    state = rng.bit_generator.state
    wiggled = []
    for cell in clipped:
        rng.bit_generator.state = state
        wiggled.append(_wiggly(cell, rng))
    moved = shapely.transform(np.array(wiggled), lambda xy: xy + np.array([WEST_DEG, SOUTH_DEG]))
    # A wiggle may be too wild for a small cell.
    assume(bool(shapely.is_valid(moved).all()) and bool(shapely.coverage_is_valid(moved)))
    assume(shapely.union_all(moved).geom_type == "Polygon" and not len(shapely.union_all(moved).interiors))
    return moved, rng


@settings(max_examples=50, deadline=None)
@given(tilings())
def test_an_exact_tiling_stays_one_with_fewer_nodes(tiling):
    shapes, _ = tiling
    overviews = shapely.from_wkb(overviews_of(_wkb(shapes), level=LEVEL))
    assert bool(shapely.is_valid(overviews).all())
    assert bool(shapely.coverage_is_valid(overviews))
    together = shapely.union_all(overviews)
    assert abs(shapely.area(overviews).sum() - together.area) <= 1e-9 * together.area
    assert together.geom_type == "Polygon"
    assert len(together.interiors) == 0
    assert shapely.get_num_coordinates(overviews).sum() < shapely.get_num_coordinates(shapes).sum()


def _bricks(rng: np.random.Generator, *, row_count: int = 4, brick_count: int = 5) -> np.ndarray:
    """Rows of bricks with crooked joints; a row has no nodes where the joints of the next meet it."""
    xs = np.linspace(0, SIZE_DEG, 61)
    courses = [
        np.column_stack([xs, np.full(61, row * SIZE_DEG / row_count) + rng.normal(0, 3e-5, 61)])
        for row in range(row_count + 1)
    ]
    bricks = []
    for row, (below, above) in enumerate(pairwise(courses)):
        # Joints stand between the nodes of the courses, in every row elsewhere.
        inner = (np.arange(1, brick_count) * 12 - 6 + 3 * (row % 2)).tolist()
        starts = [0, *inner, 60]
        for begin, end in pairwise(starts):
            lower = _between(below, begin, end)
            upper = _between(above, begin, end)
            bricks.append(shapely.Polygon([*lower, *upper[::-1]]))
    moved = shapely.transform(np.array(bricks), lambda xy: xy + np.array([WEST_DEG, SOUTH_DEG]))
    return np.asarray(moved)


def _between(course: np.ndarray, begin: int, end: int) -> list[np.ndarray]:
    """The course from joint to joint; joints at its ends are nodes of it, those within lie in its edges."""
    first = course[begin] if begin == 0 else (course[begin] + course[begin + 1]) / 2
    last = course[end] if end == len(course) - 1 else (course[end] + course[end + 1]) / 2
    return [first, *course[begin + 1 : end + 1 if end < len(course) - 1 else end], last]


@pytest.mark.parametrize("seed", range(6))
def test_where_only_one_neighbour_has_a_node_the_overviews_still_share_their_edges(seed):
    bricks = _bricks(np.random.default_rng(seed))
    assert bool(shapely.is_valid(bricks).all())
    assert not shapely.coverage_is_valid(bricks)
    overviews = shapely.from_wkb(overviews_of(_wkb(bricks), level=LEVEL))
    # Also node by node, which is how the map draws each shared edge once.
    assert bool(shapely.coverage_is_valid(overviews))
    assert shapely.get_num_coordinates(overviews).sum() < shapely.get_num_coordinates(bricks).sum()


@settings(max_examples=40, deadline=None)
@given(tilings(), st.sampled_from([-3e-4, 3e-4, 2e-3]))
def test_where_areas_overlap_or_leave_gaps_each_stays_valid_and_near_its_boundary(tiling, by_deg):
    shapes, rng = tiling
    damaged = np.array([each.buffer(by_deg if rng.random() < 0.5 else 0) for each in shapes], dtype=object)
    damaged = damaged[shapely.is_valid(damaged) & ~shapely.is_empty(damaged)]
    overviews = shapely.from_wkb(overviews_of(_wkb(damaged), level=LEVEL)) if len(damaged) else []
    # The tolerance is the root of the area that a node may be worth: a flat corner may be longer.
    reach = 6 * TOLERANCE_DEG[LEVEL]
    for before, after in zip(damaged, overviews, strict=True):
        assert after.is_valid
        assert not after.is_empty
        assert before.buffer(reach).covers(after)
        assert after.buffer(reach).covers(before)
