"""Zip files from strangers: looked at before anything is unpacked, and unpacked under names of our own."""

from __future__ import annotations

import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gridmap.importing.errors import ArchiveUnsafe, FileUnreadable, LayerAbsent, LayerAmbiguous, LimitPassed
from gridmap.importing.tables import ReadLimits

MAIN_SUFFIXES = (".shp", ".gpkg", ".geojson", ".json", ".csv")
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_BLOCK_BYTES = 1024 * 1024
# Text and polygons shrink to a twentieth; a thousandth is a bomb.
_RATIO_LIMIT = 1_000
_RATIO_FREE_BYTES = 10 * 1024**2


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The one data file of an archive, unpacked; ``layer_name`` is its name there, for people."""

    path: Path
    layer_name: str


def unpack_layer(archive: Path, folder: Path, *, wanted: str | None, limits: ReadLimits) -> Unpacked:
    """Unpack the archive's data file (and a Shapefile's companions) into an empty folder.

    Only the chosen files are written, as ``layer.shp`` and so on: no name of the archive reaches the disk.

    Raises
    ------
    ArchiveUnsafe
        ``detail``: ``path_outside``, ``link``, ``locked`` or ``bomb``; ``entry`` names the entry.
    LayerAbsent, LayerAmbiguous
        None or several data files fit ``wanted`` (a file name without its ending).
    FileUnreadable, LimitPassed
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            entries = zipped.infolist()
            limits.hold("archive_entries", len(entries))
            limits.hold("unzipped_bytes", sum(entry.file_size for entry in entries))
            names = {_checked_name(entry): entry for entry in entries if not entry.is_dir()}
            main = _main_entry(names, wanted)
            parts = [main]
            if main.suffix.lower() == ".shp":
                parts = [name for name in names if _is_companion(name, main)]
            for name in parts:
                target = folder / f"layer{name.suffix.lower()}"
                _write(zipped, names[name], target, limits)
            return Unpacked(folder / f"layer{main.suffix.lower()}", main.stem)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise FileUnreadable(detail="broken_zip") from error


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
        return entry.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return entry.filename


def _main_entry(names: dict[PurePosixPath, zipfile.ZipInfo], wanted: str | None) -> PurePosixPath:
    visible = [name for name in names if "__MACOSX" not in name.parts and not name.name.startswith(".")]
    layers = [name for name in visible if name.suffix.lower() in MAIN_SUFFIXES]
    stems = sorted(name.stem for name in layers)
    chosen = layers if wanted is None else [name for name in layers if wanted in (name.stem, name.name)]
    if not chosen:
        raise LayerAbsent(layers=stems, wanted=wanted or "")
    if len(chosen) > 1:
        raise LayerAmbiguous(layers=stems)
    return chosen[0]


def _is_companion(name: PurePosixPath, main: PurePosixPath) -> bool:
    return (
        name.parent == main.parent
        and name.stem.lower() == main.stem.lower()
        and name.suffix.lower() in _SHAPEFILE_PARTS
    )


def _write(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, limits: ReadLimits) -> None:
    """Write one entry, counting what really comes out: the sizes in the archive are only claims."""
    written = 0
    with zipped.open(entry) as source, target.open("wb") as sink:
        while block := source.read(_BLOCK_BYTES):
            written += len(block)
            if written > limits.unzipped_bytes:
                raise LimitPassed(detail="unzipped_bytes", allowed=limits.unzipped_bytes, found=written)
            sink.write(block)
