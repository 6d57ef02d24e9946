"""Service points of a file: each given its community and grid, then inserted, updated or left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.imports import ImportedServicePoint, LayerOutcome, Rejection, Remark
from gridmap.domain.permissions import Action, Actor, can
from gridmap.domain.placement import Match
from gridmap.storage import imports as store
from gridmap.use_cases.bulk_routing import Progress, placements_of

_CHUNK_LENGTH = 2_000


def import_service_points(
    session: Session,
    actor: Actor,
    rows: Sequence[ImportedServicePoint],
    *,
    scheme_id: int | None,
    day: date,
    valid_from: date,
    progress: Progress,
) -> LayerOutcome:
    """Write points that are new or changed, found again by their code.

    ``day`` is whose map says in which community and grid a point lies; ``scheme_id`` limits it to one scheme.
    """
    rejections: list[Rejection] = []
    remarks: list[Remark] = []
    kept: list[ImportedServicePoint] = []
    area_codes: list[tuple[str | None, str | None]] = []
    points = [(row.lon_deg, row.lat_deg) for row in rows]
    placements = placements_of(session, points, day=day, scheme_id=scheme_id, progress=progress)
    for row, placement in zip(rows, placements, strict=True):
        value = f"{row.lon_deg:.7g}, {row.lat_deg:.7g}"
        if not can(actor, Action.IMPORT_LAYERS, placement.area_code):
            rejections.append(Rejection(row.row_number, "geometry", value, "outside_your_areas"))
            continue
        if placement.match is Match.NONE:
            remarks.append(Remark(row.row_number, "geometry", value, "outside_every_area"))
        kept.append(row)
        area_codes.append((placement.code(AreaLevel.COMMUNITY), placement.code(AreaLevel.GRID)))
    written = store.Written()
    for start in range(0, len(kept), _CHUNK_LENGTH):
        block = slice(start, start + _CHUNK_LENGTH)
        written += store.write_service_points(
            session, kept[block], area_codes=area_codes[block], valid_from=valid_from
        )
        progress("write", min(start + _CHUNK_LENGTH, len(kept)), len(kept))
    return LayerOutcome(
        added=written.added,
        updated=written.updated,
        unchanged=len(kept) - written.added - written.updated,
        rejections=tuple(rejections),
        remarks=tuple(remarks),
        outside_count=len(remarks),
    )
