"""Service points with positions, addresses, areas and codes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import shapely
from shapely import Point

from . import frame
from .addresses import Address
from .features import Feature
from .land import office_phone
from .place import Building, Place
from .plan_blocks import ENGLISH_NAME_OF
from .plan_names import COMMUNITY_BY_KEY, DATA_DATE
from .plan_points import (
    CENTER_HOUSEHOLDS,
    COMMUNITY_HALLS,
    POINTS,
    SHEDS_BUILDING,
    SHEDS_BUILT,
    WEEKDAYS,
    PointPlan,
    services_of,
)

_APART_M = 6.0
_SHED_TO_WALL_M = 3.2
_NO_PHONE = frozenset({"SP07", "SP12", "SP13", "SP17", "SP99"})


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """A point with its place on the ground and in the areas."""

    code: str
    plan: PointPlan
    spot: Point
    address: Address
    micro_grid_code: str
    building_code: str | None


def all_plans() -> list[PointPlan]:
    """The plans in the order of their codes: by category, then as written."""
    plans = list(POINTS)
    for key, estate, station, talk, talk_en in COMMUNITY_HALLS:
        c = COMMUNITY_BY_KEY[key]
        word = c.name_en.split()[0]
        plans += [
            PointPlan(
                "SP01",
                f"{c.name}党群服务中心",
                f"{word} Community Party Service Centre",
                f"hall:{estate}",
                WEEKDAYS,
                area_m2=620,
                floor="1-2F",
                operator=f"{c.name}居民委员会",
                alias=(f"{c.name[:-2]}党群中心",),
            ),
            PointPlan("SP02", station, f"{word} Way Station", f"gate:{estate}"),
            PointPlan("SP04", talk, talk_en, f"open:{estate}", brands=("五步议事法",)),
            PointPlan(
                "SP05",
                f"{c.name}网格工作站",
                f"{word} Grid Workstation",
                f"hall:{estate}",
                WEEKDAYS,
                operator=f"{c.name}居民委员会",
            ),
        ]
    for status, estates in (("built", SHEDS_BUILT), ("building", SHEDS_BUILDING)):
        for estate in estates:
            plans.append(
                PointPlan(
                    "SP07",
                    f"{estate}电动自行车充电车棚",
                    f"E-bike Charging Shed, {ENGLISH_NAME_OF[estate]}",
                    f"shed:{estate}",
                    "24/7" if status == "built" else None,
                    status,
                    area_m2=55,
                    capacity=24,
                    floor="",
                    brands=("平安合伙人",),
                )
            )
    plans += [
        PointPlan(
            "SP17",
            f"{estate}党员中心户",
            "Party Centre Household",
            f"home:{estate}",
            None,
            floor="",
            area_m2=0,
        )
        for estate in CENTER_HOUSEHOLDS
    ]
    return sorted(plans, key=lambda plan: plan.category)


class _Places:
    """Finds a position for each kind of ``at``; two points never stand on one spot."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.by_name = {row.house.name: row for row in place.buildings if row.house.name}
        self.index = {built.parcel.plot.name: i for i, built in enumerate(place.towns)}
        self.rows: dict[int, list[Building]] = defaultdict(list)
        for row in place.buildings:
            self.rows[row.parcel_index].append(row)
        self.used: list[Point] = []

    def find(self, at: str) -> tuple[Point, Building | None]:
        kind, what = at.split(":")
        if kind == "sheet":
            u, v = what.split(",")
            return self._free([frame.warp_point(float(u), float(v))]), None
        if kind == "cover":
            covers = [c for built in self.place.towns for c in built.covers if c.name == what]
            return self._free([covers[0].shape.representative_point()]), None
        if kind == "house":
            row = self.by_name[what]
            return self._free(_inside(row)), row
        parcel = self.index[what]
        if kind == "hall":
            row = self._hall(parcel)
            return self._free(_inside(row)), row
        if kind == "home":
            homes = [row for row in self.rows[parcel] if row.house.households]
            row = homes[len(homes) // 3]
            return self._free(_inside(row)), row
        if kind == "gate":
            return self._by_gate(parcel), None
        return self._open(parcel, shed=kind == "shed"), None

    def _hall(self, parcel: int) -> Building:
        gates = self.place.towns[parcel].gates
        halls = [row for row in self.rows[parcel] if row.house.role == "hall"]
        shops = [
            row for row in self.rows[parcel] if row.house.role == "shop" and row.house.outline.area > 120
        ]
        choice = halls or shops or self.rows[parcel]
        return min(choice, key=lambda row: (round(row.house.outline.distance(gates[0]), 2), row.code))

    def _by_gate(self, parcel: int) -> Point:
        built = self.place.towns[parcel]
        inner = built.parcel.lot.centroid
        options = []
        for reach in (9.0, 14.0, 20.0, 27.0):
            for gate in built.gates:
                length = gate.distance(inner)
                options.append(
                    Point(
                        gate.x + (inner.x - gate.x) * reach / length,
                        gate.y + (inner.y - gate.y) * reach / length,
                    )
                )
        return self._free(options)

    def _open(self, parcel: int, *, shed: bool) -> Point:
        """A spot beside an inner walk, away from walls; a shed stands where most e-bikes are near."""
        built = self.place.towns[parcel]
        houses = shapely.union_all([row.house.outline for row in self.rows[parcel]])
        demand = [(row.middle, row.house.outline.centroid, row.house.ebikes) for row in self.rows[parcel]]
        options: list[tuple[float, float, float, Point]] = []
        for walk in built.walks:
            if walk.kind != "footway":
                continue
            for side in (3.8, -3.8):
                line = walk.line.offset_curve(side)
                if line.is_empty:
                    continue
                for at in range(6, int(line.length) - 5, 6):
                    spot = line.interpolate(at)
                    wall = houses.distance(spot)
                    if not built.parcel.lot.contains(spot) or wall < _SHED_TO_WALL_M:
                        continue
                    if any(spot.distance(other) < _APART_M for other in self.used):
                        continue
                    reach = sum(n * middle.distance(spot) for _, middle, n in demand) if shed else -wall
                    options.append((round(reach, 3), round(spot.x, 3), round(spot.y, 3), spot))
        best = min(options, key=lambda option: option[:3])[3]
        return self._free([best])

    def _free(self, options: list[Point]) -> Point:
        for spot in options:
            if all(spot.distance(other) >= _APART_M for other in self.used):
                self.used.append(spot)
                return spot
        self.used.append(options[0])
        return options[0]


def _inside(row: Building) -> list[Point]:
    """Positions inside a house, its middle first."""
    outline = row.house.outline
    middle = outline.representative_point()
    west, south, east, north = outline.bounds
    spots = [
        Point(west + (east - west) * i / 6, south + (north - south) * j / 6)
        for i in range(1, 6)
        for j in range(1, 6)
    ]
    return [middle, *[spot for spot in spots if outline.buffer(-1.0).contains(spot)]]


def build(place: Place) -> list[ServicePoint]:
    """All service points in the order of their codes."""
    finder = _Places(place)
    result = []
    counts: dict[str, int] = defaultdict(int)
    for plan in all_plans():
        spot, row = finder.find(plan.at)
        counts[plan.category] += 1
        address = row.address if row is not None else _address(place, spot)
        micro_grid = row.micro_grid_code if row is not None else place.micro_grid_at(spot).code
        code = f"{plan.category}-{counts[plan.category]:03d}"
        result.append(ServicePoint(code, plan, spot, address, micro_grid, row.code if row else None))
    return result


def _address(place: Place, spot: Point) -> Address:
    near = min(place.buildings, key=lambda row: (round(row.house.outline.distance(spot), 2), row.code))
    text = near.address.text.removesuffix("门卫室").removesuffix("附属用房")
    return Address(f"{text}旁", f"Near {near.address.text_en}")


def features(points: list[ServicePoint], tour_texts: dict[str, str]) -> list[Feature]:
    """The layer of service points."""
    result = []
    for number, point in enumerate(points, start=1):
        plan = point.plan
        restricted = plan.category == "SP17"
        result.append(
            Feature(
                frame.point_degrees(point.spot),
                {
                    "code": point.code,
                    "name": plan.name,
                    "name_en": plan.name_en,
                    "alias": list(plan.alias),
                    "category_code": plan.category,
                    "status": plan.status,
                    "address": point.address.text,
                    "address_en": point.address.text_en,
                    "community_code": point.micro_grid_code[:12],
                    "grid_code": point.micro_grid_code[:14] + "0",
                    "floor": plan.floor or None,
                    "area_m2": plan.area_m2 or None,
                    "capacity": plan.capacity,
                    "opening_hours": plan.hours,
                    "office_phone": None if plan.category in _NO_PHONE else office_phone(5000 + number),
                    "services": list(services_of(plan)),
                    "operator": plan.operator or None,
                    "brand_tags": list(plan.brands),
                    "tour_text": tour_texts.get(plan.name),
                    "visibility": "restricted" if restricted else "public",
                    "source": "示意数据",
                    "surveyed_on": f"2026-{3 + number % 8:02d}-{1 + number % 27:02d}",
                    "accuracy_class": "A" if point.building_code else "B",
                    "valid_from": DATA_DATE[:4] + "-01-01",
                    "valid_to": None,
                },
            )
        )
    return result
