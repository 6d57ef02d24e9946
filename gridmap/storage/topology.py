"""The boundaries of a level on a day, for the check of how they lie beside one another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

# Index: `ex_area_one_version_at_a_time` (scheme, level, code, days); the whole level is wanted, because a gap
# is known only by all the areas around it.
FIND_BOUNDARIES = text(
    """
    SELECT area.id, area.code, area.parent_id, ST_AsBinary(area.boundary, 'NDR') AS boundary
      FROM area
     WHERE area.scheme_id = :scheme_id AND area.level = :level
       AND daterange(area.valid_from, area.valid_to, '[)') @> CAST(:day AS date)
     ORDER BY area.code
    """
)

# Index: `ex_area_one_version_at_a_time`. A code names one level only.
FIND_NAMES = text(
    """
    SELECT area.code, area.name, area.name_en
      FROM area
     WHERE area.scheme_id = :scheme_id AND area.code = ANY (:codes)
       AND daterange(area.valid_from, area.valid_to, '[)') @> CAST(:day AS date)
     ORDER BY area.code
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaBoundary:
    """One area with the ground it holds: WKB, MULTIPOLYGON in WGS-84."""

    id: int
    code: str
    parent_id: int | None
    boundary: bytes


def find_boundaries(session: Session, *, scheme_id: int, level: str, day: date) -> list[AreaBoundary]:
    """Every area of a level that holds on the day, by code."""
    rows = session.execute(FIND_BOUNDARIES, {"scheme_id": scheme_id, "level": level, "day": day})
    return [
        AreaBoundary(id=row.id, code=row.code, parent_id=row.parent_id, boundary=bytes(row.boundary))
        for row in rows
    ]


def find_names(
    session: Session, codes: Collection[str], *, scheme_id: int, day: date
) -> dict[str, tuple[str, str | None]]:
    """Names, Chinese and English, of areas by code."""
    rows = session.execute(FIND_NAMES, {"scheme_id": scheme_id, "codes": sorted(codes), "day": day})
    return {row.code: (row.name, row.name_en) for row in rows}
