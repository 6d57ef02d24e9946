"""导入向导, the two steps that a job works on: ④检查 → ⑤完成."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gridmap.domain.import_choices import Correction
from gridmap.domain.import_drafts import CheckReport, DraftId, DraftState, ImportDraft, Severity
from gridmap.domain.permissions import Action
from gridmap.importing.columns import Layer
from gridmap.importing.handouts import as_csv, as_xlsx, error_sheet
from gridmap.queries.import_batches import ImportedBatch, find_batch
from gridmap.storage import import_drafts as draft_rows
from gridmap.storage import import_files
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import import_drafts
from gridmap.use_cases.import_options import lists_of
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.import_view import (
    FINDINGS_ON_A_PAGE,
    ChangeRow,
    FindingRow,
    Head,
    OptionLine,
    Problem,
    ProgressView,
    change_rows,
    finding_rows,
    head_of,
    moment,
    option_lines,
    problem_of,
    progress_view,
    row_words,
    specs_of,
    system_words,
)
from gridmap.web.pages.imports import load_draft, spreadsheet

blueprint = Blueprint("import_runs", __name__, url_prefix="/admin/imports")

_SHOWN = {
    "errors": (Severity.ERROR.value,),
    "warnings": (Severity.WARNING.value,),
    "notes": (Severity.NOTE.value,),
    "all": tuple(each.value for each in Severity),
}
_VALUE_LENGTH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    """Step 4: running, or done with findings.

    ``is_fresh``: the report is about the present choices, so that one may import.
    """

    head: Head
    progress: ProgressView | None
    report: CheckReport | None
    refusal: Problem | None
    crs_words: str
    options: tuple[OptionLine, ...]
    is_fresh: bool
    changes: tuple[ChangeRow, ...]
    findings: tuple[FindingRow, ...]
    shown: str
    number: int
    has_more: bool
    mended_count: int
    skipped_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DonePage:
    """Step 5: running, or done."""

    head: Head
    progress: ProgressView | None
    report: CheckReport | None
    map_url: str
    undo_url: str | None
    undone: str


@blueprint.get("/<uuid:draft_id>/check")
@requires(Action.IMPORT_LAYERS)
def check_step(draft_id: UUID) -> BaseResponse | str:
    """Step 4: the job's progress, then what it found."""
    draft = load_draft(draft_id)
    is_running = draft.state is DraftState.CHECKING
    if not is_running and (draft.state is not DraftState.CHOOSING or draft.report is None):
        return redirect(url_for("imports.open_draft", draft_id=draft.id))
    shown = request.args.get("show", "")
    shown = shown if shown in _SHOWN else _first_shown(draft)
    number = max(request.args.get("page", 1, type=int), 1)
    with deps().sessions() as session:
        # One more than is shown says whether there is a next page.
        found = draft_rows.read_findings(
            session,
            draft.id,
            severities=_SHOWN[shown],
            skip=(number - 1) * FINDINGS_ON_A_PAGE,
            row_limit=FINDINGS_ON_A_PAGE + 1,
        )
        lists = lists_of(session, Layer(draft.choices.layer))
    report = draft.report
    page = CheckPage(
        head=head_of(draft, "check"),
        progress=progress_view(draft, deps().clock()) if is_running else None,
        report=report,
        refusal=None if report is None else problem_of(report.refusal),
        crs_words="" if report is None else system_words(report.crs_name),
        options=option_lines(draft.choices.options, lists),
        is_fresh=draft.is_checked,
        changes=change_rows(draft),
        findings=finding_rows(draft, found[:FINDINGS_ON_A_PAGE]),
        shown=shown,
        number=number,
        has_more=len(found) > FINDINGS_ON_A_PAGE,
        mended_count=len(draft.choices.corrections),
        skipped_count=len(draft.choices.skipped_rows),
    )
    return render_template("admin/imports/check.html", page=page)


def _first_shown(draft: ImportDraft) -> str:
    if draft.report is not None and not draft.report.rejected_count and draft.report.warned_count:
        return "warnings"
    return "errors"


@blueprint.post("/<uuid:draft_id>/check")
@requires(Action.IMPORT_LAYERS)
def start_check(draft_id: UUID) -> BaseResponse:
    """Have the file checked with the present choices."""
    with unit_of_work(deps().sessions) as session:
        import_drafts.ask_for_check(session, current_actor(), DraftId(draft_id), now=deps().clock())
    return redirect(url_for("import_runs.check_step", draft_id=draft_id), code=303)


@blueprint.post("/<uuid:draft_id>/rows")
@requires(Action.IMPORT_LAYERS)
def mend(draft_id: UUID) -> BaseResponse:
    """Correct, skip or restore one row; the check has to be made again before the import."""
    actor, now, form = current_actor(), deps().clock(), request.form
    row_number = form.get("row_number", 0, type=int)
    action = form.get("action", "")
    with unit_of_work(deps().sessions) as session:
        if action == "skip":
            import_drafts.skip_row(session, actor, DraftId(draft_id), row_number, now=now)
        elif action == "restore":
            import_drafts.restore_row(session, actor, DraftId(draft_id), row_number, now=now)
        else:
            correction = Correction(
                row_number, form.get("field", "")[:40], form.get("value", "")[:_VALUE_LENGTH]
            )
            import_drafts.mend_row(session, actor, DraftId(draft_id), correction, now=now)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        draft = load_draft(draft_id)
        return jsonify(
            mended_count=len(draft.choices.corrections), skipped_count=len(draft.choices.skipped_rows)
        )
    url = url_for("import_runs.check_step", draft_id=draft_id, show=form.get("show"), page=form.get("page"))
    return redirect(f"{url}#row-{row_number}", code=303)


@blueprint.get("/<uuid:draft_id>/errors.<any(xlsx, csv):kind>")
@requires(Action.IMPORT_LAYERS)
def errors(draft_id: UUID, kind: str) -> BaseResponse:
    """The refused rows as a table that can be mended and imported in the file's place."""
    draft = load_draft(draft_id)
    files = deps().imports
    with deps().sessions() as session:
        found = draft_rows.read_findings(
            session,
            draft.id,
            severities=_SHOWN["errors"],
            skip=0,
            row_limit=files.limits.row_count,
        )
    path = import_files.path_of(files.folder, draft.id, draft.file_name)
    table = import_drafts.read_source(path, draft.choices, files.limits)
    sheet = error_sheet(table, row_words(found, specs_of(draft.choices)))
    return spreadsheet(as_xlsx(sheet) if kind == "xlsx" else as_csv(sheet), f"errors.{kind}")


@blueprint.post("/<uuid:draft_id>/apply")
@requires(Action.IMPORT_LAYERS)
def start_import(draft_id: UUID) -> BaseResponse:
    """Have the good rows imported, with or without those that have a warning."""
    without_warned = request.form.get("rows") == "without_warned"
    with unit_of_work(deps().sessions) as session:
        import_drafts.ask_for_import(
            session,
            current_actor(),
            DraftId(draft_id),
            without_warned=without_warned,
            now=deps().clock(),
        )
    return redirect(url_for("import_runs.done_step", draft_id=draft_id), code=303)


@blueprint.post("/<uuid:draft_id>/cancel")
@requires(Action.IMPORT_LAYERS)
def cancel(draft_id: UUID) -> BaseResponse:
    """Stop what runs."""
    with unit_of_work(deps().sessions) as session:
        import_drafts.cancel(session, current_actor(), DraftId(draft_id), now=deps().clock())
    flash(gettext("已取消,没有写入任何数据。"))
    return redirect(url_for("imports.open_draft", draft_id=draft_id), code=303)


@blueprint.get("/<uuid:draft_id>/done")
@requires(Action.IMPORT_LAYERS)
def done_step(draft_id: UUID) -> BaseResponse | str:
    """Step 5: the job's progress, then what it did."""
    draft = load_draft(draft_id)
    if draft.state not in (DraftState.IMPORTING, DraftState.DONE):
        return redirect(url_for("imports.open_draft", draft_id=draft.id))
    is_running = draft.state is DraftState.IMPORTING
    batch, now = _batch_of(draft), deps().clock()
    can_undo = batch is not None and batch.can_be_undone(now)
    page = DonePage(
        head=head_of(draft, "done"),
        progress=progress_view(draft, now) if is_running else None,
        report=None if is_running else draft.report,
        undo_url=url_for("import_undo.ask", batch_id=draft.batch_id) if can_undo else None,
        undone="" if batch is None or batch.undone_at is None else moment(batch.undone_at),
        map_url="/field" if draft.choices.layer == Layer.ISSUES.value else "/",
    )
    return render_template("admin/imports/done.html", page=page)


def _batch_of(draft: ImportDraft) -> ImportedBatch | None:
    if draft.batch_id is None:
        return None
    with deps().sessions() as session:
        return find_batch(session, current_actor(), draft.batch_id)


@blueprint.get("/<uuid:draft_id>/progress")
@requires(Action.IMPORT_LAYERS)
def progress(draft_id: UUID) -> Response:
    """How far the job is, for the script."""
    draft = load_draft(draft_id)
    answer = jsonify(
        state=draft.state.value, is_busy=draft.state.is_busy, **asdict(progress_view(draft, deps().clock()))
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
