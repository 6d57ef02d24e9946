"""Why a whole file is refused. What is wrong with one row is a ``Rejection``."""

from __future__ import annotations

from gridmap.domain.errors import DomainError
from gridmap.domain.imports import Rejection


class ImportRefused(DomainError):
    """Base of the refusals of a file; nothing of it has been stored.

    A ``detail`` becomes part of the code, so that each has a sentence of its own; lists become one text.
    """

    code = "import.refused"

    def __init__(self, **params: object) -> None:
        detail = params.get("detail")
        if isinstance(detail, str):
            self.code = f"{type(self).code}.{detail}"
        super().__init__(**{name: _plain(value) for name, value in params.items()})


def _plain(value: object) -> object:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else value


class FileAbsent(ImportRefused):
    """There is no such file."""

    code = "import.file_absent"


class FormatUnknown(ImportRefused):
    """The name's ending is none that gridmap reads; ``known`` lists those."""

    code = "import.format_unknown"


class FileUnreadable(ImportRefused):
    """The content is not what the name promises; ``detail`` is a code."""

    code = "import.file_unreadable"


class EncodingUnknown(ImportRefused):
    """The text decodes plausibly in no known encoding (``detail`` says more): it has to be declared."""

    code = "import.encoding_unknown"


class LimitPassed(ImportRefused):
    """The file is larger than allowed: ``detail`` names the limit, beside ``allowed`` and ``found``."""

    code = "import.limit_passed"


class ArchiveUnsafe(ImportRefused):
    """A zip that tries to write elsewhere, links, hides a bomb or is locked; ``detail`` is a code."""

    code = "import.archive_unsafe"


class LayerAmbiguous(ImportRefused):
    """The file holds several layers that fit; ``layers`` lists them, one has to be named."""

    code = "import.layer_ambiguous"


class LayerAbsent(ImportRefused):
    """The file holds no layer (of that name); ``layers`` lists those it has."""

    code = "import.layer_absent"


class NoGeometryColumn(ImportRefused):
    """A table without geometry, longitude and latitude or WKT; ``headers`` lists its columns."""

    code = "import.no_geometry_column"


class ColumnMissing(ImportRefused):
    """No column for ``field``, which this layer needs; ``headers`` lists the file's columns."""

    code = "import.column_missing"


class ColumnAbsent(ImportRefused):
    """A column was named that the file does not have; ``headers`` lists those it has."""

    code = "import.column_absent"


class FieldUnknown(ImportRefused):
    """A column was assigned to a field that this layer does not have; ``fields`` lists those it has."""

    code = "import.field_unknown"


class CrsMissing(ImportRefused):
    """The file does not say what its coordinates are: they have to be declared.

    ``detail`` ``found`` and ``only``: what they most probably are, which has to be confirmed all the same.
    """

    code = "import.crs_missing"


class DatumContradicted(ImportRefused):
    """Read as ``stated`` the file does not fit, as ``found`` it does; ``option`` says so to the command."""

    code = "import.datum_contradicted"


class CrsUnknown(ImportRefused):
    """The declared coordinate system is none that gridmap or PROJ knows."""

    code = "import.crs_unknown"


class NoValidRows(ImportRefused):
    """Not one row can be imported; ``reasons`` counts why, ``detail`` is a hint."""

    code = "import.no_valid_rows"
    rejections: tuple[Rejection, ...] = ()
    """Why, row by row."""
