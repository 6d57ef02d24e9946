"""What a pin costs: finding its people among few and many cells, and taking it, beside a bare insert."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Generator
from datetime import UTC, datetime
from statistics import median

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.issue_input import Report as IssueReport
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.domain.placement import OutsidePolicy
from gridmap.storage.engine import make_engine, make_sessions
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.issues import RoutingRules, create_issue, route_point
from tests import factories
from tests.bench.conftest import Report, median_s

RULES = RoutingRules(policy=OutsidePolicy.REFUSE, outside_max_m=0)
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
PIN_COUNT = 200

# A district of `side` × `side` micro-grids in one statement; every cell has a person of its own.
FILL = text(
    """
    WITH cell AS (
        SELECT c, r, ST_MakeEnvelope(114 + c * 0.001, 30 + r * 0.001, 114 + (c + 1) * 0.001,
                                     30 + (r + 1) * 0.001, 4326) AS box,
               '420106999' || lpad(((c / 30) * 40 + r / 30)::text, 3, '0')
               || upper(lpad(to_hex((c % 30) * 30 + r % 30), 3, '0')) AS code
          FROM generate_series(0, :side - 1) AS c, generate_series(0, :side - 1) AS r
    ), holder AS (
        INSERT INTO person (code, name) SELECT 'bench ' || code, '示意' FROM cell RETURNING id, code
    ), post AS (
        INSERT INTO assignment (person_id, role, area_code, valid_from)
        SELECT id, 'micro_grid_leader', substr(code, 7), DATE '2026-01-01' FROM holder
    )
    INSERT INTO area (scheme_id, level, code, name, valid_from, boundary, overview, label_point)
    SELECT :scheme, 'micro_grid', code, code, DATE '2026-01-01', ST_Multi(box), ST_Multi(box),
           ST_Centroid(box)
      FROM cell
    """
)


def fill(session: Session, side: int) -> None:
    scheme = session.execute(
        text(
            "INSERT INTO grid_scheme (code, name, purpose, valid_from)"
            " VALUES ('bench', 'bench', 'bench', '2026-01-01') RETURNING id"
        )
    ).scalar_one()
    session.execute(FILL, {"side": side, "scheme": scheme})
    session.execute(text("ANALYZE"))


@pytest.fixture
def bench_engine(committed_database: str) -> Generator[Engine]:
    engine = make_engine(committed_database, statement_timeout_ms=0)
    yield engine
    engine.dispose()


def test_finding_the_people_of_a_point_costs_the_same_among_nine_and_among_many_cells(
    report: Report, session: Session
) -> None:
    times: dict[int, float] = {}
    for side in (3, 212):
        savepoint = session.begin_nested()
        fill(session, side)
        points = itertools.cycle(
            LonLat(lon_deg=114.0005 + (i * 7 % side) * 0.001, lat_deg=30.0005 + (i * 5 % side) * 0.001)
            for i in range(200)
        )
        times[side] = median_s(
            lambda points=points: route_point(session, next(points), rules=RULES, now=NOW), rounds=200
        )
        savepoint.rollback()
    report.add(
        "Routing a point among 44,944 cells",
        ours=f"{times[212] * 1e3:.2f} ms",
        against="the same among 9 cells",
        peer=f"{times[3] * 1e3:.2f} ms",
        ratio=f"{times[3] / times[212]:.2f}",
    )


def test_taking_a_pin_beside_inserting_a_bare_row(report: Report, bench_engine: Engine) -> None:
    sessions = make_sessions(bench_engine)
    with unit_of_work(sessions) as session:
        factories.add_category(session)
        account = factories.add_account(session, "bench", area_codes=("420106999",))
        fill(session, 30)
        session.execute(
            text("CREATE TABLE bare (id uuid PRIMARY KEY, location geometry(POINT, 4326), note text)")
        )
        account_id = account.id
    actor = Actor(
        account_id=account_id,
        role=Role.GRID_WORKER,
        scope=AreaScope(("420106999",)),
        name="bench",
        person_id=None,
    )

    def take(index: int) -> None:
        pin = IssueReport(
            client_id=uuid.uuid4(),
            category_code="06036",
            location=LonLat(lon_deg=114.0005 + (index % 30) * 0.001, lat_deg=30.0005),
            description="楼道里堆着旧家具",
            captured_at=NOW,
        )
        with unit_of_work(sessions) as session:
            create_issue(session, actor, pin, rules=RULES, now=NOW)

    def insert_bare(index: int) -> None:
        with bench_engine.begin() as connection:
            connection.execute(
                text("INSERT INTO bare VALUES (:id, ST_SetSRID(ST_MakePoint(114.1, 30.1), 4326), :note)"),
                {"id": uuid.uuid4(), "note": f"row {index}"},
            )

    ours: list[float] = []
    bare: list[float] = []
    for index in range(PIN_COUNT):
        ours.append(median_s(lambda index=index: take(index), rounds=1))
        bare.append(median_s(lambda index=index: insert_bare(index), rounds=1))
    report.add(
        "A pin taken and routed, with history and job, committed",
        ours=f"{median(ours) * 1e3:.1f} ms",
        against="one bare row inserted and committed",
        peer=f"{median(bare) * 1e3:.1f} ms",
        ratio=f"{median(bare) / median(ours):.2f}",
    )
