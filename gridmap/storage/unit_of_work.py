"""One transaction around one command."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.orm import Session, sessionmaker


@contextmanager
def unit_of_work(sessions: sessionmaker[Session]) -> Generator[Session]:
    """Commit when the block ends well, roll back when it raises; only entry points open one."""
    with sessions() as session, session.begin():
        yield session
