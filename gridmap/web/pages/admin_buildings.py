"""管理 › 楼栋与小区: counts and kinds of buildings, their outlines; names and kinds of compounds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from gridmap.domain.buildings import BUILDING_KINDS, COMPOUND_KINDS, parse_building, parse_compound
from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import DomainError, InvalidInput
from gridmap.domain.issue_input import parse_location
from gridmap.domain.permissions import Action
from gridmap.domain.register_input import InvalidForm, ItemChanged
from gridmap.queries.registers import history_of
from gridmap.queries.registers_buildings import (
    PAGE_SIZE,
    BuildingRow,
    CompoundLine,
    list_register_buildings,
    list_register_compounds,
)
from gridmap.storage.buildings import StoredBuilding, StoredCompound
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import buildings as use_case
from gridmap.web.access import current_actor, requires
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

blueprint = Blueprint("admin_buildings", __name__)

_NEW = {"building_kind": "residential"} | dict.fromkeys(
    ("floor_count", "household_count", "resident_count", "elderly_count", "ebike_count"), "0"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """Buildings that were found, and the compounds."""

    rows: Sequence[BuildingRow]
    total: int
    number: int
    page_count: int
    typed: str
    compound: str
    near: LonLat | None
    compounds: Sequence[CompoundLine]
    map: MapParts


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingPage:
    """One building, or a new one (``building`` None)."""

    building: StoredBuilding | None
    area_code: str
    version: int
    values: Mapping[str, str]
    problem: Problem | None
    differences: Sequence[Difference]
    compounds: Sequence[CompoundLine]
    kinds: Sequence[str]
    history: Sequence[HistoryLine]
    map: MapParts
    footprint: object
    """GeoJSON for the map; None for a new building."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompoundPage:
    """One compound."""

    compound: StoredCompound
    version: int
    values: Mapping[str, str]
    problem: Problem | None
    differences: Sequence[Difference]
    kinds: Sequence[str]
    history: Sequence[HistoryLine]


@blueprint.get("/admin/buildings")
@requires(Action.EDIT_BUILDINGS)
def buildings() -> str:
    """Find buildings by code, address, compound, or a place on the map."""
    actor = current_actor()
    typed = request.args.get("q", "").replace("\x00", "")[:60]
    compound = request.args.get("compound", "").replace("\x00", "")[:40]
    near = _near()
    number = page_of_address()
    with deps().sessions() as session:
        rows, total = list_register_buildings(
            session,
            actor,
            today=today(),
            typed=typed,
            compound=compound or None,
            near=near,
            page=number,
        )
        page = ListPage(
            rows=rows,
            total=total,
            number=number,
            page_count=max(1, -(-total // PAGE_SIZE)),
            typed=typed,
            compound=compound,
            near=near,
            compounds=list_register_compounds(session, actor),
            map=field_map(
                session,
                gettext("地图;点一下,列出附近的楼栋"),
                place=None if near is None else (near.lon_deg, near.lat_deg),
                scope=actor.scope,
            ),
        )
    return render_template("admin/buildings/list.html", page=page)


@blueprint.get("/admin/buildings/new")
@requires(Action.EDIT_BUILDINGS)
def new_building() -> str:
    """Show an empty form; the outline is drawn on the map or written."""
    return _render(None, values=_NEW)


@blueprint.post("/admin/buildings/new")
@requires(Action.EDIT_BUILDINGS)
def create() -> Response | tuple[str, int]:
    """Record a building."""
    typed = typed_form()
    try:
        details, footprint = parse_building(typed)
        with unit_of_work(deps().sessions) as session:
            building_id = use_case.create_building(session, current_actor(), details, footprint, now=_now())
    except (InvalidForm, InvalidInput) as error:
        return _render(None, values=typed, problem=problem_of(error)), 400
    flash(gettext("已登记。"))
    return redirect(url_for("admin_buildings.building", building_id=building_id), code=303)


@blueprint.get("/admin/buildings/<int:building_id>")
@requires(Action.EDIT_BUILDINGS)
def building(building_id: int) -> str:
    """Show one building."""
    return _render(building_id)


@blueprint.post("/admin/buildings/<int:building_id>")
@requires(Action.EDIT_BUILDINGS)
def edit(building_id: int) -> Response | tuple[str, int]:
    """Write a building anew."""
    typed = typed_form()
    try:
        details, footprint = parse_building(typed)
        with unit_of_work(deps().sessions) as session:
            is_changed = use_case.edit_building(
                session,
                current_actor(),
                building_id,
                details,
                footprint,
                version=version_of_form(),
                now=_now(),
            )
    except (InvalidForm, InvalidInput, ItemChanged) as error:
        status = 409 if isinstance(error, ItemChanged) else 400
        return _render(building_id, values=typed, problem=problem_of(error), error=error), status
    flash(gettext("已保存。") if is_changed else gettext("没有要改的,什么都没有变。"))
    return redirect(url_for("admin_buildings.building", building_id=building_id), code=303)


@blueprint.get("/admin/compounds/<int:compound_id>")
@requires(Action.EDIT_BUILDINGS)
def compound(compound_id: int) -> str:
    """Show one compound."""
    return _render_compound(compound_id)


@blueprint.post("/admin/compounds/<int:compound_id>")
@requires(Action.EDIT_BUILDINGS)
def edit_compound(compound_id: int) -> Response | tuple[str, int]:
    """Write a compound anew."""
    typed = typed_form()
    try:
        details = parse_compound(typed, this_year=today().year)
        with unit_of_work(deps().sessions) as session:
            is_changed = use_case.edit_compound(
                session, current_actor(), compound_id, details, version=version_of_form(), now=_now()
            )
    except (InvalidForm, InvalidInput, ItemChanged) as error:
        status = 409 if isinstance(error, ItemChanged) else 400
        return _render_compound(compound_id, values=typed, problem=problem_of(error), error=error), status
    flash(gettext("已保存。") if is_changed else gettext("没有要改的,什么都没有变。"))
    return redirect(url_for("admin_buildings.compound", compound_id=compound_id), code=303)


def _render(
    building_id: int | None,
    *,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
    error: DomainError | None = None,
) -> str:
    actor = current_actor()
    with deps().sessions() as session:
        stored, area_code = None, ""
        if building_id is not None:
            stored, area_code = use_case.find_building_for(session, actor, building_id, day=today())
        kept = {} if stored is None else _renamed(as_form(asdict(stored.details)), "building_kind")
        shown = kept if values is None else values
        place = None if stored is None else (stored.location.lon_deg, stored.location.lat_deg)
        page = BuildingPage(
            building=stored,
            area_code=area_code,
            version=0 if stored is None else stored.version,
            values=shown,
            problem=problem,
            differences=differences(shown, kept) if isinstance(error, ItemChanged) else (),
            compounds=list_register_compounds(session, actor),
            kinds=BUILDING_KINDS,
            history=() if stored is None else history_lines(history_of(session, "building", stored.code)),
            map=field_map(session, gettext("地图,楼栋的轮廓"), place=place, scope=actor.scope),
            footprint=None if stored is None else json.loads(stored.footprint),
        )
    return render_template("admin/buildings/form.html", page=page)


def _render_compound(
    compound_id: int,
    *,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
    error: DomainError | None = None,
) -> str:
    with deps().sessions() as session:
        stored = use_case.find_compound_for(session, current_actor(), compound_id)
        kept = _renamed(as_form(asdict(stored.details)), "compound_kind")
        shown = kept if values is None else values
        page = CompoundPage(
            compound=stored,
            version=stored.version,
            values=shown,
            problem=problem,
            differences=differences(shown, kept) if isinstance(error, ItemChanged) else (),
            kinds=COMPOUND_KINDS,
            history=history_lines(history_of(session, "compound", stored.code)),
        )
    return render_template("admin/buildings/compound.html", page=page)


def _renamed(form: dict[str, str], kind_name: str) -> dict[str, str]:
    """Kinds of buildings and of compounds have words of their own, so their fields have their own names."""
    return {kind_name if name == "kind" else name: value for name, value in form.items()}


def _near() -> LonLat | None:
    lon, lat = request.args.get("lon", type=float), request.args.get("lat", type=float)
    try:
        return parse_location(lon, lat)
    except InvalidInput:
        return None


def _now() -> datetime:
    return deps().clock()
