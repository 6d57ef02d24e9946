"""The demo subdistrict's files (geodata/demo) into the tables.

The files are ours and held by tests, so they are trusted to fit; a file from somebody else goes through
``gridmap.importing`` instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from geoalchemy2.shape import from_shape
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from gridmap.storage.layer_versions import LAYERS, bump_layer_version
from gridmap.storage.search_keys import search_key
from gridmap.storage.tables import (
    METADATA,
    AccountRow,
    AreaRow,
    AssignmentRow,
    BuildingRow,
    CompoundGateRow,
    CompoundRow,
    GridSchemeRow,
    IssueCategoryRow,
    IssueRow,
    LandcoverRow,
    OrganisationRow,
    PartyCenterHouseholdRow,
    PersonRow,
    ResponsibilityZoneRow,
    Row,
    ServicePointCategoryRow,
    ServicePointRow,
    StandInRow,
    StreetRow,
    TourRow,
    TourStopRow,
)
from gridmap.storage.tables.base import WGS84_SRID

DEMO_SCHEME = "community_grid"
# About two metres at this latitude: less than a pixel on the zooms that draw whole communities.
OVERVIEW_TOLERANCE_DEG = 2e-5
LEVELS = ("subdistrict", "community", "grid", "micro_grid")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoMeta:
    """What the demo says of itself."""

    name: str
    name_en: str
    notice: str
    data_date: date


def read_meta(folder: Path) -> DemoMeta:
    """Name, notice and date of the demo in that folder."""
    meta = _read(folder, "subdistrict.json")
    return DemoMeta(
        name=meta["name"],
        name_en=meta["name_en"],
        notice=meta["notice"],
        data_date=date.fromisoformat(meta["data_date"]),
    )


@dataclass(frozen=True, slots=True)
class DemoStep:
    """What somebody did to a demo issue: a step of the workflow, a note, a rating."""

    at: datetime
    by: str
    to_state: str | None
    note: str | None
    rating: int | None


@dataclass(frozen=True, slots=True)
class DemoIssue:
    """An issue of the demo as its file tells it; ``reported_by`` and ``by`` are usernames."""

    number: str
    category_code: str
    description: str
    lon_deg: float
    lat_deg: float
    address_text: str | None
    captured_at: datetime
    reported_by: str
    tags: tuple[str, ...]
    steps: tuple[DemoStep, ...]


def read_issues(folder: Path) -> list[DemoIssue]:
    """The issues of the demo in that folder, in the file's order."""
    return [_issue(record) for record in _read(folder, "issues.json")]


def tag_issue(session: Session, issue_id: UUID, tags: Sequence[str]) -> None:
    """Put an issue on lists, as 'led' (领办) or 'collected' (收集)."""
    if tags:
        session.execute(update(IssueRow).where(IssueRow.id == issue_id).values(tags=list(tags)))


def demo_account_ids(session: Session) -> dict[str, int]:
    """Account ids by username."""
    return dict(session.execute(select(AccountRow.username, AccountRow.id)).all())


def holds_no_areas(session: Session) -> bool:
    """True for a database that nobody has put a map into yet."""
    return session.scalar(select(AreaRow.id).limit(1)) is None


def empty_every_table(session: Session) -> None:
    """Remove every row of gridmap's own tables; the job queue and the migrations stay."""
    tables = ", ".join(f'"{table.name}"' for table in METADATA.sorted_tables)
    session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    session.execute(text("ALTER SEQUENCE issue_number RESTART"))


def analyse(session: Session) -> None:
    """Let the planner see what the tables hold by now."""
    session.execute(text("ANALYZE"))


def write_places(session: Session, folder: Path) -> None:
    """Areas, zones, compounds, buildings, streets, land cover, service points, tours."""
    meta = read_meta(folder)
    _write_areas(session, folder, meta)
    _insert(session, CompoundRow, _features(folder, "compounds.geojson", "boundary"))
    _insert(session, BuildingRow, _features(folder, "buildings.geojson", "footprint"))
    _insert(session, StreetRow, _features(folder, "streets.geojson", "centreline"))
    _insert(session, LandcoverRow, _features(folder, "landcover.geojson", "extent"))
    _insert(session, CompoundGateRow, _features(folder, "gates.geojson", "location"))
    _insert(session, ServicePointCategoryRow, _read(folder, "service_point_categories.json"))
    points = _features(folder, "service_points.geojson", "location")
    for point in points:
        point["search_key"] = search_key([point["name"], *point["alias"], point.get("name_en")])
        point["valid_from"] = meta.data_date
    _insert(session, ServicePointRow, points)
    _write_tours(session, folder)
    for layer in LAYERS:
        bump_layer_version(session, layer, data_date=meta.data_date)


def write_people(
    session: Session, folder: Path, *, password_hash_of: Callable[[str], str], now: datetime
) -> None:
    """Organisations, people, assignments, zones, host households, and accounts that may sign in."""
    organisations: list[Record] = _read(folder, "organisations.json")
    organisation_ids: dict[str, int] = {}
    for level in sorted({organisation["level"] for organisation in organisations}):
        rows = [organisation for organisation in organisations if organisation["level"] == level]
        for row in rows:
            row["parent_id"] = organisation_ids.get(row.pop("parent_code", None) or "")
        _insert(session, OrganisationRow, rows)
        organisation_ids |= _ids_by_code(session, OrganisationRow)
    _insert(session, PersonRow, _read(folder, "people.json"))
    person_ids = _ids_by_code(session, PersonRow)
    assignments: list[Record] = _read(folder, "assignments.json")
    for assignment in assignments:
        assignment["person_id"] = person_ids[assignment.pop("person_code")]
    _insert(session, AssignmentRow, assignments)
    _insert(session, StandInRow, _stand_ins(session, assignments, person_ids))
    zones = _features(folder, "zones.geojson", "boundary")
    _add_overviews(zones)
    _insert(session, ResponsibilityZoneRow, zones)
    _insert(session, PartyCenterHouseholdRow, _read(folder, "center_households.json"))
    accounts: list[Record] = _read(folder, "accounts.json")
    for account in accounts:
        person = account.pop("person_code", None)
        account["person_id"] = person_ids[person] if person else None
        account["password_hash"] = password_hash_of(account["username"])
        account["created_at"] = now
        account["is_demo"] = True
    _insert(session, AccountRow, accounts)
    _insert(session, IssueCategoryRow, _read(folder, "issue_categories.json"))


def demo_usernames(session: Session) -> list[tuple[str, str, str, list[str]]]:
    """Username, display name, role and area codes of every demo account."""
    query = (
        select(AccountRow.username, AccountRow.display_name, AccountRow.role, AccountRow.area_codes)
        .where(AccountRow.is_demo, AccountRow.is_active)
        .order_by(AccountRow.id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(query)]


def _write_areas(session: Session, folder: Path, meta: DemoMeta) -> None:
    scheme = GridSchemeRow(
        code=DEMO_SCHEME,
        name="社区网格",
        name_en="Community grid",
        purpose="人口与治理",
        valid_from=date(meta.data_date.year - 1, 1, 1),
    )
    session.add(scheme)
    session.flush()
    areas = _features(folder, "areas.geojson", "boundary")
    ids: dict[str, int] = {}
    for level in LEVELS:
        rows = [area for area in areas if area["level"] == level]
        _add_overviews(rows)
        for row in rows:
            row["parent_id"] = ids.get(row.pop("parent_code", None) or "")
            row["scheme_id"] = scheme.id
            row["valid_from"] = scheme.valid_from
        _insert(session, AreaRow, rows)
        ids |= _ids_by_code(session, AreaRow)


def _stand_ins(
    session: Session, assignments: Sequence[Record], person_ids: Mapping[str, int]
) -> list[Record]:
    """The stand-ins that the posts' records name; found again by holder, ground, first day."""
    stored = session.execute(
        select(
            AssignmentRow.id,
            AssignmentRow.person_id,
            AssignmentRow.role,
            AssignmentRow.area_code,
            AssignmentRow.zone_code,
            AssignmentRow.valid_from,
        )
    )
    ids = {(*key, str(valid_from)): id for id, *key, valid_from in stored}
    keys = ("person_id", "role", "area_code", "zone_code", "valid_from")
    return [
        {
            "assignment_id": ids[tuple(record[key] for key in keys)],
            "person_id": person_ids[record["stand_in_person_code"]],
            "first_day": record["stand_in_from"],
            "last_day": record["stand_in_to"],
        }
        for record in assignments
        if record["stand_in_person_code"]
    ]


def _write_tours(session: Session, folder: Path) -> None:
    tour: Record = _read(folder, "tour.json")
    stops: list[Record] = tour.pop("stops")
    row = TourRow(**tour)
    session.add(row)
    session.flush()
    for position, stop in enumerate(stops, start=1):
        location = from_shape(shapely.Point(stop["location"]), WGS84_SRID)
        stop |= {"position": position, "tour_id": row.id, "location": location}
    _insert(session, TourStopRow, stops)


def _add_overviews(rows: Sequence[Record]) -> None:
    """Simplify the boundaries of one level together, so that neighbours keep their shared edges."""
    boundaries = np.array([row["shape"] for row in rows], dtype=object)
    simplified = shapely.coverage_simplify(boundaries, OVERVIEW_TOLERANCE_DEG)
    for row, overview, boundary in zip(rows, simplified, boundaries, strict=True):
        row["overview"] = from_shape(_as_multi(overview), WGS84_SRID)
        row["label_point"] = from_shape(shapely.point_on_surface(boundary), WGS84_SRID)


def _issue(record: Record) -> DemoIssue:
    first, *later = record["events"]
    return DemoIssue(
        number=record["number"],
        category_code=record["category_code"],
        description=record["description"],
        lon_deg=record["lon_deg"],
        lat_deg=record["lat_deg"],
        address_text=record.get("address_text"),
        captured_at=datetime.fromisoformat(record["captured_at"]),
        reported_by=first["by"],
        tags=tuple(record.get("tags", ())),
        steps=tuple(
            DemoStep(
                at=datetime.fromisoformat(event["at"]),
                by=event["by"],
                to_state=event.get("to_state"),
                note=event.get("note"),
                rating=event.get("rating"),
            )
            for event in later
        ),
    )


def _read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def _features(folder: Path, name: str, geometry_column: str) -> list[Record]:
    """The features' properties, with the geometry under its column and, as ``shape``, as shapely's own."""
    rows: list[Record] = []
    for feature in _read(folder, name)["features"]:
        # Turned as imports turn their rings, so that an export that is imported again changes nothing.
        geometry: BaseGeometry = shapely.orient_polygons(shape(feature["geometry"]))
        stored = geometry if geometry_column in ("location", "centreline") else _as_multi(geometry)
        rows.append(
            feature["properties"] | {geometry_column: from_shape(stored, WGS84_SRID), "shape": geometry}
        )
    return rows


def _as_multi(geometry: BaseGeometry) -> BaseGeometry:
    return shapely.MultiPolygon([geometry]) if isinstance(geometry, shapely.Polygon) else geometry


def _insert(session: Session, table: type[Row], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, keeping only the keys that are columns; dates arrive as ISO text."""
    columns = table.__table__.columns
    names = sorted({name for row in rows for name in row} & set(columns.keys()))
    kept = [{name: _value(columns[name].type, row.get(name)) for name in names} for row in rows]
    if kept:
        session.execute(insert(table), kept)


def _value(column_type: Any, value: Any) -> Any:
    if isinstance(value, str) and column_type.python_type is date:
        return date.fromisoformat(value)
    return value


def _ids_by_code(session: Session, table: type[AreaRow | OrganisationRow | PersonRow]) -> dict[str, int]:
    pairs = session.execute(select(table.code, table.id))
    return dict(pairs.all())
