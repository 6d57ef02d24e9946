"""The drawing script makes exactly the committed files."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from tools.demo_subdistrict.write import write_all

GEODATA = Path(__file__).parents[2] / "geodata"


def test_the_script_reproduces_the_committed_files_byte_for_byte(tmp_path: Path) -> None:
    write_all(tmp_path / "demo")
    made = {path.name: path.read_bytes() for path in (tmp_path / "demo").iterdir()}
    committed = {path.name: path.read_bytes() for path in (GEODATA / "demo").iterdir()}
    assert made.keys() == committed.keys()
    assert [name for name in made if made[name] != committed[name]] == []
    assert (tmp_path / "catalogue.toml").read_bytes() == (GEODATA / "catalogue.toml").read_bytes()


def test_the_catalogue_lists_every_file_with_its_sha256_and_source() -> None:
    catalogue = tomllib.loads((GEODATA / "catalogue.toml").read_text(encoding="utf-8"))
    listed = {entry["path"]: entry for entry in catalogue["file"]}
    files = {f"demo/{path.name}" for path in (GEODATA / "demo").iterdir()}
    assert listed.keys() == files
    for path, entry in listed.items():
        assert hashlib.sha256((GEODATA / path).read_bytes()).hexdigest() == entry["sha256"], path
        assert entry["source"], path
        assert entry["licence"], path


def test_the_demo_stays_small_enough_for_a_repository() -> None:
    assert sum(path.stat().st_size for path in (GEODATA / "demo").iterdir()) < 6_000_000
