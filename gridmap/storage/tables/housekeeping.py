"""Versions of layers (for ETags), imports that were made, notifications."""

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

from gridmap.storage.tables.base import BigId, Instant, Row, one_of


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
