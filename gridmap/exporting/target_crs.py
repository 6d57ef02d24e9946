"""From WGS-84 to the coordinates that a file shall have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from gridmap.domain.coordinates import Datum, convert
from gridmap.domain.exports import TargetCrsUnknown

_DATUMS = {
    "wgs84": Datum.WGS84,
    "cgcs2000": Datum.CGCS2000,
    "gcj02": Datum.GCJ02,
    "bd09": Datum.BD09,
}
_SRIDS = {Datum.WGS84: 4326, Datum.CGCS2000: 4490}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCrs:
    """The coordinates of a file: x (longitude, easting) first, as files of all formats have it.

    Attributes
    ----------
    name : ``EPSG:4547``, ``gcj02`` …
    datum : what longitude and latitude mean
    srid : EPSG's number; None where a datum has none (GCJ-02, BD-09)
    is_projected : metres rather than degrees
    """

    name: str
    datum: Datum
    srid: int | None
    is_projected: bool

    @property
    def is_wgs84(self) -> bool:
        """Say whether the coordinates are what GeoJSON and KML define."""
        return self.srid == 4326

    @property
    def file_suffix(self) -> str:
        """What a file's name says of its coordinates: nothing for WGS-84."""
        return "" if self.is_wgs84 else "_" + self.name.replace(":", "")


def parse_target(name: str) -> TargetCrs:
    """Understand ``EPSG:4547``, ``4547``, ``wgs84``, ``cgcs2000``, ``gcj02`` and ``bd09``.

    Raises
    ------
    TargetCrsUnknown
        It is none of these, or no system of positions on the ground.
    """
    plain = name.strip().lower().replace("-", "")
    datum = _DATUMS.get(plain)
    match = re.fullmatch(r"(?:epsg:)?(\d{4,6})", plain)
    if datum is not None and datum not in _SRIDS:
        return TargetCrs(name=datum.value, datum=datum, srid=None, is_projected=False)
    if datum is None and match is None:
        raise TargetCrsUnknown(crs=name[:40])
    srid = _SRIDS[datum] if datum is not None else int(match.group(1)) if match else 0
    try:
        crs = pyproj.CRS.from_epsg(srid)
    except (CRSError, ProjError):
        raise TargetCrsUnknown(crs=name[:40]) from None
    if not (crs.is_projected or crs.is_geographic) or len(crs.axis_info) != 2:
        raise TargetCrsUnknown(crs=name[:40])
    return TargetCrs(
        name=f"EPSG:{srid}",
        datum=Datum.CGCS2000 if "CGCS2000" in crs.to_wkt() else Datum.WGS84,
        srid=srid,
        is_projected=crs.is_projected,
    )


def geometry_in(wkb: Sequence[bytes], target: TargetCrs) -> npt.NDArray[np.object_]:
    """Read WKB in WGS-84 and convert every vertex.

    Returns
    -------
    shape (n,)
        Geometries with x first.

    Raises
    ------
    TargetCrsUnknown
        The system does not reach this place: a vertex has no finite coordinates in it.
    """
    geometry = np.asarray(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object)
    if target.srid in (4326, 4490) or len(geometry) == 0:
        return geometry
    if target.srid is None:
        return np.asarray(
            shapely.transform(geometry, lambda points: convert(points, Datum.WGS84, target.datum)),
            dtype=object,
        )
    # CGCS2000 is taken for WGS-84, so its projections are applied without a change of datum.
    base = "EPSG:4490" if target.datum is Datum.CGCS2000 else "EPSG:4326"
    project = pyproj.Transformer.from_crs(base, f"EPSG:{target.srid}", always_xy=True)

    def vertices(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(project.transform(points[:, 0], points[:, 1]))

    converted = np.asarray(shapely.transform(geometry, vertices), dtype=object)
    if not np.isfinite(shapely.bounds(converted)).all():
        raise TargetCrsUnknown(crs=target.name)
    return converted
