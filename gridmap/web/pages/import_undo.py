"""撤销本次导入: an import taken back as a whole, after a look at what that does."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for

from gridmap.domain.permissions import Action
from gridmap.queries.import_batches import ImportedBatch, find_batch
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.import_undo import UndoReport, undo_import
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.i18n import known_message
from gridmap.web.import_view import moment

blueprint = Blueprint("import_undo", __name__, url_prefix="/admin/imports/batches")

_KEPT_SHOWN = 100


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A row that was left, and why."""

    label: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPage:
    """The question, or what came of it."""

    batch: ImportedBatch
    at: str
    report: UndoReport | None
    kept: tuple[KeptLine, ...]
    action: str


@blueprint.get("/<int:batch_id>/undo")
@requires(Action.IMPORT_LAYERS)
def ask(batch_id: int) -> str:
    """Say what taking it back does, before it is done."""
    with deps().sessions() as session:
        batch = find_batch(session, current_actor(), batch_id)
    return _page(batch, None)


@blueprint.post("/<int:batch_id>/undo")
@requires(Action.IMPORT_LAYERS)
def undo(batch_id: int) -> str:
    """Take it back."""
    actor = current_actor()
    with unit_of_work(deps().sessions) as session:
        batch = find_batch(session, actor, batch_id)
        report = undo_import(session, actor, batch_id=batch_id, now=deps().clock())
    return _page(batch, report)


def _page(batch: ImportedBatch, report: UndoReport | None) -> str:
    kept = () if report is None else report.kept_rows[:_KEPT_SHOWN]
    page = UndoPage(
        batch=batch,
        at=moment(batch.at),
        report=report,
        kept=tuple(
            KeptLine(row.label, known_message(f"import_kept.{row.reason}") or row.reason) for row in kept
        ),
        action=url_for("import_undo.undo", batch_id=batch.id),
    )
    return render_template("admin/imports/undo.html", page=page)
