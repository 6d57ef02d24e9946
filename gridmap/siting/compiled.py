"""Compilation of the inner loops, and the names of the arrays that pass between the modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba  # pyright: ignore[reportMissingTypeStubs]
import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Bits = NDArray[np.uint64]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile a function of numbers and arrays at its first call.

    The machine code is kept beside the module, so that only the first process after an installation waits for
    it; the lock of the interpreter is let go, so that a worker can still beat and be cancelled.
    """
    return cast("Callable[_P, _R]", numba.njit(cache=True, nogil=True)(function))
