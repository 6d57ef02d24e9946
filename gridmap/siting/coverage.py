"""Cover most demand with p sites or within a budget (maximal covering, MCLP).

Variants, each with existing, forced and too-near sites: partial coverage that decays with distance, a floor
of coverage for every group, and backup coverage (the share of the value that a second site within the
radius adds).

Bound, fixing and narrowing are those of the core; what they leave open goes to HiGHS in the radius
formulation, where ``missed`` variables of a row are one for each step of its costs. Floors and backup go
there at once.

Sources: Church & ReVelle, *The maximal covering location problem*, 1974; Church & Roberts 1983 (decay);
Hogan & ReVelle, *Concepts and applications of backup coverage*, 1986; García, Labbé & Marín, *Solving large
p-median problems with a radius formulation*, 2011.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from gridmap.siting import milp
from gridmap.siting.bounds import safe_ceiling
from gridmap.siting.branch import Root, solve_root
from gridmap.siting.compiled import Flags, Integers
from gridmap.siting.core import Core
from gridmap.siting.errors import NoPlanPossible, SearchEndedWithoutPlan, SitingInputUnusable
from gridmap.siting.instance import (
    Instance,
    left_of_budget,
    new_site_count,
)
from gridmap.siting.median import always_open, core_of_free, filled_up, nearest_open
from gridmap.siting.programs import Misses, backup_of, choosing_program, steps_of
from gridmap.siting.result import Plan, Stop, Watch, relative_gap

PERMILLE = 1000


@dataclass(frozen=True)
class Decay:
    """Partial coverage: all of a client's weight up to `full_m`, falling evenly to nothing at `none_m`."""

    full_m: int
    none_m: int

    def __post_init__(self) -> None:
        if not 0 <= self.full_m < self.none_m:
            raise SitingInputUnusable(reason="siting.decay_not_falling")

    def permille(self, distance_m: Integers) -> Integers:
        """Return the share of the weight that counts at each distance, in whole thousandths."""
        left_m = np.clip(self.none_m - distance_m, 0, self.none_m - self.full_m)
        return left_m * PERMILLE // (self.none_m - self.full_m)


@dataclass(frozen=True)
class Coverage:
    """What is asked for.

    Attributes
    ----------
    radius_m : int, who is further is not covered.
    p : new sites, or None where a budget is given; budget : cost of new sites, or None.
    decay : partial coverage within the radius, or None.
    floor_percent : whole percents of each group's weight that have to be within the radius; 0 for no floor.
    backup_percent : what a second site within the radius adds, as a percent of a client's value (at most
        50; the first site then counts for the rest).
    """

    radius_m: int
    p: int | None = None
    budget: int | None = None
    decay: Decay | None = None
    floor_percent: int = 0
    backup_percent: int = 0

    def __post_init__(self) -> None:
        if (self.p is None) == (self.budget is None):
            raise SitingInputUnusable(reason="siting.p_or_budget")
        if not 0 <= self.floor_percent <= 100:
            raise SitingInputUnusable(reason="siting.not_a_percentage", what="floor")
        if not 0 <= self.backup_percent <= 50:
            raise SitingInputUnusable(reason="siting.not_a_percentage", what="backup")
        if self.decay is not None and self.backup_percent:
            raise SitingInputUnusable(reason="siting.decay_with_backup")

    @property
    def full_value(self) -> int:
        """What one unit of weight is worth when fully covered: thousandths, percents, or 1."""
        if self.decay is not None:
            return PERMILLE
        return 100 if self.backup_percent else 1


def solve_coverage(instance: Instance, asked: Coverage, *, watch: Watch | None = None) -> Plan:
    """Return the plan of most coverage.

    Returns
    -------
    Plan
        `objective` in weight x :attr:`Coverage.full_value`.

    Raises
    ------
    NoPlanPossible
        No plan meets the floors; names the groups that can't be met even by all sites together, if there are.
    """
    watch = watch or Watch()
    floors = group_floors(instance, asked)
    if asked.backup_percent:
        labels, bound, stop = _with_backup(instance, asked, floors, watch)
    else:
        labels, bound, stop = _by_core(instance, asked, floors, watch)
    if asked.p is not None:
        is_open = filled_up(instance, labels, count=new_site_count(instance, asked.p))
    else:
        is_open = always_open(instance)
        is_open[labels] = True
    objective, assignment = covered(instance, asked, is_open)
    bound = max(bound, objective)
    return Plan(
        sites=np.flatnonzero(is_open),
        assignment=assignment,
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        is_proven=objective >= bound,
        stopped_by=stop,
        time_s=watch.elapsed_s,
    )


def covered(instance: Instance, asked: Coverage, is_open: Flags) -> tuple[int, Integers]:
    """Return what a set of sites, (m,) bool, covers, and the nearest site of each covered client."""
    near = replace(instance, reach=instance.reach.within(asked.radius_m))
    site, walk_m = nearest_open(near, is_open)
    if asked.decay is not None:
        value = np.where(site >= 0, asked.decay.permille(walk_m), 0)
    elif asked.backup_percent:
        entries = is_open[near.reach.candidate]
        times = np.bincount(near.reach.client[entries], minlength=instance.client_count)
        value = (100 - asked.backup_percent) * (times > 0) + asked.backup_percent * (times > 1)
    else:
        value = (site >= 0).astype(np.int64)
    return int((instance.weight * value).sum()), site


def group_floors(instance: Instance, asked: Coverage) -> Integers:
    """Return the weight that has to be covered in each group, (groups,), rounded up.

    Raises
    ------
    NoPlanPossible
        Naming the groups whose floor is out of reach of all sites together.
    """
    group_count = int(instance.group.max(initial=-1)) + 1
    inside = instance.group >= 0
    totals = np.zeros(group_count, dtype=np.int64)
    np.add.at(totals, instance.group[inside], instance.weight[inside])
    floors = -(-totals * asked.floor_percent // 100)
    most = reachable_weight(instance, asked)
    if (most < floors).any():
        raise NoPlanPossible(reason="siting.floor_out_of_reach", which=np.flatnonzero(most < floors).tolist())
    return floors


def reachable_weight(instance: Instance, asked: Coverage) -> Integers:
    """Return the weight of each group that all open and free sites together would cover, (groups,)."""
    usable = always_open(instance) | instance.free
    _, site = nearest_open(replace(instance, reach=instance.reach.within(asked.radius_m)), usable)
    inside = (instance.group >= 0) & (site >= 0)
    result = np.zeros(int(instance.group.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(result, instance.group[inside], instance.weight[inside])
    return result


def coverage_core(
    instance: Instance, asked: Coverage, *, key: Integers | None = None
) -> tuple[Core, Integers]:
    """Put the task (without backup) as a core, and the row of each client, -1 where nothing is to be decided.

    A row's cost is what it misses of full coverage. Clients of different keys, (n,), share no row.
    """
    reach = instance.reach.within(asked.radius_m)
    full = asked.full_value
    missed = np.zeros(len(reach.distance_m), dtype=np.int64)
    if asked.decay is not None:
        missed = full - asked.decay.permille(reach.distance_m)
    ceiling = np.full(instance.client_count, full, dtype=np.int64)
    opened = always_open(instance)[reach.candidate]
    np.minimum.at(ceiling, reach.client[opened], missed[opened])
    kept = instance.free[reach.candidate]
    price, budget = _price(instance, asked)
    return core_of_free(
        instance,
        ceiling=ceiling,
        row=reach.client[kept],
        candidate=reach.candidate[kept],
        cost=missed[kept],
        price=price,
        budget=budget,
        key=key,
    )


def _price(instance: Instance, asked: Coverage) -> tuple[Integers, int]:
    if asked.p is not None:
        return np.ones(instance.candidate_count, dtype=np.int64), new_site_count(instance, asked.p)
    assert asked.budget is not None
    return instance.cost, left_of_budget(instance, asked.budget)


def _by_core(
    instance: Instance, asked: Coverage, floors: Integers, watch: Watch
) -> tuple[Integers, int, Stop]:
    full = int(instance.weight.sum()) * asked.full_value
    core, _ = coverage_core(instance, asked)
    root = solve_root(core, watch)
    is_open = always_open(instance)
    is_open[root.labels] = True
    if _meets(instance, asked, floors, is_open):
        # no plan is better than one without floors, so floors that it meets change nothing
        labels, bound, stop = _finish(root, watch)
        is_open = always_open(instance)
        is_open[labels] = True
        if stop != "proven" or _meets(instance, asked, floors, is_open):
            return (labels if stop == "proven" else root.labels), full - bound, stop
    program = choosing_program(
        core, steps_of(core), offset=core.offset, floors=_floors(instance, asked, floors)
    )
    return _solved(program, core, watch, full=full, bound=root.bound)


def _with_backup(
    instance: Instance, asked: Coverage, floors: Integers, watch: Watch
) -> tuple[Integers, int, Stop]:
    full = int(instance.weight.sum()) * asked.full_value
    reach = instance.reach.within(asked.radius_m)
    opened = always_open(instance)[reach.candidate]
    times = np.minimum(np.bincount(reach.client[opened], minlength=instance.client_count), 2)
    kept = instance.free[reach.candidate] & (times[reach.client] < 2)
    price, budget = _price(instance, asked)
    core, row = core_of_free(
        instance,
        ceiling=np.ones(instance.client_count, dtype=np.int64),
        row=reach.client[kept],
        candidate=reach.candidate[kept],
        cost=np.zeros(int(kept.sum()), dtype=np.int64),
        price=price,
        budget=budget,
        key=times,
    )
    missed = np.array([100, asked.backup_percent, 0])[times]
    offset = int((instance.weight * missed)[row < 0].sum())
    has_one = np.zeros(core.row_count, dtype=np.int64)
    has_one[row[row >= 0]] = times[row >= 0]
    program = choosing_program(
        core,
        backup_of(core, has_one=has_one, backup_percent=asked.backup_percent),
        offset=offset,
        floors=_floors(instance, asked, floors) if floors.any() else None,
    )
    return _solved(program, core, watch, full=full, bound=0)


def _meets(instance: Instance, asked: Coverage, floors: Integers, is_open: Flags) -> bool:
    _, site = covered(instance, asked, is_open)
    within = (site >= 0) & (instance.group >= 0)
    reached = np.bincount(instance.group[within], weights=instance.weight[within], minlength=len(floors))
    return bool((reached >= floors).all())


def _floors(instance: Instance, asked: Coverage, floors: Integers) -> tuple[Misses, csr_matrix, Integers]:
    """Return the rows of being within the radius, their weights by group, and what each group may miss.

    A client counts for its group as soon as it is within the radius, however little decay leaves of it. Who
    is out of reach of every site is missed in any case, and not among the rows.
    """
    plain = replace(asked, decay=None, backup_percent=0)
    within, row = coverage_core(instance, plain, key=instance.group)
    group = np.full(within.row_count, -1, dtype=np.int64)
    group[row[row >= 0]] = instance.group[row >= 0]
    inside = np.flatnonzero(group >= 0)
    weight = csr_matrix(
        (within.weight[inside].astype(np.float64), (group[inside], inside)),
        shape=(len(floors), within.row_count),
    )
    return steps_of(within), weight, reachable_weight(instance, asked) - floors


def _solved(
    program: milp.Program, core: Core, watch: Watch, *, full: int, bound: int
) -> tuple[Integers, int, Stop]:
    solution = milp.solve(program, watch)
    if solution.outcome == "infeasible":
        raise NoPlanPossible(reason="siting.floors_with_these_sites")
    if solution.point is None:
        raise SearchEndedWithoutPlan
    if np.isfinite(solution.bound):
        bound = max(bound, safe_ceiling(solution.bound - 1e-6))
    picked = solution.point[: core.column_count] > 0.5
    stop: Stop = "proven" if solution.outcome == "optimal" else watch.must_stop or "time"
    return core.label[picked], full - bound, stop


def _finish(root: Root, watch: Watch) -> tuple[Integers, int, Stop]:
    """Close by HiGHS what the root left; return labels, the bound on the cost, and what ended it."""
    if root.bound >= root.value:
        return root.labels, root.value, "proven"
    core = root.narrow
    solution = milp.solve(
        choosing_program(core, steps_of(core), offset=core.offset, floors=None),
        watch,
        hopeless=float(root.value - 1),
    )
    labels, value = root.labels, root.value
    if solution.point is not None:
        is_open = solution.point[: core.column_count] > 0.5
        found = core.value(is_open)
        if found < value:
            labels, value = np.sort(np.concatenate([root.opened, core.label[is_open]])), found
    if solution.outcome != "stopped":
        # what was narrowed away is no better than the best plan, and what was left has been searched
        return labels, value, "proven"
    bound = root.bound
    if np.isfinite(solution.bound):
        bound = max(bound, min(safe_ceiling(solution.bound - 1e-6), value))
    return labels, bound, "proven" if bound >= value else watch.must_stop or "time"
