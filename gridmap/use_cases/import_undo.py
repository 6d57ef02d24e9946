"""An import taken back as a whole: its rows restored and removed, and what moved on since left and named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from gridmap.domain.errors import DomainError, NotAllowed
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, check
from gridmap.importing.columns import Layer
from gridmap.storage import import_undo as store
from gridmap.storage.import_changes import UNDO_DAYS
from gridmap.storage.import_undo import KeptRow
from gridmap.storage.imports import wait_for_turn
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.use_cases.import_areas import redraw_level
from gridmap.use_cases.import_zones import redraw_zones

SHOWN_KEPT = 1_000
"""So many rows that an undo left are named; its count is of all."""

# Which layer's cached copies an import's layer lives in, where the names differ.
_VERSIONED_AS = {Layer.GATES.value: Layer.COMPOUNDS.value}
_ROUTING_LAYERS = (Layer.AREAS.value, Layer.ZONES.value)


class BatchAbsent(DomainError):
    """There is no import of that number."""

    code = "import.batch_absent"


class AlreadyUndone(DomainError):
    """The import was taken back before; ``at`` says when, ``by`` who."""

    code = "import.already_undone"


class UndoTooLate(DomainError):
    """The import is older than ``days``: what it replaced is not kept any longer."""

    code = "import.undo_too_late"


class NothingKept(DomainError):
    """The import wrote rows and did not keep what it replaced: it is of a time before gridmap could undo."""

    code = "import.nothing_kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoReport:
    """What became of an import's rows.

    Attributes
    ----------
    restored_count : rows that are again as they were before the import
    removed_count : rows that the import had added
    kept_count : rows left as they are; ``kept_rows`` names the first thousand with the reason:
        ``changed_since``, ``gone`` (somebody removed it meanwhile) or ``in_use``
    reroute_advised : borders or zones changed, so open issues may belong to other areas and people now
    """

    batch_id: int
    layer: str
    file_name: str
    restored_count: int
    removed_count: int
    kept_count: int
    kept_rows: tuple[KeptRow, ...]
    reroute_advised: bool


def undo_import(session: Session, actor: Actor, *, batch_id: int, now: datetime) -> UndoReport:
    """Take an import back, within the caller's transaction.

    Whoever undoes it must work in every area that the importer worked in.

    Raises
    ------
    NotSignedIn, NotAllowed, BatchAbsent, AlreadyUndone, UndoTooLate, NothingKept
        Nothing has changed.
    """
    check(actor, Action.IMPORT_LAYERS)
    batch = store.find_batch(session, batch_id)
    if batch is None:
        raise BatchAbsent(batch=batch_id)
    if not may_undo(actor, batch.scope_prefixes):
        raise NotAllowed(reason="area", action=Action.IMPORT_LAYERS.value, role=actor.role.value)
    if batch.undone_at is not None:
        raise AlreadyUndone(batch=batch_id, at=batch.undone_at.isoformat(), by=batch.undone_by or "system")
    if now - batch.at > timedelta(days=UNDO_DAYS):
        raise UndoTooLate(batch=batch_id, days=UNDO_DAYS)
    if batch.has_written and not batch.has_changes:
        raise NothingKept(batch=batch_id)
    wait_for_turn(session, batch.layer)
    undone = store.undo_changes(session, batch_id, shown=SHOWN_KEPT)
    if undone.kept or store.has_later_batch(session, batch):
        # Neighbours share simplified edges: what was drawn before fits only if all is as before.
        for scheme_id, level in undone.areas:
            redraw_level(session, scheme_id=scheme_id, level=level, day=office_day(now))
        if batch.layer == Layer.ZONES.value:
            redraw_zones(session, day=office_day(now))
    store.mark_undone(session, batch_id, actor_account_id=actor.account_id, at=now)
    if undone.restored or undone.removed:
        bump_layer_version(session, _VERSIONED_AS.get(batch.layer, batch.layer), data_date=office_day(now))
    return UndoReport(
        batch_id=batch_id,
        layer=batch.layer,
        file_name=batch.file_name,
        restored_count=undone.restored,
        removed_count=undone.removed,
        kept_count=undone.kept,
        kept_rows=undone.kept_rows,
        reroute_advised=batch.layer in _ROUTING_LAYERS and bool(undone.restored or undone.removed),
    )


def may_undo(actor: Actor, scope_prefixes: tuple[str, ...]) -> bool:
    """Say whether the actor works in every area that an import could have touched."""
    return all(actor.scope.covers(prefix) for prefix in scope_prefixes)
