"""KML, Excel and text tables as people have them, and each format's ways to lie."""

from __future__ import annotations

import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
import shapely

from gridmap.importing.datum import source_crs
from gridmap.importing.errors import (
    CrsMissing,
    FileUnreadable,
    ImportRefused,
    LayerAbsent,
    LayerAmbiguous,
    NoGeometryColumn,
)
from gridmap.importing.readers import list_layers, preview, read_table
from gridmap.importing.tables import ReadLimits
from tests.files import kml, workbook

POINT = shapely.Point(114.30, 30.60)
SQUARE = shapely.box(114.30, 30.55, 114.31, 30.56)


def _refusal(path: Path, **options) -> str:
    with pytest.raises(ImportRefused) as refused:
        read_table(path, **options)
    return refused.value.code


# --- KML

FOLDERS = """
<Folder><name>驿站</name>
  <Placemark id="p1"><name>一号驿站</name><description>充电、饮水</description>
    <ExtendedData><Data name="电话"><value>027-88880001</value></Data>
      <SchemaData schemaUrl="#s"><SimpleData name="座位数">12</SimpleData></SchemaData></ExtendedData>
    <Point><coordinates>114.30,30.60,25.5</coordinates></Point></Placemark>
  <Placemark><name>坏的</name><Point><coordinates>东湖边</coordinates></Point></Placemark>
</Folder>
<Folder><name>网格</name>
  <Placemark><name>三网格</name><Polygon>
    <innerBoundaryIs><LinearRing><coordinates>114.302,30.552 114.303,30.552 114.303,30.553</coordinates>
    </LinearRing></innerBoundaryIs>
    <outerBoundaryIs><LinearRing><coordinates>114.30,30.55,0 114.31, 30.55,0 114.31,30.56,0 114.30,30.55,0
    </coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
  <Folder><name>道路</name>
    <Placemark><name>首义路</name><MultiGeometry>
      <LineString><coordinates>114.30,30.60 114.31,30.60</coordinates></LineString>
      <LineString><coordinates>114.31,30.60 114.32,30.60</coordinates></LineString>
    </MultiGeometry></Placemark>
  </Folder>
</Folder>
<NetworkLink><Link><href>http://example.invalid/more.kml</href></Link></NetworkLink>
"""


def test_the_folders_of_a_kml_are_its_layers(tmp_path):
    path = kml(tmp_path / "标注.kml", FOLDERS)
    assert [(layer.name, layer.geometry_type, layer.row_count) for layer in list_layers(path)] == [
        ("驿站", "Point", 2),
        ("网格", "Polygon", 1),
        ("网格/道路", "MultiLineString", 1),
    ]
    with pytest.raises(LayerAmbiguous):
        read_table(path)
    assert read_table(path, geometry_words=("LineString",)).layer_name == "网格/道路"


def test_a_kmls_data_are_columns_its_heights_are_left_out_and_a_bad_placemark_costs_one_row(tmp_path):
    table = read_table(kml(tmp_path / "a.kml", FOLDERS), source_layer="驿站")
    assert table.headers == ["id", "name", "description", "电话", "座位数"]
    assert table.columns["电话"] == ["027-88880001"]
    assert [shape.wkt for shape in table.geometry] == ["POINT (114.3 30.6)"]
    assert [(found.row_number, found.value, found.reason_code) for found in table.rejections] == [
        (2, "坏的", "geometry_unreadable")
    ]
    assert source_crs(table, None).name == "EPSG:4326"


def test_a_kml_polygons_open_hole_is_closed_and_its_outer_ring_found_wherever_it_stands(tmp_path):
    table = read_table(kml(tmp_path / "a.kml", FOLDERS), source_layer="网格")
    assert len(table.geometry[0].interiors) == 1
    assert [found.reason_code for found in table.remarks] == ["ring_closed"]


def test_placemarks_outside_every_folder_have_the_files_name(tmp_path):
    path = kml(
        tmp_path / "点.kml", "<Placemark><Point><coordinates>114.3,30.6</coordinates></Point></Placemark>"
    )
    assert [layer.name for layer in list_layers(path)] == ["点"]
    assert read_table(path).row_count == 1


def test_a_kmz_is_read_and_its_pictures_are_not(tmp_path):
    point = "<Placemark><Point><coordinates>114.3,30.6</coordinates></Point></Placemark>"
    path = tmp_path / "社区.kmz"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.write(kml(tmp_path / "doc.kml", point), "doc.kml")
        zipped.writestr("files/photo.jpg", b"\xff\xd8")
    assert read_table(path).layer_name == "社区"


def test_a_kml_in_gbk_is_read_as_its_declaration_says(tmp_path):
    path = tmp_path / "a.kml"
    path.write_bytes(kml(path, FOLDERS).read_text().replace("UTF-8", "GB2312").encode("gb18030"))
    assert read_table(path, source_layer="驿站").columns["name"] == ["一号驿站"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<kml><Document>", "not_xml"),
        ("plain text", "not_xml"),
        ("<gpx></gpx>", "not_kml"),
        ("<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", "not_kml"),
        ('<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml>&a;</kml>', "points_elsewhere"),
        ("<!-- <a --><!DOCTYPE kml [<!ENTITY a 'b'>]><kml>&a;</kml>", "points_elsewhere"),
        ("<kml>" + "<Folder>" * 5_000, "nested_too_deep"),
    ],
)
def test_what_is_no_harmless_kml_is_refused_with_the_reason(tmp_path, content, code):
    path = tmp_path / "a.kml"
    path.write_text(content)
    assert _refusal(path) == f"import.file_unreadable.{code}"


# --- Excel


def test_a_workbook_with_a_title_a_date_and_numbers_as_text(tmp_path):
    at = datetime.fromisoformat("2026-05-03 08:30")  # Excel knows no zones
    path = workbook(
        tmp_path / "a.xlsx",
        驿站=[
            ["首义路街道便民驿站台账", None, None, None, None],
            ["填表日期：2026年5月", None, None, None, None],
            ["名称", "经度", "纬度", "更新日期", "容量"],
            ["一号驿站", 114.30, 30.60, date(2026, 5, 3), 12],
            [None, None, None, None, None],
            ["二号驿站", "114.31°", " 30.61 ", at, "#N/A"],
            ["没有位置", None, None, None, None],
        ],
    )
    table = read_table(path)
    assert table.headers == ["名称", "经度", "纬度", "更新日期", "容量"]
    assert table.row_numbers.tolist() == [4, 6, 7]
    assert [shape and shape.wkt for shape in table.geometry] == [
        "POINT (114.3 30.6)",
        "POINT (114.31 30.61)",
        None,
    ]
    assert table.columns["更新日期"] == ["2026-05-03", "2026-05-03 08:30:00", None]
    assert table.columns["容量"] == [12, None, None]
    assert (table.file_format, table.layer_name, table.place_headers) == ("Excel", "驿站", ("经度", "纬度"))


def test_a_header_of_two_rows_is_read_as_one(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx",
        表=[
            ["名称", "坐标", None, "联系电话"],
            [None, "经度", "纬度", None],
            ["驿站", 114.30, 30.60, "027-8888"],
        ],
    )
    table = read_table(path)
    assert table.headers == ["名称", "经度", "纬度", "联系电话"]
    assert table.row_count == 1


def test_a_hidden_row_of_field_codes_above_the_chinese_header_is_no_data(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx",
        表=[
            ["name", "lng", "lat"],
            ["名称", "经度", "纬度"],
            ["驿站", 114.30, 30.60],
        ],
        hidden_row=1,
    )
    table = read_table(path)
    assert table.headers == ["名称", "经度", "纬度"]
    assert table.columns["名称"] == ["驿站"]


def test_of_several_sheets_the_one_with_places_is_read_and_two_are_asked_about(tmp_path):
    places = [["名称", "经度", "纬度"], ["驿站", 114.30, 30.60]]
    path = workbook(tmp_path / "a.xlsx", 说明=[["请勿改动表头"]], 驿站=places, 空表=[])
    assert [(layer.name, layer.geometry_type) for layer in list_layers(path)] == [
        ("说明", None),
        ("驿站", "Point"),
    ]
    assert read_table(path).layer_name == "驿站"
    both = workbook(tmp_path / "b.xlsx", 甲=places, 乙=places)
    with pytest.raises(LayerAmbiguous):
        read_table(both)
    assert read_table(both, source_layer="乙").layer_name == "乙"
    with pytest.raises(LayerAbsent):
        read_table(both, source_layer="丙")


@pytest.mark.parametrize(
    ("header", "cell", "kind", "source"),
    [
        ("WKT", "SRID=4490;POLYGON ((114.3 30.5, 114.4 30.5, 114.4 30.6, 114.3 30.5))", "Polygon", "wkt"),
        ("边界", json.dumps(SQUARE.__geo_interface__), "Polygon", "geojson"),
        ("经纬度", "114.30，30.60", "Point", "lon_lat"),
    ],
)
def test_shapes_in_one_cell_are_read(tmp_path, header, cell, kind, source):
    table = read_table(workbook(tmp_path / "a.xlsx", 表=[["名称", header], ["甲", cell]]))
    assert table.geometry[0].geom_type == kind
    assert table.geometry_source == source
    assert table.declared_crs == ("EPSG:4490" if "SRID" in cell else None)


def test_geojson_text_costs_one_row_where_it_is_bad_and_an_open_ring_is_closed(tmp_path):
    path = tmp_path / "a.csv"
    ring = [[114.3, 30.5], [114.4, 30.5], [114.4, 30.6]]
    cells = [
        json.dumps({"type": "Polygon", "coordinates": [ring]}),
        json.dumps({"type": "Polygon", "coordinates": [ring[:1]]}),
        '{"type": "Polygon", "coordinates": ',
        "",
    ]
    rows = "".join('甲,"' + cell.replace('"', '""') + '"\n' for cell in cells)
    path.write_text(f"名称,geometry\n{rows}")
    table = read_table(path)
    assert table.row_numbers.tolist() == [2, 5]
    assert [(found.row_number, found.reason_code) for found in table.rejections] == [
        (3, "ring_too_short"),
        (4, "geometry_unreadable"),
    ]
    assert [found.row_number for found in table.remarks] == [2]


def test_x_and_y_without_a_word_about_their_system_are_asked_about(tmp_path):
    for header in (["X", "Y"], ["横坐标", "纵坐标"], ["中心 X", "中心 Y"]):
        table = read_table(workbook(tmp_path / "a.xlsx", 表=[["名称", *header], ["井盖", 521000, 3380000]]))
        assert table.geometry_source == "x_y"
        with pytest.raises(CrsMissing):
            source_crs(table, None)
        assert source_crs(table, "4547").is_projected


@pytest.mark.parametrize(
    ("header", "datum"),
    [
        ("GCJ02_lng,GCJ02_lat", "gcj02"),
        ("高德经度,高德纬度", "gcj02"),
        ("bd09_lng,bd09_lat", "bd09"),
        ("百度经度,百度纬度", "bd09"),
        ("经度(WGS84),纬度(WGS84)", "EPSG:4326"),
        ("经度,纬度", "EPSG:4326"),
    ],
)
def test_a_header_that_names_its_datum_is_heeded(tmp_path, header, datum):
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n114.3,30.6\n")
    crs = source_crs(read_table(path), None)
    assert crs.name == datum
    assert crs.origin == ("assumed" if header == "经度,纬度" else "file")


def test_columns_that_a_person_named_come_before_recognised_ones(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lon,lat,E,N\n114.3,30.6,521000,3380000\n")
    table = read_table(path, place_columns={"x": "E", "y": "N"})
    assert (table.geometry_source, table.place_headers) == ("x_y", ("E", "N"))


def test_a_workbook_that_cannot_be_read_says_what_to_do(tmp_path):
    (tmp_path / "old.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    assert _refusal(tmp_path / "old.xlsx") == "import.file_unreadable.locked_workbook"
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    assert _refusal(tmp_path / "a.xls") == "import.format_unknown.old_excel"
    whole = workbook(tmp_path / "a.xlsx", 表=[["经度", "纬度"], [114.3, 30.6]]).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[:-40])
    assert _refusal(tmp_path / "cut.xlsx") == "import.file_unreadable.broken_workbook"
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as zipped:
        zipped.writestr("a.txt", "no workbook")
    assert _refusal(tmp_path / "other.xlsx") == "import.file_unreadable.broken_workbook"
    (tmp_path / "text.xlsx").write_text("经度,纬度\n")
    assert _refusal(tmp_path / "text.xlsx") == "import.file_unreadable.not_what_it_says"


def test_a_workbook_with_entities_is_not_opened(tmp_path):
    path = tmp_path / "a.xlsx"
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><worksheet>&c;</worksheet>'
    for encoding in ("utf-8", "utf-16"):
        with zipfile.ZipFile(path, "w") as zipped:
            zipped.writestr("xl/worksheets/sheet1.xml", bomb.encode(encoding))
        assert _refusal(path) == "import.file_unreadable.points_elsewhere"


def test_a_workbook_that_would_unpack_to_too_much_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 3_000_000)
    assert _refusal(path) in ("import.archive_unsafe.bomb", "import.file_unreadable.broken_workbook")
    assert _refusal(path, limits=ReadLimits(unzipped_bytes=1_000)) == "import.limit_passed.unzipped_bytes"


# --- JSON lists, and what a wizard shows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_plain_list_of_geometries_or_features_is_read_in_every_unicode(tmp_path, encoding):
    point = {"type": "Point", "coordinates": [114.3, 30.6]}
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps([point, {"geometry": point, "count": 3}, 7]).encode(encoding))
    table = read_table(path)
    assert table.row_numbers.tolist() == [1, 2]
    assert [(found.row_number, found.reason_code) for found in table.rejections] == [(3, "not_a_feature")]


def test_a_preview_is_twenty_rows_of_short_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("名称,经度,纬度\n" + f"{'长' * 300},114.3,30.6\n" * 50)
    shown = preview(read_table(path))
    assert (len(shown.rows), shown.headers, shown.row_numbers[:2]) == (20, ("名称", "经度", "纬度"), (2, 3))
    assert all(len(cell) <= 80 for row in shown.rows for cell in row)


def test_a_table_without_places_can_be_looked_at_so_that_columns_can_be_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("东,北\n114.3,30.6\n")
    with pytest.raises(NoGeometryColumn):
        read_table(path)
    assert preview(read_table(path, needs_places=False)).rows == (("114.3", "30.6"),)


def test_a_large_table_is_listed_from_its_beginning(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("名称,经度,纬度\n".encode() + "驿站,114.3,30.6\n".encode() * 40_000)
    (layer,) = list_layers(path)
    assert (layer.geometry_type, layer.row_count) == ("Point", None)
    path.write_bytes(b"")
    with pytest.raises(FileUnreadable):
        list_layers(path)
