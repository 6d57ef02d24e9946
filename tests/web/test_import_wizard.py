"""The import wizard, step by step and without JavaScript: good files, bad files, other people's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap import bootstrap
from gridmap.settings import Settings
from tests.conftest import NOW
from tests.web.browser_client import Person
from tests.web.import_helpers import Wizard, places_csv

STORED = text("SELECT count(*) FROM service_point WHERE name LIKE '车棚%'")


@pytest.fixture
def begin(
    demo_app: Flask, demo_session: Session, demo_password: Callable[[str], str], tmp_path: Path
) -> Callable[..., Wizard]:
    def as_one(username: str = "admin") -> Wizard:
        person = Person(demo_app)
        person.sign_in(username, demo_password(username))
        from sqlalchemy.orm import sessionmaker

        sessions = sessionmaker(
            demo_session.connection(), expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        tools = bootstrap.job_tools(Settings(data_dir=tmp_path), sessions, clock=lambda: NOW)
        return Wizard(person, tools)

    return as_one


def test_a_file_goes_from_upload_to_done(begin: Callable[..., Wizard], demo_session: Session) -> None:
    wizard = begin()
    page = wizard.check(places_csv(20, outside=3, bad=2))
    assert page.status_code == 200
    assert "只导入无误的 20 行" in page.text
    Path("/tmp/check.html").write_text(page.text)
    assert wizard.send("apply", rows="without_warned").status_code == 303
    wizard.work()
    done = wizard.open("done").text
    assert "新增 20 / 更新 0 / 未变 0" in done
    assert demo_session.scalar(STORED) == 20
