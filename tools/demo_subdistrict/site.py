"""A building site: one parcel in its own axes, with the moves that every kind of layout makes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from .fabric import PAVEMENT_M, Parcel

# Shops along a street are this deep; flats behind them start further back.
SHOP_DEPTH_M = 8.5
BEHIND_SHOPS_M = 15.0


@dataclass(slots=True)
class House:
    """One building; ``outline`` in ground metres, ``flats_per_floor`` 0 where nobody lives.

    The counts of people come later (:mod:`.population`).
    """

    outline: Polygon
    role: str
    kind: str
    floors: int
    flats_per_floor: int = 0
    name: str = ""
    households: int = 0
    residents: int = 0
    elderly: int = 0
    ebikes: int = 0


@dataclass(slots=True)
class Walk:
    """A footway in ground metres; ``kind`` footway, steps or gate_link."""

    line: LineString
    kind: str
    width_m: float
    name: str = ""
    name_en: str = ""


@dataclass(slots=True)
class Cover:
    """A patch of green, plaza, court or sports ground in ground metres."""

    shape: Polygon
    kind: str
    name: str = ""
    name_en: str = ""


@dataclass(slots=True)
class Built:
    """What the layout of one parcel yields."""

    parcel: Parcel
    houses: list[House] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    gates: list[Point] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a house in a row."""

    row: int
    x: float
    y: float
    width: float


Interval = tuple[float, float]


class Site:
    """The parcel turned so that its rows run along x, with what has been placed so far."""

    def __init__(self, parcel: Parcel, rng: np.random.Generator) -> None:
        self.parcel = parcel
        self.rng = rng
        self.axes = parcel.axes
        self.lot: Polygon = self.axes.local(parcel.lot)
        self.cell: Polygon = self.axes.local(parcel.cell)
        self.fronts = [(edge, self.axes.local(edge.line)) for edge in parcel.fronts]
        self.built = Built(parcel)
        self.taken: list[Polygon] = []

    # Land

    def area(self, *, front_m: float, side_m: float = 4.0) -> Polygon:
        """The land to build on: ``front_m`` back from the lot's edge along streets, ``side_m`` elsewhere."""
        land: BaseGeometry = self.lot.buffer(-side_m, join_style="mitre")
        for edge, line in self.fronts:
            land = land.difference(line.buffer(edge.width_m / 2 + PAVEMENT_M + front_m))
        return largest(land)

    def chords(self, area: BaseGeometry, y: float, half: float) -> list[Interval]:
        """The x intervals in which a strip of height 2 × half about y lies inside the area."""
        return self._all_chords(area, [y], half)[0]

    def _all_chords(self, area: BaseGeometry, ys: list[float], half: float) -> list[list[Interval]]:
        """:meth:`chords` for many rows at once, one call into GEOS."""
        west, _, east, _ = area.bounds
        levels = np.array([level for y in ys for level in (y - half, y, y + half)])
        ends = np.stack(
            [np.column_stack([np.full(len(levels), x), levels]) for x in (west - 5, east + 5)], axis=1
        )
        pieces, owners = shapely.get_parts(
            shapely.intersection(area, shapely.linestrings(ends)), return_index=True
        )
        spans: list[list[Interval]] = [[] for _ in levels]
        for owner, (low, _, high, _) in zip(owners.tolist(), shapely.bounds(pieces).tolist(), strict=True):
            if high - low > 1:
                spans[owner].append((low, high))
        return [_common([sorted(part) for part in spans[3 * i : 3 * i + 3]]) for i in range(len(ys))]

    def slots(
        self,
        area: BaseGeometry,
        *,
        depth: float,
        gap: float,
        shortest: float,
        longest: float,
        side_gap: float,
        spines: list[float],
        spine_m: float = 10.0,
    ) -> Iterator[Slot]:
        """Rows of places for slabs, where most of them fit; the spines stay free for the inner walks."""
        if area.is_empty:
            return
        measure = _Measure(
            depth, shortest, longest, side_gap, [(x - spine_m / 2, x + spine_m / 2) for x in spines]
        )
        _, south, _, north = area.bounds
        best: tuple[float, list[float]] = (0.0, [])
        for stretch in (1.0, 1.12):
            pitch = depth + gap * stretch
            for shift in range(0, int(pitch), 3):
                ys = []
                y = south + depth / 2 + shift
                while y + depth / 2 <= north:
                    ys.append(y)
                    y += pitch
                rows = self._all_chords(area, ys, depth / 2) if ys else []
                built = sum(width for spans in rows for _, width in measure.row(spans))
                if built > best[0] * 1.01:
                    best = (built, ys)
        for row, y in enumerate(best[1]):
            for x, width in measure.row(self.chords(area, y, depth / 2)):
                yield Slot(row, x, y, width)

    # Placing

    def house(
        self,
        shape: Polygon,
        role: str,
        kind: str,
        floors: int,
        flats: int = 0,
        name: str = "",
        clear_m: float = 0.0,
    ) -> bool:
        """Place a house, unless it would stand on another one or outside the lot."""
        if not self.lot.covers(shape):
            return False
        if any(_collides(other, shape, clear_m) for other in self.taken):
            return False
        self.taken.append(shape)
        self.built.houses.append(House(self.axes.ground(shape), role, kind, floors, flats, name))
        return True

    def cover(self, shape: BaseGeometry, kind: str, name: str = "", name_en: str = "") -> None:
        """Lay out a patch of land, cut at the lot."""
        inside = largest(shape.intersection(self.lot))
        if inside.area > 12:
            self.built.covers.append(Cover(self.axes.ground(inside), kind, name, name_en))

    def walk(self, points: list[tuple[float, float]], kind: str = "footway", width_m: float = 3.0) -> None:
        """Lay a footway through local points."""
        line = LineString(points)
        if line.length > 0.5:
            self.built.walks.append(Walk(self.axes.ground(line), kind, width_m))

    def street_at(self, point: tuple[float, float], direction: tuple[float, float]) -> Point | None:
        """Where a ray from the lot's edge meets a street of this parcel, or nothing where no street is."""
        x, y = point
        ray = LineString([(x, y), (x + 55 * direction[0], y + 55 * direction[1])])
        hits = [
            (hit.distance(Point(x, y)), hit)
            for _, line in self.fronts
            for hit in shapely.get_parts(ray.intersection(line))
            if isinstance(hit, Point)
        ]
        if not hits:
            return None
        distance, hit = min(hits, key=lambda pair: pair[0])
        along = LineString([(x, y), hit])
        return hit if along.difference(self.cell.buffer(0.5)).length < 0.5 and distance > 1 else None

    def gate(self, point: tuple[float, float], direction: tuple[float, float]) -> bool:
        """Open a gate at the lot's edge if a street runs before it."""
        hit = self.street_at(point, direction)
        if hit is None:
            return False
        self.walk([point, (hit.x, hit.y)], "gate_link", 6.0)
        self.built.gates.append(self.axes.ground(Point(point)))
        return True

    # Inner walks

    def spine(self, x: float) -> None:
        """A walk through the whole lot along y, with a gate at each end that faces a street."""
        _, south, _, north = self.lot.bounds
        line = self.lot.intersection(LineString([(x, south - 5), (x, north + 5)]))
        parts = [part for part in shapely.get_parts(line) if part.length > 20]
        if not parts:
            return
        part = max(parts, key=lambda piece: piece.length)
        low, high = part.bounds[1], part.bounds[3]
        bottom = low if self.gate((x, low), (0, -1)) else low + 5
        top = high if self.gate((x, high), (0, 1)) else high - 5
        self.walk([(x, bottom), (x, top)], width_m=6.0)

    def rib(self, y: float, *, spines: list[float], gates: bool) -> None:
        """A walk along a row, joined to the spines; with ``gates`` it opens to the streets at its ends."""
        for west, east in self.chords(self.lot, y, 0.5):
            if not any(west + 6 < x < east - 6 for x in spines):
                continue
            left = west if gates and self.gate((west, y), (-1, 0)) else west + SHOP_DEPTH_M + 3.5
            right = east if gates and self.gate((east, y), (1, 0)) else east - SHOP_DEPTH_M - 3.5
            left, right = min(left, min(spines)), max(right, max(spines))
            self.walk([(left, y), (right, y)])

    def ring(self, inset_m: float = 6.0, *, gate_sides: str = "SNWE") -> None:
        """A walk round the lot with gates in the middle of its sides that face streets."""
        loop = largest(self.lot.buffer(-inset_m - 8).buffer(8).simplify(1.5))
        if loop.is_empty:
            return
        self.walk([(x, y) for x, y in loop.exterior.coords], width_m=4.0)
        west, south, east, north = loop.bounds
        mid_x, mid_y = (west + east) / 2, (south + north) / 2
        sides = {"S": (0, -1), "N": (0, 1), "W": (-1, 0), "E": (1, 0)}
        for side in gate_sides:
            dx, dy = sides[side]
            for shift in (0.0, 0.2, -0.2, 0.35, -0.35):
                x = mid_x + (shift * (east - west) if dy else 0)
                y = mid_y + (shift * (north - south) if dx else 0)
                ray = LineString([(x, y), (x + 600 * dx, y + 600 * dy)])
                start = _first_hit(ray, loop.exterior)
                edge = _first_hit(ray, self.lot.exterior)
                if start and edge and self.gate((edge.x, edge.y), (dx, dy)):
                    self.walk([(start.x, start.y), (edge.x, edge.y)], width_m=4.0)
                    break


def _collides(other: Polygon, shape: Polygon, clear_m: float) -> bool:
    """Party walls may touch; otherwise houses keep ``clear_m`` apart."""
    if clear_m:
        return other.distance(shape) < clear_m
    return other.intersects(shape) and other.intersection(shape).area > 0.05


def _common(levels: list[list[Interval]]) -> list[Interval]:
    """What lies within the spans of every level."""
    result = levels[0]
    for spans in levels[1:]:
        result = [(max(a, c), min(b, d)) for a, b in result for c, d in spans if min(b, d) - max(a, c) > 1]
    return result


@dataclass(frozen=True, slots=True)
class _Measure:
    """How a row is divided into houses."""

    depth: float
    shortest: float
    longest: float
    side_gap: float
    holes: list[Interval]

    def row(self, spans: list[Interval]) -> list[tuple[float, float]]:
        """Middle and width of every house in the free spans of a row."""
        result: list[tuple[float, float]] = []
        for west, east in (piece for span in spans for piece in _without(span, self.holes)):
            length = east - west
            number = max(1, math.ceil((length + self.side_gap) / (self.longest + self.side_gap)))
            width = (length - (number - 1) * self.side_gap) / number
            if width < self.shortest and number > 1:
                number -= 1
                width = min(self.longest, (length - (number - 1) * self.side_gap) / number)
            if width < self.shortest:
                continue
            for index in range(number):
                step = (length - width) / (number - 1) if number > 1 else 0.0
                result.append((west + width / 2 + index * step if number > 1 else (west + east) / 2, width))
        return result


def _first_hit(ray: LineString, target: BaseGeometry) -> Point | None:
    origin = Point(ray.coords[0])
    hits = [part for part in shapely.get_parts(ray.intersection(target)) if isinstance(part, Point)]
    return min(hits, key=lambda hit: hit.distance(origin), default=None)


def _without(span: Interval, holes: list[Interval]) -> list[Interval]:
    pieces = [span]
    for low, high in holes:
        pieces = [
            piece
            for start, end in pieces
            for piece in ((start, min(end, low)), (max(start, high), end))
            if piece[1] - piece[0] > 1
        ]
    return pieces


def largest(geometry: BaseGeometry) -> Polygon:
    """The largest polygon of whatever came out of a cut."""
    polygons = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    return max(polygons, key=lambda polygon: polygon.area) if polygons else Polygon()
