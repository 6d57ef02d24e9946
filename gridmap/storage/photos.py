"""Photos of issues: read with suspicion, made small and anonymous, kept as files named by their content.

A photo is decoded and encoded anew, so that what is kept is a plain JPEG of ours: no EXIF (place, device,
time), no trailing bytes, no trick that only a decoder elsewhere would fall for.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import warnings
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from PIL import Image, ImageOps
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.errors import InvalidInput
from gridmap.domain.issues import IssueId

EDGE_MAX_PX = 1600
JPEG_QUALITY = 82
ACCEPTED_FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS_MAX = 60_000_000
"""Decoded size is what hurts: a small file may unpack to gigabytes."""

RATIO_MAX = 8.0

FIND_BY_SOURCE = text(
    """
    SELECT sha256, width_px, height_px, byte_count, kind
      FROM issue_photo
     WHERE issue_id = :issue_id AND (source_sha256 = :source_sha256 OR sha256 = :source_sha256)
     ORDER BY id
     LIMIT 1
    """
)

COUNT_PHOTOS = text("SELECT count(*) FROM issue_photo WHERE issue_id = :issue_id")

INSERT_PHOTO = text(
    """
    INSERT INTO issue_photo
           (issue_id, sha256, source_sha256, kind, width_px, height_px, byte_count, uploaded_by, at)
    VALUES (:issue_id, :sha256, :source_sha256, :kind, :width_px, :height_px, :byte_count, :uploaded_by, :at)
        ON CONFLICT (issue_id, sha256) DO NOTHING
 RETURNING id
    """
)


class PhotoKind(StrEnum):
    """Before and after; the values are those of ``issue_photo.kind``."""

    REPORT = "report"
    RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPhoto:
    """A photo as it will be kept; ``source_sha256`` names the file that it was made of."""

    source_sha256: str
    jpeg: bytes
    sha256: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPhoto:
    """A photo that is kept."""

    sha256: str
    width_px: int
    height_px: int
    byte_count: int
    kind: PhotoKind


def prepare(content: bytes, *, source_sha256: str, file_max_bytes: int) -> PreparedPhoto:
    """Check a file and make the JPEG that is kept: upright, at most 1600 px, without metadata.

    This takes a while for a large picture: do it before the transaction.

    Raises
    ------
    InvalidInput
        ``photo``: too large, not a JPEG, PNG or WebP picture, damaged, or of an extreme shape;
        ``sha256``: the file does not hash to what its sender says.
    """
    if len(content) > file_max_bytes:
        raise InvalidInput(field="photo", reason="file_too_large", highest_bytes=file_max_bytes)
    if hashlib.sha256(content).hexdigest() != source_sha256:
        raise InvalidInput(field="sha256", reason="of_other_bytes")
    try:
        # The type is what the bytes are, whatever the sender calls them.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=ACCEPTED_FORMATS)
    except Image.DecompressionBombError:
        raise InvalidInput(field="photo", reason="too_many_pixels", highest=PIXELS_MAX) from None
    except (OSError, ValueError, SyntaxError):
        raise InvalidInput(field="photo", reason="not_a_picture") from None
    width_px, height_px = picture.size
    if width_px * height_px > PIXELS_MAX:
        raise InvalidInput(field="photo", reason="too_many_pixels", highest=PIXELS_MAX)
    if max(width_px, height_px) > RATIO_MAX * min(width_px, height_px):
        raise InvalidInput(field="photo", reason="extreme_shape", highest_ratio=RATIO_MAX)
    try:
        picture.draft("RGB", (EDGE_MAX_PX, EDGE_MAX_PX))
        upright = ImageOps.exif_transpose(picture)
        upright.thumbnail((EDGE_MAX_PX, EDGE_MAX_PX), Image.Resampling.LANCZOS)
        small = _on_white(upright)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InvalidInput(field="photo", reason="damaged") from None
    out = io.BytesIO()
    small.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True, exif=b"")
    jpeg = out.getvalue()
    return PreparedPhoto(
        source_sha256=source_sha256,
        jpeg=jpeg,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        width_px=small.width,
        height_px=small.height,
    )


def _on_white(picture: Image.Image) -> Image.Image:
    """Drop transparency and colour profiles: plain RGB."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        ground = Image.new("RGB", layered.size, "white")
        ground.paste(layered, mask=layered.getchannel("A"))
        return ground
    plain = Image.new("RGB", picture.size)
    plain.paste(picture.convert("RGB"))
    return plain


def photo_path(folder: Path, sha256: str) -> Path:
    """Say where a photo's file is; two levels of folders keep each of them small."""
    return folder / sha256[:2] / sha256[2:4] / f"{sha256}.jpg"


def keep_file(folder: Path, photo: PreparedPhoto) -> Path:
    """Write the file, durably and whole or not at all; a file that is there already is the same file."""
    path = photo_path(folder, photo.sha256)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{photo.sha256}.{secrets.token_hex(4)}")
    try:
        with half.open("xb") as file:
            file.write(photo.jpeg)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return path


def find_by_source(session: Session, issue_id: IssueId, source_sha256: str) -> StoredPhoto | None:
    """Find the photo that was made of a file, by the hash of the file as it was sent."""
    row = session.execute(
        FIND_BY_SOURCE, {"issue_id": issue_id, "source_sha256": source_sha256}
    ).one_or_none()
    if row is None:
        return None
    return StoredPhoto(
        sha256=row.sha256,
        width_px=row.width_px,
        height_px=row.height_px,
        byte_count=row.byte_count,
        kind=PhotoKind(row.kind),
    )


def count_of(session: Session, issue_id: IssueId) -> int:
    """Count the photos of an issue."""
    return int(session.execute(COUNT_PHOTOS, {"issue_id": issue_id}).scalar_one())


def insert_photo(
    session: Session,
    issue_id: IssueId,
    photo: PreparedPhoto,
    *,
    kind: PhotoKind,
    uploaded_by: int | None,
    at: datetime,
) -> tuple[StoredPhoto, bool]:
    """Record a photo whose file is kept; False when the issue has the same picture already."""
    inserted = session.execute(
        INSERT_PHOTO,
        {
            "issue_id": issue_id,
            "sha256": photo.sha256,
            "source_sha256": photo.source_sha256,
            "kind": kind.value,
            "width_px": photo.width_px,
            "height_px": photo.height_px,
            "byte_count": len(photo.jpeg),
            "uploaded_by": uploaded_by,
            "at": at,
        },
    )
    stored = StoredPhoto(
        sha256=photo.sha256,
        width_px=photo.width_px,
        height_px=photo.height_px,
        byte_count=len(photo.jpeg),
        kind=kind,
    )
    return stored, inserted.first() is not None
