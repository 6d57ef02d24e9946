"""边界检查: gaps and overlaps of areas, and misfits with their parents: a map with a list beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import InvalidInput
from gridmap.domain.permissions import Action
from gridmap.domain.topology import FindingKind, TopologyFinding, TopologyReport
from gridmap.importing.topology import findings_geojson
from gridmap.queries.area_shapes import level_extent, level_geojson
from gridmap.storage.imports import LayerCount, find_schemes, layer_counts
from gridmap.storage.topology import find_names
from gridmap.use_cases.topology import check_areas
from gridmap.web.access import current_actor, requires
from gridmap.web.deps import deps
from gridmap.web.folium_map import MapParts, MapView, OverlayLayer, draw_map
from gridmap.web.i18n import in_language
from gridmap.web.layer_cache import answer_layer
from gridmap.web.layers import local_today
from gridmap.web.shell import overview, url_with

blueprint = Blueprint("topology", __name__)

MOST_LISTED = 300
"""The largest findings of each view; all of them are in the file."""
_MOST_MEMBERS = 4
_GEOJSON = "application/geo+json"
_SQUARE_KILOMETRE_M2 = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is asked for: a scheme and a level that it has areas of."""

    scheme_code: str
    level: AreaLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a selection or filter."""

    value: str
    label: str
    url: str
    is_chosen: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An area that a finding concerns."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """One finding as the list shows it."""

    kind: str
    kind_words: str
    size: str
    width: str
    members: Sequence[Member]
    further_count: int
    parent: Member | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyPage:
    """The page; ``map`` is None where nothing is stored."""

    grounds: Sequence[Choice]
    kinds: Sequence[Choice]
    checked_count: int
    found_count: int
    lines: Sequence[FindingLine]
    map: MapParts | None
    download_url: str
    data: Mapping[str, object]
    """For ``topology.js``: the shapes in the order of the list."""


@blueprint.get("/admin/topology")
@requires(Action.IMPORT_LAYERS)
def topology_page() -> str:
    """Check one level; ``?scheme=&level=`` choose it, ``kind`` shows one kind of finding."""
    today = local_today()
    with deps().sessions() as session:
        counts = [count for count in layer_counts(session, day=today) if count.layer == "areas"]
        ground = _asked_ground(counts)
        if ground is None:
            return render_template("admin/topology.html", page=_nothing_stored())
        schemes = find_schemes(session)
        report = check_areas(
            session, current_actor(), scheme_code=ground.scheme_code, level=ground.level, day=today
        )
        kind = _asked_kind()
        shown = report if kind is None else report.only(kind)
        listed = TopologyReport(findings=shown.findings[:MOST_LISTED])
        codes = {code for found in listed.findings for code in (*found.members, found.parent or "")}
        names = find_names(session, codes, scheme_id=schemes[ground.scheme_code].id, day=today)
        extent = level_extent(session, scheme_code=ground.scheme_code, level=ground.level.value, on=today)
    page = TopologyPage(
        grounds=_grounds(counts, ground, {code: scheme.name for code, scheme in schemes.items()}),
        kinds=_kinds(report, kind),
        checked_count=report.checked_count,
        found_count=len(shown.findings),
        lines=[_line(found, names) for found in listed.findings],
        map=draw_map(_map_view(ground, extent, today), about=overview(), config=deps().config),
        download_url=url_for("topology.findings", scheme=ground.scheme_code, level=ground.level.value),
        data={"findings": json.loads(findings_geojson(listed))},
    )
    return render_template("admin/topology.html", page=page)


@blueprint.get("/admin/topology/areas.geojson")
@requires(Action.IMPORT_LAYERS)
def areas() -> Response:
    """The areas of the level, to draw the findings over."""
    scheme_code, level, today = request.args.get("scheme", ""), _level(), local_today()
    return answer_layer(
        f"topology-areas/{scheme_code}/{level.value}/{today}",
        layers=("areas",),
        today=today,
        mimetype=_GEOJSON,
        make=lambda session: level_geojson(
            session, scheme_code=scheme_code, level=level.value, on=today
        ).encode(),
    )


@blueprint.get("/admin/topology/findings.geojson")
@requires(Action.IMPORT_LAYERS)
def findings() -> Response:
    """Every finding of a level as a file."""
    with deps().sessions() as session:
        report = check_areas(
            session,
            current_actor(),
            scheme_code=request.args.get("scheme", ""),
            level=_level(),
            day=local_today(),
        )
    response = Response(findings_geojson(report), mimetype=_GEOJSON)
    response.headers["Content-Disposition"] = "attachment; filename=topology.geojson"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _asked_ground(counts: Sequence[LayerCount]) -> Ground | None:
    """What the address names, else the finest level of the first scheme; None where there is no area."""
    stored = [
        Ground(scheme_code=count.scheme_code, level=AreaLevel(count.level))
        for count in counts
        if count.scheme_code and count.level
    ]
    asked_scheme, asked_level = request.args.get("scheme"), request.args.get("level")
    fitting = [each for each in stored if asked_scheme in (None, each.scheme_code)]
    if asked_level is not None:
        fitting = [each for each in fitting if each.level is _level()]
    if stored and not fitting:
        raise InvalidInput(field="level", reason="unknown")
    first = fitting[0].scheme_code if fitting else None
    order = list(AreaLevel)
    of_first = [each for each in fitting if each.scheme_code == first]
    return max(of_first, key=lambda each: order.index(each.level), default=None)


def _level() -> AreaLevel:
    try:
        return AreaLevel(request.args.get("level", ""))
    except ValueError:
        raise InvalidInput(field="level", reason="unknown") from None


def _asked_kind() -> FindingKind | None:
    asked = request.args.get("kind")
    if not asked:
        return None
    try:
        return FindingKind(asked)
    except ValueError:
        raise InvalidInput(field="kind", reason="unknown") from None


def _nothing_stored() -> TopologyPage:
    return TopologyPage(
        grounds=(),
        kinds=(),
        checked_count=0,
        found_count=0,
        lines=(),
        map=None,
        download_url="",
        data={"findings": {"type": "FeatureCollection", "features": []}},
    )


def _kind_words() -> dict[FindingKind, str]:
    return {
        FindingKind.GAP: gettext("缝隙"),
        FindingKind.OVERLAP: gettext("重叠"),
        FindingKind.OUTSIDE_PARENT: gettext("超出上级"),
        FindingKind.UNCOVERED: gettext("上级未盖满"),
        FindingKind.SLIVER: gettext("狭长碎片"),
    }


def _grounds(counts: Sequence[LayerCount], chosen: Ground, scheme_names: Mapping[str, str]) -> list[Choice]:
    """The levels that have areas; of a single scheme its name goes without saying."""
    order = {level.value: place for place, level in enumerate(AreaLevel)}
    stored = [count for count in counts if count.scheme_code and count.level]
    is_single = len({count.scheme_code for count in stored}) == 1
    return [
        Choice(
            value=f"{count.scheme_code}/{count.level}",
            label=gettext(f"area_level.{count.level}")
            + ("" if is_single else f" · {scheme_names.get(count.scheme_code or '', count.scheme_code)}"),
            url=url_for("topology.topology_page", scheme=count.scheme_code, level=count.level),
            is_chosen=(count.scheme_code, count.level) == (chosen.scheme_code, chosen.level.value),
            count=count.row_count,
        )
        for count in sorted(stored, key=lambda each: (each.scheme_code or "", order[each.level or ""]))
    ]


def _kinds(report: TopologyReport, chosen: FindingKind | None) -> list[Choice]:
    words = _kind_words()
    everything = Choice(
        value="",
        label=gettext("全部"),
        url=url_with(kind=None),
        is_chosen=chosen is None,
        count=len(report.findings),
    )
    counts = report.counts()
    if chosen is not None:
        counts.setdefault(chosen, 0)
    return [
        everything,
        *(
            Choice(
                value=kind.value,
                label=words[kind],
                url=url_with(kind=kind.value),
                is_chosen=kind is chosen,
                count=count,
            )
            for kind, count in counts.items()
        ),
    ]


def _line(found: TopologyFinding, names: Mapping[str, tuple[str, str | None]]) -> FindingLine:
    return FindingLine(
        kind=found.kind.value,
        kind_words=_kind_words()[found.kind],
        size=_size(found.area_m2),
        width=f"{found.width_m:,.2f}" if found.width_m < 10 else f"{found.width_m:,.0f}",
        members=[_member(code, names) for code in found.members[:_MOST_MEMBERS]],
        further_count=max(0, len(found.members) - _MOST_MEMBERS),
        parent=None if found.parent is None else _member(found.parent, names),
    )


def _member(code: str, names: Mapping[str, tuple[str, str | None]]) -> Member:
    name, name_en = names.get(code, (code, None))
    return Member(name=in_language(name, name_en), url=url_for("areas.area_page", code=code))


def _size(area_m2: float) -> str:
    if area_m2 >= _SQUARE_KILOMETRE_M2:
        return f"{area_m2 / _SQUARE_KILOMETRE_M2:,.2f} km²"
    return f"{area_m2:,.1f} m²" if area_m2 < 100 else f"{area_m2:,.0f} m²"


def _map_view(ground: Ground, extent: tuple[float, float, float, float] | None, today: date) -> MapView:
    url = url_for(
        "topology.areas",
        scheme=ground.scheme_code,
        level=ground.level.value,
        v=f"{overview().version('areas')}.{today}",
    )
    return MapView(
        name="topology",
        label=gettext("边界检查地图"),
        extent_deg=extent,
        overlays=[OverlayLayer(key="areas", url=url, style=ground.level.value, is_on=True)],
    )
