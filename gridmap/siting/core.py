"""The one problem behind coverage and walking: choose columns, each row pays for its nearest open one.

    minimise  offset + sum_i weight_i * min(ceiling_i, min over open j of cost_ij)
    over sets of columns whose prices sum to at most the budget, no two of them rivals.

* p-median: cost is the walk in metres; the ceiling is the nearest site that is open in any case, or what a
  client out of reach is counted as.
* maximal covering: cost 0 within the radius, ceiling 1 (the cost is what is missed).
* partial coverage: cost is what the distance takes from full coverage.

Sites that are open in any case vanish into the ceilings; rows that see the same columns at the same costs
(up to a constant) become one row with the sum of the weights. Both are exact, and both shrink a city to
what is open to choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.siting.compiled import Flags, Integers, Reals, compiled


@dataclass(frozen=True)
class Core:
    """Rows, columns and their costs, by row (cheapest first) and by column.

    Attributes
    ----------
    weight, ceiling : (n,) int.
    indptr, column, cost : (n + 1,), (k,), (k,) int; only costs below the ceiling, by cost, then by column.
    column_indptr, row, row_cost : the same entries by column, rows rising.
    price : (m,) int; budget : int. For "p sites" every price is 1 and the budget p.
    label : (m,) int, the candidate that each column stands for.
    rival_indptr, rival : columns that can't be open together with each column.
    offset : int.
    """

    weight: Integers
    ceiling: Integers
    indptr: Integers
    column: Integers
    cost: Integers
    column_indptr: Integers
    row: Integers
    row_cost: Integers
    price: Integers
    budget: int
    label: Integers
    rival_indptr: Integers
    rival: Integers
    offset: int

    @property
    def column_count(self) -> int:
        return len(self.price)

    @property
    def row_count(self) -> int:
        return len(self.weight)

    @property
    def row_of_entry(self) -> Integers:
        return np.repeat(np.arange(self.row_count), np.diff(self.indptr))

    @property
    def is_unit(self) -> bool:
        """Whether every column costs the same, so that the budget is a number of columns."""
        return bool((self.price == 1).all())

    def value(self, is_open: Flags) -> int:
        """Return the cost of a set of columns, (m,) bool."""
        return self.offset + int((self.weight * paid(self, is_open)).sum())


def make_core(
    weight: Integers,
    ceiling: Integers,
    *,
    row: Integers,
    column: Integers,
    cost: Integers,
    price: Integers,
    budget: int,
    label: Integers,
    rivals: Integers,
    offset: int = 0,
    key: Integers | None = None,
) -> tuple[Core, Integers]:
    """Merge rows and arrange entries; return the core and the new number of each row, (n,), -1 where dropped.

    Parameters
    ----------
    weight, ceiling : (n,) int.
    row, column, cost : (k,) int, in any order.
    price, label : (m,) int; rivals : (r, 2) int, pairs of columns.
    key : (n,) int, rows of different keys stay apart (floors of coverage count them by group).
    """
    count = len(weight)
    key = np.zeros(count, dtype=np.int64) if key is None else key
    kept = (cost < ceiling[row]) & (weight[row] > 0)
    row, column, cost = row[kept], column[kept], cost[kept]
    order = np.lexsort((column, cost, row))
    row, column, cost = row[order], column[order], cost[order]
    indptr = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=count), out=indptr[1:])
    filled = indptr[1:] > indptr[:-1]
    base = ceiling.copy()
    base[filled] = cost[indptr[:-1][filled]]
    offset += int((weight * base).sum())
    cost = cost - base[row]
    ceiling = ceiling - base
    kind = _kinds(indptr, column, cost, ceiling, key)
    first = np.flatnonzero(filled & (kind == np.arange(count)))
    number = np.full(count, -1, dtype=np.int64)
    number[first] = np.arange(len(first))
    number = np.where(filled, number[kind], -1)
    merged_weight = np.bincount(number[filled], weights=weight[filled], minlength=len(first))
    stays = np.isin(row, first)
    row, column, cost = number[row[stays]], column[stays], cost[stays]
    by_column = np.lexsort((row, column))
    rivals = np.concatenate([rivals, rivals[:, ::-1]])
    rivals = np.unique(rivals, axis=0) if len(rivals) else rivals
    column_count = len(price)
    return (
        Core(
            weight=merged_weight.astype(np.int64),
            ceiling=ceiling[first],
            indptr=pointers(row, len(first)),
            column=column,
            cost=cost,
            column_indptr=pointers(column, column_count),
            row=row[by_column],
            row_cost=cost[by_column],
            price=price,
            budget=budget,
            label=label,
            rival_indptr=pointers(rivals[:, 0], column_count),
            rival=np.ascontiguousarray(rivals[:, 1]),
            offset=offset,
        ),
        number,
    )


def narrowed(core: Core, *, fixed: Integers, multiplier: Reals) -> tuple[Core, Reals]:
    """Return the core that is left when columns are decided, with the multipliers of its rows.

    Parameters
    ----------
    fixed : (m,) int, 1 for open, -1 for closed, 0 for undecided columns.
    multiplier : (n,) float.
    """
    is_open = fixed == 1
    ceiling = paid(core, is_open)
    beside_open = np.zeros(core.column_count, dtype=np.bool_)
    pairs = np.column_stack([np.repeat(np.arange(core.column_count), np.diff(core.rival_indptr)), core.rival])
    beside_open[pairs[is_open[pairs[:, 0]], 1]] = True
    left = core.budget - int(core.price[is_open].sum())
    free = (fixed == 0) & ~beside_open & (core.price <= left)
    number = np.full(core.column_count, -1, dtype=np.int64)
    number[free] = np.arange(int(free.sum()))
    kept = free[core.column]
    pairs = pairs[free[pairs].all(axis=1)] if len(pairs) else pairs
    small, new_row = make_core(
        core.weight,
        ceiling,
        row=core.row_of_entry[kept],
        column=number[core.column[kept]],
        cost=core.cost[kept],
        price=core.price[free],
        budget=left,
        label=core.label[free],
        rivals=number[pairs],
        offset=core.offset,
    )
    stays = new_row >= 0
    # each row lost the constant that is now in the offset
    lost = np.zeros(core.row_count)
    lost[stays] = ceiling[stays] - small.ceiling[new_row[stays]]
    share = np.bincount(
        new_row[stays],
        weights=(core.weight * (np.minimum(multiplier, ceiling) - lost))[stays],
        minlength=small.row_count,
    )
    return small, np.clip(share / np.maximum(small.weight, 1), 0, small.ceiling)


def paid(core: Core, is_open: Flags) -> Integers:
    """Return what each row pays for one unit of weight, (n,)."""
    return _paid(core.ceiling, core.indptr, core.column, core.cost, is_open)


def beside(core: Core, is_open: Flags) -> Flags:
    """Return the columns that are rivals of open ones, (m,) bool."""
    result = np.zeros(core.column_count, dtype=np.bool_)
    of = np.repeat(np.arange(core.column_count), np.diff(core.rival_indptr))
    result[core.rival[is_open[of]]] = True
    return result


def pointers(owner: Integers, count: int) -> Integers:
    """Return where the entries of each owner begin and end, (count + 1,), once they are sorted by owner."""
    indptr = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=count), out=indptr[1:])
    return indptr


@compiled
def _paid(ceiling: Integers, indptr: Integers, column: Integers, cost: Integers, is_open: Flags) -> Integers:
    result = ceiling.copy()
    for i in range(len(ceiling)):
        for k in range(indptr[i], indptr[i + 1]):
            if is_open[column[k]]:
                result[i] = cost[k]
                break
    return result


def _kinds(indptr: Integers, column: Integers, cost: Integers, ceiling: Integers, key: Integers) -> Integers:
    """Return for each row the first row that is equal to it, (n,)."""
    sums = _row_sums(indptr, column, cost, ceiling, key)
    order = np.lexsort((np.arange(len(sums)), sums))
    return _equal_rows(order, sums, indptr, column, cost, ceiling, key)


@compiled
def _row_sums(
    indptr: Integers, column: Integers, cost: Integers, ceiling: Integers, key: Integers
) -> Integers:
    """A checksum of each row (FNV-1a over its numbers); equal rows have equal sums."""
    sums = np.empty(len(ceiling), dtype=np.int64)
    prime = 1099511628211
    for i in range(len(ceiling)):
        total = (1469598103934665603 ^ ceiling[i]) * prime
        total = (total ^ key[i]) * prime
        for k in range(indptr[i], indptr[i + 1]):
            total = (total ^ column[k]) * prime
            total = (total ^ cost[k]) * prime
        sums[i] = total
    return sums


@compiled
def _equal_rows(
    order: Integers,
    sums: Integers,
    indptr: Integers,
    column: Integers,
    cost: Integers,
    ceiling: Integers,
    key: Integers,
) -> Integers:
    """Compare rows of equal sums number by number: a checksum alone proves nothing."""
    kind = np.arange(len(ceiling))
    for place in range(1, len(order)):
        i = order[place]
        first = kind[order[place - 1]]
        length = indptr[i + 1] - indptr[i]
        if (
            sums[i] != sums[first]
            or ceiling[i] != ceiling[first]
            or key[i] != key[first]
            or length != indptr[first + 1] - indptr[first]
        ):
            continue
        equal = True
        for k in range(length):
            if (
                column[indptr[i] + k] != column[indptr[first] + k]
                or cost[indptr[i] + k] != cost[indptr[first] + k]
            ):
                equal = False
                break
        if equal:
            kind[i] = first
    return kind
