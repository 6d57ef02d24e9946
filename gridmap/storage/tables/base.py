"""What every table shares: naming of constraints, geometry columns, codes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

WGS84_SRID = 4326

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(DeclarativeBase):
    """Base of every table class."""

    metadata = MetaData(naming_convention=NAMING)


BigId = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]

# Codes sort and range by bytes, so that "everything under this community" is one index range.
Code = Annotated[str, mapped_column(Text(collation="C"))]


def geometry(kind: str, *, nullable: bool = False) -> MappedColumn[WKBElement]:
    """A WGS-84 geometry column (longitude, latitude in degrees) with its GiST index."""
    return mapped_column(Geometry(kind, srid=WGS84_SRID, spatial_index=True), nullable=nullable)


def valid(column: str) -> CheckConstraint:
    """The database itself refuses a geometry that is invalid or empty."""
    return CheckConstraint(
        f"{column} IS NULL OR (ST_IsValid({column}) AND NOT ST_IsEmpty({column}))", name=f"{column}_is_valid"
    )


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A closed list of values, held by the database."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")
