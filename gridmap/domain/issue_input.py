"""What a client may send about an issue, read with suspicion.

The same rules serve the API, the phone page and other channels. Every refusal names the field and gives a
reason code; nothing here is ever an internal error, whatever the bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gridmap.domain.coordinates import LonLat
from gridmap.domain.errors import InvalidInput
from gridmap.domain.issues import TEXT_MAX_LENGTH, EditIssue, IssueState

ADDRESS_MAX_LENGTH = 256
CODE_MAX_LENGTH = 32
ACCURACY_MAX_M = 100_000.0
CLOCK_SKEW = timedelta(minutes=10)
"""A phone's clock may be ahead by this much; later instants are refused."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
COORDINATE_DECIMALS = 7
"""Stored precision: about a centimetre."""

REPORT_FIELDS = frozenset(
    {"client_id", "category", "lon", "lat", "accuracy_m", "description", "address", "captured_at"}
)
EDIT_FIELDS = frozenset({"version", "state", "note", "rating", "category", "location"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as it was sent and understood; ``captured_at`` is UTC."""

    client_id: UUID
    category_code: str
    location: LonLat
    description: str
    captured_at: datetime
    accuracy_m: float | None = None
    address_text: str | None = None

    def content_hash(self) -> bytes:
        """Hash what was said, so that a repeat is told from a reuse of ``client_id`` for something else."""
        content = [
            self.category_code,
            f"{self.location.lon_deg:.7f}",
            f"{self.location.lat_deg:.7f}",
            self.description,
            self.captured_at.astimezone(UTC).isoformat(),
            self.accuracy_m,
            self.address_text,
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).digest()


def parse_report(raw: object, *, now: datetime) -> Report:
    """Read a report.

    Raises
    ------
    InvalidInput
        A field is missing, unknown, of the wrong kind or out of bounds.
    """
    fields = _object(raw, REPORT_FIELDS, path="body")
    return Report(
        client_id=_uuid(fields, "client_id"),
        category_code=_text(fields, "category", max_length=CODE_MAX_LENGTH),
        location=parse_location(fields.get("lon"), fields.get("lat")),
        description=_text(fields, "description", max_length=TEXT_MAX_LENGTH, required=False) or "",
        captured_at=_instant(fields, "captured_at", now=now),
        accuracy_m=_accuracy(fields),
        address_text=_text(fields, "address", max_length=ADDRESS_MAX_LENGTH, required=False) or None,
    )


def parse_edit(raw: object) -> EditIssue:
    """Read a change of an issue.

    Raises
    ------
    InvalidInput
        A field is missing, unknown, of the wrong kind or out of bounds.
    """
    fields = _object(raw, EDIT_FIELDS, path="body")
    location: LonLat | None = None
    if fields.get("location") is not None:
        point = _object(fields["location"], frozenset({"lon", "lat"}), path="location")
        location = parse_location(point.get("lon"), point.get("lat"))
    state: IssueState | None = None
    if fields.get("state") is not None:
        try:
            state = IssueState(_text(fields, "state", max_length=CODE_MAX_LENGTH))
        except ValueError:
            raise InvalidInput(field="state", reason="unknown") from None
    rating = fields.get("rating")
    if rating is not None and (not isinstance(rating, int) or isinstance(rating, bool)):
        raise InvalidInput(field="rating", reason="not_a_whole_number")
    return EditIssue(
        version=_version(fields),
        state=state,
        note=_text(fields, "note", max_length=TEXT_MAX_LENGTH, required=False) or None,
        rating=rating,
        category_code=_text(fields, "category", max_length=CODE_MAX_LENGTH, required=False) or None,
        location=location,
    )


def parse_location(lon: object, lat: object) -> LonLat:
    """Read a point: finite numbers, longitude and latitude in degrees, not exchanged.

    Raises
    ------
    InvalidInput
        Names ``lon`` or ``lat``; reason ``swapped`` when exchanging them would make sense.
    """
    lon_deg, lat_deg = _number(lon, "lon"), _number(lat, "lat")
    if abs(lat_deg) > 90:
        could_be_swapped = abs(lon_deg) <= 90 and abs(lat_deg) <= 180
        raise InvalidInput(field="lat", reason="swapped" if could_be_swapped else "out_of_range")
    if abs(lon_deg) > 180:
        raise InvalidInput(field="lon", reason="out_of_range")
    return LonLat(lon_deg=round(lon_deg, COORDINATE_DECIMALS), lat_deg=round(lat_deg, COORDINATE_DECIMALS))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedBox:
    """Where pins are taken: degrees, west < east, south < north."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float

    def holds(self, location: LonLat) -> bool:
        """Say whether a point lies in the box or on its rim."""
        return (
            self.west_deg <= location.lon_deg <= self.east_deg
            and self.south_deg <= location.lat_deg <= self.north_deg
        )

    def widened(self, margin_deg: float) -> AcceptedBox:
        """Give the box with a margin on every side."""
        return AcceptedBox(
            west_deg=self.west_deg - margin_deg,
            south_deg=self.south_deg - margin_deg,
            east_deg=self.east_deg + margin_deg,
            north_deg=self.north_deg + margin_deg,
        )

    def check(self, location: LonLat) -> None:
        """Stop here unless the point is taken.

        Raises
        ------
        InvalidInput
            Names the coordinate that is off; reason ``swapped`` when the exchanged point would be taken.
        """
        if self.holds(location):
            return
        if self.holds(LonLat(lon_deg=location.lat_deg, lat_deg=location.lon_deg)):
            raise InvalidInput(field="lon", reason="swapped")
        is_lon_off = not self.west_deg <= location.lon_deg <= self.east_deg
        raise InvalidInput(field="lon" if is_lon_off else "lat", reason="outside_accepted_area")


CHINA = AcceptedBox(west_deg=73.0, south_deg=3.0, east_deg=136.0, north_deg=54.0)
"""Accepted before any area is loaded."""


def clean_text(value: object, name: str, *, max_length: int) -> str:
    """Take a text: no NUL or other control characters but line breaks and tabs, trimmed, in NFC.

    Raises
    ------
    InvalidInput
        Not a text, too long, or with characters that no keyboard sends.
    """
    if not isinstance(value, str):
        raise InvalidInput(field=name, reason="not_a_text")
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if len(text) > max_length:
        raise InvalidInput(field=name, reason="too_long", max_length=max_length, length=len(text))
    # "Cs": a lone surrogate is valid JSON and cannot be stored.
    if not text.isprintable() and any(
        unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text
    ):
        raise InvalidInput(field=name, reason="control_characters")
    return text


def _object(raw: object, known: frozenset[str], *, path: str) -> Mapping[str, object]:
    if not isinstance(raw, Mapping):
        raise InvalidInput(field=path, reason="not_an_object")
    fields: dict[str, object] = {str(name): value for name, value in raw.items()}
    unknown = sorted(set(fields) - known)
    if unknown:
        raise InvalidInput(field=unknown[0][:64], reason="unknown_field")
    return fields


def _text(fields: Mapping[str, object], name: str, *, max_length: int, required: bool = True) -> str:
    value = fields.get(name)
    text = "" if value is None else clean_text(value, name, max_length=max_length)
    if required and not text:
        raise InvalidInput(field=name, reason="required")
    return text


def _number(value: object, name: str) -> float:
    if value is None:
        raise InvalidInput(field=name, reason="required")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(field=name, reason="not_a_number")
    try:
        number = float(value)
    except OverflowError:
        raise InvalidInput(field=name, reason="out_of_range") from None
    if not math.isfinite(number):
        raise InvalidInput(field=name, reason="not_a_number")
    return number


def _accuracy(fields: Mapping[str, object]) -> float | None:
    if fields.get("accuracy_m") is None:
        return None
    accuracy_m = _number(fields["accuracy_m"], "accuracy_m")
    if not 0 <= accuracy_m <= ACCURACY_MAX_M:
        raise InvalidInput(field="accuracy_m", reason="out_of_range", lowest=0, highest=ACCURACY_MAX_M)
    return accuracy_m


def _version(fields: Mapping[str, object]) -> int:
    version = fields.get("version")
    if version is None:
        raise InvalidInput(field="version", reason="required")
    if not isinstance(version, int) or isinstance(version, bool):
        raise InvalidInput(field="version", reason="not_a_whole_number")
    return version


def _uuid(fields: Mapping[str, object], name: str) -> UUID:
    text = _text(fields, name, max_length=64)
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(field=name, reason="not_a_uuid") from None


def _instant(fields: Mapping[str, object], name: str, *, now: datetime) -> datetime:
    text = _text(fields, name, max_length=64)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field=name, reason="not_an_instant") from None
    if instant.tzinfo is None:
        raise InvalidInput(field=name, reason="without_time_zone")
    try:
        instant = instant.astimezone(UTC)
    except (OverflowError, ValueError):
        raise InvalidInput(field=name, reason="out_of_range") from None
    if instant > now + CLOCK_SKEW:
        raise InvalidInput(field=name, reason="in_the_future")
    if instant < EARLIEST:
        raise InvalidInput(field=name, reason="out_of_range")
    return instant
