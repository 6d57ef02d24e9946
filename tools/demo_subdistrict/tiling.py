"""From cells to areas: one snapped linework, grids as groups of neighbours, codes in reading order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon, STRtree
from shapely.ops import polygonize

from gridmap.domain.area_codes import grid_code, micro_grid_code, reading_order

from . import frame
from .cells import Cell

AIM_PER_GRID = 400
LEAST_PER_GRID, MOST_PER_GRID = 300, 500
SUBDISTRICT_CODE = "420106099"


@dataclass(slots=True)
class MicroGrid:
    """A finished micro-grid: its cell, its polygon in degrees on the 1e-7 lattice, its codes."""

    cell: Cell
    boundary: Polygon
    grid_index: int = -1
    code: str = ""

    @property
    def grid_code(self) -> str:
        """The code of the grid it belongs to."""
        return self.code[:14] + "0"


@dataclass(frozen=True, slots=True)
class Community:
    """A community of the plan; the order of the table is the reading order of the codes."""

    key: str
    name: str
    name_en: str
    code: str


def snapped(cells: list[Cell]) -> list[MicroGrid]:
    """Put all cell edges on the degree lattice together, so that neighbours keep identical vertices."""
    rings = [frame.to_degrees(cell.polygon.exterior) for cell in cells]
    lines = shapely.unary_union(
        shapely.MultiLineString([list(ring.coords) for ring in rings]), grid_size=frame.GRID_DEG
    )
    faces = [shapely.transform(face, lambda xy: np.round(xy, frame.DECIMALS)) for face in polygonize(lines)]
    owners = [frame.to_degrees(cell.polygon) for cell in cells]
    tree = STRtree(owners)
    shares: list[list[Polygon]] = [[] for _ in cells]
    for face in faces:
        spot = face.representative_point()
        around = sorted(tree.query(spot.buffer(2e-6), predicate="intersects"))
        within = [i for i in around if owners[i].contains(spot)]
        shares[(within or around)[0]].append(face)
    shares = _without_crumbs(shares)
    return [MicroGrid(cell, merged(parts)) for cell, parts in zip(cells, shares, strict=True)]


def _without_crumbs(shares: list[list[Polygon]]) -> list[list[Polygon]]:
    """Give faces that snapping cut off from their cell to the neighbour with the longest common edge."""
    kept: list[list[Polygon]] = []
    crumbs: list[Polygon] = []
    for parts in shares:
        pieces = sorted(shapely.get_parts(shapely.coverage_union_all(parts)), key=lambda piece: -piece.area)
        kept.append([part for part in parts if pieces[0].contains(part.representative_point())])
        crumbs += [part for part in parts if not pieces[0].contains(part.representative_point())]
    for crumb in crumbs:
        edges = [max(part.exterior.intersection(crumb.exterior).length for part in parts) for parts in kept]
        kept[edges.index(max(edges))].append(crumb)
    return kept


def _neighbours(members: list[MicroGrid]) -> list[dict[int, float]]:
    """For each member, its neighbours and the length in metres of the shared edge."""
    polygons = [member.cell.polygon for member in members]
    tree = STRtree(polygons)
    result: list[dict[int, float]] = [{} for _ in members]
    for i, j in zip(*tree.query(polygons, predicate="dwithin", distance=0.3), strict=True):
        if i < j:
            shared = polygons[i].buffer(0.3).intersection(polygons[j].exterior).length
            if shared > 8:
                result[int(i)][int(j)] = result[int(j)][int(i)] = shared
    return result


class _Grouping:
    """Groups of neighbouring cells with about equal households, improved one cell at a time."""

    def __init__(self, members: list[MicroGrid], group_count: int, rng: np.random.Generator) -> None:
        self.members = members
        self.near = _neighbours(members)
        self.homes = [member.cell.households for member in members]
        self.group_count = group_count
        self.rng = rng
        self.group = self._grow()

    def _grow(self) -> list[int]:
        centres = np.array([(m.cell.polygon.centroid.x, m.cell.polygon.centroid.y) for m in self.members])
        seeds = [int(np.lexsort((centres[:, 0], -centres[:, 1]))[0])]
        while len(seeds) < self.group_count:
            gaps = np.min(np.linalg.norm(centres[:, None] - centres[seeds][None], axis=2), axis=1)
            gaps[[i for i, count in enumerate(self.homes) if not count]] = 0
            seeds.append(int(np.argmax(np.round(gaps, 3))))
        group = [-1] * len(self.members)
        for number, seed in enumerate(seeds):
            group[seed] = number
        while -1 in group:
            totals = self._totals(group)
            options = [
                (totals[group[i]], -edge, i, j)
                for i, edges in enumerate(self.near)
                if group[i] >= 0
                for j, edge in edges.items()
                if group[j] < 0
            ]
            if not options:
                raise ValueError("a community is not in one piece")
            _, _, i, j = min(options)
            group[j] = group[i]
        return group

    def _totals(self, group: list[int]) -> list[int]:
        totals = [0] * self.group_count
        for number, count in zip(group, self.homes, strict=True):
            if number >= 0:
                totals[number] += count
        return totals

    def _cost(self, group: list[int]) -> float:
        cost = 0.0
        for total in self._totals(group):
            cost += ((total - AIM_PER_GRID) / 40.0) ** 2
            cost += 15.0 * max(0, LEAST_PER_GRID - total, total - MOST_PER_GRID) / 10.0
        for i, edges in enumerate(self.near):
            for j, length in edges.items():
                if i < j and group[i] != group[j]:
                    same = self.members[i].cell.parcel_index == self.members[j].cell.parcel_index
                    cost += length / 100.0 * (2.2 if same else 0.5)
        return cost

    def _connected(self, group: list[int], number: int) -> bool:
        inside = [i for i, own in enumerate(group) if own == number]
        if not inside:
            return False
        seen, queue = {inside[0]}, [inside[0]]
        while queue:
            for j in self.near[queue.pop()]:
                if group[j] == number and j not in seen:
                    seen.add(j)
                    queue.append(j)
        return len(seen) == len(inside)

    def improve(self, rounds: int = 4000) -> list[int]:
        """Anneal; returns the group of each member."""
        best, best_cost = list(self.group), self._cost(self.group)
        current, current_cost = list(best), best_cost
        for step in range(rounds):
            heat = 3.0 * (1 - step / rounds) ** 2 + 1e-6
            i = int(self.rng.integers(len(self.members)))
            others = sorted({current[j] for j in self.near[i]} - {current[i]})
            if not others:
                continue
            trial = list(current)
            trial[i] = others[int(self.rng.integers(len(others)))]
            if not self._connected(trial, current[i]):
                continue
            cost = self._cost(trial)
            if cost < current_cost or self.rng.random() < np.exp((current_cost - cost) / heat):
                current, current_cost = trial, cost
                if cost < best_cost - 1e-9:
                    best, best_cost = list(trial), cost
        return best


def assign(micro_grids: list[MicroGrid], communities: list[Community]) -> None:
    """Group each community's micro-grids into grids and give every one its code."""
    for number, community in enumerate(communities):
        members = [m for m in micro_grids if m.cell.community == community.key]
        homes = sum(m.cell.households for m in members)
        count = max(1, round(homes / AIM_PER_GRID))
        grouping = _Grouping(members, count, np.random.default_rng([frame.SEED, 3, number]))
        for member, group in zip(members, grouping.improve(), strict=True):
            member.grid_index = group
        _number(members, community.code)


def _number(members: list[MicroGrid], community_code: str) -> None:
    groups = sorted({member.grid_index for member in members})
    middles = [
        shapely.union_all([m.cell.polygon for m in members if m.grid_index == group], grid_size=0.01).centroid
        for group in groups
    ]
    for order, position in enumerate(reading_order([(p.x, p.y) for p in middles], row_height=180.0), start=1):
        code = grid_code(community_code, order)
        inside = [m for m in members if m.grid_index == groups[position]]
        spots = [m.cell.polygon.centroid for m in inside]
        for k, index in enumerate(reading_order([(p.x, p.y) for p in spots], row_height=60.0), start=1):
            inside[index].code = micro_grid_code(code, k)


def merged(parts: list[Polygon]) -> Polygon:
    """The union of neighbours on the lattice: every vertex of theirs that lies on the outside stays."""
    whole = shapely.coverage_union_all(parts)
    if not isinstance(whole, Polygon):
        raise ValueError(f"an area of {len(parts)} parts is not in one piece")
    return shapely.normalize(whole)
