"""导入向导, its first step ①文件 and the list of imports; the other steps have modules of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import InvalidInput
from gridmap.domain.import_choices import ImportChoices
from gridmap.domain.import_drafts import DraftId, FileEmpty, FileNotChosen, ImportDraft
from gridmap.domain.permissions import Action
from gridmap.importing.archives import DATA_SUFFIXES, PACKED_SUFFIXES
from gridmap.importing.columns import Layer
from gridmap.importing.handouts import as_csv, as_xlsx, template_sheet
from gridmap.queries.import_batches import ImportedBatch, list_batches
from gridmap.storage import import_drafts as draft_rows
from gridmap.storage import import_files
from gridmap.storage.imports import find_schemes
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import import_drafts
from gridmap.use_cases.imports import DEFAULT_SCHEME, SHAPES
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.import_view import (
    ENCODINGS,
    STEP_NAMES,
    Choice,
    Head,
    Problem,
    Step,
    current_step,
    first_steps,
    head_of,
    layer_words,
    megabytes,
    moment,
    problem_of,
    problem_words,
    step_urls,
)
from gridmap.web.uploads import takes_large_files

blueprint = Blueprint("imports", __name__, url_prefix="/admin/imports")

NEW_SCHEME = "+"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What another layer of the file or another encoding may mend; anything else needs another file.
_MENDABLE = ("import.layer_ambiguous", "import.layer_absent", "import.encoding_unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """An import that has begun."""

    url: str
    file_name: str
    layer_words: str
    step_words: object
    created: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """An import that was made."""

    batch: ImportedBatch
    at: str
    undo_url: str | None
    undone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """What is on its way and what was made."""

    drafts: tuple[DraftLine, ...]
    batches: tuple[BatchLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """Step 1, for a new file (``head`` None) or one that has arrived."""

    head: Head | None
    steps: tuple[Step, ...]
    problem: Problem | None
    action: str
    layers: tuple[Choice, ...]
    levels: tuple[Choice, ...]
    schemes: tuple[Choice, ...]
    new_scheme_name: str
    new_scheme_code: str
    code_prefix: str
    source_layers: tuple[Choice, ...]
    encodings: tuple[Choice, ...]
    accept: str
    most_bytes: int
    most_words: str


@blueprint.get("")
@requires(Action.IMPORT_LAYERS)
def index() -> str:
    """List what is on its way and what was imported."""
    actor, now = current_actor(), deps().clock()
    with deps().sessions() as session:
        drafts = draft_rows.list_open(session, actor.account_id or 0, now=now)
        batches = list_batches(session, actor)
    names = dict(STEP_NAMES)
    lines = tuple(
        DraftLine(
            url=url_for("imports.open_draft", draft_id=draft.id),
            file_name=draft.file_name,
            layer_words=layer_words(draft.choices),
            step_words=names[current_step(draft)],
            created=moment(draft.created_at),
        )
        for draft in drafts
    )
    made = tuple(
        BatchLine(
            batch=batch,
            at=moment(batch.at),
            undo_url=url_for("import_undo.ask", batch_id=batch.id) if batch.can_be_undone(now) else None,
            undone="" if batch.undone_at is None else moment(batch.undone_at),
        )
        for batch in batches
    )
    return render_template("admin/imports/list.html", page=ListPage(drafts=lines, batches=made))


@blueprint.get("/new")
@requires(Action.IMPORT_LAYERS)
def new() -> str:
    """Step 1 for a new file."""
    return _file_page(None, _asked_choices(request.args))


@blueprint.post("")
@requires(Action.IMPORT_LAYERS)
@takes_large_files
def create() -> BaseResponse | tuple[str, int]:
    """Take a file: kept as it arrives, looked at, and put on its way."""
    _forget_expired()
    choices, draft_id = _asked_choices(request.form), DraftId(uuid4())
    problem = _choices_problem(choices) or _take_file(draft_id, choices)
    if problem is not None:
        return _file_page(None, choices, problem), 400
    return redirect(url_for("imports.open_draft", draft_id=draft_id), code=303)


def _take_file(draft_id: DraftId, choices: ImportChoices) -> Problem | None:
    """Keep the file and begin; or say why not, with nothing left behind."""
    upload, files = request.files.get("file"), deps().imports
    if upload is None or not upload.filename:
        return problem_words(FileNotChosen())
    name = import_files.safe_file_name(upload.filename)
    is_taken = False
    try:
        kept = import_files.keep(files.folder, draft_id, name, upload.stream)
        if kept.byte_count == 0:
            return problem_words(FileEmpty())
        content = import_drafts.look_into(kept.path, choices, files.limits)
        if content.refusal is not None and not content.refusal.code.startswith(_MENDABLE):
            return problem_of(content.refusal)
        arrived = import_drafts.ArrivedFile(
            draft_id=draft_id,
            file_name=name,
            sha256=kept.sha256,
            byte_count=kept.byte_count,
            choices=choices,
            content=content,
        )
        with unit_of_work(deps().sessions) as session:
            import_drafts.start_draft(session, current_actor(), arrived, now=deps().clock())
        is_taken = True
        return None
    finally:
        if not is_taken:
            import_files.remove(files.folder, draft_id)


def _forget_expired() -> None:
    """Drop imports that nobody finished, with their files."""
    with unit_of_work(deps().sessions) as session:
        expired = draft_rows.delete_expired(session, now=deps().clock())
    for draft_id in expired:
        import_files.remove(deps().imports.folder, draft_id)


@blueprint.get("/template.<any(xlsx, csv):kind>")
@requires(Action.IMPORT_LAYERS)
def template(kind: str) -> Response:
    """An empty form for a layer, with one example row."""
    choices = _asked_choices(request.args)
    layer = Layer(choices.layer)
    level = AreaLevel(choices.level) if choices.level else None
    sheet = template_sheet(layer, level, SHAPES[layer])
    name = "-".join(part for part in (choices.layer, choices.level) if part)
    return spreadsheet(as_xlsx(sheet) if kind == "xlsx" else as_csv(sheet), f"{name}.{kind}")


def spreadsheet(body: bytes, name: str) -> Response:
    """A table to keep, under an ASCII name that every system takes."""
    mimetype = XLSX if name.endswith(".xlsx") else "text/csv"
    answer = Response(body, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/<uuid:draft_id>")
@requires(Action.IMPORT_LAYERS)
def open_draft(draft_id: UUID) -> BaseResponse:
    """Go on where it stands."""
    draft = load_draft(draft_id)
    return redirect(step_urls(draft)[current_step(draft)] or url_for("imports.index"))


@blueprint.get("/<uuid:draft_id>/file")
@requires(Action.IMPORT_LAYERS)
def file_step(draft_id: UUID) -> BaseResponse | str:
    """Step 1 of a file that has arrived: what it is, and which of its layers."""
    draft = load_draft(draft_id)
    if step_urls(draft)["file"] is None:
        return _go_on(draft)
    return _file_page(draft, draft.choices)


@blueprint.post("/<uuid:draft_id>/file")
@requires(Action.IMPORT_LAYERS)
def choose_file(draft_id: UUID) -> BaseResponse | tuple[str, int]:
    """Keep what was changed in step 1 and look at the file again."""
    draft = load_draft(draft_id)
    asked = _asked_choices(request.form)
    # Columns, corrections and coordinates were chosen for the layer as it was.
    choices = replace(
        asked,
        source_layer=request.form.get("source_layer") or None,
        encoding=asked_encoding(request.form),
        options=draft.choices.options if asked.layer == draft.choices.layer else asked.options,
    )
    problem = _choices_problem(choices)
    if problem is not None:
        return _file_page(draft, choices, problem), 400
    path = import_files.path_of(deps().imports.folder, draft.id, draft.file_name)
    content = import_drafts.look_into(path, choices, deps().imports.limits)
    with unit_of_work(deps().sessions) as session:
        import_drafts.choose(
            session,
            current_actor(),
            draft.id,
            choices=choices,
            content=content,
            coordinates=None,
            now=deps().clock(),
        )
    step = "imports.file_step" if content.refusal is not None else "import_columns.columns_step"
    return redirect(url_for(step, draft_id=draft.id), code=303)


@blueprint.post("/<uuid:draft_id>/discard")
@requires(Action.IMPORT_LAYERS)
def discard(draft_id: UUID) -> BaseResponse:
    """Forget an import on its way."""
    with unit_of_work(deps().sessions) as session:
        import_drafts.discard(session, current_actor(), DraftId(draft_id), now=deps().clock())
    import_files.remove(deps().imports.folder, DraftId(draft_id))
    return redirect(url_for("imports.index"), code=303)


def load_draft(draft_id: UUID) -> ImportDraft:
    """The actor's draft of that number.

    Raises
    ------
    DraftAbsent
    """
    with deps().sessions() as session:
        return import_drafts.find_draft(session, current_actor(), DraftId(draft_id), now=deps().clock())


def _go_on(draft: ImportDraft) -> BaseResponse:
    return redirect(url_for("imports.open_draft", draft_id=draft.id))


def _asked_choices(form: Mapping[str, str]) -> ImportChoices:
    """Layer, level and scheme as a form or an address has them; what is unknown counts as not chosen."""
    layer = form.get("layer", "")
    level = form.get("level", "")
    is_areas = layer == Layer.AREAS.value
    scheme = form.get("scheme", "").strip()
    new_name = form.get("new_scheme_name", "").strip()[:80]
    if scheme == NEW_SCHEME:
        scheme = form.get("new_scheme_code", "").strip().lower()[:40]
    return ImportChoices(
        layer=layer if layer in {each.value for each in Layer} else Layer.SERVICE_POINTS.value,
        level=level if is_areas and level in {each.value for each in AreaLevel} else None,
        scheme_code=scheme or None,
        new_scheme_name=new_name or None,
        code_prefix=form.get("code_prefix", "").strip()[:15],
    )


def _choices_problem(choices: ImportChoices) -> Problem | None:
    """What has to be chosen before the file can be looked at."""
    if choices.layer == Layer.AREAS.value and choices.level is None:
        return problem_words(InvalidInput(field="level", reason="required"))
    if choices.code_prefix and not choices.code_prefix.isdigit():
        return problem_words(InvalidInput(field="code_prefix", reason="not_digits"))
    code = choices.scheme_code
    if code is not None and not (code.replace("_", "").isalnum() and code.isascii()):
        return problem_words(InvalidInput(field="scheme_code", reason="not_a_scheme_code"))
    return None


def asked_encoding(form: Mapping[str, str]) -> str | None:
    """A text encoding that we offer; None: found by evidence."""
    encoding = form.get("encoding", "")
    return encoding if encoding in ENCODINGS else None


def _file_page(draft: ImportDraft | None, choices: ImportChoices, problem: Problem | None = None) -> str:
    with deps().sessions() as session:
        schemes = find_schemes(session)
    head = None if draft is None else head_of(draft, "file", problem)
    asked = choices.scheme_code or DEFAULT_SCHEME
    names = () if draft is None else draft.content.layers
    limit = deps().imports.limits.file_bytes
    page = FilePage(
        head=head,
        steps=first_steps() if head is None else head.steps,
        problem=problem if head is None else head.problem,
        action=url_for("imports.create")
        if draft is None
        else url_for("imports.choose_file", draft_id=draft.id),
        layers=tuple(
            Choice(each.value, gettext(f"layer.{each.value}"), is_chosen=each.value == choices.layer)
            for each in Layer
        ),
        levels=tuple(
            Choice(each.value, gettext(f"area_level.{each.value}"), is_chosen=each.value == choices.level)
            for each in AreaLevel
        ),
        schemes=tuple(
            Choice(code, f"{scheme.name} ({code})", asked == code) for code, scheme in schemes.items()
        ),
        new_scheme_name=choices.new_scheme_name or "",
        new_scheme_code="" if asked in schemes else asked,
        code_prefix=choices.code_prefix,
        source_layers=tuple(Choice(name, name, is_chosen=name == choices.source_layer) for name in names),
        encodings=encodings_of(choices),
        accept=",".join((*PACKED_SUFFIXES, *DATA_SUFFIXES)),
        most_bytes=limit,
        most_words=megabytes(limit),
    )
    return render_template("admin/imports/file.html", page=page)


def encodings_of(choices: ImportChoices) -> tuple[Choice, ...]:
    """The text encodings to choose from."""
    return tuple(Choice(name, name.upper(), is_chosen=name == choices.encoding) for name in ENCODINGS)
