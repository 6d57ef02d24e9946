"""What every job is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.import_runs import ImportFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTools:
    """The worker's sessions, clock and folders."""

    sessions: sessionmaker[Session]
    clock: Callable[[], datetime]
    imports: ImportFiles


class Handler(Protocol):
    """Opens its own transactions; the keyword arguments are the ids that the job was asked with."""

    def __call__(self, tools: JobTools, **ids: int | str) -> None: ...


class ShortHandler(Protocol):
    """Runs inside one transaction."""

    def __call__(self, session: Session, *, now: datetime, **ids: int | str) -> None: ...


def in_one_transaction(handler: ShortHandler) -> Handler:
    """Make a handler of one whose work is a single transaction."""

    def work(tools: JobTools, **ids: int | str) -> None:
        with unit_of_work(tools.sessions) as session:
            handler(session, now=tools.clock(), **ids)

    return work
