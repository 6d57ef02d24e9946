"""What can be wrong with a planning task, in codes that have a sentence in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from gridmap.domain.errors import DomainError


class _SitingError(DomainError):
    """Takes the reason as its code, so that each reason has a sentence of its own; `which` are index numbers.

    The sentence may name ``which`` (up to ten of them), ``count`` (how many there are) and the other
    parameters.
    """

    def __init__(self, *, reason: str, which: Sequence[int] = (), **params: object) -> None:
        self.code = reason
        self.which = tuple(which)
        named = ", ".join(str(each) for each in self.which[:10])
        super().__init__(which=named, count=len(self.which), **params)


class SitingInputUnusable(_SitingError):
    """The arrays make no planning task: a length, number, pair or limit that can't be."""

    code = "siting.input_unusable"


class NoPlanPossible(_SitingError):
    """No choice of sites meets what is asked; `which` are the clients or groups that can't be served."""

    code = "siting.no_plan_possible"


class SearchEndedWithoutPlan(DomainError):
    """Time was up, or the search was cancelled, before any plan was found."""

    code = "siting.ended_without_plan"
