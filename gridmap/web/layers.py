"""Routes of map data that everybody may see: base map tiles and GeoJSON layers, versioned and cached."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Flask, Response, request, url_for

from gridmap.domain.errors import NotFound
from gridmap.domain.office_time import office_day
from gridmap.queries.map_layers import AREA_LEVELS, areas_geojson, ground_geojson, service_points_geojson
from gridmap.queries.overview import Overview
from gridmap.queries.schemes import drawn_schemes
from gridmap.queries.tiles import BASE_LAYERS, HIGHEST_ZOOM, LOWEST_ZOOM, base_tile
from gridmap.web.access import public
from gridmap.web.deps import deps
from gridmap.web.layer_cache import answer_layer, init_layer_cache

blueprint = Blueprint("layers", __name__)
_GEOJSON = "application/geo+json"
_MVT = "application/vnd.mapbox-vector-tile"


def init_app(app: Flask) -> None:
    """Give the application its layer cache."""
    init_layer_cache(app)


@blueprint.get("/tiles/base/<int:z>/<int:x>/<int:y>.mvt")
@public
def base(z: int, x: int, y: int) -> Response:
    """A tile of our own base map."""
    if not LOWEST_ZOOM <= z <= HIGHEST_ZOOM:
        raise NotFound(what="tile", z=z, x=x, y=y)
    today = local_today()
    return answer_layer(
        f"base/{z}/{x}/{y}",
        layers=BASE_LAYERS,
        mimetype=_MVT,
        today=today,
        make=lambda session: base_tile(session, z=z, x=x, y=y, today=today),
    )


@blueprint.get("/layers/areas/<level>.geojson")
@public
def areas(level: str) -> Response:
    """The current areas of a level, of the scheme that ``?scheme=`` names or of the installation's own."""
    scheme_code = request.args.get("scheme") or None
    if level not in AREA_LEVELS or not _is_scheme_code(scheme_code):
        raise NotFound(what="level", level=level)
    today = local_today()
    return answer_layer(
        f"areas/{level}/{scheme_code or ''}",
        layers=("areas",),
        mimetype=_GEOJSON,
        today=today,
        make=lambda session: areas_geojson(session, level, today=today, scheme_code=scheme_code).encode(),
    )


def _is_scheme_code(text: str | None) -> bool:
    """Whether the database may be asked for it: what is no code takes no room in the cache either."""
    if text is None:
        return True
    with deps().sessions() as session:
        return any(scheme.code == text for scheme in drawn_schemes(session, today=local_today()))


@blueprint.get("/layers/<any(compounds, streets):layer>.geojson")
@public
def ground(layer: str) -> Response:
    """Compounds or streets."""
    return answer_layer(
        layer,
        layers=(layer,),
        today=local_today(),
        mimetype=_GEOJSON,
        make=lambda session: ground_geojson(session, layer).encode(),
    )


@blueprint.get("/layers/service_points.geojson")
@public
def service_points() -> Response:
    """Public service points; the day is part of the version, because validity ends by day."""
    today = local_today()
    return answer_layer(
        "service_points",
        layers=("service_points",),
        today=today,
        edition=f".{today}",
        mimetype=_GEOJSON,
        make=lambda session: service_points_geojson(session, today=today).encode(),
    )


def local_today() -> date:
    """The date on the wall of the office."""
    return office_day(deps().clock())


def base_tiles_url(about: Overview) -> str:
    """The address template of the base map for this version of the data."""
    return f"/tiles/base/{{z}}/{{x}}/{{y}}.mvt?v={about.version(*BASE_LAYERS)}"


def areas_url(about: Overview, level: str, *, scheme_code: str | None = None) -> str:
    """The address of a level of areas for this version of the data; None: of our own scheme."""
    return url_for("layers.areas", level=level, scheme=scheme_code, v=about.version("areas"))


def ground_url(about: Overview, layer: str) -> str:
    """The address of compounds or streets for this version of the data."""
    return url_for("layers.ground", layer=layer, v=about.version(layer))


def service_points_url(about: Overview) -> str:
    """The address of the service points for this version of the data."""
    return url_for("layers.service_points", v=f"{about.version('service_points')}.{local_today()}")
