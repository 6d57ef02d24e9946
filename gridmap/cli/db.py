"""``gridmap db``: the database by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import click

from gridmap import bootstrap
from gridmap.storage.engine import libpq_address, make_engine
from gridmap.storage.migrate import is_at_head


@click.group()
def db() -> None:
    """Migrate the database, check it, open a shell on it."""


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
