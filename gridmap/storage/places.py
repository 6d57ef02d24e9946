"""Service points as the register edits them, and their photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.places import PlaceDetails, PlaceStatus, Visibility
from gridmap.storage.photos import PreparedPhoto
from gridmap.storage.search_keys import search_key

_PLAIN = (
    *("name", "name_en", "alias", "category_code", "status", "address", "address_en", "floor", "area_m2"),
    *("capacity", "opening_hours", "office_phone", "services", "operator", "brand_tags", "tour_text"),
    *("visibility", "source", "surveyed_on", "accuracy_class"),
)
"""The columns that :class:`PlaceDetails` fills beside the location."""

_DERIVED = ("community_code", "grid_code", "search_key", "valid_to")
_POINT = "ST_SetSRID(ST_MakePoint(:lon_deg, :lat_deg), 4326)"

_FIND_PLACE = f"""
    SELECT point.id, point.code, {", ".join(f"point.{name}" for name in _PLAIN)}, point.community_code,
           point.grid_code, point.version, ST_X(point.location) AS lon_deg, ST_Y(point.location) AS lat_deg,
           category.is_restricted
      FROM service_point AS point
      JOIN service_point_category AS category ON category.code = point.category_code
     WHERE point.id = :id
    """  # noqa: S608 - column names of this module
FIND_PLACE = text(_FIND_PLACE)
LOCK_PLACE = text(f"{_FIND_PLACE} FOR UPDATE OF point")

INSERT_PLACE = text(
    f"""
    INSERT INTO service_point (code, {", ".join((*_PLAIN, *_DERIVED))}, location, valid_from)
    VALUES (:code, {", ".join(f":{name}" for name in (*_PLAIN, *_DERIVED))}, {_POINT}, :valid_from)
 RETURNING id
    """  # noqa: S608
)

UPDATE_PLACE = text(
    f"""
    UPDATE service_point
       SET {", ".join(f"{name} = :{name}" for name in (*_PLAIN, *_DERIVED))}, location = {_POINT}
     WHERE id = :id
    """  # noqa: S608
)

# The caller holds the turn of the layer, so that no two get one code. Index: service_point's unique code.
NEXT_NUMBER = text(
    r"""
    SELECT coalesce(max(substring(code FROM '^[A-Z0-9]+-([0-9]{1,6})$')::int), 0) + 1
      FROM service_point
     WHERE code LIKE :category_code || '-%'
    """
)

CATEGORY_IS_RESTRICTED = text("SELECT is_restricted FROM service_point_category WHERE code = :code")

# Index: uq_service_point_photo_service_point_id_sha256.
FIND_PHOTOS = text(
    """
    SELECT id, sha256, position, alt_text, credit, width_px, height_px
      FROM service_point_photo
     WHERE service_point_id = :place_id
     ORDER BY position, id
    """
)

INSERT_PHOTO = text(
    """
    INSERT INTO service_point_photo (service_point_id, sha256, position, alt_text, credit, width_px,
                                     height_px, byte_count, uploaded_by, at)
    VALUES (:place_id, :sha256, :position, :alt_text, :credit, :width_px, :height_px, :byte_count,
            :uploaded_by, :at)
        ON CONFLICT (service_point_id, sha256) DO NOTHING
 RETURNING id
    """
)

UPDATE_PHOTO = text(
    """
    UPDATE service_point_photo SET alt_text = :alt_text, credit = :credit
     WHERE id = :id AND service_point_id = :place_id
    """
)

UPDATE_PHOTO_POSITIONS = text(
    """
    UPDATE service_point_photo AS photo SET position = wanted.position
      FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS wanted (id, position)
     WHERE photo.id = wanted.id AND photo.service_point_id = :place_id
    """
)

DELETE_PHOTO = text("DELETE FROM service_point_photo WHERE id = :id AND service_point_id = :place_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlace:
    """A service point as it is stored; ``area_code`` is its grid's code, else its community's, else empty."""

    id: int
    code: str
    details: PlaceDetails
    area_code: str
    is_restricted: bool
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePhoto:
    """A photo of a place: what it shows, and whose it is under which licence."""

    id: int
    sha256: str
    position: int
    alt_text: str
    credit: str
    width_px: int
    height_px: int


def find_place(session: Session, place_id: int, *, lock: bool = False) -> StoredPlace | None:
    """Load a place; ``lock`` keeps others from changing it until the transaction ends."""
    row = session.execute(LOCK_PLACE if lock else FIND_PLACE, {"id": place_id}).mappings().one_or_none()
    if row is None:
        return None
    plain: dict[str, Any] = {
        name: tuple(row[name]) if isinstance(row[name], list) else row[name] for name in _PLAIN
    }
    plain |= {"status": PlaceStatus(row["status"]), "visibility": Visibility(row["visibility"])}
    return StoredPlace(
        id=row["id"],
        code=row["code"],
        details=PlaceDetails(**plain, location=LonLat(lon_deg=row["lon_deg"], lat_deg=row["lat_deg"])),
        area_code=row["grid_code"] or row["community_code"] or "",
        is_restricted=row["is_restricted"] or row["visibility"] == Visibility.RESTRICTED,
        version=row["version"],
    )


def insert_place(
    session: Session,
    details: PlaceDetails,
    *,
    community_code: str | None,
    grid_code: str | None,
    valid_from: date,
) -> tuple[int, str]:
    """Write a new place under the next free code of its category; returns id and code."""
    category_code = details.category_code
    number = session.execute(NEXT_NUMBER, {"category_code": category_code}).scalar_one()
    code = f"{category_code}-{number:03d}"
    values = _values(details, community_code=community_code, grid_code=grid_code, day=valid_from)
    place_id = session.execute(INSERT_PLACE, {**values, "code": code, "valid_from": valid_from}).scalar_one()
    return int(place_id), code


def update_place(
    session: Session,
    place_id: int,
    details: PlaceDetails,
    *,
    community_code: str | None,
    grid_code: str | None,
    day: date,
) -> None:
    """Write every field of a place; the database raises its version."""
    values = _values(details, community_code=community_code, grid_code=grid_code, day=day)
    session.execute(UPDATE_PLACE, {**values, "id": place_id})


def category_is_restricted(session: Session, code: str) -> bool | None:
    """Say whether a category is restricted; None when there is no such category."""
    return session.execute(CATEGORY_IS_RESTRICTED, {"code": code}).scalar_one_or_none()


def find_photos(session: Session, place_id: int) -> tuple[PlacePhoto, ...]:
    """The photos of a place in their order."""
    return tuple(PlacePhoto(**row) for row in session.execute(FIND_PHOTOS, {"place_id": place_id}).mappings())


def insert_photo(
    session: Session,
    place_id: int,
    photo: PreparedPhoto,
    *,
    position: int,
    alt_text: str,
    credit: str,
    uploaded_by: int | None,
    at: datetime,
) -> bool:
    """Record a photo whose file is kept; False when the place has the same picture already."""
    inserted = session.execute(
        INSERT_PHOTO,
        {
            "place_id": place_id,
            "sha256": photo.sha256,
            "position": position,
            "alt_text": alt_text,
            "credit": credit,
            "width_px": photo.width_px,
            "height_px": photo.height_px,
            "byte_count": len(photo.jpeg),
            "uploaded_by": uploaded_by,
            "at": at,
        },
    )
    return inserted.first() is not None


def update_photo(session: Session, place_id: int, photo_id: int, *, alt_text: str, credit: str) -> None:
    """Write a photo's words."""
    values = {"id": photo_id, "place_id": place_id, "alt_text": alt_text, "credit": credit}
    session.execute(UPDATE_PHOTO, values)


def order_photos(session: Session, place_id: int, photo_ids: Sequence[int]) -> None:
    """Put the photos of a place into this order."""
    session.execute(UPDATE_PHOTO_POSITIONS, {"ids": list(photo_ids), "place_id": place_id})


def delete_photo(session: Session, place_id: int, photo_id: int) -> None:
    """Take a photo off a place; its file stays, because other places may show it too."""
    session.execute(DELETE_PHOTO, {"id": photo_id, "place_id": place_id})


def _values(
    details: PlaceDetails, *, community_code: str | None, grid_code: str | None, day: date
) -> dict[str, object]:
    is_withdrawn = details.status is PlaceStatus.WITHDRAWN
    return {
        **details.as_values(),
        "community_code": community_code,
        "grid_code": grid_code,
        "search_key": search_key([details.name, *details.alias, details.name_en]),
        "valid_to": day if is_withdrawn else None,
    }
