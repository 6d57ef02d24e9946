"""Which areas thousands of points lie in: candidates from the database, the choice by the routing rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.placement import OutsideEveryGrid, OutsidePolicy, Placement, nobody_there, place
from gridmap.storage.import_places import find_candidates_of_many

Progress = Callable[[str, int, int], None]
"""Told the stage, how many rows of it are done, and of how many."""


def placements_of(
    session: Session,
    points: Sequence[tuple[float, float]],
    *,
    day: date,
    scheme_id: int | None,
    progress: Progress,
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
        progress("place", done, len(points))
