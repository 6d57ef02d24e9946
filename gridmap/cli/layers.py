"""``gridmap layers``: bring files into layers, take them out, see what is there."""

from __future__ import annotations

import csv
import gettext
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from gridmap import bootstrap
from gridmap.cli import without_garbage_collection
from gridmap.cli.inspect_file import inspect_command
from gridmap.cli.layer_export import export_command
from gridmap.cli.topology import show_topology, topology_command, write_topology
from gridmap.cli.who import who_command
from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.imports import ChangeKind, Rejection, Remark
from gridmap.domain.office_time import OFFICE_TIME, office_day
from gridmap.domain.permissions import Actor
from gridmap.domain.placement import OutsidePolicy
from gridmap.domain.topology import TopologyReport
from gridmap.exporting.cells import harmless
from gridmap.importing.columns import Layer
from gridmap.importing.snapping import LARGEST_SNAP_M
from gridmap.settings import Settings
from gridmap.storage.import_undo import BatchLine, list_batches
from gridmap.storage.imports import LayerCount, layer_counts
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.import_evidence import CoordinatesRequest, WeighedCoordinates, weigh_coordinates
from gridmap.use_cases.import_undo import undo_import
from gridmap.use_cases.imports import ImportReport, ImportRequest, import_layer
from gridmap.use_cases.issues import RoutingRules
from gridmap.use_cases.rerouting import reroute_open_issues

_TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
_EXAMPLES_SHOWN = 5
_SYSTEMS_SHOWN = 8
_KEPT_SHOWN = 20
_KEPT_WORDS = {
    "changed_since": "somebody has changed it since",
    "gone": "somebody has removed it since",
    "in_use": "something refers to it",
}
_STAGES = {
    "read": "reading",
    "check": "checked",
    "place": "placed in their areas",
    "draw": "drawing the overview",
    "write": "written",
    "snap": "brought to their neighbours",
    "topology": "looking for gaps and overlaps",
    "reroute": "issues routed",
}


@click.group()
def layers() -> None:
    """Import layers from files, export them to files."""


layers.add_command(export_command)


layers.add_command(inspect_command)


@layers.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--layer", required=True, type=click.Choice([layer.value for layer in Layer]), help="What the file is."
)
@click.option("--level", type=click.Choice([level.value for level in AreaLevel]), help="Areas: which level.")
@click.option(
    "--crs",
    help="Coordinates of the file: EPSG:4547, gcj02, bd09, bd09mc …; as-stated insists on the file's word.",
)
@click.option("--swap-axes", is_flag=True, help="The file has latitude (or northing) first.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=HEADER", help="Which column is a field.")
@click.option("--scheme", help="The grid scheme; areas go to community_grid without it.")
@click.option("--new-scheme", metavar="NAME", help="Create the scheme under this name if it is absent.")
@click.option("--code-prefix", default="", help="Digits before the file's area codes or the proposed ones.")
@click.option(
    "--code-edition",
    metavar="EDITION",
    help="Areas: the division list that their codes are of (`gridmap codes`).",
)
@click.option("--default-category", metavar="CODE", help="What unknown categories become.")
@click.option("--source", metavar="NAME", help="Where ids come from; the file's name without it.")
@click.option("--reporter", metavar="USERNAME", help="Issues: recorded under this account.")
@click.option(
    "--valid-from", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="First day; else today."
)
@click.option("--encoding", help="Of the file's text: utf-8, gb18030, big5 …; else found by evidence.")
@click.option("--source-layer", metavar="NAME", help="Which layer, as `inspect` lists them.")
@click.option("--report", "report_path", type=click.Path(path_type=Path), help="Write findings as CSV.")
@click.option(
    "--topology",
    "topology_path",
    type=click.Path(path_type=Path),
    help="Areas: write gaps and overlaps as GeoJSON.",
)
@click.option(
    "--snap",
    "snap_m",
    type=click.FloatRange(min=0, min_open=True, max=LARGEST_SNAP_M),
    metavar="METRES",
    help="Areas: bring boundaries that are as near as this together.",
)
@click.option("--no-topology", is_flag=True, help="Areas: do not look for gaps and overlaps.")
@click.option("--dry-run", is_flag=True, help="Do everything, store nothing.")
@click.option("--show-changes", is_flag=True, help="With --dry-run: what would change, row by row.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many rows.")
def import_command(
    *,
    file: Path,
    layer: str,
    level: str | None,
    crs: str | None,
    swap_axes: bool,
    columns: tuple[str, ...],
    scheme: str | None,
    new_scheme: str | None,
    code_prefix: str,
    code_edition: str | None,
    default_category: str | None,
    source: str | None,
    reporter: str | None,
    valid_from: datetime | None,
    encoding: str | None,
    source_layer: str | None,
    report_path: Path | None,
    topology_path: Path | None,
    snap_m: float | None,
    no_topology: bool,
    dry_run: bool,
    show_changes: bool,
    limit: int | None,
) -> None:
    """Import FILE: Shapefile, GeoJSON, GeoPackage, FileGDB, KML, DXF, FlatGeobuf, CSV, Excel, OpenStreetMap.

    Also zipped; `gridmap layers inspect FILE` shows what is in it.

    Without --crs the file is read as it says; where its numbers clearly say otherwise it is refused, with the
    option to pass. Good rows are imported, the others are listed with their reasons. A row updates the stored
    one of its code; fields that the file has no column for stay as they are. The same file again changes
    nothing.

    Exit code 0: imported, perhaps without some rows; 1: refused, nothing stored; 2: wrong options.
    """
    if layer == Layer.AREAS.value and level is None:
        raise click.UsageError("--layer areas needs --level (subdistrict, community, grid or micro_grid).")
    if topology_path is not None and (no_topology or layer != Layer.AREAS.value):
        raise click.UsageError("--topology goes with --layer areas, and not with --no-topology.")
    if show_changes and not dry_run:
        raise click.UsageError("--show-changes needs --dry-run: it shows what would change.")
    settings = bootstrap.read_settings()
    request = ImportRequest(
        path=file,
        layer=Layer(layer),
        level=None if level is None else AreaLevel(level),
        crs=crs,
        columns=_assignments(columns),
        encoding=encoding,
        source_layer=source_layer,
        source_name=source,
        scheme_code=scheme,
        new_scheme_name=new_scheme,
        code_prefix=code_prefix,
        code_edition=code_edition,
        default_category=default_category,
        reporter=reporter,
        valid_from=None if valid_from is None else valid_from.date(),
        swap_axes=swap_axes,
        row_limit=limit,
        snap_m=snap_m,
        check_topology=not no_topology,
        limits=bootstrap.import_limits(settings),
    )
    progress = _Progress()
    started = time.monotonic()
    with without_garbage_collection(), _open_session(settings, dry_run=dry_run) as session:
        report = import_layer(
            session,
            Actor.system(),
            request,
            now=bootstrap.now_utc(),
            progress=progress,
            preview=dry_run,
        )
    progress.end()
    _show(report, seconds=time.monotonic() - started, dry_run=dry_run)
    if show_changes:
        _show_changes(report)
    if report_path is not None:
        _write_findings(report, report_path)
        click.echo(f"Every finding, row by row: {report_path}")
    if topology_path is not None:
        write_topology(report.outcome.topology or TopologyReport(), topology_path)


@layers.command("datum")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name-column", metavar="HEADER", help="With the areas' names: namesakes are compared.")
@click.option("--scheme", help="The grid scheme whose areas count first.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=HEADER", help="lon, lat, x, y or wkt.")
@click.option("--encoding", help="Of the file's text: utf-8, gb18030, big5 …; else found by evidence.")
@click.option("--source-layer", metavar="NAME", help="Which layer of a GeoPackage or zip.")
def datum_command(
    *,
    file: Path,
    name_column: str | None,
    scheme: str | None,
    columns: tuple[str, ...],
    encoding: str | None,
    source_layer: str | None,
) -> None:
    """Weigh which coordinate system FILE is in, against our own areas; nothing is stored.

    Each system that its numbers allow, likeliest first: how much of the file lies inside our areas, how far
    its borders lie from ours. An arrow marks the one that would be chosen.
    """
    settings = bootstrap.read_settings()
    request = CoordinatesRequest(
        path=file,
        name_header=name_column,
        scheme_code=scheme,
        encoding=encoding,
        source_layer=source_layer,
        place_columns=_assignments(columns),
        limits=bootstrap.import_limits(settings),
    )
    with _open_session(settings, dry_run=True) as session:
        weighed = weigh_coordinates(session, Actor.system(), request, now=bootstrap.now_utc())
    _show_weighed(file.name, weighed)


@layers.command("reroute")
@click.option("--area", metavar="CODE", help="Only issues that lie in this area now; else all.")
@click.option("--scheme", metavar="CODE", help="Only issues and areas of this grid scheme.")
@click.option("--dry-run", is_flag=True, help="Do everything, store nothing.")
def reroute_command(*, area: str | None, scheme: str | None, dry_run: bool) -> None:
    """Route the open issues anew, after borders, zones or posts have changed.

    Each gets the areas and people that a pin at its place would get today; what it had stays in its history.
    Finished issues keep the areas of their day.
    """
    settings = bootstrap.read_settings()
    progress = _Progress()
    with _open_session(settings, dry_run=dry_run) as session:
        counts = reroute_open_issues(
            session,
            Actor.system(),
            area_code=area,
            scheme_code=scheme,
            rules=RoutingRules(
                policy=OutsidePolicy(settings.outside_grid_policy), outside_max_m=settings.outside_grid_max_m
            ),
            now=bootstrap.now_utc(),
            progress=progress,
        )
    progress.end()
    click.echo(
        f"{'Would be: ' if dry_run else ''}open issues {counts.looked_at:,} · moved {counts.moved:,}"
        f" · other people {counts.reassigned:,} · unchanged {counts.unchanged:,}"
    )
    if counts.without_area:
        click.echo(
            f"{counts.without_area:,} of them lie in no area: only those who work in every area see them."
            " Load the missing areas and run this again, or move their pins."
        )
    if dry_run:
        click.echo("Nothing was stored (--dry-run).")


@layers.command("batches")
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True, help="How many.")
def batches_command(*, limit: int) -> None:
    """List the latest imports: number, time (China), who, file and counts."""
    settings = bootstrap.read_settings()
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        batches = list_batches(session, limit=limit)
    if not batches:
        click.echo("Nothing has been imported yet.")
    for batch in batches:
        at = batch.at.astimezone(OFFICE_TIME)
        click.echo(
            f"{batch.id:>6}  {at:%Y-%m-%d %H:%M}  {batch.actor_name or 'command line'}  {batch.layer}"
            f"  {batch.file_name}  read {batch.read_count:,} · added {batch.added_count:,}"
            f" · updated {batch.updated_count:,} · unchanged {batch.unchanged_count:,}"
            f" · rejected {batch.rejected_count:,}{_undone_words(batch)}"
        )


def _undone_words(batch: BatchLine) -> str:
    if batch.undone_at is None:
        return ""
    at = batch.undone_at.astimezone(OFFICE_TIME)
    return f" · taken back {at:%Y-%m-%d %H:%M} by {batch.undone_by or 'command line'}"


@layers.command("undo")
@click.argument("batch", type=click.IntRange(min=1))
def undo_command(*, batch: int) -> None:
    """Take import BATCH back as a whole: see `gridmap layers batches` for its number.

    Rows that somebody has changed since, or that something refers to, stay and are named.
    """
    settings = bootstrap.read_settings()
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        report = undo_import(session, Actor.system(), batch_id=batch, now=bootstrap.now_utc())
    click.echo(
        f"Import {batch} ({report.layer}, {report.file_name}) is taken back: restored"
        f" {report.restored_count:,} · removed {report.removed_count:,} · kept {report.kept_count:,}"
    )
    for row in report.kept_rows[:_KEPT_SHOWN]:
        click.echo(f"  kept {row.table} {row.label}: {_KEPT_WORDS[row.reason]}")
    if report.kept_count > _KEPT_SHOWN:
        click.echo(f"  … and {report.kept_count - _KEPT_SHOWN:,} more")
    if report.reroute_advised:
        click.echo("Borders changed: `gridmap layers reroute` gives open issues the areas of today.")


layers.add_command(topology_command)
layers.add_command(who_command)


@layers.command("list")
def list_command() -> None:
    """List the layers and how much is in them."""
    settings = bootstrap.read_settings()
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        counts = layer_counts(session, day=office_day(bootstrap.now_utc()))
    order = {level.value: place for place, level in enumerate(AreaLevel)}
    for count in sorted(
        counts, key=lambda each: (each.layer, each.scheme_code or "", order.get(each.level or "", 0))
    ):
        click.echo(f"{_layer_name(count):<45} {count.row_count:>9,}")


@contextmanager
def _open_session(settings: Settings, *, dry_run: bool) -> Generator[Session]:
    """One transaction, which a dry run does not commit."""
    with (
        bootstrap.open_sessions(settings) as sessions,
        sessions() if dry_run else unit_of_work(sessions) as session,
    ):
        yield session


def _layer_name(count: LayerCount) -> str:
    return " · ".join(part for part in (count.layer, count.scheme_code, count.level) if part)


class _Progress:
    """A line on stderr at most once a second; its own time keeps a quick import silent."""

    def __init__(self) -> None:
        self._shown_at = time.monotonic()
        self._is_open = False

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._shown_at < 1:
            return
        self._shown_at = now
        self._is_open = True
        counts = f" {done:,} of {total:,} rows" if total else f" {done:,}" if done else ""
        click.echo(f"\r\033[K{counts} {_STAGES.get(stage, stage)} …", nl=False, err=True)

    def end(self) -> None:
        if self._is_open:
            click.echo("\r\033[K", nl=False, err=True)


def _assignments(columns: Sequence[str]) -> dict[str, str]:
    assigned: dict[str, str] = {}
    for column in columns:
        field, separator, header = column.partition("=")
        if not separator or not field.strip():
            raise click.UsageError(f"--column takes FIELD=HEADER, for example name=VILLNAME; not {column!r}.")
        assigned[field.strip()] = header.strip()
    return assigned


def _show(report: ImportReport, *, seconds: float, dry_run: bool) -> None:
    """The summary: what was read and how it was understood, counts, reasons with examples."""
    outcome = report.outcome
    origin = {
        "declared": "as declared",
        "file": "as the file says",
        "assumed": "assumed: the file does not say",
    }
    click.echo(f"{report.file_name} ({report.file_format}, {report.encoding}, layer {report.source_layer})")
    crs_note = f"; the file says {report.crs.file_name}" if report.crs.file_name else ""
    click.echo(f"Coordinates: {report.crs.name}, {origin[report.crs.origin]}{crs_note}")
    click.echo("Columns: " + ", ".join(f"{name} ← {header}" for name, header in report.columns.items()))
    if report.unused_headers:
        click.echo("Not used: " + ", ".join(report.unused_headers))
    click.echo(
        f"{'Would be: ' if dry_run else ''}read {report.read_count:,} · added {outcome.added:,}"
        f" · updated {outcome.updated:,} · unchanged {outcome.unchanged:,}"
        f" · rejected {len(report.rejections):,} · {seconds:.1f} s"
    )
    _show_findings("Rejected", report.reason_counts(), report.rejections)
    _show_findings("Kept, with a remark", report.remark_counts(), report.remarks)
    if outcome.absent_count:
        click.echo(f"{outcome.absent_count:,} areas of this level are stored and not in the file: they stay.")
    if outcome.outside_count and outcome.outside_count == outcome.added + outcome.updated:
        click.echo("Every point lies outside every area: are these coordinates what they claim? (--crs)")
    if outcome.topology is not None:
        show_topology(outcome.topology)
    if dry_run:
        click.echo("Nothing was stored (--dry-run).")
    elif outcome.added or outcome.updated:
        click.echo(f"Import {report.batch_id}. To take it back: gridmap layers undo {report.batch_id}")


def _show_changes(report: ImportReport) -> None:
    """Each row that would change, with what is stored and what the file says."""
    outcome = report.outcome
    changed = [change for change in report.changes if change.kind is not ChangeKind.UNCHANGED]
    for change in changed:
        click.echo(f"row {change.row_number}: {change.code} {change.kind.value}")
        for name, (before, after) in change.fields.items():
            click.echo(f"    {name}: {before or '—'} → {after or '—'}")
    left_out = outcome.added + outcome.updated - len(changed)
    if left_out > 0:
        click.echo(f"… and {left_out:,} more")


def _show_weighed(file_name: str, weighed: WeighedCoordinates) -> None:
    """The candidates as a table, then what the whole file comes to."""
    evidence = weighed.evidence
    click.echo(
        f"{file_name} ({weighed.file_format}, layer {weighed.source_layer}, {weighed.row_count:,} rows)"
    )
    click.echo(f"The file says: {evidence.stated or 'nothing'}")
    click.echo(
        f"Weighed: {evidence.sample_count:,} of its points against {weighed.reference_count:,} areas of ours"
    )
    shown = evidence.candidates[:_SYSTEMS_SHOWN]
    for system in shown:
        mark = "→" if system is evidence.preselected else " "
        why = "; ".join(_sentence(f"import.datum.{reason}", system.figures) for reason in system.reasons)
        click.echo(f" {mark} {system.option:<28} {why}".rstrip())
    if len(evidence.candidates) > len(shown):
        click.echo(f"   and {len(evidence.candidates) - len(shown)} more that are no likelier")
    for reason in evidence.reasons:
        words = _sentence(f"import.datum.{reason}", {})
        click.echo(f"{words[0].upper()}{words[1:]}.")


def _show_findings(
    title: str, counts: Mapping[str, int], findings: Sequence[Rejection] | Sequence[Remark]
) -> None:
    if not counts:
        return
    click.echo(f"{title}:")
    for reason, count in counts.items():
        examples = [found for found in findings if found.reason_code == reason][:_EXAMPLES_SHOWN]
        rows = ", ".join(str(found.row_number) for found in examples)
        more = " …" if count > len(examples) else ""
        value = f", e.g. {examples[0].value}" if examples[0].value else ""
        click.echo(f"  {count:>7,}  {_words(reason)} (row {rows}{more}{value})")


def _write_findings(report: ImportReport, path: Path) -> None:
    try:
        # With a byte order mark, because Excel takes UTF-8 without one for something else.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["row", "result", "field", "value", "reason", "meaning"])
            for found in (*report.rejections, *report.remarks):
                result = "rejected" if isinstance(found, Rejection) else "kept"
                value = harmless(found.value)
                reason = found.reason_code
                writer.writerow([found.row_number, result, found.field, value, reason, _words(reason)])
    except OSError as error:
        raise click.ClickException(
            f"The import is done, but its findings could not be written to {path}: {error.strerror}."
        ) from error


def _words(reason_code: str) -> str:
    return _sentence(f"import.row.{reason_code}", {})


def _sentence(code: str, figures: Mapping[str, str]) -> str:
    words = gettext.translation("messages", _TRANSLATIONS, ["en"], fallback=True).gettext(code)
    return code.rpartition(".")[2].replace("_", " ") if words == code else words % figures
