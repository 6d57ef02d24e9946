"""Layers leave as files, and come back unchanged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.exports import (
    ExportFormat,
    ExportNotes,
)
from gridmap.domain.features import COLLECTIONS, FeatureTable, Shape
from gridmap.domain.permissions import Actor
from gridmap.exporting.ogr_files import SHORT_NAMES
from gridmap.exporting.target_crs import parse_target
from gridmap.exporting.writers import write_features
from gridmap.importing.columns import Layer
from gridmap.importing.readers import KNOWN_SUFFIXES
from gridmap.queries.exports import read_features
from gridmap.queries.features import FeatureFilter
from gridmap.use_cases.imports import ImportReport, ImportRequest, import_layer
from tests.reports import NOW

TODAY = date(2026, 11, 20)
NOTES = ExportNotes(
    title="示意图层", headers={}, source="示意街道", map_approval_no="", data_date="2026-11-20"
)
WGS84 = parse_target("EPSG:4326")
ROUND_TRIPS = [
    (collection, kind)
    for collection in ("staff_communities", "staff_grids", "staff_service_points", "staff_streets")
    for kind in ExportFormat
    if kind is not ExportFormat.XLSX or COLLECTIONS[collection].shape is Shape.POINT
]

Export = Callable[..., Path]


def table_of(session: Session, collection: str, **wanted: Any) -> FeatureTable:
    return read_features(
        session,
        Actor.system(),
        COLLECTIONS[collection],
        FeatureFilter(**wanted),
        today=TODAY,
        row_limit=100_000,
    )


@pytest.fixture
def export(demo_session: Session, tmp_path: Path) -> Export:
    def as_file(collection: str, kind: ExportFormat, *, crs: str = "EPSG:4326", **wanted: Any) -> Path:
        path = tmp_path / f"{collection}_{crs.replace(':', '')}.{kind.value}"
        table = table_of(demo_session, collection, **wanted)
        write_features(table, path, export_format=kind, target=parse_target(crs), notes=NOTES)
        return path

    return as_file


def import_again(session: Session, path: Path, collection: str, **more: Any) -> ImportReport:
    about = COLLECTIONS[collection]
    names = {}
    if path.suffix == ".zip":
        names = {each.name: SHORT_NAMES[each.name] for each in about.fields if each.name in SHORT_NAMES}
        names["category"] = "cat_code"
    request = ImportRequest(
        path=path,
        layer=Layer(about.layer),
        level=None if about.level is None else AreaLevel(about.level),
        columns={name: short for name, short in names.items() if name in IMPORTED[about.layer]},
        **more,
    )
    return import_layer(session, Actor.system(), request, now=NOW)


IMPORTED = {
    "areas": {"parent_code", "household_count", "resident_count", "office_phone", "office_hours"},
    "service_points": {"category", "opening_hours", "office_phone", "surveyed_on", "accuracy_class"},
    "streets": {"is_walkable"},
}


@pytest.mark.parametrize(("collection", "kind"), ROUND_TRIPS)
def test_a_layer_that_leaves_and_comes_back_changes_nothing(
    demo_session: Session, export: Export, collection: str, kind: ExportFormat
) -> None:
    path = export(collection, kind)
    if path.suffix not in KNOWN_SUFFIXES:
        pytest.skip(f"imports do not read {path.suffix}")
    report = import_again(demo_session, path, collection)
    outcome = report.outcome
    assert (outcome.added, outcome.updated, len(report.rejections)) == (0, 0, 0)
    assert outcome.unchanged == len(table_of(demo_session, collection).rows) > 10
