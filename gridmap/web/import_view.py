"""What the pages of the import wizard show: steps, words of findings, progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from flask import url_for
from flask_babel import format_datetime, gettext, lazy_gettext

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import DomainError
from gridmap.domain.import_choices import ImportChoices, ImportOptions
from gridmap.domain.import_drafts import DraftState, Finding, ImportDraft, Refusal, Severity
from gridmap.domain.imports import Category
from gridmap.importing.columns import PLACE_FIELDS, FieldSpec, Layer, fields_of
from gridmap.importing.handouts import RowWords, chinese_header
from gridmap.use_cases.import_options import OptionLists
from gridmap.web.errors import translate_error
from gridmap.web.i18n import known_message, language, sentence
from gridmap.web.register_forms import as_form, form_text

ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16")
FINDINGS_ON_A_PAGE = 50

STEP_NAMES = (
    ("file", lazy_gettext("文件")),
    ("columns", lazy_gettext("列")),
    ("coordinates", lazy_gettext("坐标")),
    ("check", lazy_gettext("检查")),
    ("done", lazy_gettext("完成")),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a select."""

    value: str
    words: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of the five; without ``url`` it cannot be opened yet."""

    number: int
    name: object
    url: str | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands in the way, and what to do next."""

    what: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every step shows of its draft."""

    id: str
    file_name: str
    megabytes: str
    layer_words: str
    row_count: int
    steps: tuple[Step, ...]
    problem: Problem | None
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """A field of ours and the columns that may hold it."""

    name: str
    label: str
    is_required: bool
    is_missing: bool
    is_used: bool
    options: tuple[Choice, ...]
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsForm:
    """The options of a layer as a form holds them; ``is_open``: one is set, or wrong."""

    asked: tuple[str, ...]
    values: Mapping[str, str]
    categories: tuple[tuple[str, str], ...]
    editions: tuple[tuple[str, str], ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class OptionLine:
    """An option that is set, in words."""

    label: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding in words; ``typed`` is what a person has put in its place since."""

    row_number: int
    severity: Severity
    field: str
    field_label: str
    value: str
    reason: str
    hint: str
    can_mend: bool
    typed: str | None
    is_skipped: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A value that the import would change."""

    row_number: int
    code: str
    field_label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """How far a job is, in words and as a share."""

    words: str
    share: float | None
    done_count: int
    total_count: int
    seconds_left: int | None
    is_waiting: bool
    is_stalled: bool
    is_cancelling: bool


def step_urls(draft: ImportDraft) -> Mapping[str, str | None]:
    """Where each step is, as far as it can be opened now."""

    is_done = draft.state is DraftState.DONE
    is_free = not draft.state.is_busy and not is_done
    is_readable = draft.content.refusal is None
    is_complete = is_readable and draft.content.has_places and not draft.content.missing
    is_open = {
        "imports.file_step": is_free,
        "import_columns.columns_step": is_free and is_readable,
        "import_coordinates.coordinates_step": is_free and is_complete,
        "import_runs.check_step": draft.state is DraftState.CHECKING
        or (is_free and is_complete and draft.report is not None),
        "import_runs.done_step": is_done or draft.state is DraftState.IMPORTING,
    }
    return {
        key: url_for(endpoint, draft_id=draft.id) if is_open[endpoint] else None
        for (key, _), endpoint in zip(STEP_NAMES, is_open, strict=True)
    }


def current_step(draft: ImportDraft) -> str:
    """The step at which a person goes on with a draft."""
    if draft.state in (DraftState.IMPORTING, DraftState.DONE):
        return "done"
    if draft.state is DraftState.CHECKING or draft.is_checked:
        return "check"
    return "columns" if draft.content.refusal is None else "file"


def head_of(draft: ImportDraft, step: str, problem: Problem | None = None) -> Head:
    """The head of a step's page."""
    urls = step_urls(draft)
    told = draft.refusal or (draft.content.refusal if step == "file" else None)
    return Head(
        id=str(draft.id),
        file_name=draft.file_name,
        megabytes=megabytes(draft.file_byte_count),
        layer_words=layer_words(draft.choices),
        row_count=draft.content.row_count,
        steps=tuple(
            Step(number=number, name=name, url=urls[key], is_current=key == step)
            for number, (key, name) in enumerate(STEP_NAMES, start=1)
        ),
        problem=problem or problem_of(told),
        expires=format_datetime(draft.expires_at, "M-d"),
    )


def first_steps() -> tuple[Step, ...]:
    """The steps before there is a file."""
    return tuple(
        Step(number=number, name=name, url=None, is_current=number == 1)
        for number, (_, name) in enumerate(STEP_NAMES, start=1)
    )


def problem_of(refusal: Refusal | None) -> Problem | None:
    """A kept refusal in words."""
    if refusal is None:
        return None
    params = {**refusal.params, **_field_words(refusal)}
    return Problem(sentence(refusal.code, params), known_message(f"{refusal.code}.next", params) or "")


def problem_words(error: DomainError) -> Problem:
    """An error in words, to stand above a form that keeps what was filled in."""
    params = {name: str(value) for name, value in error.params.items()}
    return Problem(translate_error(error), known_message(f"{error.code}.next", params) or "")


def _field_words(refusal: Refusal) -> dict[str, str]:
    name = refusal.params.get("field")
    return {} if name is None else {"field": known_message(f"field.{name}") or name}


def layer_words(choices: ImportChoices) -> str:
    """What the file becomes."""
    words = gettext(f"layer.{choices.layer}")
    return f"{words} · {gettext(f'area_level.{choices.level}')}" if choices.level else words


def megabytes(byte_count: int) -> str:
    """A size for people."""
    return f"{byte_count / 1e6:.1f} MB" if byte_count >= 100_000 else f"{byte_count / 1e3:.1f} KB"


def system_words(name: str) -> str:
    """A coordinate system as people call it."""
    return known_message(f"import_crs.{name.lower().replace(':', '_')}") or name[:60]


def specs_of(choices: ImportChoices) -> tuple[FieldSpec, ...]:
    """The fields of the chosen layer."""
    return fields_of(Layer(choices.layer), AreaLevel(choices.level) if choices.level else None)


def field_label(name: str, specs: Sequence[FieldSpec]) -> str:
    """A field of ours as a person calls it."""
    known = known_message(f"import_field.{name}")
    if known is not None:
        return known
    spec = next((each for each in specs if each.name == name), None)
    if spec is None or language() == "en":
        return name.replace("_", " ")
    return chinese_header(spec)


def column_rows(draft: ImportDraft) -> tuple[ColumnRow, ...]:
    """Every field with the column that it is read from, required ones first."""
    specs = specs_of(draft.choices)
    return tuple(
        ColumnRow(
            name=spec.name,
            label=field_label(spec.name, specs),
            is_required=spec.is_required,
            is_missing=spec.name in draft.content.missing,
            is_used=spec.is_required or spec.name in draft.content.recognised,
            options=_header_options(draft, draft.content.recognised.get(spec.name, "")),
            help="、".join(spec.headers[:4]),
        )
        for spec in sorted(specs, key=lambda each: not each.is_required)
    )


def place_rows(draft: ImportDraft) -> tuple[ColumnRow, ...]:
    """The columns that places are made of, for tables only."""
    content = draft.content
    if content.has_places and not content.place_headers:
        return ()
    fields: Mapping[str, tuple[str, ...]] = {"lon_lat": ("lon", "lat"), "x_y": ("x", "y"), "wkt": ("wkt",)}
    used = fields.get(content.geometry_source, ())
    # One column may hold both numbers; then it is not named by any of our fields.
    now = (
        dict(zip(used, content.place_headers, strict=False))
        if len(used) == len(content.place_headers)
        else {}
    )
    return tuple(
        ColumnRow(
            name=name,
            label=field_label(name, ()),
            is_required=False,
            is_missing=not content.has_places,
            is_used=True,
            options=_header_options(draft, draft.choices.columns.get(name) or now.get(name, "")),
            help="",
        )
        for name in PLACE_FIELDS
    )


def options_form(
    options: ImportOptions, lists: OptionLists, *, asked: tuple[str, ...], typed: Mapping[str, str] | None
) -> OptionsForm:
    """The options to fill in: as they are kept, or as they were typed and refused."""
    values = as_form({**asdict(options), "no_topology": not options.check_topology})
    nothing = ("", gettext("(不指定)"))
    return OptionsForm(
        asked=asked,
        values=values if typed is None else typed,
        categories=(nothing, *((each.code, _category_words(each)) for each in lists.categories)),
        editions=(nothing, *((edition, edition) for edition in lists.editions)),
        is_open=typed is not None or options != ImportOptions(),
    )


def option_lines(options: ImportOptions, lists: OptionLists) -> tuple[OptionLine, ...]:
    """The options that are set, for the summary of a check."""
    names = {each.code: _category_words(each) for each in lists.categories}
    set_ones = {
        "valid_from": form_text(options.valid_from),
        "default_category": names.get(options.default_category or "", options.default_category or ""),
        "source_name": options.source_name or "",
        "code_edition": options.code_edition or "",
        "snap_m": "" if options.snap_m is None else f"{options.snap_m:g} m",
        "no_topology": "" if options.check_topology else gettext("是"),
    }
    return tuple(OptionLine(gettext(f"field.{name}"), words) for name, words in set_ones.items() if words)


def _category_words(category: Category) -> str:
    name = category.name_en if language() == "en" and category.name_en else category.name
    return f"{category.code} {name}"


def _header_options(draft: ImportDraft, chosen: str) -> tuple[Choice, ...]:
    return (
        Choice("", gettext("(不导入)"), is_chosen=not chosen),
        *(Choice(header, header, is_chosen=header == chosen) for header in draft.content.headers),
    )


def finding_rows(draft: ImportDraft, findings: Sequence[Finding]) -> tuple[FindingRow, ...]:
    """Findings in words, with what was typed for them since."""
    specs = specs_of(draft.choices)
    names = {spec.name for spec in specs}
    typed = {(each.row_number, each.field): each.value for each in draft.choices.corrections}
    skipped = set(draft.choices.skipped_rows)
    return tuple(
        FindingRow(
            row_number=each.row_number,
            severity=each.severity,
            field=each.field,
            field_label=field_label(each.field, specs),
            value=each.value,
            reason=reason_words(each.reason_code),
            hint=hint_words(each.reason_code),
            can_mend=each.field in names or (each.field == "geometry" and bool(draft.content.place_headers)),
            typed=typed.get((each.row_number, each.field)),
            is_skipped=each.row_number in skipped,
        )
        for each in findings
    )


def change_rows(draft: ImportDraft) -> tuple[ChangeRow, ...]:
    """What the import would change, value by value."""
    specs = specs_of(draft.choices)
    changes = () if draft.report is None else draft.report.changes
    return tuple(
        ChangeRow(change.row_number, change.code, field_label(each.field, specs), each.before, each.after)
        for change in changes
        for each in change.fields
    )


def moment(instant: datetime) -> str:
    """Day and time at the office."""
    return format_datetime(instant, "yyyy-MM-dd HH:mm")


def row_words(findings: Sequence[Finding], specs: Sequence[FieldSpec]) -> list[RowWords]:
    """Each row that was refused once, with all that is wrong with it."""
    by_row: dict[int, list[Finding]] = {}
    for each in findings:
        by_row.setdefault(each.row_number, []).append(each)
    return [
        RowWords(
            number,
            ";".join(
                f"{field_label(each.field, specs)}:{reason_words(each.reason_code)}"
                + (f"({each.value})" if each.value else "")
                for each in found
            ),
            ";".join(dict.fromkeys(hint_words(each.reason_code) for each in found)),
        )
        for number, found in by_row.items()
    ]


def reason_words(reason_code: str) -> str:
    """Why, in words."""
    return known_message(f"import.row.{reason_code}") or reason_code.replace("_", " ")


def hint_words(reason_code: str) -> str:
    """What to do about it, in words."""
    return known_message(f"import.hint.{reason_code}") or gettext("import.hint.other")


def progress_view(draft: ImportDraft, now: datetime) -> ProgressView:
    """A job's progress for page and script."""
    progress = draft.progress
    # All rows of a stage done says nothing of what comes next.
    is_known = 0 < progress.done_count < progress.total_count
    stage = progress.stage
    words = (
        gettext("import_stage.waiting") if stage is None else known_message(f"import_stage.{stage}") or stage
    )
    return ProgressView(
        words=words,
        share=min(progress.done_count / progress.total_count, 1.0) if is_known else None,
        done_count=progress.done_count,
        total_count=progress.total_count,
        seconds_left=progress.seconds_left(now),
        is_waiting=stage is None,
        is_stalled=progress.is_stalled(now),
        is_cancelling=progress.cancel_asked,
    )
