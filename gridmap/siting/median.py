"""Least total walk (p-median): open p new sites so that the weighted sum of walks is least.

Who reaches no open site within the cutoff is counted as `beyond_m`, so that a plan exists always and nobody
is left out of the sum. Sources: Hakimi 1964; ReVelle & Swain, *Central facilities location*, 1970.
"""

from __future__ import annotations

import numpy as np

from gridmap.siting.branch import solve_core
from gridmap.siting.compiled import Flags, Integers
from gridmap.siting.core import Core, make_core
from gridmap.siting.errors import SitingInputUnusable
from gridmap.siting.instance import Instance, Standing, new_site_count
from gridmap.siting.result import Plan, Watch, relative_gap


def solve_median(
    instance: Instance, *, p: int, beyond_m: int | None = None, watch: Watch | None = None
) -> Plan:
    """Return a plan of least total walk with `p` new sites (forced ones count, existing ones don't).

    Parameters
    ----------
    beyond_m : int, metres a client counts with that reaches no open site; the cutoff if not given.

    Returns
    -------
    Plan
        `objective` in weight x metres.
    """
    watch = watch or Watch()
    core = median_core(instance, p=p, beyond_m=beyond_m)
    answer = solve_core(core, watch)
    is_open = filled_up(instance, answer.labels, count=core.budget)
    objective, assignment = walks_of(instance, is_open, beyond_m=beyond_m)
    bound = min(answer.bound, objective)
    return Plan(
        sites=np.flatnonzero(is_open),
        assignment=assignment,
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        is_proven=objective <= bound,
        stopped_by=answer.stopped_by,
        time_s=watch.elapsed_s,
    )


def median_core(
    instance: Instance, *, p: int, beyond_m: int | None = None, ceilings_of_one: bool = True
) -> Core:
    """Put the task as a core: open sites lower the ceilings, free candidates are the columns.

    With `ceilings_of_one`, ceilings take for granted that one site at least is opened.
    """
    reach = instance.reach
    beyond_m = _beyond(instance, beyond_m)
    count = new_site_count(instance, p)
    is_open = always_open(instance)
    ceiling = np.full(instance.client_count, beyond_m, dtype=np.int64)
    client = reach.client
    open_entry = is_open[reach.candidate]
    np.minimum.at(ceiling, client[open_entry], reach.distance_m[open_entry])
    free = instance.free
    kept = free[reach.candidate]
    row, distance_m = client[kept], reach.distance_m[kept]
    if ceilings_of_one and count and not is_open.any():
        # one site is opened in any case: who reaches every candidate pays at most the furthest of them
        furthest_m = np.zeros(instance.client_count, dtype=np.int64)
        np.maximum.at(furthest_m, row, distance_m)
        reaches_all = np.bincount(row, minlength=instance.client_count) == int(free.sum())
        ceiling = np.where(reaches_all, np.minimum(ceiling, furthest_m), ceiling)
    core, _ = core_of_free(
        instance,
        ceiling=ceiling,
        row=row,
        candidate=reach.candidate[kept],
        cost=distance_m,
        price=np.ones(instance.candidate_count, dtype=np.int64),
        budget=count,
    )
    return core


def core_of_free(
    instance: Instance,
    *,
    ceiling: Integers,
    row: Integers,
    candidate: Integers,
    cost: Integers,
    price: Integers,
    budget: int,
    key: Integers | None = None,
) -> tuple[Core, Integers]:
    """Make a core whose columns are the free candidates, in their order, and the row of each client.

    Entries name candidates; clients of different keys, (n,), share no row; a client without a row has -1.
    """
    free = instance.free
    number = np.cumsum(free) - 1
    rivals = instance.apart[free[instance.apart].all(axis=1)] if len(instance.apart) else instance.apart
    return make_core(
        instance.weight,
        ceiling,
        row=row,
        column=number[candidate],
        cost=cost,
        price=price[free],
        budget=budget,
        label=np.flatnonzero(free),
        rivals=number[rivals],
        key=key,
    )


def always_open(instance: Instance) -> Flags:
    """Return the sites that every plan has, (m,) bool: existing and forced in."""
    return (instance.standing == Standing.EXISTING) | (instance.standing == Standing.FORCED_IN)


def filled_up(instance: Instance, labels: Integers, *, count: int) -> Flags:
    """Open the chosen candidates and all fixed sites; fill up to `count` by the lowest that may be.

    A site that gains nothing is opened too, because it was asked for: p sites are p sites.
    """
    is_open = always_open(instance)
    is_open[labels] = True
    missing = count - len(labels)
    for candidate in np.flatnonzero(instance.free & ~is_open):
        if missing <= 0:
            break
        beside = instance.apart[(instance.apart == candidate).any(axis=1)]
        if not is_open[beside].any():
            is_open[candidate] = True
            missing -= 1
    return is_open


def nearest_open(instance: Instance, is_open: Flags) -> tuple[Integers, Integers]:
    """Return for each client its nearest open site and the walk there, (n,) each, -1 where there is none."""
    reach = instance.reach
    entries = np.flatnonzero(is_open[reach.candidate])
    client, first = np.unique(reach.client[entries], return_index=True)
    site = np.full(instance.client_count, -1, dtype=np.int64)
    walk_m = np.full(instance.client_count, -1, dtype=np.int64)
    site[client] = reach.candidate[entries[first]]
    walk_m[client] = reach.distance_m[entries[first]]
    return site, walk_m


def walks_of(instance: Instance, is_open: Flags, *, beyond_m: int | None = None) -> tuple[int, Integers]:
    """Return the weighted sum of walks and who goes where; at `beyond_m` or further nobody goes."""
    beyond_m = _beyond(instance, beyond_m)
    site, walk_m = nearest_open(instance, is_open)
    is_served = (site >= 0) & (walk_m <= beyond_m)
    paid_m = np.where(is_served, walk_m, beyond_m)
    return int((instance.weight * paid_m).sum()), np.where(is_served, site, -1)


def _beyond(instance: Instance, beyond_m: int | None) -> int:
    cutoff_m = instance.reach.cutoff_m
    if beyond_m is None:
        return cutoff_m
    if beyond_m < cutoff_m:
        raise SitingInputUnusable(reason="siting.beyond_below_cutoff", beyond_m=beyond_m, cutoff_m=cutoff_m)
    return beyond_m
