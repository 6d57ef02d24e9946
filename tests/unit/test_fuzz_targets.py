"""What is fuzzed takes its own seeds, and no target is forgotten; the fuzzing itself is ``make fuzz``."""

from __future__ import annotations

import pytest

from gridmap.importing.delimited import read_delimited
from gridmap.importing.geojson import read_geojson
from gridmap.importing.kml import kml_layers
from tests.fuzz.__main__ import NAMES
from tests.fuzz.targets import LIMITS, TARGETS, Target


def test_every_target_can_be_named() -> None:
    assert set(NAMES) == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_target_takes_its_seeds_cut_off_anywhere(target: Target) -> None:
    for seed in target.seeds:
        for end in range(0, len(seed) + 1, max(len(seed) // 40, 1)):
            target.feed(seed[:end])


def test_the_seeds_are_read_so_that_fuzzing_begins_inside() -> None:
    for seed in TARGETS["delimited"].seeds:
        assert read_delimited(seed, layer_name="t", limits=LIMITS, encoding=None).row_count == 1
    for seed in TARGETS["geojson"].seeds:
        assert read_geojson(seed, layer_name="t", limits=LIMITS, encoding=None).row_count == 1
    assert [layer.row_count for layer in kml_layers(TARGETS["kml"].seeds[0], name="t", limits=LIMITS)] == [1]
