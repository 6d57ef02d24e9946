"""Remember what each import changed, so that it can be taken back.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Taking back an import of issues is the one case in which history goes: the issues go with it.
REFUSE_CHANGE = """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {exception}
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
"""
UNDO_MAY_DELETE = """
        IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'issue_event'
           AND current_setting('gridmap.undoing_import', true) = 'on' THEN
            RETURN OLD;
        END IF;
"""


def upgrade() -> None:
    op.add_column(
        "import_batch",
        sa.Column(
            "scope_prefixes", postgresql.ARRAY(sa.Text(collation="C")), server_default='{""}', nullable=False
        ),
    )
    op.add_column("import_batch", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("import_batch", sa.Column("undone_by", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_import_batch_undone_by", "import_batch", "account", ["undone_by"], ["id"])
    op.create_table(
        "import_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_ids", postgresql.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("content_hashes", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("before", postgresql.ARRAY(postgresql.JSONB()), nullable=True),
        sa.CheckConstraint("kind IN ('added', 'updated')", name=op.f("ck_import_change_kind_is_known")),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_import_change_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_change")),
    )
    # Numbers and hashes do not get smaller by the compression that long arrays would go through.
    for column in ("row_ids", "content_hashes"):
        op.execute(f"ALTER TABLE import_change ALTER COLUMN {column} SET STORAGE EXTERNAL")
    op.create_index(op.f("ix_import_change_batch_id"), "import_change", ["batch_id"])
    op.execute(REFUSE_CHANGE.format(exception=UNDO_MAY_DELETE))


def downgrade() -> None:
    op.execute(REFUSE_CHANGE.format(exception=""))
    op.drop_table("import_change")
    op.drop_column("import_batch", "undone_by")
    op.drop_column("import_batch", "undone_at")
    op.drop_column("import_batch", "scope_prefixes")
