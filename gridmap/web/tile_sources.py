"""Tile base maps of others, used only when an operator configures one.

Our own base map needs none of these. 天地图 is CGCS2000 in the web Mercator scheme (``_w``), which equals
WGS-84 for our purpose; 高德 is drawn in GCJ-02, so everything laid over it has to be shifted there.
"""

from __future__ import annotations

from dataclasses import dataclass

from gridmap.domain.coordinates import Datum


@dataclass(frozen=True, slots=True)
class TileSource:
    """One base map: its tile layers from bottom to top, and the frame it is drawn in."""

    name: str
    urls: tuple[str, ...]
    """Leaflet templates with {s}, {x}, {y}, {z} and {key}."""
    subdomains: str
    hosts: tuple[str, ...]
    """Sources for ``img-src`` of the Content-Security-Policy."""
    datum: Datum
    max_zoom: int
    attribution: str


_TIANDITU_URL = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={{key}}"
)

TILE_SOURCES = {
    "tianditu": TileSource(
        name="tianditu",
        urls=(_TIANDITU_URL.format(layer="vec"), _TIANDITU_URL.format(layer="cva")),
        subdomains="01234567",
        hosts=("https://*.tianditu.gov.cn",),
        datum=Datum.WGS84,
        max_zoom=18,
        attribution="天地图",
    ),
    "osm": TileSource(
        name="osm",
        urls=("https://tile.openstreetmap.org/{z}/{x}/{y}.png",),
        subdomains="",
        hosts=("https://tile.openstreetmap.org",),
        datum=Datum.WGS84,
        max_zoom=19,
        attribution="© OpenStreetMap contributors",
    ),
    "amap": TileSource(
        name="amap",
        urls=(
            "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",
        ),
        subdomains="1234",
        hosts=(
            "https://webrd01.is.autonavi.com",
            "https://webrd02.is.autonavi.com",
            "https://webrd03.is.autonavi.com",
            "https://webrd04.is.autonavi.com",
        ),
        datum=Datum.GCJ02,
        max_zoom=18,
        attribution="高德地图",
    ),
}


def tile_hosts(tile_basemap: str) -> tuple[str, ...]:
    """Hosts that a page may load images from for this base map; none for our own."""
    return TILE_SOURCES[tile_basemap].hosts if tile_basemap else ()
