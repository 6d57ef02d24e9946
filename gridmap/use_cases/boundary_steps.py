"""What one step of the boundary editor makes of the areas: the commands, carried out on a drawing.

Areas above those that are edited follow: a grid, community or subdistrict that was exactly the ground of its
parts still is afterwards. One that was not (a scheme may leave out water) is left as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import LineString, Polygon

from gridmap.domain.area_codes import (
    MAX_GRIDS_PER_COMMUNITY,
    MAX_MICRO_GRIDS_PER_GRID,
    AreaLevel,
    InvalidAreaCode,
    grid_code,
    micro_grid_code,
    reading_order,
    validate,
)
from gridmap.domain.boundary_edits import (
    ZONE_LEVEL,
    Draw,
    EditCommand,
    EditedArea,
    End,
    Merge,
    MoveCorners,
    Rename,
    Reshape,
    Split,
    Transfer,
    check_zone_code,
)
from gridmap.domain.errors import InvalidInput, NotFound
from gridmap.importing import editing
from gridmap.importing.editing import EditRefused, Faults, Scale, Shape, Shapes

MICRO_GRID, GRID = AreaLevel.MICRO_GRID.value, AreaLevel.GRID.value
COMMUNITY, SUBDISTRICT = AreaLevel.COMMUNITY.value, AreaLevel.SUBDISTRICT.value
UPPER = {MICRO_GRID: GRID, GRID: COMMUNITY, COMMUNITY: SUBDISTRICT}
EDITABLE = (MICRO_GRID, GRID, ZONE_LEVEL)

_SAME_GROUND_M2 = 1.0
"""An area is made of its parts when no more than this parts the two."""
_UNCHANGED_M2 = 1e-6
_NEW = "+"


@dataclass(frozen=True, slots=True)
class Drawing:
    """All areas of a piece of ground after some steps; ``shapes`` of those that have not ended.

    Neighbours in ``shapes`` share their corners, across levels too.
    """

    areas: Mapping[str, EditedArea]
    shapes: Mapping[str, Shape]

    @classmethod
    def as_stored(cls, areas: Iterable[EditedArea]) -> Drawing:
        """Read the areas' boundaries as they are: enough to measure, not to draw on."""
        by_key = {area.key: area for area in areas}
        standing = [area for area in by_key.values() if not area.is_ended]
        shapes = shapely.from_wkb(np.array([area.boundary for area in standing], dtype=object))
        return cls(by_key, {area.key: shape for area, shape in zip(standing, shapes, strict=True)})

    @classmethod
    def of(cls, areas: Iterable[EditedArea]) -> Drawing:
        """Read the areas' boundaries, and let neighbours share their corners."""
        read = cls.as_stored(areas)
        return cls(read.areas, editing.with_shared_nodes(dict(read.shapes)))

    def after(self, changed: Iterable[EditedArea]) -> Drawing:
        """The drawing with some areas as a step left them."""
        return Drawing.of({**self.areas, **{area.key: area for area in changed}}.values())

    def level(self, level: str) -> Shapes:
        """The shapes of one level."""
        return {key: shape for key, shape in self.shapes.items() if self.areas[key].level == level}

    def parts_of(self, key: str) -> list[str]:
        """The keys of what hangs directly under an area."""
        return [
            area.key for area in self.areas.values() if area.parent_key == key and area.key in self.shapes
        ]


def carry_out(drawing: Drawing, command: EditCommand, *, used_codes: set[str]) -> list[EditedArea]:
    """Do one step; returns every area that it changes, parents included.

    Raises
    ------
    EditRefused, InvalidInput, NotFound
        Nothing is changed then.
    """
    match command:
        case Split():
            changed, shapes = _split(drawing, command)
        case Merge():
            changed, shapes = _merge(drawing, command)
        case MoveCorners():
            level = drawing.level(command.level)
            shapes = editing.move_corners(level, command.moves)
            changed = [drawing.areas[key] for key in shapes]
        case Reshape():
            changed, shapes = _reshape(drawing, command)
        case Draw():
            changed, shapes = _draw(drawing, command)
        case Rename():
            changed, shapes = _rename(drawing, command, used_codes), {}
        case Transfer():
            changed, shapes = _transfer(drawing, command), {}
        case End():
            changed, shapes = _end(drawing, command), {}
    scale = Scale.of(drawing.shapes.values())
    grounds = {
        key: shape
        for key, shape in shapes.items()
        if key not in drawing.shapes
        or editing.difference_m2(shape, drawing.shapes[key], scale) > _UNCHANGED_M2
    }
    if not isinstance(command, Split | Merge):
        for key in grounds:
            if drawing.areas.get(key) is not None and drawing.parts_of(key):
                raise EditRefused("follows_its_parts", area=drawing.areas[key].name)
    result = {
        area.key: replace(area, boundary=shapely.to_wkb(grounds[area.key], byte_order=1))
        if area.key in grounds
        else area
        for area in changed
    }
    result = {key: area for key, area in result.items() if area != drawing.areas.get(key)}
    if not isinstance(command, End):
        result |= _followed(drawing, result, scale)
    if not result:
        raise EditRefused("nothing_changes")
    return list(result.values())


def with_codes(areas: Mapping[str, EditedArea], used_codes: set[str]) -> dict[str, EditedArea]:
    """Give every area without a code one: W→E and N→S under each parent, after all that were ever used.

    Raises
    ------
    EditRefused
        A parent has no code left.
    """
    complete = dict(areas)
    taken = used_codes | {area.code for area in areas.values() if area.code}
    for level in (GRID, MICRO_GRID, ZONE_LEVEL):
        groups: dict[str, list[EditedArea]] = defaultdict(list)
        for area in complete.values():
            if area.level == level and not area.code and not area.is_ended:
                groups[area.parent_key or ""].append(area)
        for parent_key, group in sorted(groups.items()):
            shapes = np.array([shapely.from_wkb(area.boundary) for area in group], dtype=object)
            points = [
                (float(x), float(y)) for x, y in shapely.get_coordinates(shapely.point_on_surface(shapes))
            ]
            height = float(np.median(shapely.bounds(shapes)[:, 3] - shapely.bounds(shapes)[:, 1])) / 2
            for index in reading_order(points, row_height=max(height, 1e-9)):
                area = group[index]
                if level == ZONE_LEVEL:
                    code = _next_zone_code(area, complete, taken)
                else:
                    code = _next_code(level, complete[parent_key].code, taken)
                taken.add(code)
                complete[area.key] = replace(area, code=code)
    return complete


def faults_of(drawing: Drawing, keys: Iterable[str], *, level: str) -> Faults:
    """What is wrong with some areas of a level beside their neighbours and in their parents."""
    looked_at = {key for key in keys if key in drawing.shapes and drawing.areas[key].level == level}
    upper_keys = {drawing.areas[key].parent_key for key in keys if key in drawing.areas}
    parents = [drawing.shapes[key] for key in upper_keys if key is not None and key in drawing.shapes]
    shapes = drawing.level(level)
    if parents:
        around = shapely.union_all([*parents, *(shapes[key] for key in looked_at)])
        shapely.prepare(around)
        shapes = {key: shape for key, shape in shapes.items() if around.intersects(shape)}
    return editing.faults(shapes, looked_at, parents=parents, scale=Scale.of(drawing.shapes.values()))


def _area(drawing: Drawing, key: str) -> EditedArea:
    area = drawing.areas.get(key)
    if area is None or area.is_ended:
        raise NotFound(what="area", key=key)
    if area.level not in EDITABLE:
        raise EditRefused("level_is_fixed", field="area", area=area.name)
    return area


def _new_keys(drawing: Drawing, count: int) -> list[str]:
    used = [int(key[1:]) for key in drawing.areas if key.startswith(_NEW)]
    first = max(used, default=0) + 1
    return [f"{_NEW}{number}" for number in range(first, first + count)]


def _split(drawing: Drawing, command: Split) -> tuple[list[EditedArea], Shapes]:
    area = _area(drawing, command.key)
    parts = drawing.parts_of(area.key)
    snap_m = command.snap_m
    points, noded = editing.snapped(drawing.level(area.level), command.line, tolerance_m=snap_m)
    shape = noded.get(area.key, drawing.shapes[area.key])
    pieces = editing.split(shape, _line(points))
    keys = [area.key, *_new_keys(drawing, len(pieces) - 1)]
    made = [area] + [
        replace(
            area,
            key=key,
            code="",
            name=f"{area.name}·{number}",
            name_en=f"{area.name_en} {number}" if area.name_en else None,
            base_id=None,
            base_hash="",
            posts_from=area.code or area.posts_from,
        )
        for number, key in enumerate(keys[1:], start=2)
    ]
    if not parts:
        return made, dict(zip(keys, pieces, strict=True))
    # What has parts is parted between them: none is cut, each goes where most of it lies.
    side = [
        int(np.argmax([shapely.area(shapely.intersection(drawing.shapes[part], piece)) for piece in pieces]))
        for part in parts
    ]
    if set(side) != set(range(len(pieces))):
        raise EditRefused("no_part_on_that_side")
    shapes = {
        key: editing.union(
            [drawing.shapes[part] for part, at in zip(parts, side, strict=True) if at == index]
        )
        for index, key in enumerate(keys)
    }
    for key, taken in shapes.items():
        if len(shapely.get_parts(taken)) > len(shapely.get_parts(shape)):
            raise EditRefused("would_cut_apart", area=drawing.areas.get(key, area).name)
    moved = [_under(drawing.areas[part], keys[at]) for part, at in zip(parts, side, strict=True) if at != 0]
    return [*made, *moved], shapes


def _merge(drawing: Drawing, command: Merge) -> tuple[list[EditedArea], Shapes]:
    areas = [_area(drawing, key) for key in command.keys]
    if len({area.level for area in areas}) > 1:
        raise EditRefused("different_levels", field="areas")
    if len(set(command.keys)) < len(command.keys):
        raise EditRefused("not_neighbours", field="areas")
    kept, *others = areas
    shape = editing.merge([drawing.shapes[area.key] for area in areas])
    moved = [
        _under(drawing.areas[part], kept.key) for other in others for part in drawing.parts_of(other.key)
    ]
    return [kept, *(replace(other, is_ended=True) for other in others), *moved], {kept.key: shape}


def _reshape(drawing: Drawing, command: Reshape) -> tuple[list[EditedArea], Shapes]:
    area = _area(drawing, command.key)
    points, noded = editing.snapped(drawing.level(area.level), command.line, tolerance_m=command.snap_m)
    shapes = editing.reshape(
        drawing.level(area.level) | noded,
        area.key,
        _line(points),
        within=_above(drawing, area.level),
        may_leave_gaps=area.level == ZONE_LEVEL,
    )
    return [drawing.areas[key] for key in shapes], shapes


def _draw(drawing: Drawing, command: Draw) -> tuple[list[EditedArea], Shapes]:
    level = drawing.level(command.level)
    points, noded = editing.snapped(level, [*command.outline, command.outline[0]], tolerance_m=command.snap_m)
    if len(set(points)) < 3:
        raise EditRefused("piece_too_small", field="outline")
    (key,) = _new_keys(drawing, 1)
    above = _above(drawing, command.level)
    shapes = editing.draw(level | noded, key, Polygon(points), within=above)
    parent_key = None
    if above is not None:
        inside = shapes[key].representative_point()
        uppers = drawing.level(UPPER[command.level])
        parent_key = min((k for k, shape in uppers.items() if shape.covers(inside)), default=None)
        if parent_key is None:
            raise EditRefused("no_parent", field="outline")
    new = EditedArea(
        key=key,
        level=command.level,
        code="",
        name=command.name,
        name_en=None,
        parent_key=parent_key,
        base_id=None,
        boundary=b"",
    )
    return [new, *(drawing.areas[k] for k in shapes if k != key)], shapes


def _rename(drawing: Drawing, command: Rename, used_codes: set[str]) -> list[EditedArea]:
    area = _area(drawing, command.key)
    renamed = replace(area, name=command.name, name_en=command.name_en)
    if not command.code or command.code == area.code:
        return [renamed]
    in_use = {other.code for other in drawing.areas.values() if other.key != area.key} | used_codes
    if command.code in in_use - {area.key}:
        raise InvalidInput(field="code", reason="boundary.code_in_use", area=command.code)
    if area.level == ZONE_LEVEL:
        check_zone_code(command.code)
        return [replace(renamed, code=command.code, posts_from=area.posts_from or area.code)]
    try:
        validate(command.code, AreaLevel(area.level))
    except InvalidAreaCode as error:
        raise InvalidInput(field="code", reason="boundary.code_does_not_fit", area=command.code) from error
    parent = drawing.areas.get(area.parent_key or "")
    if parent is not None and not command.code.startswith(_stem(parent)):
        raise InvalidInput(field="code", reason="boundary.code_of_another_parent", area=parent.code)
    recoded = [replace(renamed, code=command.code, posts_from=area.posts_from or area.code)]
    # What hangs under a grid begins with its code.
    for part in drawing.parts_of(area.key):
        below = drawing.areas[part]
        code = command.code[:14] + below.code[14:] if below.code else ""
        recoded.append(replace(below, code=code, posts_from=below.posts_from or below.code or None))
    return recoded


def _transfer(drawing: Drawing, command: Transfer) -> list[EditedArea]:
    area = _area(drawing, command.key)
    parent = _area(drawing, command.parent_key)
    if area.level != MICRO_GRID or parent.level != GRID:
        raise EditRefused("different_levels", field="areas")
    if area.parent_key == parent.key:
        raise EditRefused("nothing_changes")
    if not drawing.parts_of(parent.key):
        raise EditRefused("has_no_parts", field="areas", area=parent.name)
    return [_under(area, parent.key)]


def _end(drawing: Drawing, command: End) -> list[EditedArea]:
    area = _area(drawing, command.key)
    if drawing.parts_of(area.key):
        raise EditRefused("has_parts", field="areas", area=area.name)
    return [replace(area, is_ended=True)]


def _under(area: EditedArea, parent_key: str) -> EditedArea:
    """The area under another parent: it needs another code, and its people stay."""
    return replace(area, parent_key=parent_key, code="", posts_from=area.posts_from or area.code or None)


def _followed(drawing: Drawing, changed: Mapping[str, EditedArea], scale: Scale) -> dict[str, EditedArea]:
    """The areas above the changed ones, drawn anew where they were made of their parts before."""
    after = {**drawing.areas, **changed}
    shapes: Shapes = {
        **drawing.shapes,
        **{key: shapely.from_wkb(area.boundary) for key, area in changed.items()},
    }
    parts: dict[str, list[str]] = defaultdict(list)
    for area in after.values():
        if area.parent_key is not None and not area.is_ended:
            parts[area.parent_key].append(area.key)
    followed: dict[str, EditedArea] = {}
    for level in (MICRO_GRID, GRID, COMMUNITY):
        moved = {key for key, area in {**changed, **followed}.items() if area.level == level}
        uppers = {
            parent
            for key in moved
            for parent in (
                after[key].parent_key,
                drawing.areas[key].parent_key if key in drawing.areas else None,
            )
            if parent is not None
        }
        for key in sorted(uppers):
            upper = after.get(key)
            if upper is None or upper.is_ended or key not in drawing.shapes or key in changed:
                continue
            before = [drawing.shapes[part] for part in drawing.parts_of(key)]
            if (
                not before
                or editing.difference_m2(editing.union(before), drawing.shapes[key], scale) > _SAME_GROUND_M2
            ):
                continue
            if not parts[key]:
                raise EditRefused("would_swallow", area=upper.name)
            ground = editing.union([shapes[part] for part in parts[key]])
            if editing.difference_m2(ground, drawing.shapes[key], scale) <= _UNCHANGED_M2:
                continue
            if len(shapely.get_parts(ground)) > len(shapely.get_parts(drawing.shapes[key])):
                raise EditRefused("would_cut_apart", area=upper.name)
            shapes[key] = ground
            followed[key] = after[key] = replace(upper, boundary=shapely.to_wkb(ground, byte_order=1))
    return followed


def _above(drawing: Drawing, level: str) -> Shape | None:
    """All ground one level up, in which areas may take what nobody has; zones may lie anywhere."""
    upper = UPPER.get(level)
    shapes = list(drawing.level(upper).values()) if upper else []
    return shapely.union_all(shapes) if shapes else None


def _line(points: Sequence[tuple[float, float]]) -> LineString:
    if len(points) < 2:
        raise EditRefused("line_does_not_cross")
    return LineString(points)


def _stem(parent: EditedArea) -> str:
    return parent.code[:14] if parent.level == GRID else parent.code


def _next_code(level: str, parent: str, taken: set[str]) -> str:
    largest = MAX_MICRO_GRIDS_PER_GRID if level == MICRO_GRID else MAX_GRIDS_PER_COMMUNITY
    codes = [
        micro_grid_code(parent, number) if level == MICRO_GRID else grid_code(parent, number)
        for number in range(1, largest + 1)
    ]
    last = max((index for index, code in enumerate(codes) if code in taken), default=-1)
    # After the last one; where the numbers are used up, one that was left out.
    free = [*codes[last + 1 :], *(code for code in codes[:last] if code not in taken)]
    if not free:
        raise EditRefused("no_code_left", field="code", area=parent)
    return free[0]


def _next_zone_code(zone: EditedArea, areas: Mapping[str, EditedArea], taken: set[str]) -> str:
    """The next number after that of the zone it came from, or of the nearest one."""
    coded = [other for other in areas.values() if other.level == ZONE_LEVEL and other.code]
    origin = zone.posts_from
    if origin is None and coded:
        here = shapely.from_wkb(zone.boundary)
        origin = min(
            coded, key=lambda other: (shapely.from_wkb(other.boundary).distance(here), other.code)
        ).code
    found = re.fullmatch(r"(.+?)(\d{2})", origin or "")
    prefix = found.group(1) if found else f"{origin or 'Z'}-"
    for number in range(1, 1000):
        code = f"{prefix}{number:02d}"
        if code not in taken and (not found or number > int(found.group(2))):
            return code
    raise EditRefused("no_code_left", field="code", area=origin or "")
