"""管理 › 人员与岗位: who answers for which ground, and who will from a day on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from gridmap.domain.errors import DomainError, InvalidInput, NotFound
from gridmap.domain.people import parse_person
from gridmap.domain.permissions import Action
from gridmap.domain.posts import Ground, GroundKind, roles_for
from gridmap.domain.register_input import InvalidForm, ItemChanged
from gridmap.queries.registers import history_of
from gridmap.queries.registers_people import (
    PersonLine,
    PostChange,
    PostLine,
    TreeNode,
    area_tree,
    ground_for,
    list_people,
    posts_of_ground,
    posts_of_person,
    recent_post_changes,
    vacant_grounds,
)
from gridmap.storage.people import StoredPerson
from gridmap.storage.posts import GroundPlace
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import people as use_case
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.field_page import today
from gridmap.web.register_forms import (
    Difference,
    HistoryLine,
    Problem,
    as_form,
    differences,
    history_lines,
    problem_of,
    typed_form,
    version_of_form,
    when,
)

blueprint = Blueprint("admin_people", __name__)

SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A change of posts in the list of the last ones."""

    id: int
    at: str
    by: str
    action: str
    person: str
    day: str
    grounds: str
    moved_count: int
    note: str
    can_undo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePage:
    """The tree of grounds with the chosen one's posts; what nobody answers for; the last changes."""

    tree: Sequence[TreeNode]
    chosen: GroundPlace | None
    posts: Sequence[PostLine]
    roles: Sequence[str]
    people: Sequence[PersonLine]
    found: Sequence[PersonLine] | None
    typed: str
    vacant: Sequence[TreeNode]
    soon: Sequence[TreeNode]
    """Grounds that have somebody today and nobody in :data:`SOON`."""
    soon_day: date
    changes: Sequence[ChangeLine]
    today: date
    values: Mapping[str, str]
    problem: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """One person, or a new one (``person`` None)."""

    person: StoredPerson | None
    version: int
    values: Mapping[str, str]
    problem: Problem | None
    differences: Sequence[Difference]
    posts: Sequence[PostLine]
    people: Sequence[PersonLine]
    history: Sequence[HistoryLine]
    home_code: str
    today: date
    command: Mapping[str, str]
    """What was typed about posts, when that could not be done."""
    chosen_ids: frozenset[int]
    """Posts whose boxes were ticked."""


@blueprint.get("/admin/people")
@requires(Action.MANAGE_POSTS)
def people() -> str:
    """Show the tree; ``?area=`` or ``?zone=`` chooses a ground, ``?q=`` looks for a person."""
    return render_tree()


@blueprint.get("/admin/people/new")
@requires(Action.MANAGE_POSTS)
def new_person() -> str:
    """Show an empty form; ``?area=`` says in whose register the person will stand."""
    return render_person(None)


@blueprint.post("/admin/people/new")
@requires(Action.MANAGE_POSTS)
def create() -> Response | tuple[str, int]:
    """Record somebody."""
    typed = typed_form()
    try:
        details = parse_person(typed)
        with unit_of_work(deps().sessions) as session:
            person_id = use_case.create_person(
                session, current_actor(), details, area_code=typed.get("area_code", ""), now=_now()
            )
    except (InvalidForm, InvalidInput) as error:
        return render_person(None, values=typed, problem=problem_of(error)), 400
    flash(gettext("已登记。现在可以给岗位。"))
    return redirect(url_for("admin_people.person", person_id=person_id), code=303)


@blueprint.get("/admin/people/<int:person_id>")
@requires(Action.MANAGE_POSTS)
def person(person_id: int) -> str:
    """Show one person with what they hold."""
    return render_person(person_id)


@blueprint.post("/admin/people/<int:person_id>")
@requires(Action.MANAGE_POSTS)
def edit(person_id: int) -> Response | tuple[str, int]:
    """Write a person anew."""
    typed = typed_form()
    try:
        details = parse_person(typed)
        with unit_of_work(deps().sessions) as session:
            is_changed = use_case.edit_person(
                session, current_actor(), person_id, details, version=version_of_form(), now=_now()
            )
    except (InvalidForm, InvalidInput, ItemChanged) as error:
        status = 409 if isinstance(error, ItemChanged) else 400
        return render_person(person_id, values=typed, problem=problem_of(error), error=error), status
    flash(gettext("已保存。") if is_changed else gettext("没有要改的,什么都没有变。"))
    return redirect(url_for("admin_people.person", person_id=person_id), code=303)


def render_tree(*, values: Mapping[str, str] | None = None, problem: Problem | None = None) -> str:
    """The page of the tree; with ``values`` and ``problem`` when a post could not be given there."""
    actor, day = current_actor(), today()
    shown = values or {}
    ground = ground_of(request.args if values is None else shown)
    typed = request.args.get("q", "").replace("\x00", "")[:60]
    with deps().sessions() as session:
        chosen = None if ground is None else ground_for(session, actor, ground, day=day)
        vacant = vacant_grounds(session, actor, day=day)
        empty_now = {(one.kind, one.code) for one in vacant}
        soon = vacant_grounds(session, actor, day=day + SOON)
        page = TreePage(
            tree=area_tree(session, actor, chosen=chosen, day=day),
            chosen=chosen,
            posts=() if chosen is None else posts_of_ground(session, chosen.ground),
            roles=[] if chosen is None else [role.value for role in roles_for(chosen.ground)],
            people=() if chosen is None else list_people(session, actor, day=day),
            found=list_people(session, actor, day=day, typed=typed, with_gone=True, limit=50)
            if typed
            else None,
            typed=typed,
            vacant=vacant,
            soon=[one for one in soon if (one.kind, one.code) not in empty_now],
            soon_day=day + SOON,
            changes=[_change_line(change) for change in recent_post_changes(session, actor)],
            today=day,
            values=shown,
            problem=problem,
        )
    return render_template("admin/people/tree.html", page=page)


def render_person(
    person_id: int | None,
    *,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
    error: DomainError | None = None,
    command: Mapping[str, str] | None = None,
) -> str:
    """The page of a person; what was typed is shown again when it could not be taken."""
    actor, day = current_actor(), today()
    with deps().sessions() as session:
        stored = None
        if person_id is not None:
            stored = use_case.find_person_for(session, actor, person_id, day=day)
        kept = {} if stored is None else as_form(asdict(stored.details))
        shown = kept if values is None else values
        posts = () if stored is None else posts_of_person(session, actor, stored.id, day=day)
        page = PersonPage(
            person=stored,
            version=0 if stored is None else stored.version,
            values=shown,
            problem=problem,
            differences=differences(shown, kept) if isinstance(error, ItemChanged) else (),
            posts=posts,
            people=() if stored is None else list_people(session, actor, day=day),
            history=() if stored is None else history_lines(history_of(session, "person", stored.code)),
            home_code=_home_code(shown),
            today=day,
            command=command or {},
            chosen_ids=frozenset(
                int(chosen.partition(":")[0])
                for chosen in request.form.getlist("post")
                if chosen.partition(":")[0].isdigit()
            ),
        )
    return render_template("admin/people/person.html", page=page)


def ground_of(fields: Mapping[str, str]) -> Ground | None:
    """The ground that an address or a form names.

    Raises
    ------
    NotFound
        It names something that is no code.
    """
    for kind in GroundKind:
        code = fields.get(kind.value, "")
        if code:
            if not (code.isascii() and code.replace("-", "").isalnum() and len(code) <= 32):
                raise NotFound(what="ground")
            return Ground(kind, code)
    return None


def _home_code(shown: Mapping[str, str]) -> str:
    """In whose register a new person will stand: as the form or address says, else the actor's own area."""
    scope = current_actor().scope
    asked = shown.get("area_code") or request.args.get("area", "")
    return asked or (scope.prefixes[0] if scope.prefixes else "")


def _change_line(change: PostChange) -> ChangeLine:
    kept = change.changes
    tenures = kept.get("tenures", [])
    codes = [(one["before"] or one["after"])["code"] for one in tenures if one["before"] or one["after"]]
    return ChangeLine(
        id=change.id,
        at=when(change.at),
        by=change.actor_name or gettext("系统"),
        action=change.action,
        person=change.person_name or "",
        day=str(kept.get("day", "")),
        grounds=gettext("、").join(dict.fromkeys(codes)),
        moved_count=int(kept.get("moved_count", 0)),
        note=change.note or "",
        can_undo=change.action != "undone" and not change.is_undone,
    )


def _now() -> datetime:
    return deps().clock()
