"""Cover all demand with the cheapest set of sites (location set covering, LSCP).

Reductions first, then for each independent part a bound by Lagrangian relaxation of the rows, columns
decided by their reduced costs, reductions again, and HiGHS on what is left. With every cost 1 it is the
fewest sites.

Source: Toregas, Swain, ReVelle & Bergman, *The location of emergency service facilities*, 1971; for the
relaxation Beasley, *An algorithm for set covering problem*, 1987.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridmap.siting import milp
from gridmap.siting.bounds import safe_ceiling
from gridmap.siting.compiled import Flags, Integers, Reals, compiled
from gridmap.siting.core import Core, beside, pointers
from gridmap.siting.errors import NoPlanPossible, SearchEndedWithoutPlan
from gridmap.siting.instance import Instance
from gridmap.siting.local import greedy
from gridmap.siting.median import always_open, core_of_free, nearest_open
from gridmap.siting.programs import covering_program
from gridmap.siting.reduce import parts_of, reduce_cover
from gridmap.siting.result import Plan, Stop, Watch, relative_gap


def solve_cover(instance: Instance, *, radius_m: int, watch: Watch | None = None) -> Plan:
    """Return the cheapest new sites so that every client with weight is within `radius_m` of an open one.

    Returns
    -------
    Plan
        `objective` is the cost of all new sites, forced ones included; with costs of 1 their number.

    Raises
    ------
    NoPlanPossible
        Clients that no open or free candidate reaches, or that can't be covered because sites are too near to
        each other.
    """
    watch = watch or Watch()
    core = cover_core(instance, radius_m=radius_m)
    answer = solve_covering(core, watch)
    is_open = always_open(instance)
    is_open[answer.labels] = True
    forced_cost = int(instance.cost[instance.forced_in].sum())
    objective, bound = answer.value + forced_cost, answer.bound + forced_cost
    assignment, _ = nearest_open(replace(instance, reach=instance.reach.within(radius_m)), is_open)
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


def cover_core(instance: Instance, *, radius_m: int, price: Integers | None = None) -> Core:
    """Put uncovered clients as rows and free candidates as columns; the budget is no limit.

    Raises
    ------
    NoPlanPossible
        Naming the clients that nothing reaches.
    """
    price = instance.cost if price is None else price
    reach = instance.reach.within(radius_m)
    client, is_open = reach.client, always_open(instance)
    is_row = instance.weight > 0
    is_row[client[is_open[reach.candidate]]] = False
    kept = is_row[client] & instance.free[reach.candidate]
    reached = np.zeros(instance.client_count, dtype=np.bool_)
    reached[client[kept]] = True
    if (is_row & ~reached).any():
        raise NoPlanPossible(
            reason="siting.clients_out_of_reach", which=np.flatnonzero(is_row & ~reached).tolist()
        )
    core, _ = core_of_free(
        instance,
        ceiling=np.ones(instance.client_count, dtype=np.int64),
        row=client[kept],
        candidate=reach.candidate[kept],
        cost=np.zeros(int(kept.sum()), dtype=np.int64),
        price=price,
        budget=int(price.sum()),
    )
    return core


@dataclass(frozen=True)
class CoverAnswer:
    """The cheapest cover found, by label, its price, and what no cover falls below."""

    labels: Integers
    value: int
    bound: int
    stopped_by: Stop


def solve_covering(
    core: Core, watch: Watch, *, limit: int | None = None, with_program: bool = True
) -> CoverAnswer:
    """Cover all rows of the core at least price.

    Parameters
    ----------
    limit : int, where only "is there a cover of at most this price?" is asked: the search ends as soon as the
        bound exceeds it (then `bound` > `limit`, and `value` says nothing) or a cover meets it.
    with_program : False to be content with reductions, covers by chance and the Lagrangian bound.

    Raises
    ------
    NoPlanPossible
        Rivals leave no cover.
    SearchEndedWithoutPlan
        The watch ended the search before a cover was found (possible with rivals only).
    """
    reduced = reduce_cover(core, columns=np.ones(core.column_count, dtype=np.bool_))
    labels = [core.label[reduced.needed]]
    value = bound = int(core.price[reduced.needed].sum())
    stopped: Stop = "proven"
    left = _part(core, rows=reduced.rows, columns=reduced.columns).core
    if not _has_columns(left):
        # a needed column closed its rivals, which were all that some row had
        raise NoPlanPossible(reason="siting.sites_too_near")
    number = parts_of(left)
    parts = [_part(left, columns=number == each).core for each in np.unique(number)]
    parts = [part for part in parts if part.row_count]
    # each part needs one column at least
    waiting = sum(int(part.price.min()) for part in parts)
    for part in parts:
        waiting -= int(part.price.min())
        room = None if limit is None else limit - bound - waiting
        answer = _solve_part(part, watch, limit=room, with_program=with_program)
        labels.append(answer.labels)
        value += answer.value
        bound += answer.bound
        stopped = stopped if answer.stopped_by == "proven" else answer.stopped_by
        if limit is not None and bound + waiting > limit:
            return CoverAnswer(np.sort(np.concatenate(labels)), limit + 1, bound + waiting, stopped)
    return CoverAnswer(np.sort(np.concatenate(labels)), value, bound, stopped)


@dataclass
class _Search:
    """One part while it is searched: the best cover so far, and what was decided open on the way."""

    labels: Integers
    value: int
    has_plan: bool
    opened: Integers
    opened_price: int = 0
    bound: int = 0

    def offer(self, core: Core, picked: Flags) -> None:
        """Take the cover if it is one, and cheaper."""
        price = self.opened_price + int(core.price[picked].sum())
        if price < self.value and _covers(core, picked):
            self.labels, self.value = np.concatenate([self.opened, core.label[picked]]), price
            self.has_plan = True

    def open(self, core: Core, picked: Flags) -> None:
        self.opened = np.concatenate([self.opened, core.label[picked]])
        self.opened_price += int(core.price[picked].sum())

    def raise_bound(self, bound: float) -> None:
        """Take a bound for what is left undecided."""
        self.bound = max(self.bound, min(self.opened_price + safe_ceiling(bound), self.value))

    def answer(self, stop: Stop, *, limit: int | None = None) -> CoverAnswer:
        """Return what was found; without a cover there is an answer only if the bound exceeds the limit."""
        if not self.has_plan and (limit is None or self.bound <= limit):
            if stop == "proven":
                raise NoPlanPossible(reason="siting.sites_too_near")
            raise SearchEndedWithoutPlan
        return CoverAnswer(self.labels, self.value, min(self.bound, self.value), stop)


def _solve_part(core: Core, watch: Watch, *, limit: int | None, with_program: bool) -> CoverAnswer:
    search = _Search(core.label[:0], int(core.price.sum()) + 1, False, core.label[:0])
    search.offer(core, _pruned(core, greedy(core)))
    narrow, multiplier, step = core, _first_multipliers(core), 1.0
    while True:
        climb = _climb_cover(
            narrow.indptr,
            narrow.column,
            narrow.price,
            multiplier,
            float(search.value - search.opened_price),
            400,
            step,
        )
        raw, multiplier, reduced_cost, chosen = climb
        search.raise_bound(raw)
        search.offer(narrow, _pruned(narrow, greedy(narrow, start=_without_rivals(narrow, chosen))))
        watch.tell(search.value if search.has_plan else None, search.bound)
        if search.bound >= search.value:
            break
        if limit is not None and (search.bound > limit or (search.has_plan and search.value <= limit)):
            return search.answer("proven", limit=limit)
        room = search.value - 1 - search.opened_price - raw + 1e-6
        never, always = reduced_cost > room, -reduced_cost > room
        share = float((never | always).mean())
        search.open(narrow, always)
        rows = np.ones(narrow.row_count, dtype=np.bool_)
        rows[narrow.row_of_entry[always[narrow.column]]] = False
        left = _part(
            narrow,
            rows=rows,
            columns=~never & ~always & ~beside(narrow, always),
            multiplier=multiplier,
        )
        if not _has_columns(left.core):
            # a row lost all its columns: no cover is better than the best one
            break
        reduced = reduce_cover(left.core, columns=np.ones(left.core.column_count, dtype=np.bool_))
        search.open(left.core, reduced.needed)
        left = _part(left.core, rows=reduced.rows, columns=reduced.columns, multiplier=left.multiplier)
        narrow, multiplier, step = left.core, left.multiplier, 0.3
        if not narrow.row_count:
            search.offer(narrow, np.zeros(narrow.column_count, dtype=np.bool_))
            break
        if not _has_columns(narrow):
            break
        if share < 0.1 or watch.must_stop:
            if not with_program:
                return search.answer("time", limit=limit)
            return _finish_by_program(search, narrow, watch, limit=limit)
    search.bound = search.value
    return search.answer("proven")


def _finish_by_program(search: _Search, core: Core, watch: Watch, *, limit: int | None) -> CoverAnswer:
    room = None if limit is None else float(limit - search.opened_price)
    solution = milp.solve(
        covering_program(core, at_most=search.value - 1 - search.opened_price),
        watch,
        enough=room,
        hopeless=room,
    )
    if solution.point is not None:
        search.offer(core, solution.point > 0.5)
    if solution.outcome == "stopped":
        search.raise_bound(solution.bound - 1e-6)
    else:
        search.bound = search.value
    is_decided = search.bound >= search.value or (
        limit is not None and (search.bound > limit or (search.has_plan and search.value <= limit))
    )
    return search.answer("proven" if is_decided else watch.must_stop or "time", limit=limit)


@dataclass(frozen=True)
class _Part:
    core: Core
    multiplier: Reals


def _part(core: Core, *, columns: Flags, rows: Flags | None = None, multiplier: Reals | None = None) -> _Part:
    """Keep some columns, and those rows (of `rows`) that were met by the columns of the core that is kept.

    Without `rows`, the rows are those that the columns meet.
    """
    if rows is None:
        rows = np.zeros(core.row_count, dtype=np.bool_)
        rows[core.row_of_entry[columns[core.column]]] = True
    kept = rows[core.row_of_entry] & columns[core.column]
    row_number, number = np.cumsum(rows) - 1, np.cumsum(columns) - 1
    row, column = row_number[core.row_of_entry[kept]], number[core.column[kept]]
    by_column = np.lexsort((row, column))
    of = np.repeat(np.arange(core.column_count), np.diff(core.rival_indptr))
    both = columns[of] & columns[core.rival]
    zeros = np.zeros(len(row), dtype=np.int64)
    size, count = int(rows.sum()), int(columns.sum())
    return _Part(
        replace(
            core,
            weight=core.weight[rows],
            ceiling=core.ceiling[rows],
            indptr=pointers(row, size),
            column=column,
            cost=zeros,
            column_indptr=pointers(column, count),
            row=row[by_column],
            row_cost=zeros,
            price=core.price[columns],
            budget=int(core.price[columns].sum()),
            label=core.label[columns],
            rival_indptr=pointers(number[of[both]], count),
            rival=number[core.rival[both]],
        ),
        np.zeros(size) if multiplier is None else multiplier[rows],
    )


def _has_columns(core: Core) -> bool:
    return bool((np.diff(core.indptr) > 0).all())


def _covers(core: Core, picked: Flags) -> bool:
    met = np.zeros(core.row_count, dtype=np.bool_)
    met[core.row_of_entry[picked[core.column]]] = True
    return bool(met.all()) and not (beside(core, picked) & picked).any()


def _pruned(core: Core, picked: Flags) -> Flags:
    """Close what isn't needed, the dearest first, of equals the last."""
    result = picked.copy()
    times = np.bincount(core.row_of_entry[result[core.column]], minlength=core.row_count)
    for j in np.lexsort((-np.arange(core.column_count), -core.price)):
        if result[j]:
            rows = core.row[core.column_indptr[j] : core.column_indptr[j + 1]]
            if (times[rows] > 1).all():
                result[j] = False
                times[rows] -= 1
    return result


def _without_rivals(core: Core, picked: Flags) -> Flags:
    """Keep the lowest of rivals that were picked together."""
    result = picked.copy()
    if len(core.rival):
        for j in np.flatnonzero(picked):
            rivals = core.rival[core.rival_indptr[j] : core.rival_indptr[j + 1]]
            if result[rivals[rivals < j]].any():
                result[j] = False
    return result


def _first_multipliers(core: Core) -> Reals:
    """Share each column's price among its rows; a row offers the least of its shares (a feasible dual)."""
    shares = core.price / np.maximum(np.diff(core.column_indptr), 1)
    start = np.full(core.row_count, np.inf)
    np.minimum.at(start, core.row_of_entry, shares[core.column])
    return start


@compiled
def _climb_cover(
    indptr: Integers,
    column: Integers,
    price: Integers,
    start: Reals,
    target: float,
    rounds: int,
    step: float,
) -> tuple[float, Reals, Reals, Flags]:
    """Climb the relaxation  sum_i u_i + sum_j min(price_j - sum of u_i of j's rows, 0),  u >= 0.

    Return the bound, its multipliers (n,), the reduced costs (m,), and the columns that were taken (m,).
    """
    rows, count = len(start), len(price)
    multiplier = start.copy()
    best_multiplier = start.copy()
    best_reduced = np.zeros(count)
    reduced = np.zeros(count)
    direction = np.zeros(rows)
    best = -np.inf
    stale = 0
    for _ in range(rounds):
        for j in range(count):
            reduced[j] = price[j]
        bound = 0.0
        for i in range(rows):
            bound += multiplier[i]
            for k in range(indptr[i], indptr[i + 1]):
                reduced[column[k]] -= multiplier[i]
        for j in range(count):
            bound += min(reduced[j], 0.0)
        if bound > best:
            if bound > best + 1e-4 * max(target - best, 0.0):
                stale = 0
            best = bound
            best_multiplier[:] = multiplier
            best_reduced[:] = reduced
        else:
            stale += 1
        if best > target - 1.0 + 1e-6:
            break
        if stale >= 15:
            stale = 0
            step *= 0.6
            if step < 0.004:
                break
            multiplier[:] = best_multiplier
            direction[:] = 0.0
            continue
        norm = 0.0
        for i in range(rows):
            slope = 1.0
            for k in range(indptr[i], indptr[i + 1]):
                if reduced[column[k]] < 0.0:
                    slope -= 1.0
            if slope < 0.0 and multiplier[i] <= 0.0:
                slope = 0.0
            direction[i] = 0.7 * slope + 0.3 * direction[i]
            norm += direction[i] * direction[i]
        if norm <= 1e-12:
            break
        length = step * max(target - bound, 1.0) / norm
        for i in range(rows):
            multiplier[i] = max(multiplier[i] + length * direction[i], 0.0)
    return best, best_multiplier, best_reduced, best_reduced < 0.0
