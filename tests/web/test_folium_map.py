"""The map part: drawn by folium, under our own policy, with nothing of anybody's words in it."""

from __future__ import annotations

import re

from flask import Flask

from gridmap.queries.overview import Overview
from gridmap.web.deps import WebConfig
from gridmap.web.folium_map import MapView, OverlayLayer, draw_map

ABOUT = Overview(name="江岚街道", extent_deg=(114.28, 30.53, 114.32, 30.56), versions={"areas": 3})


def draw(app: Flask, config: WebConfig, view: MapView | None = None) -> tuple[str, str]:
    with app.test_request_context("/"):
        parts = draw_map(view or MapView(label="地图"), about=ABOUT, config=config)
    return str(parts.html), str(parts.script)


def test_the_map_loads_nothing_from_anywhere_and_carries_a_nonce(app: Flask) -> None:
    html, script = draw(app, WebConfig(secret_key="x"))
    assert "http" not in html + script
    assert re.search(r'<script type="module" nonce="[\w-]{20,}">', script)
    assert 'import * as gridmap from "/static/js/map.js"' in script
    assert "gridmap.base_map(map_main" in script
    assert "L_NO_TOUCH" not in html + script


def test_the_same_map_is_drawn_the_same_way_twice(app: Flask) -> None:
    without_nonce = [re.sub(r'nonce="[^"]*"', "", draw(app, WebConfig(secret_key="x"))[1]) for _ in range(2)]
    assert without_nonce[0] == without_nonce[1]


def test_words_in_a_label_or_option_cannot_leave_their_place(app: Flask) -> None:
    evil = '"></div><script>alert(1)</script>${alert(1)}</script>'
    view = MapView(
        label=evil, options={"word": evil}, overlays=[OverlayLayer(key="x", url=evil, style="grid")]
    )
    html, script = draw(app, WebConfig(secret_key="x"), view)
    assert "<script>alert" not in html + script
    assert script.count("</script>") == 1
    assert "`" not in script


def test_a_configured_tile_map_takes_the_place_of_ours(app: Flask) -> None:
    _, script = draw(app, WebConfig(secret_key="x", tile_basemap="tianditu", tianditu_key="KEY"))
    assert script.count("gridmap.tile_layer(") == 2
    assert "tk=KEY" in script
    assert "gridmap.base_map(" not in script
    assert '"datum": "wgs84"' in script


def test_a_shifted_tile_map_is_drawn_in_its_own_datum(app: Flask) -> None:
    _, script = draw(app, WebConfig(secret_key="x", tile_basemap="amap"))
    assert '"datum": "gcj02"' in script


def test_a_service_without_areas_still_has_a_map(app: Flask) -> None:
    with app.test_request_context("/"):
        parts = draw_map(MapView(label="地图"), about=Overview(), config=WebConfig(secret_key="x"))
    assert '"extent": [114.25, 30.55, 114.35, 30.62]' in str(parts.script)
