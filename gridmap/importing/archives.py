"""Files from strangers, brought to one form: the data files of an upload under names of our own.

A zip is looked at before anything is unpacked; of what is in it only data files reach the disk, in numbered
folders, as ``layer.shp`` and so on. A plain file is linked under such a name too, so that no name of a
stranger reaches GDAL, which reads meaning into names.
"""

from __future__ import annotations

import bz2
import gzip
import re
import stat
import tempfile
import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from gridmap.importing.errors import (
    ArchiveUnsafe,
    FileUnreadable,
    FormatUnknown,
    ImportRefused,
    LayerAbsent,
    LimitPassed,
)
from gridmap.importing.tables import ReadLimits

DATA_SUFFIXES = (
    ".geojson",
    ".json",
    ".gpkg",
    ".shp",
    ".gdb",
    ".kml",
    ".dxf",
    ".fgb",
    ".csv",
    ".tsv",
    ".txt",
    ".xlsx",
    ".xlsm",
    ".osm",
    ".pbf",
    ".dbf",
)
PACKED_SUFFIXES = (".zip", ".kmz", ".gz", ".bz2")

_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_COMPANIONS = frozenset(
    {".shx", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".qix", ".fbn", ".fbx", ".ain", ".aih"}
    | {".gdbtable", ".gdbtablx", ".gdbindexes", ".atx", ".spx", ".freelist"}
)
# Formats that people have and that have to be saved as another one first; each has a sentence of its own.
_ELSEWHERE = {
    ".xls": "old_excel",
    ".et": "old_excel",
    ".dwg": "dwg",
    ".rar": "other_archive",
    ".7z": "other_archive",
    ".tar": "other_archive",
    ".tgz": "other_archive",
}
_GEODATABASE_FILE = re.compile(r"a[0-9a-f]{8}\.(gdbtable|gdbtablx)", re.IGNORECASE)
_BLOCK_BYTES = 1024 * 1024
# Text and polygons shrink to a twentieth; a thousandth is a bomb.
_RATIO_LIMIT = 1_000
_RATIO_FREE_BYTES = 10 * 1024**2


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file under a name of ours; ``name`` is what people call it, without its ending."""

    path: Path
    name: str

    @property
    def suffix(self) -> str:
        """What says how the file is read, in lower case."""
        return self.path.suffix


@contextmanager
def data_files(upload: Path, limits: ReadLimits) -> Generator[list[DataFile]]:
    """The data files of an upload, for as long as the block runs; at least one.

    Raises
    ------
    FormatUnknown
        The name's ending is none that gridmap reads; ``detail`` may say what to do about it.
    ArchiveUnsafe
        ``detail``: ``path_outside``, ``link``, ``locked``, ``bomb`` or ``nested``; ``entry`` names the entry.
    LayerAbsent
        There is no data file in the zip.
    FileUnreadable, LimitPassed
    """
    suffix = upload.suffix.lower()
    if upload.is_dir() and suffix != ".gdb":
        raise FormatUnknown(name=upload.name, detail="folder")
    _require_known(upload.name)
    if suffix == ".dbf" and _beside(upload, ".shp") is not None:
        raise FormatUnknown(name=upload.name, detail="companion")
    if upload.is_file():
        limits.hold("file_bytes", upload.stat().st_size)
    with tempfile.TemporaryDirectory(prefix="gridmap-import-") as folder:
        desk = _Desk(Path(folder), limits)
        if suffix in PACKED_SUFFIXES:
            _unpack(upload, upload.name, desk, depth=1)
        else:
            try:
                _link(upload, desk)
            except OSError as error:
                raise FileUnreadable(detail="not_readable") from error
        if not desk.files:
            raise LayerAbsent(layers=[], wanted="")
        yield desk.files


def _require_known(name: str) -> None:
    """Refuse names whose endings gridmap does not read, with what to do where that is known."""
    suffix = PurePosixPath(name).suffix.lower()
    known = [*DATA_SUFFIXES, *PACKED_SUFFIXES]
    if suffix in _COMPANIONS or name.lower().endswith(".shp.xml"):
        raise FormatUnknown(name=name, known=known, detail="companion")
    if suffix in _ELSEWHERE:
        raise FormatUnknown(name=name, known=known, detail=_ELSEWHERE[suffix])
    if suffix not in known:
        raise FormatUnknown(name=name, known=known)


class _Desk:
    """Where the data files are laid out, and how much has been laid there."""

    def __init__(self, folder: Path, limits: ReadLimits) -> None:
        self.files: list[DataFile] = []
        self._folder = folder
        self._limits = limits
        self._entry_count = 0
        self._byte_count = 0
        self._place_count = 0

    def new_place(self) -> Path:
        self._place_count += 1
        place = self._folder / str(self._place_count)
        place.mkdir()
        return place

    def count_entries(self, entry_count: int) -> None:
        self._entry_count += entry_count
        self._limits.hold("archive_entries", self._entry_count)

    def expect(self, byte_count: int) -> None:
        self._limits.hold("unzipped_bytes", self._byte_count + byte_count)

    def hold_depth(self, depth: int, name: str) -> None:
        if depth > self._limits.archive_depth:
            raise ArchiveUnsafe(detail="nested", entry=name)

    def write(self, source: IO[bytes], target: Path) -> None:
        """Write what comes out, counting it: the sizes that an archive states are only claims."""
        with target.open("wb") as sink:
            while block := source.read(_BLOCK_BYTES):
                self._byte_count += len(block)
                if self._byte_count > self._limits.unzipped_bytes:
                    raise LimitPassed(
                        detail="unzipped_bytes",
                        allowed=self._limits.unzipped_bytes,
                        found=self._byte_count,
                    )
                sink.write(block)


def _unpack(packed: Path, name: str, desk: _Desk, *, depth: int) -> None:
    """Lay out the data files of a packed file; ``name`` is what people call it."""
    desk.hold_depth(depth, name)
    suffix = PurePosixPath(name).suffix.lower()
    try:
        if suffix in (".gz", ".bz2"):
            _decompress(packed, name, desk, depth=depth)
        else:
            _unzip(packed, name, desk, depth=depth)
    except ImportRefused:
        raise
    except Exception as error:  # of damaged archives the libraries raise whatever they trip over
        # Errors of the disk have a number, those of broken archives have none.
        is_disk = getattr(error, "errno", None) is not None
        raise FileUnreadable(detail="not_readable" if is_disk else "broken_zip") from error


def _decompress(packed: Path, name: str, desk: _Desk, *, depth: int) -> None:
    inner = PurePosixPath(name).stem
    suffix = PurePosixPath(inner).suffix.lower()
    target = desk.new_place() / f"layer{suffix or '.unknown'}"
    _require_known(inner)
    opener = gzip.open if name.lower().endswith(".gz") else bz2.open
    with opener(packed, "rb") as source:
        desk.write(source, target)  # pyright: ignore[reportArgumentType] - both give bytes
    if suffix in PACKED_SUFFIXES:
        _unpack(target, inner, desk, depth=depth + 1)
    else:
        desk.files.append(DataFile(target, _stem(inner)))


def _unzip(packed: Path, name: str, desk: _Desk, *, depth: int) -> None:
    with zipfile.ZipFile(packed) as zipped:
        entries = zipped.infolist()
        desk.count_entries(len(entries))
        desk.expect(sum(entry.file_size for entry in entries))
        names = {_checked_name(entry): entry for entry in entries if not entry.is_dir()}
        visible = {
            path: entry
            for path, entry in names.items()
            if "__MACOSX" not in path.parts and not path.name.startswith((".", "~$"))
        }
        for folder in sorted(_geodatabases(visible)):
            place = desk.new_place() / "layer.gdb"
            place.mkdir()
            for path, entry in visible.items():
                if path.parent == folder and _GEODATABASE_FILE.fullmatch(path.name):
                    _write(zipped, entry, place / path.name.lower(), desk)
            desk.files.append(DataFile(place, _stem(folder.name) or _stem(name)))
        for main in _main_entries(visible):
            suffix = main.suffix.lower()
            place = desk.new_place()
            target = place / f"layer{suffix}"
            parts = [main]
            if suffix == ".shp":
                parts = [path for path in visible if _is_companion(path, main)]
            for path in parts:
                _write(zipped, visible[path], place / f"layer{path.suffix.lower()}", desk)
            if suffix in PACKED_SUFFIXES:
                _unpack(target, main.name, desk, depth=depth + 1)
            else:
                is_kmz = PurePosixPath(name).suffix.lower() == ".kmz"
                desk.files.append(DataFile(target, _stem(name) if is_kmz else _stem(main.name)))


def _checked_name(entry: zipfile.ZipInfo) -> PurePosixPath:
    shown_name = _readable_name(entry)
    plain = shown_name.replace("\\", "/")
    path = PurePosixPath(plain)
    if path.is_absolute() or ".." in path.parts or ":" in plain or "\0" in plain:
        raise ArchiveUnsafe(detail="path_outside", entry=shown_name)
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveUnsafe(detail="link", entry=shown_name)
    if entry.flag_bits & 0x1:
        raise ArchiveUnsafe(detail="locked", entry=shown_name)
    if entry.file_size > _RATIO_FREE_BYTES and entry.file_size > _RATIO_LIMIT * max(entry.compress_size, 1):
        raise ArchiveUnsafe(detail="bomb", entry=shown_name)
    return path


def _readable_name(entry: zipfile.ZipInfo) -> str:
    """The entry's name; Chinese Windows writes GBK where the format says code page 437."""
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    # macOS and some tools write UTF-8 without saying so; valid UTF-8 is hardly ever GBK.
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _geodatabases(names: dict[PurePosixPath, zipfile.ZipInfo]) -> set[PurePosixPath]:
    return {path.parent for path in names if _GEODATABASE_FILE.fullmatch(path.name)}


def _main_entries(names: dict[PurePosixPath, zipfile.ZipInfo]) -> list[PurePosixPath]:
    """The data files and inner zips; text files and lone tables only where there is nothing better."""
    suffixes = {path: path.suffix.lower() for path in names}
    better = set(DATA_SUFFIXES) - {".txt", ".dbf", ".gdb"} | set(PACKED_SUFFIXES)
    for wanted in (better, {".dbf", ".txt"}):
        chosen = sorted(path for path, suffix in suffixes.items() if suffix in wanted)
        if chosen or _geodatabases(names):
            return chosen
    return []


def _is_companion(path: PurePosixPath, main: PurePosixPath) -> bool:
    return (
        path.parent == main.parent
        and path.stem.lower() == main.stem.lower()
        and path.suffix.lower() in _SHAPEFILE_PARTS
    )


def _write(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, desk: _Desk) -> None:
    with zipped.open(entry) as source:
        desk.write(source, target)


def _link(upload: Path, desk: _Desk) -> None:
    suffix = upload.suffix.lower()
    target = desk.new_place() / f"layer{suffix}"
    if suffix == ".gdb":
        if not upload.is_dir():
            raise FileUnreadable(detail="not_what_it_says")
        target.mkdir()
        for path in _geodatabase_files(upload, desk):
            (target / path.name.lower()).symlink_to(path)
    elif suffix == ".shp":
        for part in _SHAPEFILE_PARTS:
            beside = _beside(upload, part)
            if beside is not None:
                target.with_suffix(part).symlink_to(beside.resolve())
    else:
        target.symlink_to(upload.resolve())
    desk.files.append(DataFile(target, _stem(upload.name)))


def _geodatabase_files(folder: Path, desk: _Desk) -> Iterator[Path]:
    byte_count = 0
    paths = [path for path in sorted(folder.iterdir()) if _GEODATABASE_FILE.fullmatch(path.name)]
    desk.count_entries(len(paths))
    for path in paths:
        # What the folder links to lies elsewhere, and was not meant to be read.
        if path.is_file() and not path.is_symlink():
            byte_count += path.stat().st_size
            desk.expect(byte_count)
            yield path.resolve()


def _beside(path: Path, suffix: str) -> Path | None:
    """The file of that name and another ending, under any case."""
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.is_file():
            return candidate
    return None


def _stem(name: str) -> str:
    """A file's name without its endings: ``roads.osm.pbf`` is ``roads``."""
    plain = PurePosixPath(name).name
    for _ in range(3):
        path = PurePosixPath(plain)
        if path.suffix.lower() not in (*DATA_SUFFIXES, *PACKED_SUFFIXES):
            break
        plain = path.stem
    return plain
