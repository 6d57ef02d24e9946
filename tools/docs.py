"""Write the documents that are made from the code, or check that they are what the code would give.

python -m tools.docs            write them
python -m tools.docs --check    exit code 1 and a list, when one is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

from babel.messages.pofile import read_po

from gridmap.domain.issues import OPEN_STATES, PLAIN_WORKFLOW, IssueState, Requirement
from gridmap.domain.permissions import ROLE_ACTIONS, Action, Role
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
    yield ROOT / "docs/permissions.md", permissions_table()
    yield ROOT / "docs/issue-states.md", issue_states()


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


def permissions_table() -> str:
    """Who may do what: a row for each action, a column for each role of an account."""
    zh, en = _words("zh_CN"), _words("en")
    roles = [role for role in Role if role is not Role.SYSTEM]
    lines = [
        "# Permissions",
        "",
        "What each role may do, inside its own area: an account works in the areas that it names and in",
        "all below them (`AreaScope`). An issue that lies elsewhere is answered as if it were not there.",
        "Exceptions: an issue may be reported anywhere; whoever reported it may move its pin and add notes",
        "until somebody takes it up; whoever is responsible for it may do what the role allows, wherever it",
        "lies. Of the posts, a community's secretary manages those below the community, and nobody but an",
        "administrator their own. Jobs and the command line (`system`) may do everything.",
        "",
        "Made by `make docs` from `ROLE_ACTIONS` in `gridmap/domain/permissions.py`.",
        "",
        "| Action | " + " | ".join(f"{zh[f'account_role.{role}']}<br>{role}" for role in roles) + " |",
        "|---|" + ":-:|" * len(roles),
    ]
    for action in Action:
        marks = ["●" if action in ROLE_ACTIONS[role] else "" for role in roles]
        lines.append(f"| `{action}` | " + " | ".join(marks) + " |")
    lines += ["", "| Role | 中文 | English |", "|---|---|---|"]
    lines += [f"| `{role}` | {zh[f'account_role.{role}']} | {en[f'account_role.{role}']} |" for role in roles]
    return "\n".join(lines) + "\n"


def issue_states() -> str:
    """The plain workflow as a diagram, and as a table of its steps."""
    zh, en = _words("zh_CN"), _words("en")
    workflow = PLAIN_WORKFLOW
    lines = [
        "# States of an issue",
        "",
        "Made by `make docs` from `PLAIN_WORKFLOW` in `gridmap/domain/issues.py`; who holds a permission",
        "stands in [permissions.md](permissions.md).",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f'    state "{zh[f"state.{state}"]}" as {state}' for state in IssueState),
        f"    [*] --> {workflow.initial}",
        *(f"    {step.source} --> {step.target}" for step in workflow.transitions),
        "```",
        "",
        "| State | 中文 | English | |",
        "|---|---|---|---|",
        *(
            f"| `{state}` | {zh[f'state.{state}']} | {en[f'state.{state}']} |"
            f" {'open' if state in OPEN_STATES else 'finished'} |"
            for state in IssueState
        ),
        "",
        "| From | To | Needs one of | Held by | Also |",
        "|---|---|---|---|---|",
    ]
    for step in workflow.transitions:
        actions = ", ".join(f"`{action}`" for action in step.any_of)
        holders = "、".join(
            zh[f"account_role.{role}"]
            for role in Role
            if role is not Role.SYSTEM and ROLE_ACTIONS[role] & set(step.any_of)
        )
        requires = ", ".join(_REQUIREMENTS[requirement] for requirement in sorted(step.requires))
        source, target = zh[f"state.{step.source}"], zh[f"state.{step.target}"]
        lines.append(f"| {source} | {target} | {actions} | {holders} | {requires} |")
    return "\n".join(lines) + "\n"


_REQUIREMENTS = {Requirement.TEXT: "a text that says why or what was done"}


def _words(language: str) -> dict[str, str]:
    path = ROOT / f"gridmap/translations/{language}/LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


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
