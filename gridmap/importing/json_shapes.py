"""Geometries from GeoJSON's objects, wherever they stand: one by one, so that a bad one costs one row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridmap.domain.imports import Rejection, Remark
from gridmap.importing.tables import GeometryArray, shown

GEOMETRY_TYPES = frozenset(
    {
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)
_SHORTEST_RING = 4


@dataclass(frozen=True, slots=True)
class JsonShapes:
    """What became of the objects.

    ``geometry`` shape (n,): None where there was none or it could not be read; ``unreadable``: place to
    reason code; ``closed``: places of those whose rings were closed.
    """

    geometry: GeometryArray
    unreadable: dict[int, str]
    closed: list[int]

    def rejections(self, row_numbers: Sequence[int], members: Sequence[object]) -> list[Rejection]:
        """The rows that have to be left out, as the report lists them."""
        return [
            Rejection(row_numbers[place], "geometry", shown(members[place]), reason_code)
            for place, reason_code in self.unreadable.items()
        ]

    def remarks(self, row_numbers: Sequence[int]) -> list[Remark]:
        """The rows that were mended, likewise."""
        return [Remark(row_numbers[place], "geometry", "", "ring_closed") for place in self.closed]


def shapes_of(members: Sequence[Any]) -> JsonShapes:
    """Read GeoJSON geometry objects; a ring that was not closed is, because GEOS knows no other.

    Reasons of unreadable ones: ``ring_too_short`` (fewer than four positions once closed) and
    ``geometry_unreadable``.
    """
    texts = np.empty(len(members), dtype=object)
    texts[:] = [_as_text(member) for member in members]
    geometry = np.empty(len(members), dtype=object)
    if len(members):
        geometry[:] = shapely.from_geojson(texts, on_invalid="ignore")
    unreadable: dict[int, str] = {}
    closed: list[int] = []
    for index in np.flatnonzero(shapely.is_missing(geometry)):
        place = int(index)
        if members[place] is None:
            continue
        mended = _with_closed_rings(members[place])
        if isinstance(mended, str):
            unreadable[place] = mended
        else:
            geometry[place] = mended
            closed.append(place)
    return JsonShapes(geometry, unreadable, closed)


def _as_text(member: object) -> str | None:
    kind = member.get("type") if isinstance(member, dict) else None
    if not isinstance(kind, str) or kind not in GEOMETRY_TYPES:
        return None
    try:
        # NaN and Infinity are no JSON: GEOS refuses them, and so the row is refused.
        return json.dumps(member)
    except (RecursionError, ValueError):
        return None


def _with_closed_rings(member: object) -> shapely.Geometry | str:
    """The polygon with each ring's first position repeated at its end; a reason if that does not mend it."""
    if not isinstance(member, dict) or member.get("type") not in ("Polygon", "MultiPolygon"):
        return "geometry_unreadable"
    try:
        coordinates = member["coordinates"]
        polygons = [coordinates] if member["type"] == "Polygon" else coordinates
        mended = [[_closed(ring) for ring in polygon] for polygon in polygons]
        if any(len(ring) < _SHORTEST_RING for polygon in mended for ring in polygon):
            return "ring_too_short"
        shape = mended[0] if member["type"] == "Polygon" else mended
        text = json.dumps({"type": member["type"], "coordinates": shape})
    except (KeyError, IndexError, TypeError, ValueError, RecursionError):
        return "geometry_unreadable"
    found: shapely.Geometry | None = shapely.from_geojson(text, on_invalid="ignore")  # typed without the None
    return found or "geometry_unreadable"


def _closed(ring: list[Any]) -> list[Any]:
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]
