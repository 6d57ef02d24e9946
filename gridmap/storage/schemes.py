"""Grid schemes as stored: add, change, and what lies in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.schemes import SchemeForm
from gridmap.storage.tables import GridSchemeRow

# `ix_area_scheme_id_level_code` starts with the scheme; there are a handful of schemes and four levels.
_SCHEMES_SQL = text(
    """
    SELECT scheme.id, scheme.code, scheme.name, scheme.name_en, scheme.purpose, scheme.valid_from,
           scheme.valid_to,
           coalesce(jsonb_object_agg(counted.level, counted.area_count)
                    FILTER (WHERE counted.level IS NOT NULL), '{}') AS area_counts
      FROM grid_scheme AS scheme
      LEFT JOIN (SELECT scheme_id, level, count(*) AS area_count
                   FROM area
                  WHERE valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
                  GROUP BY scheme_id, level) AS counted ON counted.scheme_id = scheme.id
     GROUP BY scheme.id
     ORDER BY scheme.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScheme:
    """A scheme and how many areas of each level hold on the day; the first one is the installation's own."""

    id: int
    code: str
    name: str
    name_en: str | None
    purpose: str
    valid_from: date
    valid_to: date | None
    area_counts: dict[str, int]


def find_schemes(session: Session, *, day: date) -> list[StoredScheme]:
    """Every scheme, the installation's own first."""
    return [
        StoredScheme(
            id=row.id,
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            purpose=row.purpose,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            area_counts=row.area_counts,
        )
        for row in session.execute(_SCHEMES_SQL, {"day": day})
    ]


def add_scheme(session: Session, form: SchemeForm) -> None:
    """A new, empty scheme."""
    session.add(
        GridSchemeRow(
            code=form.code,
            name=form.name,
            name_en=form.name_en,
            purpose=form.purpose,
            valid_from=form.valid_from,
            valid_to=form.valid_to,
        )
    )
    session.flush()


def change_scheme(session: Session, scheme_id: int, form: SchemeForm) -> None:
    """Other words or days for a scheme; its code stays."""
    row = session.get_one(GridSchemeRow, scheme_id)
    row.name, row.name_en, row.purpose = form.name, form.name_en, form.purpose
    row.valid_from, row.valid_to = form.valid_from, form.valid_to
    session.flush()
