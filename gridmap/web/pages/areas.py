"""An area for everybody (公示牌): where it belongs, its office, its posts, what it offers."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, render_template
from flask_babel import gettext

from gridmap.queries.area_cards import AreaCard, load_area_card
from gridmap.web.access import public
from gridmap.web.deps import deps
from gridmap.web.folium_map import MapParts, MapView, OverlayLayer, draw_map
from gridmap.web.layers import areas_url, local_today
from gridmap.web.opening_words import HoursWords, hours_in_words
from gridmap.web.place_view import local_now
from gridmap.web.shell import overview

blueprint = Blueprint("areas", __name__)


@dataclass(frozen=True, slots=True)
class AreaView:
    """One area as a template shows it."""

    card: AreaCard
    hours: HoursWords | None


def level_words() -> dict[str, str]:
    """The words for each level."""
    return {
        "subdistrict": gettext("街道"),
        "community": gettext("社区"),
        "grid": gettext("网格"),
        "micro_grid": gettext("微网格"),
    }


def role_words() -> dict[str, str]:
    """The words for the posts that are public."""
    return {
        "subdistrict_secretary": gettext("街道党工委书记"),
        "community_secretary": gettext("社区书记"),
        "grid_leader": gettext("网格长"),
        "grid_worker": gettext("网格员"),
        "micro_grid_leader": gettext("微网格长"),
        "police_officer": gettext("社区民警"),
        "property_manager": gettext("物业负责人"),
    }


def _load(code: str) -> AreaView:
    with deps().sessions() as session:
        card = load_area_card(session, code, today=local_today())
    hours = hours_in_words(card.office_hours, local_now()) if card.office_hours else None
    return AreaView(card=card, hours=hours)


@blueprint.get("/areas/<code>")
@public
def area_page(code: str) -> str:
    """One area as a page of its own."""
    view = _load(code)
    return render_template(
        "public/area.html", view=view, levels=level_words(), roles=role_words(), map=_area_map(view.card)
    )


@blueprint.get("/areas/<code>/card")
@public
def area_card(code: str) -> Response:
    """One area as the part of a page that the map shows when it is chosen."""
    view = _load(code)
    response = Response(
        render_template("public/area_card.html", view=view, levels=level_words(), roles=role_words())
    )
    response.headers["Cache-Control"] = "no-cache"
    return response


def _area_map(card: AreaCard) -> MapParts:
    about = overview()
    level = OverlayLayer(
        key=card.level, url=areas_url(about, card.level), style=card.level, is_on=True, selected=card.code
    )
    view = MapView(label=gettext("这个区域的地图"), extent_deg=card.extent_deg, overlays=[level])
    return draw_map(view, about=about, config=deps().config)
