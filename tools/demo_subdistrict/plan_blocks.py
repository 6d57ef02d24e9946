"""What stands in each block of the invented subdistrict: who lives where, under which name, since when.

A block is named by a sheet position inside it. Its plot is one use of land or a cut: ``_u(share, west, east)`` with
a wall running away from the river's row, ``_v(share, south, north)`` with a wall along it. All names are invented;
they are of the kinds that such a place has.
"""
# ruff: noqa: E501 (a row of the table is a line, and Chinese counts double)

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """One use of land; compounds have a name and a year, ``kind`` chooses how it is built over."""

    kind: str
    name: str = ""
    name_en: str = ""
    year: int = 0


@dataclass(frozen=True, slots=True)
class Cut:
    """A wall across a block at ``share`` of its width (along "u") or height (along "v")."""

    along: str
    share: float
    first: Plot
    second: Plot


Plot = Leaf | Cut


@dataclass(frozen=True, slots=True)
class Block:
    """A row of the plan: a position in the block, the community it belongs to, its plot."""

    u: float
    v: float
    community: str
    plot: Plot


def _u(share: float, west: Plot, east: Plot) -> Cut:
    return Cut("u", share, west, east)


def _v(share: float, south: Plot, north: Plot) -> Cut:
    return Cut("v", share, south, north)


def _old(name: str, name_en: str, year: int) -> Leaf:
    return Leaf("old", name, name_en, year)


def _new(name: str, name_en: str, year: int) -> Leaf:
    return Leaf("commodity", name, name_en, year)


def _rebuilt(name: str, name_en: str, year: int) -> Leaf:
    return Leaf("resettle", name, name_en, year)


def _unit(name: str, name_en: str, year: int) -> Leaf:
    return Leaf("unit", name, name_en, year)


def _lanes(name: str, name_en: str, year: int) -> Leaf:
    return Leaf("lanes", name, name_en, year)


BLOCKS: tuple[Block, ...] = (
    # The bank, north to south.
    Block(65, 1779, "jinfan", Leaf("bank", "江岚江滩北园", "Jianglan Riverside Park North")),
    Block(68, 1520, "jinfan", Leaf("bank", "江岚江滩北园", "Jianglan Riverside Park North")),
    Block(68, 1147, "wentao", Leaf("bank", "江岚江滩中园", "Jianglan Riverside Park Centre")),
    Block(64, 676, "yuge", Leaf("bank", "江岚江滩南园", "Jianglan Riverside Park South")),
    Block(63, 224, "yuge", Leaf("bank", "江岚江滩南园", "Jianglan Riverside Park South")),
    # 渔歌社区: the old shipyard's estates and the lanes of the fishing families.
    Block(
        214,
        109,
        "yuge",
        _v(
            0.45,
            Leaf("creative", "船厂1954文创园", "Shipyard 1954 Creative Park", 1954),
            _old("船厂一村", "Shipyard First Estate", 1984),
        ),
    ),
    Block(387, 98, "yuge", _old("船厂二村", "Shipyard Second Estate", 1987)),
    Block(
        298,
        325,
        "yuge",
        _u(0.52, _lanes("渔歌里", "Yuge Lanes", 1936), _old("航运新村", "Shipping New Estate", 1991)),
    ),
    Block(216, 552, "yuge", _lanes("织网里", "Zhiwang Lanes", 1948)),
    Block(
        391,
        544,
        "yuge",
        _v(
            0.5,
            Leaf("primary", "渔歌小学", "Yuge Primary School", 1962),
            _old("水产宿舍", "Fishery Staff Housing", 1982),
        ),
    ),
    Block(
        311,
        779,
        "yuge",
        _u(
            0.42,
            _new("江岚一号", "Jianglan No. 1", 2018),
            _u(0.5, _old("港务二村", "Port Second Estate", 1989), Leaf("park", "锚地公园", "Anchorage Park")),
        ),
    ),
    # 书院社区: an old academy quarter.
    Block(561, 94, "shuyuan", _old("笔架新村", "Bijia New Estate", 1986)),
    Block(
        565,
        318,
        "shuyuan",
        _u(0.5, _old("墨池小区", "Mochi Estate", 1993), _lanes("笔架里", "Bijia Lanes", 1930)),
    ),
    Block(
        753,
        221,
        "shuyuan",
        _v(
            0.36,
            _unit("市政设计院", "Municipal Design Institute", 1978),
            _v(
                0.5,
                _old("市政宿舍", "Municipal Staff Housing", 1985),
                _new("书香名邸", "Scholars' Court", 2009),
            ),
        ),
    ),
    Block(
        656,
        518,
        "shuyuan",
        _u(
            0.56,
            _old("书院小区", "Shuyuan Estate", 1990),
            Leaf("square", "书院旧址广场", "Old Academy Square"),
        ),
    ),
    Block(587, 674, "shuyuan", _lanes("琴台里", "Qintai Lanes", 1932)),
    Block(769, 668, "shuyuan", _old("棋盘小区", "Qipan Estate", 1988)),
    Block(
        677,
        821,
        "shuyuan",
        _u(
            0.48,
            _unit("省邮电通信大院", "Post and Telecom Compound", 1976),
            _new("渡江花园", "Dujiang Garden", 2004),
        ),
    ),
    # 南浦社区.
    Block(
        1046,
        116,
        "nanpu",
        _u(0.5, _old("南浦一村", "Nanpu First Estate", 1983), _old("南浦二村", "Nanpu Second Estate", 1986)),
    ),
    Block(952, 339, "nanpu", _new("南浦雅苑", "Nanpu Court", 2011)),
    Block(
        1155,
        327,
        "nanpu",
        _u(0.44, Leaf("park", "青石公园", "Qingshi Park"), _old("石井小区", "Shijing Estate", 1994)),
    ),
    Block(
        959,
        557,
        "nanpu",
        _v(0.4, Leaf("market", "集贤集市", "Jixian Market", 2001), _old("汇江小区", "Huijiang Estate", 1992)),
    ),
    Block(1162, 536, "nanpu", _old("绣衣坊", "Xiuyi Close", 1989)),
    # 知春社区: the school town in the south-east.
    Block(1343, 214, "zhichun", Leaf("school", "江岚中学", "Jianglan Middle School", 1956)),
    Block(1540, 339, "zhichun", _unit("水运职工大学", "Waterway Staff College", 1979)),
    Block(1530, 98, "zhichun", _old("知春里", "Zhichun Close", 1995)),
    Block(1722, 309, "zhichun", _new("银杏苑", "Ginkgo Court", 2007)),
    Block(1897, 304, "zhichun", _new("青岚华府", "Qinglan Mansions", 2016)),
    Block(
        1810,
        90,
        "zhichun",
        _u(
            0.46,
            _rebuilt("南浦家园", "Nanpu Homes", 2013),
            _u(
                0.52,
                _old("棉纺宿舍", "Cotton Mill Housing", 1981),
                Leaf("office", "青岚科创中心", "Qinglan Innovation Centre", 2019),
            ),
        ),
    ),
    # 桐荫社区.
    Block(1353, 563, "tongyin", _rebuilt("桐荫新居", "Tongyin New Homes", 2010)),
    Block(1543, 567, "tongyin", _old("采薇小区", "Caiwei Estate", 1996)),
    Block(
        1436,
        820,
        "tongyin",
        _u(
            0.5,
            Leaf("hospital", "江岚医院", "Jianglan Hospital", 1988),
            _new("丹桂苑", "Osmanthus Court", 2006),
        ),
    ),
    Block(
        1722,
        701,
        "tongyin",
        _v(
            0.4,
            _old("海棠小区", "Haitang Estate", 1992),
            _v(
                0.5,
                Leaf("primary", "海棠小学", "Haitang Primary School", 1998),
                _new("海棠湾", "Haitang Bay", 2014),
            ),
        ),
    ),
    Block(1896, 558, "tongyin", _unit("地质勘察院", "Geological Survey Compound", 1974)),
    Block(1906, 804, "tongyin", _old("白榆新村", "Baiyu New Estate", 1990)),
    # 闻涛社区: behind the ferry.
    Block(
        220,
        1025,
        "wentao",
        _v(
            0.4,
            Leaf("office", "江岚航运大厦", "Jianglan Shipping Building", 2008),
            _old("码头新村", "Pier New Estate", 1985),
        ),
    ),
    Block(401, 1016, "wentao", _old("港务一村", "Port First Estate", 1983)),
    Block(225, 1266, "wentao", _new("望江名门", "River View Gate", 2019)),
    Block(
        398,
        1263,
        "wentao",
        _v(0.52, _old("闻涛小区", "Wentao Estate", 1994), Leaf("park", "闻涛园", "Wentao Garden")),
    ),
    Block(586, 1266, "wentao", _old("电讯新村", "Telegraph New Estate", 1988)),
    # 江岚社区: the centre, with the subdistrict's office and the shopping block.
    Block(
        1153,
        780,
        "jianglan",
        _v(
            0.36,
            Leaf("civic", "江岚街道办事处", "Jianglan Subdistrict Office", 2003),
            _new("江岚公馆", "Jianglan Residence", 2012),
        ),
    ),
    Block(955, 789, "jianglan", Leaf("mall", "江岚天地", "Jianglan Plaza", 2015)),
    Block(589, 1016, "jianglan", _old("百货宿舍", "Department Store Housing", 1984)),
    Block(771, 1021, "jianglan", Leaf("retail", "百货街商业区", "Baihuo Street Shopping Block", 1999)),
    Block(780, 1271, "jianglan", _old("天桥小区", "Tianqiao Estate", 1991)),
    Block(
        962,
        1037,
        "jianglan",
        _u(
            0.36,
            Leaf("office", "江岚金融中心", "Jianglan Finance Centre", 2016),
            _new("汇江公寓", "Huijiang Apartments", 2013),
        ),
    ),
    # 岚湖社区: round the lake.
    Block(1159, 1048, "lanhu", _old("仁寿小区", "Renshou Estate", 1987)),
    Block(974, 1283, "jianglan", _old("广济新村", "Guangji New Estate", 1990)),
    Block(
        1177,
        1287,
        "lanhu",
        _v(0.5, _lanes("仁寿里", "Renshou Lanes", 1938), _old("广济二村", "Guangji Second Estate", 1993)),
    ),
    Block(
        1332,
        1157,
        "lanhu",
        _v(0.5, _new("岚湖一品", "Lanhu One", 2017), _new("湖畔佳园", "Lakeside Homes", 2010)),
    ),
    Block(1641, 1187, "lanhu", Leaf("lake", "岚湖公园", "Lanhu Lake Park")),
    Block(
        1943,
        1185,
        "lanhu",
        _v(
            0.48,
            _rebuilt("岚湖新苑", "Lanhu New Court", 2012),
            _new("东岚国际", "East Lan International", 2020),
        ),
    ),
    # 锦帆社区.
    Block(223, 1515, "jinfan", _new("锦帆江岸", "Jinfan Riverside", 2015)),
    Block(399, 1514, "jinfan", _old("锦帆小区", "Jinfan Estate", 1992)),
    Block(590, 1522, "jinfan", _old("梧桐新村", "Wutong New Estate", 1989)),
    Block(
        223,
        1774,
        "jinfan",
        _v(
            0.5,
            _old("纱厂一村", "Yarn Mill First Estate", 1982),
            Leaf("creative", "纱厂印记园区", "Yarn Mill Works", 1958),
        ),
    ),
    Block(405, 1770, "jinfan", _old("纱厂二村", "Yarn Mill Second Estate", 1986)),
    Block(594, 1778, "jinfan", _rebuilt("锦帆家园", "Jinfan Homes", 2011)),
    # 北渠社区: along the canal.
    Block(785, 1529, "beiqu", _old("望渡小区", "Wangdu Estate", 1993)),
    Block(
        979,
        1527,
        "beiqu",
        _v(0.45, Leaf("primary", "北渠学校", "Beiqu School", 2005), _old("古井小区", "Gujing Estate", 1988)),
    ),
    Block(1176, 1511, "beiqu", _new("渠畔雅居", "Canalside Court", 2008)),
    Block(788, 1786, "beiqu", _unit("铁路机务大院", "Railway Works Compound", 1973)),
    Block(978, 1782, "beiqu", _old("机务新村", "Railway New Estate", 1987)),
    Block(
        1182,
        1756,
        "beiqu",
        _v(
            0.46,
            _rebuilt("北渠新城", "Beiqu New Town", 2014),
            Leaf("market", "北渠农贸市场", "Beiqu Produce Market", 2003),
        ),
    ),
    # 竹影社区.
    Block(1347, 1463, "zhuying", Leaf("park", "竹坞公园", "Zhuwu Park")),
    Block(1406, 1583, "zhuying", _old("竹坞小区", "Zhuwu Estate", 1995)),
    Block(1582, 1557, "zhuying", _new("竹影山房", "Bamboo Shade Court", 2013)),
    Block(1752, 1552, "zhuying", _rebuilt("新篁家园", "Xinhuang Homes", 2009)),
    Block(1927, 1546, "zhuying", _old("听泉小区", "Tingquan Estate", 1991)),
    Block(1382, 1796, "zhuying", _old("听雨新村", "Tingyu New Estate", 1989)),
    Block(1569, 1790, "zhuying", _new("听雨轩", "Tingyu Terrace", 2005)),
    Block(
        1745,
        1784,
        "zhuying",
        _v(
            0.5,
            Leaf("kinder", "竹影幼儿园", "Zhuying Kindergarten", 2006),
            _old("听泉二村", "Tingquan Second Estate", 1994),
        ),
    ),
    Block(1920, 1780, "zhuying", Leaf("office", "北岚数字产业园", "Beilan Digital Park", 2018)),
)


def _leaves(plot: Plot) -> Iterator[Leaf]:
    if isinstance(plot, Leaf):
        yield plot
    else:
        yield from _leaves(plot.first)
        yield from _leaves(plot.second)


ENGLISH_NAME_OF: dict[str, str] = {
    leaf.name: leaf.name_en for block in BLOCKS for leaf in _leaves(block.plot)
}
