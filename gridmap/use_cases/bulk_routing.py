"""Areas and people of thousands of points: candidates from the database, the choice by the routing rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.placement import (
    MapWarning,
    Match,
    OutsideEveryGrid,
    OutsidePolicy,
    Placement,
    nobody_there,
    place,
)
from gridmap.domain.routing import RoutingDecision, route
from gridmap.storage.bulk_routing import (
    find_assignments_of_many,
    find_candidates_of_many,
    find_nearest_of_many,
)

Progress = Callable[[str, int, int], None]
"""Told the stage, how many rows of it are done, and of how many."""


def placements_of(
    session: Session,
    points: Sequence[tuple[float, float]],
    *,
    day: date,
    scheme_id: int | None,
    progress: Progress | None = None,
) -> Iterator[Placement]:
    """The placement of each WGS-84 point on the day, in order; the same answer as for a pin dropped there.

    A point in no area gets the placement of nowhere: a register's old points are kept rather than lost, and
    given to no neighbour.
    """
    done = 0
    for block in find_candidates_of_many(session, points, day=day, scheme_id=scheme_id):
        for nearby, (lon_deg, lat_deg) in zip(block, points[done : done + len(block)], strict=True):
            try:
                yield place(
                    LonLat(lon_deg=lon_deg, lat_deg=lat_deg),
                    areas=nearby.areas,
                    zones=nearby.zones,
                    policy=OutsidePolicy.REFUSE,
                    outside_max_m=0,
                )
            except OutsideEveryGrid:
                yield nobody_there()
        done += len(block)
        if progress is not None:
            progress("place", done, len(points))


def nearest_placements_of(
    session: Session,
    points: Sequence[tuple[float, float]],
    *,
    day: date,
    scheme_id: int | None,
    outside_max_m: float,
) -> Iterator[Placement]:
    """The placement of each WGS-84 point that no area holds: the nearest area's, as far as it may be."""
    block = find_nearest_of_many(session, points, day=day, scheme_id=scheme_id)
    for nearby, (lon_deg, lat_deg) in zip(block, points, strict=True):
        try:
            yield place(
                LonLat(lon_deg=lon_deg, lat_deg=lat_deg),
                areas=nearby.areas,
                zones=nearby.zones,
                policy=OutsidePolicy.NEAREST,
                outside_max_m=outside_max_m,
            )
        except OutsideEveryGrid:
            yield nobody_there()


def decisions_of(session: Session, placements: Sequence[Placement], *, day: date) -> list[RoutingDecision]:
    """Who answers at each placement on the day, in order; one statement finds the posts of them all."""
    distinct = {_key(placement): placement for placement in placements}
    posts = find_assignments_of_many(
        session,
        area_codes={area.code for placement in distinct.values() for area in placement.areas.values()},
        zone_codes={placement.zone_code for placement in distinct.values() if placement.zone_code},
        day=day,
    )
    decisions: dict[_Key, RoutingDecision] = {}
    for key, placement in distinct.items():
        codes = [*(area.code for area in placement.areas.values()), placement.zone_code or ""]
        assignments = [assignment for code in codes for assignment in posts.get(code, ())]
        decisions[key] = route(placement, assignments, today=day)
    return [decisions[_key(placement)] for placement in placements]


_Key = tuple[Match, tuple[int, ...], str | None, tuple[MapWarning, ...]]


def _key(placement: Placement) -> _Key:
    """What a decision depends on and repeats: points of one micro-grid and zone share theirs."""
    areas = tuple(area.id for area in placement.areas.values())
    return placement.match, areas, placement.zone_code, placement.warnings
