"""Keep issue events append-only, and number issues from a sequence.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE issue_number")
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER issue_event_is_append_only BEFORE UPDATE OR DELETE ON issue_event"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    # TRUNCATE stays possible for the table's owner: `gridmap demo reset` empties everything at once.


def downgrade() -> None:
    op.execute("DROP TRIGGER issue_event_is_append_only ON issue_event")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP SEQUENCE issue_number")
