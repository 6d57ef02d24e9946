"""Find areas by their day: a change may be saved for a later one, so that a current version has an end.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_area_scheme_id_level_code", "area", ["scheme_id", "level", "code"])
    op.create_index("ix_area_valid_from", "area", ["valid_from"])
    op.create_index("ix_area_valid_to", "area", ["valid_to"])
    op.drop_index("ix_area_current_code", table_name="area")


def downgrade() -> None:
    op.create_index(
        "ix_area_current_code",
        "area",
        ["scheme_id", "level", "code"],
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.drop_index("ix_area_valid_to", table_name="area")
    op.drop_index("ix_area_valid_from", table_name="area")
    op.drop_index("ix_area_scheme_id_level_code", table_name="area")
