"""Layers that a map draws over its base, as GeoJSON text made by the database (RFC 7946: WGS-84, lon/lat).

Only what everybody may see: staff layers and the restricted one (SP17) are cut off here, in SQL, so that no
view can forget it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.opening_hours import week_minutes

AREA_LEVELS = ("subdistrict", "community", "grid", "micro_grid")

# Six decimals of a degree are a decimetre; `overview` shares its edges with its neighbours.
# `ix_area_scheme_id_level_code` narrows to scheme and level; a level of one subdistrict is drawn whole.
# Without a scheme's code the installation's own is meant: the first with current areas.
_AREAS_SQL = text(
    """
    SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(feature), '[]'))::text
    FROM (
        SELECT json_build_object(
                   'type', 'Feature',
                   'id', id,
                   'properties', json_strip_nulls(json_build_object(
                       'code', code, 'name', name, 'name_en', name_en,
                       'label', json_build_array(round(ST_X(label_point)::numeric, 6),
                                                 round(ST_Y(label_point)::numeric, 6)))),
                   'geometry', ST_AsGeoJSON(overview, 6)::json) AS feature
        FROM area
        WHERE level = :level AND valid_from <= :today AND (valid_to IS NULL OR valid_to > :today)
          AND scheme_id = (SELECT scheme.id FROM grid_scheme AS scheme
                           WHERE (CAST(:scheme_code AS text) IS NULL OR scheme.code = :scheme_code)
                             AND EXISTS (SELECT FROM area AS any_area
                                         WHERE any_area.scheme_id = scheme.id
                                           AND any_area.valid_from <= :today
                                           AND (any_area.valid_to IS NULL OR any_area.valid_to > :today))
                           ORDER BY scheme.id
                           LIMIT 1)
        ORDER BY code, id
        LIMIT 100000
    ) AS drawn
    """
)

_COMPOUNDS_SQL = text(
    """
    SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(feature), '[]'))::text
    FROM (
        SELECT json_build_object(
                   'type', 'Feature',
                   'id', id,
                   'properties', json_strip_nulls(json_build_object(
                       'code', code, 'name', name, 'name_en', name_en, 'kind', kind)),
                   'geometry', ST_AsGeoJSON(ST_SimplifyPreserveTopology(boundary, 0.00001), 6)::json
               ) AS feature
        FROM compound
        ORDER BY code
        LIMIT 20000
    ) AS drawn
    """
)

_STREETS_SQL = text(
    """
    SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(feature), '[]'))::text
    FROM (
        SELECT json_build_object(
                   'type', 'Feature',
                   'id', min(id),
                   'properties', json_strip_nulls(json_build_object(
                       'name', name, 'name_en', min(name_en), 'kind', kind)),
                   'geometry', ST_AsGeoJSON(ST_LineMerge(ST_Collect(centreline)), 6)::json) AS feature
        FROM street
        WHERE kind IN ('main', 'secondary', 'minor') AND name IS NOT NULL
        GROUP BY name, kind
        ORDER BY name, kind
        LIMIT 20000
    ) AS drawn
    """
)

# `ix_service_point_category_code_status` is no help for "all of them"; the table is small by nature.
_SERVICE_POINTS_SQL = text(
    """
    SELECT point.id, point.name, point.name_en, point.category_code AS category, point.status, point.address,
           point.address_en, point.community_code, point.opening_hours, point.search_key,
           round(ST_X(point.location)::numeric, 6)::float AS lon_deg,
           round(ST_Y(point.location)::numeric, 6)::float AS lat_deg
    FROM service_point AS point
    JOIN service_point_category AS category ON category.code = point.category_code
    WHERE point.visibility = 'public' AND NOT category.is_restricted
      AND point.status <> 'withdrawn' AND (point.valid_to IS NULL OR point.valid_to > :today)
    ORDER BY category.sort_order, point.name, point.id
    LIMIT 20000
    """
)

_PLAIN: Mapping[str, Any] = {"compounds": _COMPOUNDS_SQL, "streets": _STREETS_SQL}


def areas_geojson(session: Session, level: str, *, today: date, scheme_code: str | None = None) -> str:
    """The areas of a level on a day: id, code, names, label point; of the first scheme unless one is named.

    Raises
    ------
    NotFound
        There is no such level.
    """
    if level not in AREA_LEVELS:
        raise NotFound(what="level", level=level)
    values = {"level": level, "scheme_code": scheme_code, "today": today}
    return str(session.execute(_AREAS_SQL, values).scalar_one())


def ground_geojson(session: Session, layer: str) -> str:
    """Compounds (outlines) or streets (one feature a name and kind).

    Raises
    ------
    NotFound
        There is no such layer.
    """
    if layer not in _PLAIN:
        raise NotFound(what="layer", layer=layer)
    return str(session.execute(_PLAIN[layer]).scalar_one())


def service_points_geojson(session: Session, *, today: date) -> str:
    """Every public service point, in the order of the list: category, then name.

    ``open`` holds the minutes of a week (0 is Monday 00:00, local time) from which until which it is open,
    so that a browser only has to compare; it is absent where the hours are unknown.
    """
    features: list[Mapping[str, Any]] = []
    for row in session.execute(_SERVICE_POINTS_SQL, {"today": today}):
        spans = week_minutes(row.opening_hours) if row.opening_hours else None
        properties: dict[str, Any] = {
            "name": row.name,
            "name_en": row.name_en,
            "category": row.category,
            "status": row.status,
            "address": row.address,
            "address_en": row.address_en,
            "community": row.community_code,
            "open": [list(span) for span in spans] if spans is not None else None,
            "key": row.search_key,
        }
        features.append(
            {
                "type": "Feature",
                "id": row.id,
                "properties": {name: value for name, value in properties.items() if value is not None},
                "geometry": {"type": "Point", "coordinates": [row.lon_deg, row.lat_deg]},
            }
        )
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":"))
