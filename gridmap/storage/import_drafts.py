"""Rows of imports on their way, and the files that they are about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from gridmap.domain.import_choices import ImportChoices
from gridmap.domain.import_drafts import (
    CheckReport,
    CoordinateChoices,
    DraftId,
    DraftProgress,
    DraftState,
    FileContent,
    Finding,
    ImportDraft,
    Refusal,
)

_DRAFTS = """
    SELECT draft.id, draft.account_id, account.display_name AS account_name, draft.file_name,
           draft.file_sha256, draft.file_byte_count, draft.state, draft.revision, draft.run, draft.choices,
           draft.content, draft.coordinates, draft.report, draft.refusal, draft.without_warned,
           draft.batch_id, draft.stage, draft.done_count, draft.total_count, draft.stage_began_at,
           draft.heard_at, draft.cancel_asked, draft.created_at, draft.expires_at
      FROM import_draft AS draft
      JOIN account ON account.id = draft.account_id
"""

INSERT_DRAFT = text(
    """
    INSERT INTO import_draft
           (id, account_id, file_name, file_sha256, file_byte_count, state, revision, run, choices, content,
            without_warned, done_count, total_count, heard_at, cancel_asked, created_at, expires_at)
    VALUES (:id, :account_id, :file_name, :file_sha256, :file_byte_count, 'choosing', 1, 0,
            CAST(:choices AS jsonb), CAST(:content AS jsonb), false, 0, 0, :now, false, :now, :expires_at)
    """
)

FIND_DRAFT = text(_DRAFTS + " WHERE draft.id = :id")

LOCK_DRAFT = text(_DRAFTS + " WHERE draft.id = :id FOR UPDATE OF draft")

# Index: ix_import_draft_account_id_created_at.
LIST_DRAFTS = text(
    _DRAFTS
    + """
     WHERE draft.account_id = :account_id AND draft.state <> 'done' AND draft.expires_at > :now
     ORDER BY draft.created_at DESC, draft.id
     LIMIT 50
    """
)

SAVE_CHOICES = text(
    """
    UPDATE import_draft
       SET choices = CAST(:choices AS jsonb), content = CAST(:content AS jsonb),
           coordinates = CAST(:coordinates AS jsonb), revision = revision + 1, refusal = NULL
     WHERE id = :id
    """
)

SAVE_COORDINATES = text(
    """
    UPDATE import_draft
       SET coordinates = CAST(:coordinates AS jsonb)
     WHERE id = :id AND revision = :revision
    """
)

BEGIN_RUN = text(
    """
    UPDATE import_draft
       SET state = :state, run = run + 1, without_warned = :without_warned, stage = NULL, done_count = 0,
           total_count = 0, stage_began_at = NULL, heard_at = :now, cancel_asked = false, refusal = NULL,
           expires_at = :expires_at
     WHERE id = :id
 RETURNING run
    """
)

# The job's own word, in a transaction of its own so that it can be seen; its answer is whether to go on.
NOTE_PROGRESS = text(
    """
    UPDATE import_draft
       SET stage_began_at = CASE WHEN stage IS DISTINCT FROM :stage THEN :now ELSE stage_began_at END,
           stage = :stage, done_count = :done_count, total_count = :total_count, heard_at = :now
     WHERE id = :id AND run = :run AND state IN ('checking', 'importing')
 RETURNING NOT cancel_asked AS goes_on
    """
)

ASK_TO_CANCEL = text("UPDATE import_draft SET cancel_asked = true WHERE id = :id")

END_RUN = text(
    """
    UPDATE import_draft
       SET state = 'choosing', run = run + 1, refusal = CAST(:refusal AS jsonb), cancel_asked = false
     WHERE id = :id AND run = :run AND state IN ('checking', 'importing')
    """
)

KEEP_REPORT = text(
    """
    UPDATE import_draft
       SET state = 'choosing', report = CAST(:report AS jsonb), findings = CAST(:findings AS jsonb)
     WHERE id = :id AND run = :run AND state = 'checking' AND NOT cancel_asked
    """
)

KEEP_BATCH = text(
    """
    UPDATE import_draft
       SET state = 'done', batch_id = :batch_id, report = CAST(:report AS jsonb)
     WHERE id = :id AND run = :run AND state = 'importing' AND NOT cancel_asked
    """
)

# Two workers may hold the same job when one was taken for dead: the second waits and finds it done.
WAIT_FOR_RUN = text("SELECT pg_advisory_xact_lock(hashtext('gridmap.import_draft'), hashtext(:id))")

TAKE_TIME = text(
    "SELECT set_config('statement_timeout', '0', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true)"
)

READ_FINDINGS = text(
    """
    SELECT finding.value AS finding
      FROM import_draft AS draft,
           jsonb_array_elements(draft.findings) WITH ORDINALITY AS finding (value, place)
     WHERE draft.id = :id AND (finding.value ->> 1) = ANY (:severities)
     ORDER BY finding.place
    OFFSET :skip
     LIMIT :row_limit
    """
)

DELETE_DRAFT = text("DELETE FROM import_draft WHERE id = :id")

# Index: ix_import_draft_expires_at.
DELETE_EXPIRED = text(
    """
    DELETE FROM import_draft
     WHERE id IN (SELECT id FROM import_draft WHERE expires_at <= :now ORDER BY expires_at, id LIMIT 100)
 RETURNING id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraft:
    """What a draft begins with."""

    id: DraftId
    account_id: int
    file_name: str
    file_sha256: str
    file_byte_count: int
    choices: ImportChoices
    content: FileContent
    now: datetime
    expires_at: datetime


def insert(session: Session, draft: NewDraft) -> None:
    """Keep a new draft."""
    session.execute(
        INSERT_DRAFT,
        {
            "id": draft.id,
            "account_id": draft.account_id,
            "file_name": draft.file_name,
            "file_sha256": draft.file_sha256,
            "file_byte_count": draft.file_byte_count,
            "choices": _json(draft.choices.to_json()),
            "content": _json(draft.content.to_json()),
            "now": draft.now,
            "expires_at": draft.expires_at,
        },
    )


def find(session: Session, draft_id: DraftId, *, lock: bool = False) -> ImportDraft | None:
    """A draft, locked against other writers if asked."""
    row = session.execute(LOCK_DRAFT if lock else FIND_DRAFT, {"id": draft_id}).mappings().one_or_none()
    return None if row is None else _draft(row)


def list_open(session: Session, account_id: int, *, now: datetime) -> list[ImportDraft]:
    """An account's imports that are not done, the newest first."""
    rows = session.execute(LIST_DRAFTS, {"account_id": account_id, "now": now}).mappings()
    return [_draft(row) for row in rows]


def save_choices(
    session: Session,
    draft_id: DraftId,
    *,
    choices: ImportChoices,
    content: FileContent,
    coordinates: CoordinateChoices | None,
) -> None:
    """Keep changed choices, as a new revision."""
    session.execute(
        SAVE_CHOICES,
        {
            "id": draft_id,
            "choices": _json(choices.to_json()),
            "content": _json(content.to_json()),
            "coordinates": None if coordinates is None else _json(coordinates.to_json()),
        },
    )


def save_coordinates(
    session: Session, draft_id: DraftId, *, revision: int, coordinates: CoordinateChoices
) -> None:
    """Keep what was found about the coordinates, unless the choices have changed since."""
    session.execute(
        SAVE_COORDINATES,
        {"id": draft_id, "revision": revision, "coordinates": _json(coordinates.to_json())},
    )


def begin_run(
    session: Session,
    draft_id: DraftId,
    *,
    state: DraftState,
    without_warned: bool,
    now: datetime,
    expires_at: datetime,
) -> int:
    """Note that a job was asked for; gives the number of its run."""
    values = {"id": draft_id, "state": state.value, "without_warned": without_warned}
    return int(session.execute(BEGIN_RUN, {**values, "now": now, "expires_at": expires_at}).scalar_one())


def note_progress(
    session: Session,
    draft_id: DraftId,
    *,
    run: int,
    stage: str,
    done_count: int,
    total_count: int,
    now: datetime,
) -> bool:
    """Note how far the run is; False when it should stop."""
    values = {"id": draft_id, "run": run, "stage": stage, "done_count": done_count, "now": now}
    goes_on = session.execute(NOTE_PROGRESS, {**values, "total_count": total_count}).scalar_one_or_none()
    return bool(goes_on)


def ask_to_cancel(session: Session, draft_id: DraftId) -> None:
    """Tell the job to stop at its next step."""
    session.execute(ASK_TO_CANCEL, {"id": draft_id})


def end_run(session: Session, draft_id: DraftId, *, run: int, refusal: Refusal | None) -> None:
    """Back to the choices, with the reason if there is one; jobs of that run do nothing any more."""
    session.execute(
        END_RUN,
        {"id": draft_id, "run": run, "refusal": None if refusal is None else _json(refusal.to_json())},
    )


def keep_report(
    session: Session, draft_id: DraftId, *, run: int, report: CheckReport, findings: Sequence[Finding]
) -> bool:
    """Keep what a check found; False when it was cancelled meanwhile."""
    values = {"id": draft_id, "run": run, "report": _json(report.to_json())}
    found = _json([finding.to_json() for finding in findings])
    return bool(session.connection().execute(KEEP_REPORT, {**values, "findings": found}).rowcount)


def keep_batch(session: Session, draft_id: DraftId, *, run: int, batch_id: int, report: CheckReport) -> bool:
    """Note that the import is done; False when it was cancelled meanwhile."""
    values = {"id": draft_id, "run": run, "batch_id": batch_id, "report": _json(report.to_json())}
    return bool(session.connection().execute(KEEP_BATCH, values).rowcount)


def wait_for_run(session: Session, draft_id: DraftId) -> None:
    """Be the only one that works on a draft until this transaction ends, however long it takes."""
    session.execute(TAKE_TIME)
    session.execute(WAIT_FOR_RUN, {"id": str(draft_id)})


def read_findings(
    session: Session, draft_id: DraftId, *, severities: Sequence[str], skip: int, row_limit: int
) -> list[Finding]:
    """A slice of what the check found, by row number."""
    values = {"id": draft_id, "severities": list(severities), "skip": skip, "row_limit": row_limit}
    return [Finding.from_json(row.finding) for row in session.execute(READ_FINDINGS, values)]


def delete(session: Session, draft_id: DraftId) -> None:
    """Forget a draft."""
    session.execute(DELETE_DRAFT, {"id": draft_id})


def delete_expired(session: Session, *, now: datetime) -> list[DraftId]:
    """Forget drafts whose time has passed, a hundred at most; gives which."""
    return [DraftId(row.id) for row in session.execute(DELETE_EXPIRED, {"now": now})]


def _json(value: Any) -> str:
    # PostgreSQL's jsonb takes no NUL, which a hostile file may hold.
    return json.dumps(value, ensure_ascii=False).replace("\\u0000", "�")


def _draft(row: RowMapping) -> ImportDraft:
    return ImportDraft(
        id=DraftId(row["id"]),
        account_id=row["account_id"],
        account_name=row["account_name"],
        file_name=row["file_name"],
        file_sha256=row["file_sha256"],
        file_byte_count=row["file_byte_count"],
        state=DraftState(row["state"]),
        revision=row["revision"],
        run=row["run"],
        choices=ImportChoices.from_json(row["choices"]),
        content=FileContent.from_json(row["content"]),
        coordinates=None if row["coordinates"] is None else CoordinateChoices.from_json(row["coordinates"]),
        report=None if row["report"] is None else CheckReport.from_json(row["report"]),
        refusal=Refusal.from_json(row["refusal"]),
        without_warned=row["without_warned"],
        batch_id=row["batch_id"],
        progress=DraftProgress(
            stage=row["stage"],
            done_count=row["done_count"],
            total_count=row["total_count"],
            stage_began_at=row["stage_began_at"],
            heard_at=row["heard_at"],
            cancel_asked=row["cancel_asked"],
        ),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
