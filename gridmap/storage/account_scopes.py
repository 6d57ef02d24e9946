"""The areas that accounts work in, where these get other codes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# Some hundreds of accounts, read whole. Locked, so that nobody signs in between with a scope half moved.
FIND_BY_AREAS = text(
    """
    SELECT id, area_codes
      FROM account
     WHERE area_codes && CAST(:codes AS text[])
     ORDER BY id
       FOR UPDATE
    """
)

# Primary key. Only where the scope is what it is thought to be: what an administrator chose meanwhile stays.
SET_AREAS = text(
    """
    UPDATE account
       SET area_codes = ARRAY(SELECT jsonb_array_elements_text(item.to_codes))
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS item (id bigint, from_codes jsonb, to_codes jsonb)
     WHERE account.id = item.id AND to_jsonb(account.area_codes) = item.from_codes
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChange:
    """The codes of the areas that an account works in, before and after."""

    account_id: int
    before: tuple[str, ...]
    after: tuple[str, ...]

    def reversed(self) -> ScopeChange:
        """The way back."""
        return ScopeChange(account_id=self.account_id, before=self.after, after=self.before)


def find_scopes(session: Session, codes: Iterable[str]) -> list[tuple[int, tuple[str, ...]]]:
    """The accounts whose scope names one of these areas, with all codes of the scope."""
    rows = session.execute(FIND_BY_AREAS, {"codes": sorted(codes)})
    return [(row.id, tuple(row.area_codes)) for row in rows]


def change_scopes(session: Session, changes: Sequence[ScopeChange]) -> None:
    """Give accounts other areas; one whose scope is not the one before keeps what it has."""
    rows = [
        {"id": change.account_id, "from_codes": change.before, "to_codes": change.after} for change in changes
    ]
    if rows:
        session.execute(SET_AREAS, {"rows": json.dumps(rows)})
