"""Our own base map as Mapbox Vector Tiles: ground, water and green, streets, buildings, names.

Coordinates inside a tile are integers on a grid of 4,096 over the tile. The map draws a data tile three zooms
closer than its own (one covers 8 × 8 pictures), so the first view of a whole subdistrict is one or two light
tiles; buildings, gates and footways come from data zoom 13, that is from zoom 16 on the screen.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound

LOWEST_ZOOM = 7
HIGHEST_ZOOM = 15
DETAIL_ZOOM = 13
NUMBER_ZOOM = 14
# About 600 m² at 30° north: a patch smaller than that is a few pixels on the zooms without detail.
_SMALLEST_PATCH_DEG2 = 5.6e-8
BASE_LAYERS = ("landcover", "streets", "compounds", "buildings", "areas")
"""The layers whose versions make up the version of a tile."""

# Each part is an index scan (GiST on the geometry) over the tile's box in degrees.
_BASE_TILE_SQL = text(
    """
    WITH tile AS (
        SELECT ST_TileEnvelope(:z, :x, :y) AS box,
               ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.0625), 4326) AS box_deg
    ), land AS (
        SELECT ST_AsMVTGeom(ST_Transform(area.overview, 3857), tile.box, 4096, 128) AS geom
        FROM tile JOIN area ON area.overview && tile.box_deg
        WHERE area.level = 'subdistrict'
          AND area.valid_from <= :today AND (area.valid_to IS NULL OR area.valid_to > :today)
    ), landcover_here AS (
        SELECT kind, ST_AsMVTGeom(ST_Transform(extent, 3857), tile.box, 4096, 128) AS geom
        FROM tile JOIN landcover ON landcover.extent && tile.box_deg
        WHERE :has_detail OR kind IN ('river', 'water') OR ST_Area(extent) > :smallest_deg2
        ORDER BY ST_Area(extent) DESC, landcover.id
    ), street_here AS (
        SELECT kind, name, name_en, round(width_m::numeric, 1)::real AS width,
               ST_AsMVTGeom(ST_Transform(centreline, 3857), tile.box, 4096, 128) AS geom
        FROM tile JOIN street ON street.centreline && tile.box_deg
        WHERE :has_detail OR kind IN ('main', 'secondary', 'minor')
        ORDER BY street.id
    ), compound_ground AS (
        SELECT kind, ST_AsMVTGeom(ST_Transform(boundary, 3857), tile.box, 4096, 128) AS geom
        FROM tile JOIN compound ON compound.boundary && tile.box_deg
        ORDER BY compound.id
    ), building_here AS (
        SELECT kind, ST_AsMVTGeom(ST_Transform(footprint, 3857), tile.box, 4096, 128) AS geom
        FROM tile JOIN building ON building.footprint && tile.box_deg
        WHERE :has_detail
        ORDER BY building.id
    ), gate_here AS (
        SELECT ST_AsMVTGeom(ST_Transform(location, 3857), tile.box, 4096, 0) AS geom
        FROM tile JOIN compound_gate ON compound_gate.location && tile.box_deg
        WHERE :has_detail
        ORDER BY compound_gate.id
    ), named AS (
        -- Names are points without a margin: a shape that two tiles share is named by one of them.
        SELECT 'compound' AS kind, name, name_en, boundary AS shape
        FROM tile JOIN compound ON compound.boundary && tile.box_deg
        UNION ALL
        SELECT kind, name, name_en, extent
        FROM tile JOIN landcover ON landcover.extent && tile.box_deg
        WHERE name IS NOT NULL AND (:has_detail OR kind IN ('river', 'water'))
        UNION ALL
        SELECT 'number', substring(address FROM '([0-9A-Z]+)(号楼|栋|幢|座)$'), NULL, footprint
        FROM tile JOIN building ON building.footprint && tile.box_deg
        WHERE :has_numbers AND address ~ '[0-9A-Z](号楼|栋|幢|座)$'
    ), name_here AS (
        SELECT kind, name, name_en,
               ST_AsMVTGeom(ST_Transform(ST_PointOnSurface(shape), 3857), tile.box, 4096, 0) AS geom
        FROM tile, named
        ORDER BY kind, name, ST_XMin(shape), ST_YMin(shape)
    )
    SELECT (SELECT ST_AsMVT(part, 'land')      FROM land           AS part WHERE geom IS NOT NULL)
        || (SELECT ST_AsMVT(part, 'landcover') FROM landcover_here AS part WHERE geom IS NOT NULL)
        || (SELECT ST_AsMVT(part, 'compounds') FROM compound_ground AS part WHERE geom IS NOT NULL)
        || (SELECT ST_AsMVT(part, 'buildings') FROM building_here  AS part WHERE geom IS NOT NULL)
        || (SELECT ST_AsMVT(part, 'streets')   FROM street_here    AS part WHERE geom IS NOT NULL)
        || (SELECT ST_AsMVT(part, 'gates')     FROM gate_here      AS part WHERE geom IS NOT NULL)
        || (SELECT ST_AsMVT(part, 'names')     FROM name_here      AS part WHERE geom IS NOT NULL)
    """
)


def base_tile(session: Session, *, z: int, x: int, y: int, today: date) -> bytes:
    """One tile of the base map on a day, empty where there is nothing.

    Raises
    ------
    NotFound
        The zoom is not served, or the column or row does not exist at that zoom.
    """
    if not LOWEST_ZOOM <= z <= HIGHEST_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        raise NotFound(what="tile", z=z, x=x, y=y)
    parameters = {
        "z": z,
        "x": x,
        "y": y,
        "today": today,
        "has_detail": z >= DETAIL_ZOOM,
        "has_numbers": z >= NUMBER_ZOOM,
        "smallest_deg2": _SMALLEST_PATCH_DEG2,
    }
    found = session.execute(_BASE_TILE_SQL, parameters).scalar_one()
    return bytes(found or b"")
