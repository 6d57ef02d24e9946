"""Outlines of houses in local metres: x along the street, y to the north."""

from __future__ import annotations

import math

import shapely
from shapely import Polygon
from shapely.affinity import rotate, translate

from .frame import rectangle


def slab(cx: float, cy: float, width: float, depth: float, *, offset_m: float = 0.0) -> Polygon:
    """A row house of flats; with ``offset_m`` its eastern half steps back, as in the 1980s."""
    if not offset_m:
        return rectangle(cx, cy, width, depth)
    west = rectangle(cx - width / 4, cy - offset_m / 2, width / 2, depth)
    east = rectangle(cx + width / 4, cy + offset_m / 2, width / 2, depth)
    return _one(west, east)


def notched_slab(cx: float, cy: float, width: float, depth: float, *, units: int) -> Polygon:
    """A slab whose stair bays stand back on the north side: the outline of a newer apartment house."""
    body = rectangle(cx, cy, width, depth)
    pitch = width / units
    for index in range(units):
        x = cx - width / 2 + pitch * (index + 0.5)
        body = body.difference(rectangle(x, cy + depth / 2, pitch * 0.22, 4.4))
        if index:
            body = body.difference(rectangle(x - pitch / 2, cy - depth / 2, 2.4, 3.0))
    return body


def tower(cx: float, cy: float, width: float, depth: float) -> Polygon:
    """A point tower: two southern wings, a core, two northern wings."""
    core = rectangle(cx, cy, width * 0.44, depth)
    wings = rectangle(cx, cy - depth * 0.14, width, depth * 0.5)
    north = rectangle(cx, cy + depth * 0.26, width * 0.72, depth * 0.34)
    return _one(core, wings, north)


def plate_tower(cx: float, cy: float, width: float, depth: float) -> Polygon:
    """Two joined towers of three flats a floor each."""
    half = width / 2
    return _one(tower(cx - half / 2, cy, half + 1, depth), tower(cx + half / 2, cy, half + 1, depth))


def e_block(
    cx: float, cy: float, width: float, depth: float, *, wing_m: float = 15.0, teeth: int = 3
) -> Polygon:
    """A spine along the north with wings to the south: schools, offices, hospitals."""
    parts = [rectangle(cx, cy + depth / 2 - wing_m / 2, width, wing_m)]
    for index in range(teeth):
        x = cx - width / 2 + wing_m / 2 + index * (width - wing_m) / max(teeth - 1, 1)
        parts.append(rectangle(x, cy, wing_m, depth))
    return _one(*parts)


def h_block(cx: float, cy: float, width: float, depth: float, *, wing_m: float = 16.0) -> Polygon:
    """Two wings along the street and a link between them."""
    return _one(
        rectangle(cx, cy + depth / 2 - wing_m / 2, width, wing_m),
        rectangle(cx, cy - depth / 2 + wing_m / 2, width, wing_m),
        rectangle(cx, cy, wing_m, depth),
    )


def ring_block(cx: float, cy: float, width: float, depth: float, *, wing_m: float = 14.0) -> Polygon:
    """Four wings round a court."""
    return rectangle(cx, cy, width, depth).difference(
        rectangle(cx, cy, width - 2 * wing_m, depth - 2 * wing_m)
    )


def track(cx: float, cy: float, length: float, width: float) -> Polygon:
    """A running track: a straight and two half circles, its long side along x."""
    radius = width / 2
    line = shapely.LineString([(cx - length / 2 + radius, cy), (cx + length / 2 - radius, cy)])
    return line.buffer(radius, quad_segs=8)


def blob(cx: float, cy: float, radius: float, *, phase: float, squash: float = 0.7) -> Polygon:
    """A soft garden shape."""
    points = []
    for index in range(20):
        angle = 2 * math.pi * index / 20
        reach = radius * (1 + 0.16 * math.sin(2 * angle + phase) + 0.08 * math.sin(3 * angle + 2 * phase))
        points.append((cx + reach * math.cos(angle), cy + squash * reach * math.sin(angle)))
    return Polygon(points)


def turned(polygon: Polygon, angle_deg: float) -> Polygon:
    """The same outline turned about its middle."""
    return rotate(polygon, angle_deg, origin="centroid")


def moved(polygon: Polygon, dx: float, dy: float) -> Polygon:
    """The same outline elsewhere."""
    return translate(polygon, dx, dy)


def _one(*parts: Polygon) -> Polygon:
    merged = shapely.union_all(list(parts), grid_size=0.001)
    assert isinstance(merged, Polygon)
    return merged
