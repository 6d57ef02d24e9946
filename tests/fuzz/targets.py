"""What is fuzzed: each target takes any bytes, and lets nothing out but a refusal in our own words.

Only code that is ours is here (GDAL has fuzzers of its own): readers written in Python, and coordinates.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gridmap.domain.coordinates import Datum, convert
from gridmap.domain.errors import DomainError
from gridmap.importing.archives import data_files
from gridmap.importing.checks import Shape, check_geometry
from gridmap.importing.columns import Layer, fields_of, recognise_columns
from gridmap.importing.datum import parse_crs, source_crs
from gridmap.importing.dbf import dbf_encoding
from gridmap.importing.delimited import describe_delimited, read_delimited
from gridmap.importing.errors import CrsUnknown, ImportRefused
from gridmap.importing.geojson import describe_geojson, read_geojson
from gridmap.importing.kml import kml_layers, read_kml
from gridmap.importing.spreadsheets import read_sheet, sheet_layers
from gridmap.importing.tables import ReadLimits, SourceTable, preview

LIMITS = ReadLimits(
    file_bytes=100_000, unzipped_bytes=1_000_000, row_count=500, column_count=64, vertex_count=10_000
)
# Wuhan, well inside China: there and back again has to be exact to less than a millimetre.
_WUHAN_BOX = (113.6, 29.9, 115.1, 31.4)
_LARGEST_ERROR_DEG = 1e-8


@dataclass(frozen=True)
class Target:
    """Something to feed bytes to, and valid bytes to begin from."""

    feed: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def _go_on(table: SourceTable) -> None:
    """What an import does next with a table that was read."""
    assert all(len(values) == table.row_count for values in table.columns.values())
    preview(table)
    with suppress(DomainError):
        recognise_columns(table.headers, fields_of(Layer.SERVICE_POINTS))
    if table.geometry is None:
        return
    assert len(table.geometry) == table.row_count
    with suppress(DomainError):
        crs = source_crs(table, None)
        for shape in Shape:
            check_geometry(table.geometry, table.row_numbers, shape=shape, crs=crs)


def feed_geojson(content: bytes) -> None:
    """A GeoJSON document of any content."""
    with suppress(ImportRefused):
        describe_geojson(content, name="t", limits=LIMITS)
    with suppress(ImportRefused):
        _go_on(read_geojson(content, layer_name="t", limits=LIMITS, encoding=None))


def feed_delimited(content: bytes) -> None:
    """A text table of any content."""
    with suppress(ImportRefused):
        describe_delimited(content, name="t", is_whole=False)
    with suppress(ImportRefused):
        _go_on(read_delimited(content, layer_name="t", limits=LIMITS, encoding=None))


def feed_kml(content: bytes) -> None:
    """A KML document of any content."""
    with suppress(ImportRefused):
        for layer in kml_layers(content, name="t", limits=LIMITS):
            _go_on(read_kml(content, layer_name=layer.name, document_name="t", limits=LIMITS, encoding=None))


def feed_dbf(content: bytes) -> None:
    """A dBASE table of any content, as far as its encoding is decided by us."""
    with tempfile.TemporaryDirectory() as folder:
        dbf, cpg = Path(folder, "layer.dbf"), Path(folder, "layer.cpg")
        dbf.write_bytes(content)
        cpg.write_bytes(content[-8:])
        with suppress(ImportRefused):
            dbf_encoding(dbf, cpg=cpg, declared=None)


def feed_zip(content: bytes) -> None:
    """An archive of any content; nothing may be written beside the folder of its data files."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".zip", ".csv.gz", ".kmz"):
            upload = Path(folder, f"a{suffix}")
            upload.write_bytes(content)
            with suppress(ImportRefused), data_files(upload, LIMITS) as files:
                assert all(file.path.exists() for file in files)
            upload.unlink()
            assert not any(Path(folder).iterdir())


def feed_workbook(content: bytes) -> None:
    """A workbook of any content: the bytes are its sheet, or the whole file where they are a zip."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "layer.xlsx")
        path.write_bytes(content if content.startswith(b"PK") else _workbook_around(content))
        with suppress(ImportRefused):
            for layer in sheet_layers(path, LIMITS):
                _go_on(read_sheet(path, sheet_name=layer.name, limits=LIMITS, place_columns={}))


def feed_coordinates(content: bytes) -> None:
    """Positions of any bits through every datum; inside China, there and back again."""
    points = np.frombuffer(content[: len(content) // 16 * 16], dtype="<f8").reshape(-1, 2)
    with np.errstate(all="ignore"):
        for datum in Datum:
            assert convert(points, Datum.WGS84, datum).shape == points.shape
            assert convert(points, datum, Datum.WGS84).shape == points.shape
        share = np.nan_to_num(np.abs(points), nan=0.5, posinf=0.5, neginf=0.5) % 1.0
    west, south, east, north = _WUHAN_BOX
    inside = np.array([west, south]) + share * np.array([east - west, north - south])
    for datum in (Datum.GCJ02, Datum.BD09):
        back = convert(convert(inside, Datum.WGS84, datum), datum, Datum.WGS84)
        assert np.abs(back - inside).max(initial=0) < _LARGEST_ERROR_DEG


def feed_crs(content: bytes) -> None:
    """What a .prj, an old GeoJSON member or a person may say of coordinates."""
    with suppress(CrsUnknown):
        parse_crs(content.decode("utf-8", "replace"), origin="file")


def _zip_of(entries: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in entries.items():
            zipped.writestr(name, content)
    return packed.getvalue()


_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/'
_SHEET = (
    f"<worksheet {_NAMESPACE}><sheetData>"
    '<row r="1"><c r="A1" t="inlineStr"><is><t>经度</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>纬度</t></is></c></row>'
    '<row r="2"><c r="A2"><v>114.3</v></c><c r="B2"><v>30.6</v></c></row></sheetData></worksheet>'
).encode()


def _workbook_around(sheet: bytes) -> bytes:
    workbook = (
        f'<workbook {_NAMESPACE} xmlns:r="{_RELATIONS}"><sheets>'
        '<sheet name="t" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    link = f'<Relationships {_PACKAGE}relationships"><Relationship Id="r1" Type="{_RELATIONS}/'
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    part = f'<Override PartName="/xl/workbook.xml" ContentType="{main}"/>'
    types = f'<Types {_PACKAGE}content-types">{part}</Types>'
    return _zip_of(
        {
            "[Content_Types].xml": types.encode(),
            "_rels/.rels": f'{link}officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
            "xl/workbook.xml": workbook.encode(),
            "xl/_rels/workbook.xml.rels": (
                f'{link}worksheet" Target="worksheets/sheet1.xml"/></Relationships>'.encode()
            ),
            "xl/worksheets/sheet1.xml": sheet,
        }
    )


_CSV = "名称,经度,纬度\n驿站,114.3,30.6\n".encode()
_WKT = '名称,WKT\n甲,"SRID=4490;POLYGON ((0 0, 1 0, 1 1, 0 0))"\n'.encode()
_RING = [[114.3, 30.5], [114.4, 30.5], [114.4, 30.6]]
_POLYGON = {"type": "Polygon", "coordinates": [_RING]}
_FEATURE = {"type": "Feature", "id": 1, "properties": {"名称": "甲", "list": [1]}, "geometry": _POLYGON}
_COLLECTION = json.dumps({"type": "FeatureCollection", "features": [_FEATURE, None]}).encode()
_KML = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    "<Folder><name>甲</name><Placemark><name>乙</name><ExtendedData><Data name='a'><value>1</value></Data>"
    "</ExtendedData><MultiGeometry><Point><coordinates>114.3,30.6,0</coordinates></Point><Polygon>"
    "<outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing></outerBoundaryIs>"
    "</Polygon></MultiGeometry></Placemark></Folder></Document></kml>"
).encode()
_DBF = (
    bytes([3, 126, 5, 3, 1, 0, 0, 0, 65, 0, 11, 0])
    + bytes(17)
    + b"\x4d\0\0"
    + b"NAME\0\0\0\0\0\0\0C\0\0\0\0\x0a"
    + bytes(15)
    + b"\r "
    + "简体国语".encode("gbk")
    + b"  "
)
_WKT_CRS = (
    b'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    b'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]'
)

TARGETS: Mapping[str, Target] = {
    "geojson": Target(feed_geojson, (_COLLECTION, json.dumps([_POLYGON]).encode())),
    "delimited": Target(feed_delimited, (_CSV, _WKT, _CSV.decode().encode("gb18030"))),
    "kml": Target(feed_kml, (_KML,)),
    "dbf": Target(feed_dbf, (_DBF,)),
    "zip": Target(
        feed_zip,
        (
            _zip_of({"a.csv": _CSV, "b/c.kml": _KML}),
            _zip_of({"d.zip": _zip_of({"a.csv": _CSV})}),
            gzip.compress(_CSV),
        ),
    ),
    "workbook": Target(feed_workbook, (_SHEET, _workbook_around(_SHEET))),
    "coordinates": Target(feed_coordinates, (np.array([[114.3, 30.6], [np.nan, 1e300]]).tobytes(),)),
    "crs": Target(feed_crs, (_WKT_CRS, b"EPSG:4547", b"gcj02", b"urn:ogc:def:crs:OGC:1.3:CRS84")),
}
