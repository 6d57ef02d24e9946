"""The organisation in five levels, the people in it, who does what since when, and the accounts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import frame
from .place import Place
from .plan_names import COMMUNITIES, COMMUNITY_BY_KEY, COMPOUND_KIND, NAME, NAME_EN
from .plan_people import (
    FIRST_SYLLABLES,
    LAST_SYLLABLES,
    PARTNER_UNITS,
    PROPERTY_COMPANIES,
    SURNAMES,
    VOLUNTEER_TEAMS,
)
from .tiling import SUBDISTRICT_CODE
from .zones import Zone

Record = dict[str, object]
_CENTER_HOUSEHOLDS_EVERY = 3


@dataclass(slots=True)
class Society:
    """Everything about people, as records for the files; ``worker_of_grid`` serves the issues."""

    organisations: list[Record] = field(default_factory=list)
    people: list[Record] = field(default_factory=list)
    assignments: list[Record] = field(default_factory=list)
    center_households: list[Record] = field(default_factory=list)
    accounts: list[Record] = field(default_factory=list)
    group_of_grid: dict[str, str] = field(default_factory=dict)
    worker_of_grid: dict[str, str] = field(default_factory=dict)
    secretary_of_community: dict[str, str] = field(default_factory=dict)


class _Registry:
    """Makes people with names nobody else here has."""

    def __init__(self, society: Society) -> None:
        self.society = society
        self.rng = np.random.default_rng([frame.SEED, 6])
        self.names: set[str] = set()

    def person(self, *, public_phone: bool = False, phone: bool = True) -> str:
        while True:
            surname, first, last = (
                table[int(self.rng.integers(len(table)))]
                for table in (SURNAMES, FIRST_SYLLABLES, LAST_SYLLABLES)
            )
            name = surname[0] + first[0] + last[0]
            if self.rng.random() < 0.12:
                name = surname[0] + last[0]
            if name not in self.names:
                break
        self.names.add(name)
        given = (first[1] + last[1]) if len(name) == 3 else last[1]
        number = len(self.society.people) + 1
        code = f"P{number:04d}"
        self.society.people.append(
            {
                "code": code,
                "name": name,
                "name_en": f"{surname[1]} {given.capitalize()}",
                "mobile_phone": f"100{number:04d}{int(self.rng.integers(10_000)):04d}" if phone else None,
                "name_is_public": public_phone,
                "mobile_is_public": public_phone,
            }
        )
        return code

    def assign(
        self, person: str, role: str, *, since: str = "2025-01-01", until: str | None = None, **where: object
    ) -> None:
        record: Record = {
            "person_code": person,
            "role": role,
            "area_code": None,
            "zone_code": None,
            "organisation_code": None,
            "valid_from": since,
            "valid_to": until,
            "stand_in_person_code": None,
            "stand_in_from": None,
            "stand_in_to": None,
        }
        record.update(where)
        self.society.assignments.append(record)

    def organisation(
        self,
        code: str,
        level: int,
        name: str,
        name_en: str,
        org_type: str,
        parent: str | None,
        area_code: str | None,
    ) -> str:
        self.society.organisations.append(
            {
                "code": code,
                "level": level,
                "name": name,
                "name_en": name_en,
                "org_type": org_type,
                "parent_code": parent,
                "area_code": area_code,
            }
        )
        return code


def build(place: Place, zones: list[Zone]) -> Society:
    """People the whole place."""
    society = Society()
    registry = _Registry(society)
    root = registry.organisation(
        "ORG-1",
        1,
        f"{NAME}党工委",
        f"{NAME_EN} Party Working Committee",
        "party_working_committee",
        None,
        SUBDISTRICT_CODE,
    )
    staff = _office(registry, root)
    grids = sorted({m.grid_code for m in place.micro_grids})
    for number, community in enumerate(COMMUNITIES, start=1):
        own = [code for code in grids if code.startswith(community.code)]
        _community(registry, root, number, own)
    _zones(registry, place, zones)
    _micro_grids(registry, place)
    _companies(registry, place)
    _accounts(society, grids, staff)
    return society


def _office(registry: _Registry, root: str) -> dict[str, str]:
    secretary = registry.person(phone=False)
    registry.assign(
        secretary,
        "subdistrict_secretary",
        area_code=SUBDISTRICT_CODE,
        organisation_code=root,
        since="2024-03-01",
    )
    officers = [registry.person(phone=False) for _ in range(4)]
    for officer in officers[:3]:
        registry.assign(officer, "subdistrict_officer", area_code=SUBDISTRICT_CODE, organisation_code=root)
    registry.assign(
        officers[3],
        "subdistrict_officer",
        area_code=SUBDISTRICT_CODE,
        organisation_code=root,
        since="2023-06-01",
        until="2025-12-31",
    )
    return {"secretary": secretary, "office": officers[0], "planner": officers[1], "admin": officers[2]}


def _community(registry: _Registry, root: str, number: int, grids: list[str]) -> None:
    community = COMMUNITIES[number - 1]
    society = registry.society
    word = "党总支" if len(grids) >= 5 else "党支部"
    branch = registry.organisation(
        f"ORG-2-{number:02d}",
        2,
        f"{community.name}{word}",
        f"{community.name_en} Party Branch",
        "party_branch",
        root,
        community.code,
    )
    secretary = registry.person(public_phone=number in (4, 7))
    society.secretary_of_community[community.code] = secretary
    since = f"202{3 + number % 3}-0{1 + number % 6}-01"
    registry.assign(
        secretary, "community_secretary", area_code=community.code, organisation_code=branch, since=since
    )
    if number in (2, 9):
        former = registry.person(phone=False)
        registry.assign(
            former,
            "community_secretary",
            area_code=community.code,
            organisation_code=branch,
            since="2021-01-01",
            until=_day_before(since),
        )
    cadres = [registry.person() for _ in range(3)]
    for cadre in cadres:
        registry.assign(cadre, "community_cadre", area_code=community.code, organisation_code=branch)
    police = registry.person(public_phone=number == 1)
    registry.assign(police, "police_officer", area_code=community.code)
    for k, grid in enumerate(grids, start=1):
        group = registry.organisation(
            f"ORG-3-{grid[9:14]}",
            3,
            f"{community.name[:-2]}第{k}网格党小组",
            f"{community.name_en.split()[0]} Grid {k} Party Group",
            "party_group",
            branch,
            grid,
        )
        society.group_of_grid[grid] = group
        registry.assign(cadres[k % 3], "grid_leader", area_code=grid, organisation_code=group)
        worker = registry.person()
        society.worker_of_grid[grid] = worker
        extra: Record = {}
        if (number + k) % 9 == 0:
            extra = {
                "stand_in_person_code": cadres[0],
                "stand_in_from": "2026-11-10",
                "stand_in_to": "2026-12-10",
            }
        registry.assign(
            worker, "grid_worker", area_code=grid, organisation_code=group, since="2025-03-01", **extra
        )
        if (number * 3 + k) % 11 == 0:
            former = registry.person(phone=False)
            registry.assign(
                former,
                "grid_worker",
                area_code=grid,
                organisation_code=group,
                since="2023-01-01",
                until="2025-02-28",
            )
    for name, name_en in (VOLUNTEER_TEAMS[number - 1], VOLUNTEER_TEAMS[(number + 4) % len(VOLUNTEER_TEAMS)]):
        registry.organisation(
            f"ORG-V-{len(society.organisations):03d}",
            3,
            f"{community.name[:-2]}{name}",
            f"{community.name_en.split()[0]} {name_en}",
            "volunteer_team",
            branch,
            community.code,
        )
    name, name_en = PARTNER_UNITS[(number - 1) % len(PARTNER_UNITS)]
    registry.organisation(
        f"ORG-U-{number:02d}",
        3,
        f"{name}（{community.name}共建单位）",
        f"{name_en} (partner of {community.name_en})",
        "partner_unit",
        branch,
        community.code,
    )


def _day_before(day: str) -> str:
    return str(np.datetime64(day) - np.timedelta64(1, "D"))


def _zones(registry: _Registry, place: Place, zones: list[Zone]) -> None:
    """A responsible person for each zone; every third zone has a centre household, most of them agreed."""
    society = registry.society
    homes: dict[str, list[str]] = {}
    for row in place.buildings:
        if row.house.households:
            homes.setdefault(row.micro_grid_code, []).append(row.code)
    for number, zone in enumerate(zones, start=1):
        group = society.group_of_grid[zone.grid_code]
        area = registry.organisation(
            f"ORG-4-{zone.code}",
            4,
            zone.name,
            f"Responsibility Zone {zone.code}",
            "responsibility_zone",
            group,
            None,
        )
        person = registry.person()
        extra: Record = {}
        if number % 23 == 0:
            extra = {
                "stand_in_person_code": society.worker_of_grid[zone.grid_code],
                "stand_in_from": "2026-11-01",
                "stand_in_to": "2026-11-30",
            }
        registry.assign(
            person,
            "zone_responsible",
            zone_code=zone.code,
            organisation_code=area,
            since="2025-04-01",
            **extra,
        )
        inside = [code for member in zone.members for code in homes.get(member.code, [])]
        if number % _CENTER_HOUSEHOLDS_EVERY == 0 and inside:
            host = registry.person(phone=False)
            registry.organisation(
                f"ORG-5-{zone.code}",
                5,
                f"{zone.name.removesuffix('党员责任区')}党员中心户",
                f"Party Centre Household, Zone {zone.code}",
                "party_center_household",
                area,
                None,
            )
            society.center_households.append(
                {
                    "code": f"ZXH-{len(society.center_households) + 1:03d}",
                    "zone_code": zone.code,
                    "building_code": inside[len(inside) // 2],
                    "host_name": next(p["name"] for p in society.people if p["code"] == host),
                    "has_consent": number % 12 != 0,
                }
            )


def _micro_grids(registry: _Registry, place: Place) -> None:
    for number, m in enumerate(place.micro_grids, start=1):
        person = registry.person()
        since = "2025-04-01" if number % 7 else "2026-02-01"
        registry.assign(person, "micro_grid_leader", area_code=m.code, since=since)


def _companies(registry: _Registry, place: Place) -> None:
    """Property companies, owners' committees and self-management groups of the compounds."""
    society = registry.society
    codes: dict[str, str] = {}
    for number, (name, name_en) in enumerate(PROPERTY_COMPANIES, start=1):
        codes[name] = registry.organisation(
            f"ORG-W-{number:02d}", 2, name, name_en, "property_company", "ORG-1", SUBDISTRICT_CODE
        )
    branch_of = {
        o["area_code"]: str(o["code"]) for o in society.organisations if o["org_type"] == "party_branch"
    }
    for number, (index, compound) in enumerate(
        sorted(place.compound_codes.items(), key=lambda pair: pair[1])
    ):
        plot = place.towns[index].parcel.plot
        community = COMMUNITY_BY_KEY[place.towns[index].parcel.community]
        kind = COMPOUND_KIND[plot.kind]
        if kind == "commodity":
            registry.organisation(
                f"ORG-Y-{compound}",
                3,
                f"{plot.name}业主委员会",
                f"{plot.name_en} Owners' Committee",
                "owners_committee",
                branch_of[community.code],
                community.code,
            )
        elif kind == "old_estate" and number % 2:
            registry.organisation(
                f"ORG-Z-{compound}",
                3,
                f"{plot.name}居民自管组",
                f"{plot.name_en} Self-management Group",
                "self_mgmt_group",
                branch_of[community.code],
                community.code,
            )
        if kind in ("commodity", "resettlement", "commercial"):
            name = PROPERTY_COMPANIES[number % len(PROPERTY_COMPANIES)][0]
            person = registry.person(public_phone=number % 9 == 0)
            registry.assign(
                person,
                "property_manager",
                area_code=community.code,
                organisation_code=codes[name],
                since="2025-05-01",
            )


def _accounts(society: Society, grids: list[str], staff: dict[str, str]) -> None:
    names = {str(p["code"]): str(p["name"]) for p in society.people}

    def account(username: str, role: str, area_codes: list[str], person: str | None, title: str) -> None:
        shown = f"{names[person]}（{title}）" if person else title
        society.accounts.append(
            {
                "username": username,
                "role": role,
                "area_codes": area_codes,
                "person_code": person,
                "display_name": shown,
            }
        )

    account("admin", "admin", [""], None, "系统管理员")
    account("office", "subdistrict_officer", [SUBDISTRICT_CODE], staff["office"], "街道经办")
    account("planner", "planner", [SUBDISTRICT_CODE], staff["planner"], "街道规划")
    for number, community in enumerate(COMMUNITIES, start=1):
        secretary = society.secretary_of_community[community.code]
        account(
            f"secretary{number:02d}",
            "community_secretary",
            [community.code],
            secretary,
            f"{community.name}书记",
        )
    # The first grid of every community first: worker01 to worker11 are colleagues in eleven communities.
    for number, grid in enumerate(sorted(grids, key=lambda code: (code[12:14], code)), start=1):
        name = next(c.name for c in COMMUNITIES if grid.startswith(c.code))
        title = f"{name[:-2]}第{int(grid[12:14])}网格网格员"
        account(f"worker{number:02d}", "grid_worker", [grid[:14]], society.worker_of_grid[grid], title)
