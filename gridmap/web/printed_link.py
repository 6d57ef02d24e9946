"""A page's own address for paper: the short link in words and as a QR code."""

from __future__ import annotations

from dataclasses import dataclass

import segno
from markupsafe import Markup

from gridmap.web.place_view import public_url


@dataclass(frozen=True, slots=True)
class PrintedLink:
    """The address that paper carries, and its QR code as an inline SVG that scales with its box."""

    url: str
    qr: Markup


def printed_link(path: str) -> PrintedLink:
    """Make the link of a path, as other people can open it."""
    url = public_url(path)
    # Level M survives a crease or a stain; black on white is what greyscale printers and old phones read.
    drawn = segno.make(url, error="m", micro=False).svg_inline(
        omitsize=True, border=2, dark="#000", light="#fff", svgclass="qr-code"
    )
    drawn = drawn.replace("<svg ", '<svg aria-hidden="true" ', 1)
    return PrintedLink(url=url, qr=Markup(drawn))  # noqa: S704 - segno draws squares, no text
