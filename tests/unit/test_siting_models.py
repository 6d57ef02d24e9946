"""Published optima, bad input, and searches that are stopped."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gridmap.siting.capacity import solve_capacitated_coverage, solve_capacitated_median
from gridmap.siting.center import solve_center
from gridmap.siting.cover import solve_cover
from gridmap.siting.coverage import Coverage, Decay, solve_coverage
from gridmap.siting.curve import coverage_curve, knee, median_curve
from gridmap.siting.errors import NoPlanPossible, SearchEndedWithoutPlan, SitingInputUnusable
from gridmap.siting.explain import why_not, why_sites
from gridmap.siting.instance import Instance, Standing, make_instance, reach_of_matrix
from gridmap.siting.median import solve_median
from gridmap.siting.result import Progress, Watch
from gridmap.siting.verify import (
    verify_capacitated_coverage,
    verify_center,
    verify_cover,
    verify_coverage,
    verify_median,
)
from tests.siting_instances import invented_city, optima, pmed, scp

QUICK_PMED = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15)
QUICK_SCP = ("scp41", "scp42", "scp46", "scp53", "scp55", "scp510", "scpe1")


def pmed_optimum(number: int, column: str) -> int:
    return next(int(row[column]) for row in optima("pmed") if row["instance"] == f"pmed{number}")


@pytest.mark.parametrize("number", QUICK_PMED)
def test_published_least_total_walks_are_met_and_proven(number: int) -> None:
    task, p = pmed(number)
    plan = solve_median(task, p=p)
    assert (plan.objective, plan.is_proven) == (pmed_optimum(number, "pmedian_opt"), True)
    assert verify_median(task, plan, p=p, beyond_m=task.reach.cutoff_m).faults == ()


@pytest.mark.parametrize("number", QUICK_PMED)
def test_published_least_worst_walks_are_met_and_proven(number: int) -> None:
    task, p = pmed(number)
    plan = solve_center(task, p=p)
    assert (plan.objective, plan.is_proven) == (pmed_optimum(number, "pcenter_opt"), True)
    assert verify_center(task, plan, p=p).faults == ()


@pytest.mark.parametrize("name", QUICK_SCP)
def test_published_covers_are_met_and_proven(name: str) -> None:
    given = scp(name)
    task = make_instance(np.ones(given.reach.client_count, np.int64), given.reach, cost=given.cost)
    plan = solve_cover(task, radius_m=0)
    best = next(int(row["published_best"]) for row in optima("scp") if row["instance"] == name)
    assert (plan.objective, plan.is_proven) == (best, True)
    assert verify_cover(task, plan, radius_m=0).faults == ()


def test_a_city_is_planned_to_proof() -> None:
    task = invented_city(1000, 100, cutoff_m=2500)
    asked = Coverage(500, p=6)
    covering = solve_coverage(task, asked)
    assert covering.is_proven
    assert verify_coverage(task, covering, asked).faults == ()
    walking = solve_median(task, p=6)
    assert walking.is_proven
    assert verify_median(task, walking, p=6, beyond_m=2500).faults == ()


@pytest.mark.parametrize(
    ("arguments", "code", "which"),
    [
        ({"weight": np.array([0, 0])}, "siting.no_demand", ()),
        ({"weight": np.array([1, -1])}, "siting.negative_weight", (1,)),
        ({"weight": np.array([1.5, 1])}, "siting.not_whole", (0,)),
        ({"weight": np.array([np.nan, 1])}, "siting.not_whole", (0,)),
        ({"weight": np.array([1])}, "siting.lengths_differ", ()),
        ({"cost": np.array([1, 1, -3])}, "siting.negative_cost", (2,)),
        ({"capacity": np.array([1, -1, 1])}, "siting.negative_capacity", (1,)),
        ({"standing": np.array([0, 9, 0])}, "siting.unknown_standing", (1,)),
        ({"apart": np.array([[0, 3]])}, "siting.unknown_pair", (0,)),
        ({"apart": np.array([[0, 1]]), "standing": np.array([2, 1, 0])}, "siting.fixed_too_near", (0, 1)),
    ],
)
def test_arrays_that_make_no_task_are_named(arguments: dict, code: str, which: tuple) -> None:
    given = {"weight": np.array([1, 1])} | arguments
    with pytest.raises(SitingInputUnusable) as refusal:
        make_instance(given.pop("weight"), reach_of_matrix(np.array([[1, 2, 3], [3, 2, 1]])), **given)
    assert (refusal.value.code, refusal.value.which) == (code, which)


def small() -> Instance:
    return make_instance(
        np.array([5, 3, 2]),
        reach_of_matrix(np.array([[10, 90, 300], [80, 20, 300], [300, 300, 30]]), cutoff_m=100),
        group=np.array([0, 0, 1]),
        capacity=np.array([4, 4, 4]),
    )


@pytest.mark.parametrize(
    ("p", "code"),
    [(-1, "siting.negative_p"), (4, "siting.p_exceeds_candidates")],
)
def test_a_number_of_sites_that_cannot_be_is_refused_by_every_model(p: int, code: str) -> None:
    task = small()
    for search in (
        lambda: solve_median(task, p=p),
        lambda: solve_center(task, p=p),
        lambda: solve_coverage(task, Coverage(100, p=p)),
        lambda: solve_capacitated_coverage(task, Coverage(100, p=p)),
    ):
        with pytest.raises(SitingInputUnusable) as refusal:
            search()
        assert refusal.value.code == code


def test_who_can_not_be_served_is_named() -> None:
    task = small().with_standing(2, Standing.FORCED_OUT)
    with pytest.raises(NoPlanPossible) as refusal:
        solve_cover(task, radius_m=100)
    assert (refusal.value.code, refusal.value.which) == ("siting.clients_out_of_reach", (2,))
    with pytest.raises(NoPlanPossible) as refusal:
        solve_center(task, p=2)
    assert refusal.value.which == (2,)
    with pytest.raises(NoPlanPossible) as refusal:
        solve_coverage(task, Coverage(100, p=2, floor_percent=50))
    assert (refusal.value.code, refusal.value.which) == ("siting.floor_out_of_reach", (1,))
    with pytest.raises(NoPlanPossible) as refusal:
        solve_coverage(small(), Coverage(100, p=1, floor_percent=50))
    assert refusal.value.code == "siting.floors_with_these_sites"
    with pytest.raises(NoPlanPossible) as refusal:
        solve_center(small(), p=1)
    assert refusal.value.code == "siting.p_too_small_for_cutoff"


def test_a_floor_sends_a_site_where_most_coverage_would_not() -> None:
    assert solve_coverage(small(), Coverage(60, p=2)).sites.tolist() == [0, 1]
    asked = Coverage(60, p=2, floor_percent=60)
    plan = solve_coverage(small(), asked)
    assert (plan.sites.tolist(), plan.objective, plan.is_proven) == ([0, 2], 7, True)
    assert verify_coverage(small(), plan, asked).faults == ()


def test_a_full_site_leaves_demand_over_and_short_capacity_is_said() -> None:
    plan = solve_capacitated_coverage(small(), Coverage(100, p=1))
    assert (plan.sites.tolist(), plan.objective) == ([0], 4)
    assert verify_capacitated_coverage(small(), plan, Coverage(100, p=1)).faults == ()
    with pytest.raises(SitingInputUnusable) as refusal:
        solve_capacitated_median(small(), p=2)
    assert (refusal.value.code, refusal.value.params["short"]) == ("siting.capacity_short", 2)


def test_questions_that_contradict_themselves_are_refused() -> None:
    for make, code in (
        (lambda: Coverage(100), "siting.p_or_budget"),
        (lambda: Coverage(100, p=1, budget=2), "siting.p_or_budget"),
        (lambda: Coverage(100, p=1, floor_percent=101), "siting.not_a_percentage"),
        (lambda: Coverage(100, p=1, backup_percent=60), "siting.not_a_percentage"),
        (lambda: Coverage(100, p=1, backup_percent=9, decay=Decay(0, 9)), "siting.decay_with_backup"),
        (lambda: Decay(5, 5), "siting.decay_not_falling"),
        (lambda: solve_median(small(), p=1, beyond_m=50), "siting.beyond_below_cutoff"),
    ):
        with pytest.raises(SitingInputUnusable) as refusal:
            make()
        assert refusal.value.code == code


def test_a_free_candidate_beside_an_open_site_is_barred_with_its_reason() -> None:
    task = make_instance(
        np.array([1, 1]),
        reach_of_matrix(np.array([[1, 2], [2, 1]])),
        standing=np.array([Standing.EXISTING, Standing.FREE]),
        apart=np.array([[0, 1]]),
    )
    assert (task.standing.tolist(), task.reason) == ([1, 3], ("", "siting.too_near_to_open_site"))
    plan = solve_median(task, p=0)
    answer = why_not(task, plan, 1, p=0)
    assert (answer.reason, answer.plan) == ("siting.too_near_to_open_site", None)


def test_a_cancelled_search_keeps_its_best_plan_and_a_bound_that_holds() -> None:
    task, p = pmed(9)
    told: list[Progress] = []
    watch = Watch(60, is_cancelled=lambda: len(told) > 1, report=told.append)
    plan = solve_median(task, p=p, watch=watch)
    assert plan.stopped_by in ("cancelled", "proven")
    assert plan.bound <= pmed_optimum(9, "pmedian_opt") <= plan.objective
    assert plan.is_proven == (plan.bound == plan.objective)
    assert all(each.incumbent is None or each.bound <= each.incumbent for each in told)
    assert verify_median(task, plan, p=p, beyond_m=task.reach.cutoff_m).faults == ()


def test_no_time_gives_a_plan_with_an_honest_gap() -> None:
    task = invented_city(1000, 100, cutoff_m=9000)
    for search in (
        lambda: solve_median(task, p=6, watch=Watch(0)),
        lambda: solve_center(task, p=6, watch=Watch(0)),
        lambda: solve_cover(task, radius_m=1200, watch=Watch(0)),
    ):
        plan = search()
        assert plan.bound <= plan.objective
        assert plan.is_proven or plan.stopped_by == "time"


def test_the_curve_rises_less_and_less_and_holds_every_proven_plan() -> None:
    task = invented_city(1000, 100, cutoff_m=2500)
    points = coverage_curve(task, radius_m=500, up_to=12)
    assert [point.p for point in points] == list(range(13))
    assert all(later.objective >= earlier.objective for earlier, later in pairwise(points))
    for p in (3, 9):
        best = solve_coverage(task, Coverage(500, p=p)).objective
        assert points[p].objective <= best <= points[p].bound
    assert 0 < knee(points) < 12
    walks = median_curve(task, up_to=8)
    best = solve_median(task, p=5).objective
    assert walks[5].bound <= best <= walks[5].objective


def test_a_site_is_explained_by_what_is_lost_without_it() -> None:
    task, asked = small(), Coverage(60, p=2)
    plan = solve_coverage(task, asked)
    first = why_sites(task, plan, asked)[0]
    assert (first.site, first.loss, first.only_here.tolist(), first.replacement) == (0, 5, [0], -1)
    refused = why_not(task, plan, 2, p=2, asked=asked)
    # with the third forced in the second falls: 8 become 7
    assert (refused.at_least, refused.at_most) == (1, 1)


def test_a_search_that_ends_without_a_plan_says_so() -> None:
    # rivals in a ring of five: greedy may miss the only covers, and no time is left for the program
    n = 5
    ring = np.array([[i, (i + 1) % n] for i in range(n)])
    task = make_instance(
        np.ones(n, np.int64),
        reach_of_matrix(np.where(np.eye(n, dtype=bool), 0, 1), cutoff_m=0),
        apart=ring,
    )
    with pytest.raises((NoPlanPossible, SearchEndedWithoutPlan)):
        solve_cover(task, radius_m=0, watch=Watch(0))
