"""Are these places usable? Row by row: missing, wrong type, off the globe, swapped, invalid, repairable.

A repair is made only where it changes nothing that matters, and is always said; otherwise the row is refused
with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiLineString, MultiPoint, MultiPolygon

from gridmap.domain.coordinates import CHINA_BOX
from gridmap.domain.imports import Rejection, Remark
from gridmap.importing.datum import SourceCrs, to_wgs84
from gridmap.importing.ground import SLIVER_WIDTH_M, GroundPlane, least_widths_m, widths_m
from gridmap.importing.tables import GeometryArray, shown


class Shape(StrEnum):
    """What kind of geometry a layer is made of."""

    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"


GEOMETRY_WORDS: dict[Shape, tuple[str, ...]] = {
    Shape.POINT: ("Point",),
    Shape.LINE: ("LineString",),
    Shape.POLYGON: ("Polygon",),
}
"""Parts of the type names of GDAL that fit a shape."""

_POINT_TYPES = (0, 4)
_LINE_TYPES = (1, 2, 5)
_POLYGON_TYPES = (3, 6)
_COLLECTION_TYPE = 7
_FITTING_TYPES = {Shape.POINT: _POINT_TYPES, Shape.LINE: _LINE_TYPES, Shape.POLYGON: _POLYGON_TYPES}

# A repair may move this share of a polygon's area, which is what digitising loops and spikes are worth.
_HARMLESS_AREA_SHARE = 0.01
# As GEOS names the fault.
_HOLE_OUTSIDE = "Hole lies outside shell"
# Nobody lives beyond; a "latitude" there that would be a longitude of China is one.
_INHABITED_LATITUDE_DEG = 84.0
# Wider by more than a plane stretches lengths anywhere in a country.
_SURELY_WIDE_M = 1.1 * SLIVER_WIDTH_M
# Odd numbers as of a Fibonacci hash; bounds that are taken for the same by chance only cost a closer look.
_HASH_FACTORS = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93], dtype=np.uint64
)


@dataclass(frozen=True, slots=True)
class CheckedGeometry:
    """Geometries ready to store, in WGS-84, and what happened to the others.

    ``geometry`` has one element a row, None where the row is refused: Point, LineString or MultiLineString,
    or MultiPolygon, valid and not empty.
    """

    geometry: GeometryArray
    rejections: list[Rejection]
    remarks: list[Remark]


def check_geometry(
    geometry: GeometryArray,
    row_numbers: npt.NDArray[np.int64],
    *,
    shape: Shape,
    crs: SourceCrs,
    swap_axes: bool = False,
) -> CheckedGeometry:
    """Convert to WGS-84 and keep what can be stored, all rows at once: see :class:`GeometryCheck`."""
    return GeometryCheck(geometry, row_numbers, shape=shape, crs=crs, swap_axes=swap_axes).finish()


class GeometryCheck:
    """Converts to WGS-84 and keeps what can be stored, some rows after the other in their order.

    Reason codes of rejections: ``geometry_missing``, ``geometry_empty``, ``wrong_geometry_type``,
    ``no_location`` (0, 0), ``coordinates_not_numbers``, ``coordinates_swapped``,
    ``coordinates_look_projected``, ``coordinates_out_of_range``, ``geometry_invalid``.
    Of remarks: ``geometry_repaired``, ``collection_reduced``, ``same_shape``, ``sliver``. Without a word:
    heights and measures are dropped, repeated points too, and rings turned as RFC 7946 wants them.
    """

    def __init__(
        self,
        geometry: GeometryArray,
        row_numbers: npt.NDArray[np.int64],
        *,
        shape: Shape,
        crs: SourceCrs,
        swap_axes: bool = False,
    ) -> None:
        """Nothing is looked at yet.

        Parameters
        ----------
        geometry : shape (n,), in the file's coordinates
        row_numbers : shape (n,), for the report
        """
        self._source = geometry
        self._shape, self._crs, self._swap_axes = shape, crs, swap_axes
        self._whole = _Work(np.full(len(geometry), None, dtype=object), row_numbers)
        self._next = 0
        self._finished: CheckedGeometry | None = None

    def __len__(self) -> int:
        return len(self._source)

    def next_rows(self, count: int) -> GeometryArray:
        """The geometries of the next rows, ready to store; None where a row is refused."""
        looked_at = slice(self._next, self._next + count)
        work = _Work(self._source[looked_at].copy(), self._whole.row_numbers[looked_at])
        _check_rows(work, shape=self._shape, crs=self._crs, swap_axes=self._swap_axes)
        self._whole.geometry[looked_at] = work.geometry
        self._whole.rejections += work.rejections
        self._whole.remarks += work.remarks
        self._next += len(work.geometry)
        return work.geometry

    def finish(self) -> CheckedGeometry:
        """What all rows are: look at those that are left, and compare them with each other."""
        if self._finished is None:
            work = self._whole
            self.next_rows(len(self) - self._next)
            if self._shape is Shape.POLYGON:
                _remark_same_shapes(work)
                _remark_slivers(work)
            self._finished = CheckedGeometry(work.geometry, work.rejections, work.remarks)
        return self._finished


def _check_rows(work: _Work, *, shape: Shape, crs: SourceCrs, swap_axes: bool) -> None:
    work.refuse(shapely.is_missing(work.geometry), "geometry_missing")
    work.refuse(shapely.is_empty(work.geometry), "geometry_empty")
    _reduce_collections(work, shape)
    types = shapely.get_type_id(work.geometry)
    wrong = (types >= 0) & ~np.isin(types, _FITTING_TYPES[shape])
    work.refuse(
        wrong, "wrong_geometry_type", lambda index: shown(getattr(work.geometry[index], "geom_type", ""))
    )
    if shape is Shape.POINT:
        _single_points(work)
        coordinates = _first_coordinates(work.geometry)
        # No projection of China has anything at its (0, 0) either: it is what forms write for "no place".
        work.refuse((coordinates == 0).all(axis=1), "no_location", lambda _: "0, 0")
    work.refuse(~_is_finite(shapely.bounds(work.geometry)), "coordinates_not_numbers")
    original = work.geometry.copy()
    work.geometry = to_wgs84(work.geometry, crs, swap_axes=swap_axes)
    _check_range(work, original)
    if shape is Shape.POLYGON:
        _repair_polygons(work)
    elif shape is Shape.LINE:
        work.refuse(~shapely.is_valid(work.geometry), "geometry_invalid", lambda _: "no length")


class _Work:
    """The array under inspection; a refused row becomes None and is not looked at again."""

    def __init__(self, geometry: GeometryArray, row_numbers: npt.NDArray[np.int64]) -> None:
        self.geometry = geometry
        self.row_numbers = row_numbers
        self.rejections: list[Rejection] = []
        self.remarks: list[Remark] = []
        self._is_refused = np.zeros(len(geometry), dtype=bool)

    def refuse(
        self,
        which: npt.NDArray[np.bool_],
        reason_code: str,
        value_of: Callable[[int], str] = lambda _: "",
    ) -> None:
        for index in np.flatnonzero(which & ~self._is_refused):
            value = value_of(int(index))
            self.refuse_one(int(index), reason_code, value)

    def refuse_one(self, index: int, reason_code: str, value: str) -> None:
        self.rejections.append(Rejection(int(self.row_numbers[index]), "geometry", value, reason_code))
        self._is_refused[index] = True
        self.geometry[index] = None

    def remark(self, index: int, value: str, reason_code: str) -> None:
        self.remarks.append(Remark(int(self.row_numbers[index]), "geometry", value, reason_code))


def _is_finite(bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(bounds).all(axis=1))


def _first_coordinates(geometry: GeometryArray) -> npt.NDArray[np.float64]:
    return np.column_stack([shapely.get_x(geometry), shapely.get_y(geometry)])


def _reduce_collections(work: _Work, shape: Shape) -> None:
    """Take the fitting parts out of geometry collections, if all the others are of lower dimension."""
    types = shapely.get_type_id(work.geometry)
    for index in np.flatnonzero(types == _COLLECTION_TYPE):
        parts = _simple_parts(work.geometry[index])
        fitting = [part for part in parts if shapely.get_type_id(part) in _FITTING_TYPES[shape]]
        dimension = max((shapely.get_dimensions(part) for part in parts), default=-1)
        if fitting and dimension == shapely.get_dimensions(fitting[0]):
            work.geometry[index] = _joined(fitting, shape)
            work.remark(int(index), f"{len(fitting)} of {len(parts)} parts", "collection_reduced")


def _simple_parts(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    """What is in a collection, and in the collections in it, without what is empty."""
    parts: list[shapely.Geometry] = []
    for part in shapely.get_parts(geometry):
        if shapely.get_type_id(part) == _COLLECTION_TYPE:
            parts += _simple_parts(part)
        elif not part.is_empty:
            parts.append(part)
    return parts


def _joined(parts: list[shapely.Geometry], shape: Shape) -> shapely.Geometry:
    simple = list(shapely.get_parts(np.array(parts, dtype=object)))
    if shape is Shape.POLYGON:
        return MultiPolygon(simple)
    return MultiLineString(simple) if shape is Shape.LINE else MultiPoint(simple)


def _single_points(work: _Work) -> None:
    """A MultiPoint of one point is that point; of several it is no place."""
    for index in np.flatnonzero(shapely.get_type_id(work.geometry) == 4):
        parts = shapely.get_parts(work.geometry[index])
        if len(parts) == 1:
            work.geometry[index] = parts[0]
    several = shapely.get_type_id(work.geometry) == 4
    work.refuse(several, "wrong_geometry_type", lambda _: "MultiPoint")


def _check_range(work: _Work, original: GeometryArray) -> None:
    bounds = shapely.bounds(work.geometry)
    before = shapely.bounds(original)
    present = ~shapely.is_missing(work.geometry)
    with np.errstate(invalid="ignore"):
        off_globe = ~_is_finite(bounds) | (bounds[:, 0] < -180) | (bounds[:, 2] > 180)
        off_globe |= (bounds[:, 1] < -90) | (bounds[:, 3] > 90)
        polar = np.abs(bounds[:, [1, 3]]).max(axis=1) > _INHABITED_LATITUDE_DEG
        swapped = (off_globe | polar) & _fits_china_when_swapped(before)
        metres = off_globe & (np.abs(before).max(axis=1) > 1_000)

    def value_of(index: int) -> str:
        return _shown_bounds(before[index])

    work.refuse(present & swapped, "coordinates_swapped", value_of)
    work.refuse(present & metres, "coordinates_look_projected", value_of)
    work.refuse(present & off_globe, "coordinates_out_of_range", value_of)


def _fits_china_when_swapped(bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    west, south, east, north = CHINA_BOX
    return (bounds[:, 1] >= west) & (bounds[:, 3] <= east) & (bounds[:, 0] >= south) & (bounds[:, 2] <= north)


def _shown_bounds(bounds: npt.NDArray[np.float64]) -> str:
    west, south, east, north = (f"{value:.7g}" for value in bounds)
    return f"{west}, {south}" if (west, south) == (east, north) else f"{west}, {south} to {east}, {north}"


def _repair_polygons(work: _Work) -> None:
    """Make invalid polygons valid where that hardly changes their area; all become MultiPolygons."""
    present = ~shapely.is_missing(work.geometry)
    repeated = present & _has_repeated_points(work.geometry)
    work.geometry[repeated] = shapely.remove_repeated_points(work.geometry[repeated])
    invalid = present & ~shapely.is_valid(work.geometry)
    for index in np.flatnonzero(invalid):
        broken = work.geometry[index]
        reason = shown(shapely.is_valid_reason(broken))
        mended = _mended(broken, reason)
        if mended is None:
            work.refuse_one(int(index), "geometry_invalid", reason)
        else:
            work.geometry[index] = mended
            work.remark(int(index), reason, "geometry_repaired")
    flat = present & (shapely.area(work.geometry) == 0)
    work.refuse(flat, "geometry_invalid", lambda _: "no area")
    turned = ~shapely.is_missing(work.geometry) & ~_is_surely_oriented(work.geometry)
    work.geometry[turned] = shapely.orient_polygons(work.geometry[turned])
    single = shapely.get_type_id(work.geometry) == _POLYGON_TYPES[0]
    work.geometry[single] = shapely.multipolygons(work.geometry[single][:, np.newaxis])


def _has_repeated_points(geometry: GeometryArray) -> npt.NDArray[np.bool_]:
    """Which shapes may have the same vertex twice in a row; shape (n,), no such shape is missed."""
    vertices, rows = shapely.get_coordinates(geometry, return_index=True)
    repeats = (vertices[1:] == vertices[:-1]).all(axis=1) & (rows[1:] == rows[:-1])
    found = np.zeros(len(geometry), dtype=bool)
    found[rows[1:][repeats]] = True
    return found


def _is_surely_oriented(geometry: GeometryArray) -> npt.NDArray[np.bool_]:
    """Which shapes are one ring that clearly runs counter-clockwise, and need no look; shape (n,)."""
    vertices, rows = shapely.get_coordinates(geometry, return_index=True)
    if not len(vertices):
        return np.zeros(len(geometry), dtype=bool)
    first = np.searchsorted(rows, np.arange(len(geometry)))
    # From the shape's own first vertex, or degrees far from the origin would drown its area in rounding.
    x, y = (vertices - vertices[np.minimum(first, len(vertices) - 1)][rows]).T
    same_row = rows[1:] == rows[:-1]
    twice = np.where(same_row, x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    signed_areas = np.bincount(rows[1:], weights=twice, minlength=len(geometry)) / 2
    # Of one ring it is the area itself, of several it is not, unless holes happen to be turned rightly.
    areas = shapely.area(geometry)
    is_one_ring = (shapely.get_type_id(geometry) == _POLYGON_TYPES[0]) & (
        shapely.get_num_interior_rings(geometry) == 0
    )
    return is_one_ring & (signed_areas > areas / 2)


def _mended(broken: shapely.Geometry, reason: str) -> MultiPolygon | None:
    """The valid polygons that were surely meant, or None."""
    if reason.startswith(_HOLE_OUTSIDE):
        return None  # a second part, a slip, or the hole of another row: the file has to say
    mended = _polygons_of(shapely.make_valid(broken, method="structure", keep_collapsed=False))
    if mended is None or abs(mended.area - _even_odd_area(broken)) > _HARMLESS_AREA_SHARE * mended.area:
        return None
    return mended


def _remark_same_shapes(work: _Work) -> None:
    """Two rows with the same ground: the later one is kept and names the earlier.

    Which of them is meant is not known here, and the earlier may yet be refused for another reason.
    """
    alike = _with_bounds_of_another(work.geometry)
    first_of: dict[bytes, int] = {}
    for index, wkb in zip(alike, shapely.to_wkb(shapely.normalize(work.geometry[alike])), strict=True):
        first = first_of.setdefault(wkb, int(index))
        if first != index:
            work.remark(int(index), f"row {work.row_numbers[first]}", "same_shape")


def _with_bounds_of_another(geometry: GeometryArray) -> npt.NDArray[np.int64]:
    """Indexes of the shapes whose bounds another has too, in their order: no two others are the same."""
    present = np.flatnonzero(~shapely.is_missing(geometry))
    # Adding zero makes one of the two zeros.
    corners = (shapely.bounds(geometry[present]) + 0.0).view(np.uint64)
    keys = corners @ _HASH_FACTORS
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return present[counts[inverse] > 1]


def _remark_slivers(work: _Work) -> None:
    """Say which areas are too thin to be meant. A polygon of area A, perimeter P is at least 2A/P wide."""
    present = np.flatnonzero(~shapely.is_missing(work.geometry))
    if not len(present):
        return
    doubtful = present[least_widths_m(work.geometry[present]) < _SURELY_WIDE_M]
    if not len(doubtful):
        return
    metric = GroundPlane.around(work.geometry[present]).in_metres(work.geometry[doubtful])
    thin = np.flatnonzero(2 * shapely.area(metric) < SLIVER_WIDTH_M * shapely.length(metric))
    for index, width_m in zip(thin, widths_m(metric[thin]), strict=True):
        if width_m < SLIVER_WIDTH_M:
            work.remark(int(doubtful[index]), f"{width_m:.2f} m wide", "sliver")


def _even_odd_area(broken: shapely.Geometry) -> float:
    """The area of an invalid polygon as GIS software computes it: signed sums, so that loops cancel."""
    return float(shapely.area(broken))


def _polygons_of(geometry: shapely.Geometry) -> MultiPolygon | None:
    parts = [
        part
        for part in shapely.get_parts(shapely.get_parts(geometry))
        if shapely.get_type_id(part) == 3 and not part.is_empty and part.area > 0
    ]
    return MultiPolygon(parts) if parts else None
