"""Datum conversion beside pyproj's simplest projection of the same points."""

from __future__ import annotations

import numpy as np
import pyproj

from gridmap.domain.coordinates import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from tests.bench.conftest import Report, median_s

POINT_COUNT = 1_000_000


def test_datum_conversion_beside_web_mercator_by_pyproj(report: Report) -> None:
    points = np.random.default_rng(7).uniform((113.7, 29.9), (115.1, 31.4), (POINT_COUNT, 2))
    mercator = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    peer_s = median_s(lambda: mercator.transform(points[:, 0], points[:, 1]), rounds=3)
    for name, convert in (
        ("WGS-84 → GCJ-02", wgs84_to_gcj02),
        ("GCJ-02 → WGS-84, iterated", gcj02_to_wgs84),
        ("WGS-84 → BD-09", wgs84_to_bd09),
        ("BD-09 → WGS-84, iterated", bd09_to_wgs84),
    ):
        ours_s = median_s(lambda convert=convert: convert(points), rounds=3)
        report.add(
            name,
            ours=f"{POINT_COUNT / ours_s / 1e6:.1f} M points/s",
            against="pyproj 4326 → 3857",
            peer=f"{POINT_COUNT / peer_s / 1e6:.1f} M points/s",
            ratio=f"{peer_s / ours_s:.2f}",
        )
