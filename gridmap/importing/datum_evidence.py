"""Which coordinate system a file is really in, weighed by where each one puts it on our own ground.

A file often states nothing, or something wrong: 高德's shifted degrees as WGS-84, survey metres under a
``.prj`` of degrees, latitude in the column of longitude. Each system that its numbers allow is tried on a
sample: how many of its points come to lie inside our areas, and how well its borders lie on ours. GCJ-02 and
BD-09 read as WGS-84 put borders 300 to 1,300 m beside ours, the same way everywhere.

A system is preselected only where the evidence is strong, or where the file states it and nothing speaks
against it; otherwise nobody but a person who looks at the map can say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.importing.border_fit import BorderFit, fit_borders
from gridmap.importing.datum import SourceCrs, vertices_to_wgs84
from gridmap.importing.datum_candidates import Reading, are_metres, possible_readings
from gridmap.importing.tables import GeometryArray

SAMPLE_LENGTH = 2_000

_POLAR_DEG = (-60.0, 84.0)
# Places off the globe are mistakes of their rows, not of the system, as long as most are on it.
_MOST = 0.5

# Strong: nearly all inside, and the next system clearly fewer.
_NEARLY_ALL = 0.97
_CLEARLY_FEWER = 0.05
_FEWEST_WITNESSES = 20
# Systems that put less than this part of the best one's share inside our areas are out.
_CONTENDER_PART = 0.5
# With fewer than this inside at best, the file lies elsewhere.
_SOME = 0.005
# What still counts as lying on our borders: those of different makers differ by so much.
_MEETING_M = 150.0
# Some 20 m, by which the rims of two makers differ anyway.
_RIM_DEG = 2e-4
_MARK_OF_A_SHIFT_M = (300.0, 1_300.0)


class DatumReason(StrEnum):
    """Why a system is likely or not; each has its sentence under ``import.datum.…`` in both catalogues."""

    INSIDE = "inside"
    PARTLY_INSIDE = "partly_inside"
    OUTSIDE = "outside"
    BORDERS_MEET = "borders_meet"
    BORDERS_SHIFTED = "borders_shifted"
    BORDERS_APART = "borders_apart"
    AXES_SWAPPED = "axes_swapped"
    ZONE_PREFIX = "zone_prefix"
    METRES_CLAIM_DEGREES = "metres_claim_degrees"
    DEGREES_CLAIM_METRES = "degrees_claim_metres"
    OUT_OF_RANGE = "out_of_range"
    NOBODY_LIVES_THERE = "nobody_lives_there"
    STATED = "stated"
    ONLY_ONE_POSSIBLE = "only_one_possible"
    NOTHING_TO_COMPARE = "nothing_to_compare"
    NOTHING_FITS = "nothing_fits"
    SEVERAL_FIT = "several_fit"
    STATED_BUT_FITS_ANOTHER = "stated_but_fits_another"
    STATED_AND_NOTHING_AGAINST = "stated_and_nothing_against"


@dataclass(frozen=True, slots=True)
class ReferenceAreas:
    """Our own areas in WGS-84, to weigh a file against; ``names`` may be empty texts."""

    boundaries: GeometryArray
    names: tuple[str, ...] = ()

    @classmethod
    def none(cls) -> ReferenceAreas:
        """Nothing to compare with: the first file of an empty database."""
        return cls(np.empty(0, dtype=object))


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSystem:
    """One system in which the file may be.

    Attributes
    ----------
    crs : what ``--crs`` takes: ``EPSG:4547``, ``gcj02`` …
    swap_axes : the file has latitude (or northing) first
    inside_share : of the sample inside our areas, 0 to 1; None without areas
    shift_m : how far its borders lie from ours, the same way everywhere; None where that cannot be told
    border_misfit_m : typical distance (geometric mean) of its borders from ours
    is_possible : its numbers are valid in this system, and people live there
    is_stated : the file says so
    prefix : the zone's number before the eastings, or 0
    """

    crs: str
    swap_axes: bool = False
    inside_share: float | None = None
    shift_m: float | None = None
    border_misfit_m: float | None = None
    is_possible: bool = True
    is_stated: bool = False
    prefix: int = 0
    reasons: tuple[DatumReason, ...] = ()

    @property
    def option(self) -> str:
        """How the command line is told to read a file so."""
        return f"--crs {self.crs}{' --swap-axes' if self.swap_axes else ''}"

    @property
    def figures(self) -> Mapping[str, str]:
        """What the sentences of the reasons name."""
        return {
            "crs": self.crs,
            "inside_percent": "—" if self.inside_share is None else f"{math.floor(100 * self.inside_share)}",
            "shift_m": "—" if self.shift_m is None else f"{self.shift_m:.0f}",
            "prefix": str(self.prefix),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DatumEvidence:
    """What the weighing found.

    Attributes
    ----------
    candidates : likeliest first
    preselected : one of them, or None where a person has to look
    is_strong : ``preselected`` stands out; otherwise the file states it and nothing speaks against it
    stated : what the file states, or None
    sample_count : vertices that were weighed
    reasons : of the whole file
    """

    candidates: tuple[CandidateSystem, ...]
    preselected: CandidateSystem | None
    is_strong: bool
    stated: str | None
    sample_count: int
    reasons: tuple[DatumReason, ...]

    def contradicts(self, crs: str, *, swap_axes: bool = False) -> bool:
        """Say whether strong evidence is for something else than this."""
        found = self.preselected
        return self.is_strong and found is not None and (found.crs, found.swap_axes) != (crs, swap_axes)

    def candidate(self, crs: str, *, swap_axes: bool = False) -> CandidateSystem | None:
        """What was found on this system, if it was weighed."""
        wanted = (crs, swap_axes)
        return next((each for each in self.candidates if (each.crs, each.swap_axes) == wanted), None)


@dataclass(slots=True)
class _Trial:
    """A candidate under examination: where it puts the sample."""

    system: CandidateSystem
    source: SourceCrs
    lon_lat: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))


def weigh_systems(
    geometry: GeometryArray,
    *,
    stated: SourceCrs | None,
    reference: ReferenceAreas,
    names: Sequence[str] = (),
) -> DatumEvidence:
    """Weigh every system that a file's numbers allow.

    Parameters
    ----------
    geometry : shape (n,), in the file's own numbers; None elements count for nothing
    stated : what the file says, by its own words or by its format's standard; None if it says nothing
    reference : our areas, WGS-84
    names : of the rows, as far as known; where they are ours too, only areas of the same name are compared

    Returns
    -------
    DatumEvidence
        The same for the same input. At most :data:`SAMPLE_LENGTH` vertices are looked at.
    """
    geometry, reference = _of_the_same_name(geometry, reference, names)
    sample, witness_count = _sample(geometry)
    trials = [_tried(reading, sample, stated) for reading in possible_readings(sample, stated)]
    possible = [trial for trial in trials if trial.system.is_possible]
    has_reference = len(reference.boundaries) > 0
    if has_reference:
        _count_inside(possible, reference)
    contenders = _contenders(possible, has_reference=has_reference)
    if has_reference and (shapely.get_dimensions(geometry) > 0).any():
        fit = _compare_borders(contenders, reference, witness_count=witness_count)
    else:
        fit = None
    chosen, is_strong = _choose(contenders, fit, witness_count=witness_count, has_reference=has_reference)
    reasons = _reasons_of_the_file(
        sample, trials, contenders, chosen, is_strong=is_strong, has_reference=has_reference
    )
    for trial in trials:
        trial.system = replace(trial.system, reasons=_reasons_of(trial, sample))
    ordered = sorted(trials, key=lambda trial: _rank(trial, reference, is_chosen=trial is chosen))
    return DatumEvidence(
        candidates=tuple(trial.system for trial in ordered),
        preselected=None if chosen is None else chosen.system,
        is_strong=is_strong,
        stated=None if stated is None else stated.name,
        sample_count=len(sample),
        reasons=reasons,
    )


def _of_the_same_name(
    geometry: GeometryArray, reference: ReferenceAreas, names: Sequence[str]
) -> tuple[GeometryArray, ReferenceAreas]:
    """Keep what has its namesake on the other side, if that is at least half of the file and three rows."""
    present = ~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)
    ours = set(reference.names) - {""}
    if len(names) != len(geometry) or not ours:
        return geometry[present], reference
    shared = np.array([name in ours for name in names], dtype=bool) & present
    if shared.sum() < max(3, present.sum() / 2):
        return geometry[present], reference
    theirs = {name for name, is_shared in zip(names, shared, strict=True) if is_shared}
    kept = np.array([name in theirs for name in reference.names], dtype=bool)
    return geometry[shared], ReferenceAreas(
        reference.boundaries[kept], tuple(name for name in reference.names if name in theirs)
    )


def _sample(geometry: GeometryArray) -> tuple[npt.NDArray[np.float64], int]:
    """Vertices evenly from the whole file, and how many different ones bear witness.

    Few and long edges get points in between, which say nothing new: a rectangle has four witnesses.
    """
    if len(geometry) > SAMPLE_LENGTH:
        geometry = geometry[_evenly(len(geometry))]
    corners = _usable(shapely.get_coordinates(geometry))
    witness_count = min(len(np.unique(corners, axis=0)), SAMPLE_LENGTH)
    if len(corners) < SAMPLE_LENGTH / 2:
        corners = _usable(shapely.get_coordinates(_with_points_between(geometry)))
    if len(corners) > SAMPLE_LENGTH:
        corners = corners[_evenly(len(corners))]
    return corners, witness_count


def _with_points_between(geometry: GeometryArray) -> GeometryArray:
    """Divide borders so that each shape gets about as many points: one astray must not drown the others."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = shapely.length(geometry)
    has_length = np.isfinite(lengths) & (lengths > 0)
    points_each = math.ceil(SAMPLE_LENGTH / 2 / max(int(has_length.sum()), 1))
    divided = geometry.copy()
    divided[has_length] = shapely.segmentize(geometry[has_length], lengths[has_length] / points_each)
    return divided


def _usable(vertices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Without what is no number, and without (0, 0), which is what forms write for "no place"."""
    return vertices[np.isfinite(vertices).all(axis=1) & (vertices != 0).any(axis=1)]


def _evenly(count: int) -> npt.NDArray[np.intp]:
    return np.linspace(0, count - 1, SAMPLE_LENGTH).astype(np.intp)


def _tried(reading: Reading, sample: npt.NDArray[np.float64], stated: SourceCrs | None) -> _Trial:
    lon_lat = vertices_to_wgs84(sample, reading.source, swap_axes=reading.swap_axes)
    south, north = _POLAR_DEG
    with np.errstate(invalid="ignore"):
        valid = (np.abs(lon_lat[:, 0]) <= 180) & (lon_lat[:, 1] >= south) & (lon_lat[:, 1] <= north)
    system = CandidateSystem(
        crs=reading.source.name,
        swap_axes=reading.swap_axes,
        # Degrees taken for metres lie somewhere, too: beside the origin of the projection.
        is_possible=bool(valid.mean() > _MOST) and reading.source.is_projected == are_metres(sample),
        is_stated=stated is not None and reading.source.name == stated.name and not reading.swap_axes,
        prefix=reading.prefix,
    )
    # The few that are off the globe would only disturb the comparison.
    return _Trial(system, reading.source, np.where(valid[:, None], lon_lat, np.nan))


def _count_inside(trials: list[_Trial], reference: ReferenceAreas) -> None:
    tree = shapely.STRtree(reference.boundaries)
    for trial in trials:
        points = np.asarray(shapely.points(trial.lon_lat))
        points[np.isnan(trial.lon_lat).any(axis=1)] = None
        # Corners of the outermost areas lie on the rim itself, where the last digit would decide.
        which, _ = tree.query(points, predicate="dwithin", distance=_RIM_DEG)
        inside = len(np.unique(which))
        trial.system = replace(trial.system, inside_share=inside / len(points))


def _contenders(possible: list[_Trial], *, has_reference: bool) -> list[_Trial]:
    """The systems between which has to be decided: without areas all that are possible."""
    if not has_reference:
        return possible
    best = max((trial.system.inside_share or 0.0 for trial in possible), default=0.0)
    if best < _SOME:
        return []
    return [trial for trial in possible if (trial.system.inside_share or 0.0) >= _CONTENDER_PART * best]


def _compare_borders(
    contenders: list[_Trial], reference: ReferenceAreas, *, witness_count: int
) -> BorderFit | None:
    """Compare lines and polygons with our borders; the contenders get their misfit and shift."""
    if len(contenders) < 2:
        return None
    usable = ~np.isnan(np.stack([trial.lon_lat for trial in contenders])).any(axis=(0, 2))
    readings = [trial.lon_lat[usable] for trial in contenders]
    fit = fit_borders(readings, reference.boundaries, witness_count=witness_count)
    if fit is None:
        return None
    for index, trial in enumerate(contenders):
        trial.system = replace(
            trial.system,
            border_misfit_m=fit.misfits_m[index],
            shift_m=None if fit.shifts_m is None else fit.shifts_m[index],
        )
    return fit


def _choose(
    contenders: list[_Trial], fit: BorderFit | None, *, witness_count: int, has_reference: bool
) -> tuple[_Trial | None, bool]:
    """The system to preselect, and whether the evidence for it is strong."""
    chosen = _that_stands_out(contenders, fit, witness_count=witness_count, has_reference=has_reference)
    if chosen is not None:
        return chosen, True
    if fit is not None and fit.winner is not None and (fit.shifts_m or ())[fit.winner] > _MEETING_M:
        return None, False  # our borders favour one system, and yet do not lie where it puts them
    return next((trial for trial in contenders if trial.system.is_stated), None), False


def _that_stands_out(
    contenders: list[_Trial], fit: BorderFit | None, *, witness_count: int, has_reference: bool
) -> _Trial | None:
    if witness_count < _FEWEST_WITNESSES:
        return None
    if not has_reference:
        return contenders[0] if len(contenders) == 1 else None
    if len(contenders) == 1:
        return contenders[0] if (contenders[0].system.inside_share or 0.0) >= _CONTENDER_PART else None
    if fit is not None and fit.winner is not None:
        winner = contenders[fit.winner]
        return winner if (winner.system.shift_m or 0.0) <= _MEETING_M else None
    if len(contenders) < 2:
        return None
    first, second = sorted(contenders, key=lambda trial: -(trial.system.inside_share or 0.0))[:2]
    best, next_best = first.system.inside_share or 0.0, second.system.inside_share or 0.0
    # Four standard errors of a share.
    error = math.sqrt(max(next_best * (1 - next_best), 0.01) / witness_count)
    is_clear = best >= _NEARLY_ALL and best - next_best >= max(_CLEARLY_FEWER, 4 * error)
    return first if is_clear else None


def _reasons_of(trial: _Trial, sample: npt.NDArray[np.float64]) -> tuple[DatumReason, ...]:
    system, reasons = trial.system, list[DatumReason]()
    if system.is_stated:
        reasons.append(DatumReason.STATED)
    if system.swap_axes:
        reasons.append(DatumReason.AXES_SWAPPED)
    if system.prefix:
        reasons.append(DatumReason.ZONE_PREFIX)
    if not system.is_possible:
        reasons.append(_why_impossible(trial, sample))
    if system.inside_share is not None:
        nearly_all = system.inside_share >= _NEARLY_ALL
        some = DatumReason.PARTLY_INSIDE if system.inside_share > 0 else DatumReason.OUTSIDE
        reasons.append(DatumReason.INSIDE if nearly_all else some)
    if system.shift_m is not None:
        least_m, most_m = _MARK_OF_A_SHIFT_M
        if system.shift_m <= _MEETING_M:
            reasons.append(DatumReason.BORDERS_MEET)
        else:
            is_mark = least_m <= system.shift_m <= most_m
            reasons.append(DatumReason.BORDERS_SHIFTED if is_mark else DatumReason.BORDERS_APART)
    return tuple(reasons)


def _why_impossible(trial: _Trial, sample: npt.NDArray[np.float64]) -> DatumReason:
    in_metres = are_metres(sample)
    if trial.source.is_projected != in_metres:
        return DatumReason.METRES_CLAIM_DEGREES if in_metres else DatumReason.DEGREES_CLAIM_METRES
    lon_lat = vertices_to_wgs84(sample, trial.source, swap_axes=trial.system.swap_axes)
    with np.errstate(invalid="ignore"):
        on_globe = (np.abs(lon_lat) <= (180, 90)).all(axis=1).mean() > _MOST
    return DatumReason.NOBODY_LIVES_THERE if on_globe else DatumReason.OUT_OF_RANGE


def _reasons_of_the_file(
    sample: npt.NDArray[np.float64],
    trials: list[_Trial],
    contenders: list[_Trial],
    chosen: _Trial | None,
    *,
    is_strong: bool,
    has_reference: bool,
) -> tuple[DatumReason, ...]:
    reasons = list[DatumReason]()
    if not has_reference:
        reasons.append(DatumReason.NOTHING_TO_COMPARE)
    stated = next((trial for trial in trials if trial.system.is_stated), None)
    if stated is not None and not stated.system.is_possible:
        reasons.append(_why_impossible(stated, sample))
    if not contenders:
        reasons.append(DatumReason.NOTHING_FITS)
    elif chosen is None:
        reasons.append(DatumReason.SEVERAL_FIT)
    elif not is_strong:
        reasons.append(DatumReason.STATED_AND_NOTHING_AGAINST)
    elif not has_reference:
        reasons.append(DatumReason.ONLY_ONE_POSSIBLE)
    if stated is not None and is_strong and chosen is not stated:
        reasons.append(DatumReason.STATED_BUT_FITS_ANOTHER)
    return tuple(reasons)


def _rank(
    trial: _Trial, reference: ReferenceAreas, *, is_chosen: bool
) -> tuple[bool, bool, float, float, float, bool]:
    """Likeliest first; among strips that all miss our areas the one that misses them least."""
    system = trial.system
    return (
        not is_chosen,
        not system.is_possible,
        -round(system.inside_share or 0.0, 2),
        math.inf if system.border_misfit_m is None else system.border_misfit_m,
        _way_deg(trial, reference) if system.is_possible and not system.inside_share else 0.0,
        not system.is_stated,
    )


def _way_deg(trial: _Trial, reference: ReferenceAreas) -> float:
    """Roughly how far the middle of the file is from that of our areas."""
    if len(reference.boundaries) == 0:
        return 0.0
    west, south, east, north = shapely.total_bounds(reference.boundaries)
    lon_deg, lat_deg = np.nanmedian(trial.lon_lat, axis=0)
    return round(math.hypot(lon_deg - (west + east) / 2, lat_deg - (south + north) / 2), 1)
