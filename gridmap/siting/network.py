"""Walking distances on a street network: who can reach whom within a cutoff, in whole metres.

A network is undirected (people walk both ways) and its edges are straight between two nodes; a bend is a
node. What can't be walked is absent: a wall, a river or a closed gate has no edge,
:meth:`StreetNetwork.without` takes one away, and a bridge is one more edge. Coordinates are metres of one
plane (a projected system).

Search runs from the candidates, because there are fewer of them than clients, and stops at the cutoff: the
cost depends on the streets within reach and not on the size of the city.

Source: Dijkstra, *A note on two problems in connexion with graphs*, 1959.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridmap.siting.compiled import Flags, Integers, Reals, compiled
from gridmap.siting.errors import SitingInputUnusable

_UNREACHED = np.iinfo(np.int64).max
_NODE_BITS = 32
_NODE_MASK = (1 << _NODE_BITS) - 1


@dataclass(frozen=True)
class StreetNetwork:
    """Nodes, edges, and the edges of each node in compressed rows.

    Attributes
    ----------
    node_xy_m : (n, 2) float, plane coordinates.
    edge_nodes : (e, 2) int, the two ends of each edge.
    edge_length_m : (e,) int, walking length, at least 0 (a stair may be given longer than it is).
    indptr, neighbour, length_m : compressed rows of both directions, (n + 1,), (2 e,), (2 e,) int.
    """

    node_xy_m: Reals
    edge_nodes: Integers
    edge_length_m: Integers
    indptr: Integers
    neighbour: Integers
    length_m: Integers

    @property
    def node_count(self) -> int:
        return len(self.node_xy_m)

    def without(self, barred: Flags) -> StreetNetwork:
        """Return the network without the edges of the mask `barred`, (e,) bool."""
        return build_network(
            self.node_xy_m, edge_nodes=self.edge_nodes[~barred], edge_length_m=self.edge_length_m[~barred]
        )

    def components(self) -> Integers:
        """Return the number of the connected part of each node, (n,); the largest part is 0."""
        graph = csr_matrix(
            (np.ones(len(self.neighbour), dtype=np.int8), self.neighbour, self.indptr),
            shape=(self.node_count, self.node_count),
        )
        count, part = connected_components(graph, directed=False)
        sizes = np.bincount(part, minlength=count)
        rank = np.empty(count, dtype=np.int64)
        rank[np.argsort(-sizes, kind="stable")] = np.arange(count)
        return rank[part]


def build_network(node_xy_m: Reals, *, edge_nodes: Integers, edge_length_m: Integers) -> StreetNetwork:
    """Arrange nodes and edges for searching.

    Raises
    ------
    SitingInputUnusable
        An edge names a node that is not there, or has a negative length.
    """
    count = len(node_xy_m)
    edge_nodes = np.asarray(edge_nodes, dtype=np.int64).reshape(-1, 2)
    edge_length_m = np.asarray(edge_length_m, dtype=np.int64)
    if len(edge_nodes) and (edge_nodes.min() < 0 or edge_nodes.max() >= count):
        raise SitingInputUnusable(reason="siting.edge_without_node")
    if len(edge_length_m) and edge_length_m.min() < 0:
        raise SitingInputUnusable(reason="siting.negative_length")
    tails = np.concatenate([edge_nodes[:, 0], edge_nodes[:, 1]])
    heads = np.concatenate([edge_nodes[:, 1], edge_nodes[:, 0]])
    order = np.lexsort((heads, tails))
    indptr = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(tails, minlength=count), out=indptr[1:])
    return StreetNetwork(
        node_xy_m=np.asarray(node_xy_m, dtype=np.float64),
        edge_nodes=edge_nodes,
        edge_length_m=edge_length_m,
        indptr=indptr,
        neighbour=heads[order],
        length_m=np.concatenate([edge_length_m, edge_length_m])[order],
    )


@dataclass(frozen=True)
class SnappedPoints:
    """Points that were brought onto their nearest edges.

    Attributes
    ----------
    edge : (k,) int, the edge that each point stands on.
    ends : (k, 2) int, its two nodes.
    to_ends_m : (k, 2) int, metres along the edge to either node.
    snap_m : (k,) int, metres from the point to the edge; they are walked too, and counted.
    """

    edge: Integers
    ends: Integers
    to_ends_m: Integers
    snap_m: Integers


def snap_to_edges(network: StreetNetwork, points_xy_m: Reals) -> SnappedPoints:
    """Bring each point, (k, 2), onto its nearest edge; of equally near ones, the first."""
    points_xy_m = np.asarray(points_xy_m, dtype=np.float64).reshape(-1, 2)
    if not len(network.edge_nodes):
        raise SitingInputUnusable(reason="siting.no_streets")
    lines = np.asarray(shapely.linestrings(network.node_xy_m[network.edge_nodes]))
    points = np.asarray(shapely.points(points_xy_m))
    of_point, near = shapely.STRtree(lines).query_nearest(points)
    edge = np.full(len(points_xy_m), np.iinfo(np.int64).max)
    np.minimum.at(edge, of_point, near)
    along = shapely.line_locate_point(lines[edge], points, normalized=True)
    # an edge of no extent has no way along it
    share = np.nan_to_num(np.clip(along, 0.0, 1.0))
    length_m = network.edge_length_m[edge]
    from_first_m = np.rint(share * length_m).astype(np.int64)
    return SnappedPoints(
        edge=edge,
        ends=network.edge_nodes[edge],
        to_ends_m=np.column_stack([from_first_m, length_m - from_first_m]),
        snap_m=np.ceil(shapely.distance(lines[edge], points)).astype(np.int64),
    )


def at_nodes(network: StreetNetwork, nodes: Integers) -> SnappedPoints:
    """Stand points on nodes, (k,), of the network: nothing to snap, no edge to share."""
    nodes = np.asarray(nodes, dtype=np.int64)
    if len(nodes) and (nodes.min() < 0 or nodes.max() >= network.node_count):
        raise SitingInputUnusable(reason="siting.edge_without_node")
    zeros = np.zeros(len(nodes), dtype=np.int64)
    return SnappedPoints(
        edge=np.full(len(nodes), -1, dtype=np.int64),
        ends=np.column_stack([nodes, nodes]),
        to_ends_m=np.column_stack([zeros, zeros]),
        snap_m=zeros,
    )


@dataclass(frozen=True)
class WalkingDistances:
    """Who reaches whom: one row for each candidate, the clients in rising order.

    Attributes
    ----------
    indptr : (m + 1,) int; client : (k,) int; distance_m : (k,) int, at most `cutoff_m`.
    client_count : int, n.
    cutoff_m : int.
    """

    indptr: Integers
    client: Integers
    distance_m: Integers
    client_count: int
    cutoff_m: int


def walking_distances(
    network: StreetNetwork, *, candidates: SnappedPoints, clients: SnappedPoints, cutoff_m: int
) -> WalkingDistances:
    """Walk from every candidate to all clients within `cutoff_m` metres.

    A distance is the way from the candidate to its street, along the streets, and from the street to the
    client.
    """
    if cutoff_m < 0:
        raise SitingInputUnusable(reason="siting.negative_length")
    count = network.node_count
    client_count = len(clients.edge)
    ends = clients.ends.T.ravel()
    order = np.argsort(ends, kind="stable")
    stop_indptr = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(ends, minlength=count), out=stop_indptr[1:])
    stop_client = np.tile(np.arange(client_count, dtype=np.int64), 2)[order]
    stop_m = (clients.to_ends_m + clients.snap_m[:, None]).T.ravel()[order]
    by_edge = np.argsort(clients.edge, kind="stable")
    first = np.searchsorted(clients.edge[by_edge], candidates.edge, side="left")
    last = np.searchsorted(clients.edge[by_edge], candidates.edge, side="right")
    last = np.where(candidates.edge < 0, first, last)
    indptr, client, distance_m = _walk(
        network.indptr,
        network.neighbour,
        network.length_m,
        stop_indptr,
        stop_client,
        stop_m,
        candidates.ends,
        candidates.to_ends_m,
        candidates.snap_m,
        by_edge[:0] if not client_count else by_edge,
        first,
        last,
        clients.to_ends_m,
        clients.snap_m,
        cutoff_m,
    )
    return WalkingDistances(indptr, client, distance_m, client_count, cutoff_m)


@dataclass(frozen=True)
class ReachedStretches:
    """The parts of streets that lie within a walk: an isochrone, as lines. Stretches of one edge may overlap.

    Attributes
    ----------
    edge : (k,) int, the edge of each stretch, rising.
    begin_m, end_m : (k,) int, metres from the edge's first node, begin < end (or equal on an edge of no
        length).
    """

    edge: Integers
    begin_m: Integers
    end_m: Integers


def reached_stretches(network: StreetNetwork, *, origins: SnappedPoints, cutoff_m: int) -> ReachedStretches:
    """Return the streets within `cutoff_m` metres of any of the `origins`."""
    distance_m = _distances(
        network.indptr,
        network.neighbour,
        network.length_m,
        origins.ends.ravel(),
        (origins.to_ends_m + origins.snap_m[:, None]).ravel(),
        cutoff_m,
    )
    left_m = np.where(distance_m == _UNREACHED, -1, cutoff_m - np.minimum(distance_m, cutoff_m))
    into_m = np.minimum(left_m[network.edge_nodes], network.edge_length_m[:, None])
    from_first, from_second = (np.flatnonzero(into_m[:, side] >= 0) for side in (0, 1))
    # an origin's own edge, to both sides of it
    around_m = cutoff_m - origins.snap_m
    own = np.flatnonzero((origins.edge >= 0) & (around_m >= 0))
    own_edge, own_m = origins.edge[own], origins.to_ends_m[own, 0]
    edge = np.concatenate([from_first, from_second, own_edge])
    begin_m = np.concatenate(
        [
            np.zeros(len(from_first), dtype=np.int64),
            network.edge_length_m[from_second] - into_m[from_second, 1],
            np.maximum(own_m - around_m[own], 0),
        ]
    )
    end_m = np.concatenate(
        [
            into_m[from_first, 0],
            network.edge_length_m[from_second],
            np.minimum(own_m + around_m[own], network.edge_length_m[own_edge]),
        ]
    )
    kept = (begin_m < end_m) | (network.edge_length_m[edge] == 0)
    order = np.lexsort((end_m[kept], begin_m[kept], edge[kept]))
    return ReachedStretches(edge[kept][order], begin_m[kept][order], end_m[kept][order])


@compiled
def _push(heap: Integers, size: int, key: int) -> None:
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if heap[parent] <= key:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = key


@compiled
def _pop(heap: Integers, size: int) -> int:
    """Take the least key from a heap of `size` keys, which has one fewer after it."""
    least = heap[0]
    key = heap[size - 1]
    size -= 1
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = key
    return least


@compiled
def _spread(
    indptr: Integers,
    neighbour: Integers,
    length_m: Integers,
    heap: Integers,
    size: int,
    distance_m: Integers,
    settled: Integers,
    cutoff_m: int,
) -> int:
    """Settle the nodes within the cutoff of those on the heap; return how many stand in `settled`.

    A key holds the distance above the node's number: the heap orders by distance, then by number, so that
    ties fall the same way at every run. A node whose distance was bettered later is skipped when its old
    key comes up.
    """
    count = 0
    while size > 0:
        key = _pop(heap, size)
        size -= 1
        node = key & _NODE_MASK
        reached_m = key >> _NODE_BITS
        if reached_m > distance_m[node]:
            continue
        settled[count] = node
        count += 1
        for arc in range(indptr[node], indptr[node + 1]):
            other = neighbour[arc]
            further_m = reached_m + length_m[arc]
            if further_m <= cutoff_m and further_m < distance_m[other]:
                distance_m[other] = further_m
                _push(heap, size, (further_m << _NODE_BITS) | other)
                size += 1
    return count


@compiled
def _distances(
    indptr: Integers,
    neighbour: Integers,
    length_m: Integers,
    starts: Integers,
    starts_m: Integers,
    cutoff_m: int,
) -> Integers:
    distance_m = np.full(len(indptr) - 1, _UNREACHED, dtype=np.int64)
    heap = np.empty(len(neighbour) + len(starts) + 1, dtype=np.int64)
    settled = np.empty(len(indptr), dtype=np.int64)
    size = 0
    for k in range(len(starts)):
        if starts_m[k] <= cutoff_m and starts_m[k] < distance_m[starts[k]]:
            distance_m[starts[k]] = starts_m[k]
            _push(heap, size, (starts_m[k] << _NODE_BITS) | starts[k])
            size += 1
    _spread(indptr, neighbour, length_m, heap, size, distance_m, settled, cutoff_m)
    return distance_m


@compiled
def _walk(
    indptr: Integers,
    neighbour: Integers,
    length_m: Integers,
    stop_indptr: Integers,
    stop_client: Integers,
    stop_m: Integers,
    ends: Integers,
    to_ends_m: Integers,
    snap_m: Integers,
    by_edge: Integers,
    first: Integers,
    last: Integers,
    client_to_ends_m: Integers,
    client_snap_m: Integers,
    cutoff_m: int,
) -> tuple[Integers, Integers, Integers]:
    """One bounded search for each candidate; arrays are made once and only what was touched is reset."""
    count = len(indptr) - 1
    distance_m = np.full(count, _UNREACHED, dtype=np.int64)
    best_m = np.full(len(client_snap_m), _UNREACHED, dtype=np.int64)
    heap = np.empty(len(neighbour) + 3, dtype=np.int64)
    settled = np.empty(count + 1, dtype=np.int64)
    met = np.empty(len(client_snap_m), dtype=np.int64)
    out_indptr = np.zeros(len(ends) + 1, dtype=np.int64)
    out_client = np.empty(1024, dtype=np.int64)
    out_m = np.empty(1024, dtype=np.int64)
    filled = 0
    for j in range(len(ends)):
        size = 0
        for side in range(2):
            start_m = snap_m[j] + to_ends_m[j, side]
            node = ends[j, side]
            if start_m <= cutoff_m and start_m < distance_m[node]:
                distance_m[node] = start_m
                _push(heap, size, (start_m << _NODE_BITS) | node)
                size += 1
        reached = _spread(indptr, neighbour, length_m, heap, size, distance_m, settled, cutoff_m)
        met_count = 0
        for k in range(reached):
            node = settled[k]
            for stop in range(stop_indptr[node], stop_indptr[node + 1]):
                total_m = distance_m[node] + stop_m[stop]
                client = stop_client[stop]
                if total_m <= cutoff_m and total_m < best_m[client]:
                    if best_m[client] == _UNREACHED:
                        met[met_count] = client
                        met_count += 1
                    best_m[client] = total_m
            distance_m[node] = _UNREACHED
        # a client on the candidate's own edge need not go round by a node
        for k in range(first[j], last[j]):
            client = by_edge[k]
            total_m = snap_m[j] + client_snap_m[client] + abs(to_ends_m[j, 0] - client_to_ends_m[client, 0])
            if total_m <= cutoff_m and total_m < best_m[client]:
                if best_m[client] == _UNREACHED:
                    met[met_count] = client
                    met_count += 1
                best_m[client] = total_m
        if filled + met_count > len(out_client):
            room = max(2 * len(out_client), filled + met_count)
            grown = np.empty(room, dtype=np.int64)
            grown[:filled] = out_client[:filled]
            out_client = grown
            grown = np.empty(room, dtype=np.int64)
            grown[:filled] = out_m[:filled]
            out_m = grown
        for client in np.sort(met[:met_count]):
            out_client[filled] = client
            out_m[filled] = best_m[client]
            best_m[client] = _UNREACHED
            filled += 1
        out_indptr[j + 1] = filled
    return out_indptr, out_client[:filled].copy(), out_m[:filled].copy()
