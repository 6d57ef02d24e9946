"""Visit routes (观摩路线) and their stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound

_TOURS_SQL = text(
    """
    SELECT tour.code, tour.name, tour.name_en, tour.summary, tour.summary_en,
           count(stop.id) AS stop_count, coalesce(sum(stop.stay_minutes), 0) AS stay_minutes
    FROM tour LEFT JOIN tour_stop AS stop ON stop.tour_id = tour.id
    GROUP BY tour.id
    ORDER BY tour.code
    LIMIT 200
    """
)

# A stop may name a service point that is not public: then it stands for itself, without a link.
_STOPS_SQL = text(
    """
    SELECT stop.position, stop.name, stop.name_en, stop.talking_points, stop.talking_points_en,
           stop.stay_minutes, ST_X(stop.location) AS lon_deg, ST_Y(stop.location) AS lat_deg,
           point.id AS place_id,
           ST_DistanceSphere(stop.location, lead(stop.location) OVER (ORDER BY stop.position)) AS next_m
    FROM tour
    JOIN tour_stop AS stop ON stop.tour_id = tour.id
    LEFT JOIN service_point AS point
           ON point.code = stop.service_point_code AND point.visibility = 'public'
          AND point.status <> 'withdrawn'
    WHERE tour.code = :code
    ORDER BY stop.position
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TourSummary:
    """One route in the list."""

    code: str
    name: str
    name_en: str | None
    summary: str
    summary_en: str | None
    stop_count: int
    stay_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TourStop:
    """One stop. ``next_m`` is the straight distance to the following one, None at the last."""

    position: int
    name: str
    name_en: str | None
    talking_points: str
    talking_points_en: str | None
    stay_minutes: int
    lon_deg: float
    lat_deg: float
    place_id: int | None
    next_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """A route with its stops in order."""

    summary: TourSummary
    stops: Sequence[TourStop]


def list_tours(session: Session) -> list[TourSummary]:
    """Every route."""
    return [TourSummary(**row) for row in session.execute(_TOURS_SQL).mappings()]


def load_tour(session: Session, code: str) -> Tour:
    """One route.

    Raises
    ------
    NotFound
        There is no such route.
    """
    summary = next((tour for tour in list_tours(session) if tour.code == code), None)
    if summary is None:
        raise NotFound(what="tour", code=code)
    stops = [TourStop(**row) for row in session.execute(_STOPS_SQL, {"code": code}).mappings()]
    return Tour(summary=summary, stops=stops)
