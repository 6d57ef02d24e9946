"""Log what staff take out, and offer views to GIS software on an operator's own database.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Public-safe columns by name: a column that a later release adds never appears here by itself.
VIEWS = {
    "areas": """
        SELECT area.id, scheme.code AS scheme, area.level, area.code, area.name, area.name_en, area.kind,
               area.valid_from, area.valid_to,
               CASE WHEN area.household_count >= 5 THEN area.household_count END AS household_count,
               CASE WHEN area.resident_count >= 5 THEN area.resident_count END AS resident_count,
               area.office_phone, area.office_hours, area.boundary
          FROM public.area JOIN public.grid_scheme AS scheme ON scheme.id = area.scheme_id
         WHERE area.valid_to IS NULL""",
    "compounds": """
        SELECT id, code, name, name_en, kind, community_code, built_year, has_property_company, boundary
          FROM public.compound""",
    "buildings": """
        SELECT id, code, compound_code, address, kind, floor_count, footprint FROM public.building""",
    "streets": """
        SELECT id, code, name, name_en, kind, width_m, is_walkable, centreline FROM public.street""",
    "service_points": """
        SELECT point.id, point.code, point.name, point.name_en, point.category_code,
               category.name AS category_name, point.status, point.address, point.address_en,
               point.community_code, point.floor, point.area_m2, point.capacity, point.opening_hours,
               point.office_phone, point.operator, point.surveyed_on, point.location
          FROM public.service_point AS point
          JOIN public.service_point_category AS category ON category.code = point.category_code
         WHERE point.visibility = 'public' AND NOT category.is_restricted AND point.status <> 'withdrawn'
           AND (point.valid_to IS NULL OR point.valid_to > (now() AT TIME ZONE 'Asia/Shanghai')::date)""",
}


def upgrade() -> None:
    op.create_table(
        "export_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_export_log_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_log")),
    )
    op.create_index("ix_export_log_at", "export_log", [sa.literal_column("at DESC"), "id"])
    op.create_index(op.f("ix_export_log_account_id"), "export_log", ["account_id"])
    op.execute(
        """
        CREATE FUNCTION keep_export_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND OLD.at < now() - interval '180 days' THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'export_log is kept unchanged for at least 180 days'
                USING ERRCODE = 'restrict_violation';
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER export_log_is_kept BEFORE UPDATE OR DELETE ON export_log"
        " FOR EACH ROW EXECUTE FUNCTION keep_export_log()"
    )
    op.execute("CREATE SCHEMA gis")
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW gis.{name} AS {query}")


def downgrade() -> None:
    op.execute("DROP SCHEMA gis CASCADE")
    op.drop_table("export_log")
    op.execute("DROP FUNCTION keep_export_log()")
