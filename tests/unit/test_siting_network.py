"""Walking distances: small streets by hand, real networks beside scipy's Dijkstra."""

from __future__ import annotations

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from gridmap.siting.errors import SitingInputUnusable
from gridmap.siting.instance import reach_by_walking
from gridmap.siting.network import (
    StreetNetwork,
    at_nodes,
    build_network,
    reached_stretches,
    snap_to_edges,
    walking_distances,
)
from tests.realdata import real_file


def straight_street() -> StreetNetwork:
    """Four nodes on a line, 100 m apart, and a fifth that no street reaches."""
    node_xy_m = np.array([[0, 0], [100, 0], [200, 0], [300, 0], [0, 500]], dtype=float)
    return build_network(
        node_xy_m,
        edge_nodes=np.array([[0, 1], [1, 2], [2, 3]]),
        edge_length_m=np.array([100, 100, 100]),
    )


def pairs(network: StreetNetwork, candidates: list, clients: list, cutoff_m: int) -> dict:
    walks = walking_distances(
        network,
        candidates=snap_to_edges(network, np.array(candidates, dtype=float)),
        clients=snap_to_edges(network, np.array(clients, dtype=float)),
        cutoff_m=cutoff_m,
    )
    candidate = np.repeat(np.arange(len(candidates)), np.diff(walks.indptr))
    return {
        (int(j), int(i)): int(d) for j, i, d in zip(candidate, walks.client, walks.distance_m, strict=True)
    }


def test_a_walk_counts_the_way_to_the_street_at_both_ends() -> None:
    # 10 m to the street, 40 m back to the corner, 100 m, 25 m on, 5 m to the door
    assert pairs(straight_street(), [[40, 10]], [[125, -5]], 500) == {(0, 0): 10 + 60 + 25 + 5}


def test_neighbours_on_one_edge_do_not_go_round_by_a_corner() -> None:
    assert pairs(straight_street(), [[40, 0]], [[60, 0], [30, 0]], 500) == {(0, 0): 20, (0, 1): 10}


def test_who_is_beyond_the_cutoff_is_not_listed_and_who_is_at_it_is() -> None:
    assert pairs(straight_street(), [[0, 0]], [[150, 0], [151, 0]], 150) == {(0, 0): 150}


def test_a_barrier_is_an_edge_that_is_absent() -> None:
    network = straight_street().without(np.array([False, True, False]))
    assert pairs(network, [[0, 0]], [[100, 0], [300, 0]], 500) == {(0, 0): 100}
    assert network.components().tolist() == [0, 0, 1, 1, 2]


def test_stretches_end_where_the_walk_ends_on_both_sides_of_the_origin() -> None:
    network = straight_street()
    origin = snap_to_edges(network, np.array([[150.0, 0.0]]))
    reached = reached_stretches(network, origins=origin, cutoff_m=80)
    assert list(
        zip(reached.edge.tolist(), reached.begin_m.tolist(), reached.end_m.tolist(), strict=True)
    ) == [
        (0, 70, 100),
        (1, 0, 30),
        (1, 0, 100),
        (1, 70, 100),
        (2, 0, 30),
    ]
    short = reached_stretches(network, origins=origin, cutoff_m=20)
    assert (short.edge.tolist(), short.begin_m.tolist(), short.end_m.tolist()) == ([1], [30], [70])


def test_streets_that_cannot_be_are_refused() -> None:
    places = np.zeros((2, 2))
    with pytest.raises(SitingInputUnusable) as refusal:
        build_network(places, edge_nodes=np.array([[0, 2]]), edge_length_m=np.array([1]))
    assert refusal.value.code == "siting.edge_without_node"
    with pytest.raises(SitingInputUnusable) as refusal:
        build_network(places, edge_nodes=np.array([[0, 1]]), edge_length_m=np.array([-1]))
    assert refusal.value.code == "siting.negative_length"
    empty = build_network(places, edge_nodes=np.zeros((0, 2)), edge_length_m=np.zeros(0))
    with pytest.raises(SitingInputUnusable) as refusal:
        snap_to_edges(empty, places)
    assert refusal.value.code == "siting.no_streets"


def helsinki_streets() -> StreetNetwork:
    """Every way of the extract that people walk on, bends as nodes, in metres (ETRS-TM35FIN)."""
    ways = pyogrio.read_dataframe(
        real_file("helsinki_walk/Helsinki.osm.pbf"), layer="lines", columns=["highway"]
    )
    ways = ways[ways.highway.notna() & ~ways.highway.isin(["motorway", "construction", "proposed"])]
    ways = ways.to_crs(3067)
    corner_xy_m, way = shapely.get_coordinates(ways.geometry.array, return_index=True)
    same_way = way[1:] == way[:-1]
    node_xy_m, node = np.unique(np.round(corner_xy_m, 2), axis=0, return_inverse=True)
    edge_nodes = np.column_stack([node[:-1], node[1:]])[same_way]
    length_m = np.linalg.norm(node_xy_m[edge_nodes[:, 0]] - node_xy_m[edge_nodes[:, 1]], axis=1)
    return build_network(node_xy_m, edge_nodes=edge_nodes, edge_length_m=np.rint(length_m).astype(np.int64))


def mongkok_streets() -> StreetNetwork:
    path = real_file("hongkong_mongkok_osm_network/hk_graph.gpkg")
    nodes = pyogrio.read_dataframe(path, layer="nodes", columns=["osmid", "x", "y"], read_geometry=False)
    edges = pyogrio.read_dataframe(path, layer="edges", columns=["u", "v", "length"], read_geometry=False)
    number = {osmid: place for place, osmid in enumerate(nodes.osmid.astype("int64"))}
    ends = np.array([[number[int(u)], number[int(v)]] for u, v in zip(edges.u, edges.v, strict=True)])
    to_metres = pyproj.Transformer.from_crs(4326, 2326, always_xy=True)
    return build_network(
        np.column_stack(to_metres.transform(nodes.x, nodes.y)),
        edge_nodes=ends,
        edge_length_m=np.rint(edges.length).astype(np.int64),
    )


@pytest.mark.parametrize("streets", [helsinki_streets, mongkok_streets])
def test_walks_on_a_real_network_are_those_of_another_dijkstra(streets) -> None:
    network = streets()
    rng = np.random.default_rng(3)
    starts = rng.choice(network.node_count, 40, replace=False)
    cutoff_m = 800
    walks = walking_distances(
        network,
        candidates=at_nodes(network, starts),
        clients=at_nodes(network, np.arange(network.node_count)),
        cutoff_m=cutoff_m,
    )
    # scipy takes a length of nought for no edge, and adds up lengths given twice: a tenth, and the least
    tails = np.repeat(np.arange(network.node_count), np.diff(network.indptr))
    order = np.lexsort((network.length_m, network.neighbour, tails))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(tails[order]) != 0) | (np.diff(network.neighbour[order]) != 0)
    kept = order[first]
    graph = csr_matrix(
        (np.maximum(network.length_m[kept], 1e-6), (tails[kept], network.neighbour[kept])),
        shape=(network.node_count, network.node_count),
    )
    expected = dijkstra(graph, indices=starts, limit=cutoff_m + 0.5)
    ours = np.full(expected.shape, np.inf)
    ours[np.repeat(np.arange(len(starts)), np.diff(walks.indptr)), walks.client] = walks.distance_m
    assert np.isfinite(ours).sum() > 3000
    assert (np.isfinite(ours) == np.isfinite(expected)).all()
    assert np.allclose(ours[np.isfinite(ours)], expected[np.isfinite(ours)], atol=0.01)


def test_people_of_real_cells_reach_real_streets() -> None:
    network = helsinki_streets()
    cells = pyogrio.read_dataframe(real_file("helsinki_walk/helsinki_population_grid_2020.gpkg")).to_crs(3067)
    centres = cells.geometry.centroid
    clients = snap_to_edges(network, np.column_stack([centres.x, centres.y]))
    nearest_m = shapely.distance(
        shapely.union_all(shapely.linestrings(network.node_xy_m[network.edge_nodes])), centres.array
    )
    assert (clients.snap_m == np.ceil(nearest_m)).all()
    reach = reach_by_walking(walking_distances(network, candidates=clients, clients=clients, cutoff_m=1000))
    # a symmetric relation, and everybody at home at twice the way to the street
    there = dict(zip(zip(reach.client, reach.candidate, strict=True), reach.distance_m, strict=True))
    assert all(there[(j, i)] == distance_m for (i, j), distance_m in there.items())
    near = clients.snap_m <= 500
    assert all(there[(i, i)] == 2 * clients.snap_m[i] for i in np.flatnonzero(near))
