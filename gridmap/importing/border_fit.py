"""How well the borders of a file lie on ours, and which shift would bring them there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.importing.tables import GeometryArray

MetresArray = npt.NDArray[np.float64]
"""Shape (n, 2): metres east and north of the middle of the sample, in a plane that touches the globe."""

_DEG_M = 111_320.0
# Nearer than this is as good as on the line; farther than that says no more than "far".
_NEAREST_M, _FARTHEST_M = 5.0, 2_000.0
_REACH_M = 3_000.0
_ROUND_LIMIT = 12
_MOST_VERTICES = 100_000
_SETTLED_M = 0.5
_FEWEST_POINTS = 30
# Neighbouring corners of one border are not independent witnesses: so many count as one.
_CORNERS_PER_WITNESS = 5.0
_SMALLEST_LOG_RATIO = 0.4
_STANDARD_ERRORS = 3.0


class ReferenceBorders:
    """Our borders as segments in an index, in metres around ``middle`` (longitude, latitude in degrees)."""

    def __init__(self, boundaries: GeometryArray, middle: npt.NDArray[np.float64]) -> None:
        self._middle = middle
        self._scale = np.array([_DEG_M * np.cos(np.radians(middle[1])), _DEG_M])
        if shapely.get_num_coordinates(boundaries).sum() > _MOST_VERTICES:
            boundaries = np.asarray(shapely.simplify(boundaries, _NEAREST_M / _DEG_M), dtype=object)
        vertices, rings = shapely.get_coordinates(
            shapely.get_rings(shapely.get_parts(boundaries)), return_index=True
        )
        metres = self.metres(vertices)
        joined = rings[1:] == rings[:-1]
        self._segments = np.asarray(
            shapely.linestrings(np.stack([metres[:-1][joined], metres[1:][joined]], axis=1))
        )
        directions = (metres[1:] - metres[:-1])[joined]
        lengths = np.maximum(np.hypot(directions[:, 0], directions[:, 1]), 1e-9)
        self._normals = np.column_stack([-directions[:, 1], directions[:, 0]]) / lengths[:, None]
        self._tree = shapely.STRtree(self._segments)

    def metres(self, lon_lat: npt.NDArray[np.float64]) -> MetresArray:
        """Longitude and latitude to the plane; a percent wrong at 100 km, which does not matter here."""
        return (lon_lat - self._middle) * self._scale

    def distances_m(self, points: MetresArray) -> npt.NDArray[np.float64]:
        """How far each point is from our nearest border; shape (n,)."""
        _, distances = self._tree.query_nearest(
            shapely.points(points), return_distance=True, all_matches=False
        )
        return np.asarray(distances, dtype=np.float64)

    def remaining_shift(self, points: MetresArray) -> npt.NDArray[np.float64]:
        """The translation (east, north; metres) that brings the points onto our borders.

        Iterated closest points: each round matches every point with its nearest segment, and moves all by the
        translation that makes the distances along the segments' normals small, far ones counting little.
        """
        shift = np.zeros(2)
        for _ in range(_ROUND_LIMIT):
            moved = shapely.points(points + shift)
            _, nearest = self._tree.query_nearest(moved, all_matches=False)
            connections = shapely.get_coordinates(
                shapely.shortest_line(moved, self._segments[nearest])
            ).reshape(-1, 2, 2)
            normals = self._normals[nearest]
            across_m = ((connections[:, 1] - connections[:, 0]) * normals).sum(axis=1)
            usual_m = max(float(np.median(np.abs(across_m))), 1.0)
            weights = 1.0 / (1.0 + (across_m / usual_m) ** 2)
            matrix = (normals * weights[:, None]).T @ normals
            if np.linalg.cond(matrix) > 1e6:
                break  # borders that all run one way say nothing of a shift along them
            step = np.linalg.solve(matrix, (normals * weights[:, None]).T @ across_m)
            shift = shift + step
            if np.hypot(*step) < _SETTLED_M:
                break
        return shift


@dataclass(frozen=True, slots=True)
class BorderFit:
    """The border evidence on several systems, in their order.

    Attributes
    ----------
    misfits_m : geometric mean of the distances between the file's borders and ours
    winner : index of the system whose borders lie clearly better on ours than all others', or None
    shifts_m : how far each system's borders lie from ours; None without a winner
    """

    misfits_m: tuple[float, ...]
    winner: int | None
    shifts_m: tuple[float, ...] | None


def fit_borders(
    readings: list[npt.NDArray[np.float64]], boundaries: GeometryArray, *, witness_count: int
) -> BorderFit | None:
    """Compare the same border points, as several systems read them, with our borders.

    Parameters
    ----------
    readings : of shape (n, 2) each, longitude and latitude
    boundaries : our areas, WGS-84
    witness_count : how many of the points are corners of the file's borders; the others lie between

    Returns
    -------
    BorderFit, or None where too few points come near a border of ours to say anything.
    """
    middle = np.median(readings[0], axis=0)
    borders = _borders_near(readings, boundaries, middle)
    if borders is None:
        return None
    points = [borders.metres(reading) for reading in readings]
    distances_m = np.array([borders.distances_m(reading) for reading in points])
    near = distances_m.min(axis=0) < _FARTHEST_M
    if near.sum() < _FEWEST_POINTS:
        return None
    logs = np.log(np.clip(distances_m[:, near], _NEAREST_M, _FARTHEST_M))
    means = logs.mean(axis=1)
    winner = _winner(logs, means, witness_count=min(witness_count, logs.shape[1]))
    shifts_m = None
    if winner is not None:
        best = points[winner][near]
        remaining = borders.remaining_shift(best)
        away = [np.median(best - reading[near], axis=0) + remaining for reading in points]
        shifts_m = tuple(float(np.hypot(*vector)) for vector in away)
    return BorderFit(tuple(np.exp(means).tolist()), winner, shifts_m)


def _borders_near(
    readings: list[npt.NDArray[np.float64]], boundaries: GeometryArray, middle: npt.NDArray[np.float64]
) -> ReferenceBorders | None:
    reach_deg = _REACH_M / _DEG_M / max(float(np.cos(np.radians(middle[1]))), 0.1)
    together = np.concatenate(readings)
    window = shapely.box(*(together.min(axis=0) - reach_deg), *(together.max(axis=0) + reach_deg))
    near = boundaries[shapely.STRtree(boundaries).query(window)]
    return ReferenceBorders(near, middle) if len(near) else None


def _winner(
    logs: npt.NDArray[np.float64], means: npt.NDArray[np.float64], *, witness_count: int
) -> int | None:
    """The system that is clearly better than the next; None if there is none."""
    if len(means) < 2:
        return None
    best, second = np.argsort(means)[:2]
    independent = witness_count / _CORNERS_PER_WITNESS
    error = float(np.sqrt((logs[best].var() + logs[second].var()) / independent))
    clear = max(_SMALLEST_LOG_RATIO, _STANDARD_ERRORS * error)
    return int(best) if means[second] - means[best] >= clear else None
