"""Finds the real third-party files that some tests use; they are not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def real_file(relative_path: str) -> Path:
    """Return a real data file, or skip the test saying where it was sought.

    ``GRIDMAP_REALDATA`` names the folder; without it, ``shared/realdata`` is sought beside the checkout and
    beside each of its parent folders.
    """
    named = os.environ.get("GRIDMAP_REALDATA")
    here = Path(__file__).resolve()
    folders = [Path(named)] if named else [parent / "shared" / "realdata" for parent in here.parents]
    for folder in folders:
        if (folder / relative_path).exists():
            return folder / relative_path
    pytest.skip(f"real data file {relative_path} is absent: set GRIDMAP_REALDATA to the folder that holds it")
