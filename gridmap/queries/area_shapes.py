"""The outline of one version of an area and its parts on a day: GeoJSON for maps, SVG paths for paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.queries.sketches import Extent, Frame, frame_around

_HOLDS = "daterange({0}.valid_from, {0}.valid_to, '[)') @> CAST(:on AS date)"

# What lies directly in an area: the next finer level under the same beginning of the code. Found by code and
# day (`ex_area_one_version_at_a_time`), because `parent_id` names one version of the parent only.
_SHAPES = f"""
    SELECT area.id, area.code, area.name, area.name_en, area.level, area.overview, area.label_point,
           true AS is_outline
      FROM area
     WHERE area.id = :id
    UNION ALL
    SELECT part.id, part.code, part.name, part.name_en, part.level, part.overview, part.label_point, false
      FROM area
      JOIN area AS part
        ON part.scheme_id = area.scheme_id
       AND part.level = CASE area.level WHEN 'subdistrict' THEN 'community' WHEN 'community' THEN 'grid'
                                        WHEN 'grid' THEN 'micro_grid' END
       AND left(part.code, CASE area.level WHEN 'grid' THEN 14 ELSE length(area.code) END)
         = left(area.code, CASE area.level WHEN 'grid' THEN 14 ELSE length(area.code) END)
       AND {_HOLDS.format("part")}
     WHERE area.id = :id
"""  # noqa: S608 - the fragment is the constant above

_FEATURE = """
    json_build_object(
        'type', 'Feature',
        'id', id,
        'properties', json_strip_nulls(json_build_object(
            'code', code, 'name', name, 'name_en', name_en,
            'label', json_build_array(round(ST_X(label_point)::numeric, 6),
                                      round(ST_Y(label_point)::numeric, 6)))),
        'geometry', ST_AsGeoJSON(overview, 6)::json)
"""

_OUTLINE_SQL = text(
    f"""
    SELECT json_build_object('type', 'FeatureCollection', 'features', json_build_array({_FEATURE}))::text
      FROM area
     WHERE id = :id
    """  # noqa: S608 - the fragment is the constant above
)

_PARTS_SQL = text(
    f"""
    WITH shape AS ({_SHAPES})
    SELECT json_build_object('type', 'FeatureCollection',
                             'features', coalesce(json_agg({_FEATURE} ORDER BY code), '[]'))::text
      FROM shape
     WHERE NOT is_outline
    """  # noqa: S608 - the fragments are the constants above
)

# Index: `ix_area_scheme_id_level_code`; the whole level of one scheme is drawn.
_LEVEL = f"""
      FROM area
      JOIN grid_scheme AS scheme ON scheme.id = area.scheme_id
     WHERE scheme.code = :scheme_code AND area.level = :level AND {_HOLDS.format("area")}
"""

_LEVEL_SQL = text(
    f"""
    SELECT json_build_object('type', 'FeatureCollection',
                             'features', coalesce(json_agg({_FEATURE} ORDER BY code), '[]'))::text
      FROM (SELECT area.id, area.code, area.name, area.name_en, area.overview, area.label_point
            {_LEVEL}
             ORDER BY area.code
             LIMIT 100000) AS drawn
    """  # noqa: S608 - the fragments are the constants above
)

_LEVEL_EXTENT_SQL = text(
    f"""
    SELECT ST_XMin(extent) AS west, ST_YMin(extent) AS south,
           ST_XMax(extent) AS east, ST_YMax(extent) AS north
      FROM (SELECT ST_Extent(area.overview) AS extent {_LEVEL}) AS whole
     WHERE extent IS NOT NULL
    """  # noqa: S608 - the fragment is the constant above
)

_EXTENT_SQL = text(
    """
    SELECT ST_XMin(overview) AS west, ST_YMin(overview) AS south,
           ST_XMax(overview) AS east, ST_YMax(overview) AS north
      FROM area
     WHERE id = :id
    """
)

_PATHS_SQL = text(
    f"""
    WITH shape AS ({_SHAPES})
    SELECT is_outline, code, name, ST_X(label_point) AS lon_deg, ST_Y(label_point) AS lat_deg,
           ST_AsSVG(ST_Translate(ST_Transform(overview, 3857), -:origin_x, -:origin_y), 0, 0) AS path
      FROM shape
     ORDER BY is_outline, code
     LIMIT 500
    """  # noqa: S608 - the fragment is the constant above
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnArea:
    """An area as SVG path data in a frame's units, with the point where its name goes (WGS-84)."""

    code: str
    name: str
    lon_deg: float
    lat_deg: float
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaDrawing:
    """An area with what lies directly in it."""

    frame: Frame
    outline: DrawnArea
    parts: Sequence[DrawnArea]


def outline_geojson(session: Session, area_id: int) -> str:
    """The outline of one version of an area (WGS-84).

    Raises
    ------
    NotFound
        There is no such version.
    """
    body = session.execute(_OUTLINE_SQL, {"id": area_id}).scalar_one_or_none()
    if body is None:
        raise NotFound(what="area", id=area_id)
    return str(body)


def parts_geojson(session: Session, area_id: int, *, on: date) -> str:
    """What lay directly in an area on a day (WGS-84); no features for the finest level."""
    return str(session.execute(_PARTS_SQL, {"id": area_id, "on": on}).scalar_one())


def level_geojson(session: Session, *, scheme_code: str, level: str, on: date) -> str:
    """Every area of one scheme and level that holds on a day (WGS-84)."""
    values = {"scheme_code": scheme_code, "level": level, "on": on}
    return str(session.execute(_LEVEL_SQL, values).scalar_one())


def level_extent(session: Session, *, scheme_code: str, level: str, on: date) -> Extent | None:
    """The box around them, None where there are none."""
    values = {"scheme_code": scheme_code, "level": level, "on": on}
    box = session.execute(_LEVEL_EXTENT_SQL, values).one_or_none()
    return None if box is None else (box.west, box.south, box.east, box.north)


def draw_area(session: Session, area_id: int, *, on: date, width_over_height: float) -> AreaDrawing:
    """The outline of an area and its parts as paths in a frame of a given shape.

    Raises
    ------
    NotFound
        There is no such version.
    """
    box = session.execute(_EXTENT_SQL, {"id": area_id}).one_or_none()
    if box is None:
        raise NotFound(what="area", id=area_id)
    extent: Extent = (box.west, box.south, box.east, box.north)
    frame = frame_around(extent, width_over_height=width_over_height)
    origin_x, origin_y = frame.origin
    rows = session.execute(
        _PATHS_SQL, {"id": area_id, "on": on, "origin_x": origin_x, "origin_y": origin_y}
    ).all()
    drawn = [
        DrawnArea(code=row.code, name=row.name, lon_deg=row.lon_deg, lat_deg=row.lat_deg, path=row.path)
        for row in rows
    ]
    return AreaDrawing(frame=frame, outline=drawn[-1], parts=drawn[:-1])
