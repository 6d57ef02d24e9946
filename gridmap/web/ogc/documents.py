"""The documents of the OGC API that describe rather than deliver: JSON objects with their links."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from gridmap.domain.features import Collection, Time
from gridmap.domain.reference_systems import CRS84, ReferenceSystem
from gridmap.queries.overview import Overview
from gridmap.web.deps import deps
from gridmap.web.i18n import in_language, sentence
from gridmap.web.place_view import public_url

Json = dict[str, object]

JSON_TYPE = "application/json"
GEOJSON_TYPE = "application/geo+json"
HTML_TYPE = "text/html"
OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"
ROOT = "/ogc"

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
)
"""What is declared is held by tests, class by class (``tests/web/test_ogc.py``)."""


def link(rel: str, path: str, media_type: str, title: str) -> Json:
    """A link with its full address: GIS software follows it as it is."""
    return {"rel": rel, "href": public_url(path), "type": media_type, "title": title}


def self_and_other(path: str, query: str = "", *, json_type: str = JSON_TYPE) -> list[Json]:
    """Links to this resource as JSON and as a page."""
    joined = f"{query}&" if query else ""
    return [
        link("self", f"{path}?{joined}f=json", json_type, "JSON"),
        link("alternate", f"{path}?{joined}f=html", HTML_TYPE, "HTML"),
    ]


def landing(about: Overview) -> Json:
    """What there is."""
    return {
        "title": service_title(about),
        "description": attribution(about),
        "links": [
            *self_and_other(ROOT),
            link("service-desc", f"{ROOT}/api", OPENAPI_TYPE, "OpenAPI 3.0"),
            link("conformance", f"{ROOT}/conformance", JSON_TYPE, "Conformance"),
            link("data", f"{ROOT}/collections", JSON_TYPE, gettext("图层")),
        ],
    }


def conformance() -> Json:
    """The classes of requirements that hold here."""
    return {"conformsTo": list(CONFORMANCE), "links": self_and_other(f"{ROOT}/conformance")}


def collections(shown: Sequence[Collection], about: Overview, systems: Sequence[ReferenceSystem]) -> Json:
    """The collections that the caller may see."""
    return {
        "title": service_title(about),
        "links": self_and_other(f"{ROOT}/collections"),
        "crs": [system.uri for system in systems],
        "collections": [collection(each, about, systems) for each in shown],
    }


def collection(each: Collection, about: Overview, systems: Sequence[ReferenceSystem]) -> Json:
    """One collection: what it is, where it lies, how its features are asked for."""
    path = f"{ROOT}/collections/{each.id}"
    extent: Json = {}
    if about.extent_deg is not None:
        extent["spatial"] = {"bbox": [list(about.extent_deg)], "crs": CRS84.uri}
    if each.time is not Time.NONE:
        extent["temporal"] = {"interval": [[None, None]]}
    return {
        "id": each.id,
        "title": collection_title(each),
        "description": attribution(about),
        "attribution": attribution(about),
        "itemType": "feature",
        "extent": extent,
        "crs": [system.uri for system in systems],
        "storageCrs": CRS84.uri,
        "links": [
            *self_and_other(path),
            link("items", f"{path}/items", GEOJSON_TYPE, collection_title(each)),
            link("items", f"{path}/items?f=html", HTML_TYPE, collection_title(each)),
        ],
    }


def collection_title(each: Collection) -> str:
    """The collection's name in the reader's language."""
    title = sentence(f"collection.{each.id.removeprefix('staff_')}")
    return title if each.is_public else gettext("%(title)s(内部)", title=title)


def service_title(about: Overview) -> str:
    """Whose data this is."""
    name = in_language(about.name, about.name_en)
    return gettext("%(place)s服务地图", place=name) if name else gettext("服务地图")


def attribution(about: Overview) -> str:
    """Source, 审图号 and date of the data, as every answer and file states them."""
    parts = [service_title(about)]
    if deps().config.map_approval_no:
        parts.append(deps().config.map_approval_no)
    if about.is_demo:
        parts.append(gettext("示意数据"))
    if about.data_date is not None:
        parts.append(about.data_date.isoformat())
    return " · ".join(parts)
