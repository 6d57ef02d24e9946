"""The base that every page stands on: access, errors, languages, headers, static files, health."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from gridmap.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn
from gridmap.domain.permissions import Action, Actor, AreaScope, Role
from gridmap.web.access import add_actor_source, declaration, public, requires, undeclared_endpoints
from gridmap.web.csp import content_security_policy
from gridmap.web.errors import status_of
from gridmap.web.i18n import compile_catalogues


def test_every_endpoint_says_who_may_use_it(app: Flask) -> None:
    assert undeclared_endpoints(app) == []


def test_a_view_without_a_declaration_is_refused_to_everybody(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    answer = app.test_client().get("/forgotten")
    assert answer.status_code == 500
    assert b"secret" not in answer.data
    assert undeclared_endpoints(app) == ["forgotten"]


def test_a_visitor_is_led_to_the_sign_in_page_and_back(app: Flask) -> None:
    app.add_url_rule("/staff", "staff", requires(Action.SEE_ISSUES)(lambda: "list"))
    answer = app.test_client().get("/staff?page=2")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=%2Fstaff%3Fpage%3D2"


def test_a_program_without_an_account_gets_401_as_a_problem(app: Flask) -> None:
    app.add_url_rule("/api/v1/staff", "staff", requires(Action.SEE_ISSUES)(lambda: "list"))
    answer = app.test_client().get("/api/v1/staff")
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "access.not_signed_in"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_role_without_the_action_is_refused(app: Flask) -> None:
    worker = Actor(account_id=7, role=Role.GRID_WORKER, scope=AreaScope(("420",)), name="王")
    add_actor_source(app, lambda: worker)
    app.add_url_rule("/manage", "manage", requires(Action.MANAGE_ACCOUNTS)(lambda: "accounts"))
    answer = app.test_client().get("/manage")
    assert answer.status_code == 403
    assert "您的账号不能做这件事" in answer.text


def test_a_class_based_view_may_declare_on_the_class(app: Flask) -> None:
    from flask.views import MethodView

    @public
    class Thing(MethodView):
        def get(self) -> str:
            return "ok"

    app.add_url_rule("/thing", view_func=Thing.as_view("thing"))
    assert declaration(app, "thing") is not None
    assert app.test_client().get("/thing").text == "ok"


def test_a_change_by_cookie_needs_the_token_and_one_by_bearer_does_not(app: Flask) -> None:
    app.add_url_rule("/change", "change", public(lambda: "changed"), methods=["POST"])
    client = app.test_client()
    assert client.post("/change").status_code == 400
    assert client.post("/change", headers={"Authorization": "Bearer abc"}).text == "changed"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotSignedIn(), 401),
        (NotAllowed(reason="area"), 403),
        (NotFound(), 404),
        (Conflict(), 409),
        (InvalidInput(field="lon", reason="not_a_number"), 400),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    assert status_of(error) == status  # type: ignore[arg-type]


def test_an_unknown_error_shows_a_request_id_and_never_its_text(app: Flask) -> None:
    @public
    def broken() -> str:
        raise ValueError("password of the database is hunter2")

    app.add_url_rule("/broken", "broken", broken)
    for path, kind in (("/broken", "text/html"), ("/api/nothing", "application/problem+json")):
        answer = app.test_client().get(path)
        assert kind in answer.content_type
        assert "hunter2" not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text


def test_a_missing_page_is_explained_in_the_readers_language(client: FlaskClient) -> None:
    assert "这里没有您要找的内容" in client.get("/nowhere").text
    english = client.get("/nowhere?lang=en")
    assert english.status_code == 404
    assert "What you are looking for is not here" in english.text
    assert '<html lang="en">' in english.text


def test_a_chosen_language_is_remembered(client: FlaskClient) -> None:
    client.get("/nowhere?lang=en")
    assert "What you are looking for is not here" in client.get("/nowhere").text
    assert '<html lang="zh-CN">' in client.get("/nowhere?lang=zh_CN").text


def test_the_large_version_is_remembered(client: FlaskClient) -> None:
    assert "data-care" in client.get("/nowhere?care=1").text
    assert "data-care" in client.get("/nowhere").text
    assert "data-care" not in client.get("/nowhere?care=0").text


def test_every_answer_carries_the_strict_policy_with_its_own_nonce(client: FlaskClient) -> None:
    first, second = client.get("/nowhere"), client.get("/nowhere")
    for answer in (first, second):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-eval" not in policy
        assert "script-src 'self' 'nonce-" in policy
        assert "img-src 'self' data: blob:;" in policy
    assert first.headers["Content-Security-Policy"] != second.headers["Content-Security-Policy"]
    assert first.headers["X-Content-Type-Options"] == "nosniff"


def test_only_a_configured_tile_host_opens_the_image_policy() -> None:
    from gridmap.web.tile_sources import tile_hosts

    policy = content_security_policy(None, image_hosts=tile_hosts("tianditu"))
    assert "img-src 'self' data: blob: https://*.tianditu.gov.cn;" in policy
    assert "connect-src 'self';" in policy


def test_static_files_are_kept_for_ever_only_under_their_own_hash(client: FlaskClient, app: Flask) -> None:
    from gridmap.web.assets import static_url

    with app.test_request_context():
        url = static_url("css/gridmap.css")
    versioned = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in versioned.headers["Cache-Control"]
    assert b"--brand" in gzip.decompress(versioned.data)
    assert client.get("/static/css/gridmap.css").headers["Cache-Control"] == "no-cache"
    assert client.get("/static/css/gridmap.css?v=old").headers["Cache-Control"] == "no-cache"
    again = client.get("/static/css/gridmap.css", headers={"If-None-Match": versioned.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/static/../deps.py").status_code == 404


def test_pages_are_compressed_when_the_browser_can_read_it(client: FlaskClient) -> None:
    answer = client.get("/nowhere", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(answer.data)
    assert "Content-Encoding" not in client.get("/nowhere").headers


def test_health_routes_say_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {"status": "ready", "database": "ok", "migrations": "at_head"}


def test_not_ready_while_the_migrations_are_behind(client: FlaskClient, session: Session) -> None:
    from sqlalchemy import text

    session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["migrations"] == "behind"


def test_catalogues_are_compiled_once_and_again_after_a_change(tmp_path: Path) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "messages.po"
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "a"\nmsgstr "b"\n'
    )
    assert compile_catalogues(tmp_path) == [folder / "messages.mo"]
    assert compile_catalogues(tmp_path) == []
