"""管理 › 服务点: the register of service points, one form for each, its photos and its history."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gridmap.domain.errors import DomainError, InvalidInput, NotFound
from gridmap.domain.permissions import Action
from gridmap.domain.places import (
    FIRST_STATUSES,
    NEXT_STATUSES,
    PHOTOS_MAX,
    PlaceStatus,
    Visibility,
    parse_place,
)
from gridmap.domain.register_input import InvalidForm, ItemChanged
from gridmap.queries.places import may_see_place_photo
from gridmap.queries.registers import (
    PAGE_SIZE,
    CategoryOption,
    CommunityOption,
    PlaceQuery,
    PlaceRow,
    category_options,
    community_options,
    history_of,
    list_register_places,
)
from gridmap.storage.photos import photo_path, prepare
from gridmap.storage.places import PlacePhoto, StoredPlace, find_photos
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import places as use_case
from gridmap.web.access import current_actor, public, requires
from gridmap.web.deps import deps
from gridmap.web.field_page import field_map, today
from gridmap.web.folium_map import MapParts
from gridmap.web.register_forms import (
    Difference,
    HistoryLine,
    Problem,
    as_form,
    differences,
    history_lines,
    page_of_address,
    problem_of,
    typed_form,
    version_of_form,
)

blueprint = Blueprint("admin_places", __name__)

_NEW = {"status": "built", "visibility": "public", "accuracy_class": "B"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """The register."""

    rows: Sequence[PlaceRow]
    total: int
    number: int
    page_count: int
    wanted: PlaceQuery
    categories: Sequence[CategoryOption]
    communities: Sequence[CommunityOption]
    statuses: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """One service point, or a new one (``place`` None)."""

    place: StoredPlace | None
    version: int
    values: Mapping[str, str]
    problem: Problem | None
    differences: Sequence[Difference]
    categories: Sequence[CategoryOption]
    statuses: Sequence[str]
    visibilities: Sequence[str]
    photos: Sequence[PlacePhoto]
    photos_max: int
    history: Sequence[HistoryLine]
    map: MapParts
    is_public: bool


@blueprint.get("/admin/places")
@requires(Action.EDIT_PLACES)
def places() -> str:
    """List the service points of one's areas, withdrawn ones too."""
    actor = current_actor()
    status = request.args.get("status")
    wanted = PlaceQuery(
        typed=request.args.get("q", "").replace("\x00", "")[:60],
        category=_code("category"),
        status=status if status in tuple(PlaceStatus) else None,
        community=_code("community"),
    )
    number, day = page_of_address(), today()
    with deps().sessions() as session:
        rows, total = list_register_places(session, actor, wanted, today=day, page=number)
        if not rows and number > 1:
            number = 1
            rows, total = list_register_places(session, actor, wanted, today=day)
        categories = category_options(session, actor)
        communities = community_options(session, actor, today=day)
    page = ListPage(
        rows=rows,
        total=total,
        number=number,
        page_count=max(1, -(-total // PAGE_SIZE)),
        wanted=wanted,
        categories=categories,
        communities=communities,
        statuses=[status.value for status in PlaceStatus],
    )
    return render_template("admin/places/list.html", page=page)


@blueprint.get("/admin/places/new")
@requires(Action.EDIT_PLACES)
def new_place() -> str:
    """Show an empty form; ``?lon=&lat=`` puts the pin there."""
    place = {name: value for name in ("lon", "lat") if (value := request.args.get(name, ""))}
    return _render(None, values={**_NEW, **place})


@blueprint.post("/admin/places/new")
@requires(Action.EDIT_PLACES)
def create() -> BaseResponse | tuple[str, int]:
    """Record a place."""
    actor, typed = current_actor(), typed_form()
    try:
        with unit_of_work(deps().sessions) as session:
            codes = [one.code for one in category_options(session, actor)]
            details = parse_place(typed, categories=codes, today=today())
            place_id = use_case.create_place(session, actor, details, now=_now())
    except (InvalidForm, InvalidInput) as error:
        return _render(None, values=typed, problem=problem_of(error)), 400
    flash(gettext("已登记。"))
    return redirect(url_for("admin_places.place", place_id=place_id), code=303)


@blueprint.get("/admin/places/<int:place_id>")
@requires(Action.EDIT_PLACES)
def place(place_id: int) -> str:
    """Show one place's form, photos and history."""
    return _render(place_id)


@blueprint.post("/admin/places/<int:place_id>")
@requires(Action.EDIT_PLACES)
def edit(place_id: int) -> BaseResponse | tuple[str, int]:
    """Write a place anew."""
    actor, typed = current_actor(), typed_form()
    try:
        with unit_of_work(deps().sessions) as session:
            use_case.find_place_for(session, actor, place_id)
            codes = [one.code for one in category_options(session, actor)]
            details = parse_place(typed, categories=codes, today=today())
            is_changed = use_case.edit_place(
                session,
                actor,
                place_id,
                details,
                version=version_of_form(),
                note=typed.get("note"),
                now=_now(),
            )
    except (InvalidForm, InvalidInput, ItemChanged) as error:
        status = 409 if isinstance(error, ItemChanged) else 400
        return _render(place_id, values=typed, problem=problem_of(error), error=error), status
    flash(gettext("已保存。") if is_changed else gettext("没有要改的,什么都没有变。"))
    return redirect(url_for("admin_places.place", place_id=place_id), code=303)


@blueprint.post("/admin/places/<int:place_id>/withdraw")
@requires(Action.EDIT_PLACES)
def withdraw(place_id: int) -> BaseResponse | tuple[str, int]:
    """Take a place off the map; its record stays."""
    note = request.form.get("note", "")
    try:
        with unit_of_work(deps().sessions) as session:
            use_case.withdraw_place(
                session, current_actor(), place_id, version=version_of_form(), note=note, now=_now()
            )
    except (InvalidInput, ItemChanged) as error:
        status = 409 if isinstance(error, ItemChanged) else 400
        return _render(place_id, problem=problem_of(error), note=note), status
    flash(gettext("已撤销,地图上不再显示;记录和历史都还在。"))
    return redirect(url_for("admin_places.place", place_id=place_id), code=303)


@blueprint.post("/admin/places/<int:place_id>/photos")
@requires(Action.EDIT_PLACES)
def add_photo(place_id: int) -> BaseResponse | tuple[str, int]:
    """Take a photo: it is made small, upright and free of metadata."""
    file = request.files.get("photo")
    content = file.read() if file is not None else b""
    try:
        if not content:
            raise InvalidInput(field="photo", reason="required")
        photo = prepare(
            content,
            source_sha256=hashlib.sha256(content).hexdigest(),
            file_max_bytes=deps().config.photo_max_bytes,
        )
        with unit_of_work(deps().sessions) as session:
            use_case.add_photo(
                session,
                current_actor(),
                place_id,
                photo,
                alt_text=request.form.get("alt_text", ""),
                credit=request.form.get("credit", ""),
                folder=deps().photo_folder,
                now=_now(),
            )
    except InvalidInput as error:
        return _render(place_id, problem=problem_of(error), photo_words=typed_form()), 400
    flash(gettext("照片已加上。"))
    return redirect(url_for("admin_places.place", place_id=place_id, _anchor="photos"), code=303)


@blueprint.post("/admin/places/<int:place_id>/photos/<int:photo_id>")
@requires(Action.EDIT_PLACES)
def change_photo(place_id: int, photo_id: int) -> BaseResponse | tuple[str, int]:
    """Describe a photo, put it one place earlier, or take it off."""
    actor, now = current_actor(), _now()
    action = request.form.get("action", "")
    try:
        with unit_of_work(deps().sessions) as session:
            if action == "up":
                use_case.move_photo_up(session, actor, place_id, photo_id, now=now)
            elif action == "remove":
                use_case.remove_photo(session, actor, place_id, photo_id, now=now)
            else:
                use_case.describe_photo(
                    session,
                    actor,
                    place_id,
                    photo_id,
                    alt_text=request.form.get("alt_text", ""),
                    credit=request.form.get("credit", ""),
                    now=now,
                )
    except InvalidInput as error:
        return _render(place_id, problem=problem_of(error)), 400
    flash(gettext("已保存。"))
    return redirect(url_for("admin_places.place", place_id=place_id, _anchor="photos"), code=303)


@blueprint.get("/p/photos/<sha256>.jpg")
@public
def photo_file(sha256: str) -> Response:
    """Give a photo of a public place to everybody, another one to those who keep that place."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise NotFound(what="photo")
    with deps().sessions() as session:
        is_public, may_see = may_see_place_photo(session, current_actor(), sha256, today=today())
    path = photo_path(deps().photo_folder, sha256)
    if not may_see or not path.is_file():
        raise NotFound(what="photo")
    answer = send_file(path.resolve(), mimetype="image/jpeg", etag=sha256, conditional=False)
    # Asked anew each time: a place that is withdrawn takes its pictures along.
    answer.headers["Cache-Control"] = "no-cache" if is_public else "private, no-cache"
    answer.make_conditional(request)
    return answer


def _render(
    place_id: int | None,
    *,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
    error: DomainError | None = None,
    note: str = "",
    photo_words: Mapping[str, str] | None = None,
) -> str:
    actor = current_actor()
    with deps().sessions() as session:
        stored = None if place_id is None else use_case.find_place_for(session, actor, place_id)
        kept = {} if stored is None else _form_of(stored)
        shown = {**kept, "note": note} if values is None else values
        at = _point(shown) or _point(kept)
        page = FormPage(
            place=stored,
            version=0 if stored is None else stored.version,
            values={**shown, **{f"photo_{name}": text for name, text in (photo_words or {}).items()}},
            problem=problem,
            differences=differences(shown, kept) if isinstance(error, ItemChanged) else (),
            categories=category_options(session, actor),
            statuses=_statuses(stored),
            visibilities=[one.value for one in Visibility],
            photos=() if stored is None else find_photos(session, stored.id),
            photos_max=PHOTOS_MAX,
            history=()
            if stored is None
            else history_lines(history_of(session, "service_point", stored.code)),
            map=field_map(session, gettext("地图;方向键或坐标也能移动位置"), place=at, scope=actor.scope),
            is_public=stored is not None
            and not stored.is_restricted
            and stored.details.visibility is Visibility.PUBLIC
            and stored.details.status is not PlaceStatus.WITHDRAWN,
        )
    return render_template("admin/places/form.html", page=page)


def _code(name: str) -> str | None:
    """A code in the address; what cannot be one does not narrow the list."""
    code = request.args.get(name, "")
    return code if code.isascii() and code.isalnum() and len(code) <= 32 else None


def _form_of(stored: StoredPlace) -> dict[str, str]:
    form = as_form(stored.details.as_values())
    # As the form's fields are called: everything else is called like its column.
    return {**form, "lon": form.pop("lon_deg"), "lat": form.pop("lat_deg")}


def _statuses(stored: StoredPlace | None) -> list[str]:
    if stored is None:
        return [status.value for status in FIRST_STATUSES]
    now = stored.details.status
    return [now.value, *(status.value for status in NEXT_STATUSES[now])]


def _point(values: Mapping[str, str]) -> tuple[float, float] | None:
    try:
        lon, lat = float(values.get("lon", "")), float(values.get("lat", ""))
    except ValueError:
        return None
    return (lon, lat) if -180 <= lon <= 180 and -85 <= lat <= 85 else None


def _now() -> datetime:
    return deps().clock()
