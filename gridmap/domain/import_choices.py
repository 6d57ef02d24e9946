"""What a person chose for an import: how its file is read, what becomes of its rows, and single rows mended.

Kept as JSON between two requests; ``to_json`` and ``from_json`` are exact inverses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Correction:
    """A value typed in place of the file's; ``field`` is ours, ``geometry`` takes ``longitude, latitude``."""

    row_number: int
    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What most imports leave as it is, in the terms of ``ImportRequest``; a layer uses some of them."""

    valid_from: date | None = None
    default_category: str | None = None
    source_name: str | None = None
    code_edition: str | None = None
    snap_m: float | None = None
    check_topology: bool = True

    def to_json(self) -> Json:
        """As JSON."""
        day = None if self.valid_from is None else self.valid_from.isoformat()
        return {**asdict(self), "valid_from": day}

    @classmethod
    def from_json(cls, value: Json) -> ImportOptions:
        """From JSON."""
        plain = dict(value)
        day = plain.pop("valid_from")
        return cls(**plain, valid_from=None if day is None else date.fromisoformat(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportChoices:
    """What a person said of a file, in the terms of ``ImportRequest``.

    Attributes
    ----------
    columns : field to header; an empty header means "not from the file"
    crs : None: as the file says
    corrections, skipped_rows : of single rows, by the number that the check showed
    """

    layer: str
    level: str | None = None
    scheme_code: str | None = None
    new_scheme_name: str | None = None
    source_layer: str | None = None
    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    code_prefix: str = ""
    options: ImportOptions = field(default_factory=ImportOptions)
    crs: str | None = None
    swap_axes: bool = False
    corrections: tuple[Correction, ...] = ()
    skipped_rows: tuple[int, ...] = ()

    def to_json(self) -> Json:
        """As JSON."""
        plain = {name: getattr(self, name) for name in _PLAIN_CHOICES}
        return {
            **plain,
            "columns": dict(self.columns),
            "options": self.options.to_json(),
            "corrections": [[each.row_number, each.field, each.value] for each in self.corrections],
            "skipped_rows": list(self.skipped_rows),
        }

    @classmethod
    def from_json(cls, value: Json) -> ImportChoices:
        """From JSON."""
        return cls(
            **{name: value[name] for name in _PLAIN_CHOICES},
            columns=dict(value["columns"]),
            # A draft that was begun before there were options has none.
            options=ImportOptions.from_json(value["options"]) if "options" in value else ImportOptions(),
            corrections=tuple(Correction(*each) for each in value["corrections"]),
            skipped_rows=tuple(value["skipped_rows"]),
        )

    def corrected(self, correction: Correction) -> ImportChoices:
        """With one more correction; of the same row and field the last counts, and it is not skipped."""
        others = tuple(
            each
            for each in self.corrections
            if (each.row_number, each.field) != (correction.row_number, correction.field)
        )
        return replace(
            self,
            corrections=(*others, correction),
            skipped_rows=tuple(row for row in self.skipped_rows if row != correction.row_number),
        )

    def skipping(self, row_number: int) -> ImportChoices:
        """With a row left out."""
        return replace(self, skipped_rows=tuple(sorted({*self.skipped_rows, row_number})))

    def taken_back(self, row_number: int) -> ImportChoices:
        """With a row as the file has it."""
        return replace(
            self,
            corrections=tuple(each for each in self.corrections if each.row_number != row_number),
            skipped_rows=tuple(row for row in self.skipped_rows if row != row_number),
        )


_PLAIN_CHOICES = (
    *("layer", "level", "scheme_code", "new_scheme_name", "source_layer", "encoding"),
    *("code_prefix", "crs", "swap_axes"),
)
