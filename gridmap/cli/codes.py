"""``gridmap codes``: division lists by edition, what became of a code, the crosswalk of categories."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from gridmap import bootstrap
from gridmap.domain.divisions import Recoding
from gridmap.domain.permissions import Actor
from gridmap.importing.tables import ReadLimits
from gridmap.settings import Settings
from gridmap.storage import codes as store
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import codes as use_cases

_LEVELS = {6: "counties", 9: "streets and townships", 12: "communities and villages"}
_SHOWN = 5


@click.group()
def codes() -> None:
    """Code lists of others."""


@codes.command("list")
def list_command() -> None:
    """List the editions of the division list; the last one is the current."""
    with _open_session() as session:
        found = store.editions(session)
    if not found:
        click.echo("There is no division list yet: gridmap codes import FILE … --edition 2023")
    for edition in found:
        cut_off = edition.cut_off_on.isoformat() if edition.cut_off_on else "no cut-off date"
        click.echo(f"{edition.edition:<12} {cut_off:<16} {edition.division_count:>8,}  {edition.source}")


@codes.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--edition", required=True, help="Its name, usually the year.")
@click.option("--cut-off", type=click.DateTime(["%Y-%m-%d"]), help="The day that the list describes.")
@click.option("--source", default="", help="Where it comes from; else the names of the files.")
def import_command(files: tuple[Path, ...], edition: str, cut_off: datetime | None, source: str) -> None:
    """Load FILES (CSV with a code and a name) as one edition; an edition of that name is replaced."""
    settings = bootstrap.read_settings()
    limits = ReadLimits(file_bytes=settings.import_max_bytes, row_count=settings.import_max_rows)
    with _open_session(settings) as session:
        report = use_cases.load_edition(
            session,
            Actor.system(),
            files,
            edition=edition,
            cut_off_on=None if cut_off is None else cut_off.date(),
            source=source or ", ".join(path.name for path in files),
            limits=limits,
        )
    levels = " · ".join(
        f"{report.counts[length]:,} {word}" for length, word in _LEVELS.items() if length in report.counts
    )
    click.echo(f"Edition {report.edition}: {report.division_count:,} divisions ({levels})")
    if report.refused:
        rows = ", ".join(str(each.row_number) for each in report.refused[:_SHOWN])
        click.echo(
            f"{len(report.refused):,} rows are no divisions and were left out"
            f" (row {rows}, e.g. {report.refused[0].value!r}):"
            " a code has 6, 9 or 12 digits, and there is a name."
        )


@codes.command("compare")
@click.argument("from_edition")
@click.argument("to_edition")
@click.option("--out", type=click.Path(path_type=Path), help="Write the whole table as CSV.")
def compare_command(from_edition: str, to_edition: str, out: Path | None) -> None:
    """Find what became of every code; `gridmap layers import --code-edition` uses it."""
    with _open_session() as session:
        found = use_cases.compare_editions(
            session, Actor.system(), from_edition=from_edition, to_edition=to_edition
        )
        names = {
            edition: {each.code: each.name for each in store.divisions_of(session, edition)}
            for edition in (from_edition, to_edition)
        }
    counts = Counter(each.relation.value for each in found)
    click.echo(" · ".join(f"{count:,} {relation}" for relation, count in counts.most_common()))
    if out is not None:
        _write_table(out, found, names[from_edition], names[to_edition])
        click.echo(f"Every code: {out}")


@codes.command("find")
@click.argument("name")
@click.option("--within", required=True, metavar="DIGITS", help="The parent: 4, 6 or 9 digits.")
def find_command(name: str, within: str) -> None:
    """Find the code of NAME below a parent; a name without its parent is no answer."""
    with _open_session() as session:
        found = use_cases.find_division(session, Actor.system(), name, within=within)
    for division in found:
        click.echo(f"{division.code}  {division.name}")
    if not found:
        raise click.ClickException(f"No division, or more than one, is called {name} below {within}.")


@codes.command("alias")
@click.argument("division_code")
@click.argument("alias")
def alias_command(division_code: str, alias: str) -> None:
    """Remember another name that people use for a division of the current edition."""
    with _open_session() as session:
        division = use_cases.name_alias(session, Actor.system(), division_code=division_code, alias=alias)
    click.echo(f"{division.code} {division.name} is also called {alias}")


@codes.command("crosswalk")
@click.option("--reload", is_flag=True, help="Load the crosswalk of this release first.")
def crosswalk_command(*, reload: bool) -> None:
    """Show which entry of the dictionary each category of another standard becomes."""
    with _open_session() as session:
        if reload:
            use_cases.load_crosswalk(session, bootstrap.standards_folder())
        rows = store.crosswalk(session)
    for row in rows:
        ours = f"{row.category_code} ({row.relation})" if row.category_code else "—"
        click.echo(f"{row.standard_ref}  {row.code}  {row.name} → {ours}")
    click.echo(
        f"{len(rows)} categories, {sum(row.category_code is not None for row in rows)} with one of ours"
    )


def _write_table(
    path: Path, found: Sequence[Recoding], old_names: dict[str, str], new_names: dict[str, str]
) -> None:
    try:
        # With a byte order mark, because Excel takes UTF-8 without one for something else.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["old_code", "old_name", "new_code", "new_name", "relation"])
            for each in found:
                old, new = each.old_code or "", each.new_code or ""
                writer.writerow(
                    [old, old_names.get(old, ""), new, new_names.get(new, ""), each.relation.value]
                )
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error


@contextmanager
def _open_session(settings: Settings | None = None) -> Generator[Session]:
    settings = settings or bootstrap.read_settings()
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        yield session
