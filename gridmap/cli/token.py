"""``gridmap token``: bearer tokens for programs that use the API."""

from __future__ import annotations

from datetime import datetime

import click

from gridmap import bootstrap
from gridmap.domain.permissions import Actor
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import accounts


@click.group()
def token() -> None:
    """Bearer tokens for programs that use the API."""


@token.command()
@click.argument("username", metavar="USER")
@click.option("--name", default="", help="What the token is for; shown in the list.")
@click.option(
    "--days", type=click.IntRange(min=1), default=None, help="Ends after so many days; never unless said."
)
def create(username: str, name: str, days: int | None) -> None:
    """Make a token that acts as USER, and show it once."""
    with bootstrap.open_sessions(bootstrap.read_settings()) as sessions, unit_of_work(sessions) as session:
        made = accounts.create_token(
            session, Actor.system(), username=username, name=name, days=days, now=bootstrap.now_utc()
        )
    # The token alone goes to stdout, so that a script can take it.
    click.echo(made.token)
    click.echo(
        f"Token {made.id} for {username}, ends: {_day(made.expires_at)}. It is not kept and not shown again. "
        f"Send it as `Authorization: Bearer …`; take it back with `gridmap token revoke {made.id}`.",
        err=True,
    )


@token.command(name="list")
def list_all() -> None:
    """List tokens, without what is secret."""
    with bootstrap.open_sessions(bootstrap.read_settings()) as sessions, sessions() as session:
        found = accounts.list_tokens(session, Actor.system())
    if not found:
        click.echo("There is no token yet: `gridmap token create USER`.")
        return
    rows = [("ID", "USER", "NAME", "MADE", "ENDS", "LAST USED", "REVOKED")]
    rows += [
        (
            str(one.id),
            one.username,
            one.name or "-",
            _day(one.created_at),
            _day(one.expires_at),
            _day(one.last_used_at),
            _day(one.revoked_at),
        )
        for one in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@token.command()
@click.argument("token_id", metavar="ID", type=int)
def revoke(token_id: int) -> None:
    """Make a token useless from now on."""
    with bootstrap.open_sessions(bootstrap.read_settings()) as sessions, unit_of_work(sessions) as session:
        accounts.revoke_token(session, Actor.system(), token_id, now=bootstrap.now_utc())
    click.echo(f"Token {token_id} is revoked.")


def _day(instant: datetime | None) -> str:
    return "-" if instant is None else instant.date().isoformat()
