"""What the OGC API and exports cost beside the bare database and the bare file library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.exports import ExportFormat, ExportNotes
from gridmap.domain.permissions import Actor
from gridmap.exporting.target_crs import parse_target
from gridmap.exporting.writers import write_features
from gridmap.queries.exports import ExportRequest, read_features
from tests.bench.conftest import Report, median_s
from tests.reports import NOW

pytestmark = pytest.mark.bench

PLAIN_SQL = text(
    """
    SELECT json_agg(ST_AsGeoJSON(feature.*, 'footprint', 6)::json)::text
      FROM (SELECT id, code, compound_code, address, kind, floor_count, footprint
              FROM building ORDER BY id LIMIT 1000) AS feature
    """
)
# The demo's buildings four times over, each copy a little further east.
MORE_BUILDINGS = text(
    """
    INSERT INTO building (code, compound_code, address, kind, floor_count, household_count, resident_count,
                          elderly_count, ebike_count, footprint)
    SELECT code || '-' || copy, compound_code, address, kind, floor_count, household_count, resident_count,
           elderly_count, ebike_count, ST_Translate(footprint, copy * 0.03, 0)
      FROM building, generate_series(1, 3) AS copy
    """
)


def test_a_page_of_a_thousand_features(
    report: Report, demo_client: FlaskClient, demo_session: Session
) -> None:
    path = "/ogc/collections/buildings/items?limit=1000"
    assert demo_client.get(path).json["numberReturned"] == 1000  # type: ignore[index]
    ours_s = median_s(lambda: demo_client.get(path))
    plain_s = median_s(lambda: demo_session.execute(PLAIN_SQL).scalar_one())
    etag = demo_client.get(path).headers["ETag"]
    kept_s = median_s(lambda: demo_client.get(path, headers={"If-None-Match": etag}))
    report.add(
        "OGC API, a page of 1,000 buildings",
        ours=f"{ours_s * 1e3:.0f} ms",
        against="ST_AsGeoJSON of 1,000 rows alone",
        peer=f"{plain_s * 1e3:.0f} ms",
        ratio=f"{plain_s / ours_s:.2f}",
    )
    report.add(
        "OGC API, the same page unchanged (304)",
        ours=f"{kept_s * 1e3:.1f} ms",
        against="ST_AsGeoJSON of 1,000 rows alone",
        peer=f"{plain_s * 1e3:.0f} ms",
        ratio=f"{plain_s / kept_s:.2f}",
    )


def test_an_export_of_ten_thousand_buildings(report: Report, demo_session: Session, tmp_path: Path) -> None:
    demo_session.execute(MORE_BUILDINGS)
    request = ExportRequest(layer="buildings")
    notes = ExportNotes(title="x", headers={}, source="x", map_approval_no="", data_date="")
    target = parse_target("EPSG:4326")

    def read() -> object:
        return read_features(demo_session, Actor.system(), request, today=NOW.date(), row_limit=1_000_000)

    def export() -> None:
        path = tmp_path / "ours.gpkg"
        path.unlink(missing_ok=True)
        table = read_features(demo_session, Actor.system(), request, today=NOW.date(), row_limit=1_000_000)
        write_features(table, path, export_format=ExportFormat.GEOPACKAGE, target=target, notes=notes)

    table = read_features(demo_session, Actor.system(), request, today=NOW.date(), row_limit=1_000_000)
    geometry = np.array(table.geometry, dtype=object)
    fields = [each.name for each in table.collection.fields]
    columns = [np.array([row[index] for row in table.rows]) for index in range(len(fields))]

    def bare() -> None:
        path = tmp_path / "bare.gpkg"
        path.unlink(missing_ok=True)
        pyogrio.raw.write(
            path,
            geometry=geometry,
            field_data=columns,
            fields=np.array(fields, dtype=object),
            driver="GPKG",
            geometry_type="MultiPolygon",
            crs="EPSG:4326",
        )

    bare_s, ours_s, read_s = median_s(bare, rounds=3), median_s(export, rounds=3), median_s(read, rounds=3)
    report.add(
        f"Export of {len(table.rows):,} buildings as GeoPackage, from the database",
        ours=f"{ours_s:.2f} s, of which reading {read_s:.2f} s",
        against="pyogrio writing the same arrays",
        peer=f"{bare_s:.2f} s",
        ratio=f"{bare_s / ours_s:.2f}",
    )
