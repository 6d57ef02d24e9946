"""From the coordinates that a file is in to WGS-84 longitude and latitude, as declared and never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from gridmap.domain.bd09 import bd09mc_to_bd09
from gridmap.domain.coordinates import Datum, LonLatArray, convert
from gridmap.domain.gauss_kruger import gauss_kruger
from gridmap.domain.mercator import web_mercator_to_wgs84
from gridmap.importing.errors import CrsMissing, CrsUnknown
from gridmap.importing.tables import GeometryArray, SourceTable

_DATUM_NAMES = {
    "wgs84": Datum.WGS84,
    "wgs-84": Datum.WGS84,
    "cgcs2000": Datum.CGCS2000,
    "gcj02": Datum.GCJ02,
    "gcj-02": Datum.GCJ02,
    "bd09": Datum.BD09,
    "bd-09": Datum.BD09,
}
_BD09MC = "bd09mc"
_EPSG = re.compile(r"(?:urn:ogc:def:crs:)?EPSG:{1,2}(?:[\d.]*:)?(\d{4,6})", re.IGNORECASE)

_Inverse = Callable[[npt.NDArray[np.float64]], LonLatArray]


@dataclass(frozen=True, slots=True)
class SourceCrs:
    """The coordinate system of a file.

    Attributes
    ----------
    name : as reported and recorded, for example ``EPSG:4547`` or ``gcj02``
    datum : what longitude and latitude mean once any projection is undone
    definition : how to undo the projection: ``EPSG:…`` or WKT, or ``bd09mc`` (百度's Mercator); None where
        the coordinates are longitude and latitude already
    origin : ``declared`` by the person, stated by the ``file``, or ``assumed`` from the column names
    file_name : what the file itself states, if that is something else
    """

    name: str
    datum: Datum
    definition: str | None
    origin: str
    file_name: str | None = None

    @property
    def is_projected(self) -> bool:
        """Say whether the file's numbers are metres rather than degrees."""
        if self.definition is None or _own_inverse(self.definition) is not None:
            return self.definition is not None
        return bool(pyproj.CRS.from_user_input(self.definition).is_projected)


def source_crs(table: SourceTable, declared: str | None) -> SourceCrs:
    """Settle a table's coordinate system: what the person declares, else what the file states.

    GeoJSON without a word is WGS-84 by its standard; a text table with longitude and latitude columns is
    assumed to be, which the report says. Everything else has to be declared.

    Raises
    ------
    CrsMissing
        Neither the person nor the file says.
    CrsUnknown
        PROJ does not know it.
    """
    stated = parse_crs(table.declared_crs, origin="file") if table.declared_crs else None
    if declared is not None:
        chosen = parse_crs(declared, origin="declared")
        differs = stated is not None and stated.name != chosen.name
        return SourceCrs(
            chosen.name,
            chosen.datum,
            chosen.definition,
            "declared",
            stated.name if stated and differs else None,
        )
    if stated is not None:
        return stated
    if table.file_format == "GeoJSON":
        return SourceCrs("EPSG:4326", Datum.WGS84, None, "file")
    if table.geometry_source in ("lon_lat", "wkt"):
        return SourceCrs("EPSG:4326", Datum.WGS84, None, "assumed")
    raise CrsMissing(file_format=table.file_format)


def parse_crs(text: str, *, origin: str) -> SourceCrs:
    """Understand ``EPSG:4547``, ``4547``, ``wgs84``, ``gcj02``, ``bd09``, ``bd09mc`` … or a file's WKT.

    Raises
    ------
    CrsUnknown
    """
    plain = text.strip()
    datum = _DATUM_NAMES.get(plain.lower())
    if datum is not None:
        return SourceCrs(datum.value, datum, None, origin)
    if plain.lower() in (_BD09MC, "bd-09mc"):
        return SourceCrs(_BD09MC, Datum.BD09, _BD09MC, origin)
    if plain.upper() in ("OGC:CRS84", "CRS84") or plain.upper().endswith("CRS84"):
        return SourceCrs("EPSG:4326", Datum.WGS84, None, origin)
    match = _EPSG.fullmatch(plain) or re.fullmatch(r"(\d{4,6})", plain)
    definition = f"EPSG:{match.group(1)}" if match else plain
    if match is None and "[" not in plain:
        # PROJ also knows systems by resemblance of their names, Mars 2000 among them: that would be guessing.
        raise CrsUnknown(crs=plain[:120])
    try:
        crs = pyproj.CRS.from_user_input(definition)
    except (CRSError, ProjError) as error:
        raise CrsUnknown(crs=plain[:120]) from error
    code = crs.to_epsg()
    name = f"EPSG:{code}" if code else crs.name
    if code == 4326:
        return SourceCrs(name, Datum.WGS84, None, origin)
    if code == 4490:
        return SourceCrs(name, Datum.CGCS2000, None, origin)
    if not (crs.is_geographic or crs.is_projected):
        raise CrsUnknown(crs=name)
    datum = Datum.CGCS2000 if "CGCS2000" in crs.to_wkt() else Datum.WGS84
    # By its code where it has one, so that WKT of a projection of ours is undone by ours.
    return SourceCrs(name, datum, name if code else definition, origin)


def to_wgs84(geometry: GeometryArray, crs: SourceCrs, *, swap_axes: bool = False) -> GeometryArray:
    """Convert every vertex to WGS-84 longitude and latitude.

    Parameters
    ----------
    geometry : shape (n,), None elements stay None; third coordinates are dropped
    swap_axes : the file has latitude (or northing) first

    Returns
    -------
    shape (n,)
        What cannot be transformed has infinite or NaN coordinates, for the checks to find.
    """
    if crs.definition is None and not swap_axes and crs.datum in (Datum.WGS84, Datum.CGCS2000):
        return _flat(geometry)
    return np.asarray(
        shapely.transform(
            _flat(geometry), lambda vertices: vertices_to_wgs84(vertices, crs, swap_axes=swap_axes)
        ),
        dtype=object,
    )


def vertices_to_wgs84(
    vertices: npt.NDArray[np.float64], crs: SourceCrs, *, swap_axes: bool = False
) -> LonLatArray:
    """The same for an array of vertices, shape (n, 2)."""
    if swap_axes:
        vertices = vertices[:, ::-1]
    if crs.definition is not None:
        vertices = _undo_projection(crs.definition)(vertices)
    return convert(vertices, crs.datum, Datum.WGS84)


def _flat(geometry: GeometryArray) -> GeometryArray:
    if not shapely.has_z(geometry).any():
        return geometry
    return np.asarray(shapely.force_2d(geometry), dtype=object)


def _own_inverse(definition: str) -> _Inverse | None:
    if definition == _BD09MC:
        return bd09mc_to_bd09
    match = _EPSG.fullmatch(definition)
    code = int(match.group(1)) if match else 0
    if code == 3857:
        return web_mercator_to_wgs84
    strip = gauss_kruger(code)
    return None if strip is None else strip.unproject


def _undo_projection(definition: str) -> _Inverse:
    """Our own inverse where there is one, PROJ's for every other system."""
    own = _own_inverse(definition)
    if own is not None:
        return own
    transformer = pyproj.Transformer.from_crs(definition, "EPSG:4326", always_xy=True)
    return lambda vertices: np.column_stack(transformer.transform(vertices[:, 0], vertices[:, 1]))
