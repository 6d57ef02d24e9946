"""Which options an import into a layer has, what they may be, and a form of them read with suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.import_choices import ImportOptions
from gridmap.domain.imports import Category
from gridmap.domain.register_input import NAME_MAX_LENGTH, FieldReader
from gridmap.importing.columns import Layer
from gridmap.importing.snapping import LARGEST_SNAP_M
from gridmap.storage.codes import editions
from gridmap.storage.imports import issue_categories, service_point_categories

OPTIONS: Mapping[Layer, tuple[str, ...]] = {
    Layer.AREAS: ("valid_from", "code_edition", "snap_m", "check_topology"),
    Layer.ZONES: ("valid_from",),
    Layer.SERVICE_POINTS: ("valid_from", "default_category", "source_name"),
    Layer.ISSUES: ("default_category", "source_name"),
    Layer.STREETS: ("source_name",),
    Layer.BUILDINGS: ("source_name",),
    Layer.COMPOUNDS: ("source_name",),
    Layer.GATES: (),
}
"""The fields of ``ImportOptions`` that the import of a layer looks at."""

EARLIEST_DAY, LATEST_DAY = date(1949, 10, 1), date(2199, 12, 31)
"""A first day beyond these is a slip of the keyboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionLists:
    """What an option of a closed list may be."""

    categories: tuple[Category, ...]
    editions: tuple[str, ...]


def lists_of(session: Session, layer: Layer) -> OptionLists:
    """The categories that an unknown one may become, and the editions that area codes may be of."""
    asked = OPTIONS[layer]
    categories: list[Category] = []
    if "default_category" in asked:
        read = issue_categories if layer is Layer.ISSUES else service_point_categories
        categories = read(session)
    return OptionLists(
        categories=tuple(categories),
        editions=tuple(each.edition for each in editions(session)) if "code_edition" in asked else (),
    )


def read_options(raw: Mapping[str, str], layer: Layer, lists: OptionLists) -> ImportOptions:
    """What a form says; an empty field leaves the option as it is without a word.

    The form's ``no_topology`` is a box to tick, as the command's ``--no-topology``.

    Raises
    ------
    InvalidForm
        Every wrong field at once.
    """
    asked, reader = OPTIONS[layer], FieldReader(raw)
    valid_from = reader.day("valid_from") if "valid_from" in asked else None
    if valid_from is not None and not EARLIEST_DAY <= valid_from <= LATEST_DAY:
        reader.refuse("valid_from", "day_too_far", earliest=EARLIEST_DAY, latest=LATEST_DAY)
    category = reader.text("default_category") if "default_category" in asked else None
    if category is not None and category not in {each.code for each in lists.categories}:
        reader.refuse("default_category", "unknown")
    edition = reader.text("code_edition") if "code_edition" in asked else None
    if edition is not None and edition not in lists.editions:
        reader.refuse("code_edition", "unknown")
    options = ImportOptions(
        valid_from=valid_from,
        default_category=category,
        source_name=reader.text("source_name", max_length=NAME_MAX_LENGTH)
        if "source_name" in asked
        else None,
        code_edition=edition,
        snap_m=_snap_m(reader) if "snap_m" in asked else None,
        check_topology=not ("check_topology" in asked and reader.flag("no_topology")),
    )
    reader.finish()
    return options


def _snap_m(reader: FieldReader) -> float | None:
    metres = reader.number("snap_m", lowest=0, highest=LARGEST_SNAP_M)
    # Nothing is as near as nothing: 0 says "leave them as they are".
    return metres or None
