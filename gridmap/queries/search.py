"""What a person typed, made ready to be looked up in ``service_point.search_key``."""

from __future__ import annotations

_LONGEST = 60
_MOST_WORDS = 5


def search_words(typed: str) -> tuple[str, ...]:
    """The words of a search: lower case, at most five, nothing that is not letters or digits around them."""
    cleaned = typed.replace("\x00", " ").lower()[:_LONGEST]
    words = ("".join(char for char in word if char.isalnum()) for word in cleaned.split())
    return tuple(word for word in words if word)[:_MOST_WORDS]


def like_pattern(word: str) -> str:
    """The pattern for ``LIKE`` that finds the word anywhere; its own wildcards are taken literally."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
