"""From rows of cells, as CSV and spreadsheets have them, to a table: what is the header, what lies where."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.imports import Rejection
from gridmap.importing.columns import Layer, fields_of, normalised_header
from gridmap.importing.errors import FileUnreadable, LimitPassed
from gridmap.importing.places import PLACE_HEADERS, places_of
from gridmap.importing.tables import LayerInfo, ReadLimits, SourceTable, shown

# A title, a note on how to fill in, a date: people put a few rows above the header, hardly ever more.
_ROWS_ABOVE_HEADER = 20
_SAMPLE_ROWS = 200


class Record(NamedTuple):
    """A row that holds anything, with the number that a spreadsheet shows for it."""

    number: int
    cells: Sequence[Any]


def table_of(
    records: Iterable[Record],
    *,
    layer_name: str,
    limits: ReadLimits,
    encoding: str,
    file_format: str,
    place_columns: Mapping[str, str],
) -> SourceTable:
    """Make a table of rows of cells.

    Parameters
    ----------
    records : the rows that hold anything; cells are text, numbers, booleans or None
    place_columns : ``lon`` and ``lat``, ``x`` and ``y``, or ``wkt`` to headers, as a person said

    Raises
    ------
    ColumnAbsent
        ``place_columns`` names a column that is not there.
    FileUnreadable
        ``detail`` ``empty``.
    LimitPassed
    """
    header, rest = _header_and_rest(iter(records))
    names = unique_headers(header)
    limits.hold("column_count", len(names))
    rejections: list[Rejection] = []
    numbers: list[int] = []
    rows: list[Sequence[Any]] = []
    width = len(names)
    for number, cells in rest:
        if len(rows) >= limits.row_count:
            raise LimitPassed(detail="row_count", allowed=limits.row_count, found=len(rows) + 1)
        if len(cells) > width and any(_is_filled(cell) for cell in cells[width:]):
            row_text = ",".join("" if cell is None else str(cell) for cell in cells)
            rejections.append(Rejection(number, "row", shown(row_text), "too_many_cells"))
            continue
        numbers.append(number)
        rows.append(cells)
    columns = {
        name: [_plain(cells[place]) if place < len(cells) else None for cells in rows]
        for place, name in enumerate(names)
    }
    places = places_of(columns, len(rows), place_columns)
    kept = np.ones(len(rows), dtype=bool)
    if places.shapes is not None:
        rejections += places.shapes.rejections(numbers, places.members)
        kept[list(places.shapes.unreadable)] = False
    return SourceTable(
        row_numbers=np.array(numbers, dtype=np.int64)[kept],
        columns=columns if kept.all() else {name: _kept(values, kept) for name, values in columns.items()},
        geometry=None if places.geometry is None else places.geometry[kept],
        geometry_source=places.source,
        place_headers=places.headers,
        declared_crs=places.stated_crs,
        encoding=encoding,
        file_format=file_format,
        layer_name=layer_name,
        rejections=rejections,
        remarks=[] if places.shapes is None else places.shapes.remarks(numbers),
    )


def info_of(records: Iterable[Record], *, name: str, is_whole: bool) -> LayerInfo:
    """Describe a table by its first rows; ``is_whole``: there are no more records than these."""
    first = list(itertools.islice(records, _ROWS_ABOVE_HEADER + _SAMPLE_ROWS))
    header, rest = _header_and_rest(iter(first))
    names = unique_headers(header)
    rows = [record.cells for record in rest]
    columns = {
        each: [_plain(cells[place]) if place < len(cells) else None for cells in rows]
        for place, each in enumerate(names)
    }
    places = places_of(columns, len(rows), {})
    kinds = set[str]()
    if places.geometry is not None:
        kinds = {str(shape.geom_type) for shape in places.geometry if shape is not None}
    is_all = is_whole and len(first) < _ROWS_ABOVE_HEADER + _SAMPLE_ROWS
    return LayerInfo(
        name=name,
        geometry_type=None if places.geometry is None else kinds.pop() if len(kinds) == 1 else "Unknown",
        row_count=len(rows) if is_all else None,
        headers=tuple(names),
        stated_crs=places.stated_crs,
    )


def unique_headers(header: Sequence[object]) -> list[str]:
    """Column names without blanks and without doubles (the second ``name`` becomes ``name 2``)."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(header, start=1):
        wanted = " ".join(("" if cell is None else str(cell)).split()) or f"column {place}"
        name = next(
            candidate
            for candidate in itertools.chain([wanted], (f"{wanted} {count}" for count in itertools.count(2)))
            if candidate not in taken
        )
        taken.add(name)
        names.append(name)
    return names


def _header_and_rest(records: Iterator[Record]) -> tuple[list[object], Iterator[Record]]:
    """Find the header among the first rows; what is above it is no data.

    The header is the first row of more than one cell, unless one below it has more headers that are known,
    and at least half of its cells are. A row right below of which every cell is a known header names the
    columns more exactly (坐标 above 经度 and 纬度, codes above Chinese words): where it has words, they
    count.
    """
    first = list(itertools.islice(records, _ROWS_ABOVE_HEADER))
    if not first:
        raise FileUnreadable(detail="empty")
    place = _header_place(first)
    header: list[object] = list(first[place].cells)
    below = place + 1
    if below < len(first) and _is_second_header(first[below].cells):
        for column, cell in enumerate(first[below].cells):
            if not _is_filled(cell):
                continue
            header += [None] * (column + 1 - len(header))
            header[column] = cell
        below += 1
    while header and not _is_filled(header[-1]):
        header.pop()
    return header, itertools.chain(first[below:], records)


def _header_place(first: Sequence[Record]) -> int:
    wide = [place for place, record in enumerate(first) if _filled_count(record.cells) > 1]
    best = wide[0] if wide else 0
    for place in wide[1:]:
        if _is_mostly_known(first[best].cells):
            break
        if _is_mostly_known(first[place].cells):
            best = place
    return best


def _is_mostly_known(cells: Sequence[object]) -> bool:
    return 2 * _known_count(cells) >= _filled_count(cells)


def _is_second_header(cells: Sequence[object]) -> bool:
    filled = _filled_count(cells)
    return filled > 1 and _known_count(cells) == filled


def _filled_count(cells: Sequence[object]) -> int:
    return sum(map(_is_filled, cells))


def _known_count(cells: Sequence[object]) -> int:
    known = _known_headers()
    return sum(isinstance(cell, str) and normalised_header(cell) in known for cell in cells)


@cache
def _known_headers() -> frozenset[str]:
    """Every header that means anything to us, in whatever layer."""
    specs = [spec for layer in Layer for level in AreaLevel for spec in fields_of(layer, level)]
    return PLACE_HEADERS | {normalised_header(header) for spec in specs for header in spec.headers}


def _is_filled(cell: object) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _plain(cell: Any) -> Any:
    return (cell.strip() or None) if isinstance(cell, str) else cell


def _kept(values: Sequence[Any], kept: Any) -> list[Any]:
    return [value for value, is_kept in zip(values, kept, strict=True) if is_kept]
