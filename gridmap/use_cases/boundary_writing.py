"""The areas of a draft as new versions: old ones closed, parts hung under their parents, posts carried on.

A version that began on the day itself has not lasted a day: it is corrected in place, or removed where it
ends. Everything that is written over is kept first, so that undoing restores the very rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import shapely
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.boundary_edits import ZONE_LEVEL, ChangeKind, EditedArea
from gridmap.importing.editing import Shape
from gridmap.importing.overviews import label_points_of, overviews_of
from gridmap.storage import boundary_versions as versions
from gridmap.storage import import_areas as area_store
from gridmap.storage.boundary_edits import TouchedVersion
from gridmap.storage.import_areas import AreaContent, NewVersion
from gridmap.use_cases.boundary_editing import Draft
from gridmap.use_cases.boundary_steps import Drawing

_COARSE_TO_FINE = tuple(level.value for level in AreaLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written: enough to take it back, to tell whose it is, and to draw it."""

    before: dict[str, Any]
    touched: tuple[TouchedVersion, ...]
    row_ids: Mapping[str, int]
    """The stored version of every area on the ground that goes on, by key."""
    standing: frozenset[int]
    """The versions that were opened or corrected."""
    uncounted: tuple[str, ...]
    """Keys of areas whose numbers of households and residents are to be registered anew."""


def write_draft(session: Session, draft: Draft, *, keep_posts: Sequence[str]) -> Written:
    """Write what a draft changed, as versions from its day on.

    Parameters
    ----------
    keep_posts : keys of new areas for which the people of the area that they came from stay in charge
    """
    changed = [draft.areas[key] for key in draft.changed]
    day = draft.change.effective_on
    old_codes = {area.key for area in changed if area.base_id is not None}
    base_ids = [area.base_id for area in changed if area.base_id is not None]
    is_zones = draft.change.kind is ChangeKind.ZONES
    before = versions.snapshot(
        session,
        area_ids=() if is_zones else base_ids,
        zone_ids=base_ids if is_zones else (),
        codes=sorted(old_codes | {area.code for area in changed if area.code}),
        day=day,
    )
    writer = _ZoneWriter(session, draft) if is_zones else _AreaWriter(session, draft)
    writer.write(changed)
    before |= {
        "opened_areas": [] if is_zones else writer.opened,
        "opened_zones": writer.opened if is_zones else [],
        "opened_posts": _carry_posts(session, changed, keep_posts=keep_posts, day=day),
    }
    standing = [*writer.opened, *writer.corrected]
    before["written"] = versions.written_versions(
        session, area_ids=() if is_zones else standing, zone_ids=standing if is_zones else ()
    )
    return Written(
        before=before,
        touched=tuple(writer.touched),
        row_ids=writer.row_ids,
        standing=frozenset(standing),
        uncounted=tuple(writer.uncounted),
    )


def redraw(
    session: Session,
    areas: Iterable[EditedArea],
    row_ids: Mapping[str, int],
    *,
    touched: Mapping[str, Shape],
    only: Container[int] | None = None,
) -> dict[int, bytes]:
    """Simplify areas and their neighbours anew, each level together.

    Areas at the rim of the ground keep their outlines: their own neighbours are not at hand.

    Parameters
    ----------
    areas : all that stand on the ground on the day
    touched : by level, the ground where borders changed: areas that touch it are drawn
    only : versions that may be drawn now; None: all

    Returns
    -------
    what stood there before (WKB) by version
    """
    drawing = Drawing.of(areas)
    replaced: dict[int, bytes] = {}
    for level, ground in touched.items():
        shapes = drawing.level(level)
        shapely.prepare(ground)
        wkb = [shapely.to_wkb(shape, byte_order=1) for shape in shapes.values()]
        of_zones = level == ZONE_LEVEL
        tolerance = AreaLevel.MICRO_GRID if of_zones else AreaLevel(level)
        drawn = {
            row_ids[key]: overview
            for (key, shape), overview in zip(shapes.items(), overviews_of(wkb, level=tolerance), strict=True)
            if ground.intersects(shape) and (only is None or row_ids[key] in only)
        }
        stored = versions.find_overviews(session, list(drawn), of_zones=of_zones)
        fresh = {id_: overview for id_, overview in drawn.items() if stored.get(id_) != overview}
        replaced |= {id_: stored[id_] for id_ in fresh}
        if of_zones:
            versions.redraw_zones(session, fresh)
        else:
            area_store.redraw(session, fresh)
    return replaced


def touched_ground(areas: Iterable[EditedArea]) -> dict[str, Shape]:
    """The ground of areas by level."""
    by_level: dict[str, list[Shape]] = defaultdict(list)
    for area in areas:
        by_level[area.level].append(shapely.from_wkb(area.boundary))
    return {level: shapely.union_all(shapes) for level, shapes in by_level.items()}


class _AreaWriter:
    """Writes areas from the coarsest level down, so that parents are there before their parts."""

    def __init__(self, session: Session, draft: Draft) -> None:
        self.session = session
        self.draft = draft
        self.day = draft.change.effective_on
        self.row_ids: dict[str, int] = {
            key: area.base_id
            for key, area in draft.areas.items()
            if area.base_id is not None and not area.is_ended
        }
        self.opened: list[int] = []
        self.corrected: list[int] = []
        self.touched: list[TouchedVersion] = []
        self.uncounted: list[str] = []

    def write(self, changed: Sequence[EditedArea]) -> None:
        replaced = [area for area in changed if area.base_id is not None and self._needs_row(area)]
        closing = [area for area in replaced if not self._began_today(area)]
        removed = [area for area in replaced if self._began_today(area)]
        area_store.close_versions(self.session, [self._base_id(area) for area in closing], day=self.day)
        versions.remove_areas(self.session, [self._base_id(area) for area in removed])
        self.touched += [
            TouchedVersion(level=area.level, row_id=self._base_id(area), code=area.key, what="closed")
            for area in replaced
        ]
        successors: dict[int, int] = {}
        for level in _COARSE_TO_FINE:
            new = [
                area
                for area in changed
                if area.level == level
                and not area.is_ended
                and (area.base_id is None or self._needs_row(area))
            ]
            contents = {area.code: self._content(area) for area in new}
            ids = area_store.insert_versions(
                self.session,
                [_version(None, content) for content in contents.values()],
                scheme_id=self.draft.ground.focus.scheme_id,
                level=level,
                day=self.day,
            )
            for area in new:
                self.row_ids[area.key] = ids[area.code]
                if area.base_id is not None:
                    successors[area.base_id] = ids[area.code]
                self.touched.append(
                    TouchedVersion(level=level, row_id=ids[area.code], code=area.code, what="opened")
                )
            self.opened += ids.values()
            in_place = [
                area
                for area in changed
                if area.level == level and not area.is_ended and area.base_id and not self._needs_row(area)
            ]
            area_store.correct_versions(
                self.session, [_version(area.base_id, self._content(area)) for area in in_place]
            )
            for area in in_place:
                self.corrected.append(self._base_id(area))
                self.touched.append(
                    TouchedVersion(level=level, row_id=self._base_id(area), code=area.code, what="corrected")
                )
        self._adopt(successors)

    def _needs_row(self, area: EditedArea) -> bool:
        """Whether the stored version goes: it lasted before the day, ends, or gets another code."""
        return area.is_ended or area.code != area.key or not self._began_today(area)

    def _began_today(self, area: EditedArea) -> bool:
        return self.draft.ground.areas[area.key].valid_from == self.day

    def _base_id(self, area: EditedArea) -> int:
        assert area.base_id is not None
        return area.base_id

    def _adopt(self, successors: Mapping[int, int]) -> None:
        """Hang parts that did not change themselves under the versions that now stand for their parents."""
        area_store.adopt_children(self.session, successors, day=self.day)
        parents = {
            self.row_ids[area.key]: self.row_ids[area.parent_key]
            for area in self.draft.areas.values()
            if area.key in self.row_ids
            and area.parent_key in self.row_ids
            and (area.parent_key in self.draft.changed or area.key in self.draft.changed)
        }
        versions.set_parents(self.session, parents)

    def _content(self, area: EditedArea) -> AreaContent:
        parent_id = self.row_ids.get(area.parent_key or "")
        stored = self.draft.ground.areas.get(area.key)
        if stored is None:
            self.uncounted.append(area.key)
            return AreaContent(
                code=area.code,
                name=area.name,
                name_en=area.name_en,
                kind="ordinary",
                parent_id=parent_id,
                household_count=None,
                resident_count=None,
                office_phone=None,
                office_hours=None,
                boundary=area.boundary,
            )
        household_count, resident_count = self._counts(area)
        return replace(
            stored.content,
            code=area.code,
            name=area.name,
            name_en=area.name_en,
            parent_id=parent_id if parent_id is not None else stored.content.parent_id,
            household_count=household_count,
            resident_count=resident_count,
            boundary=area.boundary,
        )

    def _counts(self, area: EditedArea) -> tuple[int | None, int | None]:
        """Households and residents: sums where areas were merged whole, unknown where one was split."""
        own = self.draft.ground.areas[area.key].content
        others = [self.draft.areas[key] for key in self.draft.changed if key != area.key]
        shape = shapely.from_wkb(area.boundary)
        merged = [
            self.draft.ground.areas[other.key].content
            for other in others
            if other.is_ended
            and other.level == area.level
            and shape.covers(shapely.from_wkb(other.boundary).representative_point())
        ]
        has_lost_a_piece = any(other.base_id is None and other.posts_from == area.key for other in others)
        if has_lost_a_piece:
            self.uncounted.append(area.key)
            return None, None
        return (
            _sum([own.household_count, *(content.household_count for content in merged)]),
            _sum([own.resident_count, *(content.resident_count for content in merged)]),
        )


class _ZoneWriter:
    """Writes responsibility zones: one level, no parents."""

    def __init__(self, session: Session, draft: Draft) -> None:
        self.session = session
        self.draft = draft
        self.day = draft.change.effective_on
        self.row_ids: dict[str, int] = {
            key: area.base_id
            for key, area in draft.areas.items()
            if area.base_id is not None and not area.is_ended
        }
        self.opened: list[int] = []
        self.corrected: list[int] = []
        self.touched: list[TouchedVersion] = []
        self.uncounted: list[str] = []

    def write(self, changed: Sequence[EditedArea]) -> None:
        stored = self.draft.ground.zones
        in_place = [
            zone
            for zone in changed
            if zone.base_id is not None
            and not zone.is_ended
            and zone.code == zone.key
            and stored[zone.key].valid_from == self.day
        ]
        fresh = [zone for zone in changed if zone not in in_place and not zone.is_ended]
        leaving = [zone for zone in changed if zone.base_id is not None and zone not in in_place]
        lasted = [zone for zone in leaving if stored[zone.key].valid_from < self.day]
        versions.close_zones(self.session, [zone.base_id or 0 for zone in lasted], day=self.day)
        versions.remove_zones(self.session, [zone.base_id or 0 for zone in leaving if zone not in lasted])
        ids = versions.insert_zones(self.session, [self._version(zone, None) for zone in fresh], day=self.day)
        versions.correct_zones(self.session, [self._version(zone, zone.base_id) for zone in in_place])
        self.opened = list(ids.values())
        self.corrected = [zone.base_id or 0 for zone in in_place]
        self.row_ids |= {zone.key: ids[zone.code] for zone in fresh}
        self.touched = [
            *(_touched_zone(zone.base_id or 0, zone.key, "closed") for zone in leaving),
            *(_touched_zone(ids[zone.code], zone.code, "opened") for zone in fresh),
            *(_touched_zone(zone.base_id or 0, zone.code, "corrected") for zone in in_place),
        ]

    def _version(self, zone: EditedArea, row_id: int | None) -> versions.ZoneVersion:
        origin = self.draft.ground.zones.get(zone.key) or self.draft.ground.zones.get(zone.posts_from or "")
        return versions.ZoneVersion(
            id=row_id,
            code=zone.code,
            name=zone.name,
            name_en=zone.name_en,
            # A piece of a zone belongs to the same organisation.
            organisation_code=None if origin is None else origin.organisation_code,
            boundary=zone.boundary,
            overview=zone.boundary,
        )


def _touched_zone(row_id: int, code: str, what: str) -> TouchedVersion:
    return TouchedVersion(level=ZONE_LEVEL, row_id=row_id, code=code, what=what)


def _version(row_id: int | None, content: AreaContent) -> NewVersion:
    """A version that is drawn by its boundary until :func:`redraw` has simplified it with its neighbours."""
    (label_point,) = label_points_of([content.boundary])
    return NewVersion(id=row_id, content=content, overview=content.boundary, label_point=label_point)


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _carry_posts(
    session: Session, changed: Sequence[EditedArea], *, keep_posts: Sequence[str], day: date
) -> list[int]:
    """People go along with an area that gets another code; posts of areas that end, end."""
    moves = [
        (area.key, area.code)
        for area in changed
        if area.base_id is not None and not area.is_ended and area.code != area.key
    ]
    ending = [area.key for area in changed if area.base_id is not None and area.is_ended]
    ending += [source for source, _ in moves]
    moves += [
        (area.posts_from, area.code)
        for area in changed
        if area.base_id is None and area.posts_from is not None and area.key in keep_posts
    ]
    return versions.move_posts(session, moves, ending=ending, day=day)


def areas_before_and_after(draft: Draft) -> list[EditedArea]:
    """The changed areas as they were and as they are."""
    return [
        area
        for key in draft.changed
        for area in (draft.ground.base.get(key), draft.areas[key])
        if area is not None
    ]
