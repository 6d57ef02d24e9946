"""Grid schemes, the versioned areas in them, and responsibility zones."""

from __future__ import annotations

from datetime import date

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.storage.tables.base import BigId, Code, Row, geometry, one_of, valid


class GridSchemeRow(Row):
    """A family of grids (网格体系): departments draw different ones over the same ground."""

    __tablename__ = "grid_scheme"

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class AreaRow(Row):
    """A subdistrict, community, grid or micro-grid, as it stood from ``valid_from`` until ``valid_to``.

    ``overview`` is ``boundary`` simplified together with its neighbours, so that shared edges stay shared;
    it is for drawing only. Routing always asks ``boundary``.
    """

    __tablename__ = "area"
    __table_args__ = (
        one_of("level", ("subdistrict", "community", "grid", "micro_grid")),
        one_of("kind", ("ordinary", "dedicated")),
        CheckConstraint(
            "CASE level WHEN 'subdistrict' THEN code ~ '^[0-9]{9}$'"
            " WHEN 'community' THEN code ~ '^[0-9]{12}$'"
            " ELSE code ~ '^[0-9]{12}[0-9A-Z]{3}$' END",
            name="code_fits_level",
        ),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="ends_after_it_begins"),
        CheckConstraint("household_count >= 0 AND resident_count >= 0", name="counts_are_not_negative"),
        valid("boundary"),
        valid("overview"),
        # No two versions of one code at the same time; `btree_gist` brings equality to GiST.
        ExcludeConstraint(
            (text("scheme_id"), "="),
            (text("level"), "="),
            (text("code"), "="),
            (func.daterange(text("valid_from"), text("valid_to"), text("'[)'")), "&&"),
            using="gist",
            name="ex_area_one_version_at_a_time",
        ),
        Index(
            "ix_area_current_code", "scheme_id", "level", "code", postgresql_where=text("valid_to IS NULL")
        ),
        Index("ix_area_parent_id", "parent_id"),
    )

    id: Mapped[BigId]
    scheme_id: Mapped[int] = mapped_column(ForeignKey("grid_scheme.id"))
    level: Mapped[str] = mapped_column(Text)
    code: Mapped[Code]
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text, server_default="ordinary")
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("area.id"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    household_count: Mapped[int | None]
    resident_count: Mapped[int | None]
    office_phone: Mapped[str | None] = mapped_column(Text)
    office_hours: Mapped[str | None] = mapped_column(Text)
    boundary: Mapped[WKBElement] = geometry("MULTIPOLYGON")
    overview: Mapped[WKBElement] = geometry("MULTIPOLYGON")
    label_point: Mapped[WKBElement] = geometry("POINT")


class ResponsibilityZoneRow(Row):
    """A party-member responsibility zone (党员责任区), level four of the party organisation."""

    __tablename__ = "responsibility_zone"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="ends_after_it_begins"),
        valid("boundary"),
        valid("overview"),
        ExcludeConstraint(
            (text("code"), "="),
            (func.daterange(text("valid_from"), text("valid_to"), text("'[)'")), "&&"),
            using="gist",
            name="ex_responsibility_zone_one_version_at_a_time",
        ),
    )

    id: Mapped[BigId]
    code: Mapped[Code]
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    organisation_code: Mapped[str | None] = mapped_column(Text, ForeignKey("organisation.code"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    boundary: Mapped[WKBElement] = geometry("MULTIPOLYGON")
    overview: Mapped[WKBElement] = geometry("MULTIPOLYGON")
