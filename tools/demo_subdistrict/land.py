"""Layers of the land as features: areas, compounds, buildings, streets, land cover, gates."""

from __future__ import annotations

from collections import Counter, defaultdict

import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from . import frame, tiling
from .features import Feature
from .place import Place
from .plan_names import COMMUNITIES, COMMUNITY_BY_KEY, COMPOUND_KIND, NAME, NAME_EN
from .site import Cover
from .tiling import SUBDISTRICT_CODE, MicroGrid

_SMALLEST_PATCH_M2 = 8.0


def _multi(polygon: BaseGeometry) -> MultiPolygon:
    if isinstance(polygon, MultiPolygon):
        return polygon
    return MultiPolygon([polygon])


def _degrees(geometry: BaseGeometry) -> BaseGeometry:
    """Rounded degrees; where rounding has made a spike, the sound parts that are left."""
    exact = frame.to_degrees(geometry)
    result = frame.rounded(exact)
    if result.is_valid:
        return result
    sound = shapely.get_parts(shapely.set_precision(exact, frame.GRID_DEG))
    return frame.rounded(MultiPolygon([part for part in sound if isinstance(part, Polygon)]))


def _side_by_side(covers: list[Cover]) -> list[tuple[Cover, BaseGeometry]]:
    """What lies on top is cut out of what lies below, so that the order of drawing does not matter."""
    result: list[tuple[Cover, BaseGeometry]] = []
    above: BaseGeometry = Polygon()
    for cover in reversed(covers):
        parts = [
            part
            for part in shapely.get_parts(cover.shape.difference(above))
            if isinstance(part, Polygon) and part.area > _SMALLEST_PATCH_M2
        ]
        if parts:
            result.append((cover, MultiPolygon(parts)))
        above = above.union(cover.shape.buffer(0))
    return result[::-1]


def office_phone(number: int) -> str:
    """An office phone that cannot be dialled: Wuhan's 027 and the never used exchange 0000."""
    return f"027-0000-{number:04d}"


def areas(place: Place) -> list[Feature]:
    """Subdistrict, communities, grids and micro-grids, each the exact union of its parts."""
    homes: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for row in place.buildings:
        code = row.micro_grid_code
        for part in (SUBDISTRICT_CODE, code[:12], code[:14] + "0", code):
            homes[part] += row.house.households
            people[part] += row.house.residents
    groups: dict[str, list[MicroGrid]] = defaultdict(list)
    for m in place.micro_grids:
        for part in (SUBDISTRICT_CODE, m.code[:12], m.grid_code):
            groups[part].append(m)

    def feature(
        level: str, code: str, parent: str | None, name: str, name_en: str, kind: str, phone: str | None
    ) -> Feature:
        parts = groups.get(code) or [m for m in place.micro_grids if m.code == code]
        return Feature(
            _multi(tiling.merged([m.boundary for m in parts])),
            {
                "level": level,
                "code": code,
                "parent_code": parent,
                "name": name,
                "name_en": name_en,
                "kind": kind,
                "household_count": homes[code],
                "resident_count": people[code],
                "office_phone": phone,
                "office_hours": "Mo-Fr 08:30-12:00,14:00-17:30" if phone else None,
            },
        )

    result = [feature("subdistrict", SUBDISTRICT_CODE, None, NAME, NAME_EN, "ordinary", office_phone(1))]
    for number, c in enumerate(COMMUNITIES, start=1):
        result.append(
            feature(
                "community",
                c.code,
                SUBDISTRICT_CODE,
                c.name,
                c.name_en,
                "ordinary",
                office_phone(100 + number),
            )
        )
    by_code = {c.code: c for c in COMMUNITIES}
    for code in sorted({m.grid_code for m in place.micro_grids}):
        c = by_code[code[:12]]
        number = int(code[12:14])
        dedicated = all(m.cell.dedicated for m in groups[code])
        phone = office_phone(1000 + 100 * int(code[9:12]) + number)
        name = f"{c.name[:-2]}第{number}网格" if not dedicated else f"{groups[code][0].cell.name}专属网格"
        name_en = f"{c.name_en.split()[0]} Grid {number}"
        result.append(
            feature("grid", code, c.code, name, name_en, "dedicated" if dedicated else "ordinary", phone)
        )
    for m in place.micro_grids:
        c = by_code[m.code[:12]]
        label = f"{int(m.code[12:14])}-{m.code[14]}"
        kind = "dedicated" if m.cell.dedicated else "ordinary"
        name = f"{c.name[:-2]}{label}微网格" + (f"（{m.cell.name}）" if m.cell.name else "")
        result.append(
            feature(
                "micro_grid",
                m.code,
                m.grid_code,
                name,
                f"{c.name_en.split()[0]} Micro-grid {label}",
                kind,
                None,
            )
        )
    return result


def compounds(place: Place) -> list[Feature]:
    """Named compounds inside their walls."""
    result = []
    for index, code in sorted(place.compound_codes.items(), key=lambda pair: pair[1]):
        parcel = place.towns[index].parcel
        kind = COMPOUND_KIND[parcel.plot.kind]
        managed = kind in ("commodity", "commercial", "resettlement") or (
            kind == "old_estate" and int(code[2:]) % 3 == 0
        )
        result.append(
            Feature(
                _multi(_degrees(parcel.lot)),
                {
                    "code": code,
                    "name": parcel.plot.name,
                    "name_en": parcel.plot.name_en,
                    "kind": kind,
                    "community_code": COMMUNITY_BY_KEY[parcel.community].code,
                    "built_year": parcel.plot.year,
                    "has_property_company": managed,
                },
            )
        )
    return result


def buildings(place: Place) -> list[Feature]:
    """Every house."""
    return [
        Feature(
            _multi(_degrees(row.house.outline)),
            {
                "code": row.code,
                "compound_code": row.compound_code,
                "address": row.address.text,
                "kind": row.house.kind,
                "floor_count": row.house.floors,
                "household_count": row.house.households,
                "resident_count": row.house.residents,
                "elderly_count": row.house.elderly,
                "ebike_count": row.house.ebikes,
            },
        )
        for row in place.buildings
    ]


def streets(place: Place) -> list[Feature]:
    """The walking network; a street keeps its name on every piece."""
    return [
        Feature(
            frame.rounded(frame.to_degrees(link.line)),
            {
                "code": f"LJ{number:05d}",
                "name": link.name or None,
                "name_en": link.name_en or None,
                "kind": link.kind,
                "width_m": link.width_m,
                "is_walkable": True,
            },
        )
        for number, link in enumerate(place.links, start=1)
    ]


def landcover(place: Place) -> list[Feature]:
    """Water, green, squares, courts and sports grounds, in drawing order."""
    ground = place.fabric
    patches: list[tuple[str, str | None, str | None, BaseGeometry]] = [
        ("river", "江", "The River", ground.river),
        ("green", "岚渠绿道", "Lan Canal Greenway", ground.canal_bank),
    ]
    covers = [pair for built in place.towns for pair in _side_by_side(built.covers)]
    for kind in ("green", "plaza", "court", "sports"):
        patches += [(kind, c.name or None, c.name_en or None, shape) for c, shape in covers if c.kind == kind]
    patches.append(("water", "岚渠", "Lan Canal", ground.canal_water))
    patches.append(("water", "岚湖", "Lan Lake", ground.lake))
    patches += [
        ("water", c.name or None, c.name_en or None, shape) for c, shape in covers if c.kind == "water"
    ]
    return [
        Feature(_multi(_degrees(shape)), {"kind": kind, "name": name, "name_en": name_en})
        for kind, name, name_en, shape in patches
    ]


def gates(place: Place) -> list[Feature]:
    """Gates in the compounds' walls, named by the side they are on."""
    result = []
    for index, code in sorted(place.compound_codes.items(), key=lambda pair: pair[1]):
        built = place.towns[index]
        middle = built.parcel.lot.centroid
        used: Counter[str] = Counter()
        for gate in built.gates:
            side = _side(middle, gate)
            used[side] += 1
            name = f"{side}门" if used[side] == 1 else f"{side}{used[side]}门"
            result.append(Feature(frame.point_degrees(gate), {"compound_code": code, "name": name}))
    return result


def _side(middle: Point, gate: Point) -> str:
    dx, dy = gate.x - middle.x, gate.y - middle.y
    if abs(dx) > abs(dy):
        return "东" if dx > 0 else "西"
    return "北" if dy > 0 else "南"
