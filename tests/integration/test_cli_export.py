"""``gridmap layers export``: what it writes, what it refuses, what is on record."""

from __future__ import annotations

import json
from pathlib import Path

import pyogrio
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from gridmap.cli.layers import layers
from gridmap.cli.words import sentence_of
from gridmap.domain.exports import ExportRefused
from gridmap.storage.engine import make_engine
from gridmap.web.i18n import compile_catalogues


@pytest.fixture(scope="module")
def database(server, demo_template):
    """The demo subdistrict; exports write to its log only."""
    from tests.conftest import _database_from

    yield from _database_from(server, demo_template)


@pytest.fixture
def run(database, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("GRIDMAP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("GRIDMAP_EXPORT_MAX_ROWS", "3000")
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    compile_catalogues()

    def run_command(*arguments: object) -> Result:
        return CliRunner().invoke(layers, ["export", *(str(argument) for argument in arguments)])

    return run_command


def test_a_layer_leaves_in_the_zone_of_the_place_and_is_logged(run, database: str, tmp_path: Path) -> None:
    path = tmp_path / "grids.gpkg"
    done = run("areas", path, "--level", "grid", "--crs", "EPSG:4547", "--area", "420106099001")
    assert done.exit_code == 0, done.output
    info = pyogrio.read_info(path)
    assert info["crs"] == "EPSG:4547"
    assert f"staff_grids: {info['features']} rows in EPSG:4547" in done.output
    engine = make_engine(database)
    with engine.connect() as connection:
        last = "SELECT account_id, role, filter, row_count FROM export_log ORDER BY id DESC LIMIT 1"
        assert tuple(connection.execute(text(last)).one()) == (
            None,
            "system",
            {"area": "420106099001"},
            info["features"],
        )
    engine.dispose()
    assert list(tmp_path.glob(".gridmap-export-*")) == []


def test_filters_and_the_public_view(run, tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    done = run(
        *("service_points", path, "--public", "--status", "built", "--category", "SP07"),
        *("--bbox", "114.28,30.53,114.31,30.56"),
    )
    assert done.exit_code == 0, done.output
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert {(f["properties"]["category_code"], f["properties"]["status"]) for f in features} == {
        ("SP07", "built")
    }


def test_a_file_that_is_there_stays_unless_told_otherwise(run, tmp_path: Path) -> None:
    path = tmp_path / "streets.csv"
    path.write_text("mine")
    assert run("streets", path).exit_code == 1
    assert path.read_text() == "mine"
    assert run("streets", path, "--overwrite").exit_code == 0
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) > 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["streets", "a.exe"], "format 'exe' is unknown"),
        (["streets", "a"], "is unknown"),
        (["streets", "a.kml", "--crs", "gcj02"], "WGS-84"),
        (["streets", "a.csv", "--crs", "EPSG:99999"], "reference system"),
        (["areas", "a.csv"], "level"),
        (["zones", "a.csv", "--public"], "layer"),
        (["streets", "a.csv", "--category", "SP07"], "category"),
    ],
)
def test_what_is_refused_leaves_no_file_and_has_words(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.exit_code == 1
    sentence = sentence_of(done.exception)
    assert sentence is not None
    assert words in sentence
    assert list(tmp_path.glob("a*")) == []


def test_more_rows_than_one_file_may_have_are_refused(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GRIDMAP_EXPORT_MAX_ROWS", "10")
    done = run("buildings", tmp_path / "a.csv")
    assert isinstance(done.exception, ExportRefused)
    assert "10 rows" in str(sentence_of(done.exception))


@pytest.mark.parametrize("bbox", ["1,2,3", "a,b,c,d", "2,0,1,1", "0,0,999,1"])
def test_a_box_that_is_none_is_a_wrong_option(run, tmp_path: Path, bbox: str) -> None:
    assert run("streets", tmp_path / "a.csv", "--bbox", bbox).exit_code == 2


def test_a_folder_that_is_not_there_is_said(run, tmp_path: Path) -> None:
    done = run("streets", tmp_path / "nowhere" / "a.csv")
    assert done.exit_code == 1
    assert "could not be written" in done.output
