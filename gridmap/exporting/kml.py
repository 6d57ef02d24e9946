"""KML 2.2, for globes and navigation programs: WGS-84 only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import shapely
from shapely import LinearRing, LineString, Point, Polygon

from gridmap.domain.exports import ExportNotes, FormatNeedsWgs84
from gridmap.domain.features import FeatureTable
from gridmap.exporting.cells import plain_text, writable
from gridmap.exporting.target_crs import TargetCrs, geometry_in

_LABELS = ("name", "number", "address", "code")
"""The first of these fields that a collection has is the name that a globe writes beside its features."""


def write_kml(table: FeatureTable, path: Path, *, target: TargetCrs, notes: ExportNotes) -> None:
    """Write one placemark a feature, its fields as extended data.

    Raises
    ------
    FormatNeedsWgs84
        Another system was asked for: a globe would show the features in the wrong place.
    """
    if not target.is_wgs84:
        raise FormatNeedsWgs84(format="KML", crs=target.name)
    names = [each.name for each in table.collection.fields]
    label_column = next(names.index(name) for name in _LABELS if name in names)
    about = " · ".join(part for part in (notes.source, notes.map_approval_no, notes.data_date) if part)
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">')
        file.write(f"<Document><name>{_text(notes.title)}</name><description>{_text(about)}</description>\n")
        for row, shape in zip(table.rows, geometry_in(table.geometry, target), strict=True):
            label = _text(plain_text(row[label_column]))
            file.write(f"<Placemark>{label and f'<name>{label}</name>'}<ExtendedData>")
            for name, cell in zip(names, row, strict=True):
                if cell is not None:
                    value = _text(plain_text(cell))
                    file.write(f"<Data name={quoteattr(name)}><value>{value}</value></Data>")
            file.write("</ExtendedData>" + "".join(_geometry(shape)) + "</Placemark>\n")
        file.write("</Document></kml>\n")


def _text(value: str) -> str:
    return escape(writable(value))


def _geometry(shape: shapely.Geometry) -> Iterator[str]:
    if isinstance(shape, Point):
        yield f"<Point>{_coordinates(shape)}</Point>"
    elif isinstance(shape, LineString):
        yield f"<LineString>{_coordinates(shape)}</LineString>"
    elif isinstance(shape, Polygon):
        yield f"<Polygon><outerBoundaryIs>{_ring(shape.exterior)}</outerBoundaryIs>"
        for hole in shape.interiors:
            yield f"<innerBoundaryIs>{_ring(hole)}</innerBoundaryIs>"
        yield "</Polygon>"
    else:
        yield "<MultiGeometry>"
        for part in shapely.get_parts(shape):
            yield from _geometry(part)
        yield "</MultiGeometry>"


def _ring(ring: LinearRing) -> str:
    return f"<LinearRing>{_coordinates(ring)}</LinearRing>"


def _coordinates(shape: shapely.Geometry) -> str:
    pairs = " ".join(f"{x!r},{y!r}" for x, y in shapely.get_coordinates(shape).tolist())
    return f"<coordinates>{pairs}</coordinates>"
