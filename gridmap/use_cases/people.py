"""The writes on people: record, edit. What posts they hold is the matter of ``gridmap.use_cases.posts``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import InvalidAreaCode, level_of
from gridmap.domain.errors import InvalidInput, NotAllowed, NotFound
from gridmap.domain.office_time import office_day
from gridmap.domain.people import PersonDetails
from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.domain.register_input import ItemChanged, changes_between
from gridmap.storage import people as store
from gridmap.storage.imports import wait_for_turn
from gridmap.storage.people import StoredPerson
from gridmap.storage.register_changes import RegisterChange, record_change


def create_person(
    session: Session, actor: Actor, details: PersonDetails, *, area_code: str, now: datetime
) -> int:
    """Record somebody in the register of an area; posts are given afterwards.

    Raises
    ------
    InvalidInput
        ``area_code``: no code of an area.
    NotSignedIn, NotAllowed
    """
    if area_code:
        try:
            level_of(area_code)
        except InvalidAreaCode:
            raise InvalidInput(field="area_code", reason="unknown") from None
    check(actor, Action.MANAGE_POSTS, area_code)
    wait_for_turn(session, "people")
    person_id, code = store.insert_person(session, details)
    changes = {name: (None, value) for name, value in asdict(details).items() if value not in (None, False)}
    change = RegisterChange(
        register="person", item_code=code, action="created", area_code=area_code, changes=changes
    )
    record_change(session, change, actor_account_id=actor.account_id, at=now)
    return person_id


def edit_person(
    session: Session, actor: Actor, person_id: int, details: PersonDetails, *, version: int, now: datetime
) -> bool:
    """Write a person anew; False when that changes nothing.

    Raises
    ------
    NotFound
        No such person, or none that the actor may know of here.
    NotAllowed
        The person holds posts outside the actor's areas too.
    ItemChanged
        ``version`` is not the stored one.
    """
    day = office_day(now)
    stored = find_person_for(session, actor, person_id, day=day, to_edit=True, lock=True)
    if version != stored.version:
        raise ItemChanged(seen_version=version, current_version=stored.version)
    changes = changes_between(asdict(stored.details), asdict(details))
    if not changes:
        return False
    store.update_person(session, person_id, details)
    change = RegisterChange(
        register="person",
        item_code=stored.code,
        action="edited",
        area_code=area_of_person(session, actor, person_id, day=day),
        changes=changes,
    )
    record_change(session, change, actor_account_id=actor.account_id, at=now)
    return True


def find_person_for(
    session: Session, actor: Actor, person_id: int, *, day: date, to_edit: bool = False, lock: bool = False
) -> StoredPerson:
    """Load a person whom the actor may know of in the register: who holds or held a post in their areas.

    Raises
    ------
    NotFound
    NotAllowed
        ``to_edit``, and the person holds posts outside the actor's areas too.
    """
    check(actor, Action.MANAGE_POSTS)
    stored = store.find_person(session, person_id, lock=lock)
    areas = [] if stored is None else store.areas_of_person(session, person_id, day=day)
    inside = [area for area, _ in areas if can(actor, Action.MANAGE_POSTS, area)]
    if stored is None or not (inside or actor.scope.is_everything):
        raise NotFound(what="person", id=person_id)
    if to_edit and not all(can(actor, Action.MANAGE_POSTS, area) for area, is_current in areas if is_current):
        raise NotAllowed(reason="person_elsewhere", action=Action.MANAGE_POSTS.value, role=actor.role.value)
    return stored


def area_of_person(session: Session, actor: Actor, person_id: int, *, day: date) -> str:
    """The area in whose history a change of this person stands: of a current post, else any, else none."""
    areas = store.areas_of_person(session, person_id, day=day)
    inside = [(area, is_current) for area, is_current in areas if can(actor, Action.MANAGE_POSTS, area)]
    return next((area for area, is_current in inside if is_current), inside[0][0] if inside else "")
