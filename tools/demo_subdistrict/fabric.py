"""From the plan to streets and parcels on the ground: one linework, noded once; neighbours share edges."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import shapely
import shapely.affinity
from shapely import LineString, MultiLineString, Point, Polygon, STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize

from . import frame, plan_streets
from .plan_blocks import BLOCKS, Cut, Leaf, Plot

SHEET_GRID_M = 0.01
OVERSHOOT_M = 8.0
PAVEMENT_M = 3.0


@dataclass(frozen=True, slots=True)
class StreetEdge:
    """A piece of street between two crossings, on the ground."""

    name: str
    name_en: str
    kind: str
    width_m: float
    line: LineString


@dataclass(slots=True)
class Parcel:
    """One use of land, reaching to the middle of its streets.

    ``plot`` is what stands in the plan, ``cell`` the polygon to the street's centre lines, ``lot`` the land
    inside pavements and walls, ``fronts`` the street edges along the cell.
    """

    plot: Leaf
    community: str
    cell: Polygon
    lot: Polygon
    axes: frame.LocalAxes
    fronts: list[StreetEdge] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fabric:
    """Everything that the plan fixes before a house stands."""

    edges: list[StreetEdge]
    parcels: list[Parcel]
    canal: LineString
    canal_water: Polygon
    canal_bank: Polygon
    lake: Polygon
    river: Polygon
    outline: Polygon


def _pieces(geometry: BaseGeometry) -> list[LineString]:
    merged = shapely.get_parts(geometry)
    return [piece for piece in merged if isinstance(piece, LineString) and piece.length > 0]


def _cut(block: Polygon, plot: Plot, lines: list[LineString]) -> list[tuple[Leaf, Polygon]]:
    """Share a sheet block out as the plan says; collects the cutting lines."""
    if isinstance(plot, Leaf):
        return [(plot, block)]
    west, south, east, north = block.bounds
    if plot.along == "u":
        at = west + plot.share * (east - west)
        line = LineString([(at, south - 1), (at, north + 1)])
        first, second = (
            shapely.box(west - 1, south - 1, at, north + 1),
            shapely.box(at, south - 1, east + 1, north + 1),
        )
    else:
        at = south + plot.share * (north - south)
        line = LineString([(west - 1, at), (east + 1, at)])
        first, second = (
            shapely.box(west - 1, south - 1, east + 1, at),
            shapely.box(west - 1, at, east + 1, north + 1),
        )
    lines.extend(_pieces(line.intersection(block.buffer(3.0))))
    halves = [_largest(block.intersection(half)) for half in (first, second)]
    return [
        leaf
        for half, part in zip(halves, (plot.first, plot.second), strict=True)
        for leaf in _cut(half, part, lines)
    ]


def _largest(geometry: BaseGeometry) -> Polygon:
    polygons = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    return max(polygons, key=lambda polygon: polygon.area) if polygons else Polygon()


def _sheet_streets() -> list[LineString]:
    """The streets as drawn, the minor ones lengthened a little so that they surely reach what they end on."""
    lines: list[LineString] = []
    for street in plan_streets.STREETS:
        points = [*street.line]
        if street.kind == "minor":
            points[0] = _beyond(points[1], points[0])
            points[-1] = _beyond(points[-2], points[-1])
        lines.append(LineString(points))
    return lines


def _beyond(start: plan_streets.Vertex, end: plan_streets.Vertex) -> plan_streets.Vertex:
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    stretch = (length + OVERSHOOT_M) / length
    return (start[0] + (end[0] - start[0]) * stretch, start[1] + (end[1] - start[1]) * stretch)


def _node(lines: list[LineString]) -> list[LineString]:
    """Cut all lines at all crossings and drop the short overshoots."""
    pieces = _pieces(shapely.unary_union(MultiLineString(lines), grid_size=SHEET_GRID_M))
    ends = Counter(end for piece in pieces for end in (piece.coords[0], piece.coords[-1]))
    return [
        piece
        for piece in pieces
        if piece.length > 2 * OVERSHOOT_M or min(ends[piece.coords[0]], ends[piece.coords[-1]]) > 1
    ]


def sheet_blocks() -> list[Polygon]:
    """The faces between streets, canal and edge, on the sheet, in reading order of their middles."""
    lines = [*_sheet_streets(), LineString(plan_streets.CANAL), *map(LineString, plan_streets.EDGE)]
    faces = [face for face in polygonize(_node(lines)) if face.area > 50]
    return sorted(faces, key=lambda face: (-round(face.centroid.y), round(face.centroid.x)))


def build() -> Fabric:
    """Draw streets, water and parcels on the ground."""
    blocks = sheet_blocks()
    cuts: list[LineString] = []
    planned: list[tuple[Leaf, str, Polygon]] = []
    for block in blocks:
        rows = [row for row in BLOCKS if block.contains(Point(row.u, row.v))]
        if len(rows) != 1:
            spot = block.representative_point()
            raise ValueError(f"block at {spot.x:.0f}, {spot.y:.0f} has {len(rows)} rows in the plan")
        planned += [(leaf, rows[0].community, part) for leaf, part in _cut(block, rows[0].plot, cuts)]
    streets = _sheet_streets()
    others = [LineString(plan_streets.CANAL), *map(LineString, plan_streets.EDGE), *cuts]
    pieces = _node(streets + others)
    tree = STRtree(streets)
    edges: list[StreetEdge] = []
    ground: list[LineString] = []
    for piece in sorted(pieces, key=lambda line: tuple(line.coords[0]) + tuple(line.coords[-1])):
        curve = frame.warp_edge(piece)
        ground.append(curve)
        middle = piece.interpolate(0.5, normalized=True)
        owners = [
            index for index in tree.query(middle.buffer(0.05)) if streets[index].distance(middle) < 0.03
        ]
        if owners:
            street = plan_streets.STREETS[min(owners)]
            edges.append(StreetEdge(street.name, street.name_en, street.kind, street.width_m, curve))
    canal = frame.warp(LineString(plan_streets.CANAL), step_m=12.0)
    shore = _smooth(frame.warp(Polygon(plan_streets.LAKE)))
    lake = _with_island(shore, frame.warp_point(*plan_streets.ISLAND))
    parcels = _parcels(planned, ground, edges, canal)
    outline = shapely.union_all([parcel.cell for parcel in parcels], grid_size=0.001)
    return Fabric(
        edges=edges,
        parcels=parcels,
        canal=canal,
        canal_water=canal.buffer(plan_streets.CANAL_HALF_WIDTH_M, cap_style="flat"),
        canal_bank=canal.buffer(plan_streets.CANAL_BANK_M, cap_style="flat"),
        lake=lake,
        river=frame.warp(Polygon(plan_streets.RIVER)).simplify(0.5),
        outline=_largest(outline),
    )


def _smooth(polygon: Polygon) -> Polygon:
    """Round the corners of a drawn shore."""
    return polygon.buffer(-24).buffer(48).buffer(-24).simplify(0.6)


def _with_island(shore: Polygon, island: Point) -> Polygon:
    """The lake with its island left out."""
    land = island.buffer(30, quad_segs=4)
    land = land.union(shapely.affinity.translate(land, 16, 9)).simplify(0.5)
    return _largest(shore.difference(land))


def _parcels(
    planned: list[tuple[Leaf, str, Polygon]],
    ground: list[LineString],
    edges: list[StreetEdge],
    canal: LineString,
) -> list[Parcel]:
    faces = [face for face in polygonize(ground) if face.area > 50]
    tree = STRtree(faces)
    street_tree = STRtree([edge.line for edge in edges])
    parcels: list[Parcel] = []
    for leaf, community, part in planned:
        spot = part.representative_point()
        inside = frame.warp_point(spot.x, spot.y)
        (index,) = tree.query(inside, predicate="within")
        cell = faces[index]
        near = [edges[i] for i in sorted(street_tree.query(cell.buffer(30), predicate="intersects"))]
        fronts = [edge for edge in near if edge.line.interpolate(0.5, normalized=True).distance(cell) < 0.5]
        lot = cell.buffer(-1.5, join_style="mitre")
        for edge in near:
            lot = lot.difference(edge.line.buffer(edge.width_m / 2 + PAVEMENT_M))
        lot = lot.difference(canal.buffer(plan_streets.CANAL_BANK_M))
        lot = _largest(lot.buffer(-2).buffer(2).simplify(0.2))
        axes = frame.LocalAxes(lot.centroid, frame.direction_at(part.centroid.x, part.centroid.y))
        parcels.append(Parcel(leaf, community, cell, lot, axes, fronts))
    return parcels


__all__ = ["Cut", "Fabric", "Parcel", "StreetEdge", "build", "sheet_blocks"]
