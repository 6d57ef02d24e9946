"""The five-level organisation, people, who holds which post when, who stands in, and host households."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
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
    """Someone who holds a post. No identity number, no faith, no track: only a name and ways to call.

    Each consent to be shown to the public is its own; ``version`` is raised by the database at every change.
    """

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("name_is_public OR NOT mobile_is_public", name="public_mobile_has_public_name"),
    )

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    office_phone: Mapped[str | None] = mapped_column(Text)
    mobile_phone: Mapped[str | None] = mapped_column(Text)
    name_is_public: Mapped[bool] = mapped_column(server_default="false")
    mobile_is_public: Mapped[bool] = mapped_column(server_default="false")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")


class AssignmentRow(Row):
    """A post held for a time, in an area, a zone or an organisation."""

    __tablename__ = "assignment"
    __table_args__ = (
        one_of("role", ASSIGNMENT_ROLES),
        CheckConstraint(
            "num_nonnulls(area_code, zone_code, organisation_code) >= 1", name="is_for_something"
        ),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="ends_after_it_begins"),
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
    version: Mapped[int] = mapped_column(server_default="1")


class StandInRow(Row):
    """Somebody who does the work of a post from its first to its last day (None: until further notice)."""

    __tablename__ = "stand_in"
    __table_args__ = (
        CheckConstraint("last_day IS NULL OR last_day >= first_day", name="ends_after_it_begins"),
        ExcludeConstraint(
            (text("assignment_id"), "="),
            (func.daterange(text("first_day"), text("last_day"), text("'[]'")), "&&"),
            using="gist",
            name="ex_stand_in_one_at_a_time",
        ),
        Index("ix_stand_in_person_id", "person_id"),
    )

    id: Mapped[BigId]
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)


class PartyCenterHouseholdRow(Row):
    """A host household (党员中心户): restricted, known to the building only, and only with consent."""

    __tablename__ = "party_center_household"

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    zone_code: Mapped[str] = mapped_column(Text(collation="C"), index=True)
    building_code: Mapped[str] = mapped_column(Text, ForeignKey("building.code"))
    host_name: Mapped[str] = mapped_column(Text)
    has_consent: Mapped[bool]
