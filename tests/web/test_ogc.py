"""OGC API - Features: the classes of requirements that we declare, who sees what, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.features import COLLECTIONS
from gridmap.domain.permissions import Actor
from gridmap.domain.reference_systems import gauss_kruger_srid
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.use_cases.accounts import create_token
from gridmap.web.ogc.documents import CONFORMANCE
from tests.reports import NOW

PUBLIC = [each.id for each in COLLECTIONS.values() if each.is_public]
STAFF = [each.id for each in COLLECTIONS.values() if not each.is_public]
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

Get = Callable[..., Any]


@pytest.fixture
def get(demo_client: FlaskClient) -> Get:
    def answer(path: str, *, status: int = 200, **arguments: object) -> Any:
        query = {name.replace("_crs", "-crs"): str(value) for name, value in arguments.items()}
        response = demo_client.get(f"/ogc{path}", query_string=query or None)
        assert response.status_code == status, response.text[:300]
        return response.json

    return answer


@pytest.fixture
def as_secretary(demo_app: Flask, demo_session: Session) -> Get:
    made = create_token(demo_session, Actor.system(), username="secretary01", name="gis", days=1, now=NOW)
    client = demo_app.test_client()

    def answer(path: str, *, status: int = 200) -> Any:
        response = client.get(f"/ogc{path}", headers={"Authorization": f"Bearer {made.token}"})
        assert response.status_code == status, response.text[:300]
        return response.json

    return answer


def local(link: dict[str, str]) -> str:
    """The path and query of a link, as this client asks for them."""
    parts = urlsplit(link["href"])
    assert parts.scheme == "http"
    return f"{parts.path.removeprefix('/ogc')}?{parts.query}" if parts.query else parts.path[4:]


def rel(document: dict[str, Any], name: str) -> list[dict[str, str]]:
    return [link for link in document["links"] if link["rel"] == name]


# Part 1, Core


def test_the_landing_page_leads_to_everything(get: Get) -> None:
    landing = get("")
    for name in ("self", "service-desc", "conformance", "data"):
        (link,) = rel(landing, name)
        assert get(local(link)) is not None
    assert get("/") == landing


def test_what_is_declared_is_what_these_tests_hold(get: Get) -> None:
    declared = get("/conformance")["conformsTo"]
    assert declared == list(CONFORMANCE)
    assert {re.sub(r".*/(ogcapi-[a-z]+-\d)/1.0/conf/", r"\1 ", each) for each in declared} == {
        "ogcapi-common-1 core",
        "ogcapi-common-2 collections",
        "ogcapi-features-1 core",
        "ogcapi-features-1 oas30",
        "ogcapi-features-1 html",
        "ogcapi-features-1 geojson",
        "ogcapi-features-2 crs",
    }


def test_everybody_sees_the_public_collections_and_no_others(get: Get) -> None:
    listed = get("/collections")["collections"]
    assert [each["id"] for each in listed] == PUBLIC
    for each in listed:
        west, south, east, north = each["extent"]["spatial"]["bbox"][0]
        assert west < east
        assert south < north
        assert get(f"/collections/{each['id']}")["id"] == each["id"]
        assert rel(each, "items")


@pytest.mark.parametrize("collection", PUBLIC)
def test_pages_hold_every_feature_once_in_a_stable_order(get: Get, collection: str) -> None:
    path = f"/collections/{collection}/items"
    matched = get(path)["numberMatched"]
    size = max(1, -(-matched // 4))
    seen: list[int] = []
    page = get(path, limit=size)
    while True:
        assert page["numberMatched"] == matched
        assert page["numberReturned"] == len(page["features"]) <= size
        seen += [feature["id"] for feature in page["features"]]
        following = rel(page, "next")
        if not following:
            break
        page = get(local(following[0]))
    assert len(seen) == len(set(seen)) == matched > 0
    assert seen == sorted(seen)


def test_a_page_stays_in_place_while_features_are_added(get: Get, demo_session: Session) -> None:
    path = "/collections/compounds/items"
    first = get(path, limit=5)
    demo_session.execute(text("UPDATE compound SET name = 'x' || name"))
    second = get(local(rel(first, "next")[0]))
    ids = [feature["id"] for page in (first, second) for feature in page["features"]]
    assert len(ids) == len(set(ids)) == 10


@pytest.mark.parametrize("collection", PUBLIC)
def test_a_feature_by_its_id_is_the_one_of_the_list(get: Get, collection: str) -> None:
    (listed,) = get(f"/collections/{collection}/items", limit=1)["features"]
    alone = get(f"/collections/{collection}/items/{listed['id']}")
    assert {rel_["rel"] for rel_ in alone.pop("links")} == {"self", "alternate", "collection"}
    assert alone == listed


@pytest.mark.parametrize("feature_id", ["0", "999999999", "x", "1e3", "-1", "9" * 40, "%00", "1;--"])
def test_a_feature_that_is_not_there_is_not_found(get: Get, feature_id: str) -> None:
    get(f"/collections/streets/items/{feature_id}", status=404)


def test_a_box_selects_what_touches_it(get: Get, demo_session: Session) -> None:
    box = (114.295, 30.545, 114.300, 30.550)
    page = get("/collections/buildings/items", bbox=",".join(map(str, box)), limit=5000)
    within = demo_session.execute(
        text(
            "SELECT id FROM building WHERE ST_Intersects(footprint, ST_MakeEnvelope(:w,:s,:e,:n,4326))"
            " ORDER BY id"
        ),
        dict(zip("wsen", box, strict=True)),
    ).scalars()
    assert [feature["id"] for feature in page["features"]] == list(within) != []
    with_heights = "114.295,30.545,-5,114.300,30.550,500"
    assert get("/collections/buildings/items", bbox=with_heights)["numberMatched"] == page["numberMatched"]


def test_a_box_across_the_180th_meridian_reaches_round_the_world(get: Get) -> None:
    path = "/collections/communities/items"
    assert get(path, bbox="170,-10,-170,10")["numberMatched"] == 0
    assert get(path, bbox="100,0,-100,60")["numberMatched"] == 11
    assert get(path, bbox="-180,-90,180,90")["numberMatched"] == 11


def test_time_selects_the_version_of_an_area_that_held_then(get: Get, demo_session: Session) -> None:
    path = "/collections/communities/items"
    demo_session.execute(
        text(
            "UPDATE area SET valid_to = '2026-03-01' WHERE level = 'community'"
            " AND code = (SELECT min(code) FROM area WHERE level = 'community')"
        )
    )
    assert get(path)["numberMatched"] == 10
    assert get(path, datetime="2026-02-01T00:00:00Z")["numberMatched"] == 11
    # The office's day: 16:00 UTC is the next day's midnight.
    assert get(path, datetime="2026-02-28T15:59:59Z")["numberMatched"] == 11
    assert get(path, datetime="2026-02-28T16:00:00Z")["numberMatched"] == 10
    assert get(path, datetime="../..")["numberMatched"] == 11
    assert get(path, datetime="2026-03-01/..")["numberMatched"] == 10
    assert get(path, datetime="/1999-01-01")["numberMatched"] == 0
    assert get("/collections/streets/items", datetime="1999-01-01", limit=1)["numberMatched"] > 0


def test_a_property_selects_by_its_value(get: Get) -> None:
    path = "/collections/service_points/items"
    sheds = get(path, category_code="SP07")
    assert {feature["properties"]["category_code"] for feature in sheds["features"]} == {"SP07"}
    assert get(path, category_code="' OR true --")["numberMatched"] == 0
    assert get("/collections/streets/items", is_walkable="false")["numberMatched"] >= 0
    assert 0 < get("/collections/buildings/items", floor_count="2")["numberMatched"] < 2934
    code = get("/collections/communities/items", limit=1)["features"][0]["properties"]["code"]
    assert 0 < get("/collections/grids/items", area=code)["numberMatched"] < 60
    assert 0 < get("/collections/streets/items", area=code)["numberMatched"] < 2000


REFUSED = [
    {"limit": "0"},
    {"limit": "-1"},
    {"limit": "ten"},
    {"limit": "1.5"},
    {"bbox": "1,2,3"},
    {"bbox": "1,2,3,x"},
    {"bbox": "nan,2,3,4"},
    {"bbox": "1,inf,3,4"},
    {"bbox": "0,50,10,40"},
    {"bbox": "0,0,200,10"},
    {"bbox": "1,2,3,4", "bbox_crs": "EPSG:4326"},
    {"bbox": "9,0,0,9", "bbox_crs": EPSG + "3857"},
    {"crs": EPSG + "2154"},
    {"crs": "x"},
    {"datetime": "yesterday"},
    {"datetime": "2026-02-30"},
    {"datetime": "2026-02-01T00:00:00"},
    {"datetime": "2026-03-01/2026-02-01"},
    {"datetime": "0001-01-01T00:00:00+08:00"},
    {"datetime": "../../.."},
    {"f": "xml"},
    {"bogus": "1"},
    {"category": "SP07"},
    {"after": "x"},
    {"after": "-3"},
    {"code": "\x00"},
    {"capacity": "many"},
    {"capacity": "9" * 30},
    {"surveyed_on": "soon"},
    {"alias": "x"},
    {"code": "x" * 300},
]


@pytest.mark.parametrize("arguments", REFUSED, ids=str)
def test_an_argument_that_makes_no_sense_is_refused_by_name(get: Get, arguments: dict[str, str]) -> None:
    answer = get("/collections/service_points/items", status=400, **arguments)
    assert answer["field"].replace("-", "_") in arguments
    assert answer["detail"]


def test_a_limit_beyond_the_largest_counts_as_the_largest(get: Get) -> None:
    assert get("/collections/buildings/items", limit="1000000")["numberReturned"] == 2934


# Part 1, GeoJSON and HTML


@pytest.mark.parametrize("collection", PUBLIC)
def test_features_are_geojson_of_the_shape_that_is_declared(get: Get, collection: str) -> None:
    about = COLLECTIONS[collection]
    page = get(f"/collections/{collection}/items", limit=20)
    assert page["type"] == "FeatureCollection"
    for feature in page["features"]:
        assert feature["type"] == "Feature"
        assert feature["geometry"]["type"] == about.shape.value
        assert list(feature["properties"]) == [each.name for each in about.fields]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/conformance",
        "/collections",
        "/collections/streets",
        "/collections/streets/items?limit=3",
        "/collections/streets/items/1",
    ],
)
def test_every_resource_is_a_page_for_people_too(demo_client: FlaskClient, path: str) -> None:
    joined = "&" if "?" in path else "?"
    asked = demo_client.get(f"/ogc{path}{joined}f=html")
    negotiated = demo_client.get(f"/ogc{path}", headers={"Accept": "text/html,*/*;q=0.8"})
    for answer in (asked, negotiated):
        assert answer.status_code == 200
        assert answer.mimetype == "text/html"
        assert "<h1>" in answer.text
    assert demo_client.get(f"/ogc{path}").mimetype in ("application/json", "application/geo+json")


# Part 1, OpenAPI 3.0


def test_the_description_names_every_resource_and_argument(get: Get) -> None:
    document = get("/api")
    assert document["openapi"].startswith("3.0")
    for collection in PUBLIC:
        items = document["paths"][f"/collections/{collection}/items"]["get"]
        names = {parameter["name"] for parameter in items["parameters"]}
        assert {"bbox", "bbox-crs", "crs", "datetime", "limit", "code", "f"} <= names
        assert f"/collections/{collection}/items/{{featureId}}" in document["paths"]
    assert not any("staff_" in path for path in document["paths"])
    operations = [each["get"]["operationId"] for each in document["paths"].values()]
    assert len(operations) == len(set(operations))


# Part 2, reference systems


def test_the_zone_of_the_place_is_offered(get: Get) -> None:
    offered = get("/collections/streets")["crs"]
    assert offered == [CRS84, EPSG + "4326", EPSG + "4490", EPSG + "3857", EPSG + "4547"]
    assert get("/collections/streets")["storageCrs"] == CRS84


@pytest.mark.parametrize(
    ("lon_deg", "srid"),
    [(114.3, 4547), (115.6, 4548), (75.0, 4534), (135.0, 4554), (0.0, None), (-114, None)],
)
def test_zones_follow_their_central_meridians(lon_deg: float, srid: int | None) -> None:
    assert gauss_kruger_srid(lon_deg) == srid


@pytest.mark.parametrize("srid", [4326, 4490, 3857, 4547])
def test_positions_follow_the_axes_of_the_reference_system(
    demo_client: FlaskClient, demo_session: Session, srid: int
) -> None:
    answer = demo_client.get(f"/ogc/collections/streets/items?limit=1&crs={EPSG}{srid}")
    assert answer.headers["Content-Crs"] == f"<{EPSG}{srid}>"
    feature = json.loads(answer.text)["features"][0]
    x, y = demo_session.execute(
        text(
            "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_StartPoint(centreline), :srid) AS p"
            " FROM street WHERE id = :id) AS s"
        ),
        {"srid": srid, "id": feature["id"]},
    ).one()
    first, second = feature["geometry"]["coordinates"][0]
    expected = (x, y) if srid == 3857 else (y, x)
    assert (first, second) == (pytest.approx(expected[0], abs=0.06), pytest.approx(expected[1], abs=0.06))


@pytest.mark.parametrize("srid", [4326, 4490, 3857, 4547])
def test_a_box_in_any_system_selects_the_same(get: Get, demo_session: Session, srid: int) -> None:
    path = "/collections/service_points/items"
    plain = get(path, bbox="114.295,30.545,114.300,30.550", limit=1000)
    w, s, e, n = demo_session.execute(
        text(
            "SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) FROM"
            " (SELECT ST_Transform(ST_MakeEnvelope(114.295, 30.545, 114.300, 30.550, 4326), :srid) AS b) AS t"
        ),
        {"srid": srid},
    ).one()
    box = f"{w},{s},{e},{n}" if srid == 3857 else f"{s},{w},{n},{e}"
    there = get(path, bbox=box, bbox_crs=f"{EPSG}{srid}", limit=1000)
    # The zone's grid is turned a little against the meridian: the box around the box is a little larger.
    assert {f["id"] for f in plain["features"]} <= {f["id"] for f in there["features"]}
    assert plain["numberMatched"] <= there["numberMatched"] <= plain["numberMatched"] + 3
    assert plain["numberMatched"] > 5


def test_a_projected_box_larger_than_the_world_means_everything(get: Get) -> None:
    for srid in (3857, 4547):
        box = "-1e300,-1e300,1e300,1e300"
        path = "/collections/communities/items"
        assert get(path, bbox=box, bbox_crs=f"{EPSG}{srid}")["numberMatched"] == 11


# Who sees what


@pytest.mark.parametrize("collection", [*STAFF, "people", "issue", "x" * 500, "%2e%2e"])
def test_a_staff_collection_is_not_there_for_the_public(get: Get, collection: str) -> None:
    for path in ("", "/items", "/items/1"):
        get(f"/collections/{collection}{path}", status=404)


def test_points_of_the_public_are_rounded_to_a_metre_and_nothing_restricted_is_among_them(get: Get) -> None:
    page = get("/collections/service_points/items", limit=1000)
    assert page["numberMatched"] == 133
    for feature in page["features"]:
        assert feature["properties"]["category_code"] != "SP17"
        assert all(number == round(number, 5) for number in feature["geometry"]["coordinates"])
    metres = get("/collections/service_points/items", limit=1, crs=EPSG + "4547")
    assert all(number == int(number) for number in metres["features"][0]["geometry"]["coordinates"])


@pytest.mark.parametrize("collection", STAFF)
def test_a_secretarys_token_opens_the_own_community_only(
    as_secretary: Get, demo_session: Session, collection: str
) -> None:
    page = as_secretary(f"/collections/{collection}/items?limit=10000")
    (own,) = demo_session.execute(
        text("SELECT area_codes FROM account WHERE username = 'secretary01'")
    ).scalar_one()
    for name in ("code", "community_code", "area_code"):
        if collection in ("staff_grids", "staff_micro_grids", "staff_communities") or name != "code":
            codes = {
                feature["properties"][name]
                for feature in page["features"]
                if feature["properties"].get(name) is not None
            }
            assert all(code.startswith(own) for code in codes), (collection, name)
    if collection != "staff_subdistricts":
        assert page["numberMatched"] > 0
    hidden = demo_session.execute(
        text("SELECT id FROM issue WHERE NOT starts_with(area_code, :own) ORDER BY id LIMIT 1"), {"own": own}
    ).scalar_one()
    as_secretary(f"/collections/staff_issues/items/{hidden}", status=404)


def test_no_collection_names_a_person(as_secretary: Get) -> None:
    for collection in (*PUBLIC, *STAFF):
        for feature in as_secretary(f"/collections/{collection}/items?limit=50")["features"]:
            words = " ".join(feature["properties"])
            assert not re.search(r"person|reporter|responsible|mobile|account", words)


def test_a_bad_token_is_told_so(demo_client: FlaskClient) -> None:
    answer = demo_client.get("/ogc/collections", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


# Caching


def test_a_page_is_not_sent_again_until_its_layer_changes(
    demo_client: FlaskClient, demo_session: Session
) -> None:
    path = "/ogc/collections/compounds/items?limit=2"
    first = demo_client.get(path)
    etag = first.headers["ETag"]
    assert demo_client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert demo_client.get(path + "&crs=" + EPSG + "3857").headers["ETag"] != etag
    bump_layer_version(demo_session, "streets", data_date=NOW.date())
    assert demo_client.get(path, headers={"If-None-Match": etag}).status_code == 304
    bump_layer_version(demo_session, "compounds", data_date=NOW.date())
    assert demo_client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_an_empty_database_has_collections_and_no_features(client: FlaskClient) -> None:
    for path in ("", "/collections", "/api", "/collections/grids", "/collections/grids/items"):
        assert client.get(f"/ogc{path}").status_code == 200
        assert client.get(f"/ogc{path}?f=html").status_code == 200 or path == "/api"
    assert client.get("/ogc/collections/grids/items").json["features"] == []  # type: ignore[index]
