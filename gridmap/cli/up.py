"""``gridmap up``: the whole service in one process tree."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from types import FrameType
from typing import NoReturn

import click

from gridmap.cli import cli
from gridmap.cli.parts import prepare_database
from gridmap.cli.supervisor import Child, Supervisor
from gridmap.settings import Settings
from gridmap.storage.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from gridmap.storage.prepared import is_prepared

_READY_BOUND_S = 90.0
_FREE_PORT_BOUND_S = 3.0
_PAUSE_AFTER_FAILED_REVIVAL_S = 5.0


@click.command()
def up() -> None:
    """Start everything and keep it running; Ctrl-C stops it."""
    begun = time.monotonic()
    # until the supervisor catches it: an end in good order also in the middle of the preparations
    signal.signal(signal.SIGTERM, _end)
    settings = Settings.from_environment(os.environ)
    with _database_for_all(settings) as (url, cluster):
        wait_for_free_port(settings.bind)
        if not is_prepared(url, with_areas=settings.load_demo) and prepare_database(settings, url):
            _say("The demo subdistrict (示意数据) has been loaded.")
        # for the children, and for the commands that are called in this process
        os.environ["DATABASE_URL"] = url
        os.environ["GRIDMAP_DATA_DIR"] = str(settings.data_dir.resolve())
        supervisor = Supervisor(
            [
                Child("The web server", [sys.executable, "-m", "gridmap.cli", "web"], stop_bound_s=20),
                Child(
                    "The background worker", [sys.executable, "-m", "gridmap.cli", "worker"], stop_bound_s=20
                ),
            ],
            environment=os.environ,
            say=_say,
            also_watch=_Reviver(cluster).look,
        )
        supervisor.catch_signals()
        try:
            supervisor.start_first()
            logins = _demo_logins() if settings.load_demo else []  # while the web server comes up
            if _wait_until_ready(settings.bind, supervisor):
                _greet(settings, logins, ready_after_s=time.monotonic() - begun)
                supervisor.watch()
        finally:
            _say("Stopping …")
            supervisor.end()
    _say("Stopped.")


def web_address(bind: str) -> str:
    """Give the address to open in a browser on this machine."""
    host, _, port = bind.rpartition(":")
    return f"http://{_reachable(host)}:{port}/"


def wait_for_free_port(bind: str, *, bound_s: float = _FREE_PORT_BOUND_S) -> None:
    """Return when the web server can listen on ``bind``; what was just killed may need a moment to let go.

    Raises
    ------
    click.ClickException
        It cannot; the message names the port and the way out.
    """
    host, _, port = bind.rpartition(":")
    deadline = time.monotonic() + bound_s
    while True:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except PermissionError:
            raise click.ClickException(
                f"Port {port} needs root. Choose one above 1023: GRIDMAP_BIND={host}:8000 …"
            ) from None
        except socket.gaierror:
            raise click.ClickException(
                f"GRIDMAP_BIND is {bind!r}, and {host!r} is no address of this machine."
            ) from None
        except OSError as problem:
            if time.monotonic() > deadline:
                raise click.ClickException(
                    f"The web server cannot listen on {bind}: port {port} is in use, or the address is not "
                    f"of this machine ({problem.strerror}). Stop what listens there, or choose another: "
                    f"GRIDMAP_BIND={host}:{int(port) + 1} …"
                ) from None
            time.sleep(0.1)
        else:
            return


@contextmanager
def _database_for_all(settings: Settings) -> Generator[tuple[str, EmbeddedPostgres | None]]:
    if settings.database_url:
        yield settings.database_url, None
        return
    cluster = EmbeddedPostgres(settings.data_dir)
    if not cluster.folder.exists():
        _say(f"Making a new database in {settings.data_dir.resolve()} …")
    with cluster:
        if not cluster.folder.is_relative_to(cluster.data_dir):
            _say(f"The database is in {cluster.folder}: its system user may not enter {cluster.data_dir}.")
        yield cluster.url(), cluster


class _Reviver:
    """Starts the private database again when it dies while the service runs."""

    def __init__(self, cluster: EmbeddedPostgres | None) -> None:
        self._cluster = cluster
        self._not_before = 0.0

    def look(self) -> None:
        if self._cluster is None or time.monotonic() < self._not_before:
            return
        try:
            if self._cluster.revive():
                _say("The database had died and runs again; finished work is kept.")
        except EmbeddedPostgresError as problem:
            _say(str(problem))
            self._not_before = time.monotonic() + _PAUSE_AFTER_FAILED_REVIVAL_S


def _wait_until_ready(bind: str, supervisor: Supervisor) -> bool:
    """Wait until /readyz says yes; False when somebody asked to stop meanwhile."""
    host, _, port = bind.rpartition(":")
    deadline = time.monotonic() + _READY_BOUND_S
    answer = "no answer"
    while time.monotonic() < deadline:
        if supervisor.is_asked_to_stop:
            return False
        if supervisor.first_has_ended():
            raise click.ClickException("The web server ended while it was starting; its own words are above.")
        connection = http.client.HTTPConnection(_reachable(host).strip("[]"), int(port), timeout=5)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            if response.status == 200:
                return True
            answer = f"{response.status} {response.read(300).decode(errors='replace')}"
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise click.ClickException(
        f"The web server was not ready within {_READY_BOUND_S:.0f} s; /readyz last said: {answer}"
    )


def _greet(settings: Settings, logins: Sequence[Mapping[str, str]], *, ready_after_s: float) -> None:
    address = web_address(settings.bind)
    click.echo(f"\ngridmap is ready in {ready_after_s:.1f} s\n")
    click.echo(f"  Map      {address}")
    click.echo(f"  Sign in  {address}sign-in\n")
    first_of_role = {login["role"]: login for login in reversed(logins)}
    for login in reversed(first_of_role.values()):
        click.echo(
            f"  {login['username']:<13}{login['password']:<13}{login['role']:<20}{login['display_name']}"
        )
    if logins:
        click.echo(f"\nThe first demo account of each role; `gridmap demo logins` lists all {len(logins)}.")
    click.echo("Ctrl-C stops everything.")


def _demo_logins() -> list[dict[str, str]]:
    words = io.StringIO()
    with redirect_stdout(words):
        cli.main(["demo", "logins", "--json"], standalone_mode=False)
    return json.loads(words.getvalue())


def _reachable(host: str) -> str:
    """An address that listens everywhere is reached here by the loopback one."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - as signal handlers are called
    sys.exit(128 + number)


def _say(line: str) -> None:
    click.echo(line, err=True)
