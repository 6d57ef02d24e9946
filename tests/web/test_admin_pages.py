"""The back office: who sees it, and what it says is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.web.browser_client import Person


@pytest.fixture
def sign_in(demo_app: Flask, demo_password: Callable[[str], str]) -> Callable[[str], Person]:
    def as_one(username: str) -> Person:
        person = Person(demo_app)
        person.sign_in(username, demo_password(username))
        return person

    return as_one


@pytest.mark.parametrize(
    ("username", "status"), [("admin", 200), ("planner", 200), ("secretary01", 200), ("worker01", 403)]
)
def test_only_those_who_look_after_layers_open_the_back_office(
    sign_in: Callable[[str], Person], username: str, status: int
) -> None:
    answer = sign_in(username).open("/admin")
    assert answer.status_code == status
    assert ('href="/admin"' in answer.text) == (status == 200)


def test_the_back_office_says_how_much_is_in_each_layer(sign_in: Callable[[str], Person]) -> None:
    page = sign_in("admin").open("/admin").text
    for words in ("微网格", "331", "服务点", "139", "1,200"):
        assert words in page


def test_the_administrator_is_shown_accounts_whose_area_has_ended_and_nobody_else_is(
    demo_session: Session, sign_in: Callable[[str], Person]
) -> None:
    assert "lost-scopes-title" not in sign_in("admin").open("/admin").text
    demo_session.execute(
        text("UPDATE account SET area_codes = '{420106099001990}' WHERE username = 'worker01'")
    )
    page = sign_in("admin").open("/admin").text
    assert "工作范围已不存在的账号" in page
    assert "420106099001990" in page
    assert "worker01" in page
    for username in ("planner", "secretary01"):
        assert "420106099001990" not in sign_in(username).open("/admin").text
    assert "Accounts whose area is no more" in sign_in("admin").open("/admin?lang=en").text
