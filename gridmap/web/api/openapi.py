"""The API described: OpenAPI 3.1, kept by hand beside the views; a test holds that no route is missing."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from gridmap import __version__
from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.issues import PLAIN_WORKFLOW
from gridmap.queries.issues import PAGE_SIZE, PAGE_SIZE_MAX, Sort
from gridmap.queries.notifications import UNREAD_LIMIT
from gridmap.web.access import public
from gridmap.web.api.openapi_schemas import INSTANT, LAT, LON, NUMBER, SCHEMAS, TEXT, Json, ref

blueprint = Blueprint("openapi", __name__, url_prefix="/api/v1")


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


def _answer(description: str, schema: Json, media_type: str = "application/json") -> Json:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _geojson(description: str) -> Json:
    return _answer(description, ref("FeatureCollection"), "application/geo+json")


def _problems(*statuses: int) -> Json:
    return {str(status): _answer(_PROBLEMS[status], ref("Problem"), _PROBLEM_JSON) for status in statuses}


_PROBLEM_JSON = "application/problem+json"
_PROBLEMS = {
    400: "A field is missing, unknown or out of bounds; `field` and `reason` say which and why.",
    401: "No token or session, or a bad one.",
    403: "The account's role or area does not permit it; `reason` says which of them.",
    404: "No such thing, or none that this account may see.",
    409: "Somebody else changed the issue meanwhile, or the client id was used for another report.",
    413: "The file is too large.",
}
_KEY = _path("key", "The issue's id (UUID) or number, as 2026-001123.")
_BBOX = _query("bbox", TEXT, "west,south,east,north in degrees, WGS-84.")
_FILTERS = [
    _query("state", TEXT, "One or more states, separated by commas; `open` stands for all but the last two."),
    _query("category", TEXT, "A category's code."),
    _query("area", TEXT, "Code, or beginning of a code, of an area."),
    _query("mine", {"type": "string", "enum": ["0", "1"]}, "1: only what I reported or have to do."),
    _query("near", TEXT, "lon,lat: gives each line its distance; needed for sort=distance."),
    _query("sort", {"type": "string", "enum": [sort.value for sort in Sort]}, "Newest first unless said."),
]
_STEPS = "; ".join(f"{step.source.value} → {step.target.value}" for step in PLAIN_WORKFLOW.transitions)

_PATHS: Json = {
    "/at-point": {
        "get": {
            "operationId": "atPoint",
            "summary": "Areas, zone and responsible people of a point",
            "description": "Without an account: areas and office numbers; names only of those who agreed.",
            "security": [{}, {"token": []}, {"session": []}],
            "parameters": [
                _query("lon", LON, "Longitude.", required=True),
                _query("lat", LAT, "Latitude.", required=True),
                _query("day", {"type": "string", "format": "date"}, "Whose areas and posts; else today."),
            ],
            "responses": {"200": _answer("What is there.", ref("AtPoint")), **_problems(400)},
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
            "requestBody": {"required": True, "content": {"application/json": {"schema": ref("Report")}}},
            "responses": {
                "201": _answer("Taken and routed.", ref("Issue")),
                "200": _answer("Was taken before.", ref("Issue")),
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
                    **_answer("A page.", ref("IssueList")),
                    "headers": {
                        "X-Total-Count": {"schema": {"type": "integer"}, "description": "Lines in all."},
                        "Link": {"schema": TEXT, "description": "first, prev, next, last (RFC 8288)."},
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
                "200": _answer("A count for each state.", {"type": "object", "additionalProperties": NUMBER}),
                **_problems(400, 401, 403),
            },
        }
    },
    "/issues/{key}": {
        "get": {
            "operationId": "readIssue",
            "summary": "One issue with its history and photos",
            "parameters": [_KEY],
            "responses": {"200": _answer("The issue.", ref("Issue")), **_problems(401, 403, 404)},
        },
        "patch": {
            "operationId": "changeIssue",
            "summary": "Change an issue: everything in the body, or nothing",
            "description": f"Steps: {_STEPS}. All but the first need a note.",
            "parameters": [_KEY],
            "requestBody": {"required": True, "content": {"application/json": {"schema": ref("Edit")}}},
            "responses": {
                "200": _answer("The issue as it is now.", ref("Issue")),
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
                "201": _answer("Kept, as a JPEG of at most 1600 px without metadata.", ref("Photo")),
                "200": _answer("Was there before.", ref("Photo")),
                **_problems(400, 401, 403, 404, 413),
            },
        }
    },
    "/notifications": {
        "get": {
            "operationId": "unreadNotifications",
            "summary": f"My unread notifications, newest first, at most {UNREAD_LIMIT}",
            "description": (
                "An account is told of a new issue, a moved pin, a step and a handover when its person "
                "is responsible for the issue or it is the secretary of the issue's community."
            ),
            "responses": {"200": _answer("What is new.", ref("Unread")), **_problems(400, 401, 403)},
        }
    },
    "/notifications/{notification_id}/read": {
        "post": {
            "operationId": "markNotificationRead",
            "summary": "Mark one of my notifications as read; again changes nothing",
            "parameters": [
                {**_path("notification_id", "The notification's id."), "schema": {"type": "integer"}}
            ],
            "responses": {
                "200": _answer(
                    "When it was read first.",
                    {"type": "object", "properties": {"id": {"type": "integer"}, "read_at": INSTANT}},
                ),
                **_problems(401, 403, 404),
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
                _query("category", TEXT, "A public category's code."),
            ],
            "responses": {"200": _geojson("At most 4000 features."), **_problems(400)},
        }
    },
    "/public/issues/{issue_id}": {
        "get": {
            "operationId": "publicStatus",
            "summary": "Whether an issue is open; all that is told without an account",
            "security": [{}],
            "parameters": [
                {
                    **_path("issue_id", "The issue's id; its number will not do."),
                    "schema": {"type": "string", "format": "uuid"},
                }
            ],
            "responses": {"200": _answer("Open or closed.", ref("PublicStatus")), **_problems(400, 404)},
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
                        "properties": {"categories": {"type": "array", "items": ref("Category")}},
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
            "schemas": SCHEMAS,
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
