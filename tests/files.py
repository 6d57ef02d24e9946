"""Small valid files of the formats that have no writer in one line."""

from __future__ import annotations

from pathlib import Path

import geopandas
import openpyxl
import shapely


def kml(path: Path, inner: str) -> Path:
    """A KML document around placemarks and folders."""
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->\n'
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>文档</name>{inner}</Document></kml>',
        encoding="utf-8",
    )
    return path


def workbook(path: Path, *, hidden_row: int | None = None, **sheets: list[list[object]]) -> Path:
    """An Excel workbook of the sheets, cell by cell."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if hidden_row is not None:
            sheet.row_dimensions[hidden_row].hidden = True
    book.save(path)
    return path


def geodatabase(path: Path) -> Path:
    """A file geodatabase with the layer 小区: one square in CGCS2000."""
    square = shapely.box(114.30, 30.55, 114.31, 30.56)
    frame = geopandas.GeoDataFrame({"名称": ["甲"]}, geometry=[square], crs=4490)
    frame.to_file(path, driver="OpenFileGDB", layer="小区")
    return path


def osm_xml() -> bytes:
    """An OpenStreetMap extract of one street, one building and one tap."""
    places = [(114.300, 30.550), (114.301, 30.550), (114.301, 30.551), (114.300, 30.551), (114.305, 30.555)]
    nodes = "".join(
        f'<node id="{number}" lon="{lon}" lat="{lat}" version="1"/>'
        for number, (lon, lat) in enumerate(places, start=1)
    )
    tap = '<node id="9" lon="114.302" lat="30.552" version="1"><tag k="amenity" v="drinking_water"/></node>'
    street = '<way id="1" version="1"><nd ref="1"/><nd ref="5"/><tag k="highway" v="residential"/>'
    street += '<tag k="name" v="首义路"/></way>'
    refs = "".join(f'<nd ref="{number}"/>' for number in (1, 2, 3, 4, 1))
    building = f'<way id="2" version="1">{refs}<tag k="building" v="apartments"/>'
    building += '<tag k="building:levels" v="6"/></way>'
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">{nodes}{tap}{street}{building}</osm>'
    return text.encode()


def osm_pbf() -> bytes:
    """The same kind of extract in the binary format: two nodes and a street, encoded by hand.

    Source: the OpenStreetMap wiki's description of the PBF format (blobs of protocol buffers).
    """
    strings = [b"", b"highway", b"residential", b"name", "首义路".encode()]
    table = _field(1, b"".join(_field(1, string) for string in strings))
    nodes = [
        _number(1, 2 * number) + _number(8, 2 * round(lat * 1e7)) + _number(9, 2 * round(lon * 1e7))
        for number, (lon, lat) in enumerate([(114.30, 30.55), (114.31, 30.56)], start=1)
    ]
    # keys and values by their place in the table, then node ids as zigzag differences: 1, 2 are +1, +1
    way = _number(1, 1) + _field(2, b"\x01\x03") + _field(3, b"\x02\x04") + _field(8, b"\x02\x02")
    group = b"".join(_field(1, node) for node in nodes) + _field(3, way)
    header = _field(4, b"OsmSchema-V0.6")
    return _blob(b"OSMHeader", header) + _blob(b"OSMData", table + _field(2, group))


def _varint(number: int) -> bytes:
    content = bytearray()
    while number > 0x7F:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    content.append(number)
    return bytes(content)


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _blob(kind: bytes, block: bytes) -> bytes:
    blob = _field(1, block)
    header = _field(1, kind) + _number(3, len(blob))
    return len(header).to_bytes(4, "big") + header + blob
