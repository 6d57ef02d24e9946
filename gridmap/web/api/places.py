"""What is at a point, the issue dictionary, and the layers that everybody may see."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action
from gridmap.queries.at_point import AtPoint, at_point
from gridmap.queries.categories import issue_categories
from gridmap.web import layers
from gridmap.web.access import current_actor, public, requires
from gridmap.web.api import reading
from gridmap.web.deps import deps

blueprint = Blueprint("places", __name__, url_prefix="/api/v1")

# The very views that the map draws from: one answer, one cache, one ETag.
blueprint.add_url_rule("/layers/areas/<level>.geojson", endpoint="areas", view_func=layers.areas)
blueprint.add_url_rule(
    "/layers/<any(compounds, streets):layer>.geojson", endpoint="ground", view_func=layers.ground
)
blueprint.add_url_rule(
    "/layers/service_points.geojson", endpoint="service_points", view_func=layers.service_points
)


@blueprint.get("/at-point")
@public
def here() -> Response:
    """Say which areas, zone and people answer for a point on a day; visitors get offices for people."""
    reading.known_arguments({"lon", "lat", "day"})
    location, rules = reading.location_argument(), reading.routing_rules()
    today = office_day(deps().clock())
    with deps().sessions() as session:
        found = at_point(
            session,
            current_actor(),
            location,
            policy=rules.policy,
            outside_max_m=rules.outside_max_m,
            day=reading.day_argument("day") or today,
            today=today,
        )
    answer = jsonify(at_point_json(found))
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@blueprint.get("/categories")
@requires(Action.SEE_ISSUES)
def categories() -> Response:
    """Give the issue dictionary, in the order in which it is offered."""
    with deps().sessions() as session:
        found = issue_categories(session)
    return jsonify(
        {
            "categories": [
                {
                    "code": category.code,
                    "kind": category.kind,
                    "major_code": category.major_code,
                    "major_name": category.major_name,
                    "major_name_en": category.major_name_en,
                    "name": category.name,
                    "name_en": category.name_en,
                    "icon": category.icon,
                    "standard_ref": category.standard_ref,
                    "duplicate_radius_m": category.duplicate_radius_m,
                }
                for category in found
            ]
        }
    )


def at_point_json(found: AtPoint) -> dict[str, object]:
    """Give what is at a point as the API shows it."""
    return {
        "match": found.match,
        "areas": [
            {
                "level": area.level,
                "code": area.code,
                "name": area.name,
                "name_en": area.name_en,
                "office_phone": area.office_phone,
            }
            for area in found.areas
        ],
        "zone": None
        if found.zone is None
        else {"code": found.zone.code, "name": found.zone.name, "name_en": found.zone.name_en},
        "responsible": [
            {
                "role": person.role,
                "name": person.name,
                "name_en": person.name_en,
                "phone": person.phone,
                "reason": person.reason,
                "area_code": person.area_code,
                "area_name": person.area_name,
                "zone_code": person.zone_code,
            }
            for person in found.responsible
        ],
        "vacant": [
            {
                "role": post.role,
                "reason": post.reason,
                "area_code": post.area_code,
                "zone_code": post.zone_code,
            }
            for post in found.vacant
        ],
        "near_boundary": [
            {
                "kind": neighbour.kind,
                "code": neighbour.code,
                "name": neighbour.name,
                "name_en": neighbour.name_en,
                "distance_m": round(neighbour.distance_m, 1),
            }
            for neighbour in found.near_boundary
        ],
        "warnings": list(found.warnings),
    }
