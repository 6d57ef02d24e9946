"""gzip for pages and JSON; gunicorn does none, and a phone on a slow net feels every kilobyte.

Static files and map layers come compressed from their own caches and are left alone here.
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

_TYPES = (
    "text/html",
    "application/json",
    "application/problem+json",
    "application/geo+json",
    "text/csv",
    "image/svg+xml",
)
_SMALLEST_BYTES = 800


def init_compression(app: Flask) -> None:
    """Compress text answers on their way out."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress an answer that is text, long enough and not compressed yet."""
    if (
        response.mimetype not in _TYPES
        or response.direct_passthrough
        or response.is_streamed
        or "Content-Encoding" in response.headers
        or response.status_code in (204, 304)
    ):
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) < _SMALLEST_BYTES or "gzip" not in request.accept_encodings:
        return response
    response.set_data(gzip.compress(body, 5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, is_weak = response.get_etag()
    if etag and not is_weak:
        response.set_etag(etag, weak=True)
    return response
