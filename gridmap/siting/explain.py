"""Why this site, and why not that one: numbers that can be checked, for "cover most" and "least total walk".

Losses are those of the shown plan and exact. What it costs to force another site in is given from both
sides: no plan with it is better than `at_least`, and a plan that was found loses `at_most`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.siting.compiled import Flags, Integers
from gridmap.siting.coverage import Coverage, covered, solve_coverage
from gridmap.siting.errors import SitingInputUnusable
from gridmap.siting.instance import Instance, Standing
from gridmap.siting.median import solve_median, walks_of
from gridmap.siting.result import Plan, Watch


@dataclass(frozen=True)
class WhySite:
    """What a site of the plan does.

    Attributes
    ----------
    site : int.
    loss : int, by how much the plan gets worse without it.
    only_here : (k,) int, clients that reach no other open site.
    replacement : int, the free candidate that makes up most of the loss; -1 if none may be opened.
    loss_replaced : int, what is still lost with it (negative if the plan was not the best).
    """

    site: int
    loss: int
    only_here: Integers
    replacement: int
    loss_replaced: int


@dataclass(frozen=True)
class WhyNot:
    """What it costs to force a candidate in.

    Attributes
    ----------
    candidate : int.
    reason : str, why it is barred; "" for a free one.
    at_least, at_most : int, how much worse the best plan with it is than the plan shown, proven from below
        and found from above. Equal where the search was proven.
    plan : the plan with it, or None for a barred candidate.
    """

    candidate: int
    reason: str
    at_least: int
    at_most: int
    plan: Plan | None


def why_sites(instance: Instance, plan: Plan, asked: Coverage | None = None) -> list[WhySite]:
    """Explain each new site of the plan; with `asked` for coverage, without for least total walk."""
    is_open = np.zeros(instance.candidate_count, dtype=np.bool_)
    is_open[plan.sites] = True
    reach = instance.reach if asked is None else instance.reach.within(asked.radius_m)
    times = np.bincount(reach.client[is_open[reach.candidate]], minlength=instance.client_count)
    base = _badness(instance, is_open, asked)
    result: list[WhySite] = []
    for site in plan.sites.tolist():
        if instance.standing[site] == Standing.EXISTING:
            continue
        without = is_open.copy()
        without[site] = False
        reached_here = reach.client[reach.candidate == site]
        best, best_badness = -1, _badness(instance, without, asked)
        loss = best_badness - base
        for other in _near(
            instance, without, reached_here, reach_candidate=reach.candidate, client=reach.client
        ):
            if other == site:
                continue
            without[other] = True
            badness = _badness(instance, without, asked)
            without[other] = False
            if best < 0 or badness < best_badness:
                best, best_badness = other, badness
        only_here = np.sort(reached_here[(times[reached_here] == 1) & (instance.weight[reached_here] > 0)])
        result.append(WhySite(site, loss, only_here, best, best_badness - base))
    return result


def why_not(
    instance: Instance,
    plan: Plan,
    candidate: int,
    *,
    p: int,
    asked: Coverage | None = None,
    beyond_m: int | None = None,
    watch: Watch | None = None,
) -> WhyNot:
    """Search again with the candidate forced in, and compare with the plan shown (of the same p)."""
    if not 0 <= candidate < instance.candidate_count:
        raise SitingInputUnusable(reason="siting.no_candidates", which=[candidate])
    if instance.standing[candidate] == Standing.FORCED_OUT:
        return WhyNot(candidate, instance.reason[candidate], 0, 0, None)
    forced = instance
    if instance.standing[candidate] == Standing.FREE:
        forced = instance.with_standing(candidate, Standing.FORCED_IN)
    if asked is not None:
        found = solve_coverage(forced, asked, watch=watch)
        return WhyNot(
            candidate, "", max(plan.objective - found.bound, 0), plan.objective - found.objective, found
        )
    found = solve_median(forced, p=p, beyond_m=beyond_m, watch=watch)
    return WhyNot(
        candidate, "", max(found.bound - plan.objective, 0), found.objective - plan.objective, found
    )


def _badness(instance: Instance, is_open: Flags, asked: Coverage | None) -> int:
    """What the plan is short of, so that less is better for both models."""
    if asked is None:
        return walks_of(instance, is_open)[0]
    return int(instance.weight.sum()) * asked.full_value - covered(instance, asked, is_open)[0]


def _near(
    instance: Instance, is_open: Flags, clients: Integers, *, reach_candidate: Integers, client: Integers
) -> list[int]:
    """Free candidates that reach one of the clients and stand near no open site, rising."""
    entries = np.isin(client, clients)
    found = np.unique(reach_candidate[entries])
    beside = np.zeros(instance.candidate_count, dtype=np.bool_)
    beside[instance.apart[is_open[instance.apart[:, 0]], 1]] = True
    beside[instance.apart[is_open[instance.apart[:, 1]], 0]] = True
    return [int(j) for j in found if instance.free[j] and not is_open[j] and not beside[j]]
