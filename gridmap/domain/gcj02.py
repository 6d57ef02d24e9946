"""GCJ-02, the shifted longitude and latitude of Chinese maps: forward by formula, back by Newton's method.

Forward is the published reconstruction (a = 6 378 245 m, e² = 0.00669342162296594323, origin 105° E 35° N).
Its sines, of πx/30, πx/12, πx/3, πx, 2πx and 6πx, all belong to multiples of one angle πx/60: one tangent
gives them by doubling and tripling.

Back, the same sines and cosines give the Jacobian, so that Newton's method gains its digits quadratically:
from 600 m to a few centimetres in the first step and below a micrometre in the second. At 105° E the formula
has the root of |x|, whose slope is infinite there: points within 200 m of that meridian, and any whose last
step was still long, go on by plain repetition, which converges everywhere.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from gridmap.domain.point_blocks import PointArray, Vector, as_points, convert_in_blocks, sine_and_cosine

CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north in degrees: outside, GCJ-02 and BD-09 are WGS-84."""

_A_M = 6378245.0
_E2 = 0.00669342162296594323
_ORIGIN_LON_DEG = 105.0
_ORIGIN_LAT_DEG = 35.0
_SIN_ORIGIN = float(np.sin(np.radians(_ORIGIN_LAT_DEG)))
_COS_ORIGIN = float(np.cos(np.radians(_ORIGIN_LAT_DEG)))

_PI_60 = np.pi / 60.0
_DEG = 180.0 / np.pi

# Closer to 105° E the root of |x| bends too much for two steps; a step this long was not the last.
_STEEP_DEG = 2e-3
_LONG_STEP_DEG = 5e-6
# Where the root's slope would be infinite, Newton's first guess takes the slope this far away.
_LEAST_ROOT = 1e-4
_TOLERANCE_DEG = 1e-12
# Each repetition gains two to three digits. The limit only guards against endless loops.
_ROUND_LIMIT = 20


def wgs84_to_gcj02(points: npt.ArrayLike) -> PointArray:
    """Shift WGS-84 points to GCJ-02 (高德, 腾讯); shape (n, 2), degrees."""
    return convert_in_blocks(points, _forward, within=CHINA_BOX)


def gcj02_to_wgs84(points: npt.ArrayLike) -> PointArray:
    """Undo the GCJ-02 shift to 1e-11 degrees or better; shape (n, 2), degrees."""
    return convert_in_blocks(points, _inverse, within=CHINA_BOX)


def is_in_china_box(points: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Say for each point whether GCJ-02 and BD-09 shift it; False for NaN. Shape (n, 2) to (n,)."""
    array = as_points(points)
    west, south, east, north = CHINA_BOX
    lon_deg, lat_deg = array[:, 0], array[:, 1]
    return (lon_deg >= west) & (lon_deg <= east) & (lat_deg >= south) & (lat_deg <= north)


def _forward(lon_deg: Vector, lat_deg: Vector) -> tuple[Vector, Vector]:
    shift = _shift_at(lon_deg, lat_deg)
    return lon_deg + shift.east_deg, lat_deg + shift.north_deg


def _inverse(lon_deg: Vector, lat_deg: Vector) -> tuple[Vector, Vector]:
    # Single precision is right to a millimetre here, where the step itself misses by centimetres.
    shift = _Shift(
        (lon_deg - _ORIGIN_LON_DEG).astype(np.float32), (lat_deg - _ORIGIN_LAT_DEG).astype(np.float32)
    )
    step_lon, step_lat = shift.newton_step(-shift.east_deg, -shift.north_deg)
    guess_lon, guess_lat = lon_deg + step_lon, lat_deg + step_lat
    shift = _shift_at(guess_lon, guess_lat)
    step_lon, step_lat = shift.newton_step(
        lon_deg - guess_lon - shift.east_deg, lat_deg - guess_lat - shift.north_deg
    )
    guess_lon += step_lon
    guess_lat += step_lat
    unsure = np.maximum(np.abs(step_lon), np.abs(step_lat)) > _LONG_STEP_DEG
    unsure |= np.abs(guess_lon - _ORIGIN_LON_DEG) < _STEEP_DEG
    if unsure.any():
        guess_lon[unsure], guess_lat[unsure] = _repeat(lon_deg[unsure], lat_deg[unsure])
    return guess_lon, guess_lat


def _repeat(lon_deg: Vector, lat_deg: Vector) -> tuple[Vector, Vector]:
    """``guess = shifted - shift(guess)``: the shift changes by less than 0.3 % of a step."""
    guess_lon, guess_lat = lon_deg, lat_deg
    for _ in range(_ROUND_LIMIT):
        shift = _shift_at(guess_lon, guess_lat)
        better_lon, better_lat = lon_deg - shift.east_deg, lat_deg - shift.north_deg
        change = max(
            np.max(np.abs(better_lon - guess_lon), initial=0.0),
            np.max(np.abs(better_lat - guess_lat), initial=0.0),
        )
        guess_lon, guess_lat = better_lon, better_lat
        if change < _TOLERANCE_DEG:
            break
    return guess_lon, guess_lat


def _shift_at(lon_deg: Vector, lat_deg: Vector) -> _Shift:
    return _Shift(lon_deg - _ORIGIN_LON_DEG, lat_deg - _ORIGIN_LAT_DEG)


class _Shift:
    """How far GCJ-02 lies from WGS-84 at these WGS-84 points, and how that changes from place to place.

    Attributes
    ----------
    east_deg, north_deg : shape (n,)
        The shift. What the formula calls metres is divided by the radii of Krasovsky's ellipsoid.
    """

    def __init__(self, x: Vector, y: Vector) -> None:
        self._x, self._y, self._root = x, y, np.sqrt(np.abs(x))
        # πy/60 is three times y in radians, whose sine also gives that of the latitude y + 35°.
        sine, cosine = sine_and_cosine(y / _DEG)
        self._sin_lat = sine * _COS_ORIGIN + cosine * _SIN_ORIGIN
        self._cos_lat = cosine * _COS_ORIGIN - sine * _SIN_ORIGIN
        self._along_x, self._along_y = _Waves(*sine_and_cosine(_PI_60 * x)), _Waves(*_triple(sine, cosine))

        flattening = 1.0 - _E2 * (self._sin_lat * self._sin_lat)
        root = np.sqrt(flattening)
        self._deg_per_m_east = (_DEG / _A_M) * root / self._cos_lat
        self._deg_per_m_north = (_DEG / (_A_M * (1.0 - _E2))) * (flattening * root)
        tenth_xy, ripple_m = 0.1 * (x * y), self._along_x.ripple()
        east_m = 300.0 + x + 2.0 * y + 0.1 * (x * x) + tenth_xy + 0.1 * self._root
        east_m += (2.0 / 3.0) * (ripple_m + self._along_x.sum(150.0, 300.0))
        north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * (y * y) + tenth_xy + 0.2 * self._root
        north_m += (2.0 / 3.0) * (ripple_m + self._along_y.sum(160.0, 320.0))
        self.east_deg = east_m * self._deg_per_m_east
        self.north_deg = north_m * self._deg_per_m_north

    def newton_step(self, lon_missing: Vector, lat_missing: Vector) -> tuple[Vector, Vector]:
        """Where to go so that the shifted point gains what is missing, if the shift were linear.

        Parameters
        ----------
        lon_missing, lat_missing : shape (n,), degrees
            What is wanted less what these points, shifted, come to.
        """
        x, y = self._x, self._y
        root_slope = np.copysign(0.05 / np.maximum(self._root, _LEAST_ROOT), x)
        ripple_slope = self._along_x.ripple_slope()
        east_by_x = 1.0 + 0.2 * x + 0.1 * y + root_slope
        east_by_x += (2.0 / 3.0) * (ripple_slope + self._along_x.sum_slope(150.0, 300.0))
        north_by_x = 2.0 + 0.1 * y + 2.0 * root_slope + (2.0 / 3.0) * ripple_slope
        north_by_y = 3.0 + 0.4 * y + 0.1 * x + (2.0 / 3.0) * self._along_y.sum_slope(160.0, 320.0)
        # A degree of longitude is shorter farther north. That a degree of latitude grows there matters 1,000
        # times less and is left out.
        shrinking = self.east_deg * (self._sin_lat / self._cos_lat) * (1.0 / _DEG)
        a = 1.0 + east_by_x * self._deg_per_m_east
        b = (2.0 + 0.1 * x) * self._deg_per_m_east + shrinking
        c = north_by_x * self._deg_per_m_north
        d = 1.0 + north_by_y * self._deg_per_m_north
        scale = 1.0 / (a * d - b * c)
        return (d * lon_missing - b * lat_missing) * scale, (a * lat_missing - c * lon_missing) * scale


class _Waves:
    """Sines and cosines of 2, 5, 20, 60 and 120 times an angle (πx/60), by doubling and tripling."""

    def __init__(self, sine: Vector, cosine: Vector) -> None:
        self.by_2 = _double(sine, cosine)
        sine_4, cosine_4 = _double(*self.by_2)
        self.by_5 = sine_4 * cosine + cosine_4 * sine, cosine_4 * cosine - sine_4 * sine
        self.by_20 = _double(*_double(*self.by_5))
        self.by_60 = _triple(*self.by_20)

    @cached_property
    def by_120(self) -> tuple[Vector, Vector]:
        """Wanted along x only; 360 times follows from it by tripling."""
        return _double(*self.by_60)

    def ripple(self) -> Vector:
        """The term that both directions share: 20 sin 6πx + 20 sin 2πx."""
        sine = self.by_120[0]
        # sin 3a + sin a
        return 20.0 * (sine * (4.0 - 4.0 * sine * sine))

    def ripple_slope(self) -> Vector:
        """Its derivative by x."""
        cosine = self.by_120[1]
        # 3 cos 3a + cos a
        return (40.0 * np.pi) * (cosine * (12.0 * cosine * cosine - 8.0))

    def sum(self, twelfth_m: float, thirtieth_m: float) -> Vector:
        """20 sin πx + 40 sin πx/3 + … sin πx/12 + … sin πx/30."""
        return (
            20.0 * self.by_60[0]
            + 40.0 * self.by_20[0]
            + twelfth_m * self.by_5[0]
            + thirtieth_m * self.by_2[0]
        )

    def sum_slope(self, twelfth_m: float, thirtieth_m: float) -> Vector:
        """Its derivative by x."""
        return (
            (20.0 * np.pi) * self.by_60[1]
            + (40.0 * np.pi / 3.0) * self.by_20[1]
            + (twelfth_m * np.pi / 12.0) * self.by_5[1]
            + (thirtieth_m * np.pi / 30.0) * self.by_2[1]
        )


def _double(sine: Vector, cosine: Vector) -> tuple[Vector, Vector]:
    twice = 2.0 * sine
    return twice * cosine, 1.0 - twice * sine


def _triple(sine: Vector, cosine: Vector) -> tuple[Vector, Vector]:
    four_squares = 4.0 * sine * sine
    return sine * (3.0 - four_squares), cosine * (1.0 - four_squares)
