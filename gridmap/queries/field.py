"""What the report screen starts with: where the worker works, and the categories in the order of own use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import AreaScope
from gridmap.queries.scope import scope_predicate

# Areas by code: a few dozen rows of one scheme. Box2D of the drawing geometry is enough to open a map on.
SCOPE_EXTENT = """
    SELECT ST_XMin(box.extent) AS west_deg, ST_YMin(box.extent) AS south_deg,
           ST_XMax(box.extent) AS east_deg, ST_YMax(box.extent) AS north_deg
      FROM (SELECT ST_Extent(overview) AS extent
              FROM area
             WHERE valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
               AND {scope}) AS box
"""

# uq_issue_reporter_account_id_client_id serves the count.
CATEGORIES_BY_USE = text(
    """
    SELECT category.code, category.name, category.name_en, category.icon, category.duplicate_radius_m,
           category.major_name, category.major_name_en, coalesce(used.use_count, 0) AS use_count
      FROM issue_category AS category
      LEFT JOIN (SELECT category_code, count(*) AS use_count
                   FROM issue
                  WHERE reporter_account_id = :account_id
                  GROUP BY category_code) AS used ON used.category_code = category.code
     ORDER BY category.sort_order, category.code
     LIMIT 1000
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """An entry of the issue dictionary; ``use_count`` is how often this account reported it."""

    code: str
    name: str
    name_en: str
    icon: str
    duplicate_radius_m: int
    major_name: str
    major_name_en: str
    use_count: int


def scope_extent(
    session: Session, scope: AreaScope, *, day: date
) -> tuple[float, float, float, float] | None:
    """Give the box around the areas of a scope.

    Returns
    -------
    tuple or None
        West, south, east, north in WGS-84 degrees; None when no area of that day lies in the scope.
    """
    predicate = scope_predicate(scope, "code")
    statement = text(SCOPE_EXTENT.format(scope=predicate.sql))
    row = session.execute(statement, {"day": day, **predicate.values}).one()
    return None if row.west_deg is None else (row.west_deg, row.south_deg, row.east_deg, row.north_deg)


def categories_by_use(session: Session, account_id: int | None) -> list[Category]:
    """List the dictionary in its own order, with how often this account used each entry."""
    rows = session.execute(CATEGORIES_BY_USE, {"account_id": account_id})
    return [
        Category(
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            icon=row.icon,
            duplicate_radius_m=row.duplicate_radius_m,
            major_name=row.major_name,
            major_name_en=row.major_name_en,
            use_count=row.use_count,
        )
        for row in rows
    ]
