"""Runs a conversion over an array of points in blocks that stay in the processor's cache.

A conversion of whole arrays is a few dozen numpy operations. Over a million points each of them would fetch
its operands from memory; over a block of some thousand they come from the cache, which is several times
faster. The work arrays of one block are what has to fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

PointArray = npt.NDArray[np.float64]
"""Shape (n, 2): longitude, latitude in degrees, or easting, northing in metres."""

Vector = npt.NDArray[np.floating[Any]]
"""Shape (n,): doubles, or singles where a first guess is enough."""

Kernel = Callable[[Vector, Vector], tuple[Vector, Vector]]
"""A conversion of first and second coordinates, each contiguous; it may not change what it is given."""

_BLOCK_LENGTH = 12_288


def as_points(points: npt.ArrayLike) -> PointArray:
    """Take anything like an array of points; ValueError unless its shape is (n, 2)."""
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"points must have shape (n, 2) of longitude and latitude, not {array.shape}")
    return array


def convert_in_blocks(
    points: npt.ArrayLike, kernel: Kernel, *, within: tuple[float, float, float, float] | None = None
) -> PointArray:
    """Convert all points, or those within a rectangle while the others are copied.

    Parameters
    ----------
    points : shape (n, 2)
    within : west, south, east, north, rim included; None converts every point

    Returns
    -------
    shape (n, 2)
        Always a new array. Numbers that a conversion cannot take give NaN, never a warning.
    """
    array = as_points(points)
    result = np.empty(array.shape)
    # NaN and overflow are answers here: the caller looks for them.
    with np.errstate(all="ignore"):
        for start in range(0, len(array), _BLOCK_LENGTH):
            block = slice(start, start + _BLOCK_LENGTH)
            first, second = array[block, 0].copy(), array[block, 1].copy()
            chosen = None if within is None else _inside(first, second, within)
            if chosen is None or chosen.all():
                result[block, 0], result[block, 1] = kernel(first, second)
                continue
            result[block] = array[block]
            if chosen.any():
                kept = result[block]
                kept[chosen, 0], kept[chosen, 1] = kernel(first[chosen], second[chosen])
    return result


def sine_and_cosine(angle_rad: Vector) -> tuple[Vector, Vector]:
    """Sine and cosine of the same angles by one tangent of the half: numpy has no call for both.

    numpy computes tangents with the processor's vector unit where it has one, sines and cosines of doubles
    one by one: eight times slower.
    """
    half = np.tan(0.5 * angle_rad)
    square = half * half
    scale = 1.0 / (1.0 + square)
    return 2.0 * half * scale, (1.0 - square) * scale


def _inside(
    first: Vector, second: Vector, within: tuple[float, float, float, float]
) -> npt.NDArray[np.bool_]:
    west, south, east, north = within
    return (first >= west) & (first <= east) & (second >= south) & (second <= north)
