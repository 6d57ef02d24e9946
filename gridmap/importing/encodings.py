"""Which encoding a file's text is in: decided by what decodes and reads like Chinese, never by hope.

UTF-8 proves itself: other Chinese text is almost never valid UTF-8. GB18030 and Big5 both decode nearly
anything, so what counts is *which* characters come out: real text stays within the few thousand everyday
characters that both standards put first (GB 2312 level 1, Big5's frequently used), wrong text scatters.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gridmap.importing.errors import EncodingUnknown

# Share of two-byte characters that must be everyday ones before a guess is believed. Right guesses reach
# 0.9 and more for place names; wrong ones stay near one half, and Latin text read as Chinese near zero.
_BELIEVABLE_SHARE = 0.6
_TAIL_LENGTH = 3

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

KNOWN_NAMES = {
    "utf8": "utf-8",
    "utf-8": "utf-8",
    "65001": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "936": "gb18030",
    "ansi 936": "gb18030",
    "big5": "big5hkscs",
    "big-5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cp950": "big5hkscs",
    "950": "big5hkscs",
    "ansi 950": "big5hkscs",
    "utf-16": "utf-16",
    "latin1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "iso-8859-1": "iso-8859-1",
    "88591": "iso-8859-1",
    "cp1252": "cp1252",
    "1252": "cp1252",
}
"""What people and .cpg files call encodings, to Python's codec."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    codec: str
    everyday_share: float


def named_encoding(name: str) -> str:
    """Translate a declared encoding's name to Python's codec.

    Raises
    ------
    EncodingUnknown
        No codec has that name; ``detail`` is ``no_such_encoding``.
    """
    key = name.strip().lower().replace("_", "-")
    if key in KNOWN_NAMES:
        return KNOWN_NAMES[key]
    try:
        return codecs.lookup(key).name
    except (LookupError, ValueError) as error:
        raise EncodingUnknown(encoding=name, detail="no_such_encoding") from error


def decode_text(content: bytes, *, declared: str | None = None) -> tuple[str, str]:
    """Decode a whole text file; returns the text without its byte order mark, and the codec used.

    Raises
    ------
    EncodingUnknown
        The declared encoding does not fit, or none does.
    """
    for mark, codec in _BOMS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], codec), codec
    unmarked = _utf_16_without_mark(content)
    if unmarked is not None and declared is None:
        return _strictly(content, unmarked), unmarked
    codec = decide_encoding([content], declared=declared)
    return _strictly(content, codec), codec


def _utf_16_without_mark(content: bytes) -> str | None:
    """Say which UTF-16 it is, if every other byte of the beginning is often zero, as of digits and commas."""
    head = content[:1_024]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd * 4 > len(head) and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even * 4 > len(head) and odd == 0 else None


def decide_encoding(
    samples: Iterable[bytes], *, declared: str | None = None, claimed: str | None = None
) -> str:
    """Choose the codec of a file's text.

    Parameters
    ----------
    samples : the raw texts, for example one a table cell
        A cell may have been cut in the middle of a character; that alone speaks against no encoding.
    declared : what the person says; believed if everything decodes
    claimed : what the file says (.cpg); believed if everything decodes and it reads no worse than another

    Raises
    ------
    EncodingUnknown
        ``detail``: ``declared_does_not_fit`` or ``nothing_fits``.
    """
    telling = [sample for sample in samples if not sample.isascii()]
    if declared is not None:
        codec = named_encoding(declared)
        if all(_decodes(sample, codec) for sample in telling):
            return codec
        raise EncodingUnknown(encoding=declared, detail="declared_does_not_fit")
    if all(_decodes(sample, "utf-8") for sample in telling):
        return "utf-8"
    candidates: list[_Evidence] = []
    for codec, share_of in (("gb18030", _gb_share), ("big5hkscs", _big5_share)):
        if all(_decodes(sample, codec) for sample in telling):
            candidates.append(_Evidence(codec, share_of(telling)))
    best = max(candidates, key=lambda evidence: evidence.everyday_share, default=None)
    claimed_codec = _claimed_codec(claimed)
    if claimed_codec in ("iso-8859-1", "cp1252") and (
        best is None or best.everyday_share < _BELIEVABLE_SHARE
    ):
        return claimed_codec
    if best is None or best.everyday_share < _BELIEVABLE_SHARE:
        raise EncodingUnknown(encoding=claimed or "", detail="nothing_fits")
    equal = {evidence.codec for evidence in candidates if evidence.everyday_share == best.everyday_share}
    return claimed_codec if claimed_codec in equal else best.codec


def _claimed_codec(claimed: str | None) -> str | None:
    if not claimed:
        return None
    try:
        return named_encoding(claimed)
    except EncodingUnknown:
        return None


def _strictly(content: bytes, codec: str) -> str:
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        raise EncodingUnknown(encoding=codec, detail="nothing_fits") from error
    return text.removeprefix("\ufeff")


def _decodes(sample: bytes, codec: str) -> bool:
    """Say whether the bytes are text of that codec, allowing for a character cut off at the end."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        text = decoder.decode(sample, final=False)
        pending = decoder.getstate()[0]
    except UnicodeDecodeError:
        return False
    return len(pending) <= _TAIL_LENGTH and not any("\ue000" <= mark <= "\uf8ff" for mark in text)


def _gb_share(samples: list[bytes]) -> float:
    """The share of two-byte characters in GB 2312 level 1 (or its punctuation rows)."""
    return _share(
        samples, lambda lead, trail: trail >= 0xA1 and (0xB0 <= lead <= 0xD7 or lead in (0xA1, 0xA3))
    )


def _big5_share(samples: list[bytes]) -> float:
    """The share of two-byte characters among Big5's frequently used ones (or its punctuation)."""
    return _share(samples, lambda lead, _trail: 0xA4 <= lead <= 0xC6 or lead == 0xA1)


def _share(samples: list[bytes], is_everyday: Callable[[int, int], bool]) -> float:
    everyday = total = 0
    for sample in samples:
        position = 0
        while position < len(sample) - 1:
            lead = sample[position]
            if lead < 0x80:
                position += 1
                continue
            total += 1
            everyday += is_everyday(lead, sample[position + 1])
            position += 2
    return everyday / total if total else 1.0
