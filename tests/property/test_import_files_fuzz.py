"""Files of every format, damaged in every way: a reader gives rows or one of our refusals, and soon.

A valid small file is made, bytes of it are changed, left out, doubled or cut off, and it is read.
``GRIDMAP_FUZZ_EXAMPLES=5000`` tries more of them.
"""

from __future__ import annotations

import bz2
import gzip
import os
import time
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import geopandas
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridmap.importing.errors import ImportRefused
from gridmap.importing.readers import list_layers, preview, read_table
from gridmap.importing.tables import ReadLimits
from tests.files import geodatabase, kml, osm_pbf, osm_xml, workbook

EXAMPLES = int(os.environ.get("GRIDMAP_FUZZ_EXAMPLES", "40"))
LIMITS = ReadLimits(
    file_bytes=1_000_000, unzipped_bytes=5_000_000, row_count=2_000, column_count=100, vertex_count=100_000
)
# Of the processor's time, which other tests do not take from: thirty times what the slowest whole file needs.
LONGEST_S = 10.0

SUFFIXES = (
    *(".gpkg", ".fgb", ".dxf", ".kml", ".kmz", ".xlsx", ".osm", ".osm.pbf", ".osm.bz2", ".csv", ".csv.gz"),
    *(".geojson", ".zip", ".gdb.zip", ".dbf"),
)

_places = st.integers(0, 2**20)
_changes = st.one_of(
    st.tuples(st.just("set"), _places, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("insert"), _places, st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("leave out"), _places, st.integers(1, 200)),
    st.tuples(st.just("double"), _places, st.integers(1, 400)),
    st.tuples(st.just("cut off"), _places, st.none()),
)


def _damaged(content: bytes, changes: list[tuple[str, int, bytes | int | None]]) -> bytes:
    for kind, anywhere, what in changes:
        place = anywhere % (len(content) + 1)
        if isinstance(what, bytes):
            behind = place + len(what) if kind == "set" else place
            content = content[:place] + what + content[behind:]
        elif kind == "leave out" and isinstance(what, int):
            content = content[:place] + content[place + what :]
        elif kind == "double" and isinstance(what, int):
            content = content[: place + what] + content[place:]
        elif kind == "cut off":
            content = content[:place]
    return content


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A valid file of each format, and the parts of a Shapefile under their own endings."""
    folder = tmp_path_factory.mktemp("whole")
    squares = [shapely.box(114.30 + step, 30.55, 114.31 + step, 30.56) for step in (0, 0.01, 0.02)]
    frame = geopandas.GeoDataFrame(
        {"名称": ["甲", "乙", None], "户数": [1, 2, 3], "面积": [0.5, 1.5, None]}, geometry=squares, crs=4490
    )
    frame.to_file(folder / "a.gpkg")
    frame.to_file(folder / "a.fgb")
    frame.to_file(folder / "a.geojson")
    frame.to_file(folder / "a.shp", encoding="gb18030")
    geopandas.GeoDataFrame({"Layer": ["道路"] * 3}, geometry=frame.boundary).to_file(folder / "a.dxf")
    placemark = "<Placemark><name>甲</name><Point><coordinates>114.3,30.6,0</coordinates></Point></Placemark>"
    kml(folder / "a.kml", f"<Folder><name>点</name>{placemark * 3}</Folder>")
    rows = [["名称", "经度", "纬度"], ["驿站", 114.3, 30.6], ["车棚", "114.31", "30.61"]]
    workbook(folder / "a.xlsx", 点=rows, 空=[])
    with zipfile.ZipFile(folder / "a.kmz", "w") as zipped:
        zipped.write(folder / "a.kml", "doc.kml")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for part in folder.glob("a.[sdpc]*"):
            zipped.write(part, f"数据/{part.name}")
    with zipfile.ZipFile(folder / "a.gdb.zip", "w") as zipped:
        for part in geodatabase(folder / "b.gdb").iterdir():
            zipped.write(part, f"b.gdb/{part.name}")
    csv = "名称,经度,纬度\n驿站,114.3,30.6\n车棚,114.31,30.61\n".encode()
    (folder / "a.csv").write_bytes(csv)
    (folder / "a.csv.gz").write_bytes(gzip.compress(csv))
    (folder / "a.osm").write_bytes(osm_xml())
    (folder / "a.osm.bz2").write_bytes(bz2.compress(osm_xml()))
    (folder / "a.osm.pbf").write_bytes(osm_pbf())
    return {path.name[1:]: path.read_bytes() for path in folder.glob("a.*")}


@contextmanager
def _in_time() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < LONGEST_S


def _read_all(path: Path) -> int:
    """What an import or the wizard would do with the file; returns how many layers could be read."""
    read_count = 0
    with _in_time():
        with suppress(ImportRefused):
            for layer in list_layers(path, limits=LIMITS)[:3]:
                with suppress(ImportRefused):
                    table = read_table(path, source_layer=layer.name, limits=LIMITS, needs_places=False)
                    assert all(len(values) == table.row_count for values in table.columns.values())
                    assert table.geometry is None or len(table.geometry) == table.row_count
                    preview(table)
                    read_count += 1
        with suppress(ImportRefused):
            read_table(path, geometry_words=("Polygon",), limits=LIMITS)
    return read_count


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_whole_file_of_each_format_is_read(tmp_path, whole_files, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(whole_files[suffix])
    assert _read_all(path) > 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_file_of_each_format_is_read_or_refused(tmp_path, whole_files, suffix):
    # GDAL sets aside much memory for each OpenStreetMap extract, however small.
    examples = max(EXAMPLES // 8, 5) if suffix.startswith(".osm") else EXAMPLES

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(changes=st.lists(_changes, min_size=1, max_size=6))
    def damage(changes):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(_damaged(whole_files[suffix], changes))
        _read_all(path)

    damage()


@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf", ".prj", ".cpg"])
def test_a_shapefile_with_one_damaged_part_is_read_or_refused(tmp_path, whole_files, part):
    for each in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
        (tmp_path / f"a{each}").write_bytes(whole_files[each])

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(changes=st.lists(_changes, min_size=1, max_size=4))
    def damage(changes):
        (tmp_path / f"a{part}").write_bytes(_damaged(whole_files[part], changes))
        _read_all(tmp_path / "a.shp")

    damage()


@pytest.mark.parametrize("inner", ["a.kml", "a.xlsx", "a.geojson", "a.gpkg", "a.fgb", "a.dxf", "a.zip"])
def test_a_damaged_file_in_a_whole_zip_is_read_or_refused(tmp_path, whole_files, inner):
    @settings(max_examples=max(EXAMPLES // 4, 5), deadline=None, suppress_health_check=list(HealthCheck))
    @given(changes=st.lists(_changes, min_size=1, max_size=4))
    def damage(changes):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as zipped:
            zipped.writestr(inner, _damaged(whole_files[inner[1:]], changes))
        _read_all(path)

    damage()


_names = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(
        ["../a.csv", "/a.csv", "C:\\a.csv", "a/../../b.kml", "a.gdb/a00000001.gdbtable", "a.csv/"]
    ),
    st.builds(
        lambda stem, suffix: stem + suffix,
        st.text(max_size=6),
        st.sampled_from([".csv", ".shp", ".zip", ".gpkg", ".gdb", ".gz", ".json"]),
    ),
)


@settings(max_examples=EXAMPLES * 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    entries=st.lists(st.tuples(_names, st.binary(max_size=60), st.integers(0, 2**32 - 1)), max_size=6),
    changes=st.lists(_changes, max_size=3),
)
def test_hostile_zips_write_nothing_beside_their_folder(tmp_path, entries, changes):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content, attributes in entries:
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.external_attr = name, attributes
            with suppress(ValueError, UnicodeEncodeError), warnings.catch_warnings(action="ignore"):
                zipped.writestr(entry, content)  # the same name twice is warned about
    path.write_bytes(_damaged(path.read_bytes(), changes))
    _read_all(path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]
