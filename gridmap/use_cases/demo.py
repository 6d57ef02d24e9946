"""The demo subdistrict (示意数据): load it, and put it back as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from gridmap.storage import demo_files
from gridmap.use_cases.codes import load_crosswalk
from gridmap.use_cases.demo_issues import load_issues

# Demo passwords are drawn from a key, not thought up by people: no list of words finds them, so a light hash
# guards them as well as a heavy one, and seventy accounts do not make the first start wait.
_LIGHT_HASHER = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)


def load_demo(
    session: Session, folder: Path, *, password_of: Callable[[str], str], now: datetime
) -> demo_files.DemoMeta:
    """Fill an empty database with the demo subdistrict.

    ``password_of`` gives a demo account's password by its username, so that no password stands in a file.
    """
    demo_files.write_places(session, folder)
    demo_files.write_people(
        session, folder, password_hash_of=lambda username: _LIGHT_HASHER.hash(password_of(username)), now=now
    )
    load_crosswalk(session, folder.parent / "standards")
    # Routing asks twelve hundred times: the planner should know by then how large the tables are.
    demo_files.analyse(session)
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
