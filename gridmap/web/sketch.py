"""The small drawing of a route or an area as an SVG image: for paper, lists and pages without scripts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import render_template

from gridmap.queries.sketches import Frame

SKETCH_MIMETYPE = "image/svg+xml"

_WIDTH_ON_PAPER = 1000
"""Symbols are drawn for this width, whatever the ground that the frame covers."""

_SCALE_BAR_SHARE = 0.22


@dataclass(frozen=True, slots=True)
class Mark:
    """Words at a point, in the frame's units."""

    x: int
    y: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What is drawn: ground, shapes over it, and marks over both."""

    frame: Frame
    ground: Mapping[str, str]
    outline: str = ""
    parts: Sequence[str] = ()
    labels: Sequence[Mark] = ()
    route: Sequence[Mark] = ()
    """Numbered stops in order, joined by a line."""

    @property
    def unit(self) -> float:
        """Drawing units in one thousandth of the width."""
        return self.frame.size[0] / _WIDTH_ON_PAPER

    @property
    def scale_bar_m(self) -> int:
        """A round length in metres that is at most a fifth or so of the width."""
        longest = self.frame.size[0] * self.frame.metres_per_unit * _SCALE_BAR_SHARE
        power = 10 ** math.floor(math.log10(longest))
        return int(max(step * power for step in (1, 2, 5) if step * power <= longest))

    @property
    def scale_bar_units(self) -> float:
        """That length in drawing units."""
        return self.scale_bar_m / self.frame.metres_per_unit


def render_sketch(sketch: Sketch) -> bytes:
    """Draw it."""
    return render_template("public/sketch.svg", sketch=sketch).encode()
