"""Areas as imports read and write them: versions by code, drawn together per level."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

_CHUNK_LENGTH = 2_000

# Index: ix_area_scheme_id_level_code (scheme, level); the whole level is wanted.
FIND_LEVEL = text(
    """
    SELECT area.id, area.code, area.name, area.name_en, area.kind, area.parent_id,
           area.household_count, area.resident_count, area.office_phone, area.office_hours,
           area.valid_from, area.valid_to,
           ST_AsBinary(area.boundary, 'NDR') AS boundary, ST_AsBinary(area.overview, 'NDR') AS overview
      FROM area
     WHERE area.scheme_id = :scheme_id AND area.level = :level
       AND (area.valid_to IS NULL OR area.valid_to > :day)
     ORDER BY area.code, area.valid_from
    """
)

# Every code that was ever used, also by versions that have ended.
FIND_CODES = text("SELECT DISTINCT code FROM area WHERE scheme_id = :scheme_id AND level = :level")

# Index: ix_area_parent_id.
FIND_CHILDREN = text(
    """
    SELECT id
      FROM area
     WHERE parent_id = ANY (:ids) AND (valid_to IS NULL OR valid_to > :day)
     ORDER BY id
    """
)

CLOSE_VERSIONS = text("UPDATE area SET valid_to = :day WHERE id = ANY (:ids)")

_ITEM = """
    jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
        id bigint, code text, name text, name_en text, kind text, parent_id bigint, household_count int,
        resident_count int, office_phone text, office_hours text, boundary text, overview text,
        label_lon_deg float8, label_lat_deg float8)
"""
_BOUNDARY = "ST_SetSRID(ST_GeomFromWKB(decode(item.boundary, 'hex')), 4326)"
_OVERVIEW = "ST_SetSRID(ST_GeomFromWKB(decode(item.overview, 'hex')), 4326)"
_LABEL_POINT = "ST_SetSRID(ST_MakePoint(item.label_lon_deg, item.label_lat_deg), 4326)"

INSERT_VERSIONS = text(
    f"""
    INSERT INTO area (scheme_id, level, code, name, name_en, kind, parent_id, valid_from, household_count,
                      resident_count, office_phone, office_hours, boundary, overview, label_point)
    SELECT :scheme_id, :level, item.code, item.name, item.name_en, item.kind, item.parent_id, :day,
           item.household_count, item.resident_count, item.office_phone, item.office_hours,
           {_BOUNDARY}, {_OVERVIEW}, {_LABEL_POINT}
      FROM {_ITEM}
 RETURNING id, code
    """  # noqa: S608 - the fragments are the constants above
)

# A version that began on the day of the import has not lasted a day: it is corrected in place.
CORRECT_VERSIONS = text(
    f"""
    UPDATE area
       SET (name, name_en, kind, parent_id, household_count, resident_count, office_phone, office_hours,
            boundary, overview, label_point)
         = (item.name, item.name_en, item.kind, item.parent_id, item.household_count, item.resident_count,
            item.office_phone, item.office_hours, {_BOUNDARY}, {_OVERVIEW}, {_LABEL_POINT})
      FROM {_ITEM}
     WHERE area.id = item.id
    """  # noqa: S608 - the fragments are the constants above
)

REDRAW = text(
    f"""
    UPDATE area
       SET overview = {_OVERVIEW}
      FROM {_ITEM}
     WHERE area.id = item.id
    """  # noqa: S608 - the fragments are the constants above
)

# Index: ix_area_parent_id. Children follow their parent's new version.
ADOPT_CHILDREN = text(
    """
    UPDATE area
       SET parent_id = successor.new_id
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS successor (old_id bigint, new_id bigint)
     WHERE area.parent_id = successor.old_id AND (area.valid_to IS NULL OR area.valid_to > :day)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaContent:
    """What a version of an area says; ``boundary`` is WKB in WGS-84."""

    code: str
    name: str
    name_en: str | None
    kind: str
    parent_id: int | None
    household_count: int | None
    resident_count: int | None
    office_phone: str | None
    office_hours: str | None
    boundary: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArea:
    """A version of an area that holds on a day or later."""

    id: int
    content: AreaContent
    overview: bytes
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Say whether this is the version of that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version to write: ``id`` of the row to correct, or None for a new row."""

    id: int | None
    content: AreaContent
    overview: bytes
    label_point: tuple[float, float]


def find_level(session: Session, *, scheme_id: int, level: str, day: date) -> list[StoredArea]:
    """Every version of a level that holds on the day or begins after it, by code."""
    rows = session.execute(FIND_LEVEL, {"scheme_id": scheme_id, "level": level, "day": day})
    return [
        StoredArea(
            id=row.id,
            content=AreaContent(
                code=row.code,
                name=row.name,
                name_en=row.name_en,
                kind=row.kind,
                parent_id=row.parent_id,
                household_count=row.household_count,
                resident_count=row.resident_count,
                office_phone=row.office_phone,
                office_hours=row.office_hours,
                boundary=bytes(row.boundary),
            ),
            overview=bytes(row.overview),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    ]


def find_codes(session: Session, *, scheme_id: int, level: str) -> list[str]:
    """Every code that the level has used, now or before."""
    return list(session.scalars(FIND_CODES, {"scheme_id": scheme_id, "level": level}))


def find_children(session: Session, ids: Sequence[int], *, day: date) -> list[int]:
    """The areas that :func:`adopt_children` would hang elsewhere."""
    return list(session.scalars(FIND_CHILDREN, {"ids": list(ids), "day": day})) if ids else []


def close_versions(session: Session, ids: Sequence[int], *, day: date) -> None:
    """End versions: the day is the first on which they no longer hold. They are kept."""
    if ids:
        session.execute(CLOSE_VERSIONS, {"ids": list(ids), "day": day})


def insert_versions(
    session: Session, versions: Sequence[NewVersion], *, scheme_id: int, level: str, day: date
) -> dict[str, int]:
    """Add versions that begin on the day; returns their ids by code."""
    ids: dict[str, int] = {}
    for rows in _chunks(versions):
        result = session.execute(
            INSERT_VERSIONS, {"rows": rows, "scheme_id": scheme_id, "level": level, "day": day}
        )
        ids |= {row.code: row.id for row in result}
    return ids


def correct_versions(session: Session, versions: Sequence[NewVersion]) -> None:
    """Write over versions that began on the day of the import."""
    for rows in _chunks(versions):
        session.execute(CORRECT_VERSIONS, {"rows": rows})


def redraw(session: Session, overviews: Mapping[int, bytes]) -> None:
    """Replace the overview geometries of areas whose neighbours changed."""
    items = [{"id": id_, "overview": overview.hex()} for id_, overview in overviews.items()]
    for start in range(0, len(items), _CHUNK_LENGTH):
        session.execute(REDRAW, {"rows": json.dumps(items[start : start + _CHUNK_LENGTH])})


def adopt_children(session: Session, successors: Mapping[int, int], *, day: date) -> None:
    """Hang children under the new versions of their parents (old id to new id)."""
    if successors:
        rows = [{"old_id": old, "new_id": new} for old, new in successors.items()]
        session.execute(ADOPT_CHILDREN, {"rows": json.dumps(rows), "day": day})


def _chunks(versions: Sequence[NewVersion]) -> Iterable[str]:
    for start in range(0, len(versions), _CHUNK_LENGTH):
        yield json.dumps(
            [_item(version) for version in versions[start : start + _CHUNK_LENGTH]], ensure_ascii=False
        )


def _item(version: NewVersion) -> dict[str, object]:
    content = version.content
    return {
        "id": version.id,
        "code": content.code,
        "name": content.name,
        "name_en": content.name_en,
        "kind": content.kind,
        "parent_id": content.parent_id,
        "household_count": content.household_count,
        "resident_count": content.resident_count,
        "office_phone": content.office_phone,
        "office_hours": content.office_hours,
        "boundary": content.boundary.hex(),
        "overview": version.overview.hex(),
        "label_lon_deg": version.label_point[0],
        "label_lat_deg": version.label_point[1],
    }
