"""folium, for the map part of a page.

folium draws the shell: the map's element and the few script lines that create it. Data come from layer
addresses with ETags and are drawn by ``static/js/map.js``; no text that a person wrote ever goes through
folium, because it writes text into JavaScript literals. Words and numbers of ours pass as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import folium
from branca.element import MacroElement
from flask_babel import gettext
from jinja2 import Template
from markupsafe import Markup

from gridmap.domain.coordinates import Datum
from gridmap.queries.overview import Overview
from gridmap.queries.tiles import HIGHEST_ZOOM
from gridmap.web.csp import csp_nonce
from gridmap.web.deps import WebConfig
from gridmap.web.layers import base_tiles_url
from gridmap.web.tile_sources import TILE_SOURCES

# Where a database without areas opens: the middle of Wuhan. Never an outline of the country.
_NOWHERE_DEG = (114.25, 30.55, 114.35, 30.62)
_WIDEST_ZOOM = 10
_CLOSEST_ZOOM = 19


@dataclass(frozen=True, slots=True)
class MapParts:
    """What a template puts in place: the element, and the module script that fills it."""

    html: Markup
    script: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayLayer:
    """A GeoJSON layer by its address, fetched when it is first switched on."""

    key: str
    url: str
    style: str
    """A name in the style table of ``static/js/map_style.js``."""
    is_on: bool = False
    selected: str | None = None
    """Code of the area to draw as chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """What a page wants to see."""

    name: str = "main"
    label: str
    """For people who cannot see the map."""
    extent_deg: tuple[float, float, float, float] | None = None
    """West, south, east, north; without it the whole extent of the data."""
    overlays: Sequence[OverlayLayer] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Passed on to ``gridmap.create``: numbers, booleans and words of ours."""


class _GridMap(folium.Map):  # pyright: ignore[reportUntypedBaseClass]
    """A folium map without folium's own libraries, styles and viewport."""

    default_js: Sequence[tuple[str, str]] = []
    default_css: Sequence[tuple[str, str]] = []
    _template = Template(
        """
        {% macro header(this, kwargs) %}{% endmacro %}
        {% macro html(this, kwargs) %}
        <div id="{{ this.get_name() }}" class="gmap" role="region" tabindex="-1"
             aria-label="{{ this.label|e }}"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        const {{ this.get_name() }} = await gridmap.create(
            "{{ this.get_name() }}", {{ this.settings|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, name: str, label: str, settings: Mapping[str, Any]) -> None:
        super().__init__(tiles=None)
        # A fixed name instead of a random one: pages can be cached, and scripts find `map_main`.
        self._id = name
        self.label = label
        self.settings = settings


class _Call(MacroElement):  # pyright: ignore[reportUntypedBaseClass]
    """One call of a function of ``map.js`` with the map and one JSON argument."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        gridmap.{{ this.function }}({{ this._parent.get_name() }}, {{ this.argument|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, function: str, argument: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = function
        self.function = function
        self.argument = argument


def draw_map(view: MapView, *, about: Overview, config: WebConfig) -> MapParts:
    """Render the map part of a page; ``GridMap`` on the page is ``whenMap(view.name)`` in a module."""
    source = TILE_SOURCES.get(config.tile_basemap)
    settings: dict[str, Any] = {
        "name": view.name,
        "extent": view.extent_deg or about.extent_deg or _NOWHERE_DEG,
        "max_extent": about.reach_deg,
        "min_zoom": _WIDEST_ZOOM,
        "max_zoom": min(_CLOSEST_ZOOM, source.max_zoom) if source else _CLOSEST_ZOOM,
        "datum": (source.datum if source else Datum.WGS84).value,
        "words": {
            "zoom_in": gettext("放大"),
            "zoom_out": gettext("缩小"),
            "load_failed": gettext("地图数据没有取到,请检查网络后重试"),
            "retry": gettext("重试"),
            "approval": config.map_approval_no or gettext("审图号:待填"),
        },
        **view.options,
    }
    grid_map = _GridMap(view.name, view.label, settings)
    if source is None:
        base = {"url": base_tiles_url(about), "max_data_zoom": HIGHEST_ZOOM}
        _Call("base_map", base).add_to(grid_map)
    for url in source.urls if source else ():
        tiles = {
            "url": url.replace("{key}", config.tianditu_key),
            "subdomains": source.subdomains if source else "",
            "attribution": source.attribution if source else "",
        }
        _Call("tile_layer", tiles).add_to(grid_map)
    for overlay in view.overlays:
        _Call("url_layer", asdict(overlay)).add_to(grid_map)
    return _parts(grid_map, view.name)


def _parts(grid_map: Any, name: str) -> MapParts:
    """Take folium's parts out of its page and put the script under our nonce."""
    root = grid_map.get_root()
    root.render()
    html, script = str(root.html.render()), str(root.script.render())
    module = (
        f'<script type="module" nonce="{csp_nonce()}">\nimport * as gridmap from "/static/js/map.js";\n'
        f'{script}\ngridmap.ready("{name}", map_{name});\n</script>'
    )
    # Ours alone: the templates above escape the label and write everything else as JSON.
    return MapParts(html=Markup(html), script=Markup(module))  # noqa: S704
