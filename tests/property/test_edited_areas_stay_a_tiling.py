"""Whatever is drawn, areas that tiled the ground still do: the same ground, no gap, no overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.importing.editing import (
    EditRefused,
    Scale,
    Shapes,
    draw,
    merge,
    move_corners,
    reshape,
    snapped,
    split,
    with_shared_nodes,
)
from tests.factories import CELL_DEG, NORTH_DEG, WEST_DEG, cell

COLUMNS, ROWS = 3, 3
SCALE = Scale.at(NORTH_DEG)
# Where somebody might click: anywhere on and a little around the ground, often on a corner or an edge.
STEPS = st.integers(-4, 4 * COLUMNS + 4)


def _tiling() -> Shapes:
    return {
        f"{column}{row}": shapely.MultiPolygon([cell(column, row)])
        for column in range(COLUMNS)
        for row in range(ROWS)
    }


GROUND = shapely.union_all(list(_tiling().values()))


@dataclass(frozen=True)
class Stroke:
    """One thing that somebody does: which tool, on which areas, along which clicks."""

    tool: str
    which: tuple[int, int]
    clicks: tuple[tuple[float, float], ...]


@st.composite
def strokes(draw_from: st.DrawFn) -> Stroke:
    offset = st.floats(-0.4, 0.4).map(lambda x: round(x, 3))
    axis = st.tuples(STEPS, offset).map(lambda pair: (pair[0] + pair[1]) / 4 * CELL_DEG)
    points = draw_from(st.lists(st.tuples(axis, axis), min_size=2, max_size=5))
    return Stroke(
        draw_from(st.sampled_from(["split", "merge", "move", "reshape", "draw"])),
        draw_from(st.tuples(st.integers(0, 20), st.integers(0, 20))),
        tuple((WEST_DEG + east, NORTH_DEG - south) for east, south in points),
    )


def _apply(shapes: Shapes, stroke: Stroke, new_key: str) -> Shapes:
    keys = sorted(shapes)
    one, other = (keys[index % len(keys)] for index in stroke.which)
    if stroke.tool == "merge":
        if one == other:
            raise EditRefused("not_neighbours")
        merged = merge([shapes[one], shapes[other]])
        return {key: shape for key, shape in shapes.items() if key != other} | {one: merged}
    if stroke.tool == "move":
        corners = shapely.get_coordinates(shapes[one])
        start = tuple(map(float, corners[stroke.which[1] % len(corners)]))
        if shapely.Point(start).intersects(GROUND.boundary):
            raise EditRefused("outer border")  # it may move, but the ground then changes by intent
        return shapes | move_corners(shapes, [(start, stroke.clicks[0])])
    points, with_nodes = snapped(shapes, stroke.clicks, tolerance_m=3)
    noded = shapes | with_nodes
    if len(points) < 2:
        raise EditRefused("line_does_not_cross")
    line = shapely.LineString(points)
    if stroke.tool == "split":
        first, *others = split(noded[one], line)
        return noded | {one: first} | {f"{new_key}{n}": piece for n, piece in enumerate(others)}
    if stroke.tool == "reshape":
        return noded | reshape(noded, one, line, within=GROUND)
    if len(points) < 3:
        raise EditRefused("line_does_not_cross")
    return noded | draw(noded, new_key, shapely.Polygon(points), within=GROUND)


def _assert_tiles(shapes: Shapes) -> None:
    geometries = np.array(list(shapes.values()), dtype=object)
    assert shapely.is_valid(geometries).all()
    union = shapely.union_all(geometries)
    metres2 = SCALE.lon_m * SCALE.lat_m
    assert shapely.symmetric_difference(union, GROUND).area * metres2 <= 1e-6
    # No overlap: areas add up to their union.
    assert abs(shapely.area(geometries).sum() - union.area) * metres2 <= 1e-6


@settings(max_examples=120, deadline=None)
@given(st.lists(strokes(), min_size=1, max_size=10))
def test_any_sequence_of_edits_keeps_the_ground_whole(sequence: list[Stroke]) -> None:
    shapes = _tiling()
    for number, stroke in enumerate(sequence):
        try:
            shapes = with_shared_nodes(_apply(shapes, stroke, f"n{number}"))
        except EditRefused:
            continue
        try:
            _assert_tiles(shapes)
        except AssertionError:
            print(stroke)
            raise
        assert shapely.coverage_is_valid(np.array(list(shapes.values()), dtype=object))


@given(st.integers(0, COLUMNS - 1), st.integers(0, ROWS - 1), st.floats(0.05, 0.95))
def test_a_corner_on_a_neighbours_edge_becomes_the_neighbours_corner(
    column: int, row: int, share: float
) -> None:
    shapes = _tiling()
    key = f"{column}{row}"
    west, south, east, north = shapes[key].bounds
    across = west + share * (east - west)
    line = shapely.LineString([(across, south - 1e-4), (across, north + 1e-4)])
    pieces = split(shapes[key], line)
    assert len(pieces) == 2
    shapes |= {key: pieces[0], "new": pieces[1]}
    noded = with_shared_nodes(shapes)
    assert shapely.coverage_is_valid(np.array(list(noded.values()), dtype=object))
    for name, shape in noded.items():
        assert shapely.symmetric_difference(shape, shapes[name]).area < 1e-17


@pytest.mark.parametrize("degrees", [30.0, 0.0, 53.5])
def test_areas_are_measured_to_a_thousandth(degrees: float) -> None:
    from pyproj import Geod

    square = shapely.box(114.3, degrees, 114.31, degrees + 0.01)
    true_m2 = abs(Geod(ellps="WGS84").geometry_area_perimeter(square)[0])
    assert Scale.of([square]).area_m2(square) == pytest.approx(true_m2, rel=1e-4)
