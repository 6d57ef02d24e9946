"""What every model answers with, and how a running search is watched and stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from gridmap.siting.compiled import Integers

Stop = Literal["proven", "time", "cancelled"]


@dataclass(frozen=True)
class Plan:
    """Sites, who goes where, and how good that is at least.

    Attributes
    ----------
    sites : (k,) int, every open candidate in rising order, existing ones included.
    assignment : (n,) int, the open site that serves each client, -1 where none does. With capacities, the one
        that serves most of it.
    objective : int, of this plan, in the model's unit.
    bound : int, no plan is better than this.
    gap : float, how far the plan may be from the best, as a share of the objective.
    is_proven : bool, the plan is a best one.
    stopped_by : what ended the search.
    time_s : float.
    served : (k, 3) int or None: client, site, amount, where clients are split between sites with capacities.
    """

    sites: Integers
    assignment: Integers
    objective: int
    bound: int
    gap: float
    is_proven: bool
    stopped_by: Stop
    time_s: float
    served: Integers | None = None


@dataclass(frozen=True)
class Progress:
    """A word from a running search: the best plan's value so far (None before the first) and the bound."""

    incumbent: int | None
    bound: float
    time_s: float


@dataclass
class Watch:
    """Says when to stop, and tells who listens how far the search is.

    Attributes
    ----------
    limit_s : float, seconds from the making of the watch.
    is_cancelled : asked often; True ends the search with the best plan so far.
    report : called with :class:`Progress`, from the searching thread.
    """

    limit_s: float = 60.0
    is_cancelled: Callable[[], bool] | None = None
    report: Callable[[Progress], None] | None = None
    begun: float = field(default_factory=time.perf_counter)

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self.begun

    @property
    def left_s(self) -> float:
        return max(self.limit_s - self.elapsed_s, 0.0)

    @property
    def must_stop(self) -> Stop | None:
        """What ends the search now, if anything does."""
        if self.is_cancelled is not None and self.is_cancelled():
            return "cancelled"
        return "time" if self.elapsed_s >= self.limit_s else None

    def tell(self, incumbent: int | None, bound: float) -> None:
        if self.report is not None:
            self.report(Progress(incumbent, bound, self.elapsed_s))


def relative_gap(objective: int, bound: int) -> float:
    """Return the distance of plan and bound as a share of the plan's value."""
    return abs(objective - bound) / max(abs(objective), 1)
