"""Every file of the real data: read with these counts, imported where a layer of ours fits, or refused why.

The table names each file there is; a file that is not in it fails a test. "Read" counts what the reader gives
and what it has to leave out; what the checks of places make of them is held elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.permissions import Actor
from gridmap.importing.columns import Layer
from gridmap.importing.datum import source_crs
from gridmap.importing.errors import ImportRefused
from gridmap.importing.readers import list_layers, read_table
from gridmap.use_cases.imports import ImportRequest, import_layer
from tests.realdata import real_file

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Read:
    """It is read: rows by geometry type, the encoding, what it says of its coordinates, what was left out."""

    shapes: Mapping[str | None, int]
    encoding: str = "utf-8"
    crs: str | None = "EPSG:4326"
    layer: str | None = None
    findings: Mapping[str, int] = field(default_factory=dict)
    place_columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """It is refused with this reason."""

    code: str


@dataclass(frozen=True)
class Imported:
    """It goes into a layer: rows read, added and rejected."""

    layer: Layer
    read_count: int
    added_count: int
    rejected_count: int = 0
    level: AreaLevel | None = None
    code_prefix: str = ""
    crs: str | None = None
    source_layer: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    row_limit: int | None = None


Outcome = Read | Refused | Imported
COMPANION = Refused("import.format_unknown.companion")
NO_PLACES = Refused("import.no_geometry_column")


def _parts(stem: str, endings: str) -> dict[str, tuple[Outcome, ...]]:
    """The files beside a .shp, which are read with it and not alone."""
    return {f"{stem}.{ending}": (COMPANION,) for ending in endings.split()}


def _points(row_count: int, **more) -> Read:
    return Read({"Point": row_count}, **{"crs": None, **more})


TABLE: dict[str, tuple[Outcome, ...]] = {
    "baidu_village_polygons_beijing/beijing-village.csv": (
        Read({"Polygon": 3_700}, crs=None, findings={"ring_closed": 3_700, "ring_too_short": 3}),
    ),
    "baidu_village_polygons_beijing/beijing-village_beijing.json": (
        Read({"Polygon": 3_700}, crs=None, findings={"ring_closed": 3_700, "ring_too_short": 3}),
    ),
    "beijing_streets_utf8_nocpg/beijing.zip": (
        Read({"Polygon": 267, "MultiPolygon": 64}),
        Imported(Layer.AREAS, 331, 331, level=AreaLevel.SUBDISTRICT, code_prefix="110000"),
    ),
    "chengdu_cad_xlsx/cad.xlsx": (
        Read({"Point": 277, None: 273}, crs=None),
        Refused("import.crs_missing"),
    ),
    "crs_reference/china_cities_six_systems.csv": (
        NO_PLACES,
        _points(443, crs="EPSG:4326", place_columns={"lon": "WGS84_x", "lat": "WGS84_y"}),
        _points(443, crs="gcj02", place_columns={"lon": "GCJ02_x", "lat": "GCJ02_y"}),
    ),
    "crs_reference/eviltransform_vectors.json": (Refused("import.file_unreadable.not_geojson"),),
    "crs_reference/library_outputs.csv": (_points(495), Refused("import.crs_missing")),
    "encodings_dbf/big5.dbf": (NO_PLACES,),
    "encodings_dbf/gb2312.dbf": (NO_PLACES,),
    "encodings_dbf/gbk.dbf": (NO_PLACES,),
    "encodings_dbf/latin1.dbf": (Refused("import.encoding_unknown.nothing_fits"),),
    "encodings_dbf/utf8.dbf": (NO_PLACES,),
    "encodings_dbf/cpg_big5/big5.shp": (_points(1, encoding="big5-hkscs"),),
    **_parts("encodings_dbf/cpg_big5/big5", "cpg dbf shx"),
    "encodings_dbf/ldid_chinese/chinese.shp": (_points(1, encoding="gb18030", crs="EPSG:4326"),),
    **_parts("encodings_dbf/ldid_chinese/chinese", "dbf prj shx"),
    "formats_misc/KML_Samples.kml": (
        Refused("import.layer_ambiguous"),
        Read({"Point": 3}, layer="Placemarks"),
        Read({"Polygon": 4}, layer="Polygons/Google Campus"),
        Imported(Layer.STREETS, 6, 6, source_layer="Paths"),
    ),
    "formats_misc/denbosch_districts_example_shp.zip": (
        Read({"Polygon": 14}, crs="EPSG:28992"),
        Imported(
            Layer.AREAS,
            14,
            14,
            level=AreaLevel.COMMUNITY,
            code_prefix="840006001",
            columns={"name": "NAAM", "code": ""},
        ),
    ),
    "formats_misc/empty.fgb": (Read({}), Refused("import.no_valid_rows.empty")),
    "formats_misc/issue627.geojson": (Read({"Polygon": 3}, crs=None),),
    "formats_misc/mixed_crs.gpkg": (
        Refused("import.layer_ambiguous"),
        Read({"MultiPolygon": 1}, layer="oregon_2269", crs="EPSG:2269"),
        Read({"MultiPolygon": 1}, layer="oregon_4326"),
    ),
    "formats_misc/six_counties_three_null.json": (
        Read({"MultiPolygon": 2, "Polygon": 1, None: 3}, crs=None),
    ),
    "formats_misc/testopenfilegdb.gdb.zip": (
        Refused("import.layer_ambiguous"),
        Read({"Point": 5}, layer="point"),
        Read({"MultiPolygon": 9}, layer="several_polygons", crs=None),
        Read({None: 5}, layer="null_polygon"),
    ),
    "formats_misc/us_states_5_dxf.zip": (
        Read({"LineString": 5_650, "Point": 1}, crs=None),
        Refused("import.crs_missing"),
    ),
    "formats_misc/utf16_le_bom.csv": (NO_PLACES,),
    "formats_misc/utf8_bom.csv.gz": (NO_PLACES,),
    "helsinki_walk/Helsinki.osm.pbf": (
        Read({"MultiPolygon": 489}, layer="buildings", findings={"geometry_unreadable": 5}),
        Read({"Point": 2_122}, layer="points"),
        Imported(Layer.STREETS, 2_525, 2_525),
    ),
    "helsinki_walk/helsinki_population_grid_2020.gpkg": (Read({"Polygon": 92}),),
    "helsinki_walk/test.osm.pbf": (
        Read({"MultiPolygon": 2_215}, layer="buildings", findings={"geometry_unreadable": 4}),
        Imported(Layer.STREETS, 331, 331),
    ),
    "hongkong_mongkok_osm_network/hk_graph.gpkg": (
        Read({"Point": 5_406}, layer="nodes"),
        Imported(Layer.STREETS, 7_788, 7_786, 2),
    ),
    "hubei_county_wgs84/hubei_county.gpkg": (Read({"MultiPolygon": 103}),),
    "huizhou_landuse_4547_wrongprj/land.shp": (Read({"Polygon": 79}),),
    **_parts("huizhou_landuse_4547_wrongprj/land", "cpg dbf prj qpj shx"),
    "huizhou_landuse_4547_wrongprj/line.shp": (
        Read({"LineString": 79}),
        Imported(Layer.STREETS, 79, 79, crs="4547"),
    ),
    **_parts("huizhou_landuse_4547_wrongprj/line", "cpg dbf prj qpj shx"),
    "huizhou_landuse_4547_wrongprj/mainroad.shp": (
        Refused("import.crs_missing"),
        Imported(Layer.STREETS, 3, 3, crs="4547"),
    ),
    **_parts("huizhou_landuse_4547_wrongprj/mainroad", "cpg dbf sbn sbx shx"),
    "kaohsiung_villages/kaohsiung_villages.gpkg": (
        Read({"MultiPolygon": 886}, crs="EPSG:3824"),
        Imported(Layer.AREAS, 886, 886, level=AreaLevel.COMMUNITY, code_prefix="7"),
    ),
    "sf_311/311_service_requests.csv": (_points(10_000),),
    "sf_311/sf_neighborhoods_zillow.gpkg": (
        Read({"Polygon": 34}, crs="EPSG:4269"),
        Imported(
            Layer.AREAS,
            34,
            34,
            level=AreaLevel.COMMUNITY,
            code_prefix="840006",
            columns={"code": "REGIONID"},
        ),
    ),
    "shanghai_county_gbk/区县界_area.shp": (Read({"Polygon": 14, "MultiPolygon": 3}, encoding="gb18030"),),
    **_parts("shanghai_county_gbk/区县界_area", "dbf prj shp.xml shx"),
    "shanghai_poi/shanghai_bus.csv.gz": (_points(10_186),),
    "shanghai_poi/shanghai_food.csv.gz": (_points(14_398),),
    "shanghai_poi/shanghai_hospital.csv": (_points(7_513),),
    "shanghai_poi/shanghai_school.csv": (_points(6_151),),
    "shanghai_poi/shanghai_urban.csv": (_points(449), Imported(Layer.SERVICE_POINTS, 449, 449)),
    "shanghai_poi/幼儿园.csv": (_points(2_284), Imported(Layer.SERVICE_POINTS, 500, 500, row_limit=500)),
    "shanghai_yangpu_osm/Bounds.shp": (Read({"Polygon": 1}),),
    **_parts("shanghai_yangpu_osm/Bounds", "dbf prj qpj shx"),
    "shanghai_yangpu_osm/Buildings.shp": (Read({"Polygon": 553}),),
    **_parts("shanghai_yangpu_osm/Buildings", "cpg dbf prj shx"),
    "shanghai_yangpu_osm/Roads.shp": (Read({"LineString": 306}), Imported(Layer.STREETS, 306, 306)),
    **_parts("shanghai_yangpu_osm/Roads", "cpg dbf prj shx"),
    "shanghai_yangpu_osm/amenities.shp": (_points(21, crs="EPSG:4326"),),
    **_parts("shanghai_yangpu_osm/amenities", "cpg dbf prj shx"),
    "shanghai_yangpu_osm/table_bounds.shp": (Read({"Polygon": 1}),),
    **_parts("shanghai_yangpu_osm/table_bounds", "dbf prj qpj shx"),
    "shenzhen_districts_noprj/grid_noprj.zip": (
        Read({"Polygon": 9_005}, crs=None),
        Refused("import.crs_missing"),
    ),
    "shenzhen_districts_noprj/sz.shp": (
        Read({"Polygon": 8, "MultiPolygon": 2}, crs=None),
        Refused("import.crs_missing"),
    ),
    **_parts("shenzhen_districts_noprj/sz", "dbf shx"),
    "shenzhen_ev_charging/SZ_districts.shp": (Read({"Polygon": 490, "MultiPolygon": 1}, crs="EPSG:3857"),),
    **_parts("shenzhen_ev_charging/SZ_districts", "cpg dbf prj sbn sbx shx"),
    "shenzhen_ev_charging/st_evcdp_information.csv": (_points(247),),
    "shenzhen_ev_charging/st_evcdp_stations.csv": (_points(1_706),),
    "shenzhen_ev_charging/urbanev_inf.csv": (_points(1_362),),
    "shenzhen_ev_charging/urbanev_inf_raw.csv": (
        _points(1_587),
        Imported(Layer.SERVICE_POINTS, 1_587, 1_587, columns={"name": "station_id", "code": "station_id"}),
    ),
    "syracuse_potholes/data_potholes_latlon_swapped.csv": (_points(7_538),),
    "syracuse_potholes/potholes.csv": (_points(7_392),),
    "wuhan_admin_codes/areas_2018.csv": (NO_PLACES,),
    "wuhan_admin_codes/areas_2023.csv": (NO_PLACES,),
    "wuhan_admin_codes/province_streets_2018.csv": (NO_PLACES,),
    "wuhan_admin_codes/province_streets_2023.csv": (NO_PLACES,),
    "wuhan_admin_codes/streets_2018.csv": (NO_PLACES,),
    "wuhan_admin_codes/streets_2023.csv": (NO_PLACES,),
    "wuhan_admin_codes/villages_2018.csv": (NO_PLACES,),
    "wuhan_admin_codes/villages_2023.csv": (NO_PLACES,),
    "wuhan_county_gcj02/wuhan.geojson": (Read({"Polygon": 10, "MultiPolygon": 3}, crs=None),),
    "wuhan_house_points/wuhan_hp.csv.gz": (
        _points(19_599),
        _points(19_599, place_columns={"x": "x", "y": "y"}),
    ),
    "wuhan_osm_guanggu/guanggu_boundaries.geojson": (Read({"LineString": 1}, crs=None),),
    "wuhan_osm_guanggu/guanggu_buildings.geojson": (Read({"Polygon": 265, "Point": 90}, crs=None),),
    "wuhan_osm_guanggu/guanggu_roads.geojson": (
        Read({"LineString": 354, "MultiLineString": 20}, crs=None),
        Imported(Layer.STREETS, 374, 418),
    ),
    "wuhan_osm_guanggu/guanggu_tiles_raw.json.gz": (Refused("import.file_unreadable.not_geojson"),),
    "wuhan_osm_guanggu/guanggu_water.geojson": (Read({"Polygon": 1, "Point": 1, "LineString": 1}, crs=None),),
    "wuhan_population_grid/ghsl_11549.csv.gz": (_points(24_757),),
    "wuhan_roadnet_mosstool/net.geojson": (
        Read({"LineString": 205, "MultiPoint": 105}, crs="urn:ogc:def:crs:OGC:1.3:CRS84"),
        Imported(Layer.STREETS, 310, 205, 105),
    ),
    "wuhan_roadnet_mosstool/split_box.geojson": (
        Read({"Polygon": 2}, crs=None, findings={"ring_closed": 2}),
    ),
    "xian_roads_gbk/modifiedConn_link.zip": (Read({"LineString": 9_842}, encoding="gb18030"),),
    "xian_roads_gbk/modifiedConn_node.zip": (_points(8_469, crs="EPSG:4326"),),
}
CASES = [(file, outcome) for file, outcomes in TABLE.items() for outcome in outcomes]
SERVICE_POINT_CATEGORY = (
    "INSERT INTO service_point_category VALUES ('SP99', '其他', 'Other', 'dots', 'convenience', false, 99)"
)


def _folder() -> Path:
    return real_file("README.md").parent


def test_the_table_holds_every_file_there_is() -> None:
    folder = _folder()
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "README.md" and "LICENSES" not in path.parts
    }
    assert set(TABLE) == there


@pytest.mark.parametrize(
    ("file", "expected"),
    [(file, outcome) for file, outcome in CASES if isinstance(outcome, Read)],
    ids=str,
)
def test_a_file_is_read_with_its_counts(file: str, expected: Read) -> None:
    table = read_table(
        real_file(file), source_layer=expected.layer, place_columns=dict(expected.place_columns)
    )
    shapes = Counter(None if shape is None else shape.geom_type for shape in table.geometry)
    findings = Counter(found.reason_code for found in [*table.rejections, *table.remarks])
    assert shapes == expected.shapes
    assert findings == expected.findings
    assert (table.encoding, table.declared_crs) == (expected.encoding, expected.crs)


@pytest.mark.parametrize(
    ("file", "expected"),
    [(file, outcome) for file, outcome in CASES if isinstance(outcome, Refused)],
    ids=str,
)
def test_a_file_is_refused_with_its_reason(session: Session, file: str, expected: Refused) -> None:
    assert _reason(session, real_file(file)) == expected.code


def _reason(session: Session, path: Path) -> str:
    """Why a file is refused: by the reader, for want of a coordinate system, or because it is empty."""
    try:
        source_crs(read_table(path), None)
        import_layer(session, Actor.system(), ImportRequest(path=path, layer=Layer.STREETS), now=NOW)
    except ImportRefused as refused:
        return refused.code
    return "imported"


@pytest.mark.parametrize(
    ("file", "expected"),
    [(file, outcome) for file, outcome in CASES if isinstance(outcome, Imported)],
    ids=str,
)
def test_a_file_is_imported_with_its_counts(session: Session, file: str, expected: Imported) -> None:
    session.execute(text(SERVICE_POINT_CATEGORY))
    request = ImportRequest(
        path=real_file(file),
        layer=expected.layer,
        level=expected.level,
        code_prefix=expected.code_prefix,
        crs=expected.crs,
        source_layer=expected.source_layer,
        columns=expected.columns,
        row_limit=expected.row_limit,
        scheme_code="real" if expected.layer is Layer.AREAS else None,
        new_scheme_name="真实数据",
    )
    report = import_layer(session, Actor.system(), request, now=NOW)
    assert (report.read_count, report.outcome.added, len(report.rejections)) == (
        expected.read_count,
        expected.added_count,
        expected.rejected_count,
    ), report.reason_counts()


def test_the_surfaces_of_a_geodatabase_are_said_and_its_other_layers_listed() -> None:
    found = list_layers(real_file("formats_misc/testopenfilegdb.gdb.zip"))
    problems = {layer.name: layer.problem.code for layer in found if layer.problem is not None}
    assert problems == {"multipatch": "import.file_unreadable.shapes_unknown"}
    assert len(found) == 37
    with pytest.raises(ImportRefused) as refused:
        read_table(real_file("formats_misc/testopenfilegdb.gdb.zip"), source_layer="multipatch")
    assert refused.value.code == "import.file_unreadable.shapes_unknown"


@pytest.mark.parametrize(
    ("file", "encoding", "name"),
    [
        ("encodings_dbf/gbk.dbf", "gb18030", "简体国语"),
        ("encodings_dbf/gb2312.dbf", "gb18030", "简体国语"),
        ("encodings_dbf/big5.dbf", "big5-hkscs", "繁體國語"),
        ("encodings_dbf/utf8.dbf", "utf-8", "国语國語"),
    ],
)
def test_the_text_of_a_dbase_table_is_read_in_its_encoding(file: str, encoding: str, name: str) -> None:
    table = read_table(real_file(file), needs_places=False)
    assert table.encoding == encoding
    assert table.columns["NAME"] == [name]


def test_latin_text_is_read_when_its_encoding_is_said() -> None:
    table = read_table(real_file("encodings_dbf/latin1.dbf"), encoding="latin1", needs_places=False)
    assert "Peçeña México" in table.columns["NAME"]
