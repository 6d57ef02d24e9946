"""Route × role × area, made from the route table: nobody gets past a route that is not theirs."""

from __future__ import annotations

import hashlib
import io
import re
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import ROLE_ACTIONS, Action, Role
from gridmap.web.access import declaration
from tests.factories import NORTH_DEG, SUBDISTRICT, WEST_DEG, add_account, add_world, middle_of
from tests.reports import report_body
from tests.web.api_client import Program, program_of

FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
AREAS = {
    Role.GRID_WORKER: (f"{FIRST}010", f"{SECOND}010"),
    Role.COMMUNITY_SECRETARY: (FIRST, SECOND),
    Role.SUBDISTRICT_OFFICER: (SUBDISTRICT, "420106998"),
    Role.PLANNER: (SUBDISTRICT, "420106998"),
    Role.ADMIN: ("", None),
    Role.VISITOR: (None, None),
}
"""For each role the area of the issue, and another one."""

LON, LAT = middle_of(0, 0)
BOX = f"bbox={WEST_DEG},{NORTH_DEG - 0.01},{WEST_DEG + 0.01},{NORTH_DEG}"
QUERIES = {
    "/api/v1/at-point": f"?lon={LON}&lat={LAT}",
    "/api/v1/issues.geojson": f"?{BOX}",
    "/api/v1/public/issues": f"?{BOX}",
}


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "green").save(out, "JPEG")
    return out.getvalue()


PHOTO = _photo()
PHOTO_SHA256 = hashlib.sha256(PHOTO).hexdigest()


def _routes(app: Flask) -> list[tuple[str, str, Action | None]]:
    routes: list[tuple[str, str, Action | None]] = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            declared = declaration(app, rule.endpoint)
            assert declared is not None, rule.endpoint
            methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
            routes += [(method, rule.rule, declared.action) for method in methods]
    return sorted(routes, key=str)


def _call(program: Program, method: str, rule: str, issue: dict[str, Any], kept: str, word: int) -> int:
    body: Any = {"POST": report_body(LON, LAT), "PATCH": {"version": 1, "note": "看过"}}.get(method)
    sha256 = kept if rule.startswith("/photos/") else PHOTO_SHA256
    path = re.sub(r"<(?:[^:>]+:)?key>", issue["number"], rule).replace("<sha256>", sha256)
    path = path.replace("<uuid:issue_id>", issue["id"])
    path = re.sub(r"<int[^>]*:notification_id>", str(word), path)
    path = path.replace("<level>", "grid").replace("<any(compounds, streets):layer>", "streets")
    options: dict[str, Any] = {"data": PHOTO} if method == "PUT" else {"json": body} if body else {}
    if path.startswith("/photos/"):
        return program.photo(path).status_code
    return program.call(method, path.removeprefix("/api/v1") + QUERIES.get(rule, ""), **options).status_code


@pytest.fixture
def programs(app: Flask, session: Session) -> dict[tuple[Role, bool], Program]:
    add_world(session)
    made: dict[tuple[Role, bool], Program] = {}
    for role, areas in AREAS.items():
        for is_own, area in zip((True, False), areas, strict=True):
            codes = () if area is None else (area,)
            account = add_account(session, f"{role}-{is_own}", role=role.value, area_codes=codes)
            made[role, is_own] = program_of(app, session, account)
    return made


ABOUT_ONE_THING = ("<key>", "/photos/", "/read")
"""Routes whose answer depends on whose the thing is; the others only limit what they list."""


def _word_for(session: Session, role: Role, issue: dict[str, Any]) -> int:
    """A word about the issue in the inbox of the role's account that works where the issue is."""
    return session.execute(
        text(
            "INSERT INTO notification (account_id, issue_id, event_seq, created_at)"
            " SELECT account.id, :issue_id, 1, now() FROM account WHERE username = :username RETURNING id"
        ),
        {"issue_id": issue["id"], "username": f"{role}-True"},
    ).scalar_one()


def test_p6_every_route_answers_each_role_and_area_as_declared(
    app: Flask, session: Session, programs: dict[tuple[Role, bool], Program]
) -> None:
    routes = _routes(app)
    assert len(routes) >= 14
    admin = programs[Role.ADMIN, True]
    nobody = Program(app, None)
    tried = 0
    for method, rule, action in routes:
        made = admin.post("/issues", report_body(LON, LAT)).json
        assert made is not None
        kept = admin.call("PUT", f"/issues/{made['id']}/photos/{PHOTO_SHA256}", data=PHOTO).json["sha256"]
        anonymous = _call(nobody, method, rule, made, kept, 1)
        assert (anonymous == 401) if action else (anonymous == 200), (method, rule, anonymous)
        for (role, is_own), program in programs.items():
            # Each caller finds a fresh issue: the one before may have changed it.
            made = admin.post("/issues", report_body(LON, LAT)).json
            assert made is not None
            admin.call("PUT", f"/issues/{made['id']}/photos/{PHOTO_SHA256}", data=PHOTO)
            word = _word_for(session, role, made)
            status = _call(program, method, rule, made, kept, word)
            may = Action.USE_API in ROLE_ACTIONS[role] and (action is None or action in ROLE_ACTIONS[role])
            where = (method, rule, role.value, is_own, status)
            if not may:
                assert status == 403, where
            elif not is_own and any(part in rule for part in ABOUT_ONE_THING):
                assert status == 404, where
            elif role is Role.PLANNER and method in ("PATCH",):
                assert status == 403, where
            else:
                assert status in (200, 201), where
            tried += 1
    assert tried == len(routes) * len(programs)
