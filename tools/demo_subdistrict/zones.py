"""Responsibility zones: one to three neighbouring micro-grids, each of them in exactly one zone."""

from __future__ import annotations

from dataclasses import dataclass

from shapely import MultiPolygon

from . import tiling
from .features import Feature
from .place import Place
from .tiling import MicroGrid

_MOST = 3


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone with its micro-grids in the order of their codes."""

    code: str
    name: str
    grid_code: str
    members: tuple[MicroGrid, ...]


def build(place: Place, community_names: dict[str, str]) -> list[Zone]:
    """Share every grid out: the first free micro-grid and the free neighbours with the longest edges."""
    result: list[Zone] = []
    for grid_code in sorted({m.grid_code for m in place.micro_grids}):
        free = [m for m in place.micro_grids if m.grid_code == grid_code]
        size = 2 if len(free) % 2 == 0 or len(free) == 5 else _MOST
        number = 0
        while free:
            group = [free.pop(0)]
            while len(group) < size and (near := _nearest(group, free)) is not None:
                free.remove(near)
                group.append(near)
            number += 1
            name = f"{community_names[grid_code[:12]][:-2]}第{int(grid_code[12:14])}网格{number}号党员责任区"
            group.sort(key=lambda m: m.code)
            result.append(Zone(f"ZR{grid_code[6:14]}{number:02d}", name, grid_code, tuple(group)))
    return result


def _nearest(group: list[MicroGrid], free: list[MicroGrid]) -> MicroGrid | None:
    """The free micro-grid that shares the longest edge with the group, or nothing if none touches it."""
    best: tuple[float, str, MicroGrid] | None = None
    for candidate in free:
        shared = sum(m.boundary.exterior.intersection(candidate.boundary.exterior).length for m in group)
        if shared > 5e-5 and (best is None or (-shared, candidate.code) < best[:2]):
            best = (-shared, candidate.code, candidate)
    return best[2] if best else None


def features(zones: list[Zone], organisation_of_grid: dict[str, str]) -> list[Feature]:
    """The layer of zones."""
    return [
        Feature(
            MultiPolygon([tiling.merged([m.boundary for m in zone.members])]),
            {
                "code": zone.code,
                "name": zone.name,
                "organisation_code": organisation_of_grid[zone.grid_code],
                "valid_from": "2025-01-01",
                "valid_to": None,
            },
        )
        for zone in zones
    ]
