"""The map's data: a tile drawn anew and from the cache, beside its SQL alone."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine
from werkzeug.test import TestResponse

from gridmap import bootstrap
from gridmap.domain.office_time import office_day
from gridmap.queries.tiles import base_tile
from gridmap.settings import Settings
from gridmap.storage.engine import make_sessions
from gridmap.web.layer_cache import init_layer_cache
from tests.bench.conftest import Report, median_s
from tests.conftest import NOW

# Data tiles that hold a part of the demo subdistrict.
ZOOM, X, Y = 13, 6697, 3365


def test_a_tile_of_the_base_map_beside_its_sql_alone(
    report: Report, demo_engine: Engine, tmp_path: Path
) -> None:
    sessions = make_sessions(demo_engine)
    app = bootstrap.make_app(Settings(secret_key="bench", data_dir=tmp_path), sessions)
    client = app.test_client()

    def fetch(headers: dict[str, str] | None = None) -> TestResponse:
        return client.get(f"/tiles/base/{ZOOM}/{X}/{Y}.mvt", headers=headers)

    def fetch_anew() -> TestResponse:
        init_layer_cache(app)
        return fetch()

    with sessions() as session:
        sql_s = median_s(lambda: base_tile(session, z=ZOOM, x=X, y=Y, today=office_day(NOW)))
    assert len(fetch().data) > 10_000, "the tile lies beside the demo subdistrict"
    unchanged = {"If-None-Match": fetch().headers["ETag"]}
    assert fetch(unchanged).status_code == 304
    cold_s, warm_s = median_s(fetch_anew), median_s(fetch)
    unchanged_s = median_s(lambda: fetch(unchanged))
    for name, ours_s in (
        ("Base map tile, drawn anew", cold_s),
        ("Base map tile, kept", warm_s),
        ("Base map tile, unchanged (304)", unchanged_s),
    ):
        report.add(
            name,
            ours=f"{ours_s * 1e3:.1f} ms",
            against="its SQL alone",
            peer=f"{sql_s * 1e3:.1f} ms",
            ratio=f"{sql_s / ours_s:.2f}",
        )
