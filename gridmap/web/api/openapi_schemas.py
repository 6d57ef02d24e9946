"""The shapes that the API takes and gives, as JSON Schema; ``openapi`` names them by :func:`ref`."""

from __future__ import annotations

from typing import Any

from gridmap.domain.issue_input import ADDRESS_MAX_LENGTH, CODE_MAX_LENGTH
from gridmap.domain.issues import TEXT_MAX_LENGTH, IssueState

Json = dict[str, Any]

NUMBER: Json = {"type": "number"}
TEXT: Json = {"type": "string"}
MAYBE_TEXT: Json = {"type": ["string", "null"]}
MAYBE_NUMBER: Json = {"type": ["number", "null"]}
INSTANT: Json = {"type": "string", "format": "date-time"}
STATE: Json = {"type": "string", "enum": [state.value for state in IssueState]}
LON: Json = {"type": "number", "minimum": -180, "maximum": 180, "description": "Degrees, WGS-84."}
LAT: Json = {"type": "number", "minimum": -90, "maximum": 90, "description": "Degrees, WGS-84."}


def ref(name: str) -> Json:
    """Point to one of :data:`SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: list[str], /, **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties}


def _list_of(items: Json) -> Json:
    return {"type": "array", "items": items}


_AREA = _object(["level", "code", "name"], level=TEXT, code=TEXT, name=TEXT, name_en=MAYBE_TEXT)
_ISSUE_FIELDS: Json = {
    "id": {"type": "string", "format": "uuid"},
    "number": TEXT,
    "state": STATE,
    "version": {"type": "integer"},
    "category": TEXT,
    "category_name": TEXT,
    "category_name_en": TEXT,
    "description": TEXT,
    "lon": LON,
    "lat": LAT,
    "area_code": TEXT,
    "area_name": MAYBE_TEXT,
    "captured_at": INSTANT,
    "received_at": INSTANT,
}

SCHEMAS: Json = {
    "Report": {
        **_object(
            ["client_id", "category", "lon", "lat", "captured_at"],
            client_id={"type": "string", "format": "uuid", "description": "Made by the client, once."},
            category={"type": "string", "maxLength": CODE_MAX_LENGTH},
            lon=LON,
            lat=LAT,
            accuracy_m={"type": ["number", "null"], "minimum": 0},
            description={"type": ["string", "null"], "maxLength": TEXT_MAX_LENGTH},
            address={"type": ["string", "null"], "maxLength": ADDRESS_MAX_LENGTH},
            captured_at={**INSTANT, "description": "With a zone; at most ten minutes ahead of the server."},
        ),
        "additionalProperties": False,
    },
    "Edit": {
        **_object(
            ["version"],
            version={"type": "integer", "description": "The version that the editor has seen."},
            state={**STATE, "type": ["string", "null"], "enum": [*STATE["enum"], None]},
            note={"type": ["string", "null"], "maxLength": TEXT_MAX_LENGTH},
            rating={"type": ["integer", "null"], "minimum": 1, "maximum": 5},
            category={"type": ["string", "null"], "maxLength": CODE_MAX_LENGTH},
            location={
                "type": ["object", "null"],
                "required": ["lon", "lat"],
                "properties": {"lon": LON, "lat": LAT},
                "additionalProperties": False,
            },
        ),
        "additionalProperties": False,
    },
    "Person": _object(
        ["role", "reason"],
        role=TEXT,
        name={**MAYBE_TEXT, "description": "Null for visitors, unless the person agreed."},
        name_en=MAYBE_TEXT,
        phone={**MAYBE_TEXT, "description": "The number that this account may see."},
        reason={"type": "string", "description": "Why this person: own_zone, own_area, stand_in, …"},
        area_code=MAYBE_TEXT,
        zone_code=MAYBE_TEXT,
    ),
    "AtPoint": _object(
        ["match", "areas", "zone", "responsible", "near_boundary"],
        match={"type": "string", "enum": ["inside", "shared_edge", "nearest", "none"]},
        areas=_list_of(_AREA),
        zone={"type": ["object", "null"], "properties": {"code": TEXT, "name": TEXT}},
        responsible=_list_of(ref("Person")),
        vacant=_list_of(_object(["role", "reason"], role=TEXT, reason=TEXT, area_code=MAYBE_TEXT)),
        near_boundary=_list_of(
            _object(
                ["kind", "code", "name"],
                kind=TEXT,
                code=TEXT,
                name=TEXT,
                name_en=MAYBE_TEXT,
                distance_m=NUMBER,
            )
        ),
        warnings=_list_of(TEXT),
    ),
    "IssueLine": _object(
        ["id", "number", "state", "version"],
        **_ISSUE_FIELDS,
        responsible_name=MAYBE_TEXT,
        photo_count={"type": "integer"},
        distance_m=MAYBE_NUMBER,
    ),
    "IssueList": _object(
        ["issues", "total_count", "page", "page_size"],
        issues=_list_of(ref("IssueLine")),
        total_count={"type": "integer"},
        page={"type": "integer"},
        page_size={"type": "integer"},
    ),
    "Issue": _object(
        ["id", "number", "version"],
        **_ISSUE_FIELDS,
        accuracy_m=MAYBE_NUMBER,
        address=MAYBE_TEXT,
        closed_at={"type": ["string", "null"], "format": "date-time"},
        rating={"type": ["integer", "null"]},
        match=TEXT,
        areas=_list_of(_AREA),
        zone={"type": ["object", "null"], "properties": {"code": TEXT, "name": MAYBE_TEXT}},
        responsible=_list_of(ref("Person")),
        warnings=_list_of(TEXT),
        reporter_name={**MAYBE_TEXT, "description": "Null for those who may not see contact data."},
        timeline=_list_of(
            _object(
                ["seq", "kind", "at"],
                seq={"type": "integer"},
                kind=TEXT,
                at=INSTANT,
                by=MAYBE_TEXT,
                payload={"type": "object"},
            )
        ),
        photos=_list_of(ref("Photo")),
    ),
    "Photo": _object(
        ["sha256", "url"],
        sha256={"type": "string", "description": "Of the kept file, not of the one that was sent."},
        url=TEXT,
        kind={"type": "string", "enum": ["report", "result"]},
        width_px={"type": "integer"},
        height_px={"type": "integer"},
        byte_count={"type": "integer"},
    ),
    "Notification": _object(
        ["id", "kind", "at", "issue"],
        id={"type": "integer"},
        kind={
            "type": "string",
            "description": "created, moved, state_changed, routed (anew).",
        },
        at={**INSTANT, "description": "When it happened."},
        by={**MAYBE_TEXT, "description": "Who did it."},
        payload={"type": "object", "description": "As in the issue's timeline."},
        issue=_object(
            ["id", "number", "state"],
            **{
                name: _ISSUE_FIELDS[name]
                for name in (
                    "id",
                    "number",
                    "state",
                    "category",
                    "category_name",
                    "category_name_en",
                    "area_code",
                )
            },
        ),
    ),
    "Unread": _object(
        ["notifications", "unread_count"],
        notifications=_list_of(ref("Notification")),
        unread_count={"type": "integer"},
    ),
    "Category": _object(
        ["code", "kind", "name"],
        code=TEXT,
        kind={"type": "string", "enum": ["matter", "component"]},
        major_code=TEXT,
        major_name=TEXT,
        major_name_en=TEXT,
        name=TEXT,
        name_en=TEXT,
        icon=TEXT,
        standard_ref=TEXT,
        duplicate_radius_m={"type": "integer"},
    ),
    "PublicStatus": _object(
        ["status", "reported_on", "closed_on"],
        status={"type": "string", "enum": ["open", "closed"]},
        reported_on={"type": "string", "format": "date"},
        closed_on={"type": ["string", "null"], "format": "date"},
    ),
    "FeatureCollection": _object(
        ["type", "features"],
        type={"const": "FeatureCollection"},
        features=_list_of({"type": "object"}),
        is_cut={"type": "boolean"},
    ),
    "Problem": _object(
        ["title", "status", "code", "request_id"],
        type=TEXT,
        title=TEXT,
        status={"type": "integer"},
        detail=TEXT,
        code={"type": "string", "description": "Stable; the sentence in `detail` is for people."},
        field={"type": "string", "description": "Of the body or the address."},
        reason=TEXT,
        request_id={"type": "string", "description": "Name it when asking for help."},
    ),
}
