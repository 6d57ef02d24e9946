"""Add the change sets of the boundary editor.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "boundary_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scheme_id", sa.BigInteger(), nullable=True),
        sa.Column("focus_code", sa.Text(collation="C"), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("author_account_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by_account_id", sa.BigInteger(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_account_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("kind IN ('areas', 'zones')", name=op.f("ck_boundary_change_kind_is_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'saved', 'undone', 'discarded')",
            name=op.f("ck_boundary_change_state_is_known"),
        ),
        sa.CheckConstraint(
            "(kind = 'areas') = (scheme_id IS NOT NULL)", name=op.f("ck_boundary_change_areas_have_a_scheme")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_boundary_change_position_is_not_negative")),
        sa.CheckConstraint(
            "(state IN ('saved', 'undone')) = (saved_at IS NOT NULL)",
            name=op.f("ck_boundary_change_saved_has_a_time"),
        ),
        sa.CheckConstraint(
            "(state = 'undone') = (undone_at IS NOT NULL)", name=op.f("ck_boundary_change_undone_has_a_time")
        ),
        sa.ForeignKeyConstraint(["scheme_id"], ["grid_scheme.id"], name=op.f("fk_boundary_change_scheme_id")),
        sa.ForeignKeyConstraint(
            ["author_account_id"], ["account.id"], name=op.f("fk_boundary_change_author_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["saved_by_account_id"], ["account.id"], name=op.f("fk_boundary_change_saved_by_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["undone_by_account_id"], ["account.id"], name=op.f("fk_boundary_change_undone_by_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundary_change")),
    )
    op.create_index("ix_boundary_change_focus_code_id", "boundary_change", ["focus_code", "id"])
    op.create_table(
        "boundary_step",
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("areas", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["boundary_change.id"], name=op.f("fk_boundary_step_change_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("change_id", "seq", name=op.f("pk_boundary_step")),
    )
    op.create_table(
        "boundary_version",
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "what IN ('opened', 'corrected', 'closed')", name=op.f("ck_boundary_version_what_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["boundary_change.id"], name=op.f("fk_boundary_version_change_id")
        ),
        sa.PrimaryKeyConstraint("change_id", "level", "row_id", name=op.f("pk_boundary_version")),
    )
    op.create_index("ix_boundary_version_code", "boundary_version", ["code"])


def downgrade() -> None:
    op.drop_table("boundary_version")
    op.drop_table("boundary_step")
    op.drop_table("boundary_change")
