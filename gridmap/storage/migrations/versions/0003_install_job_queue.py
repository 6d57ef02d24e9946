"""Install the job queue's own tables (procrastinate).

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op
from procrastinate import SyncPsycopgConnector
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The schema of the version that requirements.lock pins; a later version brings migrations of its own.
    schema = SchemaManager(SyncPsycopgConnector()).get_schema()
    op.get_bind().connection.cursor().execute(schema)


def downgrade() -> None:
    op.execute(
        """
        DO $$
        DECLARE thing record;
        BEGIN
            FOR thing IN SELECT c.relname FROM pg_class c
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'procrastinate\\_%'
            LOOP EXECUTE format('DROP TABLE %I CASCADE', thing.relname); END LOOP;
            FOR thing IN SELECT p.oid::regprocedure AS signature FROM pg_proc p
                WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'procrastinate\\_%'
            LOOP EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', thing.signature); END LOOP;
            FOR thing IN SELECT t.typname FROM pg_type t
                WHERE t.typnamespace = 'public'::regnamespace AND t.typname LIKE 'procrastinate\\_%'
            LOOP EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', thing.typname); END LOOP;
        END
        $$
        """
    )
