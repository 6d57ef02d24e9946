"""Areas of one level into a grid scheme: codes found or proposed, parents found, versions kept.

A changed area closes its old version on the day from which the new one holds; the old one stays for history.
Areas that are stored and not in the file are left alone.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import (
    MAX_GRIDS_PER_COMMUNITY,
    MAX_MICRO_GRIDS_PER_GRID,
    UPPER_LEVEL,
    AreaLevel,
    InvalidAreaCode,
    grid_code,
    micro_grid_code,
    parent_code,
    reading_order,
    validate,
)
from gridmap.domain.imports import (
    ChangeKind,
    ImportedArea,
    LayerOutcome,
    Rejection,
    Remark,
    RowChange,
)
from gridmap.domain.permissions import Action, Actor, can
from gridmap.importing.overviews import label_points_of, overviews_of
from gridmap.importing.snapping import snap_boundaries
from gridmap.storage import import_areas as store
from gridmap.storage.import_changes import note_added, note_before
from gridmap.storage.import_staging import shown_changes
from gridmap.storage.import_tables import AREA
from gridmap.use_cases.import_run import ImportRun
from gridmap.use_cases.topology import check_stored

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# The digits that a proposed code begins with, before its own sequence.
_PREFIX_LENGTH = {
    AreaLevel.SUBDISTRICT: 6,
    AreaLevel.COMMUNITY: 9,
    AreaLevel.GRID: 12,
    AreaLevel.MICRO_GRID: 14,
}
_LARGEST_SEQUENCE = {
    AreaLevel.SUBDISTRICT: 999,
    AreaLevel.COMMUNITY: 999,
    AreaLevel.GRID: MAX_GRIDS_PER_COMMUNITY,
    AreaLevel.MICRO_GRID: MAX_MICRO_GRIDS_PER_GRID,
}


def import_areas(
    session: Session,
    actor: Actor,
    rows: Sequence[ImportedArea],
    run: ImportRun,
    *,
    level: AreaLevel,
    scheme_id: int,
    code_prefix: str,
    valid_from: date,
    snap_m: float | None = None,
    check_topology: bool = True,
) -> LayerOutcome:
    """Write areas that are new or changed, as versions that hold from ``valid_from``.

    Parameters
    ----------
    rows : all of ``level``, with distinct codes or none
    code_prefix : the first digits of the codes proposed for areas without one; empty: their parent's code
    snap_m : bring boundaries that are as near as this to those of their neighbours, in the file and stored
    check_topology : say where the areas of the file leave gaps or overlap, also with stored neighbours
    """
    stored = store.find_level(session, scheme_id=scheme_id, level=level.value, day=valid_from)
    now_stored = {area.content.code: area for area in stored if area.holds_on(valid_from)}
    begun_later = {area.content.code for area in stored if area.valid_from > valid_from}
    findings = _Findings()
    labels = dict(zip([row.row_number for row in rows], _labels(rows), strict=True))
    uppers = _Uppers.load(
        session, scheme_id=scheme_id, level=level, day=valid_from, labels=list(labels.values())
    )
    coded = _with_valid_codes(rows, level, findings)
    named = _with_codes_of_the_same_name(coded, now_stored, labels, code_prefix)
    taken = set(store.find_codes(session, scheme_id=scheme_id, level=level.value))
    complete = _with_proposed_codes(
        named, level, uppers=uppers, labels=labels, taken=taken, prefix=code_prefix, findings=findings
    )
    permitted = _permitted(complete, actor, begun_later, findings)
    if snap_m is not None:
        run.progress("snap", 0, len(permitted))
        permitted = _snapped(permitted, now_stored, snap_m, findings)
    contents = {
        row.row_number: _content(
            row,
            uppers.parent_id(row, labels[row.row_number], findings),
            earlier=now_stored.get(row.code or ""),
            given=run.given,
        )
        for row in permitted
    }
    plan = _Plan.make(list(contents.values()), now_stored, valid_from=valid_from)
    run.progress("draw", 0, len(contents))
    if not run.preview or check_topology:  # the caller takes a preview's rows back
        _write(session, plan, now_stored, level=level, scheme_id=scheme_id, day=valid_from)
    run.progress("write", len(contents), len(contents))
    codes = {content.code for content in contents.values()}
    topology = None
    if check_topology:
        run.progress("topology", 0, len(contents))
        topology = check_stored(
            session, scheme_id=scheme_id, level=level, day=valid_from, is_wanted=codes.__contains__
        )
    return LayerOutcome(
        added=len(plan.new),
        updated=len(plan.successors) + len(plan.corrected),
        unchanged=plan.unchanged_count,
        rejections=tuple(findings.rejections),
        remarks=tuple(findings.remarks),
        absent_count=len(now_stored.keys() - codes),
        changes=_changes(contents, now_stored) if run.preview else (),
        topology=topology,
    )


def redraw_level(session: Session, *, scheme_id: int, level: str, day: date) -> None:
    """Draw the areas of one level anew, all together, because neighbours share simplified edges."""
    areas = [
        area
        for area in store.find_level(session, scheme_id=scheme_id, level=level, day=day)
        if area.holds_on(day)
    ]
    overviews = overviews_of([area.content.boundary for area in areas], level=AreaLevel(level))
    pairs = zip(areas, overviews, strict=True)
    store.redraw(session, {area.id: overview for area, overview in pairs if overview != area.overview})


_Content = TypeVar("_Content", bound="DataclassInstance")


def field_changes(before: _Content, after: _Content) -> dict[str, tuple[str, str]]:
    """What differs between two contents, field by field as text; a boundary by its centre and size."""
    changes: dict[str, tuple[str, str]] = {}
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old == new or field.name == "parent_id":
            continue
        if field.name == "boundary":
            changes["geometry"] = (_shown_boundary(old), _shown_boundary(new))
        else:
            changes[field.name] = ("" if old is None else str(old), "" if new is None else str(new))
    return changes


def _shown_boundary(boundary: bytes) -> str:
    shape = shapely.from_wkb(boundary)
    centre = shape.centroid
    # Square metres near enough for a word: a degree of longitude shrinks with the cosine of the latitude.
    area_m2 = shape.area * 111_320.0**2 * math.cos(math.radians(centre.y))
    return f"{centre.x:.6f}, {centre.y:.6f} · {area_m2:.0f} m²"


def _changes(
    contents: Mapping[int, store.AreaContent], now_stored: Mapping[str, store.StoredArea]
) -> tuple[RowChange, ...]:
    changes: list[RowChange] = []
    for row_number, content in contents.items():
        earlier = now_stored.get(content.code)
        if earlier is None:
            changes.append(RowChange(row_number, content.code, ChangeKind.ADDED))
        elif earlier.content == content:
            changes.append(RowChange(row_number, content.code, ChangeKind.UNCHANGED))
        else:
            changed = field_changes(earlier.content, content)
            changes.append(RowChange(row_number, content.code, ChangeKind.UPDATED, changed))
    return shown_changes(changes)


class _Findings:
    def __init__(self) -> None:
        self.rejections: list[Rejection] = []
        self.remarks: list[Remark] = []

    def reject(self, row: ImportedArea, field: str, value: str, reason_code: str) -> None:
        self.rejections.append(Rejection(row.row_number, field, value, reason_code))

    def remark(self, row: ImportedArea, field: str, value: str, reason_code: str) -> None:
        self.remarks.append(Remark(row.row_number, field, value, reason_code))


class _Uppers:
    """The areas one level up on the day, by code and by the label points that they hold."""

    def __init__(self, areas: Sequence[store.StoredArea], labels: Sequence[tuple[float, float]]) -> None:
        self._areas = sorted(areas, key=lambda area: area.content.code)
        self._by_code = {area.content.code: area for area in self._areas}
        shapes: Any = shapely.from_wkb(
            np.array([area.content.boundary for area in self._areas], dtype=object)
        )
        self._holders: dict[tuple[float, float], store.StoredArea] = {}
        if self._areas and labels:
            points: Any = shapely.points(np.array(labels))
            found = shapely.STRtree(shapes).query(points, predicate="intersects")
            # Of several the lowest code: it is written last.
            for label, area in sorted(found.T.tolist(), reverse=True):
                self._holders[labels[label]] = self._areas[area]

    @classmethod
    def load(
        cls,
        session: Session,
        *,
        scheme_id: int,
        level: AreaLevel,
        day: date,
        labels: Sequence[tuple[float, float]],
    ) -> _Uppers:
        upper = UPPER_LEVEL.get(level)
        if upper is None:
            return cls([], labels)
        stored = store.find_level(session, scheme_id=scheme_id, level=upper.value, day=day)
        return cls([area for area in stored if area.holds_on(day)], labels)

    def at(self, label: tuple[float, float]) -> store.StoredArea | None:
        """The upper area that holds this label point; of several the lowest code."""
        return self._holders.get(label)

    def parent_id(self, row: ImportedArea, label: tuple[float, float], findings: _Findings) -> int | None:
        """The parent that the file names, or that the code names, or that holds the area."""
        holder = self.at(label)
        named = self._by_code.get(row.parent_code or "") or self._by_code.get(
            parent_code(row.code or "") or ""
        )
        chosen = named or holder
        if chosen is None:
            if self._areas:
                findings.remark(row, "parent_code", row.parent_code or "", "no_parent")
            return None
        if holder is not chosen:
            findings.remark(row, "geometry", chosen.content.code, "outside_parent")
        return chosen.id


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to write: new areas, successors of closed versions, corrections of versions of the same day."""

    new: list[store.AreaContent]
    successors: dict[int, store.AreaContent]
    corrected: dict[int, store.AreaContent]
    unchanged_count: int

    @classmethod
    def make(
        cls,
        contents: Sequence[store.AreaContent],
        now_stored: Mapping[str, store.StoredArea],
        *,
        valid_from: date,
    ) -> _Plan:
        plan = cls([], {}, {}, 0)
        unchanged = 0
        for content in contents:
            earlier = now_stored.get(content.code)
            if earlier is None:
                plan.new.append(content)
            elif earlier.content == content:
                unchanged += 1
            elif earlier.valid_from == valid_from:
                plan.corrected[earlier.id] = content
            else:
                plan.successors[earlier.id] = content
        return replace(plan, unchanged_count=unchanged)

    @property
    def changes_nothing(self) -> bool:
        return not (self.new or self.successors or self.corrected)


def _write(
    session: Session,
    plan: _Plan,
    now_stored: Mapping[str, store.StoredArea],
    *,
    level: AreaLevel,
    scheme_id: int,
    day: date,
) -> None:
    """Write the plan, and draw the whole level anew, because neighbours share simplified edges."""
    if plan.changes_nothing:
        return
    replaced = plan.successors.keys() | plan.corrected.keys()
    staying = [area for area in now_stored.values() if area.id not in replaced]
    changed: list[tuple[int | None, store.AreaContent]] = [
        *((None, content) for content in plan.new),
        *((None, content) for content in plan.successors.values()),
        *plan.corrected.items(),
    ]
    boundaries = [content.boundary for _, content in changed]
    overviews = overviews_of([*boundaries, *(area.content.boundary for area in staying)], level=level)
    versions = [
        store.NewVersion(id=id_, content=content, overview=overview, label_point=label)
        for (id_, content), overview, label in zip(
            changed, overviews[: len(changed)], label_points_of(boundaries), strict=True
        )
    ]
    redrawn = {
        area.id: drawn
        for area, drawn in zip(staying, overviews[len(changed) :], strict=True)
        if drawn != area.overview
    }
    children = store.find_children(session, list(plan.successors), day=day)
    note_before(session, AREA, [*replaced, *redrawn, *children])
    store.close_versions(session, list(plan.successors), day=day)
    ids = store.insert_versions(
        session, [v for v in versions if v.id is None], scheme_id=scheme_id, level=level.value, day=day
    )
    note_added(session, AREA, ids.values())
    store.correct_versions(session, [version for version in versions if version.id is not None])
    store.redraw(session, redrawn)
    store.adopt_children(
        session, {old: ids[content.code] for old, content in plan.successors.items()}, day=day
    )


def _labels(rows: Sequence[ImportedArea]) -> list[tuple[float, float]]:
    return label_points_of([row.boundary for row in rows]) if rows else []


def _with_valid_codes(
    rows: Sequence[ImportedArea], level: AreaLevel, findings: _Findings
) -> list[ImportedArea]:
    kept: list[ImportedArea] = []
    for row in rows:
        try:
            if row.code is not None:
                validate(row.code, level)
            kept.append(row)
        except InvalidAreaCode as error:
            findings.reject(row, "code", f"{row.code} ({error.reason})", "code_does_not_fit_level")
    return kept


def _with_codes_of_the_same_name(
    rows: Sequence[ImportedArea],
    now_stored: Mapping[str, store.StoredArea],
    labels: Mapping[int, tuple[float, float]],
    prefix: str,
) -> list[ImportedArea]:
    """Recognise areas without a code: the same name, and of several the one at the same place.

    A single area of that name is the same area even if it moved away from its old place.
    """
    claimed = {row.code for row in rows if row.code is not None}
    by_name: dict[str, list[store.StoredArea]] = defaultdict(list)
    for code, area in now_stored.items():
        if code.startswith(prefix) and code not in claimed:
            by_name[area.content.name].append(area)
    name_counts = Counter(row.name for row in rows if row.code is None)
    named: list[ImportedArea] = []
    for row in rows:
        candidates = by_name.get(row.name, []) if row.code is None else []
        if not candidates:
            named.append(row)
            continue
        here = shapely.Point(labels[row.row_number])
        found = next((area for area in candidates if area.content.boundary == row.boundary), None)
        found = found or next(
            (area for area in candidates if shapely.from_wkb(area.content.boundary).intersects(here)), None
        )
        if found is None and len(candidates) == 1 == name_counts[row.name]:
            found = candidates[0]
        if found is None:
            named.append(row)
            continue
        candidates.remove(found)
        named.append(replace(row, code=found.content.code))
    return named


def _with_proposed_codes(
    rows: Sequence[ImportedArea],
    level: AreaLevel,
    *,
    uppers: _Uppers,
    labels: Mapping[int, tuple[float, float]],
    taken: set[str],
    prefix: str,
    findings: _Findings,
) -> list[ImportedArea]:
    """Give codes to areas without one, in reading order (north to south, west to east) under each parent.

    A code that was ever used is not used again.
    """
    taken = taken | {row.code for row in rows if row.code is not None}
    groups: dict[str, list[ImportedArea]] = defaultdict(list)
    for row in rows:
        if row.code is None:
            groups[_prefix_of(row, level, uppers, labels[row.row_number], prefix)].append(row)
    proposed: dict[int, str] = {}
    for start, group in groups.items():
        refusal = _prefix_refusal(start, level)
        if refusal is not None:
            for row in group:
                findings.reject(row, "code", start or row.name, refusal)
            continue
        codes = (
            code
            for number in range(1, _LARGEST_SEQUENCE[level] + 1)
            if (code := _code(level, start, number)) not in taken
        )
        points = [labels[row.row_number] for row in group]
        for index in reading_order(points, row_height=_usual_height(group)):
            row = group[index]
            code = next(codes, None)
            if code is None:
                findings.reject(row, "code", start, "no_code_left")
                continue
            proposed[row.row_number] = code
            findings.remark(row, "code", code, "code_proposed")
    complete = [
        row if row.code is not None else replace(row, code=proposed.get(row.row_number)) for row in rows
    ]
    return [row for row in complete if row.code is not None]


def _prefix_of(
    row: ImportedArea, level: AreaLevel, uppers: _Uppers, label: tuple[float, float], prefix: str
) -> str:
    if prefix:
        return prefix
    named = row.parent_code
    if named is None:
        holder = uppers.at(label)
        named = "" if holder is None else holder.content.code
    return named[: _PREFIX_LENGTH[level]]


def _prefix_refusal(start: str, level: AreaLevel) -> str | None:
    """Why no code can be made of these first digits, or None."""
    if not start:
        return "no_code_and_no_parent"
    try:
        validate(_code(level, start, 1), level)
    except InvalidAreaCode:
        return "code_prefix_does_not_fit"
    return None


def _code(level: AreaLevel, start: str, number: int) -> str:
    if level is AreaLevel.GRID:
        return grid_code(start, number)
    if level is AreaLevel.MICRO_GRID:
        return micro_grid_code(f"{start}0", number)
    return f"{start}{number:03d}"


def _usual_height(rows: Sequence[ImportedArea]) -> float:
    """Half the usual height of these areas: what still counts as the same row of a page."""
    bounds = shapely.bounds(shapely.from_wkb(np.array([row.boundary for row in rows], dtype=object)))
    return max(float(np.median(bounds[:, 3] - bounds[:, 1])) / 2, 1e-9)


def _permitted(
    rows: Sequence[ImportedArea], actor: Actor, begun_later: set[str], findings: _Findings
) -> list[ImportedArea]:
    kept: list[ImportedArea] = []
    for row in rows:
        if not can(actor, Action.IMPORT_LAYERS, row.code):
            findings.reject(row, "code", row.code or "", "outside_your_areas")
        elif row.code in begun_later:
            findings.reject(row, "code", row.code or "", "a_later_version_exists")
        else:
            kept.append(row)
    return kept


def _snapped(
    rows: Sequence[ImportedArea],
    now_stored: Mapping[str, store.StoredArea],
    snap_m: float,
    findings: _Findings,
) -> list[ImportedArea]:
    """Bring the rows' boundaries together; stored neighbours that are not in the file stay as they are."""
    codes = {row.code for row in rows}
    staying = [area.content.boundary for code, area in now_stored.items() if code not in codes]
    snapped = snap_boundaries([row.boundary for row in rows], tolerance_m=snap_m, fixed=staying)
    for row, result in zip(rows, snapped, strict=True):
        if result.left_because is not None:
            findings.remark(row, "geometry", result.left_because, "not_snapped")
        elif result.boundary != row.boundary:
            moved = f"{result.moved_m:.2f} m, {result.area_change_m2:+.1f} m²"
            findings.remark(row, "geometry", moved, "snapped")
    return [replace(row, boundary=result.boundary) for row, result in zip(rows, snapped, strict=True)]


# A file without a column for these leaves them as they are stored.
_KEPT_UNLESS_GIVEN = (
    *("name_en", "kind", "household_count", "resident_count", "office_phone", "office_hours"),
)


def _content(
    row: ImportedArea, parent_id: int | None, *, earlier: store.StoredArea | None, given: frozenset[str]
) -> store.AreaContent:
    content = store.AreaContent(
        code=row.code or "",
        name=row.name,
        name_en=row.name_en,
        kind=row.kind,
        parent_id=parent_id,
        household_count=row.household_count,
        resident_count=row.resident_count,
        office_phone=row.office_phone,
        office_hours=row.office_hours,
        boundary=row.boundary,
    )
    if earlier is None:
        return content
    kept = {name: getattr(earlier.content, name) for name in _KEPT_UNLESS_GIVEN if name not in given}
    return replace(content, **kept)
