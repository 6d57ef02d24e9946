"""Tables handed to people: an empty form for a layer, and the rows of their own file that need mending.

Both can be filled in and imported: headers are those that ``columns`` recognises.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from gridmap.domain.area_codes import AreaLevel
from gridmap.importing.checks import Shape
from gridmap.importing.columns import FieldSpec, Layer, fields_of
from gridmap.importing.tables import SourceTable

ROW_HEADER = "行号"
REASON_HEADER = "原因"
HINT_HEADER = "怎么改"
PLACE_HEADER = "WKT"

_CHINESE = re.compile(r"[㐀-鿿]")
_CELL_LENGTH = 32_767
"""What a cell of a spreadsheet takes."""

_WIDTHS = (8, 42)
_EXAMPLES: Mapping[str, str] = {
    "name": "示例名称",
    "name_en": "Example",
    "category": "SP01",
    "status": "已建",
    "address": "示例路 1 号",
    "address_text": "示例路 1 号",
    "opening_hours": "08:30-18:00",
    "office_hours": "08:30-18:00",
    "office_phone": "027-00000000",
    "household_count": "210",
    "resident_count": "560",
    "capacity": "20",
    "area_m2": "85",
    "visibility": "公开",
    "surveyed_on": "2026-11-01",
    "kind": "",
    "width_m": "7",
    "is_walkable": "是",
    "external_id": "2026-0001",
    "description": "示例描述",
    "captured_at": "2026-11-01 09:12",
    "state": "待派单",
}
_PLACES: Mapping[Shape, tuple[tuple[str, str], ...]] = {
    Shape.POINT: (("经度", "114.305"), ("纬度", "30.552")),
    Shape.LINE: ((PLACE_HEADER, "LINESTRING (114.305 30.552, 114.306 30.552)"),),
    Shape.POLYGON: (
        (
            PLACE_HEADER,
            "POLYGON ((114.305 30.552, 114.306 30.552, 114.306 30.553, 114.305 30.553, 114.305 30.552))",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class RowWords:
    """Why a row was refused and what to do about it, in the reader's language."""

    row_number: int
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header row and rows under it."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def chinese_header(spec: FieldSpec) -> str:
    """The header that a Chinese form has for a field."""
    return next((header for header in spec.headers if _CHINESE.search(header)), spec.headers[0])


def template_sheet(layer: Layer, level: AreaLevel | None, shape: Shape) -> Sheet:
    """An empty form for a layer with one example row; required columns come first."""
    specs = sorted(fields_of(layer, level), key=lambda spec: not spec.is_required)
    headers: dict[str, str] = {}
    for spec in specs:
        headers.setdefault(chinese_header(spec), _EXAMPLES.get(spec.name, ""))
    for header, example in _PLACES[shape]:
        headers.setdefault(header, example)
    return Sheet(tuple(headers), (tuple(headers.values()),))


def error_sheet(table: SourceTable, words: Sequence[RowWords]) -> Sheet:
    """The rows that were refused as the file has them, each with its number, the reason and what to do.

    A file without columns for its places gets one (WKT, in the file's own coordinates), so that nothing is
    lost when the mended sheet is imported instead.
    """
    place_of = {int(number): place for place, number in enumerate(table.row_numbers)}
    needs_place = table.geometry is not None and not table.place_headers
    headers = (*table.headers, *((PLACE_HEADER,) if needs_place else ()))
    rows: list[tuple[Any, ...]] = []
    for each in words:
        place = place_of.get(each.row_number)
        if place is None:
            # The reader itself could not make a row of it.
            rows.append((*("" for _ in headers), each.row_number, each.reason, each.hint))
            continue
        cells = [_plain(table.columns[header][place]) for header in table.headers]
        if needs_place and table.geometry is not None:
            shape = table.geometry[place]
            cells.append("" if shape is None else shapely.to_wkt(shape, rounding_precision=9))
        rows.append((*cells, each.row_number, each.reason, each.hint))
    return Sheet((*headers, ROW_HEADER, REASON_HEADER, HINT_HEADER), tuple(rows))


def as_csv(sheet: Sheet) -> bytes:
    """As CSV that Excel reads as UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([_not_a_formula(cell) for cell in row] for row in (sheet.headers, *sheet.rows))
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(sheet: Sheet) -> bytes:
    """As a workbook of one sheet, its header frozen; texts stay texts, so that no cell becomes a formula."""
    book = Workbook(write_only=True)
    page = book.create_sheet()
    page.freeze_panes = "A2"
    for place, header in enumerate(sheet.headers, start=1):
        longest = max((len(str(row[place - 1])) for row in sheet.rows[:200]), default=0)
        low, high = _WIDTHS
        page.column_dimensions[get_column_letter(place)].width = min(max(2 * len(header), longest, low), high)
    bold, tint, top = Font(bold=True), PatternFill("solid", fgColor="E8EEF9"), Alignment(vertical="top")
    for number, row in enumerate((sheet.headers, *sheet.rows)):
        cells = [_cell(page, value) for value in row]
        for cell in cells:
            cell.alignment = top
            if number == 0:
                cell.font, cell.fill = bold, tint
        page.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(page: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return WriteOnlyCell(page, value)
    # Control characters are no XML; openpyxl refuses them.
    plain = "".join(char for char in value if char >= " " or char in "\t\n")
    cell: Any = WriteOnlyCell(page, plain[:_CELL_LENGTH])
    cell.data_type = "s"
    return cell


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _not_a_formula(value: Any) -> Any:
    """A cell that a spreadsheet would run as a formula is text instead."""
    is_risky = isinstance(value, str) and value.startswith(("=", "+", "@", "\t", "\r"))
    return f"'{value}" if is_risky else value
