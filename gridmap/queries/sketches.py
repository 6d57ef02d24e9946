"""Small drawings for paper and for pages without scripts: water, green and streets of a frame as SVG paths.

Drawn in web Mercator, which keeps shapes; its lengths are too long by 1 / cos(latitude), so a scale bar has
to use :attr:`Frame.metres_per_unit`. For drawing only, never for measuring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

Extent = tuple[float, float, float, float]

_EARTH_RADIUS_M = 6_378_137.0

# GiST on landcover.extent and street.centreline. `ST_AsSVG` turns y to point down, as SVG wants it.
_GROUND_SQL = text(
    """
    WITH frame AS (SELECT ST_MakeEnvelope(:west, :south, :east, :north, 4326) AS box),
         shape AS (
        SELECT CASE WHEN landcover.kind IN ('river', 'water') THEN 'water' ELSE 'green' END AS kind,
               landcover.id, ST_ClipByBox2D(landcover.extent, frame.box) AS drawn
          FROM landcover, frame
         WHERE landcover.extent && frame.box AND landcover.kind IN ('river', 'water', 'green')
        UNION ALL
        SELECT CASE WHEN street.kind = 'main' THEN 'main' ELSE 'street' END,
               street.id, ST_ClipByBox2D(street.centreline, frame.box)
          FROM street, frame
         WHERE street.centreline && frame.box AND street.kind IN ('main', 'secondary', 'minor')
    )
    SELECT kind, string_agg(
               ST_AsSVG(ST_Translate(ST_Transform(drawn, 3857), -:origin_x, -:origin_y), 0, 0), ' '
               ORDER BY id) AS path
      FROM shape
     WHERE NOT ST_IsEmpty(drawn)
     GROUP BY kind
     ORDER BY kind
    """
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A window on the ground and its drawing units, whose origin is the north-west corner."""

    extent_deg: Extent
    """West, south, east, north."""

    @property
    def origin(self) -> tuple[float, float]:
        """The north-west corner in web Mercator."""
        west, _, _, north = self.extent_deg
        return _mercator(west, north)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in drawing units."""
        _, south, east, _ = self.extent_deg
        (left, top), (right, bottom) = self.origin, _mercator(east, south)
        return round(right - left), round(top - bottom)

    @property
    def metres_per_unit(self) -> float:
        """What a drawing unit measures on the ground."""
        _, south, _, north = self.extent_deg
        return math.cos(math.radians((south + north) / 2))

    def place(self, lon_deg: float, lat_deg: float) -> tuple[int, int]:
        """Where a WGS-84 point is drawn: x to the right, y down."""
        x, y = _mercator(lon_deg, lat_deg)
        left, top = self.origin
        return round(x - left), round(top - y)


def frame_around(extent_deg: Extent, *, width_over_height: float, margin_share: float = 0.11) -> Frame:
    """Make the smallest frame of a given shape around an extent, with some room on each side."""
    west, south, east, north = extent_deg
    (left, bottom), (right, top) = _mercator(west, south), _mercator(east, north)
    room = 1 + 2 * margin_share
    # An extent of a single point still gets a neighbourhood of about 200 m around it.
    width, height = max(right - left, 240.0) * room, max(top - bottom, 240.0) * room
    width, height = max(width, height * width_over_height), max(height, width / width_over_height)
    middle_x, middle_y = (left + right) / 2, (bottom + top) / 2
    corner = _degrees(middle_x - width / 2, middle_y - height / 2)
    opposite = _degrees(middle_x + width / 2, middle_y + height / 2)
    return Frame((*corner, *opposite))


def ground_paths(session: Session, frame: Frame) -> Mapping[str, str]:
    """Path data of ``water``, ``green``, ``street`` and ``main`` in a frame's units; absent when empty."""
    west, south, east, north = frame.extent_deg
    origin_x, origin_y = frame.origin
    rows = session.execute(
        _GROUND_SQL,
        {
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "origin_x": origin_x,
            "origin_y": origin_y,
        },
    )
    return {row.kind: row.path for row in rows}


def _mercator(lon_deg: float, lat_deg: float) -> tuple[float, float]:
    y = math.log(math.tan(math.pi / 4 + math.radians(lat_deg) / 2))
    return _EARTH_RADIUS_M * math.radians(lon_deg), _EARTH_RADIUS_M * y


def _degrees(x: float, y: float) -> tuple[float, float]:
    lat = 2 * math.atan(math.exp(y / _EARTH_RADIUS_M)) - math.pi / 2
    return math.degrees(x / _EARTH_RADIUS_M), math.degrees(lat)
