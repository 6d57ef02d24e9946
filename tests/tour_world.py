"""Places and a visit route for tests, in the cells of ``tests.factories``."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy.orm import Session

from gridmap.storage.tables import (
    ServicePointCategoryRow,
    ServicePointRow,
    TourRow,
    TourStopRow,
)
from tests.factories import BEGIN, middle_of

WAY_STATION, HOST_HOUSEHOLD = "SP02", "SP17"


def add_place_categories(session: Session) -> None:
    """An open category and the restricted one."""
    session.add_all(
        [
            ServicePointCategoryRow(
                code=WAY_STATION,
                name="驿站",
                name_en="Way station",
                icon="home-heart",
                colour_group="convenience",
                is_restricted=False,
                sort_order=2,
            ),
            ServicePointCategoryRow(
                code=HOST_HOUSEHOLD,
                name="党员中心户",
                name_en="Host household",
                icon="home",
                colour_group="party",
                is_restricted=True,
                sort_order=17,
            ),
        ]
    )
    session.flush()


def add_place(
    session: Session,
    code: str,
    *,
    at: tuple[float, float],
    name: str | None = None,
    category: str = WAY_STATION,
    visibility: str = "public",
    status: str = "built",
) -> ServicePointRow:
    """A service point at longitude and latitude."""
    place = ServicePointRow(
        code=code,
        name=name or f"示意驿站 {code}",
        category_code=category,
        status=status,
        address=f"示意路 {code} 号",
        location=from_shape(shapely.Point(at), 4326),
        visibility=visibility,
        source="tests",
        search_key=code,
        valid_from=BEGIN,
    )
    session.add(place)
    session.flush()
    return place


def add_tour(
    session: Session,
    code: str,
    *,
    stops: Sequence[tuple[tuple[float, float], str | None]],
    stay_minutes: int = 15,
) -> TourRow:
    """A route; each stop is a point and the code of a service point or None."""
    tour = TourRow(code=code, name=f"示意路线 {code}", name_en=f"Route {code}", summary="看一看网格怎么管。")
    session.add(tour)
    session.flush()
    session.add_all(
        TourStopRow(
            tour_id=tour.id,
            position=position,
            service_point_code=place_code,
            name=f"第{position}处",
            name_en=f"Place {position}",
            talking_points=f"这里讲第{position}段。",
            stay_minutes=stay_minutes,
            location=from_shape(shapely.Point(at), 4326),
        )
        for position, (at, place_code) in enumerate(stops, start=1)
    )
    session.flush()
    return tour


def add_short_tour(session: Session) -> TourRow:
    """Three stops along a row of cells: a station, a host household (restricted), a plain point."""
    add_place_categories(session)
    add_place(session, "P1", at=middle_of(0, 0), name="示意驿站")
    add_place(session, "P2", at=middle_of(1, 0), name="示意中心户", category=HOST_HOUSEHOLD)
    return add_tour(
        session,
        "R1",
        stops=[(middle_of(0, 0), "P1"), (middle_of(1, 0), "P2"), (middle_of(3, 0), None)],
    )
