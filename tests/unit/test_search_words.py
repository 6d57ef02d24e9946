"""What a person types, made ready for the search key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridmap.queries.search import like_pattern, search_words


def test_words_are_lower_case_and_free_of_signs() -> None:
    assert search_words("  CDCP  “江岚”·驿站 ") == ("cdcp", "江岚驿站")


def test_nothing_but_signs_is_no_word() -> None:
    assert search_words("%%% __ \\") == ()


def test_wildcards_are_taken_literally() -> None:
    assert like_pattern("100%_x\\") == "%100\\%\\_x\\\\%"


@given(st.text(max_size=300))
def test_any_text_gives_at_most_five_short_words(typed: str) -> None:
    words = search_words(typed)
    assert len(words) <= 5
    assert all(word and "%" not in word and "\x00" not in word for word in words)
