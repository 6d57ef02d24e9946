"""The demo subdistrict (示意数据): load it, and put it back as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from gridmap.storage import demo_files
from gridmap.use_cases.accounts import hash_password
from gridmap.use_cases.demo_issues import load_issues


def load_demo(
    session: Session, folder: Path, *, password_of: Callable[[str], str], now: datetime
) -> demo_files.DemoMeta:
    """Fill an empty database with the demo subdistrict.

    ``password_of`` gives a demo account's password by its username, so that no password stands in a file.
    """
    demo_files.write_places(session, folder)
    demo_files.write_people(
        session, folder, password_hash_of=lambda username: hash_password(password_of(username)), now=now
    )
    load_issues(
        session,
        demo_files.read_issues(folder),
        account_ids=demo_files.demo_account_ids(session),
        now=now,
    )
    return demo_files.read_meta(folder)


def load_demo_if_empty(
    session: Session, folder: Path, *, password_of: Callable[[str], str], now: datetime
) -> bool:
    """Load the demo into a database without a single area; True when it did."""
    if not demo_files.holds_no_areas(session):
        return False
    load_demo(session, folder, password_of=password_of, now=now)
    return True


def reset_demo(session: Session, folder: Path, *, password_of: Callable[[str], str], now: datetime) -> None:
    """Remove everything and load the demo anew; the caller has asked whether that is meant."""
    demo_files.empty_every_table(session)
    load_demo(session, folder, password_of=password_of, now=now)
