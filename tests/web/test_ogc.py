"""OGC API - Features: each class of requirements that we declare, who sees what, and what is refused."""

from __future__ import annotations

from flask.testing import FlaskClient


def test_try(demo_client: FlaskClient) -> None:
    for path in (
        "/ogc",
        "/ogc/conformance",
        "/ogc/api",
        "/ogc/collections",
        "/ogc/collections/communities",
        "/ogc/collections/communities/items?limit=2",
        "/ogc/collections/service_points/items?limit=1&crs=http://www.opengis.net/def/crs/EPSG/0/4547",
        "/ogc/collections/streets/items?limit=1&bbox=114.29,30.55,114.30,30.56",
        "/ogc/collections/buildings/items?limit=1",
        "/ogc/collections/compounds/items/1",
        "/ogc/collections/communities/items?f=html",
        "/ogc/collections/zones/items",
        "/ogc/collections/compounds/items?area=420106999001&kind=old_estate",
    ):
        r = demo_client.get(path)
        print(path, r.status_code, r.content_type, r.text[:700] if "html" not in path else len(r.text))
        print(dict(r.headers).get("ETag"))
    assert 0
