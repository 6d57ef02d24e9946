"""What GDAL reads, through pyogrio: Shapefile, GeoPackage, FileGDB, FlatGeobuf, DXF, OpenStreetMap extracts.

GDAL opens by content with whichever of its many drivers feels addressed, and some of them go on to other
files or servers that the content names. So each file is looked at first: it has to begin as its ending
promises, it has a name of ours, and the driver that answers has to be the one that was meant.
"""

from __future__ import annotations

import re
import sqlite3
import warnings
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import pyogrio.raw
import shapely

from gridmap.domain.imports import Rejection, Remark
from gridmap.importing.archives import DataFile
from gridmap.importing.dbf import dbf_encoding
from gridmap.importing.dxf import dxf_encoding, hold_unfolded_size, text_read_as
from gridmap.importing.errors import FileUnreadable, ImportRefused
from gridmap.importing.osm_layers import OSM_LAYERS, OsmLayer, write_osm_configuration
from gridmap.importing.tables import GeometryArray, LayerInfo, ReadLimits, SourceTable

# What GDAL grumbles about (dropped measures, rings that were open) is found again by our own checks.
warnings.filterwarnings("ignore", module="pyogrio")

_SQLITE_MAGIC = b"SQLite format 3\0"
_SHAPEFILE_MAGIC = b"\x00\x00\x27\x0a"
_FLATGEOBUF_MAGIC = b"fgb\x03fgb"
# SQL that reaches beyond the database: GDAL's own functions and virtual tables, extensions of SQLite.
_SQL_POINTING_ELSEWHERE = re.compile(
    r"VirtualOGR|VirtualShape|VirtualXL|VirtualDbf|\b(ogr|gdal|hstore)_\w+\s*\(|load_extension|readfile", re.I
)
_VIRTUAL_TABLE = re.compile(r"^\s*CREATE\s+VIRTUAL\s+TABLE\s+.*?\bUSING\s+(\w+)", re.I | re.S)
_HARMLESS_MODULES = frozenset({"rtree", "rtree_i32", "fts3", "fts4", "fts5"})
# Documents that tell GDAL to open something else.
_POINTS_ELSEWHERE = re.compile(rb"<\s*(OGR|VRT|GDAL|WMS|WMT|WCS)\w*", re.I)
_DXF_START = re.compile(rb"\s*(999\s*\r?\n[^\n]*\n\s*)*0\s*\r?\n\s*SECTION\s*\r?\n", re.I)
_OSM_START = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*<osm[\s>]", re.S)
_PBF_START = re.compile(rb"\x00\x00..\x0a\x09OSMHeader", re.S)
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Format:
    """A format: the driver that must answer, its name for people, and the look at its content."""

    driver: str
    shown: str
    require: Callable[[Path], None]


def gdal_layers(source: DataFile, limits: ReadLimits) -> list[LayerInfo]:
    """The layers of a file, each with its columns; a layer that cannot be read says why.

    Raises
    ------
    FileUnreadable
        ``detail``: ``not_what_it_says``, ``points_elsewhere``, ``shx_missing``, ``dbf_broken`` or ``gdal``.
    EncodingUnknown, LimitPassed
    """
    file_format = _checked_format(source)
    if file_format.driver == "OSM":
        return [layer.info() for layer in OSM_LAYERS]
    if file_format.driver == "DXF":
        hold_unfolded_size(source.path, limits)
    encoding = _encoding(source, None)
    with _gdal_errors_explained():
        listed = [(str(name), kind) for name, kind in pyogrio.list_layers(source.path)]
    limits.hold("layer_count", len(listed))
    return [_layer_info(source, name, kind, file_format, encoding) for name, kind in listed]


def read_gdal(
    source: DataFile, *, layer_name: str, declared_encoding: str | None, limits: ReadLimits
) -> SourceTable:
    """Read one layer; for a format of one layer ``layer_name`` is only what the table will be called.

    Raises
    ------
    FileUnreadable, EncodingUnknown, LimitPassed
    """
    file_format = _checked_format(source)
    if file_format.driver == "OSM":
        chosen = next(layer for layer in OSM_LAYERS if layer.name == layer_name)
        return _read_osm(source, chosen, file_format, limits)
    if file_format.driver == "DXF":
        return _read_drawing(source, layer_name, declared_encoding, file_format, limits)
    encoding = _encoding(source, declared_encoding)
    return _read(
        source.path,
        gdal_layer=layer_name if _has_named_layers(source) else None,
        shown_name=layer_name,
        encoding=encoding,
        file_format=file_format,
        limits=limits,
    )


def _has_named_layers(source: DataFile) -> bool:
    return source.suffix in (".gpkg", ".gdb")


def _layer_info(
    source: DataFile, name: str, kind: object, file_format: _Format, encoding: str | None
) -> LayerInfo:
    gdal_layer = name if _has_named_layers(source) else None
    shown_name = name if gdal_layer else source.name
    problem: ImportRefused | None = None
    try:
        info = _read_info(source.path, gdal_layer, encoding, file_format)
        if kind is not None and not _first_shape_is_known(source.path, gdal_layer, encoding):
            problem = FileUnreadable(detail="shapes_unknown", layer=shown_name)
    except FileUnreadable as refused:
        info, problem = None, refused
    row_count = None if info is None or info["features"] < 0 else int(info["features"])
    return LayerInfo(
        name=shown_name,
        geometry_type=None if kind is None else re.sub(r" ?(Z|M|ZM)$|^(Measured |3D )+", "", str(kind)),
        row_count=row_count,
        headers=() if info is None else tuple(str(field) for field in info["fields"]),
        stated_crs=None if info is None else info["crs"],
        problem=problem,
    )


def _first_shape_is_known(path: Path, layer: str | None, encoding: str | None) -> bool:
    """Say whether the first shape is one that GEOS has: surfaces of CAD and 3D models (TIN) are not."""
    with _gdal_errors_explained():
        _, _, wkb, _ = pyogrio.raw.read(
            path, layer=layer, encoding=encoding, columns=[], force_2d=True, max_features=1
        )
    if wkb is None or not len(wkb) or wkb[0] is None:
        return True
    return shapely.from_wkb(wkb[0], on_invalid="ignore") is not None


@contextmanager
def _gdal_errors_explained() -> Generator[None]:
    """Whatever GDAL says about a broken file becomes one refusal."""
    try:
        yield
    except Exception as error:  # of damaged files pyogrio raises errors of its own and whatever follows
        raise FileUnreadable(detail="gdal") from error


def _read_info(
    path: Path, layer: str | None, encoding: str | None, file_format: _Format, **options: Any
) -> dict[str, Any]:
    with _gdal_errors_explained():
        info: dict[str, Any] = pyogrio.read_info(path, layer=layer, encoding=encoding, **options)
    if info["driver"] != file_format.driver:
        raise FileUnreadable(detail="not_what_it_says")
    return info


def _read_osm(source: DataFile, layer: OsmLayer, file_format: _Format, limits: ReadLimits) -> SourceTable:
    configuration = write_osm_configuration(source.path.parent)
    table = _read(
        source.path,
        gdal_layer=layer.gdal_layer,
        shown_name=layer.name,
        encoding=None,
        file_format=file_format,
        limits=limits,
        columns=layer.gdal_columns,
        where=layer.where,
        CONFIG_FILE=str(configuration),
    )
    return replace(table, columns=layer.with_ids(table.columns))


def _read_drawing(
    source: DataFile, shown_name: str, declared: str | None, file_format: _Format, limits: ReadLimits
) -> SourceTable:
    hold_unfolded_size(source.path, limits)
    codec = dxf_encoding(source.path, declared=declared)
    with text_read_as(_GDAL_CODECS.get(codec, codec.upper())):
        table = _read(
            source.path,
            gdal_layer=None,
            shown_name=shown_name,
            encoding=None,
            file_format=file_format,
            limits=limits,
        )
    return replace(table, encoding=codec)


def _read(
    path: Path,
    *,
    gdal_layer: str | None,
    shown_name: str,
    encoding: str | None,
    file_format: _Format,
    limits: ReadLimits,
    columns: list[str] | None = None,
    where: str | None = None,
    **options: Any,
) -> SourceTable:
    """The untyped part: pyogrio's arrays to a table."""
    info = _read_info(path, gdal_layer, encoding, file_format, **options)
    limits.hold("column_count", len(info["fields"]))
    limits.hold("row_count", int(info["features"]) if where is None else 0)
    with _gdal_errors_explained():
        meta, _, wkb, values = pyogrio.raw.read(
            path,
            layer=gdal_layer,
            encoding=encoding,
            columns=columns,
            where=where,
            force_2d=True,
            datetime_as_string=True,
            max_features=limits.row_count + 1,
            **options,
        )
    row_count = len(values[0]) if values else (0 if wkb is None else len(wkb))
    limits.hold("row_count", row_count)
    row_numbers = np.arange(1, row_count + 1, dtype=np.int64)
    geometry = None
    kept = np.ones(row_count, dtype=bool)
    closed = np.zeros(row_count, dtype=bool)
    if wkb is not None and info["geometry_type"] is not None:
        geometry, closed = _shapes(wkb)
        kept = ~(shapely.is_missing(geometry) & np.array([shape is not None for shape in wkb], dtype=bool))
        geometry = geometry[kept]
    return SourceTable(
        row_numbers=row_numbers[kept],
        columns={
            str(name): _plain(column[kept]) for name, column in zip(meta["fields"], values, strict=True)
        },
        geometry=geometry,
        declared_crs=meta["crs"],
        encoding=str(encoding or meta["encoding"] or "utf-8").lower(),
        file_format=file_format.shown,
        layer_name=shown_name,
        rejections=[
            Rejection(int(number), "geometry", "", "geometry_unreadable") for number in row_numbers[~kept]
        ],
        remarks=[Remark(int(number), "geometry", "", "ring_closed") for number in row_numbers[closed]],
    )


def _shapes(wkb: npt.NDArray[Any]) -> tuple[GeometryArray, npt.NDArray[np.bool_]]:
    """Shapes of GDAL's WKB (None for what GEOS does not know), and which had rings that were not closed."""
    geometry = np.empty(len(wkb), dtype=object)
    closed = np.zeros(len(wkb), dtype=bool)
    if len(wkb):
        geometry[:] = shapely.from_wkb(wkb, on_invalid="ignore")
    for place in np.flatnonzero(shapely.is_missing(geometry)):
        if wkb[place] is not None:
            try:
                geometry[place] = shapely.from_wkb(wkb[place], on_invalid="fix")
                closed[place] = geometry[place] is not None
            except (shapely.errors.ShapelyError, ValueError):
                continue
    return geometry, closed


def _plain(column: npt.NDArray[Any]) -> list[Any]:
    """Python values of a column: NaN, NaT and empty text are None, dates are ISO text."""
    if column.dtype.kind == "f":
        return [None if np.isnan(value) else float(value) for value in column]
    if column.dtype.kind == "M":
        return [None if np.isnat(value) else str(value) for value in column]
    if column.dtype.kind in "biu":
        return column.tolist()
    return [_plain_value(value) for value in column.tolist()]


def _plain_value(value: Any) -> Any:
    if value.__class__ is str:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        # Pictures and the like: nothing that a column of ours could take.
        return None
    if isinstance(value, np.ndarray):
        return ", ".join(str(each) for each in value.tolist())
    return None if value is None or value != value else value


_GDAL_CODECS = {"gb18030": "GB18030", "big5hkscs": "BIG5-HKSCS", "utf-8": "UTF-8"}


def _encoding(source: DataFile, declared: str | None) -> str | None:
    """What GDAL is told of the text; only dBASE tables leave it open."""
    if source.suffix == ".shp" and not source.path.with_suffix(".shx").is_file():
        raise FileUnreadable(detail="shx_missing")
    if source.suffix not in (".shp", ".dbf"):
        return None
    dbf, cpg = source.path.with_suffix(".dbf"), source.path.with_suffix(".cpg")
    if not dbf.is_file():
        return "UTF-8"
    codec = dbf_encoding(dbf, cpg=cpg if cpg.is_file() else None, declared=declared)
    return _GDAL_CODECS.get(codec, codec.upper())


def _checked_format(source: DataFile) -> _Format:
    file_format = _FORMATS[source.suffix]
    try:
        file_format.require(source.path)
    except OSError as error:
        raise FileUnreadable(detail="not_readable") from error
    return file_format


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _begins_with(magic: bytes) -> Callable[[Path], None]:
    def require(path: Path) -> None:
        if not _head(path).startswith(magic):
            raise FileUnreadable(detail="not_what_it_says")

    return require


def _begins_like(start: re.Pattern[bytes]) -> Callable[[Path], None]:
    def require(path: Path) -> None:
        head = _head(path)
        if start.match(head) is None:
            raise FileUnreadable(detail="not_what_it_says")
        if b"<!DOCTYPE" in head or _POINTS_ELSEWHERE.search(head) is not None:
            raise FileUnreadable(detail="points_elsewhere")

    return require


def _require_geopackage(path: Path) -> None:
    """A database of tables and views of itself, and of nothing else."""
    _begins_with(_SQLITE_MAGIC)(path)
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            statements = [str(sql) for (sql,) in database.execute("SELECT sql FROM sqlite_master") if sql]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise FileUnreadable(detail="gdal") from error
    for statement in statements:
        virtual = _VIRTUAL_TABLE.match(statement)
        if virtual is not None and virtual.group(1).lower() not in _HARMLESS_MODULES:
            raise FileUnreadable(detail="points_elsewhere")
        is_trigger = statement.lstrip()[:20].upper().startswith("CREATE TRIGGER")
        if not is_trigger and _SQL_POINTING_ELSEWHERE.search(statement):
            raise FileUnreadable(detail="points_elsewhere")


def _require_geodatabase(path: Path) -> None:
    if not any(part.suffix == ".gdbtable" for part in path.iterdir()):
        raise FileUnreadable(detail="not_what_it_says")


def _require_dbf(path: Path) -> None:
    head = _head(path)
    if len(head) < 33 or head[0] not in (0x02, 0x03, 0x30, 0x31, 0x32, 0x43, 0x83, 0x8B, 0xF5):
        raise FileUnreadable(detail="not_what_it_says")


_FORMATS = {
    ".shp": _Format("ESRI Shapefile", "Shapefile", _begins_with(_SHAPEFILE_MAGIC)),
    ".dbf": _Format("ESRI Shapefile", "dBASE", _require_dbf),
    ".gpkg": _Format("GPKG", "GeoPackage", _require_geopackage),
    ".gdb": _Format("OpenFileGDB", "FileGDB", _require_geodatabase),
    ".fgb": _Format("FlatGeobuf", "FlatGeobuf", _begins_with(_FLATGEOBUF_MAGIC)),
    ".dxf": _Format("DXF", "DXF", _begins_like(_DXF_START)),
    ".osm": _Format("OSM", "OpenStreetMap", _begins_like(_OSM_START)),
    ".pbf": _Format("OSM", "OpenStreetMap", _begins_like(_PBF_START)),
}

GDAL_SUFFIXES = frozenset(_FORMATS)
"""The endings that this module reads."""
