"""Programs and browsers for tests of the API."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from gridmap.domain.permissions import Actor
from gridmap.storage.tables import AccountRow
from gridmap.use_cases.accounts import create_token
from tests.reports import NOW


class Program:
    """Calls the API with a bearer token."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self._client = app.test_client()
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        return self._client.open(f"/api/v1{path}", method=method, headers=self._headers, **options)

    def get(self, path: str) -> TestResponse:
        return self.call("GET", path)

    def post(self, path: str, body: object) -> TestResponse:
        return self.call("POST", path, json=body)

    def patch(self, path: str, body: object) -> TestResponse:
        return self.call("PATCH", path, json=body)

    def photo(self, path: str) -> TestResponse:
        return self._client.get(path, headers={**self._headers, "Accept": "application/json"})


def program_of(app: Flask, session: Session, account: AccountRow) -> Program:
    """A program that acts as an account."""
    made = create_token(session, Actor.system(), username=account.username, name="test", days=1, now=NOW)
    return Program(app, made.token)
