"""Code lists of others: editions of the division list, what became of a code, and category crosswalks."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.storage.tables.base import BigId, Row, one_of


class DivisionEditionRow(Row):
    """One edition of the list of administrative divisions, as somebody loaded it."""

    __tablename__ = "division_edition"

    edition: Mapped[str] = mapped_column(Text, primary_key=True)
    cut_off_on: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)


class DivisionRow(Row):
    """A county, street or community of an edition."""

    __tablename__ = "division"
    __table_args__ = (CheckConstraint("code ~ '^[1-9]([0-9]{5}|[0-9]{8}|[0-9]{11})$'", name="code_fits"),)

    edition: Mapped[str] = mapped_column(Text, ForeignKey("division_edition.edition"), primary_key=True)
    code: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)


class DivisionAliasRow(Row):
    """Another name that people use for a division: a functional zone for the district it lies in."""

    __tablename__ = "division_alias"

    code: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    alias: Mapped[str] = mapped_column(Text, primary_key=True)


class DivisionRecodingRow(Row):
    """What a code of one edition is in another."""

    __tablename__ = "division_recoding"
    __table_args__ = (
        one_of("relation", ("same", "renamed", "recoded", "moved", "ended", "begun")),
        CheckConstraint("num_nonnulls(old_code, new_code) >= 1", name="names_a_code"),
        Index("ix_division_recoding_old_code", "from_edition", "to_edition", "old_code", unique=True),
    )

    id: Mapped[BigId]
    from_edition: Mapped[str] = mapped_column(Text, ForeignKey("division_edition.edition"))
    to_edition: Mapped[str] = mapped_column(Text, ForeignKey("division_edition.edition"))
    old_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    new_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    relation: Mapped[str] = mapped_column(Text)


class CategoryCrosswalkRow(Row):
    """A category of another standard, and the entry of our dictionary that it becomes; None: none fits."""

    __tablename__ = "category_crosswalk"
    __table_args__ = (
        one_of("kind", ("matter", "component")),
        one_of("relation", ("exact", "close", "broader", "none")),
        CheckConstraint("(relation = 'none') = (category_code IS NULL)", name="none_has_no_category"),
    )

    standard_ref: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    major_name: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    category_code: Mapped[str | None] = mapped_column(Text, ForeignKey("issue_category.code"))
    relation: Mapped[str] = mapped_column(Text)
