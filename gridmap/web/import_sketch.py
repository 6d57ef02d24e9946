"""A file's data over our own areas, as one coordinate system puts it: the thumbnails of "哪一张对?"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from flask import render_template
from sqlalchemy.orm import Session

from gridmap.domain.import_drafts import CoordinateChoice, CoordinateChoices
from gridmap.queries.import_sketches import area_paths
from gridmap.queries.sketches import Extent, Frame, frame_around, ground_paths

_WIDTH_OVER_HEIGHT = 4 / 3
_ROOM_DEG = 0.006
"""About 600 m: what GCJ-02 and BD-09 are off has to be seen in the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSketch:
    """What is drawn; points are circles, everything else one path."""

    frame: Frame
    ground: dict[str, str]
    areas: dict[str, str]
    path: str
    points: tuple[tuple[int, int], ...]
    is_in_frame: bool

    @property
    def unit(self) -> float:
        """Drawing units in one thousandth of the width."""
        return self.frame.size[0] / 1_000


def draw_system(
    session: Session,
    coordinates: CoordinateChoices,
    choice: CoordinateChoice,
    *,
    own_extent_deg: Extent | None,
    on: date,
) -> bytes:
    """The thumbnail of one system; all of a file have the same frame, so that they can be compared."""
    frame = _common_frame(coordinates, own_extent_deg)
    shapes = [shape for shape in _shapes_of(choice) if _is_drawable(shape)]
    points = tuple(
        frame.place(point.x, point.y)
        for shape in shapes
        if shape.geom_type in ("Point", "MultiPoint")
        for point in shapely.get_parts(shape)
    )
    lines = [shape for shape in shapes if shape.geom_type not in ("Point", "MultiPoint")]
    sketch = SystemSketch(
        frame=frame,
        ground=dict(ground_paths(session, frame)),
        areas=dict(area_paths(session, frame, on=on)),
        path=" ".join(_path(frame, shape) for shape in lines),
        points=points,
        is_in_frame=any(shape.intersects(shapely.box(*frame.extent_deg)) for shape in shapes),
    )
    return render_template("admin/imports/system.svg", sketch=sketch).encode()


def _shapes_of(choice: CoordinateChoice) -> list[Any]:
    return [shape for shape in shapely.from_wkb(list(choice.sample)) if shape is not None]


def _is_drawable(shape: Any) -> bool:
    """Inside web Mercator's reach; what is not would stretch to the end of the world."""
    west, south, east, north = shape.bounds
    return -180 <= west <= east <= 180 and -85 <= south <= north <= 85


def _common_frame(coordinates: CoordinateChoices, own: Extent | None) -> Frame:
    """Around the data where the likeliest system puts it on our ground, else around our ground."""
    best = next((each for each in coordinates.choices if each.inside_share), None)
    if best is None and own is not None:
        return frame_around(own, width_over_height=_WIDTH_OVER_HEIGHT)
    likeliest = best or (coordinates.choices[0] if coordinates.choices else None)
    shapes = [] if likeliest is None else [each for each in _shapes_of(likeliest) if _is_drawable(each)]
    if not shapes:
        return frame_around(own or (114.0, 30.0, 115.0, 31.0), width_over_height=_WIDTH_OVER_HEIGHT)
    west, south, east, north = (float(value) for value in shapely.total_bounds(shapes))
    around = (west - _ROOM_DEG, south - _ROOM_DEG, east + _ROOM_DEG, north + _ROOM_DEG)
    if own is not None:
        # A few rows far away must not shrink our ground to a dot.
        around = (
            max(around[0], own[0] - _ROOM_DEG),
            max(around[1], own[1] - _ROOM_DEG),
            min(around[2], own[2] + _ROOM_DEG),
            min(around[3], own[3] + _ROOM_DEG),
        )
    return frame_around(around, width_over_height=_WIDTH_OVER_HEIGHT, margin_share=0.03)


def _path(frame: Frame, shape: Any) -> str:
    parts: list[str] = []
    for part in shapely.get_parts(shape):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            steps = [frame.place(x, y) for x, y in shapely.get_coordinates(ring)]
            ending = "Z" if part.geom_type == "Polygon" else ""
            parts.append("M" + "L".join(f"{x} {y}" for x, y in steps) + ending)
    return "".join(parts)
