"""Micro-grids: every parcel cut between its houses until no piece holds too many households."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import shapely
from shapely import LineString, Polygon
from shapely.affinity import rotate

from .fabric import Fabric
from .site import Built, House, largest
from .town import HOMES

AIM_HOUSEHOLDS = 112
MOST_HOUSEHOLDS = 119
_CLEAR_M = 0.7
# Turns of the cutting line, in degrees from the compound's own axes, tried in this order.
_ANGLES = (0.0, 90.0)
_SLANTED = (6.0, -6.0, 84.0, 96.0, 14.0, -14.0, 76.0, 104.0, 28.0, -28.0, 62.0, 118.0)


@dataclass(slots=True)
class Cell:
    """A future micro-grid on the ground, before its edges are snapped to the degree grid."""

    polygon: Polygon
    parcel_index: int
    community: str
    dedicated: bool
    households: int
    name: str


@dataclass(slots=True)
class Cutting:
    """All cells and the straight lines that made them."""

    cells: list[Cell] = field(default_factory=list)
    lines: list[LineString] = field(default_factory=list)


def cut_all(fabric: Fabric, towns: list[Built]) -> Cutting:
    """Cut every parcel; parcels without homes stay whole as dedicated micro-grids."""
    cutting = Cutting()
    for index, (parcel, built) in enumerate(zip(fabric.parcels, towns, strict=True)):
        homes = parcel.plot.kind in HOMES
        pieces = (
            _split(parcel.cell, built.houses, parcel.axes.angle_deg, cutting.lines)
            if homes
            else [(parcel.cell, [])]
        )
        for polygon, inside in _joined(pieces):
            count = sum(house.households for house in inside)
            cutting.cells.append(Cell(polygon, index, parcel.community, not homes, count, parcel.plot.name))
    return cutting


def _split(
    cell: Polygon, houses: list[House], angle_deg: float, lines: list[LineString]
) -> list[tuple[Polygon, list[House]]]:
    total = sum(house.households for house in houses)
    if total <= MOST_HOUSEHOLDS:
        return [(cell, houses)]
    parts = max(2, math.ceil(total / AIM_HOUSEHOLDS))
    share = (parts // 2) / parts
    best: tuple[float, float, float] | None = None
    for angles in (_ANGLES, _SLANTED):
        for turn in angles:
            found = _best_gap(cell, houses, angle_deg + turn, total, share)
            if found is not None and (best is None or found[0] < best[0]):
                best = (found[0], angle_deg + turn, found[1])
        if best is not None and best[0] < 0.35:
            break
    if best is None:
        return [(cell, houses)]
    _, direction, offset = best
    line = _line(cell, direction, offset)
    lines.extend(part for part in shapely.get_parts(line.intersection(cell)) if part.length > 0.5)
    low, high = _halves(cell, direction, offset)
    result: list[tuple[Polygon, list[House]]] = []
    for part in (low, high):
        inside = [house for house in houses if part.contains(house.outline.representative_point())]
        result += _split(part, inside, angle_deg, lines)
    return result


def _joined(pieces: list[tuple[Polygon, list[House]]]) -> list[tuple[Polygon, list[House]]]:
    """Put small neighbours of one compound together again where the result is compact and not too large."""
    result = list(pieces)
    while True:
        options: list[tuple[float, int, int, Polygon]] = []
        counts = [sum(house.households for house in inside) for _, inside in result]
        for i, (first, _) in enumerate(result):
            for j in range(i + 1, len(result)):
                if counts[i] + counts[j] > MOST_HOUSEHOLDS or first.distance(result[j][0]) > 0.01:
                    continue
                both = shapely.union_all([first, result[j][0]], grid_size=0.001)
                if isinstance(both, Polygon) and both.area / both.convex_hull.area > 0.88:
                    options.append((counts[i] + counts[j], i, j, both))
        if not options:
            return result
        _, i, j, both = min(options, key=lambda option: option[:3])
        result[i] = (both, result[i][1] + result[j][1])
        del result[j]


def _best_gap(
    cell: Polygon, houses: list[House], direction: float, total: int, share: float
) -> tuple[float, float] | None:
    """The gap between houses, seen along ``direction``, that shares the homes best: (score, offset)."""
    origin = (cell.centroid.x, cell.centroid.y)
    spans: list[tuple[float, float, int]] = []
    for house in houses:
        turned = rotate(house.outline, -direction, origin=origin)
        spans.append((turned.bounds[1] - origin[1], turned.bounds[3] - origin[1], house.households))
    spans.sort()
    frame_box = rotate(cell, -direction, origin=origin).bounds
    across, along = frame_box[3] - frame_box[1], frame_box[2] - frame_box[0]
    best: tuple[float, float] | None = None
    reach, below = -math.inf, 0
    for low, high, count in spans:
        if below and low - reach > 2 * _CLEAR_M:
            score = abs(below / total - share) + 0.05 * max(0.0, along / max(across, 1.0) - 1.0)
            score += 0.25 * (min(below, total - below) < 30)
            if best is None or score < best[0] - 1e-9:
                best = (score, round((low + reach) / 2, 2))
        reach = max(reach, high)
        below += count
    return best


def _line(cell: Polygon, direction: float, offset: float) -> LineString:
    angle = math.radians(direction)
    ax, ay = math.cos(angle), math.sin(angle)
    px, py = cell.centroid.x - ay * offset, cell.centroid.y + ax * offset
    return LineString([(px - 2000 * ax, py - 2000 * ay), (px + 2000 * ax, py + 2000 * ay)])


def _halves(cell: Polygon, direction: float, offset: float) -> tuple[Polygon, Polygon]:
    line = _line(cell, direction, offset)
    (x0, y0), (x1, y1) = line.coords
    angle = math.radians(direction)
    nx, ny = -math.sin(angle) * 3000, math.cos(angle) * 3000
    above = Polygon([(x0, y0), (x1, y1), (x1 + nx, y1 + ny), (x0 + nx, y0 + ny)])
    return largest(cell.difference(above)), largest(cell.intersection(above))
