"""The demo's land: areas tile exactly, codes nest, no building is cut, one can walk everywhere."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from gridmap.domain.area_codes import AreaLevel, level_of, parent_code

DEMO = Path(__file__).parents[2] / "geodata" / "demo"
LAYERS = ("areas", "compounds", "buildings", "streets", "landcover", "gates", "service_points", "zones")
ONE_CENTIMETRE_DEG = 1e-7


@cache
def features(layer: str) -> list[tuple[dict[str, Any], BaseGeometry]]:
    collection = json.loads((DEMO / f"{layer}.geojson").read_text(encoding="utf-8"))
    return [(feature["properties"], shape(feature["geometry"])) for feature in collection["features"]]


def areas(level: str) -> dict[str, BaseGeometry]:
    return {row["code"]: geometry for row, geometry in features("areas") if row["level"] == level}


@pytest.mark.parametrize("layer", LAYERS)
def test_every_geometry_is_valid_and_has_seven_decimals(layer: str) -> None:
    rows = features(layer)
    assert rows
    for row, geometry in rows:
        assert geometry.is_valid, row
        assert not geometry.is_empty, row
        coordinates = shapely.get_coordinates(geometry)
        assert (coordinates.round(7) == coordinates).all(), row


def test_the_subdistrict_is_where_and_as_large_as_it_says() -> None:
    meta = json.loads((DEMO / "subdistrict.json").read_text(encoding="utf-8"))
    (whole,) = areas("subdistrict").values()
    assert meta["notice"] == "示意数据"
    assert tuple(meta["bbox"]) == whole.bounds
    assert whole.contains(shapely.Point(meta["centre"]))
    assert 3.0 <= meta["area_km2"] <= 4.0
    assert whole.distance(shapely.Point(114.30, 30.55)) == 0


def test_there_are_as_many_areas_as_a_real_subdistrict_has() -> None:
    counts = Counter(row["level"] for row, _ in features("areas"))
    assert counts["subdistrict"] == 1
    assert counts["community"] == 11
    assert 55 <= counts["grid"] <= 70
    assert 250 <= counts["micro_grid"] <= 335
    assert 2_800 <= len(features("buildings")) <= 3_200


def test_codes_fit_their_level_and_nest_in_their_parents() -> None:
    codes = {row["code"]: row for row, _ in features("areas")}
    assert len(codes) == len(features("areas"))
    for code, row in codes.items():
        assert level_of(code) == AreaLevel(row["level"])
        assert row["parent_code"] == parent_code(code)
        assert row["parent_code"] is None or row["parent_code"] in codes


def test_sequences_of_grids_and_micro_grids_have_no_holes() -> None:
    grids = defaultdict(list)
    for code in areas("grid"):
        grids[code[:12]].append(int(code[12:14]))
    for numbers in grids.values():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert {code[:14] for code in areas("micro_grid")} == {code[:14] for code in areas("grid")}


def test_micro_grids_tile_without_gap_or_overlap() -> None:
    parts = list(areas("micro_grid").values())
    (whole,) = areas("subdistrict").values()
    assert shapely.coverage_is_valid(parts)
    assert shapely.union_all(parts).equals(whole)
    assert shapely.area(parts).sum() == pytest.approx(whole.area, rel=1e-12)


@pytest.mark.parametrize("level", ["community", "grid"])
def test_every_larger_area_is_the_exact_union_of_its_parts(level: str) -> None:
    parts: dict[str, list[BaseGeometry]] = defaultdict(list)
    for code, geometry in areas("micro_grid").items():
        parts[code[:12] if level == "community" else code[:14] + "0"].append(geometry)
    for code, geometry in areas(level).items():
        assert shapely.union_all(parts[code]).equals(geometry), code
        assert len(shapely.get_parts(geometry)) == 1, code
    assert shapely.coverage_is_valid(list(areas(level).values()))


def test_every_building_belongs_to_one_micro_grid_and_none_is_cut() -> None:
    codes, polygons = zip(*areas("micro_grid").items(), strict=True)
    tree = shapely.STRtree(polygons)
    for row, footprint in features("buildings"):
        inside = tree.query(footprint.representative_point(), predicate="within")
        assert len(inside) == 1, row["code"]
        outside = footprint.difference(polygons[inside[0]].buffer(ONE_CENTIMETRE_DEG))
        assert outside.area == 0, (row["code"], codes[inside[0]])


def test_counts_of_areas_are_sums_of_their_buildings() -> None:
    codes, polygons = zip(*areas("micro_grid").items(), strict=True)
    tree = shapely.STRtree(polygons)
    homes: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for row, footprint in features("buildings"):
        code = codes[int(tree.query(footprint.representative_point(), predicate="within")[0])]
        for part in {code, code[:14] + "0", code[:12], code[:9]}:
            homes[part] += row["household_count"]
            people[part] += row["resident_count"]
    for row, _ in features("areas"):
        assert (row["household_count"], row["resident_count"]) == (homes[row["code"]], people[row["code"]])


def test_sizes_follow_the_rules_for_grids() -> None:
    for row, _ in features("areas"):
        homes = row["household_count"]
        if row["kind"] == "dedicated":
            assert homes == 0, row["code"]
        elif row["level"] == "micro_grid":
            assert 30 <= homes <= 120, row["code"]
        elif row["level"] == "grid":
            assert 300 <= homes <= 500, row["code"]
        elif row["level"] == "community":
            assert 1_900 <= homes <= 3_500, row["code"]


def test_zones_cover_every_micro_grid_exactly_once() -> None:
    zones = [geometry for _, geometry in features("zones")]
    (whole,) = areas("subdistrict").values()
    assert shapely.coverage_is_valid(zones)
    assert shapely.union_all(zones).equals(whole)
    owners = Counter()
    for micro_grid in areas("micro_grid").values():
        (zone,) = [i for i, z in enumerate(zones) if z.contains(micro_grid.representative_point())]
        owners[zone] += 1
    assert max(owners.values()) <= 3
    assert len(owners) == len(zones)


def test_one_can_walk_from_everywhere_to_everywhere() -> None:
    parent: dict[tuple[float, float], tuple[float, float]] = {}

    def root(vertex: tuple[float, float]) -> tuple[float, float]:
        parent.setdefault(vertex, vertex)
        while parent[vertex] != vertex:
            vertex = parent[vertex]
        return vertex

    for _, line in features("streets"):
        parent[root(line.coords[0])] = root(line.coords[-1])
    assert len({root(vertex) for vertex in parent}) == 1


def test_walks_cross_only_at_their_ends() -> None:
    lines = [line for _, line in features("streets")]
    tree = shapely.STRtree(lines)
    crossing = [(i, j) for i, j in zip(*tree.query(lines, predicate="crosses"), strict=True) if i < j]
    assert crossing == []


def test_streets_have_names_widths_and_every_kind_of_walk() -> None:
    kinds = Counter(row["kind"] for row, _ in features("streets"))
    assert kinds.keys() == {"main", "secondary", "minor", "footway", "steps", "gate_link"}
    for row, _ in features("streets"):
        assert row["width_m"] > 0
        assert row["name"] or row["kind"] in ("footway", "steps", "gate_link")


def test_every_compound_has_a_gate_and_gates_stand_on_walks() -> None:
    gates = defaultdict(list)
    for row, point in features("gates"):
        gates[row["compound_code"]].append(point)
    vertices = {vertex for _, line in features("streets") for vertex in line.coords}
    near = shapely.STRtree([shapely.Point(vertex) for vertex in vertices])
    for row, _ in features("compounds"):
        assert gates[row["code"]], row["name"]
        for point in gates[row["code"]]:
            assert near.query_nearest(point, return_distance=True)[1][0] < 2e-6


def test_homes_have_plausible_people() -> None:
    for row, _ in features("buildings"):
        if row["household_count"]:
            assert row["kind"] == "residential"
            assert 1.5 <= row["resident_count"] / row["household_count"] <= 3.6
        else:
            assert row["resident_count"] == row["elderly_count"] == 0
        assert 0 <= row["elderly_count"] <= row["resident_count"]
        assert row["ebike_count"] >= 0
        assert row["address"]
        assert 1 <= row["floor_count"] <= 33


def test_no_two_houses_stand_on_each_other() -> None:
    footprints = [geometry for _, geometry in features("buildings")]
    tree = shapely.STRtree(footprints)
    half_a_square_metre_deg2 = 0.5 / 96_000 / 111_000
    pairs = [(i, j) for i, j in zip(*tree.query(footprints, predicate="overlaps"), strict=True) if i < j]
    assert [
        (i, j) for i, j in pairs if footprints[i].intersection(footprints[j]).area > half_a_square_metre_deg2
    ] == []


def test_names_of_communities_come_in_reading_order() -> None:
    rows = [(row["code"], row["name"]) for row, _ in features("areas") if row["level"] == "community"]
    assert [int(code[9:]) for code, _ in rows] == list(range(1, 12))
    assert all(a < b for a, b in pairwise(code for code, _ in rows))
