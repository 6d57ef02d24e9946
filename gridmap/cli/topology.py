"""``gridmap layers topology``: where stored areas leave gaps, overlap, or do not fit into their parents."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridmap import bootstrap
from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Actor
from gridmap.domain.topology import FindingKind, TopologyFinding, TopologyReport
from gridmap.importing.topology import TOLERANCE_M, findings_geojson
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases.imports import DEFAULT_SCHEME
from gridmap.use_cases.topology import check_areas

_EXAMPLES_SHOWN = 5
_MEMBERS_SHOWN = 4
_WORDS = {
    FindingKind.GAP: "gaps between areas",
    FindingKind.OVERLAP: "overlaps of two areas",
    FindingKind.OUTSIDE_PARENT: "parts outside their parent",
    FindingKind.UNCOVERED: "parts of parents at their edges that no area holds",
    FindingKind.SLIVER: "parts of areas that are too thin to be meant",
}


@click.command("topology")
@click.option("--level", required=True, type=click.Choice([level.value for level in AreaLevel]))
@click.option("--scheme", default=DEFAULT_SCHEME, show_default=True, help="The grid scheme.")
@click.option("--area", metavar="CODE", help="Only what concerns this area or one in it.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As of this day; else today.")
@click.option(
    "--tolerance",
    "tolerance_m",
    type=click.FloatRange(min=0.001),
    default=TOLERANCE_M,
    show_default=True,
    metavar="METRES",
    help="What is narrower everywhere is left out.",
)
@click.option(
    "--accept", "accepted", multiple=True, metavar="KEY", help="A finding that is right as it is, as water."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write all findings as GeoJSON.")
def topology_command(
    *,
    level: str,
    scheme: str,
    area: str | None,
    day: datetime | None,
    tolerance_m: float,
    accepted: tuple[str, ...],
    output: Path | None,
) -> None:
    """Look for gaps, overlaps and misfits among the stored areas of a level.

    Exit code 0: seamless; 3: something was found.
    """
    settings = bootstrap.read_settings()
    with bootstrap.open_sessions(settings) as sessions, unit_of_work(sessions) as session:
        report = check_areas(
            session,
            Actor.system(),
            scheme_code=scheme,
            level=AreaLevel(level),
            area_code=area,
            day=office_day(bootstrap.now_utc()) if day is None else day.date(),
            tolerance_m=tolerance_m,
            accepted=accepted,
        )
    show_topology(report, with_keys=True)
    if output is not None:
        write_topology(report, output)
    if not report.is_seamless:
        raise click.exceptions.Exit(3)


def show_topology(report: TopologyReport, *, with_keys: bool = False) -> None:
    """Print the number of findings by kind with the largest of each."""
    accepted = f" · accepted {report.accepted_count:,}" if report.accepted_count else ""
    if report.is_seamless:
        click.echo(f"Boundaries of {report.checked_count:,} areas: no gap, no overlap{accepted}")
        return
    click.echo(f"Boundaries of {report.checked_count:,} areas{accepted}:")
    areas_m2 = report.areas_m2()
    for kind, count in report.counts().items():
        click.echo(f"  {count:>7,}  {_WORDS[kind]}, {_area(areas_m2[kind])} together")
        for finding in report.only(kind).findings[:_EXAMPLES_SHOWN]:
            click.echo(f"           {_line(finding)}{f' [{finding.key}]' if with_keys else ''}")


def write_topology(report: TopologyReport, path: Path) -> None:
    """Write every finding as GeoJSON."""
    try:
        path.write_text(findings_geojson(report), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(
            f"The check is done, but its findings could not be written to {path}: {error.strerror}."
        ) from error
    click.echo(f"Every finding with its shape: {path}")


def _line(finding: TopologyFinding) -> str:
    members = ", ".join(finding.members[:_MEMBERS_SHOWN])
    more = (
        f" and {len(finding.members) - _MEMBERS_SHOWN} more" if len(finding.members) > _MEMBERS_SHOWN else ""
    )
    parent = f" in {finding.parent}" if finding.parent else ""
    lon_deg, lat_deg = finding.point_deg
    return (
        f"{_area(finding.area_m2)}, {finding.width_m:,.2f} m wide at {lon_deg:.6f}, {lat_deg:.6f}:"
        f" {members}{more}{parent}"
    )


def _area(area_m2: float) -> str:
    return f"{area_m2 / 1e6:,.2f} km²" if area_m2 >= 1e6 else f"{area_m2:,.1f} m²"
