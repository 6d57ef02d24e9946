"""What every page says about the data as a whole: whose it is, how old, where it lies, and its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

# `ix_area_current_code` finds the subdistrict; the other tables have a handful of rows.
_OVERVIEW_SQL = text(
    """
    SELECT root.name, root.name_en, root.code,
           ST_XMin(root.extent) AS west_deg, ST_YMin(root.extent) AS south_deg,
           ST_XMax(root.extent) AS east_deg, ST_YMax(root.extent) AS north_deg,
           EXISTS (SELECT FROM account WHERE is_demo AND is_active)      AS is_demo,
           (SELECT max(data_date) FROM layer_version)                    AS data_date,
           (SELECT jsonb_object_agg(layer, version) FROM layer_version)  AS versions
    FROM (VALUES (1)) AS one (row)
    LEFT JOIN LATERAL (
        SELECT name, name_en, code, Box2D(boundary) AS extent
        FROM area
        WHERE level = 'subdistrict' AND valid_to IS NULL
        ORDER BY code
        LIMIT 1
    ) AS root ON true
    """
)


@dataclass(frozen=True, slots=True)
class Overview:
    """The data at a glance. Degrees are WGS-84; the extent is None while there are no areas."""

    name: str = ""
    name_en: str | None = None
    code: str | None = None
    extent_deg: tuple[float, float, float, float] | None = None
    """West, south, east, north."""
    is_demo: bool = False
    data_date: date | None = None
    versions: Mapping[str, int] = field(default_factory=dict[str, int])
    """Version of each layer; a layer that was never written is absent and counts as 0."""

    def version(self, *layers: str) -> str:
        """One word that changes when any of these layers does; part of addresses and ETags."""
        return "-".join(str(self.versions.get(layer, 0)) for layer in layers)


def load_overview(session: Session) -> Overview:
    """Read the overview in one statement."""
    row = session.execute(_OVERVIEW_SQL).one()
    extent = None if row.west_deg is None else (row.west_deg, row.south_deg, row.east_deg, row.north_deg)
    return Overview(
        name=row.name or "",
        name_en=row.name_en,
        code=row.code,
        extent_deg=extent,
        is_demo=row.is_demo,
        data_date=row.data_date,
        versions=row.versions or {},
    )
