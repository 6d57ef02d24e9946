"""Visit routes (观摩路线): the list of routes; one route as stop cards, map, timetable and printed sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from gridmap.domain.hand_off import HandOff, hand_off_urls
from gridmap.domain.tours import (
    DEFAULT_START_MINUTE,
    StopTime,
    clock_time,
    parse_clock_time,
    timetable,
)
from gridmap.queries.overview import Overview
from gridmap.queries.sketches import frame_around, ground_paths
from gridmap.queries.tours import (
    Extent,
    Tour,
    TourNotFound,
    TourStop,
    TourSummary,
    list_tours,
    load_tour,
    tour_geojson,
)
from gridmap.web.access import public
from gridmap.web.deps import deps
from gridmap.web.folium_map import MapParts, MapView, draw_map
from gridmap.web.i18n import in_language
from gridmap.web.layer_cache import answer_layer
from gridmap.web.layers import local_today
from gridmap.web.printed_link import PrintedLink, printed_link
from gridmap.web.shell import overview
from gridmap.web.sketch import SKETCH_MIMETYPE, Mark, Sketch, render_sketch

blueprint = Blueprint("tours", __name__)

_LAYERS = ("tours", "service_points")
"""A stop depends on the place it is at: whether that is public, and whether it is still there."""

_SKETCH_LAYERS = (*_LAYERS, "streets", "landcover")
_SKETCH_WIDTH_OVER_HEIGHT = 16 / 9

_MARGIN_DEG = 0.0012
"""Room around the outermost flags, about 130 m."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TourLine:
    """One route in the list of routes."""

    url: str
    name: str
    summary: str
    stop_count: int
    walk_km: str
    duration_words: str
    sketch_url: str | None
    """None for a route without stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCard:
    """One stop as a template shows it."""

    number: int
    url: str
    name: str
    talking_points: Sequence[str]
    """The guide's words, a paragraph each."""
    stay_minutes: int
    walk_m: int | None
    walk_minutes: int | None
    next_name: str | None
    arrive: str
    leave: str
    place_url: str | None
    address: str
    category: str
    icon: str
    colour_group: str
    hand_offs: tuple[HandOff, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TourPage:
    """One route."""

    code: str
    line: TourLine
    stops: Sequence[StopCard]
    current: int
    """The stop that is shown, from 1; 0 without stops."""
    start: str
    end: str
    map: MapParts
    link: PrintedLink
    data: Mapping[str, object]
    """For ``tour.js``: addresses and sentences."""


@blueprint.get("/tours")
@public
def tour_list() -> str:
    """Every route."""
    with deps().sessions() as session:
        tours = list_tours(session, today=local_today())
    return render_template("public/tours.html", tours=[_line(tour) for tour in tours])


@blueprint.get("/tours/<code>")
@public
def tour_page(code: str) -> str:
    """One route; ``?stop=3`` shows its third stop, ``?start=09:00`` sets off at nine."""
    asked_start = request.args.get("start", "")
    start_minute = parse_clock_time(asked_start) if asked_start else DEFAULT_START_MINUTE
    with deps().sessions() as session:
        tour = load_tour(session, code, today=local_today())
    return render_template("public/tour.html", page=_page(tour, start_minute=start_minute))


@blueprint.get("/layers/tours/<code>.geojson")
@public
def tour_layer(code: str) -> Response:
    """The flags of a route and the ways between them."""
    today = local_today()
    return answer_layer(
        f"tours/{code}",
        layers=_LAYERS,
        today=today,
        edition=f".{today}",
        mimetype="application/geo+json",
        make=lambda session: tour_geojson(session, code, today=today).encode(),
    )


@blueprint.get("/tours/<code>/sketch.svg")
@public
def tour_sketch(code: str) -> Response:
    """The route as a small drawing."""
    today = local_today()
    return answer_layer(
        f"tour-sketch/{code}",
        layers=_SKETCH_LAYERS,
        today=today,
        edition=f".{today}",
        mimetype=SKETCH_MIMETYPE,
        make=lambda session: _draw_sketch(session, code, today=today),
    )


def _draw_sketch(session: Session, code: str, *, today: date) -> bytes:
    tour = load_tour(session, code, today=today)
    if tour.extent_deg is None:
        raise TourNotFound(tour=code)
    frame = frame_around(tour.extent_deg, width_over_height=_SKETCH_WIDTH_OVER_HEIGHT)
    route = [Mark(*frame.place(stop.lon_deg, stop.lat_deg), str(stop.number)) for stop in tour.stops]
    return render_sketch(Sketch(frame=frame, ground=ground_paths(session, frame), route=route))


def tour_sketch_url(about: Overview, code: str, *, today: date) -> str:
    """The address of a route's drawing for this version of the data."""
    return url_for("tours.tour_sketch", code=code, v=f"{about.version(*_SKETCH_LAYERS)}.{today}")


def tour_layer_url(about: Overview, code: str, *, today: date) -> str:
    """The address of a route's layer for this version of the data."""
    return url_for("tours.tour_layer", code=code, v=f"{about.version(*_LAYERS)}.{today}")


def _page(tour: Tour, *, start_minute: int) -> TourPage:
    about = overview()
    code = tour.summary.code
    count = len(tour.stops)
    asked = request.args.get("stop", 1, type=int)
    times = timetable(
        [stop.stay_minutes for stop in tour.stops],
        [stop.walk.minutes for stop in tour.stops if stop.walk],
        start_minute=start_minute,
    )
    return TourPage(
        code=code,
        line=_line(tour.summary),
        stops=[
            _card(stop, time, code=code, following=following)
            for stop, time, following in zip_longest(tour.stops, times, tour.stops[1:])
        ],
        current=min(max(asked, 1), count),
        start=clock_time(start_minute),
        end=clock_time(times[-1].leave_minute) if times else clock_time(start_minute),
        map=_map(tour, about),
        link=printed_link(url_for("tours.tour_page", code=code)),
        data={
            "layer": tour_layer_url(about, code, today=local_today()),
            "words": _words(),
        },
    )


def _line(tour: TourSummary) -> TourLine:
    return TourLine(
        url=url_for("tours.tour_page", code=tour.code),
        name=in_language(tour.name, tour.name_en),
        summary=in_language(tour.summary, tour.summary_en),
        stop_count=tour.stop_count,
        walk_km=f"{tour.walk.distance_m / 1000:.1f}",
        duration_words=duration_words(tour.stay_minutes + tour.walk.minutes),
        sketch_url=tour_sketch_url(overview(), tour.code, today=local_today()) if tour.stop_count else None,
    )


def duration_words(minutes: int) -> str:
    """Say a duration in hours and minutes."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return gettext("%(minutes)s 分钟", minutes=rest)
    if not rest:
        return gettext("%(hours)s 小时", hours=hours)
    return gettext("%(hours)s 小时 %(minutes)s 分钟", hours=hours, minutes=rest)


def _card(stop: TourStop, time: StopTime, *, code: str, following: TourStop | None) -> StopCard:
    place = stop.place
    words = in_language(stop.talking_points, stop.talking_points_en)
    return StopCard(
        number=stop.number,
        url=_stop_url(code, stop.number),
        name=in_language(stop.name, stop.name_en),
        talking_points=[line.strip() for line in words.splitlines() if line.strip()],
        stay_minutes=stop.stay_minutes,
        walk_m=stop.walk.distance_m if stop.walk else None,
        walk_minutes=stop.walk.minutes if stop.walk else None,
        next_name=in_language(following.name, following.name_en) if following else None,
        arrive=clock_time(time.arrive_minute),
        leave=clock_time(time.leave_minute),
        place_url=f"/p/{place.id}" if place and place.id is not None else None,
        address=in_language(place.address, place.address_en) if place else "",
        category=in_language(place.category_name, place.category_name_en) if place else "",
        icon=place.icon if place else "map-pin",
        colour_group=place.colour_group if place else "convenience",
        hand_offs=hand_off_urls(lon_deg=stop.lon_deg, lat_deg=stop.lat_deg, name=stop.name),
    )


def _stop_url(code: str, number: int) -> str:
    """The address of a stop; a start time that was asked for stays."""
    start = request.args.get("start") or None
    return url_for("tours.tour_page", code=code, stop=number, start=start)


def _map(tour: Tour, about: Overview) -> MapParts:
    extent: Extent | None = tour.extent_deg
    if extent is not None:
        west, south, east, north = extent
        extent = (west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG)
    view = MapView(
        name="tour",
        label=gettext("路线地图;各站也在下面的列表里"),
        extent_deg=extent,
    )
    return draw_map(view, about=about, config=deps().config)


def _words() -> dict[str, str]:
    """The sentences of ``tour.js``; it fills in ``{name}``."""
    return {
        "now_at": gettext("第 {number} 站,共 {count} 站:{name}"),
        "late": gettext("比计划晚 {minutes} 分钟,约 {end} 结束"),
        "early": gettext("比计划早 {minutes} 分钟,约 {end} 结束"),
        "on_time": gettext("按计划进行,约 {end} 结束"),
        "arrive_by": gettext("约 {time} 到达"),
        "not_saved": gettext("这部手机不让保存,关掉本页后时间和心得会丢失"),
        "map_failed": gettext("路线没有画到地图上,请检查网络后刷新;各站文字不受影响。"),
    }
