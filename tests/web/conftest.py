"""What several tests of pages share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import sessionmaker

from gridmap import bootstrap
from gridmap.settings import Settings
from tests.conftest import NOW
from tests.web.browser_client import Person
from tests.web.import_helpers import Begin, Wizard


@pytest.fixture
def begin(demo_connection: Connection, demo_password: Callable[[str], str], tmp_path: Path) -> Begin:
    """One person's wizard over the demo; settings and the clock may differ."""

    def as_one(username: str = "admin", now: datetime = NOW, **settings: int) -> Wizard:
        sessions = sessionmaker(
            demo_connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        given = Settings(secret_key="tests", data_dir=tmp_path, **settings)
        person = Person(bootstrap.make_app(given, sessions, clock=lambda: now))
        person.sign_in(username, demo_password(username))
        return Wizard(person, bootstrap.job_tools(given, sessions, clock=lambda: now))

    return as_one
