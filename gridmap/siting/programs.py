"""Cores as mixed integer programs: which rows and variables HiGHS is given, and in which order.

The first variables are always the columns (whole, 0 or 1); behind them stand "missed" variables between 0
and 1, which the rows force up where too few columns are open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, eye_array, hstack, vstack

from gridmap.siting.compiled import Integers
from gridmap.siting.core import Core
from gridmap.siting.milp import Program


@dataclass(frozen=True)
class Misses:
    """Rows ``sum of some columns + missed_k >= need_k``, with what each miss costs.

    Attributes
    ----------
    columns : (r, m) sparse of ones; need : (r,) int; cost : (r,) int for each whole miss.
    most : (r,) int, the most that a row can miss.
    """

    columns: csr_matrix
    need: Integers
    cost: Integers
    most: Integers


def covering_program(core: Core, *, at_most: int) -> Program:
    """Every row met, at a price of at most `at_most`; the objective is the price."""
    count = core.column_count
    cover = _incidence(core)
    rivals, pair_count = _rival_rows(core)
    price = core.price.astype(np.float64)
    return Program(
        cost=price,
        upper=np.ones(count),
        is_whole=np.ones(count, dtype=np.bool_),
        matrix=csr_matrix(vstack([cover, rivals, csr_matrix(price[None, :])])),
        low=np.concatenate([np.ones(core.row_count), np.full(pair_count + 1, -np.inf)]),
        high=np.concatenate([np.full(core.row_count, np.inf), np.ones(pair_count), [float(at_most)]]),
    )


def steps_of(core: Core) -> Misses:
    """Return one miss for each step of a row's costs: the radius formulation.

    A row pays its least cost, and for every further cost c the difference to the next one if no column of
    cost at most c is open.
    """
    owner = core.row_of_entry
    is_last = np.ones(len(owner), dtype=np.bool_)
    is_last[:-1] = (owner[1:] != owner[:-1]) | (core.cost[1:] != core.cost[:-1])
    last = np.flatnonzero(is_last)
    of_row = owner[last]
    following = core.ceiling[of_row]
    same = np.flatnonzero(of_row[1:] == of_row[:-1])
    following[same] = core.cost[last[same + 1]]
    begin = core.indptr[of_row]
    sizes = last + 1 - begin
    starts = np.concatenate([[0], np.cumsum(sizes)])
    entry = np.arange(starts[-1]) - np.repeat(starts[:-1] - begin, sizes)
    ones = np.ones(len(last), dtype=np.int64)
    return Misses(
        columns=csr_matrix(
            (np.ones(len(entry)), core.column[entry], starts), shape=(len(last), core.column_count)
        ),
        need=ones,
        cost=core.weight[of_row] * (following - core.cost[last]),
        most=ones,
    )


def backup_of(core: Core, *, has_one: Integers, backup_percent: int) -> Misses:
    """Return the misses of being within reach of a first and of a second site, in percents of the weight.

    A row without a site misses up to two: the first counts (100 - b), the second b. They are separate
    variables of which the cheaper goes first, which is right because b is at most 50.

    Parameters
    ----------
    has_one : (n,) int, 1 for rows that an open site reaches already, 0 for the others.
    """
    cover = _incidence(core)
    none = has_one == 0
    second = core.weight * backup_percent
    first = core.weight * (100 - backup_percent)
    # a row that misses two is two rows: "one of them" at the price of the first, "two of them" beside it
    return Misses(
        columns=csr_matrix(vstack([cover[none], cover])),
        need=np.concatenate([np.ones(int(none.sum()), dtype=np.int64), np.where(none, 2, 1)]),
        cost=np.concatenate([(first - second)[none], second]),
        most=np.concatenate([np.ones(int(none.sum()), dtype=np.int64), np.where(none, 2, 1)]),
    )


def choosing_program(
    core: Core, misses: Misses, *, offset: int, floors: tuple[Misses, csr_matrix, Integers] | None
) -> Program:
    """Columns within the budget, no rivals, least misses; floors limit what groups may miss.

    Parameters
    ----------
    floors : misses of being within the radius, the weight of each in its group, (groups, r), and what each
        group may miss, (groups,); or None.
    """
    count = core.column_count
    rivals, pair_count = _rival_rows(core)
    limits = csr_matrix(vstack([rivals, csr_matrix(core.price[None, :].astype(np.float64))]))
    limit_high = np.concatenate([np.ones(pair_count), [float(core.budget)]])
    own = len(misses.need)
    held = 0 if floors is None else len(floors[0].need)
    blocks = [
        hstack([misses.columns, eye_array(own), csr_matrix((own, held))]),
        hstack([limits, csr_matrix((pair_count + 1, own + held))]),
    ]
    low = [misses.need, np.full(pair_count + 1, -np.inf)]
    high = [np.full(own, np.inf), limit_high]
    upper = [np.ones(count), misses.most]
    if floors is not None:
        within, weight_in_group, allowed = floors
        blocks.append(hstack([within.columns, csr_matrix((held, own)), eye_array(held)]))
        blocks.append(hstack([csr_matrix((len(allowed), count + own)), weight_in_group]))
        low += [within.need, np.full(len(allowed), -np.inf)]
        high += [np.full(held, np.inf), allowed]
        upper.append(within.most)
    return Program(
        cost=np.concatenate([np.zeros(count), misses.cost, np.zeros(held)]).astype(np.float64),
        upper=np.concatenate(upper).astype(np.float64),
        is_whole=np.arange(count + own + held) < count,
        matrix=csr_matrix(vstack(blocks)),
        low=np.concatenate(low).astype(np.float64),
        high=np.concatenate(high).astype(np.float64),
        offset=float(offset),
    )


def _incidence(core: Core) -> csr_matrix:
    return csr_matrix(
        (np.ones(len(core.column)), core.column, core.indptr), shape=(core.row_count, core.column_count)
    )


def _rival_rows(core: Core) -> tuple[csr_matrix, int]:
    """One row for each pair of rivals, (pairs, m), and how many: at most one of the two is open."""
    first = np.repeat(np.arange(core.column_count), np.diff(core.rival_indptr))
    once = first < core.rival
    pairs = np.column_stack([first[once], core.rival[once]])
    matrix = csr_matrix(
        (np.ones(2 * len(pairs)), (np.repeat(np.arange(len(pairs)), 2), pairs.ravel())),
        shape=(len(pairs), core.column_count),
    )
    return matrix, len(pairs)
