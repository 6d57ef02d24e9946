"""Names and numbers of the invented subdistrict beside its lines: communities, kinds of compounds."""

from __future__ import annotations

from .tiling import SUBDISTRICT_CODE, Community

NAME = "江岚街道"
NAME_EN = "Jianglan Subdistrict"
NOTICE = "示意数据"
NOTICE_EN = "Invented demonstration data: no real place, person or organisation"
DATA_DATE = "2026-11-20"

_KEYS = (
    # Reading order: rows from north to south, in each row from west to east.
    ("jinfan", "锦帆社区", "Jinfan Community"),
    ("beiqu", "北渠社区", "Beiqu Community"),
    ("zhuying", "竹影社区", "Zhuying Community"),
    ("wentao", "闻涛社区", "Wentao Community"),
    ("jianglan", "江岚社区", "Jianglan Community"),
    ("lanhu", "岚湖社区", "Lanhu Community"),
    ("yuge", "渔歌社区", "Yuge Community"),
    ("shuyuan", "书院社区", "Shuyuan Community"),
    ("nanpu", "南浦社区", "Nanpu Community"),
    ("tongyin", "桐荫社区", "Tongyin Community"),
    ("zhichun", "知春社区", "Zhichun Community"),
)
COMMUNITIES: tuple[Community, ...] = tuple(
    Community(key, name, name_en, f"{SUBDISTRICT_CODE}{number:03d}")
    for number, (key, name, name_en) in enumerate(_KEYS, start=1)
)
COMMUNITY_BY_KEY = {community.key: community for community in COMMUNITIES}

# How a use of land in the plan is called in the table of compounds; uses that are missing are no compounds.
COMPOUND_KIND = {
    "old": "old_estate",
    "commodity": "commodity",
    "resettle": "resettlement",
    "unit": "work_unit",
    "lanes": "village",
    "school": "work_unit",
    "primary": "work_unit",
    "kinder": "work_unit",
    "hospital": "work_unit",
    "civic": "work_unit",
    "mall": "commercial",
    "retail": "commercial",
    "market": "commercial",
    "office": "commercial",
    "creative": "commercial",
}
