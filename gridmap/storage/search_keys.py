"""What a search box is matched against: the name as written, its pinyin, and the pinyin's initials."""

from __future__ import annotations

from collections.abc import Iterable


def search_key(names: Iterable[str | None]) -> str:
    """Everything that someone may type for these names, lower case, separated by spaces.

    >>> search_key(["充电车棚"])
    '充电车棚 chongdianchepeng cdcp'
    """
    # Imported here: its dictionary takes longer to load than most commands to run.
    from pypinyin import Style, lazy_pinyin

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
