"""Tiles and layers kept in memory, compressed once, each under the version of its data.

The address of a layer carries the version (``?v=``). What is kept was made from exactly that version, so a
hit needs no database at all and may be kept by the browser for ever; without a version, or with an old one,
the answer is revalidated by its ETag.
"""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from flask import Flask, Response, current_app, request
from sqlalchemy.orm import Session

from gridmap.queries.overview import load_overview
from gridmap.web.deps import deps

_EXTENSION = "gridmap.layer_cache"
_LARGEST_BYTES = 64_000_000
_IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(slots=True)
class LayerCache:
    """The most recently used answers, up to a number of bytes in all; safe for several threads."""

    largest_bytes: int = _LARGEST_BYTES
    _kept: OrderedDict[tuple[str, str], bytes] = field(default_factory=OrderedDict[tuple[str, str], bytes])
    _byte_count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str, version: str) -> bytes | None:
        """The compressed body, when it is kept."""
        with self._lock:
            body = self._kept.get((name, version))
            if body is not None:
                self._kept.move_to_end((name, version))
            return body

    def put(self, name: str, version: str, body: bytes) -> None:
        """Keep a compressed body, letting go of the ones that were not used for longest."""
        with self._lock:
            before = self._kept.pop((name, version), b"")
            self._kept[(name, version)] = body
            self._byte_count += len(body) - len(before)
            while self._byte_count > self.largest_bytes and self._kept:
                _, dropped = self._kept.popitem(last=False)
                self._byte_count -= len(dropped)


def init_layer_cache(app: Flask) -> None:
    """Give the application its own cache."""
    app.extensions[_EXTENSION] = LayerCache()


def answer_layer(
    name: str,
    *,
    layers: tuple[str, ...],
    today: date,
    mimetype: str,
    make: Callable[[Session], bytes],
    edition: str = "",
) -> Response:
    """Answer with a layer from memory, or make it in one transaction together with its version.

    The version is that of the day ``today``: it changes when a version of an area begins or ends, also one
    that was written long before. ``edition`` is appended to it, for what else changes without a write.
    """
    cache: LayerCache = current_app.extensions[_EXTENSION]
    asked = request.args.get("v", "")
    body = cache.get(name, asked) if asked else None
    version = asked
    if body is None:
        with deps().sessions() as session:
            version = load_overview(session, today=today).version(*layers) + edition
            body = cache.get(name, version)
            if body is None:
                body = gzip.compress(make(session), 6, mtime=0)
                cache.put(name, version, body)
    return _answer(body, version=version, mimetype=mimetype, is_asked_version=version == asked)


def _answer(body: bytes, *, version: str, mimetype: str, is_asked_version: bool) -> Response:
    takes_gzip = "gzip" in request.accept_encodings
    response = Response(body if takes_gzip else gzip.decompress(body), mimetype=mimetype)
    if takes_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _IMMUTABLE if is_asked_version else "public, no-cache"
    response.set_etag(version, weak=True)
    response.make_conditional(request)
    return response
