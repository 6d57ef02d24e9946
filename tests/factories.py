"""Small, valid worlds for tests: a district of square cells with people in it.

Cells are squares of ``CELL_DEG`` laid out row by row from the north-west corner, so that neighbours share
edges and corners exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy.orm import Session

from gridmap.storage.tables import (
    AccountRow,
    AreaRow,
    AssignmentRow,
    GridSchemeRow,
    IssueCategoryRow,
    PersonRow,
    ResponsibilityZoneRow,
    StandInRow,
)

WEST_DEG, NORTH_DEG = 114.30, 30.56
CELL_DEG = 0.001
SUBDISTRICT = "420106999"
BEGIN = date(2026, 1, 1)


def cell(column: int, row: int, *, columns: int = 1, rows: int = 1) -> shapely.Polygon:
    """The square (or block of squares) at that column from the west and row from the north."""
    west = round(WEST_DEG + column * CELL_DEG, 7)
    east = round(WEST_DEG + (column + columns) * CELL_DEG, 7)
    north = round(NORTH_DEG - row * CELL_DEG, 7)
    south = round(NORTH_DEG - (row + rows) * CELL_DEG, 7)
    return shapely.box(west, south, east, north)


def middle_of(column: int, row: int) -> tuple[float, float]:
    """Longitude and latitude of a cell's centre, in degrees."""
    centre = cell(column, row).centroid
    return centre.x, centre.y


def add_area(
    session: Session,
    scheme: GridSchemeRow,
    *,
    level: str,
    code: str,
    boundary: shapely.Polygon,
    parent: AreaRow | None = None,
    name: str | None = None,
    valid_from: date = BEGIN,
    valid_to: date | None = None,
) -> AreaRow:
    """One area, with its boundary as overview."""
    geometry = from_shape(shapely.MultiPolygon([boundary]), 4326)
    area = AreaRow(
        scheme_id=scheme.id,
        level=level,
        code=code,
        name=name or code,
        parent_id=parent.id if parent else None,
        valid_from=valid_from,
        valid_to=valid_to,
        boundary=geometry,
        overview=geometry,
        label_point=from_shape(boundary.representative_point(), 4326),
        household_count=100,
        resident_count=260,
    )
    session.add(area)
    session.flush()
    return area


def add_zone(session: Session, *, code: str, boundary: shapely.Polygon, name: str | None = None) -> None:
    """One responsibility zone."""
    geometry = from_shape(shapely.MultiPolygon([boundary]), 4326)
    session.add(
        ResponsibilityZoneRow(
            code=code, name=name or code, valid_from=BEGIN, boundary=geometry, overview=geometry
        )
    )
    session.flush()


def add_person(session: Session, code: str, *, name: str | None = None, is_active: bool = True) -> PersonRow:
    """Somebody invented."""
    person = PersonRow(
        code=code,
        name=name or f"示意{code}",
        mobile_phone=f"100{abs(hash(code)) % 10**8:08d}",
        is_active=is_active,
    )
    session.add(person)
    session.flush()
    return person


def assign(
    session: Session,
    person: PersonRow,
    role: str,
    *,
    area_code: str | None = None,
    zone_code: str | None = None,
    valid_from: date = BEGIN,
    valid_to: date | None = None,
) -> AssignmentRow:
    """Give somebody a post."""
    assignment = AssignmentRow(
        person_id=person.id,
        role=role,
        area_code=area_code,
        zone_code=zone_code,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    session.add(assignment)
    session.flush()
    return assignment


def stand_in_for(
    session: Session,
    assignment: AssignmentRow,
    person: PersonRow,
    first_day: date,
    last_day: date | None = None,
) -> StandInRow:
    """Somebody does the work of a post for a while."""
    row = StandInRow(assignment_id=assignment.id, person_id=person.id, first_day=first_day, last_day=last_day)
    session.add(row)
    session.flush()
    return row


def add_account(
    session: Session,
    username: str,
    *,
    role: str = "grid_worker",
    area_codes: tuple[str, ...] = (),
    person: PersonRow | None = None,
    password_hash: str = "!",
) -> AccountRow:
    """An account; nobody can sign in to it unless a real password hash is given."""
    account = AccountRow(
        username=username,
        display_name=f"示意 {username}",
        password_hash=password_hash,
        role=role,
        area_codes=list(area_codes),
        person_id=person.id if person else None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    session.add(account)
    session.flush()
    return account


def add_category(
    session: Session, code: str = "06036", *, is_public: bool = True, is_private_home: bool = False
) -> IssueCategoryRow:
    """One entry of the issue dictionary."""
    category = IssueCategoryRow(
        code=code,
        kind="matter",
        major_code="06",
        major_name="市容环境",
        major_name_en="City appearance",
        name="乱堆杂物",
        name_en="Piled-up clutter",
        icon="trash",
        standard_ref="GB/T 47678.5-2026",
        is_public=is_public,
        is_private_home=is_private_home,
        duplicate_radius_m=50,
        sort_order=1,
    )
    session.add(category)
    session.flush()
    return category


@dataclass(frozen=True, slots=True)
class World:
    """Two communities side by side, each two by two grids of one micro-grid cell; a zone over each community.

    ``people`` are by post and area code, as ``people["zone_responsible", "Z1"]``.
    """

    scheme: GridSchemeRow
    subdistrict: AreaRow
    communities: tuple[AreaRow, ...]
    micro_grids: tuple[AreaRow, ...]
    people: dict[tuple[str, str], PersonRow] = field(default_factory=dict)


def add_world(session: Session) -> World:
    """The small district that most tests need: 4 × 2 cells in two communities of 2 × 2."""
    scheme = GridSchemeRow(code="test_grid", name="测试网格", purpose="tests", valid_from=BEGIN)
    session.add(scheme)
    session.flush()
    subdistrict = add_area(
        session, scheme, level="subdistrict", code=SUBDISTRICT, boundary=cell(0, 0, columns=4, rows=2)
    )
    communities: list[AreaRow] = []
    micro_grids: list[AreaRow] = []
    people: dict[tuple[str, str], PersonRow] = {}
    officer = add_person(session, "officer")
    people["subdistrict_officer", SUBDISTRICT] = officer
    assign(session, officer, "subdistrict_officer", area_code=SUBDISTRICT)
    for index in range(2):
        code = f"{SUBDISTRICT}00{index + 1}"
        block = cell(2 * index, 0, columns=2, rows=2)
        community = add_area(
            session, scheme, level="community", code=code, boundary=block, parent=subdistrict
        )
        communities.append(community)
        secretary = add_person(session, f"secretary{index + 1}")
        people["community_secretary", code] = secretary
        assign(session, secretary, "community_secretary", area_code=code)
        zone = f"Z{index + 1}"
        add_zone(session, code=zone, boundary=block)
        responsible = add_person(session, f"zone{index + 1}")
        people["zone_responsible", zone] = responsible
        assign(session, responsible, "zone_responsible", zone_code=zone)
        for number in range(4):
            square = cell(2 * index + number % 2, number // 2)
            grid_code = f"{code}0{number + 1}0"
            grid = add_area(session, scheme, level="grid", code=grid_code, boundary=square, parent=community)
            worker = add_person(session, f"worker{index + 1}{number + 1}")
            people["grid_worker", grid_code] = worker
            assign(session, worker, "grid_worker", area_code=grid_code)
            micro_grids.append(
                add_area(
                    session,
                    scheme,
                    level="micro_grid",
                    code=f"{code}0{number + 1}1",
                    boundary=square,
                    parent=grid,
                )
            )
    add_category(session)
    return World(scheme, subdistrict, tuple(communities), tuple(micro_grids), people)
