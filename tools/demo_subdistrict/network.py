"""The walking network: streets, gate links, footways and steps, cut at every crossing, in one piece."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, STRtree

from .fabric import Fabric
from .site import Built

_GRID_M = 0.05
_SHORT_END_M = 3.0
_RANK = {"main": 0, "secondary": 1, "minor": 2, "gate_link": 3, "steps": 4, "footway": 5}

Vertex = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Link:
    """One edge of the network on the ground; its ends are vertices of the network."""

    line: LineString
    kind: str
    width_m: float
    name: str
    name_en: str


def build(fabric: Fabric, towns: list[Built]) -> list[Link]:
    """Node everything that one can walk on; what hangs apart from the rest is left out."""
    sources = [Link(edge.line, edge.kind, edge.width_m, edge.name, edge.name_en) for edge in fabric.edges]
    sources += [
        Link(walk.line, walk.kind, walk.width_m, walk.name, walk.name_en)
        for built in towns
        for walk in built.walks
    ]
    lines = [source.line for source in sources]
    pieces = list(shapely.get_parts(shapely.unary_union(shapely.MultiLineString(lines), grid_size=_GRID_M)))
    pieces = [shapely.transform(piece, lambda xy: np.round(xy, 2)) for piece in pieces]
    pieces = [piece for piece in pieces if piece.length > 0]
    tree = STRtree(lines)
    links: list[Link] = []
    for piece in pieces:
        middle = piece.interpolate(0.5, normalized=True)
        near = [i for i in tree.query(middle.buffer(0.3)) if lines[i].distance(middle) < 0.1]
        owner = sources[min(near, key=lambda i: (_RANK[sources[i].kind], i))]
        links.append(Link(_forward(piece), owner.kind, owner.width_m, owner.name, owner.name_en))
    links = _without_short_ends(links)
    links = _main_component(links)
    return sorted(
        links, key=lambda link: (_RANK[link.kind], link.name, *link.line.coords[0], *link.line.coords[-1])
    )


def _forward(line: LineString) -> LineString:
    """One direction for a line however the union turned it."""
    coords = [(float(x), float(y)) for x, y in line.coords]
    return LineString(coords if coords <= coords[::-1] else coords[::-1])


def ends(line: LineString) -> tuple[Vertex, Vertex]:
    """The two end vertices."""
    first, last = line.coords[0], line.coords[-1]
    return (first[0], first[1]), (last[0], last[1])


def _without_short_ends(links: list[Link]) -> list[Link]:
    degree = Counter(end for link in links for end in ends(link.line))
    return [
        link
        for link in links
        if link.line.length > _SHORT_END_M or min(degree[end] for end in ends(link.line)) > 1
    ]


def components(lines: list[LineString]) -> list[int]:
    """The connected component of each line, by shared end vertices; 0 is that of the first line."""
    parent: dict[Vertex, Vertex] = {}

    def root(vertex: Vertex) -> Vertex:
        parent.setdefault(vertex, vertex)
        while parent[vertex] != vertex:
            parent[vertex] = parent[parent[vertex]]
            vertex = parent[vertex]
        return vertex

    for line in lines:
        a, b = ends(line)
        parent[root(a)] = root(b)
    numbers: dict[Vertex, int] = {}
    return [numbers.setdefault(root(ends(line)[0]), len(numbers)) for line in lines]


def _main_component(links: list[Link]) -> list[Link]:
    numbers = components([link.line for link in links])
    most = Counter(numbers).most_common(1)[0][0]
    return [link for link, number in zip(links, numbers, strict=True) if number == most]
