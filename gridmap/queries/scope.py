"""An actor's areas as a condition on a code column.

Scopes are ranges of codes (``code >= lo AND code < hi``) on columns with COLLATE "C", so that an index on the
column serves them: a scope of one community is one range, whatever the number of its grids.
"""

from __future__ import annotations

from dataclasses import dataclass

from gridmap.domain.area_codes import code_range
from gridmap.domain.permissions import AreaScope


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition in SQL with its bound values; never a value in the text."""

    sql: str
    values: dict[str, object]


def scope_predicate(scope: AreaScope, column: str, *, name: str = "scope") -> Predicate:
    """Make the condition that a code lies in a scope.

    Parameters
    ----------
    column : a column's name as it stands in the statement; never from outside
    name : begins the names of the bound values, so that two conditions fit into one statement

    Returns
    -------
    Predicate
        ``true`` for an unlimited scope, ``false`` for an empty one.
    """
    if scope.is_everything:
        return Predicate("true", {})
    parts: list[str] = []
    values: dict[str, object] = {}
    for position, prefix in enumerate(scope.prefixes):
        low, high = f"{name}_{position}_low", f"{name}_{position}_high"
        parts.append(f"({column} >= :{low} AND {column} < :{high})")
        values[low], values[high] = code_range(prefix)
    return Predicate("(" + " OR ".join(parts) + ")" if parts else "false", values)
