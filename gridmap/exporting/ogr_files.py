"""GeoPackage and Shapefile, written by GDAL."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio.raw
import shapely

from gridmap.domain.exports import ExportNotes
from gridmap.domain.features import CellValue, FeatureField, FeatureTable, FieldKind
from gridmap.exporting.cells import plain_text
from gridmap.exporting.target_crs import TargetCrs, geometry_in

SHORT_NAMES: Mapping[str, str] = {
    "accuracy_class": "accuracy",
    "address_text": "addr_text",
    "captured_at": "captured",
    "category_code": "cat_code",
    "category_name": "cat_name",
    "community_code": "comm_code",
    "compound_code": "comp_code",
    "description": "descript",
    "ebike_count": "ebikes",
    "elderly_count": "elderly",
    "floor_count": "floors",
    "has_property_company": "has_prop",
    "household_count": "households",
    "is_walkable": "walkable",
    "office_hours": "off_hours",
    "office_phone": "phone",
    "opening_hours": "hours",
    "organisation_code": "org_code",
    "parent_code": "parent",
    "received_at": "received",
    "resident_count": "residents",
    "surveyed_on": "surveyed",
}
"""A Shapefile's field names have at most ten bytes; the others are short enough as they are."""

_TEXT_BYTES = 254
"""The most that a Shapefile's text field holds."""
_UTC = 100
"""What GDAL calls the time zone UTC."""


def write_geopackage(table: FeatureTable, path: Path, *, target: TargetCrs, notes: ExportNotes) -> None:
    """Write one layer, named by the collection."""
    about = " · ".join(
        part for part in (notes.source, notes.map_approval_no, notes.data_date, target.name) if part
    )
    _write(
        table,
        path,
        target=target,
        driver="GPKG",
        names=[each.name for each in table.collection.fields],
        has_instants=True,
        layer_options={"IDENTIFIER": notes.title, "DESCRIPTION": about},
    )


def write_shapefile(table: FeatureTable, path: Path, *, target: TargetCrs, notes: ExportNotes) -> None:
    """Write a zip of one Shapefile in UTF-8 (with ``.cpg``) and of ``fields.txt``, the legend of its names.

    Texts of more than 254 bytes do not fit: they are cut between characters, and the legend counts them.
    """
    names = [SHORT_NAMES.get(each.name, each.name) for each in table.collection.fields]
    with tempfile.TemporaryDirectory(prefix="gridmap-export-") as folder:
        base = Path(folder) / table.collection.id
        cut_counts = _write(
            table,
            base.with_suffix(".shp"),
            target=target,
            driver="ESRI Shapefile",
            names=names,
            has_instants=False,
            text_bytes=_TEXT_BYTES,
            encoding="UTF-8",
        )
        legend = _legend(table, names, cut_counts, target=target, notes=notes)
        (Path(folder) / "fields.txt").write_text(legend, encoding="utf-8-sig")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)


def _write(
    table: FeatureTable,
    path: Path,
    *,
    target: TargetCrs,
    driver: str,
    names: Sequence[str],
    has_instants: bool,
    text_bytes: int | None = None,
    **options: Any,
) -> dict[str, int]:
    """Write a layer; says how many texts of each field were cut to ``text_bytes``."""
    geometry = geometry_in(table.geometry, target)
    fields = table.collection.fields
    columns = [[row[index] for row in table.rows] for index in range(len(fields))]
    cut_counts: dict[str, int] = {}
    arrays: list[npt.NDArray[Any]] = []
    for each, column in zip(fields, columns, strict=True):
        array = _array(each, column, has_instants=has_instants)
        if text_bytes is not None and array.dtype == object:
            short = [None if text is None else _cut(text, text_bytes) for text in array]
            cut_counts[each.name] = sum(a != b for a, b in zip(array, short, strict=True))
            array = np.array(short, dtype=object)
        arrays.append(array)
    with warnings.catch_warnings():
        # GCJ-02 and BD-09 have no definition that GIS software knows: better none than a wrong one.
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.raw.write(
            path,
            geometry=np.asarray(shapely.to_wkb(geometry, byte_order=1), dtype=object),
            field_data=arrays,
            fields=np.array(names, dtype=object),
            field_mask=[_mask(column) for column in columns],
            layer=table.collection.id,
            driver=driver,
            geometry_type=table.collection.shape.value,
            crs=None if target.srid is None else f"EPSG:{target.srid}",
            gdal_tz_offsets={
                name: np.full(len(table.rows), _UTC, dtype=np.int32)
                for each, name in zip(fields, names, strict=True)
                if has_instants and each.kind is FieldKind.INSTANT
            },
            **options,
        )
    return {name: count for name, count in cut_counts.items() if count}


def _array(each: FeatureField, column: Sequence[CellValue], *, has_instants: bool) -> npt.NDArray[Any]:
    """A column as GDAL takes it; where a value is absent, any value, which the mask hides."""
    match each.kind:
        case FieldKind.WHOLE:
            return np.array([0 if cell is None else cell for cell in column], dtype=np.int64)
        case FieldKind.NUMBER:
            return np.array([0.0 if cell is None else cell for cell in column], dtype=np.float64)
        case FieldKind.FLAG:
            return np.array([bool(cell) for cell in column], dtype=np.bool_)
        case FieldKind.DAY:
            return np.array(
                [np.datetime64("NaT") if cell is None else cell for cell in column], dtype="datetime64[D]"
            )
        case FieldKind.INSTANT if has_instants:
            return np.array([_naive_utc(cell) for cell in column], dtype="datetime64[ms]")
        case _:
            texts = [None if cell is None else plain_text(cell) for cell in column]
            return np.array([*texts, None], dtype=object)[:-1]


def _naive_utc(cell: CellValue) -> Any:
    return cell.replace(tzinfo=None) if isinstance(cell, datetime) else np.datetime64("NaT")


def _mask(column: Sequence[CellValue]) -> npt.NDArray[np.bool_]:
    return np.array([cell is None for cell in column], dtype=np.bool_)


def _cut(text: str, byte_count: int) -> str:
    return text.encode("utf-8")[:byte_count].decode("utf-8", "ignore")


def _legend(
    table: FeatureTable,
    names: Sequence[str],
    cut_counts: Mapping[str, int],
    *,
    target: TargetCrs,
    notes: ExportNotes,
) -> str:
    about = (notes.title, target.name, notes.source, notes.map_approval_no or "—", notes.data_date)
    lines = [" · ".join(about), ""]
    for each, name in zip(table.collection.fields, names, strict=True):
        parts = [name, each.name]
        if each.name in notes.headers:
            parts.append(notes.headers[each.name])
        if each.name in cut_counts:
            parts.append(f"{cut_counts[each.name]} cut to {_TEXT_BYTES} bytes")
        lines.append("\t".join(parts))
    return "\n".join(lines) + "\n"
