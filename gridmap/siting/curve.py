"""What one more site brings: a plan and a bound for every number of sites from none to N.

The plans come from one greedy order, each improved by swaps from the plan before; the bounds from one
Lagrangian climb each, which starts at the multipliers of the number before. None of them is searched to
proof: that is for the number that is picked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gridmap.siting.bounds import climb, first_multipliers, safe_ceiling
from gridmap.siting.compiled import Integers
from gridmap.siting.core import Core
from gridmap.siting.coverage import Coverage, coverage_core
from gridmap.siting.errors import SitingInputUnusable
from gridmap.siting.instance import Instance
from gridmap.siting.local import greedy, improved
from gridmap.siting.median import always_open, median_core
from gridmap.siting.result import Watch


@dataclass(frozen=True)
class CurvePoint:
    """One number of new sites.

    Attributes
    ----------
    p : int, new sites.
    sites : (k,) int, all open ones.
    objective, bound : int, of the plan, and what no plan of p sites betters.
    gain : int, what the plan betters that of one site fewer; 0 for the first point.
    """

    p: int
    sites: Integers
    objective: int
    bound: int
    gain: int


def coverage_curve(
    instance: Instance, *, radius_m: int, up_to: int, watch: Watch | None = None
) -> list[CurvePoint]:
    """Return the points of "cover most" for every p up to `up_to`, as far as the watch allows."""
    core, _ = coverage_core(instance, Coverage(radius_m, p=up_to))
    full = int(instance.weight.sum())
    return _points(instance, core, watch or Watch(), lambda cost: full - cost)


def median_curve(
    instance: Instance, *, up_to: int, beyond_m: int | None = None, watch: Watch | None = None
) -> list[CurvePoint]:
    """Return the points of "least total walk" for every p up to `up_to`, as far as the watch allows."""
    # one of the sites of a larger p must not lower the ceilings of p = 0
    core = median_core(instance, p=up_to, beyond_m=beyond_m, ceilings_of_one=False)
    return _points(instance, core, watch or Watch(), lambda cost: cost)


def knee(points: list[CurvePoint]) -> int:
    """Return the p after which a further site brings clearly less: furthest from the chord of the curve.

    Source: Satopää et al., *Finding a "kneedle" in a haystack*, 2011. The lowest of equals; p of the only
    point if there is one.
    """
    if not points:
        raise SitingInputUnusable(reason="siting.negative_p", p=-1)
    value = np.array([point.objective for point in points], dtype=np.float64)
    step = np.linspace(0, 1, len(points))
    chord = value[0] + (value[-1] - value[0]) * step
    return points[int(np.argmax(np.abs(value - chord)))].p


def _points(
    instance: Instance, core: Core, watch: Watch, objective_of: Callable[[int], int]
) -> list[CurvePoint]:
    fixed = always_open(instance)
    forced = len(instance.forced_in)
    undecided = np.zeros(core.column_count, dtype=np.int64)
    multiplier = first_multipliers(core)
    is_open = np.zeros(core.column_count, dtype=np.bool_)
    points: list[CurvePoint] = []
    for count in range(core.budget + 1):
        if points and watch.must_stop:
            break
        limited = replace(core, budget=count)
        is_open = improved(limited, greedy(limited, start=is_open))
        cost = core.value(is_open)
        result = climb(
            limited,
            fixed=undecided,
            multiplier=multiplier,
            target=cost,
            rounds=150,
            step=1.0 if count < 2 else 0.5,
        )
        if 0 <= result.value < cost:
            is_open = improved(limited, result.chosen)
            cost = core.value(is_open)
        multiplier = result.multiplier
        sites = fixed.copy()
        sites[core.label[is_open]] = True
        objective = objective_of(cost)
        gain = abs(objective - points[-1].objective) if points else 0
        bound = objective_of(min(safe_ceiling(result.bound), cost))
        points.append(CurvePoint(forced + count, np.flatnonzero(sites), objective, bound, gain))
        watch.tell(objective, bound)
    return points
