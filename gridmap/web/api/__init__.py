"""The JSON API for programs and for our own pages: ``/api/v1``, and the photos of issues."""

from __future__ import annotations

from flask import Blueprint, Flask, request

from gridmap.web.access import add_actor_source, current_actor
from gridmap.web.api import issues, notifications, openapi, photos, places
from gridmap.web.api.bearer import actor_of_bearer_token

blueprint = Blueprint("api", __name__)
for _part in (issues, notifications, places, photos, openapi):
    blueprint.register_blueprint(_part.blueprint)


def init_app(app: Flask) -> None:
    """Let bearer tokens speak for accounts."""
    add_actor_source(app, actor_of_bearer_token)


@blueprint.before_request
def _refuse_bad_tokens() -> None:
    """Hear out a token where visitors are welcome too: who sends a bad one should not get less unawares."""
    if request.authorization is not None:
        current_actor()
