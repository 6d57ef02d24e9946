"""A checked table to rows of one layer: values in our own terms, and what was wrong with the others."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import shapely

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.category_codes import type_code
from gridmap.domain.imports import (
    Category,
    ImportedArea,
    ImportedIssue,
    ImportedServicePoint,
    ImportedStreet,
    Rejection,
    Remark,
)
from gridmap.importing.cells import BadCell, Cells, first_known, identities
from gridmap.importing.tables import GeometryArray, SourceTable

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True)
class ParsedRows(Generic[_Parsed]):
    """The rows that can be stored, and the findings about the others and about these."""

    rows: list[_Parsed]
    rejections: list[Rejection]
    remarks: list[Remark]


_KINDS_OF_AREA = identities({"ordinary": ("普通", "普通网格", "一般网格"), "dedicated": ("专属", "专属网格")})
_STATUSES = identities(
    {
        "planned": ("规划", "拟建", "拟建设", "规划中"),
        "consulting": ("征求意见", "意见征集", "征集意见"),
        "approved": ("已批准", "已批", "批准"),
        "building": ("在建", "建设中", "施工中"),
        "built": ("已建", "已建成", "建成", "运营", "运营中", "开放", "正常", "open"),
        "withdrawn": ("撤销", "取消", "已撤销", "关闭", "closed"),
    }
)
_VISIBILITIES = identities(
    {"public": ("公开",), "staff": ("内部", "仅内部"), "restricted": ("受限", "限制", "保密")}
)
_ISSUE_STATES = identities(
    {
        "submitted": ("待派单", "待受理", "待处理", "已上报", "open", "new", "待派遣"),
        "handling": ("办理中", "处理中", "处置中", "inprogress", "处置"),
        "to_rate": ("待评价", "待核查", "已处置"),
        "closed": ("已办结", "办结", "结案", "已结案", "已关闭", "closed", "completed", "done"),
        "returned": ("已退回", "退回", "作废", "不予受理", "returned"),
    }
)
_ACCURACIES = identities({"A": (), "B": (), "C": ()})

# OpenStreetMap's and our own words for kinds of streets.
_STREET_KINDS = identities(
    {
        "main": (
            *("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link"),
            *("主干路", "主干道", "快速路", "高速公路", "国道", "省道"),
        ),
        "secondary": ("secondary_link", "tertiary", "tertiary_link", "次干路", "次干道", "县道"),
        "minor": (
            *("residential", "unclassified", "living_street", "service", "road", "track", "busway"),
            *("支路", "街巷", "小区路", "乡道", "村道", "escape", "corridor", "construction"),
        ),
        "footway": ("pedestrian", "path", "cycleway", "bridleway", "elevator", "人行道", "步道", "步行街"),
        "steps": ("stairs", "台阶", "楼梯", "escalator"),
        "gate_link": ("出入口连接",),
    }
)
_NOT_WALKABLE = frozenset({"motorway", "motorway_link", "快速路", "高速公路", "busway", "construction"})
_USUAL_WIDTH_M = {
    "main": 24.0,
    "secondary": 14.0,
    "minor": 7.0,
    "footway": 2.5,
    "steps": 2.0,
    "gate_link": 3.0,
}

_FUTURE_SLACK = timedelta(days=1)
_DESCRIPTION_LENGTH = 2_000
_ADDRESS_LENGTH = 256


def parse_areas(
    table: SourceTable,
    columns: Mapping[str, str],
    geometry: GeometryArray,
    *,
    level: AreaLevel,
    code_prefix: str = "",
) -> ParsedRows[ImportedArea]:
    """Read areas of one level.

    ``code_prefix`` is put before each code of the file (which may hold only a sequence number, or be shorter
    than ours). Whether a code fits its level is for the caller, who knows the rule.
    """
    cells = Cells(table, columns)
    boundaries: list[Any] = list(shapely.to_wkb(geometry, byte_order=1))

    def parse(index: int, number: int, _remarks: list[Remark]) -> Iterable[ImportedArea]:
        code = cells.text(index, "code", max_length=40)
        kind = first_known(
            cells.text(index, "kind"), _KINDS_OF_AREA, field="kind", reason_code="unknown_kind"
        )
        yield ImportedArea(
            row_number=number,
            level=level,
            code=None if code is None else code_prefix + code.upper(),
            name=cells.required_text(index, "name"),
            name_en=cells.text(index, "name_en"),
            kind=kind or "ordinary",
            parent_code=cells.text(index, "parent_code", max_length=40),
            household_count=cells.count(index, "household_count"),
            resident_count=cells.count(index, "resident_count"),
            office_phone=cells.text(index, "office_phone"),
            office_hours=cells.text(index, "office_hours"),
            boundary=boundaries[index],
        )

    return each_row(table, geometry, parse, key=lambda row: row.code, key_field="code")


def parse_service_points(
    table: SourceTable,
    columns: Mapping[str, str],
    geometry: GeometryArray,
    *,
    categories: Sequence[Category],
    default_category: str | None,
    source_name: str,
) -> ParsedRows[ImportedServicePoint]:
    """Read service points.

    A point without a code gets one made of its name and address (or place), so that the next import of the
    same point finds it. A category that is not in the dictionary becomes ``default_category``, with a remark.
    Points of restricted categories (homes) are never more visible than that.
    """
    cells = Cells(table, columns)
    by_word = _by_word(categories)
    restricted = {category.code for category in categories if category.is_restricted}

    def parse(index: int, number: int, remarks: list[Remark]) -> Iterable[ImportedServicePoint]:
        point = geometry[index]
        name = cells.required_text(index, "name")
        address = cells.text(index, "address") or ""
        address = "" if address == "[]" else address
        code = cells.text(index, "code", max_length=64)
        category = _category(cells, index, number, by_word, default_category, remarks)
        status = first_known(
            cells.text(index, "status"), _STATUSES, field="status", reason_code="unknown_status"
        )
        visibility = first_known(
            cells.text(index, "visibility"),
            _VISIBILITIES,
            field="visibility",
            reason_code="unknown_visibility",
        )
        accuracy = first_known(
            cells.text(index, "accuracy_class"),
            _ACCURACIES,
            field="accuracy_class",
            reason_code="unknown_accuracy",
        )
        yield ImportedServicePoint(
            row_number=number,
            code=code or made_code("P", source_name, name, address or f"{point.x:.4f} {point.y:.4f}"),
            name=name,
            name_en=cells.text(index, "name_en"),
            alias=cells.words(index, "alias"),
            category_code=category,
            status=status or "built",
            address=address,
            address_en=cells.text(index, "address_en"),
            floor=cells.text(index, "floor"),
            area_m2=cells.number(index, "area_m2"),
            capacity=cells.count(index, "capacity"),
            opening_hours=cells.text(index, "opening_hours"),
            office_phone=cells.text(index, "office_phone"),
            services=cells.words(index, "services"),
            operator=cells.text(index, "operator"),
            brand_tags=cells.words(index, "brand_tags"),
            tour_text=cells.text(index, "tour_text", max_length=2_000),
            visibility="restricted" if category in restricted else visibility or "public",
            source=cells.text(index, "source") or source_name,
            surveyed_on=cells.day(index, "surveyed_on"),
            accuracy_class=accuracy or "C",
            lon_deg=float(point.x),
            lat_deg=float(point.y),
        )

    return each_row(table, geometry, parse, key=lambda row: row.code, key_field="code")


def parse_streets(
    table: SourceTable,
    columns: Mapping[str, str],
    geometry: GeometryArray,
    *,
    source_name: str,
) -> ParsedRows[ImportedStreet]:
    """Read streets; a row of several lines becomes several, numbered ``-2``, ``-3`` … after the first.

    Without a code column a stretch's code is made of its line, so that the next import finds it. A width
    that is missing is the usual one of its kind; a kind that is unknown counts as minor, with a remark.
    """
    cells = Cells(table, columns)

    def parse(index: int, number: int, remarks: list[Remark]) -> Iterable[ImportedStreet]:
        line = geometry[index]
        parts = [part for part in shapely.get_parts(line) if part.length > 0]
        if len(parts) > 1:
            remarks.append(Remark(number, "geometry", f"{len(parts)} lines", "split_into_lines"))
        code = cells.text(index, "code", max_length=64)
        word = _first_word(cells.text(index, "kind", max_length=1_000))
        kind = _STREET_KINDS.get(word)
        if kind is None:
            kind = "minor"
            if word:
                remarks.append(Remark(number, "kind", word, "kind_unknown_taken_as_minor"))
        walkable = cells.flag(index, "is_walkable")
        for place, part in enumerate(parts, start=1):
            base = code or made_code("L", source_name, shapely.to_wkb(part, hex=True, byte_order=1))
            yield ImportedStreet(
                row_number=number,
                code=base if place == 1 else f"{base}-{place}",
                name=cells.text(index, "name"),
                name_en=cells.text(index, "name_en"),
                kind=kind,
                width_m=_width_m(cells, index, number, kind, remarks),
                is_walkable=word not in _NOT_WALKABLE if walkable is None else walkable,
                centreline=shapely.to_wkb(part, byte_order=1),
            )

    return each_row(table, geometry, parse, key=lambda row: row.code, key_field="code")


def parse_issues(
    table: SourceTable,
    columns: Mapping[str, str],
    geometry: GeometryArray,
    *,
    categories: Sequence[Category],
    default_category: str | None,
    now: datetime,
) -> ParsedRows[ImportedIssue]:
    """Read issues.

    An issue closed before it was created keeps its creation as the closing time too, with a remark: its
    duration is unknown, and nothing else about it is lost. A category that is not in the dictionary becomes
    ``default_category`` and stands in front of the description; without a default the row is refused.
    """
    cells = Cells(table, columns)
    by_word = _by_word(categories)

    def parse(index: int, number: int, remarks: list[Remark]) -> Iterable[ImportedIssue]:
        external_id = cells.required_text(index, "external_id", max_length=100)
        named = cells.text(index, "category")
        category = _category(cells, index, number, by_word, default_category, remarks)
        description = cells.text(index, "description", max_length=_DESCRIPTION_LENGTH) or ""
        if named is not None and by_word.get(_word(named)) is None:
            description = f"{named}: {description}" if description else named
        captured_at = cells.instant(index, "captured_at")
        if captured_at is None:
            raise BadCell("captured_at", "", "value_missing")
        if captured_at > now + _FUTURE_SLACK:
            raise BadCell("captured_at", captured_at.isoformat(), "time_in_future")
        state = first_known(
            cells.text(index, "state"), _ISSUE_STATES, field="state", reason_code="unknown_state"
        )
        closed_at = cells.instant(index, "closed_at")
        state = state or ("closed" if closed_at else "submitted")
        if closed_at is not None and closed_at < captured_at:
            remarks.append(Remark(number, "closed_at", closed_at.isoformat(), "closed_before_created"))
            closed_at = captured_at
        if state == "closed" and closed_at is None:
            remarks.append(Remark(number, "closed_at", "", "closed_without_time"))
            closed_at = captured_at
        point = geometry[index]
        yield ImportedIssue(
            row_number=number,
            external_id=external_id,
            category_code=category,
            description=description[:_DESCRIPTION_LENGTH],
            address_text=cells.text(index, "address_text", max_length=_ADDRESS_LENGTH),
            captured_at=captured_at,
            closed_at=closed_at if state == "closed" else None,
            state=state,
            accuracy_m=cells.number(index, "accuracy_m"),
            # What the database and the API keep: seven decimals, about a centimetre.
            lon_deg=round(float(point.x), 7),
            lat_deg=round(float(point.y), 7),
        )

    return each_row(table, geometry, parse, key=lambda row: row.external_id, key_field="external_id")


def each_row(
    table: SourceTable,
    geometry: GeometryArray,
    parse: Callable[[int, int, list[Remark]], Iterable[_Parsed]],
    *,
    key: Callable[[_Parsed], str | None],
    key_field: str,
) -> ParsedRows[_Parsed]:
    """Parse every row that has a geometry; the first row of a key stays, its repeats are refused."""
    rows: list[_Parsed] = []
    rejections: list[Rejection] = []
    remarks: list[Remark] = []
    first_rows: dict[str, int] = {}
    for index in range(table.row_count):
        if geometry[index] is None:
            continue
        number = int(table.row_numbers[index])
        own_remarks: list[Remark] = []
        try:
            parsed = list(parse(index, number, own_remarks))
        except BadCell as bad:
            rejections.append(bad.rejection(number))
            continue
        keys = [code for row in parsed if (code := key(row)) is not None]
        repeated = next((code for code in keys if code in first_rows), None)
        if repeated is not None:
            value = f"{repeated} (row {first_rows[repeated]})"
            rejections.append(Rejection(number, key_field, value, "duplicate"))
            continue
        first_rows.update(dict.fromkeys(keys, number))
        rows += parsed
        remarks += own_remarks
    return ParsedRows(rows, rejections, remarks)


def _by_word(categories: Sequence[Category]) -> dict[str, str]:
    """Category codes by themselves, by their names in either language, and by what others call them, in
    this order of strength."""
    by_word: dict[str, str] = {}
    for category in categories:
        for alias in category.aliases:
            by_word[_word(alias)] = category.code
    for category in categories:
        for word in (category.name, category.name_en):
            by_word[_word(word)] = category.code
    for category in categories:
        by_word[_word(category.code)] = category.code
    return by_word


def _word(text: str) -> str:
    return "".join(text.casefold().split())


def _category(
    cells: Cells,
    index: int,
    number: int,
    by_word: Mapping[str, str],
    default: str | None,
    remarks: list[Remark],
) -> str:
    named = cells.text(index, "category")
    known = by_word.get(_word(named)) or by_word.get(type_code(named) or "") if named else None
    if known is not None:
        return known
    if default is None:
        raise BadCell("category", named or "", "unknown_category" if named else "value_missing")
    remarks.append(Remark(number, "category", named or "", "category_taken_as_default"))
    return default


def _first_word(text: str | None) -> str:
    """The first of several kinds written as a Python list (OSMnx does): ``['steps', 'footway']``."""
    if text and text.startswith("["):
        try:
            listed = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return _word(text)
        text = str(listed[0]) if isinstance(listed, list) and listed else text
    return _word(text or "")


def _width_m(cells: Cells, index: int, number: int, kind: str, remarks: list[Remark]) -> float:
    """The stretch's width; a width that cannot be one is replaced by the usual one, and said."""
    try:
        width_m = cells.number(index, "width_m")
    except BadCell as bad:
        remarks.append(Remark(number, "width_m", bad.value, "width_replaced"))
        return _USUAL_WIDTH_M[kind]
    if width_m is not None and not 0 < width_m <= 200:
        remarks.append(Remark(number, "width_m", str(width_m), "width_replaced"))
        width_m = None
    return _USUAL_WIDTH_M[kind] if width_m is None else width_m


def made_code(letter: str, *parts: str) -> str:
    """A code for a row that has none: the same parts give the same code, in every import."""
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{letter}-{digest[:16]}"
