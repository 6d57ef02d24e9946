"""`gridmap up` for real: ready, stopped, killed, started again."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridmap.storage.embedded_postgres import EmbeddedPostgres
from gridmap.storage.embedded_postgres.pid_file import running_postmaster

pytestmark = [pytest.mark.committed, pytest.mark.alone]


class Service:
    """One `gridmap up` on a data folder and a port of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.log = data_dir.parent / "up.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
            "GRIDMAP_DATA_DIR": str(self.data_dir),
            "GRIDMAP_BIND": f"127.0.0.1:{self.port}",
            "GRIDMAP_LOAD_DEMO": "no",
            "GRIDMAP_WEB_WORKERS": "1",
            "PYTHONUNBUFFERED": "1",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gridmap.cli", "up"],
                cwd=self.data_dir.parent,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def words(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def status(self) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def wait_until_ready(self) -> None:
        assert self.process is not None
        running = self.process
        wait_for(lambda: "gridmap is ready" in self.words() or running.poll() is not None, self.words)
        assert "gridmap is ready" in self.words(), self.words()
        wait_for(lambda: self.status() == 200, self.words)

    def send(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=40)

    def processes(self) -> dict[int, str]:
        """Every process of this service, by its environment or, for the database, by its folder."""
        found: dict[int, str] = {}
        mark = f"GRIDMAP_BIND=127.0.0.1:{self.port}\0".encode()
        for each in Path("/proc").iterdir():
            if not each.name.isdigit():
                continue
            try:
                command = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                ours = mark in (each / "environ").read_bytes()
                inside = (each / "cwd").resolve().is_relative_to(self.data_dir)
            except OSError:
                continue
            if command and (ours or inside):
                found[int(each.name)] = command
        return found

    def child(self, word: str) -> int | None:
        assert self.process is not None
        parent = str(self.process.pid)
        for pid, command in self.processes().items():
            try:
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if stat[1] == parent and word in command:
                return pid
        return None


def wait_for(condition: Callable[[], bool], words: Callable[[], str], bound_s: float = 60) -> None:
    deadline = time.monotonic() + bound_s
    while not condition():
        assert time.monotonic() < deadline, words()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A data folder whose parents the database's system user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="gridmap-up-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def service(data_dir: Path) -> Iterator[Service]:
    service = Service(data_dir)
    service.start()
    yield service
    if service.process is not None and service.process.poll() is None:
        service.send(signal.SIGTERM)
    wait_for(lambda: not service.processes(), lambda: str(service.processes()))


def test_a_start_says_where_to_look_and_ctrl_c_leaves_nothing_behind(service: Service) -> None:
    service.wait_until_ready()
    assert f"http://127.0.0.1:{service.port}/" in service.words()
    assert service.send(signal.SIGINT) == 0
    assert service.words().endswith("Stopped.\n")
    assert service.processes() == {}
    assert not EmbeddedPostgres(service.data_dir).is_running()


def test_a_second_start_is_ready_within_five_seconds(service: Service) -> None:
    service.wait_until_ready()
    took_s: list[float] = []
    while not took_s or (took_s[-1] >= 5 and len(took_s) < 3):  # a busy machine gets three tries
        service.send(signal.SIGTERM)
        begun = time.monotonic()
        service.start()
        service.wait_until_ready()
        took_s.append(time.monotonic() - begun)
    assert took_s[-1] < 5, took_s


def test_killed_parts_are_started_again(service: Service) -> None:
    service.wait_until_ready()
    for word, name in (("gunicorn", "The web server"), ("gridmap.cli worker", "The background worker")):
        wait_for(lambda word=word: service.child(word) is not None, service.words)
        killed = service.child(word)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda name=name: f"{name} ended (SIGKILL)" in service.words(), service.words)
        wait_for(lambda word=word: service.child(word) is not None, service.words)
    wait_for(lambda: service.status() == 200, service.words)


def test_a_killed_database_is_started_again_under_the_running_service(service: Service) -> None:
    service.wait_until_ready()
    running = running_postmaster(EmbeddedPostgres(service.data_dir).folder)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    wait_for(lambda: "The database had died and runs again" in service.words(), service.words)
    wait_for(lambda: service.status() == 200, service.words)


def test_after_kill_9_of_the_supervisor_a_new_start_takes_everything_over(service: Service) -> None:
    service.wait_until_ready()
    left = running_postmaster(EmbeddedPostgres(service.data_dir).folder)
    assert left is not None
    service.send(signal.SIGKILL)
    service.start()
    service.wait_until_ready()
    adopted = running_postmaster(EmbeddedPostgres(service.data_dir).folder)
    assert adopted is not None
    assert adopted.pid == left.pid
    assert service.send(signal.SIGTERM) == 0
    wait_for(lambda: not service.processes(), lambda: str(service.processes()))


def test_sigterm_in_the_middle_of_the_preparations_leaves_nothing_behind(service: Service) -> None:
    wait_for(lambda: EmbeddedPostgres(service.data_dir).is_running(), service.words)
    service.send(signal.SIGTERM)
    assert service.processes() == {}
    assert "Traceback" not in service.words()


def test_a_second_service_on_the_same_data_is_told_who_runs(service: Service) -> None:
    service.wait_until_ready()
    assert service.process is not None
    second = Service(service.data_dir)
    second.log = service.log.with_name("second.log")
    second.start()
    assert second.process is not None
    assert second.process.wait(timeout=30) == 1
    assert f"already running on {service.data_dir} (process {service.process.pid})" in second.words()
    assert service.status() == 200


def test_a_port_in_use_is_named_and_the_database_is_stopped_again(data_dir: Path) -> None:
    service = Service(data_dir)
    with socket.create_server(("127.0.0.1", service.port)):
        service.start()
        assert service.process is not None
        assert service.process.wait(timeout=30) == 1
    assert f"port {service.port} is in use" in service.words()
    assert "Traceback" not in service.words()
    assert not EmbeddedPostgres(data_dir).is_running()
