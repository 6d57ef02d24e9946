"""Who may read a person's name and mobile number: one rule for every card, list and answer (ADR 13).

Two consents, each given or withdrawn by itself: to be named to the public, and to be called by the public on
the own mobile. The second stands only beside the first. Without consent the name is for staff, the mobile
number for those who work in the area; everybody else calls the office.
"""

from __future__ import annotations

from gridmap.domain.permissions import Action, Actor, can


def sees_name(actor: Actor, *, name_is_public: bool, area_code: str | None) -> bool:
    """Say whether the actor may read the name of who holds a post in an area; None: in whatever area."""
    return name_is_public or can(actor, Action.SEE_PEOPLE, area_code)


def sees_mobile(actor: Actor, *, mobile_is_public: bool, area_code: str) -> bool:
    """Say whether the actor may read the mobile number of who holds a post in an area."""
    return mobile_is_public or can(actor, Action.SEE_CONTACT_DATA, area_code)
