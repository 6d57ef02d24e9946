"""The five-level organisation, people, who holds which post when, and host households."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.storage.tables.base import BigId, Row, one_of

ASSIGNMENT_ROLES = (
    "subdistrict_secretary",
    "subdistrict_officer",
    "community_secretary",
    "community_cadre",
    "grid_leader",
    "grid_worker",
    "micro_grid_leader",
    "zone_responsible",
    "police_officer",
    "property_manager",
)


class OrganisationRow(Row):
    """A node of the organisation tree; the names of the five levels are the tenant's own words."""

    __tablename__ = "organisation"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 5", name="level_is_one_to_five"),)

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    level: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    org_type: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("organisation.id"), index=True)
    area_code: Mapped[str | None] = mapped_column(Text(collation="C"), index=True)


class PersonRow(Row):
    """Someone who holds a post. No identity number, no faith, no track: only a name and a way to call."""

    __tablename__ = "person"

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    mobile_phone: Mapped[str | None] = mapped_column(Text)
    mobile_is_public: Mapped[bool] = mapped_column(server_default="false")
    is_active: Mapped[bool] = mapped_column(server_default="true")


class AssignmentRow(Row):
    """A post held for a time, in an area, a zone or an organisation, perhaps with a stand-in."""

    __tablename__ = "assignment"
    __table_args__ = (
        one_of("role", ASSIGNMENT_ROLES),
        CheckConstraint(
            "num_nonnulls(area_code, zone_code, organisation_code) >= 1", name="is_for_something"
        ),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="ends_after_it_begins"),
        CheckConstraint(
            "(stand_in_person_id IS NULL) = (stand_in_from IS NULL)", name="stand_in_has_a_start"
        ),
        Index("ix_assignment_area_code_role", "area_code", "role"),
        Index("ix_assignment_zone_code", "zone_code"),
        Index("ix_assignment_person_id", "person_id"),
    )

    id: Mapped[BigId]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(Text)
    area_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    zone_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    organisation_code: Mapped[str | None] = mapped_column(Text, ForeignKey("organisation.code"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    stand_in_person_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("person.id"))
    stand_in_from: Mapped[date | None] = mapped_column(Date)
    stand_in_to: Mapped[date | None] = mapped_column(Date)


class PartyCenterHouseholdRow(Row):
    """A host household (党员中心户): restricted, known to the building only, and only with consent."""

    __tablename__ = "party_center_household"

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    zone_code: Mapped[str] = mapped_column(Text(collation="C"), index=True)
    building_code: Mapped[str] = mapped_column(Text, ForeignKey("building.code"))
    host_name: Mapped[str] = mapped_column(Text)
    has_consent: Mapped[bool]
