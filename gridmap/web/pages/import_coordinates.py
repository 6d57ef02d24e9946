"""导入向导 ③坐标: the data drawn over our own areas in each system that it may be in. 哪一张对?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gridmap.domain.errors import DomainError, InvalidInput, NotFound
from gridmap.domain.import_drafts import CoordinateChoice, CoordinateChoices, CoordinateReason, ImportDraft
from gridmap.domain.permissions import Action
from gridmap.storage import import_files
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import import_drafts
from gridmap.use_cases.import_coordinates import weigh_draft, with_system
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.i18n import known_message
from gridmap.web.import_sketch import draw_system
from gridmap.web.import_view import Head, Problem, head_of, problem_words, step_urls, system_words
from gridmap.web.layers import local_today
from gridmap.web.pages.imports import load_draft
from gridmap.web.shell import overview
from gridmap.web.sketch import SKETCH_MIMETYPE

blueprint = Blueprint("import_coordinates", __name__, url_prefix="/admin/imports")

COMMON_SYSTEMS = (
    *("wgs84", "gcj02", "bd09", "bd09mc", "EPSG:3857", "EPSG:4490"),
    *(f"EPSG:{code}" for code in (4546, 4547, 4548, 4525, 4526, 4527)),
)
"""Offered while one types another system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCard:
    """One system with its picture and what speaks for and against it."""

    value: str
    name: str
    is_swapped: bool
    is_chosen: bool
    is_preselected: bool
    reasons: tuple[str, ...]
    image_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinatesPage:
    """Step 3."""

    head: Head
    systems: tuple[SystemCard, ...]
    reasons: tuple[str, ...]
    stated: str | None
    common: tuple[str, ...]


@blueprint.get("/<uuid:draft_id>/coordinates")
@requires(Action.IMPORT_LAYERS)
def coordinates_step(draft_id: UUID) -> BaseResponse | str:
    """Show the data in each system that it may be in."""
    draft = load_draft(draft_id)
    if step_urls(draft)["coordinates"] is None:
        return redirect(url_for("imports.open_draft", draft_id=draft.id))
    return _page(draft, _weighed(draft))


@blueprint.post("/<uuid:draft_id>/coordinates")
@requires(Action.IMPORT_LAYERS)
def choose_coordinates(draft_id: UUID) -> BaseResponse | tuple[str, int]:
    """Keep the system and have the file checked; or draw another, or the chosen one with its axes swapped."""
    draft = load_draft(draft_id)
    coordinates = _weighed(draft)
    action = request.form.get("action", "next")
    try:
        crs, swap_axes = _asked_system(coordinates, action)
        coordinates = with_system(
            coordinates,
            import_files.path_of(deps().imports.folder, draft.id, draft.file_name),
            draft.choices,
            crs=crs,
            swap_axes=swap_axes,
            limits=deps().imports.limits,
        )
    except DomainError as error:
        return _page(draft, coordinates, problem_words(error)), 400
    choices = replace(draft.choices, crs=crs, swap_axes=swap_axes)
    actor, now = current_actor(), deps().clock()
    with unit_of_work(deps().sessions) as session:
        if choices != draft.choices or draft.coordinates != coordinates:
            import_drafts.choose(
                session,
                actor,
                draft.id,
                choices=choices,
                content=draft.content,
                coordinates=coordinates,
                now=now,
            )
        if action == "next":
            import_drafts.ask_for_check(session, actor, draft.id, now=now)
    step = "import_runs.check_step" if action == "next" else "import_coordinates.coordinates_step"
    return redirect(url_for(step, draft_id=draft.id), code=303)


def _asked_system(coordinates: CoordinateChoices, action: str) -> tuple[str, bool]:
    """The system that the form chose."""
    other = request.form.get("other_crs", "").strip()[:120]
    if action == "other":
        if not other:
            raise InvalidInput(field="crs", reason="required")
        return other, request.form.get("swap_axes") == "1"
    place = request.form.get("system", -1, type=int)
    if not 0 <= place < len(coordinates.choices):
        raise InvalidInput(field="crs", reason="required")
    chosen = coordinates.choices[place]
    return chosen.crs, chosen.swap_axes != (action == "swap")


@blueprint.get("/<uuid:draft_id>/systems/<int:place>.svg")
@requires(Action.IMPORT_LAYERS)
def picture(draft_id: UUID, place: int) -> Response:
    """The thumbnail of one system."""
    draft = load_draft(draft_id)
    coordinates = draft.coordinates
    if coordinates is None or place >= len(coordinates.choices):
        raise NotFound(what="picture")
    with deps().sessions() as session:
        drawn = draw_system(
            session,
            coordinates,
            coordinates.choices[place],
            own_extent_deg=overview().extent_deg,
            on=local_today(),
        )
    answer = Response(drawn, mimetype=SKETCH_MIMETYPE)
    answer.headers["Cache-Control"] = "private, max-age=600"
    return answer


def _weighed(draft: ImportDraft) -> CoordinateChoices:
    """What was found about the coordinates, found now if it was not yet."""
    if draft.coordinates is not None:
        return draft.coordinates
    files = deps().imports
    path = import_files.path_of(files.folder, draft.id, draft.file_name)
    with unit_of_work(deps().sessions) as session:
        return weigh_draft(session, current_actor(), draft, path, limits=files.limits, now=deps().clock())


def _page(draft: ImportDraft, coordinates: CoordinateChoices, problem: Problem | None = None) -> str:
    chosen = coordinates.place_of(draft.choices.crs, swap_axes=draft.choices.swap_axes)
    chosen = coordinates.preselected if chosen is None else chosen
    page = CoordinatesPage(
        head=head_of(draft, "coordinates", problem),
        systems=tuple(
            _card(draft, each, place, is_chosen=place == chosen, is_best=place == coordinates.preselected)
            for place, each in enumerate(coordinates.choices)
        ),
        reasons=tuple(_reason_words(each) for each in coordinates.reasons),
        stated=None if coordinates.stated is None else system_words(coordinates.stated),
        common=COMMON_SYSTEMS,
    )
    return render_template("admin/imports/coordinates.html", page=page)


def _card(
    draft: ImportDraft, choice: CoordinateChoice, place: int, *, is_chosen: bool, is_best: bool
) -> SystemCard:
    return SystemCard(
        value=str(place),
        name=system_words(choice.name),
        is_swapped=choice.swap_axes,
        is_chosen=is_chosen,
        is_preselected=is_best,
        reasons=tuple(_reason_words(each) for each in choice.reasons),
        image_url=url_for(
            "import_coordinates.picture", draft_id=draft.id, place=place, v=f"{draft.revision}-{choice.crs}"
        ),
    )


def _reason_words(reason: CoordinateReason) -> str:
    return known_message(f"import.datum.{reason.code}", reason.params) or reason.code.replace("_", " ")
