"""The streets, the canal and the edge of the invented subdistrict, drawn on the sheet (see :mod:`.frame`).

Lines are in sheet metres. A street that only touches another ends on it; the fabric finds all crossings itself.
Lines that pass the edge of the subdistrict show that the town goes on.
"""
# ruff: noqa: E501 (a row of the table is a line, and Chinese counts double)

from __future__ import annotations

from dataclasses import dataclass

Vertex = tuple[float, float]


@dataclass(frozen=True, slots=True)
class StreetPlan:
    """A named street; ``kind`` as in the table of streets, width from kerb line to kerb line."""

    name: str
    name_en: str
    kind: str
    width_m: float
    line: tuple[Vertex, ...]


def _main(name: str, name_en: str, *line: Vertex) -> StreetPlan:
    return StreetPlan(name, name_en, "main", 40.0, line)


def _secondary(name: str, name_en: str, *line: Vertex) -> StreetPlan:
    return StreetPlan(name, name_en, "secondary", 24.0, line)


def _minor(name: str, name_en: str, *line: Vertex) -> StreetPlan:
    return StreetPlan(name, name_en, "minor", 12.0, line)


STREETS: tuple[StreetPlan, ...] = (
    # Along the river, from the bank to the lake.
    _main(
        "滨江大道",
        "Binjiang Avenue",
        (125, -1500),
        (125, -330),
        (125, 440),
        (132, 905),
        (140, 1380),
        (125, 1900),
        (125, 2240),
        (125, 3400),
    ),
    _secondary(
        "闻涛路",
        "Wentao Road",
        (470, -1300),
        (470, -230),
        (470, 430),
        (500, 900),
        (480, 1390),
        (500, 1900),
        (505, 2150),
        (505, 3300),
    ),
    _main(
        "江岚大道",
        "Jianglan Avenue",
        (850, -1500),
        (850, -330),
        (850, 450),
        (852, 900),
        (880, 1400),
        (880, 2240),
        (880, 3400),
    ),
    _secondary(
        "桐荫路",
        "Tongyin Road",
        (1240, -1300),
        (1240, -230),
        (1240, 0),
        (1262, 430),
        (1240, 930),
        (1290, 1400),
        (1270, 2150),
        (1270, 3300),
    ),
    _secondary("知春路", "Zhichun Road", (1620, -15), (1642, 440), (1620, 958)),
    _secondary("竹影路", "Zhuying Road", (1670, 1438), (1650, 1900), (1650, 2120), (1650, 2900)),
    _secondary(
        "青岚路",
        "Qinglan Road",
        (2000, -1300),
        (2000, -230),
        (2000, 0),
        (1978, 430),
        (2000, 915),
        (2020, 1430),
        (1990, 2150),
        (1990, 3300),
    ),
    # Away from the river, from south to north.
    _secondary(
        "南浦路",
        "Nanpu Road",
        (125, 5),
        (470, -20),
        (850, 10),
        (1240, 0),
        (1620, -15),
        (2000, 0),
        (2260, 10),
        (3300, 10),
    ),
    _secondary(
        "书院街",
        "Shuyuan Street",
        (125, 440),
        (470, 430),
        (850, 450),
        (1262, 430),
        (1642, 440),
        (1978, 430),
        (2260, 418),
        (3200, 418),
    ),
    _main(
        "渡江路",
        "Dujiang Road",
        (132, 905),
        (500, 890),
        (852, 900),
        (1240, 930),
        (1620, 958),
        (2000, 915),
        (2260, 900),
        (3500, 900),
    ),
    _secondary(
        "梧桐街",
        "Wutong Street",
        (140, 1380),
        (480, 1390),
        (880, 1400),
        (1290, 1400),
        (1670, 1438),
        (2020, 1430),
        (2260, 1442),
        (3300, 1442),
    ),
    _secondary(
        "北渠路",
        "Beiqu Road",
        (125, 1900),
        (500, 1900),
        (880, 1915),
        (1270, 1890),
        (1650, 1900),
        (1990, 1900),
        (2260, 1890),
        (3300, 1890),
    ),
    # Minor streets, row by row from the south.
    _minor("渔歌巷", "Yuge Lane", (125, 222), (470, 208)),
    _minor("船厂街", "Chuanchang Street", (300, -8), (306, 216)),
    _minor("墨池街", "Mochi Street", (650, -6), (664, 441)),
    _minor("笔架巷", "Bijia Lane", (470, 196), (656, 204)),
    _minor("青石街", "Qingshi Street", (850, 236), (1251, 214)),
    _minor("石井巷", "Shijing Lane", (1046, 225), (1062, 440)),
    _minor("学前街", "Xueqian Street", (1424, -8), (1446, 435)),
    _minor("芸窗街", "Yunchuang Street", (1436, 246), (1632, 236)),
    _minor("银杏街", "Yinxing Street", (1629, 184), (1990, 178)),
    _minor("木樨巷", "Muxi Lane", (1806, 181), (1812, 435)),
    _minor("织网街", "Zhiwang Street", (128, 668), (484, 652)),
    _minor("锚链巷", "Maolian Lane", (300, 435), (312, 660)),
    _minor("琴台里", "Qintai Lane", (481, 604), (850, 590)),
    _minor("棋盘街", "Qipan Street", (490, 752), (851, 742)),
    _minor("书影巷", "Shuying Lane", (684, 597), (690, 747)),
    _minor("集贤街", "Jixian Street", (1070, 440), (1052, 915)),
    _minor("汇江路", "Huijiang Road", (851, 668), (1061, 676)),
    _minor("绣衣街", "Xiuyi Street", (1064, 640), (1253, 634)),
    _minor("丹桂街", "Dangui Street", (1251, 684), (1632, 706)),
    _minor("采薇巷", "Caiwei Lane", (1444, 435), (1452, 695)),
    _minor("海棠街", "Haitang Street", (1806, 435), (1822, 936)),
    _minor("白榆巷", "Baiyu Lane", (1814, 690), (1989, 676)),
    _minor("归帆街", "Guifan Street", (304, 898), (312, 1385)),
    _minor("汽笛巷", "Qidi Lane", (136, 1152), (489, 1138)),
    _minor("电讯街", "Dianxun Street", (489, 1132), (864, 1146)),
    _minor("天桥巷", "Tianqiao Lane", (684, 1139), (690, 1395)),
    _minor("百货街", "Baihuo Street", (680, 895), (684, 1139)),
    _minor("广济街", "Guangji Street", (866, 1164), (1265, 1172)),
    _minor("仁寿巷", "Renshou Lane", (1062, 915), (1080, 1400)),
    _minor("环湖西路", "Huanhu West Road", (1424, 944), (1396, 1040), (1386, 1200), (1420, 1411)),
    _minor("环湖东路", "Huanhu East Road", (1856, 931), (1884, 1060), (1890, 1240), (1850, 1434)),
    _minor("锦帆街", "Jinfan Street", (312, 1385), (316, 1900)),
    _minor("望渡街", "Wangdu Street", (690, 1395), (697, 1908)),
    _minor("古井街", "Gujing Street", (1080, 1400), (1074, 1902)),
    _minor("竹坞街", "Zhuwu Street", (1516, 1422), (1470, 1895)),
    _minor("听雨巷", "Tingyu Lane", (1278, 1712), (1661, 1672)),
    _minor("听泉街", "Tingquan Street", (1661, 1668), (2004, 1660)),
    _minor("新篁巷", "Xinhuang Lane", (1842, 1434), (1832, 1900)),
    _minor("江岚码头路", "Jianglan Pier Road", (14, 908), (132, 905)),
)

# The canal leaves the lake at its north-western corner and reaches the river through a sluice.
CANAL: tuple[Vertex, ...] = (
    (0, 1664), (125, 1656), (320, 1636), (500, 1642), (690, 1664), (880, 1660), (1075, 1650), (1190, 1628),
    (1300, 1556), (1400, 1480), (1462, 1414), (1510, 1310),
)  # fmt: skip
CANAL_HALF_WIDTH_M = 9.0
CANAL_BANK_M = 20.0

LAKE: tuple[Vertex, ...] = (
    (1462, 1300), (1480, 1245), (1474, 1190), (1452, 1130), (1462, 1075), (1510, 1036), (1562, 1030), (1610, 1052),
    (1660, 1040), (1710, 1018), (1768, 1024), (1812, 1066), (1824, 1122), (1806, 1180), (1816, 1236), (1828, 1286),
    (1806, 1332), (1752, 1346), (1700, 1326), (1652, 1342), (1604, 1368), (1544, 1360), (1490, 1340),
)  # fmt: skip

ISLAND: Vertex = (1640, 1160)

# The outer edge where no street runs: the water's edge and its two ends.
EDGE: tuple[tuple[Vertex, ...], ...] = (
    ((0, 8), (125, 5)),
    ((0, 1902), (125, 1900)),
    ((0, 8), (0, 908), (0, 1664), (0, 1902)),
    # The bank is one strip; these lines share it out between the communities.
    ((0, 442), (125, 440)),
    ((0, 908), (14, 908)),
    ((0, 1384), (140, 1380)),
)
RIVER: tuple[Vertex, ...] = ((-1250, -4000), (0, -4000), (0, 6000), (-1250, 6000))
