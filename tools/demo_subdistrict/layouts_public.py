"""Schools, the hospital, shops, offices, works, parks, the lake and the bank."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from shapely import Polygon

from . import shapes
from .frame import rectangle
from .site import Site, largest


@dataclass(frozen=True, slots=True)
class _Box:
    """The usable rectangle of a site, addressed by shares of its width and height."""

    west: float
    south: float
    east: float
    north: float

    def x(self, share: float) -> float:
        return self.west + share * (self.east - self.west)

    def y(self, share: float) -> float:
        return self.south + share * (self.north - self.south)

    @property
    def width(self) -> float:
        return self.east - self.west

    @property
    def height(self) -> float:
        return self.north - self.south


def _box(site: Site, inset_m: float) -> _Box:
    """A generous upright rectangle inside the lot."""
    land = site.lot.buffer(-inset_m)
    west, south, east, north = land.bounds
    box = shapely.box(west, south, east, north)
    for _ in range(60):
        if land.covers(box):
            break
        west, south, east, north = box.bounds
        best = None
        for dw, ds, de, dn in ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)):
            trial = shapely.box(west + 2 * dw, south + 2 * ds, east - 2 * de, north - 2 * dn)
            loss = trial.difference(land).area / max(trial.area, 1) + (box.area - trial.area) * 1e-6
            if best is None or loss < best[0]:
                best = (loss, trial)
        assert best is not None
        box = best[1]
    return _Box(*box.bounds)


def school(site: Site) -> None:
    """A middle school: track, class houses, laboratory, dormitories, hall."""
    b = _box(site, 8)
    name = site.parcel.plot.name
    tall = b.height > b.width
    track_length, track_width = (150.0, 84.0)
    cx, cy = (b.x(0.5) + 6, b.south + 84) if tall else (b.x(0.3), b.y(0.5))
    oval = shapes.track(0, 0, track_length, track_width)
    if tall:
        oval = shapes.turned(oval, 90)
    site.cover(shapes.moved(oval, cx, cy), "sports", f"{name}田径场", f"{site.parcel.plot.name_en} Track")
    site.cover(shapes.moved(oval.buffer(-9), cx, cy), "green")
    site.house(rectangle(b.x(0.10), b.south + 84, 24, 44), "hall", "school", 3, name=f"{name}体育馆")
    for index in range(3):
        site.cover(rectangle(b.x(0.9), b.south + 28 + 40 * index, 17, 30), "sports")
    top = b.south + 182
    site.house(
        shapes.e_block(b.x(0.34), top + 34, b.width * 0.52, 52, wing_m=13),
        "school",
        "school",
        5,
        name=f"{name}教学楼",
    )
    site.house(
        shapes.h_block(b.x(0.82), top + 34, b.width * 0.26, 50, wing_m=13),
        "school",
        "school",
        5,
        name=f"{name}实验楼",
    )
    site.cover(rectangle(b.x(0.5), top + 76, b.width * 0.5, 18), "court")
    site.house(rectangle(b.x(0.2), b.north - 54, 52, 15), "school", "school", 6, name=f"{name}学生公寓")
    site.house(rectangle(b.x(0.2), b.north - 24, 52, 15), "school", "school", 6, name=f"{name}学生公寓")
    site.house(rectangle(b.x(0.58), b.north - 32, 36, 26), "hall", "school", 2, name=f"{name}食堂")
    site.house(rectangle(b.x(0.86), b.north - 24, 30, 15), "school", "school", 4, name=f"{name}图书馆")
    site.cover(rectangle(b.x(0.86), b.north - 54, 34, 26), "green")
    site.ring(4, gate_sides="SNE")


def primary(site: Site) -> None:
    """A primary school: class house, hall, a short track and a ball court."""
    b = _box(site, 7)
    name = site.parcel.plot.name
    length, width = min(108.0, b.width * 0.60), min(58.0, b.height * 0.62)
    site.cover(
        shapes.track(b.west + length / 2, b.south + width / 2 + 2, length, width),
        "sports",
        f"{name}操场",
        f"{site.parcel.plot.name_en} Playground",
    )
    site.cover(shapes.track(b.west + length / 2, b.south + width / 2 + 2, length - 14, width - 14), "green")
    site.house(
        rectangle(b.west + length / 2, b.north - 9, length, 14), "school", "school", 4, name=f"{name}教学楼"
    )
    rest = b.width - length - 12
    site.house(
        shapes.h_block(b.east - rest / 2, b.y(0.60), rest, b.height * 0.62, wing_m=12),
        "school",
        "school",
        5,
        name=f"{name}综合楼",
    )
    site.cover(rectangle(b.east - rest / 2, b.south + 10, rest, 17), "sports")
    site.ring(4, gate_sides="SNWE")


def kindergarten(site: Site) -> None:
    """A kindergarten round a court, with a garden to the south."""
    b = _box(site, 7)
    site.house(
        shapes.ring_block(b.x(0.5), b.y(0.68), min(70, b.width * 0.6), b.height * 0.5, wing_m=11),
        "school",
        "school",
        3,
        name=site.parcel.plot.name,
    )
    site.cover(rectangle(b.x(0.5), b.y(0.2), b.width * 0.5, b.height * 0.3), "sports")
    site.cover(shapes.blob(b.x(0.13), b.y(0.3), 12, phase=1), "green")
    site.cover(shapes.blob(b.x(0.87), b.y(0.3), 12, phase=2), "green")
    site.house(rectangle(b.x(0.1), b.y(0.72), 16, 22), "hall", "public", 3, name="社区儿童之家")
    site.house(rectangle(b.x(0.9), b.y(0.72), 16, 22), "hall", "public", 3, name="社区托育中心")
    site.ring(4, gate_sides="SN")


def hospital(site: Site) -> None:
    """A district hospital: outpatients to the street, wards behind, a garden between."""
    b = _box(site, 9)
    name = site.parcel.plot.name
    site.house(
        shapes.e_block(b.x(0.5), b.north - 27, b.width * 0.66, 48, wing_m=17, teeth=3),
        "hospital",
        "hospital",
        6,
        name=f"{name}门诊楼",
    )
    site.house(
        rectangle(b.x(0.30), b.y(0.33), b.width * 0.42, 20), "hospital", "hospital", 16, name=f"{name}住院部"
    )
    site.house(
        rectangle(b.x(0.78), b.y(0.36), b.width * 0.30, 30), "hospital", "hospital", 5, name=f"{name}医技楼"
    )
    site.house(rectangle(b.x(0.2), b.south + 11, 44, 14), "office", "office", 4, name=f"{name}行政楼")
    site.house(
        rectangle(b.x(0.8), b.south + 11, 40, 16), "hall", "public", 3, name="江岚街道社区卫生服务中心"
    )
    site.cover(shapes.blob(b.x(0.48), b.south + 15, 17, phase=0.4), "green")
    site.cover(rectangle(b.x(0.5), b.y(0.56), b.width * 0.5, 9), "green")
    site.ring(5, gate_sides="SNWE")


def civic(site: Site) -> None:
    """The subdistrict's own place: office, party service centre, culture house, a square."""
    b = _box(site, 8)
    site.house(
        shapes.e_block(b.x(0.34), b.north - 24, b.width * 0.52, 42, wing_m=14, teeth=3),
        "office",
        "office",
        6,
        name="江岚街道办事处",
    )
    site.house(
        rectangle(b.x(0.82), b.north - 22, b.width * 0.26, 34),
        "hall",
        "public",
        4,
        name="江岚街道党群服务中心",
    )
    site.cover(
        rectangle(b.x(0.5), b.y(0.22), b.width * 0.5, b.height * 0.36), "plaza", "升旗广场", "Flag Square"
    )
    site.house(
        rectangle(b.x(0.10), b.y(0.15), 26, b.height * 0.28), "hall", "public", 3, name="江岚街道文化站"
    )
    site.house(
        rectangle(b.x(0.90), b.y(0.15), 26, b.height * 0.28), "hall", "public", 3, name="江岚消防救援站"
    )
    site.cover(rectangle(b.x(0.5), b.south + 5, b.width * 0.5, 8), "green")
    site.ring(4, gate_sides="SNWE")


def mall(site: Site) -> None:
    """A shopping centre of two houses with a street between them, a square and two office towers."""
    b = _box(site, 8)
    w, h = b.width, b.height
    main = rectangle(b.x(0.5), b.y(0.70), w * 0.98, h * 0.54)
    main = largest(main.difference(shapes.blob(b.x(0.52), b.y(0.42), w * 0.24, phase=0.6, squash=0.75)))
    site.house(largest(main.buffer(-6).buffer(6)), "mall", "shop", 6, name="江岚天地购物中心")
    site.cover(rectangle(b.x(0.5), b.y(0.2), w, h * 0.44), "plaza", "江岚天地广场", "Jianglan Plaza Square")
    site.house(
        rectangle(b.x(0.14), b.y(0.16), w * 0.26, h * 0.28).buffer(-4).buffer(4),
        "office",
        "office",
        28,
        name="江岚天地A座",
    )
    site.house(
        rectangle(b.x(0.86), b.y(0.16), w * 0.26, h * 0.28).buffer(-4).buffer(4),
        "office",
        "office",
        24,
        name="江岚天地B座",
    )
    site.cover(shapes.blob(b.x(0.5), b.y(0.16), w * 0.10, phase=2.0), "green")
    site.ring(3, gate_sides="SNWE")


def retail(site: Site) -> None:
    """A shopping block of the 1990s: department stores along a pedestrian street."""
    b = _box(site, 7)
    rows = 2 if b.width < b.height else 1
    columns = 2
    names = iter(
        ("江岚百货大楼", "广济商场", "天桥商城", "江岚影城", "新新百货", "江岚书城", "电讯商城", "百货街酒店")
    )
    count_y = 4 if rows == 2 else 3
    pitch = b.height / count_y
    for row in range(count_y):
        for column in range(columns):
            width = b.width / 2 - 8
            x = b.west + width / 2 if column == 0 else b.east - width / 2
            y = b.south + pitch * (row + 0.5)
            shape = rectangle(x, y, width, pitch - 9)
            if (row + column) % 3 == 1:
                shape = shapes.ring_block(x, y, width, pitch - 9, wing_m=13) if pitch > 50 else shape
            site.house(shape, "mall", "shop", int(site.rng.choice([3, 4, 5, 6])), name=next(names, ""))
    site.cover(rectangle(b.x(0.5), b.y(0.5), 12, b.height), "plaza", "百货步行街", "Baihuo Walk")
    site.spine(b.x(0.5))
    site.rib(b.south + pitch * (count_y // 2), spines=[b.x(0.5)], gates=True)


def market(site: Site) -> None:
    """A produce market: halls, stalls, a yard."""
    b = _box(site, 7)
    name = site.parcel.plot.name
    site.house(
        rectangle(b.x(0.34), b.y(0.5), b.width * 0.5, min(48, b.height * 0.62)), "hall", "shop", 2, name=name
    )
    x0 = b.x(0.66)
    column = (b.east - x0 - 10) / 2
    number = max(2, int(b.height // 20))
    for index in range(number):
        y = b.south + (index + 0.5) * b.height / number
        for side in (0, 1):
            site.house(
                rectangle(x0 + column / 2 + side * (column + 10), y, column, b.height / number - 5),
                "shop",
                "shop",
                2,
            )
    site.cover(rectangle(b.x(0.34), b.south + 6, b.width * 0.5, 9), "court")
    site.cover(rectangle(b.x(0.34), b.north - 5, b.width * 0.5, 8), "plaza")
    site.ring(3, gate_sides="SNWE")


def office(site: Site) -> None:
    """Office towers on a podium with a forecourt."""
    b = _box(site, 8)
    name = site.parcel.plot.name
    floors = (26, 22, 18, 14)
    wide = b.width > b.height
    across, along = (3, 2) if wide and b.width > 150 else ((2, 1) if wide else (1, 2))
    if b.width > 130 and b.height > 130:
        across, along = 2, 2
    letters = iter("ABCDEF")
    index = 0
    for row in range(along):
        for column in range(across):
            w, h = b.width / across - 18, b.height / along - 20
            x, y = b.x((column + 0.5) / across), b.y((row + 0.5) / along)
            shape = rectangle(x, y, min(w, 56), min(h, 40)).buffer(-3).buffer(3)
            site.house(shape, "office", "office", floors[index % 4], name=f"{name}{next(letters)}座")
            index += 1
    site.cover(
        rectangle(b.x(0.5), b.y(0.5), b.width * 0.9, 12),
        "plaza",
        f"{name}广场",
        f"{site.parcel.plot.name_en} Square",
    )
    if along == 2:
        site.cover(shapes.blob(b.x(0.5), b.y(0.5), 12, phase=1.0), "green")
    site.ring(4, gate_sides="SNWE")


def creative(site: Site) -> None:
    """Old works halls turned into studios."""
    b = _box(site, 7)
    name = site.parcel.plot.name
    hall_depth = 22.0
    number = max(2, int(b.height // (hall_depth + 10)))
    pitch = b.height / number
    for row in range(number):
        y = b.south + pitch * (row + 0.5)
        if row % 2 == 0:
            site.house(
                rectangle(b.x(0.5), y, b.width, pitch - 10),
                "works",
                "industrial",
                2,
                name=f"{name}{row + 1}号馆",
            )
        else:
            site.house(
                rectangle(b.x(0.26), y, b.width * 0.5, pitch - 10),
                "works",
                "office",
                3,
                name=f"{name}{row + 1}号馆",
            )
            site.house(
                rectangle(b.x(0.86), y, b.width * 0.26, pitch - 12),
                "works",
                "shop",
                2,
                name=f"{name}{row + 1}号附楼",
            )
            site.cover(rectangle(b.x(0.62), y, b.width * 0.16, pitch - 12), "plaza")
    site.ring(3, gate_sides="SNWE")


def square(site: Site) -> None:
    """A public square with a museum of the old academy and a stage."""
    b = _box(site, 4)
    site.cover(site.lot, "green", site.parcel.plot.name, site.parcel.plot.name_en)
    site.cover(
        rectangle(b.x(0.5), b.y(0.42), b.width * 0.62, b.height * 0.52), "plaza", "同心广场", "Tongxin Square"
    )
    site.house(
        shapes.h_block(b.x(0.5), b.y(0.86), b.width * 0.44, b.height * 0.22, wing_m=9),
        "hall",
        "public",
        2,
        name="书院乡愁博物馆",
    )
    site.house(rectangle(b.x(0.5), b.y(0.09), 26, 10), "stage", "public", 1, name="同心大舞台")
    site.ring(5, gate_sides="SNWE")


def park(site: Site) -> None:
    """A neighbourhood park."""
    b = _box(site, 4)
    plot = site.parcel.plot
    site.cover(site.lot, "green", plot.name, plot.name_en)
    site.cover(shapes.blob(b.x(0.66), b.y(0.62), min(b.width, b.height) * 0.2, phase=0.8), "water")
    site.cover(shapes.blob(b.x(0.3), b.y(0.35), min(b.width, b.height) * 0.15, phase=2.2), "plaza")
    site.cover(rectangle(b.x(0.78), b.y(0.2), 17, 28), "sports")
    site.house(rectangle(b.x(0.3), b.y(0.68), 9, 9), "pavilion", "public", 1, name=f"{plot.name}凉亭")
    site.house(rectangle(b.x(0.14), b.y(0.86), 12, 7), "pavilion", "public", 1, name=f"{plot.name}公厕")
    site.ring(9, gate_sides="SNWE")


def lake(site: Site, lake_shape: Polygon) -> None:
    """The park round the lake; the lake itself is water of the fabric."""
    plot = site.parcel.plot
    water = site.axes.local(lake_shape)
    site.cover(site.lot.difference(water), "green", plot.name, plot.name_en)
    loop = Polygon(largest(water.buffer(13).simplify(1.0)).exterior)
    site.walk([(x, y) for x, y in loop.exterior.coords], width_m=4.0)
    west, south, east, north = loop.bounds
    for share, direction in ((0.25, "S"), (0.75, "S"), (0.3, "N"), (0.7, "N"), (0.35, "W"), (0.6, "E")):
        dx, dy = {"S": (0, -1), "N": (0, 1), "W": (-1, 0), "E": (1, 0)}[direction]
        x = west + share * (east - west) if dy else (west + east) / 2
        y = south + share * (north - south) if dx else (south + north) / 2
        _link(site, loop, (x, y), (dx, dy))
    island = water.interiors[0]
    site.cover(Polygon(island), "green", "湖心岛", "Heart Island")
    middle = Polygon(island).centroid
    site.house(rectangle(middle.x, middle.y + 8, 11, 11), "pavilion", "public", 1, name="湖心亭")
    ray = shapely.LineString([(middle.x, middle.y), (middle.x, middle.y - 900)])
    (landfall,) = (
        part for part in shapely.get_parts(ray.intersection(loop.exterior)) if part.geom_type == "Point"
    )
    site.walk([(middle.x, middle.y), (landfall.x, landfall.y)], width_m=3.0)
    shore = loop.buffer(11).exterior
    for share, w, h, name in (
        (0.06, 22, 11, "岚湖党群驿站"),
        (0.30, 12, 12, "岚湖书屋"),
        (0.56, 20, 10, "岚湖游客服务点"),
        (0.81, 13, 9, "岚湖公园公厕"),
    ):
        spot = shore.interpolate(share, normalized=True)
        site.house(rectangle(spot.x, spot.y, w, h), "pavilion", "public", 1, name=name)
    site.cover(
        shapes.blob(landfall.x, landfall.y - 6, 19, phase=1.2), "plaza", "岚湖亲水平台", "Lanhu Lakeside Deck"
    )
    outer = largest(site.lot.buffer(30).buffer(-54).buffer(12).simplify(1.0))
    site.walk([(x, y) for x, y in outer.exterior.coords], width_m=3.0)


def _link(site: Site, loop: Polygon, inside: tuple[float, float], direction: tuple[float, float]) -> None:
    """Join a park's loop walk to the street outside."""
    x, y = inside
    ray = shapely.LineString([(x, y), (x + 900 * direction[0], y + 900 * direction[1])])
    hits = [
        part for part in shapely.get_parts(ray.intersection(loop.exterior)) if isinstance(part, shapely.Point)
    ]
    if not hits:
        return
    start = max(hits, key=lambda hit: hit.distance(shapely.Point(x, y)))
    streets = [
        part
        for _, line in site.fronts
        for part in shapely.get_parts(ray.intersection(line))
        if isinstance(part, shapely.Point) and part.distance(start) < 180
    ]
    if streets:
        end = min(streets, key=lambda hit: hit.distance(start))
        site.walk([(start.x, start.y), (end.x, end.y)], width_m=4.0)
