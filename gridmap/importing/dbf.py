"""What a dBASE table says of its text: GDAL would believe it, we look first.

GDAL trusts a Shapefile's .cpg or its language byte, and reads Latin-1 without either: UTF-8 and GBK files
without a .cpg, which are most Chinese ones, come out as mojibake.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from gridmap.importing.encodings import decide_encoding
from gridmap.importing.errors import FileUnreadable

# Enough text for evidence; a large table is not read twice.
_SAMPLE_ROWS = 5_000

# dBASE language byte to encoding, where it is one that we know.
_LANGUAGE_BYTES = {0x4D: "gbk", 0x7A: "gbk", 0x4F: "big5", 0x78: "big5", 0x57: "cp1252", 0x03: "cp1252"}


def dbf_encoding(dbf: Path, *, cpg: Path | None, declared: str | None) -> str:
    """Choose the codec of a dBASE table's text, from what it and its .cpg say and what reads like Chinese.

    Raises
    ------
    FileUnreadable
        ``detail`` ``dbf_broken``.
    EncodingUnknown
    """
    language, samples = _texts(dbf)
    claimed = cpg.read_text(encoding="ascii", errors="ignore")[:64].strip() if cpg else language
    return decide_encoding(samples, declared=declared, claimed=claimed)


def _texts(path: Path) -> tuple[str | None, list[bytes]]:
    """The encoding that the language byte claims, and the raw field names and texts of the table."""
    with path.open("rb") as file:
        header = file.read(32)
        if len(header) < 32:
            raise FileUnreadable(detail="dbf_broken")
        row_count, header_length, row_length = struct.unpack_from("<IHH", header, 4)
        descriptors = file.read(max(header_length - 32, 0))
        fields = list(_fields(descriptors))
        file.seek(header_length)
        rows = file.read(row_length * min(row_count, _SAMPLE_ROWS))
    samples = [name for name, _, _, _ in fields]
    text_slices = [(start, start + length) for _, kind, start, length in fields if kind == b"C"]
    for offset in range(0, len(rows) - row_length + 1, row_length) if row_length else ():
        row = rows[offset : offset + row_length]
        samples.extend(row[start:end].rstrip(b" \0") for start, end in text_slices)
    return _LANGUAGE_BYTES.get(header[29]), samples


def _fields(descriptors: bytes) -> Iterator[tuple[bytes, bytes, int, int]]:
    """Name, type, start within the row and length of each field; byte 0 of a row is its deletion mark."""
    start = 1
    for offset in range(0, len(descriptors) - 31, 32):
        if descriptors[offset] == 0x0D:
            return
        name = descriptors[offset : offset + 11].split(b"\0")[0]
        kind = descriptors[offset + 11 : offset + 12]
        length = descriptors[offset + 16]
        yield name, kind, start, length
        start += length
