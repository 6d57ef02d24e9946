"""The registers as those see them who keep them: service points, and the history of any register.

Scopes are part of the SQL: what lies outside an actor's areas, or is of a restricted kind that the actor may
not see, is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.queries.scope import scope_predicate
from gridmap.queries.search import like_pattern, search_words

PAGE_SIZE = 50
HISTORY_LIMIT = 50

_PLACE_AREA = "coalesce(point.grid_code, point.community_code, '')"

# The table is small by nature (two thousand points of a subdistrict), so that it is read whole.
_PLACES = """
    SELECT point.id, point.code, point.name, point.name_en, point.status, point.visibility, point.address,
           point.category_code, category.name AS category_name, category.name_en AS category_name_en,
           community.name AS community_name, community.name_en AS community_name_en,
           (SELECT count(*) FROM service_point_photo AS photo WHERE photo.service_point_id = point.id)
               AS photo_count,
           count(*) OVER () AS total
      FROM service_point AS point
      JOIN service_point_category AS category ON category.code = point.category_code
      LEFT JOIN area AS community ON community.level = 'community' AND community.code = point.community_code
                                 AND community.valid_from <= :today
                                 AND (community.valid_to IS NULL OR community.valid_to > :today)
     WHERE {scope}
       AND (:sees_restricted OR (NOT category.is_restricted AND point.visibility <> 'restricted'))
       AND (CAST(:category AS text) IS NULL OR point.category_code = :category)
       AND (CAST(:status AS text) IS NULL OR point.status = :status)
       AND (CAST(:community AS text) IS NULL OR point.community_code = :community)
       AND lower(concat_ws(' ', point.code, point.search_key, point.address)) LIKE ALL(:patterns)
     ORDER BY category.sort_order, point.code
     LIMIT :limit OFFSET :offset
    """

_CATEGORIES = text(
    """
    SELECT code, name, name_en, is_restricted
      FROM service_point_category
     WHERE :sees_restricted OR NOT is_restricted
     ORDER BY sort_order, code
    """
)

# Index: ix_area_scheme_id_level_code.
_COMMUNITIES = """
    SELECT code, name, name_en FROM area
     WHERE level = 'community' AND {scope}
       AND valid_from <= :today AND (valid_to IS NULL OR valid_to > :today)
     ORDER BY code, id
     LIMIT 2000
    """

# Index: ix_register_change_register_item_code_id.
_HISTORY = text(
    """
    SELECT change.id, change.action, change.at, change.note, change.changes,
           account.display_name AS actor_name
      FROM register_change AS change
      LEFT JOIN account ON account.id = change.actor_account_id
     WHERE change.register = :register AND change.item_code = :item_code
     ORDER BY change.id DESC
     LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceQuery:
    """What the list of places shows; empty parts do not narrow it."""

    typed: str = ""
    category: str | None = None
    status: str | None = None
    community: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A line of the register of service points."""

    id: int
    code: str
    name: str
    name_en: str | None
    status: str
    visibility: str
    address: str
    category_code: str
    category_name: str
    category_name_en: str
    community_name: str | None
    community_name_en: str | None
    photo_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryOption:
    """A category that the actor may choose."""

    code: str
    name: str
    name_en: str
    is_restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityOption:
    """A community in the actor's areas."""

    code: str
    name: str
    name_en: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """A change of a register: who, when, and field → [before, after]."""

    id: int
    action: str
    at: datetime
    note: str | None
    changes: Mapping[str, Any]
    actor_name: str | None


def list_register_places(
    session: Session, actor: Actor, wanted: PlaceQuery, *, today: date, page: int = 1
) -> tuple[list[PlaceRow], int]:
    """One page of the actor's service points, withdrawn ones included, and how many there are.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.EDIT_PLACES)
    scope = scope_predicate(actor.scope, _PLACE_AREA)
    rows = session.execute(
        text(_PLACES.format(scope=scope.sql)),
        {
            **scope.values,
            "today": today,
            "sees_restricted": can(actor, Action.SEE_RESTRICTED_LAYER),
            "category": wanted.category,
            "status": wanted.status,
            "community": wanted.community,
            "patterns": [like_pattern(word) for word in search_words(wanted.typed)] or ["%"],
            "limit": PAGE_SIZE,
            "offset": (page - 1) * PAGE_SIZE,
        },
    ).mappings()
    found = list(rows)
    total = found[0]["total"] if found else 0
    lines = [PlaceRow(**{name: value for name, value in row.items() if name != "total"}) for row in found]
    return lines, total


def category_options(session: Session, actor: Actor) -> list[CategoryOption]:
    """The categories that the actor may give to a place."""
    sees_restricted = can(actor, Action.SEE_RESTRICTED_LAYER)
    rows = session.execute(_CATEGORIES, {"sees_restricted": sees_restricted}).mappings()
    return [CategoryOption(**row) for row in rows]


def community_options(session: Session, actor: Actor, *, today: date) -> list[CommunityOption]:
    """The communities of a day in the actor's areas."""
    scope = scope_predicate(actor.scope, "code")
    values = {**scope.values, "today": today}
    rows = session.execute(text(_COMMUNITIES.format(scope=scope.sql)), values).mappings()
    return [CommunityOption(**row) for row in rows]


def history_of(session: Session, register: str, item_code: str) -> list[HistoryEntry]:
    """The last changes of one thing, newest first; for those who may see the thing itself."""
    values = {"register": register, "item_code": item_code, "limit": HISTORY_LIMIT}
    return [HistoryEntry(**row) for row in session.execute(_HISTORY, values).mappings()]
