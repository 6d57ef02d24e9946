"""One door for every file: what it is called says how it is read, what is in it says whether that is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import shapely

from gridmap.importing.archives import DataFile, data_files
from gridmap.importing.delimited import HEAD_BYTES, describe_delimited, read_delimited
from gridmap.importing.errors import (
    FileAbsent,
    FileUnreadable,
    ImportRefused,
    LayerAbsent,
    LayerAmbiguous,
    NoGeometryColumn,
)
from gridmap.importing.geojson import describe_geojson, read_geojson
from gridmap.importing.kml import kml_layers, read_kml
from gridmap.importing.places import places_of
from gridmap.importing.spreadsheets import read_sheet, sheet_layers
from gridmap.importing.tables import LayerInfo, Preview, ReadLimits, SourceTable, preview
from gridmap.importing.vector_files import GDAL_SUFFIXES, gdal_layers, read_gdal

__all__ = ["LayerInfo", "Preview", "list_layers", "preview", "read_table"]

_JSON_SUFFIXES = (".geojson", ".json")
_SHEET_SUFFIXES = (".xlsx", ".xlsm")
_SEVERAL_LAYERS = frozenset({".gpkg", ".gdb", ".kml", ".osm", ".pbf", *_SHEET_SUFFIXES})
# What GDAL calls layers that may hold shapes of any kind.
_ANY_SHAPE = ("Unknown", "Geometry")


@dataclass(frozen=True, slots=True)
class _Listed:
    """A layer, the data file that it is in, and its name there."""

    info: LayerInfo
    source: DataFile
    own_name: str


def list_layers(path: Path, *, limits: ReadLimits | None = None) -> tuple[LayerInfo, ...]:
    """The layers of a file, with their columns and, where that is cheap to know, how many rows they have.

    Layers that cannot be read are listed with their problem. Names are what ``read_table`` takes; of two
    layers of one name in a zip, each has its file's name in front.

    Raises
    ------
    ImportRefused
        Any of its kinds, when the file as a whole cannot be read; no other exception for any content.
    """
    limits = limits or ReadLimits()
    if not path.exists():
        raise FileAbsent(path=str(path))
    with data_files(path, limits) as sources:
        return tuple(listed.info for listed in _listed(sources, limits))


def read_table(
    path: Path,
    *,
    source_layer: str | None = None,
    geometry_words: tuple[str, ...] = (),
    encoding: str | None = None,
    place_columns: Mapping[str, str] | None = None,
    limits: ReadLimits | None = None,
    needs_places: bool = True,
) -> SourceTable:
    """Read one layer of a file as it is, in its own coordinates.

    Parameters
    ----------
    source_layer : the layer's name, as ``list_layers`` gives it; None takes the only fitting one
    geometry_words : types that fit (``Polygon``, ``LineString``, ``Point``), to choose among layers
    encoding : of the text, if the person knows it
    place_columns : ``lon``/``lat``, ``x``/``y`` or ``wkt`` to header, for tables with unusual headers
    limits : how much is too much
    needs_places : refuse a table whose rows lie nowhere; else its ``geometry`` is None

    Raises
    ------
    ImportRefused
        Any of its kinds, when the file as a whole cannot be read; no other exception for any content.
    """
    limits = limits or ReadLimits()
    if not path.exists():
        raise FileAbsent(path=str(path))
    with data_files(path, limits) as sources:
        source, own_name, shown_name = _chosen(sources, source_layer, geometry_words, limits)
        table = _read(source, own_name, encoding=encoding, place_columns=place_columns or {}, limits=limits)
    if table.geometry is not None:
        limits.hold("vertex_count", int(shapely.get_num_coordinates(table.geometry).sum()))
    elif needs_places:
        raise NoGeometryColumn(headers=table.headers)
    return replace(table, layer_name=shown_name)


def _chosen(
    sources: list[DataFile], wanted: str | None, geometry_words: tuple[str, ...], limits: ReadLimits
) -> tuple[DataFile, str, str]:
    """The file, the layer's name in it, and what to call it."""
    if len(sources) == 1 and sources[0].suffix not in _SEVERAL_LAYERS:
        # Nothing to choose, so nothing has to be looked at twice.
        if wanted not in (None, sources[0].name):
            raise LayerAbsent(layers=[sources[0].name], wanted=wanted)
        return sources[0], sources[0].name, sources[0].name
    listed = _listed(sources, limits)
    names = [each.info.name for each in listed]
    if wanted is not None:
        fitting = [each for each in listed if each.info.name == wanted]
        if not fitting:
            raise LayerAbsent(layers=names, wanted=wanted)
    else:
        fitting = _fitting(listed, geometry_words)
    if len(fitting) > 1:
        raise LayerAmbiguous(layers=[each.info.name for each in fitting])
    if not fitting:
        problems = [each.info.problem for each in listed if each.info.problem is not None]
        raise problems[0] if problems else LayerAbsent(layers=names, wanted="")
    chosen = fitting[0]
    if chosen.info.problem is not None:
        raise chosen.info.problem
    return chosen.source, chosen.own_name, chosen.info.name


def _fitting(listed: list[_Listed], geometry_words: tuple[str, ...]) -> list[_Listed]:
    """The layers that may be meant when none was named, best kind first: exact type, any type, anything."""
    if len(listed) == 1:
        return listed
    readable = [each for each in listed if each.info.problem is None]
    with_places = [each for each in readable if each.info.geometry_type is not None]
    if len(with_places) <= 1:
        return with_places or readable
    kinds = [(each, str(each.info.geometry_type)) for each in with_places]
    exact = [each for each, kind in kinds if any(word in kind for word in geometry_words)]
    loose = [each for each, kind in kinds if kind.startswith(_ANY_SHAPE)]
    return exact or loose or with_places


def _listed(sources: list[DataFile], limits: ReadLimits) -> list[_Listed]:
    found: list[_Listed] = []
    for source in sources:
        try:
            found += [_Listed(info, source, info.name) for info in _layers_of(source, limits)]
        except ImportRefused as refused:
            if len(sources) == 1:
                raise
            problem = LayerInfo(
                name=source.name,
                geometry_type=None,
                row_count=None,
                headers=(),
                stated_crs=None,
                problem=refused,
            )
            found.append(_Listed(problem, source, source.name))
    limits.hold("layer_count", len(found))
    return _with_names_of_their_own(found)


def _with_names_of_their_own(found: list[_Listed]) -> list[_Listed]:
    """Put the file's name before a layer's that others have too, and a number behind what stays the same."""
    names = [each.info.name for each in found]
    named: list[_Listed] = []
    taken: set[str] = set()
    for each in found:
        name = each.info.name
        if names.count(name) > 1 and each.source.name != name:
            name = f"{each.source.name}/{name}"
        count = 2
        plain = name
        while name in taken:
            name, count = f"{plain} ({count})", count + 1
        taken.add(name)
        named.append(replace(each, info=replace(each.info, name=name)))
    return named


def _layers_of(source: DataFile, limits: ReadLimits) -> list[LayerInfo]:
    if source.suffix in GDAL_SUFFIXES:
        infos = gdal_layers(source, limits)
        return [_with_places_of_columns(source, infos[0], limits)] if source.suffix == ".dbf" else infos
    if source.suffix in _SHEET_SUFFIXES:
        return sheet_layers(source.path, limits)
    if source.suffix == ".kml":
        return kml_layers(_content(source.path), name=source.name, limits=limits)
    if source.suffix in _JSON_SUFFIXES:
        return [describe_geojson(_content(source.path), name=source.name, limits=limits)]
    head = _content(source.path, HEAD_BYTES)
    is_whole = len(head) < HEAD_BYTES
    return [describe_delimited(head, name=source.name, is_whole=is_whole)]


def _read(
    source: DataFile,
    layer_name: str,
    *,
    encoding: str | None,
    place_columns: Mapping[str, str],
    limits: ReadLimits,
) -> SourceTable:
    if source.suffix in GDAL_SUFFIXES:
        table = read_gdal(source, layer_name=layer_name, declared_encoding=encoding, limits=limits)
        return _placed_by_columns(table, place_columns) if table.geometry is None else table
    if source.suffix in _SHEET_SUFFIXES:
        return read_sheet(source.path, sheet_name=layer_name, limits=limits, place_columns=place_columns)
    content = _content(source.path)
    if source.suffix == ".kml":
        return read_kml(
            content, layer_name=layer_name, document_name=source.name, limits=limits, encoding=encoding
        )
    if source.suffix in _JSON_SUFFIXES:
        return read_geojson(content, layer_name=layer_name, limits=limits, encoding=encoding)
    return read_delimited(
        content, layer_name=layer_name, limits=limits, encoding=encoding, place_columns=place_columns
    )


def _placed_by_columns(table: SourceTable, place_columns: Mapping[str, str]) -> SourceTable:
    """A table of a database that has no geometry of its own, but perhaps longitude and latitude."""
    places = places_of(table.columns, table.row_count, place_columns)
    if places.geometry is None or places.shapes is not None:
        return table
    return replace(
        table,
        geometry=places.geometry,
        geometry_source=places.source,
        place_headers=places.headers,
        declared_crs=places.stated_crs,
    )


def _with_places_of_columns(source: DataFile, info: LayerInfo, limits: ReadLimits) -> LayerInfo:
    table = read_gdal(source, layer_name=source.name, declared_encoding=None, limits=limits)
    places = places_of(table.columns, table.row_count, {})
    return replace(info, geometry_type=None if places.geometry is None else "Unknown")


def _content(path: Path, byte_count: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(byte_count)
    except OSError as error:
        raise FileUnreadable(detail="not_readable") from error
