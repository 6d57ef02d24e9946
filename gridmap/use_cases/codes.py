"""Code lists: load an edition of the divisions, compare two, bring old codes and bare names up to date."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.divisions import (
    COMMUNITY_LENGTH,
    STREET_LENGTH,
    Division,
    InvalidDivision,
    NameIndex,
    Recoding,
    Relation,
    compare_divisions,
    prefix_of,
)
from gridmap.domain.errors import DomainError
from gridmap.domain.imports import ImportedArea, Rejection, Remark
from gridmap.domain.permissions import Action, Actor, check
from gridmap.importing.columns import FieldSpec, recognise_columns
from gridmap.importing.delimited import read_delimited
from gridmap.importing.errors import FileAbsent
from gridmap.importing.tables import ReadLimits
from gridmap.storage import codes as store

_FIELDS = (
    FieldSpec("code", ("code", "代码", "区划代码", "统计用区划代码", "编码"), is_required=True),
    FieldSpec("name", ("name", "名称", "区划名称", "地名"), is_required=True),
)
_CODE_LENGTHS = {AreaLevel.SUBDISTRICT: STREET_LENGTH, AreaLevel.COMMUNITY: COMMUNITY_LENGTH}


class EditionAbsent(DomainError):
    """There is no division list of that edition; ``known`` lists those there are."""

    code = "division.edition_absent"


class NoDivisions(DomainError):
    """Not one row of the file is a division."""

    code = "division.none_in_file"


class EditionsNotCompared(DomainError):
    """What became of the codes between two editions is not stored."""

    code = "division.not_compared"


class DivisionAbsent(DomainError):
    """The current edition has no division of that code."""

    code = "division.absent"


@dataclass(frozen=True, slots=True)
class EditionReport:
    """What loading an edition did."""

    edition: str
    division_count: int
    counts: Mapping[int, int]
    """Divisions by the length of their code: 6 counties, 9 streets, 12 communities."""
    refused: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class UpdatedCodes:
    """Areas with codes of the current edition."""

    rows: list[ImportedArea]
    rejections: list[Rejection]
    remarks: list[Remark]


def load_edition(
    session: Session,
    actor: Actor,
    paths: Sequence[Path],
    *,
    edition: str,
    cut_off_on: date | None,
    source: str,
    limits: ReadLimits,
) -> EditionReport:
    """Load an edition of the division list from tables with a code and a name; a bad row costs itself only.

    Raises
    ------
    ImportRefused
        A file cannot be read.
    NoDivisions
    """
    check(actor, Action.IMPORT_LAYERS, "")
    found: dict[str, Division] = {}
    refused: list[Rejection] = []
    for path in paths:
        for number, code, name in _read(path, limits):
            try:
                found.setdefault(code, Division(code, name))
            except InvalidDivision:
                refused.append(Rejection(number, "code", f"{code} {name}", "not_a_division"))
    if not found:
        raise NoDivisions(file=", ".join(path.name for path in paths))
    divisions = sorted(found.values(), key=lambda each: each.code)
    store.replace_edition(session, edition, divisions, cut_off_on=cut_off_on, source=source)
    return EditionReport(
        edition, len(divisions), Counter(len(each.code) for each in divisions), tuple(refused)
    )


def _read(path: Path, limits: ReadLimits) -> list[tuple[int, str, str]]:
    if not path.is_file():
        raise FileAbsent(path=str(path))
    limits.hold("file_bytes", path.stat().st_size)
    table = read_delimited(path.read_bytes(), layer_name=path.stem, limits=limits, encoding=None)
    columns = recognise_columns(table.headers, _FIELDS)
    codes, names = table.columns[columns["code"]], table.columns[columns["name"]]
    return [
        (int(number), str(code or "").strip(), str(name or "").strip())
        for number, code, name in zip(table.row_numbers, codes, names, strict=True)
    ]


def compare_editions(session: Session, actor: Actor, *, from_edition: str, to_edition: str) -> list[Recoding]:
    """Find and store what became of every code of one edition in another.

    Raises
    ------
    EditionAbsent
    """
    check(actor, Action.IMPORT_LAYERS, "")
    known = [each.edition for each in store.editions(session)]
    for wanted in (from_edition, to_edition):
        if wanted not in known:
            raise EditionAbsent(edition=wanted, known=", ".join(known) or "—")
    recodings = compare_divisions(
        store.divisions_of(session, from_edition), store.divisions_of(session, to_edition)
    )
    store.replace_recodings(session, from_edition, to_edition, recodings)
    return recodings


def find_division(session: Session, actor: Actor, name: str, *, within: str) -> list[Division]:
    """Find the divisions of a name below a parent code, in the current edition: streets, then communities."""
    check(actor, Action.SEE_STAFF_LAYERS)
    current = _current(session)
    divisions = store.divisions_of(session, current)
    by_code = {each.code: each for each in divisions}
    index = NameIndex(divisions, store.aliases(session))
    codes = (
        index.find(name, within=within, code_length=length)
        for length in (STREET_LENGTH, COMMUNITY_LENGTH)
        if len(within) < length
    )
    return [by_code[code] for code in codes if code is not None]


def name_alias(session: Session, actor: Actor, *, division_code: str, alias: str) -> Division:
    """Remember another name of a division of the current edition.

    Raises
    ------
    DivisionAbsent, InvalidDivision
    """
    check(actor, Action.IMPORT_LAYERS, "")
    known = {each.code: each for each in store.divisions_of(session, _current(session))}
    if division_code not in known:
        raise DivisionAbsent(division_code=division_code)
    named = Division(division_code, alias)
    store.add_alias(session, named.code, named.name.strip())
    return known[division_code]


def with_current_codes(session: Session, rows: Sequence[ImportedArea], *, edition: str) -> UpdatedCodes:
    """Bring subdistricts and communities of an older edition to the codes of the current one.

    A row with a code gets that code's successor; one whose division has ended, or has no one successor, is
    refused, because its ground belongs to several now. A row without a code is found by its name below its
    parent (the code or the name that the file gives for it), never by the name alone.

    Raises
    ------
    EditionAbsent
    EditionsNotCompared
        What became of the codes was not worked out yet.
    """
    current = _current(session)
    known = [each.edition for each in store.editions(session)]
    if edition not in known:
        raise EditionAbsent(edition=edition, known=", ".join(known))
    successors = store.recodings_of(session, edition, current) if edition != current else {}
    if edition != current and not successors:
        raise EditionsNotCompared(from_edition=edition, to_edition=current)
    divisions = store.divisions_of(session, current)
    index = NameIndex(divisions, store.aliases(session))
    updated = UpdatedCodes([], [], [])
    for row in rows:
        if row.code is not None and edition != current:
            _recode(row, successors, updated)
        elif row.code is None and row.level in _CODE_LENGTHS:
            code = _code_by_name(row, index)
            if code is not None:
                updated.remarks.append(Remark(row.row_number, "code", code, "code_found_by_name"))
            updated.rows.append(row if code is None else replace(row, code=code))
        else:
            updated.rows.append(row)
    return updated


def _recode(row: ImportedArea, successors: Mapping[str, Recoding], updated: UpdatedCodes) -> None:
    """Grids and micro-grids follow their community: the twelve digits change, the rest stays."""
    code = row.code or ""
    head, tail = code[:COMMUNITY_LENGTH], code[COMMUNITY_LENGTH:]
    found = successors.get(head)
    if found is None:
        updated.rejections.append(Rejection(row.row_number, "code", code, "code_not_in_edition"))
        return
    if found.new_code is None:
        updated.rejections.append(Rejection(row.row_number, "code", code, "division_ended"))
        return
    if found.relation in (Relation.RECODED, Relation.MOVED):
        change = f"{code} → {found.new_code}{tail}"
        updated.remarks.append(Remark(row.row_number, "code", change, "code_recoded"))
    updated.rows.append(replace(row, code=found.new_code + tail))


def _code_by_name(row: ImportedArea, index: NameIndex) -> str | None:
    within = prefix_of(row.parent_code or "")
    return index.find(row.name, within=within, code_length=_CODE_LENGTHS[row.level]) if within else None


def _current(session: Session) -> str:
    known = store.editions(session)
    if not known:
        raise EditionAbsent(edition="—", known="—")
    return known[-1].edition


def load_crosswalk(session: Session, folder: Path) -> int:
    """Load the crosswalk of category codes that this release brings; the number of its entries."""
    rows = json.loads((folder / "category_crosswalk.json").read_text(encoding="utf-8"))
    store.write_crosswalk(session, rows)
    return len(rows)
