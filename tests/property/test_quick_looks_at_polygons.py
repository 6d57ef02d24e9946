"""The quick looks that spare good polygons a closer one: none that needs it may slip through."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
import shapely
from hypothesis import given

from gridmap.importing.checks import GeometryCheck, Shape, check_geometry
from gridmap.importing.datum import SourceCrs, parse_crs
from gridmap.importing.ground import GroundPlane, least_widths_m
from gridmap.importing.tables import GeometryArray

WGS84: SourceCrs = parse_crs("EPSG:4326", origin="said")


@st.composite
def polygons(draw: st.DrawFn) -> shapely.Geometry:
    """Valid boxes and triangles, with a hole, of two parts, turned either way, vertices repeated."""
    step_deg = draw(st.sampled_from([1e-6, 3e-6, 1e-4, 1e-2]))
    west, south = draw(
        st.sampled_from([(114.3, 30.6), (87.5, 43.8), (0.0, 0.0), (-70.0, -50.0), (20.0, 70.0)])
    )

    def at(x: float, y: float) -> tuple[float, float]:
        return west + x * step_deg, south + y * step_deg

    width, height = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    ring = [at(0, 0), at(width, 0), at(width, height), at(0, height)]
    if draw(st.booleans()):
        ring = ring[:3]
    hole = None
    if len(ring) == 4 and min(width, height) >= 3 and draw(st.booleans()):
        hole = [at(1, 1), at(width - 1, 1), at(width - 1, height - 1), at(1, height - 1)]
    start = draw(st.integers(0, len(ring) - 1))
    ring = ring[start:] + ring[:start]
    repeated = draw(st.integers(-1, len(ring) - 1))
    if repeated >= 0:
        ring.insert(repeated, ring[repeated])
    if draw(st.booleans()):
        ring.reverse()
    if hole is not None and draw(st.booleans()):
        hole.reverse()
    shape = shapely.Polygon(ring, [hole] if hole else None)
    if draw(st.booleans()):
        return shapely.MultiPolygon([shape, shapely.box(*at(10, 10), *at(12, 12), ccw=draw(st.booleans()))])
    return shape


def _array(shapes: list[shapely.Geometry]) -> GeometryArray:
    return np.array(shapes, dtype=object)


@given(st.lists(polygons(), min_size=1, max_size=8))
def test_every_polygon_is_stored_turned_and_without_repeated_points(shapes: list[shapely.Geometry]) -> None:
    checked = check_geometry(
        _array(shapes), np.arange(1, len(shapes) + 1), shape=Shape.POLYGON, crs=WGS84
    ).geometry
    for before, after in zip(shapes, checked, strict=True):
        thorough = shapely.orient_polygons(shapely.remove_repeated_points(before))
        parts = shapely.get_parts(thorough)
        assert shapely.to_wkb(after) == shapely.to_wkb(shapely.MultiPolygon(list(parts)))


@given(st.lists(polygons(), min_size=2, max_size=10))
def test_exactly_the_later_ones_of_the_same_ground_are_named(shapes: list[shapely.Geometry]) -> None:
    checked = check_geometry(_array(shapes), np.arange(1, len(shapes) + 1), shape=Shape.POLYGON, crs=WGS84)
    grounds = [shapely.to_wkb(shapely.normalize(shape)) for shape in checked.geometry]
    expected = {
        (place + 1, f"row {grounds.index(ground) + 1}")
        for place, ground in enumerate(grounds)
        if grounds.index(ground) != place
    }
    found = {(it.row_number, it.value) for it in checked.remarks if it.reason_code == "same_shape"}
    assert found == expected


@given(
    st.lists(polygons() | st.none() | st.just(shapely.Point(1, 1)), min_size=1, max_size=9), st.integers(1, 4)
)
def test_rows_checked_some_at_a_time_are_the_rows_checked_at_once(
    shapes: list[shapely.Geometry], count: int
) -> None:
    geometry, numbers = _array(shapes), np.arange(1, len(shapes) + 1)
    whole = check_geometry(geometry, numbers, shape=Shape.POLYGON, crs=WGS84)
    check = GeometryCheck(geometry, numbers, shape=Shape.POLYGON, crs=WGS84)
    blocks = [check.next_rows(count) for _ in range(0, len(shapes), count)]
    by_blocks = check.finish()
    assert shapely.to_wkb(np.concatenate(blocks)).tolist() == shapely.to_wkb(whole.geometry).tolist()
    assert shapely.to_wkb(by_blocks.geometry).tolist() == shapely.to_wkb(whole.geometry).tolist()
    for some, others in ((by_blocks.rejections, whole.rejections), (by_blocks.remarks, whole.remarks)):
        assert sorted(some, key=str) == sorted(others, key=str)


@given(polygons())
def test_no_polygon_is_thinner_than_its_least_width(shape: shapely.Geometry) -> None:
    shapes = _array([shape])
    metric = GroundPlane.around(shapes).in_metres(shapes)[0]
    assert least_widths_m(shapes)[0] <= 2 * metric.area / metric.length * 1.0001


@pytest.mark.parametrize("lat_deg", [0.0, 18.2, 30.6, 53.5, 75.0])
def test_the_least_width_of_a_square_is_at_least_its_share_of_the_parallel(lat_deg: float) -> None:
    side_deg = 1e-4
    square = _array([shapely.box(114.0, lat_deg, 114.0 + side_deg, lat_deg + side_deg)])
    metric = GroundPlane.around(square).in_metres(square)[0]
    # Not so careful that it spares nobody: half of 2A/P at the polar circle, nearly all of it in China.
    assert least_widths_m(square)[0] >= 0.97 * np.cos(np.radians(lat_deg)) * 2 * metric.area / metric.length
