"""What a DXF drawing says of its text: programs write UTF-8 or GBK there, whatever code page it names."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pyogrio

from gridmap.importing.encodings import decide_encoding

_CODE_PAGE = re.compile(rb"\$DWGCODEPAGE\s+3\s+ANSI_(\d{3,5})")
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


@contextmanager
def text_read_as(codec: str) -> Generator[None]:
    """Have GDAL read drawings in that encoding, one drawing at a time."""
    with _configuration:
        pyogrio.set_gdal_config_options({"DXF_ENCODING": codec})
        try:
            yield
        finally:
            pyogrio.set_gdal_config_options({"DXF_ENCODING": None})
