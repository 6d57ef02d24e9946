"""CSV and XLSX, for people with a spreadsheet and programs without a GIS.

A spreadsheet must not run what somebody typed into a description: texts that begin like a formula get an
apostrophe in CSV, and in XLSX every text is stored as a text and marked as such.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import shapely
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from gridmap.domain.exports import ExportNotes
from gridmap.domain.features import CellValue, FeatureTable, Shape
from gridmap.exporting.cells import harmless, plain_text, writable
from gridmap.exporting.target_crs import TargetCrs, geometry_in

Scalar = str | int | float | bool | None
_SHEET_NAME_LENGTH = 31
_CELL_LENGTH = 32_767


def write_csv(table: FeatureTable, path: Path, *, target: TargetCrs, notes: ExportNotes) -> None:
    """Write UTF-8 with a byte order mark, which Excel needs; points as two columns, other shapes as WKT."""
    geometry = geometry_in(table.geometry, target)
    if table.collection.shape is Shape.POINT:
        place_headers = _point_headers(target)
        places = [[repr(number) for number in point] for point in _points(geometry)]
    else:
        place_headers = ("wkt",)
        places = [[wkt] for wkt in shapely.to_wkt(geometry, rounding_precision=-1)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_headers(table, notes), *place_headers])
        for row, place in zip(table.rows, places, strict=True):
            writer.writerow([*(_csv_cell(cell) for cell in row), *place])


def write_xlsx(table: FeatureTable, path: Path, *, target: TargetCrs, notes: ExportNotes) -> None:
    """Write a workbook: the rows, and a sheet that says what they are.

    A cell holds too little for the outline of an area, so that lines and areas are given by a point on them.
    """
    geometry = geometry_in(table.geometry, target)
    is_point = table.collection.shape is Shape.POINT
    points = _points(geometry if is_point else np.asarray(shapely.point_on_surface(geometry), dtype=object))
    x_header, y_header = _point_headers(target)
    place_headers = (x_header, y_header) if is_point else (f"point_{x_header}", f"point_{y_header}")
    about = [
        ("layer", notes.title),
        ("coordinates", target.name),
        ("source", notes.source),
        ("map_approval_no", notes.map_approval_no or "—"),
        ("data_date", notes.data_date),
    ]
    write_workbook(
        path,
        title=notes.title,
        headers=[*_headers(table, notes), *place_headers],
        rows=(
            [*(_xlsx_cell(cell) for cell in row), *point]
            for row, point in zip(table.rows, points, strict=True)
        ),
        about=about,
    )


def write_workbook(
    path: Path,
    *,
    title: str,
    headers: Sequence[str],
    rows: Iterable[Sequence[Scalar]],
    about: Sequence[tuple[str, str]] = (),
) -> None:
    """Write rows under headers that stay in view; every text stays a text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(title))
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, header, is_bold=True) for header in headers])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    if about:
        notes_sheet = book.create_sheet("about")
        for line in about:
            notes_sheet.append([_cell(notes_sheet, value) for value in line])
    book.save(path)


def _cell(sheet: WriteOnlyWorksheet, value: Scalar, *, is_bold: bool = False) -> object:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=None)
    cell.value = writable(value)[:_CELL_LENGTH]
    # openpyxl takes "=…" for a formula; said to be a text, it stays one, also after somebody edits it.
    cell.data_type = "s"
    cell.quotePrefix = value.startswith("=")
    if is_bold:
        cell.font = Font(bold=True)
    return cell


def _sheet_name(title: str) -> str:
    plain = "".join(char for char in writable(title) if char not in r"\/*?:[]'")
    return plain[:_SHEET_NAME_LENGTH] or "data"


def _headers(table: FeatureTable, notes: ExportNotes) -> list[str]:
    return [notes.headers.get(each.name, each.name) for each in table.collection.fields]


def _point_headers(target: TargetCrs) -> tuple[str, str]:
    return ("x", "y") if target.is_projected else ("lon", "lat")


def _points(geometry: np.ndarray[tuple[int], np.dtype[np.object_]]) -> list[list[float]]:
    points: list[list[float]] = shapely.get_coordinates(geometry).tolist()
    return points


def _csv_cell(cell: CellValue) -> str:
    text = plain_text(cell)
    return text if isinstance(cell, int | float) else harmless(text)


def _xlsx_cell(cell: CellValue) -> Scalar:
    return cell if isinstance(cell, int | float | bool | None) else plain_text(cell)
