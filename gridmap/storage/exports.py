"""The log of exports; the database keeps each line for 180 days at least."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_INSERT = text(
    """
    INSERT INTO export_log (at, account_id, role, collection, filter, format, crs, row_count)
    VALUES (:at, :account_id, :role, :collection, CAST(:filter AS jsonb), :format, :crs, :row_count)
    """
)


def log_export(
    session: Session,
    *,
    at: datetime,
    account_id: int | None,
    role: str,
    collection: str,
    wanted: Mapping[str, str],
    export_format: str,
    crs: str,
    row_count: int,
) -> None:
    """Append one line."""
    session.execute(
        _INSERT,
        {
            "at": at,
            "account_id": account_id,
            "role": role,
            "collection": collection,
            "filter": json.dumps(dict(wanted), ensure_ascii=False),
            "format": export_format,
            "crs": crs,
            "row_count": row_count,
        },
    )
