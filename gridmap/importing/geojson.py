"""GeoJSON, read feature by feature so that one bad geometry costs one row.

Accepts what people really have: a byte order mark, UTF-16, a Feature or a bare geometry instead of a
collection, a plain list of either, the old ``crs`` member, a third coordinate, rings that were not closed.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from gridmap.domain.imports import Rejection
from gridmap.importing.encodings import decode_text
from gridmap.importing.errors import EncodingUnknown, FileUnreadable
from gridmap.importing.json_shapes import GEOMETRY_TYPES, shapes_of
from gridmap.importing.tables import LayerInfo, ReadLimits, SourceTable, shown


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
    members = [geometry for _, _, geometry in rows]
    numbers = [number for number, _, _ in rows]
    shapes = shapes_of(members)
    kept = [index for index in range(len(rows)) if index not in shapes.unreadable]
    return SourceTable(
        row_numbers=np.array([numbers[index] for index in kept], dtype=np.int64),
        columns={header: [rows[index][1].get(header) for index in kept] for header in headers},
        geometry=shapes.geometry[kept],
        declared_crs=_declared_crs(document),
        encoding=codec,
        file_format="GeoJSON",
        layer_name=layer_name,
        rejections=[*rejections, *shapes.rejections(numbers, members)],
        remarks=shapes.remarks(numbers),
    )


def describe_geojson(content: bytes, *, name: str, limits: ReadLimits) -> LayerInfo:
    """Describe a GeoJSON document: it has no index, so all of it is parsed, but no shape is made.

    Raises
    ------
    FileUnreadable, EncodingUnknown, LimitPassed
    """
    document, _ = _document(content, None)
    features = _features(document)
    limits.hold("row_count", len(features))
    headers: dict[str, None] = {}
    kinds: set[str] = set()
    for feature in features:
        if not isinstance(feature, dict):
            continue
        properties = feature.get("properties")
        headers.update(
            dict.fromkeys(_attributes(properties if isinstance(properties, dict) else {}, feature.get("id")))
        )
        limits.hold("column_count", len(headers))
        geometry = feature.get("geometry")
        if isinstance(geometry, dict):
            kinds.add(str(geometry.get("type")).removeprefix("Multi"))
    return LayerInfo(
        name=name,
        geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown",
        row_count=len(features),
        headers=tuple(headers),
        stated_crs=_declared_crs(document),
    )


def _document(content: bytes, encoding: str | None) -> tuple[Any, str]:
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
    return document, codec


def _features(document: Any) -> list[Any]:
    if isinstance(document, list):
        # No standard, but what web maps are fed with; one good element shows that places were meant.
        members = [_as_feature(member) for member in document]
        if any(isinstance(member, dict) and _is_feature(member) for member in members):
            return members
        raise FileUnreadable(detail="not_geojson")
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return document["features"]
    if kind == "Feature":
        return [document]
    if isinstance(kind, str) and kind in GEOMETRY_TYPES:
        parts = document.get("geometries")
        members = parts if kind == "GeometryCollection" and isinstance(parts, list) else [document]
        return [{"type": "Feature", "properties": {}, "geometry": member} for member in members]
    raise FileUnreadable(detail="not_geojson")


def _as_feature(member: Any) -> Any:
    """A bare geometry as a feature of its own; anything else as it is."""
    kind = member.get("type") if isinstance(member, dict) else None
    if isinstance(kind, str) and kind in GEOMETRY_TYPES:
        return {"type": "Feature", "properties": {}, "geometry": member}
    return member


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


def _declared_crs(document: Any) -> str | None:
    """The name in the old ``crs`` member, for example ``urn:ogc:def:crs:EPSG::4547``."""
    crs = document.get("crs") if isinstance(document, dict) else None
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return name if isinstance(name, str) and name.strip() else None
