"""The embankment park: quay, promenade by the water, promenade on the dyke, steps between, the ferry pier."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from shapely import LineString, Polygon

from . import frame
from .plan_streets import STREETS
from .site import Built, Cover, House, Walk

PIER_V = 908.0
_WATER_WALK_U = 16.0
_DYKE_WALK_U = 62.0
_SPAN = (14.0, 1896.0)
# Where the riverside avenue runs: v and u of its vertices, as in the plan of streets.
_AVENUE = tuple(zip(*((v, u) for u, v in STREETS[0].line), strict=True))


def _along(u: float, start: float, end: float, step: float = 15.0) -> list[tuple[float, float]]:
    count = max(2, int((end - start) / step))
    return [(u, float(v)) for v in np.linspace(start, end, count)]


def _strip(u0: float, u1: float, v0: float, v1: float) -> Polygon:
    """A strip of the bank on the ground."""
    return frame.warp(Polygon([(u0, v0), (u1, v0), (u1, v1), (u0, v1)])).simplify(0.3)


def build(built: Built) -> None:
    """Lay out the whole bank once, on its largest parcel."""
    steps = [70.0, 190.0, 320.0, 520.0, 690.0, 840.0, 980.0, 1120.0, 1260.0, 1440.0, 1570.0, 1720.0, 1840.0]
    for u in (_WATER_WALK_U, _DYKE_WALK_U):
        stops = [_SPAN[0], *sorted({*steps, PIER_V}), _SPAN[1]]
        for a, b in pairwise(stops):
            line = frame.warp(LineString(_along(u, a, b))).simplify(0.3)
            name = ("江滩亲水步道", "Waterside Walk") if u == _WATER_WALK_U else ("江堤步道", "Dyke Walk")
            built.walks.append(Walk(line, "footway", 5.0, *name))
    for v in steps:
        line = frame.warp(LineString([(_WATER_WALK_U, v), (_DYKE_WALK_U, v)]))
        built.walks.append(Walk(line, "steps", 6.0, "江堤台阶", "Dyke Steps"))
    for v in (130.0, 330.0, 560.0, 760.0, 1040.0, 1200.0, 1500.0, 1780.0):
        avenue = float(np.interp(v, *_AVENUE)) + 1.5
        line = frame.warp(LineString([(_DYKE_WALK_U, v), (avenue, v)]))
        built.walks.append(Walk(line, "footway", 4.0))
    for v in (_SPAN[0], _SPAN[1]):
        built.walks.append(
            Walk(frame.warp(LineString([(_WATER_WALK_U, v), (_DYKE_WALK_U, v)])), "steps", 6.0)
        )
    _greens(built, steps)
    _pier(built)


def _greens(built: Built, steps: list[float]) -> None:
    """Lawns between the steps; every fourth is a square or a ball court."""
    stops = [24.0, *steps, 1890.0]
    for index, (a, b) in enumerate(pairwise(stops)):
        for u0, u1 in ((21.0, 57.0), (67.0, 99.0)):
            for piece in _around_gaps(a + 5, b - 5, ((PIER_V, 44.0), (1660.0, 30.0))):
                if u0 > 60 and index % 4 == 2:
                    middle = (piece[0] + piece[1]) / 2
                    built.covers.append(Cover(_strip(u0 + 4, u1 - 4, middle - 22, middle + 22), "sports"))
                    continue
                name = (
                    ("江岚江滩公园", "Jianglan Riverside Park") if u0 > 60 and index in (3, 9) else ("", "")
                )
                built.covers.append(Cover(_strip(u0, u1, *piece), "green", *name))
    for a, b in ((10.0, 328.0), (422.0, PIER_V - 40), (PIER_V + 40, 1648.0), (1680.0, 1898.0)):
        built.covers.append(Cover(_strip(1.5, 13.0, a, b), "plaza"))
    built.covers.append(Cover(_strip(1.5, 21, 330, 420), "plaza", "渔人码头广场", "Fishermen's Wharf Square"))


def _around_gaps(
    start: float, end: float, gaps: tuple[tuple[float, float], ...]
) -> list[tuple[float, float]]:
    pieces = [(start, end)]
    for middle, half in gaps:
        pieces = [
            part
            for a, b in pieces
            for part in ((a, min(b, middle - half)), (max(a, middle + half), b))
            if part[1] - part[0] > 8
        ]
    return pieces


def _pier(built: Built) -> None:
    """The ferry square, the ticket house and the landing stage in the river."""
    built.covers.append(
        Cover(_strip(2, 100, PIER_V - 38, PIER_V + 38), "plaza", "江岚码头广场", "Jianglan Pier Square")
    )
    built.houses.append(
        House(_strip(66, 84, PIER_V + 14, PIER_V + 34), "pier", "public", 2, name="江岚轮渡码头候船厅")
    )
    built.houses.append(House(_strip(70, 82, PIER_V - 32, PIER_V - 16), "pier", "shop", 1, name="码头咖啡"))
    for v, name in ((385.0, "渔民之家"), (1235.0, "江滩驿站"), (1610.0, "锦帆泵站"), (60.0, "船台咖啡")):
        built.houses.append(House(_strip(76, 92, v - 9, v + 9), "pavilion", "public", 1, name=name))
    built.covers.append(
        Cover(_strip(-46, -26, PIER_V - 34, PIER_V + 34), "plaza", "江岚轮渡码头", "Jianglan Ferry Pier")
    )
    built.covers.append(Cover(_strip(-27, 3, PIER_V - 5, PIER_V + 5), "plaza"))
    line = frame.warp(LineString([(-36, PIER_V), (14, PIER_V)]))
    built.walks.append(Walk(line, "footway", 8.0, "轮渡栈桥", "Ferry Gangway"))
