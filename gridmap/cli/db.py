"""``gridmap db``: the database by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import click
from sqlalchemy.exc import ProgrammingError

from gridmap import bootstrap
from gridmap.storage.engine import libpq_address, make_engine
from gridmap.storage.migrate import is_at_head
from gridmap.storage.reader_role import READER_ROLE, allow_reading


@click.group()
def db() -> None:
    """Migrate the database, check it, open a shell on it, let GIS software read it."""


@db.command()
def migrate() -> None:
    """Bring the database to this release's migrations."""
    with bootstrap.database(bootstrap.read_settings()) as url:
        bootstrap.migrate(url)
    click.echo("The database is at this release's migrations.")


@db.command()
def check() -> None:
    """Say whether the database answers and is at this release's migrations."""
    with bootstrap.database(bootstrap.read_settings()) as url:
        engine = make_engine(url)
        try:
            with engine.connect() as connection:
                at_head = is_at_head(connection)
        finally:
            engine.dispose()
    if not at_head:
        raise click.ClickException("The database answers, but migrations are missing: `gridmap db migrate`.")
    click.echo("The database answers and is at this release's migrations.")


@db.command()
def shell() -> None:
    """Open psql on the database."""
    psql = shutil.which("psql")
    if psql is None:
        raise click.ClickException(
            "psql is not installed (Debian, Ubuntu: apt-get install postgresql-client)."
        )
    with bootstrap.database(bootstrap.read_settings()) as url:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        done = subprocess.run([psql, libpq_address(url)], env=environment, check=False)  # noqa: S603
    sys.exit(done.returncode)


@db.command()
@click.password_option(help="The role's password; asked for when it is not given.")
def reader(*, password: str) -> None:
    """Let GIS software read the views of schema `gis`, through a role that can do nothing else.

    Only for your own PostgreSQL (DATABASE_URL). Run it again to change the password.
    """
    settings = bootstrap.read_settings()
    if not settings.database_url:
        raise click.ClickException(
            "gridmap's private database answers on a Unix socket, to its own user only: no other program can"
            " read it, and nothing was changed. GIS software reads the OGC API at /ogc instead:"
            " docs/qgis.md."
        )
    bootstrap.migrate(settings.database_url)
    engine = make_engine(settings.database_url)
    try:
        with engine.begin() as connection:
            allow_reading(connection, password=password)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != "42501":
            raise
        raise click.ClickException(
            "The account of DATABASE_URL may not create roles; nothing was changed. Let a superuser run"
            f" CREATE ROLE {READER_ROLE} and GRANT {READER_ROLE} TO that account WITH ADMIN OPTION, or run"
            " this command with a superuser's DATABASE_URL."
        ) from error
    finally:
        engine.dispose()
    click.echo(f"{READER_ROLE} may read the views of schema gis, and nothing else.")
