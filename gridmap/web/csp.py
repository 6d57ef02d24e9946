"""Security headers: a strict Content-Security-Policy with a nonce for each request.

The nonce is written where a template is rendered (``csp_nonce()``), never put in by a pattern over text.
Only a configured tile base map opens ``img-src``, and only to its own hosts.
"""

from __future__ import annotations

import secrets

from flask import Flask, Response, g

from gridmap.web.tile_sources import tile_hosts

_FIXED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
}


def csp_nonce() -> str:
    """The nonce of this request, made when first asked for."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def content_security_policy(nonce: str | None, *, image_hosts: tuple[str, ...] = ()) -> str:
    """The policy as one header value; without a nonce no inline script or style runs at all."""
    inline = f" 'nonce-{nonce}'" if nonce else ""
    images = " ".join(("img-src 'self' data: blob:", *image_hosts))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self'{inline}",
            f"style-src 'self'{inline}",
            "style-src-attr 'unsafe-inline'",
            images,
            "connect-src 'self'",
            "font-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'self'",
        )
    )


def init_security_headers(app: Flask, *, tile_basemap: str, secure_cookies: bool) -> None:
    """Put the headers on every answer."""
    image_hosts = tile_hosts(tile_basemap)

    def add_headers(response: Response) -> Response:
        policy = content_security_policy(g.get("csp_nonce"), image_hosts=image_hosts)
        response.headers.setdefault("Content-Security-Policy", policy)
        for name, value in _FIXED_HEADERS.items():
            response.headers.setdefault(name, value)
        if secure_cookies:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response

    app.after_request(add_headers)
    app.add_template_global(csp_nonce)
