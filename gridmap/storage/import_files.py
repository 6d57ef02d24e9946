"""Files of imports on their way: written as they arrive, kept in a folder of their draft's own."""

from __future__ import annotations

import hashlib
import os
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from gridmap.domain.import_drafts import DraftId

_BLOCK_BYTES = 1024**2
_NAME_BYTES = 180
"""Most file systems take 255 bytes; Chinese takes three a character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file that has arrived."""

    path: Path
    sha256: str
    byte_count: int


def safe_file_name(name: str) -> str:
    """The last part of a name without what a file system or a terminal would trip over."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    plain = "".join(char for char in unicodedata.normalize("NFC", last) if char.isprintable())
    stem, dot, suffix = plain.strip(" .").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    room = _NAME_BYTES - len(f"{dot}{suffix}".encode())
    shortened = stem.encode()[: max(room, 1)].decode(errors="ignore").strip(" .")
    return f"{shortened or 'file'}{dot}{suffix}" if len(suffix) <= 20 else (shortened or "file")


def keep(folder: Path, draft_id: DraftId, name: str, source: IO[bytes]) -> KeptFile:
    """Write a file block by block, durably; never more than a block of it is in memory."""
    path = path_of(folder, draft_id, name)
    path.parent.mkdir(parents=True)
    digest, byte_count = hashlib.sha256(), 0
    try:
        with path.open("xb") as file:
            for block in _blocks(source):
                file.write(block)
                digest.update(block)
                byte_count += len(block)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        remove(folder, draft_id)
        raise
    return KeptFile(path=path, sha256=digest.hexdigest(), byte_count=byte_count)


def path_of(folder: Path, draft_id: DraftId, name: str) -> Path:
    """Where a draft's file is."""
    return folder / str(draft_id) / safe_file_name(name)


def remove(folder: Path, draft_id: DraftId) -> None:
    """Remove a draft's file; one that is gone is gone."""
    shutil.rmtree(folder / str(draft_id), ignore_errors=True)


def _blocks(source: IO[bytes]) -> Iterator[bytes]:
    while block := source.read(_BLOCK_BYTES):
        yield block
