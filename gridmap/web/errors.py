"""Errors as answers: one table from error class to status, one place that turns codes into sentences.

Programs (paths under ``/api``, ``/layers``, ``/ogc``, ``/tiles``, or a caller that prefers JSON) get
problem+json (RFC 9457) with a request id; people get a page that says what happened, what is safe and what
comes next. What nobody foresaw becomes a plain 500 whose request id leads to the log; its text never leaves
the server.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, jsonify, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from gridmap.domain.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound, NotSignedIn
from gridmap.web.i18n import known_message, sentence
from gridmap.web.uploads import UploadTooLarge

log = logging.getLogger(__name__)

STATUS_OF: Mapping[type[DomainError], int] = {
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    InvalidInput: 400,
    UploadTooLarge: 413,
    DomainError: 400,
}
"""The nearest class in the error's own ancestry counts."""

_PROGRAM_PATHS = ("/api/", "/layers/", "/ogc", "/tiles/")
_HTTP_CODES = {
    400: "http.bad_request",
    404: "error.not_found",
    405: "http.method_not_allowed",
    413: "http.too_large",
    415: "http.unsupported_type",
    429: "http.too_many",
}


def status_of(error: DomainError) -> int:
    """The HTTP status of an error."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def request_id() -> str:
    """A short random name of this request, the same in the answer and in the log."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def wants_problem_json() -> bool:
    """Whether the caller is a program."""
    if request.path.startswith(_PROGRAM_PATHS):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best is not None and best != "text/html"


def translate_error(error: DomainError) -> str:
    """What happened, in the reader's language."""
    params = {name: str(value) for name, value in error.params.items()}
    if isinstance(error, InvalidInput):
        params["field"] = known_message(f"field.{error.field}") or error.field
        reason = known_message(f"reason.{error.reason}", params)
        if reason is not None:
            return reason
    return sentence(error.code, params)


def answer_problem(code: str, *, status: int, detail: str, extra: Mapping[str, object]) -> Response:
    """A problem+json answer."""
    body = {
        "type": "about:blank",
        "title": detail,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id(),
        **extra,
    }
    answer = jsonify(body)
    answer.status_code = status
    answer.content_type = "application/problem+json"
    return answer


def answer_error(
    code: str, *, status: int, detail: str, extra: Mapping[str, object] | None = None
) -> Response:
    """The answer for an error, as the caller can read it."""
    if wants_problem_json():
        return answer_problem(code, status=status, detail=detail, extra=extra or {})
    page = render_template(
        "errors/error.html",
        status=status,
        detail=detail,
        next_step=known_message(f"{code}.next"),
        request_id=request_id(),
    )
    return current_app.make_response((page, status))


def init_errors(app: Flask) -> None:
    """Register the handlers and the request id header."""

    def name_request(response: Response) -> Response:
        response.headers["X-Request-Id"] = request_id()
        return response

    app.after_request(name_request)
    app.register_error_handler(DomainError, _on_domain_error)
    app.register_error_handler(CSRFError, _on_csrf_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(OperationalError, _on_database_error)
    app.register_error_handler(Exception, _on_unknown_error)


def _on_domain_error(error: DomainError) -> BaseResponse:
    status = status_of(error)
    if isinstance(error, NotSignedIn) and request.method == "GET" and not wants_problem_json():
        return redirect("/sign-in?" + urlencode({"next": request.full_path.rstrip("?")}))
    extra = {
        name: value if isinstance(value, int | float | str | bool | None) else str(value)
        for name, value in error.params.items()
        if name not in ("status", "detail", "type", "title", "code")
    }
    answer = answer_error(error.code, status=status, detail=translate_error(error), extra=extra)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _on_csrf_error(_: CSRFError) -> BaseResponse:
    return answer_error("error.csrf", status=400, detail=sentence("error.csrf"))


def _on_http_error(error: HTTPException) -> BaseResponse:
    status = error.code or 500
    if error.response is not None or 300 <= status < 400:
        return current_app.make_response(error.get_response())  # pyright: ignore[reportArgumentType]
    code = _HTTP_CODES.get(status, "http.bad_request" if status < 500 else "error.unknown")
    answer = answer_error(code, status=status, detail=sentence(code))
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            answer.headers[name] = value
    return answer


def _on_database_error(error: OperationalError) -> BaseResponse:
    log.error("request %s: database unreachable or out of time: %s", request_id(), error)
    answer = answer_error("error.database_away", status=503, detail=sentence("error.database_away"))
    answer.headers["Retry-After"] = "15"
    return answer


def _on_unknown_error(error: Exception) -> BaseResponse:
    log.error("request %s %s %s failed", request_id(), request.method, request.path, exc_info=error)
    if current_app.testing and current_app.config.get("PROPAGATE_UNKNOWN_ERRORS"):
        raise error
    return answer_error("error.unknown", status=500, detail=sentence("error.unknown"))
