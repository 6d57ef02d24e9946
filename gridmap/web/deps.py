"""What the web layer is given: values and functions, made once in ``gridmap.bootstrap``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from flask import Flask, current_app
from sqlalchemy.orm import Session, sessionmaker

from gridmap.use_cases.import_runs import ImportFiles

_EXTENSION = "gridmap.deps"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """The settings that pages depend on; see ``gridmap.settings`` for what each means."""

    secret_key: str
    session_idle_minutes: int = 720
    photo_max_bytes: int = 12_000_000
    photos_per_issue_max: int = 9
    export_max_rows: int = 200_000
    outside_grid_policy: str = "nearest"
    outside_grid_max_m: int = 2_000
    map_approval_no: str = ""
    tile_basemap: str = ""
    tianditu_key: str = ""
    public_base_url: str = ""
    trusted_proxies: int = 0
    secure_cookies: bool = False
    templates_folder: Path | None = None
    """Empty: ``templates/`` beside the package, or inside ``gridmap/web`` when installed from a wheel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """Everything a view may use that is not the request itself."""

    sessions: sessionmaker[Session]
    clock: Callable[[], datetime]
    """The present as an aware UTC instant."""
    photo_folder: Path
    imports: ImportFiles
    config: WebConfig


def attach_deps(app: Flask, given: Deps) -> None:
    """Hand the dependencies to the application."""
    app.extensions[_EXTENSION] = given


def deps() -> Deps:
    """The dependencies of the application that answers this request."""
    return cast(Deps, current_app.extensions[_EXTENSION])
