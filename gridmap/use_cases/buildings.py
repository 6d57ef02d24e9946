"""The writes on buildings and compounds; each is one transaction of its caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy.orm import Session

from gridmap.domain.buildings import (
    FOOTPRINT_AREA_M2,
    BuildingDetails,
    CompoundDetails,
    FootprintChange,
    metres_per_degree,
)
from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.domain.register_input import ItemChanged, changes_between
from gridmap.storage import buildings as store
from gridmap.storage.buildings import StoredBuilding, StoredCompound
from gridmap.storage.imports import wait_for_turn
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.storage.register_changes import RegisterChange, record_change
from gridmap.use_cases.bulk_routing import placements_of


def create_building(
    session: Session, actor: Actor, details: BuildingDetails, footprint: FootprintChange, *, now: datetime
) -> int:
    """Record a building by the corners of its outline.

    Raises
    ------
    InvalidInput
        ``outline``: missing, crossing itself, too small or too large, or outside the actor's areas;
        ``compound_code``: unknown.
    NotSignedIn, NotAllowed
    """
    check(actor, Action.EDIT_BUILDINGS)
    if not footprint.corners:
        raise InvalidInput(field="outline", reason="required")
    _check_compound(session, details)
    wait_for_turn(session, "buildings")
    area_code = _check_outline(session, actor, footprint.corners, day=office_day(now))
    building_id, code = store.insert_building(session, details, footprint.corners)
    changes = {name: (None, value) for name, value in asdict(details).items()}
    _record(session, actor, ("building", code), "created", area_code, changes, now=now)
    return building_id


def edit_building(
    session: Session,
    actor: Actor,
    building_id: int,
    details: BuildingDetails,
    footprint: FootprintChange,
    *,
    version: int,
    now: datetime,
) -> bool:
    """Write a building anew, and its outline if that changes; False when nothing does.

    Raises
    ------
    NotFound, ItemChanged, NotSignedIn, NotAllowed
    InvalidInput
        As for :func:`create_building`.
    """
    day = office_day(now)
    stored, area_code = find_building_for(session, actor, building_id, day=day, lock=True)
    if version != stored.version:
        raise ItemChanged(seen_version=version, current_version=stored.version)
    _check_compound(session, details)
    changes: dict[str, object] = dict(changes_between(asdict(stored.details), asdict(details)))
    if changes:
        store.update_building(session, building_id, details)
    if footprint.corners:
        area_code = _check_outline(session, actor, footprint.corners, day=day)
        store.redraw_building(session, building_id, footprint.corners)
        changes["outline"] = (None, len(footprint.corners))
    elif not footprint.is_nothing:
        lon_m, lat_m = metres_per_degree(stored.location.lat_deg)
        lon_deg, lat_deg = footprint.east_m / lon_m, footprint.north_m / lat_m
        moved = LonLat(lon_deg=stored.location.lon_deg + lon_deg, lat_deg=stored.location.lat_deg + lat_deg)
        area_code = _area_of(session, actor, moved, day=day)
        store.move_building(session, building_id, lon_deg=lon_deg, lat_deg=lat_deg)
        changes |= {"east_m": (0, footprint.east_m), "north_m": (0, footprint.north_m)}
    if not changes:
        return False
    _record(session, actor, ("building", stored.code), "edited", area_code, changes, now=now)
    return True


def edit_compound(
    session: Session, actor: Actor, compound_id: int, details: CompoundDetails, *, version: int, now: datetime
) -> bool:
    """Write a compound anew; False when that changes nothing.

    Raises
    ------
    NotFound, ItemChanged, NotSignedIn, NotAllowed
    """
    stored = find_compound_for(session, actor, compound_id, lock=True)
    if version != stored.version:
        raise ItemChanged(seen_version=version, current_version=stored.version)
    changes = changes_between(asdict(stored.details), asdict(details))
    if not changes:
        return False
    store.update_compound(session, compound_id, details)
    _record(session, actor, ("compound", stored.code), "edited", stored.community_code, changes, now=now)
    return True


def find_building_for(
    session: Session, actor: Actor, building_id: int, *, day: date, lock: bool = False
) -> tuple[StoredBuilding, str]:
    """Load a building that the actor may edit, with the code of the finest area that it stands in.

    Raises
    ------
    NotFound
        There is none, or it stands outside the actor's areas.
    NotSignedIn, NotAllowed
    """
    check(actor, Action.EDIT_BUILDINGS)
    stored = store.find_building(session, building_id, lock=lock)
    if stored is None:
        raise NotFound(what="building", id=building_id)
    area_code = _area_code_at(session, stored.location, day=day)
    if not can(actor, Action.EDIT_BUILDINGS, area_code):
        raise NotFound(what="building", id=building_id)
    return stored, area_code


def find_compound_for(
    session: Session, actor: Actor, compound_id: int, *, lock: bool = False
) -> StoredCompound:
    """Load a compound that the actor may edit.

    Raises
    ------
    NotFound, NotSignedIn, NotAllowed
    """
    check(actor, Action.EDIT_BUILDINGS)
    stored = store.find_compound(session, compound_id, lock=lock)
    if stored is None or not can(actor, Action.EDIT_BUILDINGS, stored.community_code):
        raise NotFound(what="compound", id=compound_id)
    return stored


def _check_compound(session: Session, details: BuildingDetails) -> None:
    if details.compound_code is not None and not store.knows_compound(session, details.compound_code):
        raise InvalidInput(field="compound_code", reason="unknown")


def _check_outline(session: Session, actor: Actor, corners: Sequence[LonLat], *, day: date) -> str:
    outline = store.measure_outline(session, corners)
    if not outline.is_valid:
        raise InvalidInput(field="outline", reason="crosses_itself")
    lowest, highest = FOOTPRINT_AREA_M2
    if not lowest <= outline.area_m2 <= highest:
        raise InvalidInput(
            field="outline", reason="odd_size", area_m2=round(outline.area_m2, 1), highest=round(highest)
        )
    return _area_of(session, actor, outline.location, day=day)


def _area_of(session: Session, actor: Actor, location: LonLat, *, day: date) -> str:
    area_code = _area_code_at(session, location, day=day)
    if not can(actor, Action.EDIT_BUILDINGS, area_code):
        raise InvalidInput(field="outline", reason="outside_your_areas")
    return area_code


def _area_code_at(session: Session, location: LonLat, *, day: date) -> str:
    point = (location.lon_deg, location.lat_deg)
    (placement,) = placements_of(session, [point], day=day, scheme_id=None)
    return placement.area_code


def _record(
    session: Session,
    actor: Actor,
    item: tuple[str, str],
    action: str,
    area_code: str,
    changes: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    register, code = item
    change = RegisterChange(
        register=register, item_code=code, action=action, area_code=area_code, changes=changes
    )
    record_change(session, change, actor_account_id=actor.account_id, at=now)
    bump_layer_version(session, f"{register}s", data_date=office_day(now))
