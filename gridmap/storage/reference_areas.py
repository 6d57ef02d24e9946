"""Areas as the ground that files are weighed against: names and boundaries, no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

# Index: ix_area_scheme_id_level_code. Those of the named scheme first, the large ones first: where there
# are more than the limit, the small ones inside them add least.
FIND_REFERENCE_AREAS = text(
    """
    SELECT area.name, ST_AsBinary(area.boundary, 'NDR') AS boundary
      FROM area
      JOIN grid_scheme AS scheme ON scheme.id = area.scheme_id
     WHERE area.valid_from <= :day AND (area.valid_to IS NULL OR area.valid_to > :day)
     ORDER BY scheme.code = :scheme_code DESC,
              array_position(ARRAY['subdistrict', 'community', 'grid', 'micro_grid'], area.level),
              scheme.code, area.code, area.id
     LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class ReferenceArea:
    """An area that holds on the day; ``boundary`` is WKB in WGS-84."""

    name: str
    boundary: bytes


def find_reference_areas(session: Session, *, scheme_code: str, day: date, limit: int) -> list[ReferenceArea]:
    """The current areas of every scheme, those of the named one and the largest levels first."""
    rows = session.execute(FIND_REFERENCE_AREAS, {"scheme_code": scheme_code, "day": day, "limit": limit})
    return [ReferenceArea(row.name, bytes(row.boundary)) for row in rows]
