"""Versions written by the boundary editor: zones, posts that follow or end, and what stood there before.

What :func:`snapshot` keeps is enough to put every row back as it was, identifiers included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.storage.import_areas import redraw as redraw_areas

_ZONE_ITEM = """
    jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
        id bigint, code text, name text, name_en text, organisation_code text, boundary text, overview text)
"""
_BOUNDARY = "ST_SetSRID(ST_GeomFromWKB(decode(item.boundary, 'hex')), 4326)"
_OVERVIEW = "ST_SetSRID(ST_GeomFromWKB(decode(item.overview, 'hex')), 4326)"

INSERT_ZONES = text(
    f"""
    INSERT INTO responsibility_zone (code, name, name_en, organisation_code, valid_from, boundary, overview)
    SELECT item.code, item.name, item.name_en, item.organisation_code, :day, {_BOUNDARY}, {_OVERVIEW}
      FROM {_ZONE_ITEM}
 RETURNING id, code
    """  # noqa: S608 - the fragments are the constants above
)
# A version that began on the day has not lasted a day: it is corrected in place.
CORRECT_ZONES = text(
    f"""
    UPDATE responsibility_zone AS zone
       SET (name, name_en, boundary, overview) = (item.name, item.name_en, {_BOUNDARY}, {_OVERVIEW})
      FROM {_ZONE_ITEM}
     WHERE zone.id = item.id
    """  # noqa: S608 - the fragments are the constants above
)
CLOSE_ZONES = text("UPDATE responsibility_zone SET valid_to = :day WHERE id = ANY (:ids)")
REMOVE_ZONES = text("DELETE FROM responsibility_zone WHERE id = ANY (:ids)")
# Children hang under the parent's successor already, or end with it.
REMOVE_AREAS = text("DELETE FROM area WHERE id = ANY (:ids)")
SET_PARENTS = text(
    """
    UPDATE area
       SET parent_id = item.parent_id
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (id bigint, parent_id bigint)
     WHERE area.id = item.id
    """
)
FORGET_PARENTS = text("UPDATE area SET parent_id = NULL WHERE parent_id = ANY (:ids)")

# Primary keys. Geometries as EWKB, so that they come back bit by bit.
SNAPSHOT_AREAS = text(
    """
    SELECT json_build_object(
               'id', id, 'scheme_id', scheme_id, 'level', level, 'code', code, 'name', name,
               'name_en', name_en, 'kind', kind, 'parent_id', parent_id, 'valid_from', valid_from,
               'valid_to', valid_to, 'household_count', household_count, 'resident_count', resident_count,
               'office_phone', office_phone, 'office_hours', office_hours,
               'boundary', encode(ST_AsEWKB(boundary, 'NDR'), 'hex'),
               'overview', encode(ST_AsEWKB(overview, 'NDR'), 'hex'),
               'label_point', encode(ST_AsEWKB(label_point, 'NDR'), 'hex'))
      FROM area
     WHERE id = ANY (:ids)
     ORDER BY id
    """
)
SNAPSHOT_CHILDREN = text(
    """
    SELECT json_build_object('id', id, 'parent_id', parent_id)
      FROM area
     WHERE parent_id = ANY (:ids) AND NOT id = ANY (:ids)
     ORDER BY id
    """
)
SNAPSHOT_ZONES = text(
    """
    SELECT json_build_object(
               'id', id, 'code', code, 'name', name, 'name_en', name_en,
               'organisation_code', organisation_code, 'valid_from', valid_from, 'valid_to', valid_to,
               'boundary', encode(ST_AsEWKB(boundary, 'NDR'), 'hex'),
               'overview', encode(ST_AsEWKB(overview, 'NDR'), 'hex'))
      FROM responsibility_zone
     WHERE id = ANY (:ids)
     ORDER BY id
    """
)
# Indexes: ix_assignment_area_code_role, ix_assignment_zone_code.
SNAPSHOT_POSTS = text(
    """
    SELECT json_build_object(
               'id', id, 'person_id', person_id, 'role', role, 'area_code', area_code, 'zone_code', zone_code,
               'organisation_code', organisation_code, 'valid_from', valid_from, 'valid_to', valid_to,
               'version', version)
      FROM assignment
     WHERE (area_code = ANY (:codes) OR zone_code = ANY (:codes)) AND (valid_to IS NULL OR valid_to > :day)
     ORDER BY id
    """
)

SNAPSHOT_STAND_INS = text(
    """
    SELECT json_build_object(
               'id', stand_in.id, 'assignment_id', stand_in.assignment_id, 'person_id', stand_in.person_id,
               'first_day', stand_in.first_day, 'last_day', stand_in.last_day)
      FROM assignment
      JOIN stand_in ON stand_in.assignment_id = assignment.id
     WHERE (assignment.area_code = ANY (:codes) OR assignment.zone_code = ANY (:codes))
       AND (assignment.valid_to IS NULL OR assignment.valid_to > :day)
     ORDER BY stand_in.id
    """
)

RESTORE_AREAS = text(
    """
    INSERT INTO area AS stored (id, scheme_id, level, code, name, name_en, kind, parent_id, valid_from,
           valid_to, household_count, resident_count, office_phone, office_hours, boundary, overview,
           label_point)
    OVERRIDING SYSTEM VALUE
    SELECT item.id, item.scheme_id, item.level, item.code, item.name, item.name_en, item.kind, item.parent_id,
           item.valid_from, item.valid_to, item.household_count, item.resident_count, item.office_phone,
           item.office_hours, ST_GeomFromEWKB(decode(item.boundary, 'hex')),
           ST_GeomFromEWKB(decode(item.overview, 'hex')), ST_GeomFromEWKB(decode(item.label_point, 'hex'))
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
           id bigint, scheme_id bigint, level text, code text, name text, name_en text, kind text,
           parent_id bigint, valid_from date, valid_to date, household_count int, resident_count int,
           office_phone text, office_hours text, boundary text, overview text, label_point text)
        ON CONFLICT (id) DO UPDATE
       SET (code, name, name_en, kind, parent_id, valid_from, valid_to, household_count, resident_count,
            office_phone, office_hours, boundary, overview, label_point)
         = (excluded.code, excluded.name, excluded.name_en, excluded.kind, excluded.parent_id,
            excluded.valid_from, excluded.valid_to, excluded.household_count, excluded.resident_count,
            excluded.office_phone, excluded.office_hours, excluded.boundary, excluded.overview,
            excluded.label_point)
    """
)
RESTORE_ZONES = text(
    """
    INSERT INTO responsibility_zone AS stored (id, code, name, name_en, organisation_code, valid_from,
           valid_to, boundary, overview)
    OVERRIDING SYSTEM VALUE
    SELECT item.id, item.code, item.name, item.name_en, item.organisation_code, item.valid_from,
           item.valid_to, ST_GeomFromEWKB(decode(item.boundary, 'hex')),
           ST_GeomFromEWKB(decode(item.overview, 'hex'))
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
           id bigint, code text, name text, name_en text, organisation_code text, valid_from date,
           valid_to date, boundary text, overview text)
        ON CONFLICT (id) DO UPDATE
       SET (code, name, name_en, organisation_code, valid_from, valid_to, boundary, overview)
         = (excluded.code, excluded.name, excluded.name_en, excluded.organisation_code, excluded.valid_from,
            excluded.valid_to, excluded.boundary, excluded.overview)
    """
)
RESTORE_POSTS = text(
    """
    INSERT INTO assignment (id, person_id, role, area_code, zone_code, organisation_code, valid_from,
           valid_to, version)
    OVERRIDING SYSTEM VALUE
    SELECT id, person_id, role, area_code, zone_code, organisation_code, valid_from, valid_to, version
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
           id bigint, person_id bigint, role text, area_code text, zone_code text, organisation_code text,
           valid_from date, valid_to date, version int)
        ON CONFLICT (id) DO UPDATE
       SET (area_code, zone_code, valid_to, version)
         = (excluded.area_code, excluded.zone_code, excluded.valid_to, excluded.version)
    """
)
# Those of posts that were only closed are still there.
RESTORE_STAND_INS = text(
    """
    INSERT INTO stand_in (id, assignment_id, person_id, first_day, last_day)
    OVERRIDING SYSTEM VALUE
    SELECT id, assignment_id, person_id, first_day, last_day
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
           id bigint, assignment_id bigint, person_id bigint, first_day date, last_day date)
        ON CONFLICT (id) DO NOTHING
    """
)
REMOVE_POSTS = text("DELETE FROM assignment WHERE id = ANY (:ids)")

# Posts of codes that end are closed on the day; those that would only have begun then are removed.
CLOSE_POSTS = text(
    """
    UPDATE assignment
       SET valid_to = :day, version = version + 1
     WHERE (area_code = ANY (:codes) OR zone_code = ANY (:codes))
       AND valid_from < :day AND (valid_to IS NULL OR valid_to > :day)
    """
)
REMOVE_LATER_POSTS = text(
    """
    DELETE FROM assignment
     WHERE (area_code = ANY (:codes) OR zone_code = ANY (:codes)) AND valid_from >= :day
    """
)
COPY_POSTS = text(
    """
    INSERT INTO assignment (person_id, role, area_code, zone_code, organisation_code, valid_from, valid_to)
    SELECT held.person_id, held.role,
           CASE WHEN held.area_code = item.from_code THEN item.to_code ELSE held.area_code END,
           CASE WHEN held.zone_code = item.from_code THEN item.to_code ELSE held.zone_code END,
           held.organisation_code, greatest(held.valid_from, CAST(:day AS date)), held.valid_to
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (from_code text, to_code text)
      JOIN assignment AS held ON held.area_code = item.from_code OR held.zone_code = item.from_code
     WHERE held.valid_to IS NULL OR held.valid_to > :day
     ORDER BY held.id
 RETURNING id
    """
)

COPY_STAND_INS = text(
    """
    INSERT INTO stand_in (assignment_id, person_id, first_day, last_day)
    SELECT fresh.id, stand_in.person_id, stand_in.first_day, stand_in.last_day
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (from_code text, to_code text)
      JOIN assignment AS held ON held.area_code = item.from_code OR held.zone_code = item.from_code
      JOIN stand_in ON stand_in.assignment_id = held.id
      JOIN assignment AS fresh ON fresh.id = ANY (:fresh) AND fresh.person_id = held.person_id
       AND fresh.role = held.role AND (fresh.area_code = item.to_code OR fresh.zone_code = item.to_code)
     WHERE (held.valid_to IS NULL OR held.valid_to > :day)
       AND (stand_in.last_day IS NULL OR stand_in.last_day >= :day)
     ORDER BY stand_in.id
    """
)

# Primary keys. What the editor wrote, to see whether it still stands as written.
FIND_WRITTEN = text(
    """
    SELECT 'area' AS kind, id, code, name, valid_from, valid_to, md5(ST_AsBinary(boundary, 'NDR')) AS print
      FROM area
     WHERE id = ANY (:area_ids)
     UNION ALL
    SELECT 'zone', id, code, name, valid_from, valid_to, md5(ST_AsBinary(boundary, 'NDR'))
      FROM responsibility_zone
     WHERE id = ANY (:zone_ids)
     ORDER BY kind, id
    """
)

FIND_OVERVIEWS = text(
    """
    SELECT id, ST_AsBinary(overview, 'NDR') AS overview FROM area WHERE id = ANY (:ids)
    """
)
FIND_ZONE_OVERVIEWS = text(
    """
    SELECT id, ST_AsBinary(overview, 'NDR') AS overview FROM responsibility_zone WHERE id = ANY (:ids)
    """
)
REDRAW_ZONES = text(
    f"""
    UPDATE responsibility_zone AS zone SET overview = {_OVERVIEW} FROM {_ZONE_ITEM} WHERE zone.id = item.id
    """  # noqa: S608 - the fragments are the constants above
)

# Indexes: ix_assignment_area_code_role, ix_assignment_zone_code.
FIND_POSTS = text(
    """
    SELECT coalesce(assignment.area_code, assignment.zone_code) AS code, assignment.role,
           person.id AS person_id, person.name, person.name_en, person.is_active
      FROM assignment
      JOIN person ON person.id = assignment.person_id
     WHERE (assignment.area_code = ANY (:codes) OR assignment.zone_code = ANY (:codes))
       AND assignment.valid_from <= :day AND (assignment.valid_to IS NULL OR assignment.valid_to > :day)
     ORDER BY assignment.id
    """
)

# Index: idx_issue_location, and ix_issue_open_area_code_received_at for what an area answers for from afar.
FIND_ISSUES = text(
    """
    SELECT issue.id, issue.number, issue.area_code, issue.zone_code, issue.responsible_person_id,
           person.name AS person_name, person.name_en AS person_name_en
      FROM issue
      LEFT JOIN person ON person.id = issue.responsible_person_id
     WHERE issue.state IN ('submitted', 'handling', 'to_rate')
       AND (ST_DWithin(issue.location, ST_SetSRID(ST_GeomFromWKB(:ground), 4326), 0.00002)
            OR issue.area_code = ANY (:codes))
     ORDER BY issue.id
     LIMIT 50000
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneVersion:
    """A version of a zone to write: ``id`` of the row to correct, None for a new one; WKB in WGS-84."""

    id: int | None
    code: str
    name: str
    name_en: str | None
    organisation_code: str | None
    boundary: bytes
    overview: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPost:
    """Somebody in a post of an area or a zone on a day."""

    code: str
    role: str
    person_id: int
    name: str
    name_en: str | None
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIssue:
    """An open issue with what it is routed to."""

    id: str
    number: str
    area_code: str
    zone_code: str | None
    person_id: int | None
    person_name: str | None
    person_name_en: str | None


def insert_zones(session: Session, zones: Sequence[ZoneVersion], *, day: date) -> dict[str, int]:
    """Add versions of zones that begin on the day; returns their ids by code."""
    rows = session.execute(INSERT_ZONES, {"rows": _zone_rows(zones), "day": day})
    return {row.code: row.id for row in rows}


def correct_zones(session: Session, zones: Sequence[ZoneVersion]) -> None:
    """Write over versions of zones that began on the day."""
    if zones:
        session.execute(CORRECT_ZONES, {"rows": _zone_rows(zones)})


def close_zones(session: Session, ids: Sequence[int], *, day: date) -> None:
    """End versions of zones on the day."""
    session.execute(CLOSE_ZONES, {"ids": list(ids), "day": day})


def remove_zones(session: Session, ids: Sequence[int]) -> None:
    """Remove versions that have not lasted a day."""
    session.execute(REMOVE_ZONES, {"ids": list(ids)})


def remove_areas(session: Session, ids: Sequence[int]) -> None:
    """Remove versions that have not lasted a day; what hangs under them is left without a parent."""
    session.execute(FORGET_PARENTS, {"ids": list(ids)})
    session.execute(REMOVE_AREAS, {"ids": list(ids)})


def set_parents(session: Session, parents: Mapping[int, int | None]) -> None:
    """Hang versions under others."""
    rows = [{"id": id_, "parent_id": parent_id} for id_, parent_id in parents.items()]
    session.execute(SET_PARENTS, {"rows": json.dumps(rows)})


def snapshot(
    session: Session,
    *,
    area_ids: Sequence[int],
    zone_ids: Sequence[int],
    codes: Sequence[str],
    day: date,
) -> dict[str, Any]:
    """Everything that a change is about to write over: versions, parents of parts, posts of the codes."""
    ids = list(area_ids)
    return {
        "areas": list(session.scalars(SNAPSHOT_AREAS, {"ids": ids})),
        "children": list(session.scalars(SNAPSHOT_CHILDREN, {"ids": ids})),
        "zones": list(session.scalars(SNAPSHOT_ZONES, {"ids": list(zone_ids)})),
        "posts": list(session.scalars(SNAPSHOT_POSTS, {"codes": list(codes), "day": day})),
        "stand_ins": list(session.scalars(SNAPSHOT_STAND_INS, {"codes": list(codes), "day": day})),
    }


def restore(session: Session, before: Mapping[str, Any]) -> None:
    """Put back what :func:`snapshot` kept, and remove what the change had added (``opened_*``)."""
    session.execute(REMOVE_POSTS, {"ids": before["opened_posts"]})
    session.execute(RESTORE_POSTS, {"rows": json.dumps(before["posts"])})
    session.execute(RESTORE_STAND_INS, {"rows": json.dumps(before["stand_ins"])})
    if before["opened_zones"]:
        remove_zones(session, before["opened_zones"])
    if before["zones"]:
        session.execute(RESTORE_ZONES, {"rows": json.dumps(before["zones"], ensure_ascii=False)})
    if before["opened_areas"]:
        remove_areas(session, before["opened_areas"])
    if before["areas"]:
        session.execute(RESTORE_AREAS, {"rows": json.dumps(before["areas"], ensure_ascii=False)})
    set_parents(session, {item["id"]: item["parent_id"] for item in before["children"]})
    overviews = {int(id_): bytes.fromhex(wkb) for id_, wkb in before["overviews"].items()}
    if before["zones"] or before["opened_zones"]:
        redraw_zones(session, overviews)
    else:
        redraw_areas(session, overviews)


def move_posts(
    session: Session, moves: Sequence[tuple[str, str]], *, ending: Sequence[str], day: date
) -> list[int]:
    """Let people keep their posts under other codes, and end the posts of codes that end.

    Parameters
    ----------
    moves : from one code to another; a code that goes on itself keeps its posts as well
    ending : codes that are no longer used from the day on

    Returns
    -------
    the ids of the assignments that were added
    """
    added: list[int] = []
    if moves:
        rows = [{"from_code": source, "to_code": target} for source, target in moves]
        added = list(session.scalars(COPY_POSTS, {"rows": json.dumps(rows), "day": day}))
        session.execute(COPY_STAND_INS, {"rows": json.dumps(rows), "day": day, "fresh": added})
    if ending:
        session.execute(CLOSE_POSTS, {"codes": list(ending), "day": day})
        session.execute(REMOVE_LATER_POSTS, {"codes": list(ending), "day": day})
    return added


def written_versions(
    session: Session, *, area_ids: Sequence[int], zone_ids: Sequence[int]
) -> list[list[str | int | None]]:
    """How versions stand now, to be compared with how they stood when they were written."""
    rows = session.execute(FIND_WRITTEN, {"area_ids": list(area_ids), "zone_ids": list(zone_ids)})
    return [
        [row.kind, row.id, row.code, row.name, str(row.valid_from), str(row.valid_to), row.print]
        for row in rows
    ]


def find_overviews(session: Session, ids: Sequence[int], *, of_zones: bool) -> dict[int, bytes]:
    """The simplified outlines (WKB) of versions of areas, or of zones, by id."""
    rows = session.execute(FIND_ZONE_OVERVIEWS if of_zones else FIND_OVERVIEWS, {"ids": list(ids)})
    return {row.id: bytes(row.overview) for row in rows}


def redraw_zones(session: Session, overviews: Mapping[int, bytes]) -> None:
    """Replace the simplified outlines of zones."""
    rows = [{"id": id_, "overview": overview.hex()} for id_, overview in overviews.items()]
    session.execute(REDRAW_ZONES, {"rows": json.dumps(rows)})


def find_held_posts(session: Session, codes: Sequence[str], *, day: date) -> list[HeldPost]:
    """Who holds the posts of these areas and zones on the day."""
    rows = session.execute(FIND_POSTS, {"codes": list(codes), "day": day})
    return [
        HeldPost(
            code=row.code,
            role=row.role,
            person_id=row.person_id,
            name=row.name,
            name_en=row.name_en,
            is_active=row.is_active,
        )
        for row in rows
    ]


def find_open_issues(session: Session, *, ground: bytes, codes: Sequence[str]) -> list[OpenIssue]:
    """Open issues on a piece of ground (WKB), and those that these areas answer for."""
    rows = session.execute(FIND_ISSUES, {"ground": ground, "codes": list(codes)})
    return [
        OpenIssue(
            id=str(row.id),
            number=row.number,
            area_code=row.area_code,
            zone_code=row.zone_code,
            person_id=row.responsible_person_id,
            person_name=row.person_name,
            person_name_en=row.person_name_en,
        )
        for row in rows
    ]


def _zone_rows(zones: Sequence[ZoneVersion]) -> str:
    return json.dumps(
        [
            {
                "id": zone.id,
                "code": zone.code,
                "name": zone.name,
                "name_en": zone.name_en,
                "organisation_code": zone.organisation_code,
                "boundary": zone.boundary.hex(),
                "overview": zone.overview.hex(),
            }
            for zone in zones
        ],
        ensure_ascii=False,
    )
