"""Grid schemes, the versioned areas in them, responsibility zones, and how they were drawn anew."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.storage.tables.base import BigId, Code, Instant, Row, geometry, one_of, valid


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
        # All versions, because pages ask for that of a day: a change may wait for a later one.
        Index("ix_area_scheme_id_level_code", "scheme_id", "level", "code"),
        Index("ix_area_valid_from", "valid_from"),
        Index("ix_area_valid_to", "valid_to"),
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


class BoundaryChangeRow(Row):
    """A change set of the boundary editor: a draft, then a saved change with what stood there before it."""

    __tablename__ = "boundary_change"
    __table_args__ = (
        one_of("kind", ("areas", "zones")),
        one_of("state", ("draft", "saved", "undone", "discarded")),
        CheckConstraint("(kind = 'areas') = (scheme_id IS NOT NULL)", name="areas_have_a_scheme"),
        CheckConstraint("position >= 0", name="position_is_not_negative"),
        CheckConstraint("(state IN ('saved', 'undone')) = (saved_at IS NOT NULL)", name="saved_has_a_time"),
        CheckConstraint("(state = 'undone') = (undone_at IS NOT NULL)", name="undone_has_a_time"),
        Index("ix_boundary_change_focus_code_id", "focus_code", "id"),
    )

    id: Mapped[BigId]
    kind: Mapped[str] = mapped_column(Text)
    scheme_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("grid_scheme.id"))
    focus_code: Mapped[Code]
    effective_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    state: Mapped[str] = mapped_column(Text, server_default="draft")
    position: Mapped[int] = mapped_column(server_default="0")
    author_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))
    created_at: Mapped[Instant]
    saved_by_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))
    saved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class BoundaryStepRow(Row):
    """One step of a change set: what was asked, and the areas as it left them."""

    __tablename__ = "boundary_step"

    change_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("boundary_change.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tool: Mapped[str] = mapped_column(Text)
    areas: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    at: Mapped[Instant]


class BoundaryVersionRow(Row):
    """Which version of an area or zone a saved change opened, corrected or closed: who drew it, and when."""

    __tablename__ = "boundary_version"
    __table_args__ = (
        one_of("what", ("opened", "corrected", "closed")),
        Index("ix_boundary_version_code", "code"),
    )

    change_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("boundary_change.id"), primary_key=True)
    level: Mapped[str] = mapped_column(Text, primary_key=True)
    row_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[Code]
    what: Mapped[str] = mapped_column(Text)
