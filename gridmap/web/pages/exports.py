"""Files: what staff take out of their areas (logged), and what anybody may take of the public layers."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template, request, send_file
from flask_babel import format_datetime, gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import DomainError, InvalidInput
from gridmap.domain.exports import MEDIA_TYPES, ExportFormat, ExportNotes, export_format
from gridmap.domain.features import LAYERS, FeatureTable
from gridmap.domain.issue_input import CODE_MAX_LENGTH, clean_text
from gridmap.domain.issues import IssueState
from gridmap.domain.permissions import Action, can
from gridmap.exporting.target_crs import TargetCrs, parse_target
from gridmap.exporting.writers import write_features
from gridmap.queries.exports import (
    ExportLine,
    ExportRequest,
    category_choices,
    list_exports,
    read_features,
    scheme_choices,
)
from gridmap.queries.features import Window
from gridmap.queries.overview import load_overview
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.exports import record_export
from gridmap.web.access import current_actor, public, requires
from gridmap.web.deps import deps
from gridmap.web.errors import status_of, translate_error
from gridmap.web.i18n import in_language, known_message
from gridmap.web.layers import local_today
from gridmap.web.ogc.documents import attribution, collection_title
from gridmap.web.place_view import status_words

blueprint = Blueprint("exports", __name__)

CRS_CHOICES = (
    ("EPSG:4326", "WGS-84"),
    ("EPSG:4490", "CGCS2000"),
    ("EPSG:4547", "CGCS2000 / 3° GK 114°E"),
    ("EPSG:4548", "CGCS2000 / 3° GK 117°E"),
    ("EPSG:3857", "Web Mercator"),
    ("gcj02", "GCJ-02"),
    ("bd09", "BD-09"),
)
FORMAT_CHOICES = (
    (ExportFormat.XLSX.value, "Excel (XLSX)"),
    (ExportFormat.CSV.value, "CSV"),
    (ExportFormat.GEOPACKAGE.value, "GeoPackage"),
    (ExportFormat.SHAPEFILE.value, "Shapefile (ZIP)"),
    (ExportFormat.GEOJSON.value, "GeoJSON"),
    (ExportFormat.KML.value, "KML"),
)
_DEFAULTS = {"layer": "areas", "level": "grid", "crs": "EPSG:4326", "format": "xlsx"}
_LISTED_MAX = 50


Options = Sequence[tuple[str, str]]
"""Values with their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of the log in words."""

    at: str
    account_name: str
    role: str
    collection: str
    filter: str
    format: str
    crs: str
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsPage:
    """The form, what was wrong with it, and the log for those who may see it."""

    form: Mapping[str, str]
    error: str
    error_next: str
    layers: Options
    levels: Options
    schemes: Options
    formats: Options
    systems: Options
    categories: Sequence[tuple[str, Options]]
    statuses: Sequence[tuple[str, Options]]
    row_limit: int
    log: Sequence[LogLine] | None


@blueprint.get("/admin/exports")
@requires(Action.EXPORT_LAYERS)
def page() -> Response:
    """Show the form and the log."""
    return _page(request.args, None)


@blueprint.post("/admin/exports")
@requires(Action.EXPORT_LAYERS)
def download() -> Response:
    """Hand over a file of one's own areas, after it is in the log."""
    actor = current_actor()
    try:
        wanted, chosen_format, target = _asked(request.form, is_public=False)
        with tempfile.TemporaryDirectory(prefix="gridmap-export-") as folder:
            path = Path(folder) / _file_name(wanted, chosen_format, target)
            with unit_of_work(deps().sessions) as session:
                table = _write(session, wanted, path, chosen_format, target)
                record_export(
                    session,
                    actor,
                    table,
                    wanted=wanted.as_logged(),
                    export_format=chosen_format,
                    crs=target.name,
                    now=deps().clock(),
                )
            return _sent(path, chosen_format, cache="no-store")
    except DomainError as error:
        return _page(request.form, error)


@blueprint.get("/exports/<layer>.<ending>")
@public
def public_download(layer: str, ending: str) -> Response:
    """Hand over a public layer, as the public map shows it."""
    arguments = MultiDict([*request.args.items(multi=True), ("layer", layer), ("format", ending)])
    wanted, chosen_format, target = _asked(arguments, is_public=True)
    with tempfile.TemporaryDirectory(prefix="gridmap-export-") as folder:
        path = Path(folder) / _file_name(wanted, chosen_format, target)
        with deps().sessions() as session:
            _write(session, wanted, path, chosen_format, target)
        return _sent(path, chosen_format, cache="public, no-cache")


def _write(
    session: Session, wanted: ExportRequest, path: Path, chosen_format: ExportFormat, target: TargetCrs
) -> FeatureTable:
    about = load_overview(session, today=local_today())
    table = read_features(
        session, current_actor(), wanted, today=local_today(), row_limit=deps().config.export_max_rows
    )
    names = [each.name for each in table.collection.fields]
    # People read spreadsheets; programs and GIS software want the same names in every language.
    is_for_people = chosen_format in (ExportFormat.CSV, ExportFormat.XLSX, ExportFormat.SHAPEFILE)
    headers = {name: known_message(f"feature_field.{name}") or name for name in names}
    notes = ExportNotes(
        title=collection_title(table.collection),
        headers=headers if is_for_people else {},
        source=attribution(about),
        map_approval_no=deps().config.map_approval_no,
        data_date="" if about.data_date is None else about.data_date.isoformat(),
    )
    write_features(table, path, export_format=chosen_format, target=target, notes=notes)
    return table


def _sent(path: Path, chosen_format: ExportFormat, *, cache: str) -> Response:
    """Stream the file; it is read through its open handle, so that its folder may already go."""
    handle = path.open("rb")
    response = send_file(
        handle,
        mimetype=MEDIA_TYPES[chosen_format],
        as_attachment=True,
        download_name=path.name,
        max_age=None,
    )
    response.headers["Content-Length"] = str(path.stat().st_size)
    response.headers["Cache-Control"] = cache
    return response


def _file_name(wanted: ExportRequest, chosen_format: ExportFormat, target: TargetCrs) -> str:
    return f"{wanted.collection.id}{target.file_suffix}_{local_today():%Y%m%d}.{chosen_format.value}"


def _asked(form: MultiDict[str, str], *, is_public: bool) -> tuple[ExportRequest, ExportFormat, TargetCrs]:
    """Read what is wanted.

    Raises
    ------
    InvalidInput, ExportRefused
    """
    on = _text(form, "on")
    wanted = ExportRequest(
        layer=_text(form, "layer") or "",
        level=_text(form, "level"),
        scheme=_text(form, "scheme"),
        on=None if on is None else _day(on),
        area_code=_text(form, "area"),
        window=_window(_text(form, "bbox", max_length=120)),
        categories=_listed(form, "category"),
        statuses=_listed(form, "status"),
        is_mine=form.get("mine") == "1",
        is_public=is_public,
    )
    if wanted.collection.level is None:
        # The form's level and scheme concern areas only.
        wanted = replace(wanted, level=None, scheme=None)
    return wanted, export_format(_text(form, "format") or ""), parse_target(_text(form, "crs") or "EPSG:4326")


def _text(form: MultiDict[str, str], name: str, *, max_length: int = CODE_MAX_LENGTH) -> str | None:
    return clean_text(form.get(name, ""), name, max_length=max_length) or None


def _listed(form: MultiDict[str, str], name: str) -> tuple[str, ...]:
    """``?status=a,b`` and ``?status=a&status=b`` mean the same."""
    parts = [part for value in form.getlist(name) for part in value.split(",")]
    words = [clean_text(part, name, max_length=CODE_MAX_LENGTH) for part in parts[:_LISTED_MAX]]
    return tuple(dict.fromkeys(word for word in words if word))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field="on", reason="not_a_date") from None


def _window(bbox: str | None) -> Window | None:
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        raise InvalidInput(field="bbox", reason="not_a_number") from None
    if not all(math.isfinite(number) for number in (west, south, east, north)):
        raise InvalidInput(field="bbox", reason="not_a_number")
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise InvalidInput(field="bbox", reason="out_of_range")
    if west > east or south > north:
        raise InvalidInput(field="bbox", reason="wrong_way_round")
    return Window(west=west, south=south, east=east, north=north)


def _page(form: MultiDict[str, str], error: DomainError | None) -> Response:
    actor = current_actor()
    with deps().sessions() as session:
        categories = category_choices(session)
        schemes = scheme_choices(session)
        log = list_exports(session, actor) if can(actor, Action.SEE_EXPORT_LOG) else None
    everything = ("", gettext("全部"))
    shown = ExportsPage(
        form={**_DEFAULTS, **form.to_dict()},
        error="" if error is None else translate_error(error),
        error_next="" if error is None else known_message(f"{error.code}.next") or "",
        layers=[(layer, gettext(f"layer.{layer}")) for layer in LAYERS],
        levels=[(level.value, gettext(f"area_level.{level}")) for level in AreaLevel],
        schemes=[everything, *schemes],
        formats=FORMAT_CHOICES,
        systems=[(code, f"{words} · {code}") for code, words in CRS_CHOICES],
        categories=[
            (
                gettext(f"layer.{layer}"),
                [
                    (each.code, in_language(each.name, each.name_en))
                    for each in categories
                    if each.layer == layer
                ],
            )
            for layer in ("service_points", "issues")
        ],
        statuses=[
            (gettext("layer.service_points"), list(status_words().items())),
            (gettext("layer.issues"), [(state.value, gettext(f"state.{state}")) for state in IssueState]),
        ],
        row_limit=deps().config.export_max_rows,
        log=None if log is None else [_log_line(line) for line in log],
    )
    status = 200 if error is None else status_of(error)
    return make_response(render_template("admin/exports.html", page=shown), status)


def _log_line(line: ExportLine) -> LogLine:
    said = [f"{known_message(f'field.{name}') or name} {value}" for name, value in line.filter.items()]
    return LogLine(
        at=format_datetime(line.at, "yyyy-MM-dd HH:mm"),
        account_name=line.account_name or gettext("命令行"),
        role="" if line.account_name is None else gettext(f"account_role.{line.role}"),
        collection=gettext(f"collection.{line.collection.removeprefix('staff_')}"),
        filter="; ".join(said) or gettext("全部"),
        format=line.format,
        crs=line.crs,
        row_count=line.row_count,
    )
