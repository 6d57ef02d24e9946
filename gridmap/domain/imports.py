"""What an import brings: rows in our own terms, whatever file they came from.

Geometries are WKB in WGS-84 longitude and latitude, because this layer knows no geometry library; they are
valid, two-dimensional, little-endian, and the same for the same input, so that bytes can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import DomainError
from gridmap.domain.topology import TopologyReport

SHOWN_CHANGES = 1_000
"""So many rows of a preview are listed; its counts are of all rows."""


class ImportCancelled(DomainError):
    """The person stopped the import: raised by its ``progress``; nothing of it is stored."""

    code = "import.cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedArea:
    """An area of a file; ``code`` None: the file has none, and one is proposed. ``boundary`` MULTIPOLYGON."""

    row_number: int
    level: AreaLevel
    code: str | None
    name: str
    name_en: str | None
    kind: str
    parent_code: str | None
    household_count: int | None
    resident_count: int | None
    office_phone: str | None
    office_hours: str | None
    boundary: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedServicePoint:
    """A service point of a file."""

    row_number: int
    code: str
    name: str
    name_en: str | None
    alias: tuple[str, ...]
    category_code: str
    status: str
    address: str
    address_en: str | None
    floor: str | None
    area_m2: float | None
    capacity: int | None
    opening_hours: str | None
    office_phone: str | None
    services: tuple[str, ...]
    operator: str | None
    brand_tags: tuple[str, ...]
    tour_text: str | None
    visibility: str
    source: str
    surveyed_on: date | None
    accuracy_class: str
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedStreet:
    """A stretch of street; a row of several lines becomes several of these. ``centreline`` LINESTRING."""

    row_number: int
    code: str
    name: str | None
    name_en: str | None
    kind: str
    width_m: float
    is_walkable: bool
    centreline: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedBuildings:
    """Buildings of a file, by column because a city has hundreds of thousands; all columns of one length.

    ``compound_codes`` None: the file does not say. ``footprints`` MULTIPOLYGON.
    """

    row_numbers: Sequence[int]
    codes: Sequence[str]
    compound_codes: Sequence[str | None]
    addresses: Sequence[str]
    kinds: Sequence[str]
    floor_counts: Sequence[int]
    household_counts: Sequence[int]
    resident_counts: Sequence[int]
    elderly_counts: Sequence[int]
    ebike_counts: Sequence[int]
    footprints: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.codes)

    def chosen(self, places: Sequence[int]) -> ImportedBuildings:
        """Some of the rows, by their places from 0."""
        columns = {column.name: getattr(self, column.name) for column in fields(self)}
        return ImportedBuildings(
            **{name: [values[place] for place in places] for name, values in columns.items()}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCompound:
    """A compound of a file. ``place`` is a point in its ``boundary`` (MULTIPOLYGON)."""

    row_number: int
    code: str
    name: str
    name_en: str | None
    kind: str
    community_code: str | None
    built_year: int | None
    has_property_company: bool
    boundary: bytes
    place: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedGate:
    """A gate of a compound; ``compound_code`` None: the file does not say."""

    row_number: int
    compound_code: str | None
    name: str | None
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedZone:
    """A responsibility zone of a file. ``place`` is a point in its ``boundary`` (MULTIPOLYGON)."""

    row_number: int
    code: str
    name: str
    name_en: str | None
    organisation_code: str | None
    boundary: bytes
    place: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedIssue:
    """An issue of another system; instants are UTC."""

    row_number: int
    external_id: str
    category_code: str
    description: str
    address_text: str | None
    captured_at: datetime
    closed_at: datetime | None
    state: str
    accuracy_m: float | None
    lon_deg: float
    lat_deg: float


@dataclass(frozen=True, slots=True)
class Category:
    """An entry of a dictionary of categories, as far as files may name it.

    ``aliases`` are the codes and names that other standards have for it.
    """

    code: str
    name: str
    name_en: str
    is_restricted: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that cannot be imported: the number that a spreadsheet or GIS shows, and why.

    ``field`` is ours (``geometry``, ``code`` …), ``value`` what the file said, cut to a readable length.
    """

    row_number: int
    field: str
    value: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A row that was kept, and what was repaired, assumed or left out for it."""

    row_number: int
    field: str
    value: str
    reason_code: str


class ChangeKind(StrEnum):
    """What an import does to a row."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RowChange:
    """What an import would do to one row.

    ``fields`` of an updated row: our field's name to what is stored and what the file says, as text; "" where
    there is nothing. A shape is told by its centre and size.
    """

    row_number: int
    code: str
    kind: ChangeKind
    fields: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOutcome:
    """What became of the rows that could be read.

    ``changes``: of a preview, the first thousand rows: updated ones first, then added, then unchanged ones.
    ``absent_count``: areas of the level that are stored and not in the file; they stay.
    ``outside_count``: points that lie in no area.
    ``topology``: how the areas lie beside their neighbours now; None where that was not checked.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejections: tuple[Rejection, ...] = ()
    remarks: tuple[Remark, ...] = ()
    absent_count: int = 0
    outside_count: int = 0
    topology: TopologyReport | None = None
    changes: tuple[RowChange, ...] = ()

    @property
    def row_count(self) -> int:
        """The rows that were found good."""
        return self.added + self.updated + self.unchanged
