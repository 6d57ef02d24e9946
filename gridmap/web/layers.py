"""Routes of map data that everybody may see: base map tiles and GeoJSON layers, versioned and cached."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Flask, Response, url_for

from gridmap.domain.errors import NotFound
from gridmap.domain.office_time import office_day
from gridmap.queries.map_layers import AREA_LEVELS, areas_geojson, ground_geojson, service_points_geojson
from gridmap.queries.overview import Overview
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
    return answer_layer(
        f"base/{z}/{x}/{y}",
        layers=BASE_LAYERS,
        mimetype=_MVT,
        make=lambda session: base_tile(session, z=z, x=x, y=y),
    )


@blueprint.get("/layers/areas/<level>.geojson")
@public
def areas(level: str) -> Response:
    """The current areas of a level."""
    if level not in AREA_LEVELS:
        raise NotFound(what="level", level=level)
    return answer_layer(
        f"areas/{level}",
        layers=("areas",),
        mimetype=_GEOJSON,
        make=lambda session: areas_geojson(session, level).encode(),
    )


@blueprint.get("/layers/<any(compounds, streets):layer>.geojson")
@public
def ground(layer: str) -> Response:
    """Compounds or streets."""
    return answer_layer(
        layer,
        layers=(layer,),
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


def areas_url(about: Overview, level: str) -> str:
    """The address of a level of areas for this version of the data."""
    return url_for("layers.areas", level=level, v=about.version("areas"))


def ground_url(about: Overview, layer: str) -> str:
    """The address of compounds or streets for this version of the data."""
    return url_for("layers.ground", layer=layer, v=about.version(layer))


def service_points_url(about: Overview) -> str:
    """The address of the service points for this version of the data."""
    return url_for("layers.service_points", v=f"{about.version('service_points')}.{local_today()}")
