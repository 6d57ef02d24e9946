"""Every setting, read once.

``gridmap.bootstrap`` reads the environment here and hands values to the rest; no other module looks at the
environment. ``docs/settings.md`` and ``.env.example`` are generated from the metadata below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class SettingError(ValueError):
    """A setting has a value that gridmap cannot use; the message names the setting and what it accepts."""


def _setting(default: Any, *, env: str, help: str) -> Any:
    return field(default=default, metadata={"env": env, "help": help})


@dataclass(frozen=True, slots=True)
class Settings:
    """Values that an operator may choose; units are in the names."""

    bind: str = _setting(
        "127.0.0.1:8000", env="GRIDMAP_BIND", help="Address and port that the web server listens on."
    )
    data_dir: Path = _setting(
        Path(".gridmap"),
        env="GRIDMAP_DATA_DIR",
        help="Folder for the private database, photos, secret key and logs.",
    )
    database_url: str | None = _setting(
        None,
        env="DATABASE_URL",
        help="PostgreSQL with PostGIS, as postgresql://user@host/name. Empty: gridmap starts its own.",
    )
    secret_key: str | None = _setting(
        None,
        env="GRIDMAP_SECRET_KEY",
        help="Signs sessions. Empty: made once and kept in the data folder with mode 0600.",
    )
    web_workers: int = _setting(2, env="GRIDMAP_WEB_WORKERS", help="gunicorn worker processes.")
    web_threads: int = _setting(4, env="GRIDMAP_WEB_THREADS", help="Threads in each gunicorn worker process.")
    load_demo: bool = _setting(
        True,
        env="GRIDMAP_LOAD_DEMO",
        help="Load the demo subdistrict (示意数据) when the database holds no areas.",
    )
    session_idle_minutes: int = _setting(
        720,
        env="GRIDMAP_SESSION_IDLE_MINUTES",
        help="A signed-in browser is asked to sign in again after this idle time.",
    )
    photo_max_bytes: int = _setting(
        12_000_000,
        env="GRIDMAP_PHOTO_MAX_BYTES",
        help="Largest photo file accepted, before it is re-encoded.",
    )
    photos_per_issue_max: int = _setting(
        9, env="GRIDMAP_PHOTOS_PER_ISSUE_MAX", help="Photos accepted for one issue."
    )
    import_max_bytes: int = _setting(
        200_000_000, env="GRIDMAP_IMPORT_MAX_BYTES", help="Largest file that an import reads."
    )
    import_max_unzipped_bytes: int = _setting(
        1_000_000_000,
        env="GRIDMAP_IMPORT_MAX_UNZIPPED_BYTES",
        help="Most that the files in a zip (.gz, .bz2, .xlsx) may hold together, unpacked.",
    )
    import_max_archive_entries: int = _setting(
        2_000, env="GRIDMAP_IMPORT_MAX_ARCHIVE_ENTRIES", help="Most files in a zip that an import opens."
    )
    import_max_rows: int = _setting(
        500_000, env="GRIDMAP_IMPORT_MAX_ROWS", help="Most rows that one import reads."
    )
    import_max_columns: int = _setting(
        512, env="GRIDMAP_IMPORT_MAX_COLUMNS", help="Most columns of a file that an import reads."
    )
    import_max_vertices: int = _setting(
        50_000_000,
        env="GRIDMAP_IMPORT_MAX_VERTICES",
        help="Most vertices that the shapes of one import may have together.",
    )
    export_max_rows: int = _setting(
        200_000, env="GRIDMAP_EXPORT_MAX_ROWS", help="Most rows that one exported file holds."
    )
    outside_grid_policy: str = _setting(
        "nearest",
        env="GRIDMAP_OUTSIDE_GRID",
        help="A pin outside every grid: 'nearest' gives it to the nearest owner, 'refuse' keeps nothing.",
    )
    outside_grid_max_m: int = _setting(
        2_000,
        env="GRIDMAP_OUTSIDE_GRID_MAX_M",
        help="With 'nearest': farther than this from every grid is refused.",
    )
    map_approval_no: str = _setting(
        "",
        env="GRIDMAP_MAP_APPROVAL_NO",
        help="审图号 shown at the lower left of every map; empty shows the open slot.",
    )
    tile_basemap: str = _setting(
        "",
        env="GRIDMAP_TILE_BASEMAP",
        help="Optional tile base map: '', 'tianditu', 'osm' or 'amap'. Empty: our own layers.",
    )
    tianditu_key: str = _setting(
        "", env="GRIDMAP_TIANDITU_KEY", help="Browser key (tk) for 天地图; needed with 'tianditu'."
    )
    public_base_url: str = _setting(
        "",
        env="GRIDMAP_PUBLIC_BASE_URL",
        help="Address written into QR codes and share links; empty uses the request's.",
    )
    trusted_proxies: int = _setting(
        0,
        env="GRIDMAP_TRUSTED_PROXIES",
        help="Reverse proxies in front whose X-Forwarded-* headers are believed.",
    )
    secure_cookies: bool = _setting(
        False,
        env="GRIDMAP_SECURE_COOKIES",
        help="Send session cookies over HTTPS only; set it when served by HTTPS.",
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; an empty variable counts as not set.

        Raises
        ------
        SettingError
            A value does not fit; the message names the variable and what it accepts.
        """
        values: dict[str, Any] = {}
        for spec in fields(cls):
            name = spec.metadata["env"]
            raw = environment.get(name, "").strip()
            if raw:
                values[spec.name] = _parse(name, raw, spec.default)
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        host, _, port = self.bind.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise SettingError(
                f"GRIDMAP_BIND is {self.bind!r}; it takes an address and a port, as 127.0.0.1:8000."
            )
        if self.outside_grid_policy not in ("nearest", "refuse"):
            raise SettingError(
                f"GRIDMAP_OUTSIDE_GRID is {self.outside_grid_policy!r}; it takes nearest or refuse."
            )
        if self.tile_basemap not in ("", "tianditu", "osm", "amap"):
            raise SettingError(
                f"GRIDMAP_TILE_BASEMAP is {self.tile_basemap!r}; it takes tianditu, osm, amap or nothing."
            )
        if self.tile_basemap == "tianditu" and not self.tianditu_key:
            raise SettingError("GRIDMAP_TILE_BASEMAP is tianditu, which needs GRIDMAP_TIANDITU_KEY.")


def _parse(name: str, raw: str, default: object) -> object:
    if isinstance(default, bool):
        if raw.lower() in ("1", "true", "yes", "on"):
            return True
        if raw.lower() in ("0", "false", "no", "off"):
            return False
        raise SettingError(f"{name} is {raw!r}; it takes yes or no.")
    if isinstance(default, int):
        if not raw.isdigit():
            raise SettingError(f"{name} is {raw!r}; it takes a whole number, zero or more.")
        return int(raw)
    if isinstance(default, Path):
        return Path(raw)
    return raw
