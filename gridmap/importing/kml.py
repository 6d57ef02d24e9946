"""KML: placemarks by folder, their data as columns, heights left out.

Read by ourselves rather than by GDAL: one bad placemark costs one row, and nothing that the file links to
(overlays, network links, models) is ever opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

import numpy as np

from gridmap.domain.imports import Rejection
from gridmap.importing.encodings import decode_text
from gridmap.importing.errors import FileUnreadable, LayerAbsent
from gridmap.importing.json_shapes import shapes_of
from gridmap.importing.tables import LayerInfo, ReadLimits, SourceTable, shown

_BLOCK_CHARACTERS = 256 * 1024
_DEPTH_LIMIT = 200
_FOLDERS = frozenset({"Folder", "Document"})
_PLAIN_COLUMNS = ("name", "description", "address", "phoneNumber")
_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
# What may stand before the document: declarations and comments. A DTD would come after them.
_PROLOGUE = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(slots=True)
class _Folder:
    """The placemarks of one folder; ``path`` leaves out the document that holds everything."""

    path: list[str]
    rows: list[tuple[int, dict[str, Any], Any]] = field(default_factory=list[tuple[int, dict[str, Any], Any]])


def kml_layers(content: bytes, *, name: str, limits: ReadLimits) -> list[LayerInfo]:
    """The folders that hold placemarks.

    Raises
    ------
    FileUnreadable
        ``detail``: ``not_xml``, ``not_kml``, ``points_elsewhere`` or ``nested_too_deep``.
    EncodingUnknown, LimitPassed
    """
    return [_info(layer_name, rows) for layer_name, rows in _folders(content, name, None, limits)[0].items()]


def read_kml(
    content: bytes, *, layer_name: str, document_name: str, limits: ReadLimits, encoding: str | None
) -> SourceTable:
    """Read the placemarks of one folder.

    Raises
    ------
    LayerAbsent, FileUnreadable, EncodingUnknown, LimitPassed
    """
    folders, codec = _folders(content, document_name, encoding, limits)
    if layer_name not in folders:
        raise LayerAbsent(layers=list(folders), wanted=layer_name)
    rows = folders[layer_name]
    headers = _headers(rows)
    limits.hold("column_count", len(headers))
    numbers = [number for number, _, _ in rows]
    members = [member for _, _, member in rows]
    shapes = shapes_of(members)
    kept = [place for place in range(len(rows)) if place not in shapes.unreadable]
    return SourceTable(
        row_numbers=np.array([numbers[place] for place in kept], dtype=np.int64),
        columns={header: [rows[place][1].get(header) for place in kept] for header in headers},
        geometry=shapes.geometry[kept],
        declared_crs="EPSG:4326",
        encoding=codec,
        file_format="KML",
        layer_name=layer_name,
        rejections=[
            Rejection(numbers[place], "geometry", shown(rows[place][1].get("name")), reason_code)
            for place, reason_code in shapes.unreadable.items()
        ],
        remarks=shapes.remarks(numbers),
    )


def _info(layer_name: str, rows: list[tuple[int, dict[str, Any], Any]]) -> LayerInfo:
    kinds = {str(member["type"]) for _, _, member in rows if isinstance(member, dict)}
    singles = {kind.removeprefix("Multi") for kind in kinds}
    return LayerInfo(
        name=layer_name,
        geometry_type=kinds.pop() if len(kinds) == 1 else singles.pop() if len(singles) == 1 else "Unknown",
        row_count=len(rows),
        headers=tuple(_headers(rows)),
        stated_crs="EPSG:4326",
    )


def _headers(rows: list[tuple[int, dict[str, Any], Any]]) -> list[str]:
    headers: dict[str, None] = {}
    for _, attributes, _ in rows:
        headers.update(dict.fromkeys(attributes))
    return list(headers)


def _folders(
    content: bytes, document_name: str, encoding: str | None, limits: ReadLimits
) -> tuple[dict[str, list[tuple[int, dict[str, Any], Any]]], str]:
    """The rows by layer name: the folder's path, or the document's name for what lies in none."""
    text, codec = _text_of(content, encoding)
    layers: dict[str, list[tuple[int, dict[str, Any], Any]]] = {}
    try:
        for folder in _read(text, limits):
            if folder.rows:
                layers.setdefault("/".join(folder.path) or document_name, []).extend(folder.rows)
    except ParseError as error:
        raise FileUnreadable(detail="not_xml") from error
    # Folders are complete when they end; people expect them as they begin.
    return dict(sorted(layers.items(), key=lambda layer: layer[1][0][0])), codec


def _text_of(content: bytes, encoding: str | None) -> tuple[str, str]:
    stated = _DECLARATION.match(content[:200])
    declared = encoding or (stated.group(1).decode("ascii") if stated else None)
    text, codec = decode_text(content, declared=declared)
    prologue = _PROLOGUE.match(text)
    start = text[prologue.end() : prologue.end() + 9] if prologue else ""
    if start.upper().startswith("<!DOCTYPE"):
        # Entities can refer to files and servers, and can unfold to gigabytes; KML has no use for them.
        raise FileUnreadable(detail="points_elsewhere")
    if not start.startswith("<") or "\0" in text:
        raise FileUnreadable(detail="not_xml")
    return text, codec


def _read(text: str, limits: ReadLimits) -> Iterator[_Folder]:
    """The document's folders, complete one by one; memory holds a placemark at a time."""
    parser = XMLPullParser(["start", "end"])
    stack: list[Element] = []
    open_folders: list[_Folder] = []
    row_count = 0
    for event, element in _events(parser, text):
        tag = _local(element)
        if event == "start":
            if not stack and tag != "kml" and tag not in _FOLDERS:
                raise FileUnreadable(detail="not_kml")
            stack.append(element)
            if len(stack) > _DEPTH_LIMIT:
                raise FileUnreadable(detail="nested_too_deep")
            if tag in _FOLDERS:
                open_folders.append(_Folder(list(open_folders[-1].path) if open_folders else []))
            continue
        stack.pop()
        parent = _local(stack[-1]) if stack else ""
        if tag == "name" and parent == "Folder":
            open_folders[-1].path.append(" ".join((element.text or "").split()))
        elif tag == "Placemark":
            row_count += 1
            limits.hold("row_count", row_count)
            target = open_folders[-1] if open_folders else _Folder([])
            target.rows.append((row_count, _attributes(element), _geometry(element)))
            if not open_folders:
                yield target
            stack[-1].remove(element) if stack else element.clear()
        elif tag in _FOLDERS:
            yield open_folders.pop()
            element.clear()


def _events(parser: Any, text: str) -> Iterator[tuple[str, Element]]:
    for start in range(0, len(text), _BLOCK_CHARACTERS):
        parser.feed(text[start : start + _BLOCK_CHARACTERS])
        yield from parser.read_events()
    parser.close()
    yield from parser.read_events()


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _attributes(placemark: Element) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    if placemark.get("id"):
        attributes["id"] = placemark.get("id")
    for child in placemark:
        tag = _local(child)
        if tag in _PLAIN_COLUMNS:
            attributes[tag] = _text(child)
        elif tag == "ExtendedData":
            for data in child.iter():
                key = data.get("name")
                if key and _local(data) == "SimpleData":
                    attributes[key] = _text(data)
                elif key and _local(data) == "Data":
                    attributes[key] = next((_text(each) for each in data if _local(each) == "value"), None)
    return attributes


def _text(element: Element) -> str | None:
    return (element.text or "").strip() or None


def _geometry(element: Element) -> Any:
    """The first geometry among the children as GeoJSON; None for none, text for one that is no shape."""
    for child in element:
        try:
            found = _shape(child)
        except _NoPosition as bad:
            return str(bad)
        if found is not None:
            return found
    return None


def _shape(element: Element) -> Any:
    tag = _local(element)
    if tag == "Point":
        positions = _positions(element)
        return {"type": "Point", "coordinates": positions[0] if positions else []}
    if tag in ("LineString", "LinearRing"):
        return {"type": "LineString", "coordinates": _positions(element)}
    if tag == "Polygon":
        return {"type": "Polygon", "coordinates": [_positions(ring) for ring in _rings(element)]}
    if tag in ("MultiGeometry", "MultiTrack"):
        return _joined([shape for shape in map(_shape, element) if isinstance(shape, dict)])
    if tag == "Track":
        return {"type": "LineString", "coordinates": _track(element)}
    return "Model" if tag == "Model" else None


def _rings(polygon: Element) -> Iterator[Element]:
    """The outer ring first, as GeoJSON has it, wherever it stands."""
    for wanted in ("outerBoundaryIs", "innerBoundaryIs"):
        for boundary in polygon:
            if _local(boundary) == wanted:
                yield from (ring for ring in boundary if _local(ring) == "LinearRing")


def _joined(shapes: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {str(shape["type"]) for shape in shapes}
    if len(kinds) == 1 and kinds <= {"Point", "LineString", "Polygon"}:
        return {"type": f"Multi{kinds.pop()}", "coordinates": [shape["coordinates"] for shape in shapes]}
    return {"type": "GeometryCollection", "geometries": shapes}


def _positions(element: Element) -> list[list[float]]:
    """Longitude and latitude of each tuple of the ``coordinates``; heights are of no use here."""
    text = next((child.text or "" for child in element if _local(child) == "coordinates"), "")
    # People put blanks behind the commas too.
    return [_position(each.split(",")) for each in re.sub(r"\s*,\s*", ",", text).split()]


def _track(element: Element) -> list[list[float]]:
    return [_position((child.text or "").split()) for child in element if _local(child) == "coord"]


class _NoPosition(Exception):
    """The text that should have been longitude and latitude."""


def _position(parts: list[str]) -> list[float]:
    if len(parts) < 2 or not all(_NUMBER.fullmatch(part) for part in parts[:2]):
        raise _NoPosition(",".join(parts))
    return [float(part) for part in parts[:2]]
