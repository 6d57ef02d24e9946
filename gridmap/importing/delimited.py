"""CSV and other delimited text: the bytes to rows of cells."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping

from gridmap.importing.encodings import decode_text
from gridmap.importing.errors import FileUnreadable
from gridmap.importing.tables import LayerInfo, ReadLimits, SourceTable
from gridmap.importing.text_tables import Record, info_of, table_of

_DELIMITERS = ",;\t|"
# WKT polygons are longer than the csv module's usual 128 KiB a cell.
_CELL_LENGTH_LIMIT = 32 * 1024**2
_LINES_LOOKED_AT = 20
HEAD_BYTES = 256 * 1024
"""Of a table that is only described, as much as holds its header and some rows."""


def read_delimited(
    content: bytes,
    *,
    layer_name: str,
    limits: ReadLimits,
    encoding: str | None,
    place_columns: Mapping[str, str] | None = None,
) -> SourceTable:
    """Read a delimited text table.

    ``place_columns`` maps ``lon`` and ``lat``, ``x`` and ``y``, or ``wkt`` to headers, as a person said.

    Raises
    ------
    ColumnAbsent
        ``place_columns`` names a column that is not there.
    FileUnreadable
        ``detail``: ``empty``, ``not_text`` or ``not_a_table``.
    EncodingUnknown, LimitPassed
    """
    text, codec = _text_of(content, encoding)
    return table_of(
        _records(text),
        layer_name=layer_name,
        limits=limits,
        encoding=codec,
        file_format="CSV",
        place_columns=place_columns or {},
    )


def describe_delimited(head: bytes, *, name: str, is_whole: bool) -> LayerInfo:
    """Describe a table by the first bytes of its file; the last line may be cut off.

    Raises
    ------
    FileUnreadable, EncodingUnknown
    """
    if not is_whole:
        # Not in the middle of a line, and so not of a character.
        head = head[: head.rfind(b"\n") + 1] or head
    text, _ = _text_of(head, None)
    return info_of(_records(text), name=name, is_whole=is_whole)


def _text_of(content: bytes, encoding: str | None) -> tuple[str, str]:
    text, codec = decode_text(content, declared=encoding)
    if "\0" in text:
        raise FileUnreadable(detail="not_text")
    return text, codec


def _records(text: str) -> Iterator[Record]:
    """The rows that hold anything, numbered as a spreadsheet numbers them."""
    csv.field_size_limit(_CELL_LENGTH_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                yield Record(number, cells)
    except csv.Error as error:
        raise FileUnreadable(detail="not_a_table") from error


def _delimiter(text: str) -> str:
    """The mark that one of the first lines has most of: a title above the header has none."""
    lines = list(itertools.islice((line for line in io.StringIO(text) if line.strip()), _LINES_LOOKED_AT))
    first_with_any = next((line for line in lines if any(mark in line for mark in _DELIMITERS)), "")
    return max(_DELIMITERS, key=lambda mark: (first_with_any.count(mark), -_DELIMITERS.index(mark)))
