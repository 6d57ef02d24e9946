"""CSV and other delimited text: header row, one place a row as longitude and latitude, x and y, or WKT."""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.domain.imports import Rejection
from gridmap.importing.columns import PLACE_FIELDS, find_header, normalised_header
from gridmap.importing.encodings import decode_text
from gridmap.importing.errors import FileUnreadable, LimitPassed
from gridmap.importing.tables import GeometryArray, ReadLimits, SourceTable, shown

_DELIMITERS = ",;\t|"
# WKT polygons are longer than the csv module's usual 128 KiB a cell.
_CELL_LENGTH_LIMIT = 32 * 1024**2

LON_HEADERS = frozenset(
    {"lon", "lng", "long", "longitude", "londeg", "lngdeg", "wgs84lon", "wgs84lng", "gcj02lng", "gcjlng"}
    | {"bdlng", "bd09lng", "经度", "經度", "东经", "經", "经", "lonwgs84", "lngwgs84", "lontitude", "pointx"}
)
LAT_HEADERS = frozenset(
    {"lat", "latitude", "latdeg", "wgs84lat", "gcj02lat", "gcjlat", "bdlat", "bd09lat", "pointy"}
    | {"纬度", "緯度", "北纬", "緯", "纬", "latwgs84"}
)
X_HEADERS = frozenset({"x", "xcoord", "x坐标", "坐标x", "横坐标", "東距", "东坐标", "easting", "xcoordinate"})
Y_HEADERS = frozenset(
    {"y", "ycoord", "y坐标", "坐标y", "纵坐标", "北距", "北坐标", "northing", "ycoordinate"}
)
WKT_HEADERS = frozenset(
    {"wkt", "geom", "geometry", "thegeom", "shape", "geometrywkt", "wktgeom", "几何", "空间"}
)
PAIR_HEADERS = frozenset(
    {"lnglat", "lonlat", "经纬度", "經緯度", "坐标", "座標", "coordinates", "coordinate"}
)

# "114.30,30.60" in one cell, with or without brackets.
_PAIR = re.compile(r"[\[(\s]*([^\s,,;;\[\]()]+)\s*[\s,,;;]\s*([^\s,,;;\[\]()]+)[\])\s]*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def read_delimited(
    content: bytes,
    *,
    layer_name: str,
    limits: ReadLimits,
    encoding: str | None,
    place_columns: Mapping[str, str] | None = None,
) -> SourceTable:
    """Read a delimited text table; its first row with anything in it is the header.

    ``place_columns`` maps ``lon`` and ``lat``, ``x`` and ``y``, or ``wkt`` to headers, as a person said.

    Raises
    ------
    ColumnAbsent
        ``place_columns`` names a column that is not there.
    FileUnreadable
        ``detail``: ``empty``, ``not_text`` or ``not_a_table``.
    EncodingUnknown, LimitPassed
    """
    text, codec = decode_text(content, declared=encoding)
    if "\0" in text:
        raise FileUnreadable(detail="not_text")
    records = _records(text)
    header_number, header = next(records, (0, []))
    if not header:
        raise FileUnreadable(detail="empty")
    names = _unique_headers(header)
    limits.hold("column_count", len(names))
    rejections: list[Rejection] = []
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, cells in records:
        if len(rows) >= limits.row_count:
            raise LimitPassed(detail="row_count", allowed=limits.row_count, found=number - header_number)
        if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            rejections.append(Rejection(number, "row", shown(",".join(cells)), "too_many_cells"))
            continue
        numbers.append(number)
        rows.append([*cells[: len(names)], *[""] * (len(names) - len(cells))])
    columns: dict[str, list[Any]] = {
        name: [cells[place].strip() or None for cells in rows] for place, name in enumerate(names)
    }
    places = _places(columns, len(rows), place_columns or {})
    return SourceTable(
        row_numbers=np.array(numbers, dtype=np.int64),
        columns=columns,
        geometry=places.geometry,
        geometry_source=places.source,
        place_headers=places.headers,
        declared_crs=None,
        encoding=codec,
        file_format="CSV",
        layer_name=layer_name,
        rejections=rejections,
    )


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, numbered as a spreadsheet numbers them."""
    csv.field_size_limit(_CELL_LENGTH_LIMIT)
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda mark: (first_line.count(mark), -_DELIMITERS.index(mark)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        raise FileUnreadable(detail="not_a_table") from error


def _unique_headers(header: Sequence[str]) -> list[str]:
    """Column names without blanks and without doubles (the second ``name`` becomes ``name 2``)."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(header, start=1):
        wanted = " ".join(cell.split()) or f"column {place}"
        name = next(
            candidate
            for candidate in itertools.chain([wanted], (f"{wanted} {count}" for count in itertools.count(2)))
            if candidate not in taken
        )
        taken.add(name)
        names.append(name)
    return names


@dataclass(frozen=True, slots=True)
class _Places:
    """The rows' geometries, what they were made of, and from which columns."""

    geometry: GeometryArray | None
    source: str = "none"
    headers: tuple[str, ...] = ()


def _places(columns: dict[str, list[Any]], row_count: int, assigned: Mapping[str, str]) -> _Places:
    """The rows' places, from the best columns there are; a row without a readable one has None."""
    headers = list(columns)
    said = {
        field: find_header(header, headers, field=field)
        for field, header in assigned.items()
        if field in PLACE_FIELDS
    }
    if "wkt" in said:
        return _Places(_from_wkt(columns[said["wkt"]], row_count), "wkt", (said["wkt"],))
    by_meaning = {normalised_header(header): header for header in reversed(headers)}
    for names, known, source in (
        (("lon", "lat"), (LON_HEADERS, LAT_HEADERS), "lon_lat"),
        (("x", "y"), (X_HEADERS, Y_HEADERS), "x_y"),
    ):
        first, second = (
            said.get(name) or next((by_meaning[key] for key in by_meaning if key in meanings), None)
            for name, meanings in zip(names, known, strict=True)
        )
        if first is not None and second is not None:
            points = _points(_numbers(columns[first]), _numbers(columns[second]))
            return _Places(points, source, (first, second))
    for meaning, header in by_meaning.items():
        if meaning in WKT_HEADERS and any(_looks_like_wkt(value) for value in columns[header]):
            return _Places(_from_wkt(columns[header], row_count), "wkt", (header,))
    for meaning, header in by_meaning.items():
        if meaning in PAIR_HEADERS:
            pairs = [_PAIR.fullmatch(value or "") for value in columns[header]]
            if any(pairs):
                x = _numbers([pair.group(1) if pair else None for pair in pairs])
                y = _numbers([pair.group(2) if pair else None for pair in pairs])
                return _Places(_points(x, y), "lon_lat", (header,))
    return _Places(None)


def _looks_like_wkt(value: str | None) -> bool:
    return bool(value) and bool(
        re.match(r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION", str(value), re.I)
    )


def _from_wkt(values: Sequence[str | None], row_count: int) -> GeometryArray:
    texts = np.empty(row_count, dtype=object)
    texts[:] = [
        re.sub(r"^\s*SRID=\d+;", "", value, flags=re.I) if value and "\0" not in value else None
        for value in values
    ]
    geometry = np.empty(row_count, dtype=object)
    if row_count:
        geometry[:] = shapely.from_wkt(texts, on_invalid="ignore")
    return geometry


def _points(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> GeometryArray:
    geometry = np.empty(len(x), dtype=object)
    known = ~(np.isnan(x) | np.isnan(y))
    geometry[known] = shapely.points(x[known], y[known])
    return geometry


def _numbers(texts: Sequence[str | None]) -> npt.NDArray[np.float64]:
    """Numbers of the cells, NaN where there is none; full-width digits and a degree sign are understood."""
    numbers = np.full(len(texts), np.nan)
    for place, text in enumerate(texts):
        if text:
            plain = unicodedata.normalize("NFKC", text).strip().rstrip("°EeNn").strip()
            if _NUMBER.fullmatch(plain):
                numbers[place] = float(plain)
    return numbers
