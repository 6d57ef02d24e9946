"""Siting: published optima, an invented city beside spopt, walks beside scipy's Dijkstra.

spopt is no dependency. Where it can be imported its rows are measured, elsewhere they say that it is absent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from gridmap.siting.center import solve_center
from gridmap.siting.cover import solve_cover
from gridmap.siting.coverage import Coverage, solve_coverage
from gridmap.siting.curve import coverage_curve
from gridmap.siting.instance import Instance, make_instance
from gridmap.siting.median import solve_median
from gridmap.siting.network import StreetNetwork, at_nodes, build_network, walking_distances
from gridmap.siting.result import Plan, Watch
from tests.bench.conftest import Report, median_s
from tests.siting_instances import census_city, invented_city, optima, pmed, scp

LIMIT_S = 60
SCP_FAMILIES = ("scp4", "scp5", "scp6", "scpa", "scpc1", "scpc2", "scpc3", "scpc4", "scpc5", "scpe")


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """Load or compile the machine code, which isn't what is measured."""
    task = invented_city(200, 30, cutoff_m=9000)
    solve_median(task, p=3)
    solve_coverage(task, Coverage(500, p=3))
    solve_center(task, p=3)
    solve_cover(task, radius_m=1500)


def timed(search: Callable[[], Plan]) -> tuple[Plan, float]:
    begun = time.perf_counter()
    plan = search()
    return plan, time.perf_counter() - begun


def outcome(plan: Plan, seconds: float) -> str:
    state = "proven" if plan.is_proven else f"gap {100 * plan.gap:.2f} %"
    return f"{plan.objective:,} ({state}, {seconds:.2f} s)"


def add_published(report: Report, name: str, plan: Plan, seconds: float, published: int) -> None:
    report.add(
        name,
        ours=outcome(plan, seconds),
        against="published",
        peer=f"{published:,}",
        ratio="equal" if plan.objective == published else f"{plan.objective / published:.4f} of it",
    )


def test_published_walks(report: Report) -> None:
    for row in optima("pmed"):
        task, p = pmed(int(row["instance"].removeprefix("pmed")))
        for model, column, search in (
            ("least total walk", "pmedian_opt", solve_median),
            ("least worst walk", "pcenter_opt", solve_center),
        ):
            plan, seconds = timed(
                lambda task=task, p=p, search=search: search(task, p=p, watch=Watch(LIMIT_S))
            )
            add_published(report, f"{row['instance']} {model}", plan, seconds, int(row[column]))


def test_published_covers(report: Report) -> None:
    for row in optima("scp"):
        if not row["instance"].startswith(SCP_FAMILIES):
            continue
        given = scp(row["instance"])
        task = make_instance(np.ones(given.reach.client_count, np.int64), given.reach, cost=given.cost)
        plan, seconds = timed(lambda task=task: solve_cover(task, radius_m=0, watch=Watch(LIMIT_S)))
        add_published(report, f"{row['instance']} cover all", plan, seconds, int(row["published_best"]))


def test_published_coverage(report: Report) -> None:
    for row in optima("mclp_city"):
        if row["instance"] != "NewYork":
            continue
        task = census_city(row["instance"], int(row["radius_m"]))
        asked = Coverage(0, p=int(row["p"]))
        plan, seconds = timed(
            lambda task=task, asked=asked: solve_coverage(task, asked, watch=Watch(LIMIT_S))
        )
        name = f"{row['instance']} p={row['p']} cover most"
        add_published(report, name, plan, seconds, int(row["published_best"]))


@pytest.mark.parametrize(("clients", "candidates", "p"), [(1000, 100, 6), (1000, 300, 18), (5000, 300, 18)])
def test_an_invented_city_beside_spopt(report: Report, clients: int, candidates: int, p: int) -> None:
    task = invented_city(clients, candidates, cutoff_m=100_000)
    radius_m = solve_center(task, p=candidates // 3, watch=Watch(5)).objective
    for name, search, model in (
        ("cover all", lambda: solve_cover(task, radius_m=radius_m, watch=Watch(LIMIT_S)), "LSCP"),
        ("cover most", lambda: solve_coverage(task, Coverage(500, p=p), watch=Watch(LIMIT_S)), "MCLP"),
        ("least total walk", lambda: solve_median(task, p=p, watch=Watch(LIMIT_S)), "PMedian"),
        ("least worst walk", lambda: solve_center(task, p=p, watch=Watch(10)), "PCenter"),
    ):
        plan, seconds = timed(search)
        if model in ("PMedian", "PCenter") and clients * candidates > 100_000:
            peer, ratio = "not tried: its model needs more memory than there is", ""
        else:
            peer, ratio = by_spopt(task, model, radius_m if model == "LSCP" else 500, p, seconds)
        report.add(
            f"city {clients:,} × {candidates}, {name}",
            ours=outcome(plan, seconds),
            against="spopt with HiGHS",
            peer=peer,
            ratio=ratio,
        )


def by_spopt(task: Instance, model: str, radius_m: int, p: int, ours_s: float) -> tuple[str, str]:
    """Build and solve with spopt; return what came of it and the ratio of times."""
    try:
        import pulp
        from spopt import locate
    except ImportError:
        return "absent (install spopt to measure)", ""
    matrix = np.full((task.client_count, task.candidate_count), 10.0**6)
    matrix[task.reach.client, task.reach.candidate] = task.reach.distance_m
    solver = pulp.HiGHS(msg=False, timeLimit=LIMIT_S)
    begun = time.perf_counter()
    try:
        with redirect_stdout(StringIO()):
            if model == "LSCP":
                built = locate.LSCP.from_cost_matrix(matrix, radius_m)
            elif model == "MCLP":
                built = locate.MCLP.from_cost_matrix(matrix, task.weight, radius_m, p_facilities=p)
            elif model == "PMedian":
                built = locate.PMedian.from_cost_matrix(matrix, task.weight, p_facilities=p)
            else:
                built = locate.PCenter.from_cost_matrix(matrix, p_facilities=p)
            built.solve(solver)
        value = f"{abs(built.problem.objective.value()):,.0f}"
    except (RuntimeError, TypeError) as failure:
        value = type(failure).__name__
    seconds = time.perf_counter() - begun
    return f"{value} ({seconds:.1f} s)", f"{seconds / ours_s:.0f}"


def street_grid(side: int) -> StreetNetwork:
    """A grid of blocks of about 60 m, a quarter of its edges missing."""
    rng = np.random.default_rng(5)
    number = np.arange(side * side).reshape(side, side)
    edges = np.concatenate(
        [
            np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()]),
            np.column_stack([number[:-1].ravel(), number[1:].ravel()]),
        ]
    )
    edges = edges[rng.random(len(edges)) < 0.75]
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    place = np.column_stack([column.ravel(), row.ravel()]) * 60.0
    return build_network(place, edge_nodes=edges, edge_length_m=rng.integers(45, 80, len(edges)))


@pytest.mark.parametrize("side", [239, 707])
def test_walks_beside_scipy(report: Report, side: int) -> None:
    network = street_grid(side)
    starts = np.random.default_rng(6).choice(network.node_count, 1000, replace=False)
    everywhere = at_nodes(network, np.arange(network.node_count))
    origins = at_nodes(network, starts)
    ours_s = median_s(
        lambda: walking_distances(network, candidates=origins, clients=everywhere, cutoff_m=1000), rounds=3
    )
    graph = csr_matrix((network.length_m, network.neighbour, network.indptr), shape=(network.node_count,) * 2)
    begun = time.perf_counter()
    for chunk in np.array_split(starts, 20):
        dijkstra(graph, indices=chunk, limit=1000)
    peer_s = time.perf_counter() - begun
    report.add(
        f"walks of 1 km from 1,000 of {network.node_count:,} crossings",
        ours=f"{ours_s:.3f} s",
        against="scipy dijkstra(limit), 50 at a time",
        peer=f"{peer_s:.2f} s",
        ratio=f"{peer_s / ours_s:.0f}",
    )


def test_the_curve(report: Report) -> None:
    task = invented_city(5000, 300, cutoff_m=2500)
    begun = time.perf_counter()
    points = coverage_curve(task, radius_m=500, up_to=60)
    seconds = time.perf_counter() - begun
    gaps = [100 * (point.bound - point.objective) / point.objective for point in points[1:]]
    report.add(
        "curve for 1 … 60 sites at 5,000 × 300",
        ours=f"{seconds:.2f} s",
        against="its bounds",
        peer=f"median gap {np.median(gaps):.2f} %, worst {max(gaps):.2f} %",
        ratio="",
    )
