"""Where a plain table's rows lie: longitude and latitude, x and y, WKT, GeoJSON text, or both in one cell."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.importing.columns import PLACE_FIELDS, find_header, normalised_header
from gridmap.importing.json_shapes import JsonShapes, shapes_of
from gridmap.importing.tables import GeometryArray

LON_HEADERS = frozenset(
    {"lon", "lng", "long", "longitude", "londeg", "lngdeg", "wgs84lon", "wgs84lng", "gcj02lng", "gcjlng"}
    | {"bdlng", "bd09lng", "经度", "經度", "东经", "經", "经", "lonwgs84", "lngwgs84", "lontitude", "pointx"}
    | {"gcj02lon", "bd09lon", "wgs84经度", "经度wgs84", "gcj02经度", "百度经度", "高德经度", "经度坐标"}
)
LAT_HEADERS = frozenset(
    {"lat", "latitude", "latdeg", "wgs84lat", "gcj02lat", "gcjlat", "bdlat", "bd09lat", "pointy", "la"}
    | {"纬度", "緯度", "北纬", "緯", "纬", "latwgs84"}
    | {"wgs84纬度", "纬度wgs84", "gcj02纬度", "百度纬度", "高德纬度", "纬度坐标"}
)
X_HEADERS = frozenset(
    {"x", "xcoord", "x坐标", "坐标x", "横坐标", "東距", "东坐标", "easting", "xcoordinate", "x座標", "橫坐標"}
)
Y_HEADERS = frozenset(
    {
        "y",
        "ycoord",
        "y坐标",
        "坐标y",
        "纵坐标",
        "北距",
        "北坐标",
        "northing",
        "ycoordinate",
        "y座標",
        "縱坐標",
    }
)
WKT_HEADERS = frozenset(
    {"wkt", "geom", "geometry", "thegeom", "shape", "geometrywkt", "wktgeom", "几何", "空间", "geojson"}
    | {"边界", "范围", "图形", "boundary", "polygon", "geo"}
)
PAIR_HEADERS = frozenset(
    {
        "lnglat",
        "lonlat",
        "经纬度",
        "經緯度",
        "坐标",
        "座標",
        "coordinates",
        "coordinate",
        "location",
        "位置坐标",
    }
)
_PAIRS = (
    (("lon", "lat"), (LON_HEADERS, LAT_HEADERS), "lon_lat"),
    (("x", "y"), (X_HEADERS, Y_HEADERS), "x_y"),
)
PLACE_HEADERS = LON_HEADERS | LAT_HEADERS | X_HEADERS | Y_HEADERS | WKT_HEADERS | PAIR_HEADERS

_DATUM_WORDS = (
    ("gcj02", ("gcj", "高德", "火星")),
    ("bd09", ("bd", "百度")),
    ("EPSG:4490", ("cgcs2000",)),
    ("EPSG:4326", ("wgs84",)),
)

# "114.30,30.60" in one cell, with or without brackets.
_PAIR = re.compile(r"[\[(\s]*([^\s,;\[\]()]+)\s*[\s,;]\s*([^\s,;\[\]()]+)[\])\s]*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WKT = re.compile(
    r"\s*(?:SRID=(\d{1,6});)?\s*((?:MULTI)?(?:POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\b", re.IGNORECASE
)
# A drawing program's pair for each kind of object: 中心 X and 中心 Y, 起点 X and 起点 Y.
_CHINESE_X = re.compile(r"[\u4e00-\u9fff]x")
_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class Places:
    """The rows' geometries, what they were made of, and from which columns.

    ``shapes``: of GeoJSON text, what was wrong with which; ``stated_crs``: what WKT or headers say of it.
    """

    geometry: GeometryArray | None
    source: str = "none"
    headers: tuple[str, ...] = ()
    stated_crs: str | None = None
    shapes: JsonShapes | None = None
    members: list[Any] = field(default_factory=list[Any])


def places_of(columns: Mapping[str, Sequence[Any]], row_count: int, assigned: Mapping[str, str]) -> Places:
    """The rows' places, from the best columns there are; a row without a readable one has None.

    Parameters
    ----------
    columns : header to the values of ``row_count`` rows
    assigned : ``lon`` and ``lat``, ``x`` and ``y``, or ``wkt`` (GeoJSON too) to headers, as a person said

    Raises
    ------
    ColumnAbsent
        ``assigned`` names a column that is not there.
    """
    headers = list(columns)
    said = {
        name: find_header(header, headers, field=name)
        for name, header in assigned.items()
        if name in PLACE_FIELDS and header
    }
    if "wkt" in said:
        return _from_texts(columns[said["wkt"]], row_count, said["wkt"])
    by_meaning = {normalised_header(header): header for header in reversed(headers)}
    # What a person said comes first; degrees before metres otherwise.
    for names, known, source in sorted(_PAIRS, key=lambda pair: not set(pair[0]) & set(said)):
        first, second = (
            said.get(name) or next((by_meaning[key] for key in by_meaning if key in meanings), None)
            for name, meanings in zip(names, known, strict=True)
        )
        if first is not None and second is not None:
            points = _points(_numbers(columns[first]), _numbers(columns[second]))
            stated = _stated_datum(first, second) if source == "lon_lat" else None
            return Places(points, source, (first, second), stated_crs=stated)
    for meaning, header in by_meaning.items():
        if meaning in WKT_HEADERS and any(map(_is_shape_text, columns[header][:_LOOKED_AT])):
            return _from_texts(columns[header], row_count, header)
    for meaning, header in by_meaning.items():
        if meaning in PAIR_HEADERS:
            pairs = [
                _PAIR.fullmatch(unicodedata.normalize("NFKC", str(value or ""))) for value in columns[header]
            ]
            if any(pairs):
                x = _numbers([pair.group(1) if pair else None for pair in pairs])
                y = _numbers([pair.group(2) if pair else None for pair in pairs])
                return Places(_points(x, y), "lon_lat", (header,))
    return _from_a_drawing(columns, by_meaning)


def _stated_datum(*headers: str) -> str | None:
    """The datum that both headers name, as in ``gcj02_lng`` and ``gcj02_lat``."""
    plain = [unicodedata.normalize("NFKC", header).casefold() for header in headers]
    for datum, words in _DATUM_WORDS:
        if all(any(word in header for word in words) for header in plain):
            return datum
    return None


def _from_a_drawing(columns: Mapping[str, Sequence[Any]], by_meaning: Mapping[str, str]) -> Places:
    """The pair of X and Y columns that places most rows, of a list of a drawing's objects."""
    best: Places | None = None
    placed = 0
    for meaning, header in by_meaning.items():
        twin = by_meaning.get(f"{meaning[:-1]}y")
        if twin is None or _CHINESE_X.search(meaning) is None or not meaning.endswith("x"):
            continue
        points = _points(_numbers(columns[header]), _numbers(columns[twin]))
        found = int(np.count_nonzero(~shapely.is_missing(points)))
        if found > placed:
            best, placed = Places(points, "x_y", (header, twin)), found
    return best or Places(None)


def _is_shape_text(value: object) -> bool:
    return isinstance(value, str) and (_WKT.match(value) is not None or _is_json(value))


def _is_json(value: str) -> bool:
    return value.lstrip().startswith("{") and '"coordinates"' in value


def _from_texts(values: Sequence[Any], row_count: int, header: str) -> Places:
    """WKT or GeoJSON text, whichever most of the first cells hold."""
    looked_at = [value for value in values[:_LOOKED_AT] if isinstance(value, str)]
    if sum(map(_is_json, looked_at)) * 2 > len(looked_at):
        members = [_json_member(value) for value in values]
        shapes = shapes_of(members)
        return Places(shapes.geometry, "geojson", (header,), shapes=shapes, members=list(values))
    srids: set[str] = set()
    texts = np.empty(row_count, dtype=object)
    for place, value in enumerate(values):
        match = _WKT.match(value) if isinstance(value, str) and "\0" not in value else None
        if match is not None:
            srids.add(match.group(1) or "")
            texts[place] = value[match.start(2) :]
    geometry = np.empty(row_count, dtype=object)
    if row_count:
        geometry[:] = shapely.from_wkt(texts, on_invalid="ignore")
    srid = srids.pop() if len(srids) == 1 else ""
    return Places(geometry, "wkt", (header,), stated_crs=f"EPSG:{srid}" if int(srid or 0) else None)


def _json_member(value: object) -> Any:
    """The object that a cell's text is; the text itself, which no shape is, if it is none."""
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _points(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> GeometryArray:
    geometry = np.empty(len(x), dtype=object)
    known = ~(np.isnan(x) | np.isnan(y))
    geometry[known] = shapely.points(x[known], y[known])
    return geometry


def _numbers(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Numbers of the cells, NaN where there is none; full-width digits and a degree sign are understood."""
    numbers = np.full(len(values), np.nan)
    for place, value in enumerate(values):
        if isinstance(value, str):
            number = _number(value)
            if number is not None:
                numbers[place] = number
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                numbers[place] = float(value)
            except OverflowError:
                continue
    return numbers


def _number(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    plain = unicodedata.normalize("NFKC", text).strip().rstrip("°EeNn").strip()
    return float(plain) if _NUMBER.fullmatch(plain) else None
