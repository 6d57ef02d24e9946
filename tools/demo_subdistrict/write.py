"""Write the whole demo subdistrict to a folder, and the catalogue beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from . import frame, issues, land, people, points, zones
from .features import Feature, Value, write_collection, write_list, write_object
from .place import Place, draw
from .plan_categories import CATEGORIES
from .plan_names import COMMUNITIES, DATA_DATE, NAME, NAME_EN, NOTICE, NOTICE_EN
from .plan_tour import STOPS, TOUR
from .points import ServicePoint
from .tiling import SUBDISTRICT_CODE

_TITLES = {
    "subdistrict.json": "Name, seed, date, extent of the demo subdistrict",
    "areas.geojson": "Subdistrict, communities, grids, micro-grids",
    "compounds.geojson": "Residential and other compounds",
    "buildings.geojson": "Buildings with households, residents, e-bikes",
    "streets.geojson": "Streets and footways: the walking network",
    "landcover.geojson": "River, water, green, squares, courts, sports grounds",
    "gates.geojson": "Gates of the compounds",
    "service_points.geojson": "Service points",
    "service_point_categories.json": "Categories of service points",
    "issue_categories.json": "Dictionary of issue kinds",
    "organisations.json": "Organisations in five levels",
    "people.json": "Invented people",
    "assignments.json": "Who does what, where, since when",
    "zones.geojson": "Responsibility zones",
    "center_households.json": "Party centre households (restricted)",
    "accounts.json": "Demo accounts, without passwords",
    "issues.json": "Twelve months of issues",
    "tour.json": "A visit route of ten stops",
}


def write_all(folder: Path) -> None:
    """Draw the place and write every file, then the catalogue one folder up."""
    folder.mkdir(parents=True, exist_ok=True)
    place = draw()
    area_features = land.areas(place)
    all_zones = zones.build(place, {c.code: c.name for c in COMMUNITIES})
    society = people.build(place, all_zones)
    service_points = points.build(place)
    texts = {name: text for name, _, text in STOPS}
    collections: dict[str, list[Feature]] = {
        "areas": area_features,
        "compounds": land.compounds(place),
        "buildings": land.buildings(place),
        "streets": land.streets(place),
        "landcover": land.landcover(place),
        "gates": land.gates(place),
        "service_points": points.features(service_points, texts),
        "zones": zones.features(all_zones, society.group_of_grid),
    }
    for name, features in collections.items():
        write_collection(folder / f"{name}.geojson", features)
    lists: dict[str, list[dict[str, object]]] = {
        "service_point_categories": CATEGORIES,
        "issue_categories": issues.categories(),
        "organisations": society.organisations,
        "people": society.people,
        "assignments": society.assignments,
        "center_households": society.center_households,
        "accounts": society.accounts,
        "issues": issues.build(place, society),
    }
    for name, records in lists.items():
        write_list(folder / f"{name}.json", records)
    write_object(folder / "tour.json", _tour(service_points))
    write_object(folder / "subdistrict.json", _subdistrict(place, area_features[0]))
    write_catalogue(folder)


def _subdistrict(place: Place, whole: Feature) -> dict[str, object]:
    west, south, east, north = whole.geometry.bounds
    middle = frame.rounded(whole.geometry.representative_point())
    return {
        "code": SUBDISTRICT_CODE,
        "name": NAME,
        "name_en": NAME_EN,
        "notice": NOTICE,
        "notice_en": NOTICE_EN,
        "seed": frame.SEED,
        "data_date": DATA_DATE,
        "grid_scheme": {
            "code": "community_grid",
            "name": "社区网格",
            "name_en": "Community grid",
            "valid_from": "2025-01-01",
        },
        "bbox": [west, south, east, north],
        "centre": [middle.x, middle.y],
        "area_km2": round(place.fabric.outline.area / 1e6, 3),
    }


def _tour(service_points: list[ServicePoint]) -> dict[str, object]:
    by_name = {point.plan.name: point for point in service_points}
    code, name, name_en, summary = TOUR
    stops: list[dict[str, Value | list[float]]] = []
    for position, (stop, minutes, words) in enumerate(STOPS, start=1):
        point = by_name[stop]
        location = frame.point_degrees(point.spot)
        stops.append(
            {
                "position": position,
                "service_point_code": point.code,
                "name": stop,
                "name_en": point.plan.name_en,
                "talking_points": words,
                "stay_minutes": minutes,
                "location": [location.x, location.y],
            }
        )
    return {"code": code, "name": name, "name_en": name_en, "summary": summary, "stops": stops}


def write_catalogue(folder: Path) -> None:
    """List every file with its source, licence, datum, date and sha256."""
    lines = [
        "# What lies in geodata/: where it comes from and how to know that it is unchanged.",
        "# The demo is made by `python -m tools.demo_subdistrict`; do not edit its files by hand.",
        "",
    ]
    for name, title in _TITLES.items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        lines += [
            "[[file]]",
            f'path = "{folder.name}/{name}"',
            f'title = "{title}"',
            'source = "Drawn by tools/demo_subdistrict; every place, person and organisation is invented"',
            'licence = "Apache-2.0"',
            'datum = "WGS-84 (CGCS2000)"'
            if name.endswith(".geojson") or name in _WITH_POSITIONS
            else 'datum = ""',
            f"date = {DATA_DATE}",
            f'sha256 = "{digest}"',
            "",
        ]
    (folder.parent / "catalogue.toml").write_text("\n".join(lines), encoding="utf-8")


_WITH_POSITIONS = frozenset({"subdistrict.json", "issues.json", "tour.json"})
