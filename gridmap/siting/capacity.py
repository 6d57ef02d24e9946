"""Sites that are full: maximal covering and least total walk where a site serves no more than its capacity.

A client may be split between sites. Amounts flow over arcs (client, site); each is worth something, and the
plan of most worth is sought:

    maximise  sum of worth_a * flow_a
    flows of a client <= its weight;  flows to a site <= its capacity, and only if it is open

For coverage an arc is worth what its client is worth at that distance; for walks, the metres it saves against
not being served. Clients with the same arcs are one client. Where the sites are decided, the rest is a
transport problem, so amounts are whole.

Source: Current & Storbeck, *Capacitated covering models*, 1988; the strong rows flow <= min(weight,
capacity) * open are those of Cornuéjols, Sridharan & Thizy 1991.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from gridmap.siting import milp
from gridmap.siting.bounds import safe_ceiling
from gridmap.siting.compiled import Flags, Integers
from gridmap.siting.coverage import Coverage, group_floors
from gridmap.siting.errors import NoPlanPossible, SearchEndedWithoutPlan, SitingInputUnusable
from gridmap.siting.instance import (
    Instance,
    Standing,
    left_of_budget,
    new_site_count,
)
from gridmap.siting.median import always_open, filled_up
from gridmap.siting.result import Plan, Stop, Watch, relative_gap


def solve_capacitated_coverage(instance: Instance, asked: Coverage, *, watch: Watch | None = None) -> Plan:
    """Return the plan that serves most within the radius; floors and decay as in :mod:`coverage`.

    Raises
    ------
    SitingInputUnusable
        The instance has no capacities, or backup coverage is asked for.
    NoPlanPossible
        No plan meets the floors.
    """
    if asked.backup_percent:
        raise SitingInputUnusable(reason="siting.capacity_with_backup")
    floors = group_floors(instance, asked)
    near = replace(instance, reach=instance.reach.within(asked.radius_m))
    distance_m = near.reach.distance_m
    worth = np.ones_like(distance_m) if asked.decay is None else asked.decay.permille(distance_m)
    if asked.p is not None:
        price, budget = np.ones_like(instance.cost), new_site_count(instance, asked.p)
    else:
        assert asked.budget is not None
        price, budget = instance.cost, left_of_budget(instance, asked.budget)
    return _solve(near, worth, price=price, budget=budget, floors=floors, watch=watch or Watch(), p=asked.p)


def solve_capacitated_median(
    instance: Instance, *, p: int, beyond_m: int | None = None, watch: Watch | None = None
) -> Plan:
    """Return the plan of least total walk; what isn't served counts `beyond_m` (the cutoff if not given).

    Raises
    ------
    SitingInputUnusable
        No capacities, or the largest p of them together with existing sites hold less than the demand.
    """
    count = new_site_count(instance, p)
    capacity = _capacity(instance)
    held = int(capacity[always_open(instance)].sum())
    held += int(np.sort(capacity[instance.free])[::-1][:count].sum())
    short = int(instance.weight.sum()) - held
    if short > 0:
        raise SitingInputUnusable(reason="siting.capacity_short", short=short)
    beyond_m = instance.reach.cutoff_m if beyond_m is None else beyond_m
    if beyond_m < instance.reach.cutoff_m:
        raise SitingInputUnusable(
            reason="siting.beyond_below_cutoff", beyond_m=beyond_m, cutoff_m=instance.reach.cutoff_m
        )
    plan = _solve(
        instance,
        beyond_m - instance.reach.distance_m,
        price=np.ones_like(instance.cost),
        budget=count,
        floors=np.zeros(0, dtype=np.int64),
        watch=watch or Watch(),
        p=p,
    )
    most = int(instance.weight.sum()) * beyond_m
    objective, bound = most - plan.objective, most - plan.bound
    return replace(plan, objective=objective, bound=bound, gap=relative_gap(objective, bound))


def _capacity(instance: Instance) -> Integers:
    if instance.capacity is None:
        raise SitingInputUnusable(reason="siting.no_capacities")
    return instance.capacity


@dataclass(frozen=True)
class _Arcs:
    """Merged clients and their arcs to usable candidates.

    Attributes
    ----------
    kind : (n,) int, the merged client of each client; weight : (k,) int, theirs.
    client, site, worth : (a,) int, arcs of merged clients.
    """

    kind: Integers
    weight: Integers
    client: Integers
    site: Integers
    worth: Integers


def _arcs(instance: Instance, worth: Integers) -> _Arcs:
    reach = instance.reach
    usable = (instance.standing != Standing.FORCED_OUT)[reach.candidate] & (worth > 0)
    client, site, value = reach.client[usable], reach.candidate[usable], worth[usable]
    bounds = np.searchsorted(client, np.arange(instance.client_count + 1))
    known: dict[tuple[int, bytes, bytes], int] = {}
    kind = np.empty(instance.client_count, dtype=np.int64)
    first: list[int] = []
    for i in range(instance.client_count):
        entries = slice(bounds[i], bounds[i + 1])
        key = (int(instance.group[i]), site[entries].tobytes(), value[entries].tobytes())
        kind[i] = known.setdefault(key, len(known))
        if kind[i] == len(first):
            first.append(i)
    weight = np.zeros(len(first), dtype=np.int64)
    np.add.at(weight, kind, instance.weight)
    stays = np.isin(client, first)
    return _Arcs(kind, weight, kind[client[stays]], site[stays], value[stays])


def _solve(
    instance: Instance,
    worth: Integers,
    *,
    price: Integers,
    budget: int,
    floors: Integers,
    watch: Watch,
    p: int | None,
) -> Plan:
    capacity = _capacity(instance)
    arcs = _arcs(instance, worth)
    program, columns = _program(instance, arcs, capacity=capacity, price=price, budget=budget, floors=floors)
    solution = milp.solve(program, watch)
    if solution.outcome == "infeasible":
        raise NoPlanPossible(reason="siting.floors_with_these_sites")
    if solution.point is None:
        raise SearchEndedWithoutPlan
    chosen = columns[solution.point[: len(columns)] > 0.5]
    if p is not None:
        is_open = filled_up(instance, chosen, count=budget)
    else:
        is_open = always_open(instance)
        is_open[chosen] = True
    flow = _transported(instance, arcs, is_open, capacity=capacity, floors=floors)
    objective = int((arcs.worth * flow).sum())
    bound = objective
    stop: Stop = "proven"
    if solution.outcome == "stopped":
        bound = max(objective, -safe_ceiling(solution.bound - 1e-6))
        stop = "proven" if bound == objective else watch.must_stop or "time"
    served = _shared_out(instance, arcs, flow)
    return Plan(
        sites=np.flatnonzero(is_open),
        assignment=_main_site(instance, served),
        objective=objective,
        bound=bound,
        gap=relative_gap(objective, bound),
        is_proven=objective >= bound,
        stopped_by=stop,
        time_s=watch.elapsed_s,
        served=served,
    )


def _flow_rows(
    instance: Instance, arcs: _Arcs, floors: Integers
) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
    """Sums of flows by client, by site and by group, each (.., a)."""
    count = len(arcs.client)
    ones, number = np.ones(count), np.arange(count)
    group = np.full(len(arcs.weight), -1, dtype=np.int64)
    group[arcs.kind] = instance.group
    inside = group[arcs.client] >= 0 if len(floors) else np.zeros(count, dtype=np.bool_)
    return (
        csr_matrix((ones, (arcs.client, number)), shape=(len(arcs.weight), count)),
        csr_matrix((ones, (arcs.site, number)), shape=(instance.candidate_count, count)),
        csr_matrix((ones[inside], (group[arcs.client[inside]], number[inside])), shape=(len(floors), count)),
    )


def _program(
    instance: Instance,
    arcs: _Arcs,
    *,
    capacity: Integers,
    price: Integers,
    budget: int,
    floors: Integers,
) -> tuple[milp.Program, Integers]:
    """Open (whole) for each free candidate, then the flow of each arc; return the candidates, too."""
    columns = np.flatnonzero(instance.free)
    number = np.full(instance.candidate_count, -1, dtype=np.int64)
    number[columns] = np.arange(len(columns))
    count, flows = len(columns), len(arcs.client)
    by_client, by_site, by_group = _flow_rows(instance, arcs, floors)
    is_free = instance.free
    most = np.minimum(arcs.weight[arcs.client], capacity[arcs.site]).astype(np.float64)
    opening = csr_matrix(
        (-capacity[columns].astype(np.float64), (columns, np.arange(count))),
        shape=(instance.candidate_count, count),
    )
    linked = np.flatnonzero(is_free[arcs.site])
    links = csr_matrix(
        (-most[linked], (np.arange(len(linked)), number[arcs.site[linked]])), shape=(len(linked), count)
    )
    link_flows = csr_matrix(
        (np.ones(len(linked)), (np.arange(len(linked)), linked)), shape=(len(linked), flows)
    )
    pairs = number[instance.apart]
    pairs = pairs[(pairs >= 0).all(axis=1)]
    rivals = csr_matrix(
        (np.ones(2 * len(pairs)), (np.repeat(np.arange(len(pairs)), 2), pairs.ravel())),
        shape=(len(pairs), count),
    )
    spent = csr_matrix(price[columns][None, :].astype(np.float64))
    matrix = vstack(
        [
            hstack([csr_matrix((len(arcs.weight), count)), by_client]),
            hstack([opening, by_site]),
            hstack([links, link_flows]),
            hstack([rivals, csr_matrix((len(pairs), flows))]),
            hstack([spent, csr_matrix((1, flows))]),
            hstack([csr_matrix((len(floors), count)), by_group]),
        ]
    )
    high = [arcs.weight, np.where(is_free, 0, capacity), np.zeros(len(linked)), np.ones(len(pairs)), [budget]]
    low_count = len(arcs.weight) + instance.candidate_count + len(linked) + len(pairs) + 1
    return (
        milp.Program(
            cost=np.concatenate([np.zeros(count), -arcs.worth]).astype(np.float64),
            upper=np.concatenate([np.ones(count), most]),
            is_whole=np.arange(count + flows) < count,
            matrix=csr_matrix(matrix),
            low=np.concatenate([np.full(low_count, -np.inf), floors]).astype(np.float64),
            high=np.concatenate([*high, np.full(len(floors), np.inf)]).astype(np.float64),
        ),
        columns,
    )


def _transported(
    instance: Instance, arcs: _Arcs, is_open: Flags, *, capacity: Integers, floors: Integers
) -> Integers:
    """Share the demand out over open sites at most worth, (a,); a corner of this program is whole."""
    by_client, by_site, by_group = _flow_rows(instance, arcs, floors)
    room = np.where(is_open, capacity, 0)
    blocks = [by_client, by_site, by_group]
    solution = milp.solve(
        milp.Program(
            cost=-arcs.worth.astype(np.float64),
            upper=np.minimum(arcs.weight[arcs.client], room[arcs.site]).astype(np.float64),
            is_whole=np.zeros(len(arcs.client), dtype=np.bool_),
            matrix=csr_matrix(vstack(blocks)),
            low=np.concatenate([np.full(len(arcs.weight) + len(room), -np.inf), floors]).astype(np.float64),
            high=np.concatenate([arcs.weight, room, np.full(len(floors), np.inf)]).astype(np.float64),
        ),
        Watch(),
    )
    if solution.point is None:
        raise milp.SolverFailed(solution.outcome)
    return np.rint(solution.point).astype(np.int64)


def _shared_out(instance: Instance, arcs: _Arcs, flow: Integers) -> Integers:
    """Give each client of a merged one its part of the flows in turn; rows of client, site, amount."""
    rows: list[tuple[int, int, int]] = []
    used = np.flatnonzero(flow > 0)
    by_kind: dict[int, list[list[int]]] = {}
    for arc in used:
        by_kind.setdefault(int(arcs.client[arc]), []).append([int(arcs.site[arc]), int(flow[arc])])
    for client in range(instance.client_count):
        wants = int(instance.weight[client])
        parts = by_kind.get(int(arcs.kind[client]), [])
        while wants and parts:
            taken = min(wants, parts[0][1])
            rows.append((client, parts[0][0], taken))
            wants -= taken
            parts[0][1] -= taken
            if not parts[0][1]:
                parts.pop(0)
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _main_site(instance: Instance, served: Integers) -> Integers:
    """Return the site that serves most of each client, the lowest of equals, -1 where none does."""
    site = np.full(instance.client_count, -1, dtype=np.int64)
    order = np.lexsort((-served[:, 1], served[:, 2], served[:, 0]))
    # of the entries of one client the last one written stands
    site[served[order, 0]] = served[order, 1]
    return site
