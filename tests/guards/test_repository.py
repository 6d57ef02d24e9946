"""What holds for the repository as a whole: layers, generated files, hosts, paths, licences."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from gridmap.jobs.handlers import HANDLERS
from gridmap.settings import Settings
from gridmap.storage.job_queue import JobName
from tools import docs

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "gridmap/web/static/vendor"

# with a class of one character each, so that this file does not contain what it looks for
MACHINE_PATHS = re.compile(r"/[w]ork/|/[r]oot/\.|/[h]ome/(?!linuxbrew)|/[t]mp/fresh")
PACKAGE_HOSTS = re.compile(r"[p]ypi\.org|[p]ythonhosted|registry\.[n]pm|[n]pmmirror|[d]eb\.debian\.org")
# anything that a browser would fetch by itself; a link that a person may follow is another matter
FETCHED_FROM_ELSEWHERE = re.compile(
    r"""(?:\b(?:src|srcset|poster|action|formaction)\s*=\s*["'](?:https?:)?//)"""
    r"""|(?:<link\b[^>]*\bhref\s*=\s*["'](?:https?:)?//)"""
    r"""|(?:url\(\s*["']?(?:https?:)?//)"""
    r"""|(?:@import\s+["'](?:https?:)?//)"""
    r"""|(?:\b(?:from|import|fetch\(|import\()\s*["'](?:https?:)?//)"""
)


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    assert len(files) > 50, "git lists the repository's files"
    return [path for path in files if path.is_file() and not path.is_symlink()]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def lines_that_match(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def ours(*suffixes: str) -> list[Path]:
    folders = (ROOT / "templates", ROOT / "gridmap/web")
    found = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in suffixes and VENDOR not in path.parents
    ]
    assert found
    return found


def test_the_import_contract_holds() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("path", "text"), list(docs.documents()), ids=lambda each: getattr(each, "name", ""))
def test_a_generated_document_is_up_to_date(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: make docs"


def test_the_settings_example_is_complete_and_only_comments() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = re.findall(r"^#([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    assert set(names) == {each.metadata["env"] for each in fields(Settings)} | {n for n, _, _ in docs.COMPOSE}
    assert all(line.startswith("#") for line in text.splitlines() if line)


def test_the_compose_file_is_one_that_docker_accepts(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if (
        not docker
        or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no docker compose on this machine: docker-compose.yml is not checked")
    for name in ("docker-compose.yml", "Dockerfile"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD=x\n")
    done = subprocess.run(
        [docker, "compose", "config", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_job_has_a_handler() -> None:
    assert set(HANDLERS) == set(JobName)


def test_no_path_of_the_machine_it_was_made_on() -> None:
    assert lines_that_match(MACHINE_PATHS, tracked_files()) == []


def test_no_package_hosts_address() -> None:
    assert lines_that_match(PACKAGE_HOSTS, tracked_files()) == []


def test_no_page_style_or_script_of_ours_fetches_from_another_host() -> None:
    assert lines_that_match(FETCHED_FROM_ELSEWHERE, ours(".html", ".css", ".js", ".svg")) == []


def library_folders() -> list[Path]:
    folders = sorted(path for path in VENDOR.iterdir() if path.is_dir()) if VENDOR.is_dir() else []
    assert folders, "no front-end files; run: make setup"
    return folders


def test_every_served_library_is_there_with_its_licence() -> None:
    without = [
        folder.name
        for folder in library_folders()
        if not any(path.stat().st_size > 100 for path in folder.glob("*LICEN[CS]E*"))
    ]
    assert without == []


def test_every_library_folder_is_named_by_its_version() -> None:
    assert [each.name for each in library_folders() if not re.search(r"-\d+\.\d", each.name)] == []


def template_names() -> Iterator[str]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield path.relative_to(ROOT / "templates").as_posix()


def test_no_template_is_unused() -> None:
    users = [*ours(".html"), *sorted((ROOT / "gridmap").rglob("*.py"))]
    texts = {path: text_of(path) for path in users}
    unused = [
        name
        for name in template_names()
        if not any(
            f'"{name}"' in text or f"'{name}'" in text
            for path, text in texts.items()
            if path != ROOT / "templates" / name
        )
    ]
    assert unused == []


def test_migrations_are_numbered_without_a_gap_and_each_follows_the_one_before() -> None:
    folder = ROOT / "gridmap/storage/migrations/versions"
    files = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    assert [path.name[:4] for path in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]
    before = None
    for path in files:
        text = text_of(path)
        revision = re.search(r'^revision\b[^=]*= "(\w+)"', text, re.MULTILINE)
        parent = re.search(r'^down_revision\b[^=]*= (?:"(\w+)"|None)', text, re.MULTILINE)
        assert revision is not None, path.name
        assert parent is not None, path.name
        assert path.name.startswith(revision[1]), path.name
        assert parent[1] == before, path.name
        assert "def downgrade" in text, path.name
        before = revision[1]


@pytest.mark.parametrize("document", ["README.md", "docs/tour.md"])
def test_every_path_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    folder = (ROOT / document).parent
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    spans = re.findall(r"`((?:gridmap|tests|templates|tools|docs|geodata)/[\w./-]*)`", text)
    assert links or spans, f"{document} names no path"
    missing = [name for name in links if not (folder / name).exists()]
    missing += [name for name in spans if not (ROOT / name).exists()]
    assert missing == []
