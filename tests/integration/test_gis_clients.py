"""GIS software reads a running server: GDAL's OAPIF driver, and QGIS where it is installed.

Each reads in a process of its own, as it would elsewhere; within this one GDAL would hold the interpreter's
lock while it waits for the server's thread.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gridmap.domain.permissions import Actor
from gridmap.storage.engine import make_engine
from gridmap.use_cases.accounts import create_token
from tests.browser.conftest import live_server, live_settings  # noqa: F401
from tests.reports import NOW

GDAL = """
import json, sys
import pyogrio
asked = json.loads(sys.argv[1])
if asked["token"]:
    pyogrio.set_gdal_config_options({"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": asked["token"]})
url = "OAPIF:" + asked["server"] + "/ogc"
bbox = asked["bbox"] and tuple(asked["bbox"])
if asked["layer"] is None:
    print(json.dumps(pyogrio.list_layers(url)[:, 0].tolist()))
else:
    frame = pyogrio.read_dataframe(url, layer=asked["layer"], bbox=bbox, **asked["options"])
    print(json.dumps({"count": len(frame), "crs": frame.crs.to_string(),
                      "bounds": frame.total_bounds.tolist(), "columns": list(frame.columns),
                      "codes": sorted(frame["code"]) if "code" in frame else []}))
"""
QGIS = """
import json, sys
from qgis.core import QgsApplication, QgsVectorLayer
QgsApplication.setPrefixPath("/usr", True)
program = QgsApplication([], False)
program.initQgis()
counts = {}
for name in sys.argv[2:]:
    uri = f"url='{sys.argv[1]}/ogc' typename='{name}' pagingEnabled='true' pageSize='100'"
    layer = QgsVectorLayer(uri, name, "OAPIF")
    counts[name] = sum(1 for _ in layer.getFeatures()) if layer.isValid() else layer.error().message()
print(json.dumps(counts))
sys.stdout.flush()
import os
os._exit(0)
"""


def run(program: str, source: str, *arguments: str, **environment: str) -> Any:
    done = subprocess.run(
        [program, "-c", source, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def gdal(
    server: str,
    layer: str | None = None,
    *,
    token: str = "",
    bbox: tuple[float, float, float, float] | None = None,
    **options: object,
) -> Any:
    asked = {"server": server, "layer": layer, "token": token, "bbox": bbox, "options": options}
    return run(sys.executable, GDAL, json.dumps(asked))


@pytest.fixture
def token(demo_url: str) -> str:
    """A bearer token of the first community's secretary."""
    engine = make_engine(demo_url)
    with Session(engine) as session, session.begin():
        made = create_token(session, Actor.system(), username="secretary01", name="gis", days=3650, now=NOW)
    engine.dispose()
    return made.token


def test_gdal_reads_every_page_of_a_public_collection(live_server: str) -> None:  # noqa: F811
    read = gdal(live_server, "buildings", PAGE_SIZE=500)
    assert read["count"] == len(set(read["codes"])) == 2934
    assert "resident_count" not in read["columns"]


def test_gdal_reads_a_window_only(live_server: str) -> None:  # noqa: F811
    west, south, east, north = window = (114.29, 30.54, 114.30, 30.55)
    read = gdal(live_server, "service_points", bbox=window)
    assert 0 < read["count"] < 133
    assert west <= read["bounds"][0] <= read["bounds"][2] <= east
    assert south <= read["bounds"][1] <= read["bounds"][3] <= north


def test_gdal_puts_the_axes_of_each_reference_system_where_they_belong(live_server: str) -> None:  # noqa: F811
    degrees = gdal(live_server, "service_points", CRS="EPSG:4490")["bounds"]
    assert degrees[0] == pytest.approx(114.29, abs=0.05)
    assert degrees[1] == pytest.approx(30.54, abs=0.05)
    zone = gdal(live_server, "service_points", CRS="EPSG:4547")
    assert zone["crs"] == "EPSG:4547"
    easting_m, northing_m = zone["bounds"][:2]
    assert (easting_m, northing_m) == (pytest.approx(528_000, abs=3_000), pytest.approx(3_380_000, abs=3_000))


def test_gdal_with_a_token_reads_the_secretarys_own_areas_and_no_others(
    live_server: str,  # noqa: F811
    token: str,
) -> None:
    public_layers, staff_layers = gdal(live_server), gdal(live_server, token=token)
    assert not any(name.startswith("staff_") for name in public_layers)
    assert {"staff_issues", "staff_zones", "staff_buildings"} <= set(staff_layers)
    read = gdal(live_server, "staff_grids", token=token)
    own = read["codes"][0][:12]
    assert read["count"] > 2
    assert {code[:12] for code in read["codes"]} == {own}
    assert gdal(live_server, "staff_issues", token=token)["count"] > 0


def test_qgis_counts_what_is_served(live_server: str) -> None:  # noqa: F811
    python = "/usr/bin/python3"
    if (
        shutil.which(python) is None
        or subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False).returncode
    ):
        pytest.skip("QGIS is not installed here (Debian, Ubuntu: apt-get install python3-qgis)")
    counted = run(
        python, QGIS, live_server, "communities", "service_points", "streets", QT_QPA_PLATFORM="offscreen"
    )
    assert counted == {"communities": 11, "service_points": 133, "streets": counted["streets"]}
    assert counted["streets"] > 400
