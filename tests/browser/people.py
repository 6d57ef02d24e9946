"""Who and where the browser tests play: read from the demo subdistrict's own files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from shapely import Point
from shapely.geometry import shape

from tests.browser.harness import ROOT

DEMO = ROOT / "geodata" / "demo"


@dataclass(frozen=True, slots=True)
class Cast:
    """One grid worker, the secretary of the same community and of another, the office; a place to stand."""

    worker: str
    worker_grid_code: str
    secretary: str
    other_secretary: str
    officer: str
    lon_deg: float
    lat_deg: float
    """Well inside a micro-grid of the worker's grid."""

    micro_grid_name: str


@cache
def demo_cast() -> Cast:
    """Choose the cast; the files are the same on every machine, so is the choice."""
    accounts = json.loads((DEMO / "accounts.json").read_text(encoding="utf-8"))
    areas = json.loads((DEMO / "areas.geojson").read_text(encoding="utf-8"))["features"]

    def of_role(role: str) -> list[dict[str, Any]]:
        return sorted((a for a in accounts if a["role"] == role), key=lambda a: str(a["username"]))

    worker = of_role("grid_worker")[0]
    grid_code = str(worker["area_codes"][0])
    secretaries = of_role("community_secretary")
    own = next(s for s in secretaries if s["area_codes"][0] == grid_code[:12])
    other = next(s for s in secretaries if s["area_codes"][0] != grid_code[:12])
    micro_grid = max(
        (
            feature
            for feature in areas
            if feature["properties"]["level"] == "micro_grid"
            and feature["properties"]["code"].startswith(grid_code[:14])
        ),
        key=lambda feature: shape(feature["geometry"]).area,
    )
    inside: Point = shape(micro_grid["geometry"]).representative_point()
    return Cast(
        worker=worker["username"],
        worker_grid_code=grid_code,
        secretary=own["username"],
        other_secretary=other["username"],
        officer=of_role("subdistrict_officer")[0]["username"],
        lon_deg=round(inside.x, 6),
        lat_deg=round(inside.y, 6),
        micro_grid_name=micro_grid["properties"]["name"],
    )
