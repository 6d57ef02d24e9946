"""Least worst walk (p-center): the smallest radius within which p new sites cover everybody.

The radius is one of the distances, so it is found by halving their list; each step asks whether p sites
cover all within that radius. Quick answers come first and close in from both sides: a cover by greedy
opening and swaps says yes, the Lagrangian bound says no; only what lies between goes to the whole search of
:mod:`cover`.

Sources: Hakimi 1964; Minieka, *The m-center problem*, 1970; Daskin, *Network and discrete location*, 2013.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridmap.siting.compiled import Flags, Integers
from gridmap.siting.core import Core
from gridmap.siting.cover import cover_core, solve_covering
from gridmap.siting.errors import NoPlanPossible, SearchEndedWithoutPlan
from gridmap.siting.instance import Instance, new_site_count
from gridmap.siting.local import greedy, improved
from gridmap.siting.median import always_open, filled_up, nearest_open
from gridmap.siting.result import Plan, Watch, relative_gap


def solve_center(instance: Instance, *, p: int, watch: Watch | None = None) -> Plan:
    """Return the plan whose longest walk of a client with weight is least, with `p` new sites.

    Returns
    -------
    Plan
        `objective` in metres.

    Raises
    ------
    NoPlanPossible
        Clients that nothing reaches within the cutoff, or p sites can't reach everybody within it.
    SearchEndedWithoutPlan
        No plan that reaches everybody within the cutoff was found in time.
    """
    watch = watch or Watch()
    search = _Search(instance, new_site_count(instance, p), watch)
    search.by_swaps()
    search.by_covering(with_program=False)
    search.by_covering(with_program=True)
    if search.labels is None:
        if search.low == len(search.radii):
            raise NoPlanPossible(reason="siting.p_too_small_for_cutoff")
        raise SearchEndedWithoutPlan
    is_open = filled_up(instance, search.labels, count=search.count)
    objective, assignment = worst_walk(instance, is_open)
    bound = min(search.least_m, objective)
    is_proven = bound >= objective
    return Plan(
        sites=np.flatnonzero(is_open),
        assignment=assignment,
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        is_proven=is_proven,
        stopped_by="proven" if is_proven else watch.must_stop or "time",
        time_s=watch.elapsed_s,
    )


def worst_walk(instance: Instance, is_open: Flags) -> tuple[int, Integers]:
    """Return the longest walk of clients with weight (past the cutoff if one has none), and their sites."""
    site, walk_m = nearest_open(instance, is_open)
    counted = instance.weight > 0
    if (site[counted] < 0).any():
        return instance.reach.cutoff_m + 1, site
    return int(walk_m[counted].max()), site


class _Search:
    """The radii in question, and what is known of them.

    `low` is the first radius (by index) that isn't proven too small, `high` that of the best plan, whose
    new sites are `labels` (one past the end, and None, while there is no plan).
    """

    def __init__(self, instance: Instance, count: int, watch: Watch) -> None:
        self.instance, self.count, self.watch = instance, count, watch
        self.labels: Integers | None = None
        usable = always_open(instance) | instance.free
        floor_m, site = worst_walk(instance, usable)
        if floor_m > instance.reach.cutoff_m:
            lost = np.flatnonzero((site < 0) & (instance.weight > 0))
            raise NoPlanPossible(reason="siting.clients_out_of_reach", which=lost.tolist())
        reach = instance.reach
        counted = usable[reach.candidate] & (instance.weight[reach.client] > 0)
        self.radii = np.unique(reach.distance_m[counted & (reach.distance_m >= floor_m)])
        self.low, self.high = 0, len(self.radii)

    @property
    def least_m(self) -> int:
        return int(self.radii[min(self.low, len(self.radii) - 1)])

    def by_swaps(self) -> None:
        """Close in from above: what greedy opening and swaps can't cover is passed over without proof."""
        place = self.low
        while place < self.high and not (self.labels is not None and self.watch.must_stop):
            middle = (place + self.high) // 2
            core = replace(self._core(middle), budget=self.count)
            chosen = improved(core, greedy(core))
            if core.value(chosen) == 0:
                self._accept(core.label[chosen])
            else:
                place = middle + 1
            self._tell()

    def by_covering(self, *, with_program: bool) -> None:
        """Close in from below, then from above, by covers and their bounds; some radii may stay undecided."""
        ceiling = self.high
        while self.low < min(ceiling, self.high) and not self.watch.must_stop:
            middle = (self.low + min(ceiling, self.high)) // 2
            if not self._decide(middle, with_program=with_program):
                ceiling = middle
        floor = max(self.low, ceiling + 1)
        while with_program and floor < self.high and not self.watch.must_stop:
            middle = (floor + self.high) // 2
            self._decide(middle, with_program=True)
            if middle < self.high:
                floor = middle + 1

    def _decide(self, place: int, *, with_program: bool) -> bool:
        """Ask whether p sites cover all within a radius; return whether there was an answer."""
        share = Watch(
            limit_s=min(self.watch.left_s, max(self.watch.limit_s / 6, 0.05)),
            is_cancelled=self.watch.is_cancelled,
        )
        core = self._core(place)
        try:
            answer = solve_covering(core, share, limit=self.count, with_program=with_program)
        except NoPlanPossible:
            self.low = max(self.low, place + 1)
            return True
        except SearchEndedWithoutPlan:
            return False
        if answer.value <= self.count:
            self._accept(answer.labels)
        elif answer.bound > self.count:
            self.low = max(self.low, place + 1)
        self._tell()
        return answer.value <= self.count or answer.bound > self.count

    def _core(self, place: int) -> Core:
        ones = np.ones(self.instance.candidate_count, dtype=np.int64)
        return cover_core(self.instance, radius_m=int(self.radii[place]), price=ones)

    def _accept(self, labels: Integers) -> None:
        is_open = always_open(self.instance)
        is_open[labels] = True
        worst_m, _ = worst_walk(self.instance, is_open)
        place = int(np.searchsorted(self.radii, worst_m))
        if place < self.high:
            self.labels, self.high = labels, place

    def _tell(self) -> None:
        known = None if self.labels is None else int(self.radii[self.high])
        self.watch.tell(known, self.least_m)
