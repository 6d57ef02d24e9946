"""``gridmap token``: made once, listed without the secret, revoked."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from gridmap.cli.token import token
from gridmap.domain.errors import NotFound
from gridmap.storage.engine import make_engine, make_sessions
from gridmap.storage.unit_of_work import unit_of_work
from tests.factories import add_account

pytestmark = pytest.mark.committed


def test_a_token_is_shown_once_listed_and_revoked(
    committed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", committed_database)
    engine = make_engine(committed_database)
    with unit_of_work(make_sessions(engine)) as session:
        add_account(session, "worker", area_codes=("420106999001",))
    engine.dispose()

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(token, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    assert "no token yet" in run("list").stdout
    made = run("create", "worker", "--name", "夜间同步", "--days", "30")
    secret = made.stdout.strip()
    assert secret.startswith("gridmap_")
    assert secret not in made.stderr
    listed = run("list").stdout
    assert "worker" in listed
    assert "夜间同步" in listed
    assert secret not in listed
    assert "revoked" in run("revoke", "1").stdout
    with pytest.raises(NotFound):
        run("revoke", "1")
    with pytest.raises(NotFound):
        run("create", "nobody")
    assert run("create", "worker", "--days", "0").exit_code == 2
