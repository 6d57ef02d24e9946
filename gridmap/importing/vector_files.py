"""GeoPackage and Shapefile, by GDAL through pyogrio; the encoding of a Shapefile is decided by us.

GDAL trusts a Shapefile's .cpg or its language byte, and reads Latin-1 without either: UTF-8 and GBK files
without a .cpg, which are most Chinese ones, come out as mojibake. So the .dbf is looked at first.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from gridmap.importing.encodings import decide_encoding
from gridmap.importing.errors import FileUnreadable, LayerAbsent, LayerAmbiguous
from gridmap.importing.tables import ReadLimits, SourceTable

_SQLITE_MAGIC = b"SQLite format 3\0"
_SHAPEFILE_MAGIC = b"\x00\x00\x27\x0a"
# Enough text for evidence; a large table is not read twice.
_DBF_SAMPLE_ROWS = 5_000

# dBASE language byte to encoding, where it is one that we know.
_LANGUAGE_BYTES = {0x4D: "gbk", 0x7A: "gbk", 0x4F: "big5", 0x78: "big5", 0x57: "cp1252", 0x03: "cp1252"}


def read_geopackage(
    path: Path, *, layer_name: str | None, geometry_words: tuple[str, ...], limits: ReadLimits
) -> SourceTable:
    """Read one layer of a GeoPackage.

    Parameters
    ----------
    layer_name : which layer; None takes the only one, or the only one of a fitting geometry type
    geometry_words : what fitting types are called, for example ``("LineString",)``

    Raises
    ------
    FileUnreadable, LayerAbsent, LayerAmbiguous, LimitPassed
    """
    _require_magic(path, _SQLITE_MAGIC)
    with _gdal_errors_explained():
        layers = [(str(name), str(kind)) for name, kind in pyogrio.list_layers(path)]
    chosen = _choose_layer(layers, layer_name, geometry_words)
    return _read(
        path, layer=chosen, shown_name=chosen, encoding=None, file_format="GeoPackage", limits=limits
    )


def read_shapefile(
    path: Path, *, shown_name: str, declared_encoding: str | None, limits: ReadLimits
) -> SourceTable:
    """Read a Shapefile whose companions (.dbf, .shx, .prj, .cpg) lie beside it under any case.

    Raises
    ------
    FileUnreadable
        ``detail``: ``not_what_it_says``, ``shx_missing``, ``dbf_broken`` or ``gdal``.
    EncodingUnknown, LimitPassed
    """
    _require_magic(path, _SHAPEFILE_MAGIC)
    if _companion(path, ".shx") is None:
        raise FileUnreadable(detail="shx_missing")
    dbf = _companion(path, ".dbf")
    encoding = "utf-8"
    if dbf is not None:
        cpg = _companion(path, ".cpg")
        language, samples = _dbf_texts(dbf)
        claimed = cpg.read_text(encoding="ascii", errors="ignore")[:64].strip() if cpg else language
        encoding = decide_encoding(samples, declared=declared_encoding, claimed=claimed)
    return _read(
        path,
        layer=None,
        shown_name=shown_name,
        encoding=_GDAL_NAMES.get(encoding, encoding),
        file_format="Shapefile",
        limits=limits,
    )


@contextmanager
def _gdal_errors_explained() -> Generator[None]:
    """Whatever GDAL says about a broken file becomes one refusal."""
    try:
        yield
    except (DataSourceError, DataLayerError, ValueError, OSError, RuntimeError) as error:
        raise FileUnreadable(detail="gdal") from error


_GDAL_NAMES = {"gb18030": "GB18030", "big5hkscs": "BIG5-HKSCS", "utf-8": "UTF-8"}


def _choose_layer(layers: list[tuple[str, str]], wanted: str | None, geometry_words: tuple[str, ...]) -> str:
    names = [name for name, _ in layers]
    if wanted is not None:
        if wanted not in names:
            raise LayerAbsent(layers=names, wanted=wanted)
        return wanted
    if not names:
        raise LayerAbsent(layers=names, wanted="")
    if len(names) == 1:
        return names[0]
    fitting = [name for name, kind in layers if any(word in kind for word in geometry_words)]
    if len(fitting) != 1:
        raise LayerAmbiguous(layers=fitting or names)
    return fitting[0]


def _read(
    path: Path,
    *,
    layer: str | None,
    shown_name: str,
    encoding: str | None,
    file_format: str,
    limits: ReadLimits,
) -> SourceTable:
    """The untyped part: pyogrio's arrays to a table."""
    with _gdal_errors_explained():
        info: dict[str, Any] = pyogrio.read_info(path, layer=layer, encoding=encoding)
        limits.hold("column_count", len(info["fields"]))
        limits.hold("row_count", int(info["features"]))
        meta, _, wkb, values = pyogrio.raw.read(
            path, layer=layer, encoding=encoding, force_2d=True, datetime_as_string=True
        )
    row_count = len(values[0]) if values else (0 if wkb is None else len(wkb))
    limits.hold("row_count", row_count)
    geometry = None
    if wkb is not None and info["geometry_type"] is not None:
        geometry = np.empty(row_count, dtype=object)
        if row_count:
            geometry[:] = shapely.from_wkb(wkb, on_invalid="ignore")
    return SourceTable(
        row_numbers=np.arange(1, row_count + 1, dtype=np.int64),
        columns={str(name): _plain(column) for name, column in zip(meta["fields"], values, strict=True)},
        geometry=geometry,
        declared_crs=meta["crs"],
        encoding=str(encoding or meta["encoding"] or "utf-8").lower(),
        file_format=file_format,
        layer_name=shown_name,
    )


def _plain(column: npt.NDArray[Any]) -> list[Any]:
    """Python values of a column: NaN, NaT and empty text are None, dates are ISO text."""
    if column.dtype.kind == "f":
        return [None if np.isnan(value) else float(value) for value in column]
    if column.dtype.kind == "M":
        return [None if np.isnat(value) else str(value) for value in column]
    return [None if value is None or value != value else value for value in column.tolist()]


def _require_magic(path: Path, magic: bytes) -> None:
    """GDAL opens by content: a renamed file of another kind, which may point elsewhere, stays closed."""
    with path.open("rb") as file:
        if file.read(len(magic)) != magic:
            raise FileUnreadable(detail="not_what_it_says")


def _companion(path: Path, suffix: str) -> Path | None:
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.is_file():
            return candidate
    return None


def _dbf_texts(path: Path) -> tuple[str | None, list[bytes]]:
    """The encoding that the language byte claims, and the raw field names and texts of the table."""
    with path.open("rb") as file:
        header = file.read(32)
        if len(header) < 32:
            raise FileUnreadable(detail="dbf_broken")
        row_count, header_length, row_length = struct.unpack_from("<IHH", header, 4)
        descriptors = file.read(max(header_length - 32, 0))
        fields = list(_dbf_fields(descriptors))
        file.seek(header_length)
        rows = file.read(row_length * min(row_count, _DBF_SAMPLE_ROWS))
    samples = [name for name, _, _, _ in fields]
    text_slices = [(start, start + length) for _, kind, start, length in fields if kind == b"C"]
    for offset in range(0, len(rows) - row_length + 1, row_length) if row_length else ():
        row = rows[offset : offset + row_length]
        samples.extend(row[start:end].rstrip(b" \0") for start, end in text_slices)
    return _LANGUAGE_BYTES.get(header[29]), samples


def _dbf_fields(descriptors: bytes) -> Iterator[tuple[bytes, bytes, int, int]]:
    """Name, type, start within the row and length of each field; byte 0 of a row is its deletion mark."""
    start = 1
    for offset in range(0, len(descriptors) - 31, 32):
        if descriptors[offset] == 0x0D:
            return
        name = descriptors[offset : offset + 11].split(b"\0")[0]
        kind = descriptors[offset + 11 : offset + 12]
        length = descriptors[offset + 16]
        yield name, kind, start, length
        start += length
