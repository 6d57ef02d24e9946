"""A city's buildings through our command, beside GDAL's ogr2ogr into the same server in the same run.

Ours reads, checks every shape and cell, looks each code up, writes into a table with its constraints and
remembers what undoing needs; ogr2ogr copies rows into a new table. ``ogr2ogr`` is Debian's ``gdal-bin``:
where it is absent the comparison is left out, and that is said.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from sqlalchemy import Engine, text

from gridmap.storage.engine import libpq_address, make_engine
from tests.bench.conftest import Report

CITY_COUNT = 200_000
OFFICE_COUNT = 10_000
OFFICE_LIMIT_S = 60.0
ROUNDS = 3
# Rows of micro-grids, also of columns; grids are 5 × 5 of them, communities 35 × 35.
SIDE = 210


def _write(path: Path, driver: str, shapes: object, **columns: np.ndarray) -> Path:
    pyogrio.raw.write(
        path,
        shapely.to_wkb(shapes),
        field_data=list(columns.values()),
        fields=list(columns),
        geometry_type="Polygon",
        crs="EPSG:4326",
        driver=driver,
        encoding="UTF-8",
    )
    return path


def _buildings(folder: Path, count: int, driver: str, suffix: str) -> Path:
    """L-shaped houses in rows, each turned its own way."""
    random = np.random.default_rng(7)
    place = np.arange(count)
    side = int(np.ceil(count**0.5))
    angle = random.uniform(0, np.pi, count)[:, None]
    width, depth = random.uniform(6e-5, 1.5e-4, (2, count))
    corners = np.array([(-1, -1), (1, -1), (1, 0.2), (0.3, 0.2), (0.3, 1), (-1, 1), (-1, -1)])
    east, north = corners[:, 0] * width[:, None], corners[:, 1] * depth[:, None]
    lon_deg = 114 + (place % side * 4e-4)[:, None] + np.cos(angle) * east - np.sin(angle) * north
    lat_deg = 30.2 + (place // side * 4e-4)[:, None] + np.sin(angle) * east + np.cos(angle) * north
    return _write(
        folder / f"buildings_{count}{suffix}",
        driver,
        shapely.polygons(np.round(np.stack([lon_deg, lat_deg], axis=-1), 7)),
        code=np.array([f"B{number:07d}" for number in place], dtype=object),
        address=np.array([f"建设路{n % 3_000}号{n}栋" for n in place], dtype=object),
        building=random.choice(np.array(["apartments", "retail", "office", "yes"], dtype=object), count),
        levels=random.integers(1, 34, count).astype(np.int32),
        households=random.integers(0, 120, count).astype(np.int32),
    )


def _areas(folder: Path, step: int, name: str) -> Path:
    """Blocks of ``step`` × ``step`` cells."""
    count = SIDE // step
    column, row = np.divmod(np.arange(count * count), count)
    boxes = shapely.box(
        np.round(114 + column * step * 1e-3, 7),
        np.round(30 + row * step * 1e-3, 7),
        np.round(114 + (column + 1) * step * 1e-3, 7),
        np.round(30 + (row + 1) * step * 1e-3, 7),
    )
    names = np.array([f"{name} {number}" for number in range(len(boxes))], dtype=object)
    return _write(folder / f"{name}.gpkg", "GPKG", boxes, 名称=names)


@pytest.fixture
def engine_of_bench(committed_database: str) -> Generator[Engine]:
    engine = make_engine(committed_database, statement_timeout_ms=0)
    yield engine
    engine.dispose()


def _import(database_url: str, path: Path, *options: str) -> float:
    """Seconds of our command as a process of its own, as somebody would run it."""
    environment = {**os.environ, "DATABASE_URL": database_url, "GRIDMAP_DATA_DIR": str(path.parent)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "gridmap.cli", "layers", "import", str(path), *options]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begun


def _ogr2ogr(database_url: str, path: Path) -> float:
    """Seconds of ogr2ogr with its defaults for PostgreSQL: COPY, a spatial index."""
    target = f"PG:{libpq_address(database_url)}"
    command = ["ogr2ogr", "-f", "PostgreSQL", target, str(path), "-nln", "peer", "-overwrite"]
    begun = time.perf_counter()
    subprocess.run([*command, "-nlt", "PROMOTE_TO_MULTI"], check=True, capture_output=True)
    return time.perf_counter() - begun


def _compare(
    report: Report, engine: Engine, url: str, what: str, path: Path, empty: str, run: Callable[[], float]
) -> None:
    """Our command and ogr2ogr by turns, each into an empty table."""
    ours: list[float] = []
    peer: list[float] = []
    has_peer = shutil.which("ogr2ogr") is not None
    for _ in range(ROUNDS):
        with engine.begin() as connection:
            connection.execute(text(empty))
        ours.append(run())
        if has_peer:
            peer.append(_ogr2ogr(url, path))
    ours_s = statistics.median(ours)
    if not has_peer:
        pytest.skip(
            f"ogr2ogr is absent (Debian: gdal-bin), so nothing to compare with: {what} {ours_s:.1f} s"
        )
    peer_s = statistics.median(peer)
    report.add(
        what,
        ours=f"{ours_s:.1f} s",
        against="ogr2ogr into the same server, unchecked",
        peer=f"{peer_s:.1f} s",
        ratio=f"{peer_s / ours_s:.2f}",
    )


@pytest.mark.parametrize(("driver", "suffix"), [("GPKG", ".gpkg"), ("ESRI Shapefile", ".shp")])
def test_a_citys_buildings_beside_ogr2ogr(
    report: Report,
    engine_of_bench: Engine,
    committed_database: str,
    tmp_path: Path,
    driver: str,
    suffix: str,
) -> None:
    path = _buildings(tmp_path, CITY_COUNT, driver, suffix)
    _compare(
        report,
        engine_of_bench,
        committed_database,
        f"{CITY_COUNT:,} buildings of a {suffix[1:]} file imported, checked, undoable",
        path,
        "TRUNCATE building, import_change CASCADE",
        lambda: _import(committed_database, path, "--layer", "buildings"),
    )


def test_ten_thousand_rows_against_the_limit(report: Report, committed_database: str, tmp_path: Path) -> None:
    path = _buildings(tmp_path, OFFICE_COUNT, "GPKG", ".gpkg")
    ours_s = _import(committed_database, path, "--layer", "buildings")
    report.add(
        f"{OFFICE_COUNT:,} buildings imported, checked, undoable",
        ours=f"{ours_s:.1f} s",
        against="limit",
        peer=f"{OFFICE_LIMIT_S:.0f} s",
        ratio=f"{OFFICE_LIMIT_S / ours_s:.1f}",
    )


def test_a_citys_micro_grids_beside_ogr2ogr(
    report: Report, engine_of_bench: Engine, committed_database: str, tmp_path: Path
) -> None:
    options = ("--layer", "areas", "--new-scheme", "bench", "--level")
    for step, level in ((SIDE, "subdistrict"), (35, "community"), (5, "grid")):
        prefix = ("--code-prefix", "420106") if level == "subdistrict" else ()
        _import(committed_database, _areas(tmp_path, step, level), *options, level, *prefix)
    path = _areas(tmp_path, 1, "micro_grid")
    _compare(
        report,
        engine_of_bench,
        committed_database,
        f"{SIDE * SIDE:,} micro-grids imported: coded, hung under their grids, drawn, undoable",
        path,
        "DELETE FROM area WHERE level = 'micro_grid'",
        lambda: _import(committed_database, path, *options, "micro_grid"),
    )
