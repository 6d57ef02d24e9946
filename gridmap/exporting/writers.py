"""One function that writes features in any of the formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from gridmap.domain.exports import ExportFormat, ExportNotes
from gridmap.domain.features import FeatureTable
from gridmap.exporting.geojson import write_geojson
from gridmap.exporting.kml import write_kml
from gridmap.exporting.ogr_files import write_geopackage, write_shapefile
from gridmap.exporting.spreadsheets import write_csv, write_xlsx
from gridmap.exporting.target_crs import TargetCrs

_WRITERS: Mapping[ExportFormat, Callable[..., None]] = {
    ExportFormat.GEOJSON: write_geojson,
    ExportFormat.GEOPACKAGE: write_geopackage,
    ExportFormat.SHAPEFILE: write_shapefile,
    ExportFormat.KML: write_kml,
    ExportFormat.CSV: write_csv,
    ExportFormat.XLSX: write_xlsx,
}


def write_features(
    table: FeatureTable, path: Path, *, export_format: ExportFormat, target: TargetCrs, notes: ExportNotes
) -> None:
    """Write a file at a path where none is yet.

    Raises
    ------
    ExportRefused
        The coordinates do not go with the format, or do not reach the place.
    """
    _WRITERS[export_format](table, path, target=target, notes=notes)
