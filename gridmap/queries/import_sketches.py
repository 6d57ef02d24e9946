"""Our own areas in a frame, to draw foreign data over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.queries.sketches import Frame

# GiST on area.boundary. The finest level that is still a picture: its borders as one path, and the whole.
_AREAS_SQL = text(
    """
    WITH frame AS (SELECT ST_MakeEnvelope(:west, :south, :east, :north, 4326) AS box),
         shape AS (
        SELECT area.level, area.code, area.overview
          FROM frame
          JOIN area ON area.boundary && frame.box
         WHERE daterange(area.valid_from, area.valid_to, '[)') @> CAST(:on AS date)
           AND area.level IN ('subdistrict', 'community', 'grid')
         ORDER BY area.level, area.code
         LIMIT 1500
    )
    SELECT level, string_agg(
               ST_AsSVG(ST_Translate(ST_Transform(overview, 3857), -:origin_x, -:origin_y), 0, 0), ' '
               ORDER BY code) AS path
      FROM shape
     GROUP BY level
     ORDER BY level
    """
)


def area_paths(session: Session, frame: Frame, *, on: date) -> Mapping[str, str]:
    """Path data of ``subdistrict``, ``community`` and ``grid`` in a frame's units; absent when empty."""
    west, south, east, north = frame.extent_deg
    origin_x, origin_y = frame.origin
    rows = session.execute(
        _AREAS_SQL,
        {
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "origin_x": origin_x,
            "origin_y": origin_y,
            "on": on,
        },
    )
    return {row.level: row.path for row in rows}
