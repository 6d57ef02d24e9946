"""The caller's own inbox: what is new, and that it was read."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from gridmap.domain.permissions import Action
from gridmap.queries.notifications import Notification, unread_notifications
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import notifications as writes
from gridmap.web.access import current_actor, requires
from gridmap.web.api import reading
from gridmap.web.deps import deps

blueprint = Blueprint("notifications", __name__, url_prefix="/api/v1/notifications")


@blueprint.get("")
@requires(Action.SEE_ISSUES)
def unread() -> Response:
    """Give the unread words, newest first."""
    reading.known_arguments(())
    with deps().sessions() as session:
        found = unread_notifications(session, current_actor())
    answer = jsonify(
        {
            "notifications": [notification_json(item) for item in found.items],
            "unread_count": found.total_count,
        }
    )
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


# Identifiers are PostgreSQL's bigint: a longer number is no address of ours.
@blueprint.post("/<int(max=9223372036854775807):notification_id>/read")
@requires(Action.SEE_ISSUES)
def read(notification_id: int) -> Response:
    """Mark one as read; again changes nothing."""
    with unit_of_work(deps().sessions) as session:
        read_at = writes.mark_read(session, current_actor(), notification_id, now=deps().clock())
    return jsonify({"id": notification_id, "read_at": read_at.isoformat()})


def notification_json(item: Notification) -> dict[str, object]:
    """Give a word of an inbox as the API shows it."""
    return {
        "id": item.id,
        "kind": item.kind,
        "at": item.at.isoformat(),
        "by": item.actor_name,
        "payload": item.payload,
        "issue": {
            "id": str(item.issue_id),
            "number": item.number,
            "state": item.state,
            "category": item.category_code,
            "category_name": item.category_name,
            "category_name_en": item.category_name_en,
            "area_code": item.area_code,
        },
    }
