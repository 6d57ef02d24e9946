"""A layer's version only ever rises, also after everything was emptied."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.storage.demo_files import empty_every_table
from gridmap.storage.layer_versions import bump_layer_version

TODAY = date(2026, 11, 20)


def version(session: Session) -> int:
    return session.execute(text("SELECT version FROM layer_version WHERE layer = 'areas'")).scalar_one()


def test_every_write_raises_the_version_however_fast_they_follow(session: Session) -> None:
    seen: list[int] = []
    for _ in range(5):
        bump_layer_version(session, "areas", data_date=TODAY)
        seen.append(version(session))
    assert seen == sorted(set(seen))


def test_an_emptied_database_does_not_use_old_numbers_again(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO layer_version VALUES ('areas', extract(epoch FROM now())::bigint - 1, '2026-01-01')"
        )
    )
    before = version(session)
    empty_every_table(session)
    bump_layer_version(session, "areas", data_date=TODAY)
    assert version(session) > before
