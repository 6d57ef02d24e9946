"""Proof for the core: fix what the bound decides, narrow the problem, and branch on what is left.

A node of the tree is a decision about each column. Its bound comes from a short climb that starts at its
parent's multipliers; columns whose penalty reaches the best plan are decided on the way. Depth first, the
more likely side first, so that little memory is held and good plans come early.

Source: Beasley, *A note on solving large p-median problems*, 1985 (bound, fixing and tree); the rule of
branching follows what was measured: where the root leaves a wide gap, the column that was chosen about half
the time says most, else the surest one, whose refusal is soon disproved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.siting.bounds import Climb, climb, first_multipliers, safe_ceiling
from gridmap.siting.compiled import Integers, Reals
from gridmap.siting.core import Core, beside, narrowed
from gridmap.siting.local import greedy, improved
from gridmap.siting.result import Stop, Watch

_ROOT_ROUNDS = 500
_NODE_ROUNDS = 60
_WIDE_GAP = 0.002


@dataclass(frozen=True)
class CoreAnswer:
    """The best columns found, by label, their cost, and what no set of columns falls below."""

    labels: Integers
    value: int
    bound: int
    stopped_by: Stop


@dataclass(frozen=True)
class Root:
    """What is known before branching.

    Attributes
    ----------
    labels, value : the best plan so far.
    bound : int, for the whole core.
    narrow : the core that is left undecided, with its multipliers; `opened` are the labels decided open.
    """

    labels: Integers
    value: int
    bound: int
    narrow: Core
    multiplier: Reals
    opened: Integers


@dataclass
class _Best:
    """The best plan so far, by label."""

    labels: Integers
    value: int

    def offer(self, labels: Integers, value: int) -> None:
        if value < self.value:
            self.labels, self.value = np.sort(labels), value


def solve_root(core: Core, watch: Watch) -> Root:
    """Find a good plan, climb, and narrow the core by what that decides, until nothing more falls."""
    first = improved(core, greedy(core))
    best = _Best(core.label[first], core.value(first))
    narrow, opened = core, core.label[:0]
    multiplier = first_multipliers(core)
    bound = core.offset
    step, rounds = 1.0, _ROOT_ROUNDS
    while True:
        result = _climb_and_polish(
            narrow, np.zeros(narrow.column_count, dtype=np.int64), multiplier, best, opened, rounds, step
        )
        bound = max(bound, min(safe_ceiling(result.bound), best.value))
        watch.tell(best.value, bound)
        fixed = _decided(result, np.zeros(narrow.column_count, dtype=np.int64), best.value)
        if bound >= best.value or fixed is None:
            return Root(best.labels, best.value, best.value, narrow, result.multiplier, opened)
        fixed = _settled(narrow, fixed)
        if fixed is None:
            return Root(best.labels, best.value, best.value, narrow, result.multiplier, opened)
        decided = int((fixed != 0).sum())
        if not decided:
            return Root(best.labels, best.value, bound, narrow, result.multiplier, opened)
        opened = np.concatenate([opened, narrow.label[fixed == 1]])
        share = decided / narrow.column_count
        narrow, multiplier = narrowed(narrow, fixed=fixed, multiplier=result.multiplier)
        if share < 0.1 or watch.must_stop or not narrow.column_count:
            return Root(best.labels, best.value, bound, narrow, multiplier, opened)
        step, rounds = 0.3, _ROOT_ROUNDS // 2


def solve_core(core: Core, watch: Watch) -> CoreAnswer:
    """Return a best set of columns, proven unless the watch ended the search before."""
    root = solve_root(core, watch)
    if root.bound >= root.value:
        return CoreAnswer(root.labels, root.value, root.value, "proven")
    return _branch(root, watch)


@dataclass(frozen=True)
class _Node:
    fixed: Integers
    multiplier: Reals
    bound: int


def _branch(root: Root, watch: Watch) -> CoreAnswer:
    core, best = root.narrow, _Best(root.labels, root.value)
    is_wide = root.value - root.bound > _WIDE_GAP * abs(root.value)
    stack = [_Node(np.zeros(core.column_count, dtype=np.int64), root.multiplier, root.bound)]
    visited = 0
    while stack:
        stop = watch.must_stop
        if stop is not None:
            bound = min(min(node.bound for node in stack), best.value)
            return CoreAnswer(best.labels, best.value, bound, stop)
        node = stack.pop()
        visited += 1
        if visited % 64 == 0:
            watch.tell(best.value, min([node.bound, *(other.bound for other in stack)]))
        if node.bound >= best.value:
            continue
        fixed = _settled(core, node.fixed)
        if fixed is None:
            continue
        if _is_leaf(core, fixed):
            is_open = fixed >= 0
            best.offer(np.concatenate([root.opened, core.label[is_open]]), core.value(is_open))
            continue
        result = _climb_and_polish(
            core, fixed, node.multiplier, best, root.opened, _NODE_ROUNDS, 1.0 if visited == 1 else 0.3
        )
        bound = max(node.bound, safe_ceiling(result.bound))
        if bound >= best.value:
            continue
        fixed = _decided(result, fixed, best.value)
        if fixed is None:
            continue
        fixed = _settled(core, fixed)
        if fixed is None:
            continue
        free = np.flatnonzero(fixed == 0)
        if not len(free):
            stack.append(_Node(fixed, result.multiplier, bound))
            continue
        if is_wide:
            pick = int(free[np.argmin(np.abs(result.frequency[free] - 0.5))])
        else:
            pick = int(free[np.argmax(np.maximum(result.penalty_in, result.penalty_out)[free])])
        prefers_open = result.frequency[pick] >= 0.5
        for value in (-1, 1) if prefers_open else (1, -1):
            child = fixed.copy()
            child[pick] = value
            penalty = result.penalty_in[pick] if value == 1 else result.penalty_out[pick]
            stack.append(
                _Node(child, result.multiplier, max(bound, safe_ceiling(result.bound + float(penalty))))
            )
    return CoreAnswer(best.labels, best.value, best.value, "proven")


def _climb_and_polish(
    core: Core, fixed: Integers, multiplier: Reals, best: _Best, opened: Integers, rounds: int, step: float
) -> Climb:
    result = climb(core, fixed=fixed, multiplier=multiplier, target=best.value, rounds=rounds, step=step)
    if 0 <= result.value < best.value + max(best.value - result.bound, 0.001 * abs(best.value)):
        polished = improved(core, result.chosen)
        best.offer(np.concatenate([opened, core.label[polished]]), core.value(polished))
    return result


def _decided(result: Climb, fixed: Integers, target: int) -> Integers | None:
    """Decide the undecided columns whose penalty proves that no better plan has them otherwise.

    None where some column can neither be opened nor closed: then no better plan is left here.
    """
    room = target - 1 - result.bound + 1e-9 * max(abs(target), 1e3)
    free = fixed == 0
    never = free & (result.penalty_in > room)
    always = free & (result.penalty_out > room)
    if (never & always).any():
        return None
    after = fixed.copy()
    after[never] = -1
    after[always] = 1
    return after


def _settled(core: Core, fixed: Integers) -> Integers | None:
    """Close the rivals of open columns and what is left of no budget; None where the open ones don't fit."""
    is_open = fixed == 1
    left = core.budget - int(core.price[is_open].sum())
    if left < 0:
        return None
    after = fixed.copy()
    if len(core.rival):
        barred = beside(core, is_open)
        if (barred & is_open).any():
            return None
        after[barred & (fixed == 0)] = -1
    after[(after == 0) & (core.price > left)] = -1
    return after


def _is_leaf(core: Core, fixed: Integers) -> bool:
    """Whether all undecided columns may be opened together, so that there is nothing to choose."""
    free = fixed == 0
    if core.price[fixed >= 0].sum() > core.budget:
        return False
    return not (beside(core, free) & free).any()
