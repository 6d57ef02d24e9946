"""Reads and writes of code lists: editions of divisions, what became of a code, the category crosswalk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from gridmap.domain.divisions import Division, Recoding, Relation
from gridmap.storage.tables import (
    CategoryCrosswalkRow,
    DivisionAliasRow,
    DivisionEditionRow,
    DivisionRecodingRow,
    DivisionRow,
)

# Primary key of `division`: the count of an edition is one range of it.
_EDITIONS_SQL = text(
    """
    SELECT edition.edition, edition.cut_off_on, edition.source, count(division.code) AS division_count
      FROM division_edition AS edition
      LEFT JOIN division ON division.edition = edition.edition
     GROUP BY edition.edition
     ORDER BY edition.cut_off_on NULLS LAST, edition.edition
    """
)


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of the division list; the last by cut-off date is the current one."""

    edition: str
    cut_off_on: date | None
    source: str
    division_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosswalk:
    """A category of another standard and ours for it."""

    standard_ref: str
    kind: str
    code: str
    major_name: str
    name: str
    category_code: str | None
    relation: str


def editions(session: Session) -> list[Edition]:
    """Every edition, the oldest first."""
    return [
        Edition(row.edition, row.cut_off_on, row.source, row.division_count)
        for row in session.execute(_EDITIONS_SQL)
    ]


def replace_edition(
    session: Session,
    edition: str,
    divisions: Sequence[Division],
    *,
    cut_off_on: date | None,
    source: str,
) -> None:
    """Store an edition whole; comparisons made with an earlier content of it are dropped."""
    session.execute(
        delete(DivisionRecodingRow).where(
            (DivisionRecodingRow.from_edition == edition) | (DivisionRecodingRow.to_edition == edition)
        )
    )
    session.execute(delete(DivisionRow).where(DivisionRow.edition == edition))
    values = {"edition": edition, "cut_off_on": cut_off_on, "source": source}
    statement = upsert(DivisionEditionRow).values(values)
    session.execute(statement.on_conflict_do_update(index_elements=["edition"], set_=values))
    if divisions:
        session.execute(
            insert(DivisionRow),
            [{"edition": edition, "code": each.code, "name": each.name} for each in divisions],
        )


def divisions_of(session: Session, edition: str) -> list[Division]:
    """The divisions of an edition, by code."""
    query = select(DivisionRow.code, DivisionRow.name).where(DivisionRow.edition == edition)
    return [Division(row.code, row.name) for row in session.execute(query.order_by(DivisionRow.code))]


def replace_recodings(
    session: Session, from_edition: str, to_edition: str, recodings: Iterable[Recoding]
) -> None:
    """Store what became of every code between two editions, instead of what was stored of that."""
    session.execute(
        delete(DivisionRecodingRow).where(
            DivisionRecodingRow.from_edition == from_edition, DivisionRecodingRow.to_edition == to_edition
        )
    )
    rows = [
        {
            "from_edition": from_edition,
            "to_edition": to_edition,
            "old_code": each.old_code,
            "new_code": each.new_code,
            "relation": each.relation.value,
        }
        for each in recodings
    ]
    if rows:
        session.execute(insert(DivisionRecodingRow), rows)


def recodings_of(session: Session, from_edition: str, to_edition: str) -> dict[str, Recoding]:
    """What became of each old code; empty while the two were not compared."""
    query = (
        select(DivisionRecodingRow.old_code, DivisionRecodingRow.new_code, DivisionRecodingRow.relation)
        .where(DivisionRecodingRow.from_edition == from_edition)
        .where(DivisionRecodingRow.to_edition == to_edition)
        .where(DivisionRecodingRow.old_code.is_not(None))
        .order_by(DivisionRecodingRow.old_code)
    )
    return {
        row.old_code: Recoding(row.old_code, row.new_code, Relation(row.relation))
        for row in session.execute(query)
        if row.old_code is not None
    }


def add_alias(session: Session, code: str, alias: str) -> None:
    """Remember another name of a division; twice is once."""
    session.execute(upsert(DivisionAliasRow).values(code=code, alias=alias).on_conflict_do_nothing())


def aliases(session: Session) -> list[tuple[str, str]]:
    """Every other name, as code and name."""
    query = select(DivisionAliasRow.code, DivisionAliasRow.alias)
    ordered = query.order_by(DivisionAliasRow.code, DivisionAliasRow.alias)
    return [(row.code, row.alias) for row in session.execute(ordered)]


def write_crosswalk(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Write the crosswalk over what is stored of it."""
    session.execute(delete(CategoryCrosswalkRow))
    if rows:
        session.execute(insert(CategoryCrosswalkRow), list(rows))


def crosswalk(session: Session) -> list[Crosswalk]:
    """The whole crosswalk, by standard and code."""
    row = CategoryCrosswalkRow
    query = select(
        row.standard_ref, row.kind, row.code, row.major_name, row.name, row.category_code, row.relation
    ).order_by(row.standard_ref, row.kind, row.code)
    return [
        Crosswalk(
            standard_ref=each.standard_ref,
            kind=each.kind,
            code=each.code,
            major_name=each.major_name,
            name=each.name,
            category_code=each.category_code,
            relation=each.relation,
        )
        for each in session.execute(query)
    ]
