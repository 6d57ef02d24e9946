"""What has to be known of a DXF drawing before GDAL opens it: its encoding, and how much it unfolds to.

Programs write UTF-8 or GBK into drawings, whatever code page they name. And a block may be inserted in a
block, in rows and columns: a file of a few lines can stand for a billion objects.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyogrio

from gridmap.importing.encodings import decide_encoding
from gridmap.importing.errors import FileUnreadable
from gridmap.importing.tables import ReadLimits

_CODE_PAGE = re.compile(rb"\$DWGCODEPAGE\s+3\s+ANSI_(\d{3,5})")
# Group codes: what the line below each of them is.
_TYPE, _NAME, _X, _COLUMN_COUNT, _ROW_COUNT = 0, 2, 10, 70, 71
_LEADING_NUMBER = re.compile(rb"[+]?(\d{1,9})")
# Deeper than anybody nests blocks, and no deeper than Python's own calls.
_DEEPEST_BLOCK = 100
_SAMPLE_BYTES = 16 * 1024**2
_HEADER_BYTES = 64 * 1024
# GDAL takes the encoding of drawings from its configuration, of which the process has only one.
_configuration = threading.Lock()


def dxf_encoding(path: Path, *, declared: str | None) -> str:
    """Choose the codec of a drawing's text.

    Raises
    ------
    EncodingUnknown
    """
    with path.open("rb") as file:
        content = file.read(_SAMPLE_BYTES)
    code_page = _CODE_PAGE.search(content[:_HEADER_BYTES])
    claimed = code_page.group(1).decode("ascii") if code_page else None
    samples = [line.rstrip(b"\r") for line in content.split(b"\n") if not line.isascii()]
    return decide_encoding(samples, declared=declared, claimed=claimed)


@dataclass(slots=True)
class _Block:
    """What a block holds itself, and which other blocks how often."""

    object_count: int = 0
    vertex_count: int = 0
    inserts: list[tuple[bytes, int]] = field(default_factory=list[tuple[bytes, int]])


def hold_unfolded_size(path: Path, limits: ReadLimits) -> None:
    """Raise when the drawing, each inserted block drawn anew, has more objects than rows are allowed.

    Raises
    ------
    LimitPassed
        ``detail`` ``drawing_objects`` or ``vertex_count``.
    FileUnreadable
        ``detail`` ``blocks_in_circle``: a block holds itself, or they are nested beyond reason.
    """
    blocks = _blocks(path.read_bytes())
    object_count, vertex_count = _unfolded(b"", blocks, {}, depth=0)
    limits.hold("row_count", object_count, detail="drawing_objects")
    limits.hold("vertex_count", vertex_count)


def _blocks(content: bytes) -> dict[bytes, _Block]:
    """The drawing's blocks by name; what lies in none of them under the empty name."""
    blocks: dict[bytes, _Block] = defaultdict(_Block)
    current = b""
    for kind, codes, values in _objects(content):
        if kind == b"BLOCK":
            current = (_values_of(_NAME, codes, values) or [b"?"])[-1].upper()
        elif kind in (b"ENDBLK", b"ENDSEC"):
            current = b""
        else:
            block = blocks[current]
            block.object_count += 1
            block.vertex_count += codes.count(_X)
            # Insertions, and dimensions and tables, which are drawn by blocks of their own.
            if kind in (b"INSERT", b"DIMENSION", b"ACAD_TABLE"):
                column_count = max(map(_number, _values_of(_COLUMN_COUNT, codes, values)), default=1)
                row_count = max(map(_number, _values_of(_ROW_COUNT, codes, values)), default=1)
                times = max(column_count, 1) * max(row_count, 1) if kind == b"INSERT" else 1
                block.inserts += [(name.upper(), times) for name in _values_of(_NAME, codes, values)]
    return blocks


def _objects(content: bytes) -> Iterator[tuple[bytes, list[int], list[bytes]]]:
    """Each object's type, its group codes and their values: lines take turns in being one or the other."""
    lines = [line.strip() for line in content.split(b"\n")]
    codes, values = [_number(line) for line in lines[0::2]], lines[1::2]
    starts = [place for place, code in enumerate(codes[: len(values)]) if code == _TYPE]
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        yield values[start].upper(), codes[start + 1 : end], values[start + 1 : end]


def _values_of(wanted: int, codes: list[int], values: list[bytes]) -> list[bytes]:
    return [value for code, value in zip(codes, values, strict=False) if code == wanted]


def _number(line: bytes) -> int:
    """A number as GDAL reads it, by what the line begins with: 0 where that is none."""
    if line.isdigit() and len(line) < 10:
        return int(line)
    match = _LEADING_NUMBER.match(line)
    return int(match.group(1)) if match else 0


def _unfolded(
    name: bytes, blocks: dict[bytes, _Block], known: dict[bytes, tuple[int, int]], *, depth: int
) -> tuple[int, int]:
    """Objects and vertices of a block with all that is inserted into it."""
    if depth > _DEEPEST_BLOCK:
        raise FileUnreadable(detail="blocks_in_circle")
    if name not in known:
        block = blocks.get(name, _Block())
        object_count, vertex_count = block.object_count, block.vertex_count
        for inner, times in block.inserts:
            if inner:
                inner_objects, inner_vertices = _unfolded(inner, blocks, known, depth=depth + 1)
                object_count += times * inner_objects
                vertex_count += times * inner_vertices
        known[name] = (object_count, vertex_count)
    return known[name]


@contextmanager
def text_read_as(codec: str) -> Generator[None]:
    """Have GDAL read drawings in that encoding, one drawing at a time."""
    with _configuration:
        pyogrio.set_gdal_config_options({"DXF_ENCODING": codec})
        try:
            yield
        finally:
            pyogrio.set_gdal_config_options({"DXF_ENCODING": None})
