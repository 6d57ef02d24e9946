"""Writing down what staff take out; the reading is a query, the file is made by ``gridmap.exporting``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.domain.exports import ExportFormat
from gridmap.domain.features import FeatureTable
from gridmap.domain.permissions import Action, Actor, check
from gridmap.storage.exports import log_export


def record_export(
    session: Session,
    actor: Actor,
    table: FeatureTable,
    *,
    wanted: Mapping[str, str],
    export_format: ExportFormat,
    crs: str,
    now: datetime,
) -> None:
    """Log an export of staff data, in the transaction that read it and before the file is handed over.

    Parameters
    ----------
    wanted : the filter as it was asked for

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.EXPORT_LAYERS)
    log_export(
        session,
        at=now,
        account_id=actor.account_id,
        role=actor.role.value,
        collection=table.collection.id,
        wanted=wanted,
        export_format=export_format.value,
        crs=crs,
        row_count=len(table.rows),
    )
