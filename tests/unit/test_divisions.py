"""Codes of divisions: names, what became of a code, and the rule that a name counts only below its parent."""

from __future__ import annotations

import csv
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.category_codes import type_code
from gridmap.domain.divisions import (
    Division,
    InvalidDivision,
    NameIndex,
    Recoding,
    Relation,
    compare_divisions,
    plain_name,
)
from tests.realdata import real_file

COUNTY = Division("420106", "武昌区")


@pytest.mark.parametrize(
    ("name", "length", "plain"),
    [
        ("首义路街道办事处", 9, "首义路"),
        ("首义路街", 9, "首义路"),
        ("首义路街道", 9, "首义路"),
        ("大智街办事处", 9, "大智"),
        ("东街", 9, "东街"),
        ("金口街道", 9, "金口"),
        ("保成社区居委会", 12, "保成"),
        ("保成 社区", 12, "保成"),
        ("长江村村民委员会", 12, "长江村"),
    ],
)
def test_a_name_is_reduced_to_what_tells_it_from_its_neighbours(name: str, length: int, plain: str) -> None:
    assert plain_name(name, length) == plain


def test_each_kind_of_change_between_two_editions_is_told_apart() -> None:
    old = [
        COUNTY,
        Division("420106001", "首义路街办事处"),
        Division("420106002", "旧名街道"),
        Division("420106003", "并走街道"),
        Division("420106004", "改码街道"),
        Division("420106001001", "甲社区"),
        Division("420106004001", "乙社区"),
        Division("420106003001", "丙社区"),
    ]
    new = [
        COUNTY,
        Division("420106001", "首义路街道"),
        Division("420106002", "新名街道"),
        Division("420106014", "改码街道"),
        Division("420106015", "新设街道"),
        Division("420106001001", "甲社区居委会"),
        Division("420106014007", "乙社区"),
        Division("420106001009", "丙社区"),
    ]
    assert compare_divisions(old, new) == [
        Recoding("420106", "420106", Relation.SAME),
        Recoding("420106001", "420106001", Relation.SAME),
        Recoding("420106001001", "420106001001", Relation.SAME),
        Recoding("420106002", "420106002", Relation.RENAMED),
        Recoding("420106003", None, Relation.ENDED),
        Recoding("420106003001", "420106001009", Relation.MOVED),
        Recoding("420106004", "420106014", Relation.RECODED),
        Recoding("420106004001", "420106014007", Relation.RECODED),
        Recoding(None, "420106015", Relation.BEGUN),
    ]


def test_of_two_possible_successors_none_is_taken() -> None:
    old = [Division("420106001001", "新村社区")]
    new = [Division("420106002001", "新村社区"), Division("420106003001", "新村社区")]
    assert [each.relation for each in compare_divisions(old, new)] == [
        Relation.ENDED,
        Relation.BEGUN,
        Relation.BEGUN,
    ]


CODES = st.sets(st.integers(1, 30).map(lambda n: f"42010600{n // 10}{n % 10 + 1:03d}"), max_size=12)
EDITIONS = st.builds(
    lambda codes, names: [
        Division(code, f"{name}社区") for code, name in zip(sorted(codes), names, strict=False)
    ],
    CODES,
    st.lists(st.sampled_from(["甲乙", "丙丁", "戊己", "庚辛", "新村"]), min_size=12, max_size=12),
)


@given(EDITIONS, EDITIONS)
def test_every_old_code_has_one_answer_and_no_new_code_is_given_twice(
    old: list[Division], new: list[Division]
) -> None:
    found = compare_divisions(old, new)
    assert sorted(each.old_code for each in found if each.old_code) == sorted(each.code for each in old)
    assert sorted(each.new_code for each in found if each.new_code) == sorted(each.code for each in new)


def test_a_name_counts_only_below_its_parent() -> None:
    index = NameIndex(
        [
            Division("420106001", "赤城街道"),
            Division("411524001", "赤城街道"),
            Division("420114072", "沌阳街道"),
        ],
        aliases=[("420114072", "经开沌阳"), ("999999999", "不存在")],
    )
    assert index.find("赤城街", within="4115", code_length=9) == "411524001"
    assert index.find("赤城街道办事处", within="420106", code_length=9) == "420106001"
    assert index.find("赤城街道", within="420114", code_length=9) is None
    assert index.find("经开沌阳", within="4201", code_length=9) == "420114072"


@pytest.mark.parametrize(
    ("code", "name"), [("42010", "x"), ("420106001001x", "x"), ("020106", "x"), ("420106", " ")]
)
def test_what_is_no_division_is_refused(code: str, name: str) -> None:
    with pytest.raises(InvalidDivision):
        Division(code, name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0102", "0102"),
        (" 06010 ", "06010"),
        ("4201060102", "0102"),
        ("42010606010", "06010"),
        ("102", None),
        ("暴露垃圾", None),
        ("0201060102", None),
    ],
)
def test_category_codes_of_both_standards_are_told_by_their_form(text: str, found: str | None) -> None:
    assert type_code(text) == found


def wuhan(edition: int) -> list[Division]:
    divisions = []
    for kind in ("areas", "streets", "villages"):
        path = real_file(f"wuhan_admin_codes/{kind}_{edition}.csv")
        with path.open(encoding="utf-8") as file:
            divisions += [Division(row["code"], row["name"]) for row in csv.DictReader(file)]
    return divisions


def test_wuhans_codes_of_2018_find_their_successors_of_2023() -> None:
    old, new = wuhan(2018), wuhan(2023)
    assert (len(old), len(new)) == (13 + 198 + 3461, 13 + 193 + 3495)
    found = {each.old_code: each for each in compare_divisions(old, new) if each.old_code}
    counts = Counter(each.relation.value for each in found.values())
    assert counts == {"same": 3363, "renamed": 118, "recoded": 5, "moved": 17, "ended": 169}
    # Qingshan's enterprises ended; all its other streets stayed.
    gone = [f"420107{last}" for last in ("401", "402", "403", "405", "406")]
    assert {found[code].relation for code in gone} == {Relation.ENDED}
    assert found["420107001"].relation is Relation.SAME
    # 街办事处 became 街道 everywhere: no new name.
    assert found["420102002"].relation is Relation.SAME
