"""The public map, its list, one place, and the list as a file. Nobody needs an account for these."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext

from gridmap.domain.exports import MEDIA_TYPES, ExportFormat
from gridmap.exporting.cells import harmless
from gridmap.exporting.spreadsheets import write_workbook
from gridmap.queries.area_cards import list_areas
from gridmap.queries.overview import Overview
from gridmap.queries.places import (
    EXPORT_LIMIT,
    PAGE_SIZE,
    SORT_KEYS,
    STATUSES,
    AreaName,
    PlaceFilter,
    PlaceSummary,
    SortKey,
    list_categories,
    list_places,
    load_place,
    nearest_places,
)
from gridmap.queries.schemes import SchemeName, drawn_schemes
from gridmap.web.access import public
from gridmap.web.assets import sprite_url
from gridmap.web.deps import deps
from gridmap.web.folium_map import MapParts, MapView, OverlayLayer, draw_map
from gridmap.web.i18n import in_language
from gridmap.web.layers import areas_url, ground_url, local_today, service_points_url
from gridmap.web.place_view import (
    CategoryChoice,
    PlaceLine,
    PlaceView,
    category_choices,
    place_line,
    place_view,
    public_url,
    status_words,
)
from gridmap.web.public_words import map_words
from gridmap.web.shell import overview

blueprint = Blueprint("public", __name__)

_FIRST_LINES = 12
AREA_LAYERS = ("subdistrict", "community", "grid", "micro_grid")
DEFAULT_LAYERS = ("community",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPage:
    """What the map page shows."""

    map: MapParts
    data: Mapping[str, Any]
    """For the page's script: addresses, words, categories, state."""
    lines: Sequence[PlaceLine]
    total: int
    categories: Sequence[CategoryChoice]
    wanted: PlaceFilter
    statuses: Mapping[str, str]
    layers_on: Sequence[str]
    schemes: Sequence[SchemeName]
    """The grid schemes to choose among; empty while there is only one."""
    scheme_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """What the list page shows."""

    lines: Sequence[PlaceLine]
    total: int
    page: int
    page_count: int
    sort: SortKey
    wanted: PlaceFilter
    categories: Sequence[CategoryChoice]
    statuses: Mapping[str, str]
    nearest: Sequence[PlaceLine]
    """Filled when nothing was found."""


def read_filter() -> PlaceFilter:
    """The filter in the address; unknown words in it are left out, so that old links still open."""
    return PlaceFilter(
        categories=tuple(code for code in _values("c") if code.isalnum() and len(code) <= 12),
        statuses=tuple(status for status in _values("status") if status in STATUSES),
        typed=request.args.get("q", "").replace("\x00", "").strip()[:60],
    )


def _values(name: str) -> list[str]:
    """``?c=a,b`` and ``?c=a&c=b`` mean the same."""
    parts = [part for value in request.args.getlist(name) for part in value.split(",")]
    return list(dict.fromkeys(part for part in parts if part))


@blueprint.get("/")
@public
def map_page() -> str:
    """The map with the list beside it."""
    wanted = read_filter()
    about = overview()
    with deps().sessions() as session:
        today = local_today()
        found, total = list_places(session, wanted, today=today, page_size=_FIRST_LINES)
        categories = category_choices(list_categories(session, today=today), wanted.categories)
        communities = list_areas(session, "community", today=today)
        schemes = drawn_schemes(session, today=today)
    layers_on = _layers_on()
    scheme = next((each for each in schemes if each.code == request.args.get("scheme")), None)
    page = MapPage(
        map=_public_map(about, layers_on, scheme_code=scheme.code if scheme else None),
        data=_map_data(about, categories, communities) | {"scheme": scheme.code if scheme else None},
        lines=[place_line(place) for place in found],
        total=total,
        categories=categories,
        wanted=wanted,
        statuses=status_words(),
        layers_on=layers_on,
        schemes=schemes if len(schemes) > 1 else [],
        scheme_code=scheme.code if scheme else "",
    )
    return render_template("public/map.html", page=page)


def _layers_on() -> tuple[str, ...]:
    known = (*AREA_LAYERS, "streets", "compounds")
    return (
        tuple(key for key in _values("layers") if key in known)
        if "layers" in request.args
        else DEFAULT_LAYERS
    )


def _public_map(about: Overview, layers_on: Sequence[str], *, scheme_code: str | None) -> MapParts:
    urls = {level: areas_url(about, level, scheme_code=scheme_code) for level in AREA_LAYERS}
    urls |= {layer: ground_url(about, layer) for layer in ("streets", "compounds")}
    overlays = [
        OverlayLayer(key=key, url=url, style=key, is_on=key in layers_on) for key, url in urls.items()
    ]
    view = MapView(label=gettext("地图;同样的内容在列表里"), overlays=overlays, options=_view_option())
    return draw_map(view, about=about, config=deps().config)


def _view_option() -> dict[str, Any]:
    """``z``, ``lat`` and ``lon`` of the address, when all three are numbers that a map can show."""
    zoom, lat, lon = (request.args.get(name, type=float) for name in ("z", "lat", "lon"))
    if zoom is None or lat is None or lon is None:
        return {}
    fits = 3 <= zoom <= 22 and -85 <= lat <= 85 and -180 <= lon <= 180
    return {"view": [lon, lat, zoom]} if fits else {}


def _map_data(
    about: Overview, categories: Sequence[CategoryChoice], communities: Sequence[AreaName]
) -> dict[str, Any]:
    return {
        "urls": {
            "points": service_points_url(about),
            "sprite": sprite_url(),
            "list": url_for("public.list_page"),
            "csv": url_for("public.list_csv"),
        },
        "categories": {
            category.code: {"name": category.name, "icon": category.icon, "group": category.group}
            for category in categories
        },
        "communities": {area.code: in_language(area.name, area.name_en) for area in communities},
        "statuses": status_words(),
        "default_layers": DEFAULT_LAYERS,
        "words": map_words(),
    }


@blueprint.get("/list")
@public
def list_page() -> str:
    """The list as a page: works without JavaScript, and for people who cannot see a map."""
    wanted = read_filter()
    sort = _sort()
    page_number = max(1, min(request.args.get("page", 1, type=int), 10_000))
    about = overview()
    with deps().sessions() as session:
        today = local_today()
        found, total = list_places(session, wanted, today=today, sort=sort, page=page_number)
        if not found and page_number > 1:
            page_number = 1
            found, total = list_places(session, wanted, today=today, sort=sort)
        nearest: list[PlaceSummary] = []
        if total == 0 and about.extent_deg is not None:
            west, south, east, north = about.extent_deg
            nearest = nearest_places(
                session, lon_deg=(west + east) / 2, lat_deg=(south + north) / 2, today=today
            )
        categories = category_choices(list_categories(session, today=today), wanted.categories)
    page = ListPage(
        lines=[place_line(place) for place in found],
        total=total,
        page=page_number,
        page_count=max(1, -(-total // PAGE_SIZE)),
        sort=sort,
        wanted=wanted,
        categories=categories,
        statuses=status_words(),
        nearest=[place_line(place) for place in nearest],
    )
    return render_template("public/list.html", page=page)


def _sort() -> SortKey:
    asked = request.args.get("sort")
    known: dict[str, SortKey] = {key: key for key in SORT_KEYS}
    return known.get(asked or "", SORT_KEYS[0])


@blueprint.get("/list.csv")
@public
def list_csv() -> Response:
    """The filtered list as a file that spreadsheets read (UTF-8 with mark); without coordinates."""
    headers, rows = _list_table()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headers)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return _as_file("\ufeff" + out.getvalue(), mimetype="text/csv", name="service-points.csv")


@blueprint.get("/list.xlsx")
@public
def list_xlsx() -> Response:
    """The same list as a workbook."""
    headers, rows = _list_table()
    with tempfile.TemporaryDirectory(prefix="gridmap-export-") as folder:
        path = Path(folder) / "list.xlsx"
        write_workbook(path, title=gettext("地点清单"), headers=headers, rows=rows)
        body = path.read_bytes()
    return _as_file(body, mimetype=MEDIA_TYPES[ExportFormat.XLSX], name="service-points.xlsx")


def _as_file(body: str | bytes, *, mimetype: str, name: str) -> Response:
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-cache"
    return response


def _list_table() -> tuple[list[str], list[list[str]]]:
    """The filtered list as headers and rows of texts."""
    with deps().sessions() as session:
        found, _ = list_places(
            session, read_filter(), today=local_today(), sort=_sort(), page_size=EXPORT_LIMIT
        )
    headers = [
        gettext("名称"),
        gettext("类别"),
        gettext("状态"),
        gettext("社区"),
        gettext("地址"),
        gettext("开放时间"),
        gettext("电话"),
        gettext("网址"),
    ]
    rows = [
        [
            line.name,
            line.category,
            line.status_words,
            line.community,
            line.address,
            place.opening_hours or "",
            line.phone or "",
            public_url(line.url),
        ]
        for place in found
        for line in (place_line(place),)
    ]
    return headers, rows


def _load_view(place_id: int) -> PlaceView:
    with deps().sessions() as session:
        return place_view(load_place(session, place_id, today=local_today()))


@blueprint.get("/p/<int:place_id>")
@public
def place_page(place_id: int) -> str:
    """One place as a page of its own: what a QR code or a shared link opens."""
    view = _load_view(place_id)
    return render_template("public/place.html", view=view)


@blueprint.get("/p/<int:place_id>/card")
@public
def place_card(place_id: int) -> Response:
    """One place as the part of a page that the map shows when its pin is chosen."""
    response = Response(render_template("public/place_card.html", view=_load_view(place_id)))
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/p/<int:place_id>/qr.svg")
@public
def place_qr(place_id: int) -> Response:
    """The address of a place as a QR code (level M, quiet zone of four modules)."""
    view = _load_view(place_id)
    drawn = BytesIO()
    segno.make(view.share_url, error="m", micro=False).save(drawn, kind="svg", border=4, light="white")
    response = Response(drawn.getvalue(), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
