"""What is to be decided: clients with weights, candidates with their standing, and who reaches whom.

Everything is whole numbers (metres, weights, costs): then a bound that lies less than one below a plan proves
the plan. Real weights are scaled to whole numbers by who makes the instance, who also knows what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from gridmap.siting.compiled import Flags, Integers
from gridmap.siting.errors import SitingInputUnusable
from gridmap.siting.network import WalkingDistances


class Standing(IntEnum):
    """What is already known about a candidate."""

    FREE = 0
    EXISTING = 1
    """Stands already: stays, and counts neither for p nor for the budget."""
    FORCED_IN = 2
    """Will be built: counts for p and for the budget."""
    FORCED_OUT = 3
    """Won't be built, for the reason given."""


@dataclass(frozen=True)
class Reach:
    """Who reaches whom, by client: nearest first, equally near ones by number.

    Attributes
    ----------
    indptr : (n + 1,) int; candidate, distance_m : (k,) int.
    candidate_count : int, m.
    cutoff_m : int, what lies further is not in the lists.
    """

    indptr: Integers
    candidate: Integers
    distance_m: Integers
    candidate_count: int
    cutoff_m: int

    @property
    def client_count(self) -> int:
        return len(self.indptr) - 1

    @property
    def client(self) -> Integers:
        """The client of each entry, (k,)."""
        return np.repeat(np.arange(self.client_count), np.diff(self.indptr))

    def within(self, radius_m: int) -> Reach:
        """Return the entries of at most `radius_m`, without searching anew."""
        kept = self.distance_m <= radius_m
        indptr = np.concatenate([[0], np.cumsum(kept)])[self.indptr]
        return replace(
            self,
            indptr=indptr.astype(np.int64),
            candidate=self.candidate[kept],
            distance_m=self.distance_m[kept],
            cutoff_m=min(self.cutoff_m, radius_m),
        )


def reach_from_entries(
    client: Integers, candidate: Integers, distance_m: Integers, *, shape: tuple[int, int], cutoff_m: int
) -> Reach:
    """Sort entries (k,) into the lists of `shape` = (clients, candidates)."""
    order = np.lexsort((candidate, distance_m, client))
    indptr = np.zeros(shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(client, minlength=shape[0]), out=indptr[1:])
    return Reach(
        indptr=indptr,
        candidate=np.asarray(candidate, dtype=np.int64)[order],
        distance_m=np.asarray(distance_m, dtype=np.int64)[order],
        candidate_count=shape[1],
        cutoff_m=cutoff_m,
    )


def reach_by_walking(walks: WalkingDistances) -> Reach:
    """Turn distances by candidate into lists by client."""
    candidate_count = len(walks.indptr) - 1
    return reach_from_entries(
        walks.client,
        np.repeat(np.arange(candidate_count), np.diff(walks.indptr)),
        walks.distance_m,
        shape=(walks.client_count, candidate_count),
        cutoff_m=walks.cutoff_m,
    )


def reach_of_matrix(distance_m: Integers, *, cutoff_m: int | None = None) -> Reach:
    """Take the lists from a full matrix, (clients, candidates); without a cutoff, all of it."""
    distance_m = np.asarray(distance_m, dtype=np.int64)
    cutoff_m = int(distance_m.max(initial=0)) if cutoff_m is None else cutoff_m
    client, candidate = np.nonzero(distance_m <= cutoff_m)
    return reach_from_entries(
        client, candidate, distance_m[client, candidate], shape=distance_m.shape, cutoff_m=cutoff_m
    )


@dataclass(frozen=True)
class Instance:
    """One planning task, without the question asked of it.

    Attributes
    ----------
    weight : (n,) int, people or e-bikes of each client, at least 0.
    reach : who reaches whom.
    standing : (m,) int of :class:`Standing`.
    reason : m words (codes) why a candidate is forced out or in; "" where there is nothing to say.
    cost : (m,) int, at least 0, in the unit of the budget.
    capacity : (m,) int in the unit of the weights, or None where nobody is turned away.
    group : (n,) int, the micro-grid of each client for floors of coverage, -1 for none.
    apart : (k, 2) int, pairs of candidates that stand too near to each other to be both open.
    """

    weight: Integers
    reach: Reach
    standing: Integers
    reason: tuple[str, ...]
    cost: Integers
    capacity: Integers | None
    group: Integers
    apart: Integers

    @property
    def client_count(self) -> int:
        return len(self.weight)

    @property
    def candidate_count(self) -> int:
        return len(self.standing)

    @property
    def existing(self) -> Integers:
        return np.flatnonzero(self.standing == Standing.EXISTING)

    @property
    def forced_in(self) -> Integers:
        return np.flatnonzero(self.standing == Standing.FORCED_IN)

    @property
    def free(self) -> Flags:
        return self.standing == Standing.FREE

    def with_standing(self, candidate: int, standing: Standing) -> Instance:
        """Return the task with another standing of one candidate."""
        changed = self.standing.copy()
        changed[candidate] = standing
        return replace(self, standing=changed)


def make_instance(
    weight: Integers,
    reach: Reach,
    *,
    standing: Integers | None = None,
    reason: Sequence[str] | None = None,
    cost: Integers | None = None,
    capacity: Integers | None = None,
    group: Integers | None = None,
    apart: Integers | None = None,
) -> Instance:
    """Check the arrays and fill in what was not said: all free, cost 1, no capacities, no groups, none apart.

    Raises
    ------
    SitingInputUnusable
        `reason` says what is wrong and `which` where: no client, no candidate, lengths that differ,
        negative or fractional numbers, all weights zero, pairs of candidates that are not there, fixed
        sites too near.
    """
    weight = _whole(weight, "weight")
    count, candidate_count = reach.client_count, reach.candidate_count
    if not len(weight) or not weight.any():
        raise SitingInputUnusable(reason="siting.no_demand")
    if not candidate_count:
        raise SitingInputUnusable(reason="siting.no_candidates")
    standing = np.zeros(candidate_count, np.int64) if standing is None else np.asarray(standing, np.int64)
    cost = np.ones(candidate_count, np.int64) if cost is None else _whole(cost, "cost")
    capacity = None if capacity is None else _whole(capacity, "capacity")
    group = np.full(count, -1, np.int64) if group is None else np.asarray(group, np.int64)
    apart = np.zeros((0, 2), np.int64) if apart is None else np.asarray(apart, np.int64).reshape(-1, 2)
    words = ("",) * candidate_count if reason is None else tuple(reason)
    lengths_fit = (
        len(weight) == len(group) == count
        and len(standing) == len(cost) == len(words) == candidate_count
        and (capacity is None or len(capacity) == candidate_count)
    )
    if not lengths_fit:
        raise SitingInputUnusable(reason="siting.lengths_differ")
    unknown = np.flatnonzero((standing < 0) | (standing > max(Standing)))
    if len(unknown):
        raise SitingInputUnusable(reason="siting.unknown_standing", which=unknown.tolist())
    if len(reach.distance_m) and reach.distance_m.min() < 0:
        raise SitingInputUnusable(
            reason="siting.negative_distance", which=np.unique(reach.client[reach.distance_m < 0]).tolist()
        )
    strange = np.flatnonzero(
        ((apart < 0) | (apart >= candidate_count)).any(axis=1) | (apart[:, 0] == apart[:, 1])
    )
    if len(strange):
        raise SitingInputUnusable(reason="siting.unknown_pair", which=strange.tolist())
    # what stands already was allowed once; what is still to be built has to keep its distance
    open_now = (standing == Standing.EXISTING) | (standing == Standing.FORCED_IN)
    built = standing == Standing.FORCED_IN
    clash = open_now[apart].all(axis=1) & built[apart].any(axis=1)
    if clash.any():
        raise SitingInputUnusable(reason="siting.fixed_too_near", which=np.unique(apart[clash]).tolist())
    # a free candidate beside an open one can't be built
    ruled_out = np.concatenate([apart[open_now[apart[:, 0]], 1], apart[open_now[apart[:, 1]], 0]])
    ruled_out = np.unique(ruled_out[standing[ruled_out] == Standing.FREE])
    standing = standing.copy()
    standing[ruled_out] = Standing.FORCED_OUT
    words = tuple(
        word or ("siting.too_near_to_open_site" if beside else "")
        for word, beside in zip(words, np.isin(np.arange(candidate_count), ruled_out), strict=True)
    )
    return Instance(weight, reach, standing, words, cost, capacity, group, apart)


def new_site_count(instance: Instance, p: int) -> int:
    """Return how many free candidates may still be opened when `p` new sites are asked for.

    Raises
    ------
    SitingInputUnusable
        p is negative, larger than the candidates that may be built, or smaller than what is forced in.
    """
    forced, free = len(instance.forced_in), int(instance.free.sum())
    if p < 0:
        raise SitingInputUnusable(reason="siting.negative_p", p=p)
    if p > forced + free:
        raise SitingInputUnusable(reason="siting.p_exceeds_candidates", p=p, available=forced + free)
    if p < forced:
        raise SitingInputUnusable(reason="siting.p_below_forced", which=instance.forced_in.tolist(), p=p)
    return p - forced


def left_of_budget(instance: Instance, budget: int) -> int:
    """Return what the forced sites leave of the budget."""
    forced_cost = int(instance.cost[instance.forced_in].sum())
    if budget < forced_cost:
        raise SitingInputUnusable(reason="siting.budget_below_forced", which=instance.forced_in.tolist())
    return budget - forced_cost


def _whole(values: Integers, name: str) -> Integers:
    given = np.asarray(values)
    if given.dtype.kind == "f":
        wrong = np.flatnonzero(~np.isfinite(given) | (given != np.rint(given)))
        if len(wrong):
            raise SitingInputUnusable(reason="siting.not_whole", which=wrong.tolist(), what=name)
    elif given.dtype.kind not in "iub":
        raise SitingInputUnusable(reason="siting.not_whole", what=name)
    wrong = np.flatnonzero(given < 0)
    if len(wrong):
        raise SitingInputUnusable(reason=f"siting.negative_{name}", which=wrong.tolist(), what=name)
    return given.astype(np.int64)
