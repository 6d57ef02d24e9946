"""How people live: old estates, new compounds, resettlement homes, unit compounds, lanes."""

from __future__ import annotations

from itertools import pairwise

import shapely

from . import shapes
from .frame import rectangle
from .site import BEHIND_SHOPS_M, Site


def _spines(site: Site) -> list[float]:
    west, _, east, _ = site.lot.bounds
    width = east - west
    count = 1 if width < 215 else 2
    rng = site.rng
    return [west + width * ((i + 1) / (count + 1) + rng.uniform(-0.05, 0.05)) for i in range(count)]


def _walks(site: Site, spines: list[float], row_ys: list[float], depth: float) -> None:
    """Spines with gates, a rib in every gap between rows; the middle ribs open sideways."""
    for x in spines:
        site.spine(x)
    gaps = [(a + b) / 2 for a, b in pairwise(row_ys)]
    if not gaps:
        gaps = [row_ys[0] + depth / 2 + 6] if row_ys else []
    for index, y in enumerate(gaps):
        site.rib(y, spines=spines, gates=index == len(gaps) // 2)
    for a, b in pairwise(spines):
        for y in gaps[:1]:
            site.walk([(a, y), (b, y)])


def old_estate(site: Site) -> None:
    """Rows of brick slabs of five to seven storeys, facing south, gardens between them."""
    rng = site.rng
    year = site.parcel.plot.year
    spines = _spines(site)
    depth = float(rng.choice([11.0, 11.6, 12.2]))
    gap = float(rng.uniform(19.5, 23.0))
    stepped = rng.random() < 0.3
    top = 6 if year < 1991 else 7
    area = site.area(front_m=BEHIND_SHOPS_M)
    rows: dict[int, float] = {}
    slots = list(site.slots(area, depth=depth, gap=gap, shortest=22, longest=60, side_gap=8, spines=spines))
    garden = int(rng.integers(0, len(slots))) if len(slots) > 9 else -1
    for index, slot in enumerate(slots):
        rows[slot.row] = slot.y
        if index == garden:
            site.cover(rectangle(slot.x, slot.y, slot.width, depth + 6), "court")
            site.cover(shapes.blob(slot.x - slot.width * 0.2, slot.y, 8, phase=index), "green")
            site.house(rectangle(slot.x + slot.width * 0.3, slot.y, 11, 8), "hall", "public", 2)
            continue
        width = slot.width - float(rng.choice([0.0, 0.0, 2.0, 4.0]))
        offset = 3.0 if stepped and width > 44 else 0.0
        floors = top - int(rng.random() < 0.4)
        units = max(2, round(width / 19.5))
        site.house(
            shapes.slab(slot.x, slot.y, width, depth - offset / 2, offset_m=offset),
            "slab",
            "residential",
            floors,
            units * 2,
        )
        if rng.random() < 0.75:
            site.cover(rectangle(slot.x, slot.y - depth / 2 - 4.2, width - 2, 4.6), "green")
        if rng.random() < 0.35:
            site.cover(rectangle(slot.x, slot.y + depth / 2 + 3.6, width - 8, 2.6), "green")
    _walks(site, spines, [rows[key] for key in sorted(rows)], depth)


def resettlement(site: Site) -> None:
    """Regular newer slabs of eight to eleven storeys, built for villagers and fishermen who had to move."""
    rng = site.rng
    spines = _spines(site)
    depth, gap = 13.0, 25.0
    area = site.area(front_m=BEHIND_SHOPS_M)
    rows: dict[int, float] = {}
    slots = list(site.slots(area, depth=depth, gap=gap, shortest=26, longest=56, side_gap=11, spines=spines))
    square = len(slots) // 2 if len(slots) > 7 else -1
    for index, slot in enumerate(slots):
        rows[slot.row] = slot.y
        if index == square:
            site.cover(rectangle(slot.x, slot.y, slot.width, depth + 10), "court")
            site.cover(rectangle(slot.x - slot.width * 0.22, slot.y, slot.width * 0.35, 12), "sports")
            continue
        units = max(2, round(slot.width / 18.5))
        site.house(
            shapes.notched_slab(slot.x, slot.y, slot.width, depth, units=units),
            "slab",
            "residential",
            int(rng.choice([7, 8, 9])),
            units * 2,
        )
        site.cover(rectangle(slot.x, slot.y - depth / 2 - 6.5, slot.width - 3, 8), "green")
    _walks(site, spines, [rows[key] for key in sorted(rows)], depth)


def commodity(site: Site) -> None:
    """Towers or lift slabs round a garden; the newer, the higher."""
    rng = site.rng
    year = site.parcel.plot.year
    west, south, east, north = site.lot.bounds
    mid_x, mid_y = (west + east) / 2, (south + north) / 2
    spines = [mid_x + float(rng.uniform(-8, 8))]
    high = year >= 2011
    depth, gap = (19.0, 27.0) if high else (14.0, 24.0)
    area = site.area(front_m=13.0)
    reach_x, reach_y = (east - west) * 0.19, (north - south) * (0.11 if high else 0.09)
    garden = shapely.transform(
        shapes.blob(0, 0, 1.0, phase=float(rng.uniform(0, 6)), squash=1.0),
        lambda xy: xy * (reach_x, reach_y) + (mid_x, mid_y),
    )
    open_land = area.difference(garden.buffer(3))
    rows: dict[int, float] = {}
    for slot in site.slots(
        open_land,
        depth=depth,
        gap=gap,
        shortest=24,
        longest=34 if high else 54,
        side_gap=15 if high else 11,
        spines=spines,
        spine_m=12,
    ):
        rows[slot.row] = slot.y
        width = slot.width
        if high:
            twin = width > 30 and rng.random() < 0.5
            shape = (
                shapes.plate_tower(slot.x, slot.y, 34, 17) if twin else shapes.tower(slot.x, slot.y, 26, 19)
            )
            flats, heights = (2, (26, 28, 30, 33)) if year >= 2015 else (3, (17, 18, 18, 18))
            floors = int(rng.choice(heights))
            site.house(shape, "tower", "residential", floors, flats, clear_m=12)
        else:
            units = max(2, round(width / 18))
            floors = int(rng.choice([7, 9, 11])) if year >= 2005 else 7
            site.house(
                shapes.notched_slab(slot.x, slot.y, width, depth, units=units),
                "slab",
                "residential",
                floors,
                units * 2,
            )
        site.cover(
            shapes.blob(slot.x, slot.y - depth / 2 - 7.5, min(width, 34) * 0.5, phase=slot.x, squash=0.32),
            "green",
        )
    site.cover(garden, "green", f"{site.parcel.plot.name}中庭花园", f"{site.parcel.plot.name_en} Garden")
    pond = min(reach_x, reach_y)
    if high or rng.random() < 0.5:
        site.cover(
            shapes.blob(spines[0] + reach_x * 0.42, mid_y + reach_y * 0.42, pond * 0.40, phase=1.0), "water"
        )
    site.cover(
        shapes.blob(spines[0] - reach_x * 0.45, mid_y - reach_y * 0.45, pond * 0.36, phase=2.0), "court"
    )
    for dx, dy in ((-1, 1), (1, 1), (-1, -1), (1, -1)):
        spot = (mid_x + dx * (reach_x + 9), mid_y + dy * 11)
        if site.house(
            rectangle(*spot, 15, 12), "hall", "public", 2, name=f"{site.parcel.plot.name}会所", clear_m=5
        ):
            break
    for x in spines:
        site.spine(x)
    site.rib(mid_y, spines=spines, gates=True)
    ys = [rows[key] for key in sorted(rows)]
    for a, b in pairwise(ys):
        if abs((a + b) / 2 - mid_y) > 14:
            site.rib((a + b) / 2, spines=spines, gates=False)


def unit_compound(site: Site) -> None:
    """A work unit's walled compound: office house and forecourt to the street, staff slabs behind."""
    rng = site.rng
    area = site.area(front_m=9.0)
    west, low, east, high = area.bounds
    split = low + (high - low) * 0.4
    spines = [(west + east) / 2 + float(rng.uniform(-6, 6))]
    front = area.intersection(rectangle((west + east) / 2, (low + split) / 2, 2000, split - low))
    fw, fs, fe, fn = front.bounds
    width = min(88.0, (fe - fw) * 0.40)
    name = site.parcel.plot.name
    left = (fw + spines[0] - 8) / 2
    right = (fe + spines[0] + 8) / 2
    depth = min(44.0, fn - fs - 14)
    site.house(
        shapes.e_block(left, fn - depth / 2 - 2, width, depth, teeth=3),
        "office",
        "office",
        6,
        name=f"{name}办公楼",
    )
    site.cover(rectangle(left, fs + 6, width, 10), "green")
    site.house(rectangle(right, fn - 12, width * 0.9, 15), "office", "office", 5, name=f"{name}业务楼")
    site.cover(rectangle(right - width * 0.2, fs + (fn - fs) * 0.3, 30, 17), "sports")
    site.cover(rectangle(right + width * 0.3, fs + (fn - fs) * 0.3, 22, 17), "green")
    back = area.intersection(rectangle((west + east) / 2, (split + 10 + high) / 2, 2000, high - split - 10))
    rows: dict[int, float] = {}
    for slot in site.slots(back, depth=11.5, gap=20, shortest=22, longest=52, side_gap=9, spines=spines):
        rows[slot.row] = slot.y
        units = max(2, round(slot.width / 18))
        site.house(shapes.slab(slot.x, slot.y, slot.width, 11.5), "slab", "residential", 6, units * 2)
        site.cover(rectangle(slot.x, slot.y - 10, slot.width - 4, 4.5), "green")
    for x in spines:
        site.spine(x)
    ys = [split + 3, *((a + b) / 2 for a, b in pairwise(rows[key] for key in sorted(rows)))]
    for index, y in enumerate(ys):
        site.rib(y, spines=spines, gates=index == 0)


def lanes(site: Site) -> None:
    """Terraces of two or three storeys along lanes: what was here before the estates."""
    rng = site.rng
    area = site.area(front_m=1.0, side_m=2.0)
    west, south, east, north = area.bounds
    spines = [west + (east - west) * share for share in ((0.5,) if east - west < 120 else (0.34, 0.68))]
    depth, lane = 10.2, 3.6
    rows: dict[int, float] = {}
    y = south + depth / 2
    row = 0
    while y + depth / 2 <= north:
        for span in site.chords(area, y, depth / 2):
            x = span[0]
            while x < span[1] - 6:
                width = float(rng.choice([6.6, 7.4, 8.2, 9.4, 11.0]))
                blocked = next((s for s in spines if x < s + 2.2 and x + width > s - 2.2), None)
                if blocked is not None:
                    x = blocked + 2.2
                    continue
                if x + width > span[1]:
                    break
                house_depth = depth - float(rng.choice([0.0, 0.0, 0.8, 1.6]))
                back = row % 2 == 0
                cy = y + (depth - house_depth) / 2 * (1 if back else -1)
                if rng.random() > 0.05:
                    site.house(
                        rectangle(x + width / 2, cy, width, house_depth),
                        "lane_house",
                        "residential",
                        int(rng.choice([2, 3, 3, 4])),
                        1,
                    )
                x += width
                if rng.random() < 0.12:
                    x += 2.4
        rows[row] = y
        y += depth + (lane + 2.4 if row % 2 == 0 else 1.2)
        row += 1
    for x in spines:
        site.spine(x)
    ys = [rows[key] for key in sorted(rows)]
    for index in range(0, len(ys) - 1, 2):
        # Two terraces face each other across a lane; their backs almost touch the next pair.
        site.rib(
            (ys[index] + ys[index + 1]) / 2, spines=spines, gates=index == len(ys) // 2 - (len(ys) // 2) % 2
        )
