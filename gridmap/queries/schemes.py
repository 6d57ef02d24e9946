"""The grid schemes that a map can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

# A handful of rows; `ix_area_scheme_id_level_code` answers whether a scheme has current areas.
_DRAWN_SQL = text(
    """
    SELECT scheme.code, scheme.name, scheme.name_en
      FROM grid_scheme AS scheme
     WHERE scheme.valid_from <= :today AND (scheme.valid_to IS NULL OR scheme.valid_to > :today)
       AND EXISTS (SELECT FROM area WHERE area.scheme_id = scheme.id AND area.valid_from <= :today
                                      AND (area.valid_to IS NULL OR area.valid_to > :today))
     ORDER BY scheme.id
     LIMIT 50
    """
)


@dataclass(frozen=True, slots=True)
class SchemeName:
    """A scheme by its names."""

    code: str
    name: str
    name_en: str | None


def drawn_schemes(session: Session, *, today: date) -> list[SchemeName]:
    """The schemes that hold today and have areas; the installation's own first."""
    return [
        SchemeName(row.code, row.name, row.name_en) for row in session.execute(_DRAWN_SQL, {"today": today})
    ]
