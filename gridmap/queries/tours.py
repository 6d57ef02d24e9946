"""Visit routes (观摩路线) and their stops, as everybody may see them.

A stop at a place that is not public (a staff place, or a host household of the restricted category) is left
out here, in SQL, together with its location; the stops that remain are numbered anew from 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.tours import Walk, walk_of

Extent = tuple[float, float, float, float]


class TourNotFound(NotFound):
    """There is no route of this code; ``tour`` is what was asked for."""

    code = "tour.not_found"


# A place that closed keeps its stop, for the group still meets there, but loses its link.
# `uq_tour_stop_tour_id_position` gives the stops in order; `uq_service_point_code` the places.
_VISIBLE_STOPS = """
    SELECT stop.tour_id, stop.name, stop.name_en, stop.talking_points, stop.talking_points_en,
           stop.stay_minutes, stop.location,
           row_number() OVER route AS number,
           ST_Distance(CAST(stop.location AS geography),
                       CAST(lead(stop.location) OVER route AS geography)) AS straight_m,
           lead(stop.location) OVER route AS next_location,
           CASE WHEN point.status <> 'withdrawn' AND (point.valid_to IS NULL OR point.valid_to > :today)
                THEN point.id END AS place_id,
           point.address, point.address_en, category.icon, category.colour_group,
           category.name AS category_name, category.name_en AS category_name_en
      FROM tour_stop AS stop
      LEFT JOIN service_point AS point ON point.code = stop.service_point_code
      LEFT JOIN service_point_category AS category ON category.code = point.category_code
     WHERE point.id IS NULL OR (point.visibility = 'public' AND NOT category.is_restricted)
    WINDOW route AS (PARTITION BY stop.tour_id ORDER BY stop.position, stop.id)
"""

_TOURS_SQL = text(
    f"""
    WITH visible AS ({_VISIBLE_STOPS})
    SELECT tour.code, tour.name, tour.name_en, tour.summary, tour.summary_en,
           count(visible.number) AS stop_count,
           coalesce(sum(visible.stay_minutes), 0) AS stay_minutes,
           array_remove(array_agg(visible.straight_m ORDER BY visible.number), NULL) AS straight_m
      FROM tour
      LEFT JOIN visible ON visible.tour_id = tour.id
     GROUP BY tour.id
     ORDER BY tour.code
     LIMIT 200
    """  # noqa: S608 - the fragment is the constant above
)

# `uq_tour_code`
_TOUR_SQL = text(
    f"""
    WITH visible AS ({_VISIBLE_STOPS})
    SELECT tour.code AS tour_code, tour.name AS tour_name, tour.name_en AS tour_name_en,
           tour.summary, tour.summary_en, visible.*,
           ST_X(visible.location) AS lon_deg, ST_Y(visible.location) AS lat_deg
      FROM tour
      LEFT JOIN visible ON visible.tour_id = tour.id
     WHERE tour.code = :code
     ORDER BY visible.number
     LIMIT 200
    """  # noqa: S608 - the fragment is the constant above
)

# Ways first, so that flags are drawn over them. Seven decimals of a degree are a centimetre.
_GEOJSON_SQL = text(
    f"""
    WITH visible AS ({_VISIBLE_STOPS}),
         route AS (SELECT visible.* FROM tour JOIN visible ON visible.tour_id = tour.id
                    WHERE tour.code = :code)
    SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(
               drawn.feature ORDER BY drawn.is_stop, drawn.number), '[]'))::text AS body,
           EXISTS (SELECT FROM tour WHERE code = :code) AS is_known
      FROM (
        SELECT false AS is_stop, number, json_build_object(
                   'type', 'Feature',
                   'properties', json_build_object('kind', 'walk', 'from', number, 'is_estimate', true),
                   'geometry', ST_AsGeoJSON(ST_MakeLine(location, next_location), 7)::json) AS feature
          FROM route
         WHERE next_location IS NOT NULL
        UNION ALL
        SELECT true, number, json_build_object(
                   'type', 'Feature',
                   'id', number,
                   'properties', json_strip_nulls(json_build_object(
                       'kind', 'stop', 'number', number, 'name', name, 'name_en', name_en)),
                   'geometry', ST_AsGeoJSON(location, 7)::json)
          FROM route
      ) AS drawn
    """  # noqa: S608 - the fragment is the constant above
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TourSummary:
    """One route in the list; the walk is the sum of its estimates."""

    code: str
    name: str
    name_en: str | None
    summary: str
    summary_en: str | None
    stop_count: int
    stay_minutes: int
    walk: Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlace:
    """The public service point where a stop is; ``id`` is None once it is closed."""

    id: int | None
    address: str
    address_en: str | None
    icon: str
    colour_group: str
    category_name: str
    category_name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TourStop:
    """One stop, numbered from 1. Degrees are WGS-84; ``walk`` leads to the next one, None at the last."""

    number: int
    name: str
    name_en: str | None
    talking_points: str
    talking_points_en: str | None
    stay_minutes: int
    lon_deg: float
    lat_deg: float
    place: StopPlace | None
    walk: Walk | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """A route with its visible stops in order; there may be none."""

    summary: TourSummary
    stops: tuple[TourStop, ...]

    @property
    def extent_deg(self) -> Extent | None:
        """West, south, east, north of the stops; None without stops."""
        if not self.stops:
            return None
        lons = [stop.lon_deg for stop in self.stops]
        lats = [stop.lat_deg for stop in self.stops]
        return min(lons), min(lats), max(lons), max(lats)


def list_tours(session: Session, *, today: date) -> tuple[TourSummary, ...]:
    """Every route, by code, in one statement."""
    return tuple(
        TourSummary(
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            summary=row.summary,
            summary_en=row.summary_en,
            stop_count=row.stop_count,
            stay_minutes=row.stay_minutes,
            walk=_sum_of(walk_of(straight_m) for straight_m in row.straight_m or ()),
        )
        for row in session.execute(_TOURS_SQL, {"today": today})
    )


def load_tour(session: Session, code: str, *, today: date) -> Tour:
    """One route with its stops, in one statement.

    Raises
    ------
    TourNotFound
        No route has this code.
    """
    rows = session.execute(_TOUR_SQL, {"code": code, "today": today}).all()
    if not rows:
        raise TourNotFound(tour=code)
    stops = tuple(_stop(row) for row in rows if row.number is not None)
    about = rows[0]
    summary = TourSummary(
        code=about.tour_code,
        name=about.tour_name,
        name_en=about.tour_name_en,
        summary=about.summary,
        summary_en=about.summary_en,
        stop_count=len(stops),
        stay_minutes=sum(stop.stay_minutes for stop in stops),
        walk=_sum_of(stop.walk for stop in stops if stop.walk),
    )
    return Tour(summary=summary, stops=stops)


def tour_geojson(session: Session, code: str, *, today: date) -> str:
    """The route as GeoJSON (WGS-84): a ``walk`` line for each way and a numbered ``stop`` point.

    Raises
    ------
    TourNotFound
        No route has this code.
    """
    row = session.execute(_GEOJSON_SQL, {"code": code, "today": today}).one()
    if not row.is_known:
        raise TourNotFound(tour=code)
    return json.dumps(json.loads(row.body), ensure_ascii=False, separators=(",", ":"))


def _stop(row: Row[Any]) -> TourStop:
    place = None
    if row.category_name is not None:
        place = StopPlace(
            id=row.place_id,
            address=row.address,
            address_en=row.address_en,
            icon=row.icon,
            colour_group=row.colour_group,
            category_name=row.category_name,
            category_name_en=row.category_name_en,
        )
    return TourStop(
        number=row.number,
        name=row.name,
        name_en=row.name_en,
        talking_points=row.talking_points,
        talking_points_en=row.talking_points_en,
        stay_minutes=row.stay_minutes,
        lon_deg=row.lon_deg,
        lat_deg=row.lat_deg,
        place=place,
        walk=None if row.straight_m is None else walk_of(row.straight_m),
    )


def _sum_of(walks: Iterable[Walk]) -> Walk:
    parts = tuple(walks)
    return Walk(sum(walk.distance_m for walk in parts), sum(walk.minutes for walk in parts))
