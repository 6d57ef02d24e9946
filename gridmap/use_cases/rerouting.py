"""Open issues routed anew after borders, zones or posts have changed; finished ones keep what they had."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from gridmap.domain.area_codes import SchemeAbsent, scope_prefix
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, check
from gridmap.domain.placement import Match, OutsidePolicy, Placement
from gridmap.domain.routing import RoutingDecision
from gridmap.storage import notifications
from gridmap.storage import rerouting as store
from gridmap.storage.imports import find_schemes
from gridmap.storage.issues import routing_columns
from gridmap.storage.layer_versions import bump_layer_version
from gridmap.storage.rerouting import RoutedBefore
from gridmap.use_cases.bulk_routing import Progress, decisions_of, nearest_placements_of, placements_of
from gridmap.use_cases.issues import RoutingRules

BLOCK_LENGTH = 2_000
"""Issues at a time: seven statements each, however many there are."""

_GROUND = ("scheme_id", "area_code", "zone_code", "community_code", "grid_code", "micro_grid_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class RerouteCounts:
    """What became of the open issues that were looked at.

    ``looked_at`` = ``moved`` (to other areas or another zone) + ``reassigned`` (same ground, other people)
    + ``unchanged``; ``without_area`` of them lie in no area now.
    """

    looked_at: int = 0
    moved: int = 0
    reassigned: int = 0
    unchanged: int = 0
    without_area: int = 0


def reroute_open_issues(
    session: Session,
    actor: Actor,
    *,
    rules: RoutingRules,
    now: datetime,
    progress: Progress,
    area_code: str | None = None,
    scheme_code: str | None = None,
    block_length: int = BLOCK_LENGTH,
) -> RerouteCounts:
    """Route every open issue by the map and the posts of today, in blocks within the caller's transaction.

    An issue gets what a pin dropped at its place would get now. Where that differs, its version rises and a
    ``routed`` event follows; the earlier events keep the areas it had. A new responsible person, or another
    community's secretary, is told. An issue that no area holds falls to the nearest one by ``rules``, unless
    a register brought it (see :func:`placements_of`), or else to nobody: only who sees everything sees it.

    Parameters
    ----------
    area_code : only issues that lie in this area now; None: all, also those outside every area
    scheme_code : only issues of this grid scheme and of none, and only its areas; None: every scheme

    Raises
    ------
    NotSignedIn, NotAllowed
    InvalidAreaCode
        ``area_code`` is no code of an area.
    SchemeAbsent
    """
    check(actor, Action.IMPORT_LAYERS, area_code or "")
    area_prefix = None if area_code is None else scope_prefix(area_code)
    scheme_id = None if scheme_code is None else _scheme_id(session, scheme_code)

    def next_block(after: UUID | None) -> list[RoutedBefore]:
        return store.lock_open_issues(
            session, area_prefix=area_prefix, scheme_id=scheme_id, after=after, limit=block_length
        )

    blocks = _blocks(next_block, block_length)
    return _reroute(session, actor, blocks, rules=rules, scheme_id=scheme_id, now=now, progress=progress)


def reroute_ground(
    session: Session,
    actor: Actor,
    *,
    ground: bytes,
    codes: Sequence[str],
    rules: RoutingRules,
    now: datetime,
) -> RerouteCounts:
    """Route the open issues on a piece of ground by the map of ``now``: :func:`reroute_open_issues` in small.

    For use cases that redraw the map there, and have checked that the actor may.

    Parameters
    ----------
    ground : WKB in WGS-84
    codes : areas and zones whose issues are looked at wherever they lie
    """

    def next_block(after: UUID | None) -> list[RoutedBefore]:
        return store.lock_open_issues_on(session, ground=ground, codes=codes, after=after, limit=BLOCK_LENGTH)

    blocks = _blocks(next_block, BLOCK_LENGTH)
    return _reroute(session, actor, blocks, rules=rules, scheme_id=None, now=now, progress=_in_silence)


def _in_silence(_stage: str, _done: int, _of: int) -> None:
    """Tell nobody how far it is."""


def _blocks(
    next_block: Callable[[UUID | None], list[RoutedBefore]], block_length: int
) -> Iterator[list[RoutedBefore]]:
    after: UUID | None = None
    while block := next_block(after):
        yield block
        if len(block) < block_length:
            return
        after = block[-1].id


def _reroute(
    session: Session,
    actor: Actor,
    blocks: Iterable[list[RoutedBefore]],
    *,
    rules: RoutingRules,
    scheme_id: int | None,
    now: datetime,
    progress: Progress,
) -> RerouteCounts:
    counts = RerouteCounts()
    for block in blocks:
        counts = _reroute_block(session, actor, block, counts, rules=rules, scheme_id=scheme_id, now=now)
        progress("reroute", counts.looked_at, 0)
    if counts.moved or counts.reassigned:
        bump_layer_version(session, "issues", data_date=office_day(now))
    return counts


def _reroute_block(
    session: Session,
    actor: Actor,
    block: list[RoutedBefore],
    counts: RerouteCounts,
    *,
    rules: RoutingRules,
    scheme_id: int | None,
    now: datetime,
) -> RerouteCounts:
    decisions = decisions_anew(session, block, rules=rules, scheme_id=scheme_id, day=office_day(now))
    changed: list[tuple[UUID, RoutingDecision]] = []
    handed_over: set[UUID] = set()
    moved = 0
    for issue, decision in zip(block, decisions, strict=True):
        before, after = issue.columns, routing_columns(decision)
        if before == after:
            continue
        changed.append((issue.id, decision))
        moved += any(before[name] != after[name] for name in _GROUND)
        if any(before[name] != after[name] for name in ("responsible_person_id", "community_code")):
            handed_over.add(issue.id)
    store_decisions(session, actor, changed, tell_about=handed_over, now=now)
    return RerouteCounts(
        looked_at=counts.looked_at + len(block),
        moved=counts.moved + moved,
        reassigned=counts.reassigned + len(changed) - moved,
        unchanged=counts.unchanged + len(block) - len(changed),
        without_area=counts.without_area
        + sum(1 for decision in decisions if decision.placement.match is Match.NONE),
    )


def decisions_anew(
    session: Session,
    block: Sequence[RoutedBefore],
    *,
    rules: RoutingRules,
    scheme_id: int | None = None,
    day: date,
) -> list[RoutingDecision]:
    """What pins at the places of these issues would get on a day, in order."""
    return decisions_of(session, _placements(session, block, rules, scheme_id, day=day), day=day)


def store_decisions(
    session: Session,
    actor: Actor,
    changed: Sequence[tuple[UUID, RoutingDecision]],
    *,
    tell_about: Collection[UUID],
    now: datetime,
) -> None:
    """Write new decisions with an event each, and tell the people of those issues that changed hands."""
    if not changed:
        return
    seqs = store.write_routing(session, changed, actor_account_id=actor.account_id, at=now)
    told = [(id, seq) for id, seq in seqs.items() if id in tell_about]
    if told:
        notifications.add_for_responsible_accounts(session, told, now=now)


def _placements(
    session: Session,
    block: Sequence[RoutedBefore],
    rules: RoutingRules,
    scheme_id: int | None,
    *,
    day: date,
) -> list[Placement]:
    points = [(issue.lon_deg, issue.lat_deg) for issue in block]
    placements = list(placements_of(session, points, day=day, scheme_id=scheme_id))
    outside = [
        index
        for index, placement in enumerate(placements)
        if placement.match is Match.NONE and block[index].source != "import"
    ]
    if outside and rules.policy is OutsidePolicy.NEAREST:
        nearest = nearest_placements_of(
            session,
            [points[index] for index in outside],
            day=day,
            scheme_id=scheme_id,
            outside_max_m=rules.outside_max_m,
        )
        for index, placement in zip(outside, nearest, strict=True):
            placements[index] = placement
    return placements


def _scheme_id(session: Session, code: str) -> int:
    schemes = find_schemes(session)
    if code not in schemes:
        raise SchemeAbsent(scheme=code, known=", ".join(schemes) or "—")
    return schemes[code].id
