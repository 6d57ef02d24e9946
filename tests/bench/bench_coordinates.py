"""Our conversions beside PROJ: its Gauss-Krüger for ours, its simplest projection for the shifts it lacks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyproj
import shapely

from gridmap.domain.bd09 import bd09_to_bd09mc, bd09_to_gcj02, bd09mc_to_bd09, gcj02_to_bd09
from gridmap.domain.coordinates import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from gridmap.domain.gauss_kruger import three_degree_strip
from gridmap.domain.mercator import web_mercator_to_wgs84, wgs84_to_web_mercator
from gridmap.importing.datum_evidence import ReferenceAreas, weigh_systems
from tests.bench.conftest import Report, median_s

POINT_COUNT = 1_000_000
CHINA = ((73.5, 18.0), (134.5, 53.5))
WUHAN = ((113.7, 29.9), (115.1, 31.4))

Conversion = Callable[[np.ndarray], np.ndarray]


def _by_proj(source: int, target: int) -> Conversion:
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    return lambda points: transformer.transform(points[:, 0], points[:, 1])


def _points(rectangle: tuple[tuple[float, float], tuple[float, float]]) -> np.ndarray:
    return np.random.default_rng(7).uniform(*rectangle, (POINT_COUNT, 2))


def test_every_conversion_beside_proj(report: Report) -> None:
    strip = three_degree_strip(38)
    wgs84, around_wuhan = _points(CHINA), _points(WUHAN)
    gcj02, bd09 = wgs84_to_gcj02(wgs84), wgs84_to_bd09(wgs84)
    metres = strip.project(around_wuhan)
    to_mercator, to_strip, from_strip = _by_proj(4326, 3857), _by_proj(4490, 4547), _by_proj(4547, 4490)
    from_mercator = _by_proj(3857, 4326)
    mercator = wgs84_to_web_mercator(wgs84)
    rows: list[tuple[str, Conversion, np.ndarray, str, Conversion, np.ndarray]] = [
        ("WGS-84 → GCJ-02", wgs84_to_gcj02, wgs84, "4326 → 3857", to_mercator, wgs84),
        ("GCJ-02 → WGS-84", gcj02_to_wgs84, gcj02, "4326 → 3857", to_mercator, wgs84),
        ("GCJ-02 → BD-09", gcj02_to_bd09, gcj02, "4326 → 3857", to_mercator, wgs84),
        ("BD-09 → GCJ-02", bd09_to_gcj02, bd09, "4326 → 3857", to_mercator, wgs84),
        ("WGS-84 → BD-09", wgs84_to_bd09, wgs84, "4326 → 3857", to_mercator, wgs84),
        ("BD-09 → WGS-84", bd09_to_wgs84, bd09, "4326 → 3857", to_mercator, wgs84),
        ("BD-09 → BD-09MC", bd09_to_bd09mc, bd09, "4326 → 3857", to_mercator, wgs84),
        ("BD-09MC → BD-09", bd09mc_to_bd09, bd09_to_bd09mc(bd09), "3857 → 4326", from_mercator, mercator),
        ("WGS-84 → 3857", wgs84_to_web_mercator, wgs84, "4326 → 3857", to_mercator, wgs84),
        ("3857 → WGS-84", web_mercator_to_wgs84, mercator, "3857 → 4326", from_mercator, mercator),
        ("CGCS2000 → 4547", strip.project, around_wuhan, "4490 → 4547", to_strip, around_wuhan),
        ("4547 → CGCS2000", strip.unproject, metres, "4547 → 4490", from_strip, metres),
    ]
    for name, ours, given, peer_name, peer, peer_given in rows:
        ours_s = median_s(lambda ours=ours, given=given: ours(given), rounds=5)
        peer_s = median_s(lambda peer=peer, given=peer_given: peer(given), rounds=5)
        report.add(
            name,
            ours=f"{POINT_COUNT / ours_s / 1e6:.1f} M points/s",
            against=f"pyproj {peer_name}",
            peer=f"{POINT_COUNT / peer_s / 1e6:.1f} M points/s",
            ratio=f"{peer_s / ours_s:.2f}",
        )


def test_weighing_a_file_against_a_citys_areas(report: Report) -> None:
    """Two thousand areas of ours, as many polygons in GCJ-02: the limit is what a person waits for a page."""
    ours = _cells(50, 40)
    file = shapely.transform(ours, wgs84_to_gcj02)
    took_s = median_s(lambda: weigh_systems(file, stated=None, reference=ReferenceAreas(ours)), rounds=5)
    report.add(
        "Weighing a file's coordinate system, 2,000 areas",
        ours=f"{took_s:.2f} s",
        against="limit",
        peer="1.00 s",
        ratio=f"{1.0 / took_s:.2f}",
    )


def _cells(columns: int, rows: int) -> np.ndarray:
    """Cells of 300 m with forty corners each."""
    west, south = np.meshgrid(114.0 + 0.003 * np.arange(columns), 30.5 + 0.003 * np.arange(rows))
    boxes = shapely.box(west.ravel(), south.ravel(), west.ravel() + 0.003, south.ravel() + 0.003)
    return shapely.segmentize(boxes, 0.0003)
