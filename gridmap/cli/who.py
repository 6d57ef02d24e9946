"""``gridmap layers who``: who answers for a place, on a day."""

from __future__ import annotations

from datetime import datetime

import click

from gridmap import bootstrap
from gridmap.domain.errors import InvalidInput
from gridmap.domain.issue_input import parse_location
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Actor
from gridmap.domain.placement import OutsidePolicy
from gridmap.queries.at_point import at_point


@click.command("who")
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="As of that day; else today.")
def who_command(*, lon: float, lat: float, day: datetime | None) -> None:
    """Say who answers for a place (WGS-84 degrees, longitude first), or answered on an earlier day."""
    try:
        location = parse_location(lon, lat)
    except InvalidInput as error:
        raise click.UsageError(
            f"{error.field} is no such degree: {error.reason.replace('_', ' ')}; longitude comes first."
        ) from error
    settings = bootstrap.read_settings()
    today = office_day(bootstrap.now_utc())
    asked = today if day is None else day.date()
    with bootstrap.open_sessions(settings) as sessions, sessions() as session:
        found = at_point(
            session,
            Actor.system(),
            location,
            policy=OutsidePolicy(settings.outside_grid_policy),
            outside_max_m=settings.outside_grid_max_m,
            day=asked,
            today=today,
        )
    click.echo(f"{location.lon_deg:.7g}, {location.lat_deg:.7g} on {asked.isoformat()}: {found.match}")
    for area in found.areas:
        click.echo(f"  {area.level:<12} {area.code:<16} {area.name}")
    if found.zone is not None:
        click.echo(f"  {'zone':<12} {found.zone.code:<16} {found.zone.name}")
    if not found.responsible:
        click.echo("Nobody answers for this place.")
    for place, person in enumerate(found.responsible, start=1):
        ground = person.area_code or person.zone_code or ""
        click.echo(f"{place}. {person.name} · {person.role} · {ground} · {person.reason}")
    for post in found.vacant:
        click.echo(f"   nobody · {post.role} · {post.area_code or post.zone_code} · {post.reason}")
