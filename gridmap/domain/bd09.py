"""BD-09, the longitude and latitude of 百度, and BD-09MC, the metres of its maps.

BD-09 turns and stretches GCJ-02 a little, in waves of 13 km, and moves it by (0.0065°, 0.006°). The turn is
written here as a rotation of the vector itself, which needs no angle. Back goes Newton's method: 40 m at the
start, millimetres after one step, nanometres after two. (The published inverse applies the forward formula
backwards and misses by up to 0.13 m.)

BD-09MC is a Mercator projection given as polynomials of the sixth degree in the latitude, one for each band
of 15°. Their coefficients are facts of 百度's public JavaScript interface, found alike in many open-source
projects (for example hujiulong/gcoord, ``src/crs/BD09MC.ts``, MIT); so are those of the approximate
inverse, which serves here as the first guess only: Newton's method on the forward polynomial does the rest.
百度 clamps latitudes to 74°; beyond that the answer is NaN.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gridmap.domain.gcj02 import CHINA_BOX
from gridmap.domain.point_blocks import PointArray, Vector, convert_in_blocks, sine_and_cosine

_OFFSET_LON_DEG, _OFFSET_LAT_DEG = 0.0065, 0.006
_RADIUS_AMPLITUDE_DEG = 2e-5
_ANGLE_AMPLITUDE_RAD = 3e-6
_FREQUENCY = np.pi * 3000.0 / 180.0

_HIGHEST_LAT_DEG = 74.0
_BAND_WIDTH_DEG = 15.0
# One row for each band, from the equator: c0 and c1 of the easting, c0 to c6 of the northing, the latitude's
# unit.
_FORWARD_BANDS = np.array(
    [
        [-0.0003218135878613132, 111320.7020701615, 0.00369383431289, 823725.6402795718, 0.46104986909093,
         2351.343141331292, 1.58060784298199, 8.77738589078284, 0.37238884252424, 7.45],
        [-0.0003441963504368392, 111320.7020576856, 278.2353980772752, 2485758.690035394, 6070.750963243378,
         54821.18345352118, 9540.606633304236, -2710.55326746645, 1405.483844121726, 22.5],
        [0.00220636496208, 111320.7020209128, 51751.86112841131, 3796837.749470245, 992013.7397791013,
         -1221952.21711287, 1340652.697009075, -620943.6990984312, 144416.9293806241, 37.5],
        [0.00337398766765, 111320.7020202162, 4481351.045890365, -23393751.19931662, 79682215.47186455,
         -115964993.2797253, 97236711.15602145, -43661946.33752821, 8477230.501135234, 52.5],
        [0.0008277824516172526, 111320.7020463578, 647795574.6671607, -4082003173.641316, 10774905663.51142,
         -15171875531.51559, 12053065338.62167, -5124939663.577472, 913311935.9512032, 67.5],
    ]
)  # fmt: skip
# The approximate inverse: c0 to c6 of the latitude, the northing's unit; bands begin at these northings.
_GUESS_BANDS_M = np.array([0.0, 1678043.12, 3481989.83, 5591021.0, 8362377.87])
_GUESS_BANDS = np.array(
    [
        [-3.068298e-8, 7.47137025468032, -0.00000353937994, -0.02145144861037, -0.00001234426596,
         0.00010322952773, -0.00000323890364, 826088.5],
        [0.00006995724062, 23.10934304144901, -0.00023663490511, -0.6321817810242, -0.00663494467273,
         0.03430082397953, -0.00466043876332, 2555164.4],
        [0.03278182852591, 40.31678527705744, 0.65659298677277, -4.44255534477492, 0.85341911805263,
         0.12923347998204, -0.04625736007561, 4482777.06],
        [0.30071316287616, 59.74293618442277, 7.357984074871, -25.38371002664745, 13.45380521110908,
         -3.29883767235584, 0.32710905363475, 6856817.37],
        [-0.78625201886289, 96.32687599759846, -1.85204757529826, -59.36935905485877, 47.40033549296737,
         -16.50741931063887, 2.28786674699375, 10260144.86],
    ]
)  # fmt: skip


def gcj02_to_bd09(points: npt.ArrayLike) -> PointArray:
    """Shift GCJ-02 points to BD-09 (百度); shape (n, 2), degrees."""
    return convert_in_blocks(points, _to_bd09, within=CHINA_BOX)


def bd09_to_gcj02(points: npt.ArrayLike) -> PointArray:
    """Undo the BD-09 shift to 1e-11 degrees or better; shape (n, 2), degrees."""
    return convert_in_blocks(points, _from_bd09, within=CHINA_BOX)


def bd09_to_bd09mc(points: npt.ArrayLike) -> PointArray:
    """Project BD-09 longitude and latitude to the metres of 百度's maps; shape (n, 2)."""
    return convert_in_blocks(points, _to_bd09mc)


def bd09mc_to_bd09(metres: npt.ArrayLike) -> PointArray:
    """Undo 百度's projection: its metres to BD-09 longitude and latitude in degrees; shape (n, 2)."""
    return convert_in_blocks(metres, _from_bd09mc)


def _to_bd09(lon_deg: Vector, lat_deg: Vector) -> tuple[Vector, Vector]:
    turn = _Turn(lon_deg, lat_deg)
    return lon_deg + turn.east_deg + _OFFSET_LON_DEG, lat_deg + turn.north_deg + _OFFSET_LAT_DEG


def _from_bd09(lon_deg: Vector, lat_deg: Vector) -> tuple[Vector, Vector]:
    wanted_lon, wanted_lat = lon_deg - _OFFSET_LON_DEG, lat_deg - _OFFSET_LAT_DEG
    # Single precision is right to a centimetre here, and so is the step.
    turn = _Turn(wanted_lon.astype(np.float32), wanted_lat.astype(np.float32))
    step_lon, step_lat = turn.newton_step(-turn.east_deg, -turn.north_deg)
    lon, lat = wanted_lon + step_lon, wanted_lat + step_lat
    turn = _Turn(lon, lat)
    step_lon, step_lat = turn.newton_step(wanted_lon - lon - turn.east_deg, wanted_lat - lat - turn.north_deg)
    return lon + step_lon, lat + step_lat


class _Turn:
    """How far the turn and stretch move these points, and how that changes from place to place.

    Attributes
    ----------
    east_deg, north_deg : shape (n,)
        The way of each point, without the common offset.
    """

    def __init__(self, lon_deg: Vector, lat_deg: Vector) -> None:
        sin_lat_wave, cos_lat_wave = sine_and_cosine(_FREQUENCY * lat_deg)
        sin_lon_wave, cos_lon_wave = sine_and_cosine(_FREQUENCY * lon_deg)
        per_length = _RADIUS_AMPLITUDE_DEG / np.sqrt(lon_deg * lon_deg + lat_deg * lat_deg)
        stretch = per_length * sin_lat_wave
        # Of an angle of 3e-6 the sine is the angle and 1 - cosine is angle² / 2, to the last digit.
        angle = _ANGLE_AMPLITUDE_RAD * cos_lon_wave
        shrinking = 0.5 * angle * angle
        along = stretch - shrinking - stretch * shrinking
        across = (1.0 + stretch) * angle
        self.east_deg = lon_deg * along - lat_deg * across
        self.north_deg = lat_deg * along + lon_deg * across
        self._lon_deg, self._lat_deg = lon_deg, lat_deg
        self._stretch_by_lat = _FREQUENCY * per_length * cos_lat_wave
        self._angle_by_lon = (-_FREQUENCY * _ANGLE_AMPLITUDE_RAD) * sin_lon_wave

    def newton_step(self, lon_missing: Vector, lat_missing: Vector) -> tuple[Vector, Vector]:
        """Where to go so that the turned point gains what is missing, if the turn were linear.

        The Jacobian lacks terms below 1e-5, which cost the first step a tenth of a millimetre.
        """
        a, b = 1.0 - self._lat_deg * self._angle_by_lon, self._lon_deg * self._stretch_by_lat
        c, d = self._lon_deg * self._angle_by_lon, 1.0 + self._lat_deg * self._stretch_by_lat
        scale = 1.0 / (a * d - b * c)
        return (d * lon_missing - b * lat_missing) * scale, (a * lat_missing - c * lon_missing) * scale


def _to_bd09mc(lon_deg: Vector, lat_deg: Vector) -> tuple[Vector, Vector]:
    latitude = np.abs(lat_deg)
    bands = _FORWARD_BANDS.T[:, _band_of(latitude / _BAND_WIDTH_DEG)]
    northing_m, _ = _northing(bands, latitude)
    northing_m[~(latitude <= _HIGHEST_LAT_DEG)] = np.nan
    easting_m = bands[0] + bands[1] * np.abs(lon_deg)
    return np.copysign(easting_m, lon_deg), np.copysign(northing_m, lat_deg)


def _from_bd09mc(easting_m: Vector, northing_m: Vector) -> tuple[Vector, Vector]:
    height_m = np.abs(northing_m)
    guess = _GUESS_BANDS.T[:, np.searchsorted(_GUESS_BANDS_M, height_m, side="right") - 1]
    bands = _FORWARD_BANDS.T[:, np.searchsorted(_BAND_BOTTOMS_M, height_m, side="right") - 1]
    ratio = height_m / guess[7]
    latitude = guess[6]
    for power in range(5, -1, -1):
        latitude = latitude * ratio + guess[power]
    for _ in range(2):
        reached_m, slope = _northing(bands, latitude)
        latitude = latitude + (height_m - reached_m) / slope
    latitude[~(height_m <= _HIGHEST_M)] = np.nan
    lon_deg = (np.abs(easting_m) - bands[0]) / bands[1]
    return np.copysign(lon_deg, easting_m), np.copysign(latitude, northing_m)


def _band_of(band: Vector) -> npt.NDArray[np.intp]:
    return np.clip(np.nan_to_num(band), 0, len(_FORWARD_BANDS) - 1).astype(np.intp)


def _northing(bands: npt.NDArray[np.float64], latitude: Vector) -> tuple[Vector, Vector]:
    """The polynomial of each point's own band, and its slope; latitudes not negative."""
    ratio = latitude / bands[9]
    value, slope = bands[8], np.zeros_like(latitude)
    for power in range(7, 1, -1):
        slope = slope * ratio + value
        value = value * ratio + bands[power]
    return value, slope / bands[9]


def _bottoms_m() -> tuple[npt.NDArray[np.float64], float]:
    """The northings at which the bands begin, and that of the highest latitude."""
    latitudes = np.array([*np.arange(len(_FORWARD_BANDS)) * _BAND_WIDTH_DEG, _HIGHEST_LAT_DEG])
    northings_m = _northing(_FORWARD_BANDS.T[:, _band_of(latitudes / _BAND_WIDTH_DEG)], latitudes)[0]
    return np.array([0.0, *northings_m[1:-1]]), float(northings_m[-1])


_BAND_BOTTOMS_M, _HIGHEST_M = _bottoms_m()
