"""What every page says about the data as a whole: whose it is, how old, where it lies, and its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

# The installation's own ground is the first scheme that was loaded, at its coarsest level: one subdistrict
# gives its name; several, or a scheme without subdistricts, go by the name of the scheme. Other departments'
# schemes may reach farther. `ix_area_scheme_id_level_code` finds the level, `ix_area_valid_from` and
# `ix_area_valid_to` the last day on which the map changed; of boundaries only the boxes are read.
_OVERVIEW_SQL = text(
    """
    WITH home AS (
        SELECT scheme.id, scheme.name, scheme.name_en, depth.level
        FROM grid_scheme AS scheme
        CROSS JOIN (VALUES (1, 'subdistrict'), (2, 'community'), (3, 'grid'), (4, 'micro_grid'))
                AS depth (rank, level)
        WHERE EXISTS (SELECT FROM area
                      WHERE area.scheme_id = scheme.id AND area.level = depth.level
                        AND area.valid_from <= :today
                        AND (area.valid_to IS NULL OR area.valid_to > :today))
        ORDER BY scheme.id, depth.rank
        LIMIT 1
    ), root AS (
        SELECT CASE WHEN count(*) = 1 AND home.level = 'subdistrict' THEN min(area.name)
                    ELSE home.name END AS name,
               CASE WHEN count(*) = 1 AND home.level = 'subdistrict' THEN min(area.name_en)
                    ELSE home.name_en END AS name_en,
               ST_Extent(area.boundary) AS extent
        FROM home
        JOIN area ON area.scheme_id = home.id AND area.level = home.level
                 AND area.valid_from <= :today AND (area.valid_to IS NULL OR area.valid_to > :today)
        GROUP BY home.name, home.name_en, home.level
    ), everything AS (
        SELECT ST_Extent(boundary) AS extent FROM area
        WHERE parent_id IS NULL AND valid_from <= :today AND (valid_to IS NULL OR valid_to > :today)
    )
    SELECT root.name, root.name_en,
           ST_XMin(root.extent) AS west_deg, ST_YMin(root.extent) AS south_deg,
           ST_XMax(root.extent) AS east_deg, ST_YMax(root.extent) AS north_deg,
           ST_XMin(everything.extent) AS all_west_deg, ST_YMin(everything.extent) AS all_south_deg,
           ST_XMax(everything.extent) AS all_east_deg, ST_YMax(everything.extent) AS all_north_deg,
           EXISTS (SELECT FROM account WHERE is_demo AND is_active)      AS is_demo,
           (SELECT max(data_date) FROM layer_version)                    AS data_date,
           (SELECT jsonb_object_agg(layer, version) FROM layer_version)  AS versions,
           greatest((SELECT max(valid_from) FROM area WHERE valid_from <= :today),
                    (SELECT max(valid_to) FROM area WHERE valid_to <= :today)) AS areas_since
    FROM everything LEFT JOIN root ON true
    """
)


@dataclass(frozen=True, slots=True)
class Overview:
    """The data at a glance. Degrees are WGS-84; the extent is None while there are no areas."""

    name: str = ""
    name_en: str | None = None
    extent_deg: tuple[float, float, float, float] | None = None
    """West, south, east, north of the installation's own ground."""
    reach_deg: tuple[float, float, float, float] | None = None
    """The same of all schemes together: how far a map may be moved."""
    is_demo: bool = False
    data_date: date | None = None
    versions: Mapping[str, int] = field(default_factory=dict[str, int])
    """Version of each layer; a layer that was never written is absent and counts as 0."""
    areas_since: date | None = None
    """The last day on which a version of an area began or ended, also one that was written long before."""

    def version(self, *layers: str) -> str:
        """One word that changes when any of these layers does; part of addresses and ETags."""
        words = "-".join(str(self.versions.get(layer, 0)) for layer in layers)
        if "areas" not in layers or self.areas_since is None:
            return words
        return f"{words}.{self.areas_since:%Y%m%d}"


def load_overview(session: Session, *, today: date) -> Overview:
    """Read the overview of a day in one statement."""
    row = session.execute(_OVERVIEW_SQL, {"today": today}).one()
    extent = None if row.west_deg is None else (row.west_deg, row.south_deg, row.east_deg, row.north_deg)
    reach = (
        None
        if row.all_west_deg is None
        else (row.all_west_deg, row.all_south_deg, row.all_east_deg, row.all_north_deg)
    )
    return Overview(
        name=row.name or "",
        name_en=row.name_en,
        extent_deg=extent,
        reach_deg=reach,
        is_demo=row.is_demo,
        data_date=row.data_date,
        versions=row.versions or {},
        areas_since=row.areas_since,
    )
