"""The API described: OpenAPI 3.1, kept by hand beside the views; a test holds that no route is missing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from gridmap import __version__
from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.issue_input import ADDRESS_MAX_LENGTH, CODE_MAX_LENGTH
from gridmap.domain.issues import PLAIN_WORKFLOW, TEXT_MAX_LENGTH, IssueState
from gridmap.queries.issues import PAGE_SIZE, PAGE_SIZE_MAX, Sort
from gridmap.web.access import public

blueprint = Blueprint("openapi", __name__, url_prefix="/api/v1")

Json = dict[str, Any]


@blueprint.get("/openapi.json")
@public
def document() -> Response:
    """Give the description."""
    return jsonify(openapi_document())


def _query(name: str, schema: Json, description: str, *, required: bool = False) -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


def _path(name: str, description: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": description,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(description: str, schema: Json, media_type: str = "application/json") -> Json:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _geojson(description: str) -> Json:
    return _answer(description, _ref("FeatureCollection"), "application/geo+json")


def _problems(*statuses: int) -> Json:
    return {str(status): _answer(_PROBLEMS[status], _ref("Problem"), _PROBLEM_JSON) for status in statuses}


_PROBLEM_JSON = "application/problem+json"
_PROBLEMS = {
    400: "A field is missing, unknown or out of bounds; `field` and `reason` say which and why.",
    401: "No token or session, or a bad one.",
    403: "The account's role or area does not permit it; `reason` says which of them.",
    404: "No such thing, or none that this account may see.",
    409: "Somebody else changed the issue meanwhile, or the client id was used for another report.",
    413: "The file is too large.",
}
_NUMBER: Json = {"type": "number"}
_TEXT: Json = {"type": "string"}
_MAYBE_TEXT: Json = {"type": ["string", "null"]}
_MAYBE_NUMBER: Json = {"type": ["number", "null"]}
_INSTANT: Json = {"type": "string", "format": "date-time"}
_STATE: Json = {"type": "string", "enum": [state.value for state in IssueState]}
_LON: Json = {"type": "number", "minimum": -180, "maximum": 180, "description": "Degrees, WGS-84."}
_LAT: Json = {"type": "number", "minimum": -90, "maximum": 90, "description": "Degrees, WGS-84."}

_KEY = _path("key", "The issue's id (UUID) or number, as 2026-001123.")
_BBOX = _query("bbox", _TEXT, "west,south,east,north in degrees, WGS-84.")
_FILTERS = [
    _query(
        "state", _TEXT, "One or more states, separated by commas; `open` stands for all but the last two."
    ),
    _query("category", _TEXT, "A category's code."),
    _query("area", _TEXT, "Code, or beginning of a code, of an area."),
    _query("mine", {"type": "string", "enum": ["0", "1"]}, "1: only what I reported or have to do."),
    _query("near", _TEXT, "lon,lat: gives each line its distance; needed for sort=distance."),
    _query("sort", {"type": "string", "enum": [sort.value for sort in Sort]}, "Newest first unless said."),
]
_STEPS = "; ".join(f"{step.source.value} → {step.target.value}" for step in PLAIN_WORKFLOW.transitions)

_PATHS: Json = {
    "/at-point": {
        "get": {
            "operationId": "atPoint",
            "summary": "Areas, zone and responsible people of a point",
            "description": "Without an account: areas and office numbers, no names.",
            "security": [{}, {"token": []}, {"session": []}],
            "parameters": [
                _query("lon", _LON, "Longitude.", required=True),
                _query("lat", _LAT, "Latitude.", required=True),
            ],
            "responses": {"200": _answer("What is there.", _ref("AtPoint")), **_problems(400)},
        }
    },
    "/issues": {
        "post": {
            "operationId": "createIssue",
            "summary": "Report an issue",
            "description": (
                "Exactly once: the same `client_id` with the same content gives the same issue again (200); "
                "with other content it is refused (409)."
            ),
            "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("Report")}}},
            "responses": {
                "201": _answer("Taken and routed.", _ref("Issue")),
                "200": _answer("Was taken before.", _ref("Issue")),
                **_problems(400, 401, 403, 409),
            },
        },
        "get": {
            "operationId": "listIssues",
            "summary": "Issues of my areas, in pages",
            "parameters": [
                _BBOX,
                *_FILTERS,
                _query("page", {"type": "integer", "minimum": 1, "default": 1}, "From 1."),
                _query(
                    "page_size",
                    {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE},
                    "Lines of a page.",
                ),
            ],
            "responses": {
                "200": {
                    **_answer("A page.", _ref("IssueList")),
                    "headers": {
                        "X-Total-Count": {"schema": {"type": "integer"}, "description": "Lines in all."},
                        "Link": {"schema": _TEXT, "description": "first, prev, next, last (RFC 8288)."},
                    },
                },
                **_problems(400, 401, 403),
            },
        },
    },
    "/issues.geojson": {
        "get": {
            "operationId": "issuesInWindow",
            "summary": f"Issues of a window as GeoJSON, newest {PAGE_SIZE_MAX}",
            "parameters": [{**_BBOX, "required": True}, *_FILTERS],
            "responses": {
                "200": _geojson("`is_cut` says that the limit was reached."),
                **_problems(400, 401, 403),
            },
        }
    },
    "/issues/counts": {
        "get": {
            "operationId": "countIssues",
            "summary": "How many issues there are in each state",
            "parameters": [_BBOX, *(one for one in _FILTERS if one["name"] in ("category", "area", "mine"))],
            "responses": {
                "200": _answer(
                    "A count for each state.", {"type": "object", "additionalProperties": _NUMBER}
                ),
                **_problems(400, 401, 403),
            },
        }
    },
    "/issues/{key}": {
        "get": {
            "operationId": "readIssue",
            "summary": "One issue with its history and photos",
            "parameters": [_KEY],
            "responses": {"200": _answer("The issue.", _ref("Issue")), **_problems(401, 403, 404)},
        },
        "patch": {
            "operationId": "changeIssue",
            "summary": "Change an issue: everything in the body, or nothing",
            "description": f"Steps: {_STEPS}. All but the first need a note.",
            "parameters": [_KEY],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("Edit")}}},
            "responses": {
                "200": _answer("The issue as it is now.", _ref("Issue")),
                **_problems(400, 401, 403, 404, 409),
            },
        },
    },
    "/issues/{key}/photos/{sha256}": {
        "put": {
            "operationId": "putPhoto",
            "summary": "Add a photo; the same file again changes nothing",
            "parameters": [
                _KEY,
                _path("sha256", "SHA-256 of the body, in lower-case hexadecimal."),
                _query("kind", {"type": "string", "enum": ["report", "result"]}, "`report` unless said."),
            ],
            "requestBody": {
                "required": True,
                "content": {
                    media_type: {"schema": {"type": "string", "format": "binary"}}
                    for media_type in ("image/jpeg", "image/png", "image/webp")
                },
            },
            "responses": {
                "201": _answer("Kept, as a JPEG of at most 1600 px without metadata.", _ref("Photo")),
                "200": _answer("Was there before.", _ref("Photo")),
                **_problems(400, 401, 403, 404, 413),
            },
        }
    },
    "/public/issues": {
        "get": {
            "operationId": "publicIssues",
            "summary": "Open issues as the public sees them",
            "description": "Category and day only; what concerns a home is drawn at its micro-grid's label.",
            "security": [{}],
            "parameters": [
                {**_BBOX, "required": True},
                _query("category", _TEXT, "A public category's code."),
            ],
            "responses": {"200": _geojson("At most 4000 features."), **_problems(400)},
        }
    },
    "/categories": {
        "get": {
            "operationId": "listCategories",
            "summary": "The issue dictionary",
            "responses": {
                "200": _answer(
                    "In the order in which they are offered.",
                    {
                        "type": "object",
                        "properties": {"categories": {"type": "array", "items": _ref("Category")}},
                    },
                ),
                **_problems(401, 403),
            },
        }
    },
    "/layers/areas/{level}.geojson": {
        "get": {
            "operationId": "areasLayer",
            "summary": "The current areas of a level, simplified for drawing",
            "security": [{}],
            "parameters": [
                {**_path("level", "A level of areas."), "schema": {"enum": [one.value for one in AreaLevel]}}
            ],
            "responses": {"200": _geojson("With an ETag by version."), **_problems(404)},
        }
    },
    "/layers/{layer}.geojson": {
        "get": {
            "operationId": "groundLayer",
            "summary": "Compounds or named streets",
            "security": [{}],
            "parameters": [{**_path("layer", "A layer."), "schema": {"enum": ["compounds", "streets"]}}],
            "responses": {"200": _geojson("With an ETag by version."), **_problems(404)},
        }
    },
    "/layers/service_points.geojson": {
        "get": {
            "operationId": "servicePointsLayer",
            "summary": "Public service points with category, status and opening hours",
            "security": [{}],
            "responses": {"200": _geojson("With an ETag by version.")},
        }
    },
    "/openapi.json": {
        "get": {
            "operationId": "describe",
            "summary": "This description",
            "security": [{}],
            "responses": {"200": _answer("OpenAPI 3.1.", {"type": "object"})},
        }
    },
}


def _object(required: list[str], /, **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties}


def _list_of(items: Json) -> Json:
    return {"type": "array", "items": items}


_AREA = _object(["level", "code", "name"], level=_TEXT, code=_TEXT, name=_TEXT, name_en=_MAYBE_TEXT)
_ISSUE_FIELDS: Json = {
    "id": {"type": "string", "format": "uuid"},
    "number": _TEXT,
    "state": _STATE,
    "version": {"type": "integer"},
    "category": _TEXT,
    "category_name": _TEXT,
    "category_name_en": _TEXT,
    "description": _TEXT,
    "lon": _LON,
    "lat": _LAT,
    "area_code": _TEXT,
    "area_name": _MAYBE_TEXT,
    "captured_at": _INSTANT,
    "received_at": _INSTANT,
}

_SCHEMAS: Json = {
    "Report": {
        **_object(
            ["client_id", "category", "lon", "lat", "captured_at"],
            client_id={"type": "string", "format": "uuid", "description": "Made by the client, once."},
            category={"type": "string", "maxLength": CODE_MAX_LENGTH},
            lon=_LON,
            lat=_LAT,
            accuracy_m={"type": ["number", "null"], "minimum": 0},
            description={"type": ["string", "null"], "maxLength": TEXT_MAX_LENGTH},
            address={"type": ["string", "null"], "maxLength": ADDRESS_MAX_LENGTH},
            captured_at={**_INSTANT, "description": "With a zone; at most ten minutes ahead of the server."},
        ),
        "additionalProperties": False,
    },
    "Edit": {
        **_object(
            ["version"],
            version={"type": "integer", "description": "The version that the editor has seen."},
            state={**_STATE, "type": ["string", "null"], "enum": [*_STATE["enum"], None]},
            note={"type": ["string", "null"], "maxLength": TEXT_MAX_LENGTH},
            rating={"type": ["integer", "null"], "minimum": 1, "maximum": 5},
            category={"type": ["string", "null"], "maxLength": CODE_MAX_LENGTH},
            location={
                "type": ["object", "null"],
                "required": ["lon", "lat"],
                "properties": {"lon": _LON, "lat": _LAT},
                "additionalProperties": False,
            },
        ),
        "additionalProperties": False,
    },
    "Person": _object(
        ["role", "reason"],
        role=_TEXT,
        name={**_MAYBE_TEXT, "description": "Null for visitors."},
        name_en=_MAYBE_TEXT,
        phone={**_MAYBE_TEXT, "description": "The number that this account may see."},
        reason={"type": "string", "description": "Why this person: own_zone, own_area, stand_in, …"},
        area_code=_MAYBE_TEXT,
        zone_code=_MAYBE_TEXT,
    ),
    "AtPoint": _object(
        ["match", "areas", "zone", "responsible", "near_boundary"],
        match={"type": "string", "enum": ["inside", "shared_edge", "nearest", "none"]},
        areas=_list_of(_AREA),
        zone={"type": ["object", "null"], "properties": {"code": _TEXT, "name": _TEXT}},
        responsible=_list_of(_ref("Person")),
        vacant=_list_of(_object(["role", "reason"], role=_TEXT, reason=_TEXT, area_code=_MAYBE_TEXT)),
        near_boundary=_list_of(
            _object(
                ["kind", "code", "name"],
                kind=_TEXT,
                code=_TEXT,
                name=_TEXT,
                name_en=_MAYBE_TEXT,
                distance_m=_NUMBER,
            )
        ),
        warnings=_list_of(_TEXT),
    ),
    "IssueLine": _object(
        ["id", "number", "state", "version"],
        **_ISSUE_FIELDS,
        responsible_name=_MAYBE_TEXT,
        photo_count={"type": "integer"},
        distance_m=_MAYBE_NUMBER,
    ),
    "IssueList": _object(
        ["issues", "total_count", "page", "page_size"],
        issues=_list_of(_ref("IssueLine")),
        total_count={"type": "integer"},
        page={"type": "integer"},
        page_size={"type": "integer"},
    ),
    "Issue": _object(
        ["id", "number", "version"],
        **_ISSUE_FIELDS,
        accuracy_m=_MAYBE_NUMBER,
        address=_MAYBE_TEXT,
        closed_at={"type": ["string", "null"], "format": "date-time"},
        rating={"type": ["integer", "null"]},
        match=_TEXT,
        areas=_list_of(_AREA),
        zone={"type": ["object", "null"], "properties": {"code": _TEXT, "name": _MAYBE_TEXT}},
        responsible=_list_of(_ref("Person")),
        warnings=_list_of(_TEXT),
        reporter_name={**_MAYBE_TEXT, "description": "Null for those who may not see contact data."},
        timeline=_list_of(
            _object(
                ["seq", "kind", "at"],
                seq={"type": "integer"},
                kind=_TEXT,
                at=_INSTANT,
                by=_MAYBE_TEXT,
                payload={"type": "object"},
            )
        ),
        photos=_list_of(_ref("Photo")),
    ),
    "Photo": _object(
        ["sha256", "url"],
        sha256={"type": "string", "description": "Of the kept file, not of the one that was sent."},
        url=_TEXT,
        kind={"type": "string", "enum": ["report", "result"]},
        width_px={"type": "integer"},
        height_px={"type": "integer"},
        byte_count={"type": "integer"},
    ),
    "Category": _object(
        ["code", "kind", "name"],
        code=_TEXT,
        kind={"type": "string", "enum": ["matter", "component"]},
        major_code=_TEXT,
        major_name=_TEXT,
        major_name_en=_TEXT,
        name=_TEXT,
        name_en=_TEXT,
        icon=_TEXT,
        standard_ref=_TEXT,
        duplicate_radius_m={"type": "integer"},
    ),
    "FeatureCollection": _object(
        ["type", "features"],
        type={"const": "FeatureCollection"},
        features=_list_of({"type": "object"}),
        is_cut={"type": "boolean"},
    ),
    "Problem": _object(
        ["title", "status", "code", "request_id"],
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        code={"type": "string", "description": "Stable; the sentence in `detail` is for people."},
        field={"type": "string", "description": "Of the body or the address."},
        reason=_TEXT,
        request_id={"type": "string", "description": "Name it when asking for help."},
    ),
}


def openapi_document() -> Json:
    """Build the description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "gridmap",
            "version": __version__,
            "description": (
                "Issues, areas and responsible people of a subdistrict. Longitude before latitude, WGS-84 "
                "degrees; instants with a zone; errors are problem+json with a request id."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}, {"session": []}],
        "paths": _PATHS,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by `gridmap token create USER`.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "session",
                    "description": "Of a signed-in browser; writes also need the header X-CSRFToken.",
                },
            },
        },
    }
