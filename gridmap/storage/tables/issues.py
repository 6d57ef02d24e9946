"""Issues, their append-only events, and photos."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Sequence,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.storage.tables.base import BigId, Code, Instant, Row, geometry, one_of, valid

ISSUE_STATES = ("submitted", "handling", "to_rate", "closed", "returned")
EVENT_KINDS = (
    "created",
    "routed",
    "moved",
    "state_changed",
    "noted",
    "photo_added",
    "rated",
    "recategorised",
)


# Numbers run on over the years ('2026-001123'): one sequence, so that no two pins wait for each other.
ISSUE_NUMBER_SEQUENCE = Sequence("issue_number", metadata=Row.metadata)


class IssueCategoryRow(Row):
    """An entry of the issue dictionary, with the standard that gives its code."""

    __tablename__ = "issue_category"
    __table_args__ = (one_of("kind", ("matter", "component")),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    major_code: Mapped[str] = mapped_column(Text)
    major_name: Mapped[str] = mapped_column(Text)
    major_name_en: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    icon: Mapped[str] = mapped_column(Text)
    standard_ref: Mapped[str] = mapped_column(Text)
    is_public: Mapped[bool]
    is_private_home: Mapped[bool]
    duplicate_radius_m: Mapped[int]
    sort_order: Mapped[int]


class IssueRow(Row):
    """One reported matter, with the areas and people it had on the day.

    ``area_code`` is the finest area's code ('' outside every grid): the key by which scopes see it.
    """

    __tablename__ = "issue"
    __table_args__ = (
        UniqueConstraint("reporter_account_id", "client_id"),
        one_of("state", ISSUE_STATES),
        one_of("source", ("field", "import", "api", "demo")),
        CheckConstraint("accuracy_m >= 0", name="accuracy_is_not_negative"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_is_one_to_five"),
        CheckConstraint("char_length(description) <= 2000", name="description_fits"),
        valid("location"),
        Index("ix_issue_area_code_received_at", "area_code", text("received_at DESC"), "id"),
        Index(
            "ix_issue_open_area_code_received_at",
            "area_code",
            text("received_at DESC"),
            "id",
            postgresql_where=text("state IN ('submitted', 'handling', 'to_rate')"),
        ),
        Index("ix_issue_received_at", text("received_at DESC"), "id"),
        Index("ix_issue_responsible_person_id", "responsible_person_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    reporter_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    category_code: Mapped[str] = mapped_column(Text, ForeignKey("issue_category.code"), index=True)
    description: Mapped[str] = mapped_column(Text)
    location: Mapped[WKBElement] = geometry("POINT")
    accuracy_m: Mapped[float | None]
    address_text: Mapped[str | None] = mapped_column(Text)
    captured_at: Mapped[Instant]
    received_at: Mapped[Instant]
    state: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text, unique=True)
    tags: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    scheme_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("grid_scheme.id"))
    subdistrict_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    community_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    micro_grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    area_code: Mapped[Code]
    zone_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    responsible_person_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("person.id"))
    routing: Mapped[dict[str, Any]] = mapped_column(JSONB)
    rating: Mapped[int | None]
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]


class IssueEventRow(Row):
    """What happened to an issue, in order; a trigger refuses changing or deleting a row."""

    __tablename__ = "issue_event"
    __table_args__ = (UniqueConstraint("issue_id", "seq"), one_of("kind", EVENT_KINDS))

    id: Mapped[BigId]
    issue_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("issue.id"))
    seq: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    actor_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))
    at: Mapped[Instant]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)


class IssuePhotoRow(Row):
    """A photo of an issue; the file is named by its content's hash."""

    __tablename__ = "issue_photo"
    __table_args__ = (
        UniqueConstraint("issue_id", "sha256"),
        one_of("kind", ("report", "result")),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hexadecimal"),
        Index("ix_issue_photo_sha256", "sha256"),
    )

    id: Mapped[BigId]
    issue_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("issue.id"))
    sha256: Mapped[str] = mapped_column(Text(collation="C"))
    source_sha256: Mapped[str | None] = mapped_column(Text(collation="C"))
    kind: Mapped[str] = mapped_column(Text)
    width_px: Mapped[int]
    height_px: Mapped[int]
    byte_count: Mapped[int]
    captured_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    uploaded_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))
    at: Mapped[Instant]
