"""The code lists that a release brings."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

STANDARDS = Path(__file__).parents[2] / "geodata" / "standards"


def test_every_list_is_in_the_catalogue_with_its_source_and_sha256() -> None:
    catalogue = tomllib.loads((STANDARDS / "catalogue.toml").read_text(encoding="utf-8"))
    listed = {entry["path"]: entry for entry in catalogue["file"]}
    assert listed.keys() == {path.name for path in STANDARDS.iterdir()} - {"catalogue.toml"}
    for name, entry in listed.items():
        assert hashlib.sha256((STANDARDS / name).read_bytes()).hexdigest() == entry["sha256"], name
        assert entry["source"], name
        assert entry["licence"], name
