"""Visit routes (观摩路线): the list of routes, and one route with its stops on the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext

from gridmap.queries.tours import Tour, TourStop, list_tours, load_tour
from gridmap.web.access import public
from gridmap.web.deps import deps
from gridmap.web.folium_map import MapParts, MapView, draw_map
from gridmap.web.i18n import in_language
from gridmap.web.shell import overview

blueprint = Blueprint("tours", __name__)

_WALK_M_PER_MINUTE = 70.0
_DETOUR = 1.3
"""Streets are longer than the straight line by about this much."""
_MARGIN_DEG = 0.0015


@dataclass(frozen=True, slots=True, kw_only=True)
class StopView:
    """One stop as a template shows it."""

    position: int
    name: str
    talking_points: str
    stay_minutes: int
    walk_m: int | None
    walk_minutes: int | None
    place_url: str | None
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TourPage:
    """What the page of a route shows."""

    code: str
    name: str
    summary: str
    minutes: int
    stops: Sequence[StopView]
    current: int
    """Position of the stop that is shown, from 1."""
    map: MapParts
    data: Mapping[str, Any]


@blueprint.get("/tours")
@public
def tour_list() -> str:
    """Every route."""
    with deps().sessions() as session:
        tours = list_tours(session)
    return render_template("public/tours.html", tours=tours)


@blueprint.get("/tours/<code>")
@public
def tour_page(code: str) -> str:
    """One route; ``?stop=3`` opens its third stop."""
    with deps().sessions() as session:
        tour = load_tour(session, code)
    asked = request.args.get("stop", 1, type=int)
    current = asked if 1 <= asked <= len(tour.stops) else 1
    stops = [_stop_view(stop, code) for stop in tour.stops]
    walking = sum(stop.walk_minutes or 0 for stop in stops)
    summary = tour.summary
    page = TourPage(
        code=code,
        name=in_language(summary.name, summary.name_en),
        summary=in_language(summary.summary, summary.summary_en),
        minutes=summary.stay_minutes + walking,
        stops=stops,
        current=current,
        map=_tour_map(tour),
        data={
            "stops": [[stop.lon_deg, stop.lat_deg] for stop in tour.stops],
            "current": current,
            "words": {"stop": gettext("第 {n} 站")},
        },
    )
    return render_template("public/tour.html", page=page)


def _stop_view(stop: TourStop, code: str) -> StopView:
    walk_m = None if stop.next_m is None else round(stop.next_m * _DETOUR / 10) * 10
    return StopView(
        position=stop.position,
        name=in_language(stop.name, stop.name_en),
        talking_points=in_language(stop.talking_points, stop.talking_points_en),
        stay_minutes=stop.stay_minutes,
        walk_m=walk_m,
        walk_minutes=None if walk_m is None else max(1, round(walk_m / _WALK_M_PER_MINUTE)),
        place_url=url_for("public.place_page", place_id=stop.place_id) if stop.place_id else None,
        url=url_for("tours.tour_page", code=code, stop=stop.position),
    )


def _tour_map(tour: Tour) -> MapParts:
    lons = [stop.lon_deg for stop in tour.stops]
    lats = [stop.lat_deg for stop in tour.stops]
    extent = (
        (min(lons) - _MARGIN_DEG, min(lats) - _MARGIN_DEG, max(lons) + _MARGIN_DEG, max(lats) + _MARGIN_DEG)
        if tour.stops
        else None
    )
    view = MapView(label=gettext("路线地图;各站在列表里"), extent_deg=extent)
    return draw_map(view, about=overview(), config=deps().config)
