"""What an import is asked for, and what it answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.import_choices import Correction
from gridmap.domain.imports import LayerOutcome, Rejection, Remark, RowChange
from gridmap.domain.topology import TopologyReport
from gridmap.importing.columns import Layer
from gridmap.importing.datum import SourceCrs
from gridmap.importing.tables import ReadLimits

_RECORDED_FINDINGS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What to import, and what the person knows about the file.

    Attributes
    ----------
    crs : ``EPSG:4547``, ``gcj02``, ``bd09`` …; None: as the file says, unless its numbers clearly say
        otherwise; ``as-stated``: as the file says in any case
    columns : field to header, where recognising the header is not enough; empty header: not from the file
    source_layer : the layer inside a GeoPackage or zip
    source_name : the system that external ids and made codes belong to; None: the file's name
    scheme_code : the grid scheme of areas; for points None means every scheme
    new_scheme_name : create the scheme under this name if it is not there
    code_prefix : digits put before the file's area codes, or that proposed codes begin with
    default_category : what unknown categories become
    reporter : the account that imported issues are recorded under
    code_edition : the edition of the division list that the file's area codes are of; they are brought to the
        current one, and rows without a code are found by name below their parent
    valid_from : the first day of the areas' new versions; None: today
    swap_axes : latitude (or northing) comes first in the file
    row_limit : read only so many rows
    snap_m : bring areas' boundaries that are as near as this together; None: leave them as they are
    check_topology : say where imported areas leave gaps or overlap
    corrections, skipped_rows : what a person mended after a check of the same file
    """

    path: Path
    layer: Layer
    level: AreaLevel | None = None
    crs: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    encoding: str | None = None
    source_layer: str | None = None
    source_name: str | None = None
    scheme_code: str | None = None
    new_scheme_name: str | None = None
    code_prefix: str = ""
    default_category: str | None = None
    reporter: str | None = None
    code_edition: str | None = None
    valid_from: date | None = None
    swap_axes: bool = False
    row_limit: int | None = None
    snap_m: float | None = None
    check_topology: bool = True
    corrections: tuple[Correction, ...] = ()
    skipped_rows: tuple[int, ...] = ()
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did; the counts of rows add up: read = rejected + the others (streets may be split).

    ``batch_id`` is the number by which it can be undone; None of a preview.
    """

    batch_id: int | None
    file_name: str
    layer: Layer
    source_layer: str
    file_format: str
    encoding: str
    crs: SourceCrs
    columns: Mapping[str, str]
    unused_headers: tuple[str, ...]
    read_count: int
    outcome: LayerOutcome

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """The rows that were not imported, by row number."""
        return self.outcome.rejections

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was repaired or assumed in rows that were imported, by row number."""
        return self.outcome.remarks

    @property
    def changes(self) -> tuple[RowChange, ...]:
        """Of a preview: what would become of the rows, see ``LayerOutcome.changes``."""
        return self.outcome.changes

    def reason_counts(self) -> dict[str, int]:
        """Rejected rows by reason, the commonest first."""
        return dict(Counter(found.reason_code for found in self.rejections).most_common())

    def remark_counts(self) -> dict[str, int]:
        """Remarks by reason, the commonest first."""
        return dict(Counter(found.reason_code for found in self.remarks).most_common())


def recorded(report: ImportReport) -> dict[str, Any]:
    """The report as ``import_batch.report`` keeps it: all counts, and the first thousand findings."""

    def listed(findings: tuple[Rejection, ...] | tuple[Remark, ...]) -> list[list[object]]:
        return [
            [found.row_number, found.field, found.value, found.reason_code]
            for found in findings[:_RECORDED_FINDINGS]
        ]

    topology = report.outcome.topology or TopologyReport()
    return {
        "source_layer": report.source_layer,
        "format": report.file_format,
        "encoding": report.encoding,
        "crs": {"name": report.crs.name, "datum": report.crs.datum.value, "origin": report.crs.origin},
        "columns": dict(report.columns),
        "reason_counts": report.reason_counts(),
        "remark_counts": report.remark_counts(),
        "absent_count": report.outcome.absent_count,
        "outside_count": report.outcome.outside_count,
        "topology_counts": {kind.value: count for kind, count in topology.counts().items()},
        "rejections": listed(report.rejections),
        "remarks": listed(report.remarks),
    }
