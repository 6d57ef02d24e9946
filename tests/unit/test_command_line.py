"""The command line's edge: one message and an exit code, whatever goes wrong."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest

from gridmap.cli.env_file import add_from
from gridmap.cli.up import wait_for_free_port, web_address
from gridmap.cli.words import sentence_of
from gridmap.domain.errors import NotFound
from gridmap.settings import SettingError, Settings

# A module that is None in sys.modules cannot be imported: as on a machine where it is not installed.
WITHOUT = textwrap.dedent(
    """
    import sys
    for name in {missing!r}:
        sys.modules[name] = None
    sys.argv = ["gridmap", *{arguments!r}]
    from gridmap.cli import main
    main()
    """
)


def gridmap(
    *arguments: str, folder: Path, missing: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    known = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "LANG", "LC_ALL")
    }
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing, arguments=arguments)],
        cwd=folder,
        env={**known, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command_even_when_nothing_can_be_imported(tmp_path: Path) -> None:
    done = gridmap("--help", folder=tmp_path, missing=("sqlalchemy", "flask", "psycopg"))
    assert done.returncode == 0
    for name in ("up", "doctor", "db", "demo", "layers", "token", "web", "worker"):
        assert f"\n  {name} " in done.stdout


def test_no_command_spends_its_start_on_pandas(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "gridmap.cli", "layers", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "pyogrio" in imported
    assert not [name for name in imported if name.startswith(("pandas.", "geopandas."))]


def test_a_command_whose_package_is_missing_names_it_and_the_remedy(tmp_path: Path) -> None:
    done = gridmap("db", "check", folder=tmp_path, missing=("sqlalchemy",))
    assert done.returncode == 1
    assert "'sqlalchemy'" in done.stderr
    assert "make setup" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_works_without_half_of_the_packages(tmp_path: Path) -> None:
    missing = ("sqlalchemy", "psycopg", "flask", "babel", "alembic", "procrastinate", "geoalchemy2")
    done = gridmap("doctor", folder=tmp_path, missing=missing)
    assert done.returncode == 1
    assert "Python:" in done.stdout
    assert "'sqlalchemy' is missing" in done.stdout
    assert "to put right" in done.stdout
    assert "Traceback" not in done.stderr


def test_doctor_says_that_a_database_cannot_be_reached(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    done = gridmap("doctor", folder=tmp_path, DATABASE_URL=url)
    assert done.returncode == 1
    assert "WRONG  Database: cannot be reached" in done.stdout


def test_doctor_names_a_data_folder_of_another_major_version(tmp_path: Path) -> None:
    (tmp_path / ".gridmap/pg").mkdir(parents=True)
    (tmp_path / ".gridmap/pg/PG_VERSION").write_text("9\n")
    done = gridmap("doctor", folder=tmp_path)
    assert done.returncode == 1
    assert "was made by PostgreSQL 9" in done.stdout


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    done = gridmap("up", folder=tmp_path, GRIDMAP_BIND="nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("GRIDMAP_BIND is 'nowhere'")
    assert len(done.stderr.splitlines()) == 1


def test_debug_shows_where_an_error_arose(tmp_path: Path) -> None:
    done = gridmap("up", "--debug", folder=tmp_path, GRIDMAP_BIND="nowhere")
    assert "Traceback" in done.stderr


def test_an_unreachable_database_is_a_sentence(tmp_path: Path) -> None:
    done = gridmap("db", "check", folder=tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "Is DATABASE_URL right?" in done.stderr
    assert "Traceback" not in done.stderr


def test_web_alone_asks_for_a_database(tmp_path: Path) -> None:
    done = gridmap("web", folder=tmp_path)
    assert done.returncode == 1
    assert "`gridmap up` brings a database of its own" in done.stderr


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(click.ClickException, match=f"port {port} is in use") as caught:
            wait_for_free_port(f"127.0.0.1:{port}", bound_s=0)
        assert f"GRIDMAP_BIND=127.0.0.1:{port + 1}" in caught.value.message


def test_an_address_of_no_machine_is_named() -> None:
    with pytest.raises(click.ClickException, match="no address of this machine"):
        wait_for_free_port("not a host:8000", bound_s=0)


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("0.0.0.0:80", "http://127.0.0.1:80/"),
        ("[::]:8000", "http://[::1]:8000/"),
    ],
)
def test_the_address_to_open_can_be_opened_here(bind: str, address: str) -> None:
    assert web_address(bind) == address


def test_errors_for_people_become_sentences_and_others_do_not() -> None:
    assert sentence_of(SettingError("GRIDMAP_X is wrong")) == "GRIDMAP_X is wrong"
    assert sentence_of(NotFound()) not in (None, "")
    assert sentence_of(RuntimeError("bug")) is None


def test_a_settings_file_fills_in_what_the_environment_leaves_open(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# ours\n\nGRIDMAP_BIND=0.0.0.0:9000\nexport GRIDMAP_WEB_WORKERS='4'\nDATABASE_URL=\n")
    environment = {"GRIDMAP_BIND": "127.0.0.1:7000"}
    add_from(path, environment)
    assert environment["GRIDMAP_BIND"] == "127.0.0.1:7000", "the environment counts more"
    assert Settings.from_environment(environment).web_workers == 4
    add_from(tmp_path / "none", environment)


def test_a_broken_line_of_a_settings_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GRIDMAP_BIND 0.0.0.0:9000\n")
    with pytest.raises(click.ClickException, match="line 1"):
        add_from(tmp_path / ".env", {})
