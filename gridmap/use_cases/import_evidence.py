"""Which coordinate system a file is in, weighed against our own areas, with what a page draws of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, check
from gridmap.importing.columns import find_header
from gridmap.importing.datum import SourceCrs, parse_crs, source_crs, to_wgs84
from gridmap.importing.datum_evidence import (
    CandidateSystem,
    DatumEvidence,
    DatumReason,
    ReferenceAreas,
    weigh_systems,
)
from gridmap.importing.errors import CrsMissing, CrsUnknown, DatumContradicted
from gridmap.importing.readers import read_table
from gridmap.importing.tables import GeometryArray, ReadLimits, SourceTable
from gridmap.storage.reference_areas import find_reference_areas

_REFERENCE_LIMIT = 2_000
_PREVIEWED_SYSTEMS = 6
_PREVIEWED_SHAPES = 200
_PREVIEWED_VERTICES = 6_000
# Of the extent of what is previewed: a pixel of a thumbnail and less.
_PREVIEW_TOLERANCE_SHARE = 1 / 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinatesRequest:
    """Which file to weigh, and how to read it; the same words as for an import.

    Attributes
    ----------
    name_header : the column with the names of areas, if there is one: namesakes are compared with each other
    scheme_code : whose areas count first
    geometry_words : types that fit (``Polygon`` …), to choose among the layers of a file
    place_columns : ``lon``/``lat``, ``x``/``y`` or ``wkt`` to header
    """

    path: Path
    name_header: str | None = None
    scheme_code: str | None = None
    encoding: str | None = None
    source_layer: str | None = None
    geometry_words: tuple[str, ...] = ()
    place_columns: Mapping[str, str] = field(default_factory=dict[str, str])
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True)
class SystemPreview:
    """A sample of the file as one system reads it: WKB in WGS-84, simplified for drawing."""

    system: CandidateSystem
    shapes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedCoordinates:
    """The evidence on a file, and of each likely system what a page can draw over our areas.

    ``previews`` follow the order of ``evidence.candidates`` and hold only systems whose numbers are possible,
    six at most. ``reference_count`` areas of ours were there to compare with.
    """

    evidence: DatumEvidence
    previews: tuple[SystemPreview, ...]
    source_layer: str
    file_format: str
    row_count: int
    reference_count: int


def weigh_coordinates(
    session: Session, actor: Actor, request: CoordinatesRequest, *, now: datetime
) -> WeighedCoordinates:
    """Read a file and weigh the coordinate systems that it may be in; nothing is stored.

    Raises
    ------
    NotSignedIn, NotAllowed
    ImportRefused
        The file cannot be read, or has no column ``name_header``.
    """
    check(actor, Action.IMPORT_LAYERS)
    table = read_table(
        request.path,
        source_layer=request.source_layer,
        geometry_words=request.geometry_words,
        encoding=request.encoding,
        place_columns=request.place_columns,
        limits=request.limits,
    )
    reference = load_reference(session, scheme_code=request.scheme_code, now=now)
    evidence = weigh_table(table, names=_names(table, request.name_header), reference=reference)
    return WeighedCoordinates(
        evidence=evidence,
        previews=_previews(table, evidence),
        source_layer=table.layer_name,
        file_format=table.file_format,
        row_count=table.row_count,
        reference_count=len(reference.boundaries),
    )


def refuse_contradicted(
    session: Session,
    table: SourceTable,
    *,
    name_header: str | None,
    scheme_code: str | None,
    swap_axes: bool,
    now: datetime,
) -> None:
    """Stop an import for which nobody declared a system, if the file would clearly be read in a wrong one.

    Raises
    ------
    DatumContradicted
        The file says, or its columns suggest, one system, and strong evidence is for another.
    CrsMissing
        The file says nothing; ``detail`` ``found`` or ``only``: but the evidence for one system is strong.
    """
    reference = load_reference(session, scheme_code=scheme_code, now=now)
    evidence = weigh_table(table, names=_names(table, name_header), reference=reference)
    found = evidence.preselected
    if found is None or not evidence.is_strong:
        return
    option = found.option
    percent = found.figures["inside_percent"]
    try:
        read_as = source_crs(table, None).name
    except CrsMissing as missing:
        detail = "only" if found.inside_share is None else "found"
        raise CrsMissing(
            detail=detail, found=found.crs, option=option, inside_percent=percent, **missing.params
        ) from missing
    if not evidence.contradicts(read_as, swap_axes=swap_axes):
        return
    as_read = evidence.candidate(read_as, swap_axes=swap_axes)
    raise DatumContradicted(
        detail=None if as_read is None else _contradiction(as_read, found),
        stated=read_as,
        found=found.crs,
        option=option,
        inside_percent=percent,
        stated_percent=0 if as_read is None else math.floor(100 * (as_read.inside_share or 0.0)),
        shift_m=None if as_read is None else as_read.figures["shift_m"],
    )


def _contradiction(as_read: CandidateSystem, found: CandidateSystem) -> str | None:
    """What speaks loudest against reading the file so; None where only its numbers as such do."""
    if as_read.swap_axes != found.swap_axes:
        return "swapped"
    if found.inside_share is None:
        return None
    if DatumReason.METRES_CLAIM_DEGREES in as_read.reasons:
        return "metres"
    return "elsewhere" if as_read.shift_m is None else "shifted"


def load_reference(session: Session, *, scheme_code: str | None, now: datetime) -> ReferenceAreas:
    """Our current areas, to weigh files against."""
    areas = find_reference_areas(
        session, scheme_code=scheme_code or "", day=office_day(now), limit=_REFERENCE_LIMIT
    )
    boundaries = np.empty(len(areas), dtype=object)
    boundaries[:] = shapely.from_wkb([area.boundary for area in areas])
    return ReferenceAreas(boundaries, tuple(area.name for area in areas))


def weigh_table(table: SourceTable, *, names: Sequence[str], reference: ReferenceAreas) -> DatumEvidence:
    """Weigh a table that was read already; ``names`` of its rows, or none."""
    assert table.geometry is not None, "read_table refuses tables without geometry"
    return weigh_systems(table.geometry, stated=_stated(table), reference=reference, names=names)


def _stated(table: SourceTable) -> SourceCrs | None:
    """What the file says by its own words or its format's standard, not what column names suggest."""
    try:
        crs = source_crs(table, None)
    except (CrsMissing, CrsUnknown):
        return None
    return crs if crs.origin == "file" else None


def _names(table: SourceTable, header: str | None) -> Sequence[str]:
    if header is None:
        return ()
    column = find_header(header, table.headers, field="name")
    return ["" if name is None else str(name) for name in table.columns[column]]


def _previews(table: SourceTable, evidence: DatumEvidence) -> tuple[SystemPreview, ...]:
    assert table.geometry is not None, "read_table refuses tables without geometry"
    shapes = _shapes_to_draw(table.geometry)
    likely = [system for system in evidence.candidates if system.is_possible][:_PREVIEWED_SYSTEMS]
    stated = _stated(table)
    previews = list[SystemPreview]()
    for system in likely:
        crs = stated if stated and stated.name == system.crs else parse_crs(system.crs, origin="weighed")
        drawn = to_wgs84(shapes, crs, swap_axes=system.swap_axes)
        usable = np.isfinite(shapely.bounds(drawn)).all(axis=1)
        previews.append(SystemPreview(system, tuple(shapely.to_wkb(drawn[usable], byte_order=1).tolist())))
    return tuple(previews)


def _shapes_to_draw(geometry: GeometryArray) -> GeometryArray:
    """Evenly from the whole file, simplified, as many as a thumbnail can show."""
    present = geometry[~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)]
    if len(present) == 0:
        return present
    count = min(len(present), _PREVIEWED_SHAPES)
    chosen = present[np.linspace(0, len(present) - 1, count).astype(np.intp)]
    west, south, east, north = shapely.total_bounds(chosen)
    tolerance = max(east - west, north - south) * _PREVIEW_TOLERANCE_SHARE
    simple = np.asarray(shapely.simplify(chosen, tolerance if np.isfinite(tolerance) else 0.0), dtype=object)
    fitting = np.cumsum(shapely.get_num_coordinates(simple)) <= _PREVIEWED_VERTICES
    fitting[0] = True
    return simple[fitting]
