"""What a covering problem can lose without losing its best plan.

Three rules, repeated until none applies (Toregas & ReVelle 1973; Balas & Ho 1980):

* a row with one column left needs that column;
* a row is covered anyway whose columns include all columns of another row;
* a column is of no use whose rows another column of at most its price has too.

A row that implies another shares the rarest of its columns with it, so only the rows of that column are
looked at; the comparison itself is one of bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridmap.siting.compiled import Bits, Flags, Integers, compiled
from gridmap.siting.core import Core


@dataclass(frozen=True)
class Reduced:
    """The columns that are needed, (m,) bool, and the rows and columns that are left to decide about."""

    needed: Flags
    rows: Flags
    columns: Flags


def reduce_cover(core: Core, *, columns: Flags) -> Reduced:
    """Apply the rules to the covering problem of the core's rows, choosing among `columns`, (m,) bool.

    With rivals the third rule is left out: the better column might be barred by its rival.
    """
    needed, rows, left = _reduce(
        core.indptr,
        core.column,
        core.column_indptr,
        core.row,
        core.price,
        columns,
        _bits(core.row_of_entry, core.column, core.row_count, core.column_count),
        _bits(core.column, core.row_of_entry, core.column_count, core.row_count),
        core.rival_indptr,
        core.rival,
    )
    return Reduced(needed, rows, left)


def parts_of(core: Core) -> Integers:
    """Return the independent part that each column belongs to, (m,), numbered from 0."""
    size = core.row_count + core.column_count
    heads = np.concatenate([core.row_of_entry, core.row_count + core.rival])
    tails = core.row_count + np.concatenate(
        [core.column, np.repeat(np.arange(core.column_count), np.diff(core.rival_indptr))]
    )
    graph = csr_matrix((np.ones(len(heads), dtype=np.int8), (heads, tails)), shape=(size, size))
    return connected_components(graph, directed=False)[1][core.row_count :]


def _bits(owner: Integers, member: Integers, owner_count: int, member_count: int) -> Bits:
    result = np.zeros((owner_count, (member_count + 63) // 64), dtype=np.uint64)
    np.bitwise_or.at(
        result, (owner, member // 64), np.left_shift(np.uint64(1), (member % 64).astype(np.uint64))
    )
    return result


@compiled
def _within(inner: Bits, outer: Bits, mask: Bits) -> bool:
    for word in range(len(inner)):  # noqa: SIM110  (numba compiles the loop, not the generator)
        if inner[word] & mask[word] & ~outer[word]:
            return False
    return True


@compiled
def _drop_bit(mask: Bits, place: int) -> None:
    mask[place // 64] &= ~(np.uint64(1) << np.uint64(place % 64))


@compiled
def _count_sizes(
    indptr: Integers,
    column: Integers,
    has_row: Flags,
    has_column: Flags,
    row_size: Integers,
    column_size: Integers,
) -> None:
    """Count the columns left in each row and the rows left in each column."""
    row_size[:] = 0
    column_size[:] = 0
    for i in range(len(row_size)):
        if has_row[i]:
            for k in range(indptr[i], indptr[i + 1]):
                if has_column[column[k]]:
                    row_size[i] += 1
                    column_size[column[k]] += 1


@compiled
def _reduce(
    indptr: Integers,
    column: Integers,
    column_indptr: Integers,
    row: Integers,
    price: Integers,
    columns: Flags,
    row_bits: Bits,
    column_bits: Bits,
    rival_indptr: Integers,
    rival: Integers,
) -> tuple[Flags, Flags, Flags]:
    rows, count = len(indptr) - 1, len(price)
    has_row = np.ones(rows, dtype=np.bool_)
    has_column = columns.copy()
    needed = np.zeros(count, dtype=np.bool_)
    row_mask = np.zeros(column_bits.shape[1], dtype=np.uint64)
    for i in range(rows):
        row_mask[i // 64] |= np.uint64(1) << np.uint64(i % 64)
    column_mask = np.zeros(row_bits.shape[1], dtype=np.uint64)
    for j in range(count):
        if has_column[j]:
            column_mask[j // 64] |= np.uint64(1) << np.uint64(j % 64)
    row_size = np.zeros(rows, dtype=np.int64)
    column_size = np.zeros(count, dtype=np.int64)
    changed = True
    while changed:
        changed = False
        # rows with one column
        for i in range(rows):
            if not has_row[i]:
                continue
            only = -1
            size = 0
            for k in range(indptr[i], indptr[i + 1]):
                if has_column[column[k]]:
                    size += 1
                    only = column[k]
            if size != 1:
                continue
            changed = True
            needed[only] = True
            has_column[only] = False
            _drop_bit(column_mask, only)
            for k in range(rival_indptr[only], rival_indptr[only + 1]):
                if has_column[rival[k]]:
                    has_column[rival[k]] = False
                    _drop_bit(column_mask, rival[k])
            for k in range(column_indptr[only], column_indptr[only + 1]):
                if has_row[row[k]]:
                    has_row[row[k]] = False
                    _drop_bit(row_mask, row[k])
        _count_sizes(indptr, column, has_row, has_column, row_size, column_size)
        # rows that another row implies
        for i in range(rows):
            if not has_row[i]:
                continue
            rarest = -1
            for k in range(indptr[i], indptr[i + 1]):
                j = column[k]
                if has_column[j] and (rarest < 0 or column_size[j] < column_size[rarest]):
                    rarest = j
            if rarest < 0:
                continue
            for k in range(column_indptr[rarest], column_indptr[rarest + 1]):
                other = row[k]
                if other == i or not has_row[other] or row_size[other] < row_size[i]:
                    continue
                if row_size[other] == row_size[i] and other < i:
                    continue
                if _within(row_bits[i], row_bits[other], column_mask):
                    has_row[other] = False
                    _drop_bit(row_mask, other)
                    changed = True
        if len(rival):
            continue
        _count_sizes(indptr, column, has_row, has_column, row_size, column_size)
        # columns that another column replaces
        for j in range(count):
            if not has_column[j]:
                continue
            rarest = -1
            for k in range(column_indptr[j], column_indptr[j + 1]):
                i = row[k]
                if has_row[i] and (rarest < 0 or row_size[i] < row_size[rarest]):
                    rarest = i
            if rarest < 0:
                has_column[j] = False
                _drop_bit(column_mask, j)
                changed = True
                continue
            for k in range(indptr[rarest], indptr[rarest + 1]):
                other = column[k]
                if other == j or not has_column[other] or price[other] > price[j]:
                    continue
                if column_size[other] < column_size[j]:
                    continue
                same = column_size[other] == column_size[j] and price[other] == price[j]
                if same and other > j:
                    continue
                if _within(column_bits[j], column_bits[other], row_mask):
                    has_column[j] = False
                    _drop_bit(column_mask, j)
                    changed = True
                    break
    return needed, has_row, has_column
