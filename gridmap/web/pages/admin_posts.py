"""The commands on posts: each is shown first (预览) and done when it is confirmed, by the same function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.issue_input import clean_text
from gridmap.domain.permissions import Action, Actor
from gridmap.domain.posts import (
    GroundLeftVacant,
    OwnPost,
    PostRole,
    PostsChanged,
    Tenure,
)
from gridmap.domain.register_input import LINE_MAX_LENGTH, FieldReader, InvalidForm
from gridmap.queries.registers_people import list_people
from gridmap.storage.posts import GroundPlace
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import posts as use_case
from gridmap.use_cases.post_changes import PostsOutcome, Terms
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.field_page import routing_rules, today
from gridmap.web.i18n import in_language, known_message
from gridmap.web.pages.admin_people import ground_of, render_person, render_tree
from gridmap.web.register_forms import Problem, problem_of, typed_form

blueprint = Blueprint("admin_posts", __name__)

_Run = Callable[[Session, Actor, Terms], PostsOutcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureLine:
    """What becomes of one post."""

    role: str
    ground: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedLine:
    """An open issue and whose it was and will be."""

    number: str
    from_name: str
    to_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPage:
    """What a command would do."""

    command: str
    day: date
    is_today: bool
    tenures: Sequence[TenureLine]
    moved_count: int
    moved: Sequence[MovedLine]
    vacant: Sequence[GroundPlace]
    confirmed: Sequence[str]
    fields: Sequence[tuple[str, str]]
    """Everything that was sent, to be sent again."""
    back_url: str
    problem: Problem | None


@blueprint.post("/admin/people/posts")
@requires(Action.MANAGE_POSTS)
def change_posts() -> Response | tuple[str, int] | str:
    """Show what a command would do; with ``step=confirm`` do it."""
    form = typed_form()
    try:
        run = _command(form)
    except (InvalidForm, InvalidInput) as error:
        return _refused(form, problem_of(error)), 400
    try:
        if form.get("step") == "confirm":
            with unit_of_work(deps().sessions) as session:
                outcome = run(session, current_actor(), _terms(form, request.form.getlist("vacant")))
            flash(_done_words(form["command"], outcome))
            return redirect(_back_url(form), code=303)
        return _preview(form, run)
    except GroundLeftVacant as error:
        return _preview(form, run, problem=problem_of(error)), 400
    except (InvalidInput, PostsChanged, OwnPost) as error:
        status = 409 if isinstance(error, PostsChanged) else 403 if isinstance(error, OwnPost) else 400
        return _refused(form, problem_of(error)), status


def _preview(form: Mapping[str, str], run: _Run, *, problem: Problem | None = None) -> str:
    with deps().sessions() as session:
        outcome = run(session, current_actor(), _terms(form, None))
        # The very command, and nothing of it stays.
        session.rollback()
    fields = [
        (name, value)
        for name, values in request.form.lists()
        if name not in ("csrf_token", "step", "vacant")
        for value in values
    ]
    page = PreviewPage(
        command=form["command"],
        day=outcome.plan.day,
        is_today=outcome.is_today,
        tenures=_tenure_lines(outcome),
        moved_count=outcome.moved_count,
        moved=[
            MovedLine(
                number=one.number,
                from_name=gettext("无人") if one.from_person is None else one.from_person.name,
                to_name=gettext("无人") if one.to_person is None else one.to_person.name,
            )
            for one in outcome.moved
        ],
        vacant=outcome.vacant,
        confirmed=request.form.getlist("vacant"),
        fields=fields,
        back_url=_back_url(form),
        problem=problem,
    )
    return render_template("admin/people/preview.html", page=page)


def _command(form: Mapping[str, str]) -> _Run:
    """Read which command the form is, and with what.

    Raises
    ------
    InvalidForm
        A field is missing or wrong.
    NotFound
        There is no such command.
    """
    reader = FieldReader(form)
    versions = _versions()
    match form.get("command"):
        case "give":
            ground = ground_of(form)
            role = reader.choice("role", tuple(PostRole))
            person_id = _person_id(reader, "person")
            from_day, to_day = reader.day("day", required=True), reader.day("to_day")
            reader.finish()
            if ground is None or from_day is None:
                raise NotFound(what="ground")
            return lambda session, actor, terms: use_case.give_post(
                session,
                actor,
                person_id=person_id,
                role=PostRole(role),
                ground=ground,
                from_day=from_day,
                to_day=to_day,
                terms=terms,
            )
        case "hand_over":
            person_id, day = _person_id(reader, "person"), reader.day("day", required=True) or today()
            reader.finish()
            return lambda session, actor, terms: use_case.hand_over_posts(
                session, actor, versions, to_person_id=person_id, from_day=day, terms=terms
            )
        case "stand_in":
            person_id, day = _person_id(reader, "person"), reader.day("day", required=True) or today()
            last_day = reader.day("last_day")
            reader.finish()
            return lambda session, actor, terms: use_case.give_stand_in(
                session, actor, versions, person_id=person_id, first_day=day, last_day=last_day, terms=terms
            )
        case "end_stand_in":
            stand_in_id = reader.count("stand_in_id", highest=2**60)
            reader.finish()
            return lambda session, actor, terms: use_case.end_stand_in(
                session, actor, versions, person_id=stand_in_id, day=today(), terms=terms
            )
        case "end":
            day = reader.day("day", required=True) or today()
            reader.finish()
            return lambda session, actor, terms: use_case.end_posts(
                session, actor, versions, day=day, terms=terms
            )
        case "leave":
            leaver_id = reader.count("person_id", highest=2**60)
            reader.finish()
            return lambda session, actor, terms: use_case.let_leave(session, actor, leaver_id, terms=terms)
        case "undo":
            change_id = reader.count("change_id", highest=2**60)
            reader.finish()
            return lambda session, actor, terms: use_case.undo_change(session, actor, change_id, terms=terms)
        case _:
            raise NotFound(what="command")


def _versions() -> dict[int, int]:
    """The posts that were ticked, as ``id:version``."""
    versions: dict[int, int] = {}
    for chosen in request.form.getlist("post"):
        id, _, version = chosen.partition(":")
        if id.isdigit() and version.isdigit() and len(id) <= 18 and len(version) <= 9:
            versions[int(id)] = int(version)
    return versions


def _person_id(reader: FieldReader, name: str) -> int:
    """Find who was written as "P0123 name": by the code, among the people of the actor's areas."""
    text = reader.required_text(name, max_length=80)
    code = text.split(" ")[0]
    if not code:
        return 0
    with deps().sessions() as session:
        found = list_people(session, current_actor(), day=today(), typed=code, with_gone=True)
    person_id = next((one.id for one in found if one.code == code), None)
    if person_id is None:
        reader.refuse(name, "unknown_person")
    return person_id or 0


def _terms(form: Mapping[str, str], confirmed: Sequence[str] | None) -> Terms:
    note = clean_text(form.get("note", ""), "note", max_length=LINE_MAX_LENGTH) or None
    return Terms(rules=routing_rules(), now=deps().clock(), confirmed=confirmed, note=note)


def _refused(form: Mapping[str, str], problem: Problem) -> str:
    """The page that the command came from, with what was typed and why it was not done."""
    if form.get("person_id", "").isdigit():
        return render_person(int(form["person_id"]), problem=problem, command=form)
    return render_tree(values=form, problem=problem)


def _back_url(form: Mapping[str, str]) -> str:
    if form.get("person_id", "").isdigit():
        return url_for("admin_people.person", person_id=int(form["person_id"]))
    return url_for("admin_people.people", area=form.get("area") or None, zone=form.get("zone") or None)


def _tenure_lines(outcome: PostsOutcome) -> list[TenureLine]:
    names = {place.ground: in_language(place.name, place.name_en) for place in outcome.grounds}

    def words(tenure: Tenure | None) -> str:
        if tenure is None:
            return "—"
        holder = outcome.people.get(tenure.person_id)
        term = gettext("%(day)s 起", day=tenure.valid_from.isoformat())
        if tenure.valid_to is not None:
            term += gettext(",%(day)s 起不再担任", day=tenure.valid_to.isoformat())
        covers = [
            gettext(
                ";%(name)s代班 %(first)s 至 %(last)s",
                name=other.name,
                first=one.first_day.isoformat(),
                last=one.last_day.isoformat() if one.last_day else gettext("另行通知"),
            )
            for one in tenure.stand_ins
            if (other := outcome.people.get(one.person_id)) is not None
        ]
        return f"{holder.name if holder else ''} {term}{''.join(covers)}"

    return [
        TenureLine(
            role=known_message(f"role.{change.role.value}") or change.role.value,
            ground=names.get(change.ground, change.ground.code),
            before=words(change.before),
            after=words(change.after),
        )
        for change in outcome.plan.changes
    ]


def _done_words(command: str, outcome: PostsOutcome) -> str:
    what = known_message(f"posts.done.{command}") or ""
    if outcome.is_today:
        return gettext("%(what)s转给新责任人的未结问题:%(n)s 件。", what=what, n=outcome.moved_count)
    return gettext(
        "%(what)s%(day)s 起生效,到那天未结问题自动转给新责任人。", what=what, day=outcome.plan.day.isoformat()
    )
