"""GeoJSON: the standard's own WGS-84, or another system that the file then names."""

from __future__ import annotations

import json
from pathlib import Path

import shapely

from gridmap.domain.exports import ExportNotes
from gridmap.domain.features import CellValue, FeatureTable
from gridmap.exporting.cells import plain_text
from gridmap.exporting.target_crs import TargetCrs, geometry_in


def write_geojson(table: FeatureTable, path: Path, *, target: TargetCrs, notes: ExportNotes) -> None:
    """Write a FeatureCollection, one feature a line.

    RFC 7946 knows WGS-84 only. A file in another system carries the ``crs`` member of the standard before
    it, which GIS software still reads; for GCJ-02 and BD-09, which have no number, it holds their names.
    """
    names = [each.name for each in table.collection.fields]
    about: dict[str, object] = {"type": "FeatureCollection", "name": table.collection.id}
    if not target.is_wgs84:
        name = target.name if target.srid is None else f"urn:ogc:def:crs:EPSG::{target.srid}"
        about["crs"] = {"type": "name", "properties": {"name": name}}
    about |= {
        "title": notes.title,
        "source": notes.source,
        "map_approval_no": notes.map_approval_no or None,
        "data_date": notes.data_date,
    }
    geometry = shapely.to_geojson(geometry_in(table.geometry, target))
    with path.open("w", encoding="utf-8") as file:
        file.write(_json(about)[:-1] + ',"features":[')
        for index, row in enumerate(table.rows):
            properties = _json({name: _value(cell) for name, cell in zip(names, row, strict=True)})
            file.write("," if index else "")
            file.write(f'\n{{"type":"Feature","properties":{properties},"geometry":{geometry[index]}}}')
        file.write("\n]}\n")


def _value(cell: CellValue) -> object:
    return cell if isinstance(cell, str | bool | int | float | None) else plain_text(cell)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
