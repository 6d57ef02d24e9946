"""Grid schemes (网格体系): several families of grids over the same ground, each with its own days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from gridmap.domain.errors import Conflict, InvalidInput, NotFound

_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}", re.ASCII)
_NAME_LENGTH = 60


class SchemeExists(Conflict):
    """Another scheme has that code already."""

    code = "scheme.exists"


class SchemeNotThere(NotFound):
    """There is no scheme of that code."""

    code = "scheme.not_there"


class SchemeInUse(Conflict):
    """The first scheme routes every pin; it is replaced by new versions of its areas, not ended."""

    code = "scheme.in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeForm:
    """What a person says of a scheme."""

    code: str
    name: str
    name_en: str | None
    purpose: str
    valid_from: date
    valid_to: date | None = None

    def checked(self) -> SchemeForm:
        """Return it when it makes sense.

        Raises
        ------
        InvalidInput
            ``field`` names what does not.
        """
        if _CODE.fullmatch(self.code) is None:
            raise InvalidInput(field="code", reason="characters")
        if not self.name.strip() or len(self.name) > _NAME_LENGTH:
            raise InvalidInput(field="name", reason="required")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise InvalidInput(field="valid_to", reason="too_early")
        return self
