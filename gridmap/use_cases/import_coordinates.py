"""Step 3 of the import wizard: the systems that a file may be in, each with a sample that can be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.domain.import_choices import ImportChoices
from gridmap.domain.import_drafts import CoordinateChoice, CoordinateChoices, CoordinateReason, ImportDraft
from gridmap.domain.permissions import Actor
from gridmap.importing.checks import GEOMETRY_WORDS
from gridmap.importing.columns import PLACE_FIELDS, Layer
from gridmap.importing.datum import parse_crs, source_crs, to_wgs84
from gridmap.importing.datum_evidence import CandidateSystem, DatumReason
from gridmap.importing.tables import ReadLimits
from gridmap.storage import import_drafts as store
from gridmap.use_cases.import_drafts import read_source
from gridmap.use_cases.import_evidence import CoordinatesRequest, weigh_coordinates
from gridmap.use_cases.imports import AS_STATED, SHAPES

_SAMPLE_LENGTH = 200


def weigh_draft(
    session: Session, actor: Actor, draft: ImportDraft, path: Path, *, limits: ReadLimits, now: datetime
) -> CoordinateChoices:
    """Weigh the systems that the file may be in, once for each revision of the choices.

    Raises
    ------
    NotSignedIn, NotAllowed
    ImportRefused
        The file cannot be read.
    """
    choices = draft.choices
    layer = Layer(choices.layer)
    weighed = weigh_coordinates(
        session,
        actor,
        CoordinatesRequest(
            path=path,
            name_header=draft.content.recognised.get("name") if layer is Layer.AREAS else None,
            scheme_code=choices.scheme_code,
            encoding=choices.encoding,
            source_layer=choices.source_layer,
            geometry_words=GEOMETRY_WORDS[SHAPES[layer]],
            place_columns={name: header for name, header in choices.columns.items() if name in PLACE_FIELDS},
            limits=limits,
        ),
        now=now,
    )
    evidence = weighed.evidence
    found = tuple(_choice(preview.system, preview.shapes) for preview in weighed.previews)
    systems = [preview.system for preview in weighed.previews]
    coordinates = CoordinateChoices(
        choices=found,
        preselected=systems.index(evidence.preselected) if evidence.preselected in systems else None,
        stated=evidence.stated,
        reasons=tuple(_reason(reason, {}) for reason in evidence.reasons),
    )
    store.save_coordinates(session, draft.id, revision=draft.revision, coordinates=coordinates)
    return coordinates


def with_system(
    coordinates: CoordinateChoices,
    path: Path,
    choices: ImportChoices,
    *,
    crs: str,
    swap_axes: bool,
    limits: ReadLimits,
) -> CoordinateChoices:
    """The same with one more system that a person named; one that is there already is not added.

    Raises
    ------
    CrsUnknown
        There is no such system.
    ImportRefused
        The file cannot be read.
    """
    if coordinates.place_of(crs, swap_axes=swap_axes) is not None:
        return coordinates
    table = read_source(path, choices, limits)
    source = source_crs(table, None) if crs == AS_STATED else parse_crs(crs, origin="declared")
    geometry = np.empty(0, dtype=object) if table.geometry is None else table.geometry
    present = geometry[~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)]
    count = min(len(present), _SAMPLE_LENGTH)
    chosen = present[np.linspace(0, len(present) - 1, count).astype(np.intp)] if count else present
    drawn = to_wgs84(chosen, source, swap_axes=swap_axes)
    usable = drawn[np.isfinite(shapely.bounds(drawn)).all(axis=1)] if count else drawn
    added = CoordinateChoice(
        crs=crs,
        name=source.name,
        swap_axes=swap_axes,
        inside_share=None,
        shift_m=None,
        sample=tuple(shapely.to_wkb(usable, hex=True, byte_order=1).tolist()),
    )
    return replace(coordinates, choices=(*coordinates.choices, added))


def _choice(system: CandidateSystem, shapes: tuple[bytes, ...]) -> CoordinateChoice:
    return CoordinateChoice(
        crs=AS_STATED if system.is_stated else system.crs,
        name=system.crs,
        swap_axes=system.swap_axes,
        inside_share=system.inside_share,
        shift_m=system.shift_m,
        reasons=tuple(_reason(reason, system.figures) for reason in system.reasons),
        sample=tuple(shape.hex() for shape in shapes),
    )


def _reason(reason: DatumReason, figures: Mapping[str, object]) -> CoordinateReason:
    return CoordinateReason(reason.value, {name: str(value) for name, value in figures.items()})
