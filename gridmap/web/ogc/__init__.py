"""OGC API - Features under ``/ogc``: the same collections for GIS software that exports write to files.

Everybody may call it; what a caller sees is decided by the collection and by the areas of the account behind
a session or a bearer token. What one may not see is answered like what is not there.
"""

from __future__ import annotations

from flask import Blueprint, request

from gridmap.web.access import current_actor
from gridmap.web.ogc import views

blueprint = Blueprint("ogc", __name__, url_prefix="/ogc")
blueprint.register_blueprint(views.blueprint)


@blueprint.before_request
def _refuse_bad_tokens() -> None:
    """Hear out a token where visitors are welcome too: who sends a bad one should not get less unawares."""
    if request.authorization is not None:
        current_actor()
