"""Which coordinate systems a file's numbers can be in at all, by their size alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridmap.domain.coordinates import Datum, is_in_china_box
from gridmap.domain.gauss_kruger import three_degree_epsg
from gridmap.importing.datum import SourceCrs, parse_crs, vertices_to_wgs84

_STRIPS = range(25, 46)
_SIX_DEGREE_STRIPS = range(13, 24)
_FIRST_PREFIXED_SIX_DEGREE_CODE = 4491
# UTM, north, of the same meridians.
_UTM_CODES = range(32643, 32654)
# A file may reach over the rim of its strip, which lies 1.5° (3°) from the central meridian.
_STRIP_REACH_M = 450_000.0
_NORTHERNMOST_M = 6_300_000.0
_WEB_MERCATOR_EDGE_M = 20_100_000.0
_METRES_BEGIN_AT = 400.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a file; ``prefix`` is the zone's number before its eastings, or 0."""

    source: SourceCrs
    swap_axes: bool
    prefix: int = 0


def are_metres(sample: npt.NDArray[np.float64]) -> bool:
    """Say whether numbers are too large for degrees; shape (n, 2), not empty."""
    return bool(np.median(np.abs(sample).max(axis=1)) > _METRES_BEGIN_AT)


def possible_readings(sample: npt.NDArray[np.float64], stated: SourceCrs | None) -> list[Reading]:
    """List every reading that numbers of this size allow, and in any case the stated one, first.

    Parameters
    ----------
    sample : shape (n, 2), finite, in the file's own numbers
    stated : what the file says, or None

    Returns
    -------
    Each system as the file stands and with its axes swapped; none for an empty sample.
    """
    if len(sample) == 0:
        return []
    found = dict[tuple[str, bool], Reading]()
    readings = [] if stated is None else [Reading(stated, swap_axes=False)]
    for swap_axes in (False, True):
        points = sample[:, ::-1] if swap_axes else sample
        plain = _in_metres(points) if are_metres(sample) else _in_degrees(points, stated)
        if stated is not None and stated.is_projected == are_metres(sample):
            plain.append((stated, 0))
        readings += [Reading(source, swap_axes, prefix) for source, prefix in plain]
    for reading in readings:
        found.setdefault((reading.source.name, reading.swap_axes), reading)
    return list(found.values())


def _in_degrees(points: npt.NDArray[np.float64], stated: SourceCrs | None) -> list[tuple[SourceCrs, int]]:
    names = ["gcj02", "bd09"] if is_in_china_box(points).mean() > 0.5 else []
    if stated is None or not _is_wgs84_by_another_name(stated, points):
        names.insert(0, "EPSG:4326")
    return [(_by_name(name), 0) for name in names]


def _is_wgs84_by_another_name(stated: SourceCrs, points: npt.NDArray[np.float64]) -> bool:
    """CGCS2000 and the systems of its neighbours would only be the same thumbnail twice."""
    if stated.is_projected:
        return False
    usable = points[(np.abs(points) <= (180.0, 90.0)).all(axis=1)]
    return bool(np.allclose(vertices_to_wgs84(usable, stated), usable, rtol=0.0, atol=1e-5))


def _in_metres(points: npt.NDArray[np.float64]) -> list[tuple[SourceCrs, int]]:
    readings = [(_strip(code), prefix) for code, prefix in _strips_of(points)]
    if np.median(np.abs(points).max(axis=1)) < _WEB_MERCATOR_EDGE_M:
        web_mercator = _by_name("EPSG:3857")
        readings.append((web_mercator, 0))
        if is_in_china_box(vertices_to_wgs84(points, web_mercator)).mean() > 0.5:
            readings.append((_by_name("bd09mc"), 0))
    return readings


def _strips_of(points: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """The EPSG codes of the strips that these eastings and northings allow, with their prefix.

    Strips of 6° without a number are those of 3° on the same meridian, number by number.
    """
    easting_m, northing_m = np.median(points, axis=0)
    prefix = int(easting_m // 1_000_000.0)
    from_meridian_m = abs(easting_m - prefix * 1_000_000.0 - 500_000.0)
    if from_meridian_m > _STRIP_REACH_M or not 0 < northing_m < _NORTHERNMOST_M:
        return []
    if prefix == 0:
        return [(code, 0) for code in (*map(three_degree_epsg, _STRIPS), *_UTM_CODES)]
    if prefix in _STRIPS:
        return [(three_degree_epsg(prefix, is_prefixed=True), prefix)]
    if prefix in _SIX_DEGREE_STRIPS:
        return [(_FIRST_PREFIXED_SIX_DEGREE_CODE + prefix - _SIX_DEGREE_STRIPS[0], prefix)]
    return []


def _strip(code: int) -> SourceCrs:
    # Without asking PROJ for each of three dozen.
    datum = Datum.WGS84 if code in _UTM_CODES else Datum.CGCS2000
    return SourceCrs(f"EPSG:{code}", datum, f"EPSG:{code}", "weighed")


def _by_name(name: str) -> SourceCrs:
    return parse_crs(name, origin="weighed")
