"""Issues: report, read, list, change, photograph; and what the public may see of them."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for

from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.issue_input import parse_edit, parse_report
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action
from gridmap.queries.issue_detail import IssueDetail, issue_detail
from gridmap.queries.issues import IssueItem, IssuePage, count_by_state, issues_in_window, list_issues
from gridmap.queries.public_issues import public_issues, public_status
from gridmap.storage import photos
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import issues as writes
from gridmap.use_cases.issues import Outcome
from gridmap.web.access import current_actor, public, requires
from gridmap.web.api import reading
from gridmap.web.deps import deps
from gridmap.web.field_page import today

blueprint = Blueprint("issues", __name__, url_prefix="/api/v1")

GEOJSON = "application/geo+json"
_PAGING = frozenset({"page", "page_size"})


@blueprint.post("/issues")
@requires(Action.CREATE_ISSUE)
def create() -> tuple[Response, int]:
    """Take a report: 201, or 200 when it was taken before."""
    now, actor = deps().clock(), current_actor()
    report = parse_report(reading.json_body(), now=now)
    source = "api" if request.authorization is not None else "field"
    with unit_of_work(deps().sessions) as session:
        issue_id, outcome = writes.create_issue(
            session, actor, report, rules=reading.routing_rules(), now=now, source=source
        )
        detail = issue_detail(session, actor, issue_id, today=office_day(now), with_history=False)
    answer = jsonify(issue_json(detail))
    answer.headers["Location"] = url_for("api.issues.read", key=detail.number)
    return answer, 201 if outcome is Outcome.CREATED else 200


@blueprint.get("/issues/<key>")
@requires(Action.SEE_ISSUES)
def read(key: str) -> Response:
    """Give one issue, by id or by number, with its history and photos."""
    with deps().sessions() as session:
        detail = issue_detail(session, current_actor(), reading.issue_key(key), today=today())
    answer = jsonify(issue_json(detail, with_history=True))
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@blueprint.patch("/issues/<key>")
@requires(Action.SEE_ISSUES)
def change(key: str) -> Response:
    """Change an issue: all that the body says, or nothing."""
    command = parse_edit(reading.json_body())
    now, actor = deps().clock(), current_actor()
    with unit_of_work(deps().sessions) as session:
        changed = writes.edit_issue(
            session, actor, reading.issue_key(key), command, rules=reading.routing_rules(), now=now
        )
        try:
            detail = issue_detail(session, actor, changed.id, today=office_day(now))
            body = issue_json(detail, with_history=True)
        except NotFound:
            # The pin was moved out of the mover's area: done all the same, and no longer to be seen.
            body = {"id": str(changed.id), "number": changed.number, "version": changed.version}
    return jsonify(body)


@blueprint.get("/issues")
@requires(Action.SEE_ISSUES)
def listing() -> Response:
    """List issues in pages, with Link and X-Total-Count."""
    reading.known_arguments(reading.FILTER_NAMES | _PAGING)
    page, page_size = reading.page_arguments()
    with deps().sessions() as session:
        found = list_issues(
            session,
            current_actor(),
            reading.issue_filter(),
            today=today(),
            page=page,
            page_size=page_size,
        )
    answer = jsonify(
        {
            "issues": [item_json(item) for item in found.items],
            "total_count": found.total_count,
            "page": found.page,
            "page_size": found.page_size,
        }
    )
    answer.headers["X-Total-Count"] = str(found.total_count)
    links = _links(found)
    if links:
        answer.headers["Link"] = links
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@blueprint.get("/issues.geojson")
@requires(Action.SEE_ISSUES)
def window() -> Response:
    """Draw the issues of a window."""
    reading.known_arguments(reading.FILTER_NAMES)
    reading.required_bbox()
    with deps().sessions() as session:
        drawn, _ = issues_in_window(session, current_actor(), reading.issue_filter())
    return _geojson(drawn, cache="private, no-cache")


@blueprint.get("/issues/counts")
@requires(Action.SEE_ISSUES)
def counts() -> Response:
    """Count issues by state."""
    reading.known_arguments(reading.FILTER_NAMES - {"state", "sort", "near"})
    with deps().sessions() as session:
        counted = count_by_state(session, current_actor(), reading.issue_filter())
    return jsonify({state.value: count for state, count in counted.items()})


@blueprint.put("/issues/<key>/photos/<sha256>")
@requires(Action.SEE_ISSUES)
def put_photo(key: str, sha256: str) -> tuple[Response, int]:
    """Add a photo: the body is the file, the address names its SHA-256; 200 when it is there already."""
    reading.known_arguments({"kind"})
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise InvalidInput(field="sha256", reason="not_a_sha256")
    kind = reading.choice_argument("kind", photos.PhotoKind, default=photos.PhotoKind.REPORT)
    config, now, actor = deps().config, deps().clock(), current_actor()
    photo = photos.prepare(
        request.get_data(cache=False), source_sha256=sha256, file_max_bytes=config.photo_max_bytes
    )
    with unit_of_work(deps().sessions) as session:
        stored, outcome = writes.add_photo(
            session,
            actor,
            reading.issue_key(key),
            photo,
            kind=kind,
            folder=deps().photo_folder,
            per_issue_max=config.photos_per_issue_max,
            now=now,
        )
    body = photo_json(
        sha256=stored.sha256,
        kind=stored.kind.value,
        width_px=stored.width_px,
        height_px=stored.height_px,
        byte_count=stored.byte_count,
    )
    return jsonify(body), 201 if outcome is Outcome.CREATED else 200


@blueprint.get("/public/issues")
@public
def for_the_public() -> Response:
    """Draw what the public may see of the open issues of a window."""
    reading.known_arguments({"bbox", "category"})
    box, category = reading.required_bbox(), reading.argument("category")
    with deps().sessions() as session:
        drawn = public_issues(session, box, today=today(), category_code=category)
    return _geojson(drawn, cache="public, no-cache")


@blueprint.get("/public/issues/<uuid:issue_id>")
@public
def status_for_the_public(issue_id: UUID) -> Response:
    """Say of one issue whether it is open, since when and until when; nothing else."""
    reading.known_arguments(())
    with deps().sessions() as session:
        status = public_status(session, issue_id)
    answer = jsonify(
        {
            "status": "open" if status.is_open else "closed",
            "reported_on": status.reported_on.isoformat(),
            "closed_on": None if status.closed_on is None else status.closed_on.isoformat(),
        }
    )
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def issue_json(detail: IssueDetail, *, with_history: bool = False) -> dict[str, object]:
    """Give an issue as the API shows it."""
    body: dict[str, object] = {
        "id": str(detail.id),
        "number": detail.number,
        "state": detail.state,
        "version": detail.version,
        "category": detail.category_code,
        "category_name": detail.category_name,
        "category_name_en": detail.category_name_en,
        "description": detail.description,
        "lon": detail.lon_deg,
        "lat": detail.lat_deg,
        "accuracy_m": detail.accuracy_m,
        "address": detail.address_text,
        "captured_at": detail.captured_at.isoformat(),
        "received_at": detail.received_at.isoformat(),
        "closed_at": None if detail.closed_at is None else detail.closed_at.isoformat(),
        "rating": detail.rating,
        "match": detail.match,
        "area_code": detail.area_code,
        "area_name": detail.area_name,
        "areas": [
            {"level": area.level, "code": area.code, "name": area.name, "name_en": area.name_en}
            for area in detail.areas
        ],
        "zone": None if detail.zone_code is None else {"code": detail.zone_code, "name": detail.zone_name},
        "responsible": [
            {
                "role": person.role,
                "name": person.name,
                "name_en": person.name_en,
                "phone": person.phone,
                "reason": person.reason,
                "area_code": person.area_code,
                "zone_code": person.zone_code,
            }
            for person in detail.responsible
        ],
        "warnings": list(detail.warnings),
        "reporter_name": detail.reporter_name,
    }
    if with_history:
        body["timeline"] = [
            {
                "seq": event.seq,
                "kind": event.kind,
                "at": event.at.isoformat(),
                "by": event.actor_name,
                "payload": event.payload,
            }
            for event in detail.events
        ]
        body["photos"] = [
            photo_json(
                sha256=photo.sha256,
                kind=photo.kind,
                width_px=photo.width_px,
                height_px=photo.height_px,
                byte_count=photo.byte_count,
            )
            for photo in detail.photos
        ]
    return body


def item_json(item: IssueItem) -> dict[str, object]:
    """Give a line of a list as the API shows it."""
    return {
        "id": str(item.id),
        "number": item.number,
        "state": item.state,
        "version": item.version,
        "category": item.category_code,
        "category_name": item.category_name,
        "category_name_en": item.category_name_en,
        "description": item.description,
        "lon": item.lon_deg,
        "lat": item.lat_deg,
        "area_code": item.area_code,
        "area_name": item.area_name,
        "responsible_name": item.responsible_name,
        "photo_count": item.photo_count,
        "captured_at": item.captured_at.isoformat(),
        "received_at": item.received_at.isoformat(),
        "distance_m": None if item.distance_m is None else round(item.distance_m, 1),
    }


def photo_json(
    *, sha256: str, kind: str, width_px: int, height_px: int, byte_count: int
) -> dict[str, object]:
    """Give a photo as the API shows it."""
    return {
        "sha256": sha256,
        "url": url_for("api.photos.show", sha256=sha256),
        "kind": kind,
        "width_px": width_px,
        "height_px": height_px,
        "byte_count": byte_count,
    }


def _links(found: IssuePage) -> str:
    wanted = {
        "first": 1,
        "prev": found.page - 1,
        "next": found.page + 1,
        "last": found.page_count,
    }
    arguments = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    return ", ".join(
        f'<{request.base_url}?{urlencode([*arguments, ("page", page)])}>; rel="{name}"'
        for name, page in wanted.items()
        if 1 <= page <= found.page_count
    )


def _geojson(drawn: str, *, cache: str) -> Response:
    answer = Response(drawn, mimetype=GEOJSON)
    answer.headers["Cache-Control"] = cache
    answer.add_etag()
    answer.make_conditional(request)
    return answer
