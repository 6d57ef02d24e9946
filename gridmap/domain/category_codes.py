"""Codes of issue categories in the two national standards, told apart by their form.

=====================  =========================  ==========================================
standard               code of a type             code with the county in front
=====================  =========================  ==========================================
GB/T 30428.2-2013      4 digits (2 + 2)           10 digits (6 + 2 + 2)
GB/T 47678.5-2026      5 digits (2 + 3)           11 digits (6 + 2 + 3)
=====================  =========================  ==========================================

In the older standard components and events share their numbers; here a code of it means an event.
"""

from __future__ import annotations

import re

GBT_30428 = "GB/T 30428.2-2013"
GBT_47678 = "GB/T 47678.5-2026"

_COUNTY_LENGTH = 6


def type_code(text: str) -> str | None:
    """Return the code of the type in a code of either standard, or None if the text is no such code."""
    code = text.strip()
    if re.fullmatch(r"\d{4,5}", code, re.ASCII):
        return code
    return code[_COUNTY_LENGTH:] if re.fullmatch(r"[1-9]\d{9,10}", code, re.ASCII) else None
