"""Who a point belongs to: A8, A9, R4, R8, the order of winners, and the reasons."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.coordinates import LonLat
from gridmap.domain.placement import (
    AreaCandidate,
    MapWarning,
    Match,
    OutsideEveryGrid,
    OutsidePolicy,
    Placement,
    ZoneCandidate,
    place,
)
from gridmap.domain.routing import Assignment, Post, Reason, RoutingDecision, route

HERE = LonLat(lon_deg=114.3, lat_deg=30.55)
TODAY = date(2026, 5, 4)
COMMUNITY = "420106010001"


def _area(
    code: str,
    *,
    id: int,
    parent: int | None = None,
    at_m: float = 0.0,
    interior: bool = True,
    scheme: int = 1,
) -> AreaCandidate:
    levels = {9: AreaLevel.SUBDISTRICT, 12: AreaLevel.COMMUNITY}
    level = levels.get(len(code), AreaLevel.GRID if code.endswith("0") else AreaLevel.MICRO_GRID)
    return AreaCandidate(
        id=id,
        scheme_id=scheme,
        level=level,
        code=code,
        name=code,
        parent_id=parent,
        distance_m=at_m,
        is_interior=interior and at_m == 0,
    )


SUBDISTRICT = _area("420106010", id=1)
COMMUNITY_1 = _area(COMMUNITY, id=2, parent=1)
GRID_1 = _area(f"{COMMUNITY}010", id=3, parent=2)
GRID_2 = _area(f"{COMMUNITY}020", id=4, parent=2)
ABOVE = [SUBDISTRICT, COMMUNITY_1]


def _micro(suffix: str, *, id: int, at_m: float = 0.0, interior: bool = True) -> AreaCandidate:
    parent = 3 if suffix.startswith("01") else 4
    return _area(COMMUNITY + suffix, id=id, parent=parent, at_m=at_m, interior=interior)


def _zone(code: str, *, at_m: float = 0.0, interior: bool = True) -> ZoneCandidate:
    return ZoneCandidate(code=code, name=code, distance_m=at_m, is_interior=interior and at_m == 0)


def _place(
    areas: list[AreaCandidate],
    zones: list[ZoneCandidate] | None = None,
    policy: OutsidePolicy = OutsidePolicy.NEAREST,
) -> Placement:
    return place(HERE, areas=areas, zones=zones or [], policy=policy, outside_max_m=2_000)


def test_a1_a_point_inside_one_cell_gets_it_and_its_parents() -> None:
    placement = _place([*ABOVE, GRID_1, _micro("012", id=10), _micro("013", id=11, at_m=40)], [_zone("Z1")])
    assert placement.match is Match.INSIDE
    assert [placement.code(level) for level in AreaLevel] == [
        "420106010",
        COMMUNITY,
        f"{COMMUNITY}010",
        f"{COMMUNITY}012",
    ]
    assert (placement.area_code, placement.zone_code, placement.warnings) == (f"{COMMUNITY}012", "Z1", ())


def test_a8_on_a_corner_of_four_cells_the_lowest_code_wins_in_every_order() -> None:
    corner = [
        _area(f"{COMMUNITY}010", id=3, parent=2, interior=False),
        _area(f"{COMMUNITY}020", id=4, parent=2, interior=False),
        _micro("01A", id=10, interior=False),
        _micro("019", id=11, interior=False),
        _micro("021", id=12, interior=False),
    ]
    found = {
        (p.match, p.area_code, p.code(AreaLevel.GRID))
        for order in permutations(corner)
        for p in [_place([*ABOVE, *order])]
    }
    assert found == {(Match.SHARED_EDGE, f"{COMMUNITY}019", f"{COMMUNITY}010")}


def test_a8_the_grid_of_a_shared_edge_is_the_parent_of_the_chosen_micro_grid() -> None:
    # The lowest grid at the edge is 010, but the micro-grid that holds the point belongs to 020.
    placement = _place(
        [*ABOVE, _area(f"{COMMUNITY}010", id=3, parent=2, interior=False), GRID_2, _micro("021", id=12)]
    )
    assert placement.code(AreaLevel.GRID) == f"{COMMUNITY}020"


def test_a9_of_overlapping_cells_one_wins_always_and_the_keeper_is_warned() -> None:
    areas = [*ABOVE, GRID_1, _micro("012", id=10), _micro("011", id=11)]
    for order in (areas, areas[::-1]):
        placement = _place(order, [_zone("Z2"), _zone("Z1")])
        assert placement.area_code == f"{COMMUNITY}011"
        assert placement.zone_code == "Z1"
        assert set(placement.warnings) == {MapWarning.OVERLAPPING_AREAS, MapWarning.OVERLAPPING_ZONES}


def test_a_cell_that_holds_the_point_inside_goes_before_a_lower_code_that_touches_it() -> None:
    placement = _place([*ABOVE, GRID_1, _micro("011", id=10, interior=False), _micro("012", id=11)])
    assert (placement.area_code, placement.match) == (f"{COMMUNITY}012", Match.INSIDE)
    assert placement.warnings == ()


def test_schemes_do_not_mix_and_the_lowest_scheme_routes() -> None:
    other = _area(f"{COMMUNITY}011", id=50, scheme=2)
    placement = _place([other, *ABOVE, GRID_1, _micro("012", id=10)])
    assert (placement.scheme_id, placement.area_code, placement.warnings) == (1, f"{COMMUNITY}012", ())


def test_a_hair_crack_between_two_cells_belongs_to_the_nearer_level_of_the_same_parent() -> None:
    # 0.2 m from two micro-grids, inside their grid, and 0.1 m from a cell of another grid.
    areas = [
        *ABOVE,
        GRID_1,
        _area(f"{COMMUNITY}020", id=4, parent=2, at_m=0.1),
        _micro("013", id=11, at_m=0.2),
        _micro("012", id=10, at_m=0.2),
        _micro("021", id=12, at_m=0.1),
    ]
    placement = _place(areas)
    assert (placement.area_code, placement.match) == (f"{COMMUNITY}012", Match.SHARED_EDGE)


def test_r8_outside_every_cell_the_nearest_answers_but_the_cells_stay_empty() -> None:
    areas = [
        _area("420106010", id=1, at_m=120),
        _area(COMMUNITY, id=2, parent=1, at_m=120),
        _area(f"{COMMUNITY}010", id=3, parent=2, at_m=120),
        _micro("012", id=10, at_m=120.0001),
        _micro("011", id=11, at_m=300),
    ]
    placement = _place(areas)
    assert (placement.match, placement.area_code) == (Match.NEAREST, f"{COMMUNITY}012")
    assert [placement.code(level) for level in AreaLevel] == [None] * 4


@pytest.mark.parametrize(
    ("policy", "at_m"),
    [(OutsidePolicy.REFUSE, 3), (OutsidePolicy.NEAREST, 2_001), (OutsidePolicy.NEAREST, None)],
)
def test_outside_every_cell_the_pin_is_refused_by_setting_or_distance(
    policy: OutsidePolicy, at_m: float | None
) -> None:
    areas = [] if at_m is None else [_micro("012", id=10, at_m=at_m)]
    with pytest.raises(OutsideEveryGrid) as refusal:
        _place(areas, policy=policy)
    assert (refusal.value.field, refusal.value.code) == ("location", "issue.outside_every_grid")


def test_within_15_m_of_a_boundary_both_sides_are_offered() -> None:
    near = [
        *ABOVE,
        GRID_1,
        _micro("012", id=10),
        _micro("011", id=11, at_m=14.9),
        _micro("013", id=12, at_m=16),
    ]
    neighbours = _place(near, [_zone("Z1"), _zone("Z2", at_m=3)]).near_boundary
    assert [(n.kind, n.code) for n in neighbours] == [
        ("zone", "Z1"),
        ("zone", "Z2"),
        ("micro_grid", f"{COMMUNITY}012"),
        ("micro_grid", f"{COMMUNITY}011"),
    ]
    assert _place(near[:-2], [_zone("Z1")]).near_boundary == ()


POSTS = {
    Post.ZONE_RESPONSIBLE: ("Z1", 101),
    Post.MICRO_GRID_LEADER: (f"{COMMUNITY}012", 102),
    Post.GRID_WORKER: (f"{COMMUNITY}010", 103),
    Post.GRID_LEADER: (f"{COMMUNITY}010", 104),
    Post.COMMUNITY_SECRETARY: (COMMUNITY, 105),
    Post.SUBDISTRICT_OFFICER: ("420106010", 106),
}
PLACEMENT = _place([*ABOVE, GRID_1, _micro("012", id=10)], [_zone("Z1")])


def _assignment(post: Post, **changes: object) -> Assignment:
    code, person_id = POSTS[post]
    fields: dict[str, object] = {
        "id": person_id,
        "post": post,
        "person_id": person_id,
        "person_is_active": True,
        "valid_from": date(2025, 1, 1),
        "zone_code" if post is Post.ZONE_RESPONSIBLE else "area_code": code,
    }
    return Assignment(**{**fields, **changes})  # type: ignore[arg-type]


def _chain(decision: RoutingDecision) -> list[tuple[str, int | None, str]]:
    return [(link.post.value, link.person_id, link.reason.value) for link in decision.chain]


def test_r1_the_chain_runs_from_the_zone_to_the_subdistrict_with_a_reason_each() -> None:
    decision = route(PLACEMENT, [_assignment(post) for post in reversed(Post)], today=TODAY)
    assert _chain(decision) == [
        ("zone_responsible", 101, "own_zone"),
        ("micro_grid_leader", 102, "own_area"),
        ("grid_worker", 103, "own_area"),
        ("community_secretary", 105, "own_area"),
        ("subdistrict_officer", 106, "own_area"),
    ]
    assert decision.responsible_person_id == 101


def test_r4_an_inactive_person_is_passed_over_and_said_so() -> None:
    assignments = [
        _assignment(Post.ZONE_RESPONSIBLE, person_is_active=False),
        _assignment(Post.MICRO_GRID_LEADER),
        _assignment(Post.COMMUNITY_SECRETARY),
    ]
    decision = route(PLACEMENT, assignments, today=TODAY)
    assert _chain(decision)[:3] == [
        ("zone_responsible", None, "person_inactive"),
        ("micro_grid_leader", 102, "territorial_fallback"),
        ("grid_worker", None, "nobody_assigned"),
    ]
    assert decision.chain[0].skipped_person_ids == (101,)
    assert decision.warnings == (MapWarning.PERSON_INACTIVE,)


def test_r8_with_nobody_below_the_owner_of_the_parent_area_answers() -> None:
    decision = route(PLACEMENT, [_assignment(Post.SUBDISTRICT_OFFICER)], today=TODAY)
    assert decision.responsible is not None
    assert (decision.responsible.person_id, decision.responsible.reason) == (106, Reason.TERRITORIAL_FALLBACK)
    nobody = route(PLACEMENT, [], today=TODAY)
    assert (nobody.responsible, nobody.warnings) == (None, (MapWarning.NOBODY_RESPONSIBLE,))


def test_a_second_holder_of_the_post_takes_over_from_an_inactive_first() -> None:
    first = _assignment(Post.ZONE_RESPONSIBLE, person_is_active=False)
    second = _assignment(Post.ZONE_RESPONSIBLE, id=200, person_id=200, valid_from=date(2026, 1, 1))
    decision = route(PLACEMENT, [second, first], today=TODAY)
    assert _chain(decision)[0] == ("zone_responsible", 200, "own_zone")
    assert decision.chain[0].skipped_person_ids == (101,)


def test_the_grid_leader_answers_where_the_grid_has_no_worker() -> None:
    decision = route(PLACEMENT, [_assignment(Post.GRID_LEADER)], today=TODAY)
    assert _chain(decision)[2] == ("grid_leader", 104, "territorial_fallback")


@pytest.mark.parametrize(
    ("stand_in", "expected"),
    [
        ({"stand_in_from": date(2026, 5, 4), "stand_in_to": date(2026, 5, 4)}, (900, Reason.STAND_IN)),
        ({"stand_in_from": date(2026, 5, 1), "stand_in_to": None}, (900, Reason.STAND_IN)),
        ({"stand_in_from": date(2026, 4, 1), "stand_in_to": date(2026, 5, 3)}, (101, Reason.OWN_ZONE)),
        ({"stand_in_from": date(2026, 5, 5), "stand_in_to": None}, (101, Reason.OWN_ZONE)),
        ({"stand_in_from": date(2026, 5, 1), "stand_in_is_active": False}, (101, Reason.OWN_ZONE)),
    ],
)
def test_a_stand_in_answers_on_the_days_given(
    stand_in: dict[str, object], expected: tuple[int, Reason]
) -> None:
    zone = _assignment(
        Post.ZONE_RESPONSIBLE, **{"stand_in_person_id": 900, "stand_in_is_active": True, **stand_in}
    )
    link = route(PLACEMENT, [zone], today=TODAY).chain[0]
    assert (link.person_id, link.reason) == expected


@pytest.mark.parametrize(
    ("dates", "is_held"),
    [
        ({"valid_from": date(2026, 5, 4)}, True),
        ({"valid_from": date(2026, 5, 5)}, False),
        ({"valid_to": date(2026, 5, 4)}, False),
        ({"valid_to": date(2026, 5, 5)}, True),
    ],
)
def test_a_post_counts_from_its_first_day_until_the_day_before_its_end(
    dates: dict[str, object], is_held: bool
) -> None:
    link = route(PLACEMENT, [_assignment(Post.ZONE_RESPONSIBLE, **dates)], today=TODAY).chain[0]
    assert (link.person_id is not None) is is_held


@given(
    held=st.sets(st.sampled_from(list(Post))),
    inactive=st.sets(st.sampled_from(list(Post))),
    order=st.randoms(use_true_random=False),
)
def test_somebody_answers_whenever_anybody_active_holds_a_post_and_order_does_not_matter(
    held: set[Post], inactive: set[Post], order: object
) -> None:
    assignments = [_assignment(post, person_is_active=post not in inactive) for post in Post if post in held]
    shuffled = list(assignments)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    decision = route(PLACEMENT, shuffled, today=TODAY)
    assert decision == route(PLACEMENT, assignments, today=TODAY)
    assert (decision.responsible is not None) is bool(held - inactive)
    assert len(decision.chain) == 5
