"""``gridmap schemes``: the families of grids that lie side by side."""

from __future__ import annotations

from datetime import datetime

import click

from gridmap import bootstrap
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Actor
from gridmap.domain.schemes import SchemeForm
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import schemes as use_cases

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def schemes() -> None:
    """Grid schemes."""


@schemes.command("list")
def list_command() -> None:
    """List the schemes; pins are routed by the first."""
    settings = bootstrap.read_settings()
    day = office_day(bootstrap.now_utc())
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        found = use_cases.list_schemes(session, Actor.system(), day=day)
    for scheme in found:
        counts = " · ".join(f"{count:,} {level}" for level, count in sorted(scheme.area_counts.items()))
        days = f"from {scheme.valid_from}" + (f" until {scheme.valid_to}" if scheme.valid_to else "")
        click.echo(f"{scheme.code:<24} {scheme.name}  ({days})  {counts or 'no areas yet'}")
    if not found:
        click.echo("There is no grid scheme yet.")


@schemes.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--name-en", help="Its English name.")
@click.option("--purpose", default="", help="Whose it is and what for.")
@click.option("--valid-from", type=_DAY, help="Its first day; else today.")
def add_command(code: str, name: str, name_en: str | None, purpose: str, valid_from: datetime | None) -> None:
    """Add an empty scheme CODE called NAME."""
    settings = bootstrap.read_settings()
    day = office_day(bootstrap.now_utc())
    form = SchemeForm(
        code=code,
        name=name,
        name_en=name_en,
        purpose=purpose,
        valid_from=day if valid_from is None else valid_from.date(),
    )
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        use_cases.add_scheme(session, Actor.system(), form, day=day)
    click.echo(f"Scheme {code} is there; bring its areas with: gridmap layers import FILE --scheme {code} …")


@schemes.command("end")
@click.argument("code")
@click.argument("day_after", metavar="DATE", type=_DAY)
def end_command(code: str, day_after: datetime) -> None:
    """End scheme CODE: from DATE on it is drawn no more. Its history stays."""
    settings = bootstrap.read_settings()
    day = office_day(bootstrap.now_utc())
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        stored = next(
            (each for each in use_cases.list_schemes(session, Actor.system(), day=day) if each.code == code),
            None,
        )
        form = SchemeForm(
            code=code,
            name=stored.name if stored else code,
            name_en=stored.name_en if stored else None,
            purpose=stored.purpose if stored else "",
            valid_from=stored.valid_from if stored else day,
            valid_to=day_after.date(),
        )
        use_cases.change_scheme(session, Actor.system(), form, day=day)
    click.echo(f"Scheme {code} ends on {day_after:%Y-%m-%d}.")
