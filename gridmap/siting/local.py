"""Good plans quickly: greedy opening, then swaps until none helps.

The swap looks at every column to open together with every open column to close, without trying them: for each
row it keeps the cheapest and the second cheapest open column, from which follow gain, loss and what the two
have in common. One pass costs as much as reading the entries once, plus open x closed columns.

Sources: Teitz & Bart, *Heuristic methods for estimating the generalized vertex median*, 1968; Whitaker 1983;
Resende & Werneck, *A fast swap-based local search procedure for location problems*, 2007.
"""

from __future__ import annotations

import numpy as np

from gridmap.siting.compiled import Flags, Integers, compiled
from gridmap.siting.core import Core


def greedy(core: Core, *, start: Flags | None = None) -> Flags:
    """Open columns one by one, each time the one of most gain for its price, while the budget lasts.

    Ties fall to the lowest column. A budget of p opens the plans for 1 ... p on the way.
    """
    is_open = np.zeros(core.column_count, dtype=np.bool_) if start is None else start.copy()
    _greedy(
        core.weight,
        core.ceiling,
        core.indptr,
        core.column,
        core.cost,
        core.column_indptr,
        core.row,
        core.row_cost,
        core.price,
        core.budget,
        core.rival_indptr,
        core.rival,
        is_open,
    )
    return is_open


def improved(core: Core, is_open: Flags) -> Flags:
    """Swap (and open, where the budget allows) until nothing makes the plan cheaper."""
    result = is_open.copy()
    _swap(
        core.weight,
        core.ceiling,
        core.indptr,
        core.column,
        core.cost,
        core.column_indptr,
        core.row,
        core.row_cost,
        core.price,
        core.budget,
        core.rival_indptr,
        core.rival,
        result,
    )
    return result


@compiled
def _greedy(
    weight: Integers,
    ceiling: Integers,
    indptr: Integers,
    column: Integers,
    cost: Integers,
    column_indptr: Integers,
    row: Integers,
    row_cost: Integers,
    price: Integers,
    budget: int,
    rival_indptr: Integers,
    rival: Integers,
    is_open: Flags,
) -> None:
    count = len(price)
    pays = ceiling.copy()
    barred = np.zeros(count, dtype=np.bool_)
    left = budget
    for j in range(count):
        if is_open[j]:
            left -= price[j]
            for k in range(rival_indptr[j], rival_indptr[j + 1]):
                barred[rival[k]] = True
            for k in range(column_indptr[j], column_indptr[j + 1]):
                pays[row[k]] = min(pays[row[k]], row_cost[k])
    gain = np.zeros(count, dtype=np.int64)
    for j in range(count):
        for k in range(column_indptr[j], column_indptr[j + 1]):
            saved = pays[row[k]] - row_cost[k]
            if saved > 0:
                gain[j] += weight[row[k]] * saved
    while True:
        best = -1
        best_rate = 0.0
        for j in range(count):
            if is_open[j] or barred[j] or price[j] > left or gain[j] == 0:
                continue
            rate = gain[j] / max(price[j], 1e-9)
            if rate > best_rate:
                best, best_rate = j, rate
        if best < 0:
            return
        is_open[best] = True
        left -= price[best]
        for k in range(rival_indptr[best], rival_indptr[best + 1]):
            barred[rival[k]] = True
        for k in range(column_indptr[best], column_indptr[best + 1]):
            i = row[k]
            before, after = pays[i], row_cost[k]
            if after >= before:
                continue
            pays[i] = after
            for e in range(indptr[i], indptr[i + 1]):
                if cost[e] >= before:
                    break
                gain[column[e]] -= weight[i] * (before - max(after, cost[e]))


@compiled
def _swap(
    weight: Integers,
    ceiling: Integers,
    indptr: Integers,
    column: Integers,
    cost: Integers,
    column_indptr: Integers,
    row: Integers,
    row_cost: Integers,
    price: Integers,
    budget: int,
    rival_indptr: Integers,
    rival: Integers,
    is_open: Flags,
) -> None:
    count = len(price)
    rows = len(weight)
    nearest = np.empty(rows, dtype=np.int64)
    first = np.empty(rows, dtype=np.int64)
    second = np.empty(rows, dtype=np.int64)
    loss = np.zeros(count, dtype=np.int64)
    shared = np.zeros(count, dtype=np.int64)
    touched = np.empty(count, dtype=np.int64)
    is_touched = np.zeros(count, dtype=np.bool_)
    while True:
        left = budget
        loss[:] = 0
        for j in range(count):
            if is_open[j]:
                left -= price[j]
        for i in range(rows):
            nearest[i] = -1
            first[i] = ceiling[i]
            second[i] = ceiling[i]
            for k in range(indptr[i], indptr[i + 1]):
                if is_open[column[k]]:
                    if nearest[i] < 0:
                        nearest[i] = column[k]
                        first[i] = cost[k]
                    else:
                        second[i] = cost[k]
                        break
            if nearest[i] >= 0:
                loss[nearest[i]] += weight[i] * (second[i] - first[i])
        # the open columns, least loss first: the first one that shares nothing with j is its best partner
        opened = np.flatnonzero(is_open)
        opened = opened[np.argsort(loss[opened], kind="mergesort")]
        best_profit = 0
        best_in = -1
        best_out = -1
        for j in range(count):
            if is_open[j]:
                continue
            gain = 0
            touches = 0
            for k in range(column_indptr[j], column_indptr[j + 1]):
                i = row[k]
                c = row_cost[k]
                if c >= second[i]:
                    continue
                if c < first[i]:
                    gain += weight[i] * (first[i] - c)
                    common = weight[i] * (second[i] - first[i])
                else:
                    common = weight[i] * (second[i] - c)
                r = nearest[i]
                if r >= 0 and common > 0:
                    shared[r] += common
                    if not is_touched[r]:
                        is_touched[r] = True
                        touched[touches] = r
                        touches += 1
            only_rival = -1
            rivals_open = 0
            for k in range(rival_indptr[j], rival_indptr[j + 1]):
                if is_open[rival[k]]:
                    rivals_open += 1
                    only_rival = rival[k]
            if rivals_open == 0 and price[j] <= left and gain > best_profit:
                best_profit, best_in, best_out = gain, j, -1
            if rivals_open == 0:
                for t in range(touches):
                    r = touched[t]
                    profit = gain - loss[r] + shared[r]
                    if price[j] - price[r] <= left and profit > best_profit:
                        best_profit, best_in, best_out = profit, j, r
                for r in opened:
                    if price[j] - price[r] <= left:
                        if not is_touched[r]:
                            profit = gain - loss[r]
                            if profit > best_profit:
                                best_profit, best_in, best_out = profit, j, r
                            break
                        if gain - loss[r] <= best_profit:
                            break
            elif rivals_open == 1:
                profit = gain - loss[only_rival] + shared[only_rival]
                if price[j] - price[only_rival] <= left and profit > best_profit:
                    best_profit, best_in, best_out = profit, j, only_rival
            for t in range(touches):
                shared[touched[t]] = 0
                is_touched[touched[t]] = False
        if best_in < 0:
            return
        is_open[best_in] = True
        if best_out >= 0:
            is_open[best_out] = False
