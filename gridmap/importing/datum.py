"""From the coordinates that a file is in to WGS-84 longitude and latitude, as declared and never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from gridmap.domain.coordinates import Datum, convert
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
_EPSG = re.compile(r"(?:urn:ogc:def:crs:)?EPSG:{1,2}(?:[\d.]*:)?(\d{4,6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceCrs:
    """The coordinate system of a file.

    Attributes
    ----------
    name : as reported and recorded, for example ``EPSG:4547`` or ``gcj02``
    datum : what longitude and latitude mean once any projection is undone
    definition : for PROJ; None where the coordinates are longitude and latitude already
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
        return self.definition is not None and bool(pyproj.CRS.from_user_input(self.definition).is_projected)


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
    """Understand ``EPSG:4547``, ``gcj02``, ``bd09``, ``wgs84``, ``cgcs2000`` or a file's WKT.

    Raises
    ------
    CrsUnknown
    """
    plain = text.strip()
    datum = _DATUM_NAMES.get(plain.lower())
    if datum is not None:
        return SourceCrs(datum.value, datum, None, origin)
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
    return SourceCrs(name, datum, definition, origin)


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
    undo_projection = _transformer(crs.definition) if crs.definition else None

    def convert_vertices(vertices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        if swap_axes:
            vertices = vertices[:, ::-1]
        if undo_projection is not None:
            lon_deg, lat_deg = undo_projection.transform(vertices[:, 0], vertices[:, 1])
            vertices = np.column_stack([lon_deg, lat_deg])
        return convert(vertices, crs.datum, Datum.WGS84)

    if crs.definition is None and not swap_axes and crs.datum in (Datum.WGS84, Datum.CGCS2000):
        return _flat(geometry)
    return np.asarray(shapely.transform(_flat(geometry), convert_vertices), dtype=object)


def _flat(geometry: GeometryArray) -> GeometryArray:
    return np.asarray(shapely.force_2d(geometry), dtype=object)


def _transformer(definition: str) -> Any:
    return pyproj.Transformer.from_crs(definition, "EPSG:4326", always_xy=True)
