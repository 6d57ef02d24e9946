"""Service points of a file: each given its community and grid, then inserted, updated or left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.imports import ImportedServicePoint, LayerOutcome, Rejection, Remark
from gridmap.domain.permissions import Action, Actor, can
from gridmap.domain.placement import Match
from gridmap.storage.import_rows import service_point_rows
from gridmap.storage.import_tables import SERVICE_POINT
from gridmap.storage.imports import find_places
from gridmap.use_cases.bulk_routing import placements_of
from gridmap.use_cases.import_run import ImportRun, codes_outside_scope, write_in_blocks

# What follows from a point's place and name, whether or not the file has a column for it.
_FOLLOWING = ("location", "community_code", "grid_code", "search_key")


def import_service_points(
    session: Session,
    actor: Actor,
    rows: Sequence[ImportedServicePoint],
    run: ImportRun,
    *,
    scheme_id: int | None,
    day: date,
    valid_from: date,
) -> LayerOutcome:
    """Write points that are new or changed, found again by their code.

    ``day`` is whose map says in which community and grid a point lies; ``scheme_id`` limits it to one scheme.
    """
    rejections: list[Rejection] = []
    remarks: list[Remark] = []
    kept: list[ImportedServicePoint] = []
    area_codes: list[tuple[str | None, str | None]] = []
    points = [(row.lon_deg, row.lat_deg) for row in rows]
    placements = placements_of(session, points, day=day, scheme_id=scheme_id, progress=run.progress)
    stored = find_places(session, SERVICE_POINT, [row.code for row in rows])
    foreign = codes_outside_scope(session, actor, stored, day=day)
    for row, placement in zip(rows, placements, strict=True):
        value = f"{row.lon_deg:.7g}, {row.lat_deg:.7g}"
        if row.code in foreign or not can(actor, Action.IMPORT_LAYERS, placement.area_code):
            rejections.append(Rejection(row.row_number, "geometry", value, "outside_your_areas"))
            continue
        if placement.match is Match.NONE:
            remarks.append(Remark(row.row_number, "geometry", value, "outside_every_area"))
        kept.append(row)
        area_codes.append((placement.code(AreaLevel.COMMUNITY), placement.code(AreaLevel.GRID)))
    block = service_point_rows(kept, area_codes=area_codes, valid_from=valid_from)
    given = {*_FOLLOWING, *("category_code" if name == "category" else name for name in run.given)}
    written = write_in_blocks(session, run, SERVICE_POINT, block, given=given)
    return LayerOutcome(
        added=written.added,
        updated=written.updated,
        unchanged=len(kept) - written.added - written.updated,
        rejections=tuple(rejections),
        remarks=tuple(remarks),
        outside_count=len(remarks),
        changes=written.changes,
    )
