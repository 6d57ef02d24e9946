"""Who may do what, and where: one table of actions by role, and an area scope for each actor.

A view asks :func:`check` (raises, with a reason), a template asks :func:`can` (for a button), a list asks
``gridmap.queries.scope`` (the same scope as a range of codes in SQL). ``docs/permissions.md`` is made from
:data:`ROLE_ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gridmap.domain.errors import NotAllowed, NotSignedIn


class Role(StrEnum):
    """What an account is; the values are those of ``account.role``."""

    VISITOR = "visitor"
    GRID_WORKER = "grid_worker"
    COMMUNITY_SECRETARY = "community_secretary"
    SUBDISTRICT_OFFICER = "subdistrict_officer"
    PLANNER = "planner"
    ADMIN = "admin"
    SYSTEM = "system"
    """Jobs and the command line: whoever runs them already owns the machine. Never stored in an account."""


class Action(StrEnum):
    """Everything that a route or a use case may ask permission for."""

    SEE_PUBLIC_MAP = "see_public_map"
    SEE_STAFF_LAYERS = "see_staff_layers"
    SEE_PEOPLE = "see_people"
    SEE_RESTRICTED_LAYER = "see_restricted_layer"
    CREATE_ISSUE = "create_issue"
    SEE_ISSUES = "see_issues"
    MOVE_ISSUE = "move_issue"
    DISPATCH_ISSUE = "dispatch_issue"
    HANDLE_ISSUE = "handle_issue"
    RETURN_ISSUE = "return_issue"
    RATE_ISSUE = "rate_issue"
    CLOSE_ISSUE = "close_issue"
    NOTE_ISSUE = "note_issue"
    SEE_CONTACT_DATA = "see_contact_data"
    EDIT_PLACES = "edit_places"
    EDIT_BUILDINGS = "edit_buildings"
    MANAGE_POSTS = "manage_posts"
    IMPORT_LAYERS = "import_layers"
    EXPORT_LAYERS = "export_layers"
    SEE_EXPORT_LOG = "see_export_log"
    SEE_BOUNDARIES = "see_boundaries"
    EDIT_BOUNDARIES = "edit_boundaries"
    EDIT_ZONES = "edit_zones"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_TOKENS = "manage_tokens"
    USE_API = "use_api"


_VISITOR = frozenset({Action.SEE_PUBLIC_MAP})
_STAFF = _VISITOR | {Action.SEE_STAFF_LAYERS, Action.SEE_PEOPLE, Action.SEE_ISSUES, Action.USE_API}
_GRID_WORKER = _STAFF | {
    Action.CREATE_ISSUE,
    Action.MOVE_ISSUE,
    Action.HANDLE_ISSUE,
    Action.NOTE_ISSUE,
    Action.SEE_CONTACT_DATA,
}
_COMMUNITY_SECRETARY = _GRID_WORKER | {
    Action.SEE_RESTRICTED_LAYER,
    Action.DISPATCH_ISSUE,
    Action.RETURN_ISSUE,
    Action.RATE_ISSUE,
    Action.CLOSE_ISSUE,
    Action.EXPORT_LAYERS,
    Action.EDIT_PLACES,
    Action.EDIT_BUILDINGS,
    # Of the posts, a secretary manages those below the community: see `gridmap.domain.posts`.
    Action.MANAGE_POSTS,
    Action.SEE_BOUNDARIES,
    Action.EDIT_BOUNDARIES,
    Action.EDIT_ZONES,
}
# The planner reads figures and layers of the whole subdistrict and needs nobody's phone number for it.
_PLANNER = _STAFF | {
    Action.IMPORT_LAYERS,
    Action.EXPORT_LAYERS,
    Action.EDIT_PLACES,
    Action.EDIT_BUILDINGS,
    Action.SEE_BOUNDARIES,
}

ROLE_ACTIONS: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.VISITOR: _VISITOR,
        Role.GRID_WORKER: _GRID_WORKER,
        Role.COMMUNITY_SECRETARY: _COMMUNITY_SECRETARY,
        Role.SUBDISTRICT_OFFICER: _COMMUNITY_SECRETARY,
        Role.PLANNER: _PLANNER,
        Role.ADMIN: frozenset(Action),
        Role.SYSTEM: frozenset(Action),
    }
)
"""What each role may do inside its own area."""

_GRID_CODE_LENGTH = 15
_GRID_TREE_LENGTH = 14


@dataclass(frozen=True, slots=True)
class AreaScope:
    """The areas that an actor works in, as prefixes of area codes.

    A prefix covers the area of that code and all below it: 9 characters a subdistrict, 12 a community, 14 a
    grid with its micro-grids, 15 one micro-grid, and the empty prefix everything. No prefixes: nothing.
    """

    prefixes: tuple[str, ...] = ()

    @classmethod
    def of(cls, area_codes: Iterable[str]) -> AreaScope:
        """Make a scope from area codes; a grid's own code (15 characters ending in 0) stands for its tree."""
        prefixes = {
            code[:_GRID_TREE_LENGTH] if len(code) == _GRID_CODE_LENGTH and code.endswith("0") else code
            for code in area_codes
        }
        return cls(tuple(sorted(prefixes)))

    def covers(self, area_code: str) -> bool:
        """Say whether an area lies inside; the empty code (outside every area) only if it covers all."""
        return any(area_code.startswith(prefix) for prefix in self.prefixes)

    @property
    def is_everything(self) -> bool:
        """Say whether no area is excluded."""
        return "" in self.prefixes


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: handed to every write, and its scope to every read."""

    account_id: int | None
    role: Role
    scope: AreaScope
    name: str
    person_id: int | None = None

    @classmethod
    def visitor(cls) -> Actor:
        """Make the actor of a request without an account."""
        return cls(account_id=None, role=Role.VISITOR, scope=AreaScope(), name="")

    @classmethod
    def system(cls) -> Actor:
        """Make the actor of jobs and of the command line."""
        return cls(account_id=None, role=Role.SYSTEM, scope=AreaScope(("",)), name="system")

    @property
    def is_signed_in(self) -> bool:
        """Say whether an account, or gridmap itself, stands behind this actor."""
        return self.account_id is not None or self.role is Role.SYSTEM


class DenialReason(StrEnum):
    """Why something is not permitted."""

    NOT_SIGNED_IN = "not_signed_in"
    ROLE = "role"
    AREA = "area"


def denial(actor: Actor, action: Action, area_code: str | None = None) -> DenialReason | None:
    """Say why the actor may not do this, or None when it may.

    Parameters
    ----------
    area_code : str, optional
        The area of the thing acted upon. None asks about the role alone, which is what a route can know
        before it has loaded the thing. What is on the public map is not limited by area.
    """
    if action not in ROLE_ACTIONS[actor.role]:
        return DenialReason.ROLE if actor.is_signed_in else DenialReason.NOT_SIGNED_IN
    if area_code is None or action is Action.SEE_PUBLIC_MAP or actor.scope.covers(area_code):
        return None
    return DenialReason.AREA


def can(actor: Actor, action: Action, area_code: str | None = None) -> bool:
    """Say whether the actor may do this; for buttons and links."""
    return denial(actor, action, area_code) is None


def check(actor: Actor, action: Action, area_code: str | None = None) -> None:
    """Stop here unless the actor may do this.

    Raises
    ------
    NotSignedIn
        The action needs an account and there is none.
    NotAllowed
        ``reason`` is ``role`` or ``area``.
    """
    reason = denial(actor, action, area_code)
    if reason is None:
        return
    if reason is DenialReason.NOT_SIGNED_IN:
        raise NotSignedIn(action=action.value)
    raise NotAllowed(reason=reason.value, action=action.value, role=actor.role.value)
