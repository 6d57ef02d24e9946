"""The counters behind ETags."""

from __future__ import annotations

from datetime import date

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gridmap.storage.tables import LayerVersionRow

LAYERS = (
    "areas",
    "zones",
    "streets",
    "compounds",
    "buildings",
    "landcover",
    "service_points",
    "issues",
    "tours",
)


def bump_layer_version(session: Session, layer: str, *, data_date: date) -> None:
    """Say that a layer changed, so that every cached copy of it is stale."""
    first = insert(LayerVersionRow).values(layer=layer, version=1, data_date=data_date)
    session.execute(
        first.on_conflict_do_update(
            index_elements=[LayerVersionRow.layer],
            set_={"version": LayerVersionRow.version + 1, "data_date": data_date},
        )
    )
