"""Who lives in which house: households, residents, elderly people and e-bikes, by kind of compound."""

from __future__ import annotations

from dataclasses import dataclass

from .site import Built, House
from .town import parcel_rng


@dataclass(frozen=True, slots=True)
class _Mix:
    """Shares and means for one kind of compound; ranges are drawn once a house."""

    occupied: tuple[float, float]
    persons_per_home: tuple[float, float]
    elderly_share: tuple[float, float]
    ebikes_per_home: tuple[float, float]


_MIXES = {
    "old": _Mix((0.93, 1.0), (2.15, 2.65), (0.26, 0.38), (0.45, 0.75)),
    "commodity": _Mix((0.88, 0.98), (2.5, 3.1), (0.12, 0.22), (0.22, 0.42)),
    "resettle": _Mix((0.93, 1.0), (2.7, 3.3), (0.18, 0.28), (0.6, 0.9)),
    "unit": _Mix((0.93, 1.0), (2.2, 2.7), (0.28, 0.4), (0.4, 0.6)),
    "lanes": _Mix((0.9, 1.0), (2.0, 2.8), (0.24, 0.4), (0.5, 0.8)),
}
_WORKPLACE_EBIKES = {
    "shop": (0, 4),
    "office": (6, 30),
    "school": (4, 16),
    "hospital": (15, 45),
    "industrial": (4, 12),
}


def settle(towns: list[Built]) -> None:
    """Fill in the homes of every house that stands; a pure function of the seed and the parcel."""
    for index, built in enumerate(towns):
        rng = parcel_rng(index, 4)
        mix = _MIXES.get(built.parcel.plot.kind)
        for house in built.houses:
            if house.flats_per_floor and mix is not None:
                _live_in(house, mix, rng.random(4).tolist())


def busy(towns: list[Built]) -> None:
    """Count the e-bikes of those who work here; after the shops have been built."""
    for index, built in enumerate(towns):
        rng = parcel_rng(index, 5)
        for house in built.houses:
            span = _WORKPLACE_EBIKES.get(house.kind)
            if span is not None and not house.households:
                house.ebikes = int(rng.integers(span[0], span[1] + 1))


def _live_in(house: House, mix: _Mix, dice: list[float]) -> None:
    def between(span: tuple[float, float], die: float) -> float:
        return span[0] + (span[1] - span[0]) * die

    homes = house.floors * house.flats_per_floor
    house.households = max(1, round(homes * between(mix.occupied, dice[0])))
    house.residents = max(1, round(house.households * between(mix.persons_per_home, dice[1])))
    house.elderly = min(house.residents, round(house.residents * between(mix.elderly_share, dice[2])))
    house.ebikes = round(house.households * between(mix.ebikes_per_home, dice[3]))
