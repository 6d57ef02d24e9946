"""An import on its way: what its file holds, what a person chose, what the check found, how far it is.

All of it is kept as JSON between two requests; ``to_json`` and ``from_json`` are exact inverses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from gridmap.domain.errors import Conflict, DomainError, NotFound
from gridmap.domain.import_choices import ImportChoices, Json

DraftId = NewType("DraftId", UUID)

DRAFT_LIFE = timedelta(days=7)
UNDO_LIFE = timedelta(days=30)
STALLED_AFTER = timedelta(seconds=90)
"""A job that has not been heard of for so long may be asked for again."""


class DraftAbsent(NotFound):
    """There is no such import on its way, or it is somebody else's."""

    code = "import_draft.absent"


class DraftBusy(Conflict):
    """A check or an import runs; the choices stay as they are until it has ended."""

    code = "import_draft.busy"


class DraftDone(Conflict):
    """The file has been imported already."""

    code = "import_draft.done"


class CheckAbsent(Conflict):
    """There is no check of the present choices, or nothing that it found good."""

    code = "import_draft.not_checked"


class FileNotChosen(DomainError):
    """The form came without a file."""

    code = "import_draft.no_file"


class FileEmpty(DomainError):
    """The file has 0 bytes."""

    code = "import_draft.file_empty"


class DraftState(StrEnum):
    """Where an import on its way is; the values are those of ``import_draft.state``."""

    CHOOSING = "choosing"
    CHECKING = "checking"
    IMPORTING = "importing"
    DONE = "done"

    @property
    def is_busy(self) -> bool:
        """Whether a job works on it, or will."""
        return self in (DraftState.CHECKING, DraftState.IMPORTING)


class Severity(StrEnum):
    """What a finding means for its row."""

    ERROR = "error"
    """The row cannot be imported."""

    WARNING = "warning"
    """The row can be imported; somebody should look at it."""

    NOTE = "note"
    """The row can be imported; it says what was made of it."""


NOTES = frozenset({"code_proposed", "ring_closed", "split_into_lines", "collection_reduced"})
"""Remarks that ask for nothing."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file or a job was refused: an error's code and what its sentence names."""

    code: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, error: DomainError) -> Refusal:
        """Keep a domain error."""
        return cls(error.code, {name: str(value) for name, value in error.params.items()})

    def to_json(self) -> Json:
        """As JSON."""
        return {"code": self.code, "params": dict(self.params)}

    @classmethod
    def from_json(cls, value: Json | None) -> Refusal | None:
        """From JSON; None stays None."""
        return None if value is None else cls(value["code"], dict(value["params"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """What one layer of a file holds, as far as the wizard shows it.

    Attributes
    ----------
    layers : all layers of the file, if it has several
    place_headers : the columns that the places were made of
    has_places : False: no column of places was recognised, so some have to be chosen
    recognised : field to header, with the person's own choices
    missing : required fields without a column
    rows : the first twenty, as text, each with its row number in front
    refusal : why the file cannot be read as it stands; everything else is then empty
    """

    layers: tuple[str, ...] = ()
    source_layer: str = ""
    file_format: str = ""
    encoding: str = ""
    headers: tuple[str, ...] = ()
    place_headers: tuple[str, ...] = ()
    geometry_source: str = ""
    has_places: bool = False
    stated_crs: str | None = None
    row_count: int = 0
    recognised: Mapping[str, str] = field(default_factory=dict[str, str])
    missing: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    refusal: Refusal | None = None

    def to_json(self) -> Json:
        """As JSON."""
        return {
            **{name: getattr(self, name) for name in _CONTENT_PLAIN},
            "layers": list(self.layers),
            "headers": list(self.headers),
            "place_headers": list(self.place_headers),
            "missing": list(self.missing),
            "recognised": dict(self.recognised),
            "rows": [list(row) for row in self.rows],
            "refusal": None if self.refusal is None else self.refusal.to_json(),
        }

    @classmethod
    def from_json(cls, value: Json) -> FileContent:
        """From JSON."""
        return cls(
            **{name: value[name] for name in _CONTENT_PLAIN},
            layers=tuple(value["layers"]),
            headers=tuple(value["headers"]),
            place_headers=tuple(value["place_headers"]),
            missing=tuple(value["missing"]),
            recognised=dict(value["recognised"]),
            rows=tuple(tuple(row) for row in value["rows"]),
            refusal=Refusal.from_json(value["refusal"]),
        )


_CONTENT_PLAIN = (
    *("source_layer", "file_format", "encoding", "geometry_source", "has_places", "stated_crs"),
    "row_count",
)


@dataclass(frozen=True, slots=True)
class CoordinateReason:
    """What speaks for or against a system: a code and what its sentence names."""

    code: str
    params: Mapping[str, str]

    def to_json(self) -> list[object]:
        """As JSON: the arguments in order."""
        return [self.code, dict(self.params)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinateChoice:
    """One system that the file may be in, and a sample of the data as it would lie then.

    Attributes
    ----------
    crs : as ``ImportRequest.crs`` takes it
    name : as people read it, for example ``EPSG:4547``
    inside_share : 0 to 1, of the sample inside our areas; None where there are no areas
    shift_m : how far known boundaries are off, if that could be told
    sample : WKB (hex) of WGS-84 geometries
    """

    crs: str
    name: str
    swap_axes: bool
    inside_share: float | None
    shift_m: float | None
    reasons: tuple[CoordinateReason, ...] = ()
    sample: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinateChoices:
    """The systems that a file may be in, likeliest first.

    ``preselected`` is a place in ``choices``, None where nothing is certain; ``reasons`` are of the file.
    """

    choices: tuple[CoordinateChoice, ...]
    preselected: int | None
    stated: str | None
    reasons: tuple[CoordinateReason, ...] = ()

    def place_of(self, crs: str | None, *, swap_axes: bool) -> int | None:
        """Where a system stands among the choices."""
        wanted = (crs, swap_axes)
        found = (place for place, each in enumerate(self.choices) if (each.crs, each.swap_axes) == wanted)
        return next(found, None)

    def to_json(self) -> Json:
        """As JSON."""
        return {
            "preselected": self.preselected,
            "stated": self.stated,
            "reasons": [each.to_json() for each in self.reasons],
            "choices": [
                {
                    **{name: getattr(choice, name) for name in _CHOICE_PLAIN},
                    "reasons": [each.to_json() for each in choice.reasons],
                    "sample": list(choice.sample),
                }
                for choice in self.choices
            ],
        }

    @classmethod
    def from_json(cls, value: Json) -> CoordinateChoices:
        """From JSON."""
        return cls(
            preselected=value["preselected"],
            stated=value["stated"],
            reasons=tuple(CoordinateReason(*each) for each in value["reasons"]),
            choices=tuple(
                CoordinateChoice(
                    **{name: each[name] for name in _CHOICE_PLAIN},
                    reasons=tuple(CoordinateReason(*reason) for reason in each["reasons"]),
                    sample=tuple(each["sample"]),
                )
                for each in value["choices"]
            ),
        )


_CHOICE_PLAIN = ("crs", "name", "swap_axes", "inside_share", "shift_m")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one row, as the check reports it."""

    row_number: int
    severity: Severity
    field: str
    value: str
    reason_code: str

    def to_json(self) -> list[object]:
        """As JSON."""
        return [self.row_number, self.severity.value, self.field, self.value, self.reason_code]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> Finding:
        """From JSON."""
        row_number, severity, name, shown, reason_code = value
        return cls(row_number, Severity(severity), name, shown, reason_code)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value in the database and in the file."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ShownChange:
    """What the import would do to a stored thing."""

    row_number: int
    code: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class BorderFault:
    """A gap, an overlap or the like that the areas would leave; ``members`` are their codes."""

    kind: str
    members: tuple[str, ...]
    area_m2: float
    width_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check found, in counts; the findings themselves are kept beside it.

    ``revision`` is that of the choices which were checked. The rows of the file are ``good_count`` without a
    warning, ``warned_count``, ``rejected_count`` and, left out by choice, ``skipped_count``.
    """

    revision: int
    read_count: int
    good_count: int
    warned_count: int
    rejected_count: int
    added_count: int = 0
    updated_count: int = 0
    unchanged_count: int = 0
    absent_count: int = 0
    outside_count: int = 0
    skipped_count: int = 0
    crs_name: str = ""
    reason_counts: Mapping[str, int] = field(default_factory=dict[str, int])
    changes: tuple[ShownChange, ...] = ()
    border_counts: Mapping[str, int] = field(default_factory=dict[str, int])
    borders: tuple[BorderFault, ...] = ()
    refusal: Refusal | None = None

    @property
    def is_all_outside(self) -> bool:
        """Whether every row that could be read lies outside every area: the coordinates are likely wrong."""
        kept = self.good_count + self.warned_count
        return kept > 0 and self.outside_count == kept

    def to_json(self) -> Json:
        """As JSON."""
        return {
            **{name: getattr(self, name) for name in _REPORT_PLAIN},
            "reason_counts": dict(self.reason_counts),
            "refusal": None if self.refusal is None else self.refusal.to_json(),
            "changes": [
                [each.row_number, each.code, [[f.field, f.before, f.after] for f in each.fields]]
                for each in self.changes
            ],
            "border_counts": dict(self.border_counts),
            "borders": [[each.kind, list(each.members), each.area_m2, each.width_m] for each in self.borders],
        }

    @classmethod
    def from_json(cls, value: Json) -> CheckReport:
        """From JSON."""
        return cls(
            **{name: value[name] for name in _REPORT_PLAIN},
            reason_counts=dict(value["reason_counts"]),
            refusal=Refusal.from_json(value["refusal"]),
            changes=tuple(
                ShownChange(row_number, code, tuple(FieldChange(*each) for each in fields))
                for row_number, code, fields in value["changes"]
            ),
            border_counts=dict(value["border_counts"]),
            borders=tuple(
                BorderFault(kind, tuple(members), area_m2, width_m)
                for kind, members, area_m2, width_m in value["borders"]
            ),
        )


_REPORT_PLAIN = (
    *("revision", "read_count", "good_count", "warned_count", "rejected_count", "added_count"),
    *("updated_count", "unchanged_count", "absent_count", "outside_count", "skipped_count", "crs_name"),
)


WAIT_STAGE = "wait"
"""A job has read its file and waits until another import of the layer has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftProgress:
    """How far a job is; ``stage`` None: it has not begun. Counts are of the stage, 0 of 0 where unknown."""

    stage: str | None
    done_count: int
    total_count: int
    stage_began_at: datetime | None
    heard_at: datetime
    cancel_asked: bool

    def seconds_left(self, now: datetime) -> int | None:
        """The rest of the stage at its pace so far; None while that says nothing."""
        if self.stage_began_at is None or not 0 < self.done_count < self.total_count:
            return None
        passed_s = (now - self.stage_began_at).total_seconds()
        return round(passed_s * (self.total_count - self.done_count) / self.done_count)

    @property
    def is_working(self) -> bool:
        """Whether a job has begun and has its turn."""
        return self.stage not in (None, WAIT_STAGE)

    def is_stalled(self, now: datetime) -> bool:
        """Whether the job has been silent for too long; while it waits for another import it is silent."""
        return self.stage != WAIT_STAGE and now - self.heard_at > STALLED_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDraft:
    """An import on its way.

    ``revision`` rises with every change of the choices, ``run`` with every job that is asked for: a job of an
    earlier run does nothing. ``without_warned`` leaves rows with warnings out of the import.
    """

    id: DraftId
    account_id: int
    account_name: str
    file_name: str
    file_sha256: str
    file_byte_count: int
    state: DraftState
    revision: int
    run: int
    choices: ImportChoices
    content: FileContent
    coordinates: CoordinateChoices | None
    report: CheckReport | None
    refusal: Refusal | None
    without_warned: bool
    batch_id: int | None
    progress: DraftProgress
    created_at: datetime
    expires_at: datetime

    @property
    def is_checked(self) -> bool:
        """Whether the report is about the present choices."""
        return self.report is not None and self.report.revision == self.revision
