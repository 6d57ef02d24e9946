"""The command line: ``gridmap up`` and its companions.

Commands are imported when they are called, so that ``gridmap doctor`` still runs, and says what is missing,
on a machine where half of the packages are.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, cast

import click

from gridmap import __version__
from gridmap.cli.env_file import add_from
from gridmap.cli.words import sentence_of


@contextmanager
def without_garbage_collection() -> Generator[None]:
    """Do not look for reference cycles meanwhile: a search walks over everything that is there.

    For starting and for an import of a process's own, where hundreds of thousands of rows are made, none of
    them in a cycle, and nearly all are kept: a fifth of the processor time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Lazy(NamedTuple):
    """Where a command is defined, and what the help says of it before it is imported."""

    module: str
    attribute: str
    help: str


COMMANDS: Mapping[str, Lazy] = MappingProxyType(
    {
        "up": Lazy("gridmap.cli.up", "up", "Start everything: database, web server, background worker."),
        "doctor": Lazy("gridmap.cli.doctor", "doctor", "Say in plain words what is missing or wrong."),
        "db": Lazy("gridmap.cli.db", "db", "Migrate the database, check it, open a shell on it."),
        "demo": Lazy("gridmap.cli.demo", "demo", "The demo subdistrict: logins, reset."),
        "codes": Lazy(
            "gridmap.cli.codes", "codes", "Division lists by year, what became of a code, crosswalks."
        ),
        "schemes": Lazy("gridmap.cli.schemes", "schemes", "Grid schemes: list, add, end."),
        "layers": Lazy("gridmap.cli.layers", "layers", "Import layers from files, export them."),
        "token": Lazy("gridmap.cli.token", "token", "Bearer tokens for programs that use the API."),
        "web": Lazy("gridmap.cli.parts", "web", "Only the web server, on a database that is there already."),
        "worker": Lazy("gridmap.cli.parts", "worker", "Only the background worker, likewise."),
    }
)


class LazyGroup(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        lazy = COMMANDS[cmd_name]
        try:
            with without_garbage_collection():
                module = importlib.import_module(lazy.module)
                # What was imported stays: no later search, not the one at exit either, walks over it.
                gc.freeze()
        except ModuleNotFoundError as missing:
            name = missing.name or ""
            if not name.startswith("gridmap"):
                name = name.partition(".")[0]
            raise click.ClickException(
                f"`gridmap {cmd_name}` needs the Python module {name!r}, which is not installed. "
                "Run `make setup`; `gridmap doctor` lists everything that is missing."
            ) from missing
        return cast("click.Command", getattr(module, lazy.attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="gridmap %(version)s")
@click.option("--debug", is_flag=True, help="Show where an error arose.")
def cli(*, debug: bool) -> None:
    """gridmap: maps for grid-based neighbourhood governance (网格化治理)."""


def _leave_out_pandas() -> None:
    """Let pyogrio start without pandas and geopandas: it looks for them, no command uses them.

    They take as long to import as all of SQLAlchemy. A None is Python's own way to say that a module is
    absent.
    """
    for name in ("geopandas", "pandas"):
        sys.modules.setdefault(name, None)  # pyright: ignore[reportArgumentType]


def main() -> None:
    """Run the command line; every error becomes one message and an exit code."""
    _leave_out_pandas()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1  # wherever it stands, also after the command's name
    try:
        add_from(Path(".env"), os.environ)
        cli.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as wanted:
        sys.exit(wanted.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)  # the reader of a pipe has gone, as `head` does
    except Exception as problem:
        if debug:
            raise
        known = sentence_of(problem)
        if known is not None:
            click.echo(known, err=True)
            sys.exit(1)
        click.echo(
            f"gridmap met an error that it has no words for: {type(problem).__name__}: {problem}\n"
            "Run `gridmap doctor`; `gridmap --debug …` shows where it arose.",
            err=True,
        )
        sys.exit(70)
