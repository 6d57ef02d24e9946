"""The whole town: every parcel laid out, then the shops along the streets and the lodges at the gates."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import LineString, Point, Polygon, STRtree

from . import layouts_bank, layouts_homes, layouts_public
from .fabric import PAVEMENT_M, Fabric
from .frame import SEED
from .site import SHOP_DEPTH_M, Built, Cover, House, Site, largest

_LAYOUTS = {
    "old": layouts_homes.old_estate,
    "commodity": layouts_homes.commodity,
    "resettle": layouts_homes.resettlement,
    "unit": layouts_homes.unit_compound,
    "lanes": layouts_homes.lanes,
    "school": layouts_public.school,
    "primary": layouts_public.primary,
    "kinder": layouts_public.kindergarten,
    "hospital": layouts_public.hospital,
    "civic": layouts_public.civic,
    "mall": layouts_public.mall,
    "retail": layouts_public.retail,
    "market": layouts_public.market,
    "office": layouts_public.office,
    "creative": layouts_public.creative,
    "square": layouts_public.square,
    "park": layouts_public.park,
}
HOMES = frozenset({"old", "commodity", "resettle", "unit", "lanes"})
_SHOP_STREETS = {"old": 0.9, "commodity": 0.85, "resettle": 0.85, "unit": 0.35}


def parcel_rng(index: int, purpose: int) -> np.random.Generator:
    """A parcel's own dice: changing one parcel leaves the others as they are."""
    return np.random.default_rng([SEED, purpose, index])


def lay_out(fabric: Fabric) -> list[Built]:
    """Houses, inner walks, gates and gardens of every parcel, in the order of the parcels."""
    result: list[Built] = []
    bank_done = False
    for index, parcel in enumerate(fabric.parcels):
        site = Site(parcel, parcel_rng(index, 1))
        if parcel.plot.kind == "bank":
            if not bank_done:
                layouts_bank.build(site.built)
                bank_done = True
        elif parcel.plot.kind == "lake":
            layouts_public.lake(site, fabric.lake)
        else:
            _LAYOUTS[parcel.plot.kind](site)
        result.append(site.built)
    return result


def add_shops(towns: list[Built], cut_lines: list[LineString]) -> None:
    """Rows of shops along the streets and a lodge at every gate, clear of walks, houses and boundaries."""
    tree = STRtree(cut_lines)
    for index, built in enumerate(towns):
        share = _SHOP_STREETS.get(built.parcel.plot.kind)
        if share is None:
            continue
        blocked = [house.outline.buffer(3.0) for house in built.houses]
        blocked += [walk.line.buffer(walk.width_m / 2 + 1.2) for walk in built.walks]
        cuts = [cut_lines[i] for i in sorted(tree.query(built.parcel.cell))]
        blocked += [line.buffer(0.6) for line in cuts]
        keep_off = shapely.union_all(blocked)
        _shop_rows(built, keep_off, share, parcel_rng(index, 2))
        _lodges(built, cuts)
        _sheds(built, keep_off, parcel_rng(index, 8))
        _trim_gardens(built)


def _shop_rows(built: Built, keep_off: Polygon, share: float, rng: np.random.Generator) -> None:
    parcel = built.parcel
    shapely.prepare(keep_off)
    placed: list[Polygon] = []
    for edge in parcel.fronts:
        back = edge.width_m / 2 + PAVEMENT_M + SHOP_DEPTH_M / 2 + 0.4
        for side in (1, -1):
            line = edge.line.offset_curve(side * back)
            line = max(
                (part for part in shapely.get_parts(line) if isinstance(part, LineString)),
                key=lambda part: part.length,
                default=None,
            )
            if (
                line is None
                or line.length < 30
                or not parcel.lot.contains(line.interpolate(0.5, normalized=True))
            ):
                continue
            at = 6.0
            while at < line.length - 10:
                width = float(rng.choice([12.0, 16.0, 20.0, 26.0, 32.0]))
                shape = _on_line(
                    line, at + width / 2, width, SHOP_DEPTH_M - float(rng.choice([0.0, 0.0, 0.8]))
                )
                fits = (
                    at + width < line.length - 4
                    and parcel.lot.covers(shape)
                    and not keep_off.intersects(shape)
                    and not any(shape.intersects(other) for other in placed)
                )
                if not fits:
                    at += 3.0
                    continue
                if rng.random() < share:
                    floors = (
                        int(rng.choice([1, 2, 2, 3])) if edge.kind != "minor" else int(rng.choice([1, 1, 2]))
                    )
                    placed.append(shape)
                    built.houses.append(House(shape, "shop", "shop", floors))
                at += width + float(rng.choice([1.2, 2.0, 5.0]))


def _sheds(built: Built, keep_off: Polygon, rng: np.random.Generator) -> None:
    """Low bicycle sheds, garages and boiler rooms along the walls that face no street."""
    parcel = built.parcel
    streets = shapely.union_all(
        [edge.line.buffer(edge.width_m / 2 + PAVEMENT_M + 2) for edge in parcel.fronts]
    )
    walls = parcel.lot.exterior.simplify(1.0).difference(streets)
    others = [house.outline.buffer(2.0) for house in built.houses]
    for wall in shapely.get_parts(shapely.line_merge(walls) if walls.geom_type != "LineString" else walls):
        if wall.length < 40:
            continue
        at = 8.0
        while at < wall.length - 20:
            width = float(rng.choice([9.0, 12.0, 15.0, 18.0]))
            for side in (1, -1):
                line = wall.offset_curve(side * 3.4)
                if not isinstance(line, LineString) or line.length < at + width:
                    continue
                shape = _on_line(line, at + width / 2, width, 4.4)
                if (
                    parcel.lot.buffer(-0.3).covers(shape)
                    and not keep_off.intersects(shape)
                    and not any(shape.intersects(other) for other in others)
                ):
                    if rng.random() < 0.85:
                        others.append(shape.buffer(2.0))
                        built.houses.append(House(shape, "extra", "other", 1))
                    break
            at += width + float(rng.choice([2.0, 6.0, 14.0]))


def _trim_gardens(built: Built) -> None:
    """Gardens end a step before the houses that came after them."""
    houses = shapely.union_all([house.outline for house in built.houses]).buffer(1.2, join_style="mitre")
    shapely.prepare(houses)
    kept: list[Cover] = []
    for cover in built.covers:
        if houses.intersects(cover.shape):
            rest = largest(cover.shape.difference(houses))
            cover.shape = shapely.transform(rest.simplify(0.2), lambda xy: np.round(xy, 3))
        if cover.shape.area > 12:
            kept.append(cover)
    built.covers = kept


def _on_line(line: LineString, at: float, width: float, depth: float) -> Polygon:
    middle = line.interpolate(at)
    a, b = line.interpolate(at - width / 2), line.interpolate(at + width / 2)
    dx, dy = (b.x - a.x), (b.y - a.y)
    length = float(np.hypot(dx, dy)) or 1.0
    dx, dy = dx / length, dy / length
    corners = [
        (
            middle.x + i * dx * width / 2 - j * dy * depth / 2,
            middle.y + i * dy * width / 2 + j * dx * depth / 2,
        )
        for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return shapely.transform(Polygon(corners), lambda xy: np.round(xy, 3))


def _lodges(built: Built, cuts: list[LineString]) -> None:
    links = [walk.line for walk in built.walks if walk.kind == "gate_link"]
    others = [house.outline for house in built.houses] + cuts
    for gate in built.gates:
        link = min(links, key=lambda line: line.distance(gate))
        inner = built.parcel.lot.centroid
        dx, dy = inner.x - gate.x, inner.y - gate.y
        length = float(np.hypot(dx, dy)) or 1.0
        end = Point(link.coords[-1])
        wx, wy = gate.x - end.x, gate.y - end.y
        reach = float(np.hypot(wx, wy)) or 1.0
        wx, wy = wx / reach, wy / reach
        side = 1.0 if wx * dy - wy * dx > 0 else -1.0
        middle = (gate.x + wx * 3.2 - side * wy * 6.2, gate.y + wy * 3.2 + side * wx * 6.2)
        corners = [
            (middle[0] + i * wx * 2 - j * wy * 2, middle[1] + i * wy * 2 + j * wx * 2)
            for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        lodge = shapely.transform(Polygon(corners), lambda xy: np.round(xy, 3))
        if (
            built.parcel.lot.covers(lodge)
            and not any(lodge.distance(other) < 0.8 for other in others)
            and length
        ):
            others.append(lodge)
            built.houses.append(House(lodge, "lodge", "other", 1))
