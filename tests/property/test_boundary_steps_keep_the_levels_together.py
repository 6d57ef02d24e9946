"""Whatever steps are taken, micro-grids tile the ground and grids stay the ground of their micro-grids."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.domain.area_codes import level_of, parent_code
from gridmap.domain.boundary_edits import (
    EditCommand,
    EditedArea,
    Merge,
    MoveCorners,
    Reshape,
    Split,
    Transfer,
)
from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.importing.editing import Scale
from gridmap.use_cases.boundary_steps import Drawing, carry_out, with_codes
from tests.factories import CELL_DEG, NORTH_DEG, SUBDISTRICT, WEST_DEG, cell

COMMUNITY = f"{SUBDISTRICT}001"
GRIDS = [f"{COMMUNITY}0{number}0" for number in (1, 2)]
SCALE = Scale.at(NORTH_DEG)
LEAST_M2 = 1e-4


def _area(code: str, shape: shapely.Polygon) -> EditedArea:
    return EditedArea(
        key=code,
        level=level_of(code).value,
        code=code,
        name=code,
        name_en=None,
        parent_key=parent_code(code),
        base_id=1,
        boundary=shapely.to_wkb(shapely.MultiPolygon([shape])),
    )


def _ground() -> list[EditedArea]:
    """Two grids side by side, each two by two micro-grids."""
    areas = [_area(code, cell(0, 0, columns=4, rows=2)) for code in (SUBDISTRICT, COMMUNITY)]
    for index, grid in enumerate(GRIDS):
        areas.append(_area(grid, cell(2 * index, 0, columns=2, rows=2)))
        areas += [
            _area(f"{grid[:14]}{number + 1}", cell(2 * index + number % 2, number // 2))
            for number in range(4)
        ]
    return areas


@st.composite
def commands(draw: st.DrawFn) -> tuple[str, int, int, tuple[tuple[float, float], ...]]:
    quarter = st.integers(-2, 18).map(lambda step: step / 4 * CELL_DEG)
    points = draw(st.lists(st.tuples(quarter, quarter), min_size=2, max_size=4))
    return (
        draw(st.sampled_from(["split", "merge", "move", "reshape", "transfer", "split grid", "merge grids"])),
        draw(st.integers(0, 40)),
        draw(st.integers(0, 40)),
        tuple((WEST_DEG + east, NORTH_DEG - south / 2) for east, south in points),
    )


def _command(drawing: Drawing, drawn: tuple[str, int, int, tuple[tuple[float, float], ...]]) -> EditCommand:
    tool, first, second, line = drawn
    micro_grids = sorted(drawing.level("micro_grid"))
    grids = sorted(drawing.level("grid"))
    one, other = micro_grids[first % len(micro_grids)], micro_grids[second % len(micro_grids)]
    if tool == "split":
        return Split(key=one, line=line, snap_m=3)
    if tool == "split grid":
        return Split(key=grids[first % len(grids)], line=line, snap_m=3)
    if tool == "merge":
        return Merge(keys=(one, other))
    if tool == "merge grids":
        return Merge(keys=(grids[first % len(grids)], grids[second % len(grids)]))
    if tool == "reshape":
        return Reshape(key=one, line=line, snap_m=3)
    if tool == "transfer":
        return Transfer(key=one, parent_key=grids[second % len(grids)])
    corners = shapely.get_coordinates(drawing.shapes[one])
    start = corners[second % len(corners)]
    return MoveCorners(level="micro_grid", moves=(((float(start[0]), float(start[1])), line[0]),))


def _assert_levels_agree(drawing: Drawing) -> None:
    micro_grids = drawing.level("micro_grid")
    shapes = np.array(list(micro_grids.values()), dtype=object)
    assert shapely.is_valid(shapes).all()
    whole = shapely.union_all(shapes)
    m2 = SCALE.lon_m * SCALE.lat_m
    assert abs(shapely.area(shapes).sum() - whole.area) * m2 < LEAST_M2
    parts: dict[str, list[shapely.Geometry]] = defaultdict(list)
    for level in ("micro_grid", "grid", "community"):
        for key, shape in drawing.level(level).items():
            parts[drawing.areas[key].parent_key or ""].append(shape)
    for key, below in parts.items():
        gap = shapely.symmetric_difference(shapely.union_all(below), drawing.shapes[key])
        assert gap.area * m2 < LEAST_M2, key
    codes = [area.code for area in with_codes(drawing.areas, set()).values() if not area.is_ended]
    assert len(codes) == len(set(codes))


@settings(max_examples=80, deadline=None)
@given(st.lists(commands(), min_size=1, max_size=8))
def test_any_sequence_of_steps_keeps_the_levels_together(
    sequence: list[tuple[str, int, int, tuple[tuple[float, float], ...]]],
) -> None:
    drawing = Drawing.of(_ground())
    for drawn in sequence:
        try:
            changed = carry_out(drawing, _command(drawing, drawn), used_codes=set())
        except (InvalidInput, NotFound):
            continue
        drawing = drawing.after(changed)
        _assert_levels_agree(drawing)
