"""People as the register edits them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.people import PersonDetails

_FIND_PERSON = """
    SELECT id, code, name, name_en, office_phone, mobile_phone, name_is_public, mobile_is_public,
           is_active, version
      FROM person
     WHERE id = :id
    """
FIND_PERSON = text(_FIND_PERSON)
LOCK_PERSON = text(f"{_FIND_PERSON} FOR UPDATE")

# The caller holds the turn of the register, so that no two get one code.
INSERT_PERSON = text(
    """
    INSERT INTO person (code, name, name_en, office_phone, mobile_phone, name_is_public, mobile_is_public)
    SELECT 'P' || lpad((coalesce(max(substring(code FROM '^P([0-9]{1,8})$')::int), 0) + 1)::text, 4, '0'),
           :name, :name_en, :office_phone, :mobile_phone, :name_is_public, :mobile_is_public
      FROM person
 RETURNING id, code
    """
)

UPDATE_PERSON = text(
    """
    UPDATE person
       SET name = :name, name_en = :name_en, office_phone = :office_phone, mobile_phone = :mobile_phone,
           name_is_public = :name_is_public, mobile_is_public = :mobile_is_public
     WHERE id = :id
    """
)

# Where somebody belongs: the grounds of all posts that they hold or held, or stand in for, and the area in
# whose register they were written. Indexes: ix_assignment_person_id, ix_stand_in_person_id,
# ix_register_change_register_item_code_id; GiST on area.boundary for zones, which lie in a community.
FIND_AREAS_OF_PERSON = text(
    """
    SELECT coalesce(post.area_code,
                    (SELECT community.code
                       FROM responsibility_zone AS zone
                       JOIN area AS community
                         ON community.level = 'community'
                        AND ST_Covers(community.boundary, ST_PointOnSurface(zone.boundary))
                      WHERE zone.code = post.zone_code
                      ORDER BY zone.valid_from DESC, community.valid_from DESC, community.scheme_id,
                               community.code
                      LIMIT 1),
                    '') AS area_code,
           post.person_id = person.id AND (post.valid_to IS NULL OR post.valid_to > :day) AS is_current
      FROM person
      JOIN assignment AS post
        ON post.person_id = person.id
        OR post.id IN (SELECT assignment_id FROM stand_in WHERE stand_in.person_id = person.id)
     WHERE person.id = :person_id
     UNION
    SELECT change.area_code, false
      FROM person
      JOIN register_change AS change
        ON change.register = 'person' AND change.item_code = person.code AND change.action = 'created'
     WHERE person.id = :person_id
     ORDER BY 1, 2
    """
)

SET_ACTIVE = text("UPDATE person SET is_active = :is_active WHERE id = :id")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPerson:
    """A person as stored."""

    id: int
    code: str
    details: PersonDetails
    is_active: bool
    version: int


def find_person(session: Session, person_id: int, *, lock: bool = False) -> StoredPerson | None:
    """Load a person; ``lock`` keeps others from changing the row until the transaction ends."""
    row = session.execute(LOCK_PERSON if lock else FIND_PERSON, {"id": person_id}).mappings().one_or_none()
    if row is None:
        return None
    own = ("id", "code", "is_active", "version")
    return StoredPerson(
        **{name: row[name] for name in own},
        details=PersonDetails(**{name: value for name, value in row.items() if name not in own}),
    )


def areas_of_person(session: Session, person_id: int, *, day: date) -> list[tuple[str, bool]]:
    """Where somebody belongs: area codes, each with whether it is that of a post held on the day or later."""
    rows = session.execute(FIND_AREAS_OF_PERSON, {"person_id": person_id, "day": day})
    return [(row.area_code, row.is_current) for row in rows]


def insert_person(session: Session, details: PersonDetails) -> tuple[int, str]:
    """Write a new person under the next free code; returns id and code."""
    row = session.execute(INSERT_PERSON, asdict(details)).one()
    return int(row.id), str(row.code)


def update_person(session: Session, person_id: int, details: PersonDetails) -> None:
    """Write a person anew; the database raises the version."""
    session.execute(UPDATE_PERSON, {**asdict(details), "id": person_id})


def set_active(session: Session, person_id: int, *, is_active: bool) -> None:
    """Say whether somebody may be given posts."""
    session.execute(SET_ACTIVE, {"id": person_id, "is_active": is_active})
