"""Buildings and compounds as those see them who keep them: found by code, address, compound or place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.coordinates import LonLat
from gridmap.domain.permissions import Action, Actor, check
from gridmap.queries.scope import scope_predicate
from gridmap.queries.search import like_pattern, search_words

PAGE_SIZE = 50
COMPOUND_LIMIT = 500

# Indexes: GiST on building.footprint for the nearest, on area.boundary for the community of each building.
_BUILDINGS = """
    SELECT building.id, building.code, building.address, building.kind, building.household_count,
           building.resident_count, building.ebike_count, compound.name AS compound_name,
           CASE WHEN CAST(:lon_deg AS float8) IS NULL THEN NULL
                ELSE ST_Distance(building.footprint::geography,
                                 ST_SetSRID(ST_MakePoint(:lon_deg, :lat_deg), 4326)::geography) END
               AS distance_m,
           count(*) OVER () AS total
      FROM building
      LEFT JOIN compound ON compound.code = building.compound_code
     WHERE lower(concat_ws(' ', building.code, building.address, compound.name)) LIKE ALL(:patterns)
       AND (CAST(:compound AS text) IS NULL OR building.compound_code = :compound)
       AND (CAST(:lon_deg AS float8) IS NULL
            OR ST_DWithin(building.footprint, ST_SetSRID(ST_MakePoint(:lon_deg, :lat_deg), 4326), 0.002))
       AND ({is_everything} OR EXISTS (
            SELECT FROM area
             WHERE area.level = 'community' AND {scope}
               AND area.valid_from <= :today AND (area.valid_to IS NULL OR area.valid_to > :today)
               AND ST_Covers(area.boundary, ST_PointOnSurface(building.footprint))))
     ORDER BY distance_m NULLS LAST, building.code
     LIMIT :limit OFFSET :offset
    """

_COMPOUNDS = """
    SELECT id, code, name, name_en, kind, built_year, has_property_company
      FROM compound
     WHERE {scope}
     ORDER BY code
     LIMIT :limit
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingRow:
    """A line of the register of buildings; ``distance_m`` from the place that was asked about."""

    id: int
    code: str
    address: str
    kind: str
    household_count: int
    resident_count: int
    ebike_count: int
    compound_name: str | None
    distance_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompoundLine:
    """A compound in the actor's areas."""

    id: int
    code: str
    name: str
    name_en: str | None
    kind: str
    built_year: int | None
    has_property_company: bool


def list_register_buildings(
    session: Session,
    actor: Actor,
    *,
    today: date,
    typed: str = "",
    compound: str | None = None,
    near: LonLat | None = None,
    page: int = 1,
) -> tuple[list[BuildingRow], int]:
    """One page of the actor's buildings, and how many there are; ``near`` gives those within some 200 m.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.EDIT_BUILDINGS)
    scope = scope_predicate(actor.scope, "area.code")
    is_everything = "true" if actor.scope.is_everything else "false"
    rows = session.execute(
        text(_BUILDINGS.format(scope=scope.sql, is_everything=is_everything)),
        {
            **scope.values,
            "today": today,
            "patterns": [like_pattern(word) for word in search_words(typed)] or ["%"],
            "compound": compound,
            "lon_deg": None if near is None else near.lon_deg,
            "lat_deg": None if near is None else near.lat_deg,
            "limit": PAGE_SIZE,
            "offset": (page - 1) * PAGE_SIZE,
        },
    ).mappings()
    found = list(rows)
    total = found[0]["total"] if found else 0
    lines = [BuildingRow(**{name: value for name, value in row.items() if name != "total"}) for row in found]
    return lines, total


def list_register_compounds(session: Session, actor: Actor) -> list[CompoundLine]:
    """The compounds of the actor's areas.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.EDIT_BUILDINGS)
    scope = scope_predicate(actor.scope, "community_code")
    values = {**scope.values, "limit": COMPOUND_LIMIT}
    rows = session.execute(text(_COMPOUNDS.format(scope=scope.sql)), values).mappings()
    return [CompoundLine(**row) for row in rows]
