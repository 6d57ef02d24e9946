"""Which parts of an OpenStreetMap extract become layers, and which tags become their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridmap.importing.tables import LayerInfo

_NAMES = ("osm_id", "name", "name:zh", "name:en", "alt_name")
_ADDRESS = ("addr:street", "addr:housenumber", "addr:housename", "addr:unit", "addr:postcode")
_STREET_TAGS = (
    *("highway", "width", "lanes", "surface", "smoothness", "oneway", "foot", "access", "footway"),
    *("sidewalk", "wheelchair", "incline", "lit", "covered", "bridge", "tunnel", "layer", "service", "ref"),
)
_BUILDING_TAGS = (
    *("building", "building:levels", "building:use", "building:flats", "height", "start_date"),
    *("residential", "amenity", "shop", "office"),
)
_POINT_TAGS = (
    *("amenity", "shop", "office", "tourism", "leisure", "public_transport", "highway", "railway"),
    *("healthcare", "emergency", "barrier", "entrance", "man_made", "operator", "phone", "opening_hours"),
    *("capacity", "wheelchair"),
)
# Ways that end where they began are areas if they say one of these (or area=yes).
_AREA_TAGS = "building,building:part,landuse,natural,leisure,amenity,shop,office,place,tourism"


@dataclass(frozen=True, slots=True)
class OsmLayer:
    """A choice among an extract's contents: GDAL's layer, which rows of it, and which columns."""

    name: str
    geometry_type: str
    gdal_layer: str
    where: str
    columns: tuple[str, ...]

    @property
    def gdal_columns(self) -> list[str]:
        """What GDAL is asked for: of areas it keeps the ids of ways and of relations apart."""
        own = ["osm_way_id"] if self.gdal_layer == "multipolygons" else []
        return [*self.columns, *own]

    def with_ids(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """The columns with one ``osm_id`` that is unique in all of OpenStreetMap: n12, w34 or r56."""
        letter = {"points": "n", "lines": "w"}.get(self.gdal_layer, "r")
        ids = [None if plain is None else f"{letter}{plain}" for plain in columns["osm_id"]]
        for place, way in enumerate(columns.get("osm_way_id", ())):
            if way is not None:
                ids[place] = f"w{way}"
        others = {name: values for name, values in columns.items() if name not in ("osm_id", "osm_way_id")}
        return {"osm_id": ids, **others}

    def info(self) -> LayerInfo:
        """As listed; how many there are only reading the whole extract would tell."""
        return LayerInfo(
            name=self.name,
            geometry_type=self.geometry_type,
            row_count=None,
            headers=self.columns,
            stated_crs="EPSG:4326",
        )


OSM_LAYERS = (
    OsmLayer("streets", "LineString", "lines", "highway IS NOT NULL", (*_NAMES, *_STREET_TAGS)),
    OsmLayer(
        "buildings",
        "MultiPolygon",
        "multipolygons",
        "building IS NOT NULL AND building <> 'no'",
        (*_NAMES, *_BUILDING_TAGS, *_ADDRESS),
    ),
    OsmLayer(
        "points",
        "Point",
        "points",
        " OR ".join(
            f'"{tag}" IS NOT NULL'
            for tag in ("name", "amenity", "shop", "office", "tourism", "leisure", "healthcare", "emergency")
        ),
        (*_NAMES, *_POINT_TAGS, *_ADDRESS),
    ),
)


def write_osm_configuration(folder: Path) -> Path:
    """Write what GDAL's OSM driver is to make of tags into the folder; returns the file."""
    lines = [
        "[general]",
        f"closed_ways_are_polygons={_AREA_TAGS}",
        "attribute_name_laundering=no",
        "",
    ]
    attributes = {layer.gdal_layer: layer.columns for layer in OSM_LAYERS}
    for gdal_layer in ("points", "lines", "multipolygons", "multilinestrings", "other_relations"):
        columns = attributes.get(gdal_layer, ())
        tags = [column for column in columns if column != "osm_id"]
        lines += [f"[{gdal_layer}]", "osm_id=yes", f"attributes={','.join(tags)}", "other_tags=no", ""]
    path = folder / "osm.ini"
    path.write_text("\n".join(lines), encoding="ascii")
    return path
