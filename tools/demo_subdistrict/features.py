"""Features as they go to the files: a geometry in degrees and its properties."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

Value = str | int | float | bool | None | list[str]


@dataclass(frozen=True, slots=True)
class Feature:
    """One line of a GeoJSON file; ``geometry`` is rounded already."""

    geometry: BaseGeometry
    properties: dict[str, Value]


def write_collection(path: Path, features: list[Feature]) -> None:
    """Write a FeatureCollection, one feature a line, so that a change shows as the lines that changed."""
    lines = []
    for feature in features:
        geometry = json.loads(shapely.to_geojson(feature.geometry))
        record = {"type": "Feature", "properties": feature.properties, "geometry": geometry}
        lines.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
    body = ",\n".join(lines)
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n', encoding="utf-8")


def write_list(path: Path, records: list[dict[str, object]]) -> None:
    """Write a JSON array, one record a line."""
    body = ",\n".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    path.write_text(f"[\n{body}\n]\n", encoding="utf-8")


def write_object(path: Path, record: dict[str, object]) -> None:
    """Write one JSON object to be read by people too."""
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
