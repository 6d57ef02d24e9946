"""``gridmap layers inspect``: what is in a file, before anything is imported."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import click

from gridmap import bootstrap
from gridmap.cli.words import sentence_of
from gridmap.importing.readers import LayerInfo, Preview, list_layers, preview, read_table
from gridmap.importing.tables import SourceTable

_CELL_WIDTH = 24


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source-layer", metavar="NAME", help="Show the first rows of this layer.")
@click.option("--encoding", help="Of the file's text: utf-8, gb18030, big5 …; else found by evidence.")
@click.option("--rows", "row_count", type=click.IntRange(min=0, max=1_000), default=20, show_default=True)
def inspect_command(*, file: Path, source_layer: str | None, encoding: str | None, row_count: int) -> None:
    """Show what is in FILE: its layers, columns, encoding, coordinates as stated, first rows.

    Nothing is stored, and no database is needed.
    """
    limits = bootstrap.import_limits(bootstrap.read_settings())
    found = list_layers(file, limits=limits)
    for layer in found:
        click.echo(_summary(layer))
    readable = [layer for layer in found if layer.problem is None]
    if source_layer is None and len(readable) != 1:
        click.echo("First rows of one of them: --source-layer NAME")
        return
    table = read_table(
        file,
        source_layer=source_layer or readable[0].name,
        encoding=encoding,
        limits=limits,
        needs_places=False,
    )
    click.echo()
    click.echo(_heading(table))
    _show(preview(table, row_count))


def _summary(layer: LayerInfo) -> str:
    if layer.problem is not None:
        return f"{layer.name}: {sentence_of(layer.problem)}"
    kind = layer.geometry_type or "no shapes"
    count = "" if layer.row_count is None else f" · {layer.row_count:,} rows"
    crs = f" · {_short(layer.stated_crs)}" if layer.stated_crs else ""
    columns = ", ".join(layer.headers) or "none"
    return f"{layer.name}: {kind}{count}{crs}\n    columns: {columns}"


def _heading(table: SourceTable) -> str:
    """How the table was understood, in one line."""
    places = {
        "geometry": "",
        "none": "no place recognised: --column lon=… --column lat=…",
        "lon_lat": "places from ",
        "x_y": "places from ",
        "wkt": "shapes from ",
        "geojson": "shapes from ",
    }[table.geometry_source]
    crs = _short(table.declared_crs) if table.declared_crs else "coordinates not stated"
    parts = [
        f"{table.layer_name}: {table.row_count:,} rows",
        table.file_format,
        table.encoding,
        crs,
        places + " and ".join(table.place_headers),
    ]
    left_out = f" · {len(table.rejections):,} cannot be read" if table.rejections else ""
    return " · ".join(part for part in parts if part) + left_out


def _short(crs: str) -> str:
    """A coordinate system's code, or the name in its WKT."""
    return crs.split('"')[1] if "[" in crs and '"' in crs else crs


def _show(rows: Preview) -> None:
    """As columns of a terminal; those that are empty in all these rows are only counted."""
    filled = [place for place in range(len(rows.headers)) if any(cells[place] for cells in rows.rows)]
    table = [["row", *(rows.headers[place] for place in filled)]]
    for number, cells in zip(rows.row_numbers, rows.rows, strict=True):
        table.append([str(number), *(cells[place] for place in filled)])
    cut = [[_cut(cell) for cell in cells] for cells in table]
    widths = [max(map(_width, column)) for column in zip(*cut, strict=True)]
    for cells in cut:
        click.echo(_line(cells, widths))
    empty_count = len(rows.headers) - len(filled)
    if empty_count and rows.rows:
        click.echo(f"Columns that are empty in these rows: {empty_count:,}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in text)


def _cut(text: str) -> str:
    if _width(text) <= _CELL_WIDTH:
        return text
    kept = ""
    for mark in text:
        if _width(kept + mark) >= _CELL_WIDTH:
            break
        kept += mark
    return f"{kept}…"
