"""Zips and other packed files; names that cannot be read, and what to do about them."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import geopandas
import pytest
import shapely

from gridmap.importing.errors import (
    ArchiveUnsafe,
    FormatUnknown,
    ImportRefused,
    LimitPassed,
)
from gridmap.importing.readers import list_layers, read_table
from gridmap.importing.tables import ReadLimits

POINT = shapely.Point(114.30, 30.60)
SQUARE = shapely.box(114.30, 30.55, 114.31, 30.56)


def _refusal(path: Path, **options) -> str:
    with pytest.raises(ImportRefused) as refused:
        read_table(path, **options)
    return refused.value.code


def _csv_zip(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in entries.items():
            zipped.writestr(name, content)
    return path


ROWS = "名称,经度,纬度\n驿站,114.3,30.6\n".encode()


def test_a_zip_in_a_zip_is_read_and_too_many_are_refused(tmp_path):
    inner = ROWS
    path = tmp_path / "0.zip"
    _csv_zip(path, {"a.csv": inner})
    for depth in range(1, 5):
        outer = tmp_path / f"{depth}.zip"
        _csv_zip(outer, {f"{depth - 1}.zip": path.read_bytes()})
        path = outer
    assert read_table(tmp_path / "2.zip").row_count == 1
    assert _refusal(tmp_path / "3.zip") == "import.archive_unsafe.nested"


def test_what_zips_in_a_zip_unpack_to_counts_together(tmp_path):
    inner = _csv_zip(tmp_path / "inner.zip", {"a.csv": ROWS + b"1,2,3\n" * 2_000}).read_bytes()
    path = _csv_zip(tmp_path / "a.zip", {f"{number}.zip": inner for number in range(9)})
    with pytest.raises(LimitPassed) as refused:
        read_table(path, limits=ReadLimits(unzipped_bytes=50_000))
    assert refused.value.code == "import.limit_passed.unzipped_bytes"


@pytest.mark.parametrize("codec", ["gb18030", "utf-8"])
def test_chinese_names_in_a_zip_are_readable_though_their_encoding_is_not_marked(tmp_path, codec):
    path = tmp_path / "a.zip"
    # Python marks names as UTF-8: one of the same length is put in, as other programs write it.
    name = "网格数据.csv".encode(codec)
    _csv_zip(path, {"x" * (len(name) - 4) + ".csv": ROWS})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"x" * (len(name) - 4) + b".csv", name))
    assert read_table(path).layer_name == "网格数据"


def test_a_locked_zip_says_so(tmp_path):
    path = _csv_zip(tmp_path / "a.zip", {"a.csv": ROWS})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveUnsafe) as refused:
        read_table(path)
    assert refused.value.code == "import.archive_unsafe.locked"


def test_a_zip_with_a_nameless_entry_is_refused(tmp_path):
    path = _csv_zip(tmp_path / "a.zip", {"a": ROWS})
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    content[central + 28] = 0
    content[end + 12] -= 1
    del content[central + 46]
    path.write_bytes(content)
    assert [entry.filename for entry in zipfile.ZipFile(path).infolist()] == [""]
    assert _refusal(path).startswith("import.file_unreadable")


def test_a_gzip_bomb_stops_at_the_limit(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(ROWS + b"0" * 5_000_000))
    limits = ReadLimits(unzipped_bytes=100_000)
    assert _refusal(path, limits=limits) == "import.limit_passed.unzipped_bytes"


def test_layers_of_one_name_in_a_zip_are_told_apart(tmp_path):
    path = _csv_zip(tmp_path / "a.zip", {"东/点.csv": ROWS, "西/点.csv": ROWS, "线.geojson": b"{}"})
    found = list_layers(path)
    assert [(layer.name, layer.problem is None) for layer in found] == [
        ("点", True),
        ("线", False),
        ("点 (2)", True),
    ]
    assert read_table(path, source_layer="点 (2)").row_count == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("road.shx", "companion"),
        ("road.prj", "companion"),
        ("road.shp.xml", "companion"),
        ("plan.dwg", "dwg"),
        ("data.rar", "other_archive"),
    ],
)
def test_files_that_cannot_be_read_alone_are_refused_with_what_to_do(tmp_path, name, code):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(FormatUnknown) as refused:
        read_table(tmp_path / name)
    assert refused.value.code == f"import.format_unknown.{code}"


def test_a_dbase_table_beside_its_shapes_is_a_companion_and_alone_a_table(tmp_path):
    geopandas.GeoDataFrame({"经度": [114.3], "纬度": [30.6]}, geometry=[POINT], crs=4326).to_file(
        tmp_path / "a.shp"
    )
    assert _refusal(tmp_path / "a.dbf") == "import.format_unknown.companion"
    (tmp_path / "a.shp").unlink()
    assert read_table(tmp_path / "a.dbf").geometry[0].wkt == "POINT (114.3 30.6)"
