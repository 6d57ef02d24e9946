"""GeoJSON, read feature by feature so that one bad geometry costs one row.

Accepts what people really have: a byte order mark, a Feature or a bare geometry instead of a collection, the
old ``crs`` member, a third coordinate, rings that were not closed.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import shapely

from gridmap.domain.imports import Rejection, Remark
from gridmap.importing.encodings import decode_text
from gridmap.importing.errors import EncodingUnknown, FileUnreadable
from gridmap.importing.tables import GeometryArray, ReadLimits, SourceTable, shown

_GEOMETRY_TYPES = frozenset(
    {
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)


def read_geojson(content: bytes, *, layer_name: str, limits: ReadLimits, encoding: str | None) -> SourceTable:
    """Read a GeoJSON document.

    Raises
    ------
    FileUnreadable
        ``detail``: ``not_json``, ``not_geojson`` or ``nested_too_deep``.
    EncodingUnknown, LimitPassed
    """
    document, codec = _document(content, encoding)
    features = _features(document)
    limits.hold("row_count", len(features))
    rejections: list[Rejection] = []
    remarks: list[Remark] = []
    rows: list[tuple[int, dict[str, Any], Any]] = []
    headers: dict[str, None] = {}
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or not _is_feature(feature):
            rejections.append(Rejection(number, "feature", shown(feature), "not_a_feature"))
            continue
        properties = feature.get("properties")
        attributes = _attributes(properties if isinstance(properties, dict) else {}, feature.get("id"))
        headers.update(dict.fromkeys(attributes))
        limits.hold("column_count", len(headers))
        rows.append((number, attributes, feature.get("geometry") if "geometry" in feature else None))
    geometry, unreadable, closed = _geometries([geometry for _, _, geometry in rows])
    for index in unreadable:
        number, _, member = rows[index]
        rejections.append(Rejection(number, "geometry", shown(member), "geometry_unreadable"))
    for index in closed:
        remarks.append(Remark(rows[index][0], "geometry", "", "ring_closed"))
    kept = [index for index in range(len(rows)) if index not in unreadable]
    return SourceTable(
        row_numbers=np.array([rows[index][0] for index in kept], dtype=np.int64),
        columns={header: [rows[index][1].get(header) for index in kept] for header in headers},
        geometry=geometry[kept],
        declared_crs=_declared_crs(document),
        encoding=codec,
        file_format="GeoJSON",
        layer_name=layer_name,
        rejections=rejections,
        remarks=remarks,
    )


def _document(content: bytes, encoding: str | None) -> tuple[dict[str, Any], str]:
    try:
        text, codec = decode_text(content, declared=encoding)
        document = json.loads(text)
    except EncodingUnknown:
        # Bytes that are no text at all are a wrong file rather than a question about encodings.
        if content.lstrip()[:1] not in (b"{", b"["):
            raise FileUnreadable(detail="not_json") from None
        raise
    except RecursionError as error:
        raise FileUnreadable(detail="nested_too_deep") from error
    except ValueError as error:
        raise FileUnreadable(detail="not_json") from error
    if not isinstance(document, dict):
        raise FileUnreadable(detail="not_geojson")
    return document, codec


def _features(document: dict[str, Any]) -> list[Any]:
    kind = document.get("type")
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return document["features"]
    if kind == "Feature":
        return [document]
    if isinstance(kind, str) and kind in _GEOMETRY_TYPES:
        parts = document.get("geometries")
        members = parts if kind == "GeometryCollection" and isinstance(parts, list) else [document]
        return [{"type": "Feature", "properties": {}, "geometry": member} for member in members]
    raise FileUnreadable(detail="not_geojson")


def _is_feature(feature: dict[str, Any]) -> bool:
    return feature.get("type") == "Feature" or "geometry" in feature


def _attributes(properties: dict[Any, Any], feature_id: object) -> dict[str, Any]:
    """Flat values by column; nested ones as their JSON text; the feature's id as ``id`` if absent."""
    attributes: dict[str, Any] = {}
    for key, value in properties.items():
        nested = isinstance(value, (dict, list))
        attributes[str(key)] = json.dumps(value, ensure_ascii=False) if nested else value
    if isinstance(feature_id, (str, int)):
        attributes.setdefault("id", feature_id)
    return attributes


def _geometries(members: list[Any]) -> tuple[GeometryArray, set[int], list[int]]:
    """Geometries of the members, the places of unreadable ones, and of those whose rings were closed."""
    texts = np.array([_as_text(member) for member in members], dtype=object)
    geometry = np.empty(len(members), dtype=object)
    if len(members):
        geometry[:] = shapely.from_geojson(texts, on_invalid="ignore")
    unreadable: set[int] = set()
    closed: list[int] = []
    for index in np.flatnonzero([found is None for found in geometry]):
        place = int(index)
        if members[place] is None:
            continue
        mended = _with_closed_rings(members[place])
        if mended is None:
            unreadable.add(place)
        else:
            geometry[place] = mended
            closed.append(place)
    return geometry, unreadable, closed


def _as_text(member: object) -> str | None:
    if not isinstance(member, dict) or member.get("type") not in _GEOMETRY_TYPES:
        return None
    try:
        # NaN and Infinity are no JSON: GEOS refuses them, and so the row is refused.
        return json.dumps(member)
    except (RecursionError, ValueError):
        return None


def _with_closed_rings(member: object) -> shapely.Geometry | None:
    """The polygon with each ring's first position repeated at its end; None if that does not mend it."""
    if not isinstance(member, dict) or member.get("type") not in ("Polygon", "MultiPolygon"):
        return None
    try:
        coordinates = member["coordinates"]
        if member["type"] == "Polygon":
            mended = [_closed(ring) for ring in coordinates]
        else:
            mended = [[_closed(ring) for ring in polygon] for polygon in coordinates]
        text = json.dumps({"type": member["type"], "coordinates": mended})
    except (KeyError, IndexError, TypeError, ValueError, RecursionError):
        return None
    return shapely.from_geojson(text, on_invalid="ignore")


def _closed(ring: list[Any]) -> list[Any]:
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]


def _declared_crs(document: dict[str, Any]) -> str | None:
    """The name in the old ``crs`` member, for example ``urn:ogc:def:crs:EPSG::4547``."""
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return name if isinstance(name, str) and name.strip() else None
