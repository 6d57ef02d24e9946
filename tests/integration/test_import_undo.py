"""Imports taken back: the same rows as before, byte for byte, and nothing overwritten that moved on since."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import NotAllowed, NotSignedIn
from gridmap.domain.imports import ChangeKind, ImportCancelled
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.importing.columns import Layer
from gridmap.storage.tables import METADATA
from gridmap.use_cases.import_undo import (
    AlreadyUndone,
    BatchAbsent,
    NothingKept,
    UndoTooLate,
    undo_import,
)
from gridmap.use_cases.imports import ImportReport, ImportRequest, import_layer
from tests.factories import SUBDISTRICT, add_account, cell, middle_of

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=5)
# What records imports and versions is meant to change; everything else has to come back.
RECORDS = {"import_batch", "import_change", "layer_version"}

Features = list[tuple[object, dict[str, object]]]


def _write(folder: Path, features: Features, name: str = "file.geojson") -> Path:
    listed = [
        {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)}
        for geometry, properties in features
    ]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": listed}), encoding="utf-8")
    return path


def _import(
    session: Session, path: Path, layer: Layer, *, now: datetime = NOW, actor: Actor | None = None, **options
) -> ImportReport:
    preview = options.pop("preview", False)
    progress = options.pop("progress", lambda *_: None)
    request = ImportRequest(path=path, layer=layer, source_name="test", **options)
    return import_layer(
        session, actor or Actor.system(), request, now=now, preview=preview, progress=progress
    )


def _undo(session: Session, report: ImportReport, *, now: datetime = LATER, actor: Actor | None = None):
    assert report.batch_id is not None
    return undo_import(session, actor or Actor.system(), batch_id=report.batch_id, now=now)


def _dump(session: Session) -> dict[str, list[str]]:
    """Every row of every table as PostgreSQL writes it, geometries to the last bit.

    A version that a trigger counts goes on counting: it tells an editor that the row was touched meanwhile.
    """
    session.flush()
    rows = {}
    for table in METADATA.sorted_tables:
        if table.name in RECORDS:
            continue
        counted = "version" in table.columns and table.name != "issue"
        names = [column.name for column in table.columns]
        columns = ", ".join(name for name in names if not (counted and name == "version"))
        query = text(f"SELECT ROW({columns})::text FROM {table.name} ORDER BY 1")
        rows[table.name] = list(session.scalars(query))
    return rows


def _communities(**changed: object) -> Features:
    names = {"甲社区": (0, 0), "乙社区": (2, 0), "丙社区": (0, 2), "丁社区": (2, 2)}
    return [
        (changed.get(name, cell(*at, columns=2, rows=2)), {"名称": name, "户数": 100})
        for name, at in names.items()
    ]


@pytest.fixture
def mapped(session: Session, tmp_path: Path) -> Session:
    """A subdistrict of 4 × 4 cells with four communities, dictionaries and an administrator."""
    whole = _write(tmp_path, [(cell(0, 0, columns=4, rows=4), {"编码": SUBDISTRICT, "名称": "某街道"})])
    options = {"new_scheme_name": "社区网格", "now": NOW - timedelta(days=100)}
    _import(session, whole, Layer.AREAS, level=AreaLevel.SUBDISTRICT, **options)
    _import(session, _write(tmp_path, _communities()), Layer.AREAS, level=AreaLevel.COMMUNITY, **options)
    grids = [(cell(column, 0, columns=1, rows=2), {"名称": f"网格{column}"}) for column in (0, 1)]
    _import(session, _write(tmp_path, grids), Layer.AREAS, level=AreaLevel.GRID, **options)
    session.execute(
        text(
            "INSERT INTO service_point_category VALUES"
            " ('SP99', '其他', 'Other', 'dots', 'convenience', false, 99)"
        )
    )
    session.execute(
        text(
            "INSERT INTO issue_category (code, kind, major_code, major_name, major_name_en, name, name_en,"
            " icon, standard_ref, is_public, is_private_home, duplicate_radius_m, sort_order)"
            " VALUES ('06010', 'matter', '06', '市容', 'Looks', '暴露垃圾', 'Rubbish', 'trash', 'x', true,"
            " false, 30, 1)"
        )
    )
    session.execute(
        text(
            "INSERT INTO organisation (code, level, name, org_type) VALUES ('ORG1', 4, '第一支部', 'branch')"
        )
    )
    add_account(session, "admin", role="admin", area_codes=("",))
    return session


def _compounds(name: str = "甲小区") -> Features:
    return [
        (cell(0, 0), {"小区编码": "X1", "小区名称": name, "小区类型": "老旧小区", "建成年份": 1986}),
        (cell(3, 3), {"小区编码": "X2", "小区名称": "乙小区", "物业": "有"}),
    ]


def _buildings(households: int = 24, count: int = 3) -> Features:
    return [
        (
            cell(place, 0).buffer(-0.0003),
            {
                "楼栋编码": f"L{place}",
                "楼栋地址": f"某路{place}号",
                "户数": households + place,
                "层数": 6,
                "电动车": 9,
            },
        )
        for place in range(count)
    ]


def _points(status: str = "已建成") -> Features:
    return [
        (
            cell(place, 0).centroid,
            {"编号": f"F{place}", "名称": f"驿站{place}", "状态": status, "别名": "甲、乙"},
        )
        for place in range(3)
    ]


def _streets(name: str = "首义路") -> Features:
    line = shapely.LineString([(114.3, 30.55), (114.3017, 30.5511)])
    return [(line, {"道路编码": "R1", "路名": name, "宽度": 7.3})]


def _zones(east: int = 1) -> Features:
    return [
        (cell(0, 0, columns=east, rows=2), {"责任区编码": "Z1", "责任区名称": "一区", "党组织编码": "ORG1"}),
        (cell(2, 0, columns=2, rows=2), {"责任区编码": "Z2", "责任区名称": "二区", "党组织编码": "没有"}),
    ]


def _gates(name: str = "东门") -> Features:
    return [(shapely.Point(cell(0, 0).bounds[2], middle_of(0, 0)[1]), {"出入口名称": name})]


def _issues() -> Features:
    return [
        (
            cell(place, 0).centroid,
            {"编号": f"{place}", "类别": "06010", "上报时间": "2026-05-03 08:30", "状态": state},
        )
        for place, state in enumerate(("待派单", "已办结"))
    ]


# layer, the first file, the file that changes and adds, options
LAYERS: dict[str, tuple[Layer, Callable[[], Features], Callable[[], Features], dict[str, object]]] = {
    "areas": (
        Layer.AREAS,
        _communities,
        lambda: [*_communities(甲社区=cell(0, 0, columns=1, rows=2)), (cell(6, 6), {"名称": "新社区"})],
        {"level": AreaLevel.COMMUNITY, "code_prefix": SUBDISTRICT},
    ),
    "areas in a new scheme": (
        Layer.AREAS,
        lambda: [(cell(0, 0), {"名称": "甲"})],
        lambda: [(cell(0, 1), {"名称": "甲"}), (cell(0, 2), {"名称": "乙"})],
        {
            "level": AreaLevel.COMMUNITY,
            "code_prefix": SUBDISTRICT,
            "scheme_code": "another",
            "new_scheme_name": "另一套",
        },
    ),
    "service points": (Layer.SERVICE_POINTS, _points, lambda: [*_points("在建")[1:], *_points()[:1]], {}),
    "streets": (Layer.STREETS, _streets, lambda: _streets("首义新路"), {}),
    "compounds": (Layer.COMPOUNDS, _compounds, lambda: _compounds("甲苑"), {}),
    "buildings": (Layer.BUILDINGS, _buildings, lambda: _buildings(25, 4), {}),
    "zones": (Layer.ZONES, _zones, lambda: _zones(2), {}),
    "issues": (Layer.ISSUES, _issues, _issues, {}),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_an_import_that_is_taken_back_leaves_every_row_as_it_was(mapped, tmp_path, layer):
    kind, first, second, options = LAYERS[layer]
    empty = _dump(mapped)
    added = _import(mapped, _write(tmp_path, first()), kind, **options)
    before = _dump(mapped)
    changed = _import(mapped, _write(tmp_path, second()), kind, now=NOW + timedelta(days=1), **options)
    if layer != "issues":
        assert changed.outcome.updated
        assert _dump(mapped) != before
        undone = _undo(mapped, changed)
        assert (undone.restored_count, undone.removed_count, undone.kept_count) == (
            (changed.outcome.updated, changed.outcome.updated + changed.outcome.added, 0)
            if kind in (Layer.AREAS, Layer.ZONES)
            else (changed.outcome.updated, changed.outcome.added, 0)
        )
        assert _dump(mapped) == before
    _undo(mapped, added)
    assert _dump(mapped) == empty


def test_gates_come_and_go_with_their_compound(mapped, tmp_path):
    _import(mapped, _write(tmp_path, _compounds()), Layer.COMPOUNDS)
    before = _dump(mapped)
    added = _import(mapped, _write(tmp_path, _gates()), Layer.GATES)
    assert mapped.scalar(text("SELECT compound_code FROM compound_gate")) == "X1"
    first = _dump(mapped)
    renamed = _import(mapped, _write(tmp_path, _gates("大门")), Layer.GATES)
    assert (renamed.outcome.added, renamed.outcome.updated) == (0, 1)
    _undo(mapped, renamed)
    assert _dump(mapped) == first
    _undo(mapped, added)
    assert _dump(mapped) == before


def test_a_row_that_somebody_changed_since_is_kept_and_named(mapped, tmp_path):
    added = _import(mapped, _write(tmp_path, _buildings()), Layer.BUILDINGS)
    mapped.execute(text("UPDATE building SET elderly_count = 7 WHERE code = 'L1'"))
    undone = _undo(mapped, added)
    assert (undone.removed_count, undone.kept_count) == (2, 1)
    assert [(row.table, row.label, row.reason) for row in undone.kept_rows] == [
        ("building", "L1", "changed_since")
    ]
    assert mapped.scalars(text("SELECT code FROM building")).all() == ["L1"]


def test_a_later_import_is_not_overwritten_by_undoing_an_earlier_one(mapped, tmp_path):
    _import(mapped, _write(tmp_path, _buildings(10)), Layer.BUILDINGS)
    second = _import(mapped, _write(tmp_path, _buildings(20)), Layer.BUILDINGS)
    third = _import(mapped, _write(tmp_path, _buildings(30)[:1]), Layer.BUILDINGS)
    undone = _undo(mapped, second)
    assert (undone.restored_count, undone.kept_count) == (2, 1)
    counts = text("SELECT household_count FROM building ORDER BY code")
    assert mapped.scalars(counts).all() == [30, 11, 12]
    _undo(mapped, third)
    assert mapped.scalars(counts).all() == [20, 11, 12]


def test_a_row_that_something_refers_to_is_kept_and_named(mapped, tmp_path):
    compounds = _import(mapped, _write(tmp_path, _compounds()), Layer.COMPOUNDS)
    _import(mapped, _write(tmp_path, _buildings()), Layer.BUILDINGS)
    undone = _undo(mapped, compounds)
    assert (undone.removed_count, undone.kept_count) == (1, 1)
    assert [(row.label, row.reason) for row in undone.kept_rows] == [("X1", "in_use")]


def test_a_new_area_in_which_an_issue_lies_is_kept(mapped, tmp_path):
    before = _dump(mapped)
    cells = [(cell(0, 0), {"名称": "微一"}), (cell(0, 1), {"名称": "微二"})]
    added = _import(mapped, _write(tmp_path, cells), Layer.AREAS, level=AreaLevel.MICRO_GRID)
    issues = _import(mapped, _write(tmp_path, _issues()[:1]), Layer.ISSUES)
    undone = _undo(mapped, added)
    assert (undone.removed_count, undone.reroute_advised) == (1, True)
    assert [(row.label, row.reason) for row in undone.kept_rows] == [(f"{SUBDISTRICT}001011", "in_use")]
    _undo(mapped, issues)
    assert _dump(mapped)["issue"] == before["issue"]


def test_an_issue_that_was_worked_on_since_is_kept_with_its_history(mapped, tmp_path):
    added = _import(mapped, _write(tmp_path, _issues()), Layer.ISSUES)
    mapped.execute(
        text(
            "INSERT INTO issue_event (issue_id, seq, kind, at, payload)"
            " SELECT id, 9, 'noted', now(), '{}' FROM issue WHERE external_id = 'test:0'"
        )
    )
    undone = _undo(mapped, added)
    assert (undone.removed_count, undone.kept_count) == (1, 1)
    assert mapped.scalar(text("SELECT count(*) FROM issue_event")) == 3
    with pytest.raises(Exception, match="append-only"), mapped.begin_nested():
        mapped.execute(text("DELETE FROM issue_event"))


def test_a_version_is_not_reopened_while_its_successor_stays(mapped, tmp_path):
    options = {"level": AreaLevel.COMMUNITY, "code_prefix": SUBDISTRICT}
    smaller = _communities(甲社区=cell(0, 0, columns=1, rows=2))
    second = _import(mapped, _write(tmp_path, smaller), Layer.AREAS, **options)
    smallest = _communities(甲社区=cell(0, 0))
    _import(mapped, _write(tmp_path, smallest), Layer.AREAS, now=NOW + timedelta(days=2), **options)
    before = _dump(mapped)["area"]
    undone = _undo(mapped, second)
    assert (undone.restored_count, undone.removed_count, undone.kept_count) == (0, 0, 2)
    assert {row.reason for row in undone.kept_rows} == {"changed_since"}
    assert _dump(mapped)["area"] == before


def test_children_go_back_to_the_version_before(mapped, tmp_path):
    options = {"level": AreaLevel.COMMUNITY, "code_prefix": SUBDISTRICT}
    parents = text(
        "SELECT parent.valid_to FROM area JOIN area AS parent ON parent.id = area.parent_id"
        " WHERE area.level = 'grid'"
    )
    smaller = _communities(甲社区=cell(0, 0, columns=2, rows=1))
    changed = _import(mapped, _write(tmp_path, smaller), Layer.AREAS, **options)
    late = [(cell(0, 0, columns=1, rows=1), {"编码": f"{SUBDISTRICT}001050", "名称": "后来的网格"})]
    _import(mapped, _write(tmp_path, late), Layer.AREAS, level=AreaLevel.GRID)
    undone = _undo(mapped, changed)
    assert undone.kept_count == 0
    assert mapped.scalars(parents).all() == [None, None, None]


def test_only_who_works_in_all_the_areas_of_an_import_takes_it_back(mapped, tmp_path):
    account = add_account(mapped, "planner", role="planner", area_codes=(f"{SUBDISTRICT}001",))
    planner = Actor(account.id, Role.PLANNER, AreaScope((f"{SUBDISTRICT}001",)), "p")
    of_all = _import(mapped, _write(tmp_path, _buildings()), Layer.BUILDINGS)
    own = _import(mapped, _write(tmp_path, _buildings(30)), Layer.BUILDINGS, actor=planner)
    assert (own.outcome.updated, own.reason_counts()) == (2, {"outside_your_areas": 1})
    before = _dump(mapped)
    other = Actor(account.id, Role.PLANNER, AreaScope((f"{SUBDISTRICT}002",)), "o")
    worker = Actor(account.id, Role.GRID_WORKER, AreaScope((f"{SUBDISTRICT}001",)), "w")
    with pytest.raises(NotSignedIn):
        _undo(mapped, own, actor=Actor.visitor())
    for actor, report in ((planner, of_all), (other, own), (worker, own)):
        with pytest.raises(NotAllowed):
            _undo(mapped, report, actor=actor)
    assert _dump(mapped) == before
    assert _undo(mapped, own, actor=planner).restored_count == 2


def test_an_import_is_taken_back_once_and_within_thirty_days(mapped, tmp_path):
    report = _import(mapped, _write(tmp_path, _streets()), Layer.STREETS)
    with pytest.raises(BatchAbsent):
        undo_import(mapped, Actor.system(), batch_id=10**9, now=NOW)
    with pytest.raises(UndoTooLate):
        _undo(mapped, report, now=NOW + timedelta(days=31))
    _undo(mapped, report, now=NOW + timedelta(days=30))
    with pytest.raises(AlreadyUndone):
        _undo(mapped, report)
    again = _import(mapped, _write(tmp_path, _streets()), Layer.STREETS, now=LATER)
    assert again.outcome.added == 1
    _import(mapped, _write(tmp_path, _streets("新名")), Layer.STREETS, now=NOW + timedelta(days=60))
    assert (
        mapped.scalar(text("SELECT count(*) FROM import_change WHERE batch_id = :id"), {"id": again.batch_id})
        == 0
    )


def test_an_import_of_a_time_before_undo_is_refused_in_plain_words(mapped, tmp_path):
    report = _import(mapped, _write(tmp_path, _streets()), Layer.STREETS)
    mapped.execute(text("DELETE FROM import_change WHERE batch_id = :id"), {"id": report.batch_id})
    with pytest.raises(NothingKept):
        _undo(mapped, report)


def test_undoing_a_zone_beside_one_that_moved_on_draws_them_anew(mapped, tmp_path):
    _import(mapped, _write(tmp_path, _zones()), Layer.ZONES)
    changed = _import(mapped, _write(tmp_path, _zones(2)), Layer.ZONES, now=NOW + timedelta(days=1))
    mapped.execute(text("UPDATE responsibility_zone SET name = '改过' WHERE code = 'Z1'"))
    undone = _undo(mapped, changed)
    assert (undone.restored_count, undone.removed_count, undone.kept_count) == (0, 0, 2)
    assert mapped.scalars(
        text("SELECT ST_Equals(boundary, overview) FROM responsibility_zone WHERE valid_to IS NULL")
    ).all() == [True, True]


def test_undoing_makes_cached_copies_stale(mapped, tmp_path):
    report = _import(mapped, _write(tmp_path, _streets()), Layer.STREETS)
    version = text("SELECT version FROM layer_version WHERE layer = 'streets'")
    before = mapped.scalar(version)
    _undo(mapped, report)
    assert mapped.scalar(version) > before


def test_a_preview_lists_what_would_change_and_stores_nothing(mapped, tmp_path):
    _import(mapped, _write(tmp_path, _buildings()), Layer.BUILDINGS)
    before = _dump(mapped), mapped.scalar(text("SELECT count(*) FROM import_batch"))
    changed = _buildings(24, 4)
    changed[0][1]["户数"] = 25
    changed[1] = (cell(1, 0).buffer(-0.0002), changed[1][1])
    report = _import(mapped, _write(tmp_path, changed), Layer.BUILDINGS, preview=True)
    assert report.batch_id is None
    assert (report.outcome.added, report.outcome.updated, report.outcome.unchanged) == (1, 2, 1)
    assert [(change.row_number, change.code, change.kind) for change in report.changes] == [
        (1, "L0", ChangeKind.UPDATED),
        (2, "L1", ChangeKind.UPDATED),
        (4, "L3", ChangeKind.ADDED),
        (3, "L2", ChangeKind.UNCHANGED),
    ]
    assert report.changes[0].fields == {"household_count": ("24", "25")}
    ((name, (old, new)),) = report.changes[1].fields.items()
    assert name == "geometry"
    assert (old.endswith("m²"), new.endswith("m²"), old != new) == (True, True, True)
    assert (_dump(mapped), mapped.scalar(text("SELECT count(*) FROM import_batch"))) == before


def test_a_preview_of_areas_and_zones_says_field_by_field_what_differs(mapped, tmp_path):
    changed = [(cell(0, 0, columns=1, rows=2), {"名称": "甲社区", "户数": 120})]
    report = _import(
        mapped,
        _write(tmp_path, changed),
        Layer.AREAS,
        level=AreaLevel.COMMUNITY,
        code_prefix=SUBDISTRICT,
        preview=True,
    )
    (change,) = report.changes
    assert change.fields["household_count"] == ("100", "120")
    assert change.fields["geometry"][0] != change.fields["geometry"][1]
    zones = _import(mapped, _write(tmp_path, _zones()), Layer.ZONES, preview=True)
    assert [change.kind for change in zones.changes] == [ChangeKind.ADDED] * 2
    assert mapped.scalar(text("SELECT count(*) FROM responsibility_zone")) == 0


def test_a_preview_of_issues_takes_no_numbers(mapped, tmp_path):
    number = text("SELECT last_value FROM issue_number")
    before = mapped.scalar(number)
    report = _import(mapped, _write(tmp_path, _issues()), Layer.ISSUES, preview=True)
    assert report.outcome.added == 2
    assert mapped.scalar(number) == before


@pytest.mark.parametrize("stage", ["read", "check", "write"])
@pytest.mark.parametrize("layer", ["buildings", "streets", "areas", "issues"])
def test_an_import_that_is_stopped_leaves_nothing(mapped, tmp_path, layer, stage):
    kind, first, _, options = LAYERS[layer]
    before = _dump(mapped), mapped.scalar(text("SELECT count(*) FROM import_batch"))

    def stop(at: str, _done: int, _total: int) -> None:
        if at == stage:
            raise ImportCancelled

    with pytest.raises(ImportCancelled):
        _import(mapped, _write(tmp_path, first()), kind, progress=stop, **options)
    assert (_dump(mapped), mapped.scalar(text("SELECT count(*) FROM import_batch"))) == before


def _imports_at_random(
    session: Session, folder: Path, chance: random.Random
) -> list[tuple[ImportReport, dict[str, list[str]]]]:
    """Areas, zones and buildings that come, move and change; each with the rows before it."""
    now = NOW
    done: list[tuple[ImportReport, dict[str, list[str]]]] = []
    for _ in range(6):
        now += timedelta(days=chance.choice((0, 0, 1, 4)))
        places = chance.sample([(column, row) for column in range(4) for row in range(4)], 4)
        shapes = [cell(*place, columns=chance.randint(1, 2), rows=chance.randint(1, 2)) for place in places]
        kind = chance.choice((Layer.AREAS, Layer.ZONES, Layer.BUILDINGS))
        codes = chance.sample(range(1, 7), 4)
        fields = {
            Layer.AREAS: lambda number: {"编码": f"{SUBDISTRICT}00{number}", "名称": f"社区{number}"},
            Layer.ZONES: lambda number: {"责任区编码": f"Q{number}", "责任区名称": f"责任区{number}"},
            Layer.BUILDINGS: lambda number: {"编号": f"B{number}", "户数": chance.randint(0, 3)},
        }[kind]
        features = [(shape, fields(number)) for shape, number in zip(shapes, codes, strict=True)]
        options = {"level": AreaLevel.COMMUNITY} if kind is Layer.AREAS else {}
        before = _dump(session)
        done.append((_import(session, _write(folder, features), kind, now=now, **options), before))
    return done


@pytest.mark.parametrize("seed", range(4))
def test_whatever_was_imported_undoing_it_backwards_goes_back_step_by_step(mapped, tmp_path, seed):
    for report, before in reversed(_imports_at_random(mapped, tmp_path, random.Random(seed))):
        undone = _undo(mapped, report, now=NOW + timedelta(days=25))
        assert undone.kept_count == 0, undone.kept_rows
        assert _dump(mapped) == before


@pytest.mark.parametrize("seed", range(6))
def test_undoing_in_any_order_breaks_nothing_and_names_what_it_keeps(mapped, tmp_path, seed):
    chance = random.Random(seed)
    done = _imports_at_random(mapped, tmp_path, chance)
    chance.shuffle(done)
    for report, _ in done:
        undone = _undo(mapped, report, now=NOW + timedelta(days=25))
        assert len(undone.kept_rows) == undone.kept_count
        written = report.outcome.added + 2 * report.outcome.updated
        assert undone.restored_count + undone.removed_count + undone.kept_count <= written
        orphans = text("SELECT count(*) FROM area WHERE level <> 'subdistrict' AND parent_id IS NULL")
        assert mapped.scalar(orphans) == 0
