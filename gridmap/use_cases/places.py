"""The writes on service points: record, edit, withdraw, photograph. Each is one transaction of its caller.

Whoever edits keeps to their own areas, before the change and after it, and sees the restricted kinds only
with the permission for them. What changed is kept with who and when; an editor who looked at an older version
is told so and loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.domain.issue_input import CHINA, clean_text
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.domain.places import PHOTOS_MAX, PlaceDetails, PlaceStatus, Visibility, check_step
from gridmap.domain.register_input import LINE_MAX_LENGTH, ItemChanged, changes_between
from gridmap.storage import photos as photo_files
from gridmap.storage import places as store
from gridmap.storage.imports import wait_for_turn
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.storage.photos import PreparedPhoto
from gridmap.storage.places import PlacePhoto, StoredPlace
from gridmap.storage.register_changes import RegisterChange, record_change
from gridmap.use_cases.bulk_routing import placements_of

_LAYER = "service_points"


def create_place(session: Session, actor: Actor, details: PlaceDetails, *, now: datetime) -> int:
    """Record a place; its code, community and grid follow from its category and location.

    Raises
    ------
    NotSignedIn, NotAllowed
    InvalidInput
        ``location``: outside the actor's areas; ``category_code``: unknown or not the actor's to see;
        ``status``: nothing begins as withdrawn.
    """
    check(actor, Action.EDIT_PLACES)
    if details.status is PlaceStatus.WITHDRAWN:
        raise InvalidInput(field="status", reason="not_a_beginning")
    day = office_day(now)
    wait_for_turn(session, _LAYER)
    community_code, grid_code = _areas_of(session, actor, details.location, day=day)
    area_code = grid_code or community_code or ""
    _check_kind(session, actor, details, area_code)
    place_id, code = store.insert_place(
        session, details, community_code=community_code, grid_code=grid_code, valid_from=day
    )
    changes = {name: (None, value) for name, value in details.as_values().items() if value not in (None, [])}
    _record(session, actor, code, "created", area_code, changes, now=now)
    return place_id


def edit_place(
    session: Session,
    actor: Actor,
    place_id: int,
    details: PlaceDetails,
    *,
    version: int,
    note: str | None = None,
    now: datetime,
) -> bool:
    """Write a place anew; False when that changes nothing.

    Raises
    ------
    NotFound
        No such place, or none that the actor may edit.
    ItemChanged
        ``version`` is not the stored one.
    InvalidInput
        As for :func:`create_place`; ``status``: no such step; ``note``: withdrawing needs a reason.
    NotSignedIn, NotAllowed
    """
    stored = find_place_for(session, actor, place_id, lock=True)
    if version != stored.version:
        raise ItemChanged(seen_version=version, current_version=stored.version)
    check_step(stored.details.status, details.status)
    reason = clean_text(note or "", "note", max_length=LINE_MAX_LENGTH) or None
    is_withdrawn = details.status is PlaceStatus.WITHDRAWN
    if is_withdrawn and stored.details.status is not PlaceStatus.WITHDRAWN and reason is None:
        raise InvalidInput(field="note", reason="required")
    changes = changes_between(stored.details.as_values(), details.as_values())
    if not changes:
        return False
    day = office_day(now)
    community_code, grid_code = _areas_of(session, actor, details.location, day=day)
    area_code = grid_code or community_code or ""
    _check_kind(session, actor, details, area_code)
    store.update_place(
        session, place_id, details, community_code=community_code, grid_code=grid_code, day=day
    )
    action = "withdrawn" if is_withdrawn and "status" in changes else "edited"
    _record(session, actor, stored.code, action, area_code, changes, note=reason, now=now)
    return True


def withdraw_place(
    session: Session, actor: Actor, place_id: int, *, version: int, note: str, now: datetime
) -> None:
    """Take a place off the map and keep its record; a reason is needed.

    Raises
    ------
    As :func:`edit_place`.
    """
    stored = find_place_for(session, actor, place_id, lock=True)
    details = replace(stored.details, status=PlaceStatus.WITHDRAWN)
    edit_place(session, actor, place_id, details, version=version, note=note, now=now)


def add_photo(
    session: Session,
    actor: Actor,
    place_id: int,
    photo: PreparedPhoto,
    *,
    alt_text: str,
    credit: str,
    folder: Path,
    now: datetime,
) -> None:
    """Add a photo, last in order; the same picture again changes nothing.

    Raises
    ------
    NotFound, NotSignedIn, NotAllowed
    InvalidInput
        ``photo``: too many; ``alt_text``: what the photo shows has to be said.
    """
    stored = find_place_for(session, actor, place_id, lock=True)
    words = _photo_words(alt_text, credit)
    present = store.find_photos(session, place_id)
    if any(one.sha256 == photo.sha256 for one in present):
        return
    if len(present) >= PHOTOS_MAX:
        raise InvalidInput(field="photo", reason="too_many", highest=PHOTOS_MAX)
    photo_files.keep_file(folder, photo)
    store.insert_photo(
        session,
        place_id,
        photo,
        position=len(present) + 1,
        alt_text=words[0],
        credit=words[1],
        uploaded_by=actor.account_id,
        at=now,
    )
    changes = {"photo": (None, photo.sha256), "alt_text": (None, words[0]), "credit": (None, words[1])}
    _record(session, actor, stored.code, "photo_added", stored.area_code, changes, now=now)


def describe_photo(
    session: Session, actor: Actor, place_id: int, photo_id: int, *, alt_text: str, credit: str, now: datetime
) -> None:
    """Write what a photo shows and whose it is.

    Raises
    ------
    NotFound, NotSignedIn, NotAllowed, InvalidInput
    """
    stored, photo = _photo_of(session, actor, place_id, photo_id)
    words = _photo_words(alt_text, credit)
    after = {"alt_text": words[0], "credit": words[1]}
    changes = changes_between({"alt_text": photo.alt_text, "credit": photo.credit}, after)
    if changes:
        store.update_photo(session, place_id, photo_id, alt_text=words[0], credit=words[1])
        _record(session, actor, stored.code, "photo_edited", stored.area_code, changes, now=now)


def move_photo_up(session: Session, actor: Actor, place_id: int, photo_id: int, *, now: datetime) -> None:
    """Put a photo one place earlier; the first one is what the card begins with.

    Raises
    ------
    NotFound, NotSignedIn, NotAllowed
    """
    stored, photo = _photo_of(session, actor, place_id, photo_id)
    order = [one.id for one in store.find_photos(session, place_id)]
    place = order.index(photo_id)
    if place == 0:
        return
    order[place - 1], order[place] = order[place], order[place - 1]
    store.order_photos(session, place_id, order)
    changes = {"photo_position": (place + 1, place), "alt_text": (photo.alt_text, photo.alt_text)}
    _record(session, actor, stored.code, "photo_moved", stored.area_code, changes, now=now)


def remove_photo(session: Session, actor: Actor, place_id: int, photo_id: int, *, now: datetime) -> None:
    """Take a photo off the place; the history names it.

    Raises
    ------
    NotFound, NotSignedIn, NotAllowed
    """
    stored, photo = _photo_of(session, actor, place_id, photo_id)
    store.delete_photo(session, place_id, photo_id)
    store.order_photos(session, place_id, [one.id for one in store.find_photos(session, place_id)])
    changes = {"photo": (photo.sha256, None), "alt_text": (photo.alt_text, None)}
    _record(session, actor, stored.code, "photo_removed", stored.area_code, changes, now=now)


def find_place_for(session: Session, actor: Actor, place_id: int, *, lock: bool = False) -> StoredPlace:
    """Load a place that the actor may edit.

    Raises
    ------
    NotFound
        There is none, or it lies outside the actor's areas or permissions: that is nobody's business there.
    NotSignedIn, NotAllowed
    """
    check(actor, Action.EDIT_PLACES)
    stored = store.find_place(session, place_id, lock=lock)
    if stored is None or not can(actor, Action.EDIT_PLACES, stored.area_code):
        raise NotFound(what="place", id=place_id)
    if stored.is_restricted and not can(actor, Action.SEE_RESTRICTED_LAYER, stored.area_code):
        raise NotFound(what="place", id=place_id)
    return stored


def _areas_of(
    session: Session, actor: Actor, location: LonLat, *, day: date
) -> tuple[str | None, str | None]:
    """The community and grid of a point, which has to lie in the actor's areas."""
    CHINA.check(location)
    point = (location.lon_deg, location.lat_deg)
    (placement,) = placements_of(session, [point], day=day, scheme_id=None)
    if not can(actor, Action.EDIT_PLACES, placement.area_code):
        raise InvalidInput(field="location", reason="outside_your_areas")
    return placement.code(AreaLevel.COMMUNITY), placement.code(AreaLevel.GRID)


def _check_kind(session: Session, actor: Actor, details: PlaceDetails, area_code: str) -> None:
    is_restricted = store.category_is_restricted(session, details.category_code)
    may_see = can(actor, Action.SEE_RESTRICTED_LAYER, area_code)
    if is_restricted is None or (is_restricted and not may_see):
        raise InvalidInput(field="category_code", reason="unknown")
    if details.visibility is Visibility.RESTRICTED and not may_see:
        raise InvalidInput(field="visibility", reason="unknown")
    if is_restricted and details.visibility is not Visibility.RESTRICTED:
        raise InvalidInput(field="visibility", reason="kind_is_restricted")


def _photo_of(session: Session, actor: Actor, place_id: int, photo_id: int) -> tuple[StoredPlace, PlacePhoto]:
    stored = find_place_for(session, actor, place_id, lock=True)
    photo = next((one for one in store.find_photos(session, place_id) if one.id == photo_id), None)
    if photo is None:
        raise NotFound(what="photo", id=photo_id)
    return stored, photo


def _photo_words(alt_text: str, credit: str) -> tuple[str, str]:
    words = clean_text(alt_text, "alt_text", max_length=LINE_MAX_LENGTH)
    if not words:
        raise InvalidInput(field="alt_text", reason="required")
    return words, clean_text(credit, "credit", max_length=LINE_MAX_LENGTH)


def _record(
    session: Session,
    actor: Actor,
    code: str,
    action: str,
    area_code: str,
    changes: Mapping[str, object],
    *,
    note: str | None = None,
    now: datetime,
) -> None:
    change = RegisterChange(
        register="service_point",
        item_code=code,
        action=action,
        area_code=area_code,
        changes=changes,
        note=note,
    )
    record_change(session, change, actor_account_id=actor.account_id, at=now)
    bump_layer_version(session, _LAYER, data_date=office_day(now))
