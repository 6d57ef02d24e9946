"""``gridmap layers``: what it prints, what it stores, how it ends."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.cli.layers import layers
from gridmap.cli.words import sentence_of
from gridmap.importing.errors import ImportRefused
from gridmap.storage.engine import make_engine
from gridmap.web.i18n import compile_catalogues
from tests.factories import SUBDISTRICT, add_account, add_world, middle_of
from tests.reports import actor_of, pinned

ROOT = Path(__file__).resolve().parents[2]
STREETS = (
    "道路编码,路名,道路等级,WKT\n"
    'R1,首义路,主干路,"LINESTRING (114.30 30.55, 114.31 30.55)"\n'
    'R2,小巷,支路,"MULTILINESTRING ((114.30 30.56, 114.31 30.56), (114.32 30.56, 114.33 30.56))"\n'
    "R3,没有线,支路,\n"
    'R1,又一条首义路,主干路,"LINESTRING (114.30 30.57, 114.31 30.57)"\n'
    '=cmd(),=坏,=坏,"LINESTRING (0 95, 1 95)"\n'
)


@pytest.fixture
def run(committed_database, monkeypatch, tmp_path):
    """Runs a command on a database of the test's own."""
    monkeypatch.setenv("DATABASE_URL", committed_database)
    monkeypatch.setenv("GRIDMAP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    compile_catalogues()

    def run_command(*arguments: object) -> Result:
        return CliRunner().invoke(layers, [str(argument) for argument in arguments])

    return run_command


@pytest.fixture
def streets_csv(tmp_path: Path) -> Path:
    path = tmp_path / "streets.csv"
    path.write_bytes(STREETS.encode("gb18030"))
    return path


def _street_count(database_url: str) -> int:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        count = connection.scalar(text("SELECT count(*) FROM street"))
    engine.dispose()
    return count


def test_the_summary_says_what_was_understood_and_what_became_of_every_row(
    run, streets_csv, committed_database
):
    result = run("import", streets_csv, "--layer", "streets")
    assert result.exit_code == 0, result.output
    assert "(CSV, gb18030, layer streets)" in result.output
    assert "EPSG:4326, assumed" in result.output
    assert "code ← 道路编码, name ← 路名, kind ← 道路等级" in result.output
    assert "read 5 · added 3 · updated 0 · unchanged 0 · rejected 3" in result.output
    assert "1  no geometry (row 4)" in result.output
    assert "1  the same as an earlier row (row 5, e.g. R1 (row 2))" in result.output
    assert "1  the coordinates are off the globe (row 6, e.g. 0, 95 to 1, 95)" in result.output
    assert "several lines, stored one by one" in result.output
    assert _street_count(committed_database) == 3


def test_the_same_file_twice_changes_nothing(run, streets_csv):
    run("import", streets_csv, "--layer", "streets")
    again = run("import", streets_csv, "--layer", "streets")
    assert "added 0 · updated 0 · unchanged 3 · rejected 3" in again.output


def test_a_dry_run_says_the_same_and_stores_nothing(run, streets_csv, committed_database):
    result = run("import", streets_csv, "--layer", "streets", "--dry-run")
    assert "Would be: read 5 · added 3" in result.output
    assert "Nothing was stored" in result.output
    assert _street_count(committed_database) == 0


def test_every_finding_goes_into_a_table_that_excel_opens_and_runs_nothing_of(run, streets_csv, tmp_path):
    out = tmp_path / "findings.csv"
    run("import", streets_csv, "--layer", "streets", "--report", out)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["result"], row["reason"]) for row in rows] == [
        ("4", "rejected", "geometry_missing"),
        ("5", "rejected", "duplicate"),
        ("6", "rejected", "coordinates_out_of_range"),
        ("3", "kept", "split_into_lines"),
    ]
    assert not any(row["value"].startswith(("=", "+", "-", "@")) for row in rows)


@pytest.mark.parametrize(
    ("content", "name", "options", "words"),
    [
        (None, "nowhere.csv", (), "There is no file"),
        ("x", "drawing.dgn", (), "does not read files like drawing.dgn"),
        ("x", "drawing.dwg", (), "Save the drawing as DXF"),
        ("路名\n首义路\n", "a.csv", (), "holds no place"),
        ("路名,经度,纬度\n首义路,114.3,30.6\n", "a.csv", (), "is this the right --layer?"),
        ('WKT\n"LINESTRING (500000 3380000, 500001 3380000)"\n', "a.csv", (), "--crs EPSG:4547"),
        ("经度,纬度,路名\n", "a.csv", (), "no rows"),
        (STREETS, "a.csv", ("--crs", "EPSG:99"), "no coordinate system"),
        (STREETS, "a.csv", ("--column", "name=无"), "has no column 无"),
        (STREETS, "a.csv", ("--column", "colour=路名"), "no field colour"),
        (STREETS, "a.csv", ("--encoding", "big5"), "not in big5"),
        ("x,y,路名\n1,2,甲\n", "a.csv", (), "does not say what its coordinates are"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_in_plain_words(
    run, tmp_path, content, name, options, words
):
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    result = run("import", path, "--layer", "streets", *options)
    assert result.exit_code == 1
    sentence = sentence_of(result.exception)
    assert sentence is not None
    assert words in sentence
    assert "import." not in sentence


def test_a_dry_run_shows_what_would_change_row_by_row(run, streets_csv, tmp_path):
    run("import", streets_csv, "--layer", "streets")
    streets_csv.write_text(streets_csv.read_text("gb18030").replace("小巷", "大巷"), encoding="gb18030")
    result = run("import", streets_csv, "--layer", "streets", "--dry-run", "--show-changes")
    assert "updated 2" in result.output
    assert "row 3: R2 updated\n    name: 小巷 → 大巷" in result.output
    alone = run("import", streets_csv, "--layer", "streets", "--show-changes")
    assert (alone.exit_code, "--dry-run" in alone.output) == (2, True)


def test_an_import_is_listed_and_taken_back_by_its_number(run, streets_csv, committed_database):
    assert "Nothing has been imported" in run("batches").output
    imported = run("import", streets_csv, "--layer", "streets")
    assert "To take it back: gridmap layers undo 1" in imported.output
    assert re.search(
        r"^ +1  \S+ \S+  command line  streets  streets.csv  read 5 · added 3", run("batches").output
    )
    undone = run("undo", 1)
    assert "removed 3 · kept 0" in undone.output
    assert _street_count(committed_database) == 0
    assert "taken back" in run("batches").output
    again = run("undo", 1)
    assert again.exit_code == 1
    assert "was taken back before" in (sentence_of(again.exception) or "")
    assert "no import number 9" in (sentence_of(run("undo", 9).exception) or "")


def test_wrong_options_are_told_before_anything_is_opened(run, streets_csv):
    without_level = run("import", streets_csv, "--layer", "areas")
    assert (without_level.exit_code, "--level" in without_level.output) == (2, True)
    malformed = run("import", streets_csv, "--layer", "streets", "--column", "name")
    assert (malformed.exit_code, "FIELD=HEADER" in malformed.output) == (2, True)


def test_the_list_counts_every_layer(run, streets_csv):
    run("import", streets_csv, "--layer", "streets")
    result = run("list")
    assert re.search(r"^streets +3$", result.output, re.MULTILINE)
    assert re.search(r"^issues +0$", result.output, re.MULTILINE)


@pytest.mark.parametrize("dry_run", [True, False])
def test_rerouting_prints_its_counts_and_a_dry_run_stores_nothing(run, committed_database, dry_run):
    engine = make_engine(committed_database)
    with Session(engine) as session, session.begin():
        world = add_world(session)
        officer = add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,))
        pinned(session, actor_of(officer), middle_of(0, 0))
        pinned(session, actor_of(officer), middle_of(1, 0))
        world.micro_grids[0].valid_to = date(2026, 6, 1)
    result = run("reroute", *(["--dry-run"] if dry_run else []))
    assert result.exit_code == 0, result.output
    assert "open issues 2 · moved 1 · other people 0 · unchanged 1" in result.output
    assert ("Nothing was stored" in result.output) is dry_run
    with engine.connect() as connection:
        versions = connection.scalars(text("SELECT version FROM issue ORDER BY version")).all()
    engine.dispose()
    assert list(versions) == ([1, 1] if dry_run else [1, 2])


def test_rerouting_without_any_area_says_who_still_sees_the_issues(run, committed_database):
    engine = make_engine(committed_database)
    with Session(engine) as session, session.begin():
        add_world(session)
        officer = add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,))
        pinned(session, actor_of(officer), middle_of(0, 0))
        session.execute(text("UPDATE area SET valid_to = '2026-06-01'"))
    engine.dispose()
    result = run("reroute", "--scheme", "test_grid")
    assert "1 of them lie in no area" in result.output
    unknown = run("reroute", "--scheme", "nowhere")
    assert "test_grid" in (sentence_of(unknown.exception) or "")
    wrong = run("reroute", "--area", "12")
    assert "area code" in (sentence_of(wrong.exception) or "")


def _codes_in_the_code() -> set[str]:
    """Row reasons and file details as they stand in the modules that give them."""
    source = "".join(
        path.read_text(encoding="utf-8")
        for pattern in ("gridmap/importing/*.py", "gridmap/use_cases/import*.py")
        for path in ROOT.glob(pattern)
        if path.name != "import_options.py"  # it reads a form, whose refusals have words of their own
    )
    rows = re.findall(r'(?:Rejection|Remark)\((?:[^()]|\([^()]*\))*?"([a-z_]+)"\s*\)', source)
    rows += re.findall(r'reason_code(?:: str)? ?= ?"([a-z_]+)"', source)
    rows += re.findall(
        r'(?:refuse|remark|reject)\((?:[^()]|\([^()]*\))*?"([a-z_]+)"(?:, \[[^\n]*)?\)', source
    )
    rows += re.findall(r'BadCell\([^()]*(?:\([^()]*\))*[^()]*"([a-z_]+)"\)', source)
    details = re.findall(r'(\w+)\((?:[^()]*, )?detail="([a-z_]+)"', source)
    assert len(set(rows)) > 30
    return {f"import.row.{reason}" for reason in rows} | {
        f"{kind.code}.{detail}"
        for name, detail in details
        for kind in ImportRefused.__subclasses__()
        if kind.__name__ == name
    }


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_reason_has_its_words_in_both_languages(language):
    with (ROOT / f"gridmap/translations/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        known = {str(message.id) for message in read_po(file) if message.string}
    assert sorted(_codes_in_the_code() - known) == []
