"""The read-only way into an operator's own database: the views, and nothing else."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmap.cli.db import db
from gridmap.storage.reader_role import READER_ROLE, allow_reading
from tests.conftest import Server

VIEWS = ("areas", "buildings", "compounds", "service_points", "streets")


def test_the_views_hold_what_is_public(demo_session: Session) -> None:
    names = demo_session.scalars(
        text("SELECT table_name FROM information_schema.views WHERE table_schema = 'gis' ORDER BY 1")
    ).all()
    assert tuple(names) == VIEWS
    columns = set(
        demo_session.scalars(
            text("SELECT column_name FROM information_schema.columns WHERE table_schema = 'gis'")
        )
    )
    people = {"person_id", "mobile_phone", "elderly_count", "reporter_account_id", "visibility"}
    assert not people & columns
    count = "SELECT count(*), count(*) FILTER (WHERE category_code = 'SP17') FROM gis.service_points"
    assert tuple(demo_session.execute(text(count)).one()) == (133, 0)
    for view in VIEWS:
        assert demo_session.execute(text(f"SELECT count(*) FROM gis.{view}")).scalar_one() > 10


def test_counts_below_five_are_not_in_the_views(demo_session: Session) -> None:
    demo_session.execute(text("UPDATE area SET household_count = 4, resident_count = 5"))
    seen = demo_session.execute(text("SELECT DISTINCT household_count, resident_count FROM gis.areas"))
    assert [tuple(row) for row in seen] == [(None, 5)]


@pytest.fixture
def may_make_roles(server: Server, demo_connection: Connection) -> Generator[None]:
    """On the tests' own cluster its superuser lends the service's role what an operator's account has."""
    cluster = server._cluster
    user = demo_connection.execute(text("SELECT quote_ident(current_user)")).scalar_one()
    if cluster is None:
        may = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        if not demo_connection.execute(text(may)).scalar_one():
            pytest.skip("GRIDMAP_TEST_SERVER_URL names an account that may not create roles")
        yield
        return
    with cluster._connect("postgres") as superuser:
        superuser.execute(f"ALTER ROLE {user} CREATEROLE")
    yield
    with cluster._connect("postgres") as superuser:
        superuser.execute(f"ALTER ROLE {user} NOCREATEROLE")


@pytest.mark.usefixtures("may_make_roles")
def test_the_role_reads_the_views_and_nothing_else(demo_connection: Connection) -> None:
    allow_reading(demo_connection, password="示意密码 2026")
    allow_reading(demo_connection, password="another")  # a second time changes the password only
    demo_connection.execute(text(f"GRANT {READER_ROLE} TO CURRENT_USER"))
    demo_connection.execute(text(f"SET LOCAL ROLE {READER_ROLE}"))
    assert demo_connection.execute(text("SELECT count(*) FROM gis.streets")).scalar_one() > 100
    for statement in (
        "SELECT count(*) FROM public.issue",
        "SELECT count(*) FROM public.person",
        "SELECT count(*) FROM public.area",
        "SELECT count(*) FROM public.account",
        "DELETE FROM gis.streets",
        "UPDATE gis.compounds SET name = 'x'",
        "CREATE TABLE gis.mine (id int)",
    ):
        with pytest.raises(DBAPIError, match="denied"), demo_connection.begin_nested():
            demo_connection.execute(text(statement))


def test_the_private_database_is_not_opened_and_says_what_to_do_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    done = CliRunner().invoke(db, ["reader", "--password", "x"])
    assert done.exit_code == 1
    assert "docs/qgis.md" in done.output
