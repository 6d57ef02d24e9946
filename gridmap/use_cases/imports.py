"""A file into a layer: read, check, convert, store what is good, and say what was not.

One transaction, opened by the caller: either everything that the report says is stored, or nothing. A bad
row costs itself only. The same file twice changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel, SchemeAbsent
from gridmap.domain.errors import DomainError, InvalidInput
from gridmap.domain.imports import LayerOutcome, Rejection, Remark
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, check
from gridmap.domain.topology import TopologyReport
from gridmap.importing.checks import GEOMETRY_WORDS, CheckedGeometry, Shape, check_geometry
from gridmap.importing.columns import PLACE_FIELDS, Layer, fields_of, recognise_columns
from gridmap.importing.datum import SourceCrs, source_crs
from gridmap.importing.errors import NoValidRows
from gridmap.importing.readers import read_table
from gridmap.importing.rows import parse_areas, parse_issues, parse_service_points, parse_streets
from gridmap.importing.tables import ReadLimits, SourceTable
from gridmap.storage import imports as store
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.use_cases.bulk_routing import Progress
from gridmap.use_cases.codes import UpdatedCodes, with_current_codes
from gridmap.use_cases.import_areas import import_areas
from gridmap.use_cases.import_evidence import refuse_contradicted
from gridmap.use_cases.import_issues import import_issues
from gridmap.use_cases.import_service_points import import_service_points

DEFAULT_SCHEME = "community_grid"
OTHER_SERVICE_POINTS = "SP99"
AS_STATED = "as-stated"

_SHAPES = {
    Layer.AREAS: Shape.POLYGON,
    Layer.SERVICE_POINTS: Shape.POINT,
    Layer.STREETS: Shape.LINE,
    Layer.ISSUES: Shape.POINT,
}
_CHUNK_LENGTH = 2_000
_RECORDED_FINDINGS = 1_000

# What the commonest rejection suggests, when not one row was good.
_HINTS = {
    "coordinates_swapped": "swapped",
    "coordinates_look_projected": "projected",
    "coordinates_out_of_range": "crs",
    "wrong_geometry_type": "wrong_layer",
    "geometry_missing": "no_places",
    "no_location": "no_places",
    "code_does_not_fit_level": "codes",
    "no_code_and_no_parent": "parents",
    "code_prefix_does_not_fit": "codes",
    "unknown_category": "categories",
    "outside_your_areas": "areas",
}


class ReporterAbsent(DomainError):
    """Issues are recorded under an account, and there is no active one of that name."""

    code = "import.reporter_absent"


class NoAdministrator(DomainError):
    """No account was named to record issues under, and there is no administrator's to take instead."""

    code = "import.no_administrator"


class UnknownDefaultCategory(DomainError):
    """The category that unknown ones should become is not in the dictionary either."""

    code = "import.default_category_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What to import, and what the person knows about the file.

    Attributes
    ----------
    crs : ``EPSG:4547``, ``gcj02``, ``bd09`` …; None: as the file says, unless its numbers clearly say
        otherwise; :data:`AS_STATED`: as the file says in any case
    columns : field to header, where recognising the header is not enough; empty header: not from the file
    source_layer : the layer inside a GeoPackage or zip
    source_name : the system that external ids and made codes belong to; None: the file's name
    scheme_code : the grid scheme of areas; for points None means every scheme
    new_scheme_name : create the scheme under this name if it is not there
    code_prefix : digits put before the file's area codes, or that proposed codes begin with
    default_category : what unknown categories become
    reporter : the account that imported issues are recorded under
    code_edition : the edition of the division list that the file's area codes are of; they are brought to the
        current one, and rows without a code are found by name below their parent
    valid_from : the first day of the areas' new versions; None: today
    swap_axes : latitude (or northing) comes first in the file
    row_limit : read only so many rows
    snap_m : bring areas' boundaries that are as near as this together; None: leave them as they are
    check_topology : say where imported areas leave gaps or overlap
    """

    path: Path
    layer: Layer
    level: AreaLevel | None = None
    crs: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    encoding: str | None = None
    source_layer: str | None = None
    source_name: str | None = None
    scheme_code: str | None = None
    new_scheme_name: str | None = None
    code_prefix: str = ""
    default_category: str | None = None
    reporter: str | None = None
    code_edition: str | None = None
    valid_from: date | None = None
    swap_axes: bool = False
    row_limit: int | None = None
    snap_m: float | None = None
    check_topology: bool = True
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did; the counts of rows add up: read = rejected + the others (streets may be split)."""

    batch_id: int
    file_name: str
    layer: Layer
    source_layer: str
    file_format: str
    encoding: str
    crs: SourceCrs
    columns: Mapping[str, str]
    unused_headers: tuple[str, ...]
    read_count: int
    outcome: LayerOutcome

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """The rows that were not imported, by row number."""
        return self.outcome.rejections

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was repaired or assumed in rows that were imported, by row number."""
        return self.outcome.remarks

    def reason_counts(self) -> dict[str, int]:
        """Rejected rows by reason, the commonest first."""
        return dict(Counter(found.reason_code for found in self.rejections).most_common())

    def remark_counts(self) -> dict[str, int]:
        """Remarks by reason, the commonest first."""
        return dict(Counter(found.reason_code for found in self.remarks).most_common())


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A file that was read, with its columns, coordinates and places settled."""

    table: SourceTable
    columns: dict[str, str]
    crs: SourceCrs
    checked: CheckedGeometry


def import_layer(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    *,
    now: datetime,
    progress: Progress = lambda _stage, _done, _total: None,
) -> ImportReport:
    """Import one file into one layer, and record that.

    Raises
    ------
    NotSignedIn, NotAllowed
    ImportRefused
        The file as a whole cannot be imported; nothing was stored.
    SchemeAbsent, ReporterAbsent, NoAdministrator, UnknownDefaultCategory, InvalidInput
        The request does not fit what is stored.
    """
    check(actor, Action.IMPORT_LAYERS)
    if request.layer is Layer.AREAS and request.level is None:
        raise InvalidInput(field="level", reason="required")
    progress("read", 0, 0)
    prepared = _prepare(session, request, now=now)
    progress("check", prepared.table.row_count, prepared.table.row_count)
    store.wait_for_turn(session, request.layer.value)
    outcome = _IMPORTERS[request.layer](session, actor, request, prepared, now, progress)
    read_count = _read_count(prepared)
    if outcome.added == outcome.updated == outcome.unchanged == 0:
        raise _no_valid_rows(read_count, outcome)
    if outcome.added or outcome.updated:
        bump_layer_version(session, request.layer.value, data_date=office_day(now))
    return _record(session, actor, request, prepared, outcome, read_count=read_count, now=now)


def _prepare(session: Session, request: ImportRequest, *, now: datetime) -> _Prepared:
    shape = _SHAPES[request.layer]
    table = read_table(
        request.path,
        source_layer=request.source_layer,
        geometry_words=GEOMETRY_WORDS[shape],
        encoding=request.encoding,
        place_columns={name: header for name, header in request.columns.items() if name in PLACE_FIELDS},
        limits=request.limits,
    )
    if request.row_limit is not None:
        table = table.first(request.row_limit)
    columns = recognise_columns(table.headers, fields_of(request.layer, request.level), request.columns)
    if request.crs is None:
        refuse_contradicted(
            session,
            table,
            name_header=columns.get("name") if request.layer is Layer.AREAS else None,
            scheme_code=request.scheme_code,
            swap_axes=request.swap_axes,
            now=now,
        )
    crs = source_crs(table, None if request.crs == AS_STATED else request.crs)
    assert table.geometry is not None, "read_table refuses tables without geometry"
    checked = check_geometry(
        table.geometry, table.row_numbers, shape=shape, crs=crs, swap_axes=request.swap_axes
    )
    return _Prepared(table, columns, crs, checked)


def _import_areas(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    now: datetime,
    progress: Progress,
) -> LayerOutcome:
    level = request.level or AreaLevel.COMMUNITY
    valid_from = request.valid_from or office_day(now)
    scheme_id = _scheme_id(session, request, valid_from=valid_from)
    parsed = parse_areas(
        prepared.table,
        prepared.columns,
        prepared.checked.geometry,
        level=level,
        code_prefix=request.code_prefix,
    )
    coded = UpdatedCodes(parsed.rows, [], [])
    if request.code_edition is not None:
        coded = with_current_codes(session, parsed.rows, edition=request.code_edition)
    outcome = import_areas(
        session,
        actor,
        coded.rows,
        level=level,
        scheme_id=scheme_id,
        code_prefix=request.code_prefix,
        valid_from=valid_from,
        progress=progress,
        snap_m=request.snap_m,
        check_topology=request.check_topology,
    )
    return _with_findings(
        outcome,
        prepared,
        [*parsed.rejections, *coded.rejections],
        [*parsed.remarks, *coded.remarks],
    )


def _import_service_points(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    now: datetime,
    progress: Progress,
) -> LayerOutcome:
    categories = store.service_point_categories(session)
    known = {category.code for category in categories}
    default = request.default_category or (OTHER_SERVICE_POINTS if OTHER_SERVICE_POINTS in known else None)
    _require_default(default, known)
    parsed = parse_service_points(
        prepared.table,
        prepared.columns,
        prepared.checked.geometry,
        categories=categories,
        default_category=default,
        source_name=_source_name(request),
    )
    day = office_day(now)
    outcome = import_service_points(
        session,
        actor,
        parsed.rows,
        scheme_id=_scheme_id(session, request, valid_from=day) if request.scheme_code else None,
        day=day,
        valid_from=request.valid_from or day,
        progress=progress,
    )
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


def _import_streets(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    now: datetime,  # noqa: ARG001 - every importer takes the same
    progress: Progress,
) -> LayerOutcome:
    # Streets belong to no area, so whoever imports them must not be limited to some.
    check(actor, Action.IMPORT_LAYERS, "")
    parsed = parse_streets(
        prepared.table, prepared.columns, prepared.checked.geometry, source_name=_source_name(request)
    )
    written = store.Written()
    for start in range(0, len(parsed.rows), _CHUNK_LENGTH):
        written += store.write_streets(session, parsed.rows[start : start + _CHUNK_LENGTH])
        progress("write", min(start + _CHUNK_LENGTH, len(parsed.rows)), len(parsed.rows))
    outcome = LayerOutcome(
        added=written.added,
        updated=written.updated,
        unchanged=len(parsed.rows) - written.added - written.updated,
    )
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


def _import_issues(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    now: datetime,
    progress: Progress,
) -> LayerOutcome:
    reporter = _reporter_id(session, actor, request)
    categories = store.issue_categories(session)
    _require_default(request.default_category, {category.code for category in categories})
    day = office_day(now)
    scheme_id = _scheme_id(session, request, valid_from=day) if request.scheme_code else None
    parsed = parse_issues(
        prepared.table,
        prepared.columns,
        prepared.checked.geometry,
        categories=categories,
        default_category=request.default_category,
        now=now,
    )
    outcome = import_issues(
        session,
        actor,
        parsed.rows,
        source_name=_source_name(request),
        scheme_id=scheme_id,
        reporter_account_id=reporter,
        now=now,
        progress=progress,
    )
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


_IMPORTERS = {
    Layer.AREAS: _import_areas,
    Layer.SERVICE_POINTS: _import_service_points,
    Layer.STREETS: _import_streets,
    Layer.ISSUES: _import_issues,
}


def _reporter_id(session: Session, actor: Actor, request: ImportRequest) -> int:
    """The account that was named, else the actor's own, else the oldest administrator's."""
    if request.reporter is None and actor.account_id is not None:
        return actor.account_id
    found = store.find_account(session, request.reporter)
    if found is None and request.reporter is not None:
        raise ReporterAbsent(username=request.reporter)
    if found is None:
        raise NoAdministrator
    return found


def _source_name(request: ImportRequest) -> str:
    return request.source_name or request.path.stem


def _require_default(default: str | None, known: set[str]) -> None:
    if default is not None and default not in known:
        raise UnknownDefaultCategory(category=default, known=", ".join(sorted(known)))


def _scheme_id(session: Session, request: ImportRequest, *, valid_from: date) -> int:
    code = request.scheme_code or DEFAULT_SCHEME
    schemes = store.find_schemes(session)
    if code in schemes:
        return schemes[code].id
    if request.new_scheme_name is None:
        raise SchemeAbsent(scheme=code, known=", ".join(schemes) or "—")
    return store.add_scheme(
        session, code=code, name=request.new_scheme_name, purpose="", valid_from=valid_from
    ).id


def _with_findings(
    outcome: LayerOutcome, prepared: _Prepared, rejections: list[Rejection], remarks: list[Remark]
) -> LayerOutcome:
    """Join the findings of reading, checking, parsing and storing, by row; no remarks on rejected rows."""
    table, checked = prepared.table, prepared.checked
    all_rejections = [*table.rejections, *checked.rejections, *rejections, *outcome.rejections]
    refused = {found.row_number for found in all_rejections}
    all_remarks = [*table.remarks, *checked.remarks, *remarks, *outcome.remarks]
    return replace(
        outcome,
        rejections=tuple(sorted(all_rejections, key=lambda found: found.row_number)),
        remarks=tuple(
            sorted(
                (found for found in all_remarks if found.row_number not in refused),
                key=lambda found: found.row_number,
            )
        ),
    )


def _read_count(prepared: _Prepared) -> int:
    return prepared.table.row_count + len(prepared.table.rejections)


def _no_valid_rows(read_count: int, outcome: LayerOutcome) -> NoValidRows:
    reasons = Counter(found.reason_code for found in outcome.rejections).most_common()
    detail = _HINTS.get(reasons[0][0], "other") if reasons else "empty"
    listed = ", ".join(f"{reason} {count}" for reason, count in reasons)
    return NoValidRows(detail=detail, read_count=read_count, reasons=listed)


def _record(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    outcome: LayerOutcome,
    *,
    read_count: int,
    now: datetime,
) -> ImportReport:
    table, crs = prepared.table, prepared.crs
    report = ImportReport(
        batch_id=0,
        file_name=request.path.name,
        layer=request.layer,
        source_layer=table.layer_name,
        file_format=table.file_format,
        encoding=table.encoding,
        crs=crs,
        columns=prepared.columns,
        unused_headers=tuple(
            header
            for header in table.headers
            if header not in prepared.columns.values() and header not in table.place_headers
        ),
        read_count=read_count,
        outcome=outcome,
    )
    with request.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    batch_id = store.write_batch(
        session,
        store.Batch(
            layer=request.layer.value,
            file_name=request.path.name,
            file_sha256=sha256,
            declared_crs=crs.name,
            actor_account_id=actor.account_id,
            at=now,
            read_count=read_count,
            added_count=outcome.added,
            updated_count=outcome.updated,
            unchanged_count=outcome.unchanged,
            rejected_count=len(outcome.rejections),
            report=_recorded(report),
        ),
    )
    return replace(report, batch_id=batch_id)


def _recorded(report: ImportReport) -> dict[str, Any]:
    """The report as ``import_batch.report`` keeps it: all counts, and the first thousand findings."""

    def listed(findings: tuple[Rejection, ...] | tuple[Remark, ...]) -> list[list[object]]:
        return [
            [found.row_number, found.field, found.value, found.reason_code]
            for found in findings[:_RECORDED_FINDINGS]
        ]

    topology = report.outcome.topology or TopologyReport()
    return {
        "source_layer": report.source_layer,
        "format": report.file_format,
        "encoding": report.encoding,
        "crs": {"name": report.crs.name, "datum": report.crs.datum.value, "origin": report.crs.origin},
        "columns": dict(report.columns),
        "reason_counts": report.reason_counts(),
        "remark_counts": report.remark_counts(),
        "absent_count": report.outcome.absent_count,
        "outside_count": report.outcome.outside_count,
        "topology_counts": {kind.value: count for kind, count in topology.counts().items()},
        "rejections": listed(report.rejections),
        "remarks": listed(report.remarks),
    }
