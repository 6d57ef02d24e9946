"""Areas drawn anew on a map: split, merged, reshaped, their shared corners moved. Shapes in, shapes out.

Everything works on a *set* of neighbours and keeps it a tiling. Neighbours share their corners exactly
(:func:`with_shared_nodes` sees to it), and lines are not cut area by area: all outlines concerned and the
drawn line are cut at their crossings once, the faces between them get an owner each, and every area is the
union of its faces. So both sides of a border are made of the same numbers, and no gap or overlap can open.

Coordinates are WGS-84 degrees, longitude first; distances and areas are metres on the ground, measured in a
frame whose scale is that of the set's middle latitude (within 0.1 % over ten kilometres).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Polygon

from gridmap.domain.errors import InvalidInput

Shape = Any
"""A shapely Polygon or MultiPolygon."""
Shapes = dict[str, Shape]
"""Areas of one level by key."""
Point = tuple[float, float]

SAME_PLACE_DEG = 1e-9
"""A corner this near to an edge (0.1 mm) stands on it."""
SMALLEST_PIECE_M2 = 10.0
"""What is smaller is a slip of the hand, no area that anybody looks after."""
MOST_PIECES = 8
NARROWEST_DEG = 1e-7
"""Corners and edges of one area keep at least a centimetre between them, or keep what they had."""
ALONG_M = 0.3
"""A line that passes a corner this near goes through it."""
_OVERLAP_M2 = 1e-6


class EditRefused(InvalidInput):
    """The drawing cannot be carried out; ``reason`` says why, ``area`` which area is in the way."""

    code = "boundary.refused"

    def __init__(self, reason: str, *, field: str = "line", area: str = "") -> None:
        super().__init__(field=field, reason=f"boundary.{reason}", area=area)


@dataclass(frozen=True, slots=True)
class Scale:
    """Metres to a degree of longitude and of latitude, at one latitude of the WGS-84 ellipsoid."""

    lon_m: float
    lat_m: float

    @classmethod
    def at(cls, lat_deg: float) -> Scale:
        """The scale at a latitude."""
        lat = math.radians(lat_deg)
        return cls(
            111_412.84 * math.cos(lat) - 93.5 * math.cos(3 * lat) + 0.118 * math.cos(5 * lat),
            111_132.92 - 559.82 * math.cos(2 * lat) + 1.175 * math.cos(4 * lat),
        )

    @classmethod
    def of(cls, shapes: Iterable[Shape]) -> Scale:
        """The scale at the middle latitude of some shapes."""
        bounds = shapely.total_bounds(np.array(list(shapes), dtype=object))
        return cls.at(float((bounds[1] + bounds[3]) / 2))

    def area_m2(self, shape: Shape) -> float:
        """The area of a shape on the ground."""
        return float(shapely.area(shape)) * self.lon_m * self.lat_m

    def length_m(self, shape: Shape) -> float:
        """The length of a line on the ground."""
        return float(shapely.length(shapely.transform(shape, self.to_m)))

    def to_m(self, points: Any) -> Any:
        """Degrees (n, 2) as metres in the local frame."""
        return np.asarray(points) * (self.lon_m, self.lat_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What is wrong with some areas beside their neighbours and inside their parents, in square metres."""

    overlap_m2: float = 0.0
    gap_m2: float = 0.0
    outside_parent_m2: float = 0.0


def with_shared_nodes(shapes: Shapes) -> Shapes:
    """Give every edge the corners of others that stand on it, so that neighbours share all their corners.

    Nothing moves by more than :data:`SAME_PLACE_DEG`.
    """
    if not shapes:
        return {}
    keys = list(shapes)
    starts, ends, owners = _edges([shapes[key] for key in keys])
    corners = np.unique(starts, axis=0)
    places: Any = shapely.points(corners)
    tree = shapely.STRtree(places)
    lines = shapely.linestrings(np.stack([starts, ends], axis=1))
    which, corner = tree.query(lines, predicate="dwithin", distance=SAME_PLACE_DEG)
    is_end = (corners[corner] == starts[which]).all(axis=1) | (corners[corner] == ends[which]).all(axis=1)
    on_edge: dict[str, dict[tuple[Point, Point], list[Point]]] = defaultdict(lambda: defaultdict(list))
    for edge, found in zip(which[~is_end], corner[~is_end], strict=True):
        on_edge[keys[owners[edge]]][_point(starts[edge]), _point(ends[edge])].append(_point(corners[found]))
    return {
        key: _with_nodes(shape, on_edge[key]) if key in on_edge else shape for key, shape in shapes.items()
    }


def split(shape: Shape, line: LineString) -> list[Shape]:
    """Cut an area along a line that runs from edge to edge; the largest piece comes first.

    Parts of the area that the line does not touch stay with the largest piece.

    Raises
    ------
    EditRefused
        The line does not cross the area, or makes too many or too small pieces.
    """
    pieces = [
        piece
        for part in shapely.get_parts(shape)
        if part.intersects(line)
        for piece in _faces([part.boundary, line])
        if _inside(piece, part)
    ]
    untouched = [part for part in shapely.get_parts(shape) if not part.intersects(line)]
    touched = len(shapely.get_parts(shape)) - len(untouched)
    if len(pieces) <= touched:
        raise EditRefused("line_does_not_cross")
    if len(pieces) > MOST_PIECES:
        raise EditRefused("too_many_pieces")
    pieces.sort(key=lambda piece: -piece.area)
    scale = Scale.of([shape])
    if scale.area_m2(pieces[-1]) < SMALLEST_PIECE_M2:
        raise EditRefused("piece_too_small")
    made = [_multi([pieces[0], *untouched]), *(_multi([piece]) for piece in pieces[1:])]
    _refuse_needles(made, before=[shape])
    return made


def merge(shapes: Sequence[Shape]) -> Shape:
    """Make one area of several that hang together.

    Raises
    ------
    EditRefused
        They do not share edges.
    """
    part_count = sum(len(shapely.get_parts(shape)) for shape in shapes)
    merged = union(shapes)
    if len(shapes) > 1 and len(shapely.get_parts(merged)) > part_count - len(shapes) + 1:
        raise EditRefused("not_neighbours", field="areas")
    return merged


def move_corners(shapes: Shapes, moves: Sequence[tuple[Point, Point]]) -> Shapes:
    """Move corners; every area that has one follows. A place on an edge becomes a corner first.

    Returns the areas that changed.

    Raises
    ------
    EditRefused
        No area has a corner or an edge there, or a border would cross another.
    """
    current = dict(shapes)
    for start, _ in moves:
        current |= _with_corner_at(current, start)
    targets = {_exact_corner(current, start): end for start, end in moves}
    moved = {
        key: shapely.transform(shape, lambda points: _replaced(points, targets))
        for key, shape in current.items()
        if not targets.keys().isdisjoint(_corner_set(shape))
    }
    if not all(shapely.is_valid(shape) for shape in moved.values()):
        raise EditRefused("would_cross", field="moves")
    _refuse_needles(list(moved.values()), before=[shapes[key] for key in moved])
    result = current | moved
    before = _overlap_m2(shapes, set(moved), Scale.of(shapes.values()))
    if _overlap_m2(result, set(moved), Scale.of(shapes.values())) > before + _OVERLAP_M2:
        raise EditRefused("would_cross", field="moves")
    return {key: shape for key, shape in result.items() if shape is not shapes[key]}


def reshape(
    shapes: Shapes,
    key: str,
    line: LineString,
    *,
    within: Shape | None = None,
    may_leave_gaps: bool = False,
) -> Shapes:
    """Replace a stretch of an area's outline by a drawn line that begins and ends on it.

    Ground that the area gains is taken from whoever has it; ground that it loses goes to the neighbour with
    the longest border to it. Returns the areas that changed.

    Parameters
    ----------
    within : ground that nobody has is only taken inside this shape; None: anywhere
    may_leave_gaps : ground that no neighbour borders on is left to nobody; else that is refused

    Raises
    ------
    EditRefused
    """
    area = shapes[key]
    inside: list[Shape] = []
    gained: list[Shape] = []
    for face in _faces([area.boundary, line]):
        if _inside(face, area):
            inside.append(face)
        elif shapely.length(shapely.intersection(face.boundary, line)) > SAME_PLACE_DEG:
            gained.append(face)
    inside.sort(key=lambda face: -face.area)
    lost = [face for face in inside[1:] if face.boundary.intersection(line).length > SAME_PLACE_DEG]
    if not lost and not gained:
        raise EditRefused("line_does_not_cross")
    owners: list[tuple[Shape, str | None]] = [(face, key) for face in gained]
    for face in lost:
        heir = _longest_neighbour(shapes, face, besides=key)
        if heir is None and not may_leave_gaps:
            raise EditRefused("nobody_takes_it", area=key)
        owners.append((face, heir))
    return _repaint(shapes, owners, lines=[line], within=within)


def draw(shapes: Shapes, key: str, outline: Polygon, *, within: Shape | None = None) -> Shapes:
    """Add an area; ground that others have is taken from them. Returns it and the areas that changed.

    ``within`` is as in :func:`reshape`.

    Raises
    ------
    EditRefused
        The outline crosses itself, is too small, lies beyond ``within``, or covers another area whole or
        cuts one apart.
    """
    if not outline.is_valid:
        raise EditRefused("outline_crosses_itself", field="outline")
    if Scale.of([outline]).area_m2(outline) < SMALLEST_PIECE_M2:
        raise EditRefused("piece_too_small", field="outline")
    changed = _repaint(shapes, [(outline, key)], lines=[outline.boundary], within=within)
    if key not in changed:
        raise EditRefused("no_parent", field="outline")
    return changed


def snapped(shapes: Shapes, points: Sequence[Point], *, tolerance_m: float) -> tuple[list[Point], Shapes]:
    """Put drawn points that are near a corner or edge onto it, and lines that pass by a corner through it.

    Returns the points, and the areas whose edges got a corner for it.
    """
    current = dict(shapes)
    scale = Scale.of(shapes.values()) if shapes else Scale.at(points[0][1])
    put: list[Point] = []
    for point in points:
        corner = _nearest_corner(current, point, scale, tolerance_m)
        if corner is None:
            foot = _nearest_foot(current, point, scale, tolerance_m)
            if foot is not None:
                corner, with_foot = foot
                current |= with_foot
        if not put or put[-1] != (corner or point):
            put.append(corner or point)
    put = _through_corners(current, put, scale)
    return put, {key: shape for key, shape in current.items() if shape is not shapes.get(key)}


def union(shapes: Sequence[Shape]) -> Shape:
    """The ground of areas that share their corners, as one shape with the same corners.

    Imported areas that overlap are joined too; crossings become corners then.
    """
    array = np.array(shapes, dtype=object)
    try:
        joined = shapely.coverage_union_all(array)
    except shapely.GEOSException:
        joined = shapely.union_all(array)
    return _multi(part for part in shapely.get_parts(joined) if isinstance(part, Polygon))


def difference_m2(one: Shape, other: Shape, scale: Scale) -> float:
    """How much ground two shapes do not share."""
    return scale.area_m2(shapely.symmetric_difference(one, other))


def faults(shapes: Shapes, keys: set[str], *, parents: Sequence[Shape], scale: Scale) -> Faults:
    """What is wrong with some of these areas.

    Parameters
    ----------
    shapes : the areas and all their neighbours
    keys : those to look at
    parents : the areas one level up that should be covered by ``shapes``, and hold ``keys``
    """
    if not keys:
        return Faults()
    ground = shapely.union_all(np.array(list(shapes.values()), dtype=object))
    upper = shapely.union_all(np.array(list(parents), dtype=object)) if parents else None
    mine = shapely.union_all(np.array([shapes[key] for key in keys if key in shapes], dtype=object))
    return Faults(
        overlap_m2=_overlap_m2(shapes, keys, scale),
        gap_m2=0.0 if upper is None else scale.area_m2(shapely.difference(upper, ground)),
        outside_parent_m2=0.0 if upper is None else scale.area_m2(shapely.difference(mine, upper)),
    )


def _repaint(
    shapes: Shapes,
    owners: Sequence[tuple[Shape, str | None]],
    *,
    lines: Sequence[Shape],
    within: Shape | None,
) -> Shapes:
    """Give regions to other owners: cut everything concerned at its crossings once, hand out the faces."""
    regions = shapely.union_all(np.array([region for region, _ in owners], dtype=object))
    touched = {key for key, shape in shapes.items() if shape.intersects(regions)}
    touched |= {owner for _, owner in owners if owner is not None and owner in shapes}
    outlines = [shapes[key].boundary for key in touched]
    if within is not None:
        outlines.append(within.boundary)
    scale = Scale.of([regions])
    held: dict[str, list[Shape]] = defaultdict(list)
    for face in _faces([*outlines, *lines]):
        inner = face.representative_point()
        now = next((key for key in touched if shapes[key].covers(inner)), None)
        if now is None and not _is_free_to_take(face, inner, within, scale):
            continue
        owner = next((owner for region, owner in owners if region.covers(inner)), now)
        if owner is not None:
            held[owner].append(face)
    changed: Shapes = {}
    for key in sorted(touched | held.keys()):
        if not held[key]:
            raise EditRefused("would_swallow", area=key)
        made = union(held[key])
        before = shapes.get(key)
        if before is not None and difference_m2(made, before, scale) < _OVERLAP_M2:
            continue
        if before is not None and len(shapely.get_parts(made)) > len(shapely.get_parts(before)):
            raise EditRefused("would_cut_apart", area=key)
        if scale.area_m2(made) < SMALLEST_PIECE_M2:
            raise EditRefused("would_swallow", area=key)
        changed[key] = made
    _refuse_needles(list(changed.values()), before=[shapes[key] for key in touched])
    return changed


def _is_free_to_take(face: Shape, inner: Shape, within: Shape | None, scale: Scale) -> bool:
    """Say whether ground that nobody has may be given to somebody; noise of rounding is no ground."""
    return scale.area_m2(face) > _OVERLAP_M2 and (within is None or within.covers(inner))


def _refuse_needles(made: Sequence[Shape], *, before: Sequence[Shape]) -> None:
    """Refuse shapes in which a corner all but touches another part of the outline."""
    if not made:
        return
    least = min([NARROWEST_DEG, *(float(shapely.minimum_clearance(shape)) for shape in before)])
    if min(float(shapely.minimum_clearance(shape)) for shape in made) < least:
        raise EditRefused("too_narrow")


def _faces(lines: Sequence[Shape]) -> list[Polygon]:
    noded = shapely.union_all(np.array(lines, dtype=object))
    return list(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def _inside(face: Shape, area: Shape) -> bool:
    return bool(shapely.covers(area, face.representative_point()))


def _longest_neighbour(shapes: Shapes, face: Shape, *, besides: str) -> str | None:
    borders = {
        key: float(shapely.length(shapely.intersection(face.boundary, shape.boundary)))
        for key, shape in shapes.items()
        if key != besides and shape.intersects(face)
    }
    best = max(borders, key=lambda key: (borders[key], key), default=None)
    return best if best is not None and borders[best] > SAME_PLACE_DEG else None


def _overlap_m2(shapes: Mapping[str, Shape], keys: set[str], scale: Scale) -> float:
    """How much ground some areas share with others, each pair once."""
    names = list(shapes)
    geometries = np.array([shapes[name] for name in names], dtype=object)
    looked_at = [index for index, name in enumerate(names) if name in keys]
    if not looked_at:
        return 0.0
    one, other = shapely.STRtree(geometries).query(geometries[looked_at], predicate="intersects")
    pairs = {
        (min(looked_at[a], int(b)), max(looked_at[a], int(b)))
        for a, b in zip(one, other, strict=True)
        if looked_at[a] != b
    }
    if not pairs:
        return 0.0
    first, second = (np.array(side) for side in zip(*sorted(pairs), strict=True))
    shared = shapely.area(shapely.intersection(geometries[first], geometries[second]))
    return float(shared.sum()) * scale.lon_m * scale.lat_m


def _edges(shapes: Sequence[Shape]) -> tuple[Any, Any, Any]:
    """Starts (n, 2), ends (n, 2) and the index of the shape of every edge."""
    parts, owner = shapely.get_parts(np.array(shapes, dtype=object), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    follows = ring[1:] == ring[:-1]
    return points[:-1][follows], points[1:][follows], owner[part[ring[:-1][follows]]]


def _with_nodes(shape: Shape, nodes: Mapping[tuple[Point, Point], Sequence[Point]]) -> Shape:
    """Insert points into edges, each edge given by its two ends in either direction."""

    def ring_of(ring: Any) -> list[Point]:
        points = [_point(point) for point in ring.coords]
        complete = [points[0]]
        for start, end in pairwise(points):
            inner = {*nodes.get((start, end), ()), *nodes.get((end, start), ())}
            complete += sorted(inner, key=lambda p: (p[0] - start[0]) ** 2 + (p[1] - start[1]) ** 2)
            complete.append(end)
        return complete

    parts = [
        Polygon(ring_of(part.exterior), [ring_of(hole) for hole in part.interiors])
        for part in shapely.get_parts(shape)
    ]
    return MultiPolygon(parts)


def _with_corner_at(shapes: Shapes, point: Point) -> Shapes:
    """The areas that get a corner on their edge at a place; none where there is one already."""
    scale = Scale.of(shapes.values())
    if _nearest_corner(shapes, point, scale, 0.01) is not None:
        return {}
    foot = _nearest_foot(shapes, point, scale, 0.5)
    if foot is None:
        raise EditRefused("no_corner_there", field="moves")
    return foot[1]


def _exact_corner(shapes: Shapes, point: Point) -> Point:
    scale = Scale.of(shapes.values())
    corner = _nearest_corner(shapes, point, scale, 0.5)
    if corner is None:
        raise EditRefused("no_corner_there", field="moves")
    return corner


def _nearest_corner(shapes: Shapes, point: Point, scale: Scale, within_m: float) -> Point | None:
    corners = shapely.get_coordinates(np.array(list(shapes.values()), dtype=object))
    if not len(corners):
        return None
    distances = np.hypot(*(scale.to_m(corners) - scale.to_m(point)).T)
    nearest = int(distances.argmin())
    return _point(corners[nearest]) if distances[nearest] <= within_m else None


def _nearest_foot(shapes: Shapes, point: Point, scale: Scale, within_m: float) -> tuple[Point, Shapes] | None:
    """The place on the nearest edge, and the areas of that edge with a corner there."""
    keys = list(shapes)
    if not keys:
        return None
    starts, ends, owners = _edges([shapes[key] for key in keys])
    here, a, b = scale.to_m(point), scale.to_m(starts), scale.to_m(ends)
    along = ((here - a) * (b - a)).sum(axis=1) / np.maximum(((b - a) ** 2).sum(axis=1), 1e-12)
    along = along.clip(0, 1)
    distances = np.hypot(*(a + along[:, None] * (b - a) - here).T)
    nearest = int(distances.argmin())
    if distances[nearest] > within_m:
        return None
    start, end = _point(starts[nearest]), _point(ends[nearest])
    foot = _point(starts[nearest] + along[nearest] * (ends[nearest] - starts[nearest]))
    same = ((starts == start) & (ends == end)).all(axis=1) | ((starts == end) & (ends == start)).all(axis=1)
    sharing = {keys[owner] for owner in owners[same]}
    return foot, {key: _with_nodes(shapes[key], {(start, end): [foot]}) for key in sharing}


def _through_corners(shapes: Shapes, points: Sequence[Point], scale: Scale) -> list[Point]:
    """Insert the corners that a line passes within :data:`ALONG_M`."""
    if not shapes or len(points) < 2:
        return list(points)
    corners = np.unique(shapely.get_coordinates(np.array(list(shapes.values()), dtype=object)), axis=0)
    metric = scale.to_m(corners)
    complete = [points[0]]
    for start, end in pairwise(points):
        a, b = scale.to_m(start), scale.to_m(end)
        along = ((metric - a) @ (b - a)) / max(float((b - a) @ (b - a)), 1e-12)
        near = np.hypot(*(a + along[:, None] * (b - a) - metric).T) <= ALONG_M
        on_line = np.flatnonzero(near & (along > 0) & (along < 1))
        inner = [_point(corners[index]) for index in on_line[along[on_line].argsort()]]
        for point in [*inner, end]:
            if point != complete[-1]:
                complete.append(point)
    return complete


def _replaced(points: Any, targets: Mapping[Point, Point]) -> Any:
    return np.array([targets.get(_point(point), _point(point)) for point in points])


def _corner_set(shape: Shape) -> set[Point]:
    return {_point(point) for point in shapely.get_coordinates(shape)}


def _point(point: Any) -> Point:
    return float(point[0]), float(point[1])


def _multi(parts: Any) -> MultiPolygon:
    return MultiPolygon([part for piece in parts for part in shapely.get_parts(piece)])
