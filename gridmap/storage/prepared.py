"""A quick look at whether a database needs any preparing before it is served.

Only psycopg is imported: at a second start the web server can come up at once, without waiting for this
process to load everything that migrating needs.
"""

from __future__ import annotations

from pathlib import Path

import psycopg

_VERSIONS = Path(__file__).resolve().parent / "migrations/versions"


def is_prepared(database_url: str, *, with_areas: bool) -> bool:
    """Whether the newest migration has run and, ``with_areas``, at least one area is there.

    A False may be wrong (then everything is looked at thoroughly); a True is not.
    """
    newest = max(path.name[:4] for path in _VERSIONS.glob("[0-9][0-9][0-9][0-9]_*.py"))
    address = "postgresql://" + database_url.partition("://")[2]
    try:
        with psycopg.connect(address, connect_timeout=10) as connection:
            versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            if versions != [(newest,)]:
                return False
            has_areas = connection.execute("SELECT EXISTS (SELECT FROM area)").fetchone() == (True,)
            return has_areas or not with_areas
    except psycopg.Error:
        return False
