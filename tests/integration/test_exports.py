"""Layers leave as files, and come back unchanged."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pyproj
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import Datum, convert
from gridmap.domain.errors import InvalidInput, NotAllowed, NotSignedIn
from gridmap.domain.exports import (
    ExportFormat,
    ExportNotes,
    ExportTooLarge,
    FormatNeedsWgs84,
    FormatUnknown,
    TargetCrsUnknown,
    export_format,
)
from gridmap.domain.features import COLLECTIONS, FeatureTable, Shape
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.exporting.cells import harmless
from gridmap.exporting.ogr_files import SHORT_NAMES
from gridmap.exporting.target_crs import geometry_in, parse_target
from gridmap.exporting.writers import write_features
from gridmap.importing.columns import Layer
from gridmap.queries.exports import ExportRequest, list_exports, read_features
from gridmap.queries.features import Window
from gridmap.use_cases.exports import record_export
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


def table_of(session: Session, collection: str, actor: Actor | None = None, **wanted: Any) -> FeatureTable:
    about = COLLECTIONS[collection]
    request = ExportRequest(layer=about.layer, level=about.level, is_public=about.is_public, **wanted)
    return read_features(session, actor or Actor.system(), request, today=TODAY, row_limit=100_000)


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
    report = import_again(demo_session, path, collection)
    outcome = report.outcome
    assert (outcome.added, outcome.updated, len(report.rejections)) == (0, 0, 0)
    assert outcome.unchanged == len(table_of(demo_session, collection).rows) > 10


CRS_NAMES = ("EPSG:4326", "EPSG:4490", "EPSG:4547", "EPSG:4526", "EPSG:3857", "gcj02", "bd09")


@pytest.mark.parametrize("crs", CRS_NAMES)
def test_every_reference_system_leads_back_within_a_centimetre(demo_session: Session, crs: str) -> None:
    target = parse_target(crs)
    stored = table_of(demo_session, "staff_service_points").geometry
    before = shapely.get_coordinates(shapely.from_wkb(np.array(stored, dtype=object)))
    there = shapely.get_coordinates(geometry_in(stored, target))
    if target.srid is None:
        back = convert(there, target.datum, Datum.WGS84)
    else:
        undo = pyproj.Transformer.from_crs(f"EPSG:{target.srid}", "EPSG:4326", always_xy=True)
        back = np.column_stack(undo.transform(there[:, 0], there[:, 1]))
    _, _, distance_m = pyproj.Geod(ellps="WGS84").inv(*before.T, *back.T)
    assert len(distance_m) > 100
    assert np.max(distance_m) < 0.01
    if crs not in ("EPSG:4326", "EPSG:4490"):
        assert not np.allclose(there, before, atol=1e-4)


def test_a_layer_in_the_zone_of_the_place_comes_back_to_within_a_centimetre(
    demo_session: Session, export: Export
) -> None:
    path = export("staff_service_points", ExportFormat.CSV, crs="EPSG:4547")
    before = {row[0]: place for row, place in _places(demo_session)}
    report = import_again(demo_session, path, "staff_service_points", crs="EPSG:4547")
    assert (report.outcome.added, len(report.rejections)) == (0, 0)
    for row, (lon_deg, lat_deg) in _places(demo_session):
        assert (lon_deg, lat_deg) == (
            pytest.approx(before[row[0]][0], abs=1e-7),
            pytest.approx(before[row[0]][1], abs=1e-7),
        )


def _places(session: Session) -> list[tuple[tuple[Any, ...], tuple[float, float]]]:
    table = table_of(session, "staff_service_points")
    points = shapely.get_coordinates(shapely.from_wkb(np.array(table.geometry, dtype=object)))
    return [(row, (x, y)) for row, (x, y) in zip(table.rows, points.tolist(), strict=True)]


def test_geojson_in_another_system_says_so_in_a_member_and_wgs84_needs_none(export: Export) -> None:
    plain = json.loads(export("service_points", ExportFormat.GEOJSON).read_text(encoding="utf-8"))
    assert "crs" not in plain
    assert plain["title"] == "示意图层"
    zone = json.loads(
        export("service_points", ExportFormat.GEOJSON, crs="EPSG:4547").read_text(encoding="utf-8")
    )
    assert zone["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::4547"
    shifted = json.loads(export("service_points", ExportFormat.GEOJSON, crs="gcj02").read_text("utf-8"))
    assert shifted["crs"]["properties"]["name"] == "gcj02"
    assert parse_target("EPSG:4547").file_suffix == "_EPSG4547"
    assert WGS84.file_suffix == ""


def test_kml_is_refused_in_any_other_system(export: Export) -> None:
    with pytest.raises(FormatNeedsWgs84):
        export("service_points", ExportFormat.KML, crs="EPSG:4547")
    assert pyogrio.read_info(export("service_points", ExportFormat.KML))["features"] == 133


@pytest.mark.parametrize("crs", ["EPSG:1", "EPSG:4979", "mars2000", "", "EPSG:4326; DROP", "5773"])
def test_a_system_that_is_none_is_refused(crs: str) -> None:
    with pytest.raises(TargetCrsUnknown):
        parse_target(crs)


def test_geopackage_keeps_types_nulls_and_its_reference_system(export: Export) -> None:
    path = export("staff_issues", ExportFormat.GEOPACKAGE, crs="EPSG:4490")
    info = pyogrio.read_info(path)
    kinds = dict(zip(info["fields"], info["dtypes"], strict=True))
    assert info["crs"] == "EPSG:4490"
    assert kinds["captured_at"].startswith("datetime64")
    frame = pyogrio.read_dataframe(path)
    assert frame["rating"].isna().any()
    assert str(frame["captured_at"].dt.tz) == "UTC"
    # people are not in it
    assert not {"reporter_account_id", "responsible_person_id", "responsible_name"} & set(frame.columns)


def test_a_shapefile_is_utf8_and_brings_a_legend_of_its_short_names(
    demo_session: Session, export: Export
) -> None:
    demo_session.execute(
        text(
            "UPDATE issue SET description = repeat('路', 200) WHERE number = (SELECT min(number) FROM issue)"
        )
    )
    with zipfile.ZipFile(export("staff_issues", ExportFormat.SHAPEFILE)) as archive:
        assert archive.read("staff_issues.cpg") == b"UTF-8"
        legend = archive.read("fields.txt").decode("utf-8-sig")
    assert "descript\tdescription\t1 cut to 254 bytes" in legend
    assert "addr_text\taddress_text" in legend


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_names_of_a_shapefiles_fields_fit_and_differ(collection: str) -> None:
    names = [SHORT_NAMES.get(each.name, each.name) for each in COLLECTIONS[collection].fields]
    assert all(len(name.encode()) <= 10 for name in names)
    assert len(set(names)) == len(names)


EVIL = "=HYPERLINK(1)"


def test_no_spreadsheet_runs_what_somebody_typed(demo_session: Session, export: Export) -> None:
    demo_session.execute(
        text("UPDATE service_point SET name = :name WHERE id = (SELECT min(id) FROM service_point)"),
        {"name": EVIL},
    )
    with export("staff_service_points", ExportFormat.CSV).open(encoding="utf-8-sig", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    assert f"'{EVIL}" in names
    assert not any(name.startswith(("=", "+", "-", "@")) for name in names)
    sheet = openpyxl.load_workbook(export("staff_service_points", ExportFormat.XLSX)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == EVIL]
    assert [cell.data_type for cell in cells] == ["s"] * len(cells)
    assert cells


@pytest.mark.parametrize(
    ("typed", "kept"), [("=1", "'=1"), ("@x", "'@x"), ("\t=1", "'\t=1"), ("路", "路"), ("", "")]
)
def test_only_texts_that_begin_like_a_formula_are_changed(typed: str, kept: str) -> None:
    assert harmless(typed) == kept


def test_control_characters_do_not_break_a_workbook_or_a_kml(demo_session: Session, export: Export) -> None:
    demo_session.execute(text("UPDATE service_point SET address = E'a\\x01<&\\x1fb' WHERE code IS NOT NULL"))
    sheet = openpyxl.load_workbook(export("staff_service_points", ExportFormat.XLSX)).worksheets[0]
    assert any(cell.value == "a<&b" for row in sheet.iter_rows() for cell in row)
    assert pyogrio.read_info(export("staff_service_points", ExportFormat.KML))["features"] > 100


def test_the_public_gets_what_the_public_map_shows_and_no_more(demo_session: Session) -> None:
    public = table_of(demo_session, "service_points", Actor.visitor())
    staff = table_of(demo_session, "staff_service_points")
    assert len(public.rows) == 133 < len(staff.rows)
    categories = {row[4] for row in public.rows}
    assert "SP17" not in categories
    points = shapely.get_coordinates(shapely.from_wkb(np.array(public.geometry, dtype=object)))
    assert (points == np.round(points, 5)).all()
    with pytest.raises(NotSignedIn):
        table_of(demo_session, "staff_service_points", Actor.visitor())


def test_counts_below_five_are_not_the_publics(demo_session: Session) -> None:
    demo_session.execute(
        text("UPDATE area SET household_count = 4, resident_count = 5 WHERE level = 'community'")
    )
    rows = table_of(demo_session, "communities", Actor.visitor()).rows
    assert {(row[6], row[7]) for row in rows} == {(None, 5)}
    assert {row[6] for row in table_of(demo_session, "staff_communities").rows} == {4}


def secretary(community: str) -> Actor:
    return Actor(account_id=1, role=Role.COMMUNITY_SECRETARY, scope=AreaScope.of([community]), name="x")


@pytest.mark.parametrize(
    "collection", [each.id for each in COLLECTIONS.values() if not each.is_public and each.layer != "streets"]
)
def test_staff_take_out_only_what_lies_in_their_own_areas(demo_session: Session, collection: str) -> None:
    codes = [row[0] for row in table_of(demo_session, "staff_communities").rows]
    everything = table_of(demo_session, collection)
    own = table_of(demo_session, collection, secretary(codes[0]))
    assert len(own.rows) < len(everything.rows)
    if COLLECTIONS[collection].level != "subdistrict":
        shares = [len(table_of(demo_session, collection, secretary(code)).rows) for code in codes]
        assert len(own.rows) > 0
        assert len(everything.rows) - 30 <= sum(shares) <= len(everything.rows)


def test_filters_narrow_an_export(demo_session: Session) -> None:
    assert {row[4] for row in table_of(demo_session, "service_points", categories=("SP07",)).rows} == {"SP07"}
    closed = table_of(demo_session, "staff_issues", statuses=("closed",))
    assert {row[1] for row in closed.rows} == {"closed"}
    box = Window(west=114.29, south=30.54, east=114.30, north=30.55)
    assert 0 < len(table_of(demo_session, "streets", window=box).rows) < 1_000
    community = table_of(demo_session, "staff_communities").rows[0][0]
    in_area = table_of(demo_session, "streets", area_code=community)
    assert 0 < len(in_area.rows) < len(table_of(demo_session, "streets").rows)
    with pytest.raises(InvalidInput):
        table_of(demo_session, "streets", categories=("SP07",))


def test_areas_leave_as_they_were_on_a_day(demo_session: Session) -> None:
    now = len(table_of(demo_session, "staff_grids").rows)
    demo_session.execute(
        text(
            "UPDATE area SET valid_to = '2026-11-19' WHERE level = 'grid'"
            " AND code = (SELECT max(code) FROM area WHERE level = 'grid')"
        )
    )
    assert len(table_of(demo_session, "staff_grids").rows) == now - 1
    assert len(table_of(demo_session, "staff_grids", on=date(2026, 11, 18)).rows) == now
    assert table_of(demo_session, "staff_grids", on=date(1990, 1, 1)).rows == []


@pytest.mark.parametrize("kind", ExportFormat)
@pytest.mark.parametrize("collection", ["staff_grids", "staff_issues", "service_points"])
def test_an_export_of_nothing_is_a_file_of_nothing(
    demo_session: Session, export: Export, collection: str, kind: ExportFormat
) -> None:
    assert export(collection, kind, area_code="999999999").stat().st_size > 0


def test_too_many_rows_are_refused_with_the_limit(demo_session: Session) -> None:
    request = ExportRequest(layer="buildings", is_public=True)
    with pytest.raises(ExportTooLarge) as refused:
        read_features(demo_session, Actor.visitor(), request, today=TODAY, row_limit=10)
    assert refused.value.params == {"allowed": 10}


def test_the_log_of_exports_is_kept_for_half_a_year(session: Session) -> None:
    table = FeatureTable(collection=COLLECTIONS["staff_streets"], rows=[], geometry=[])
    record_export(
        session,
        Actor.system(),
        table,
        wanted={"area": "420106"},
        export_format=ExportFormat.CSV,
        crs="gcj02",
        now=datetime.now(UTC) - timedelta(days=179),
    )
    (line,) = list_exports(session, Actor.system())
    assert (line.collection, line.filter, line.format, line.crs) == (
        "staff_streets",
        {"area": "420106"},
        "csv",
        "gcj02",
    )
    for statement in ("DELETE FROM export_log", "UPDATE export_log SET row_count = 7"):
        with pytest.raises(DBAPIError, match="180 days"), session.begin_nested():
            session.execute(text(statement))


def test_a_line_of_the_log_may_go_after_half_a_year(session: Session) -> None:
    table = FeatureTable(collection=COLLECTIONS["staff_streets"], rows=[], geometry=[])
    record_export(
        session,
        Actor.system(),
        table,
        wanted={},
        export_format=ExportFormat.CSV,
        crs="gcj02",
        now=datetime.now(UTC) - timedelta(days=181),
    )
    session.execute(text("DELETE FROM export_log"))
    assert list_exports(session, Actor.system()) == ()


def test_only_those_who_may_export_are_logged_and_others_refused(session: Session) -> None:
    worker = Actor(account_id=1, role=Role.GRID_WORKER, scope=AreaScope(("",)), name="x")
    table = FeatureTable(collection=COLLECTIONS["staff_streets"], rows=[], geometry=[])
    with pytest.raises(NotAllowed):
        record_export(session, worker, table, wanted={}, export_format=ExportFormat.CSV, crs="gcj02", now=NOW)
    with pytest.raises(NotAllowed):
        list_exports(session, secretary("420106099001"))


@pytest.mark.parametrize("ending", ["exe", "", "shp", "GEOJSON.bak"])
def test_an_unknown_format_is_refused(ending: str) -> None:
    with pytest.raises(FormatUnknown):
        export_format(ending)
