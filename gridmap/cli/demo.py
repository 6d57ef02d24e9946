"""``gridmap demo``: who may sign in to the demo subdistrict, and putting it back as it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import click

from gridmap import bootstrap
from gridmap.storage.demo_files import demo_usernames
from gridmap.storage.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """An account of the demo and the password that this installation gave it."""

    username: str
    password: str
    display_name: str
    role: str
    area_codes: list[str]


@click.group()
def demo() -> None:
    """The demo subdistrict (示意数据): invented places and people to try gridmap with."""


@demo.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, one list.")
def logins(*, as_json: bool) -> None:
    """List the demo accounts with their passwords, which follow from this installation's secret key."""
    found = _logins()
    if as_json:
        click.echo(json.dumps([asdict(login) for login in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("This database holds no demo accounts. `gridmap demo reset` loads the demo subdistrict.")
        return
    for login in found:
        areas = ",".join(code or "everywhere" for code in login.area_codes)
        click.echo(f"{login.username:<14}{login.password:<12}{login.role:<22}{areas:<18}{login.display_name}")


@demo.command()
@click.option("--yes", is_flag=True, help="Do not ask: everything in the database is removed.")
def reset(*, yes: bool) -> None:
    """Remove EVERYTHING in the database and load the demo subdistrict anew."""
    if not yes:
        click.confirm("This removes every area, account and issue in the database. Go on?", abort=True)
    settings = bootstrap.read_settings()
    with bootstrap.open_sessions(settings) as sessions:
        bootstrap.reset_to_demo(settings, sessions)
    click.echo("The demo subdistrict is loaded anew. `gridmap demo logins` lists its accounts.")


def _logins() -> list[DemoLogin]:
    settings = bootstrap.read_settings()
    password_of = bootstrap.demo_password_of(settings)
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        return [
            DemoLogin(
                username=username,
                password=password_of(username),
                display_name=display_name,
                role=role,
                area_codes=area_codes,
            )
            for username, display_name, role, area_codes in demo_usernames(session)
        ]
