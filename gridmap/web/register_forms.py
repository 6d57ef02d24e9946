"""What the forms of the registers share: what was typed, what was wrong with it, what the history says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import request
from flask_babel import format_datetime, gettext

from gridmap.domain.errors import DomainError, InvalidInput
from gridmap.domain.office_time import OFFICE_TIME
from gridmap.domain.register_input import InvalidForm
from gridmap.queries.registers import HistoryEntry
from gridmap.web.errors import translate_error
from gridmap.web.i18n import known_message, language


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why nothing was changed and what to do next; ``fields`` says it beside each field."""

    what: str
    next: str
    fields: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field whose stored value is not what was typed."""

    label: str
    typed: str
    stored: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """A change as a person reads it."""

    at: str
    by: str
    action: str
    note: str
    changes: Sequence[tuple[str, str, str]]
    """Label, before, after."""


def typed_form() -> dict[str, str]:
    """What the form of this request holds, as text."""
    return {name: value for name, value in request.form.items() if name != "csrf_token"}


def as_form(values: Mapping[str, object]) -> dict[str, str]:
    """Stored values as a form holds them."""
    return {name: form_text(value) for name, value in values.items()}


def form_text(value: object) -> str:
    """One stored value as a form holds it: lists with 、, numbers without needless zeros, flags as 1."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, list | tuple):
        parts: Iterable[object] = value
        return "、".join(str(part) for part in parts)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def problem_of(error: DomainError) -> Problem:
    """What to say beside a form that could not be taken."""
    after = gettext("什么都没有改,写的内容还在;改好再提交。")
    if isinstance(error, InvalidForm):
        fields = {one.field: translate_error(one) for one in error.problems}
        return Problem(what=gettext("有几处要改:"), next=after, fields=fields)
    if isinstance(error, InvalidInput):
        return Problem(what=gettext("有几处要改:"), next=after, fields={error.field: translate_error(error)})
    return Problem(what=translate_error(error), next=known_message(f"{error.code}.next") or after)


def differences(typed: Mapping[str, str], stored: Mapping[str, str]) -> list[Difference]:
    """The fields of a form whose stored value is another by now."""
    return [
        Difference(
            label=label_of(name), typed=value_words(name, typed.get(name, "")), stored=value_words(name, kept)
        )
        for name, kept in stored.items()
        if typed.get(name, "") != kept
    ]


def label_of(name: str) -> str:
    """The name of a field."""
    return known_message(f"field.{name}") or name


def value_words(name: str, value: object) -> str:
    """A value as a person reads it; codes of closed lists get their words."""
    if value in (None, "", []):
        return "—"
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    text = form_text(value)
    return known_message(f"{name}.{text}") or text


def history_lines(entries: Iterable[HistoryEntry]) -> list[HistoryLine]:
    """The history of a thing in the reader's language."""
    return [
        HistoryLine(
            at=when(entry.at),
            by=entry.actor_name or gettext("系统"),
            action=known_message(f"register.action.{entry.action}") or entry.action,
            note=entry.note or "",
            changes=[
                (label_of(name), value_words(name, pair[0]), value_words(name, pair[1]))
                for name, pair in entry.changes.items()
            ],
        )
        for entry in entries
    ]


def when(instant: datetime) -> str:
    """An instant by the office's clock."""
    local = instant.astimezone(OFFICE_TIME)
    return format_datetime(local, "d MMM yyyy HH:mm" if language() == "en" else "yyyy-MM-dd HH:mm")


def version_of_form() -> int:
    """The version that the editor saw; 0 (which nothing has) when the form was tampered with."""
    return request.form.get("version", 0, type=int)


def page_of_address() -> int:
    """The page of a list, from 1."""
    return max(1, min(request.args.get("page", 1, type=int), 10_000))
