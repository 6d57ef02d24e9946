"""Buildings, compounds and gates of a file: each given its compound or community, then written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.imports import (
    ImportedBuildings,
    ImportedCompound,
    ImportedGate,
    LayerOutcome,
    Rejection,
    Remark,
)
from gridmap.domain.permissions import Action, Actor, can
from gridmap.domain.placement import Placement
from gridmap.importing.overviews import label_points_of
from gridmap.importing.rows import ParsedRows
from gridmap.storage import import_rows
from gridmap.storage.import_staging import Written, shown_changes
from gridmap.storage.import_tables import BUILDING, COMPOUND, COMPOUND_GATE
from gridmap.storage.imports import find_compounds, find_places
from gridmap.use_cases.bulk_routing import placements_of
from gridmap.use_cases.import_run import ImportRun, codes_outside_scope, load_rows, write_in_blocks

# A gate stands on its compound's edge, drawn by somebody else with another ruler.
_GATE_REACH_DEG = 3e-4


def import_buildings(
    session: Session,
    actor: Actor,
    blocks: Iterable[ParsedRows[ImportedBuildings]],
    run: ImportRun,
    *,
    row_count: int,
    day: date,
) -> LayerOutcome:
    """Write buildings that are new or changed, found again by their code, block by block.

    A building whose compound the file does not name, or names wrongly, gets the one that it stands in; one
    that is stored keeps its compound unless the file names another.
    """
    compounds = _Compounds.load(session)
    given = {"footprint", *(run.given & set(BUILDING.content))}
    if run.given & {"street", "house_number"}:
        given.add("address")
    outcome = LayerOutcome()

    def write(block: ParsedRows[ImportedBuildings]) -> LayerOutcome:
        rejections, remarks = list(block.rejections), list(block.remarks)
        written, kept_count = Written(), 0
        for buildings in block.rows:
            rows = _permitted(session, actor, buildings, rejections, day=day)
            codes = compounds.of_buildings(rows, remarks)
            written += load.write(import_rows.building_rows(rows, compound_codes=codes), given=given)
            kept_count += len(rows)
        return _outcome(written, kept_count, rejections, remarks)

    # A block is read while the database writes the one before; one thread at a time has the session.
    with load_rows(session, run, BUILDING, row_count=row_count) as load, ThreadPoolExecutor(1) as writer:
        pending: deque[Future[LayerOutcome]] = deque()
        for block in blocks:
            if pending:
                outcome = _joined(outcome, pending.popleft().result())
                run.progress("write", outcome.row_count, row_count)
            pending.append(writer.submit(write, block))
        for last in pending:
            outcome = _joined(outcome, last.result())
            run.progress("write", outcome.row_count, row_count)
    return outcome


def import_compounds(
    session: Session, actor: Actor, rows: Sequence[ImportedCompound], run: ImportRun, *, day: date
) -> LayerOutcome:
    """Write compounds that are new or changed; each lies in the community that the file or its place says."""
    rejections: list[Rejection] = []
    remarks: list[Remark] = []
    kept: list[ImportedCompound] = []
    codes: list[str] = []
    stored = find_places(session, COMPOUND, [row.code for row in rows])
    foreign = codes_outside_scope(session, actor, stored, day=day)
    for row, placement in zip(rows, _placements(session, [row.place for row in rows], day), strict=True):
        if row.code in foreign or not can(actor, Action.IMPORT_LAYERS, placement.area_code):
            rejections.append(_outside(row.row_number, row.place))
            continue
        by_place = placement.code(AreaLevel.COMMUNITY)
        if by_place is None and row.community_code is None:
            remarks.append(Remark(row.row_number, "geometry", _shown(row.place), "outside_every_area"))
        kept.append(row)
        codes.append(row.community_code or by_place or "")
    given = {"boundary", "community_code", *(run.given & set(COMPOUND.content))}
    block = import_rows.compound_rows(kept, community_codes=codes)
    written = write_in_blocks(session, run, COMPOUND, block, given=given)
    return _outcome(written, len(kept), rejections, remarks)


def import_gates(
    session: Session, actor: Actor, rows: Sequence[ImportedGate], run: ImportRun, *, day: date
) -> LayerOutcome:
    """Write gates that are new or renamed; one that is near no compound is refused."""
    compounds = _Compounds.load(session)
    rejections: list[Rejection] = []
    kept: list[ImportedGate] = []
    codes: list[str] = []
    known: set[tuple[str, float, float]] = set()
    points = [(row.lon_deg, row.lat_deg) for row in rows]
    for row, point, placement in zip(rows, points, _placements(session, points, day), strict=True):
        if not can(actor, Action.IMPORT_LAYERS, placement.area_code):
            rejections.append(_outside(row.row_number, point))
            continue
        code = row.compound_code if row.compound_code in compounds.codes else compounds.nearest(point)
        if code is None:
            rejections.append(Rejection(row.row_number, "compound_code", _shown(point), "no_compound_near"))
        elif (code, *point) in known:
            rejections.append(Rejection(row.row_number, "geometry", _shown(point), "duplicate"))
        else:
            known.add((code, *point))
            kept.append(row)
            codes.append(code)
    block = import_rows.gate_rows(kept, compound_codes=codes)
    written = write_in_blocks(session, run, COMPOUND_GATE, block, given=run.given & {"name"})
    return _outcome(written, len(kept), rejections, [])


class _Compounds:
    """The stored compounds by code and by place."""

    def __init__(self, stored: Sequence[tuple[str, bytes]]) -> None:
        self._codes = [code for code, _ in stored]
        self.codes = frozenset(self._codes)
        self._tree = shapely.STRtree(
            shapely.from_wkb(np.array([boundary for _, boundary in stored], dtype=object))
        )

    @classmethod
    def load(cls, session: Session) -> _Compounds:
        return cls(find_compounds(session))

    def of_buildings(self, rows: ImportedBuildings, remarks: list[Remark]) -> list[str | None]:
        """Each one's compound: as the file says, else where it stands; of several the lowest code."""
        if not self.codes and not any(rows.compound_codes):
            return [None] * len(rows)
        by_place: dict[int, str] = {}
        if self.codes and len(rows):
            points = shapely.points(np.array(label_points_of(rows.footprints)))
            found = self._tree.query(points, predicate="intersects")
            for place, compound in sorted(found.T.tolist(), reverse=True):
                by_place[place] = self._codes[compound]
        codes: list[str | None] = []
        for place, named in enumerate(rows.compound_codes):
            if named is not None and named not in self.codes:
                remarks.append(Remark(rows.row_numbers[place], "compound_code", named, "compound_unknown"))
            codes.append(named if named in self.codes else by_place.get(place))
        return codes

    def nearest(self, point: tuple[float, float]) -> str | None:
        """The nearest compound within some thirty metres."""
        if not self.codes:
            return None
        found = self._tree.query_nearest(shapely.Point(point), max_distance=_GATE_REACH_DEG)
        return self._codes[int(min(found))] if len(found) else None


def _permitted(
    session: Session,
    actor: Actor,
    rows: ImportedBuildings,
    rejections: list[Rejection],
    *,
    day: date,
) -> ImportedBuildings:
    """The buildings in the actor's areas; who works everywhere needs no look at where each stands."""
    if actor.scope.is_everything:
        return rows
    stored = find_places(session, BUILDING, rows.codes)
    foreign = codes_outside_scope(session, actor, stored, day=day)
    places = label_points_of(rows.footprints)
    kept: list[int] = []
    for place, placement in enumerate(_placements(session, places, day)):
        if rows.codes[place] not in foreign and can(actor, Action.IMPORT_LAYERS, placement.area_code):
            kept.append(place)
        else:
            rejections.append(_outside(rows.row_numbers[place], places[place]))
    return rows.chosen(kept)


def _placements(session: Session, points: Sequence[tuple[float, float]], day: date) -> Iterable[Placement]:
    return placements_of(session, points, day=day, scheme_id=None)


def _outcome(
    written: Written, kept_count: int, rejections: Sequence[Rejection], remarks: Sequence[Remark]
) -> LayerOutcome:
    return LayerOutcome(
        added=written.added,
        updated=written.updated,
        unchanged=kept_count - written.added - written.updated,
        rejections=tuple(rejections),
        remarks=tuple(remarks),
        changes=written.changes,
    )


def _joined(some: LayerOutcome, more: LayerOutcome) -> LayerOutcome:
    return LayerOutcome(
        added=some.added + more.added,
        updated=some.updated + more.updated,
        unchanged=some.unchanged + more.unchanged,
        rejections=some.rejections + more.rejections,
        remarks=some.remarks + more.remarks,
        changes=shown_changes(some.changes + more.changes),
    )


def _outside(row_number: int, point: tuple[float, float]) -> Rejection:
    return Rejection(row_number, "geometry", _shown(point), "outside_your_areas")


def _shown(point: tuple[float, float]) -> str:
    return f"{point[0]:.7g}, {point[1]:.7g}"
