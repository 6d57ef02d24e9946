"""Rows of each layer as columns of its table."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import date

from gridmap.domain.imports import (
    ImportedBuildings,
    ImportedCompound,
    ImportedGate,
    ImportedServicePoint,
    ImportedStreet,
)
from gridmap.storage.import_staging import RowBlock
from gridmap.storage.import_tables import ewkb_hex
from gridmap.storage.search_keys import search_key


def service_point_rows(
    points: Sequence[ImportedServicePoint],
    *,
    area_codes: Sequence[tuple[str | None, str | None]],
    valid_from: date,
) -> RowBlock:
    """Service points; ``area_codes`` holds each one's community and grid."""
    same = (
        *("code", "name", "name_en", "category_code", "status", "address", "address_en", "floor"),
        *("area_m2", "capacity", "opening_hours", "office_phone", "operator", "tour_text"),
        *("visibility", "source", "surveyed_on", "accuracy_class"),
    )
    return RowBlock(
        [point.row_number for point in points],
        {name: [getattr(point, name) for point in points] for name in same}
        | {
            name: [list(getattr(point, name)) for point in points]
            for name in ("alias", "services", "brand_tags")
        }
        | {
            "community_code": [community_code for community_code, _ in area_codes],
            "grid_code": [grid_code for _, grid_code in area_codes],
            "location": [_point(point.lon_deg, point.lat_deg) for point in points],
            "search_key": [search_key([point.name, *point.alias, point.name_en]) for point in points],
            "valid_from": [valid_from] * len(points),
            "valid_to": [None] * len(points),
        },
    )


def street_rows(streets: Sequence[ImportedStreet]) -> RowBlock:
    """Streets."""
    same = ("code", "name", "name_en", "kind", "width_m", "is_walkable")
    return RowBlock(
        [street.row_number for street in streets],
        {name: [getattr(street, name) for street in streets] for name in same}
        | {"centreline": [ewkb_hex(street.centreline) for street in streets]},
    )


def building_rows(buildings: ImportedBuildings, *, compound_codes: Sequence[str | None]) -> RowBlock:
    """Buildings, each with the compound that it was given."""
    return RowBlock(
        buildings.row_numbers,
        {
            "code": buildings.codes,
            "compound_code": compound_codes,
            "address": buildings.addresses,
            "kind": buildings.kinds,
            "floor_count": buildings.floor_counts,
            "household_count": buildings.household_counts,
            "resident_count": buildings.resident_counts,
            "elderly_count": buildings.elderly_counts,
            "ebike_count": buildings.ebike_counts,
            "footprint": [ewkb_hex(footprint) for footprint in buildings.footprints],
        },
    )


def compound_rows(compounds: Sequence[ImportedCompound], *, community_codes: Sequence[str]) -> RowBlock:
    """Compounds, each with the community that it was given."""
    same = ("code", "name", "name_en", "kind", "built_year", "has_property_company")
    return RowBlock(
        [compound.row_number for compound in compounds],
        {name: [getattr(compound, name) for compound in compounds] for name in same}
        | {
            "community_code": community_codes,
            "boundary": [ewkb_hex(compound.boundary) for compound in compounds],
        },
    )


def gate_rows(gates: Sequence[ImportedGate], *, compound_codes: Sequence[str]) -> RowBlock:
    """Gates, each with the compound that it was given."""
    return RowBlock(
        [gate.row_number for gate in gates],
        {
            "compound_code": compound_codes,
            "name": [gate.name for gate in gates],
            "location": [_point(gate.lon_deg, gate.lat_deg) for gate in gates],
        },
    )


def _point(lon_deg: float, lat_deg: float) -> str:
    return ewkb_hex(struct.pack("<BI2d", 1, 1, lon_deg, lat_deg))
