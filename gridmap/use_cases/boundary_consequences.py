"""What saving a draft of the boundary editor does: to areas, to people, to issues, in figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import shapely

from gridmap.domain.boundary_edits import ZONE_LEVEL, ChangeKind
from gridmap.importing.editing import Faults, Scale, difference_m2
from gridmap.storage.boundary_versions import HeldPost, OpenIssue
from gridmap.use_cases.boundary_editing import Draft, faults_in
from gridmap.use_cases.boundary_writing import Written
from gridmap.use_cases.rerouting import RerouteCounts

_POSTS_THAT_ANSWER = {
    "micro_grid": ("micro_grid_leader",),
    "grid": ("grid_worker", "grid_leader"),
    ZONE_LEVEL: ("zone_responsible",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaChange:
    """One area before and after; an empty code or no ground: it was not, or is no more."""

    key: str
    level: str
    name: str
    code_before: str
    code: str
    area_before_m2: float
    area_m2: float
    is_consequence: bool
    """It only follows the areas below it."""
    needs_counting: bool
    """Its numbers of households and residents are to be registered anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """Somebody who gains or loses ground or issues."""

    person_id: int
    name: str
    name_en: str | None
    roles: tuple[str, ...]
    ground_before_m2: float
    ground_m2: float
    issues_gained: int
    issues_lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """An area whose people are not named; ``candidates`` answer for the area that it was made from."""

    key: str
    level: str
    code: str
    name: str
    was_vacant: bool
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMove:
    """Open issues that go from one area to another."""

    from_code: str
    to_code: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What saving a draft does."""

    effective_on: date
    areas: tuple[AreaChange, ...]
    people: tuple[PersonChange, ...]
    vacancies: tuple[Vacancy, ...]
    issues_looked_at: int
    issues_moved: int
    issues_reassigned: int
    moves: tuple[IssueMove, ...]
    faults: Faults
    faults_before: Faults


def consequences_of(
    draft: Draft,
    written: Written,
    *,
    counts: RerouteCounts,
    posts_before: Sequence[HeldPost],
    posts: Sequence[HeldPost],
    issues_before: Sequence[OpenIssue],
    issues: Sequence[OpenIssue],
) -> Consequences:
    """Put together what a draft did, from what stood there before it was written and after."""
    faults, faults_before = faults_in(draft)
    return Consequences(
        effective_on=draft.change.effective_on,
        areas=tuple(_area_changes(draft, written)),
        people=tuple(_people(draft, posts_before, posts, issues_before, issues)),
        vacancies=tuple(_vacancies(draft, posts_before, posts)),
        issues_looked_at=counts.looked_at,
        issues_moved=counts.moved,
        issues_reassigned=counts.reassigned,
        moves=tuple(_moves(issues_before, issues, is_zones=draft.change.kind is ChangeKind.ZONES)),
        faults=faults,
        faults_before=faults_before,
    )


def _area_changes(draft: Draft, written: Written) -> list[AreaChange]:
    scale = Scale.of([shapely.from_wkb(draft.areas[draft.changed[0]].boundary)])
    followers = _only_followed(draft)
    changes: list[AreaChange] = []
    for key in draft.changed:
        area, base = draft.areas[key], draft.ground.base.get(key)
        changes.append(
            AreaChange(
                key=key,
                level=area.level,
                name=area.name,
                code_before="" if base is None else base.code,
                code="" if area.is_ended else area.code,
                area_before_m2=0.0 if base is None else scale.area_m2(shapely.from_wkb(base.boundary)),
                area_m2=0.0 if area.is_ended else scale.area_m2(shapely.from_wkb(area.boundary)),
                is_consequence=key in followers,
                needs_counting=key in written.uncounted,
            )
        )
    return changes


def _only_followed(draft: Draft) -> set[str]:
    """Keys of changed areas that have changed parts below them, and were not named or coded anew."""
    parents = {draft.areas[key].parent_key for key in draft.changed}
    parents |= {draft.ground.base[key].parent_key for key in draft.changed if key in draft.ground.base}
    return {
        key
        for key in draft.changed
        if key in parents
        and key in draft.ground.base
        and (draft.areas[key].name, draft.areas[key].code) == (draft.ground.base[key].name, key)
        and not draft.areas[key].is_ended
    }


def _people(
    draft: Draft,
    posts_before: Sequence[HeldPost],
    posts: Sequence[HeldPost],
    issues_before: Sequence[OpenIssue],
    issues: Sequence[OpenIssue],
) -> list[PersonChange]:
    """Who gains or loses ground or issues; most first."""
    answering = {role for roles in _POSTS_THAT_ANSWER.values() for role in roles}
    names = {post.person_id: (post.name, post.name_en) for post in (*posts_before, *posts)}
    for issue in (*issues_before, *issues):
        if issue.person_id is not None:
            names[issue.person_id] = (issue.person_name or "", issue.person_name_en)
    scale = Scale.of([shapely.from_wkb(draft.areas[draft.changed[0]].boundary)])
    ground = _ground_by_person(posts_before, answering, _sizes_before(draft, scale))
    ground_after = _ground_by_person(posts, answering, _sizes(draft, scale))
    roles: dict[int, set[str]] = defaultdict(set)
    for post in (*posts_before, *posts):
        if post.role in answering:
            roles[post.person_id].add(post.role)
    holder_before = {issue.id: issue.person_id for issue in issues_before}
    holder = {issue.id: issue.person_id for issue in issues}
    gained: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    for issue_id, person_id in holder.items():
        earlier = holder_before.get(issue_id)
        if person_id != earlier:
            gained.update([person_id] if person_id is not None else [])
            lost.update([earlier] if earlier is not None else [])
    changes = [
        PersonChange(
            person_id=person_id,
            name=names[person_id][0],
            name_en=names[person_id][1],
            roles=tuple(sorted(roles[person_id])),
            ground_before_m2=ground[person_id],
            ground_m2=ground_after[person_id],
            issues_gained=gained[person_id],
            issues_lost=lost[person_id],
        )
        for person_id in {*ground, *ground_after, *gained, *lost}
    ]
    affected = [
        change
        for change in changes
        if abs(change.ground_m2 - change.ground_before_m2) > 1 or change.issues_gained or change.issues_lost
    ]
    return sorted(
        affected,
        key=lambda one: (
            -one.issues_gained - one.issues_lost,
            -abs(one.ground_m2 - one.ground_before_m2),
            one.person_id,
        ),
    )


def _sizes_before(draft: Draft, scale: Scale) -> dict[str, float]:
    return {
        key: scale.area_m2(shapely.from_wkb(draft.ground.base[key].boundary))
        for key in draft.changed
        if key in draft.ground.base
    }


def _sizes(draft: Draft, scale: Scale) -> dict[str, float]:
    return {
        draft.areas[key].code: scale.area_m2(shapely.from_wkb(draft.areas[key].boundary))
        for key in draft.changed
        if not draft.areas[key].is_ended
    }


def _ground_by_person(
    posts: Sequence[HeldPost], answering: set[str], sizes_m2: Mapping[str, float]
) -> dict[int, float]:
    total: dict[int, float] = defaultdict(float)
    for person_id, code in {(post.person_id, post.code) for post in posts if post.role in answering}:
        total[person_id] += sizes_m2.get(code, 0.0)
    return total


def _vacancies(draft: Draft, posts_before: Sequence[HeldPost], posts: Sequence[HeldPost]) -> list[Vacancy]:
    """Changed areas that nobody active answers for at their own level."""
    scale = Scale.of([shapely.from_wkb(draft.areas[draft.changed[0]].boundary)])
    found: list[Vacancy] = []
    for key in draft.changed:
        area, base = draft.areas[key], draft.ground.base.get(key)
        roles = _POSTS_THAT_ANSWER.get(area.level, ())
        if area.is_ended or not roles or _holders(posts, area.code, roles):
            continue
        if base is not None and area.code == key:
            moved_m2 = difference_m2(shapely.from_wkb(area.boundary), shapely.from_wkb(base.boundary), scale)
            if moved_m2 <= 1:
                continue
        origin = area.posts_from if area.base_id is None else None
        found.append(
            Vacancy(
                key=key,
                level=area.level,
                code=area.code,
                name=area.name,
                was_vacant=base is not None and not _holders(posts_before, base.code, roles),
                candidates=tuple(_holders(posts_before, origin, roles)) if origin else (),
            )
        )
    return found


def _holders(posts: Sequence[HeldPost], code: str, roles: Sequence[str]) -> list[str]:
    return [post.name for post in posts if post.code == code and post.role in roles and post.is_active]


def _moves(
    issues_before: Sequence[OpenIssue], issues: Sequence[OpenIssue], *, is_zones: bool
) -> list[IssueMove]:
    def code_of(issue: OpenIssue) -> str:
        return (issue.zone_code or "") if is_zones else issue.area_code

    earlier = {issue.id: code_of(issue) for issue in issues_before}
    pairs = Counter(
        (earlier[issue.id], code_of(issue))
        for issue in issues
        if issue.id in earlier and earlier[issue.id] != code_of(issue)
    )
    return [
        IssueMove(from_code=source, to_code=target, count=count)
        for (source, target), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    ]
