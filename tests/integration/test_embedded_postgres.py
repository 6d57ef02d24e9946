"""The private PostGIS on the real programs: first start, restart, kill -9, stale files, other people's
folders."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from gridmap.storage.embedded_postgres import (
    DataFolderOfOtherMajor,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    FolderNotReachable,
    NoPostgisPrograms,
    StartFailed,
    SupervisorRunning,
    find_programs,
    search_programs,
)
from gridmap.storage.embedded_postgres.pid_file import clear_stale_pid_file, running_postmaster

pytestmark = pytest.mark.alone

# The data is thrown away, so the tests need not wait for the disk.
FAST = {"fsync": "off", "shared_buffers": "16MB"}

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root starts PostgreSQL as another system user"
)


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """Give a folder that every system user may enter; pytest's own is private to the one who runs it."""
    folder = Path(tempfile.mkdtemp(prefix="gridmap-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made(base: Path) -> Path:
    """Give a data folder with a stopped cluster, made once."""
    data_dir = base / "made"
    with EmbeddedPostgres(data_dir, settings=FAST):
        pass
    return data_dir


@pytest.fixture
def postgres(made: Path) -> Iterator[EmbeddedPostgres]:
    """Give the stopped cluster; whatever a test leaves running is stopped."""
    cluster = EmbeddedPostgres(made, settings=FAST)
    yield cluster
    cluster.stop()
    assert not cluster.is_running()


def value_of(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar_one() if result.returns_rows else None
    finally:
        engine.dispose()


def pid_of(cluster: EmbeddedPostgres) -> int:
    running = running_postmaster(cluster.folder)
    assert running is not None
    return running.pid


def wait_for_end_of(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return
        except FileNotFoundError:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")


def test_a_first_start_makes_a_chinese_checksummed_postgis_behind_a_socket(
    postgres: EmbeddedPostgres,
) -> None:
    url = postgres.start()
    assert value_of(url, "SELECT postgis_lib_version()")
    assert value_of(url, "SELECT count(*) FROM pg_extension WHERE extname IN ('btree_gist', 'pg_trgm')") == 2
    assert value_of(url, "SHOW server_encoding") == "UTF8"
    assert value_of(url, "SHOW data_checksums") == "on"
    assert value_of(url, "SHOW listen_addresses") == ""
    assert value_of(url, "SHOW TimeZone") == "UTC"
    # 阿 bào 次: sorted by pinyin, not by code point
    ordered = (
        "SELECT string_agg(name, '' ORDER BY name) FROM (VALUES ('中'), ('阿'), ('保'), ('次')) AS t(name)"
    )
    assert value_of(url, ordered) == "阿保次中"
    similarity = value_of(url, "SELECT similarity('社区', '社区服务')")
    assert isinstance(similarity, float)
    assert similarity > 0.2, "trigrams see Chinese characters"


def test_the_service_connects_as_an_owner_that_is_no_superuser(postgres: EmbeddedPostgres) -> None:
    url = postgres.start()
    assert value_of(url, "SELECT current_user") == "gridmap"
    assert value_of(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    value_of(url, "CREATE TABLE own (id int)")
    value_of(url, "DROP TABLE own")


def test_a_database_that_the_service_makes_itself_has_the_extensions(postgres: EmbeddedPostgres) -> None:
    engine = create_engine(postgres.start(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE made_by_the_service"))
    engine.dispose()
    assert value_of(postgres.url("made_by_the_service"), "SELECT postgis_lib_version()")
    postgres.drop_database("made_by_the_service")


def test_a_second_start_is_ready_in_under_three_seconds(postgres: EmbeddedPostgres) -> None:
    begun = time.monotonic()
    url = postgres.start()
    assert value_of(url, "SELECT 1") == 1
    assert time.monotonic() - begun < 3


def test_stop_leaves_no_process_and_no_socket(made: Path) -> None:
    cluster = EmbeddedPostgres(made, settings=FAST)
    cluster.start()
    running = running_postmaster(cluster.folder)
    assert running is not None
    sockets = running.socket_folder
    assert sockets.is_dir()
    assert sockets.stat().st_mode & 0o777 == 0o700
    cluster.stop()
    wait_for_end_of(running.pid)
    assert not sockets.exists()
    assert not (cluster.folder / "postmaster.pid").exists()
    cluster.stop()  # a second time does nothing


def test_stop_cuts_a_busy_connection_in_bounded_time(made: Path) -> None:
    cluster = EmbeddedPostgres(made, settings=FAST)
    cluster.start()
    running = running_postmaster(cluster.folder)
    assert running is not None
    busy = psycopg.connect(host=str(running.socket_folder), user="gridmap", dbname="gridmap")
    busy.pgconn.send_query(b"SELECT pg_sleep(600)")
    begun = time.monotonic()
    cluster.stop()
    assert time.monotonic() - begun < 10
    busy.close()


def test_a_database_can_be_copied_from_a_template_and_dropped(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    template = postgres.create_database("template_here")
    value_of(template, "CREATE TABLE copied AS SELECT 7 AS n")
    copy = postgres.create_database("copy_here", template="template_here")
    assert value_of(copy, "SELECT n FROM copied") == 7
    assert postgres.create_database("copy_here") == copy, "an existing one is kept"
    for name in ("copy_here", "template_here", "never_there"):
        postgres.drop_database(name)
    with pytest.raises(Exception, match="does not exist"):
        value_of(copy, "SELECT 1")


def test_what_was_committed_survives_a_killed_server(postgres: EmbeddedPostgres) -> None:
    url = postgres.start()
    value_of(url, "DROP TABLE IF EXISTS kept")
    value_of(url, "CREATE TABLE kept AS SELECT 42 AS n")
    killed = pid_of(postgres)
    os.kill(killed, signal.SIGKILL)
    wait_for_end_of(killed)
    assert not postgres.is_running()
    postgres.stop()

    again = EmbeddedPostgres(postgres.data_dir, settings=FAST)
    with again:
        assert value_of(again.url(), "SELECT n FROM kept") == 42


def test_a_backend_that_outlives_its_server_is_waited_for_and_then_told_to_quit(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.start()
    running = running_postmaster(postgres.folder)
    assert running is not None
    connection = psycopg.connect(host=str(running.socket_folder), user="gridmap", dbname="gridmap")
    backend = connection.info.backend_pid
    # never looks up from its work, so it does not notice that the server is gone
    connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000) AS n")
    time.sleep(0.3)
    os.kill(running.pid, signal.SIGKILL)
    wait_for_end_of(running.pid)
    assert Path(f"/proc/{backend}").exists(), "the test needs a backend that is left over"
    clear_stale_pid_file(postgres.folder, bound_s=3)
    wait_for_end_of(backend)
    assert not (postgres.folder / "postmaster.pid").exists()
    postgres.stop()
    connection.close()


def test_a_server_left_by_a_killed_supervisor_is_adopted(made: Path) -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from gridmap.storage.embedded_postgres import EmbeddedPostgres
        EmbeddedPostgres(Path(sys.argv[1])).start()
        print("up", flush=True)
        time.sleep(600)
        """
    )
    with subprocess.Popen([sys.executable, "-c", script, str(made)], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"up\n"
        cluster = EmbeddedPostgres(made, settings=FAST)
        first = pid_of(cluster)
        with pytest.raises(SupervisorRunning, match=f"process {supervisor.pid}"):
            cluster.start()
        supervisor.kill()
    try:
        url = cluster.start()
        assert pid_of(cluster) == first
        assert value_of(url, "SELECT 1") == 1
    finally:
        cluster.stop()
    wait_for_end_of(first)


def test_of_two_starters_one_wins_and_the_other_is_told(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    with pytest.raises(SupervisorRunning, match=f"already running on {postgres.data_dir}"):
        EmbeddedPostgres(postgres.data_dir).start()
    assert postgres.is_running()


@pytest.mark.parametrize(
    "left_over",
    ["", "not a number\n", "{dead}\n{folder}\n0\n5432\n", "{stranger}\n{folder}\n0\n5432\n"],
    ids=["empty after a power cut", "garbage", "a dead process", "an unrelated process"],
)
def test_a_left_over_pid_file_is_cleared(postgres: EmbeddedPostgres, left_over: str) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    words = left_over.format(dead=dead.pid, stranger=os.getpid(), folder=postgres.folder)
    (postgres.folder / "postmaster.pid").write_text(words)
    assert not postgres.is_running()
    assert value_of(postgres.start(), "SELECT 1") == 1


def test_stale_sockets_are_removed(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    running = running_postmaster(postgres.folder)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    wait_for_end_of(running.pid)
    postgres.stop()
    stale = running.socket_folder / ".s.PGSQL.5499"
    stale.touch()
    postgres.start()
    assert not stale.exists()


def test_a_half_made_cluster_is_thrown_away_and_made_again(base: Path) -> None:
    data_dir = base / "half"
    (data_dir / "pg.new").mkdir(parents=True)
    (data_dir / "pg.new/PG_VERSION").write_text("15\n")
    with EmbeddedPostgres(data_dir, settings=FAST) as cluster:
        assert value_of(cluster.url(), "SELECT 1") == 1
    assert not (data_dir / "pg.new").exists()


def test_a_data_folder_of_another_major_version_names_both_and_the_way_out(base: Path) -> None:
    data_dir = base / "older"
    (data_dir / "pg").mkdir(parents=True)
    (data_dir / "pg/PG_VERSION").write_text("11\n")
    with pytest.raises(DataFolderOfOtherMajor) as caught:
        EmbeddedPostgres(data_dir).start()
    words = str(caught.value)
    assert "PostgreSQL 11" in words
    assert f"PostgreSQL {find_programs()[0].version}" in words
    assert "pg_dump" in words
    assert sorted(each.name for each in (data_dir / "pg").iterdir()) == ["PG_VERSION"]


def test_a_folder_that_is_no_cluster_is_left_alone(base: Path) -> None:
    data_dir = base / "strange"
    (data_dir / "pg").mkdir(parents=True)
    (data_dir / "pg/notes.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL data folder"):
        EmbeddedPostgres(data_dir).start()
    assert (data_dir / "pg/notes.txt").read_text() == "mine"


def test_a_long_path_still_gets_a_short_socket(base: Path) -> None:
    data_dir = base / ("网格" * 30) / ("x" * 80)
    with EmbeddedPostgres(data_dir, settings=FAST) as cluster:
        running = running_postmaster(cluster.folder)
        assert running is not None
        assert len(bytes(running.socket_folder / ".s.PGSQL.5432")) <= 103
        assert value_of(cluster.url(), "SELECT 1") == 1


@needs_root
def test_a_parent_that_the_database_user_may_not_enter_is_named(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(FolderNotReachable) as caught:
        EmbeddedPostgres(closed / "data", relocated_root=None).start()
    assert f"may not enter {closed}," in str(caught.value)


@needs_root
def test_below_a_closed_parent_the_cluster_moves_and_a_link_says_where(base: Path) -> None:
    closed = base / "closed-too"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed / "data", relocated_root=base / "moved", settings=FAST) as cluster:
        assert (closed / "data/pg").is_symlink()
        assert cluster.folder.is_relative_to(base / "moved")
        value_of(cluster.url(), "CREATE TABLE kept AS SELECT 5 AS n")
    with EmbeddedPostgres(closed / "data", relocated_root=base / "moved", settings=FAST) as cluster:
        assert value_of(cluster.url(), "SELECT n FROM kept") == 5


@needs_root
def test_root_runs_the_server_as_the_owner_of_the_data_folder(base: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    data_dir = base / "of-nobody"
    data_dir.mkdir()
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    with EmbeddedPostgres(data_dir, settings=FAST) as cluster:
        assert Path(f"/proc/{pid_of(cluster)}").stat().st_uid == nobody.pw_uid
        assert value_of(cluster.url(), "SELECT 1") == 1


def test_variables_for_another_postgresql_do_not_leak_in(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    monkeypatch.setenv("PGSERVICE", "elsewhere")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=nowhere")
    url = postgres.start()
    assert value_of(url, "SHOW search_path") == '"$user", public'
    assert not [name for name in os.environ if name.startswith("PG")]


def test_a_runtime_folder_open_to_others_is_refused(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    running = running_postmaster(postgres.folder)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    wait_for_end_of(running.pid)
    postgres.stop()
    running.socket_folder.chmod(0o777)
    try:
        with pytest.raises(EmbeddedPostgresError, match="open to other users"):
            postgres.start()
    finally:
        running.socket_folder.chmod(0o700)


def test_a_server_that_does_not_come_up_shows_the_end_of_its_log(postgres: EmbeddedPostgres) -> None:
    broken = EmbeddedPostgres(postgres.data_dir, settings={"shared_buffers": "not a size"})
    with pytest.raises(StartFailed, match="shared_buffers"):
        broken.start()
    assert value_of(postgres.start(), "SELECT 1") == 1, "the lock is free again and nothing is broken"


def test_a_folder_that_cannot_be_made_is_a_clear_word(base: Path) -> None:
    (base / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="GRIDMAP_DATA_DIR"):
        EmbeddedPostgres(base / "file/data").start()


def test_a_postgresql_without_postgis_is_passed_over_with_the_reason(base: Path) -> None:
    folder = base / "bare/bin"
    folder.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres"):
        (folder / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n")
        (folder / name).chmod(0o755)
    found = search_programs([folder])
    assert not found.usable
    assert "PostgreSQL 99.1 without PostGIS" in found.rejected[0]
    with pytest.raises(NoPostgisPrograms, match="postgresql-99-postgis-3"):
        find_programs([folder])
