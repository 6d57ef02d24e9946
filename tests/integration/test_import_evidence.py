"""The coordinate system of a file is found by weighing it against the areas that are stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.bd09 import bd09_to_bd09mc
from gridmap.domain.coordinates import distance_m, wgs84_to_bd09, wgs84_to_gcj02
from gridmap.domain.errors import NotAllowed
from gridmap.domain.gauss_kruger import gauss_kruger
from gridmap.domain.permissions import Actor, AreaScope, Role
from gridmap.importing.columns import Layer
from gridmap.importing.datum_evidence import SAMPLE_LENGTH, DatumReason
from gridmap.importing.errors import ColumnAbsent, DatumContradicted, ImportRefused
from gridmap.use_cases.import_evidence import CoordinatesRequest, WeighedCoordinates, weigh_coordinates
from gridmap.use_cases.imports import AS_STATED, ImportReport, ImportRequest, import_layer

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)

_PREFIX = text("SELECT code FROM area WHERE level = 'subdistrict'")

Seeding = Callable[[np.ndarray], np.ndarray]


def _in_strip(epsg_code: int) -> Seeding:
    strip = gauss_kruger(epsg_code)
    assert strip is not None
    return strip.project


def _weigh(session: Session, path: Path, **options) -> WeighedCoordinates:
    return weigh_coordinates(session, Actor.system(), CoordinatesRequest(path=path, **options), now=NOW)


def _areas(session: Session, level: str) -> tuple[list[str], np.ndarray]:
    rows = session.execute(
        text("SELECT name, ST_AsBinary(boundary) AS boundary FROM area WHERE level = :level ORDER BY code"),
        {"level": level},
    ).all()
    return [row.name for row in rows], shapely.from_wkb([bytes(row.boundary) for row in rows])


def _table(folder: Path, names: list[str], geometry: np.ndarray) -> Path:
    """A text table with WKT: a file that states nothing."""
    path = folder / "seeded.csv"
    lines = [f'{name},"{shapely.to_wkt(shape)}"' for name, shape in zip(names, geometry, strict=True)]
    path.write_text("\n".join(["名称,WKT", *lines]), encoding="utf-8")
    return path


SYSTEMS: list[tuple[str, bool, Seeding]] = [
    ("EPSG:4326", False, lambda points: points),
    ("gcj02", False, wgs84_to_gcj02),
    ("bd09", False, wgs84_to_bd09),
    ("bd09mc", False, lambda points: bd09_to_bd09mc(wgs84_to_bd09(points))),
    ("EPSG:4547", False, _in_strip(4547)),
    ("EPSG:4526", False, _in_strip(4526)),
    ("EPSG:4326", True, lambda points: points[:, ::-1]),
    ("gcj02", True, lambda points: wgs84_to_gcj02(points)[:, ::-1]),
    ("EPSG:4547", True, lambda points: _in_strip(4547)(points)[:, ::-1]),
]


@pytest.mark.parametrize(("crs", "swap_axes", "seeding"), SYSTEMS)
@pytest.mark.parametrize("level", ["community", "micro_grid"])
def test_areas_in_any_system_are_recognised(demo_session, tmp_path, crs, swap_axes, seeding, level):
    names, areas = _areas(demo_session, level)
    path = _table(tmp_path, names, shapely.transform(areas, seeding))
    weighed = _weigh(demo_session, path)
    found = weighed.evidence.preselected
    assert found is not None
    assert (found.crs, found.swap_axes, weighed.evidence.is_strong) == (crs, swap_axes, True)
    assert (found.shift_m or 0) < 5
    drawn = weighed.previews[0]
    assert drawn.system is found
    corner = shapely.get_coordinates(shapely.from_wkb(drawn.shapes[0]))[0]
    assert distance_m([corner], [shapely.get_coordinates(areas[0])[0]])[0] < 20


@pytest.mark.parametrize(("crs", "swap_axes", "seeding"), SYSTEMS)
def test_points_all_over_our_areas_are_recognised_in_any_system(
    demo_session, tmp_path, crs, swap_axes, seeding
):
    _, areas = _areas(demo_session, "micro_grid")
    points = shapely.point_on_surface(areas)
    path = _table(tmp_path, ["点"] * len(points), shapely.transform(points, seeding))
    found = _weigh(demo_session, path).evidence.preselected
    assert found is not None
    assert (found.crs, found.swap_axes) == (crs, swap_axes)


def test_what_a_page_draws_is_small_and_on_the_globe(demo_session, tmp_path):
    names, areas = _areas(demo_session, "micro_grid")
    path = _table(tmp_path, names, shapely.transform(areas, wgs84_to_bd09))
    weighed = _weigh(demo_session, path, name_header="名称", scheme_code="community_grid")
    assert weighed.evidence.sample_count <= SAMPLE_LENGTH
    assert weighed.reference_count > 0
    assert len(weighed.previews) <= 6
    for preview in weighed.previews:
        assert 0 < len(preview.shapes) <= 200
        west, south, east, north = shapely.total_bounds(shapely.from_wkb(list(preview.shapes)))
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90


def test_without_any_area_of_ours_only_the_statement_and_the_numbers_count(session, tmp_path):
    path = tmp_path / "places.geojson"
    features = [_feature(shapely.Point(114.3 + 0.001 * place, 30.5)) for place in range(30)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    weighed = _weigh(session, path)
    assert (weighed.reference_count, weighed.evidence.is_strong) == (0, False)
    assert weighed.evidence.preselected is not None
    assert weighed.evidence.preselected.crs == "EPSG:4326"
    assert DatumReason.NOTHING_TO_COMPARE in weighed.evidence.reasons


def _feature(shape: shapely.Geometry, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(shape)}


def test_who_may_not_import_may_not_weigh_either(demo_session, tmp_path):
    path = _table(tmp_path, ["甲"], np.array([shapely.Point(114.3, 30.5)]))
    worker = Actor(account_id=1, role=Role.GRID_WORKER, scope=AreaScope(("420106",)), name="网格员")
    with pytest.raises(NotAllowed):
        weigh_coordinates(demo_session, worker, CoordinatesRequest(path=path), now=NOW)


def test_a_file_that_cannot_be_weighed_is_refused_with_its_reason(demo_session, tmp_path):
    path = _table(tmp_path, ["甲"], np.array([shapely.Point(114.3, 30.5)]))
    with pytest.raises(ColumnAbsent):
        _weigh(demo_session, path, name_header="没有这一列")
    empty = tmp_path / "empty.csv"
    empty.write_text("名称,经度,纬度\n", encoding="utf-8")
    weighed = _weigh(demo_session, empty)
    assert (weighed.evidence.candidates, weighed.previews) == ((), ())
    assert DatumReason.NOTHING_FITS in weighed.evidence.reasons


def test_areas_that_ended_are_no_ground_to_compare_with(demo_session, tmp_path):
    names, areas = _areas(demo_session, "community")
    demo_session.execute(text("UPDATE area SET valid_to = '2026-11-20' WHERE valid_from < '2026-11-20'"))
    weighed = _weigh(demo_session, _table(tmp_path, names, areas))
    assert weighed.reference_count == 0


def _imported(session: Session, path: Path, layer: Layer = Layer.AREAS, **options) -> ImportReport:
    request = ImportRequest(path=path, layer=layer, **options)
    return import_layer(session, Actor.system(), request, now=NOW)


def _geojson(folder: Path, names: list[str], geometry: np.ndarray) -> Path:
    path = folder / "seeded.geojson"
    features = [_feature(shape, 名称=name) for name, shape in zip(names, geometry, strict=True)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_an_import_that_would_move_every_border_is_refused_until_somebody_says_the_system(
    demo_session, tmp_path
):
    names, areas = _areas(demo_session, "community")
    path = _geojson(tmp_path, names, shapely.transform(areas, wgs84_to_gcj02))
    options = {"level": AreaLevel.COMMUNITY, "code_prefix": demo_session.scalar(_PREFIX)}
    with pytest.raises(DatumContradicted) as refused:
        _imported(demo_session, path, **options)
    assert refused.value.code == "import.datum_contradicted.shifted"
    params = refused.value.params
    assert (params["stated"], params["found"], params["option"]) == ("EPSG:4326", "gcj02", "--crs gcj02")
    assert int(str(params["shift_m"])) == pytest.approx(586, abs=10)
    report = _imported(demo_session, path, crs="gcj02", **options)
    assert report.outcome.added == 0
    assert report.crs.name == "gcj02"


def test_whoever_insists_on_the_files_word_gets_it(demo_session, tmp_path):
    names, areas = _areas(demo_session, "community")
    path = _geojson(tmp_path, names, shapely.transform(areas, wgs84_to_gcj02))
    report = _imported(
        demo_session,
        path,
        level=AreaLevel.COMMUNITY,
        code_prefix=demo_session.scalar(_PREFIX),
        crs=AS_STATED,
        scheme_code="insisted",
        new_scheme_name="坚持",
    )
    assert (report.outcome.added, report.crs.name) == (len(names), "EPSG:4326")


def test_a_file_in_the_system_that_it_states_is_imported_without_a_word(demo_session, tmp_path):
    names, areas = _areas(demo_session, "community")
    report = _imported(
        demo_session,
        _geojson(tmp_path, names, areas),
        level=AreaLevel.COMMUNITY,
        code_prefix=demo_session.scalar(_PREFIX),
    )
    assert (report.outcome.added, report.crs.origin) == (0, "file")


@pytest.mark.parametrize(
    ("seeding", "headers", "code", "option"),
    [
        (
            lambda points: points[:, ::-1],
            ("经度", "纬度"),
            "import.datum_contradicted.swapped",
            "--crs EPSG:4326 --swap-axes",
        ),
        (wgs84_to_bd09, ("经度", "纬度"), "import.datum_contradicted.elsewhere", "--crs bd09"),
        (_in_strip(4547), ("x", "y"), "import.crs_missing.found", "--crs EPSG:4547"),
        (_in_strip(4526), ("x", "y"), "import.crs_missing.found", "--crs EPSG:4526"),
    ],
)
def test_points_that_clearly_are_in_another_system_are_refused_with_the_option_to_pass(
    demo_session, tmp_path, seeding, headers, code, option
):
    _, areas = _areas(demo_session, "micro_grid")
    points = shapely.get_coordinates(shapely.transform(shapely.point_on_surface(areas), seeding))
    path = tmp_path / "points.csv"
    lines = [f"点{place},{x:.8f},{y:.8f}" for place, (x, y) in enumerate(points)]
    path.write_text("\n".join([f"名称,{headers[0]},{headers[1]}", *lines]), encoding="utf-8")
    with pytest.raises(ImportRefused) as refused:
        _imported(demo_session, path, Layer.SERVICE_POINTS)
    assert refused.value.code == code
    assert refused.value.params["option"] == option
    crs, *swap = option.removeprefix("--crs ").split()
    report = _imported(demo_session, path, Layer.SERVICE_POINTS, crs=crs, swap_axes=bool(swap))
    assert report.outcome.added == len(points)
    assert report.outcome.outside_count == 0
