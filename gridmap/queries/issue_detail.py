"""One issue with all that belongs to it: areas, people, history, photos; in four statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import NotFound
from gridmap.domain.issues import may_see
from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.queries.at_point import visible_phone
from gridmap.storage.routing import PersonCard

# Indexes: pk_issue or uq_issue_number. Areas are called as on the day of the routing that gave them.
_ISSUE = """
    SELECT issue.id, issue.number, issue.state, issue.version, issue.category_code, issue.description,
           ST_X(issue.location) AS lon_deg, ST_Y(issue.location) AS lat_deg,
           issue.accuracy_m, issue.address_text, issue.captured_at, issue.received_at, issue.source,
           issue.area_code, issue.zone_code, issue.responsible_person_id, issue.reporter_account_id,
           issue.routing, issue.rating, issue.closed_at,
           category.name AS category_name, category.name_en AS category_name_en,
           category.icon AS category_icon,
           reporter.display_name AS reporter_name,
           (SELECT zone.name FROM responsibility_zone AS zone
             WHERE zone.code = issue.zone_code AND zone.valid_from <= :today
             ORDER BY zone.valid_from DESC LIMIT 1) AS zone_name,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'level', area.level, 'code', area.code, 'name', area.name, 'name_en', area.name_en,
                       'office_phone', area.office_phone) ORDER BY wanted.position), '[]')
              FROM (VALUES (1, 'subdistrict', issue.subdistrict_code), (2, 'community', issue.community_code),
                           (3, 'grid', issue.grid_code), (4, 'micro_grid', issue.micro_grid_code))
                   AS wanted (position, level, code)
             CROSS JOIN (SELECT (coalesce(max(event.at), issue.received_at)
                                 AT TIME ZONE 'Asia/Shanghai')::date AS day
                           FROM issue_event AS event
                          WHERE event.issue_id = issue.id AND event.kind = 'routed') AS routed
              JOIN area ON area.scheme_id = issue.scheme_id
                       AND area.level = wanted.level AND area.code = wanted.code
                       AND area.valid_from <= routed.day
                       AND (area.valid_to IS NULL OR area.valid_to > routed.day)) AS areas,
           (SELECT area.name
              FROM area
             WHERE area.scheme_id = issue.scheme_id AND area.code = issue.area_code
               AND area.level IN ('subdistrict', 'community', 'grid', 'micro_grid')
               AND area.valid_from <= :today
             ORDER BY area.valid_from DESC LIMIT 1) AS area_name
      FROM issue
      JOIN issue_category AS category ON category.code = issue.category_code
      JOIN account AS reporter ON reporter.id = issue.reporter_account_id
     WHERE {key}
    """

ISSUE_BY_ID = text(_ISSUE.format(key="issue.id = :key"))
ISSUE_BY_NUMBER = text(_ISSUE.format(key="issue.number = :key"))

PEOPLE = text(
    "SELECT id, name, name_en, mobile_phone, name_is_public, mobile_is_public"
    " FROM person WHERE id = ANY (:person_ids)"
)

# Index: uq_issue_event_issue_id_seq.
EVENTS = text(
    """
    SELECT event.seq, event.kind, event.at, event.payload, account.display_name AS actor_name
      FROM issue_event AS event
      LEFT JOIN account ON account.id = event.actor_account_id
     WHERE event.issue_id = :issue_id
     ORDER BY event.seq
    """
)

# Index: uq_issue_photo_issue_id_sha256.
PHOTOS = text(
    """
    SELECT sha256, kind, width_px, height_px, byte_count, at
      FROM issue_photo
     WHERE issue_id = :issue_id
     ORDER BY id
    """
)

# Index: ix_issue_photo_sha256. The same picture may belong to several issues: seeing one is enough.
ISSUES_OF_PHOTO = text(
    """
    SELECT issue.area_code, issue.reporter_account_id, issue.responsible_person_id
      FROM issue_photo
      JOIN issue ON issue.id = issue_photo.issue_id
     WHERE issue_photo.sha256 = :sha256
     LIMIT 100
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaOfIssue:
    """An area that holds the issue, by the name it had on the day."""

    level: str
    code: str
    name: str
    name_en: str | None
    office_phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsiblePerson:
    """Somebody of the chain, in the order in which they answer; ``phone`` as the actor may see it."""

    role: str
    reason: str
    person_id: int
    name: str
    name_en: str | None
    phone: str | None
    area_code: str | None
    zone_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """What happened, when, by whom (None: gridmap itself); ``payload`` as ``domain.issues`` wrote it."""

    seq: int
    kind: str
    at: datetime
    actor_name: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoOfIssue:
    """A photo; its file is at ``/photos/<sha256>.jpg``."""

    sha256: str
    kind: str
    width_px: int
    height_px: int
    byte_count: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueDetail:
    """One issue. ``areas`` coarse to fine, empty outside; ``reporter_name`` None when hidden."""

    id: UUID
    number: str
    state: str
    version: int
    category_code: str
    category_name: str
    category_name_en: str
    category_icon: str
    description: str
    lon_deg: float
    lat_deg: float
    accuracy_m: float | None
    address_text: str | None
    captured_at: datetime
    received_at: datetime
    source: str
    match: str
    area_code: str
    area_name: str | None
    areas: tuple[AreaOfIssue, ...]
    zone_code: str | None
    zone_name: str | None
    responsible: tuple[ResponsiblePerson, ...]
    warnings: tuple[str, ...]
    reporter_name: str | None
    is_reporter: bool
    is_responsible: bool
    rating: int | None
    closed_at: datetime | None
    events: tuple[TimelineEvent, ...] = ()
    photos: tuple[PhotoOfIssue, ...] = ()


def issue_detail(
    session: Session, actor: Actor, key: UUID | str, *, today: date, with_history: bool = True
) -> IssueDetail:
    """Read one issue, by id or by number.

    Parameters
    ----------
    today : versions of areas that begin later are not looked at
    with_history : also the events and the photos (two statements more)

    Raises
    ------
    NotSignedIn, NotAllowed
    NotFound
        No such issue, or none that the actor may see: which of them is not told.
    """
    check(actor, Action.SEE_ISSUES)
    statement = ISSUE_BY_ID if isinstance(key, UUID) else ISSUE_BY_NUMBER
    row = session.execute(statement, {"key": key, "today": today}).mappings().one_or_none()
    if row is None or not _may_see(actor, row):
        raise NotFound(what="issue")
    routing = cast("dict[str, Any]", row["routing"])
    chain = [link for link in routing.get("chain", []) if link.get("person_id") is not None]
    people = _people(session, {int(link["person_id"]) for link in chain})
    areas = tuple(AreaOfIssue(**area) for area in row["areas"])
    area_code = str(row["area_code"])
    own = {name: row[name] for name in _OWN_COLUMNS}
    return IssueDetail(
        **own,
        match=str(routing.get("match", "none")),
        areas=areas,
        responsible=tuple(
            ResponsiblePerson(
                role=link["role"],
                reason=link["reason"],
                person_id=person.id,
                name=person.name,
                name_en=person.name_en,
                phone=visible_phone(
                    actor, person, area_code=area_code, office_phone=_office_phone(areas, link["area_code"])
                ),
                area_code=link["area_code"],
                zone_code=link.get("zone_code"),
            )
            for link in chain
            if (person := people.get(int(link["person_id"]))) is not None
        ),
        warnings=tuple(routing.get("warnings", [])),
        reporter_name=row["reporter_name"] if can(actor, Action.SEE_CONTACT_DATA, area_code) else None,
        is_reporter=row["reporter_account_id"] == actor.account_id,
        is_responsible=_is_responsible(actor, row),
        events=_events(session, row["id"]) if with_history else (),
        photos=_photos(session, row["id"]) if with_history else (),
    )


def may_see_photo(session: Session, actor: Actor, sha256: str) -> bool:
    """Say whether a photo belongs to an issue that the actor may see; the public never does."""
    if not can(actor, Action.SEE_ISSUES):
        return False
    rows = session.execute(ISSUES_OF_PHOTO, {"sha256": sha256}).mappings()
    return any(_may_see(actor, row) for row in rows)


_OWN_COLUMNS = (
    "id",
    "number",
    "state",
    "version",
    "category_code",
    "category_name",
    "category_name_en",
    "category_icon",
    "description",
    "lon_deg",
    "lat_deg",
    "accuracy_m",
    "address_text",
    "captured_at",
    "received_at",
    "source",
    "area_code",
    "area_name",
    "zone_code",
    "zone_name",
    "rating",
    "closed_at",
)


def _may_see(actor: Actor, row: Mapping[Any, Any]) -> bool:
    return may_see(
        actor,
        area_code=row["area_code"],
        reporter_account_id=row["reporter_account_id"],
        responsible_person_id=row["responsible_person_id"],
    )


def _is_responsible(actor: Actor, row: Mapping[Any, Any]) -> bool:
    return actor.person_id is not None and row["responsible_person_id"] == actor.person_id


def _people(session: Session, person_ids: Iterable[int]) -> dict[int, PersonCard]:
    rows = session.execute(PEOPLE, {"person_ids": sorted(person_ids)}).mappings()
    return {row["id"]: PersonCard(**row) for row in rows}


def _office_phone(areas: tuple[AreaOfIssue, ...], area_code: str | None) -> str | None:
    """Give the number of the area's own office, else of the next coarser one that has a number."""
    codes = [area.code for area in areas]
    finest = codes.index(area_code) if area_code in codes else len(areas) - 1
    return next((area.office_phone for area in reversed(areas[: finest + 1]) if area.office_phone), None)


def _events(session: Session, issue_id: UUID) -> tuple[TimelineEvent, ...]:
    rows = session.execute(EVENTS, {"issue_id": issue_id}).mappings()
    return tuple(TimelineEvent(**row) for row in rows)


def _photos(session: Session, issue_id: UUID) -> tuple[PhotoOfIssue, ...]:
    rows = session.execute(PHOTOS, {"issue_id": issue_id}).mappings()
    return tuple(PhotoOfIssue(**row) for row in rows)
