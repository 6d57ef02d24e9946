"""What a person mended after the check: values typed in place of the file's, and rows to leave out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely

from gridmap.domain.import_choices import Correction
from gridmap.importing.tables import SourceTable

PLACE_FIELD = "geometry"
"""A correction of this field is a point in the file's own coordinates: ``114.305, 30.552``."""

_POINT = re.compile(r"\s*(-?\d{1,9}(?:\.\d{1,15})?)\s*[,,;;\s]\s*(-?\d{1,9}(?:\.\d{1,15})?)\s*")


def corrected_table(
    table: SourceTable,
    columns: Mapping[str, str],
    *,
    corrections: Sequence[Correction],
    skipped_rows: Collection[int],
) -> tuple[SourceTable, dict[str, str]]:
    """Put corrections in place and leave out the skipped rows.

    Parameters
    ----------
    columns : field to header; a correction of a field without a column brings one of its own

    Returns
    -------
    the table and the columns as they are then; a place that cannot be read leaves its row without one
    """
    if not corrections and not skipped_rows:
        return table, dict(columns)
    known = dict(columns)
    values = {header: list(cells) for header, cells in table.columns.items()}
    geometry = None if table.geometry is None else table.geometry.copy()
    place_of = {int(number): place for place, number in enumerate(table.row_numbers)}
    for correction in corrections:
        place = place_of.get(correction.row_number)
        if place is None:
            continue
        if correction.field == PLACE_FIELD:
            match = _POINT.fullmatch(correction.value)
            if geometry is not None:
                geometry[place] = shapely.Point(float(match[1]), float(match[2])) if match else None
            continue
        header = known.setdefault(correction.field, correction.field)
        values.setdefault(header, [None] * table.row_count)[place] = correction.value.strip() or None
    skipped = set(skipped_rows)
    kept = np.array([int(number) not in skipped for number in table.row_numbers], dtype=bool)
    return (
        replace(
            table,
            row_numbers=table.row_numbers[kept],
            columns={
                header: [cell for cell, stays in zip(cells, kept, strict=True) if stays]
                for header, cells in values.items()
            },
            geometry=None if geometry is None else geometry[kept],
            rejections=[found for found in table.rejections if found.row_number not in skipped],
            remarks=[found for found in table.remarks if found.row_number not in skipped],
        ),
        known,
    )
