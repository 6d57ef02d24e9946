"""Accounts whose work lies in an area that is no more: for the administrator to give them another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import Action, Actor, check

LIMIT = 200

# A scope is a beginning of codes, so it is lost when no area of the day begins with it. Accounts are some
# hundreds; their areas are found with a few reads of `area`, of which only codes and days are looked at.
_LOST = text(
    """
    WITH held AS MATERIALIZED (
        SELECT code FROM area WHERE valid_from <= :today AND (valid_to IS NULL OR valid_to > :today)
    ), scope AS (
        SELECT DISTINCT item.code,
               CASE WHEN length(item.code) = 15 AND right(item.code, 1) = '0' THEN left(item.code, 14)
                    ELSE item.code END AS prefix
          FROM account, unnest(account.area_codes) AS item (code)
         WHERE account.is_active AND item.code <> ''
    ), lost AS (
        SELECT scope.code FROM scope
         WHERE NOT EXISTS (SELECT FROM held WHERE starts_with(held.code, scope.prefix))
    )
    SELECT account.username, account.display_name, account.role, lost.code AS area_code,
           (SELECT area.name FROM area
             WHERE area.code = lost.code AND area.valid_from <= :today
             ORDER BY area.valid_from DESC, area.id LIMIT 1) AS area_name
      FROM lost
      JOIN account ON account.is_active AND lost.code = ANY (account.area_codes)
     ORDER BY account.username, lost.code
     LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostScope:
    """An account and an area of its scope that nobody can find any more; the name it last had."""

    username: str
    display_name: str
    role: str
    area_code: str
    area_name: str | None


def list_lost_scopes(session: Session, actor: Actor, *, today: date) -> list[LostScope]:
    """The scopes of active accounts that hold no area on the day, by account.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.MANAGE_ACCOUNTS)
    rows = session.execute(_LOST, {"today": today, "limit": LIMIT}).mappings()
    return [LostScope(**row) for row in rows]
