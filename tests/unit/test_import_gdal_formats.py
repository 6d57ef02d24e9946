"""What GDAL reads: as people have it, and as somebody who means harm may write it."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from pathlib import Path

import geopandas
import pytest
import shapely

from gridmap.importing.datum import source_crs
from gridmap.importing.errors import (
    CrsMissing,
    ImportRefused,
)
from gridmap.importing.readers import list_layers, read_table
from tests.files import geodatabase, osm_xml

POINT = shapely.Point(114.30, 30.60)
SQUARE = shapely.box(114.30, 30.55, 114.31, 30.56)


def _refusal(path: Path, **options) -> str:
    with pytest.raises(ImportRefused) as refused:
        read_table(path, **options)
    return refused.value.code


def _layers_in_two_systems(path: Path) -> Path:
    frame = geopandas.GeoDataFrame({"名称": ["甲"]}, geometry=[SQUARE], crs=4326)
    frame.to_file(path, layer="经纬度")
    frame.to_crs(4547).to_file(path, layer="投影", mode="a")
    return path


def test_each_layer_of_a_geopackage_has_its_own_coordinate_system(tmp_path):
    path = _layers_in_two_systems(tmp_path / "a.gpkg")
    assert {layer.name: layer.stated_crs for layer in list_layers(path)} == {
        "经纬度": "EPSG:4326",
        "投影": "EPSG:4547",
    }
    assert read_table(path, source_layer="投影").declared_crs == "EPSG:4547"


def test_a_geodatabase_is_read_zipped_and_as_a_folder(tmp_path):
    folder = geodatabase(tmp_path / "普查.gdb")
    assert [layer.name for layer in list_layers(folder)] == ["小区"]
    assert read_table(folder).columns["名称"] == ["甲"]
    archive = tmp_path / "普查.gdb.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for part in folder.iterdir():
            zipped.write(part, f"数据/普查.gdb/{part.name}")
    assert read_table(archive).geometry[0].symmetric_difference(SQUARE).area < 1e-12
    empty = tmp_path / "空.gdb"
    empty.mkdir()
    assert _refusal(empty) == "import.file_unreadable.not_what_it_says"


def test_a_flatgeobuf_is_read_also_when_it_is_empty(tmp_path):
    frame = geopandas.GeoDataFrame({"名称": ["甲"]}, geometry=[SQUARE], crs=4490)
    frame.to_file(tmp_path / "a.fgb")
    assert read_table(tmp_path / "a.fgb").declared_crs == "EPSG:4490"
    frame[:0].to_file(tmp_path / "empty.fgb", geometry_type="Polygon")
    assert read_table(tmp_path / "empty.fgb").row_count == 0


DRAWING = (
    "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n9\n$DWGCODEPAGE\n3\nANSI_1252\n0\nENDSEC\n"
    "0\nSECTION\n2\nENTITIES\n0\nPOINT\n8\n井盖\n10\n521000.0\n20\n3380000.0\n30\n0.0\n"
    "0\nTEXT\n8\n注记\n10\n521001.0\n20\n3380002.0\n30\n0.0\n40\n2.5\n1\n污水井\n0\nENDSEC\n0\nEOF\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_drawings_layers_and_texts_are_columns_and_its_system_is_asked_for(tmp_path, encoding):
    path = tmp_path / "a.dxf"
    path.write_bytes(DRAWING.encode(encoding))
    table = read_table(path)
    assert table.columns["Layer"] == ["井盖", "注记"]
    assert table.columns["Text"] == [None, "污水井"]
    with pytest.raises(CrsMissing):
        source_crs(table, None)


def _blocks_in_blocks(*, width: int, depth: int, column_count: int = 1) -> str:
    insert = "0\nINSERT\n8\n0\n10\n0.0\n20\n0.0\n30\n0.0\n2\n"
    line = "0\nLINE\n8\n0\n10\n0.0\n20\n0.0\n11\n1.0\n21\n1.0\n"
    blocks = ""
    for level in range(depth):
        inner = f"{insert}B{level + 1}\n" * width if level < depth - 1 else line
        blocks += f"0\nBLOCK\n8\n0\n2\nB{level}\n70\n0\n10\n0.0\n20\n0.0\n30\n0.0\n{inner}0\nENDBLK\n8\n0\n"
    array = f"{insert}B0\n70\n{column_count}\n71\n{column_count}\n44\n1.0\n45\n1.0\n"
    sections = f"2\nBLOCKS\n{blocks}0\nENDSEC\n0\nSECTION\n2\nENTITIES\n{array}"
    header = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n0\nENDSEC\n"
    return f"{header}0\nSECTION\n{sections}0\nENDSEC\n0\nEOF\n"


def test_blocks_of_a_drawing_are_drawn_out_and_a_bomb_of_blocks_is_not(tmp_path):
    path = tmp_path / "a.dxf"
    path.write_text(_blocks_in_blocks(width=3, depth=3, column_count=2))
    # nine lines in three blocks of three, in two rows of two columns
    assert shapely.length(read_table(path).geometry).sum() == pytest.approx(9 * 4 * 2**0.5)
    for bomb in (
        _blocks_in_blocks(width=10, depth=9),
        _blocks_in_blocks(width=1, depth=1, column_count=30_000),
    ):
        path.write_text(bomb)
        assert _refusal(path) == "import.limit_passed.drawing_objects"
    path.write_text(_blocks_in_blocks(width=1, depth=2).replace("2\nB1\n0\nENDBLK", "2\nB0\n0\nENDBLK"))
    assert _refusal(path) == "import.file_unreadable.blocks_in_circle"


@pytest.mark.parametrize("ending", [".osm", ".osm.bz2", ".osm.gz"])
def test_streets_buildings_and_points_are_taken_out_of_an_openstreetmap_extract(tmp_path, ending):
    pack = {".osm": bytes, ".osm.bz2": bz2.compress, ".osm.gz": gzip.compress}[ending]
    path = tmp_path / f"区域{ending}"
    path.write_bytes(pack(osm_xml()))
    assert [layer.name for layer in list_layers(path)] == ["streets", "buildings", "points"]
    streets = read_table(path, geometry_words=("LineString",))
    assert (streets.columns["highway"], streets.columns["name"]) == (["residential"], ["首义路"])
    buildings = read_table(path, source_layer="buildings")
    assert (buildings.columns["osm_id"], buildings.columns["building:levels"]) == (["w2"], ["6"])
    assert buildings.geometry[0].geom_type == "MultiPolygon"
    points = read_table(path, source_layer="points")
    assert (points.columns["osm_id"], points.columns["amenity"]) == (["n9"], ["drinking_water"])
    assert points.declared_crs == "EPSG:4326"


@pytest.mark.parametrize(
    "suffix", [".gpkg", ".shp", ".fgb", ".dxf", ".osm", ".pbf", ".dbf", ".kml", ".xlsx", ".zip"]
)
def test_a_file_that_sends_gdal_elsewhere_is_not_opened_whatever_it_is_called(tmp_path, suffix):
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    source = f"<SrcDataSource>{tmp_path / 'secret.csv'}</SrcDataSource>"
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="secret">{source}</OGRVRTLayer></OGRVRTDataSource>'
    path = tmp_path / f"a{suffix}"
    path.write_text(vrt)
    assert _refusal(path).startswith("import.file_unreadable")


@pytest.mark.parametrize(
    ("suffix", "head"),
    [(".dxf", "0\nSECTION\n2\nHEADER\n"), (".osm", "<osm version='0.6'>")],
)
def test_a_text_file_that_begins_right_and_goes_on_to_point_elsewhere_is_not_opened(tmp_path, suffix, head):
    path = tmp_path / f"a{suffix}"
    path.write_text(f"{head}\n<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>")
    assert _refusal(path) == "import.file_unreadable.points_elsewhere"


def test_a_geopackage_whose_views_call_out_of_it_is_not_opened(tmp_path):
    import sqlite3

    path = _layers_in_two_systems(tmp_path / "a.gpkg")
    with sqlite3.connect(path) as database:
        database.execute("CREATE VIEW v AS SELECT ogr_datasource_load_layers('/etc/passwd')")
    database.close()
    assert _refusal(path, source_layer="投影") == "import.file_unreadable.points_elsewhere"


def test_names_that_mean_something_to_gdal_are_only_names(tmp_path):
    """pyogrio reads folders that end in .zip as archives, and ! as a path inside one."""
    folder = tmp_path / "数据.zip" / "a!b"
    folder.mkdir(parents=True)
    path = folder / "vsicurl_x.gpkg"
    path.write_bytes(_layers_in_two_systems(tmp_path / "a.gpkg").read_bytes())
    assert len(list_layers(path)) == 2
