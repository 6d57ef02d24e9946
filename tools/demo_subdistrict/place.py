"""The finished place: everything drawn, counted, coded and addressed, before it is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from shapely import Point, STRtree

from . import addresses, cells, fabric, frame, network, population, tiling, town
from .addresses import Address
from .plan_names import COMMUNITIES, COMPOUND_KIND
from .site import Built, House
from .tiling import MicroGrid


@dataclass(slots=True)
class Building:
    """A house with its code, its compound, its micro-grid and its address."""

    code: str
    house: House
    parcel_index: int
    compound_code: str | None
    micro_grid_code: str
    address: Address
    middle: Point


@dataclass(slots=True)
class Place:
    """The subdistrict as drawn."""

    fabric: fabric.Fabric
    towns: list[Built]
    micro_grids: list[MicroGrid]
    links: list[network.Link]
    buildings: list[Building]
    compound_codes: dict[int, str]
    _tree: STRtree

    def micro_grid_at(self, spot: Point) -> MicroGrid:
        """The micro-grid on whose ground cell a place lies, or the nearest one."""
        return self.micro_grids[int(self._tree.nearest(spot))]


def draw() -> Place:
    """Draw the whole place; the same seed gives the same place."""
    ground = fabric.build()
    towns = town.lay_out(ground)
    population.settle(towns)
    cutting = cells.cut_all(ground, towns)
    town.add_shops(towns, cutting.lines)
    population.busy(towns)
    micro_grids = tiling.snapped(cutting.cells)
    tiling.assign(micro_grids, list(COMMUNITIES))
    micro_grids.sort(key=lambda m: m.code)
    cells_on_ground = [m.cell.polygon for m in micro_grids]
    codes = _compound_codes(towns, micro_grids)
    buildings = _buildings(towns, micro_grids, codes)
    return Place(
        ground, towns, micro_grids, network.build(ground, towns), buildings, codes, STRtree(cells_on_ground)
    )


def _compound_codes(towns: list[Built], micro_grids: list[MicroGrid]) -> dict[int, str]:
    """Compounds are numbered in the order of their first micro-grid."""
    first: dict[int, str] = {}
    for micro_grid in micro_grids:
        first.setdefault(micro_grid.cell.parcel_index, micro_grid.code)
    wanted = [i for i, built in enumerate(towns) if built.parcel.plot.kind in COMPOUND_KIND]
    ordered = sorted(wanted, key=lambda i: (first[i], i))
    return {index: f"XQ{number:03d}" for number, index in enumerate(ordered, start=1)}


def _buildings(towns: list[Built], micro_grids: list[MicroGrid], codes: dict[int, str]) -> list[Building]:
    tree = STRtree([m.boundary for m in micro_grids])
    numbers = addresses.assign(towns)
    rows: list[Building] = []
    for index, built in enumerate(towns):
        for house in built.houses:
            outline = frame.rounded(frame.to_degrees(house.outline))
            middle = frame.rounded(outline.representative_point())
            inside = tree.query(middle, predicate="within")
            if len(inside) > 1:
                raise ValueError(f"a house of {built.parcel.plot.name} lies in several micro-grids")
            # The landing stage stands in the river, outside every micro-grid.
            position = int(inside[0]) if len(inside) else int(tree.nearest(middle))
            rows.append(
                Building(
                    "", house, index, codes.get(index), micro_grids[position].code, numbers[id(house)], middle
                )
            )
    rows.sort(key=lambda row: (row.micro_grid_code, row.compound_code or "", -row.middle.y, row.middle.x))
    for number, row in enumerate(rows, start=1):
        row.code = f"LD{number:05d}"
    return rows


def cut_buildings(place: Place) -> list[str]:
    """Codes of buildings whose footprint crosses an edge of a micro-grid by more than a square metre."""
    degrees = [m.boundary for m in place.micro_grids]
    tree = STRtree(degrees)
    result: list[str] = []
    for row in place.buildings:
        outline = frame.to_degrees(row.house.outline)
        touched = tree.query(outline, predicate="intersects")
        inside = [degrees[i].intersection(outline).area / outline.area for i in touched]
        if inside and max(inside) < 0.995:
            result.append(row.code)
    return result


def households_by(place: Place, length: int) -> Counter[str]:
    """Households by the first characters of the micro-grid codes."""
    counts: Counter[str] = Counter()
    for row in place.buildings:
        counts[row.micro_grid_code[:length]] += row.house.households
    return counts
