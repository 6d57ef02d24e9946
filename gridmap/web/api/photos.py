"""The files of photos: only for those who may see an issue that they belong to."""

from __future__ import annotations

from flask import Blueprint, Response, request, send_file

from gridmap.domain.errors import NotFound
from gridmap.domain.permissions import Action
from gridmap.queries.issue_detail import may_see_photo
from gridmap.storage.photos import photo_path
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps

blueprint = Blueprint("photos", __name__)


@blueprint.get("/photos/<sha256>.jpg")
@requires(Action.SEE_ISSUES)
def show(sha256: str) -> Response:
    """Give a photo's file. Permission is asked anew each time; only the bytes may be kept by the browser."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise NotFound(what="photo")
    with deps().sessions() as session:
        if not may_see_photo(session, current_actor(), sha256):
            raise NotFound(what="photo")
    path = photo_path(deps().photo_folder, sha256)
    if not path.is_file():
        raise NotFound(what="photo")
    answer = send_file(path.resolve(), mimetype="image/jpeg", etag=sha256, conditional=False)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer
