"""Buildings and compounds as the register edits them; the database checks and moves outlines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.buildings import BuildingDetails, CompoundDetails
from gridmap.domain.coordinates import LonLat

_COUNTS = ("floor_count", "household_count", "resident_count", "elderly_count", "ebike_count")
_COLUMNS = ("address", "kind", "compound_code", *_COUNTS)

_FIND_BUILDING = f"""
    SELECT id, code, version, {", ".join(_COLUMNS)}, ST_AsGeoJSON(footprint, 7) AS footprint,
           ST_X(ST_PointOnSurface(footprint)) AS lon_deg, ST_Y(ST_PointOnSurface(footprint)) AS lat_deg
      FROM building
     WHERE id = :id
    """  # noqa: S608 - column names of this module
FIND_BUILDING = text(_FIND_BUILDING)
LOCK_BUILDING = text(f"{_FIND_BUILDING} FOR UPDATE")

# The caller holds the turn of the layer, so that no two get one code.
INSERT_BUILDING = text(
    f"""
    INSERT INTO building (code, {", ".join(_COLUMNS)}, footprint)
    SELECT 'LD' || lpad((coalesce(max(substring(code FROM '^LD([0-9]{{1,8}})$')::int), 0) + 1)::text, 5, '0'),
           {", ".join(f":{name}" for name in _COLUMNS)},
           ST_Multi(ST_SetSRID(ST_GeomFromGeoJSON(:outline), 4326))
      FROM building
 RETURNING id, code
    """  # noqa: S608
)

UPDATE_BUILDING = text(
    f"""
    UPDATE building SET {", ".join(f"{name} = :{name}" for name in _COLUMNS)} WHERE id = :id
    """  # noqa: S608
)

REDRAW_BUILDING = text(
    """
    UPDATE building SET footprint = ST_Multi(ST_SetSRID(ST_GeomFromGeoJSON(:outline), 4326)) WHERE id = :id
    """
)

MOVE_BUILDING = text(
    "UPDATE building SET footprint = ST_Translate(footprint, :lon_deg, :lat_deg) WHERE id = :id"
)

MEASURE_OUTLINE = text(
    """
    SELECT ST_IsValid(shape) AS is_valid,
           CASE WHEN ST_IsValid(shape) THEN ST_Area(shape::geography) ELSE 0 END AS area_m2,
           CASE WHEN ST_IsValid(shape) THEN ST_X(ST_PointOnSurface(shape)) ELSE 0 END AS lon_deg,
           CASE WHEN ST_IsValid(shape) THEN ST_Y(ST_PointOnSurface(shape)) ELSE 0 END AS lat_deg
      FROM (SELECT ST_SetSRID(ST_GeomFromGeoJSON(:outline), 4326) AS shape) AS drawn
    """
)

_FIND_COMPOUND = """
    SELECT id, code, version, community_code, name, name_en, kind, built_year, has_property_company
      FROM compound
     WHERE id = :id
    """
FIND_COMPOUND = text(_FIND_COMPOUND)
LOCK_COMPOUND = text(f"{_FIND_COMPOUND} FOR UPDATE")

UPDATE_COMPOUND = text(
    """
    UPDATE compound
       SET name = :name, name_en = :name_en, kind = :kind, built_year = :built_year,
           has_property_company = :has_property_company
     WHERE id = :id
    """
)

KNOWS_COMPOUND = text("SELECT EXISTS (SELECT FROM compound WHERE code = :code)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBuilding:
    """A building as stored; ``location`` is a point inside, ``footprint`` GeoJSON text (WGS-84)."""

    id: int
    code: str
    details: BuildingDetails
    location: LonLat
    footprint: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCompound:
    """A compound as stored."""

    id: int
    code: str
    community_code: str
    details: CompoundDetails
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """An outline that was drawn, measured; ``location`` is a point inside when it is valid."""

    is_valid: bool
    area_m2: float
    location: LonLat


def find_building(session: Session, building_id: int, *, lock: bool = False) -> StoredBuilding | None:
    """Load a building; ``lock`` keeps others from changing it until the transaction ends."""
    statement = LOCK_BUILDING if lock else FIND_BUILDING
    row = session.execute(statement, {"id": building_id}).mappings().one_or_none()
    if row is None:
        return None
    return StoredBuilding(
        id=row["id"],
        code=row["code"],
        details=BuildingDetails(**{name: row[name] for name in _COLUMNS}),
        location=LonLat(lon_deg=row["lon_deg"], lat_deg=row["lat_deg"]),
        footprint=row["footprint"],
        version=row["version"],
    )


def insert_building(session: Session, details: BuildingDetails, corners: Sequence[LonLat]) -> tuple[int, str]:
    """Write a new building under the next free code; returns id and code."""
    values = {**asdict(details), "outline": _geojson(corners)}
    row = session.execute(INSERT_BUILDING, values).one()
    return int(row.id), str(row.code)


def update_building(session: Session, building_id: int, details: BuildingDetails) -> None:
    """Write a building's counts and words."""
    session.execute(UPDATE_BUILDING, {**asdict(details), "id": building_id})


def redraw_building(session: Session, building_id: int, corners: Sequence[LonLat]) -> None:
    """Give a building another outline."""
    session.execute(REDRAW_BUILDING, {"outline": _geojson(corners), "id": building_id})


def move_building(session: Session, building_id: int, *, lon_deg: float, lat_deg: float) -> None:
    """Move a building's outline as it is, by degrees."""
    session.execute(MOVE_BUILDING, {"id": building_id, "lon_deg": lon_deg, "lat_deg": lat_deg})


def measure_outline(session: Session, corners: Sequence[LonLat]) -> Outline:
    """Measure an outline before it is stored."""
    row = session.execute(MEASURE_OUTLINE, {"outline": _geojson(corners)}).one()
    return Outline(
        is_valid=row.is_valid,
        area_m2=row.area_m2,
        location=LonLat(lon_deg=row.lon_deg, lat_deg=row.lat_deg),
    )


def knows_compound(session: Session, code: str) -> bool:
    """Say whether there is such a compound."""
    return bool(session.execute(KNOWS_COMPOUND, {"code": code}).scalar_one())


def find_compound(session: Session, compound_id: int, *, lock: bool = False) -> StoredCompound | None:
    """Load a compound; ``lock`` keeps others from changing it until the transaction ends."""
    statement = LOCK_COMPOUND if lock else FIND_COMPOUND
    row = session.execute(statement, {"id": compound_id}).mappings().one_or_none()
    if row is None:
        return None
    own = ("id", "code", "community_code", "version")
    return StoredCompound(
        **{name: row[name] for name in own},
        details=CompoundDetails(**{name: value for name, value in row.items() if name not in own}),
    )


def update_compound(session: Session, compound_id: int, details: CompoundDetails) -> None:
    """Write a compound anew."""
    session.execute(UPDATE_COMPOUND, {**asdict(details), "id": compound_id})


def _geojson(corners: Sequence[LonLat]) -> str:
    ring = [[corner.lon_deg, corner.lat_deg] for corner in (*corners, corners[0])]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})
