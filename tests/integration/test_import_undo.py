"""Imports taken back: the same rows as before, byte for byte, and nothing overwritten that moved on since."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.permissions import Actor
from gridmap.importing.columns import Layer
from gridmap.storage.tables import METADATA
from gridmap.use_cases.import_undo import undo_import
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
    """Every row of every table as PostgreSQL writes it, geometries to the last bit."""
    session.flush()
    return {
        table.name: list(session.scalars(text(f"SELECT t::text FROM {table.name} AS t ORDER BY 1")))
        for table in METADATA.sorted_tables
        if table.name not in RECORDS
    }


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
