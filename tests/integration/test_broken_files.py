"""A file that breaks off leaves the database as it was; what is in a file can be seen beforehand."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import pytest
import shapely
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.cli.layers import layers
from gridmap.domain.permissions import Actor
from gridmap.importing.columns import Layer
from gridmap.importing.errors import ImportRefused
from gridmap.importing.readers import read_table
from gridmap.use_cases.imports import ImportRequest, import_layer
from gridmap.web.i18n import compile_catalogues
from tests.files import kml, osm_pbf, osm_xml, workbook

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LINES = [shapely.LineString([(114.30 + step, 30.55), (114.31 + step, 30.56)]) for step in (0, 0.01, 0.02)]


def _streets(folder: Path) -> list[Path]:
    frame = geopandas.GeoDataFrame({"name": ["甲路", "乙路", "丙路"]}, geometry=LINES, crs=4326)
    for suffix in (".gpkg", ".fgb", ".geojson"):
        frame.to_file(folder / f"a{suffix}")
    lines = (f"{west},30.5 {west + 0.01},30.6" for west in (114.30, 114.31, 114.32))
    shapes = (f"<LineString><coordinates>{line}</coordinates></LineString>" for line in lines)
    placemarks = "".join(f"<Placemark>{shape}</Placemark>" for shape in shapes)
    kml(folder / "a.kml", placemarks)
    rows: list[list[object]] = [["name", "WKT"], *([f"{line.length}路", line.wkt] for line in LINES)]
    workbook(folder / "a.xlsx", 道路=rows)
    (folder / "a.osm").write_bytes(osm_xml())
    (folder / "a.osm.pbf").write_bytes(osm_pbf())
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.write(folder / "a.geojson", "a.geojson")
    return sorted(folder.glob("a.*"))


def _stored(session: Session) -> tuple[int, int]:
    streets, batches = session.execute(
        text("SELECT (SELECT count(*) FROM street), (SELECT count(*) FROM import_batch)")
    ).one()
    return streets, batches


def test_a_file_of_any_format_is_imported_whole_and_cut_off_it_leaves_nothing_behind(session, tmp_path):
    for path in _streets(tmp_path):
        request = ImportRequest(path=path, layer=Layer.STREETS)
        with session.begin_nested() as savepoint:
            assert import_layer(session, Actor.system(), request, now=NOW).outcome.added > 0, path.name
            savepoint.rollback()
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
        with pytest.raises(ImportRefused):
            import_layer(session, Actor.system(), request, now=NOW)
        assert _stored(session) == (0, 0), path.name


@pytest.fixture
def inspect(monkeypatch, tmp_path):
    """Runs the command where there is no database."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/none")
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    compile_catalogues()

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(layers, ["inspect", *(str(argument) for argument in arguments)])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_a_file_can_be_looked_into_before_it_is_imported(inspect, tmp_path):
    rows: list[list[object]] = [["驿站台账"], ["名称", "经度", "纬度", "备注"]]
    path = workbook(
        tmp_path / "台账.xlsx", 驿站=[*rows, *([f"{n} 号", 114.3, 30.6, None] for n in range(30))]
    )
    shown = inspect(path, "--rows", "2").splitlines()
    assert shown[0] == "驿站: Point · 30 rows"
    assert shown[1] == "    columns: 名称, 经度, 纬度, 备注"
    assert shown[3] == "驿站: 30 rows · Excel · utf-8 · coordinates not stated · places from 经度 and 纬度"
    assert shown[4:] == [
        "row  名称  经度   纬度",
        "3    0 号  114.3  30.6",
        "4    1 号  114.3  30.6",
        "Columns that are empty in these rows: 1",
    ]


def test_of_several_layers_each_is_listed_and_one_is_shown_on_request(inspect, tmp_path):
    path = tmp_path / "a.osm"
    path.write_bytes(osm_xml())
    assert "First rows of one of them: --source-layer NAME" in inspect(path)
    assert "首义路" in inspect(path, "--source-layer", "streets")


def test_a_table_without_places_is_shown_with_what_to_say_about_it(inspect, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("东,北\n114.3,30.6\n")
    assert "no place recognised: --column lon=… --column lat=…" in inspect(path)
    assert read_table(path, place_columns={"lon": "东", "lat": "北"}).row_count == 1
