"""What the jobs of the import wizard do: a check, which stores nothing, and the import itself.

Both do nothing when the draft has moved on since the job was asked for, so that a job may run twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from gridmap.domain.errors import DomainError, NotAllowed
from gridmap.domain.import_drafts import (
    NOTES,
    BorderFault,
    CheckReport,
    DraftId,
    DraftState,
    FieldChange,
    Finding,
    ImportDraft,
    Refusal,
    Severity,
    ShownChange,
)
from gridmap.domain.imports import ImportCancelled, Rejection, Remark, RowChange
from gridmap.domain.permissions import Action, Actor
from gridmap.domain.topology import TopologyReport
from gridmap.importing.errors import NoValidRows
from gridmap.importing.tables import ReadLimits
from gridmap.storage import import_drafts as store
from gridmap.storage.accounts import find_by_id
from gridmap.storage.import_files import path_of
from gridmap.use_cases.bulk_routing import Progress
from gridmap.use_cases.import_drafts import request_of
from gridmap.use_cases.import_request import ImportReport, ImportRequest
from gridmap.use_cases.imports import import_layer

_SHOWN_CHANGES = 200
_SHOWN_BORDERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFiles:
    """Where files of imports on their way are kept, and how much of one is read."""

    folder: Path
    limits: ReadLimits


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    report: CheckReport
    findings: tuple[Finding, ...]


def check_draft(
    session: Session, draft_id: DraftId, *, run: int, files: ImportFiles, now: datetime, progress: Progress
) -> Checked | None:
    """Import as a trial, in a transaction that the caller does not commit; None when the draft has moved on.

    Raises
    ------
    ImportCancelled
        Through ``progress``.
    DomainError
        The file as a whole cannot be imported.
    """
    draft = _claim(session, draft_id, run=run, state=DraftState.CHECKING)
    if draft is None:
        return None
    try:
        report = import_layer(
            session, _owner(session, draft), _request(draft, files), now=now, progress=progress, preview=True
        )
    except NoValidRows as error:
        return _nothing_good(draft, error)
    findings = _findings(report.rejections, report.remarks)
    return Checked(_report(draft, report, findings), findings)


def record_check(session: Session, draft_id: DraftId, *, run: int, checked: Checked) -> None:
    """Keep what a check found.

    Raises
    ------
    ImportCancelled
        Somebody asked to stop at the last moment.
    """
    kept = store.keep_report(session, draft_id, run=run, report=checked.report, findings=checked.findings)
    if not kept:
        raise ImportCancelled


def import_draft(
    session: Session, draft_id: DraftId, *, run: int, files: ImportFiles, now: datetime, progress: Progress
) -> None:
    """Import, and note in the same transaction that it is done; nothing when the draft has moved on.

    Raises
    ------
    ImportCancelled
        Nothing may be committed then.
    DomainError
        The file as a whole cannot be imported.
    """
    draft = _claim(session, draft_id, run=run, state=DraftState.IMPORTING)
    if draft is None:
        return
    request = _request(draft, files)
    if draft.without_warned:
        warned = store.read_findings(
            session,
            draft.id,
            severities=[Severity.WARNING.value],
            skip=0,
            row_limit=files.limits.row_count * 10,
        )
        skipped = {*request.skipped_rows, *(finding.row_number for finding in warned)}
        request = replace(request, skipped_rows=tuple(sorted(skipped)))
    report = import_layer(session, _owner(session, draft), request, now=now, progress=progress)
    findings = _findings(report.rejections, report.remarks)
    done = replace(_report(draft, report, findings), skipped_count=len(request.skipped_rows))
    batch_id = report.batch_id
    if batch_id is None or not store.keep_batch(session, draft.id, run=run, batch_id=batch_id, report=done):
        raise ImportCancelled


def note_progress(
    session: Session,
    draft_id: DraftId,
    *,
    run: int,
    stage: str,
    done_count: int,
    total_count: int,
    now: datetime,
) -> None:
    """Say how far the job is.

    Raises
    ------
    ImportCancelled
        It should stop.
    """
    goes_on = store.note_progress(
        session,
        draft_id,
        run=run,
        stage=stage,
        done_count=done_count,
        total_count=total_count,
        now=now,
    )
    if not goes_on:
        raise ImportCancelled


def end_run(session: Session, draft_id: DraftId, *, run: int, error: DomainError) -> None:
    """Back to the choices: because somebody asked to stop, or with the reason why it cannot be done."""
    refusal = None if isinstance(error, ImportCancelled) else Refusal.of(error)
    store.end_run(session, draft_id, run=run, refusal=refusal)


def _claim(session: Session, draft_id: DraftId, *, run: int, state: DraftState) -> ImportDraft | None:
    store.wait_for_run(session, draft_id)
    draft = store.find(session, draft_id)
    return draft if draft is not None and (draft.run, draft.state) == (run, state) else None


def _owner(session: Session, draft: ImportDraft) -> Actor:
    """Who brought the file, with the rights of today."""
    account = find_by_id(session, draft.account_id)
    if account is None or not account.is_active:
        raise NotAllowed(reason="role", action=Action.IMPORT_LAYERS.value, role="visitor")
    return account.actor()


def _request(draft: ImportDraft, files: ImportFiles) -> ImportRequest:
    path = path_of(files.folder, draft.id, draft.file_name)
    return request_of(draft.choices, path, files.limits)


def _findings(rejections: Iterable[Rejection], remarks: Iterable[Remark]) -> tuple[Finding, ...]:
    found = [
        *(
            Finding(each.row_number, Severity.ERROR, each.field, each.value, each.reason_code)
            for each in rejections
        ),
        *(
            Finding(each.row_number, _severity(each), each.field, each.value, each.reason_code)
            for each in remarks
        ),
    ]
    return tuple(sorted(found, key=lambda each: each.row_number))


def _severity(remark: Remark) -> Severity:
    return Severity.NOTE if remark.reason_code in NOTES else Severity.WARNING


def _report(draft: ImportDraft, report: ImportReport, findings: tuple[Finding, ...]) -> CheckReport:
    outcome = report.outcome
    topology = outcome.topology or TopologyReport()
    rejected = {each.row_number for each in findings if each.severity is Severity.ERROR}
    warned = {each.row_number for each in findings if each.severity is Severity.WARNING} - rejected
    return CheckReport(
        revision=draft.revision,
        read_count=report.read_count,
        good_count=max(report.read_count - len(rejected) - len(warned), 0),
        warned_count=len(warned),
        rejected_count=len(rejected),
        added_count=outcome.added,
        updated_count=outcome.updated,
        unchanged_count=outcome.unchanged,
        absent_count=outcome.absent_count,
        outside_count=outcome.outside_count,
        crs_name=report.crs.name,
        reason_counts={**report.reason_counts(), **report.remark_counts()},
        border_counts={kind.value: count for kind, count in topology.counts().items()},
        borders=tuple(
            BorderFault(found.kind.value, found.members, found.area_m2, found.width_m)
            for found in topology.findings[:_SHOWN_BORDERS]
        ),
        changes=tuple(_shown(change) for change in report.changes if change.fields)[:_SHOWN_CHANGES],
    )


def _shown(change: RowChange) -> ShownChange:
    fields = tuple(FieldChange(name, before, after) for name, (before, after) in change.fields.items())
    return ShownChange(change.row_number, change.code, fields)


def _nothing_good(draft: ImportDraft, error: NoValidRows) -> Checked:
    findings = _findings(error.rejections, ())
    counts = Counter(each.reason_code for each in findings)
    report = CheckReport(
        revision=draft.revision,
        read_count=int(str(error.params.get("read_count", 0))),
        good_count=0,
        warned_count=0,
        rejected_count=len({each.row_number for each in findings}),
        reason_counts=dict(counts.most_common()),
        refusal=Refusal.of(error),
    )
    return Checked(report, findings)
