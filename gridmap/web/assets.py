"""Our own static files: addresses that carry a hash of the content, kept for ever by browsers, gzipped once.

Libraries of others are copied to ``static/vendor`` by ``tools/front_end.py``, which also writes the list
that maps a short name ("leaflet.js") to the copied file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, request, url_for
from markupsafe import Markup
from werkzeug.security import safe_join

from gridmap.domain.errors import DomainError, NotFound
from gridmap.web.access import public

STATIC_FOLDER = Path(__file__).resolve().parent / "static"
VENDOR_LIST = STATIC_FOLDER / "vendor" / "files.json"
_IMMUTABLE = "public, max-age=31536000, immutable"
_HASH_LENGTH = 10
# Comments of our own modules stay at home (a third of their weight); the lines stay, so numbers are right.
_COMMENT = re.compile(rb"^[ \t]*(?://.*|/\*(?:(?!\*/)[\s\S])*\*/)[ \t]*$", re.MULTILINE)
_COMPRESSIBLE = (
    "text/",
    "application/json",
    "application/javascript",
    "image/svg+xml",
    "application/manifest",
)


class FrontEndMissing(DomainError):
    """The libraries and symbols of the front end were not built; ``command`` builds them."""

    code = "front_end.missing"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    body: bytes
    body_gzip: bytes | None
    content_hash: str
    mimetype: str


_kept: dict[Path, tuple[int, Asset]] = {}


def asset(filename: str) -> Asset:
    """Read a static file, or take it from memory when it has not changed since.

    Raises
    ------
    NotFound
        No such file under ``static/``.
    """
    joined = safe_join(str(STATIC_FOLDER), filename)
    path = Path(joined) if joined else None
    if path is None or not path.is_file():
        raise NotFound(what=filename)
    changed_ns = path.stat().st_mtime_ns
    known = _kept.get(path)
    if known is None or known[0] != changed_ns:
        known = (changed_ns, _read(path))
        _kept[path] = known
    return known[1]


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    if path.suffix == ".js" and VENDOR_LIST.parent not in path.parents:
        body = _COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n"), body)
    mimetype = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    mimetype = mimetype or "application/octet-stream"
    squeezed = gzip.compress(body, 9, mtime=0) if mimetype.startswith(_COMPRESSIBLE) else None
    return Asset(
        body=body,
        body_gzip=squeezed if squeezed is not None and len(squeezed) < len(body) else None,
        content_hash=hashlib.sha256(body).hexdigest()[:_HASH_LENGTH],
        mimetype=mimetype,
    )


def static_url(filename: str) -> str:
    """The address of a static file; the hash of its content is added by :func:`_add_content_hash`."""
    return url_for("static", filename=filename)


@cache
def _vendor_files(_changed_ns: int) -> Mapping[str, Any]:
    return cast("dict[str, Any]", json.loads(VENDOR_LIST.read_text(encoding="utf-8")))


def _vendor_list() -> Mapping[str, Any]:
    try:
        return _vendor_files(VENDOR_LIST.stat().st_mtime_ns)
    except OSError as error:
        raise FrontEndMissing(command="python tools/front_end.py") from error


def vendor_url(name: str) -> str:
    """The address of a library file by its short name, for example ``leaflet.css``."""
    return static_url(_vendor_list()["files"][name])


def sprite_url() -> str:
    """The address of the SVG sprite; ``#name`` behind it names a symbol."""
    return vendor_url("sprite.svg")


def icon(name: str, css_class: str = "") -> Markup:
    """A symbol of the sprite: decoration only; the words beside it, or an aria-label, say what it means."""
    drawn = name if name in icon_names() else "map-pin"
    return Markup(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>'
    ).format(css_class, sprite_url(), drawn)


def icon_names() -> frozenset[str]:
    """The symbols that the sprite holds."""
    return frozenset(_vendor_list()["icons"])


def import_map() -> dict[str, dict[str, str]]:
    """An import map that gives our own modules their versioned addresses.

    Modules import one another by relative path; the browser resolves that to a plain address, which this
    map then exchanges for the one with the hash.
    """
    modules = sorted(STATIC_FOLDER.glob("js/**/*.js"))
    names = [module.relative_to(STATIC_FOLDER).as_posix() for module in modules]
    return {"imports": {f"/static/{name}": static_url(name) for name in names}}


@public
def static_file(filename: str) -> Response:
    """A static file; for ever when asked by its hash, revalidated otherwise."""
    found = asset(filename)
    takes_gzip = found.body_gzip is not None and "gzip" in request.accept_encodings
    response = Response(found.body_gzip if takes_gzip else found.body, mimetype=found.mimetype)
    if takes_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = (
        _IMMUTABLE if request.args.get("v") == found.content_hash else "no-cache"
    )
    response.set_etag(found.content_hash)
    response.make_conditional(request)
    return response


def _add_content_hash(endpoint: str, values: dict[str, Any]) -> None:
    """Complete every ``url_for("static", filename=…)``."""
    if endpoint == "static" and "v" not in values:
        values["v"] = asset(values["filename"]).content_hash


def init_assets(app: Flask) -> None:
    """Register the route and the template functions."""
    app.add_url_rule("/static/<path:filename>", "static", static_file)
    app.url_defaults(_add_content_hash)
    app.add_template_global(static_url)
    app.add_template_global(vendor_url)
    app.add_template_global(sprite_url)
    app.add_template_global(import_map)
    app.add_template_global(icon)
