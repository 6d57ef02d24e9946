"""Errors as sentences for a terminal."""

from __future__ import annotations

import gettext
import os
from collections import defaultdict
from pathlib import Path

from gridmap.domain.errors import DomainError
from gridmap.settings import SettingError

_TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"


def sentence_of(problem: Exception) -> str | None:
    """Say what happened and what to do; None for an error that is not meant for people.

    The private database's errors carry their own words, because they come up before anything else works;
    every other domain error is looked up in the same catalogue as on the web, in the terminal's language.
    """
    if isinstance(problem, SettingError):
        return str(problem)
    if isinstance(problem, DomainError):
        if hasattr(problem, "sentence"):
            return str(problem)
        return _translated(problem)
    if (
        type(problem).__name__ == "OperationalError"
    ):  # of SQLAlchemy or psycopg, neither of which need be there
        return f"The database did not answer as it should: {_first_line(problem)}\nIs DATABASE_URL right?"
    return None


def _translated(problem: DomainError) -> str:
    catalogue = gettext.translation("messages", _TRANSLATIONS, [_language()], fallback=True)
    words = catalogue.gettext(problem.code)
    if words == problem.code:
        details = ", ".join(f"{name}: {value}" for name, value in problem.params.items())
        return f"{problem.code} ({details})" if details else problem.code
    return words % defaultdict(lambda: "—", problem.params)


def _language() -> str:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh_Hans_CN" if os.environ[name].startswith("zh") else "en"
    return "en"


def _first_line(problem: Exception) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0] if lines else type(problem).__name__
