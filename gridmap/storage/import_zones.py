"""Responsibility zones as imports read and write them: versions by code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

# Index: ex_responsibility_zone_one_version_at_a_time; every zone is wanted, a subdistrict has some hundreds.
FIND_ZONES = text(
    """
    SELECT id, code, name, name_en, organisation_code, valid_from, valid_to,
           ST_AsBinary(boundary, 'NDR') AS boundary, ST_AsBinary(overview, 'NDR') AS overview
      FROM responsibility_zone
     WHERE valid_to IS NULL OR valid_to > :day
     ORDER BY code, valid_from
    """
)

FIND_ORGANISATIONS = text("SELECT code FROM organisation ORDER BY code")

CLOSE_VERSIONS = text("UPDATE responsibility_zone SET valid_to = :day WHERE id = ANY (:ids)")

_ITEM = """
    jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (
        id bigint, code text, name text, name_en text, organisation_code text, boundary text, overview text)
"""
_BOUNDARY = "ST_SetSRID(ST_GeomFromWKB(decode(item.boundary, 'hex')), 4326)"
_OVERVIEW = "ST_SetSRID(ST_GeomFromWKB(decode(item.overview, 'hex')), 4326)"

INSERT_VERSIONS = text(
    f"""
    INSERT INTO responsibility_zone (code, name, name_en, organisation_code, valid_from, boundary, overview)
    SELECT item.code, item.name, item.name_en, item.organisation_code, :day, {_BOUNDARY}, {_OVERVIEW}
      FROM {_ITEM}
 RETURNING id
    """  # noqa: S608 - the fragments are the constants above
)

CORRECT_VERSIONS = text(
    f"""
    UPDATE responsibility_zone AS zone
       SET (name, name_en, organisation_code, boundary, overview)
         = (item.name, item.name_en, item.organisation_code, {_BOUNDARY}, {_OVERVIEW})
      FROM {_ITEM}
     WHERE zone.id = item.id
    """  # noqa: S608 - the fragments are the constants above
)

REDRAW = text(
    f"""
    UPDATE responsibility_zone AS zone
       SET overview = {_OVERVIEW}
      FROM {_ITEM}
     WHERE zone.id = item.id
    """  # noqa: S608 - the fragments are the constants above
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneContent:
    """What a version of a zone says; ``boundary`` is WKB in WGS-84."""

    code: str
    name: str
    name_en: str | None
    organisation_code: str | None
    boundary: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredZone:
    """A version of a zone that holds on a day or later."""

    id: int
    content: ZoneContent
    overview: bytes
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Say whether this is the version of that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def find_zones(session: Session, *, day: date) -> list[StoredZone]:
    """Every version that holds on the day or begins after it, by code."""
    return [
        StoredZone(
            id=row.id,
            content=ZoneContent(
                code=row.code,
                name=row.name,
                name_en=row.name_en,
                organisation_code=row.organisation_code,
                boundary=bytes(row.boundary),
            ),
            overview=bytes(row.overview),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in session.execute(FIND_ZONES, {"day": day})
    ]


def find_organisation_codes(session: Session) -> set[str]:
    """The codes of every organisation."""
    return set(session.scalars(FIND_ORGANISATIONS))


def close_versions(session: Session, ids: Sequence[int], *, day: date) -> None:
    """End versions: the day is the first on which they no longer hold."""
    if ids:
        session.execute(CLOSE_VERSIONS, {"ids": list(ids), "day": day})


def insert_versions(
    session: Session, versions: Sequence[tuple[ZoneContent, bytes]], *, day: date
) -> list[int]:
    """Add versions (content and overview) that begin on the day; returns their ids."""
    rows = json.dumps([_item(None, *version) for version in versions], ensure_ascii=False)
    return list(session.scalars(INSERT_VERSIONS, {"rows": rows, "day": day})) if versions else []


def correct_versions(session: Session, versions: Mapping[int, tuple[ZoneContent, bytes]]) -> None:
    """Write over versions that began on the day of the import."""
    if versions:
        rows = [_item(id_, *version) for id_, version in versions.items()]
        session.execute(CORRECT_VERSIONS, {"rows": json.dumps(rows, ensure_ascii=False)})


def redraw(session: Session, overviews: Mapping[int, bytes]) -> None:
    """Replace the overviews of zones whose neighbours changed."""
    if overviews:
        rows = [{"id": id_, "overview": overview.hex()} for id_, overview in overviews.items()]
        session.execute(REDRAW, {"rows": json.dumps(rows)})


def _item(id_: int | None, content: ZoneContent, overview: bytes) -> dict[str, object]:
    return {
        "id": id_,
        "code": content.code,
        "name": content.name,
        "name_en": content.name_en,
        "organisation_code": content.organisation_code,
        "boundary": content.boundary.hex(),
        "overview": overview.hex(),
    }
