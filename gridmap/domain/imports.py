"""What an import brings: rows in our own terms, whatever file they came from.

Geometries are WKB in WGS-84 longitude and latitude, because this layer knows no geometry library; they are
valid, two-dimensional, little-endian, and the same for the same input, so that bytes can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.topology import TopologyReport


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOutcome:
    """What became of the rows that could be read.

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
