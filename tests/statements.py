"""Counting SQL statements: the one measure of cost that no busy machine disturbs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session


class Counted:
    """The statements seen so far, jobs included."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.job_count = 0

    @property
    def statements(self) -> list[str]:
        return [statement for statement, _ in self.sent]

    @property
    def count(self) -> int:
        return len(self.sent) + self.job_count


@contextmanager
def counted(target: Engine | Connection) -> Generator[Counted]:
    """Count what is executed in the block; the savepoints of rolled-back tests do not count."""
    seen = Counted()

    def note(*arguments: object) -> None:
        statement = str(arguments[2])
        if "SAVEPOINT" not in statement:
            seen.sent.append((statement, arguments[3]))

    event.listen(target, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(target, "before_cursor_execute", note)


def job_count(session: Session) -> int:
    """Jobs are enqueued on the raw connection, one statement each, which the counter does not see."""
    return int(session.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one())
