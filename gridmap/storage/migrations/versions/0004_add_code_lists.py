"""Add editions of the division list, what became of their codes, and the crosswalk of category codes.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "division_edition",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("cut_off_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_division_edition")),
    )
    op.create_table(
        "division",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "code ~ '^[1-9]([0-9]{5}|[0-9]{8}|[0-9]{11})$'", name=op.f("ck_division_code_fits")
        ),
        sa.ForeignKeyConstraint(["edition"], ["division_edition.edition"], name=op.f("fk_division_edition")),
        sa.PrimaryKeyConstraint("edition", "code", name=op.f("pk_division")),
    )
    op.create_table(
        "division_alias",
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", "alias", name=op.f("pk_division_alias")),
    )
    op.create_table(
        "division_recoding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("from_edition", sa.Text(), nullable=False),
        sa.Column("to_edition", sa.Text(), nullable=False),
        sa.Column("old_code", sa.Text(collation="C"), nullable=True),
        sa.Column("new_code", sa.Text(collation="C"), nullable=True),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(old_code, new_code) >= 1", name=op.f("ck_division_recoding_names_a_code")
        ),
        sa.CheckConstraint(
            "relation IN ('same', 'renamed', 'recoded', 'moved', 'ended', 'begun')",
            name=op.f("ck_division_recoding_relation_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["from_edition"], ["division_edition.edition"], name=op.f("fk_division_recoding_from_edition")
        ),
        sa.ForeignKeyConstraint(
            ["to_edition"], ["division_edition.edition"], name=op.f("fk_division_recoding_to_edition")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_division_recoding")),
    )
    op.create_index(
        "ix_division_recoding_old_code",
        "division_recoding",
        ["from_edition", "to_edition", "old_code"],
        unique=True,
    )
    op.create_table(
        "category_crosswalk",
        sa.Column("standard_ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("major_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(relation = 'none') = (category_code IS NULL)",
            name=op.f("ck_category_crosswalk_none_has_no_category"),
        ),
        sa.CheckConstraint(
            "kind IN ('matter', 'component')", name=op.f("ck_category_crosswalk_kind_is_known")
        ),
        sa.CheckConstraint(
            "relation IN ('exact', 'close', 'broader', 'none')",
            name=op.f("ck_category_crosswalk_relation_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["category_code"], ["issue_category.code"], name=op.f("fk_category_crosswalk_category_code")
        ),
        sa.PrimaryKeyConstraint("standard_ref", "kind", "code", name=op.f("pk_category_crosswalk")),
    )


def downgrade() -> None:
    for table in (
        "category_crosswalk",
        "division_recoding",
        "division_alias",
        "division",
        "division_edition",
    ):
        op.drop_table(table)
