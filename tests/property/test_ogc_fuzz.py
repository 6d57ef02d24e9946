"""Whatever is asked of the OGC API and of public exports, the answer is a word and never a fault."""

from __future__ import annotations

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridmap.domain.features import COLLECTIONS
from gridmap.web.ogc.reading import ITEMS_ARGUMENTS

FIELDS = sorted({each.name for about in COLLECTIONS.values() for each in about.fields})
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
NUMBERS = st.floats(width=64) | st.integers() | st.floats(-200, 200)
VALUES = st.one_of(
    st.text(max_size=30),
    st.lists(NUMBERS, min_size=3, max_size=6).map(lambda numbers: ",".join(map(str, numbers))),
    st.datetimes().map(lambda instant: instant.isoformat() + "Z"),
    st.sampled_from(
        ["../..", "/", "2026-05-03", "true", "1e309", "\x00", "'", "%", EPSG + "4547", EPSG + "3857"]
    ),
    st.integers().map(str),
)
ARGUMENTS = st.dictionaries(
    st.sampled_from([*sorted(ITEMS_ARGUMENTS), *FIELDS, "f", "lang"]) | st.text(max_size=8),
    VALUES,
    max_size=4,
)
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUIET
@given(collection=st.sampled_from(sorted(COLLECTIONS)) | st.text(max_size=12), arguments=ARGUMENTS)
def test_no_question_is_a_fault(demo_client: FlaskClient, collection: str, arguments: dict[str, str]) -> None:
    for path in (f"/ogc/collections/{collection}/items", f"/ogc/collections/{collection}/items/1"):
        answer = demo_client.get(path.replace("?", "").replace("#", ""), query_string=arguments or None)
        assert answer.status_code in (200, 308, 400, 404), answer.text[:200]


@QUIET
@given(
    layer=st.sampled_from(["service_points", "areas", "streets", "issues"]),
    ending=st.sampled_from(["csv", "geojson", "kml", "exe"]),
    arguments=st.dictionaries(
        st.sampled_from(["level", "scheme", "on", "area", "bbox", "category", "status", "crs", "mine"]),
        VALUES,
        max_size=3,
    ),
)
def test_no_public_export_is_a_fault(
    demo_client: FlaskClient, layer: str, ending: str, arguments: dict[str, str]
) -> None:
    answer = demo_client.get(f"/exports/{layer}.{ending}", query_string=arguments or None)
    assert answer.status_code in (200, 400), answer.text[:200]
