"""The only errors that a person ever sees.

A :class:`DomainError` carries a code and its parameters, never a sentence: the web layer and the command
line translate the code into the reader's language (``gridmap/translations``) and choose the status.
"""

from __future__ import annotations


class DomainError(Exception):
    """Something a person can understand and act upon.

    Subclasses set ``code`` ("area.rule", for example ``issue.outside_every_grid``); the keyword arguments
    become ``params``, which the translated sentence may name.
    """

    code = "error.unknown"

    def __init__(self, **params: object) -> None:
        self.params = params
        super().__init__(f"{self.code} {params}" if params else self.code)


class InvalidInput(DomainError):
    """A field holds what it cannot hold; ``field`` names it, ``reason`` is a code of its own."""

    code = "input.invalid"

    def __init__(self, *, field: str, reason: str, **params: object) -> None:
        self.field = field
        self.reason = reason
        super().__init__(field=field, reason=reason, **params)


class NotFound(DomainError):
    """No such thing, or none that this actor may know of."""

    code = "error.not_found"


class NotSignedIn(DomainError):
    """The action needs an account."""

    code = "access.not_signed_in"


class NotAllowed(DomainError):
    """The actor's role or area does not permit the action; ``reason`` says which of them."""

    code = "access.not_allowed"


class Conflict(DomainError):
    """Somebody else changed the thing meanwhile, or an identifier was used for other content."""

    code = "error.conflict"
