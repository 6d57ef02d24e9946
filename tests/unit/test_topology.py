"""Gaps, overlaps and the like: found, named and measured."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from gridmap.domain.topology import FindingKind, TopologyReport
from gridmap.importing.topology import check_topology

# Metres around Wuhan, as planners measure them: what tests draw in and what areas are compared with.
_PLANE = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:4547", always_xy=True)
_EAST, _NORTH = 527_000.0, 3_384_000.0


def wkb(shape: shapely.Geometry) -> bytes:
    return shapely.to_wkb(
        shapely.MultiPolygon([shape]) if shape.geom_type == "Polygon" else shape, byte_order=1
    )


def from_metres(shape: shapely.Geometry) -> shapely.Geometry:
    """A shape drawn in metres, in WGS-84."""
    return shapely.transform(
        shape,
        lambda x, y: _PLANE.transform(x + _EAST, y + _NORTH, direction="INVERSE"),
        interleaved=False,
    )


def square(column: int, row: int, *, size_m: float = 100.0) -> shapely.Polygon:
    return shapely.box(column * size_m, row * size_m, (column + 1) * size_m, (row + 1) * size_m)


def nine() -> dict[str, shapely.Geometry]:
    """Three by three squares of 100 m."""
    return {f"{column}{row}": square(column, row) for row in range(3) for column in range(3)}


def check(shapes: dict[str, shapely.Geometry], **options) -> TopologyReport:
    """Check shapes that were drawn in metres."""
    options.setdefault("tolerance_m", 0.1)
    return check_topology(
        [wkb(from_metres(shape)) for shape in shapes.values()], keys=list(shapes), **options
    )


def kinds(report: TopologyReport) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.kind.value, finding.members) for finding in report.findings]


def test_squares_that_share_their_edges_are_seamless():
    report = check(nine())
    assert report.is_seamless
    assert (report.checked_count, report.counts()) == (9, {})


def test_a_missing_square_is_a_gap_among_its_neighbours_with_its_true_size():
    shapes = nine()
    del shapes["11"]
    (gap,) = check(shapes).findings
    assert gap.kind is FindingKind.GAP
    assert gap.members == ("00", "01", "02", "10", "12", "20", "21", "22")
    assert gap.area_m2 == pytest.approx(10_000, rel=0.001)
    assert gap.width_m == pytest.approx(100, rel=0.01)
    assert shapely.from_wkb(gap.shape).contains(shapely.Point(gap.point_deg))


def test_an_overlap_names_both_areas_and_is_measured():
    shapes = nine()
    shapes["11"] = shapely.box(100, 100, 204, 200)
    (overlap,) = check(shapes).findings
    assert (overlap.kind, overlap.members) == (FindingKind.OVERLAP, ("11", "21"))
    assert overlap.area_m2 == pytest.approx(400, rel=0.001)
    assert overlap.width_m == pytest.approx(4, rel=0.01)


def test_the_same_square_twice_and_one_inside_another_overlap_by_all_of_it():
    shapes = {**nine(), "twin": square(0, 0), "inner": shapely.box(120, 120, 130, 130)}
    report = check(shapes)
    assert [(each.members, round(each.area_m2)) for each in report.findings] == [
        (("00", "twin"), pytest.approx(10_000, rel=0.001)),
        (("11", "inner"), 100),
    ]


def test_a_node_on_one_side_of_a_shared_edge_is_no_fault():
    """Also on an edge of ten kilometres, which a projection would bend by a metre."""
    left = shapely.Polygon([(114, 30), (114.1, 30.05), (114.05, 29.95)])
    middle = (114.05, 30.025)
    right = shapely.Polygon([(114, 30), middle, (114.1, 30.05), (114, 30.1)])
    assert check_topology([wkb(left), wkb(right)], keys=["l", "r"], tolerance_m=0.01).is_seamless


def test_a_gap_on_the_edge_of_the_parent_is_an_uncovered_part_and_one_inside_is_a_gap():
    shapes = nine()
    shapes["12"] = shapely.box(100, 200, 200, 297)
    del shapes["11"]
    parents = {"p": wkb(from_metres(shapely.box(0, 0, 300, 300)))}
    report = check(shapes, parents=parents, parent_of=["p"] * 8)
    assert report.counts() == {FindingKind.GAP: 1, FindingKind.UNCOVERED: 1}
    uncovered = report.findings[1]
    assert (uncovered.members, uncovered.parent) == (("02", "12", "22"), "p")
    assert uncovered.area_m2 == pytest.approx(300, rel=0.002)


def test_a_hole_outside_every_parent_is_nobodys_gap():
    shapes = nine()
    del shapes["11"]
    around = shapely.box(0, 0, 300, 300) - square(1, 1)
    report = check(shapes, parents={"p": wkb(from_metres(around))}, parent_of=["p"] * 8)
    assert report.is_seamless


def test_what_leaves_its_parent_is_found_also_where_it_lies_in_another_parent():
    shapes = {"a": shapely.box(0, 0, 105, 100), "b": shapely.box(105, 0, 200, 100)}
    parents = {
        "p": wkb(from_metres(shapely.box(0, 0, 100, 100))),
        "q": wkb(from_metres(shapely.box(100, 0, 200, 100))),
    }
    report = check(shapes, parents=parents, parent_of=["p", "q"])
    assert [(each.kind.value, each.members, each.parent) for each in report.findings] == [
        ("outside_parent", ("a",), "p")
    ]
    assert report.findings[0].area_m2 == pytest.approx(500, rel=0.001)


def test_thin_areas_and_thin_scraps_of_areas_are_slivers():
    shapes = nine()
    shapes["thin"] = shapely.box(0, 300, 300, 300.5)
    shapes["22"] = shapely.MultiPolygon([square(2, 2), shapely.box(400, 0, 400.3, 2)])
    slivers = check(shapes).only(FindingKind.SLIVER).findings
    assert [(each.members, round(each.width_m, 2)) for each in slivers] == [(("thin",), 0.5), (("22",), 0.3)]


@pytest.mark.parametrize(("width_m", "is_said"), [(0.05, False), (0.2, True)])
def test_what_is_narrower_than_the_tolerance_everywhere_is_not_said(width_m, is_said):
    shapes = {"a": shapely.box(0, 0, 100, 100), "b": shapely.box(100 - width_m, 0, 200, 100)}
    assert bool(check(shapes).findings) is is_said


def test_a_long_narrow_gap_with_a_wide_place_is_said():
    crack = shapely.box(100, 50, 100.02, 250) | shapely.box(100, 149, 101, 150)
    whole = shapely.box(0, 0, 200, 300)
    left, right = shapely.box(0, 0, 100, 300), shapely.box(100, 0, 200, 300) - crack
    (gap,) = check({"left": left, "right": right}).findings
    assert whole.contains(crack)
    assert gap.width_m == pytest.approx(1, rel=0.03)


def test_an_accepted_gap_is_counted_and_left_out_until_its_shape_changes():
    shapes = nine()
    del shapes["11"]
    (water,) = check(shapes).findings
    again = check(shapes, accepted={water.key})
    assert (again.findings, again.accepted_count) == ((), 1)
    shapes["12"] = shapely.box(100, 210, 200, 300)
    assert len(check(shapes, accepted={water.key}).findings) == 1


def test_only_findings_that_touch_the_asked_box_are_given():
    shapes = {**nine(), "far": square(10, 0), "farther": shapely.box(1_090, 0, 1_200, 100)}
    del shapes["11"]
    box = shapely.bounds(from_metres(shapely.box(0, 0, 300, 300)))
    assert kinds(check(shapes)) != kinds(check(shapes, extent=tuple(box)))
    assert check(shapes, extent=tuple(box)).counts() == {FindingKind.GAP: 1}


def test_an_island_in_a_hole_leaves_a_ring_of_a_gap():
    shapes = nine()
    shapes["11"] = shapely.box(120, 120, 180, 180)
    (gap,) = check(shapes).findings
    assert gap.area_m2 == pytest.approx(10_000 - 3_600, rel=0.001)
    assert "11" in gap.members


def test_no_areas_have_no_faults_and_wrong_input_is_named():
    assert check_topology([], keys=[], tolerance_m=0.1) == TopologyReport()
    bow_tie = shapely.to_wkb(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))
    with pytest.raises(ValueError, match="bow"):
        check_topology([bow_tie], keys=["bow"], tolerance_m=0.1)
    with pytest.raises(ValueError, match="one length"):
        check_topology([bow_tie], keys=[], tolerance_m=0.1)


def test_areas_in_far_parts_of_the_world_are_measured_truly():
    """A degree-sized square against the geodesic area of its outline."""
    geod = pyproj.Geod(ellps="WGS84")
    for lon, lat in ((87.6, 43.8), (121.5, 25.0), (109.5, 18.2)):
        whole, hole = (
            shapely.box(lon, lat, lon + 0.3, lat + 0.3),
            shapely.box(lon + 0.1, lat + 0.1, lon + 0.2, lat + 0.2),
        )
        (gap,) = check_topology([wkb(whole - hole)], keys=["a"], tolerance_m=0.1).findings
        true_m2 = abs(geod.geometry_area_perimeter(shapely.segmentize(hole, 0.001))[0])
        assert gap.area_m2 == pytest.approx(true_m2, rel=1e-4)


def test_random_damage_is_found_to_one_percent():
    rng = np.random.default_rng(11)
    for _ in range(10):
        shapes = nine()
        width_m, side = rng.uniform(0.3, 20), rng.integers(0, 2)
        east = 200 + (width_m if side else -width_m)
        shapes["11"] = shapely.box(100, 100, east, 200)
        (found,) = check(shapes).findings
        assert found.kind is (FindingKind.OVERLAP if side else FindingKind.GAP)
        assert found.area_m2 == pytest.approx(100 * width_m, rel=0.01)
        assert found.width_m == pytest.approx(width_m, rel=0.01)
