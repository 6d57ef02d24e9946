"""Boundaries that nearly meet made to meet: neighbours get the same nodes, and what is between them closes.

Nodes of neighbours that lie within the tolerance of one another become one; a node that lies within the
tolerance of a neighbour's edge becomes a node of that edge. Only boundaries near a fault are touched, and a
boundary that would not stay valid, would move farther than the tolerance or would overlap a neighbour by more
than before stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.importing.ground import GroundPlane
from gridmap.importing.tables import GeometryArray

LARGEST_SNAP_M = 20.0
"""More than any two surveys of one boundary differ; beyond, streets and courts would begin to vanish."""

# Closing one crack may bring an edge near the next node.
_MOST_ROUNDS = 6
# Each attempt leaves out the boundaries that failed in the one before.
_MOST_ATTEMPTS = 12
# A polygon of the buffer's corners lies inside the true circle by a thousandth.
_BUFFER_SLACK = 1.002
_BUFFER_SEGMENTS = 16
# Overlaps are computed to about a square millimetre, and moves to less than a tenth of one.
_AREA_NOISE_M2 = 1e-4
_MOVE_NOISE_M = 1e-5


@dataclass(frozen=True, slots=True)
class SnappedBoundary:
    """What became of one boundary.

    Attributes
    ----------
    boundary : WKB, valid MULTIPOLYGON in WGS-84; the bytes that came where nothing changed
    moved_m : how far any of its nodes moved at most
    area_change_m2 : ground gained, or lost if negative
    left_because : ``not_valid``, ``moved_too_far`` or ``overlaps_more`` where it stayed as it was for that
        reason, ``not_settled`` where all stayed because too many of its neighbours had to; None otherwise
    """

    boundary: bytes
    moved_m: float = 0.0
    area_change_m2: float = 0.0
    left_because: str | None = None


def snap_boundaries(
    boundaries: Sequence[bytes], *, tolerance_m: float, fixed: Sequence[bytes] = ()
) -> list[SnappedBoundary]:
    """Close what is narrower than the tolerance between boundaries of one level.

    Parameters
    ----------
    boundaries : WKB, valid POLYGON or MULTIPOLYGON in WGS-84
    tolerance_m : how far a node or an edge may move at most
    fixed : boundaries of neighbours that others are brought to and that stay as they are

    Returns
    -------
    One for each of ``boundaries``, in their order. The same again changes nothing more, unless some stayed
    as they were: another run starts from their neighbours' new places and may bring them nearer.

    Raises
    ------
    ValueError
        The tolerance is not positive.
    """
    if tolerance_m <= 0:
        raise ValueError("tolerance_m must be positive")
    if not boundaries:
        return []
    given: Any = shapely.from_wkb(np.array([*boundaries, *fixed], dtype=object))
    plane = GroundPlane.around(given)
    left: dict[int, str] = dict.fromkeys(range(len(boundaries), len(given)), "")
    snapped: dict[int, Any] = {}
    for _ in range(_MOST_ATTEMPTS):
        snapped = _Mesh.of(given, plane, tolerance_m, still=set(left)).snapped()
        failed = _failures(given, snapped, plane, tolerance_m)
        if not failed:
            break
        left |= {row: reason for row, reason in failed.items() if row not in left}
    else:
        left = {**dict.fromkeys(snapped, "not_settled"), **left}
        snapped = {}
    return [
        _outcome(boundaries[row], given[row], snapped.get(row), plane, left.get(row))
        for row in range(len(boundaries))
    ]


def _outcome(
    before: bytes, given: Any, shape: Any, plane: GroundPlane, left_because: str | None
) -> SnappedBoundary:
    if shape is None or left_because:
        return SnappedBoundary(before, left_because=left_because)
    old, new = plane.in_metres(np.array([given, shape], dtype=object))
    nodes = shapely.points(plane.points_in_metres(shapely.get_coordinates(given)))
    return SnappedBoundary(
        boundary=shapely.to_wkb(shape, byte_order=1),
        moved_m=float(shapely.distance(nodes, shapely.boundary(new)).max()),
        area_change_m2=float(new.area - old.area),
    )


def _failures(
    given: GeometryArray, snapped: dict[int, Any], plane: GroundPlane, tolerance_m: float
) -> dict[int, str]:
    """The rows that must stay as they were, with the reason."""
    if not snapped:
        return {}
    rows = list(snapped)
    new = np.array([snapped[row] for row in rows], dtype=object)
    invalid = ~shapely.is_valid(new) | shapely.is_empty(new)
    failed = {rows[index]: "not_valid" for index in np.flatnonzero(invalid)}
    old_edges = shapely.boundary(plane.in_metres(given[rows]))
    new_edges = shapely.boundary(plane.in_metres(new))
    far = ~shapely.covers(_around(old_edges, tolerance_m), new_edges)
    far |= ~shapely.covers(_around(new_edges, tolerance_m), old_edges)
    failed |= {rows[index]: "moved_too_far" for index in np.flatnonzero(far & ~invalid)}
    if failed:
        return failed
    return _overlapping_more(given, snapped, plane)


def _around(edges: GeometryArray, tolerance_m: float) -> Any:
    return shapely.buffer(edges, tolerance_m * _BUFFER_SLACK, quad_segs=_BUFFER_SEGMENTS)


def _overlapping_more(given: GeometryArray, snapped: dict[int, Any], plane: GroundPlane) -> dict[int, str]:
    after = given.copy()
    for row, shape in snapped.items():
        after[row] = shape
    rows = np.array(list(snapped))
    one, other = shapely.STRtree(after).query(after[rows])
    pairs = np.unique(np.sort(np.column_stack([rows[one], other]), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]

    def overlaps_m2(shapes: GeometryArray) -> npt.NDArray[np.float64]:
        shared = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
        return np.asarray(shapely.area(plane.in_metres(shared)))

    more = overlaps_m2(after) > overlaps_m2(given) + _AREA_NOISE_M2
    failed: dict[int, str] = {}
    for pair in pairs[more].tolist():
        # One of the two staying is enough to try again; which one, the other pairs may have settled.
        if failed.keys().isdisjoint(pair):
            failed[next(row for row in pair if row in snapped)] = "overlaps_more"
    return failed


class _Mesh:
    """The rings near faults as lists of nodes that rings share; ``still`` rows are not moved."""

    def __init__(self, plane: GroundPlane, tolerance_m: float, still: set[int]) -> None:
        self._plane = plane
        self._tolerance_m = tolerance_m
        self._still = still
        self._rings: list[tuple[int, int, list[int]]] = []
        """Row, part of the row, nodes; the first ring of a part is its shell."""
        self._points_deg: list[tuple[float, float]] = []
        self._points_m = np.zeros((0, 2))
        self._rows_of: list[set[int]] = []
        self._moved: set[int] = set()
        self._before: dict[int, list[tuple[int, tuple[int, ...]]]] = {}

    @classmethod
    def of(cls, given: GeometryArray, plane: GroundPlane, tolerance_m: float, *, still: set[int]) -> _Mesh:
        """The mesh of the rows within a few tolerances of a place where edges do not match."""
        mesh = cls(plane, tolerance_m, still)
        metric = _projected(given, plane)
        faults = shapely.coverage_invalid_edges(metric, tolerance_m)
        faults = faults[~shapely.is_empty(faults)]
        if not len(faults):
            return mesh
        fault, near = shapely.STRtree(metric).query(faults, predicate="dwithin", distance=3 * tolerance_m)
        # What is wrong among rows that stay does not matter here.
        near = near[np.isin(fault, fault[~np.isin(near, list(still))])]
        number_of: dict[tuple[float, float], int] = {}
        for row in np.unique(near):
            for part_number, part in enumerate(shapely.get_parts(given[row])):
                for ring in (part.exterior, *part.interiors):
                    corners = shapely.get_coordinates(ring)[:-1].tolist()
                    nodes = [number_of.setdefault((x, y), len(number_of)) for x, y in corners]
                    mesh._rings.append((int(row), part_number, nodes))
        mesh._points_deg = list(number_of)
        mesh._points_m = plane.points_in_metres(np.array(mesh._points_deg).reshape(-1, 2))
        mesh._find_rows()
        mesh._before = mesh._by_row()
        return mesh

    def snapped(self) -> dict[int, Any]:
        """The rows that changed, in WGS-84; an empty shape where nothing is left of one."""
        for _ in range(_MOST_ROUNDS):
            active = self._nodes_near_faults()
            if not len(active):
                break
            changed = self._join_nodes(active)
            changed |= self._enter_edges(self._nodes_near_faults())
            if not changed:
                break
        after = self._by_row()
        return {
            row: self._shape(rings)
            for row, rings in after.items()
            if row not in self._still
            and (rings != self._before[row] or any(not self._moved.isdisjoint(nodes) for _, nodes in rings))
        }

    def _by_row(self) -> dict[int, list[tuple[int, tuple[int, ...]]]]:
        by_row: dict[int, list[tuple[int, tuple[int, ...]]]] = {row: [] for row, _, _ in self._rings}
        for row, part, nodes in self._rings:
            by_row[row].append((part, tuple(nodes)))
        return by_row

    def _find_rows(self) -> None:
        self._rows_of = [set() for _ in self._points_deg]
        for row, _, nodes in self._rings:
            for node in nodes:
                self._rows_of[node].add(row)

    def _nodes_near_faults(self) -> npt.NDArray[np.int64]:
        shapes = [(row, self._shape(rings, self._points_m)) for row, rings in self._by_row().items()]
        metric = np.array([shape for _, shape in shapes if not shape.is_empty], dtype=object)
        faults = shapely.coverage_invalid_edges(metric, self._tolerance_m)
        faults = faults[~shapely.is_empty(faults)]
        if not len(faults):
            return np.zeros(0, dtype=np.int64)
        points: Any = shapely.points(self._points_m)
        reach_m = 2 * self._tolerance_m
        _, near = shapely.STRtree(points).query(faults, predicate="dwithin", distance=reach_m)
        return np.array([node for node in np.unique(near) if self._rows_of[node]], dtype=np.int64)

    def _is_still(self, node: int) -> bool:
        return not self._rows_of[node].isdisjoint(self._still)

    def _join_nodes(self, active: npt.NDArray[np.int64]) -> bool:
        """Make nodes of different rows one; a row keeps the nodes that are its own detail."""
        order = sorted(
            (int(node) for node in active),
            key=lambda node: (not self._is_still(node), -len(self._rows_of[node]), self._points_deg[node]),
        )
        points: Any = shapely.points(self._points_m[order])
        one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=self._tolerance_m)
        near: dict[int, list[int]] = {}
        for i, j in zip(one.tolist(), other.tolist(), strict=True):
            if j < i:
                near.setdefault(i, []).append(j)
        moved_to: dict[int, int] = {}
        for i, earlier in sorted(near.items()):
            node = order[i]
            if self._is_still(node):
                continue
            here = self._points_m[node]
            by_distance = sorted(
                (order[j] for j in earlier if order[j] not in moved_to),
                key=lambda goal: (float(np.hypot(*(self._points_m[goal] - here))), goal),
            )
            goal = next((g for g in by_distance if self._rows_of[g].isdisjoint(self._rows_of[node])), None)
            if goal is not None:
                moved_to[node] = goal
                self._rows_of[goal] |= self._rows_of[node]
        if not moved_to:
            return False
        self._rings = [
            (row, part, [moved_to.get(node, node) for node in nodes]) for row, part, nodes in self._rings
        ]
        self._tidy()
        return True

    def _enter_edges(self, active: npt.NDArray[np.int64]) -> bool:
        """Make a node that lies near a neighbour's edge a node of that edge."""
        if not len(active):
            return False
        edges = [
            (ring, place, nodes[place], nodes[(place + 1) % len(nodes)])
            for ring, (_, _, nodes) in enumerate(self._rings)
            for place in range(len(nodes))
        ]
        ends = np.array([(self._points_m[a], self._points_m[b]) for _, _, a, b in edges])
        points: Any = shapely.points(self._points_m[active])
        lines: Any = shapely.linestrings(ends)
        tree = shapely.STRtree(lines)
        which, edge = tree.query(points, predicate="dwithin", distance=self._tolerance_m)
        distance_m = shapely.distance(points[which], lines[edge])
        entering: dict[tuple[int, int], dict[int, float]] = {}
        moved: dict[int, tuple[float, float]] = {}
        met: set[tuple[int, int]] = set()
        # The nearest edge of each ring only: entered twice, a node would tie the ring to itself.
        for index in np.lexsort((edge, distance_m)).tolist():
            node, number = int(active[which[index]]), int(edge[index])
            ring, place, _, _ = edges[number]
            row = self._rings[ring][0]
            if row in self._rows_of[node] or (ring, node) in met:
                continue
            met.add((ring, node))
            share = _share_along(self._points_m[node], ends[number])
            if not 0 < share < 1:
                continue
            if row in self._still:
                if not self._is_still(node):
                    goal = ends[number][0] + share * (ends[number][1] - ends[number][0])
                    if np.hypot(*(goal - self._points_m[node])) > _MOVE_NOISE_M:
                        moved.setdefault(node, (float(goal[0]), float(goal[1])))
                continue
            entering.setdefault((ring, place), {})[node] = share
        for node, goal in moved.items():
            self._points_m[node] = goal
            lon_deg, lat_deg = self._plane.points_in_degrees(np.array([goal]))[0]
            self._points_deg[node] = (float(lon_deg), float(lat_deg))
            self._moved.add(node)
        self._insert(entering)
        return bool(moved or entering)

    def _insert(self, entering: dict[tuple[int, int], dict[int, float]]) -> None:
        for ring, (row, part, nodes) in enumerate(self._rings):
            longer: list[int] = []
            for place, node in enumerate(nodes):
                longer.append(node)
                shares = entering.get((ring, place), {})
                longer += [
                    new for new in sorted(shares, key=lambda each: (shares[each], each)) if new not in nodes
                ]
            self._rings[ring] = (row, part, longer)
        self._tidy()

    def _tidy(self) -> None:
        """Drop repeated nodes and spikes of no width; a ring of fewer than three nodes encloses nothing."""
        self._rings = [(row, part, _without_spikes(nodes)) for row, part, nodes in self._rings]
        self._find_rows()

    def _shape(
        self, rings: Iterable[tuple[int, tuple[int, ...]]], points: npt.NDArray[np.float64] | None = None
    ) -> Any:
        places: Any = self._points_deg if points is None else points
        parts: dict[int, list[list[Any]]] = {}
        for part, nodes in rings:
            corners = [places[node] for node in nodes]
            # A part whose shell has vanished vanishes with its holes.
            if part not in parts:
                parts[part] = [corners] if len(nodes) >= 3 else []
            elif parts[part] and len(nodes) >= 3:
                parts[part].append(corners)
        return shapely.MultiPolygon(
            [shapely.Polygon(corners[0], corners[1:]) for corners in parts.values() if corners]
        )


def _projected(shapes: GeometryArray, plane: GroundPlane) -> GeometryArray:
    """Node by node: edges stay straight between the same nodes, so that shared ones stay shared."""
    projected: Any = shapely.transform(shapes, plane.points_in_metres)
    return np.asarray(projected, dtype=object)


def _share_along(point: npt.NDArray[np.float64], ends: npt.NDArray[np.float64]) -> float:
    """Where the foot of a point lies on an edge: 0 at its begin, 1 at its end."""
    along = ends[1] - ends[0]
    length2 = float(along @ along)
    return float((point - ends[0]) @ along) / length2 if length2 else 0.0


def _without_spikes(nodes: Sequence[int]) -> list[int]:
    kept = list(nodes)
    found = True
    while found and len(kept) >= 3:
        found = False
        for place in range(len(kept)):
            before, after = kept[place - 1], kept[(place + 1) % len(kept)]
            if after in (kept[place], before):
                del kept[place]
                found = True
                break
    return kept
