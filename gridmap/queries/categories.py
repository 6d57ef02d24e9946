"""The issue dictionary."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

ISSUE_CATEGORIES = text(
    """
    SELECT code, kind, major_code, major_name, major_name_en, name, name_en, icon, standard_ref,
           is_public, is_private_home, duplicate_radius_m
      FROM issue_category
     ORDER BY sort_order, code
     LIMIT 2000
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCategory:
    """An entry of the dictionary; ``standard_ref`` says which standard gave the code."""

    code: str
    kind: str
    major_code: str
    major_name: str
    major_name_en: str
    name: str
    name_en: str
    icon: str
    standard_ref: str
    is_public: bool
    is_private_home: bool
    duplicate_radius_m: int


def issue_categories(session: Session) -> tuple[IssueCategory, ...]:
    """Read the dictionary in the order in which it is offered."""
    return tuple(IssueCategory(**row) for row in session.execute(ISSUE_CATEGORIES).mappings())
