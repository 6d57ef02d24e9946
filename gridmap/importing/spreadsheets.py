"""Excel workbooks: each sheet is a layer, its cells are what is shown of them (values, not formulas)."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl

from gridmap.importing.errors import ArchiveUnsafe, FileUnreadable, ImportRefused
from gridmap.importing.tables import LayerInfo, ReadLimits, SourceTable
from gridmap.importing.text_tables import Record, info_of, table_of

# Workbooks made by other programs often lack styles or carry extensions that openpyxl leaves out.
warnings.filterwarnings("ignore", module="openpyxl")

_ZIP_MAGIC = b"PK\x03\x04"
_OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"
_RATIO_LIMIT = 1_000
_RATIO_FREE_BYTES = 10 * 1024**2
# A sheet may claim a million empty rows (a format set on a whole column): so many in a row end it.
_EMPTY_ROWS_AT_END = 10_000
_HEAD_BYTES = 2_048


def sheet_layers(path: Path, limits: ReadLimits) -> list[LayerInfo]:
    """The sheets that hold anything.

    Raises
    ------
    FileUnreadable
        ``detail``: ``not_what_it_says``, ``locked_workbook`` or ``broken_workbook``.
    ArchiveUnsafe
    """
    found: list[LayerInfo] = []
    with _workbook(path, limits) as workbook:
        limits.hold("layer_count", len(workbook.sheetnames))
        for name in workbook.sheetnames:
            try:
                found.append(info_of(_records(workbook, name, limits), name=name, is_whole=True))
            except FileUnreadable as problem:
                if problem.code != "import.file_unreadable.empty":
                    found.append(_unreadable(name, problem))
    return found


def read_sheet(
    path: Path, *, sheet_name: str, limits: ReadLimits, place_columns: Mapping[str, str]
) -> SourceTable:
    """Read one sheet.

    Raises
    ------
    ColumnAbsent, FileUnreadable, ArchiveUnsafe
    """
    with _workbook(path, limits) as workbook:
        return table_of(
            _records(workbook, sheet_name, limits),
            layer_name=sheet_name,
            limits=limits,
            encoding="utf-8",
            file_format="Excel",
            place_columns=place_columns,
        )


def _unreadable(name: str, problem: ImportRefused) -> LayerInfo:
    return LayerInfo(
        name=name, geometry_type=None, row_count=None, headers=(), stated_crs=None, problem=problem
    )


@contextmanager
def _workbook(path: Path, limits: ReadLimits) -> Generator[Any]:
    _look_into(path, limits)
    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except ImportRefused:
        raise
    except Exception as error:  # openpyxl raises whatever its parsing of a broken part happens to
        raise FileUnreadable(detail="broken_workbook") from error
    with closing(workbook):
        yield workbook


def _look_into(path: Path, limits: ReadLimits) -> None:
    """A workbook is a zip, so it is looked at like one before openpyxl unpacks parts of it."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _OLD_EXCEL_MAGIC:
        # Both the format before 2007 and a workbook with a password look like this.
        raise FileUnreadable(detail="locked_workbook")
    if magic != _ZIP_MAGIC:
        raise FileUnreadable(detail="not_what_it_says")
    try:
        with zipfile.ZipFile(path) as zipped:
            entries = zipped.infolist()
            heads = [_head(zipped, entry) for entry in entries if entry.filename.endswith((".xml", ".rels"))]
    except Exception as error:  # of damaged archives the library raises whatever it trips over
        raise FileUnreadable(detail="broken_workbook") from error
    if any(b"<!DOCTYPE" in head.replace(b"\0", b"") for head in heads):
        # Entities can unfold to gigabytes; no spreadsheet program writes them.
        raise FileUnreadable(detail="points_elsewhere")
    limits.hold("archive_entries", len(entries))
    limits.hold("unzipped_bytes", sum(entry.file_size for entry in entries))
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise FileUnreadable(detail="locked_workbook")
        if entry.file_size > max(_RATIO_FREE_BYTES, _RATIO_LIMIT * max(entry.compress_size, 1)):
            raise ArchiveUnsafe(detail="bomb", entry=entry.filename)


def _head(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & 0x1:
        return b""  # locked, which is said below
    with zipped.open(entry) as part:
        return part.read(_HEAD_BYTES)


def _records(workbook: Any, sheet_name: str, limits: ReadLimits) -> Iterator[Record]:
    """The rows that hold anything; whatever openpyxl stumbles over makes the workbook broken."""
    try:
        sheet = workbook[sheet_name]
        if not hasattr(sheet, "iter_rows"):
            return
        # The size that a sheet states may be wrong in both directions.
        sheet.reset_dimensions()
        empty = 0
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if len(cells) > limits.column_count:
                cells = _without_empty_end(cells)
                limits.hold("column_count", len(cells))
            values = [_value(cell) for cell in cells]
            if any(value not in (None, "") for value in values):
                empty = 0
                yield Record(number, values)
            elif (empty := empty + 1) > _EMPTY_ROWS_AT_END:
                return
    except ImportRefused:
        raise
    except Exception as error:  # as above; rows are parsed while they are asked for
        raise FileUnreadable(detail="broken_workbook") from error


def _without_empty_end(cells: tuple[Any, ...]) -> tuple[Any, ...]:
    end = len(cells)
    while end and cells[end - 1] in (None, ""):
        end -= 1
    return cells[:end]


_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!"})


def _value(cell: Any) -> Any:
    """Dates as ISO text, what Excel could not compute as nothing, all else as it is."""
    if isinstance(cell, datetime):
        is_day = cell.time() == time(0)
        return cell.date().isoformat() if is_day else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, str):
        return None if cell in _ERRORS else cell.replace("_x000D_", "")
    return cell if isinstance(cell, (int, float)) or cell is None else str(cell)
