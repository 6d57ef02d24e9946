"""The one way to a database connection."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session, sessionmaker


def sqlalchemy_url(database_url: str) -> str:
    """Name the psycopg driver in an operator's plain ``postgresql://`` or ``postgres://`` address."""
    scheme, separator, rest = database_url.partition("://")
    if separator and scheme in ("postgresql", "postgres"):
        return f"postgresql+psycopg://{rest}"
    return database_url


def libpq_address(database_url: str) -> str:
    """The same address as libpq and psycopg itself take it, without the driver's name."""
    return make_url(sqlalchemy_url(database_url)).set(drivername="postgresql").render_as_string(False)


def make_engine(database_url: str, *, pool_size: int = 5, statement_timeout_ms: int = 30_000) -> Engine:
    """An engine whose sessions speak UTC, give up on stuck statements, and survive a database restart."""
    return create_engine(
        sqlalchemy_url(database_url),
        pool_size=pool_size,
        pool_pre_ping=True,
        connect_args={
            "application_name": "gridmap",
            "options": (
                f"-c timezone=UTC -c statement_timeout={statement_timeout_ms}"
                # Requests are short: to start parallel workers or compile a plan takes longer than to run it.
                " -c jit=off -c max_parallel_workers_per_gather=0"
                " -c idle_in_transaction_session_timeout=60000"
            ),
        },
    )


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on that engine; rows stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)
