"""Gauss-Krüger projections of CGCS2000, and UTM, by Krüger's series to the sixth power of the flattening.

Every survey drawing in China is in one of these: a strip of 3° or 6° around its central meridian, easting
500 000 m there, sometimes with the strip's number written before the easting (38 528 763 instead of 528 763).
Maps from elsewhere come in UTM, the same projection of WGS-84 made smaller by 0.04 %; that its flattening
differs in the tenth digit moves nothing by more than 0.2 mm.

Source: L. Krüger, *Konforme Abbildung des Erdellipsoids in der Ebene* (1912), extended to n⁶ by C. F. F.
Karney, *Transverse Mercator with an accuracy of a few nanometers*, Journal of Geodesy 85 (2011), equations
7-21, 35 and 36.
The latitude is found from the conformal latitude by Newton's method on its tangent. Errors stay below a
micrometre within 3 000 km of the central meridian; farther out than 40° the answer is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridmap.domain.point_blocks import PointArray, Vector, convert_in_blocks, sine_and_cosine

_A_M = 6378137.0
_F = 1.0 / 298.257222101
_E2 = _F * (2.0 - _F)
_E = float(np.sqrt(_E2))
_N = _F / (2.0 - _F)
_RECTIFYING_RADIUS_M = _A_M / (1.0 + _N) * (1.0 + _N**2 / 4.0 + _N**4 / 64.0 + _N**6 / 256.0)
_RAD = np.pi / 180.0

_FORWARD = (
    _N / 2 - _N**2 * 2 / 3 + _N**3 * 5 / 16 + _N**4 * 41 / 180 - _N**5 * 127 / 288 + _N**6 * 7891 / 37800,
    _N**2 * 13 / 48 - _N**3 * 3 / 5 + _N**4 * 557 / 1440 + _N**5 * 281 / 630 - _N**6 * 1983433 / 1935360,
    _N**3 * 61 / 240 - _N**4 * 103 / 140 + _N**5 * 15061 / 26880 + _N**6 * 167603 / 181440,
    _N**4 * 49561 / 161280 - _N**5 * 179 / 168 + _N**6 * 6601661 / 7257600,
    _N**5 * 34729 / 80640 - _N**6 * 3418889 / 1995840,
    _N**6 * 212378941 / 319334400,
)
_INVERSE = (
    _N / 2 - _N**2 * 2 / 3 + _N**3 * 37 / 96 - _N**4 / 360 - _N**5 * 81 / 512 + _N**6 * 96199 / 604800,
    _N**2 / 48 + _N**3 / 15 - _N**4 * 437 / 1440 + _N**5 * 46 / 105 - _N**6 * 1118711 / 3870720,
    _N**3 * 17 / 480 - _N**4 * 37 / 840 - _N**5 * 209 / 4480 + _N**6 * 5569 / 90720,
    _N**4 * 4397 / 161280 - _N**5 * 11 / 504 - _N**6 * 830251 / 7257600,
    _N**5 * 4583 / 161280 - _N**6 * 108847 / 3991680,
    _N**6 * 20648693 / 638668800,
)

FALSE_EASTING_M = 500_000.0
_PREFIX_M = 1_000_000.0
_UTM_SCALE = 0.9996
# The series is proven to 35° and more; nothing that is meant lies beyond.
_FARTHEST_RAD = 40.0 * _RAD
_FARTHEST_ETA = float(np.arctanh(np.sin(_FARTHEST_RAD)))


@dataclass(frozen=True, slots=True)
class GaussKruger:
    """One strip: its central meridian, and the number before the easting if it is written.

    Attributes
    ----------
    central_meridian_deg : float
    prefix : int
        25 to 45 for strips of 3°, 13 to 23 for strips of 6°; 0 where the easting has none.
    scale : float
        On the central meridian: 1, or 0.9996 in UTM.
    """

    central_meridian_deg: float
    prefix: int = 0
    scale: float = 1.0

    @property
    def false_easting_m(self) -> float:
        """The easting of the central meridian."""
        return self.prefix * _PREFIX_M + FALSE_EASTING_M

    def project(self, lon_lat: npt.ArrayLike) -> PointArray:
        """Longitude and latitude (degrees, CGCS2000 or WGS-84) to easting and northing (metres); (n, 2)."""
        return convert_in_blocks(lon_lat, self._project)

    def unproject(self, metres: npt.ArrayLike) -> PointArray:
        """Easting and northing (metres) to longitude and latitude (degrees); shape (n, 2)."""
        return convert_in_blocks(metres, self._unproject)

    def _project(self, lon_deg: Vector, lat_deg: Vector) -> tuple[Vector, Vector]:
        lon_rad = (lon_deg - self.central_meridian_deg) * _RAD
        tangent = _conformal(np.tan(lat_deg * _RAD))
        sin_lon, cos_lon = sine_and_cosine(lon_rad)
        # ξ' and η' on the sphere, and the sines and cosines of their doubles without further functions.
        over_height = 1.0 / np.sqrt(tangent * tangent + cos_lon * cos_lon)
        sin_xi, cos_xi, sinh_eta = tangent * over_height, cos_lon * over_height, sin_lon * over_height
        square = sinh_eta * sinh_eta
        cosh_eta = np.sqrt(1.0 + square)
        xi, eta = _series(
            _FORWARD,
            sin=2.0 * sin_xi * cos_xi,
            cos=1.0 - 2.0 * sin_xi * sin_xi,
            sinh=2.0 * sinh_eta * cosh_eta,
            cosh=1.0 + 2.0 * square,
        )
        xi += np.arctan2(tangent, cos_lon)
        eta += np.arcsinh(sinh_eta)
        radius_m = _RECTIFYING_RADIUS_M * self.scale
        easting_m, northing_m = radius_m * eta + self.false_easting_m, radius_m * xi
        too_far = np.abs(lon_rad) > _FARTHEST_RAD
        if too_far.any():
            easting_m[too_far], northing_m[too_far] = np.nan, np.nan
        return easting_m, northing_m

    def _unproject(self, easting_m: Vector, northing_m: Vector) -> tuple[Vector, Vector]:
        radius_m = _RECTIFYING_RADIUS_M * self.scale
        xi, eta = northing_m / radius_m, (easting_m - self.false_easting_m) / radius_m
        sin_2xi, cos_2xi = sine_and_cosine(2.0 * xi)
        growth = np.exp(2.0 * eta)
        shrinking = 1.0 / growth
        xi_change, eta_change = _series(
            _INVERSE,
            sin=sin_2xi,
            cos=cos_2xi,
            sinh=0.5 * (growth - shrinking),
            cosh=0.5 * (growth + shrinking),
        )
        sin_xi, cos_xi = sine_and_cosine(xi - xi_change)
        sinh_eta = np.sinh(eta - eta_change)
        tangent = _geographic(sin_xi / np.sqrt(sinh_eta * sinh_eta + cos_xi * cos_xi))
        lon_deg = np.arctan2(sinh_eta, cos_xi) / _RAD + self.central_meridian_deg
        lat_deg = np.arctan(tangent) / _RAD
        too_far = (np.abs(eta) > _FARTHEST_ETA) | (np.abs(xi) > np.pi / 2)
        if too_far.any():
            lon_deg[too_far], lat_deg[too_far] = np.nan, np.nan
        return lon_deg, lat_deg


def gauss_kruger(epsg_code: int) -> GaussKruger | None:
    """The strip that an EPSG code names, or None for any other code.

    CGCS2000: 4534-4554 are strips of 3° (75° E to 135° E), 4513-4533 the same with the strip's number;
    4502-4512 are strips of 6°, 4491-4501 the same with the number. WGS-84: 32601-32660 are UTM, north.
    """
    if 4534 <= epsg_code <= 4554:
        return three_degree_strip(epsg_code - 4534 + 25)
    if 4513 <= epsg_code <= 4533:
        return three_degree_strip(epsg_code - 4513 + 25, is_prefixed=True)
    if 4502 <= epsg_code <= 4512:
        return GaussKruger(75.0 + 6.0 * (epsg_code - 4502))
    if 4491 <= epsg_code <= 4501:
        return GaussKruger(75.0 + 6.0 * (epsg_code - 4491), prefix=epsg_code - 4491 + 13)
    if 32601 <= epsg_code <= 32660:
        return GaussKruger(6.0 * (epsg_code - 32600) - 183.0, scale=_UTM_SCALE)
    return None


def three_degree_strip(number: int, *, is_prefixed: bool = False) -> GaussKruger:
    """The strip of 3° of that number: its central meridian is three times the number."""
    return GaussKruger(3.0 * number, prefix=number if is_prefixed else 0)


def three_degree_epsg(number: int, *, is_prefixed: bool = False) -> int:
    """The EPSG code of that strip (25 to 45)."""
    return number - 25 + (4513 if is_prefixed else 4534)


def _series(
    coefficients: tuple[float, ...], *, sin: Vector, cos: Vector, sinh: Vector, cosh: Vector
) -> tuple[Vector, Vector]:
    """Real and imaginary part of Σ cₖ sin 2kζ, by Clenshaw's recurrence in complex numbers.

    ``sin`` … ``cosh`` are of the doubled parts of ζ = ξ + iη.
    """
    # 2 cos 2ζ
    real_factor, imaginary_factor = 2.0 * cos * cosh, -2.0 * sin * sinh
    *others, last = coefficients
    real, imaginary = np.full_like(sin, last), np.zeros_like(sin)
    real_before, imaginary_before = np.zeros_like(sin), np.zeros_like(sin)
    for coefficient in reversed(others):
        next_real = real_factor * real - imaginary_factor * imaginary - real_before + coefficient
        next_imaginary = real_factor * imaginary + imaginary_factor * real - imaginary_before
        real_before, imaginary_before = real, imaginary
        real, imaginary = next_real, next_imaginary
    # times sin 2ζ
    sine_real, sine_imaginary = sin * cosh, cos * sinh
    return (
        real * sine_real - imaginary * sine_imaginary,
        real * sine_imaginary + imaginary * sine_real,
    )


def _conformal(tangent: Vector) -> Vector:
    """The tangent of the conformal latitude from that of the latitude."""
    secant = np.sqrt(1.0 + tangent * tangent)
    sigma = np.sinh(_E * np.arctanh(_E * tangent / secant))
    return tangent * np.sqrt(1.0 + sigma * sigma) - sigma * secant


def _geographic(conformal: Vector) -> Vector:
    """The tangent of the latitude from that of the conformal latitude, by two steps of Newton's method."""
    tangent = conformal / (1.0 - _E2)
    for _ in range(2):
        square = 1.0 + tangent * tangent
        reached = _conformal(tangent)
        slope = np.sqrt((1.0 + reached * reached) * square) / (1.0 + (1.0 - _E2) * (square - 1.0))
        tangent += (conformal - reached) / ((1.0 - _E2) * slope)
    return tangent
