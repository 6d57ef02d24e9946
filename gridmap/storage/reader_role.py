"""The role through which GIS software reads an operator's own database: the views of schema ``gis`` only."""

from __future__ import annotations

from typing import Any

from psycopg import sql
from sqlalchemy import Connection, text

READER_ROLE = "gridmap_reader"

_EXISTS = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
# Without a schema in the search path, no table of gridmap's is even named by accident.
_SETTINGS = (
    "default_transaction_read_only = on",
    "statement_timeout = '30s'",
    "search_path = gis, public",
)


def allow_reading(connection: Connection, *, password: str) -> None:
    """Make the role or give it a new password, and let it read the views.

    The server is sent the password's SCRAM verifier, so that the password itself reaches no log.
    """
    driver: Any = connection.connection.driver_connection
    verifier = driver.pgconn.encrypt_password(password.encode(), READER_ROLE.encode(), b"scram-sha-256")
    role = sql.Identifier(READER_ROLE)
    is_there = connection.execute(_EXISTS, {"role": READER_ROLE}).scalar_one()
    command = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}" if is_there else "CREATE ROLE {} LOGIN PASSWORD {}")
    statements = [
        command.format(role, sql.Literal(verifier.decode())),
        *(sql.SQL("ALTER ROLE {} SET " + setting).format(role) for setting in _SETTINGS),
        sql.SQL("GRANT USAGE ON SCHEMA gis TO {}").format(role),
        sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA gis TO {}").format(role),
    ]
    for statement in statements:
        connection.exec_driver_sql(statement.as_string(driver))
