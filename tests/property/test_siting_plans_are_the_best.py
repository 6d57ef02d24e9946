"""Small planning tasks, every plan tried: the solvers find a best one, and the verifier agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridmap.siting.capacity import solve_capacitated_coverage, solve_capacitated_median
from gridmap.siting.center import solve_center
from gridmap.siting.cover import solve_cover
from gridmap.siting.coverage import Coverage, Decay, covered, solve_coverage
from gridmap.siting.errors import NoPlanPossible, SitingInputUnusable
from gridmap.siting.instance import (
    Instance,
    Standing,
    make_instance,
    reach_of_matrix,
)
from gridmap.siting.median import solve_median
from gridmap.siting.result import Plan
from gridmap.siting.verify import (
    verify_capacitated_coverage,
    verify_capacitated_median,
    verify_center,
    verify_cover,
    verify_coverage,
    verify_median,
)

RADIUS_M = 60
CUTOFF_M = 100
SMALL = settings(max_examples=300, deadline=None)


@st.composite
def tasks(draw: st.DrawFn, *, with_standing: bool = True, with_apart: bool = True) -> Instance:
    """Up to 12 clients and 8 candidates; some pairs out of reach, some weights nought, some ties."""
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 8))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    distance_m = rng.integers(0, draw(st.sampled_from([8, 90, 130])), (n, m)) * draw(st.sampled_from([1, 3]))
    weight = rng.integers(0, 6, n)
    weight[rng.integers(n)] += 1
    standing = np.zeros(m, dtype=np.int64)
    if with_standing:
        standing = rng.choice(4, m, p=[0.7, 0.1, 0.1, 0.1])
    pairs = np.array(list(combinations(range(m), 2)), dtype=np.int64).reshape(-1, 2)
    apart = pairs[rng.random(len(pairs)) < 0.15] if with_apart and draw(st.booleans()) else pairs[:0]
    fixed = np.isin(standing, (Standing.EXISTING, Standing.FORCED_IN))
    apart = apart[~fixed[apart].all(axis=1)]
    return make_instance(
        weight,
        reach_of_matrix(distance_m, cutoff_m=CUTOFF_M),
        standing=standing,
        cost=rng.integers(1, 5, m),
        capacity=rng.integers(0, 15, m),
        group=rng.integers(-1, 2, n),
        apart=apart,
    )


def new_limit(task: Instance) -> int:
    return int(task.free.sum() + len(task.forced_in))


def site_sets(task: Instance) -> Iterator[np.ndarray]:
    """Every allowed set of sites, (m,) bool."""
    fixed = np.isin(task.standing, (Standing.EXISTING, Standing.FORCED_IN))
    free = np.flatnonzero(task.free)
    for size in range(len(free) + 1):
        for chosen in combinations(free, size):
            is_open = fixed.copy()
            is_open[list(chosen)] = True
            clash = is_open[task.apart].all(axis=1)
            both_stand = (task.standing[task.apart] == Standing.EXISTING).all(axis=1)
            if not (clash & ~both_stand).any():
                yield is_open


def new_count(task: Instance, is_open: np.ndarray) -> int:
    return int((is_open & (task.standing != Standing.EXISTING)).sum())


def new_cost(task: Instance, is_open: np.ndarray) -> int:
    return int(task.cost[is_open & (task.standing != Standing.EXISTING)].sum())


def walks(task: Instance, is_open: np.ndarray) -> np.ndarray:
    """The walk of each client to its nearest open site; one past the cutoff where there is none."""
    matrix = np.full((task.client_count, task.candidate_count), CUTOFF_M + 1)
    matrix[task.reach.client, task.reach.candidate] = task.reach.distance_m
    return np.where(is_open, matrix, CUTOFF_M + 1).min(axis=1)


def best(
    task: Instance,
    value: Callable[[np.ndarray], int | None],
    *,
    p: int | None = None,
    budget: int | None = None,
    most: bool = False,
) -> int | None:
    values = [
        found
        for is_open in site_sets(task)
        if (p is None or new_count(task, is_open) <= p)
        and (budget is None or new_cost(task, is_open) <= budget)
        and (found := value(is_open)) is not None
    ]
    return (max if most else min)(values) if values else None


def plan_or_none(search: Callable[[], Plan]) -> Plan | None:
    try:
        return search()
    except NoPlanPossible:
        return None


def holds(plan: Plan | None, expected: int | None) -> bool:
    """Whether a plan was found exactly where there is one, of that value, and is proven."""
    if plan is None or expected is None:
        return plan is None and expected is None
    return (plan.objective, plan.bound, plan.is_proven, plan.stopped_by) == (
        expected,
        expected,
        True,
        "proven",
    )


@SMALL
@given(tasks(), st.data())
def test_least_total_walk(task: Instance, data: st.DataObject) -> None:
    p = data.draw(st.integers(len(task.forced_in), new_limit(task)))
    beyond_m = data.draw(st.sampled_from([CUTOFF_M, CUTOFF_M + 200]))
    plan = solve_median(task, p=p, beyond_m=beyond_m)

    def total(is_open: np.ndarray) -> int:
        walk_m = walks(task, is_open)
        return int((task.weight * np.where(walk_m > CUTOFF_M, beyond_m, walk_m)).sum())

    assert holds(plan, best(task, total, p=p))
    assert verify_median(task, plan, p=p, beyond_m=beyond_m).faults == ()


@SMALL
@given(tasks())
def test_cover_everybody(task: Instance) -> None:
    def cost(is_open: np.ndarray) -> int | None:
        far = walks(task, is_open)[task.weight > 0] > RADIUS_M
        return None if far.any() else new_cost(task, is_open)

    plan = plan_or_none(lambda: solve_cover(task, radius_m=RADIUS_M))
    assert holds(plan, best(task, cost))
    assert plan is None or verify_cover(task, plan, radius_m=RADIUS_M).faults == ()


@SMALL
@given(tasks(), st.data())
def test_least_worst_walk(task: Instance, data: st.DataObject) -> None:
    p = data.draw(st.integers(len(task.forced_in), new_limit(task)))

    def worst(is_open: np.ndarray) -> int | None:
        walk_m = int(walks(task, is_open)[task.weight > 0].max())
        return walk_m if walk_m <= CUTOFF_M else None

    plan = plan_or_none(lambda: solve_center(task, p=p))
    assert holds(plan, best(task, worst, p=p))
    assert plan is None or verify_center(task, plan, p=p).faults == ()


@settings(SMALL, max_examples=500)
@given(tasks(), st.data())
def test_cover_most(task: Instance, data: st.DataObject) -> None:
    decay = data.draw(st.sampled_from([None, Decay(20, 60), Decay(0, 33)]))
    by_budget = data.draw(st.booleans())
    p = None if by_budget else data.draw(st.integers(len(task.forced_in), new_limit(task)))
    forced_cost = int(task.cost[task.forced_in].sum())
    budget = data.draw(st.integers(forced_cost, forced_cost + 12)) if by_budget else None
    asked = Coverage(
        RADIUS_M,
        p=p,
        budget=budget,
        decay=decay,
        floor_percent=data.draw(st.sampled_from([0, 0, 30, 80])),
        backup_percent=0 if decay else data.draw(st.sampled_from([0, 0, 20, 50])),
    )
    matrix = np.full((task.client_count, task.candidate_count), CUTOFF_M + 1)
    matrix[task.reach.client, task.reach.candidate] = task.reach.distance_m

    def most(is_open: np.ndarray) -> int | None:
        walk_m = walks(task, is_open)
        for group in range(2):
            inside = task.group == group
            reached = task.weight[inside & (walk_m <= RADIUS_M)].sum()
            if 100 * reached < asked.floor_percent * task.weight[inside].sum():
                return None
        times = (np.where(is_open, matrix, CUTOFF_M + 1) <= RADIUS_M).sum(axis=1)
        if decay:
            value = [int(decay.permille(np.array([each]))[0]) if each <= RADIUS_M else 0 for each in walk_m]
        elif asked.backup_percent:
            value = [[0, 100 - asked.backup_percent, 100][min(each, 2)] for each in times]
        else:
            value = [int(each > 0) for each in times]
        return int((task.weight * np.array(value)).sum())

    plan = plan_or_none(lambda: solve_coverage(task, asked))
    assert holds(plan, best(task, most, p=p, budget=budget, most=True))
    assert plan is None or verify_coverage(task, plan, asked).faults == ()


def most_flow(task: Instance, worth: np.ndarray, is_open: np.ndarray) -> int:
    """The transport problem between clients and open sites, by another solver's matrix form."""
    n, m = worth.shape
    client = np.kron(np.eye(n), np.ones(m))
    site = np.kron(np.ones(n), np.eye(m))
    assert task.capacity is not None
    room = np.where(is_open, task.capacity, 0)
    answer = linprog(-worth.ravel(), A_ub=np.vstack([client, site]), b_ub=np.concatenate([task.weight, room]))
    return round(-answer.fun)


@settings(SMALL, max_examples=60)
@given(tasks(), st.data())
def test_sites_that_are_full(task: Instance, data: st.DataObject) -> None:
    p = data.draw(st.integers(len(task.forced_in), min(new_limit(task), len(task.forced_in) + 2)))
    asked = Coverage(RADIUS_M, p=p)
    matrix = np.full((task.client_count, task.candidate_count), CUTOFF_M + 1)
    matrix[task.reach.client, task.reach.candidate] = task.reach.distance_m
    worth = (matrix <= RADIUS_M).astype(np.int64)
    plan = solve_capacitated_coverage(task, asked)
    assert holds(plan, best(task, lambda is_open: most_flow(task, worth, is_open), p=p, most=True))
    assert verify_capacitated_coverage(task, plan, asked).faults == ()
    saved_m = np.where(matrix <= CUTOFF_M, 150 - matrix, 0)
    total = int(task.weight.sum()) * 150
    capacity = task.capacity
    assert capacity is not None
    fixed = np.isin(task.standing, (Standing.EXISTING, Standing.FORCED_IN))
    new = np.sort(capacity[task.free])[::-1][: p - len(task.forced_in)]
    if capacity[fixed].sum() + new.sum() < task.weight.sum():
        with pytest.raises(SitingInputUnusable) as refusal:
            solve_capacitated_median(task, p=p, beyond_m=150)
        assert refusal.value.code == "siting.capacity_short"
        return
    plan = solve_capacitated_median(task, p=p, beyond_m=150)
    assert holds(plan, best(task, lambda is_open: total - most_flow(task, saved_m, is_open), p=p))
    assert verify_capacitated_median(task, plan, p=p, beyond_m=150).faults == ()


@SMALL
@given(tasks(with_standing=False, with_apart=False), st.data())
def test_laws_that_need_no_brute_force(task: Instance, data: st.DataObject) -> None:
    p = data.draw(st.integers(0, task.candidate_count - 1))
    total = solve_median(task, p=p).objective
    reached = solve_coverage(task, Coverage(RADIUS_M, p=p)).objective
    # one more site is never worse
    assert solve_median(task, p=p + 1).objective <= total
    assert solve_coverage(task, Coverage(RADIUS_M, p=p + 1)).objective >= reached
    # a site that stands already never hurts
    helped = task.with_standing(data.draw(st.integers(0, task.candidate_count - 1)), Standing.EXISTING)
    if p <= new_limit(helped):
        assert solve_median(helped, p=p).objective <= total
        assert solve_coverage(helped, Coverage(RADIUS_M, p=p)).objective >= reached
    # every client twice is every weight doubled
    doubled = replace(task, weight=2 * task.weight)
    matrix = np.full((task.client_count, task.candidate_count), CUTOFF_M + 1)
    matrix[task.reach.client, task.reach.candidate] = task.reach.distance_m
    twice = make_instance(
        np.tile(task.weight, 2), reach_of_matrix(np.vstack([matrix, matrix]), cutoff_m=CUTOFF_M)
    )
    assert solve_median(twice, p=p).objective == solve_median(doubled, p=p).objective == 2 * total
    assert solve_coverage(twice, Coverage(RADIUS_M, p=p)).objective == 2 * reached
    # another order of rows and columns changes nothing but the numbers
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(task.client_count), rng.permutation(task.candidate_count)
    shuffled = make_instance(
        task.weight[rows],
        reach_of_matrix(matrix[rows][:, columns], cutoff_m=CUTOFF_M),
        cost=task.cost[columns],
    )
    assert solve_median(shuffled, p=p).objective == total
    assert solve_coverage(shuffled, Coverage(RADIUS_M, p=p)).objective == reached
    # the same question has the same answer
    assert solve_median(task, p=p).sites.tolist() == solve_median(task, p=p).sites.tolist()


@pytest.mark.parametrize("fault", ["left_out", "objective", "bound", "site"])
def test_the_verifier_sees_a_false_plan(fault: str) -> None:
    task = make_instance(np.array([3, 2]), reach_of_matrix(np.array([[10, 50], [40, 20]]), cutoff_m=CUTOFF_M))
    plan = solve_coverage(task, Coverage(RADIUS_M, p=1))
    assert verify_coverage(task, plan, Coverage(RADIUS_M, p=1)).faults == ()
    false_plan = {
        "left_out": replace(plan, assignment=np.array([-1, 0])),
        "objective": replace(plan, objective=9, bound=9),
        "bound": replace(plan, bound=3, is_proven=False),
        "site": replace(plan, sites=np.array([0, 1])),
    }[fault]
    assert verify_coverage(task, false_plan, Coverage(RADIUS_M, p=1)).faults != ()
    assert covered(task, Coverage(RADIUS_M, p=1), np.array([True, False]))[0] == 5
