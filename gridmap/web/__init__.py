"""The web layer: pages for people, an API for programs; reads through queries, writes through use cases."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from flask import Blueprint, Flask, request
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from gridmap.web import assets, compression, csp, errors, health, i18n, shell, uploads
from gridmap.web.access import enforce_access
from gridmap.web.deps import Deps, WebConfig, attach_deps

_UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def create_app(given: Deps) -> Flask:
    """Build the WSGI application from its dependencies; nothing here reads the environment."""
    config = given.config
    app = Flask(__name__, static_folder=None, template_folder=str(_templates_folder(config)))
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=config.session_idle_minutes),
        # One photo and its form fields; imports have a route and a limit of their own.
        MAX_CONTENT_LENGTH=config.photo_max_bytes + 1_000_000,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
    attach_deps(app, given)
    # Flask runs after_request functions in reverse order: compression is registered first and works last.
    compression.init_compression(app)
    csp.init_security_headers(app, tile_basemap=config.tile_basemap, secure_cookies=config.secure_cookies)
    errors.init_errors(app)
    i18n.init_i18n(app)
    app.before_request(enforce_access)
    uploads.init_uploads(app)
    _protect_against_forgery(app)
    assets.init_assets(app)
    shell.init_shell(app)
    app.register_blueprint(health.blueprint)
    for module in _feature_modules():
        _register(app, module)
    return app


def _templates_folder(config: WebConfig) -> Path:
    """Beside the package in a checkout; inside ``gridmap/web`` in a wheel."""
    if config.templates_folder is not None:
        return config.templates_folder
    inside = Path(__file__).resolve().parent / "templates"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "templates"


def _protect_against_forgery(app: Flask) -> None:
    """Demand the token on every change made with a cookie; a bearer token cannot be sent by another site."""
    protection = CSRFProtect(app)

    def check_token() -> None:
        bearer = request.authorization is not None and request.authorization.type == "bearer"
        if request.method in _UNSAFE_METHODS and not bearer:
            protection.protect()

    app.before_request(check_token)


def _feature_modules() -> Iterator[ModuleType]:
    """The modules that bring routes: ``layers``, ``auth``, every page, and the packages of the APIs."""
    package = importlib.import_module("gridmap.web")
    present = {module.name for module in pkgutil.iter_modules(package.__path__)}
    # The API first: a bearer token, good or bad, goes before a cookie.
    for name in ("api", "auth", "layers", "ogc"):
        if name in present:
            yield importlib.import_module(f"gridmap.web.{name}")
    pages = importlib.import_module("gridmap.web.pages")
    for page in sorted(module.name for module in pkgutil.iter_modules(pages.__path__)):
        yield importlib.import_module(f"gridmap.web.pages.{page}")


def _register(app: Flask, module: ModuleType) -> None:
    """Let a module set itself up (``init_app``) and add its ``blueprint``."""
    if set_up := getattr(module, "init_app", None):
        set_up(app)
    blueprint = getattr(module, "blueprint", None)
    if isinstance(blueprint, Blueprint):
        app.register_blueprint(blueprint)
