"""Bring a database to the head revision, and say whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from gridmap.domain.errors import DomainError

EXTENSIONS = ("postgis", "btree_gist", "pg_trgm")


class ExtensionMissing(DomainError):
    """The database lacks an extension that gridmap needs, and this role may not create it."""

    code = "database.extension_missing"


def upgrade_to_head(engine: Engine) -> None:
    """Run every migration that is missing; several processes may call it at once, one does the work."""
    with engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = '30s'"))
        # One advisory lock for all migrating processes; released with the connection.
        connection.execute(text("SELECT pg_advisory_lock(hashtext('gridmap.migrations'))"))
        connection.commit()
        _ensure_extensions(connection)
        command.upgrade(alembic_config(connection), "head")
        connection.execute(text("SELECT pg_advisory_unlock(hashtext('gridmap.migrations'))"))
        connection.commit()


def is_at_head(connection: Connection) -> bool:
    """True when the database has exactly the migrations that this release brings."""
    current = MigrationContext.configure(connection).get_current_heads()
    return set(current) == set(ScriptDirectory.from_config(alembic_config(connection)).get_heads())


def _ensure_extensions(connection: Connection) -> None:
    present = set(connection.scalars(text("SELECT extname FROM pg_extension")))
    for extension in EXTENSIONS:
        if extension in present:
            continue
        try:
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
            connection.commit()
        except Exception as error:
            connection.rollback()
            raise ExtensionMissing(extension=extension) from error


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config
