"""Do areas cover the ground as a grid must (GB/T 30428.1): no gap, no overlap, each inside its parent?

Lines are compared where they are stored, as straight lines between longitudes and latitudes, which is also
how PostGIS decides what lies in an area: a projection would bend them, and a long edge with a node on one
side only would seem to leave its neighbour. What is found is then measured in an equal-area projection
around the data.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
import shapely.geometry

from gridmap.domain.topology import FindingKind, TopologyFinding, TopologyReport
from gridmap.importing.ground import SLIVER_WIDTH_M, GroundPlane, widths_m
from gridmap.importing.tables import GeometryArray

TOLERANCE_M = 0.1
"""What may lie between neighbours unsaid: less than boundaries are surveyed to (class A, 0.5 m)."""

_POLYGON_TYPE = 3
# A tenth of a millimetre: computed crossings of lines are off by less, and no surveyed gap is as narrow.
_NOISE_DEG = 1e-9

Box = tuple[float, float, float, float]


def check_topology(
    boundaries: Sequence[bytes],
    *,
    keys: Sequence[str],
    parents: Mapping[str, bytes] | None = None,
    parent_of: Sequence[str | None] | None = None,
    extent: Box | None = None,
    tolerance_m: float = TOLERANCE_M,
    accepted: Collection[str] = (),
) -> TopologyReport:
    """Find gaps, overlaps, slivers and what does not fit into or fill its parent.

    Parameters
    ----------
    boundaries : WKB, valid POLYGON or MULTIPOLYGON in WGS-84: every area of one scheme and level that holds
        on one day
    keys : one for each boundary, as findings name it: its code, or whatever it is known by
    parents : the areas one level up by key. With them gaps are sought inside them only, and parts of them
        at their edges that no area holds are found; without them gaps are the holes of all areas together
    parent_of : for each boundary the key of its parent, None where it has none
    extent : west, south, east, north in degrees; only findings that touch this box are wanted
    tolerance_m : a finding counts where it is wider than this somewhere
    accepted : keys of findings that are right as they are, as water that a scheme leaves out

    Raises
    ------
    ValueError
        A boundary is not valid, or the numbers of boundaries, keys and parents differ.
    """
    if len(boundaries) != len(keys) or (parent_of is not None and len(parent_of) != len(keys)):
        raise ValueError("boundaries, keys and parent_of must be of one length")
    if not boundaries:
        return TopologyReport()
    ground = _Ground.of(boundaries, keys, parents or {}, parent_of or [None] * len(keys))
    found = [*_overlaps(ground), *_outside_parents(ground), *_gaps_and_uncovered(ground)]
    if extent is not None:
        box = shapely.box(*extent)
        found = [each for each in found if each.shape.intersects(box)]
    plane = GroundPlane.around(ground.shapes)
    findings = [*_measured(found, plane, tolerance_m), *_slivers(ground, plane, extent)]
    order = {kind: place for place, kind in enumerate(FindingKind)}
    kept = [finding for finding in findings if finding.key not in accepted]
    return TopologyReport(
        findings=tuple(sorted(kept, key=lambda each: (order[each.kind], -each.area_m2, each.key))),
        checked_count=len(keys),
        accepted_count=len(findings) - len(kept),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A polygon in degrees, before it is measured."""

    kind: FindingKind
    members: tuple[str, ...]
    parent: str | None
    shape: Any


@dataclass(frozen=True, slots=True)
class _Ground:
    """The areas and their parents; ``is_uneven`` where edges do not match those of a neighbour."""

    shapes: GeometryArray
    keys: npt.NDArray[np.object_]
    tree: Any
    parents: Mapping[str, Any]
    parent_of: Sequence[str | None]
    is_uneven: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        boundaries: Sequence[bytes],
        keys: Sequence[str],
        parents: Mapping[str, bytes],
        parent_of: Sequence[str | None],
    ) -> _Ground:
        shapes = _read(boundaries)
        invalid = np.flatnonzero(~shapely.is_valid(shapes))
        if len(invalid):
            raise ValueError(f"the boundary of {keys[invalid[0]]} is not valid")
        read_parents = dict(zip(parents, _read(list(parents.values())), strict=True))
        is_uneven = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
        named = np.array(keys, dtype=object)
        return cls(shapes, named, shapely.STRtree(shapes), read_parents, parent_of, is_uneven)

    def members_around(self, shape: Any) -> tuple[str, ...]:
        near = self.tree.query(shapely.buffer(shape, _NOISE_DEG), predicate="intersects")
        return tuple(sorted({str(key) for key in self.keys[near]}))


def _overlaps(ground: _Ground) -> list[_Found]:
    """Areas whose edges all match their neighbours' overlap none; of the others each pair that meets."""
    uneven = np.flatnonzero(ground.is_uneven)
    left, right = ground.tree.query(ground.shapes[uneven])
    pairs = np.sort(np.column_stack([uneven[left], right]), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    shared = shapely.intersection(ground.shapes[pairs[:, 0]], ground.shapes[pairs[:, 1]])
    parts, of = _polygons(shared)
    return [
        _Found(FindingKind.OVERLAP, tuple(sorted(map(str, ground.keys[pairs[index]]))), None, part)
        for part, index in zip(parts, of, strict=True)
    ]


def _outside_parents(ground: _Ground) -> list[_Found]:
    index_of = [
        (index, parent)
        for index, parent in enumerate(ground.parent_of)
        if parent is not None and parent in ground.parents
    ]
    if not index_of:
        return []
    members = np.array([index for index, _ in index_of])
    uppers = np.array([ground.parents[parent] for _, parent in index_of], dtype=object)
    shapely.prepare(uppers)
    leaves = ~shapely.covers(uppers, ground.shapes[members])
    outside = shapely.difference(ground.shapes[members[leaves]], uppers[leaves])
    parts, of = _polygons(outside)
    leaving = np.flatnonzero(leaves)
    return [
        _Found(
            FindingKind.OUTSIDE_PARENT,
            (str(ground.keys[members[leaving[index]]]),),
            index_of[leaving[index]][1],
            part,
        )
        for part, index in zip(parts, of, strict=True)
    ]


def _gaps_and_uncovered(ground: _Ground) -> list[_Found]:
    """Holes of all areas together, and what parents have beyond them."""
    if ground.is_uneven.any():
        together: Any = shapely.union_all(ground.shapes)
    else:
        together = shapely.coverage_union_all(ground.shapes)
    outer, _ = _polygons(np.array([together], dtype=object))
    filled: Any = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(outer)))
    holes: Any = shapely.difference(filled, together)
    if not ground.parents:
        return [_gap(ground, hole) for hole in _polygons(np.array([holes], dtype=object))[0]]
    to_cover: Any = shapely.union_all(np.array(list(ground.parents.values()), dtype=object))
    gaps, _ = _polygons(np.array([shapely.intersection(holes, to_cover)], dtype=object))
    beyond, _ = _polygons(np.array([shapely.difference(to_cover, filled)], dtype=object))
    return [*(_gap(ground, gap) for gap in gaps), *_by_parent(ground, beyond)]


def _gap(ground: _Ground, shape: Any) -> _Found:
    return _Found(FindingKind.GAP, ground.members_around(shape), None, shape)


def _by_parent(ground: _Ground, beyond: GeometryArray) -> list[_Found]:
    names = list(ground.parents)
    uppers = np.array([ground.parents[name] for name in names], dtype=object)
    part, upper = shapely.STRtree(uppers).query(beyond, predicate="intersects")
    pieces, of = _polygons(shapely.intersection(beyond[part], uppers[upper]))
    return [
        _Found(FindingKind.UNCOVERED, ground.members_around(piece), names[upper[index]], piece)
        for piece, index in zip(pieces, of, strict=True)
    ]


def _measured(found: Sequence[_Found], plane: GroundPlane, tolerance_m: float) -> list[TopologyFinding]:
    if not found:
        return []
    metric = plane.in_metres(np.array([each.shape for each in found], dtype=object))
    areas_m2 = shapely.area(metric)
    # What is as wide somewhere has a circle of that width in it.
    large = np.flatnonzero(areas_m2 >= np.pi / 4 * tolerance_m**2)
    large_widths_m = widths_m(metric[large])
    wide = large_widths_m >= tolerance_m
    return [
        _finding(found[index], float(areas_m2[index]), float(width_m))
        for index, width_m in zip(large[wide], large_widths_m[wide], strict=True)
    ]


def _slivers(ground: _Ground, plane: GroundPlane, extent: Box | None) -> list[TopologyFinding]:
    """Thin parts of areas. A polygon of area A and perimeter P is at least 2A/P wide."""
    parts, of = _polygons(ground.shapes)
    if extent is not None:
        near = shapely.intersects(parts, shapely.box(*extent))
        parts, of = parts[near], of[near]
    metric = plane.in_metres(parts)
    areas_m2 = shapely.area(metric)
    thin = np.flatnonzero(2 * areas_m2 < SLIVER_WIDTH_M * shapely.length(metric))
    thin_widths_m = widths_m(metric[thin])
    return [
        _finding(
            _Found(
                FindingKind.SLIVER, (str(ground.keys[of[index]]),), ground.parent_of[of[index]], parts[index]
            ),
            float(areas_m2[index]),
            float(width_m),
        )
        for index, width_m in zip(thin, thin_widths_m, strict=True)
        if width_m < SLIVER_WIDTH_M
    ]


def _finding(found: _Found, area_m2: float, width_m: float) -> TopologyFinding:
    point: Any = shapely.point_on_surface(found.shape)
    return TopologyFinding(
        key=f"{found.kind.value}@{point.x:.6f},{point.y:.6f},{area_m2:.0f}",
        kind=found.kind,
        members=found.members,
        parent=found.parent,
        area_m2=area_m2,
        width_m=width_m,
        point_deg=(float(point.x), float(point.y)),
        shape=shapely.to_wkb(found.shape, byte_order=1),
    )


def findings_geojson(report: TopologyReport) -> str:
    """The findings as a GeoJSON FeatureCollection (RFC 7946), with kind, members, parent and sizes."""
    shapes = _read([finding.shape for finding in report.findings])
    features = [
        {
            "type": "Feature",
            "id": finding.key,
            "properties": {
                "kind": finding.kind.value,
                "members": list(finding.members),
                "parent": finding.parent,
                "area_m2": round(finding.area_m2, 2),
                "width_m": round(finding.width_m, 3),
                "point": [round(degrees, 7) for degrees in finding.point_deg],
            },
            "geometry": shapely.geometry.mapping(shape),
        }
        for finding, shape in zip(report.findings, shapes, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def _read(boundaries: Sequence[bytes]) -> GeometryArray:
    read: Any = shapely.from_wkb(np.array(list(boundaries), dtype=object))
    return np.asarray(read, dtype=object)


def _polygons(shapes: GeometryArray) -> tuple[GeometryArray, npt.NDArray[np.int64]]:
    """The polygons in geometries of any kind, with the index of the one that each is from."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    # Collections hold multipolygons: once more.
    parts, again = shapely.get_parts(parts, return_index=True)
    of = of[again]
    flat = (shapely.get_type_id(parts) == _POLYGON_TYPE) & ~shapely.is_empty(parts)
    return parts[flat], of[flat]
