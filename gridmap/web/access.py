"""Who may call which route.

Every view says so itself, with :func:`public` or :func:`requires`; a view that says nothing is refused to
everybody and named by :func:`undeclared_endpoints`, which a guard test holds empty. The check of the role
happens here, before the view runs; the check of the area needs the thing itself and happens in the use case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request

from gridmap.domain.permissions import Action, Actor, check

_DECLARATION = "gridmap_access"
_SOURCES = "gridmap.actor_sources"

View = TypeVar("View", bound=Callable[..., Any])
ActorSource = Callable[[], Actor | None]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a view demands; ``action`` None means that anybody may call it."""

    action: Action | None


class UndeclaredView(RuntimeError):
    """A route was added without saying who may use it."""


def public(view: View) -> View:
    """Mark a view that anybody may call."""
    setattr(view, _DECLARATION, Declaration(action=None))
    return view


def requires(action: Action) -> Callable[[View], View]:
    """Mark a view that only roles with this action may call."""

    def mark(view: View) -> View:
        setattr(view, _DECLARATION, Declaration(action=action))
        return view

    return mark


def declaration(app: Flask, endpoint: str) -> Declaration | None:
    """What the view of an endpoint says about itself, or None when it says nothing."""
    view: Any = app.view_functions[endpoint]
    found = getattr(view, _DECLARATION, None) or getattr(
        getattr(view, "view_class", None), _DECLARATION, None
    )
    return cast("Declaration | None", found)


def undeclared_endpoints(app: Flask) -> list[str]:
    """Endpoints whose view declares nothing, sorted; a guard test holds this empty."""
    return sorted(name for name in app.view_functions if declaration(app, name) is None)


def add_actor_source(app: Flask, source: ActorSource) -> None:
    """Add a way to recognise the caller (session cookie, bearer token); the first that answers counts."""
    cast("list[ActorSource]", app.extensions.setdefault(_SOURCES, [])).append(source)


def current_actor() -> Actor:
    """Who makes this request: found once, a visitor when nobody recognises the caller."""
    if "actor" not in g:
        sources = cast("list[ActorSource]", current_app.extensions.get(_SOURCES, []))
        g.actor = next(
            (actor for actor in (source() for source in sources) if actor is not None), Actor.visitor()
        )
    return cast(Actor, g.actor)


def enforce_access() -> None:
    """Refuse the request before its view runs; registered as the first ``before_request``."""
    if request.endpoint is None:
        return
    declared = declaration(current_app, request.endpoint)
    if declared is None:
        raise UndeclaredView(request.endpoint)
    if declared.action is not None:
        check(current_actor(), declared.action)
