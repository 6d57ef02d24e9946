"""A saved boundary change that has been in force, turned round: a draft that draws the earlier areas again.

What held on the days in between stays on record, so nothing is put back behind the back of history: the
earlier outlines become the first step of an ordinary draft, to be looked at, previewed and saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import parent_code
from gridmap.domain.boundary_edits import (
    ZONE_LEVEL,
    ChangeState,
    EditedArea,
    NotADraft,
    NothingChanged,
    SomethingNewer,
)
from gridmap.domain.errors import NotFound
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Actor, check
from gridmap.storage import boundary_edits as store
from gridmap.use_cases.boundary_editing import (
    Ground,
    action_of,
    check_permitted,
    draft_of,
    ground_on_the_day,
    with_fingerprints,
)
from gridmap.use_cases.boundary_saving import check_still_as_written


def begin_reversal(session: Session, actor: Actor, change_id: int, *, now: datetime) -> int:
    """Begin a draft that draws what stood before a saved change; returns the draft's id.

    Raises
    ------
    NotFound, NotAllowed, NotADraft, NothingChanged
    SomethingNewer
        A later change or import stands on it.
    """
    change = store.find_change(session, change_id, lock=True)
    if change is None or not actor.scope.covers(change.focus_code):
        raise NotFound(what="boundary_change", id=change_id)
    check(actor, action_of(change.kind), change.focus_code)
    if change.state is not ChangeState.SAVED:
        raise NotADraft(state=change.state.value)
    newer = store.code_of_something_newer(session, change_id)
    if newer is not None:
        raise SomethingNewer(area=newer)
    before = store.find_before(session, change_id)
    check_still_as_written(session, before)
    last = {
        area.key: area
        for step in store.find_steps(session, change_id, upto=change.position)
        for area in step.areas
    }
    draft_id = store.add_change(
        session,
        kind=change.kind,
        scheme_id=change.scheme_id,
        focus_code=change.focus_code,
        effective_on=office_day(now),
        author_account_id=actor.account_id,
        at=now,
    )
    fresh = store.find_change(session, draft_id)
    assert fresh is not None
    ground = ground_on_the_day(session, fresh)
    areas = _earlier(ground, before, last)
    if not areas:
        raise NothingChanged()
    store.add_step(session, fresh, tool="Restore", areas=with_fingerprints(areas, ground), at=now)
    drawn = store.find_change(session, draft_id)
    assert drawn is not None
    check_permitted(actor, draft_of(session, drawn, ground=ground))
    return draft_id


def _earlier(ground: Ground, before: Mapping[str, Any], last: Mapping[str, EditedArea]) -> list[EditedArea]:
    """The areas of today as the earlier versions had them; what the change had added ends."""
    rows: Sequence[Mapping[str, Any]] = [*before["areas"], *before["zones"]]
    opened = {*before["opened_areas"], *before["opened_zones"]}
    keys = {row["code"]: row["code"] for row in rows if row["code"] in ground.base}
    number = 0
    for row in rows:
        if row["code"] not in keys:
            number += 1
            keys[row["code"]] = f"+{number}"
    result: list[EditedArea] = []
    for row in rows:
        code = row["code"]
        level = row.get("level", ZONE_LEVEL)
        upper = None if level == ZONE_LEVEL else parent_code(code)
        now_coded = last[code].code if code in last and not last[code].is_ended else None
        earlier = EditedArea(
            key=keys[code],
            level=level,
            code=code,
            name=row["name"],
            name_en=row["name_en"],
            parent_key=keys.get(upper, upper) if upper is not None else None,
            base_id=ground.base[code].base_id if code in ground.base else None,
            boundary=shapely.to_wkb(shapely.from_wkb(row["boundary"]), byte_order=1),
            # Whoever answers for it under its later code may go on.
            posts_from=None if code in ground.base else now_coded,
        )
        if earlier != ground.base.get(code):
            result.append(earlier)
    gone = [
        replace(area, is_ended=True)
        for area in ground.base.values()
        if area.base_id in opened and area.key not in keys
    ]
    return [*result, *gone]
