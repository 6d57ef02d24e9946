"""An area as its wall board (公示牌) shows it, on the screen and on paper; also 我的网格员."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from gridmap.domain.errors import InvalidInput
from gridmap.domain.office_time import OFFICE_TIME
from gridmap.domain.permissions import Action, can
from gridmap.queries.area_cards import AreaCard, PlaceInArea, PostHolder, load_area_card
from gridmap.queries.area_shapes import draw_area, outline_geojson, parts_geojson
from gridmap.queries.overview import Overview
from gridmap.queries.sketches import ground_paths
from gridmap.web.access import current_actor, public
from gridmap.web.deps import deps
from gridmap.web.folium_map import MapParts, MapView, OverlayLayer, draw_map
from gridmap.web.i18n import in_language
from gridmap.web.layer_cache import answer_layer
from gridmap.web.layers import local_today
from gridmap.web.opening_words import HoursWords, hours_in_words
from gridmap.web.place_view import local_now, status_words
from gridmap.web.printed_link import PrintedLink, printed_link
from gridmap.web.shell import overview
from gridmap.web.sketch import SKETCH_MIMETYPE, Mark, Sketch, render_sketch

blueprint = Blueprint("areas", __name__)

_GEOJSON = "application/geo+json"
_SKETCH_LAYERS = ("areas", "streets", "landcover")
_SKETCH_WIDTH_OVER_HEIGHT = 4 / 3
_MOST_LABELS = 40
_GRID_CODE_LENGTH = 15

_KEY_POST: Mapping[str, str] = {
    "subdistrict": "subdistrict_secretary",
    "community": "community_secretary",
    "grid": "grid_worker",
    "micro_grid": "micro_grid_leader",
}
"""The post that every area of a level should have; its absence is said, never passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostGroup:
    """A post with those holders whose name the reader may know, and the number of the others."""

    role: str
    named: Sequence[PostHolder]
    unnamed_count: int

    @property
    def is_vacant(self) -> bool:
        """Whether nobody holds it."""
        return not self.named and not self.unnamed_count


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceGroup:
    """The places of a category."""

    name: str
    icon: str
    colour_group: str
    places: Sequence[PlaceInArea]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaView:
    """One area, as page and card show it."""

    card: AreaCard
    on: date
    is_today: bool
    year: int
    hours: HoursWords | None
    posts: Sequence[PostGroup]
    places: Sequence[PlaceGroup]
    report_url: str | None
    """Where those who may report can do so for this area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaPage:
    """The page around it."""

    map: MapParts
    sketch_url: str
    link: PrintedLink
    today: date


@blueprint.get("/areas/<code>")
@public
def area_page(code: str) -> str:
    """One area; ``?on=2026-05-03`` shows it as of that day."""
    view = _load(code)
    about = overview()
    on = None if view.is_today else view.on.isoformat()
    page = AreaPage(
        map=_map(view.card, about, on=view.on),
        sketch_url=url_for(
            "areas.sketch", area_id=view.card.id, on=view.on.isoformat(), v=about.version(*_SKETCH_LAYERS)
        ),
        link=printed_link(url_for("areas.area_page", code=code, on=on)),
        today=local_today(),
    )
    return render_template("public/area.html", **_context(view), page=page)


@blueprint.get("/areas/<code>/card")
@public
def area_card(code: str) -> Response:
    """One area as the part of a page that the map shows when it is chosen."""
    response = Response(render_template("public/area_card.html", **_context(_load(code))))
    # Staff see more than visitors at the same address.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/layers/areas/<int:area_id>/outline.geojson")
@public
def outline(area_id: int) -> Response:
    """The outline of one version of an area."""
    return answer_layer(
        f"area-outline/{area_id}",
        layers=("areas",),
        today=local_today(),
        mimetype=_GEOJSON,
        make=lambda session: outline_geojson(session, area_id).encode(),
    )


@blueprint.get("/layers/areas/<int:area_id>/parts.geojson")
@public
def parts(area_id: int) -> Response:
    """What lay directly in an area on a day."""
    on = _asked_day()
    return answer_layer(
        f"area-parts/{area_id}/{on}",
        layers=("areas",),
        today=local_today(),
        mimetype=_GEOJSON,
        make=lambda session: parts_geojson(session, area_id, on=on).encode(),
    )


@blueprint.get("/layers/areas/<int:area_id>/sketch.svg")
@public
def sketch(area_id: int) -> Response:
    """The area as a small drawing, for paper and for pages without scripts."""
    on = _asked_day()
    return answer_layer(
        f"area-sketch/{area_id}/{on}",
        layers=_SKETCH_LAYERS,
        today=local_today(),
        mimetype=SKETCH_MIMETYPE,
        make=lambda session: _draw_sketch(session, area_id, on=on),
    )


def _asked_day() -> date:
    """The day of the address, else today."""
    asked = request.args.get("on", "").strip()
    if not asked:
        return local_today()
    try:
        return date.fromisoformat(asked)
    except ValueError:
        raise InvalidInput(field="on", reason="not_a_date") from None


def _load(code: str) -> AreaView:
    actor = current_actor()
    today = local_today()
    on = _asked_day()
    year_start = datetime(today.year, 1, 1, tzinfo=OFFICE_TIME)
    with deps().sessions() as session:
        card = load_area_card(session, actor, code, on=on, today=today, year_start=year_start)
    lon_deg, lat_deg = card.label_deg
    may_report = can(actor, Action.CREATE_ISSUE, card.code) and on == today
    return AreaView(
        card=card,
        on=on,
        is_today=on == today,
        year=today.year,
        hours=hours_in_words(card.office_hours, local_now()) if card.office_hours else None,
        posts=_post_groups(card),
        places=[
            PlaceGroup(
                name=in_language(places[0].category_name, places[0].category_name_en),
                icon=places[0].icon,
                colour_group=places[0].colour_group,
                places=places,
            )
            for _, group in groupby(card.places, key=lambda place: place.category_code)
            if (places := list(group))
        ],
        report_url=f"/field/report?lon={lon_deg:.6f}&lat={lat_deg:.6f}" if may_report else None,
    )


def _post_groups(card: AreaCard) -> list[PostGroup]:
    groups: list[PostGroup] = []
    for role, held in groupby(card.posts, key=lambda post: post.role):
        holders = list(held)
        named = [holder for holder in holders if holder.name is not None]
        groups.append(PostGroup(role=role, named=named, unnamed_count=len(holders) - len(named)))
    key_post = _KEY_POST[card.level]
    if not any(group.role == key_post for group in groups):
        groups.insert(0, PostGroup(role=key_post, named=(), unnamed_count=0))
    return groups


def _context(view: AreaView) -> dict[str, object]:
    return {"view": view, "levels": level_words(), "statuses": status_words()}


def level_words() -> dict[str, str]:
    """The words for each level."""
    return {
        "subdistrict": gettext("街道"),
        "community": gettext("社区"),
        "grid": gettext("网格"),
        "micro_grid": gettext("微网格"),
    }


def _map(card: AreaCard, about: Overview, *, on: date) -> MapParts:
    version = about.version("areas")
    overlays = [
        OverlayLayer(
            key="outline",
            url=url_for("areas.outline", area_id=card.id, v=version),
            style="outline",
            is_on=True,
        )
    ]
    if card.children:
        overlays.append(
            OverlayLayer(
                key="parts",
                url=url_for("areas.parts", area_id=card.id, on=on.isoformat(), v=version),
                style=card.children[0].level,
                is_on=True,
            )
        )
    name = in_language(card.name, card.name_en)
    view = MapView(
        name="area",
        label=gettext("%(name)s的范围", name=name),
        extent_deg=card.extent_deg,
        overlays=overlays,
    )
    return draw_map(view, about=about, config=deps().config)


def _draw_sketch(session: Session, area_id: int, *, on: date) -> bytes:
    drawing = draw_area(session, area_id, on=on, width_over_height=_SKETCH_WIDTH_OVER_HEIGHT)
    frame = drawing.frame
    labelled = drawing.parts if len(drawing.parts) <= _MOST_LABELS else ()
    return render_sketch(
        Sketch(
            frame=frame,
            ground=ground_paths(session, frame),
            outline=drawing.outline.path,
            parts=[part.path for part in drawing.parts],
            # One drawing serves both languages: it carries the names as they stand on the wall.
            labels=[
                Mark(*frame.place(part.lon_deg, part.lat_deg), _short_label(part.code, part.name))
                for part in labelled
            ],
        )
    )


def _short_label(code: str, name: str) -> str:
    """What fits into a part on a small drawing: a community's name, the number of a grid or micro-grid."""
    if len(code) < _GRID_CODE_LENGTH:
        return name
    return code[12:14].lstrip("0") if code.endswith("0") else f"{code[12:14].lstrip('0')}-{code[14]}"
