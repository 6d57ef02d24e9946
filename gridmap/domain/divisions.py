"""Codes of administrative divisions (行政区划): how two editions of the list differ, and which name is which.

The list is published by year; a community keeps its name and gets another code when its street is merged or
re-numbered. Names repeat (赤城街道 is in two provinces), so a name counts only below its parent.

Source of the structure: 统计用区划代码 (12 digits = county 6 + street 3 + community 3).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gridmap.domain.errors import DomainError

COUNTY_LENGTH, STREET_LENGTH, COMMUNITY_LENGTH = 6, 9, 12
_LENGTHS = (COUNTY_LENGTH, STREET_LENGTH, COMMUNITY_LENGTH)

# What offices append to a name, longest first; 街办事处 of one edition is 街道 of the next.
_ENDINGS: Mapping[int, tuple[str, ...]] = {
    COUNTY_LENGTH: ("自治县", "区", "县", "市"),
    STREET_LENGTH: ("街道办事处", "乡人民政府", "镇人民政府", "街办事处", "办事处", "街道", "街", "镇", "乡"),
    COMMUNITY_LENGTH: (
        *("社区居民委员会", "社区居委会", "居民委员会", "村民委员会", "居委会", "村委会"),
        *("社区", "村"),
    ),
}
_LEAST_NAME_LENGTH = 2


class InvalidDivision(DomainError):
    """A row of a division list has no code of 6, 9 or 12 digits, or no name."""

    code = "division.invalid"

    def __init__(self, *, division_code: str, name: str) -> None:
        super().__init__(division_code=division_code, name=name)


class Relation(StrEnum):
    """What became of a division between two editions."""

    SAME = "same"
    RENAMED = "renamed"
    """The code stayed; the name is another one, not only another way to write it."""
    RECODED = "recoded"
    """Below the same parent (by name), with another code."""
    MOVED = "moved"
    """Below another parent of the same county."""
    ENDED = "ended"
    BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class Division:
    """One row of the list: a county (6 digits), a street or township (9), a community or village (12)."""

    code: str
    name: str

    def __post_init__(self) -> None:
        if len(self.code) not in _LENGTHS or not re.fullmatch(r"[1-9]\d*", self.code, re.ASCII):
            raise InvalidDivision(division_code=self.code, name=self.name)
        if not self.name.strip():
            raise InvalidDivision(division_code=self.code, name=self.name)

    @property
    def parent_code(self) -> str:
        """The first digits: of the street, the county, or for a county the prefecture."""
        return self.code[: {6: 4, 9: 6, 12: 9}[len(self.code)]]


@dataclass(frozen=True, slots=True)
class Recoding:
    """What one code of an edition is in another; ``new_code`` None: ended, ``old_code`` None: begun."""

    old_code: str | None
    new_code: str | None
    relation: Relation


def plain_name(name: str, code_length: int) -> str:
    """Reduce a name to what tells it from its neighbours: no spaces, no office's ending.

    At least two characters stay, so that 东街 does not become 东.
    """
    plain = "".join(name.split())
    for ending in _ENDINGS[code_length]:
        if plain.endswith(ending) and len(plain) - len(ending) >= _LEAST_NAME_LENGTH:
            return plain[: -len(ending)]
    return plain


def prefix_of(parent: str) -> str | None:
    """Return the digits of a parent that names may be sought below: 4, 6 or 9 of them, or None."""
    return parent if re.fullmatch(r"[1-9](\d{3}|\d{5}|\d{8})", parent, re.ASCII) else None


def compare_divisions(old: Iterable[Division], new: Iterable[Division]) -> list[Recoding]:
    """Find what became of every division, counties first, so that children are sought below the new parent.

    Parameters
    ----------
    old, new : of one region, each code once

    Returns
    -------
    list of Recoding
        Every old code once (ordered by it), then every begun one. Where several could be the successor (two
        communities of one name in a county), none is taken: an ended and a begun one are said instead.
    """
    before, after = _by_length(old), _by_length(new)
    parents: dict[str, str] = {}
    found: list[Recoding] = []
    for length in _LENGTHS:
        level = _compare_level(before[length], after[length], length, parents)
        parents |= {each.old_code: each.new_code for each in level if each.old_code and each.new_code}
        found += level
    return sorted(found, key=lambda each: (each.old_code is None, each.old_code or each.new_code or ""))


def _by_length(divisions: Iterable[Division]) -> dict[int, dict[str, Division]]:
    sorted_out: dict[int, dict[str, Division]] = {length: {} for length in _LENGTHS}
    for division in divisions:
        sorted_out[len(division.code)][division.code] = division
    return sorted_out


def _compare_level(
    old: Mapping[str, Division], new: Mapping[str, Division], length: int, parents: Mapping[str, str]
) -> list[Recoding]:
    names_after = {code: plain_name(division.name, length) for code, division in new.items()}
    found: dict[str, Recoding] = {}
    open_codes: list[str] = []
    for code, division in old.items():
        if names_after.get(code) == plain_name(division.name, length):
            found[code] = Recoding(code, code, Relation.SAME)
        else:
            open_codes.append(code)
    taken = set(found)
    free = {code: division for code, division in new.items() if code not in taken}
    for relation in (Relation.RECODED, Relation.MOVED):
        is_below_parent = relation is Relation.RECODED
        pairs = _pairs(
            [
                (
                    _ground(old[code], parents if is_below_parent else None),
                    plain_name(old[code].name, length),
                    code,
                )
                for code in open_codes
            ],
            [
                (_ground(each, {} if is_below_parent else None), plain_name(each.name, length), code)
                for code, each in free.items()
            ],
        )
        for old_code, new_code in pairs.items():
            found[old_code] = Recoding(old_code, new_code, relation)
            del free[new_code]
        open_codes = [code for code in open_codes if code not in pairs]
    for code in open_codes:
        if code in free:
            found[code] = Recoding(code, code, Relation.RENAMED)
            del free[code]
        else:
            found[code] = Recoding(code, None, Relation.ENDED)
    return [*found.values(), *(Recoding(None, code, Relation.BEGUN) for code in free)]


def _ground(division: Division, parents: Mapping[str, str] | None) -> str:
    """Where a name has to be the only one: below the parent (by its new code), or None: in the county."""
    if parents is None:
        return division.code[:COUNTY_LENGTH]
    return parents.get(division.parent_code, division.parent_code)


def _pairs(old: Sequence[tuple[str, str, str]], new: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Pair codes whose parent and name agree and are the only ones of that parent and name on either side."""
    olds, news = _grouped(old), _grouped(new)
    return {
        codes[0]: news[key][0]
        for key, codes in olds.items()
        if len(codes) == 1 and len(news.get(key, ())) == 1
    }


def _grouped(rows: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], list[str]]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for parent, name, code in rows:
        groups[parent, name].append(code)
    return groups


class NameIndex:
    """Codes by parent and name, with the other names that people use."""

    def __init__(self, divisions: Iterable[Division], aliases: Iterable[tuple[str, str]] = ()) -> None:
        """``aliases`` are pairs of a code and another name of it."""
        self._codes: dict[tuple[str, str], set[str]] = defaultdict(set)
        known: set[str] = set()
        for division in divisions:
            known.add(division.code)
            self._add(division.code, division.name)
        for code, alias in aliases:
            if code in known:
                self._add(code, alias)

    def _add(self, code: str, name: str) -> None:
        plain = plain_name(name, len(code))
        for length in (4, *_LENGTHS):
            if length < len(code):
                self._codes[code[:length], f"{len(code)}{plain}"].add(code)

    def find(self, name: str, *, within: str, code_length: int) -> str | None:
        """Return the one code of that name below ``within`` (its first digits), or None.

        A name without a parent is no answer: ``within`` has at least the four digits of a prefecture.
        """
        found = self._codes.get((within, f"{code_length}{plain_name(name, code_length)}"), set())
        return next(iter(found)) if len(found) == 1 else None
