"""Buildings, compounds, gates and responsibility zones of a file.

Buildings are read by column: a city has hundreds of thousands of them, and most cells of a column repeat.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import shapely

from gridmap.domain.imports import (
    ImportedBuildings,
    ImportedCompound,
    ImportedGate,
    ImportedZone,
    Rejection,
    Remark,
)
from gridmap.importing.cells import BadCell, Cells, identities
from gridmap.importing.checks import GeometryCheck
from gridmap.importing.rows import ParsedRows, each_row, made_code
from gridmap.importing.tables import GeometryArray, SourceTable, shown

_Value = TypeVar("_Value")

_BUILDING_KINDS = identities(
    {
        "residential": (
            *("住宅", "居民楼", "居住", "住宅楼", "公寓", "宿舍", "商住", "商住楼", "民房", "自建房"),
            *("apartments", "house", "detached", "terrace", "dormitory", "bungalow", "semidetached_house"),
            "semi",
        ),
        "shop": (
            "商业",
            "商铺",
            "门面",
            "门店",
            "商场",
            "超市",
            "retail",
            "commercial",
            "supermarket",
            "kiosk",
        ),
        "office": ("办公", "办公楼", "写字楼", "商务", "offices"),
        "school": ("学校", "教学楼", "教育", "幼儿园", "university", "kindergarten", "college"),
        "hospital": ("医院", "医疗", "卫生", "卫生院", "门诊楼", "clinic"),
        "public": (
            *("公共", "公建", "公共建筑", "政府", "文化", "体育", "civic", "government", "train_station"),
            *("church", "temple", "transportation", "sports_hall", "library", "museum"),
        ),
        "industrial": ("工业", "厂房", "仓库", "仓储", "车间", "warehouse", "factory", "manufacture"),
        "other": (
            "其他",
            "其它",
            "附属用房",
            "yes",
            "garage",
            "garages",
            "roof",
            "shed",
            "construction",
            "hut",
        ),
    }
)
_COMPOUND_KINDS = identities(
    {
        "old_estate": ("老旧小区", "老旧", "老小区", "开放式小区"),
        "commodity": ("商品房", "商品房小区", "住宅小区", "住宅", "封闭小区", "residential"),
        "resettlement": ("还建", "还建小区", "还建房", "安置", "安置小区", "安置房", "保障房", "公租房"),
        "work_unit": ("单位宿舍", "单位", "单位大院", "家属院", "大院", "宿舍"),
        "commercial": ("商业", "园区", "产业园", "商业体", "写字楼", "commercial", "retail"),
        "village": ("村", "城中村", "自然村", "村湾", "village"),
    }
)
_COUNTS = ("floor_count", "household_count", "resident_count", "elderly_count", "ebike_count")


def parse_buildings(
    table: SourceTable,
    columns: Mapping[str, str],
    check: GeometryCheck,
    *,
    source_name: str,
    block_length: int,
) -> Generator[ParsedRows[ImportedBuildings]]:
    """Check and read buildings, in blocks of ``block_length`` rows; each block's ``rows`` holds one item.

    What ``check`` finds is its own to say, after the last block.

    A building without a code gets one made of its footprint, so that the next import of the same shape finds
    it. The address may stand in one column or as street and number. A kind that is unknown counts as
    ``other``, with a remark.
    """
    cells = Cells(table, columns)
    first_rows: dict[str, int] = {}
    readers: dict[str, _Memo[Any]] = {
        "code": _Memo(
            lambda index: cells.text(index, "code", max_length=64), partial(_is_plain_text, max_length=64)
        ),
        "compound_code": _Memo(lambda index: cells.text(index, "compound_code", max_length=64)),
        "address": _Memo(
            lambda index: cells.text(index, "address") or "", partial(_is_plain_text, max_length=200)
        ),
        "street": _Memo(lambda index: cells.text(index, "street") or ""),
        "house_number": _Memo(lambda index: cells.text(index, "house_number", max_length=40) or ""),
        "kind": _Memo(lambda index: _building_kind(cells.text(index, "kind"))),
        **{name: _Memo(_count_reader(cells, name), _is_plain_count) for name in _COUNTS},
    }
    for start in range(0, len(check), block_length):
        shapes = check.next_rows(block_length)
        present = np.flatnonzero(~shapely.is_missing(shapes))
        indexes: list[int] = (start + present).tolist()
        yield _building_block(cells, readers, indexes, shapes[present], first_rows, source_name)
    # While the last block is being written.
    check.finish()


def _building_block(
    cells: Cells,
    readers: Mapping[str, _Memo[Any]],
    indexes: Sequence[int],
    shapes: GeometryArray,
    first_rows: dict[str, int],
    source_name: str,
) -> ParsedRows[ImportedBuildings]:
    rejections: list[Rejection] = []
    remarks: list[Remark] = []
    bad: dict[int, BadCell] = {}
    read = {name: memo.column(cells, name, indexes, bad) for name, memo in readers.items()}
    numbers: list[int] = cells.table.row_numbers[indexes].tolist()
    footprints = list(shapely.to_wkb(shapes, byte_order=1))
    codes: list[Any] = read["code"]
    if None in codes:
        codes = [
            made_code("B", source_name, footprint.hex()) if code is None else code
            for code, footprint in zip(codes, footprints, strict=True)
        ]
    if not bad and len(set(codes)) == len(codes) and first_rows.keys().isdisjoint(codes):
        kept = list(range(len(codes)))
        first_rows.update(zip(codes, numbers, strict=True))
    else:
        kept = []
        for place, (index, number, code) in enumerate(zip(indexes, numbers, codes, strict=True)):
            if index in bad:
                rejections.append(bad[index].rejection(number))
            elif (first := first_rows.setdefault(code, number)) != number:
                rejections.append(Rejection(number, "code", f"{code} (row {first})", "duplicate"))
            else:
                kept.append(place)
    kinds = read["kind"]
    if None in kinds:
        words = cells.table.columns[cells.columns["kind"]]
        for place in (place for place, kind in enumerate(kinds) if kind is None):
            if indexes[place] not in bad:
                word = shown(words[indexes[place]])
                remarks.append(Remark(numbers[place], "kind", word, "kind_unknown_taken_as_other"))
        kinds = [kind or "other" for kind in kinds]
    addresses = read["address"]
    if cells.columns.keys() & {"street", "house_number"}:
        parts = zip(addresses, read["street"], read["house_number"], strict=True)
        addresses = [address or f"{street}{house_number}" for address, street, house_number in parts]
    everything = ImportedBuildings(
        row_numbers=numbers,
        codes=codes,
        compound_codes=read["compound_code"],
        addresses=addresses,
        kinds=kinds,
        floor_counts=read["floor_count"],
        household_counts=read["household_count"],
        resident_counts=read["resident_count"],
        elderly_counts=read["elderly_count"],
        ebike_counts=read["ebike_count"],
        footprints=footprints,
    )
    rows = everything if len(kept) == len(numbers) else everything.chosen(kept)
    return ParsedRows([rows] if len(rows) else [], rejections, remarks)


class _Memo(dict[object, _Value]):
    """Reads the cells of one column, each different value once.

    Where ``is_plain`` says of a block of cells that reading would change none of them, none is read.
    """

    def __init__(
        self, read: Callable[[int], _Value], is_plain: Callable[[Sequence[Any]], bool] = lambda _: False
    ) -> None:
        super().__init__()
        self._read = read
        self._is_plain = is_plain
        self._bad: dict[object, BadCell] = {}

    def column(
        self, cells: Cells, field: str, indexes: Sequence[int], bad: dict[int, BadCell]
    ) -> list[_Value]:
        """The values of these rows; rows whose cell is bad are added to ``bad``, with None here."""
        header = cells.columns.get(field)
        if header is None:
            return [self._read(0)] * len(indexes) if indexes else []
        raw = cells.table.columns[header]
        cells_here = [raw[index] for index in indexes]
        if self._is_plain(cells_here):
            return cells_here
        values: list[Any] = []
        for index, cell in zip(indexes, cells_here, strict=True):
            # 1, 1.0 and True are one key and not one text.
            key = cell if cell.__class__ is str else (cell.__class__, cell)
            try:
                values.append(self[key])
                continue
            except KeyError:
                pass
            if key not in self._bad:
                try:
                    values.append(self.setdefault(key, self._read(index)))
                    continue
                except BadCell as problem:
                    self._bad[key] = problem
            bad.setdefault(index, self._bad[key])
            values.append(None)
        return values


def _is_plain_text(cells: Sequence[Any], *, max_length: int) -> bool:
    """Whether these are texts as we keep them: not empty, trimmed, in NFC, printable, not too long."""
    if set(map(type, cells)) != {str}:
        return False
    joined = "\0".join(cells)
    return (
        joined.replace("\0", "").isprintable()
        and unicodedata.is_normalized("NFC", joined)
        and all(map(len, cells))
        and max(map(len, cells)) <= max_length
        and list(map(str.strip, cells)) == list(cells)
    )


def _is_plain_count(cells: Sequence[Any]) -> bool:
    return set(map(type, cells)) == {int} and min(cells) >= 0 and max(cells) < 2**31


def _building_kind(word: str | None) -> str | None:
    """Our kind for a file's word: ``other`` for none, None for a word that we do not know."""
    return "other" if word is None else _BUILDING_KINDS.get("".join(word.casefold().split()))


def _count_reader(cells: Cells, field: str) -> Callable[[int], int]:
    return lambda index: cells.count(index, field) or 0


def parse_compounds(
    table: SourceTable, columns: Mapping[str, str], geometry: GeometryArray, *, source_name: str
) -> ParsedRows[ImportedCompound]:
    """Read compounds; one without a code gets one made of its name and place (about a hundred metres)."""
    cells = Cells(table, columns)
    places = _places(geometry)

    def parse(index: int, number: int, remarks: list[Remark]) -> Iterable[ImportedCompound]:
        name = cells.required_text(index, "name")
        lon_deg, lat_deg = places[index]
        code = cells.text(index, "code", max_length=64)
        word = cells.text(index, "kind")
        kind = _COMPOUND_KINDS.get("".join((word or "commodity").casefold().split()))
        if kind is None:
            remarks.append(Remark(number, "kind", word or "", "kind_unknown_taken_as_commodity"))
        year = cells.number(index, "built_year")
        if year is not None and not 1000 <= year <= 2200:
            raise BadCell("built_year", cells.raw(index, "built_year"), "not_a_year")
        yield ImportedCompound(
            row_number=number,
            code=code or made_code("C", source_name, name, f"{lon_deg:.3f} {lat_deg:.3f}"),
            name=name,
            name_en=cells.text(index, "name_en"),
            kind=kind or "commodity",
            community_code=cells.text(index, "community_code", max_length=40),
            built_year=None if year is None else int(year),
            has_property_company=bool(cells.flag(index, "has_property_company")),
            boundary=shapely.to_wkb(geometry[index], byte_order=1),
            place=(lon_deg, lat_deg),
        )

    return each_row(table, geometry, parse, key=lambda row: row.code, key_field="code")


def parse_gates(
    table: SourceTable, columns: Mapping[str, str], geometry: GeometryArray
) -> ParsedRows[ImportedGate]:
    """Read gates; a gate has no code: its compound and its place (seven decimals) are what it is."""
    cells = Cells(table, columns)

    def parse(index: int, number: int, _remarks: list[Remark]) -> Iterable[ImportedGate]:
        point = geometry[index]
        yield ImportedGate(
            row_number=number,
            compound_code=cells.text(index, "compound_code", max_length=64),
            name=cells.text(index, "name"),
            lon_deg=round(float(point.x), 7),
            lat_deg=round(float(point.y), 7),
        )

    return each_row(
        table,
        geometry,
        parse,
        key=lambda row: f"{row.compound_code or ''} {row.lon_deg}, {row.lat_deg}",
        key_field="geometry",
    )


def parse_zones(
    table: SourceTable, columns: Mapping[str, str], geometry: GeometryArray
) -> ParsedRows[ImportedZone]:
    """Read responsibility zones; their codes are the organisation's own."""
    cells = Cells(table, columns)
    places = _places(geometry)

    def parse(index: int, number: int, _remarks: list[Remark]) -> Iterable[ImportedZone]:
        yield ImportedZone(
            row_number=number,
            code=cells.required_text(index, "code", max_length=40),
            name=cells.required_text(index, "name"),
            name_en=cells.text(index, "name_en"),
            organisation_code=cells.text(index, "organisation_code", max_length=40),
            boundary=shapely.to_wkb(geometry[index], byte_order=1),
            place=places[index],
        )

    return each_row(table, geometry, parse, key=lambda row: row.code, key_field="code")


def _places(geometry: GeometryArray) -> list[tuple[float, float]]:
    """A point inside each shape; (0, 0) where there is none, which nobody asks for."""
    points = shapely.point_on_surface(geometry)
    pairs = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    return [(x, y) for x, y in np.nan_to_num(pairs).tolist()]
