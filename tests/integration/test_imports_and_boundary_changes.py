"""Imports and changes of boundaries on the same areas: taking one back leaves the other as it stands."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.boundary_edits import EditCommand, End, Merge, Rename, SomethingNewer
from gridmap.domain.permissions import Actor
from gridmap.importing.columns import Layer
from gridmap.use_cases.boundary_saving import undo
from gridmap.use_cases.import_undo import UndoReport, undo_import
from gridmap.use_cases.imports import ImportReport, ImportRequest, import_layer
from tests.boundary_drafts import (
    FIRST,
    NORTH_EAST,
    NORTH_WEST,
    SOUTH_WEST,
    TODAY,
    begin_draft,
    draw,
    save_draft,
    split_cell,
)
from tests.factories import SUBDISTRICT, add_account, add_world
from tests.reports import NEAREST, NOW, actor_of


@pytest.fixture
def officer(session: Session) -> Actor:
    add_world(session)
    return actor_of(add_account(session, "officer", role="subdistrict_officer", area_codes=(SUBDISTRICT,)))


def _import_names(session: Session, folder: Path, names: dict[str, str]) -> ImportReport:
    """Import micro-grids as they are stored, under other names."""
    features = [
        {
            "type": "Feature",
            "properties": {"编码": row.code, "名称": names[row.code]},
            "geometry": shapely.geometry.mapping(shapely.from_wkb(bytes(row.boundary))),
        }
        for row in session.execute(
            text(
                "SELECT code, ST_AsBinary(boundary) AS boundary FROM area"
                " WHERE level = 'micro_grid' AND valid_to IS NULL AND code = ANY (:codes) ORDER BY code"
            ),
            {"codes": list(names)},
        )
    ]
    path = folder / "file.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    request = ImportRequest(
        path=path, layer=Layer.AREAS, level=AreaLevel.MICRO_GRID, scheme_code="test_grid", source_name="test"
    )
    report = import_layer(session, Actor.system(), request, now=NOW, preview=False, progress=lambda *_: None)
    assert report.outcome.updated == len(names), report.outcome
    session.flush()
    return report


def _change(session: Session, actor: Actor, *commands: EditCommand) -> int:
    change_id = begin_draft(session, actor)
    draw(session, actor, change_id, *commands)
    save_draft(session, actor, change_id, k1="vacant")
    return change_id


def _take_back(session: Session, report: ImportReport) -> UndoReport:
    assert report.batch_id is not None
    session.flush()
    session.expire_all()
    undone = undo_import(session, Actor.system(), batch_id=report.batch_id, now=NOW + timedelta(hours=1))
    session.expire_all()
    return undone


def _rows(session: Session) -> list[tuple[object, ...]]:
    session.flush()
    found = session.execute(
        text(
            "SELECT id, code, name, parent_id, valid_from, valid_to, ST_AsBinary(boundary),"
            " ST_AsBinary(overview) FROM area ORDER BY id"
        )
    )
    return [tuple(row) for row in found]


def _standing(session: Session, *, on: date = TODAY) -> dict[str, str]:
    rows = session.execute(
        text(
            "SELECT code, name FROM area WHERE level = 'micro_grid' AND valid_from <= :day"
            " AND (valid_to IS NULL OR valid_to > :day) ORDER BY code"
        ),
        {"day": on},
    )
    return {row.code: row.name for row in rows}


def _is_a_tiling(session: Session) -> bool:
    """No two micro-grids of the day share ground, and together they are the subdistrict."""
    overlap, union, whole = session.execute(
        text(
            "WITH held AS (SELECT id, level, boundary FROM area"
            "               WHERE valid_from <= :day AND (valid_to IS NULL OR valid_to > :day))"
            " SELECT (SELECT coalesce(sum(ST_Area(ST_Intersection(a.boundary, b.boundary))), 0)"
            "           FROM held AS a JOIN held AS b ON a.id < b.id AND a.level = b.level"
            "                                        AND ST_Intersects(a.boundary, b.boundary)),"
            "        (SELECT ST_Area(ST_Union(boundary)) FROM held WHERE level = 'micro_grid'),"
            "        (SELECT ST_Area(boundary) FROM held WHERE level = 'subdistrict')"
        ),
        {"day": TODAY},
    ).one()
    return bool(overlap < 1e-12 and union == pytest.approx(whole, rel=1e-6))


def test_an_import_taken_back_leaves_and_names_the_areas_that_were_drawn_anew_since(
    session: Session, officer: Actor, tmp_path: Path
) -> None:
    report = _import_names(session, tmp_path, {NORTH_WEST: "导入西北", SOUTH_WEST: "导入西南"})
    _change(session, officer, split_cell())
    undone = _take_back(session, report)
    assert {(row.label, row.reason) for row in undone.kept_rows} == {(NORTH_WEST, "changed_since")}
    standing = _standing(session)
    assert standing[NORTH_WEST] == "导入西北"
    assert standing[f"{FIRST}012"] == "导入西北·2"
    assert standing[SOUTH_WEST] == SOUTH_WEST
    assert _is_a_tiling(session)


@pytest.mark.parametrize(
    "commands",
    [
        (Rename(key=NORTH_WEST, name="新码", name_en=None, code=f"{FIRST}015"),),
        (Merge(keys=(f"{FIRST}020", f"{FIRST}010")), Merge(keys=(NORTH_EAST, NORTH_WEST))),
    ],
    ids=["re-coded", "merged"],
)
def test_an_area_that_got_another_code_or_was_merged_since_does_not_come_back_over_its_successor(
    session: Session, officer: Actor, tmp_path: Path, commands: tuple[EditCommand, ...]
) -> None:
    report = _import_names(session, tmp_path, {NORTH_WEST: "导入西北", SOUTH_WEST: "导入西南"})
    _change(session, officer, *commands)
    before = _standing(session)
    undone = _take_back(session, report)
    assert (NORTH_WEST, "changed_since") in {(row.label, row.reason) for row in undone.kept_rows}
    assert _standing(session) == before | {SOUTH_WEST: SOUTH_WEST}
    assert _is_a_tiling(session)
    # What held until yesterday is on record as it was.
    assert _standing(session, on=TODAY - timedelta(days=1))[NORTH_WEST] == NORTH_WEST


def test_an_area_that_was_ended_since_stays_ended(session: Session, officer: Actor, tmp_path: Path) -> None:
    report = _import_names(session, tmp_path, {NORTH_WEST: "导入西北"})
    _change(session, officer, End(key=NORTH_WEST))
    undone = _take_back(session, report)
    assert undone.restored_count == undone.removed_count == 0
    assert NORTH_WEST not in _standing(session)


def test_a_change_of_boundaries_is_not_taken_back_under_an_import_but_after_it_was_taken_back(
    session: Session, officer: Actor, tmp_path: Path
) -> None:
    before = _rows(session)
    change_id = _change(session, officer, split_cell())
    between = _rows(session)
    report = _import_names(session, tmp_path, {f"{FIRST}012": "导入的名字", SOUTH_WEST: "导入西南"})
    with pytest.raises(SomethingNewer) as refused, session.begin_nested():
        undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert refused.value.params["area"] == f"{FIRST}012"
    undone = _take_back(session, report)
    assert undone.kept_count == 0
    assert _rows(session) == between
    undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert _rows(session) == before


def test_an_import_of_the_neighbours_does_not_stand_in_the_way_of_taking_a_change_back(
    session: Session, officer: Actor, tmp_path: Path
) -> None:
    change_id = _change(session, officer, split_cell())
    report = _import_names(session, tmp_path, {SOUTH_WEST: "导入西南"})
    undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert _standing(session)[SOUTH_WEST] == "导入西南"
    assert f"{FIRST}012" not in _standing(session)
    assert _is_a_tiling(session)
    assert _take_back(session, report).kept_count == 0
    assert _standing(session)[SOUTH_WEST] == SOUTH_WEST


def test_a_change_taken_back_puts_back_what_an_earlier_import_had_written(
    session: Session, officer: Actor, tmp_path: Path
) -> None:
    before = _rows(session)
    report = _import_names(session, tmp_path, {NORTH_WEST: "导入西北"})
    imported = _rows(session)
    change_id = _change(session, officer, split_cell())
    undo(session, officer, change_id, rules=NEAREST, now=NOW)
    assert _rows(session) == imported
    assert _take_back(session, report).kept_count == 0
    assert _rows(session) == before
