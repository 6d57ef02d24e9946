"""The coordinate system of a file is found by weighing it against the areas that are stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.bd09 import bd09_to_bd09mc
from gridmap.domain.coordinates import distance_m, wgs84_to_bd09, wgs84_to_gcj02
from gridmap.domain.gauss_kruger import gauss_kruger
from gridmap.domain.permissions import Actor
from gridmap.use_cases.import_evidence import CoordinatesRequest, WeighedCoordinates, weigh_coordinates

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)

Seeding = Callable[[np.ndarray], np.ndarray]


def _in_strip(epsg_code: int) -> Seeding:
    strip = gauss_kruger(epsg_code)
    assert strip is not None
    return strip.project


def _weigh(session: Session, path: Path, **options) -> WeighedCoordinates:
    return weigh_coordinates(session, Actor.system(), CoordinatesRequest(path=path, **options), now=NOW)


def _areas(session: Session, level: str) -> tuple[list[str], np.ndarray]:
    rows = session.execute(
        text("SELECT name, ST_AsBinary(boundary) AS boundary FROM area WHERE level = :level ORDER BY code"),
        {"level": level},
    ).all()
    return [row.name for row in rows], shapely.from_wkb([bytes(row.boundary) for row in rows])


def _table(folder: Path, names: list[str], geometry: np.ndarray) -> Path:
    """A text table with WKT: a file that states nothing."""
    path = folder / "seeded.csv"
    lines = [f'{name},"{shapely.to_wkt(shape)}"' for name, shape in zip(names, geometry, strict=True)]
    path.write_text("\n".join(["名称,WKT", *lines]), encoding="utf-8")
    return path


SYSTEMS: list[tuple[str, bool, Seeding]] = [
    ("EPSG:4326", False, lambda points: points),
    ("gcj02", False, wgs84_to_gcj02),
    ("bd09", False, wgs84_to_bd09),
    ("bd09mc", False, lambda points: bd09_to_bd09mc(wgs84_to_bd09(points))),
    ("EPSG:4547", False, _in_strip(4547)),
    ("EPSG:4526", False, _in_strip(4526)),
    ("EPSG:4326", True, lambda points: points[:, ::-1]),
    ("gcj02", True, lambda points: wgs84_to_gcj02(points)[:, ::-1]),
    ("EPSG:4547", True, lambda points: _in_strip(4547)(points)[:, ::-1]),
]


@pytest.mark.parametrize(("crs", "swap_axes", "seeding"), SYSTEMS)
@pytest.mark.parametrize("level", ["community", "micro_grid"])
def test_areas_in_any_system_are_recognised(demo_session, tmp_path, crs, swap_axes, seeding, level):
    names, areas = _areas(demo_session, level)
    path = _table(tmp_path, names, shapely.transform(areas, seeding))
    weighed = _weigh(demo_session, path)
    found = weighed.evidence.preselected
    assert found is not None
    assert (found.crs, found.swap_axes, weighed.evidence.is_strong) == (crs, swap_axes, True)
    assert (found.shift_m or 0) < 5
    drawn = weighed.previews[0]
    assert drawn.system is found
    corner = shapely.get_coordinates(shapely.from_wkb(drawn.shapes[0]))[0]
    assert distance_m([corner], [shapely.get_coordinates(areas[0])[0]])[0] < 20


@pytest.mark.parametrize(("crs", "swap_axes", "seeding"), SYSTEMS)
def test_points_all_over_our_areas_are_recognised_in_any_system(
    demo_session, tmp_path, crs, swap_axes, seeding
):
    _, areas = _areas(demo_session, "micro_grid")
    points = shapely.point_on_surface(areas)
    path = _table(tmp_path, ["点"] * len(points), shapely.transform(points, seeding))
    found = _weigh(demo_session, path).evidence.preselected
    assert found is not None
    assert (found.crs, found.swap_axes) == (crs, swap_axes)
