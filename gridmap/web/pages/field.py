"""The screens of a grid worker: open issues, report one, who is responsible here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template, request
from flask_babel import format_timedelta, gettext
from markupsafe import Markup

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput
from gridmap.domain.issue_input import CODE_MAX_LENGTH, clean_text, parse_location
from gridmap.domain.issues import OPEN_STATES, IssueState
from gridmap.domain.permissions import Action, can
from gridmap.queries.at_point import AtPoint, at_point
from gridmap.queries.field import Category, categories_by_use
from gridmap.queries.issues import IssueFilter, IssueItem, Sort, list_issues
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.field_page import (
    CategoryChoice,
    CategoryGroup,
    category_groups,
    choice,
    field_map,
    page_data,
    routing_rules,
    today,
)
from gridmap.web.i18n import in_language
from gridmap.web.shell import url_with

blueprint = Blueprint("field", __name__)

CHIP_COUNT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the list shows, as the address says it; what makes no sense there counts as not said."""

    is_mine: bool
    state: str
    category: str
    sort: str
    near: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueLine:
    """A row of the list."""

    number: str
    state: str
    category_name: str
    description: str
    area_name: str
    age: str
    distance: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """Open issues."""

    issues: tuple[IssueLine, ...]
    total_count: int
    number: int
    page_count: int
    previous_url: str | None
    next_url: str | None
    filters: Filters
    is_filtered: bool
    states: tuple[str, ...]
    category_groups: tuple[CategoryGroup, ...]
    may_report: bool
    may_export: bool
    map_html: Markup
    map_script: Markup
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """报问题."""

    chips: tuple[CategoryChoice, ...]
    category_groups: tuple[CategoryGroup, ...]
    map_html: Markup
    map_script: Markup
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class HerePage:
    """谁负责这里, on a day; ``place`` is set when the address names one (``location``: lon, lat)."""

    place: AtPoint | None
    day: date
    today: date
    location: tuple[float, float] | None
    may_report: bool
    map_html: Markup
    map_script: Markup
    data: Mapping[str, object]


@blueprint.get("/field")
@requires(Action.SEE_ISSUES)
def issue_list() -> str:
    """List the open issues of one's own areas; the map beside it shows the same ones."""
    actor = current_actor()
    wanted, filters = _wanted()
    number = max(1, request.args.get("page", 1, type=int))
    with deps().sessions() as session:
        found = list_issues(session, actor, wanted, today=today(), page=number)
        if number > found.page_count:  # the list has become shorter since the link was made
            found = list_issues(session, actor, wanted, today=today(), page=found.page_count)
        categories = categories_by_use(session, actor.account_id)
        drawn = field_map(
            session,
            gettext("地图,内容与清单相同"),
            extent_deg=_extent_of(found.items),
            scope=actor.scope,
        )
    page = ListPage(
        issues=tuple(_line(item) for item in found.items),
        total_count=found.total_count,
        number=found.page,
        page_count=found.page_count,
        previous_url=url_with(page=str(found.page - 1)) if found.page > 1 else None,
        next_url=url_with(page=str(found.page + 1)) if found.page < found.page_count else None,
        filters=filters,
        is_filtered=filters.is_mine or bool(filters.state or filters.category),
        states=tuple(state.value for state in IssueState if state in OPEN_STATES),
        category_groups=category_groups(categories),
        may_report=can(actor, Action.CREATE_ISSUE),
        may_export=can(actor, Action.EXPORT_LAYERS),
        map_html=drawn.html,
        map_script=drawn.script,
        data=page_data(),
    )
    return render_template("field/list.html", page=page)


@blueprint.get("/field/report")
@requires(Action.CREATE_ISSUE)
def report() -> str:
    """Report an issue; the map opens on the address's place, else on the worker's own areas."""
    actor = current_actor()
    place = _place_of_address()
    with deps().sessions() as session:
        categories = categories_by_use(session, actor.account_id)
        drawn = field_map(session, gettext("地图;用方向按钮也能移动位置"), place=place, scope=actor.scope)
    page = ReportPage(
        chips=own_chips(categories),
        category_groups=category_groups(categories),
        map_html=drawn.html,
        map_script=drawn.script,
        data=page_data(),
    )
    return render_template("field/report.html", page=page)


@blueprint.get("/field/here")
@requires(Action.SEE_PEOPLE)
def here() -> str:
    """Show whose area a place is, or was on a day; without JavaScript the address gives the place."""
    actor = current_actor()
    place = _place_of_address()
    rules = routing_rules()
    day = _day_of_address() or today()
    with deps().sessions() as session:
        found = None
        if place is not None:
            location = LonLat(lon_deg=place[0], lat_deg=place[1])
            found = at_point(
                session,
                actor,
                location,
                policy=rules.policy,
                outside_max_m=rules.outside_max_m,
                day=day,
                today=today(),
            )
        drawn = field_map(session, gettext("地图;用方向按钮也能移动位置"), place=place, scope=actor.scope)
    page = HerePage(
        place=found,
        day=day,
        today=today(),
        location=place,
        may_report=can(actor, Action.CREATE_ISSUE) and day == today(),
        map_html=drawn.html,
        map_script=drawn.script,
        data=page_data(day=None if day == today() else day.isoformat()),
    )
    return render_template("field/here.html", page=page)


def _wanted() -> tuple[IssueFilter, Filters]:
    state = request.args.get("state", "")
    states = frozenset({IssueState(state)}) if state in set(OPEN_STATES) else OPEN_STATES
    near = _near(request.args.get("near", ""))
    by_distance = request.args.get("sort") == Sort.DISTANCE and near is not None
    wanted = IssueFilter(
        states=states,
        category_code=_category(request.args.get("category", "")),
        is_mine=request.args.get("mine") == "1",
        near=near,
        sort=Sort.DISTANCE if by_distance else Sort.TIME,
    )
    filters = Filters(
        is_mine=wanted.is_mine,
        state=state if states != OPEN_STATES else "",
        category=wanted.category_code or "",
        sort=wanted.sort.value,
        near="" if near is None else f"{near.lon_deg},{near.lat_deg}",
    )
    return wanted, filters


def _category(text: str) -> str | None:
    try:
        return clean_text(text, "category", max_length=CODE_MAX_LENGTH) or None
    except InvalidInput:
        return None


def _near(text: str) -> LonLat | None:
    lon, _, lat = text.partition(",")
    try:
        return parse_location(float(lon), float(lat))
    except (ValueError, InvalidInput):
        return None


def _extent_of(items: Sequence[IssueItem]) -> tuple[float, float, float, float] | None:
    if not items:
        return None
    lons, lats = [item.lon_deg for item in items], [item.lat_deg for item in items]
    return min(lons), min(lats), max(lons), max(lats)


def _line(item: IssueItem) -> IssueLine:
    return IssueLine(
        number=item.number,
        state=item.state,
        category_name=in_language(item.category_name, item.category_name_en),
        description=item.description,
        area_name=in_language(item.area_name or "", item.area_name_en),
        age=format_timedelta(item.received_at - deps().clock(), add_direction=True),
        distance="" if item.distance_m is None else _distance(item.distance_m),
        lon_deg=item.lon_deg,
        lat_deg=item.lat_deg,
    )


def _distance(distance_m: float) -> str:
    if distance_m < 1000:
        return gettext("%(m)s 米", m=round(distance_m, -1 if distance_m >= 20 else None))
    return gettext("%(km)s 公里", km=f"{distance_m / 1000:.1f}")


def own_chips(categories: list[Category]) -> tuple[CategoryChoice, ...]:
    """Choose the categories that this worker reports most; the dictionary's first ones fill up."""
    ordered = sorted(categories, key=lambda category: -category.use_count)
    return tuple(choice(category) for category in ordered[:CHIP_COUNT])


def _day_of_address() -> date | None:
    try:
        return date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None


def _place_of_address() -> tuple[float, float] | None:
    lon, lat = request.args.get("lon", type=float), request.args.get("lat", type=float)
    if lon is None or lat is None:
        return None
    try:
        location = parse_location(lon, lat)
    except InvalidInput:
        return None  # a mangled address opens the map on the worker's own areas
    return location.lon_deg, location.lat_deg
