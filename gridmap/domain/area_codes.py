"""Codes of areas: what they mean, how they nest, how they are made.

===============  ======  ==========================================================================
level            length  made of
===============  ======  ==========================================================================
subdistrict      9       six digits of the county and three of the 街道 or 乡镇
community        12      the subdistrict's nine and three digits
grid             15      the community's twelve, a two-digit sequence from 01 and the digit 0
micro_grid       15      the grid's first fourteen and one character of 1-9, A-Z
===============  ======  ==========================================================================

So a grid and its micro-grids share their first fourteen characters, every code in a community's tree begins
with the community's twelve, and "everything in this community" is one range of codes: :func:`code_range`.
The order of characters is that of the C locale: digits before capital letters.

Source: GB/T 30428.1 and GB/T 47678.3 (15 characters, sequence from west to east and north to south);
the split of the last three characters into grid and micro-grid is this project's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from gridmap.domain.errors import DomainError

MICRO_GRID_CHARACTERS = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAX_GRIDS_PER_COMMUNITY = 99
MAX_MICRO_GRIDS_PER_GRID = len(MICRO_GRID_CHARACTERS)

_SUBDISTRICT = re.compile(r"[1-9][0-9]{8}", re.ASCII)
_COMMUNITY = re.compile(r"[1-9][0-9]{11}", re.ASCII)
_GRID_OR_MICRO_GRID = re.compile(r"[1-9][0-9]{13}[0-9A-Z]", re.ASCII)


class AreaLevel(StrEnum):
    """The four levels of one grid scheme, from the largest to the smallest."""

    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"
    MICRO_GRID = "micro_grid"


UPPER_LEVEL = {
    AreaLevel.COMMUNITY: AreaLevel.SUBDISTRICT,
    AreaLevel.GRID: AreaLevel.COMMUNITY,
    AreaLevel.MICRO_GRID: AreaLevel.GRID,
}
"""The level whose areas each area of a level lies in."""


class SchemeAbsent(DomainError):
    """There is no grid scheme of that code; ``known`` lists those there are."""

    code = "import.scheme_absent"


class InvalidAreaCode(DomainError):
    """No code of an area; ``reason`` is ``length``, ``characters``, ``sequence`` or ``level``."""

    code = "area.invalid_code"

    def __init__(self, *, area_code: str, reason: str) -> None:
        self.area_code = area_code
        self.reason = reason
        super().__init__(area_code=area_code, reason=reason)


def level_of(area_code: str) -> AreaLevel:
    """Say which level a code belongs to.

    Raises
    ------
    InvalidAreaCode
        The text is no code of any level.
    """
    patterns = {9: _SUBDISTRICT, 12: _COMMUNITY, 15: _GRID_OR_MICRO_GRID}
    pattern = patterns.get(len(area_code))
    if pattern is None:
        raise InvalidAreaCode(area_code=area_code, reason="length")
    if pattern.fullmatch(area_code) is None:
        raise InvalidAreaCode(area_code=area_code, reason="characters")
    if len(area_code) == 9:
        return AreaLevel.SUBDISTRICT
    if len(area_code) == 12:
        return AreaLevel.COMMUNITY
    if area_code[12:14] == "00":
        raise InvalidAreaCode(area_code=area_code, reason="sequence")
    return AreaLevel.GRID if area_code[14] == "0" else AreaLevel.MICRO_GRID


def validate(area_code: str, level: AreaLevel) -> str:
    """Return the code unchanged if it is one of ``level``.

    Raises
    ------
    InvalidAreaCode
        It is no code, or a code of another level (``reason`` "level").
    """
    if level_of(area_code) is not level:
        raise InvalidAreaCode(area_code=area_code, reason="level")
    return area_code


def parent_code(area_code: str) -> str | None:
    """Return the code of the area one level up; ``None`` for a subdistrict.

    Raises
    ------
    InvalidAreaCode
        The text is no code of any level.
    """
    level = level_of(area_code)
    if level is AreaLevel.SUBDISTRICT:
        return None
    if level is AreaLevel.COMMUNITY:
        return area_code[:9]
    if level is AreaLevel.GRID:
        return area_code[:12]
    return area_code[:14] + "0"


def grid_code(community_code: str, number: int) -> str:
    """Make the code of the ``number``-th grid (from 1) of a community.

    Raises
    ------
    InvalidAreaCode
        ``community_code`` is not a community's, or ``number`` is outside 1 to 99 (``reason`` "sequence").
    """
    validate(community_code, AreaLevel.COMMUNITY)
    if not 1 <= number <= MAX_GRIDS_PER_COMMUNITY:
        raise InvalidAreaCode(area_code=f"{community_code}+{number}", reason="sequence")
    return f"{community_code}{number:02d}0"


def micro_grid_code(of_grid: str, number: int) -> str:
    """Make the code of the ``number``-th micro-grid (from 1) of a grid.

    Raises
    ------
    InvalidAreaCode
        ``of_grid`` is not a grid's code, or ``number`` is outside 1 to 35 (``reason`` "sequence").
    """
    validate(of_grid, AreaLevel.GRID)
    if not 1 <= number <= MAX_MICRO_GRIDS_PER_GRID:
        raise InvalidAreaCode(area_code=f"{of_grid}+{number}", reason="sequence")
    return of_grid[:14] + MICRO_GRID_CHARACTERS[number - 1]


def scope_prefix(area_code: str) -> str:
    """Return what all codes at and below this area begin with: 9, 12, 14 or, for a micro-grid, 15 characters.

    Raises
    ------
    InvalidAreaCode
        The text is no code of any level.
    """
    return area_code[:14] if level_of(area_code) is AreaLevel.GRID else area_code


def code_range(prefix: str) -> tuple[str, str]:
    """Return ``lo`` and ``hi`` such that a code begins with ``prefix`` exactly if ``lo <= code < hi``.

    Parameters
    ----------
    prefix : str
        One or more of 0-9 and A-Z. Strings compare by their characters' numbers, as in the C locale.

    Raises
    ------
    InvalidAreaCode
        ``prefix`` is empty or holds another character.
    """
    if re.fullmatch(r"[0-9A-Z]+", prefix, re.ASCII) is None:
        raise InvalidAreaCode(area_code=prefix, reason="characters")
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def reading_order(points: Sequence[tuple[float, float]], *, row_height: float) -> list[int]:
    """Order places as one reads a page: rows from north to south, in each row from west to east.

    Parameters
    ----------
    points : sequence of (east, north)
        Positions in any metric or degree system whose second axis points north; label points of areas.
    row_height : float, > 0
        Places whose north positions differ by less than this from the row's northernmost place share its row.

    Returns
    -------
    list of int
        Indices into ``points``. Equal positions keep their given order, so equal input gives equal output.
    """
    if row_height <= 0:
        raise ValueError("row_height must be positive")
    by_north = sorted(range(len(points)), key=lambda index: (-points[index][1], points[index][0], index))
    ordered: list[int] = []
    row: list[int] = []
    for index in by_north:
        if row and points[row[0]][1] - points[index][1] >= row_height:
            ordered += sorted(row, key=lambda i: (points[i][0], i))
            row = []
        row.append(index)
    return ordered + sorted(row, key=lambda i: (points[i][0], i))
