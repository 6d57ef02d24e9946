"""What readers give: columns of values and an array of geometries, with row numbers that people can find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gridmap.domain.imports import Rejection, Remark
from gridmap.importing.errors import ImportRefused, LimitPassed

GeometryArray = npt.NDArray[np.object_]
"""Shape (n,): shapely geometries, None where a row has none."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much is read before gridmap says that it is too much; zips in zips count together."""

    file_bytes: int = 512 * 1024**2
    unzipped_bytes: int = 2 * 1024**3
    archive_entries: int = 2_000
    archive_depth: int = 3
    layer_count: int = 500
    row_count: int = 500_000
    column_count: int = 512
    vertex_count: int = 50_000_000

    def hold(self, limit: str, found: int, *, detail: str | None = None) -> None:
        """Raise LimitPassed when ``found`` is more than the limit of that name allows.

        ``detail``: for a sentence of its own, where that limit holds something else than usual.
        """
        allowed = int(getattr(self, limit))
        if found > allowed:
            raise LimitPassed(detail=detail or limit, allowed=allowed, found=found)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One layer of one file, in its own coordinates.

    Attributes
    ----------
    row_numbers : shape (n,)
        The spreadsheet row (the header is row 1) of a text table, the feature's place from 1 elsewhere.
    columns : header to list of n values
        Text, numbers, booleans or None, in the file's order of columns.
    geometry : shape (n,), or None
        None when the file has no place at all; an element is None where a row has none that can be read.
    geometry_source : what the geometry was made of: ``geometry``, ``wkt``, ``lon_lat`` or ``x_y``
    place_headers : the columns that it was made of, if any
    declared_crs : what the file says of its coordinates (an EPSG code or WKT), or None
    encoding : of its text
    rejections, remarks : of rows that the reader itself had to leave out or mend
    """

    row_numbers: npt.NDArray[np.int64]
    columns: Mapping[str, Sequence[Any]]
    geometry: GeometryArray | None
    declared_crs: str | None
    encoding: str
    file_format: str
    layer_name: str
    geometry_source: str = "geometry"
    place_headers: tuple[str, ...] = ()
    rejections: list[Rejection] = field(default_factory=list[Rejection])
    remarks: list[Remark] = field(default_factory=list[Remark])

    @property
    def headers(self) -> list[str]:
        """The column names in the file's order."""
        return list(self.columns)

    @property
    def row_count(self) -> int:
        """The number of rows that could be read."""
        return len(self.row_numbers)

    def first(self, row_count: int) -> SourceTable:
        """The table's first rows only."""
        return replace(
            self,
            row_numbers=self.row_numbers[:row_count],
            columns={name: values[:row_count] for name, values in self.columns.items()},
            geometry=None if self.geometry is None else self.geometry[:row_count],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerInfo:
    """What a file says of one of its layers, without all of it having been read.

    Attributes
    ----------
    name : what ``read_table`` takes as ``source_layer``
    geometry_type : as GDAL names them (``Point``, ``MultiPolygon``, ``Unknown`` for mixed), None: no places
    row_count : None where only reading all of it would tell
    headers : the names of its columns
    stated_crs : as ``SourceTable.declared_crs``
    problem : why this layer cannot be read, though others of the file may
    """

    name: str
    geometry_type: str | None
    row_count: int | None
    headers: tuple[str, ...]
    stated_crs: str | None
    problem: ImportRefused | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a table as text that a person can look over; ``rows`` are as long as ``headers``."""

    headers: tuple[str, ...]
    row_numbers: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]


def preview(table: SourceTable, row_count: int = 20) -> Preview:
    """Show a table's first rows; values are one line each and cut to a readable length."""
    first = table.first(row_count)
    columns = [[shown(value) for value in values] for values in first.columns.values()]
    rows = zip(*columns, strict=True) if columns else (() for _ in range(first.row_count))
    return Preview(
        headers=tuple(first.headers),
        row_numbers=tuple(int(number) for number in first.row_numbers),
        rows=tuple(tuple(row) for row in rows),
    )


_SHOWN_LENGTH = 80


def shown(value: object) -> str:
    """A value as a report shows it: one line, not too long."""
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
