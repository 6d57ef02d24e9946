"""One door for every file: what it is called says how it is read, what is in it says whether that is true."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import shapely

from gridmap.importing.archives import unpack_layer
from gridmap.importing.delimited import read_delimited
from gridmap.importing.errors import FileAbsent, FileUnreadable, FormatUnknown, NoGeometryColumn
from gridmap.importing.geojson import read_geojson
from gridmap.importing.tables import ReadLimits, SourceTable
from gridmap.importing.vector_files import read_geopackage, read_shapefile

KNOWN_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".csv", ".tsv", ".txt")


def read_table(
    path: Path,
    *,
    source_layer: str | None = None,
    geometry_words: tuple[str, ...] = (),
    encoding: str | None = None,
    place_columns: Mapping[str, str] | None = None,
    limits: ReadLimits | None = None,
) -> SourceTable:
    """Read one layer of a file as it is, in its own coordinates.

    Parameters
    ----------
    source_layer : the layer's name inside a GeoPackage or zip; None takes the only fitting one
    geometry_words : types that fit (``Polygon``, ``LineString``, ``Point``), to choose among layers
    encoding : of the text, if the person knows it
    place_columns : ``lon``/``lat``, ``x``/``y`` or ``wkt`` to header, for text tables with unusual headers
    limits : how much is too much

    Raises
    ------
    ImportRefused
        Any of its kinds, when the file as a whole cannot be read; no other exception for any content.
    """
    limits = limits or ReadLimits()
    if not path.is_file():
        raise FileAbsent(path=str(path))
    suffix = path.suffix.lower()
    if suffix not in KNOWN_SUFFIXES:
        raise FormatUnknown(name=path.name, known=list(KNOWN_SUFFIXES))
    limits.hold("file_bytes", path.stat().st_size)
    if suffix == ".zip":
        with tempfile.TemporaryDirectory(prefix="gridmap-import-") as folder:
            unpacked = unpack_layer(path, Path(folder), wanted=source_layer, limits=limits)
            table = _read_plain(
                unpacked.path,
                name=unpacked.layer_name,
                source_layer=None,
                geometry_words=geometry_words,
                encoding=encoding,
                place_columns=place_columns,
                limits=limits,
            )
    else:
        table = _read_plain(
            path,
            name=path.stem,
            source_layer=source_layer,
            geometry_words=geometry_words,
            encoding=encoding,
            place_columns=place_columns,
            limits=limits,
        )
    if table.geometry is None:
        raise NoGeometryColumn(headers=table.headers)
    limits.hold("vertex_count", int(shapely.get_num_coordinates(table.geometry).sum()))
    return table


def _read_plain(
    path: Path,
    *,
    name: str,
    source_layer: str | None,
    geometry_words: tuple[str, ...],
    encoding: str | None,
    place_columns: Mapping[str, str] | None,
    limits: ReadLimits,
) -> SourceTable:
    suffix = path.suffix.lower()
    if suffix == ".gpkg":
        return read_geopackage(path, layer_name=source_layer, geometry_words=geometry_words, limits=limits)
    if suffix == ".shp":
        return read_shapefile(path, shown_name=name, declared_encoding=encoding, limits=limits)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileUnreadable(detail="not_readable") from error
    if suffix in (".geojson", ".json"):
        return read_geojson(content, layer_name=name, limits=limits, encoding=encoding)
    return read_delimited(
        content, layer_name=name, limits=limits, encoding=encoding, place_columns=place_columns or {}
    )
