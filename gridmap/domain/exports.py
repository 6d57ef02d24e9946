"""Files that leave gridmap: their formats, what is said about them, and why one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gridmap.domain.errors import DomainError


class ExportFormat(StrEnum):
    """The formats that an export can have; the values are the endings of file names."""

    GEOJSON = "geojson"
    GEOPACKAGE = "gpkg"
    SHAPEFILE = "zip"
    KML = "kml"
    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    ExportFormat.GEOJSON: "application/geo+json",
    ExportFormat.GEOPACKAGE: "application/geopackage+sqlite3",
    ExportFormat.SHAPEFILE: "application/zip",
    ExportFormat.KML: "application/vnd.google-earth.kml+xml",
    ExportFormat.CSV: "text/csv",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportRefused(DomainError):
    """Base of the reasons for which no file is made."""

    code = "export.refused"


class ExportTooLarge(ExportRefused):
    """More rows than ``allowed`` in one file."""

    code = "export.too_large"


class FormatUnknown(ExportRefused):
    """The ending of the file's name is none of ``known``."""

    code = "export.format_unknown"


class TargetCrsUnknown(ExportRefused):
    """Coordinates were asked for in a system that gridmap does not know, or that does not hold here."""

    code = "export.crs_unknown"


class FormatNeedsWgs84(ExportRefused):
    """The format defines its coordinates as WGS-84, and others were asked for."""

    code = "export.format_needs_wgs84"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportNotes:
    """What a file says about itself.

    Attributes
    ----------
    title : of the layer, in the reader's language
    headers : a header for each field; a field without one goes by its own name
    source : whose data it is
    map_approval_no : 审图号; '' while there is none
    data_date : ISO day
    """

    title: str
    headers: dict[str, str]
    source: str
    map_approval_no: str
    data_date: str


def export_format(ending: str) -> ExportFormat:
    """The format of a file name's ending, with or without its dot.

    Raises
    ------
    FormatUnknown
    """
    plain = ending.lower().removeprefix(".")
    if plain in ("json",):
        return ExportFormat.GEOJSON
    try:
        return ExportFormat(plain)
    except ValueError:
        raise FormatUnknown(name=plain[:20], known=", ".join(each.value for each in ExportFormat)) from None
