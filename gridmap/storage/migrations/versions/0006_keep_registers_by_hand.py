"""Edit registers by hand: versions, a history of changes, photos of places, stand-ins as rows, two consents.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

VERSIONED = ("service_point", "building", "compound", "person", "assignment")


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.version := OLD.version + 1;
            RETURN NEW;
        END
        $$
        """
    )
    for table in VERSIONED:
        op.add_column(table, sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        # An import changes rows too, and knows nothing of editors: the database counts for both.
        op.execute(
            f"CREATE TRIGGER {table}_raises_its_version BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION raise_version()"
        )

    op.add_column("person", sa.Column("office_phone", sa.Text(), nullable=True))
    op.add_column("person", sa.Column("name_is_public", sa.Boolean(), server_default="false", nullable=False))
    # Until now one consent opened both.
    op.execute("UPDATE person SET name_is_public = mobile_is_public WHERE mobile_is_public")
    op.create_check_constraint(
        op.f("ck_person_public_mobile_has_public_name"), "person", "name_is_public OR NOT mobile_is_public"
    )

    op.create_table(
        "stand_in",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "last_day IS NULL OR last_day >= first_day", name=op.f("ck_stand_in_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_stand_in_assignment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_stand_in_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stand_in")),
        postgresql.ExcludeConstraint(
            (sa.text("assignment_id"), "="),
            (sa.text("daterange(first_day, last_day, '[]')"), "&&"),
            using="gist",
            name="ex_stand_in_one_at_a_time",
        ),
    )
    op.create_index("ix_stand_in_person_id", "stand_in", ["person_id"])
    op.execute(
        "INSERT INTO stand_in (assignment_id, person_id, first_day, last_day)"
        " SELECT id, stand_in_person_id, stand_in_from, greatest(stand_in_from, stand_in_to)"
        " FROM assignment WHERE stand_in_person_id IS NOT NULL ORDER BY id"
    )
    op.drop_constraint(op.f("ck_assignment_stand_in_has_a_start"), "assignment", type_="check")
    for column in ("stand_in_person_id", "stand_in_from", "stand_in_to"):
        op.drop_column("assignment", column)

    op.create_table(
        "service_point_photo",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("service_point_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("alt_text", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_service_point_photo_sha256_is_hexadecimal")
        ),
        sa.ForeignKeyConstraint(
            ["service_point_id"], ["service_point.id"], name=op.f("fk_service_point_photo_service_point_id")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["account.id"], name=op.f("fk_service_point_photo_uploaded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_point_photo")),
        sa.UniqueConstraint(
            "service_point_id", "sha256", name=op.f("uq_service_point_photo_service_point_id_sha256")
        ),
    )
    op.create_index("ix_service_point_photo_sha256", "service_point_photo", ["sha256"])

    op.create_table(
        "register_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(collation="C"), nullable=False),
        sa.Column("actor_account_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("undoes_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "register IN ('service_point', 'building', 'compound', 'person', 'post')",
            name=op.f("ck_register_change_register_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_account_id"], ["account.id"], name=op.f("fk_register_change_actor_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["register_change.id"], name=op.f("fk_register_change_undoes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_change")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_register_change_undoes_id")),
    )
    op.create_index(
        "ix_register_change_register_item_code_id",
        "register_change",
        ["register", "item_code", sa.text("id DESC")],
    )
    op.create_index("ix_register_change_area_code_id", "register_change", ["area_code", sa.text("id DESC")])
    op.execute(
        "CREATE TRIGGER register_change_is_append_only BEFORE UPDATE OR DELETE ON register_change"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("register_change")
    op.drop_table("service_point_photo")
    op.add_column("assignment", sa.Column("stand_in_person_id", sa.BigInteger(), nullable=True))
    op.add_column("assignment", sa.Column("stand_in_from", sa.Date(), nullable=True))
    op.add_column("assignment", sa.Column("stand_in_to", sa.Date(), nullable=True))
    # Only the last stand-in of a post fits into the older form.
    op.execute(
        "UPDATE assignment SET stand_in_person_id = last.person_id, stand_in_from = last.first_day,"
        " stand_in_to = last.last_day FROM (SELECT DISTINCT ON (assignment_id) * FROM stand_in"
        " ORDER BY assignment_id, first_day DESC) AS last WHERE last.assignment_id = assignment.id"
    )
    op.create_foreign_key(
        op.f("fk_assignment_stand_in_person_id"), "assignment", "person", ["stand_in_person_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_assignment_stand_in_has_a_start"),
        "assignment",
        "(stand_in_person_id IS NULL) = (stand_in_from IS NULL)",
    )
    op.drop_table("stand_in")
    op.drop_constraint(op.f("ck_person_public_mobile_has_public_name"), "person", type_="check")
    op.drop_column("person", "name_is_public")
    op.drop_column("person", "office_phone")
    for table in VERSIONED:
        op.execute(f"DROP TRIGGER {table}_raises_its_version ON {table}")
        op.drop_column(table, "version")
    op.execute("DROP FUNCTION raise_version()")
