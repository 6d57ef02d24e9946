"""The import wizard: a file arrives, is looked at, and waits with what a person chose for its jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.import_choices import Correction, ImportChoices
from gridmap.domain.import_drafts import (
    DRAFT_LIFE,
    CheckAbsent,
    CoordinateChoices,
    DraftAbsent,
    DraftBusy,
    DraftDone,
    DraftId,
    DraftState,
    FileContent,
    ImportDraft,
    Refusal,
)
from gridmap.domain.permissions import Action, Actor, Role, check
from gridmap.importing.checks import GEOMETRY_WORDS
from gridmap.importing.columns import PLACE_FIELDS, Layer, fields_of, recognise_columns
from gridmap.importing.errors import ImportRefused
from gridmap.importing.readers import list_layers, read_table
from gridmap.importing.tables import ReadLimits, SourceTable, shown
from gridmap.storage import import_drafts as store
from gridmap.storage.job_queue import JobName, defer
from gridmap.use_cases.imports import SHAPES, ImportRequest

PREVIEW_ROW_COUNT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedFile:
    """A file that was kept, and what a first look at it showed."""

    draft_id: DraftId
    file_name: str
    sha256: str
    byte_count: int
    choices: ImportChoices
    content: FileContent


def request_of(choices: ImportChoices, path: Path, limits: ReadLimits) -> ImportRequest:
    """The choices as the import takes them."""
    return ImportRequest(
        path=path,
        layer=Layer(choices.layer),
        level=AreaLevel(choices.level) if choices.level else None,
        crs=choices.crs,
        columns=choices.columns,
        encoding=choices.encoding,
        source_layer=choices.source_layer,
        scheme_code=choices.scheme_code,
        new_scheme_name=choices.new_scheme_name,
        code_prefix=choices.code_prefix,
        default_category=choices.options.default_category,
        source_name=choices.options.source_name,
        code_edition=choices.options.code_edition,
        valid_from=choices.options.valid_from,
        snap_m=choices.options.snap_m,
        check_topology=choices.options.check_topology,
        swap_axes=choices.swap_axes,
        corrections=choices.corrections,
        skipped_rows=choices.skipped_rows,
        limits=limits,
    )


def read_source(path: Path, choices: ImportChoices, limits: ReadLimits) -> SourceTable:
    """The whole table as the choices say, perhaps without places.

    Raises
    ------
    ImportRefused
    """
    return read_table(
        path,
        source_layer=choices.source_layer,
        geometry_words=GEOMETRY_WORDS[SHAPES[Layer(choices.layer)]],
        encoding=choices.encoding,
        place_columns={name: header for name, header in choices.columns.items() if name in PLACE_FIELDS},
        limits=limits,
        needs_places=False,
    )


def look_into(path: Path, choices: ImportChoices, limits: ReadLimits) -> FileContent:
    """Say what the file holds: its columns, what they mean, its first rows. Reads the whole file."""
    layers = _several_layers(path, limits)
    try:
        table = read_source(path, choices, limits)
    except ImportRefused as error:
        return FileContent(layers=layers, refusal=Refusal.of(error))
    return replace(_content(table, choices), layers=layers)


def _several_layers(path: Path, limits: ReadLimits) -> tuple[str, ...]:
    """The names of a file's layers if it has more than one; what is wrong with the file, reading it says."""
    try:
        names = tuple(layer.name for layer in list_layers(path, limits=limits))
    except ImportRefused:
        return ()
    return names if len(names) > 1 else ()


def _content(table: SourceTable, choices: ImportChoices) -> FileContent:
    specs = fields_of(Layer(choices.layer), AreaLevel(choices.level) if choices.level else None)
    # Columns that were chosen of a file read otherwise may not be there; the others stay chosen.
    assigned = {
        name: header
        for name, header in choices.columns.items()
        if name in {spec.name for spec in specs} and (not header or header in table.headers)
    }
    recognised = recognise_columns(
        table.headers, [replace(spec, is_required=False) for spec in specs], assigned
    )
    return FileContent(
        source_layer=table.layer_name,
        file_format=table.file_format,
        encoding=table.encoding,
        headers=tuple(table.headers),
        place_headers=table.place_headers,
        geometry_source=table.geometry_source,
        has_places=table.geometry is not None,
        stated_crs=table.declared_crs,
        row_count=table.row_count + len(table.rejections),
        recognised=recognised,
        missing=tuple(spec.name for spec in specs if spec.is_required and spec.name not in recognised),
        rows=tuple(
            (
                str(table.row_numbers[index]),
                *(shown(values[index]) for values in table.columns.values()),
            )
            for index in range(min(table.row_count, PREVIEW_ROW_COUNT))
        ),
    )


def start_draft(session: Session, actor: Actor, arrived: ArrivedFile, *, now: datetime) -> None:
    """Keep an import that has just begun.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.IMPORT_LAYERS)
    assert actor.account_id is not None, "only accounts bring files through the wizard"
    store.insert(
        session,
        store.NewDraft(
            id=arrived.draft_id,
            account_id=actor.account_id,
            file_name=arrived.file_name,
            file_sha256=arrived.sha256,
            file_byte_count=arrived.byte_count,
            choices=arrived.choices,
            content=arrived.content,
            now=now,
            expires_at=now + DRAFT_LIFE,
        ),
    )


def find_draft(session: Session, actor: Actor, draft_id: DraftId, *, now: datetime) -> ImportDraft:
    """An import on its way: the actor's own, or anybody's for an administrator.

    Raises
    ------
    DraftAbsent
        Also for another's: not even that it exists is said.
    """
    return _find(session, actor, draft_id, now=now, lock=False)


def choose(
    session: Session,
    actor: Actor,
    draft_id: DraftId,
    *,
    choices: ImportChoices,
    content: FileContent,
    coordinates: CoordinateChoices | None,
    now: datetime,
) -> None:
    """Keep changed choices; a check that was made before no longer counts.

    Raises
    ------
    DraftAbsent, DraftBusy, DraftDone
    """
    _find_at_rest(session, actor, draft_id, now=now)
    store.save_choices(session, draft_id, choices=choices, content=content, coordinates=coordinates)


def mend_row(
    session: Session, actor: Actor, draft_id: DraftId, correction: Correction, *, now: datetime
) -> None:
    """Take a typed value in place of the file's.

    Raises
    ------
    DraftAbsent, DraftBusy, DraftDone
    """
    draft = _find_at_rest(session, actor, draft_id, now=now)
    _save(session, draft, draft.choices.corrected(correction))


def skip_row(session: Session, actor: Actor, draft_id: DraftId, row_number: int, *, now: datetime) -> None:
    """Leave a row out.

    Raises
    ------
    DraftAbsent, DraftBusy, DraftDone
    """
    draft = _find_at_rest(session, actor, draft_id, now=now)
    _save(session, draft, draft.choices.skipping(row_number))


def restore_row(session: Session, actor: Actor, draft_id: DraftId, row_number: int, *, now: datetime) -> None:
    """Take a row as the file has it again.

    Raises
    ------
    DraftAbsent, DraftBusy, DraftDone
    """
    draft = _find_at_rest(session, actor, draft_id, now=now)
    _save(session, draft, draft.choices.taken_back(row_number))


def ask_for_check(session: Session, actor: Actor, draft_id: DraftId, *, now: datetime) -> None:
    """Have a job check the file with the present choices, storing nothing.

    Raises
    ------
    DraftAbsent, DraftBusy, DraftDone
    CheckAbsent
        The file cannot be read yet, or a column is missing.
    """
    draft = _find_at_rest(session, actor, draft_id, now=now)
    if draft.content.refusal is not None or draft.content.missing or not draft.content.has_places:
        raise CheckAbsent
    _begin(session, draft, DraftState.CHECKING, JobName.CHECK_IMPORT, without_warned=False, now=now)


def ask_for_import(
    session: Session, actor: Actor, draft_id: DraftId, *, without_warned: bool, now: datetime
) -> None:
    """Have a job import what the check found good.

    Raises
    ------
    DraftAbsent, DraftBusy, DraftDone
    CheckAbsent
        The present choices were not checked, or nothing can be imported.
    """
    draft = _find_at_rest(session, actor, draft_id, now=now)
    report = draft.report
    if report is None or not draft.is_checked or report.refusal is not None:
        raise CheckAbsent
    if report.good_count + (0 if without_warned else report.warned_count) == 0:
        raise CheckAbsent
    _begin(session, draft, DraftState.IMPORTING, JobName.RUN_IMPORT, without_warned=without_warned, now=now)


def cancel(session: Session, actor: Actor, draft_id: DraftId, *, now: datetime) -> None:
    """Stop what runs: at once where no job works on it, else at the job's next step. Nothing is stored.

    Raises
    ------
    DraftAbsent
    """
    draft = _find(session, actor, draft_id, now=now, lock=True)
    if not draft.state.is_busy:
        return
    if not draft.progress.is_working or draft.progress.is_stalled(now):
        store.end_run(session, draft.id, run=draft.run, refusal=None)
    else:
        store.ask_to_cancel(session, draft.id)


def discard(session: Session, actor: Actor, draft_id: DraftId, *, now: datetime) -> None:
    """Forget an import on its way; what it stored, if it is done, stays. Its file is the caller's to remove.

    Raises
    ------
    DraftAbsent, DraftBusy
    """
    draft = _find(session, actor, draft_id, now=now, lock=True)
    if draft.state.is_busy:
        raise DraftBusy
    store.delete(session, draft.id)


def _find(session: Session, actor: Actor, draft_id: DraftId, *, now: datetime, lock: bool) -> ImportDraft:
    check(actor, Action.IMPORT_LAYERS)
    draft = store.find(session, draft_id, lock=lock)
    if draft is None or draft.expires_at <= now:
        raise DraftAbsent
    if draft.account_id != actor.account_id and actor.role is not Role.ADMIN:
        raise DraftAbsent
    return draft


def _find_at_rest(session: Session, actor: Actor, draft_id: DraftId, *, now: datetime) -> ImportDraft:
    draft = _find(session, actor, draft_id, now=now, lock=True)
    if draft.state.is_busy:
        raise DraftBusy
    if draft.state is DraftState.DONE:
        raise DraftDone
    return draft


def _save(session: Session, draft: ImportDraft, choices: ImportChoices) -> None:
    store.save_choices(
        session, draft.id, choices=choices, content=draft.content, coordinates=draft.coordinates
    )


def _begin(
    session: Session,
    draft: ImportDraft,
    state: DraftState,
    job: JobName,
    *,
    without_warned: bool,
    now: datetime,
) -> None:
    run = store.begin_run(
        session,
        draft.id,
        state=state,
        without_warned=without_warned,
        now=now,
        expires_at=now + DRAFT_LIFE,
    )
    defer(session, job, draft_id=draft.id, run=run)
