"""A second opinion on a plan: whether it keeps the rules, and what it is worth.

Nothing here is shared with the solvers, on purpose: distances become a full matrix, and every rule is read
from the instance anew. It is slow and plain, and is asked after every search whose result is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmap.siting.coverage import Coverage
from gridmap.siting.instance import Instance, Standing
from gridmap.siting.result import Plan

_FAR = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes
    ----------
    faults : what the plan breaks, as codes; empty for a plan that stands.
    objective : int, counted anew.
    """

    faults: tuple[str, ...]
    objective: int


def verify_cover(instance: Instance, plan: Plan, *, radius_m: int) -> Verdict:
    """Check a plan of :func:`cover.solve_cover`: everybody within the radius, cost of the new sites."""
    walk_m = _matrix(instance)
    faults = _site_faults(instance, plan)
    best_m = _best(walk_m, plan)
    if (best_m[instance.weight > 0] > radius_m).any():
        faults.append("uncovered_client")
    faults += _assignment_faults(walk_m, plan, limit_m=radius_m)
    new = [j for j in plan.sites.tolist() if instance.standing[j] != Standing.EXISTING]
    return _verdict(faults, plan, int(sum(int(instance.cost[j]) for j in new)), is_least=True)


def verify_median(instance: Instance, plan: Plan, *, p: int, beyond_m: int) -> Verdict:
    """Check a plan of :func:`median.solve_median`."""
    walk_m = _matrix(instance)
    faults = _site_faults(instance, plan, p=p)
    faults += _assignment_faults(walk_m, plan, limit_m=beyond_m)
    paid_m = np.minimum(_best(walk_m, plan), beyond_m)
    return _verdict(faults, plan, int(np.dot(instance.weight, paid_m)), is_least=True)


def verify_center(instance: Instance, plan: Plan, *, p: int) -> Verdict:
    """Check a plan of :func:`center.solve_center`."""
    walk_m = _matrix(instance)
    faults = _site_faults(instance, plan, p=p)
    faults += _assignment_faults(walk_m, plan, limit_m=instance.reach.cutoff_m)
    return _verdict(faults, plan, int(_best(walk_m, plan)[instance.weight > 0].max()), is_least=True)


def verify_coverage(instance: Instance, plan: Plan, asked: Coverage) -> Verdict:
    """Check a plan of :func:`coverage.solve_coverage`, with decay, backup and floors."""
    walk_m = _matrix(instance)
    faults = _site_faults(instance, plan, p=asked.p, budget=asked.budget)
    faults += _assignment_faults(walk_m, plan, limit_m=asked.radius_m)
    best_m = _best(walk_m, plan)
    is_within = best_m <= asked.radius_m
    value = np.zeros(instance.client_count, dtype=np.int64)
    for client in np.flatnonzero(is_within):
        if asked.decay is not None:
            full_m, none_m = asked.decay.full_m, asked.decay.none_m
            left_m = min(none_m - full_m, max(none_m - int(best_m[client]), 0))
            value[client] = 1000 * left_m // (none_m - full_m)
        elif asked.backup_percent:
            times = int((walk_m[client, plan.sites] <= asked.radius_m).sum())
            value[client] = 100 if times > 1 else 100 - asked.backup_percent
        else:
            value[client] = 1
    faults += _floor_faults(instance, np.where(is_within, instance.weight, 0), asked.floor_percent)
    return _verdict(faults, plan, int(np.dot(instance.weight, value)), is_least=False)


def verify_capacitated_coverage(instance: Instance, plan: Plan, asked: Coverage) -> Verdict:
    """Check a plan of :func:`capacity.solve_capacitated_coverage`: amounts, capacities, floors."""
    faults = _site_faults(instance, plan, p=asked.p, budget=asked.budget)
    faults += _amount_faults(instance, plan, limit_m=asked.radius_m)
    objective = 0
    served = np.zeros(instance.client_count, dtype=np.int64)
    for client, amount, walked_m in _amounts(instance, plan):
        served[client] += amount
        worth = 1
        if asked.decay is not None:
            full_m, none_m = asked.decay.full_m, asked.decay.none_m
            worth = 1000 * min(none_m - full_m, max(none_m - walked_m, 0)) // (none_m - full_m)
        objective += amount * worth
    faults += _floor_faults(instance, served, asked.floor_percent)
    return _verdict(faults, plan, objective, is_least=False)


def verify_capacitated_median(instance: Instance, plan: Plan, *, p: int, beyond_m: int) -> Verdict:
    """Check a plan of :func:`capacity.solve_capacitated_median`."""
    faults = _site_faults(instance, plan, p=p)
    faults += _amount_faults(instance, plan, limit_m=beyond_m)
    objective = int(instance.weight.sum()) * beyond_m
    for _, amount, walked_m in _amounts(instance, plan):
        objective -= amount * (beyond_m - walked_m)
    return _verdict(faults, plan, objective, is_least=True)


def _matrix(instance: Instance) -> NDArray[np.int64]:
    """Return all walks, (n, m); pairs that aren't listed are far."""
    walk_m = np.full((instance.client_count, instance.candidate_count), _FAR, dtype=np.int64)
    for client in range(instance.client_count):
        entries = slice(instance.reach.indptr[client], instance.reach.indptr[client + 1])
        walk_m[client, instance.reach.candidate[entries]] = instance.reach.distance_m[entries]
    return walk_m


def _best(walk_m: NDArray[np.int64], plan: Plan) -> NDArray[np.int64]:
    if not len(plan.sites):
        return np.full(len(walk_m), _FAR, dtype=np.int64)
    return walk_m[:, plan.sites].min(axis=1)


def _site_faults(
    instance: Instance, plan: Plan, *, p: int | None = None, budget: int | None = None
) -> list[str]:
    faults: list[str] = []
    sites = plan.sites.tolist()
    chosen = set(sites)
    if len(chosen) != len(sites) or any(not 0 <= j < instance.candidate_count for j in sites):
        return ["unknown_site"]
    for j in range(instance.candidate_count):
        standing = instance.standing[j]
        if standing in (Standing.EXISTING, Standing.FORCED_IN) and j not in chosen:
            faults.append("fixed_site_closed")
        if standing == Standing.FORCED_OUT and j in chosen:
            faults.append("barred_site_open")
    new = [j for j in sites if instance.standing[j] != Standing.EXISTING]
    if p is not None and len(new) > p:
        faults.append("too_many_sites")
    if budget is not None and sum(int(instance.cost[j]) for j in new) > budget:
        faults.append("over_budget")
    for first, second in instance.apart.tolist():
        both_stand = (
            instance.standing[first] == Standing.EXISTING and instance.standing[second] == Standing.EXISTING
        )
        if first in chosen and second in chosen and not both_stand:
            faults.append("sites_too_near")
    return faults


def _assignment_faults(walk_m: NDArray[np.int64], plan: Plan, *, limit_m: int) -> list[str]:
    """Everybody who can walk to an open site goes to a nearest one, and nobody else goes anywhere."""
    best_m = _best(walk_m, plan)
    faults: list[str] = []
    for client, site in enumerate(plan.assignment.tolist()):
        if site < 0:
            if best_m[client] <= limit_m:
                faults.append("client_left_out")
        elif site not in plan.sites or walk_m[client, site] != best_m[client] or best_m[client] > limit_m:
            faults.append("not_the_nearest_site")
    return faults


def _floor_faults(instance: Instance, reached: NDArray[np.int64], floor_percent: int) -> list[str]:
    for group in set(instance.group.tolist()) - {-1}:
        inside = instance.group == group
        if 100 * int(reached[inside].sum()) < floor_percent * int(instance.weight[inside].sum()):
            return ["floor_not_met"]
    return []


def _amounts(instance: Instance, plan: Plan) -> list[tuple[int, int, int]]:
    assert plan.served is not None
    walk_m = _matrix(instance)
    return [(i, amount, int(walk_m[i, j])) for i, j, amount in plan.served.tolist()]


def _amount_faults(instance: Instance, plan: Plan, *, limit_m: int) -> list[str]:
    assert plan.served is not None
    assert instance.capacity is not None
    faults: list[str] = []
    by_client: dict[int, int] = {}
    by_site: dict[int, int] = {}
    walk_m = _matrix(instance)
    for i, j, amount in plan.served.tolist():
        by_client[i] = by_client.get(i, 0) + amount
        by_site[j] = by_site.get(j, 0) + amount
        if amount <= 0 or j not in plan.sites or walk_m[i, j] > limit_m:
            faults.append("impossible_amount")
    if any(amount > instance.weight[i] for i, amount in by_client.items()):
        faults.append("more_than_the_demand")
    if any(amount > instance.capacity[j] for j, amount in by_site.items()):
        faults.append("over_capacity")
    return faults


def _verdict(faults: list[str], plan: Plan, objective: int, *, is_least: bool) -> Verdict:
    if plan.objective != objective:
        faults.append("objective_differs")
    if (plan.bound > objective) if is_least else (plan.bound < objective):
        faults.append("bound_contradicted")
    if plan.is_proven and plan.bound != objective:
        faults.append("proof_without_bound")
    return Verdict(tuple(faults), objective)
