"""One issue, for staff: what it is, what happened, who is responsible and why, what may be done next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_datetime, gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from gridmap.domain.errors import InvalidInput
from gridmap.domain.issue_input import parse_edit
from gridmap.domain.issues import (
    OPEN_STATES,
    PLAIN_WORKFLOW,
    IssueId,
    IssueState,
    Requirement,
    StaleVersion,
    Transition,
)
from gridmap.domain.permissions import Action, Actor, can
from gridmap.queries.issue_detail import IssueDetail, ResponsiblePerson, TimelineEvent, issue_detail
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.issues import edit_issue
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.errors import translate_error
from gridmap.web.field_page import field_map, page_data, routing_rules, today
from gridmap.web.i18n import in_language, known_message, language, sentence

blueprint = Blueprint("issue_page", __name__)

NOTE_ONLY = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing was changed, and what to do next."""

    what: str
    next: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody had filled in; given back when it could not be taken."""

    text: str = ""
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A step that this actor may take now."""

    value: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """A line of the history."""

    kind: str
    at: str
    at_iso: str
    words: str
    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoView:
    """A photo with its address."""

    url: str
    kind: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePage:
    """One issue."""

    issue: IssueDetail
    category_name: str
    area_path: str
    received_at: str
    responsible: tuple[ResponsiblePerson, ...]
    events: tuple[EventLine, ...]
    photos: tuple[PhotoView, ...]
    moves: tuple[Move, ...]
    needs_text: str
    may_note: bool
    may_rate: bool
    may_move: bool
    problem: Problem | None
    typed: Typed
    map_html: Markup
    map_script: Markup
    data: Mapping[str, object]


@blueprint.get("/issues/<number>")
@requires(Action.SEE_ISSUES)
def detail(number: str) -> str:
    """Show one issue to those who may see it; to others it does not exist."""
    return _render(number)


@blueprint.post("/issues/<number>")
@requires(Action.SEE_ISSUES)
def act(number: str) -> Response | tuple[str, int]:
    """Take a step, rate, or add a note."""
    action = request.form.get("action", "")
    typed = Typed(request.form.get("text", ""), request.form.get("rating", type=int))
    fields: dict[str, object] = {
        "version": request.form.get("version", type=int),
        "note": typed.text,
        "rating": typed.rating,
    }
    if action != NOTE_ONLY:
        fields["state"] = action
    return _edit(number, fields, typed)


@blueprint.post("/issues/<number>/location")
@requires(Action.MOVE_ISSUE)
def move(number: str) -> Response | tuple[str, int]:
    """Move the pin; areas and people are found anew."""
    location = {"lon": request.form.get("lon", type=float), "lat": request.form.get("lat", type=float)}
    fields: dict[str, object] = {"version": request.form.get("version", type=int), "location": location}
    return _edit(number, fields, Typed())


def _edit(number: str, fields: Mapping[str, object], typed: Typed) -> Response | tuple[str, int]:
    """Change the issue, or show it again with what was typed and what stood in the way."""
    actor = current_actor()
    try:
        command = parse_edit(fields)
        with unit_of_work(deps().sessions) as session:
            found = issue_detail(session, actor, number, today=today(), with_history=False)
            edit_issue(session, actor, IssueId(found.id), command, rules=routing_rules(), now=deps().clock())
    except StaleVersion:
        return _render(number, typed=typed, is_stale=True), 409
    except InvalidInput as error:
        problem = Problem(translate_error(error), gettext("什么都没有改,写的内容还在;改好再提交。"))
        return _render(number, typed=typed, problem=problem), 400
    flash(gettext("已保存。"))
    return redirect(url_for("issue_page.detail", number=number), code=303)


def _render(
    number: str, *, typed: Typed | None = None, problem: Problem | None = None, is_stale: bool = False
) -> str:
    actor = current_actor()
    with deps().sessions() as session:
        issue = issue_detail(session, actor, number, today=today())
        drawn = field_map(session, gettext("这件问题在地图上的位置"), place=(issue.lon_deg, issue.lat_deg))
    events = tuple(_event_line(event) for event in issue.events)
    if is_stale:
        problem = _conflict(events)
    steps = [
        step
        for step in PLAIN_WORKFLOW.steps_from(IssueState(issue.state))
        if any(_may(actor, action, issue) for action in step.any_of)
    ]
    page = IssuePage(
        issue=issue,
        category_name=in_language(issue.category_name, issue.category_name_en),
        area_path=" › ".join(in_language(area.name, area.name_en) for area in issue.areas),
        received_at=_when(issue.received_at),
        responsible=issue.responsible,
        events=events,
        photos=tuple(
            PhotoView(
                url=f"/photos/{photo.sha256}.jpg",
                kind=photo.kind,
                width_px=photo.width_px,
                height_px=photo.height_px,
            )
            for photo in issue.photos
        ),
        moves=tuple(Move(step.target.value, _step_words(step)) for step in steps),
        needs_text=gettext("、").join(
            _step_words(step) for step in steps if Requirement.TEXT in step.requires
        ),
        may_note=_may(actor, Action.NOTE_ISSUE, issue),
        may_rate=issue.state == IssueState.TO_RATE and _may(actor, Action.RATE_ISSUE, issue),
        may_move=issue.state in OPEN_STATES and _may(actor, Action.MOVE_ISSUE, issue),
        problem=problem,
        typed=typed or Typed(),
        map_html=drawn.html,
        map_script=drawn.script,
        data=page_data(issue={"lon": issue.lon_deg, "lat": issue.lat_deg, "state": issue.state}),
    )
    return render_template("field/issue.html", page=page)


def _may(actor: Actor, action: Action, issue: IssueDetail) -> bool:
    """Say whether a button makes sense; the use case decides again when it is pressed."""
    if can(actor, action, issue.area_code):
        return True
    is_own_fresh_report = (
        issue.is_reporter
        and issue.state == IssueState.SUBMITTED
        and action in (Action.MOVE_ISSUE, Action.NOTE_ISSUE)
    )
    return (issue.is_responsible or is_own_fresh_report) and can(actor, action)


def _step_words(step: Transition) -> str:
    return sentence(f"step.{step.source.value}.{step.target.value}")


def _conflict(events: tuple[EventLine, ...]) -> Problem:
    last = events[-1]
    return Problem(
        gettext(
            "您打开以后,这件问题已经有人改过:%(at)s %(by)s %(words)s。",
            at=last.at,
            by=last.by,
            words=last.words,
        ),
        gettext("您的改动没有保存,写的内容还在。下面是最新情况,看过以后可以再提交。"),
    )


def _event_line(event: TimelineEvent) -> EventLine:
    payload = event.payload
    params = {
        name: known_message(f"state.{payload[name]}") or ""
        for name in ("from", "to")
        if event.kind == "state_changed"
    }
    return EventLine(
        kind=event.kind,
        at=_when(event.at),
        at_iso=event.at.isoformat(),
        words=sentence(f"event.{event.kind}", {**params, "rating": str(payload.get("rating", ""))}),
        by=event.actor_name or "",
        text=str(payload.get("text") or ""),
    )


def _when(instant: datetime) -> str:
    return format_datetime(instant, "d MMM HH:mm" if language() == "en" else "M月d日 HH:mm")
