"""Versions of layers (for ETags), imports that were made, changes of registers, notifications."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.storage.tables.base import BigId, Code, Instant, Row, one_of


class LayerVersionRow(Row):
    """A counter that every write to a layer raises: the layer's ETag is made of it."""

    __tablename__ = "layer_version"

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    data_date: Mapped[date] = mapped_column(Date)


class ImportBatchRow(Row):
    """One import of one file: what was read, kept and refused, and why; and whether it was taken back.

    ``scope_prefixes`` are the areas that its actor worked in: taking it back needs them all.
    """

    __tablename__ = "import_batch"

    id: Mapped[BigId]
    layer: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[str] = mapped_column(Text)
    declared_crs: Mapped[str] = mapped_column(Text)
    actor_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))
    at: Mapped[Instant]
    read_count: Mapped[int]
    added_count: Mapped[int]
    updated_count: Mapped[int]
    unchanged_count: Mapped[int]
    rejected_count: Mapped[int]
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    scope_prefixes: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")), server_default='{""}')
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))


class ImportChangeRow(Row):
    """A block of rows that one import touched: what is needed to take it back.

    The arrays run side by side: the row's id as text, a hash of its content as the import left it, and, for
    updated rows, the row as it was before (by column; geometries as EWKB in hexadecimal).
    """

    __tablename__ = "import_change"
    __table_args__ = (one_of("kind", ("added", "updated")),)

    id: Mapped[BigId]
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"), index=True)
    table_name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    row_ids: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))
    content_hashes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    before: Mapped[list[dict[str, Any]] | None] = mapped_column(ARRAY(JSONB))


class RegisterChangeRow(Row):
    """Who changed what in a register, when, from what to what; a trigger refuses changing or deleting a row.

    ``area_code`` is where the thing lay: the key by which scopes see its history.
    """

    __tablename__ = "register_change"
    __table_args__ = (
        one_of("register", ("service_point", "building", "compound", "person", "post")),
        Index("ix_register_change_register_item_code_id", "register", "item_code", text("id DESC")),
        Index("ix_register_change_area_code_id", "area_code", text("id DESC")),
    )

    id: Mapped[BigId]
    register: Mapped[str] = mapped_column(Text)
    item_code: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    area_code: Mapped[Code]
    actor_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))
    at: Mapped[Instant]
    note: Mapped[str | None] = mapped_column(Text)
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    undoes_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("register_change.id"), unique=True)


class ImportDraftRow(Row):
    """An import on its way through the wizard; ``findings`` are the check's, apart because they are many."""

    __tablename__ = "import_draft"
    __table_args__ = (
        one_of("state", ("choosing", "checking", "importing", "done")),
        Index("ix_import_draft_account_id_created_at", "account_id", text("created_at DESC"), "id"),
        Index("ix_import_draft_expires_at", "expires_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    file_name: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[str] = mapped_column(Text)
    file_byte_count: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    run: Mapped[int]
    choices: Mapped[dict[str, Any]] = mapped_column(JSONB)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    coordinates: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    findings: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    without_warned: Mapped[bool]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id", ondelete="SET NULL"))
    stage: Mapped[str | None] = mapped_column(Text)
    done_count: Mapped[int]
    total_count: Mapped[int]
    stage_began_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    heard_at: Mapped[Instant]
    cancel_asked: Mapped[bool]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]


class NotificationRow(Row):
    """A word in an account's inbox: this happened to an issue that is yours to see to."""

    __tablename__ = "notification"
    __table_args__ = (
        # A job that runs twice tells nobody twice; the next event of the same kind is told again.
        UniqueConstraint("account_id", "issue_id", "event_seq"),
        ForeignKeyConstraint(["issue_id", "event_seq"], ["issue_event.issue_id", "issue_event.seq"]),
        Index("ix_notification_issue_id_event_seq", "issue_id", "event_seq"),
        Index(
            "ix_notification_unread_account_id_created_at",
            "account_id",
            text("created_at DESC"),
            "id",
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    id: Mapped[BigId]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    issue_id: Mapped[uuid.UUID]
    event_seq: Mapped[int]
    created_at: Mapped[Instant]
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ExportLogRow(Row):
    """What somebody took out of gridmap; a trigger refuses changes, and deletion within 180 days."""

    __tablename__ = "export_log"
    __table_args__ = (Index("ix_export_log_at", text("at DESC"), "id"),)

    id: Mapped[BigId]
    at: Mapped[Instant]
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(Text)
    collection: Mapped[str] = mapped_column(Text)
    filter: Mapped[dict[str, Any]] = mapped_column(JSONB)
    format: Mapped[str] = mapped_column(Text)
    crs: Mapped[str] = mapped_column(Text)
    row_count: Mapped[int]
