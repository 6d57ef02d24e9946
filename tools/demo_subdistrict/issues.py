"""Twelve months of issues with their histories, by the accounts that would have written them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from shapely import LineString, Point, STRtree

from . import frame, plan_issues
from .people import Society
from .place import Building, Place
from .plan_issues import KINDS, KindPlan

Record = dict[str, object]
ISSUE_COUNT = 1200
# The office leads 35 of which 19 are done; 15 were collected on visits of which 13 are solved.
GOLDEN = (("led", 35, 19), ("collected", 15, 13))
_ZONE = timezone(timedelta(hours=8))
_NOW = datetime(2026, 11, 20, 18, 0, tzinfo=_ZONE)
_SPAN_DAYS = 364
# Old estates have no lift that could stick: there people argue about building one.
_LIFTS, _LIFT_FROM_FLOORS = "01083", 8
_SAID_TWICE = (
    ("旁旁", "旁"),
    ("旁楼", "楼"),
    ("旁门口", "门口"),
    ("旁路边", "路边"),
    ("旁墙边", "墙边"),
    ("旁绿地内", "绿地内"),
    ("沿线沿线", "沿线"),
    ("门前沿线", "沿线"),
    ("门前路口", "路口"),
    ("门前门店", "门前有门店"),
)
_LIVELY = {
    "old": 1.0,
    "lanes": 0.9,
    "resettle": 0.6,
    "unit": 0.5,
    "commodity": 0.35,
    "market": 0.6,
    "retail": 0.5,
}


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where an issue is, what people call the place, in which micro-grid it lies."""

    location: Point
    words: str
    micro_grid_code: str
    floors: int


def categories() -> list[Record]:
    """The dictionary as records."""
    return [
        {
            "code": kind.code,
            "kind": kind.kind,
            "major_code": kind.code[:2],
            "major_name": kind.major[0],
            "major_name_en": kind.major[1],
            "name": kind.name,
            "name_en": kind.name_en,
            "icon": kind.icon,
            "standard_ref": plan_issues.LOCAL if kind.is_local else f"{plan_issues.STANDARD} {kind.code}",
            "is_public": kind.is_public,
            "is_private_home": kind.is_private_home,
            "duplicate_radius_m": kind.radius_m,
            "sort_order": order * 10,
        }
        for order, kind in enumerate(KINDS, start=1)
    ]


class _Finder:
    """Draws places: old estates more often than new ones."""

    def __init__(self, place: Place, rng: np.random.Generator) -> None:
        self.place = place
        self.rng = rng
        self.tree = STRtree([row.middle for row in place.buildings])
        self.homes_of: dict[int, list[Building]] = {}
        for row in place.buildings:
            if row.house.households:
                self.homes_of.setdefault(row.parcel_index, []).append(row)
        self.homes = [row for row in place.buildings if row.house.households]
        self.home_weights = self._weights([(row.parcel_index, row.house.households) for row in self.homes])
        self.walks = [
            (index, walk.line)
            for index, built in enumerate(place.towns)
            for walk in built.walks
            if walk.kind == "footway" and walk.line.length > 25 and built.parcel.plot.kind in _LIVELY
        ]
        self.walk_weights = self._weights([(index, int(line.length)) for index, line in self.walks])
        inside = place.fabric.outline.buffer(-12)
        self.streets = [
            edge
            for edge in place.fabric.edges
            if inside.contains(edge.line.interpolate(0.5, normalized=True))
        ]
        lengths = np.array([edge.line.length for edge in self.streets])
        self.street_weights = lengths / lengths.sum()

    def _weights(self, rows: list[tuple[int, int]]) -> np.ndarray:
        kinds = [self.place.towns[index].parcel.plot.kind for index, _ in rows]
        raw = np.array([_LIVELY.get(kind, 0.05) * size for kind, (_, size) in zip(kinds, rows, strict=True)])
        return raw / raw.sum()

    def find(self, where: str) -> _Spot:
        makers: dict[str, Callable[[], tuple[Point, str, int]]] = {
            "house": self._house,
            "inside": self._inside,
            "street": self._street,
        }
        while True:
            point, words, floors = makers[where]()
            micro_grid = self.place.micro_grid_at(point)
            location = frame.point_degrees(point)
            if micro_grid.boundary.contains(location):
                return _Spot(location, words, micro_grid.code, floors)

    def _house(self) -> tuple[Point, str, int]:
        row = self.homes[int(self.rng.choice(len(self.homes), p=self.home_weights))]
        ring = row.house.outline.buffer(1.5).exterior
        return ring.interpolate(float(self.rng.random()), normalized=True), self._name(row), row.house.floors

    def _name(self, row: Building) -> str:
        plot = self.place.towns[row.parcel_index].parcel.plot
        text = row.address.text
        return text[text.index(plot.name) :] if plot.name in text else plot.name

    def _inside(self) -> tuple[Point, str, int]:
        index, line = self.walks[int(self.rng.choice(len(self.walks), p=self.walk_weights))]
        point = self._beside(line, 3.0)
        rows = self.homes_of.get(index, [])
        name = self.place.towns[index].parcel.plot.name
        if not rows:
            return point, name, 0
        near = min(rows, key=lambda row: (round(row.house.outline.distance(point), 2), row.code))
        return point, f"{self._name(near)}旁", near.house.floors

    def _street(self) -> tuple[Point, str, int]:
        edge = self.streets[int(self.rng.choice(len(self.streets), p=self.street_weights))]
        point = self._beside(edge.line, edge.width_m / 2 + 1.0)
        near = self.place.buildings[int(self.tree.nearest(frame.point_degrees(point)))]
        text = near.address.text
        if text.startswith(edge.name) and "号" in text:
            return point, f"{text[: text.index('号') + 1]}门前", 0
        return point, f"{edge.name}沿线", 0

    def _beside(self, line: LineString, off: float) -> Point:
        at = line.interpolate(float(self.rng.uniform(0.1, 0.9)), normalized=True)
        angle = float(self.rng.uniform(0, 2 * np.pi))
        return Point(at.x + off * np.cos(angle), at.y + off * np.sin(angle))


class _Writer:
    """Writes the history of one issue."""

    def __init__(self, rng: np.random.Generator, society: Society) -> None:
        self.rng = rng
        by_person = {a["person_code"]: str(a["username"]) for a in society.accounts if a["person_code"]}
        self.worker = {grid[:14]: by_person[person] for grid, person in society.worker_of_grid.items()}
        self.secretary = {code: by_person[person] for code, person in society.secretary_of_community.items()}

    def pick(self, texts: tuple[str, ...]) -> str:
        return texts[int(self.rng.integers(len(texts)))]

    def later(self, at: datetime, low_h: float, high_h: float) -> datetime:
        """A later moment within office hours."""
        moment = at + timedelta(hours=float(self.rng.uniform(low_h, high_h)))
        moment = moment.replace(second=0, microsecond=0)
        if moment.hour >= 18:
            moment = (moment + timedelta(days=1)).replace(hour=8, minute=30 + moment.minute // 2)
        elif moment.hour < 8:
            moment = moment.replace(hour=8, minute=30 + moment.minute // 2)
        return max(moment, at + timedelta(minutes=5))

    def history(self, kind: KindPlan, spot: _Spot, captured: datetime, *, end: str) -> list[Record]:
        """Events up to ``end``: submitted, handling, to_rate, closed or returned."""
        worker = self.worker[spot.micro_grid_code[:14]]
        secretary = self.secretary[spot.micro_grid_code[:12]]
        handlers, done_notes = plan_issues.WORK[plan_issues.work_of(kind)]
        events: list[Record] = []

        def add(event: str, at: datetime, by: str, **more: object) -> None:
            events.append({"kind": event, "at": at.isoformat(), "by": by, **more})

        def give_back(at: datetime) -> list[Record]:
            add("state_changed", at, secretary, to_state="returned", note=self.pick(plan_issues.RETURN_NOTES))
            return events

        add("created", captured, worker, to_state="submitted")
        if end == "submitted":
            return events
        at = self.later(captured, 0.3, 9)
        if end == "returned" and self.rng.random() < 0.5:
            return give_back(at)
        note = self.pick(plan_issues.HANDLING_NOTES).replace("{u}", self.pick(handlers))
        add("state_changed", at, secretary, to_state="handling", note=note)
        if self.rng.random() < 0.45:
            at = self.later(at, 0.5, 20)
            add("noted", at, worker, note=self.pick(plan_issues.VISIT_NOTES))
        if end == "handling":
            return events
        at = self.later(at, 2, 110)
        if end == "returned":
            return give_back(at)
        add("state_changed", at, worker, to_state="to_rate", note=self.pick(done_notes))
        if end == "to_rate":
            return events
        at = self.later(at, 2, 70)
        rating = int(self.rng.choice([5, 5, 5, 4, 4, 3, 2]))
        words = plan_issues.RATING_NOTES[0 if rating >= 4 else 1 if rating == 3 else 2]
        add("rated", at, secretary, rating=rating, note=words)
        closing = self.pick(plan_issues.CLOSING_NOTES)
        add("state_changed", self.later(at, 0.1, 3), secretary, to_state="closed", note=closing)
        return events


def build(place: Place, society: Society) -> list[Record]:
    """All issues in the order in which they were captured."""
    rng = np.random.default_rng([frame.SEED, 7])
    finder, writer = _Finder(place, rng), _Writer(rng, society)
    weights = np.array([kind.weight for kind in KINDS])
    days = np.sort(rng.random(ISSUE_COUNT) ** 0.92 * _SPAN_DAYS)
    tags = _golden_tags(rng)
    drafts: list[tuple[datetime, KindPlan, _Spot, str, list[Record], list[str]]] = []
    for index, day in enumerate(days):
        kind = KINDS[int(rng.choice(len(KINDS), p=weights / weights.sum()))]
        captured = _captured(rng, float(day))
        spot = finder.find(kind.where)
        tag, done = tags.get(index, ("", False))
        end = _end(rng, captured, tag, done)
        events = _in_time(writer, kind, spot, captured, end)
        fitting = (
            kind.wordings[2:] if kind.code == _LIFTS and spot.floors < _LIFT_FROM_FLOORS else kind.wordings
        )
        text = fitting[int(rng.integers(len(fitting)))]
        text = _worded(text, spot.words, int(rng.integers(2, 7)))
        drafts.append((captured, kind, spot, text, events, [tag] if tag else []))
    drafts.sort(key=lambda draft: draft[0])
    counts: dict[int, int] = {}
    result: list[Record] = []
    for captured, kind, spot, text, events, tagged in drafts:
        counts[captured.year] = counts.get(captured.year, 0) + 1
        result.append(
            {
                "number": f"{captured.year}-{counts[captured.year]:06d}",
                "category_code": kind.code,
                "description": text,
                "address_text": spot.words,
                "lon_deg": spot.location.x,
                "lat_deg": spot.location.y,
                "accuracy_m": float(rng.choice([4.0, 6.0, 8.0, 12.0, 20.0])),
                "captured_at": captured.isoformat(),
                "events": events,
                "tags": tagged,
            }
        )
    return result


def _worded(text: str, place: str, number: int) -> str:
    """Fill in a wording; "beside" and "before" are not said twice."""
    text = text.replace("{p}", place).replace("{n}", str(number)).replace("{m}", str(1 + number % 3))
    for double, single in _SAID_TWICE:
        text = text.replace(double, single)
    return text


def _captured(rng: np.random.Generator, day: float) -> datetime:
    date = (_NOW - timedelta(days=_SPAN_DAYS - int(day))).date()
    minute = int(np.clip(rng.normal(12.5 * 60, 170), 7.5 * 60, 17.4 * 60))
    return datetime(
        date.year, date.month, date.day, minute // 60, minute % 60, int(rng.integers(60)), tzinfo=_ZONE
    )


def _golden_tags(rng: np.random.Generator) -> dict[int, tuple[str, bool]]:
    """Which issues are on the office's two lists; they are captured 10 to 160 days before the data date."""
    window = np.arange(int(ISSUE_COUNT * 0.57), int(ISSUE_COUNT * 0.95))
    chosen = rng.choice(window, size=sum(count for _, count, _ in GOLDEN), replace=False).tolist()
    result: dict[int, tuple[str, bool]] = {}
    for name, count, done_count in GOLDEN:
        for number in range(count):
            result[int(chosen.pop())] = (name, number < done_count)
    return result


def _end(rng: np.random.Generator, captured: datetime, tag: str, done: bool) -> str:
    """The state an issue has reached by the data date."""
    if tag:
        return "closed" if done else "handling"
    age = (_NOW - captured).days
    die = float(rng.random())
    if die < 0.055:
        return "returned"
    if age > 30:
        return "closed" if die < 0.985 else "handling"
    if age > 8:
        return "closed" if die < 0.55 else "to_rate" if die < 0.75 else "handling"
    return "submitted" if die > 0.62 else "handling" if die > 0.22 else "to_rate"


def _in_time(writer: _Writer, kind: KindPlan, spot: _Spot, captured: datetime, end: str) -> list[Record]:
    """The history, cut where it would reach beyond the data date."""
    events = writer.history(kind, spot, captured, end=end)
    return [event for event in events if datetime.fromisoformat(str(event["at"])) <= _NOW]
