"""Bounds that hold whatever the multipliers: the Lagrangian relaxation of the core, climbed by subgradients.

Let every row i, per unit of weight, offer a price ``multiplier_i`` between 0 and its ceiling for being
served. A column then earns ``earning_j = sum_i weight_i * max(multiplier_i - cost_ij, 0)``, and

    bound = offset + sum_i weight_i * multiplier_i - (the most that columns within the budget can earn)

is at most the cost of every plan, because relaxing "each row is served once" can only make plans cheaper. For
unit prices "the most" is the sum of the best p earnings; for a budget it is the fractional knapsack, which is
more than any whole one. Rivals are ignored here, which keeps the bound valid.

From the same numbers follow decisions: opening a column that isn't among the chosen costs at least
``threshold - earning_j`` more than the bound; if that reaches the best plan known, no better plan has it.

Sources: Cornuéjols, Fisher & Nemhauser, *Location of bank accounts to optimize float*, 1977; Held, Wolfe &
Crowder, *Validation of subgradient optimization*, 1974; Beasley, *Lagrangean heuristics for location
problems*, 1993.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gridmap.siting.compiled import Flags, Integers, Reals, compiled
from gridmap.siting.core import Core


@dataclass(frozen=True)
class Climb:
    """Where a climb ended.

    Attributes
    ----------
    bound : float, of the best multipliers.
    multiplier : (n,) float, those.
    penalty_in, penalty_out : (m,) float, by how much the bound rises at least when the undecided column is
        opened or closed.
    frequency : (m,) float, how often (recent rounds count more) each column was among the chosen.
    chosen : (m,) bool, the columns of the cheapest whole plan that the relaxation came by.
    value : int, its cost; -1 if it came by none.
    """

    bound: float
    multiplier: Reals
    penalty_in: Reals
    penalty_out: Reals
    frequency: Reals
    chosen: Flags
    value: int


def safe_ceiling(bound: float) -> int:
    """Return the least whole number that is not below the bound, allowing for the rounding of its sums."""
    return math.ceil(bound - 1e-9 * max(abs(bound), 1e3))


def climb(core: Core, *, fixed: Integers, multiplier: Reals, target: int, rounds: int, step: float) -> Climb:
    """Climb from `multiplier` until the bound proves `target`, the step is spent, or `rounds` are over.

    Parameters
    ----------
    fixed : (m,) int, 1 open, -1 closed, 0 undecided; they have to be within the budget.
    target : the cost of the best plan known: steps are measured by the distance to it.
    step : the first share of that distance (near 1 from afar, less after a warm start).
    """
    bound, best, penalty_in, penalty_out, frequency, chosen, value = _climb(
        core.weight,
        core.ceiling,
        core.indptr,
        core.column,
        core.cost,
        core.price,
        core.budget,
        core.rival_indptr,
        core.rival,
        fixed,
        multiplier,
        float(target - core.offset),
        rounds,
        step,
    )
    return Climb(
        bound + core.offset,
        best,
        penalty_in,
        penalty_out,
        frequency,
        chosen,
        int(value) + core.offset if value >= 0 else -1,
    )


def first_multipliers(core: Core) -> Reals:
    """Return where to begin: the second cheapest cost of each row (Erlenkotter's dual starts there)."""
    start = core.ceiling.astype(np.float64)
    several = np.diff(core.indptr) > 1
    start[several] = core.cost[core.indptr[:-1][several] + 1]
    return np.maximum(start, core.ceiling * 0.05)


@compiled
def _choose(
    earning: Reals, price: Integers, fixed: Integers, left: int, is_in: Flags
) -> tuple[float, float, float]:
    """Take the columns that earn most for their price; return their earnings and the two thresholds.

    With the thresholds (per unit of price), closing a chosen column costs at least earning - low * price,
    opening another at least high * price - earning.
    """
    count = len(price)
    rate = np.empty(count)
    is_unit = True
    for j in range(count):
        is_in[j] = fixed[j] == 1
        if price[j] != 1:
            is_unit = False
        if fixed[j] != 0:
            rate[j] = 1.0
        elif price[j] == 0:
            rate[j] = -np.inf
        else:
            rate[j] = -earning[j] / price[j]
    order = np.argsort(rate, kind="mergesort")
    total = 0.0
    low = 0.0
    high = 0.0
    for j in order:
        if fixed[j] != 0:
            continue
        if price[j] <= left:
            total += float(earning[j])
            left -= int(price[j])
            is_in[j] = True
            high = float(earning[j] / max(price[j], 1))
            continue
        low = float(earning[j] / price[j])
        if not is_unit:
            # the fraction of the first that no longer fits; both thresholds are its rate
            total += low * left
            high = low
        elif left == 0 and high == 0.0:
            high = low
        break
    else:
        # everything fits: opening costs nothing, closing loses all it earns
        high = 0.0
    return total, low, high


@compiled
def _climb(
    weight: Integers,
    ceiling: Integers,
    indptr: Integers,
    column: Integers,
    cost: Integers,
    price: Integers,
    budget: int,
    rival_indptr: Integers,
    rival: Integers,
    fixed: Integers,
    start: Reals,
    target: float,
    rounds: int,
    step: float,
) -> tuple[float, Reals, Reals, Reals, Reals, Flags, int]:
    rows = len(weight)
    count = len(price)
    multiplier = np.minimum(start, ceiling.astype(np.float64))
    best_multiplier = multiplier.copy()
    direction = np.zeros(rows)
    earning = np.zeros(count)
    frequency = np.zeros(count)
    penalty_in = np.zeros(count)
    penalty_out = np.zeros(count)
    is_in = np.zeros(count, dtype=np.bool_)
    chosen = np.zeros(count, dtype=np.bool_)
    value = -1
    best = -np.inf
    stale = 0
    left = budget
    for j in range(count):
        if fixed[j] == 1:
            left -= price[j]
    for _ in range(rounds):
        earning[:] = 0.0
        total = 0.0
        for i in range(rows):
            offered = multiplier[i]
            total += weight[i] * offered
            for k in range(indptr[i], indptr[i + 1]):
                if cost[k] >= offered:
                    break
                earning[column[k]] += weight[i] * (offered - cost[k])
        taken, low, high = _choose(earning, price, fixed, left, is_in)
        bound = total - taken
        for j in range(count):
            if fixed[j] == 1:
                bound -= earning[j]
            frequency[j] = 0.9 * frequency[j] + (0.1 if is_in[j] else 0.0)
        is_better = bound > best
        if is_better:
            if bound > best + 1e-4 * max(target - best, 0.0):
                stale = 0
            best = bound
            best_multiplier[:] = multiplier
            for j in range(count):
                penalty_in[j] = max(high * price[j] - earning[j], 0.0)
                penalty_out[j] = max(earning[j] - low * price[j], 0.0)
        else:
            stale += 1
        # rounding the sums must never prove what is not so
        if best > target - 1.0 + 1e-9 * max(abs(target), 1e3):
            break
        if stale >= 12:
            stale = 0
            step *= 0.6
            if step < 0.004:
                break
            multiplier[:] = best_multiplier
            direction[:] = 0.0
            continue
        norm = 0.0
        spent = 0
        paid = 0
        for i in range(rows):
            times = 0
            cheapest = ceiling[i]
            offered = multiplier[i]
            for k in range(indptr[i], indptr[i + 1]):
                if cost[k] >= offered and cheapest < ceiling[i]:
                    break
                if is_in[column[k]]:
                    if cost[k] < offered:
                        times += 1
                    cheapest = min(cheapest, cost[k])
            paid += weight[i] * cheapest
            slope = 1.0 - times
            if slope > 0 and offered >= ceiling[i]:
                slope = 0.0
            direction[i] = 0.7 * slope + 0.3 * direction[i]
            norm += weight[i] * direction[i] * direction[i]
        fits = True
        for j in range(count):
            if is_in[j]:
                spent += price[j]
                for k in range(rival_indptr[j], rival_indptr[j + 1]):
                    if is_in[rival[k]]:
                        fits = False
        if fits and spent <= budget and (value < 0 or paid < value):
            value = paid
            chosen[:] = is_in
        if norm <= 1e-12:
            break
        length = step * max(target - bound, 1.0) / norm
        for i in range(rows):
            multiplier[i] = min(max(multiplier[i] + length * direction[i], 0.0), float(ceiling[i]))
    return best, best_multiplier, penalty_in, penalty_out, frequency, chosen, value
