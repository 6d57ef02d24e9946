"""Accounts follow their areas: whoever works in an area that gets another code works there under that one.

Only where it is plain what became of the area. One that ended without a successor stays in the scope, and
the administrator is shown it (:mod:`gridmap.queries.lost_scopes`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import shapely
from sqlalchemy.orm import Session

from gridmap.domain.boundary_edits import ChangeKind, EditedArea
from gridmap.storage.account_scopes import ScopeChange, change_scopes, find_scopes
from gridmap.use_cases.boundary_editing import Draft

_AS_GOOD_AS_WHOLE = 0.99
"""An area that went to another by this share of its ground was merged into it: borders meet by snapping."""

Successors = Mapping[str, Sequence[str]]
"""For the code of a changed area the codes of what it has become; without an entry it is as it was."""


def successors_of(draft: Draft) -> dict[str, list[str]]:
    """What became of the areas that a draft re-codes, splits or ends; nothing for zones."""
    if draft.change.kind is ChangeKind.ZONES:
        return {}
    found: dict[str, set[str]] = defaultdict(set)
    for key in draft.changed:
        area = draft.areas[key]
        if area.base_id is not None:
            found[key] |= _merged_into(draft, key) if area.is_ended else {area.code}
        elif not area.is_ended and (origin := _origin(draft, area)) is not None:
            found[origin].add(area.code)
            if not draft.areas[origin].is_ended:
                found[origin].add(draft.areas[origin].code)
    return {code: sorted(codes) for code, codes in sorted(found.items()) if codes and codes != {code}}


def move_scopes(session: Session, successors: Successors) -> list[ScopeChange]:
    """Give accounts the successors of their areas; returns what changed, for the way back."""
    if not successors:
        return []
    changes: list[ScopeChange] = []
    for account_id, before in find_scopes(session, successors):
        after = tuple(dict.fromkeys(new for code in before for new in successors.get(code, (code,))))
        if after != before:
            changes.append(ScopeChange(account_id=account_id, before=before, after=after))
    change_scopes(session, changes)
    return changes


def return_scopes(session: Session, changes: Sequence[ScopeChange]) -> None:
    """Give accounts back what :func:`move_scopes` took."""
    change_scopes(session, [change.reversed() for change in changes])


def _merged_into(draft: Draft, key: str) -> set[str]:
    """The code of the area of the same level that has all its ground now; none where several share it."""
    before = draft.ground.base[key]
    ground = shapely.from_wkb(before.boundary)
    for area in draft.areas.values():
        if area.is_ended or area.level != before.level:
            continue
        shape = shapely.from_wkb(area.boundary)
        # Shares of an area: what a degree measures cancels out.
        if shape.intersection(ground).area >= _AS_GOOD_AS_WHOLE * ground.area:
            return {area.code}
    return set()


def _origin(draft: Draft, area: EditedArea) -> str | None:
    """The stored area that a new one was cut from, perhaps in several steps, by the code it has there."""
    by_code = {other.code: other for other in draft.areas.values() if other.code}
    seen: set[str] = set()
    source = area.posts_from
    while source is not None and source not in draft.ground.base:
        if source in seen or source not in by_code:
            return None
        seen.add(source)
        found = by_code[source]
        source = found.key if found.base_id is not None else found.posts_from
    return source if source is None or source in draft.areas else None
