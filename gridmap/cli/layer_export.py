"""``gridmap layers export``: a layer as a file, in full."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from gridmap import bootstrap
from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.exports import ExportNotes, export_format
from gridmap.domain.features import LAYERS
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Actor
from gridmap.exporting.target_crs import parse_target
from gridmap.exporting.writers import write_features
from gridmap.queries.exports import ExportRequest, read_features
from gridmap.queries.features import Window
from gridmap.queries.overview import load_overview
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.exports import record_export


@click.command("export")
@click.argument("layer", type=click.Choice(LAYERS))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "ending", help="geojson, gpkg, zip, kml, csv, xlsx; else by FILE.")
@click.option("--level", type=click.Choice([level.value for level in AreaLevel]), help="Areas: which level.")
@click.option("--scheme", metavar="CODE", help="Areas: only of this grid scheme.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Areas, zones: as on this day.")
@click.option("--crs", default="EPSG:4326", show_default=True, help="EPSG:4547, EPSG:4490, gcj02, bd09 …")
@click.option("--area", metavar="CODE", help="Only what lies in this area.")
@click.option("--bbox", metavar="W,S,E,N", help="Only what touches this box (degrees, WGS-84).")
@click.option("--category", "categories", multiple=True, metavar="CODE", help="Only of this one; repeatable.")
@click.option("--status", "statuses", multiple=True, help="Only with this one (issues: state).")
@click.option("--public", "is_public", is_flag=True, help="Only what the public may see, rounded.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
def export_command(
    *,
    layer: str,
    file: Path,
    ending: str | None,
    level: str | None,
    scheme: str | None,
    on: datetime | None,
    crs: str,
    area: str | None,
    bbox: str | None,
    categories: tuple[str, ...],
    statuses: tuple[str, ...],
    is_public: bool,
    overwrite: bool,
) -> None:
    """Export LAYER to FILE; what was taken out is logged.

    What the file's coordinates are stands in it, except in CSV, GCJ-02 and BD-09, which have no way to say.
    Exit code 0: written; 1: refused, no file; 2: wrong options.
    """
    if file.exists() and not overwrite:
        raise click.ClickException(f"{file} is there already, and stays as it is: --overwrite replaces it.")
    settings = bootstrap.read_settings()
    chosen_format = export_format(ending or file.suffix)
    target = parse_target(crs)
    wanted = ExportRequest(
        layer=layer,
        level=level,
        scheme=scheme,
        on=None if on is None else on.date(),
        area_code=area,
        window=None if bbox is None else _window(bbox),
        categories=categories,
        statuses=statuses,
        is_public=is_public,
    )
    now = bootstrap.now_utc()
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        about = load_overview(session, today=office_day(now))
        table = read_features(
            session, Actor.system(), wanted, today=office_day(now), row_limit=settings.export_max_rows
        )
        notes = ExportNotes(
            title=table.collection.id,
            headers={},
            source=about.name,
            map_approval_no=settings.map_approval_no,
            data_date="" if about.data_date is None else about.data_date.isoformat(),
        )
        with _replacing(file) as path:
            write_features(table, path, export_format=chosen_format, target=target, notes=notes)
        record_export(
            session,
            Actor.system(),
            table,
            wanted=wanted.as_logged(),
            export_format=chosen_format,
            crs=target.name,
            now=now,
        )
    click.echo(f"{table.collection.id}: {len(table.rows):,} rows in {target.name} → {file}")


@contextmanager
def _replacing(file: Path) -> Generator[Path]:
    """A path to write to, which takes the file's place once it is whole."""
    try:
        with tempfile.TemporaryDirectory(prefix=".gridmap-export-", dir=file.parent) as folder:
            path = Path(folder) / file.name
            yield path
            path.replace(file)
    except OSError as error:
        raise click.ClickException(f"{file} could not be written: {error.strerror}.") from error


def _window(bbox: str) -> Window:
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        raise click.UsageError(
            f"--bbox takes west,south,east,north in degrees, as 114.29,30.54,114.31,30.56; not {bbox!r}."
        ) from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise click.UsageError("--bbox takes west before east and south before north, in degrees.")
    return Window(west=west, south=south, east=east, north=north)
