"""``gridmap layers datum`` and an import that is refused: what a person at the terminal reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from click.testing import CliRunner, Result
from sqlalchemy import text

from gridmap.cli.layers import layers
from gridmap.cli.words import sentence_of
from gridmap.domain.coordinates import wgs84_to_gcj02
from gridmap.domain.gauss_kruger import three_degree_strip
from gridmap.storage.engine import make_engine
from gridmap.web.i18n import compile_catalogues


@pytest.fixture
def run(committed_demo, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", committed_demo)
    monkeypatch.setenv("GRIDMAP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    compile_catalogues()

    def run_command(*arguments: object) -> Result:
        return CliRunner().invoke(layers, [str(argument) for argument in arguments])

    return run_command


@pytest.fixture
def communities(committed_demo) -> list[tuple[str, shapely.Geometry]]:
    engine = make_engine(committed_demo)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT name, ST_AsBinary(boundary) FROM area WHERE level = 'community' ORDER BY code")
        ).all()
    engine.dispose()
    return [(row[0], shapely.from_wkb(bytes(row[1]))) for row in rows]


def _write(path: Path, shapes: list[tuple[str, shapely.Geometry]], seeding) -> Path:
    lines = [f'{name},"{shapely.to_wkt(shapely.transform(shape, seeding))}"' for name, shape in shapes]
    path.write_text("\n".join(["社区名称,WKT", *lines]), encoding="utf-8")
    return path


def test_the_table_marks_the_likeliest_system_and_says_why(run, communities, tmp_path):
    path = _write(tmp_path / "seeded.csv", communities, wgs84_to_gcj02)
    result = run("datum", path, "--name-column", "社区名称", "--scheme", "community_grid")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == f"seeded.csv (CSV, layer seeded, {len(communities)} rows)"
    assert lines[1] == "The file says: nothing"
    assert lines[2].startswith("Weighed: ")
    assert lines[3].startswith(" → --crs gcj02 ")
    assert "100% of its points lie inside our areas" in lines[3]
    assert "its borders lie on ours" in lines[3]
    assert "the mark of GCJ-02 or BD-09" in next(line for line in lines if "EPSG:4326 " in line)
    assert "import." not in result.output


def test_a_file_in_metres_lists_the_likeliest_strips_and_counts_the_others(run, communities, tmp_path):
    path = _write(tmp_path / "seeded.csv", communities, three_degree_strip(38).project)
    result = run("datum", path)
    assert "→ --crs EPSG:4547" in result.output
    assert "more that are no likelier" in result.output


@pytest.mark.parametrize(
    ("language", "words"),
    [("en_US.UTF-8", "read as gcj02 they lie on ours"), ("zh_CN.UTF-8", "按 gcj02 读取则与本地边界相合")],
)
def test_a_refused_import_says_what_was_found_and_what_to_pass(
    run, communities, tmp_path, monkeypatch, language, words
):
    path = _write(tmp_path / "seeded.csv", communities, wgs84_to_gcj02)
    monkeypatch.setenv("LANG", language)
    options = ("--layer", "areas", "--level", "community", "--code-prefix", "420106999", "--dry-run")
    result = run("import", path, *options)
    assert result.exit_code == 1
    sentence = sentence_of(result.exception)
    assert sentence is not None
    assert words in sentence
    assert "--crs gcj02" in sentence
    assert "--crs as-stated" in sentence
    assert run("import", path, *options, "--crs", "gcj02").exit_code == 0
    assert run("import", path, *options, "--crs", "as-stated").exit_code == 0


def test_a_file_that_is_not_there_or_has_no_such_column_is_told_in_plain_words(run, communities, tmp_path):
    absent = run("datum", tmp_path / "nowhere.csv")
    assert (absent.exit_code, "There is no file" in (sentence_of(absent.exception) or "")) == (1, True)
    path = _write(tmp_path / "seeded.csv", communities, wgs84_to_gcj02)
    wrong = run("datum", path, "--name-column", "村名")
    assert (wrong.exit_code, "村名" in (sentence_of(wrong.exception) or "")) == (1, True)
