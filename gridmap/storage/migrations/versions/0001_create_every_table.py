"""Create every table.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_geospatial_table(
        "compound",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("built_year", sa.Integer(), nullable=True),
        sa.Column("has_property_company", sa.Boolean(), nullable=False),
        sa.Column(
            "boundary",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('old_estate', 'commodity', 'resettlement', 'work_unit', 'commercial', 'village')",
            name=op.f("ck_compound_kind_is_known"),
        ),
        sa.CheckConstraint(
            "boundary IS NULL OR (ST_IsValid(boundary) AND NOT ST_IsEmpty(boundary))",
            name=op.f("ck_compound_boundary_is_valid"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compound")),
        sa.UniqueConstraint("code", name=op.f("uq_compound_code")),
    )
    op.create_geospatial_index(
        "idx_compound_boundary",
        "compound",
        ["boundary"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "grid_scheme",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_scheme")),
        sa.UniqueConstraint("code", name=op.f("uq_grid_scheme_code")),
    )
    op.create_table(
        "issue_category",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("major_code", sa.Text(), nullable=False),
        sa.Column("major_name", sa.Text(), nullable=False),
        sa.Column("major_name_en", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("icon", sa.Text(), nullable=False),
        sa.Column("standard_ref", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("is_private_home", sa.Boolean(), nullable=False),
        sa.Column("duplicate_radius_m", sa.Integer(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('matter', 'component')", name=op.f("ck_issue_category_kind_is_known")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_issue_category")),
    )
    op.create_geospatial_table(
        "landcover",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column(
            "extent",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('river', 'water', 'green', 'plaza', 'court', 'sports')",
            name=op.f("ck_landcover_kind_is_known"),
        ),
        sa.CheckConstraint(
            "extent IS NULL OR (ST_IsValid(extent) AND NOT ST_IsEmpty(extent))",
            name=op.f("ck_landcover_extent_is_valid"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_landcover")),
    )
    op.create_geospatial_index(
        "idx_landcover_extent",
        "landcover",
        ["extent"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "layer_version",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("data_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("layer", name=op.f("pk_layer_version")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("org_type", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("area_code", sa.Text(collation="C"), nullable=True),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_organisation_level_is_one_to_five")),
        sa.ForeignKeyConstraint(["parent_id"], ["organisation.id"], name=op.f("fk_organisation_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_organisation_code")),
    )
    op.create_index(op.f("ix_organisation_area_code"), "organisation", ["area_code"], unique=False)
    op.create_index(op.f("ix_organisation_parent_id"), "organisation", ["parent_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("mobile_phone", sa.Text(), nullable=True),
        sa.Column("mobile_is_public", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("code", name=op.f("uq_person_code")),
    )
    op.create_table(
        "service_point_category",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("icon", sa.Text(), nullable=False),
        sa.Column("colour_group", sa.Text(), nullable=False),
        sa.Column("is_restricted", sa.Boolean(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "colour_group IN ('convenience', 'party', 'welfare', 'safety')",
            name=op.f("ck_service_point_category_colour_group_is_known"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_service_point_category")),
    )
    op.create_geospatial_table(
        "street",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("width_m", sa.Double(), nullable=False),
        sa.Column("is_walkable", sa.Boolean(), nullable=False),
        sa.Column(
            "centreline",
            Geometry(
                geometry_type="LINESTRING",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('main', 'secondary', 'minor', 'footway', 'steps', 'gate_link')",
            name=op.f("ck_street_kind_is_known"),
        ),
        sa.CheckConstraint(
            "centreline IS NULL OR (ST_IsValid(centreline) AND NOT ST_IsEmpty(centreline))",
            name=op.f("ck_street_centreline_is_valid"),
        ),
        sa.CheckConstraint("width_m > 0", name=op.f("ck_street_width_is_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_street")),
        sa.UniqueConstraint("code", name=op.f("uq_street_code")),
    )
    op.create_geospatial_index(
        "idx_street_centreline",
        "street",
        ["centreline"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "tour",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("summary_en", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tour")),
        sa.UniqueConstraint("code", name=op.f("uq_tour_code")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("area_codes", postgresql.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(), server_default="zh_CN", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("session_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('visitor', 'grid_worker', 'community_secretary', 'subdistrict_officer', 'planner', 'admin')",
            name=op.f("ck_account_role_is_known"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    op.create_index(op.f("ix_account_person_id"), "account", ["person_id"], unique=False)
    op.create_geospatial_table(
        "area",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("scheme_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="ordinary", nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("household_count", sa.Integer(), nullable=True),
        sa.Column("resident_count", sa.Integer(), nullable=True),
        sa.Column("office_phone", sa.Text(), nullable=True),
        sa.Column("office_hours", sa.Text(), nullable=True),
        sa.Column(
            "boundary",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "overview",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "label_point",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.text("scheme_id"), "="),
            (sa.text("level"), "="),
            (sa.text("code"), "="),
            (sa.text("daterange(valid_from, valid_to, '[)')"), "&&"),
            using="gist",
            name="ex_area_one_version_at_a_time",
        ),
        sa.CheckConstraint(
            "CASE level WHEN 'subdistrict' THEN code ~ '^[0-9]{9}$' WHEN 'community' THEN code ~ '^[0-9]{12}$' ELSE code ~ '^[0-9]{12}[0-9A-Z]{3}$' END",
            name=op.f("ck_area_code_fits_level"),
        ),
        sa.CheckConstraint("kind IN ('ordinary', 'dedicated')", name=op.f("ck_area_kind_is_known")),
        sa.CheckConstraint(
            "level IN ('subdistrict', 'community', 'grid', 'micro_grid')", name=op.f("ck_area_level_is_known")
        ),
        sa.CheckConstraint(
            "boundary IS NULL OR (ST_IsValid(boundary) AND NOT ST_IsEmpty(boundary))",
            name=op.f("ck_area_boundary_is_valid"),
        ),
        sa.CheckConstraint(
            "household_count >= 0 AND resident_count >= 0", name=op.f("ck_area_counts_are_not_negative")
        ),
        sa.CheckConstraint(
            "overview IS NULL OR (ST_IsValid(overview) AND NOT ST_IsEmpty(overview))",
            name=op.f("ck_area_overview_is_valid"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_area_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["area.id"], name=op.f("fk_area_parent_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["grid_scheme.id"], name=op.f("fk_area_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
    )
    op.create_geospatial_index(
        "idx_area_boundary", "area", ["boundary"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_index(
        "idx_area_label_point",
        "area",
        ["label_point"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_index(
        "idx_area_overview", "area", ["overview"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        "ix_area_current_code",
        "area",
        ["scheme_id", "level", "code"],
        unique=False,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index("ix_area_parent_id", "area", ["parent_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(collation="C"), nullable=True),
        sa.Column("zone_code", sa.Text(collation="C"), nullable=True),
        sa.Column("organisation_code", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("stand_in_person_id", sa.BigInteger(), nullable=True),
        sa.Column("stand_in_from", sa.Date(), nullable=True),
        sa.Column("stand_in_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "role IN ('subdistrict_secretary', 'subdistrict_officer', 'community_secretary', 'community_cadre', 'grid_leader', 'grid_worker', 'micro_grid_leader', 'zone_responsible', 'police_officer', 'property_manager')",
            name=op.f("ck_assignment_role_is_known"),
        ),
        sa.CheckConstraint(
            "(stand_in_person_id IS NULL) = (stand_in_from IS NULL)",
            name=op.f("ck_assignment_stand_in_has_a_start"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(area_code, zone_code, organisation_code) >= 1",
            name=op.f("ck_assignment_is_for_something"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_assignment_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_code"], ["organisation.code"], name=op.f("fk_assignment_organisation_code")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_assignment_person_id")),
        sa.ForeignKeyConstraint(
            ["stand_in_person_id"], ["person.id"], name=op.f("fk_assignment_stand_in_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index("ix_assignment_area_code_role", "assignment", ["area_code", "role"], unique=False)
    op.create_index("ix_assignment_person_id", "assignment", ["person_id"], unique=False)
    op.create_index("ix_assignment_zone_code", "assignment", ["zone_code"], unique=False)
    op.create_geospatial_table(
        "building",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("compound_code", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("floor_count", sa.Integer(), nullable=False),
        sa.Column("household_count", sa.Integer(), nullable=False),
        sa.Column("resident_count", sa.Integer(), nullable=False),
        sa.Column("elderly_count", sa.Integer(), nullable=False),
        sa.Column("ebike_count", sa.Integer(), nullable=False),
        sa.Column(
            "footprint",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('residential', 'shop', 'office', 'school', 'hospital', 'public', 'industrial', 'other')",
            name=op.f("ck_building_kind_is_known"),
        ),
        sa.CheckConstraint(
            "floor_count >= 0 AND household_count >= 0 AND resident_count >= 0 AND elderly_count >= 0 AND ebike_count >= 0",
            name=op.f("ck_building_counts_are_not_negative"),
        ),
        sa.CheckConstraint(
            "footprint IS NULL OR (ST_IsValid(footprint) AND NOT ST_IsEmpty(footprint))",
            name=op.f("ck_building_footprint_is_valid"),
        ),
        sa.ForeignKeyConstraint(["compound_code"], ["compound.code"], name=op.f("fk_building_compound_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
        sa.UniqueConstraint("code", name=op.f("uq_building_code")),
    )
    op.create_geospatial_index(
        "idx_building_footprint",
        "building",
        ["footprint"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(op.f("ix_building_compound_code"), "building", ["compound_code"], unique=False)
    op.create_geospatial_table(
        "compound_gate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("compound_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "location IS NULL OR (ST_IsValid(location) AND NOT ST_IsEmpty(location))",
            name=op.f("ck_compound_gate_location_is_valid"),
        ),
        sa.ForeignKeyConstraint(
            ["compound_code"], ["compound.code"], name=op.f("fk_compound_gate_compound_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compound_gate")),
    )
    op.create_geospatial_index(
        "idx_compound_gate_location",
        "compound_gate",
        ["location"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(op.f("ix_compound_gate_compound_code"), "compound_gate", ["compound_code"], unique=False)
    op.create_geospatial_table(
        "responsibility_zone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("organisation_code", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "boundary",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "overview",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.text("code"), "="),
            (sa.text("daterange(valid_from, valid_to, '[)')"), "&&"),
            using="gist",
            name="ex_responsibility_zone_one_version_at_a_time",
        ),
        sa.CheckConstraint(
            "boundary IS NULL OR (ST_IsValid(boundary) AND NOT ST_IsEmpty(boundary))",
            name=op.f("ck_responsibility_zone_boundary_is_valid"),
        ),
        sa.CheckConstraint(
            "overview IS NULL OR (ST_IsValid(overview) AND NOT ST_IsEmpty(overview))",
            name=op.f("ck_responsibility_zone_overview_is_valid"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from",
            name=op.f("ck_responsibility_zone_ends_after_it_begins"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_code"],
            ["organisation.code"],
            name=op.f("fk_responsibility_zone_organisation_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibility_zone")),
    )
    op.create_geospatial_index(
        "idx_responsibility_zone_boundary",
        "responsibility_zone",
        ["boundary"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_index(
        "idx_responsibility_zone_overview",
        "responsibility_zone",
        ["overview"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_table(
        "service_point",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("alias", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_en", sa.Text(), nullable=True),
        sa.Column("community_code", sa.Text(collation="C"), nullable=True),
        sa.Column("grid_code", sa.Text(collation="C"), nullable=True),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("floor", sa.Text(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("opening_hours", sa.Text(), nullable=True),
        sa.Column("office_phone", sa.Text(), nullable=True),
        sa.Column("services", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("brand_tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("tour_text", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), server_default="public", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("accuracy_class", sa.Text(), server_default="C", nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "accuracy_class IN ('A', 'B', 'C')", name=op.f("ck_service_point_accuracy_class_is_known")
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'consulting', 'approved', 'building', 'built', 'withdrawn')",
            name=op.f("ck_service_point_status_is_known"),
        ),
        sa.CheckConstraint(
            "visibility IN ('public', 'staff', 'restricted')",
            name=op.f("ck_service_point_visibility_is_known"),
        ),
        sa.CheckConstraint(
            "location IS NULL OR (ST_IsValid(location) AND NOT ST_IsEmpty(location))",
            name=op.f("ck_service_point_location_is_valid"),
        ),
        sa.ForeignKeyConstraint(
            ["category_code"], ["service_point_category.code"], name=op.f("fk_service_point_category_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_point")),
        sa.UniqueConstraint("code", name=op.f("uq_service_point_code")),
    )
    op.create_geospatial_index(
        "idx_service_point_location",
        "service_point",
        ["location"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(
        "ix_service_point_category_code_status", "service_point", ["category_code", "status"], unique=False
    )
    op.create_index(
        "ix_service_point_search_key",
        "service_point",
        ["search_key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_key": "gin_trgm_ops"},
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"], unique=False)
    op.create_table(
        "import_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("declared_crs", sa.Text(), nullable=False),
        sa.Column("actor_account_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_count", sa.Integer(), nullable=False),
        sa.Column("added_count", sa.Integer(), nullable=False),
        sa.Column("updated_count", sa.Integer(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("rejected_count", sa.Integer(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_account_id"], ["account.id"], name=op.f("fk_import_batch_actor_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    op.create_geospatial_table(
        "issue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("reporter_account_id", sa.BigInteger(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("address_text", sa.Text(), nullable=True),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("scheme_id", sa.BigInteger(), nullable=True),
        sa.Column("subdistrict_code", sa.Text(collation="C"), nullable=True),
        sa.Column("community_code", sa.Text(collation="C"), nullable=True),
        sa.Column("grid_code", sa.Text(collation="C"), nullable=True),
        sa.Column("micro_grid_code", sa.Text(collation="C"), nullable=True),
        sa.Column("area_code", sa.Text(collation="C"), nullable=False),
        sa.Column("zone_code", sa.Text(collation="C"), nullable=True),
        sa.Column("responsible_person_id", sa.BigInteger(), nullable=True),
        sa.Column("routing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "source IN ('field', 'import', 'api', 'demo')", name=op.f("ck_issue_source_is_known")
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'handling', 'to_rate', 'closed', 'returned')",
            name=op.f("ck_issue_state_is_known"),
        ),
        sa.CheckConstraint("accuracy_m >= 0", name=op.f("ck_issue_accuracy_is_not_negative")),
        sa.CheckConstraint("char_length(description) <= 2000", name=op.f("ck_issue_description_fits")),
        sa.CheckConstraint(
            "location IS NULL OR (ST_IsValid(location) AND NOT ST_IsEmpty(location))",
            name=op.f("ck_issue_location_is_valid"),
        ),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_issue_rating_is_one_to_five")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["issue_category.code"], name=op.f("fk_issue_category_code")
        ),
        sa.ForeignKeyConstraint(
            ["reporter_account_id"], ["account.id"], name=op.f("fk_issue_reporter_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["responsible_person_id"], ["person.id"], name=op.f("fk_issue_responsible_person_id")
        ),
        sa.ForeignKeyConstraint(["scheme_id"], ["grid_scheme.id"], name=op.f("fk_issue_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue")),
        sa.UniqueConstraint("external_id", name=op.f("uq_issue_external_id")),
        sa.UniqueConstraint("number", name=op.f("uq_issue_number")),
        sa.UniqueConstraint(
            "reporter_account_id", "client_id", name=op.f("uq_issue_reporter_account_id_client_id")
        ),
    )
    op.create_geospatial_index(
        "idx_issue_location", "issue", ["location"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        "ix_issue_area_code_received_at",
        "issue",
        ["area_code", sa.literal_column("received_at DESC"), "id"],
        unique=False,
    )
    op.create_index(op.f("ix_issue_category_code"), "issue", ["category_code"], unique=False)
    op.create_index(
        "ix_issue_open_area_code_received_at",
        "issue",
        ["area_code", sa.literal_column("received_at DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('submitted', 'handling', 'to_rate')"),
    )
    op.create_index(
        "ix_issue_received_at", "issue", [sa.literal_column("received_at DESC"), "id"], unique=False
    )
    op.create_index("ix_issue_responsible_person_id", "issue", ["responsible_person_id"], unique=False)
    op.create_table(
        "party_center_household",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("zone_code", sa.Text(collation="C"), nullable=False),
        sa.Column("building_code", sa.Text(), nullable=False),
        sa.Column("host_name", sa.Text(), nullable=False),
        sa.Column("has_consent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_code"], ["building.code"], name=op.f("fk_party_center_household_building_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_center_household")),
        sa.UniqueConstraint("code", name=op.f("uq_party_center_household_code")),
    )
    op.create_index(
        op.f("ix_party_center_household_zone_code"), "party_center_household", ["zone_code"], unique=False
    )
    op.create_geospatial_table(
        "tour_stop",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tour_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("service_point_code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("talking_points", sa.Text(), nullable=False),
        sa.Column("talking_points_en", sa.Text(), nullable=True),
        sa.Column("stay_minutes", sa.Integer(), nullable=False),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "location IS NULL OR (ST_IsValid(location) AND NOT ST_IsEmpty(location))",
            name=op.f("ck_tour_stop_location_is_valid"),
        ),
        sa.ForeignKeyConstraint(
            ["service_point_code"], ["service_point.code"], name=op.f("fk_tour_stop_service_point_code")
        ),
        sa.ForeignKeyConstraint(["tour_id"], ["tour.id"], name=op.f("fk_tour_stop_tour_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tour_stop")),
        sa.UniqueConstraint("tour_id", "position", name=op.f("uq_tour_stop_tour_id_position")),
    )
    op.create_geospatial_index(
        "idx_tour_stop_location",
        "tour_stop",
        ["location"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "issue_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_account_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "kind IN ('created', 'routed', 'moved', 'state_changed', 'noted', 'photo_added', 'rated', 'recategorised')",
            name=op.f("ck_issue_event_kind_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_account_id"], ["account.id"], name=op.f("fk_issue_event_actor_account_id")
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_issue_event_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_event")),
        sa.UniqueConstraint("issue_id", "seq", name=op.f("uq_issue_event_issue_id_seq")),
    )
    op.create_table(
        "issue_photo",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(collation="C"), nullable=False),
        sa.Column("source_sha256", sa.Text(collation="C"), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('report', 'result')", name=op.f("ck_issue_photo_kind_is_known")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_issue_photo_sha256_is_hexadecimal")),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_issue_photo_issue_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["account.id"], name=op.f("fk_issue_photo_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_photo")),
        sa.UniqueConstraint("issue_id", "sha256", name=op.f("uq_issue_photo_issue_id_sha256")),
    )
    op.create_index("ix_issue_photo_sha256", "issue_photo", ["sha256"], unique=False)
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notification_account_id")),
        sa.ForeignKeyConstraint(
            ["issue_id", "event_seq"],
            ["issue_event.issue_id", "issue_event.seq"],
            name=op.f("fk_notification_issue_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint(
            "account_id",
            "issue_id",
            "event_seq",
            name=op.f("uq_notification_account_id_issue_id_event_seq"),
        ),
    )
    op.create_index(
        "ix_notification_issue_id_event_seq", "notification", ["issue_id", "event_seq"], unique=False
    )
    op.create_index(
        "ix_notification_unread_account_id_created_at",
        "notification",
        ["account_id", sa.literal_column("created_at DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_notification_unread_account_id_created_at", table_name="notification")
    op.drop_index("ix_notification_issue_id_event_seq", table_name="notification")
    op.drop_table("notification")
    op.drop_index("ix_issue_photo_sha256", table_name="issue_photo")
    op.drop_table("issue_photo")
    op.drop_table("issue_event")
    op.drop_geospatial_index(
        "idx_tour_stop_location", table_name="tour_stop", postgresql_using="gist", column_name="location"
    )
    op.drop_geospatial_table("tour_stop")
    op.drop_index(op.f("ix_party_center_household_zone_code"), table_name="party_center_household")
    op.drop_table("party_center_household")
    op.drop_index("ix_issue_responsible_person_id", table_name="issue")
    op.drop_index("ix_issue_received_at", table_name="issue")
    op.drop_index(
        "ix_issue_open_area_code_received_at",
        table_name="issue",
        postgresql_where=sa.text("state IN ('submitted', 'handling', 'to_rate')"),
    )
    op.drop_index(op.f("ix_issue_category_code"), table_name="issue")
    op.drop_index("ix_issue_area_code_received_at", table_name="issue")
    op.drop_geospatial_index(
        "idx_issue_location", table_name="issue", postgresql_using="gist", column_name="location"
    )
    op.drop_geospatial_table("issue")
    op.drop_table("import_batch")
    op.drop_index(op.f("ix_api_token_account_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_index(
        "ix_service_point_search_key",
        table_name="service_point",
        postgresql_using="gin",
        postgresql_ops={"search_key": "gin_trgm_ops"},
    )
    op.drop_index("ix_service_point_category_code_status", table_name="service_point")
    op.drop_geospatial_index(
        "idx_service_point_location",
        table_name="service_point",
        postgresql_using="gist",
        column_name="location",
    )
    op.drop_geospatial_table("service_point")
    op.drop_geospatial_index(
        "idx_responsibility_zone_overview",
        table_name="responsibility_zone",
        postgresql_using="gist",
        column_name="overview",
    )
    op.drop_geospatial_index(
        "idx_responsibility_zone_boundary",
        table_name="responsibility_zone",
        postgresql_using="gist",
        column_name="boundary",
    )
    op.drop_geospatial_table("responsibility_zone")
    op.drop_index(op.f("ix_compound_gate_compound_code"), table_name="compound_gate")
    op.drop_geospatial_index(
        "idx_compound_gate_location",
        table_name="compound_gate",
        postgresql_using="gist",
        column_name="location",
    )
    op.drop_geospatial_table("compound_gate")
    op.drop_index(op.f("ix_building_compound_code"), table_name="building")
    op.drop_geospatial_index(
        "idx_building_footprint", table_name="building", postgresql_using="gist", column_name="footprint"
    )
    op.drop_geospatial_table("building")
    op.drop_index("ix_assignment_zone_code", table_name="assignment")
    op.drop_index("ix_assignment_person_id", table_name="assignment")
    op.drop_index("ix_assignment_area_code_role", table_name="assignment")
    op.drop_table("assignment")
    op.drop_index("ix_area_parent_id", table_name="area")
    op.drop_index("ix_area_current_code", table_name="area", postgresql_where=sa.text("valid_to IS NULL"))
    op.drop_geospatial_index(
        "idx_area_overview", table_name="area", postgresql_using="gist", column_name="overview"
    )
    op.drop_geospatial_index(
        "idx_area_label_point", table_name="area", postgresql_using="gist", column_name="label_point"
    )
    op.drop_geospatial_index(
        "idx_area_boundary", table_name="area", postgresql_using="gist", column_name="boundary"
    )
    op.drop_geospatial_table("area")
    op.drop_index(op.f("ix_account_person_id"), table_name="account")
    op.drop_table("account")
    op.drop_table("tour")
    op.drop_geospatial_index(
        "idx_street_centreline", table_name="street", postgresql_using="gist", column_name="centreline"
    )
    op.drop_geospatial_table("street")
    op.drop_table("service_point_category")
    op.drop_table("person")
    op.drop_index(op.f("ix_organisation_parent_id"), table_name="organisation")
    op.drop_index(op.f("ix_organisation_area_code"), table_name="organisation")
    op.drop_table("organisation")
    op.drop_table("layer_version")
    op.drop_geospatial_index(
        "idx_landcover_extent", table_name="landcover", postgresql_using="gist", column_name="extent"
    )
    op.drop_geospatial_table("landcover")
    op.drop_table("issue_category")
    op.drop_table("grid_scheme")
    op.drop_geospatial_index(
        "idx_compound_boundary", table_name="compound", postgresql_using="gist", column_name="boundary"
    )
    op.drop_geospatial_table("compound")
