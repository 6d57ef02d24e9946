"""Write the documents that are made from the code, or check that they are what the code would give.

python -m tools.docs            write them
python -m tools.docs --check    exit code 1 and a list, when one is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

from gridmap.settings import Settings

ROOT = Path(__file__).resolve().parent.parent

COMPOSE = (
    (
        "POSTGRES_PASSWORD",
        "",
        "Password of the database container's only user; has to be set; letters and digits.",
    ),
    ("GRIDMAP_PUBLISH", "127.0.0.1:8000", "Address and port of this machine that lead to the web container."),
)


def documents() -> Iterator[tuple[Path, str]]:
    """Give each generated file with the text it should have."""
    yield ROOT / ".env.example", env_example()
    yield ROOT / "docs/settings.md", settings_table()


def env_example() -> str:
    """Every setting with its default, commented out."""
    lines = [
        "# Copy to .env, and take the # away from what you change. `gridmap` and `docker compose` read .env",
        "# from the folder they are started in; a variable that is set in the environment counts more.",
        "# Made by `make docs` from gridmap/settings.py.",
    ]
    for name, default, words in _settings():
        lines += ["", f"# {words}", f"#{name}={default}"]
    lines += ["", "# Only for `docker compose`:"]
    for name, default, words in COMPOSE:
        lines += ["", f"# {words}", f"#{name}={default}"]
    return "\n".join(lines) + "\n"


def settings_table() -> str:
    """Every setting as a table."""
    lines = [
        "# Settings",
        "",
        "Environment variables, or lines of a file `.env` in the folder where gridmap is started (the",
        "environment counts more). An empty value is the default. Made by `make docs` from",
        "`gridmap/settings.py`.",
        "",
        "| Variable | Default | What it does |",
        "|---|---|---|",
    ]
    for name, default, words in _settings():
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{name}` | {shown} | {words.replace('|', chr(92) + '|')} |")
    lines += ["", "Only for `docker compose`:", "", "| Variable | Default | What it does |", "|---|---|---|"]
    for name, default, words in COMPOSE:
        lines.append(f"| `{name}` | {f'`{default}`' if default else ''} | {words} |")
    return "\n".join(lines) + "\n"


def _settings() -> Iterator[tuple[str, str, str]]:
    for field in fields(Settings):
        default = "" if field.default in (None, MISSING) else field.default
        if isinstance(default, bool):
            default = "yes" if default else "no"
        yield field.metadata["env"], str(default), field.metadata["help"]


def main(arguments: list[str]) -> int:
    """Write or check every document."""
    stale = [
        (path, text)
        for path, text in documents()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is out of date; run: make docs")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
