"""导入向导 ②列: which column of the file is what, and what else the import of this layer may be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gridmap.domain.import_choices import ImportOptions
from gridmap.domain.import_drafts import ImportDraft
from gridmap.domain.permissions import Action
from gridmap.domain.register_input import InvalidForm
from gridmap.importing.columns import PLACE_FIELDS, Layer
from gridmap.storage import import_files
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import import_drafts
from gridmap.use_cases.import_options import OPTIONS, lists_of, read_options
from gridmap.web import register_forms
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.import_view import (
    Choice,
    ColumnRow,
    Head,
    OptionsForm,
    column_rows,
    field_label,
    head_of,
    options_form,
    place_rows,
    specs_of,
    step_urls,
)
from gridmap.web.pages.imports import asked_encoding, encodings_of, load_draft

blueprint = Blueprint("import_columns", __name__, url_prefix="/admin/imports")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsPage:
    """Step 2."""

    head: Head
    columns: tuple[ColumnRow, ...]
    places: tuple[ColumnRow, ...]
    options: OptionsForm | None
    problem: register_forms.Problem | None
    missing: tuple[str, ...]
    encodings: tuple[Choice, ...]
    encoding: str
    file_format: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    has_places: bool
    xlsx_url: str
    csv_url: str


@blueprint.get("/<uuid:draft_id>/columns")
@requires(Action.IMPORT_LAYERS)
def columns_step(draft_id: UUID) -> BaseResponse | str:
    """Step 2: which column is what."""
    draft = load_draft(draft_id)
    if step_urls(draft)["columns"] is None:
        return redirect(url_for("imports.open_draft", draft_id=draft.id))
    return _columns_page(draft)


@blueprint.post("/<uuid:draft_id>/columns")
@requires(Action.IMPORT_LAYERS)
def choose_columns(draft_id: UUID) -> BaseResponse | tuple[str, int]:
    """Keep columns and options; go on if nothing is missing and the person asked to."""
    draft = load_draft(draft_id)
    choices = replace(draft.choices, columns=_asked_columns(draft), encoding=asked_encoding(request.form))
    content, coordinates = draft.content, draft.coordinates
    if choices != draft.choices:  # the file is read otherwise, so what was seen of it no longer holds
        path = import_files.path_of(deps().imports.folder, draft.id, draft.file_name)
        content, coordinates = import_drafts.look_into(path, choices, deps().imports.limits), None
    try:
        choices = replace(choices, options=_asked_options(draft))
    except InvalidForm as error:
        typed = replace(draft, choices=choices, content=content)
        return _columns_page(typed, register_forms.problem_of(error)), 400
    if choices != draft.choices:
        with unit_of_work(deps().sessions) as session:
            import_drafts.choose(
                session,
                current_actor(),
                draft.id,
                choices=choices,
                content=content,
                coordinates=coordinates,
                now=deps().clock(),
            )
        draft = load_draft(draft_id)
    urls = step_urls(draft)
    wanted = "coordinates" if request.form.get("action") == "next" else "columns"
    return redirect(urls[wanted] or urls["columns"] or urls["file"] or url_for("imports.index"), code=303)


def _asked_columns(draft: ImportDraft) -> Mapping[str, str]:
    names = {*(spec.name for spec in specs_of(draft.choices)), *PLACE_FIELDS}
    columns = {
        name: header
        for name in names
        if (header := request.form.get(f"column.{name}")) is not None
        and (not header or header in draft.content.headers)
    }
    # An unchosen column of places is no statement; among fields it means "not from the file".
    return {name: header for name, header in columns.items() if header or name not in PLACE_FIELDS}


def _asked_options(draft: ImportDraft) -> ImportOptions:
    layer = Layer(draft.choices.layer)
    with deps().sessions() as session:
        lists = lists_of(session, layer)
    return read_options(request.form, layer, lists)


def _columns_page(draft: ImportDraft, problem: register_forms.Problem | None = None) -> str:
    """The page; with a problem it shows what was typed."""
    content, choices = draft.content, draft.choices
    layer = Layer(choices.layer)
    with deps().sessions() as session:
        lists = lists_of(session, layer)
    typed = None if problem is None else register_forms.typed_form()

    def template_url(kind: str) -> str:
        return url_for("imports.template", kind=kind, layer=choices.layer, level=choices.level)

    page = ColumnsPage(
        head=head_of(draft, "columns"),
        columns=column_rows(draft),
        places=place_rows(draft),
        options=options_form(choices.options, lists, typed=typed, asked=OPTIONS[layer])
        if OPTIONS[layer]
        else None,
        problem=problem,
        missing=tuple(field_label(name, specs_of(choices)) for name in content.missing),
        encodings=encodings_of(choices),
        encoding=content.encoding,
        file_format=content.file_format,
        headers=content.headers,
        rows=content.rows,
        has_places=content.has_places,
        xlsx_url=template_url("xlsx"),
        csv_url=template_url("csv"),
    )
    return render_template("admin/imports/columns.html", page=page)
