"""A file into a layer: read, check, convert, store what is good, and say what was not.

One transaction, opened by the caller: either everything that the report says is stored, or nothing. A bad
row costs itself only. The same file twice changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel, SchemeAbsent
from gridmap.domain.errors import DomainError, InvalidInput
from gridmap.domain.imports import LayerOutcome, Rejection, Remark
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, check
from gridmap.importing.checks import GEOMETRY_WORDS, CheckedGeometry, GeometryCheck, Shape
from gridmap.importing.columns import PLACE_FIELDS, Layer, fields_of, recognise_columns
from gridmap.importing.corrections import corrected_table
from gridmap.importing.datum import SourceCrs, source_crs
from gridmap.importing.errors import NoValidRows
from gridmap.importing.place_rows import parse_buildings, parse_compounds, parse_gates, parse_zones
from gridmap.importing.readers import read_table
from gridmap.importing.rows import parse_areas, parse_issues, parse_service_points, parse_streets
from gridmap.importing.tables import SourceTable
from gridmap.storage import imports as store
from gridmap.storage.import_changes import begin_notes, forget_old_changes, note_added, seal
from gridmap.storage.import_rows import street_rows
from gridmap.storage.import_tables import GRID_SCHEME, STREET
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.use_cases.bulk_routing import Progress
from gridmap.use_cases.codes import UpdatedCodes, with_current_codes
from gridmap.use_cases.import_areas import import_areas
from gridmap.use_cases.import_evidence import refuse_contradicted
from gridmap.use_cases.import_issues import import_issues
from gridmap.use_cases.import_places import import_buildings, import_compounds, import_gates
from gridmap.use_cases.import_request import ImportReport, ImportRequest, recorded
from gridmap.use_cases.import_run import BLOCK_LENGTH, ImportRun, write_in_blocks
from gridmap.use_cases.import_service_points import import_service_points
from gridmap.use_cases.import_zones import import_zones

DEFAULT_SCHEME = "community_grid"
OTHER_SERVICE_POINTS = "SP99"
AS_STATED = "as-stated"

SHAPES = {
    Layer.AREAS: Shape.POLYGON,
    Layer.SERVICE_POINTS: Shape.POINT,
    Layer.STREETS: Shape.LINE,
    Layer.ISSUES: Shape.POINT,
    Layer.BUILDINGS: Shape.POLYGON,
    Layer.COMPOUNDS: Shape.POLYGON,
    Layer.GATES: Shape.POINT,
    Layer.ZONES: Shape.POLYGON,
}
# A city's worth of rows: the next block is checked while the database writes the one before.
_CHECKED_AS_WRITTEN = frozenset({Layer.BUILDINGS})
# Whose cached copies a layer lives in, where that is another's.
_VERSIONED_AS = {Layer.GATES: Layer.COMPOUNDS}

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


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A file that was read, with its columns, coordinates and places settled."""

    table: SourceTable
    columns: dict[str, str]
    crs: SourceCrs
    check: GeometryCheck

    @property
    def checked(self) -> CheckedGeometry:
        """What the check of every row found."""
        return self.check.finish()


def import_layer(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    *,
    now: datetime,
    progress: Progress = lambda _stage, _done, _total: None,
    preview: bool = False,
) -> ImportReport:
    """Import one file into one layer, and record that, with what undoing it needs.

    Parameters
    ----------
    progress : told the stage and the rows; it may raise ``ImportCancelled``, and nothing is stored
    preview : do everything but store nothing; the report's ``changes`` say what would become of each row

    Raises
    ------
    NotSignedIn, NotAllowed
    ImportRefused
        The file as a whole cannot be imported; nothing was stored.
    SchemeAbsent, ReporterAbsent, NoAdministrator, UnknownDefaultCategory, InvalidInput
        The request does not fit what is stored.
    ImportCancelled
    """
    check(actor, Action.IMPORT_LAYERS)
    if request.layer is Layer.AREAS and request.level is None:
        raise InvalidInput(field="level", reason="required")
    progress("read", 0, 0)
    prepared = _prepare(session, request, now=now)
    progress("check", 0, prepared.table.row_count)
    if request.layer not in _CHECKED_AS_WRITTEN:
        prepared.check.finish()
        progress("check", prepared.table.row_count, prepared.table.row_count)
    store.wait_for_turn(session, request.layer.value)
    # Whatever stops the import, also in a caller's larger transaction, leaves nothing of it behind.
    with session.begin_nested() as savepoint:
        batch_id = store.open_batch(session, _batch_begin(actor, request, prepared, now=now))
        begin_notes(session)
        run = ImportRun(
            batch_id=batch_id,
            preview=preview,
            given=frozenset(prepared.columns),
            now=now,
            progress=progress,
        )
        outcome = _IMPORTERS[request.layer](session, actor, request, prepared, run)
        report = _report(request, prepared, outcome, batch_id=None if preview else batch_id)
        if outcome.added == outcome.updated == outcome.unchanged == 0:
            raise _no_valid_rows(report.read_count, outcome)
        if preview:
            savepoint.rollback()
            return report
        seal(session, batch_id=batch_id)
        forget_old_changes(session, now=now)
        store.close_batch(session, batch_id, _batch_result(report))
        if outcome.added or outcome.updated:
            layer = _VERSIONED_AS.get(request.layer, request.layer)
            bump_layer_version(session, layer.value, data_date=office_day(now))
    return report


def _prepare(session: Session, request: ImportRequest, *, now: datetime) -> _Prepared:
    shape = SHAPES[request.layer]
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
    table, columns = corrected_table(
        table, columns, corrections=request.corrections, skipped_rows=request.skipped_rows
    )
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
    geometry_check = GeometryCheck(
        table.geometry, table.row_numbers, shape=shape, crs=crs, swap_axes=request.swap_axes
    )
    return _Prepared(table, columns, crs, geometry_check)


def _import_areas(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    run: ImportRun,
) -> LayerOutcome:
    level = request.level or AreaLevel.COMMUNITY
    valid_from = request.valid_from or office_day(run.now)
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
        run,
        level=level,
        scheme_id=scheme_id,
        code_prefix=request.code_prefix,
        valid_from=valid_from,
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
    run: ImportRun,
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
    day = office_day(run.now)
    outcome = import_service_points(
        session,
        actor,
        parsed.rows,
        run,
        scheme_id=_scheme_id(session, request, valid_from=day) if request.scheme_code else None,
        day=day,
        valid_from=request.valid_from or day,
    )
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


def _import_streets(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    run: ImportRun,
) -> LayerOutcome:
    # Streets belong to no area, so whoever imports them must not be limited to some.
    check(actor, Action.IMPORT_LAYERS, "")
    parsed = parse_streets(
        prepared.table, prepared.columns, prepared.checked.geometry, source_name=_source_name(request)
    )
    # What follows from the kind where the file has no column for it counts as said by the kind.
    given = {"centreline", *run.given, *({"width_m", "is_walkable"} if "kind" in run.given else ())}
    written = write_in_blocks(session, run, STREET, street_rows(parsed.rows), given=given)
    outcome = LayerOutcome(
        added=written.added,
        updated=written.updated,
        unchanged=len(parsed.rows) - written.added - written.updated,
        changes=written.changes,
    )
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


def _import_issues(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    run: ImportRun,
) -> LayerOutcome:
    reporter = _reporter_id(session, actor, request)
    categories = store.issue_categories(session)
    _require_default(request.default_category, {category.code for category in categories})
    day = office_day(run.now)
    scheme_id = _scheme_id(session, request, valid_from=day) if request.scheme_code else None
    parsed = parse_issues(
        prepared.table,
        prepared.columns,
        prepared.checked.geometry,
        categories=categories,
        default_category=request.default_category,
        now=run.now,
    )
    outcome = import_issues(
        session,
        actor,
        parsed.rows,
        run,
        source_name=_source_name(request),
        scheme_id=scheme_id,
        reporter_account_id=reporter,
    )
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


def _import_buildings(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    run: ImportRun,
) -> LayerOutcome:
    blocks = parse_buildings(
        prepared.table,
        prepared.columns,
        prepared.check,
        source_name=_source_name(request),
        block_length=BLOCK_LENGTH,
    )
    row_count = len(prepared.check)
    outcome = import_buildings(session, actor, blocks, run, row_count=row_count, day=office_day(run.now))
    return _with_findings(outcome, prepared, [], [])


def _import_compounds(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    run: ImportRun,
) -> LayerOutcome:
    parsed = parse_compounds(
        prepared.table, prepared.columns, prepared.checked.geometry, source_name=_source_name(request)
    )
    outcome = import_compounds(session, actor, parsed.rows, run, day=office_day(run.now))
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


def _import_gates(
    session: Session,
    actor: Actor,
    request: ImportRequest,  # noqa: ARG001 - every importer takes the same
    prepared: _Prepared,
    run: ImportRun,
) -> LayerOutcome:
    parsed = parse_gates(prepared.table, prepared.columns, prepared.checked.geometry)
    outcome = import_gates(session, actor, parsed.rows, run, day=office_day(run.now))
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


def _import_zones(
    session: Session,
    actor: Actor,
    request: ImportRequest,
    prepared: _Prepared,
    run: ImportRun,
) -> LayerOutcome:
    parsed = parse_zones(prepared.table, prepared.columns, prepared.checked.geometry)
    valid_from = request.valid_from or office_day(run.now)
    outcome = import_zones(session, actor, parsed.rows, run, valid_from=valid_from)
    return _with_findings(outcome, prepared, parsed.rejections, parsed.remarks)


_IMPORTERS = {
    Layer.AREAS: _import_areas,
    Layer.SERVICE_POINTS: _import_service_points,
    Layer.STREETS: _import_streets,
    Layer.ISSUES: _import_issues,
    Layer.BUILDINGS: _import_buildings,
    Layer.COMPOUNDS: _import_compounds,
    Layer.GATES: _import_gates,
    Layer.ZONES: _import_zones,
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
    scheme = store.add_scheme(
        session, code=code, name=request.new_scheme_name, purpose="", valid_from=valid_from
    )
    note_added(session, GRID_SCHEME, [scheme.id])
    return scheme.id


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
    refused = NoValidRows(detail=detail, read_count=read_count, reasons=listed)
    refused.rejections = outcome.rejections
    return refused


def _batch_begin(
    actor: Actor, request: ImportRequest, prepared: _Prepared, *, now: datetime
) -> store.BatchBegin:
    with request.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return store.BatchBegin(
        layer=request.layer.value,
        file_name=request.path.name,
        file_sha256=sha256,
        declared_crs=prepared.crs.name,
        actor_account_id=actor.account_id,
        scope_prefixes=actor.scope.prefixes,
        at=now,
    )


def _report(
    request: ImportRequest, prepared: _Prepared, outcome: LayerOutcome, *, batch_id: int | None
) -> ImportReport:
    table = prepared.table
    return ImportReport(
        batch_id=batch_id,
        file_name=request.path.name,
        layer=request.layer,
        source_layer=table.layer_name,
        file_format=table.file_format,
        encoding=table.encoding,
        crs=prepared.crs,
        columns=prepared.columns,
        unused_headers=tuple(
            header
            for header in table.headers
            if header not in prepared.columns.values() and header not in table.place_headers
        ),
        read_count=_read_count(prepared),
        outcome=outcome,
    )


def _batch_result(report: ImportReport) -> store.BatchResult:
    outcome = report.outcome
    return store.BatchResult(
        read_count=report.read_count,
        added_count=outcome.added,
        updated_count=outcome.updated,
        unchanged_count=outcome.unchanged,
        rejected_count=len(outcome.rejections),
        report=recorded(report),
    )
