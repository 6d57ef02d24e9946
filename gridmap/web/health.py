"""Is the process alive, and can it serve."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from gridmap.storage.migrate import is_at_head
from gridmap.web.access import public
from gridmap.web.deps import deps

log = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """The database answers and holds exactly the tables that this release expects."""
    try:
        with deps().sessions() as session:
            at_head = is_at_head(session.connection())
    except SQLAlchemyError as error:
        log.warning("not ready: database unreachable: %s", error)
        return jsonify(status="not_ready", database="unreachable", migrations="unknown"), 503
    if not at_head:
        return jsonify(status="not_ready", database="ok", migrations="behind"), 503
    return jsonify(status="ready", database="ok", migrations="at_head"), 200
