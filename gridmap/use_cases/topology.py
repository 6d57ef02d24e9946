"""Do the stored areas of a level cover their ground without gap or overlap?"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import UPPER_LEVEL, AreaLevel, SchemeAbsent, parent_code
from gridmap.domain.permissions import Action, Actor, AreaScope, check
from gridmap.domain.topology import TopologyFinding, TopologyReport
from gridmap.importing.topology import TOLERANCE_M, check_topology
from gridmap.storage import topology as store
from gridmap.storage.imports import find_schemes


def check_areas(
    session: Session,
    actor: Actor,
    *,
    scheme_code: str,
    level: AreaLevel,
    day: date,
    area_code: str | None = None,
    tolerance_m: float = TOLERANCE_M,
    accepted: Collection[str] = (),
) -> TopologyReport:
    """Check every area of a scheme and level that holds on a day, against its neighbours and parents.

    Parameters
    ----------
    area_code : only findings that concern this area or one below it; None: all that the actor works in
    accepted : keys of findings that are right as they are

    Raises
    ------
    NotSignedIn, NotAllowed
    InvalidAreaCode
        ``area_code`` is no code of an area.
    SchemeAbsent
    """
    check(actor, Action.IMPORT_LAYERS, area_code)
    scope = actor.scope if area_code is None else _scope_of(area_code)
    schemes = find_schemes(session)
    if scheme_code not in schemes:
        raise SchemeAbsent(scheme=scheme_code, known=", ".join(schemes) or "—")
    return check_stored(
        session,
        scheme_id=schemes[scheme_code].id,
        level=level,
        day=day,
        is_wanted=scope.covers,
        tolerance_m=tolerance_m,
        accepted=accepted,
    )


def check_stored(
    session: Session,
    *,
    scheme_id: int,
    level: AreaLevel,
    day: date,
    is_wanted: Callable[[str], bool],
    tolerance_m: float = TOLERANCE_M,
    accepted: Collection[str] = (),
) -> TopologyReport:
    """Check a level as it is stored, with the findings that concern a wanted area (by its code).

    A parent in which no area of the level lies is not divided yet, and nothing of it counts as uncovered.
    """
    areas = store.find_boundaries(session, scheme_id=scheme_id, level=level.value, day=day)
    upper = UPPER_LEVEL.get(level)
    uppers = (
        store.find_boundaries(session, scheme_id=scheme_id, level=upper.value, day=day)
        if upper is not None
        else []
    )
    boundary_of = {area.code: area.boundary for area in uppers}
    code_of = {area.id: area.code for area in uppers}
    # The parent that is stored may be an earlier version; its code is the same.
    parent_of = [code_of.get(area.parent_id or 0) or parent_code(area.code) for area in areas]
    divided = {code for code in parent_of if code in boundary_of}
    report = check_topology(
        [area.boundary for area in areas],
        keys=[area.code for area in areas],
        parents={code: boundary_of[code] for code in sorted(divided)},
        parent_of=parent_of,
        tolerance_m=tolerance_m,
        accepted=accepted,
    )
    wanted = tuple(finding for finding in report.findings if _concerns(finding, is_wanted))
    return replace(report, findings=wanted, checked_count=sum(1 for area in areas if is_wanted(area.code)))


def _concerns(finding: TopologyFinding, is_wanted: Callable[[str], bool]) -> bool:
    codes = (*finding.members, finding.parent) if finding.parent is not None else finding.members
    return any(is_wanted(code) for code in codes)


def _scope_of(area_code: str) -> AreaScope:
    parent_code(area_code)  # refuses what is no code
    return AreaScope.of([area_code])
