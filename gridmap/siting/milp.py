"""The one door to HiGHS: a mixed integer program in arrays, its best point, and a bound that holds.

One thread, always: HiGHS keeps its scheduler for the whole process, and a second model that asks for another
number of threads fails without a word. Its own claim of optimality isn't passed on; what counts is the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
from scipy.sparse import csr_matrix

from gridmap.siting.compiled import Flags, Reals
from gridmap.siting.result import Watch

Outcome = Literal["optimal", "infeasible", "stopped"]


@dataclass(frozen=True)
class Program:
    """minimise cost @ x, low <= matrix @ x <= high, 0 <= x <= upper, some x whole.

    Attributes
    ----------
    cost, upper : (v,) float; is_whole : (v,) bool.
    matrix : (r, v) sparse; low, high : (r,) float.
    offset : float, added to the objective.
    """

    cost: Reals
    upper: Reals
    is_whole: Flags
    matrix: csr_matrix
    low: Reals
    high: Reals
    offset: float = 0.0


@dataclass(frozen=True)
class Solution:
    """The best point, (v,), or None; its objective; the bound; and how it ended."""

    point: Reals | None
    objective: float
    bound: float
    outcome: Outcome


class SolverFailed(RuntimeError):
    """HiGHS ended in a state that says nothing about the program; `state` is its word."""


def solve(
    program: Program,
    watch: Watch,
    *,
    start: Reals | None = None,
    enough: float | None = None,
    hopeless: float | None = None,
) -> Solution:
    """Solve until proof, the end of the watch, a plan of at most `enough`, or a bound above `hopeless`.

    Parameters
    ----------
    start : (v,) a point to begin with; one that breaks a row is passed over by HiGHS.
    """
    count = len(program.cost)
    if not count:
        is_met = bool((program.low <= 0).all() and (program.high >= 0).all())
        end = program.offset if is_met else np.inf
        return Solution(np.zeros(0) if is_met else None, end, end, "optimal" if is_met else "infeasible")
    solver = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 1),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 1e-6),
        ("time_limit", max(watch.left_s, 0.01)),
    ):
        solver.setOptionValue(name, value)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count, len(program.low)
    model.col_cost_, model.col_lower_, model.col_upper_ = program.cost, np.zeros(count), program.upper
    model.row_lower_, model.row_upper_ = program.low, program.high
    model.offset_ = program.offset
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.num_col_, model.a_matrix_.num_row_ = count, len(program.low)
    model.a_matrix_.start_ = program.matrix.indptr.astype(np.int32)
    model.a_matrix_.index_ = program.matrix.indices.astype(np.int32)
    model.a_matrix_.value_ = program.matrix.data.astype(np.float64)
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    model.integrality_ = [kinds[int(whole)] for whole in program.is_whole]
    solver.passModel(model)
    if start is not None:
        point = highspy.HighsSolution()
        point.col_value = start.tolist()
        point.value_valid = True
        solver.setSolution(point)
    told = [0.0]

    def look(event: Any) -> None:
        best, bound = event.data_out.mip_primal_bound, event.data_out.mip_dual_bound
        found = best < 1e29
        is_over = (
            watch.must_stop is not None
            or (enough is not None and found and best <= enough + 1e-6)
            or (hopeless is not None and bound > hopeless + 1e-6)
        )
        if is_over:
            event.interrupt()
        if watch.elapsed_s - told[0] > 0.2 and bound > -1e29:
            told[0] = watch.elapsed_s
            watch.tell(round(best) if found else None, float(bound))

    solver.cbMipInterrupt += look
    solver.run()
    status = solver.getModelStatus()
    info = solver.getInfo()
    has_point = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    point = np.array(solver.getSolution().col_value) if has_point else None
    states = highspy.HighsModelStatus
    if status == states.kOptimal:
        objective = float(info.objective_function_value)
        bound = float(info.mip_dual_bound) if program.is_whole.any() else objective
        return Solution(point, objective, min(bound, objective), "optimal")
    if status in (states.kInfeasible, states.kUnboundedOrInfeasible):
        return Solution(None, np.inf, np.inf, "infeasible")
    if status in (states.kTimeLimit, states.kInterrupt, states.kSolutionLimit):
        objective = float(info.objective_function_value) if has_point else np.inf
        return Solution(point, objective, float(info.mip_dual_bound), "stopped")
    raise SolverFailed(solver.modelStatusToString(status))
