"""Settings from a file named ``.env`` in the folder where a command is started."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

import click


def add_from(path: Path, environment: MutableMapping[str, str]) -> None:
    """Add the file's ``NAME=value`` lines to ``environment``; what is set there already counts more.

    Raises
    ------
    click.ClickException
        A line is neither empty, a comment, nor ``NAME=value``; the message gives its number.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as problem:
        raise click.ClickException(f"{path} cannot be read: {problem}") from problem
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.removeprefix("export ").partition("=")
        if not equals or not name.strip().isidentifier():
            raise click.ClickException(f"{path}, line {number}: {text!r} is not NAME=value.")
        environment.setdefault(name.strip(), _unquoted(value.strip()))


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
