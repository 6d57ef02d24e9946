"""区划边界: drafts of boundary changes, the editor, saved changes and the map of any day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from gridmap.domain.boundary_edits import ChangeKind, ChangeState, parse_command
from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, can
from gridmap.queries.boundary_history import (
    ChangeLine,
    FocusChoice,
    VersionLine,
    focus_choices,
    list_drafts,
    list_saved,
    on_day_geojson,
    versions_of,
)
from gridmap.queries.map_layers import AREA_LEVELS
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import boundary_editing as editing
from gridmap.use_cases import boundary_saving as saving
from gridmap.use_cases.boundary_editing import Draft, faults_in
from gridmap.use_cases.boundary_reversal import begin_reversal
from gridmap.web.access import current_actor, requires
from gridmap.web.assets import sprite_url
from gridmap.web.boundary_words import (
    consequences_body,
    editor_words,
    faults_body,
    features_of,
    outcome_body,
)
from gridmap.web.deps import deps
from gridmap.web.field_page import routing_rules
from gridmap.web.folium_map import MapParts, MapView, OverlayLayer, draw_map
from gridmap.web.i18n import html_language, language
from gridmap.web.layers import areas_url
from gridmap.web.shell import overview

blueprint = Blueprint("boundaries", __name__, url_prefix="/admin/boundaries")

_LEVELS = (*AREA_LEVELS, "zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundariesHome:
    """Drafts, saved changes, and where a new draft may begin."""

    drafts: list[ChangeLine]
    saved: list[ChangeLine]
    focuses: list[FocusChoice]
    may_edit: bool
    account_id: int | None
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorPage:
    """One draft with its map."""

    draft: Draft
    map: MapParts
    data: Mapping[str, object]
    may_edit: bool
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """The versions of an area, and the map on a day."""

    code: str
    versions: list[VersionLine]
    on: date
    level: str
    map: MapParts
    data: Mapping[str, object]


@blueprint.get("")
@requires(Action.SEE_BOUNDARIES)
def home() -> str:
    """List drafts and saved changes."""
    actor = current_actor()
    with deps().sessions() as session:
        page = BoundariesHome(
            drafts=list_drafts(session, actor),
            saved=list_saved(session, actor),
            focuses=focus_choices(session, actor, day=_today()),
            may_edit=can(actor, Action.EDIT_BOUNDARIES),
            account_id=actor.account_id,
            today=_today(),
        )
    return render_template("admin/boundaries/home.html", page=page)


@blueprint.post("")
@requires(Action.EDIT_BOUNDARIES)
def begin() -> BaseResponse:
    """Begin a draft."""
    kind = request.form.get("kind", "")
    if kind not in tuple(ChangeKind):
        raise InvalidInput(field="kind", reason="unknown")
    scheme_code, _, focus_code = request.form.get("focus", "").partition("/")
    with unit_of_work(deps().sessions) as session:
        change_id = editing.begin(
            session,
            current_actor(),
            kind=ChangeKind(kind),
            focus_code=focus_code,
            scheme_code=scheme_code or None,
            effective_on=_day_of(request.form.get("effective_on"), "effective_on"),
            now=deps().clock(),
        )
    return redirect(url_for("boundaries.editor", change_id=change_id))


@blueprint.get("/<int:change_id>")
@requires(Action.SEE_BOUNDARIES)
def editor(change_id: int) -> str:
    """One draft, or a change that was made: who may edit it, edits it here."""
    actor = current_actor()
    with deps().sessions() as session:
        draft = editing.load_draft(session, actor, change_id)
    change = draft.change
    may_edit = (
        change.state is ChangeState.DRAFT
        and change.author_account_id == actor.account_id
        and can(actor, editing.action_of(change.kind), change.focus_code)
    )
    here = url_for("boundaries.editor", change_id=change_id)
    data = {
        **_page_data(),
        "kind": change.kind.value,
        "may_edit": may_edit,
        "words": editor_words(),
        "urls": {
            "sprite": sprite_url(),
            "home": url_for("boundaries.home"),
            "state": f"{here}/state.json",
            "steps": f"{here}/steps",
            "position": f"{here}/position",
            "preview": f"{here}/preview",
            "save": f"{here}/save",
        },
    }
    page = EditorPage(
        draft=draft,
        map=_map(gettext("区划边界"), draft.ground.focus.box, levels=("community",)),
        data=data,
        may_edit=may_edit,
        today=_today(),
    )
    return render_template("admin/boundaries/editor.html", page=page)


@blueprint.get("/<int:change_id>/state.json")
@requires(Action.SEE_BOUNDARIES)
def state(change_id: int) -> Response:
    """Every area of a draft as it stands."""
    actor = current_actor()
    with deps().sessions() as session:
        draft = editing.load_draft(session, actor, change_id)
    now, before = faults_in(draft)
    return _private(
        {
            "position": draft.change.position,
            "step_count": draft.change.step_count,
            "areas": features_of(draft.areas.values(), draft, actor),
            "faults": faults_body(now),
            "faults_before": faults_body(before),
        }
    )


@blueprint.post("/<int:change_id>/steps")
@requires(Action.EDIT_BOUNDARIES)
def take_step(change_id: int) -> Response:
    """Do one thing to the areas."""
    body = _json_body()
    command = parse_command(body.get("command"))
    actor = current_actor()
    with unit_of_work(deps().sessions) as session:
        outcome = editing.take_step(
            session, actor, change_id, command, position=_position(body), now=deps().clock()
        )
        draft = editing.load_draft(session, actor, change_id)
    return _private(outcome_body(outcome, draft, actor))


@blueprint.post("/<int:change_id>/position")
@requires(Action.EDIT_BOUNDARIES)
def go_to_step(change_id: int) -> Response:
    """Take steps back, or do them again."""
    actor = current_actor()
    position = _position(_json_body())
    with unit_of_work(deps().sessions) as session:
        outcome = editing.go_to_step(session, actor, change_id, position=position)
        draft = editing.load_draft(session, actor, change_id)
    return _private(outcome_body(outcome, draft, actor))


@blueprint.post("/<int:change_id>/preview")
@requires(Action.EDIT_BOUNDARIES)
def preview(change_id: int) -> Response:
    """Tell what saving would do."""
    body = _json_body()
    actor = current_actor()
    # Never committed: a preview leaves nothing behind.
    with deps().sessions() as session:
        consequences = saving.preview(
            session,
            actor,
            change_id,
            effective_on=_day_of(body.get("effective_on"), "effective_on"),
            decisions=_decisions(body),
            rules=routing_rules(),
            now=deps().clock(),
        )
        draft = editing.load_draft(session, actor, change_id)
        session.rollback()
    return _private(consequences_body(consequences, draft))


@blueprint.post("/<int:change_id>/save")
@requires(Action.EDIT_BOUNDARIES)
def save(change_id: int) -> Response:
    """Make the draft hold from a day on."""
    body = _json_body()
    reason = body.get("reason")
    with unit_of_work(deps().sessions) as session:
        consequences = saving.save(
            session,
            current_actor(),
            change_id,
            position=_position(body),
            effective_on=_day_of(body.get("effective_on"), "effective_on"),
            reason=reason if isinstance(reason, str) else "",
            decisions=_decisions(body),
            rules=routing_rules(),
            now=deps().clock(),
        )
    return _private({"issues_moved": consequences.issues_moved})


@blueprint.post("/<int:change_id>/discard")
@requires(Action.EDIT_BOUNDARIES)
def discard(change_id: int) -> BaseResponse:
    """Put a draft aside for good."""
    with unit_of_work(deps().sessions) as session:
        editing.discard(session, current_actor(), change_id)
    return redirect(url_for("boundaries.home"))


@blueprint.post("/<int:change_id>/undo")
@requires(Action.EDIT_BOUNDARIES)
def undo(change_id: int) -> BaseResponse:
    """Take a saved change back."""
    with unit_of_work(deps().sessions) as session:
        saving.undo(session, current_actor(), change_id, rules=routing_rules(), now=deps().clock())
    return redirect(url_for("boundaries.home"))


@blueprint.post("/<int:change_id>/reverse")
@requires(Action.EDIT_BOUNDARIES)
def reverse(change_id: int) -> BaseResponse:
    """Begin a draft that draws what stood before a change that has been in force."""
    with unit_of_work(deps().sessions) as session:
        draft_id = begin_reversal(session, current_actor(), change_id, now=deps().clock())
    return redirect(url_for("boundaries.editor", change_id=draft_id))


@blueprint.get("/history")
@requires(Action.SEE_BOUNDARIES)
def history() -> str:
    """The versions of an area, and the map as it was on a day: ``?code=…&on=2026-05-03``."""
    code = request.args.get("code", "").strip().upper()
    on = _asked_day()
    actor = current_actor()
    with deps().sessions() as session:
        versions = versions_of(session, code) if code else []
        choices = focus_choices(session, actor, day=_today())
    level = versions[0].level if versions else request.args.get("level", "micro_grid")
    if level not in _LEVELS:
        raise InvalidInput(field="level", reason="unknown")
    focus = max(
        (choice for choice in choices if code.startswith(choice.code)),
        key=lambda choice: len(choice.code),
        default=choices[0] if choices else None,
    )
    box = focus.box if focus else None
    page = HistoryPage(
        code=code,
        versions=versions,
        on=on,
        level=level,
        map=_history_map(level, on=on, box=box, selected=code or None),
        data={**_page_data(), "urls": {"area": url_for("areas.area_page", code="CODE", on=on.isoformat())}},
    )
    return render_template("admin/boundaries/history.html", page=page)


@blueprint.get("/on.geojson")
@requires(Action.SEE_BOUNDARIES)
def on_day() -> Response:
    """The areas of a level as they stood on a day."""
    level = request.args.get("level", "")
    if level not in _LEVELS:
        raise NotFound(what="level", level=level)
    sides = request.args.get("box", "").split(",")
    try:
        west, south, east, north = (float(side) for side in sides)
    except ValueError:
        raise InvalidInput(field="bbox", reason="out_of_range") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInput(field="bbox", reason="out_of_range")
    with deps().sessions() as session:
        body = on_day_geojson(session, level=level, box=(west, south, east, north), day=_asked_day())
    response = Response(body, mimetype="application/geo+json")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _map(label: str, box: tuple[float, float, float, float], *, levels: tuple[str, ...]) -> MapParts:
    about = overview()
    overlays = [
        OverlayLayer(key=level, url=areas_url(about, level), style=level, is_on=True) for level in levels
    ]
    view = MapView(name="editor", label=label, extent_deg=box, overlays=overlays)
    return draw_map(view, about=about, config=deps().config)


def _history_map(
    level: str,
    *,
    on: date,
    box: tuple[float, float, float, float] | None,
    selected: str | None,
) -> MapParts:
    about = overview()
    box = box or about.extent_deg
    overlays = (
        [
            OverlayLayer(
                key="on_day",
                url=url_for("boundaries.on_day", level=level, on=on.isoformat(), box=",".join(map(str, box))),
                style="micro_grid" if level == "zone" else level,
                is_on=True,
                selected=selected,
            )
        ]
        if box
        else []
    )
    view = MapView(name="editor", label=gettext("当天的边界"), extent_deg=box, overlays=overlays)
    return draw_map(view, about=about, config=deps().config)


def _page_data() -> dict[str, object]:
    return {"language": language(), "locale": html_language(), "csrf_token": generate_csrf()}


def _today() -> date:
    return office_day(deps().clock())


def _asked_day() -> date:
    asked = request.args.get("on", "").strip()
    return _day_of(asked, "on") if asked else _today()


def _day_of(value: object, field: str) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise InvalidInput(field=field, reason="not_a_date") from None


def _json_body() -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput(field="body", reason="not_an_object")
    return cast("dict[str, Any]", body)


def _position(body: Mapping[str, Any]) -> int:
    position = body.get("position")
    if isinstance(position, bool) or not isinstance(position, int):
        raise InvalidInput(field="position", reason="out_of_range")
    return position


def _decisions(body: Mapping[str, Any]) -> dict[str, str]:
    given = body.get("decisions", {})
    if not isinstance(given, dict):
        raise InvalidInput(field="decisions", reason="not_an_object")
    pairs = cast("dict[object, object]", given)
    return {key: value for key, value in pairs.items() if isinstance(key, str) and isinstance(value, str)}


def _private(body: Mapping[str, Any]) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    return response
