"""Whole layers for files, and the log of what was taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.exports import ExportTooLarge
from gridmap.domain.features import Collection, FeatureTable, collection_of
from gridmap.domain.office_time import OFFICE_TIME
from gridmap.domain.permissions import Action, Actor, check
from gridmap.queries.features import FeatureFilter, Interval, Window, select_table


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What is to leave: a layer (areas: of a level), and how much of it; empty means no limit.

    Attributes
    ----------
    scheme : areas of this grid scheme
    on : areas and zones as they were on this day; None: today
    area_code : what lies in this area
    window : what touches this box
    categories, statuses : codes of categories; statuses of service points, states of issues
    is_mine : issues that the actor has reported or has to do
    is_public : what the public may see, as the public may see it
    """

    layer: str
    level: str | None = None
    scheme: str | None = None
    on: date | None = None
    area_code: str | None = None
    window: Window | None = None
    categories: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    is_mine: bool = False
    is_public: bool = False

    @property
    def collection(self) -> Collection:
        """The collection that this asks for.

        Raises
        ------
        InvalidInput
            There is no such layer or level.
        """
        return collection_of(self.layer, self.level, is_public=self.is_public)

    @property
    def filter(self) -> FeatureFilter:
        """What of the collection is wanted."""
        status = "status" if self.collection.field("status") else "state"
        asked = {
            "scheme": (self.scheme,) if self.scheme else (),
            "category_code": self.categories,
            status: self.statuses,
        }
        day = None if self.on is None else datetime.combine(self.on, time(12), tzinfo=OFFICE_TIME)
        return FeatureFilter(
            window=self.window,
            area_code=self.area_code,
            values={name: values for name, values in asked.items() if values},
            during=None if day is None else Interval(begin=day, end=day),
            is_mine=self.is_mine,
        )

    def as_logged(self) -> dict[str, str]:
        """The filter in words of the log; what does not limit is left out."""
        window = self.window
        said = {
            "scheme": self.scheme or "",
            "on": "" if self.on is None else self.on.isoformat(),
            "area": self.area_code or "",
            "bbox": "" if window is None else f"{window.west},{window.south},{window.east},{window.north}",
            "category": ",".join(self.categories),
            "status": ",".join(self.statuses),
            "mine": "1" if self.is_mine else "",
        }
        return {name: value for name, value in said.items() if value}


def read_features(
    session: Session, actor: Actor, wanted: ExportRequest, *, today: date, row_limit: int
) -> FeatureTable:
    """The features that an export holds, in one statement.

    Raises
    ------
    NotSignedIn, NotAllowed, InvalidInput
    ExportTooLarge
        There are more rows than one file may have.
    """
    collection = wanted.collection
    check(actor, collection.action)
    statement = select_table(actor, collection, wanted.filter, today=today, limit=row_limit + 1)
    rows = session.execute(text(statement.sql), statement.values).all()
    if len(rows) > row_limit:
        raise ExportTooLarge(allowed=row_limit)
    return FeatureTable(
        collection=collection,
        rows=[tuple(row[1:]) for row in rows],
        geometry=[bytes(row[0]) for row in rows],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLine:
    """One line of the log: who took what, when, how much of it."""

    at: datetime
    account_name: str | None
    """None: the command line."""
    role: str
    collection: str
    filter: Mapping[str, str]
    format: str
    crs: str
    row_count: int


# Index: ix_export_log_at.
_LOG = text(
    """
    SELECT log.at, account.display_name AS account_name, log.role, log.collection, log.filter, log.format,
           log.crs, log.row_count
      FROM export_log AS log
      LEFT JOIN account ON account.id = log.account_id
     ORDER BY log.at DESC, log.id
     LIMIT :limit
    """
)


def list_exports(session: Session, actor: Actor, *, limit: int = 100) -> tuple[ExportLine, ...]:
    """The newest lines of the log.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.SEE_EXPORT_LOG)
    return tuple(ExportLine(**row) for row in session.execute(_LOG, {"limit": limit}).mappings())


def scheme_choices(session: Session) -> tuple[tuple[str, str], ...]:
    """Code and name of each grid scheme, the first one first."""
    rows = session.execute(text("SELECT code, name FROM grid_scheme ORDER BY id LIMIT 100"))
    return tuple((row.code, row.name) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChoice:
    """A category that an export may be limited to, and the layer that has it."""

    layer: str
    code: str
    name: str
    name_en: str


_CATEGORIES = text(
    """
    SELECT 'service_points' AS layer, code, name, name_en, sort_order FROM service_point_category
    UNION ALL
    SELECT 'issues', code, name, name_en, sort_order FROM issue_category
    ORDER BY layer, sort_order, code
    LIMIT 2000
    """
)


def category_choices(session: Session) -> tuple[CategoryChoice, ...]:
    """The categories of service points and of issues."""
    return tuple(
        CategoryChoice(layer=row.layer, code=row.code, name=row.name, name_en=row.name_en)
        for row in session.execute(_CATEGORIES)
    )
