"""Who holds which post when: tenures with their stand-ins, their grounds, the open issues on these."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import code_range, scope_prefix
from gridmap.domain.posts import Ground, GroundKind, Plan, PostRole, StandIn, Tenure, TenureChange
from gridmap.storage.rerouting import RoutedBefore

_TENURE = """
    SELECT post.id, post.person_id, post.role, post.area_code, post.zone_code, post.organisation_code,
           post.valid_from, post.valid_to, post.version,
           (SELECT coalesce(json_agg(json_build_object('person_id', cover.person_id,
                        'first_day', cover.first_day, 'last_day', cover.last_day) ORDER BY cover.first_day),
                   '[]')
              FROM stand_in AS cover WHERE cover.assignment_id = post.id) AS stand_ins
      FROM assignment AS post
    """

# Primary key. The order keeps two editors of several posts from waiting for each other.
LOCK_TENURES = text(f"{_TENURE} WHERE post.id = ANY (:ids) ORDER BY post.id FOR UPDATE")

# Indexes: ix_assignment_area_code_role, ix_assignment_zone_code.
LOCK_TENURES_OF_GROUNDS = text(
    f"""{_TENURE}
     WHERE post.area_code = ANY (:area_codes) OR post.zone_code = ANY (:zone_codes)
     ORDER BY post.id
       FOR UPDATE
    """
)

# Indexes: ix_assignment_person_id, ix_stand_in_person_id.
LOCK_TENURES_OF_PERSON = text(
    f"""{_TENURE}
     WHERE (post.valid_to IS NULL OR post.valid_to > :day)
       AND (post.person_id = :person_id
            OR post.id IN (SELECT assignment_id FROM stand_in
                            WHERE person_id = :person_id AND (last_day IS NULL OR last_day >= :day)))
     ORDER BY post.id
       FOR UPDATE
    """  # noqa: S608
)

INSERT_TENURE = text(
    """
    INSERT INTO assignment (person_id, role, area_code, zone_code, organisation_code, valid_from, valid_to)
    VALUES (:person_id, :role, :area_code, :zone_code, :organisation_code, :valid_from, :valid_to)
 RETURNING id
    """
)

# The version is set by hand too: a change of stand-ins alone is a change of the post.
UPDATE_TENURE = text(
    """
    UPDATE assignment SET valid_from = :valid_from, valid_to = :valid_to, version = version + 1
     WHERE id = :id
    """
)

DELETE_TENURE = text("DELETE FROM assignment WHERE id = :id")
DELETE_STAND_INS = text("DELETE FROM stand_in WHERE assignment_id = :id")
INSERT_STAND_IN = text(
    """
    INSERT INTO stand_in (assignment_id, person_id, first_day, last_day)
    VALUES (:assignment_id, :person_id, :first_day, :last_day)
    """
)

# Indexes: ex_area_one_version_at_a_time, ex_responsibility_zone_one_version_at_a_time; GiST on area.boundary
# says in which community a zone lies: zones belong to no grid scheme. The version of the day goes before the
# newest one.
FIND_GROUNDS = text(
    """
    SELECT * FROM (
        SELECT DISTINCT ON (area.code) 'area' AS kind, area.code, area.level, area.name, area.name_en,
               area.code AS area_code
          FROM area
         WHERE area.code = ANY (:area_codes)
         ORDER BY area.code,
                  (area.valid_from <= :day AND (area.valid_to IS NULL OR area.valid_to > :day)) DESC,
                  area.scheme_id, area.valid_from DESC
    ) AS areas
     UNION ALL
    SELECT * FROM (
        SELECT DISTINCT ON (zone.code) 'zone', zone.code, NULL, zone.name, zone.name_en,
               coalesce((SELECT community.code FROM area AS community
                          WHERE community.level = 'community' AND community.valid_from <= :day
                            AND (community.valid_to IS NULL OR community.valid_to > :day)
                            AND ST_Covers(community.boundary, ST_PointOnSurface(zone.boundary))
                          ORDER BY community.scheme_id, community.code LIMIT 1), '')
          FROM responsibility_zone AS zone
         WHERE zone.code = ANY (:zone_codes)
         ORDER BY zone.code,
                  (zone.valid_from <= :day AND (zone.valid_to IS NULL OR zone.valid_to > :day)) DESC,
                  zone.valid_from DESC
    ) AS zones
     ORDER BY kind, code
    """
)

FIND_PEOPLE = text(
    """
    SELECT id, code, name, name_en, is_active FROM person WHERE id = ANY (:ids) ORDER BY id
    """
)

FIND_ISSUE_NUMBERS = text(
    """
    SELECT id, number, area_code FROM issue WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY number
    """
)

# Index: ix_issue_open_area_code_received_at; zones have no index of their own among issues, and open issues
# are few. Nobody may change an issue between the look and the write.
LOCK_OPEN_ISSUES_OF_GROUNDS = text(
    """
    SELECT id, source, ST_X(location) AS lon_deg, ST_Y(location) AS lat_deg, scheme_id, subdistrict_code,
           community_code, grid_code, micro_grid_code, area_code, zone_code, responsible_person_id, routing
      FROM issue
     WHERE state IN ('submitted', 'handling', 'to_rate')
       AND (CAST(:after AS uuid) IS NULL OR id > :after)
       AND (zone_code = ANY (:zone_codes)
            OR EXISTS (SELECT FROM unnest(CAST(:lows AS text[]), CAST(:highs AS text[])) AS span (low, high)
                        WHERE issue.area_code >= span.low COLLATE "C"
                          AND issue.area_code < span.high COLLATE "C"))
     ORDER BY id
     LIMIT :limit
       FOR UPDATE
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundPlace:
    """A ground by name; ``area_code`` is where it lies: its own code, or a zone's community ('' for none)."""

    ground: Ground
    name: str
    name_en: str | None
    area_code: str
    level: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who holds or takes a post."""

    id: int
    code: str
    name: str
    name_en: str | None
    is_active: bool


def lock_tenures(session: Session, ids: Collection[int]) -> tuple[Tenure, ...]:
    """Load posts and keep others from changing them; those that are gone are left out."""
    return _tenures(session.execute(LOCK_TENURES, {"ids": sorted(ids)}).mappings())


def lock_tenures_of_grounds(session: Session, grounds: Iterable[Ground]) -> tuple[Tenure, ...]:
    """Load every post of these grounds, of all times, and keep others from changing them."""
    return _tenures(session.execute(LOCK_TENURES_OF_GROUNDS, _codes(grounds)).mappings())


def lock_tenures_of_person(session: Session, person_id: int, *, day: date) -> tuple[Tenure, ...]:
    """Load what somebody holds or stands in for on that day or later."""
    rows = session.execute(LOCK_TENURES_OF_PERSON, {"person_id": person_id, "day": day}).mappings()
    return _tenures(rows)


def write_plan(session: Session, plan: Plan) -> Plan:
    """Write the changes of a plan; gives it back with the ids of new rows."""
    return replace(plan, changes=tuple(_write_change(session, change) for change in plan.changes))


def find_grounds(session: Session, grounds: Iterable[Ground], *, day: date) -> dict[Ground, GroundPlace]:
    """Find grounds by name and place, as they are on that day or else were last; others are left out."""
    rows = session.execute(FIND_GROUNDS, {**_codes(grounds), "day": day})
    found = (
        GroundPlace(
            ground=Ground(GroundKind(row.kind), row.code),
            name=row.name,
            name_en=row.name_en,
            area_code=row.area_code,
            level=row.level,
        )
        for row in rows
    )
    return {place.ground: place for place in found}


def find_holders(session: Session, ids: Iterable[int]) -> dict[int, Holder]:
    """Find people by id."""
    rows = session.execute(FIND_PEOPLE, {"ids": sorted(set(ids))}).mappings()
    return {row["id"]: Holder(**row) for row in rows}


def find_issue_numbers(session: Session, ids: Collection[UUID]) -> list[tuple[UUID, str, str]]:
    """The id, number and area code of issues, by number."""
    rows = session.execute(FIND_ISSUE_NUMBERS, {"ids": [str(id) for id in ids]})
    return [(row.id, row.number, row.area_code) for row in rows]


def lock_open_issues_of_grounds(
    session: Session, grounds: Iterable[Ground], *, after: UUID | None, limit: int
) -> list[RoutedBefore]:
    """Load the next block of open issues on these grounds, by id, and keep others from changing them."""
    wanted = tuple(grounds)
    spans = [code_range(scope_prefix(one.code)) for one in wanted if one.kind is GroundKind.AREA]
    rows = session.execute(
        LOCK_OPEN_ISSUES_OF_GROUNDS,
        {
            "after": after,
            "zone_codes": [one.code for one in wanted if one.kind is GroundKind.ZONE],
            "lows": [low for low, _ in spans],
            "highs": [high for _, high in spans],
            "limit": limit,
        },
    ).mappings()
    own = ("id", "source", "lon_deg", "lat_deg")
    return [
        RoutedBefore(
            **{name: row[name] for name in own},
            columns={name: value for name, value in row.items() if name not in own},
        )
        for row in rows
    ]


def tenure_json(tenure: Tenure | None) -> dict[str, object] | None:
    """A tenure as the history keeps it."""
    if tenure is None:
        return None
    return {
        "id": tenure.id,
        "person_id": tenure.person_id,
        "role": tenure.role.value,
        "kind": tenure.ground.kind.value,
        "code": tenure.ground.code,
        "organisation_code": tenure.organisation_code,
        "valid_from": tenure.valid_from.isoformat(),
        "valid_to": None if tenure.valid_to is None else tenure.valid_to.isoformat(),
        "stand_ins": [
            {
                "person_id": one.person_id,
                "first_day": one.first_day.isoformat(),
                "last_day": None if one.last_day is None else one.last_day.isoformat(),
            }
            for one in tenure.stand_ins
        ],
    }


def tenure_of_json(kept: Mapping[str, Any] | None) -> Tenure | None:
    """Read what :func:`tenure_json` wrote."""
    if kept is None:
        return None
    return Tenure(
        id=kept["id"],
        person_id=kept["person_id"],
        role=PostRole(kept["role"]),
        ground=Ground(GroundKind(kept["kind"]), kept["code"]),
        organisation_code=kept["organisation_code"],
        valid_from=date.fromisoformat(kept["valid_from"]),
        valid_to=_day_or_none(kept["valid_to"]),
        stand_ins=_stand_ins(kept["stand_ins"]),
    )


def _write_change(session: Session, change: TenureChange) -> TenureChange:
    before, after = change.before, change.after
    if after is None:
        if before is not None:
            session.execute(DELETE_TENURE, {"id": before.id})
        return change
    values = {"valid_from": after.valid_from, "valid_to": after.valid_to}
    if before is None:
        is_area = after.ground.kind is GroundKind.AREA
        tenure_id = session.execute(
            INSERT_TENURE,
            {
                **values,
                "person_id": after.person_id,
                "role": after.role.value,
                "area_code": after.ground.code if is_area else None,
                "zone_code": None if is_area else after.ground.code,
                "organisation_code": after.organisation_code,
            },
        ).scalar_one()
        after = replace(after, id=int(tenure_id))
    else:
        session.execute(UPDATE_TENURE, {**values, "id": before.id})
    if before is None or before.stand_ins != after.stand_ins:
        session.execute(DELETE_STAND_INS, {"id": after.id})
        for one in after.stand_ins:
            session.execute(
                INSERT_STAND_IN,
                {
                    "assignment_id": after.id,
                    "person_id": one.person_id,
                    "first_day": one.first_day,
                    "last_day": one.last_day,
                },
            )
    return TenureChange(before=before, after=after)


def _codes(grounds: Iterable[Ground]) -> dict[str, object]:
    wanted = tuple(grounds)
    return {
        "area_codes": [one.code for one in wanted if one.kind is GroundKind.AREA],
        "zone_codes": [one.code for one in wanted if one.kind is GroundKind.ZONE],
    }


def _tenures(rows: Iterable[Mapping[Any, Any]]) -> tuple[Tenure, ...]:
    return tuple(
        Tenure(
            id=row["id"],
            person_id=row["person_id"],
            role=PostRole(row["role"]),
            ground=Ground(GroundKind.ZONE, row["zone_code"])
            if row["zone_code"]
            else Ground(GroundKind.AREA, row["area_code"]),
            organisation_code=row["organisation_code"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            stand_ins=_stand_ins(row["stand_ins"]),
            version=row["version"],
        )
        for row in rows
        if row["zone_code"] or row["area_code"]
    )


def _stand_ins(kept: Sequence[Mapping[str, Any]] | str) -> tuple[StandIn, ...]:
    items: Sequence[Mapping[str, Any]] = json.loads(kept) if isinstance(kept, str) else kept
    return tuple(
        StandIn(
            person_id=one["person_id"],
            first_day=date.fromisoformat(one["first_day"]),
            last_day=_day_or_none(one["last_day"]),
        )
        for one in items
    )


def _day_or_none(kept: str | None) -> date | None:
    return None if kept is None else date.fromisoformat(kept)
