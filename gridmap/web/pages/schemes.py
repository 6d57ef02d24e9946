"""网格体系与编码: schemes side by side, editions of the division list, the crosswalk of categories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from gridmap.domain.errors import DomainError, InvalidInput
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, can
from gridmap.domain.schemes import SchemeForm
from gridmap.storage.codes import Crosswalk, Edition, crosswalk, editions
from gridmap.storage.schemes import StoredScheme
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import schemes as use_cases
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.errors import status_of, translate_error

blueprint = Blueprint("schemes", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemesPage:
    """What the page shows; ``form`` holds what was typed when it could not be taken."""

    schemes: list[StoredScheme]
    editions: list[Edition]
    crosswalk: list[Crosswalk]
    may_edit: bool
    today: str
    form: dict[str, str]
    error: str


@blueprint.get("/admin/schemes")
@requires(Action.IMPORT_LAYERS)
def page() -> str:
    """Show schemes and code lists."""
    return _render({}, "")


@blueprint.post("/admin/schemes")
@requires(Action.IMPORT_LAYERS)
def save() -> Response | tuple[str, int]:
    """Add a scheme, or change one that is there."""
    typed = {name: value.strip() for name, value in request.form.items() if name != "csrf_token"}
    try:
        form = _form(typed)
        with unit_of_work(deps().sessions) as session:
            act = use_cases.change_scheme if typed.get("known") else use_cases.add_scheme
            act(session, current_actor(), form, day=_today())
    except DomainError as error:
        return _render(typed, translate_error(error)), status_of(error)
    return redirect(url_for("schemes.page"), 303)


def _form(typed: dict[str, str]) -> SchemeForm:
    return SchemeForm(
        code=typed.get("code", ""),
        name=typed.get("name", ""),
        name_en=typed.get("name_en") or None,
        purpose=typed.get("purpose", ""),
        valid_from=_day(typed, "valid_from") or _today(),
        valid_to=_day(typed, "valid_to"),
    )


def _day(typed: dict[str, str], field: str) -> date | None:
    try:
        return date.fromisoformat(typed[field]) if typed.get(field) else None
    except ValueError as error:
        raise InvalidInput(field=field, reason="date") from error


def _today() -> date:
    return office_day(deps().clock())


def _render(form: dict[str, str], error: str) -> str:
    actor = current_actor()
    with deps().sessions() as session:
        found = SchemesPage(
            schemes=use_cases.list_schemes(session, actor, day=_today()),
            editions=editions(session),
            crosswalk=crosswalk(session),
            may_edit=can(actor, Action.IMPORT_LAYERS, ""),
            today=_today().isoformat(),
            form=form,
            error=error,
        )
    return render_template("admin/schemes.html", page=found)
