"""House numbers: odd on one side of a street, even on the other, counted from its first vertex."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import shapely
from shapely import LineString, Point

from gridmap.domain.area_codes import reading_order

from . import frame, plan_streets
from .site import Built, House

_METRES_PER_NUMBER = 9.0
_SIDE_HOUSES = {"lodge": "门卫室", "hall": "社区用房"}
_PARKS = frozenset({"bank", "lake"})


@dataclass(frozen=True, slots=True)
class Address:
    """A place on a street in both languages."""

    text: str
    text_en: str


class Register:
    """Gives every door on a street its own number."""

    def __init__(self) -> None:
        self._streets = [
            (street.name, street.name_en, frame.warp(LineString(street.line)))
            for street in plan_streets.STREETS
        ]
        self._given: dict[str, set[int]] = defaultdict(set)

    def number(self, spot: Point, *, only: str = "") -> Address:
        """The next free number near a place, on the nearest street or on the one named."""
        choice = [street for street in self._streets if only in ("", street[0])]
        name, name_en, line = min(choice, key=lambda street: street[2].distance(spot))
        along = line.project(spot)
        a, b = line.interpolate(max(along - 2, 0)), line.interpolate(min(along + 2, line.length))
        left = (b.x - a.x) * (spot.y - a.y) - (b.y - a.y) * (spot.x - a.x) > 0
        wanted = 2 * int(along / _METRES_PER_NUMBER) + (1 if left else 2)
        while wanted in self._given[name]:
            wanted += 2
        self._given[name].add(wanted)
        return Address(f"{name}{wanted}号", f"No. {wanted} {name_en}")


def order_in_compound(houses: list[House]) -> list[House]:
    """Numbering order of a compound's houses: rows from north to south, in each from west to east."""
    middles = [house.outline.centroid for house in houses]
    return [houses[i] for i in reading_order([(p.x, p.y) for p in middles], row_height=14.0)]


def assign(towns: list[Built]) -> dict[int, Address]:
    """The address of every house, by ``id`` of the house."""
    register = Register()
    result: dict[int, Address] = {}
    for built in towns:
        for house in order_in_compound([h for h in built.houses if h.role == "shop"]):
            result[id(house)] = register.number(house.outline.centroid)
    for built in towns:
        plot = built.parcel.plot
        door = built.gates[0] if built.gates else built.parcel.lot.centroid
        own = register.number(shapely.Point(door)) if built.houses else Address("", "")
        others = order_in_compound([h for h in built.houses if h.role != "shop"])
        homes = 0
        lane_numbers = 0
        for house in others:
            if plot.kind in _PARKS:
                door = register.number(house.outline.centroid)
                result[id(house)] = Address(f"{door.text}（{house.name}）", door.text_en)
            elif house.role == "lane_house":
                lane_numbers += 1
                result[id(house)] = Address(
                    f"{plot.name}{lane_numbers}号", f"No. {lane_numbers} {plot.name_en}"
                )
            elif house.name:
                result[id(house)] = Address(f"{own.text}（{house.name}）", own.text_en)
            elif house.households or house.role in ("office", "mall"):
                homes += 1
                result[id(house)] = Address(
                    f"{own.text}{plot.name}{homes}栋", f"Bldg {homes}, {plot.name_en}, {own.text_en}"
                )
            else:
                suffix = _SIDE_HOUSES.get(house.role, "附属用房")
                result[id(house)] = Address(
                    f"{own.text}{plot.name}{suffix}", f"{plot.name_en}, {own.text_en}"
                )
    return result
