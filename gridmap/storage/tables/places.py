"""What stands on the ground: compounds, buildings, streets, land cover, service points, tours."""

from __future__ import annotations

from datetime import date

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.storage.tables.base import BigId, Code, Instant, Row, geometry, one_of, valid


class CompoundRow(Row):
    """A named or gated housing area (小区)."""

    __tablename__ = "compound"
    __table_args__ = (
        one_of("kind", ("old_estate", "commodity", "resettlement", "work_unit", "commercial", "village")),
        valid("boundary"),
    )

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    community_code: Mapped[Code]
    built_year: Mapped[int | None]
    has_property_company: Mapped[bool]
    version: Mapped[int] = mapped_column(server_default="1")
    boundary: Mapped[WKBElement] = geometry("MULTIPOLYGON")


class BuildingRow(Row):
    """A building (楼栋) with its counts; never who lives in it."""

    __tablename__ = "building"
    __table_args__ = (
        one_of(
            "kind", ("residential", "shop", "office", "school", "hospital", "public", "industrial", "other")
        ),
        CheckConstraint(
            "floor_count >= 0 AND household_count >= 0 AND resident_count >= 0"
            " AND elderly_count >= 0 AND ebike_count >= 0",
            name="counts_are_not_negative",
        ),
        valid("footprint"),
    )

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    compound_code: Mapped[str | None] = mapped_column(Text, ForeignKey("compound.code"), index=True)
    address: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    floor_count: Mapped[int]
    household_count: Mapped[int]
    resident_count: Mapped[int]
    elderly_count: Mapped[int]
    ebike_count: Mapped[int]
    version: Mapped[int] = mapped_column(server_default="1")
    footprint: Mapped[WKBElement] = geometry("MULTIPOLYGON")


class StreetRow(Row):
    """A stretch of street or footway between two crossings; the walking network is made of these."""

    __tablename__ = "street"
    __table_args__ = (
        one_of("kind", ("main", "secondary", "minor", "footway", "steps", "gate_link")),
        CheckConstraint("width_m > 0", name="width_is_positive"),
        valid("centreline"),
    )

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str | None] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    width_m: Mapped[float]
    is_walkable: Mapped[bool]
    centreline: Mapped[WKBElement] = geometry("LINESTRING")


class LandcoverRow(Row):
    """Water, green and squares: ground for the base map."""

    __tablename__ = "landcover"
    __table_args__ = (
        one_of("kind", ("river", "water", "green", "plaza", "court", "sports")),
        valid("extent"),
    )

    id: Mapped[BigId]
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    extent: Mapped[WKBElement] = geometry("MULTIPOLYGON")


class CompoundGateRow(Row):
    """Where people walk in and out of a compound."""

    __tablename__ = "compound_gate"
    __table_args__ = (valid("location"),)

    id: Mapped[BigId]
    compound_code: Mapped[str] = mapped_column(Text, ForeignKey("compound.code"), index=True)
    name: Mapped[str | None] = mapped_column(Text)
    location: Mapped[WKBElement] = geometry("POINT")


class ServicePointCategoryRow(Row):
    """A kind of service point (SP01 …); data, so that a city can add its own."""

    __tablename__ = "service_point_category"
    __table_args__ = (one_of("colour_group", ("convenience", "party", "welfare", "safety")),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    icon: Mapped[str] = mapped_column(Text)
    colour_group: Mapped[str] = mapped_column(Text)
    is_restricted: Mapped[bool]
    sort_order: Mapped[int]


class ServicePointRow(Row):
    """A service point (驿站, 议事亭, 充电车棚 …) from its first proposal to its closing.

    ``search_key`` holds name, aliases, full pinyin and pinyin initials, written together with the name.
    ``version`` is raised by the database at every change, whoever makes it.
    """

    __tablename__ = "service_point"
    __table_args__ = (
        one_of("status", ("planned", "consulting", "approved", "building", "built", "withdrawn")),
        one_of("visibility", ("public", "staff", "restricted")),
        one_of("accuracy_class", ("A", "B", "C")),
        valid("location"),
        Index(
            "ix_service_point_search_key",
            "search_key",
            postgresql_using="gin",
            postgresql_ops={"search_key": "gin_trgm_ops"},
        ),
        Index("ix_service_point_category_code_status", "category_code", "status"),
    )

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    alias: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    category_code: Mapped[str] = mapped_column(Text, ForeignKey("service_point_category.code"))
    status: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    address_en: Mapped[str | None] = mapped_column(Text)
    community_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    grid_code: Mapped[str | None] = mapped_column(Text(collation="C"))
    location: Mapped[WKBElement] = geometry("POINT")
    floor: Mapped[str | None] = mapped_column(Text)
    area_m2: Mapped[float | None]
    capacity: Mapped[int | None]
    opening_hours: Mapped[str | None] = mapped_column(Text)
    office_phone: Mapped[str | None] = mapped_column(Text)
    services: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    operator: Mapped[str | None] = mapped_column(Text)
    brand_tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    tour_text: Mapped[str | None] = mapped_column(Text)
    visibility: Mapped[str] = mapped_column(Text, server_default="public")
    source: Mapped[str] = mapped_column(Text)
    surveyed_on: Mapped[date | None] = mapped_column(Date)
    accuracy_class: Mapped[str] = mapped_column(Text, server_default="C")
    search_key: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    version: Mapped[int] = mapped_column(server_default="1")


class ServicePointPhotoRow(Row):
    """A picture of a service point, with its words and whose it is; the file is named by its hash."""

    __tablename__ = "service_point_photo"
    __table_args__ = (
        UniqueConstraint("service_point_id", "sha256"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hexadecimal"),
        Index("ix_service_point_photo_sha256", "sha256"),
    )

    id: Mapped[BigId]
    service_point_id: Mapped[int] = mapped_column(ForeignKey("service_point.id"))
    sha256: Mapped[str] = mapped_column(Text(collation="C"))
    position: Mapped[int]
    alt_text: Mapped[str] = mapped_column(Text)
    credit: Mapped[str] = mapped_column(Text)
    width_px: Mapped[int]
    height_px: Mapped[int]
    byte_count: Mapped[int]
    uploaded_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("account.id"))
    at: Mapped[Instant]


class TourRow(Row):
    """A visit route (观摩路线)."""

    __tablename__ = "tour"

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    summary_en: Mapped[str | None] = mapped_column(Text)


class TourStopRow(Row):
    """One stop of a tour, in order."""

    __tablename__ = "tour_stop"
    __table_args__ = (UniqueConstraint("tour_id", "position"), valid("location"))

    id: Mapped[BigId]
    tour_id: Mapped[int] = mapped_column(ForeignKey("tour.id"))
    position: Mapped[int]
    service_point_code: Mapped[str | None] = mapped_column(Text, ForeignKey("service_point.code"))
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    talking_points: Mapped[str] = mapped_column(Text)
    talking_points_en: Mapped[str | None] = mapped_column(Text)
    stay_minutes: Mapped[int]
    location: Mapped[WKBElement] = geometry("POINT")
