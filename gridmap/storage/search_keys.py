"""What a search box is matched against: the name as written, its pinyin, and the pinyin's initials."""

from __future__ import annotations

from collections.abc import Iterable

from pypinyin import Style, lazy_pinyin


def search_key(names: Iterable[str | None]) -> str:
    """Everything that someone may type for these names, lower case, separated by spaces.

    >>> search_key(["充电车棚"])
    '充电车棚 chongdianchepeng cdcp'
    """
    words: list[str] = []
    for name in names:
        if not name:
            continue
        plain = "".join(name.lower().split())
        words += [
            plain,
            "".join(lazy_pinyin(plain)),
            "".join(lazy_pinyin(plain, style=Style.FIRST_LETTER)),
        ]
    return " ".join(dict.fromkeys(words))
