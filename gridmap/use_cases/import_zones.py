"""Responsibility zones of a file, as versions that hold from a day; the old ones stay for history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.imports import ChangeKind, ImportedZone, LayerOutcome, Rejection, Remark, RowChange
from gridmap.domain.permissions import Action, Actor, can
from gridmap.importing.overviews import label_points_of, overviews_of
from gridmap.storage import import_zones as store
from gridmap.storage.import_changes import note_added, note_before
from gridmap.storage.import_staging import shown_changes
from gridmap.storage.import_tables import ZONE
from gridmap.use_cases.bulk_routing import placements_of
from gridmap.use_cases.import_areas import field_changes
from gridmap.use_cases.import_run import ImportRun, codes_outside_scope


def import_zones(
    session: Session, actor: Actor, rows: Sequence[ImportedZone], run: ImportRun, *, valid_from: date
) -> LayerOutcome:
    """Write zones that are new or changed, found again by their code.

    A zone is the actor's to change if its place, and the stored version's, lie in the actor's areas. Zones
    that are stored and not in the file stay.
    """
    stored = store.find_zones(session, day=valid_from)
    now_stored = {zone.content.code: zone for zone in stored if zone.holds_on(valid_from)}
    begun_later = {zone.content.code for zone in stored if zone.valid_from > valid_from}
    organisations = store.find_organisation_codes(session)
    rejections: list[Rejection] = []
    remarks: list[Remark] = []
    new: list[store.ZoneContent] = []
    successors: dict[int, store.ZoneContent] = {}
    corrected: dict[int, store.ZoneContent] = {}
    changes: list[RowChange] = []
    unchanged = 0
    for row in _permitted(session, actor, rows, now_stored, rejections, day=valid_from):
        if row.code in begun_later:
            rejections.append(Rejection(row.row_number, "code", row.code, "a_later_version_exists"))
            continue
        earlier = now_stored.get(row.code)
        content = _content(row, earlier, run.given, organisations, remarks)
        if earlier is None:
            new.append(content)
            changes.append(RowChange(row.row_number, row.code, ChangeKind.ADDED))
        elif earlier.content == content:
            unchanged += 1
            changes.append(RowChange(row.row_number, row.code, ChangeKind.UNCHANGED))
        else:
            (corrected if earlier.valid_from == valid_from else successors)[earlier.id] = content
            fields = field_changes(earlier.content, content)
            changes.append(RowChange(row.row_number, row.code, ChangeKind.UPDATED, fields))
    if not run.preview and (new or successors or corrected):
        _write(session, now_stored.values(), new, successors, corrected, day=valid_from)
    run.progress("write", len(changes), len(rows))
    return LayerOutcome(
        added=len(new),
        updated=len(successors) + len(corrected),
        unchanged=unchanged,
        rejections=tuple(rejections),
        remarks=tuple(remarks),
        absent_count=len(now_stored.keys() - {row.code for row in rows}),
        changes=shown_changes(changes) if run.preview else (),
    )


def redraw_zones(session: Session, *, day: date) -> None:
    """Draw the zones of a day anew, all together, because neighbours share simplified edges."""
    zones = [zone for zone in store.find_zones(session, day=day) if zone.holds_on(day)]
    overviews = overviews_of([zone.content.boundary for zone in zones], level=AreaLevel.GRID)
    pairs = zip(zones, overviews, strict=True)
    store.redraw(session, {zone.id: overview for zone, overview in pairs if overview != zone.overview})


def _permitted(
    session: Session,
    actor: Actor,
    rows: Sequence[ImportedZone],
    now_stored: Mapping[str, store.StoredZone],
    rejections: list[Rejection],
    *,
    day: date,
) -> list[ImportedZone]:
    if actor.scope.is_everything:
        return list(rows)
    meant = [row.code for row in rows if row.code in now_stored]
    places = label_points_of([now_stored[code].content.boundary for code in meant]) if meant else []
    foreign = codes_outside_scope(session, actor, dict(zip(meant, places, strict=True)), day=day)
    kept: list[ImportedZone] = []
    placements = placements_of(session, [row.place for row in rows], day=day, scheme_id=None)
    for row, placement in zip(rows, placements, strict=True):
        if row.code not in foreign and can(actor, Action.IMPORT_LAYERS, placement.area_code):
            kept.append(row)
        else:
            rejections.append(Rejection(row.row_number, "code", row.code, "outside_your_areas"))
    return kept


def _content(
    row: ImportedZone,
    earlier: store.StoredZone | None,
    given: frozenset[str],
    organisations: set[str],
    remarks: list[Remark],
) -> store.ZoneContent:
    """What the version says; of fields that the file has no column for, what is stored."""
    organisation = row.organisation_code
    if organisation is not None and organisation not in organisations:
        remarks.append(Remark(row.row_number, "organisation_code", organisation, "organisation_unknown"))
        organisation = None
    content = store.ZoneContent(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        organisation_code=organisation,
        boundary=row.boundary,
    )
    if earlier is None:
        return content
    kept = {
        name: getattr(earlier.content, name) for name in ("name_en", "organisation_code") if name not in given
    }
    return replace(content, **kept)


def _write(
    session: Session,
    now_stored: Collection[store.StoredZone],
    new: Sequence[store.ZoneContent],
    successors: dict[int, store.ZoneContent],
    corrected: dict[int, store.ZoneContent],
    *,
    day: date,
) -> None:
    staying = [zone for zone in now_stored if zone.id not in successors and zone.id not in corrected]
    begun = [*new, *successors.values()]
    contents = [*begun, *corrected.values()]
    # Zones are about as large as grids.
    overviews = overviews_of(
        [*(content.boundary for content in contents), *(zone.content.boundary for zone in staying)],
        level=AreaLevel.GRID,
    )
    redrawn = {
        zone.id: overview
        for zone, overview in zip(staying, overviews[len(contents) :], strict=True)
        if overview != zone.overview
    }
    note_before(session, ZONE, [*successors, *corrected, *redrawn])
    store.close_versions(session, list(successors), day=day)
    ids = store.insert_versions(session, list(zip(begun, overviews, strict=False)), day=day)
    note_added(session, ZONE, ids)
    store.correct_versions(
        session,
        {
            id_: (content, overview)
            for (id_, content), overview in zip(corrected.items(), overviews[len(begun) :], strict=False)
        },
    )
    store.redraw(session, redrawn)
