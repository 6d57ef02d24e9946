"""Files as people have them: encodings, byte order marks, zips, headers; and files that lie."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import geopandas
import pytest
import shapely

from gridmap.domain.imports import Rejection
from gridmap.importing.columns import Layer, fields_of, normalised_header, recognise_columns
from gridmap.importing.encodings import decide_encoding
from gridmap.importing.errors import (
    ArchiveUnsafe,
    ColumnAbsent,
    ColumnMissing,
    EncodingUnknown,
    FieldUnknown,
    FileAbsent,
    FileUnreadable,
    FormatUnknown,
    LayerAbsent,
    LayerAmbiguous,
    LimitPassed,
    NoGeometryColumn,
)
from gridmap.importing.readers import read_table
from gridmap.importing.tables import ReadLimits

SQUARE = shapely.box(114.30, 30.55, 114.31, 30.56)
NAMES = ["柯尔山社区", "江汉北路社区"]


def _write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _collection(*features: object, **members: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members})


def _feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


POINT = {"type": "Point", "coordinates": [114.3, 30.6]}


def _shapefile(
    folder: Path, encoding: str, *, cpg: str | None = None, header: str = "名称", names: list[str] = NAMES
) -> Path:
    """A Shapefile with Chinese text in an encoding, its language byte cleared as many tools leave it."""
    frame = geopandas.GeoDataFrame({header: names}, geometry=[SQUARE, SQUARE], crs=4326)
    path = folder / "社区.shp"
    frame.to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink()
    dbf = path.with_suffix(".dbf")
    content = bytearray(dbf.read_bytes())
    content[29] = 0
    dbf.write_bytes(content)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def _zipped(folder: Path, path: Path, *, under: str = "") -> Path:
    archive = folder / "upload.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part != archive:
                zipped.write(part, f"{under}{part.name}")
    return archive


@pytest.mark.parametrize(
    ("encoding", "header", "names"),
    [
        ("utf-8", "名称", NAMES),
        ("gb18030", "名称", NAMES),
        ("big5", "名稱", ["高雄市林園區", "中門里"]),
    ],
)
@pytest.mark.parametrize("cpg", [None, "matching", "ISO-8859-1"])
def test_a_shapefiles_chinese_is_read_right_whatever_its_cpg_says(tmp_path, encoding, header, names, cpg):
    path = _shapefile(
        tmp_path, encoding, cpg=encoding if cpg == "matching" else cpg, header=header, names=names
    )
    table = read_table(path)
    assert table.headers == [header]
    assert list(table.columns[header]) == names


def test_big5_is_told_from_gb18030():
    samples = [name.encode("big5") for name in ("高雄市林園區", "中門里", "鳳山區")]
    assert decide_encoding(samples) == "big5hkscs"
    assert decide_encoding([name.encode("gbk") for name in NAMES]) == "gb18030"
    assert decide_encoding([name.encode() for name in NAMES]) == "utf-8"
    assert decide_encoding([b"plain"]) == "utf-8"


def test_a_text_cut_in_the_middle_of_a_character_is_still_utf_8():
    assert decide_encoding(["柯尔山社区".encode()[:-1]]) == "utf-8"


def test_text_that_reads_like_no_chinese_is_refused_rather_than_garbled():
    with pytest.raises(EncodingUnknown) as refused:
        decide_encoding(["Peçeña México, Coração, Señor".encode("latin-1")])
    assert refused.value.code == "import.encoding_unknown.nothing_fits"


def test_a_declared_encoding_is_believed_or_refused_but_never_half_applied():
    assert decide_encoding(["Peçeña".encode("latin-1")], declared="latin1") == "iso-8859-1"
    with pytest.raises(EncodingUnknown) as refused:
        decide_encoding(["柯尔山".encode("gbk")], declared="utf-8")
    assert refused.value.code == "import.encoding_unknown.declared_does_not_fit"
    with pytest.raises(EncodingUnknown):
        decide_encoding([b"x"], declared="klingon")


def test_a_zipped_shapefile_in_a_folder_with_a_chinese_name_is_read(tmp_path):
    archive = _zipped(tmp_path, _shapefile(tmp_path, "gb18030"), under="数据 2026/")
    table = read_table(archive)
    assert list(table.columns["名称"]) == NAMES
    assert table.layer_name == "社区"
    assert table.declared_crs == "EPSG:4326"


def test_a_shapefile_without_its_index_is_explained(tmp_path):
    path = _shapefile(tmp_path, "utf-8")
    path.with_suffix(".shx").unlink()
    with pytest.raises(FileUnreadable) as refused:
        read_table(path)
    assert refused.value.code == "import.file_unreadable.shx_missing"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../evil.shp", "import.archive_unsafe.path_outside"),
        ("/etc/evil.shp", "import.archive_unsafe.path_outside"),
        ("a/..\\..\\evil.shp", "import.archive_unsafe.path_outside"),
        ("C:\\evil.shp", "import.archive_unsafe.path_outside"),
    ],
)
def test_a_zip_that_writes_elsewhere_is_not_unpacked(tmp_path, name, code):
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(name, b"x")
    with pytest.raises(ArchiveUnsafe) as refused:
        read_table(archive)
    assert refused.value.code == code


def test_a_link_in_a_zip_is_not_followed(tmp_path):
    archive = tmp_path / "upload.zip"
    link = zipfile.ZipInfo("roads.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(link, "/etc/passwd")
    with pytest.raises(ArchiveUnsafe) as refused:
        read_table(archive)
    assert refused.value.code == "import.archive_unsafe.link"


def test_a_bomb_in_a_zip_is_not_unpacked(tmp_path):
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("zeros.csv", b"0" * 30_000_000)
    with pytest.raises(ArchiveUnsafe) as refused:
        read_table(archive)
    assert refused.value.code == "import.archive_unsafe.bomb"


def test_what_a_zip_claims_of_its_sizes_is_not_believed(tmp_path):
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("rows.csv", "经度,纬度\n" + "114.3,30.6\n" * 1_000)
    content = bytearray(archive.read_bytes())
    central = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, central + 24, 10)
    archive.write_bytes(content)
    with pytest.raises((LimitPassed, FileUnreadable)):
        read_table(archive, limits=ReadLimits(unzipped_bytes=100))


def test_a_zip_with_several_layers_asks_which(tmp_path):
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("甲.csv", "名称,经度,纬度\n驿站,114.3,30.6\n")
        zipped.writestr("乙.csv", "名称,经度,纬度\n车棚,114.3,30.6\n")
        zipped.writestr("__MACOSX/._甲.csv", "")
    with pytest.raises(LayerAmbiguous):
        read_table(archive)
    assert list(read_table(archive, source_layer="乙").columns["名称"]) == ["车棚"]
    with pytest.raises(LayerAbsent):
        read_table(archive, source_layer="丙")


def test_a_geopackage_gives_the_layer_that_fits(tmp_path):
    path = tmp_path / "net.gpkg"
    geopandas.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(1, 1)], crs=4326).to_file(path, layer="nodes")
    line = shapely.LineString([(0, 0), (1, 1)])
    geopandas.GeoDataFrame({"n": [1]}, geometry=[line], crs=4326).to_file(path, layer="edges", mode="a")
    assert read_table(path, geometry_words=("LineString",)).layer_name == "edges"
    assert read_table(path, source_layer="nodes").layer_name == "nodes"
    with pytest.raises(LayerAmbiguous):
        read_table(path)


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.zip"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, name):
    with pytest.raises(FileUnreadable):
        read_table(_write(tmp_path, name, "<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>"))


def test_an_absent_file_and_an_unknown_format_are_named(tmp_path):
    with pytest.raises(FileAbsent):
        read_table(tmp_path / "nowhere.csv")
    with pytest.raises(FormatUnknown):
        read_table(_write(tmp_path, "map.dwg", b"AC1032"))


def test_geojson_with_a_byte_order_mark_is_read(tmp_path):
    content = b"\xef\xbb\xbf" + _collection(_feature(POINT, 名称="驿站")).encode()
    table = read_table(_write(tmp_path, "a.geojson", content))
    assert list(table.columns["名称"]) == ["驿站"]


@pytest.mark.parametrize(
    "document", [POINT, _feature(POINT), {"type": "GeometryCollection", "geometries": [POINT]}]
)
def test_a_bare_geometry_or_feature_is_a_table_of_one_row(tmp_path, document):
    table = read_table(_write(tmp_path, "a.json", json.dumps(document)))
    assert [geometry.wkt for geometry in table.geometry] == ["POINT (114.3 30.6)"]


def test_one_bad_geometry_costs_one_row_and_an_open_ring_none(tmp_path):
    open_ring = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}
    content = _collection(
        _feature(POINT), _feature({"type": "Point", "coordinates": ["x", 1]}), "nonsense", _feature(open_ring)
    )
    table = read_table(_write(tmp_path, "a.geojson", content))
    assert [(found.row_number, found.reason_code) for found in table.rejections] == [
        (3, "not_a_feature"),
        (2, "geometry_unreadable"),
    ]
    assert table.row_numbers.tolist() == [1, 4]
    assert [found.reason_code for found in table.remarks] == ["ring_closed"]
    assert table.geometry[1].area == 0.5


def test_the_old_crs_member_of_geojson_is_heeded(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    table = read_table(_write(tmp_path, "a.geojson", _collection(_feature(POINT), crs=crs)))
    assert table.declared_crs == "urn:ogc:def:crs:EPSG::4547"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.file_unreadable.not_json"),
        (b"{", "import.file_unreadable.not_json"),
        (b"[1, 2]", "import.file_unreadable.not_geojson"),
        (b'{"type": "Topology"}', "import.file_unreadable.not_geojson"),
        (b"[" * 200_000, "import.file_unreadable.nested_too_deep"),
        (b"\x89PNG\r\n", "import.file_unreadable.not_json"),
    ],
)
def test_what_is_no_geojson_is_refused_with_the_reason(tmp_path, content, code):
    with pytest.raises(FileUnreadable) as refused:
        read_table(_write(tmp_path, "a.geojson", content))
    assert refused.value.code == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_chinese_table_is_read_in_every_encoding_and_with_every_separator(tmp_path, encoding, delimiter):
    rows = [["名称", "经度(°)", "纬度(°)"], ["驿站,甲" if delimiter != "," else "驿站甲", "114.3", "30.6"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    table = read_table(_write(tmp_path, "a.csv", text.encode(encoding)))
    assert table.geometry[0].wkt == "POINT (114.3 30.6)"
    assert table.place_headers == ("经度(°)", "纬度(°)")
    assert str(table.columns["名称"][0]).startswith("驿站")


@pytest.mark.parametrize(
    ("header", "row", "source"),
    [
        ("lat,lon", "30.6,114.3", "lon_lat"),
        ("X坐标,Y坐标", "114.3,30.6", "x_y"),
        ("WKT,名称", '"POINT (114.3 30.6)",甲', "wkt"),
        ("the_geom,名称", '"SRID=4326;POINT (114.3 30.6)",甲', "wkt"),
        ("坐标,名称", '"114.3,30.6",甲', "lon_lat"),
        ("坐标,名称", '"[114.3 30.6]",甲', "lon_lat"),
        ("经度,纬度", "１１４.３,３０.６°", "lon_lat"),
    ],
)
def test_places_are_found_in_every_usual_form(tmp_path, header, row, source):
    table = read_table(_write(tmp_path, "a.csv", f"{header}\n{row}\n"))
    assert table.geometry[0].wkt == "POINT (114.3 30.6)"
    assert table.geometry_source == source


def test_rows_have_the_numbers_that_a_spreadsheet_shows(tmp_path):
    content = '名称,经度,纬度\n"两行\n文字",114.3,30.6\n\n丙,,\n丁,114,30,多,余\n'
    table = read_table(_write(tmp_path, "a.csv", content))
    assert table.row_numbers.tolist() == [2, 4]
    assert table.rejections == [Rejection(5, "row", "丁,114,30,多,余", "too_many_cells")]
    assert table.geometry[1] is None


def test_places_may_be_assigned_to_columns_of_any_name(tmp_path):
    path = _write(tmp_path, "a.csv", "东,北\n114.3,30.6\n")
    with pytest.raises(NoGeometryColumn):
        read_table(path)
    assert read_table(path, place_columns={"lon": "东", "lat": "北"}).geometry[0].x == 114.3
    with pytest.raises(ColumnAbsent):
        read_table(path, place_columns={"lon": "西", "lat": "北"})


def test_limits_are_said_with_their_numbers(tmp_path):
    path = _write(tmp_path, "a.csv", "经度,纬度\n" + "114.3,30.6\n" * 20)
    for limits, code in (
        (ReadLimits(row_count=10), "import.limit_passed.row_count"),
        (ReadLimits(file_bytes=10), "import.limit_passed.file_bytes"),
        (ReadLimits(column_count=1), "import.limit_passed.column_count"),
        (ReadLimits(vertex_count=10), "import.limit_passed.vertex_count"),
    ):
        with pytest.raises(LimitPassed) as refused:
            read_table(path, limits=limits)
        assert refused.value.code == code


def test_columns_are_recognised_in_chinese_and_english_and_each_serves_once():
    headers = ["编号", "站点名称", "类别", "地址", "联系电话", "备注"]
    found = recognise_columns(headers, fields_of(Layer.SERVICE_POINTS))
    assert found == {
        "code": "编号",
        "name": "站点名称",
        "category": "类别",
        "address": "地址",
        "office_phone": "联系电话",
    }
    assert normalised_header(" 面积(平方米) ") == normalised_header("面积")


def test_an_assigned_column_wins_and_an_empty_one_means_none():
    headers = ["code", "name", "OTHER"]
    found = recognise_columns(headers, fields_of(Layer.STREETS), {"name": "other", "code": ""})
    assert found == {"name": "OTHER"}


def test_wrong_assignments_and_missing_columns_are_named():
    specs = fields_of(Layer.ISSUES)
    with pytest.raises(ColumnMissing) as missing:
        recognise_columns(["id", "时间"], specs)
    assert missing.value.params["field"] == "category"
    with pytest.raises(ColumnAbsent):
        recognise_columns(["id"], specs, {"category": "种类"})
    with pytest.raises(FieldUnknown):
        recognise_columns(["id"], specs, {"colour": "id"})
