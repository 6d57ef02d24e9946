"""Tiles and layers: what is in them, and that a browser asks again only when something changed."""

from __future__ import annotations

import gzip
import re
from datetime import date
from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.queries.map_layers import AREA_LEVELS
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.web.layer_cache import LayerCache

TILE = "/tiles/base/13/6697/3365.mvt"


def test_each_level_of_areas_is_a_layer_with_id_code_name_and_label_only(demo_client: FlaskClient) -> None:
    counts: list[int] = []
    for level in AREA_LEVELS:
        layer = demo_client.get(f"/layers/areas/{level}.geojson").json
        assert layer is not None
        counts.append(len(layer["features"]))
        for feature in layer["features"]:
            assert set(feature["properties"]) <= {"code", "name", "name_en", "label"}
            assert feature["geometry"]["type"] == "MultiPolygon"
    assert counts[:2] == [1, 11]
    assert counts == sorted(counts)


def test_neighbours_share_their_edges_exactly(demo_client: FlaskClient) -> None:
    layer = demo_client.get("/layers/areas/community.geojson").json
    assert layer is not None
    edges: dict[frozenset[tuple[float, float]], int] = {}
    for feature in layer["features"]:
        for polygon in feature["geometry"]["coordinates"]:
            for ring in polygon:
                for a, b in pairwise(ring):
                    edge = frozenset((tuple(a), tuple(b)))
                    edges[edge] = edges.get(edge, 0) + 1
    # once outside, by both neighbours inside; where six decimals fold a spike flat, there and back by both
    assert {count for edge, count in edges.items() if len(edge) == 2} <= {1, 2, 4}
    assert sum(1 for count in edges.values() if count == 2) > 50


def test_service_points_say_little_and_only_what_is_public(demo_client: FlaskClient) -> None:
    layer = demo_client.get("/layers/service_points.geojson").json
    assert layer is not None
    allowed = {"name", "name_en", "category", "community", "status", "address", "address_en", "open", "key"}
    assert len(layer["features"]) > 100
    for feature in layer["features"]:
        assert set(feature["properties"]) <= allowed
        assert feature["properties"]["category"] != "SP17"


def test_a_layer_is_not_sent_again_while_nothing_changed(demo_client: FlaskClient) -> None:
    for path in (
        TILE,
        "/layers/areas/grid.geojson",
        "/layers/compounds.geojson",
        "/layers/service_points.geojson",
    ):
        first = demo_client.get(path)
        assert first.headers["Cache-Control"] == "public, no-cache"
        again = demo_client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert again.data == b""


def test_an_address_with_the_present_version_is_kept_for_ever(demo_client: FlaskClient) -> None:
    version = demo_client.get("/layers/areas/grid.geojson").headers["ETag"].strip('W/"')
    answer = demo_client.get(f"/layers/areas/grid.geojson?v={version}")
    assert "immutable" in answer.headers["Cache-Control"]
    old = demo_client.get("/layers/areas/grid.geojson?v=0")
    assert old.headers["Cache-Control"] == "public, no-cache"


def test_a_change_of_the_data_changes_the_address_and_the_answer(
    demo_client: FlaskClient, demo_session: Session
) -> None:
    def points_url() -> str:
        found = re.search(r'"points": "([^"]+)"', demo_client.get("/").text)
        assert found
        return found[1].replace("\\u0026", "&")

    before = points_url()
    first = demo_client.get(before)
    demo_session.execute(text("UPDATE service_point SET name = '改了名' WHERE id = 1"))
    bump_layer_version(demo_session, "service_points", data_date=date(2026, 11, 21))
    demo_session.commit()
    after = points_url()
    assert after != before
    answer = demo_client.get(after)
    assert "immutable" in answer.headers["Cache-Control"]
    assert "改了名" in answer.text
    assert (
        demo_client.get(
            "/layers/service_points.geojson", headers={"If-None-Match": first.headers["ETag"]}
        ).status_code
        == 200
    )


def test_layers_come_compressed_to_those_who_can_read_it(demo_client: FlaskClient) -> None:
    squeezed = demo_client.get(TILE, headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(squeezed.data) == demo_client.get(TILE).data


def test_a_tile_holds_the_ground_and_the_details_come_closer_in(demo_client: FlaskClient) -> None:
    far = demo_client.get("/tiles/base/12/3348/1682.mvt").data
    near = demo_client.get(TILE).data
    for layer in (b"land", b"landcover", b"streets", b"compounds"):
        assert layer in far
        assert layer in near
    assert b"buildings" not in far
    assert b"buildings" in near


def test_a_tile_of_nothing_is_empty_and_one_that_cannot_be_is_not_found(demo_client: FlaskClient) -> None:
    assert demo_client.get("/tiles/base/13/0/0.mvt").data == b""
    for path in (
        "/tiles/base/16/1/1.mvt",
        "/tiles/base/6/1/1.mvt",
        "/tiles/base/13/9999/1.mvt",
        "/tiles/base/13/-1/1.mvt",
    ):
        assert demo_client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/layers/areas/planet.geojson", "/layers/issues.geojson", "/layers/zones.geojson"]
)
def test_there_is_no_public_layer_of_anything_else(demo_client: FlaskClient, path: str) -> None:
    assert demo_client.get(path).status_code == 404


def test_the_cache_lets_go_of_what_was_not_used_for_longest() -> None:
    cache = LayerCache(largest_bytes=100)
    cache.put("a", "1", b"x" * 40)
    cache.put("b", "1", b"x" * 40)
    assert cache.get("a", "1")
    cache.put("c", "1", b"x" * 40)
    assert cache.get("b", "1") is None
    assert cache.get("a", "1")
    assert cache.get("a", "2") is None
