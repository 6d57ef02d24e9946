"""The OGC API described in OpenAPI 3.0, made from the same table of collections that it serves."""

from __future__ import annotations

from collections.abc import Sequence

from gridmap import __version__
from gridmap.domain.features import Collection, FeatureField, FieldKind, Time
from gridmap.domain.reference_systems import ReferenceSystem
from gridmap.queries.overview import Overview
from gridmap.web.ogc import documents
from gridmap.web.ogc.documents import GEOJSON_TYPE, HTML_TYPE, JSON_TYPE, ROOT, Json
from gridmap.web.ogc.reading import LIMIT_DEFAULT, LIMIT_MAX, filterable_fields
from gridmap.web.place_view import public_url

_SCHEMAS: dict[FieldKind, Json] = {
    FieldKind.TEXT: {"type": "string"},
    FieldKind.WORDS: {"type": "array", "items": {"type": "string"}},
    FieldKind.WHOLE: {"type": "integer"},
    FieldKind.NUMBER: {"type": "number"},
    FieldKind.FLAG: {"type": "boolean"},
    FieldKind.DAY: {"type": "string", "format": "date"},
    FieldKind.INSTANT: {"type": "string", "format": "date-time"},
}


def openapi_document(
    shown: Sequence[Collection], about: Overview, systems: Sequence[ReferenceSystem]
) -> Json:
    """Every resource that the caller sees, each collection with its own arguments and fields."""
    paths: Json = {
        "/": _get("landing", "What there is", JSON_TYPE, {"type": "object"}),
        "/conformance": _get("conformance", "Conformance classes", JSON_TYPE, {"type": "object"}),
        "/collections": _get("collections", "The collections", JSON_TYPE, {"type": "object"}),
    }
    for each in shown:
        title = documents.collection_title(each)
        path = f"/collections/{each.id}"
        paths[path] = _get(f"describe_{each.id}", title, JSON_TYPE, {"type": "object"})
        paths[f"{path}/items"] = _get(
            f"features_{each.id}", title, GEOJSON_TYPE, _feature_collection(each), _arguments(each, systems)
        )
        paths[f"{path}/items/{{featureId}}"] = _get(
            f"feature_{each.id}", title, GEOJSON_TYPE, _feature(each), [_FEATURE_ID, _system("crs", systems)]
        )
    return {
        "openapi": "3.0.3",
        "info": {
            "title": documents.service_title(about),
            "version": __version__,
            "description": documents.attribution(about),
        },
        "servers": [{"url": public_url(ROOT)}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
    }


def _get(operation: str, summary: str, media_type: str, schema: Json, arguments: Sequence[Json] = ()) -> Json:
    page: Json = {HTML_TYPE: {"schema": {"type": "string"}}}
    answer = {"description": summary, "content": {media_type: {"schema": schema}, **page}}
    problem = {"description": "application/problem+json"}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [*arguments, _FORM],
            "responses": {"200": answer, "400": problem, "404": problem},
        }
    }


def _query(name: str, schema: Json, description: str, *, is_list: bool = False) -> Json:
    parameter: Json = {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "description": description,
        "style": "form",
        "explode": False,
    }
    return parameter if is_list else {**parameter, "explode": True}


_FORM = _query("f", {"type": "string", "enum": ["json", "html"]}, "The form of the answer.")
_FEATURE_ID: Json = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
_NUMBERS: Json = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}


def _arguments(each: Collection, systems: Sequence[ReferenceSystem]) -> list[Json]:
    when = {
        Time.VALIDITY: "Instant or interval: what held then; without it, what holds today.",
        Time.INSTANT: "Instant or interval: what happened then.",
        Time.NONE: "Instant or interval; these features hold at any time.",
    }
    limit: Json = {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}
    return [
        _query("bbox", _NUMBERS, "Four numbers in the order of bbox-crs, CRS84 without it.", is_list=True),
        _system("bbox-crs", systems),
        _system("crs", systems),
        _query("datetime", {"type": "string"}, when[each.time]),
        _query("limit", limit, "Most features of one page."),
        _query("after", {"type": "string"}, "Where a page begins; follow the link `next`."),
        _query("area", {"type": "string"}, "Code of an area: only what lies in it."),
        *(_query(each.name, _SCHEMAS[each.kind], "Equal to.") for each in filterable_fields(each)),
    ]


def _system(name: str, systems: Sequence[ReferenceSystem]) -> Json:
    uris = [system.uri for system in systems]
    return _query(name, {"type": "string", "format": "uri", "enum": uris, "default": uris[0]}, "By URI.")


def _feature_collection(each: Collection) -> Json:
    return {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "numberMatched": {"type": "integer"},
            "numberReturned": {"type": "integer"},
            "timeStamp": {"type": "string", "format": "date-time"},
            "links": {"type": "array", "items": {"type": "object"}},
            "features": {"type": "array", "items": _feature(each)},
        },
    }


def _feature(each: Collection) -> Json:
    return {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
            "geometry": {"type": "object", "description": each.shape.value},
            "properties": {"type": "object", "properties": _properties(each.fields)},
        },
    }


def _properties(fields: Sequence[FeatureField]) -> Json:
    return {each.name: {**_SCHEMAS[each.kind], "nullable": True} for each in fields}
