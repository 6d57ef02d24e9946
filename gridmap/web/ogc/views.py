"""The resources of the OGC API: landing page, conformance, collections, features; as JSON or a page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.features import Collection, find_collection, visible_collections
from gridmap.domain.reference_systems import ReferenceSystem, offered_systems
from gridmap.queries.features import FeaturePage, features_page, is_feature_id, one_feature
from gridmap.queries.overview import Overview, load_overview
from gridmap.web.access import current_actor, public
from gridmap.web.deps import deps
from gridmap.web.i18n import known_message, language
from gridmap.web.layers import local_today
from gridmap.web.ogc import documents
from gridmap.web.ogc.documents import GEOJSON_TYPE, JSON_TYPE, OPENAPI_TYPE, ROOT, Json, link
from gridmap.web.ogc.openapi import openapi_document
from gridmap.web.ogc.reading import (
    ITEM_ARGUMENTS,
    ItemsRequest,
    items_request,
    known_arguments,
    system_argument,
    wants_html,
)

blueprint = Blueprint("resources", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePage:
    """A resource for people: links, and features as a table."""

    title: str
    description: str
    links: Sequence[Mapping[str, Any]]
    headers: Sequence[str]
    rows: Sequence[tuple[str, Sequence[object]]]
    """For each feature its address and its values."""
    matched_count: int | None


@blueprint.get("")
@blueprint.get("/")
@public
def landing() -> Response:
    """Say what there is."""
    known_arguments()
    with deps().sessions() as session:
        return _described(documents.landing(load_overview(session, today=local_today())))


@blueprint.get("/conformance")
@public
def conformance() -> Response:
    """Say which requirements hold."""
    known_arguments()
    return _described({"title": "Conformance", **documents.conformance()})


@blueprint.get("/api")
@public
def api() -> Response:
    """Describe the API (OpenAPI 3.0), with the collections that the caller sees."""
    known_arguments()
    with deps().sessions() as session:
        about = load_overview(session, today=local_today())
    shown = visible_collections(current_actor())
    return _json(openapi_document(shown, about, _systems(about)), OPENAPI_TYPE)


@blueprint.get("/collections")
@public
def collections() -> Response:
    """List the collections."""
    known_arguments()
    with deps().sessions() as session:
        about = load_overview(session, today=local_today())
    shown = visible_collections(current_actor())
    document = documents.collections(shown, about, _systems(about))
    more = [
        link("item", f"{ROOT}/collections/{each.id}", JSON_TYPE, documents.collection_title(each))
        for each in shown
    ]
    return _described(document, more_links=more)


@blueprint.get("/collections/<collection_id>")
@public
def collection(collection_id: str) -> Response:
    """Describe one collection."""
    known_arguments()
    found = find_collection(current_actor(), collection_id)
    with deps().sessions() as session:
        about = load_overview(session, today=local_today())
    return _described(documents.collection(found, about, _systems(about)))


@blueprint.get("/collections/<collection_id>/items")
@public
def items(collection_id: str) -> Response:
    """Deliver features, page by page."""
    found = find_collection(current_actor(), collection_id)
    with deps().sessions() as session:
        about = load_overview(session, today=local_today())
        asked = items_request(found, _systems(about))
        etag = _etag(found, about)
        if etag is not None and request.if_none_match.contains_weak(etag):
            return _sent(Response(status=304), found, asked.system, etag)
        page = features_page(
            session,
            current_actor(),
            found,
            asked.wanted,
            today=local_today(),
            system=asked.system,
            after=asked.after,
            limit=asked.limit,
        )
    links = _page_links(found, page, asked)
    if wants_html():
        response = _items_page(found, about, page, links)
    else:
        response = Response(_feature_collection(page, links, about), mimetype=GEOJSON_TYPE)
    return _sent(response, found, asked.system, etag)


@blueprint.get("/collections/<collection_id>/items/<feature_id>")
@public
def item(collection_id: str, feature_id: str) -> Response:
    """Deliver one feature."""
    known_arguments(ITEM_ARGUMENTS)
    found = find_collection(current_actor(), collection_id)
    with deps().sessions() as session:
        about = load_overview(session, today=local_today())
        system = system_argument("crs", _systems(about))
        text = _feature(session, found, feature_id, system)
        etag = _etag(found, about)
    path = f"{ROOT}/collections/{found.id}"
    links = [
        *documents.self_and_other(f"{path}/items/{feature_id}", json_type=GEOJSON_TYPE),
        link("collection", path, JSON_TYPE, documents.collection_title(found)),
    ]
    if wants_html():
        page = FeaturePage(features=f"[{text}]", returned_count=1, matched_count=1, next_after=None)
        response = _items_page(found, about, page, links)
    else:
        response = Response(f'{text[:-1]},"links":{_text(links)}}}', mimetype=GEOJSON_TYPE)
    return _sent(response, found, system, etag)


def _systems(about: Overview) -> tuple[ReferenceSystem, ...]:
    extent = about.extent_deg
    return offered_systems(None if extent is None else (extent[0] + extent[2]) / 2)


def _feature(session: Session, found: Collection, feature_id: str, system: ReferenceSystem) -> str:
    text = None
    if is_feature_id(found, feature_id):
        text = one_feature(session, current_actor(), found, feature_id, today=local_today(), system=system)
    if text is None:
        raise NotFound(what="feature", id=feature_id[:60])
    return text


def _feature_collection(page: FeaturePage, links: Sequence[Json], about: Overview) -> str:
    """The page around the features, which the database has already made into text."""
    members = {
        "type": "FeatureCollection",
        "numberMatched": page.matched_count,
        "numberReturned": page.returned_count,
        "timeStamp": deps().clock().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "attribution": documents.attribution(about),
        "links": links,
    }
    return f'{_text(members)[:-1]},"features":{page.features}}}'


def _page_links(found: Collection, page: FeaturePage, asked: ItemsRequest) -> list[Json]:
    path = f"{ROOT}/collections/{found.id}"
    arguments = {name: value for name, value in request.args.items() if name not in ("f", "after")}
    here = arguments if asked.after is None else {**arguments, "after": asked.after}
    links = [
        *documents.self_and_other(f"{path}/items", urlencode(here), json_type=GEOJSON_TYPE),
        link("collection", path, JSON_TYPE, documents.collection_title(found)),
    ]
    if page.next_after is not None:
        following = {**arguments, "limit": str(asked.limit), "after": page.next_after}
        if wants_html():
            following["f"] = "html"
        links.append(link("next", f"{path}/items?{urlencode(following)}", GEOJSON_TYPE, "next"))
    return links


def _etag(found: Collection, about: Overview) -> str | None:
    """What names this answer: the data's version, the day, who may see what, and how it was asked for.

    None for collections whose changes leave no version.
    """
    if not found.versions:
        return None
    actor = current_actor()
    seen_as = () if found.is_public else (actor.role.value, *actor.scope.prefixes)
    made_of = (
        about.version(*found.versions),
        str(local_today()),
        language(),
        str(wants_html()),
        request.full_path,
        *seen_as,
    )
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:24]


def _sent(response: Response, found: Collection, system: ReferenceSystem, etag: str | None) -> Response:
    """Put on what a cache and a GIS have to know."""
    response.headers["Content-Crs"] = f"<{system.uri}>"
    response.headers["Cache-Control"] = (
        "no-store" if etag is None else "public, no-cache" if found.is_public else "private, no-cache"
    )
    response.vary.update(("Accept", "Accept-Encoding", "Authorization", "Cookie"))
    if etag is not None:
        response.set_etag(etag, weak=True)
    return response


def _described(document: Json, *, more_links: Sequence[Json] = ()) -> Response:
    """A descriptive document in the form that the caller asked for."""
    if not wants_html():
        return _json(document, JSON_TYPE)
    links: Any = document["links"]
    page = ResourcePage(
        title=str(document["title"]),
        description=str(document.get("description", "")),
        links=[*links, *more_links],
        headers=(),
        rows=(),
        matched_count=None,
    )
    return _page(page)


def _items_page(found: Collection, about: Overview, page: FeaturePage, links: Sequence[Json]) -> Response:
    features: list[dict[str, Any]] = json.loads(page.features)
    names = [each.name for each in found.fields]
    return _page(
        ResourcePage(
            title=documents.collection_title(found),
            description=documents.attribution(about),
            links=links,
            headers=[known_message(f"feature_field.{name}") or name for name in names],
            rows=[
                (
                    f"{ROOT}/collections/{found.id}/items/{feature['id']}?f=html",
                    [feature["properties"][name] for name in names],
                )
                for feature in features
            ],
            matched_count=page.matched_count,
        )
    )


def _page(page: ResourcePage) -> Response:
    response = make_response(render_template("ogc/resource.html", page=page))
    response.vary.add("Accept")
    return response


def _json(document: Json, mimetype: str) -> Response:
    response = Response(_text(document), content_type=mimetype)
    response.headers["Cache-Control"] = "no-cache"
    response.vary.update(("Accept", "Authorization", "Cookie"))
    return response


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
