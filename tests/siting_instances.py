"""Planning tasks for tests and benchmarks: small random ones, an invented city, and published instances."""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from gridmap.siting.instance import Instance, Reach, make_instance, reach_of_matrix


def bench_file(relative_path: str) -> Path:
    """Return a published instance, or skip the test; ``GRIDMAP_BENCH_SITING`` names the folder."""
    named = os.environ.get("GRIDMAP_BENCH_SITING")
    here = Path(__file__).resolve()
    folders = [Path(named)] if named else [each / "shared" / "bench_siting" for each in here.parents]
    for folder in folders:
        if (folder / relative_path).exists():
            return folder / relative_path
    pytest.skip(f"published instance {relative_path} is absent: set GRIDMAP_BENCH_SITING to its folder")


def optima(family: str) -> list[dict[str, str]]:
    with bench_file(f"{family}/optima.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(path: Path) -> list[float]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    return [float(word) for word in text.split()]


def pmed(number: int) -> tuple[Instance, int]:
    """Return an OR-Library p-median instance, all pairs, and its p."""
    values = np.array(numbers(bench_file(f"pmed/pmed{number}.txt")), dtype=np.int64)
    n, edge_count, p = values[:3]
    edges = values[3 : 3 + 3 * edge_count].reshape(-1, 3)
    matrix = np.zeros((n, n))
    for u, v, cost in edges:  # a later edge replaces an earlier one
        matrix[u - 1, v - 1] = matrix[v - 1, u - 1] = cost
    distance = shortest_path(csr_matrix(matrix), directed=False).astype(np.int64)
    return make_instance(np.ones(n, dtype=np.int64), reach_of_matrix(distance)), int(p)


@dataclass(frozen=True)
class CoverTask:
    """A set covering instance: reach at distance 0, and the costs."""

    reach: Reach
    cost: np.ndarray


def scp(name: str) -> CoverTask:
    """Return an OR-Library set covering instance given by rows."""
    values = iter(int(each) for each in numbers(bench_file(f"scp/{name}.txt.gz")))
    rows, columns = next(values), next(values)
    cost = np.array([next(values) for _ in range(columns)], dtype=np.int64)
    matrix = np.ones((rows, columns), dtype=np.int64)
    for i in range(rows):
        for _ in range(next(values)):
            matrix[i, next(values) - 1] = 0
    return CoverTask(reach_of_matrix(matrix, cutoff_m=0), cost)


def census_city(name: str, radius_m: int) -> Instance:
    """Return a census instance for maximal covering: every block is client and candidate."""
    text = gzip.decompress(bench_file(f"mclp_city/{name}.txt.gz").read_bytes()).decode()
    place, demand = [], []
    section = ""
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0].endswith("SECTION"):
            section = words[0]
        elif section == "NODE_COORD_SECTION" and len(words) >= 2 and words[0] != "EOF":
            place.append([float(each) for each in words[-2:]])
        elif section == "DEMAND_SECTION" and words[0] != "EOF":
            demand.append(float(words[-1]))
    lat, lon = np.radians(np.array(place)).T
    central = np.sin(lat)[:, None] * np.sin(lat) + np.cos(lat)[:, None] * np.cos(lat) * np.cos(
        lon[:, None] - lon
    )
    apart_m = 6378100 * np.arccos(np.clip(central, -1, 1).astype(np.float32))
    is_near = apart_m <= radius_m
    np.fill_diagonal(is_near, True)
    return make_instance(
        np.array(demand, dtype=np.int64), reach_of_matrix(np.where(is_near, 0, 1), cutoff_m=0)
    )


def invented_city(client_count: int, candidate_count: int, *, cutoff_m: int, seed: int = 7) -> Instance:
    """Return a city of clustered clients and scattered candidates, walks 1.3 x the straight line.

    Its side grows with the number of candidates, so that a radius of 500 m means the same at every size.
    """
    rng = np.random.default_rng(seed)
    side_m = 330.0 * np.sqrt(candidate_count)
    centres = rng.uniform(0, side_m, (max(candidate_count // 5, 2), 2))
    around = centres[rng.integers(0, len(centres), client_count)]
    clients = np.clip(around + rng.normal(0, 400, (client_count, 2)), 0, side_m)
    spread = clients[rng.integers(0, client_count, candidate_count)]
    candidates = np.clip(spread + rng.normal(0, 150, (candidate_count, 2)), 0, side_m)
    gap_m = np.rint(1.3 * np.linalg.norm(clients[:, None] - candidates[None], axis=2)).astype(np.int64)
    return make_instance(rng.integers(1, 51, client_count), reach_of_matrix(gap_m, cutoff_m=cutoff_m))
