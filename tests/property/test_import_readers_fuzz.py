"""Whatever bytes come in, a reader gives rows or one of our refusals: nothing else, and nothing hangs."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.domain.errors import DomainError
from gridmap.importing.checks import Shape, check_geometry
from gridmap.importing.columns import Layer, fields_of, recognise_columns
from gridmap.importing.datum import source_crs
from gridmap.importing.delimited import read_delimited
from gridmap.importing.geojson import read_geojson
from gridmap.importing.tables import ReadLimits, SourceTable

LIMITS = ReadLimits(row_count=1_000, column_count=64)

_numbers = st.one_of(st.floats(), st.integers(), st.text(max_size=4), st.none(), st.booleans())
_coordinates = st.recursive(_numbers, lambda inner: st.lists(inner, max_size=4), max_leaves=24)
_geometries = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Circle"]
        ),
        "coordinates": _coordinates,
        "geometries": st.lists(st.none(), max_size=2),
    },
)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_features = st.one_of(
    _json,
    st.fixed_dictionaries(
        {"type": st.just("Feature")},
        optional={"geometry": st.one_of(_geometries, _json), "properties": _json, "id": _json},
    ),
)
_documents = st.fixed_dictionaries(
    {"type": st.sampled_from(["FeatureCollection", "Feature", "GeometryCollection", "Polygon"])},
    optional={
        "features": st.one_of(st.lists(_features, max_size=4), _json),
        "geometry": _geometries,
        "geometries": st.lists(_geometries, max_size=3),
        "coordinates": _coordinates,
        "crs": _json,
        "properties": _json,
    },
)


def _go_on(table: SourceTable) -> None:
    """What an import does next with a table that was read."""
    assert len(table.row_numbers) == table.row_count
    assert all(len(values) == table.row_count for values in table.columns.values())
    with suppress(DomainError):
        recognise_columns(table.headers, fields_of(Layer.SERVICE_POINTS))
    if table.geometry is None:
        return
    assert len(table.geometry) == table.row_count
    with suppress(DomainError):
        crs = source_crs(table, None)
        for shape in Shape:
            checked = check_geometry(table.geometry, table.row_numbers, shape=shape, crs=crs)
            refused = {found.row_number for found in checked.rejections}
            kept = np.array([geometry is not None for geometry in checked.geometry], dtype=bool)
            assert set(table.row_numbers[~kept].tolist()) == refused


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_as_a_table(content):
    with suppress(DomainError):
        _go_on(read_delimited(content, layer_name="t", limits=LIMITS, encoding=None))


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_as_geojson(content):
    with suppress(DomainError):
        _go_on(read_geojson(content, layer_name="t", limits=LIMITS, encoding=None))


@settings(max_examples=300, deadline=None)
@given(document=_documents)
def test_anything_that_looks_like_geojson(document):
    with suppress(DomainError):
        _go_on(read_geojson(json.dumps(document).encode(), layer_name="t", limits=LIMITS, encoding=None))


_cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["114.3", "30.6", "POINT (114.3 30.6)", "POLYGON ((0 0", '"', "\n", "1e999", "nan"]),
)


@settings(max_examples=300, deadline=None)
@given(
    header=st.lists(
        st.sampled_from(["经度", "纬度", "WKT", "x", "y", "坐标", "name", ""]), min_size=1, max_size=5
    ),
    rows=st.lists(st.lists(_cells, max_size=6), max_size=5),
    encoding=st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_anything_that_looks_like_a_table_of_places(header, rows, encoding):
    text = "\n".join(",".join(row) for row in [header, *rows])
    content = text.encode(encoding, "replace")
    with suppress(DomainError):
        _go_on(read_delimited(content, layer_name="t", limits=LIMITS, encoding=None))
