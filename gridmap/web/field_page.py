"""What every field screen is made of beside its own content: the map, and the facts its modules read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import url_for
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session

from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import AreaScope
from gridmap.domain.placement import OutsidePolicy
from gridmap.queries.field import Category, scope_extent
from gridmap.use_cases.issues import RoutingRules
from gridmap.web.access import current_actor
from gridmap.web.assets import sprite_url
from gridmap.web.deps import deps
from gridmap.web.field_words import field_words
from gridmap.web.folium_map import MapParts, MapView, OverlayLayer, draw_map
from gridmap.web.i18n import html_language, in_language, language
from gridmap.web.layers import areas_url
from gridmap.web.shell import overview

_PLACE_ZOOM = 18


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """A category as a chip or an option."""

    code: str
    name: str
    icon: str
    duplicate_radius_m: int


@dataclass(frozen=True, slots=True)
class CategoryGroup:
    """The categories of one major class."""

    name: str
    categories: tuple[CategoryChoice, ...]


def today() -> date:
    """Give the day by the office's clock."""
    return office_day(deps().clock())


def routing_rules() -> RoutingRules:
    """Give the operator's choice for places outside every grid."""
    config = deps().config
    return RoutingRules(
        policy=OutsidePolicy(config.outside_grid_policy), outside_max_m=config.outside_grid_max_m
    )


def field_map(
    session: Session,
    label: str,
    *,
    place: tuple[float, float] | None = None,
    extent_deg: tuple[float, float, float, float] | None = None,
    scope: AreaScope | None = None,
) -> MapParts:
    """Draw the map of a field screen: grids on the base map, opened on a place, a box, or a scope."""
    about = overview()
    if place is None and extent_deg is None and scope is not None:
        extent_deg = scope_extent(session, scope, day=today())
    overlays = [
        OverlayLayer(key=level, url=areas_url(about, level), style=level, is_on=True)
        for level in ("grid", "community")
    ]
    options = {} if place is None else {"view": [*place, _PLACE_ZOOM]}
    view = MapView(label=label, extent_deg=extent_deg, overlays=overlays, options=options)
    return draw_map(view, about=about, config=deps().config)


def page_data(**facts: object) -> Mapping[str, object]:
    """Give what the modules of a field screen read: words, addresses, and the facts of this page."""
    return {
        "language": language(),
        "locale": html_language(),
        "csrf_token": generate_csrf(),
        "account_id": current_actor().account_id,
        "now": deps().clock().isoformat(),
        "photo_count_max": deps().config.photos_per_issue_max,
        "words": field_words(),
        "urls": {
            "sprite": sprite_url(),
            "at_point": "/api/v1/at-point",
            "issues": "/api/v1/issues",
            "open_issues": "/api/v1/issues.geojson?state=open",
            "issue": url_for("issue_page.detail", number="NUMBER"),
            "field": url_for("field.issue_list"),
            "report": url_for("field.report"),
            "sign_in": url_for("sign_in.form", next=url_for("field.report")),
        },
        **facts,
    }


def category_groups(categories: Sequence[Category]) -> tuple[CategoryGroup, ...]:
    """Put the dictionary under its major classes, in its own order."""
    groups: dict[str, list[CategoryChoice]] = {}
    for category in categories:
        groups.setdefault(in_language(category.major_name, category.major_name_en), []).append(
            choice(category)
        )
    return tuple(CategoryGroup(name, tuple(choices)) for name, choices in groups.items())


def choice(category: Category) -> CategoryChoice:
    """Give a category in the reader's language."""
    name = in_language(category.name, category.name_en)
    return CategoryChoice(category.code, name, category.icon, category.duplicate_radius_m)
