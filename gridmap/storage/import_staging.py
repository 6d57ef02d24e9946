"""Rows of a file into a table that holds one row a code: staged by COPY, compared and written by statements.

A block costs the same few statements whatever its length. Each row that is added or changed is remembered in
``import_change`` by the statement that writes it, so that the import can be taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.imports import SHOWN_CHANGES, ChangeKind, RowChange
from gridmap.storage.import_tables import ImportedTable, listed

# From so many rows on, building an index anew is quicker than adding to it row by row.
_REBUILD_FROM = 20_000

# Index: pg_index's own, by table. What no constraint hangs on can be dropped and built anew.
FIND_PLAIN_INDEXES = text(
    """
    SELECT index_class.relname AS name, pg_get_indexdef(index_class.oid) AS definition
      FROM pg_index
      JOIN pg_class AS index_class ON index_class.oid = pg_index.indexrelid
     WHERE pg_index.indrelid = CAST(:table AS regclass)
       AND NOT pg_index.indisunique AND NOT pg_index.indisexclusion
     ORDER BY index_class.relname
    """
)


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Rows of a file by column: ``columns`` holds every content column of the table, all of one length.

    Values are text, numbers, booleans, dates, lists of text or None; geometries are EWKB in hexadecimal.
    """

    row_numbers: Sequence[int]
    columns: Mapping[str, Sequence[object]]

    def __len__(self) -> int:
        return len(self.row_numbers)

    def part(self, start: int, stop: int) -> RowBlock:
        """The rows from ``start`` until ``stop``."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        return RowBlock(self.row_numbers[start:stop], columns)


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows a write added and changed; the others were the same. ``changes``: of a preview."""

    added: int = 0
    updated: int = 0
    changes: tuple[RowChange, ...] = ()

    def __add__(self, other: Written) -> Written:
        changes = self.changes + other.changes
        if len(changes) > SHOWN_CHANGES:
            changes = shown_changes(changes)
        return Written(self.added + other.added, self.updated + other.updated, changes)


_ORDER_SHOWN = {ChangeKind.UPDATED: 0, ChangeKind.ADDED: 1, ChangeKind.UNCHANGED: 2}


def shown_changes(changes: Collection[RowChange]) -> tuple[RowChange, ...]:
    """The first thousand: updated rows first, then added, then unchanged ones, each in the file's order."""
    ordered = sorted(changes, key=lambda change: (_ORDER_SHOWN[change.kind], change.row_number))
    return tuple(ordered[:SHOWN_CHANGES])


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLoad:
    """Writes blocks of rows of one import into one table."""

    session: Session
    table: ImportedTable
    batch_id: int
    preview: bool
    is_first: bool
    """The table is empty and ours alone, so that rows go straight into it."""

    def write(self, rows: RowBlock, *, given: Collection[str]) -> Written:
        """Add the rows that are new by their key and update those that differ.

        Parameters
        ----------
        rows : with keys that no earlier block had
        given : the columns that the file speaks of: an update leaves the others as they are stored
        """
        if not len(rows):
            return Written()
        if self.is_first:
            return self._copy(rows)
        session, statements = self.session, _Statements.of(self.table, frozenset(given))
        _stage(session, statements, self.table, rows)
        found = session.execute(statements.compare).one()
        counts = Written(added=len(rows) - found.found, updated=found.differing)
        if self.preview:
            return Written(counts.added, counts.updated, _changes(session, statements))
        if counts.updated:
            session.execute(statements.update, {"batch_id": self.batch_id})
        if counts.added:
            session.execute(statements.insert, {"batch_id": self.batch_id})
        return counts

    def _copy(self, rows: RowBlock) -> Written:
        table = self.table
        last_id = self.session.scalar(text(f"SELECT coalesce(max(id), 0) FROM {table.name}"))
        copy_rows(self.session, table.name, table.content, [rows.columns[name] for name in table.content])
        self.session.execute(
            text(
                f"""
                INSERT INTO import_change (batch_id, table_name, kind, row_ids, content_hashes)
                SELECT :batch_id, '{table.name}', 'added', array_agg(id::text),
                       array_agg({table.content_hash("stored")})
                  FROM {table.name} AS stored
                 WHERE id > :last_id
                """
            ),
            {"batch_id": self.batch_id, "last_id": last_id},
        )
        return Written(added=len(rows))


@contextmanager
def bulk_load(
    session: Session, table: ImportedTable, *, batch_id: int, preview: bool, row_count: int
) -> Generator[RowLoad]:
    """Write some ``row_count`` rows inside the block.

    Where the table grows manyfold its indexes that are not unique are built anew after it, which is several
    times quicker than adding row by row; readers of the table then wait for the end of the transaction. That
    is the first load of a whole city.
    """
    stored_count = 0 if preview or row_count < _REBUILD_FROM else _row_count(session, table, limit=row_count)
    if preview or row_count < _REBUILD_FROM or stored_count >= row_count:
        yield RowLoad(session=session, table=table, batch_id=batch_id, preview=preview, is_first=False)
        return
    session.execute(text(f"LOCK TABLE {table.name} IN ACCESS EXCLUSIVE MODE"))
    indexes = session.execute(FIND_PLAIN_INDEXES, {"table": table.name}).all()
    for index in indexes:
        session.execute(text(f'DROP INDEX "{index.name}"'))
    is_first = _row_count(session, table, limit=1) == 0
    yield RowLoad(session=session, table=table, batch_id=batch_id, preview=preview, is_first=is_first)
    for index in indexes:
        session.execute(text(index.definition))


def _row_count(session: Session, table: ImportedTable, *, limit: int) -> int:
    """How many rows a table holds, counted up to a limit."""
    query = text(f"SELECT count(*) FROM (SELECT FROM {table.name} LIMIT :limit) AS first_rows")
    return session.execute(query, {"limit": limit}).scalar_one()


@dataclass(frozen=True, slots=True)
class _Statements:
    create_stage: Any
    compare: Any
    update: Any
    insert: Any
    show: Any

    @classmethod
    def of(cls, table: ImportedTable, given: frozenset[str]) -> _Statements:
        """The statements for one table and the columns that a file gives; names are our own constants."""
        written = [column for column in table.content if column in given and column not in table.key]
        # An empty row of a row comparison is no syntax, and nothing to compare is no difference.
        differs = (
            f"ROW({listed(written, 'incoming')}) IS DISTINCT FROM ROW({listed(written, 'stored')})"
            if written
            else "false"
        )
        matches = " AND ".join(f"stored.{column} = incoming.{column}" for column in table.key)
        name, columns = table.name, listed(table.content)
        # Index: the key's unique index (compound_gate: by its compound); or a hash of the whole table.
        compare = f"""
            WITH compared AS (
                INSERT INTO import_found (ord, stored_id, differs)
                SELECT incoming.ord, stored.id, {differs}
                  FROM import_row AS incoming
                  JOIN {name} AS stored ON {matches}
             RETURNING differs
            )
            SELECT count(*) AS found, count(*) FILTER (WHERE differs) AS differing FROM compared
        """
        assigned = ", ".join(f"{column} = incoming.{column}" for column in written)
        update = f"""
            WITH updated AS (
                UPDATE {name} AS stored
                   SET {assigned}
                  FROM import_found AS found
                  JOIN import_row AS incoming ON incoming.ord = found.ord
                  JOIN {name} AS earlier ON earlier.id = found.stored_id
                 WHERE found.differs AND stored.id = found.stored_id
             RETURNING stored.id, {table.content_hash("stored")} AS content_hash,
                       {table.image("earlier")} AS before
            )
            INSERT INTO import_change (batch_id, table_name, kind, row_ids, content_hashes, before)
            SELECT :batch_id, '{name}', 'updated', array_agg(id::text), array_agg(content_hash),
                   array_agg(before)
              FROM updated
        """
        insert = f"""
            WITH added AS (
                INSERT INTO {name} AS stored ({columns})
                SELECT {columns}
                  FROM import_row AS incoming
                 WHERE NOT EXISTS (SELECT FROM import_found AS found WHERE found.ord = incoming.ord)
                 ORDER BY ord
             RETURNING id, {table.content_hash("stored")} AS content_hash
            )
            INSERT INTO import_change (batch_id, table_name, kind, row_ids, content_hashes)
            SELECT :batch_id, '{name}', 'added', array_agg(id::text), array_agg(content_hash)
              FROM added
        """
        pairs = ", ".join(
            f"('{_shown_name(table, column)}', {_shown(table, column, 'stored')},"
            f" {_shown(table, column, 'incoming')},"
            f" incoming.{column} IS DISTINCT FROM stored.{column})"
            for column in written
        )
        fields = (
            f"""(SELECT jsonb_object_agg(field, jsonb_build_array(coalesce(before, ''), coalesce(after, '')))
                   FROM (VALUES {pairs}) AS pair (field, before, after, differs)
                  WHERE pair.differs)"""
            if written
            else "NULL::jsonb"
        )
        show = f"""
            SELECT incoming.row_number, incoming.{table.label}::text AS label,
                   CASE WHEN found.ord IS NULL THEN 'added' WHEN found.differs THEN 'updated'
                        ELSE 'unchanged' END AS kind,
                   CASE WHEN found.differs THEN {fields} END AS fields
              FROM import_row AS incoming
              LEFT JOIN import_found AS found ON found.ord = incoming.ord
              LEFT JOIN {name} AS stored ON stored.id = found.stored_id AND found.differs
             ORDER BY found.differs IS NOT TRUE, found.ord IS NOT NULL, incoming.ord
             LIMIT :limit
        """
        create_stage = f"""
            CREATE TEMP TABLE import_row ON COMMIT DROP AS
            SELECT 0 AS ord, 0 AS row_number, {columns} FROM {name} WITH NO DATA
        """
        return cls(text(create_stage), text(compare), text(update), text(insert), text(show))


def _shown_name(table: ImportedTable, column: str) -> str:
    return "geometry" if column in table.geometries else column


def _shown(table: ImportedTable, column: str, alias: str) -> str:
    """SQL: a value as a preview shows it; a shape by its centre and size."""
    value = f"{alias}.{column}"
    if column not in table.geometries:
        return f"{value}::text"
    centre = f"ST_Centroid({value})"
    place = f"round(ST_X({centre})::numeric, 6) || ', ' || round(ST_Y({centre})::numeric, 6)"
    area = f"round(ST_Area({value}::geography)) || ' m²'"
    length = f"round(ST_Length({value}::geography)) || ' m'"
    return (
        f"{place} || CASE ST_Dimension({value}) WHEN 2 THEN ' · ' || {area}"
        f" WHEN 1 THEN ' · ' || {length} ELSE '' END"
    )


def _stage(session: Session, statements: _Statements, table: ImportedTable, rows: RowBlock) -> None:
    """Copy the block into a temporary table of the table's own column types."""
    session.execute(text("DROP TABLE IF EXISTS import_row, import_found"))
    session.execute(statements.create_stage)
    session.execute(
        text(
            "CREATE TEMP TABLE import_found (ord int PRIMARY KEY, stored_id bigint, differs boolean)"
            " ON COMMIT DROP"
        )
    )
    columns = [rows.columns[column] for column in table.content]
    numbers = range(len(rows))
    copy_rows(
        session, "import_row", ("ord", "row_number", *table.content), [numbers, rows.row_numbers, *columns]
    )


def copy_rows(
    session: Session, table_name: str, columns: Sequence[str], values: Sequence[Sequence[object]]
) -> None:
    """COPY columns of equal length into a table."""
    connection: Connection[Any] = session.connection().connection.driver_connection  # pyright: ignore[reportAssignmentType]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table_name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in zip(*values, strict=True):
            copy.write_row(row)


def _changes(session: Session, statements: _Statements) -> tuple[RowChange, ...]:
    rows = session.execute(statements.show, {"limit": SHOWN_CHANGES})
    return tuple(
        RowChange(
            row.row_number,
            row.label,
            ChangeKind(row.kind),
            {name: (before, after) for name, (before, after) in sorted((row.fields or {}).items())},
        )
        for row in rows
    )
