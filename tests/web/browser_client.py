"""A person at a browser without JavaScript: forms with their hidden fields, and a cookie jar."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PASSWORD = "示意密码 2026"


class Person:
    """Opens pages and sends their forms."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.token = ""

    def open(self, path: str) -> TestResponse:
        answer = self.client.get(path)
        found = _TOKEN.search(answer.text)
        self.token = found.group(1) if found else self.token
        return answer

    def send(self, path: str, **fields: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **fields})

    def sign_in(self, username: str, password: str = PASSWORD, next_path: str = "") -> TestResponse:
        self.open("/sign-in")
        return self.send("/sign-in", username=username, password=password, next=next_path)
