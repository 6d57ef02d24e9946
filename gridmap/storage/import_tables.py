"""The tables that imports write, and the SQL that follows from their columns.

Everything here is made of the names below, never of what a file or a person says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gridmap.storage.tables.base import WGS84_SRID


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTable:
    """A table as imports see it.

    Attributes
    ----------
    content : the columns that a row's content is made of, in their order; a change of any is a change
    drawn : further columns that follow from the content of this row and of others: drawings, parents
    key : the columns by which a row of a file finds its stored row
    label : the column by which people know a row
    geometries : those of the columns that hold geometries
    id_type : of the column ``id``
    """

    name: str
    content: tuple[str, ...]
    drawn: tuple[str, ...] = ()
    key: tuple[str, ...] = ("code",)
    label: str = "code"
    geometries: tuple[str, ...] = ()
    id_type: str = "bigint"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that imports write."""
        return (*self.content, *self.drawn)

    def content_hash(self, alias: str) -> str:
        """SQL: a hash of a row's content, the same as long as nobody changes it."""
        return f"hash_record(ROW({listed(self.content, alias)}))"

    def image(self, alias: str) -> str:
        """SQL: a row as JSON from which every column comes back exactly."""
        pairs = [
            f"'{column}', {alias}.{column}{'::text' if column in self.geometries else ''}"
            for column in ("id", *self.columns)
        ]
        return f"jsonb_build_object({', '.join(pairs)})"


def listed(columns: Iterable[str], alias: str = "") -> str:
    """SQL: column names with commas between them."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(f"{prefix}{column}" for column in columns)


def ewkb_hex(wkb: bytes) -> str:
    """A little-endian two-dimensional WKB as PostGIS reads it from text, with the SRID of WGS-84."""
    plain = wkb.hex()
    return f"{plain[:8]}20{WGS84_SRID.to_bytes(4, 'little').hex()}{plain[10:]}"


BUILDING = ImportedTable(
    name="building",
    content=(
        "code",
        "compound_code",
        "address",
        "kind",
        "floor_count",
        "household_count",
        "resident_count",
        "elderly_count",
        "ebike_count",
        "footprint",
    ),
    geometries=("footprint",),
)
COMPOUND = ImportedTable(
    name="compound",
    content=(
        "code",
        "name",
        "name_en",
        "kind",
        "community_code",
        "built_year",
        "has_property_company",
        "boundary",
    ),
    geometries=("boundary",),
)
COMPOUND_GATE = ImportedTable(
    name="compound_gate",
    content=("compound_code", "name", "location"),
    key=("compound_code", "location"),
    label="compound_code",
    geometries=("location",),
)
STREET = ImportedTable(
    name="street",
    content=("code", "name", "name_en", "kind", "width_m", "is_walkable", "centreline"),
    geometries=("centreline",),
)
SERVICE_POINT = ImportedTable(
    name="service_point",
    content=(
        *("code", "name", "name_en", "alias", "category_code", "status", "address", "address_en"),
        *("community_code", "grid_code", "location", "floor", "area_m2", "capacity", "opening_hours"),
        *("office_phone", "services", "operator", "brand_tags", "tour_text", "visibility", "source"),
        *("surveyed_on", "accuracy_class", "search_key", "valid_from", "valid_to"),
    ),
    geometries=("location",),
)
AREA = ImportedTable(
    name="area",
    content=(
        *("scheme_id", "level", "code", "name", "name_en", "kind", "valid_from", "valid_to"),
        *("household_count", "resident_count", "office_phone", "office_hours", "boundary"),
    ),
    drawn=("parent_id", "overview", "label_point"),
    geometries=("boundary", "overview", "label_point"),
)
ZONE = ImportedTable(
    name="responsibility_zone",
    content=("code", "name", "name_en", "organisation_code", "valid_from", "valid_to", "boundary"),
    drawn=("overview",),
    geometries=("boundary", "overview"),
)
GRID_SCHEME = ImportedTable(
    name="grid_scheme", content=("code", "name", "name_en", "purpose", "valid_from", "valid_to")
)
ISSUE = ImportedTable(
    name="issue",
    content=(
        *("number", "client_id", "request_hash", "category_code", "description", "location", "state"),
        *("external_id", "tags", "area_code", "zone_code", "responsible_person_id", "rating", "closed_at"),
        "version",
    ),
    label="number",
    geometries=("location",),
    id_type="uuid",
)
