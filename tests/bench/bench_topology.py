"""The check of 45,000 micro-grids beside GEOS's union of them, which any search for gaps has to make."""

from __future__ import annotations

import numpy as np
import shapely

from gridmap.importing.snapping import snap_boundaries
from gridmap.importing.topology import check_topology
from tests.bench.conftest import Report, median_s

SIDE = 212
SIZE_DEG = 0.4 / SIDE
BLOCK = 8


def _cells(side: int = SIDE) -> np.ndarray:
    """Cells with crooked shared edges of eight nodes, row by row."""
    rng = np.random.default_rng(1)
    steps = np.arange(side + 1) * SIZE_DEG
    corners = np.stack(np.meshgrid(114.2 + steps, 30.4 + steps, indexing="ij"), axis=-1)
    corners += rng.uniform(-0.2, 0.2, corners.shape) * SIZE_DEG
    flat = (corners[:-1] + corners[1:]) / 2
    steep = (corners[:, :-1] + corners[:, 1:]) / 2
    flat += rng.uniform(-0.05, 0.05, flat.shape) * SIZE_DEG
    steep += rng.uniform(-0.05, 0.05, steep.shape) * SIZE_DEG
    rings = np.stack(
        [
            *(corners[:-1, :-1], flat[:, :-1], corners[1:, :-1], steep[1:]),
            *(corners[1:, 1:], flat[:, 1:], corners[:-1, 1:], steep[:-1]),
        ],
        axis=2,
    )
    return shapely.polygons(rings.reshape(side * side, 8, 2))


def _blocks(cells: np.ndarray) -> tuple[dict[str, bytes], list[str]]:
    """Parents of eight by eight cells."""
    parent_of = [f"{i // SIDE // BLOCK}-{i % SIDE // BLOCK}" for i in range(len(cells))]
    names = np.array(parent_of)
    parents = {
        name: shapely.to_wkb(shapely.coverage_union_all(cells[names == name])) for name in np.unique(names)
    }
    return parents, parent_of


def test_the_check_of_45_000_micro_grids_beside_their_union(report: Report) -> None:
    cells = _cells()
    parents, parent_of = _blocks(cells)
    keys = [str(number) for number in range(len(cells))]
    damaged = cells.copy()
    for index in np.random.default_rng(2).choice(len(cells), 900, replace=False):
        damaged[index] = shapely.transform(cells[index], lambda xy: xy + np.array([2e-5, 1e-5]))
    union_s = median_s(lambda: shapely.union_all(cells), rounds=3)
    for name, shapes in (("seamless", cells), ("2 % of them shifted", damaged)):
        boundaries = list(shapely.to_wkb(shapes))

        def check(boundaries: list[bytes] = boundaries) -> None:
            check_topology(boundaries, keys=keys, parents=parents, parent_of=parent_of)

        ours_s = median_s(check, rounds=3)
        report.add(
            f"Gaps and overlaps of {len(cells):,} micro-grids in {len(parents)} grids, {name}",
            ours=f"{ours_s:.2f} s",
            against="GEOS union_all of them",
            peer=f"{union_s:.2f} s",
            ratio=f"{union_s / ours_s:.2f}",
        )


def test_snapping_5_000_shaken_cells_beside_geos_coverage_clean(report: Report) -> None:
    """GEOS cleans without limits on how far an edge moves, so it is the faster."""
    rng = np.random.default_rng(3)
    corners = [shapely.get_coordinates(cell)[:-1] for cell in _cells(70)]
    closed = [shapely.Polygon(ring + rng.uniform(-1.5e-6, 1.5e-6, ring.shape)) for ring in corners]
    boundaries = list(shapely.to_wkb(closed))
    ours_s = median_s(lambda: snap_boundaries(boundaries, tolerance_m=0.6), rounds=1)
    clean = vars(shapely)["coverage_clean"]
    peer_s = median_s(lambda: clean(closed, snapping_distance=6e-6, gap_width=6e-6), rounds=1)
    report.add(
        f"{len(closed):,} cells shaken by 0.3 m brought together",
        ours=f"{ours_s:.1f} s",
        against="GEOS coverage_clean",
        peer=f"{peer_s:.1f} s",
        ratio=f"{peer_s / ours_s:.2f}",
    )
