"""The database refuses what the model forbids, and migrations go up and down."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from gridmap.storage import migrate
from gridmap.storage.engine import make_engine

SQUARE = "MULTIPOLYGON(((114.30 30.55, 114.31 30.55, 114.31 30.56, 114.30 30.56, 114.30 30.55)))"
BOW_TIE = "MULTIPOLYGON(((114.30 30.55, 114.31 30.56, 114.31 30.55, 114.30 30.56, 114.30 30.55)))"

INSERT_AREA = text(
    """
    INSERT INTO area (scheme_id, level, code, name, valid_from, valid_to, boundary, overview, label_point)
    VALUES (:scheme, :level, :code, 'x', :valid_from, :valid_to, ST_GeomFromText(:wkt, :srid),
            ST_GeomFromText(:wkt, :srid), ST_GeomFromText('POINT(114.305 30.555)', :srid))
    """
)


@pytest.fixture
def scheme(session: Session) -> int:
    insert = text(
        "INSERT INTO grid_scheme (code, name, purpose, valid_from) VALUES ('s', 's', 's', '2026-01-01')"
        " RETURNING id"
    )
    return session.execute(insert).scalar_one()


def area(scheme: int, **changes: object) -> dict[str, object]:
    return {
        "scheme": scheme,
        "level": "community",
        "code": "420106999001",
        "valid_from": "2026-01-01",
        "valid_to": None,
        "wkt": SQUARE,
        "srid": 4326,
    } | changes


def test_a_valid_area_is_kept(session: Session, scheme: int) -> None:
    session.execute(INSERT_AREA, area(scheme))


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"wkt": BOW_TIE}, "boundary_is_valid"),
        ({"wkt": "MULTIPOLYGON EMPTY"}, "boundary_is_valid"),
        ({"srid": 3857}, "SRID"),
        ({"code": "4201069990012"}, "code_fits_level"),
        ({"level": "grid", "code": "42010699900101a"}, "code_fits_level"),
        ({"level": "county", "code": "42010699900101A"}, "level_is_known"),
        ({"valid_to": "2025-01-01"}, "ends_after_it_begins|range lower bound"),
    ],
)
def test_the_database_refuses_a_broken_area(
    session: Session, scheme: int, change: dict[str, object], constraint: str
) -> None:
    with pytest.raises(DBAPIError, match=constraint):
        session.execute(INSERT_AREA, area(scheme, **change))


def test_no_two_versions_of_one_code_hold_at_the_same_time(session: Session, scheme: int) -> None:
    session.execute(INSERT_AREA, area(scheme, valid_to="2026-06-01"))
    session.execute(INSERT_AREA, area(scheme, valid_from="2026-06-01"))
    with pytest.raises(IntegrityError, match="one_version_at_a_time"):
        session.execute(INSERT_AREA, area(scheme, valid_from="2026-09-01"))


@pytest.mark.committed
def test_migrations_go_down_to_nothing_and_up_again_and_match_the_model(committed_database: str) -> None:
    engine = make_engine(committed_database)
    with engine.connect() as connection:
        config = migrate.alembic_config(connection)
        assert migrate.is_at_head(connection)
        command.check(config)
        connection.rollback()
        command.downgrade(config, "base")
        assert not migrate.is_at_head(connection)
        left = connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind IN ('r', 'S') AND relname NOT IN ('spatial_ref_sys', 'alembic_version')"
            )
        ).all()
        assert left == []
    migrate.upgrade_to_head(engine)
    with engine.connect() as connection:
        assert migrate.is_at_head(connection)
    engine.dispose()


def test_every_geometry_column_has_its_spatial_index(session: Session) -> None:
    without = session.execute(
        text(
            """
            SELECT g.f_table_name, g.f_geometry_column FROM geometry_columns g
             WHERE g.f_table_schema = 'public' AND NOT EXISTS (
                   SELECT FROM pg_index i
                     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                     JOIN pg_class c ON c.oid = i.indexrelid
                     JOIN pg_am m ON m.oid = c.relam
                    WHERE i.indrelid = g.f_table_name::regclass AND a.attname = g.f_geometry_column
                      AND m.amname = 'gist')
            """
        )
    ).all()
    assert without == []
