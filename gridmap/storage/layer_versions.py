"""The counters behind ETags."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

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


# Versions count on from the clock, so that a database that is emptied, or another one behind one address,
# never gives an old number to new data: browsers keep what they have under a number for a year.
_BUMP = text(
    """
    INSERT INTO layer_version (layer, version, data_date)
    VALUES (:layer, extract(epoch FROM clock_timestamp())::bigint, :data_date)
        ON CONFLICT (layer) DO UPDATE
       SET version = greatest(layer_version.version + 1, excluded.version), data_date = excluded.data_date
    """
)


def bump_layer_version(session: Session, layer: str, *, data_date: date) -> None:
    """Say that a layer changed, so that every cached copy of it is stale."""
    session.execute(_BUMP, {"layer": layer, "data_date": data_date})
