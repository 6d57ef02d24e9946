"""Service points of the invented subdistrict, by name; kinds and manner of naming follow practice, places are ours.

``at`` says where a point stands: ``house:`` a named house, ``hall:`` the common house of a compound (or what stands
nearest to its gate), ``gate:`` beside a compound's gate, ``open:`` a free spot by a compound's inner walk,
``home:`` a dwelling house of the compound (only for restricted points), ``cover:`` a named square, ``sheet:`` a position on the sheet.
"""
# ruff: noqa: E501 (a row of the table is a line, and Chinese counts double)

from __future__ import annotations

from dataclasses import dataclass

WEEKDAYS = "Mo-Fr 08:30-12:00,14:00-17:30"
DAILY = "Mo-Su 08:00-20:00"
EVENINGS = "Mo-Su 08:30-21:00"
ALWAYS = "24/7"


@dataclass(frozen=True, slots=True)
class PointPlan:
    """One service point before it has a code and a position."""

    category: str
    name: str
    name_en: str
    at: str
    hours: str | None = DAILY
    status: str = "built"
    services: tuple[str, ...] = ()
    alias: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    floor: str = "1F"
    area_m2: int = 60
    capacity: int | None = None
    operator: str = ""
    tour_text: str = ""


_SERVICES: dict[str, tuple[str, ...]] = {
    "SP01": ("党员活动", "政务代办", "居民接待", "志愿服务"),
    "SP02": ("饮水", "歇脚", "充电", "应急药箱"),
    "SP03": ("休息", "充电", "饮水", "法律咨询", "健康体检"),
    "SP04": ("议事协商", "意见收集", "矛盾调解"),
    "SP05": ("网格受理", "走访登记", "代办帮办"),
    "SP06": ("缝补", "磨刀", "家电维修", "代收代寄"),
    "SP07": ("电动自行车充电", "自动断电", "视频监控"),
    "SP08": ("停车", "新能源充电"),
    "SP09": ("助餐", "助洁", "助医", "日间照料"),
    "SP10": ("义诊", "慢病随访", "健康讲座"),
    "SP11": ("展陈", "阅读", "文化活动"),
    "SP12": ("文体活动", "演出", "健身"),
    "SP13": ("公示", "展示"),
    "SP14": ("课程", "志愿者培训", "四点半课堂"),
    "SP15": ("巡防", "调解", "反诈宣传"),
    "SP16": ("创业辅导", "政策咨询", "就业服务"),
    "SP17": ("联系群众",),
    "SP99": ("公共服务",),
}


def services_of(plan: PointPlan) -> tuple[str, ...]:
    """The services of a point: its own, or the usual ones of its category."""
    return plan.services or _SERVICES[plan.category]


def _p(category: str, name: str, name_en: str, at: str, **more: object) -> PointPlan:
    return PointPlan(category, name, name_en, at, **more)  # type: ignore[arg-type]


# The halls of the eleven communities: SP01, SP02, SP04, SP05 for each, with the estate that houses them.
COMMUNITY_HALLS: tuple[tuple[str, str, str, str, str], ...] = (
    # key, estate of the centre, name of the way station, name of the deliberation point, its English name
    ("jinfan", "锦帆小区", "锦帆近邻驿站", "锦帆红色议事厅", "Jinfan Red Deliberation Hall"),
    ("beiqu", "古井小区", "北渠便民驿站", "古井协商议事角", "Gujing Deliberation Corner"),
    ("zhuying", "竹坞小区", "竹影近邻驿站", "竹影邻里客厅", "Zhuying Neighbours' Parlour"),
    ("wentao", "闻涛小区", "码头便民驿站", "闻涛门前议事厅", "Wentao Doorstep Hall"),
    ("jianglan", "天桥小区", "江岚红领驿站", "天桥党员议事亭", "Tianqiao Members' Pavilion"),
    ("lanhu", "仁寿小区", "岚湖幸福驿站", "岚湖HOME议事厅", "Lanhu HOME Deliberation Hall"),
    ("yuge", "船厂二村", "渔歌近邻驿站", "渔歌亭下议事会", "Yuge Pavilion Council"),
    ("shuyuan", "书院小区", "书院便民驿站", "书院家长里短议事会", "Shuyuan Household Talk"),
    ("nanpu", "南浦一村", "南浦近邻驿站", "南浦红色议事亭", "Nanpu Red Pavilion"),
    ("tongyin", "海棠小区", "桐荫幸福驿站", "海棠幸福里议事厅", "Haitang Happiness Hall"),
    ("zhichun", "知春里", "知春便民驿站", "知春小公社议事会", "Zhichun Little Commune"),
)

POINTS: tuple[PointPlan, ...] = (
    _p(
        "SP01",
        "江岚街道党群服务中心",
        "Jianglan Subdistrict Party Service Centre",
        "house:江岚街道党群服务中心",
        hours=WEEKDAYS,
        area_m2=1800,
        floor="1-4F",
        operator="江岚街道党工委",
        brands=("江岚一家亲",),
        alias=("街道党群中心",),
    ),
    _p(
        "SP01",
        "江岚天地商圈党群服务中心",
        "Jianglan Plaza Party Service Centre",
        "house:江岚天地购物中心",
        floor="6F",
        area_m2=800,
        hours="Mo-Su 10:00-21:00",
        operator="江岚商圈综合党委",
        brands=("江岚商圈党建联盟",),
        alias=("商圈党群中心",),
    ),
    _p(
        "SP02",
        "“红色物业”幸福驿站（江岚一号）",
        "Red Property Way Station, Jianglan No. 1",
        "hall:江岚一号",
        brands=("红色物业",),
    ),
    _p(
        "SP02",
        "“红色物业”幸福驿站（青岚华府）",
        "Red Property Way Station, Qinglan Mansions",
        "hall:青岚华府",
        brands=("红色物业",),
    ),
    _p("SP02", "小区党群服务驿站（望江名门）", "Estate Service Station, River View Gate", "hall:望江名门"),
    _p("SP02", "江滩驿站", "Riverside Way Station", "house:江滩驿站", hours="Mo-Su 07:00-21:30"),
    _p("SP02", "岚湖党群驿站", "Lanhu Lakeside Station", "house:岚湖党群驿站", hours="Mo-Su 07:00-21:30"),
    _p("SP02", "仁寿里便民驿站", "Renshou Lanes Station", "gate:仁寿里", status="planned", hours=None),
    _p(
        "SP03",
        "江岚e站网约车司机之家",
        "Jianglan e-Station: Drivers' Home",
        "gate:江岚金融中心",
        hours=ALWAYS,
        area_m2=120,
        services=("休息", "饮水", "快餐", "免费体检", "政策宣讲"),
        brands=("e张红网", "e心关爱"),
        alias=("司机之家",),
    ),
    _p(
        "SP03",
        "骑手驿站（百货街）",
        "Couriers' Station, Baihuo Street",
        "gate:百货街商业区",
        hours="Mo-Su 09:00-22:00",
    ),
    _p(
        "SP03",
        "红领驿站新就业群体服务站",
        "Red Collar Station for New Trades",
        "gate:江岚天地",
        hours="Mo-Su 10:00-21:00",
    ),
    _p("SP03", "北岚骑手之家", "Beilan Couriers' Home", "gate:北岚数字产业园", status="building", hours=None),
    _p(
        "SP04",
        "渔歌里垸子夜话",
        "Yuge Lanes Evening Talk",
        "gate:渔歌里",
        hours="Mo-Su 18:30-21:00",
        alias=("夜话台",),
    ),
    _p("SP04", "笔架里门前议事厅", "Bijia Lanes Doorstep Hall", "gate:笔架里"),
    _p("SP04", "党建小院（水产宿舍）", "Members' Courtyard, Fishery Housing", "open:水产宿舍"),
    _p("SP04", "金河小公社（北渠新城）", "Canal Little Commune, Beiqu New Town", "hall:北渠新城"),
    _p("SP06", "阳光家园便民服务点", "Sunshine Home Service Point", "gate:桐荫新居", hours=WEEKDAYS),
    _p("SP06", "爱心便民墙", "Wall of Kind Exchange", "gate:棋盘小区", hours=ALWAYS, alias=("便民墙",)),
    _p(
        "SP06",
        "江岚街道政务服务大厅",
        "Jianglan Government Service Hall",
        "house:江岚街道办事处",
        hours=WEEKDAYS,
        area_m2=420,
        services=("社保", "医保", "民政", "老年证", "居住证"),
    ),
    _p(
        "SP06",
        "集贤集市便民维修点",
        "Jixian Market Mending Point",
        "house:集贤集市",
        hours="Mo-Su 07:00-18:00",
    ),
    _p("SP06", "纱厂村磨剪子铺", "Yarn Mill Mending Bench", "gate:纱厂一村", hours="Tu,Th,Sa 08:30-11:30"),
    _p(
        "SP08",
        "青石公园生态停车场",
        "Qingshi Park Green Car Park",
        "gate:石井小区",
        hours=ALWAYS,
        capacity=86,
    ),
    _p(
        "SP08",
        "江岚天地地下停车场",
        "Jianglan Plaza Car Park",
        "sheet:880,735",
        hours=ALWAYS,
        capacity=620,
        floor="B1-B2",
    ),
    _p("SP08", "江滩中园停车场", "Riverside Centre Car Park", "sheet:94,1010", hours=ALWAYS, capacity=140),
    _p(
        "SP08",
        "书院错时共享停车场",
        "Shuyuan Shared Car Park",
        "gate:省邮电通信大院",
        hours="Mo-Fr 18:00-24:00; Sa,Su 00:00-24:00",
        capacity=60,
    ),
    _p(
        "SP08",
        "机务新村立体停车库",
        "Railway Estate Car Lift",
        "open:机务新村",
        status="planned",
        hours=None,
        capacity=48,
    ),
    _p(
        "SP09",
        "江岚街道综合养老服务中心",
        "Jianglan Elder Care Centre",
        "hall:港务一村",
        area_m2=960,
        capacity=60,
        hours="Mo-Su 07:30-18:00",
    ),
    _p(
        "SP09",
        "渔歌爱心餐厅",
        "Yuge Kindness Canteen",
        "gate:航运新村",
        hours="Mo-Su 10:30-13:00,16:30-18:30",
        capacity=48,
    ),
    _p(
        "SP09",
        "书院幸福食堂",
        "Shuyuan Canteen",
        "gate:墨池小区",
        hours="Mo-Su 10:30-13:00,16:30-18:30",
        capacity=56,
    ),
    _p("SP09", "桐荫助餐点", "Tongyin Meal Point", "gate:采薇小区", hours="Mo-Fr 10:30-12:30"),
    _p(
        "SP09",
        "锦帆敬老圈日间照料室",
        "Jinfan Day Room",
        "hall:梧桐新村",
        hours="Mo-Fr 08:30-17:00",
        capacity=20,
        brands=("敬老圈",),
    ),
    _p("SP09", "竹影智慧养老驿站", "Zhuying Smart Elder Station", "hall:听雨新村", hours="Mo-Su 08:30-17:00"),
    _p("SP09", "仁寿里助洁助浴点", "Renshou Lanes Bath Point", "gate:仁寿里", status="building", hours=None),
    _p(
        "SP10",
        "江岚街道社区卫生服务中心",
        "Jianglan Community Health Centre",
        "house:江岚街道社区卫生服务中心",
        hours="Mo-Su 08:00-20:00",
        area_m2=2600,
    ),
    _p(
        "SP10",
        "名医工作站",
        "Specialists' Consulting Station",
        "house:江岚街道社区卫生服务中心",
        hours="We 14:30-17:00; Sa 09:00-11:30",
        floor="2F",
        services=("专家坐诊", "义诊", "健康讲座"),
        brands=("同心共建",),
    ),
    _p("SP10", "闻涛社区卫生服务站", "Wentao Health Station", "gate:码头新村", hours="Mo-Sa 08:00-17:30"),
    _p("SP10", "竹影社区卫生服务站", "Zhuying Health Station", "gate:新篁家园", hours="Mo-Sa 08:00-17:30"),
    _p("SP10", "锦帆社区卫生服务站", "Jinfan Health Station", "gate:锦帆家园", hours="Mo-Sa 08:00-17:30"),
    _p(
        "SP11",
        "书院乡愁博物馆",
        "Academy Museum of Home",
        "house:书院乡愁博物馆",
        hours="Tu-Su 09:00-17:00",
        area_m2=700,
        alias=("乡愁馆",),
    ),
    _p("SP11", "红色文化角", "Red Culture Corner", "hall:港务一村", hours=DAILY),
    _p(
        "SP11",
        "船厂历史文化展示区",
        "Shipyard History Display",
        "house:船厂1954文创园1号馆",
        hours="Tu-Su 09:30-17:30",
        services=("老物件展陈", "口述历史"),
    ),
    _p(
        "SP11",
        "共享书屋（岚湖）",
        "Lanhu Shared Reading Room",
        "house:岚湖书屋",
        hours="Mo-Su 09:00-21:00",
        capacity=40,
    ),
    _p("SP11", "琴台里民俗小楼", "Qintai Lanes Folk House", "gate:琴台里", hours="Tu-Su 09:30-17:00"),
    _p(
        "SP11",
        "江岚街道文化站",
        "Jianglan Culture House",
        "house:江岚街道文化站",
        hours="Tu-Su 09:00-20:30",
        area_m2=1200,
    ),
    _p("SP11", "纱厂印记展厅", "Yarn Mill Gallery", "house:纱厂印记园区1号馆", hours="Tu-Su 10:00-18:00"),
    _p("SP12", "同心大舞台", "Tongxin Stage", "house:同心大舞台", hours=ALWAYS, capacity=400),
    _p("SP12", "升旗广场", "Flag Square", "cover:升旗广场", hours=ALWAYS),
    _p(
        "SP12",
        "渔民之家",
        "Fishermen's Home",
        "house:渔民之家",
        hours="Mo-Su 08:00-21:00",
        area_m2=180,
        brands=("五共",),
    ),
    _p("SP12", "跃动球场", "Leaping Ball Court", "sheet:84,605", hours="Mo-Su 06:30-21:30"),
    _p("SP12", "岚湖亲水平台", "Lanhu Lakeside Deck", "cover:岚湖亲水平台", hours=ALWAYS),
    _p("SP12", "文化大舞台（听泉小区）", "Tingquan Culture Stage", "open:听泉小区", hours=ALWAYS),
    _p("SP12", "锚地公园小花园", "Anchorage Park Garden", "sheet:425,772", hours=ALWAYS),
    _p("SP13", "笑脸墙", "Wall of Smiles", "open:船厂一村", hours=ALWAYS),
    _p("SP13", "江岚时光文化墙", "Jianglan Time Wall", "gate:百货宿舍", hours=ALWAYS),
    _p("SP13", "党群连心树", "Tree of Hearts", "open:锦帆小区", hours=ALWAYS),
    _p(
        "SP13",
        "机会清单文化墙",
        "Opportunity List Wall",
        "gate:江岚街道办事处",
        hours=ALWAYS,
        services=("需求清单", "揭榜认领"),
    ),
    _p("SP13", "广济新村群英榜公示栏", "Guangji Notice Board", "gate:广济新村", hours=ALWAYS),
    _p(
        "SP14",
        "志愿共育学堂",
        "Volunteers' School",
        "gate:市政宿舍",
        hours="Tu-Su 09:00-17:30",
        services=("法治课堂", "园艺课堂", "摄影课堂"),
    ),
    _p(
        "SP14",
        "新时代文明实践站（江岚）",
        "Civic Practice Station, Jianglan",
        "hall:天桥小区",
        hours=WEEKDAYS,
    ),
    _p("SP14", "妇女之家", "Women's Home", "hall:东岚国际", hours=WEEKDAYS),
    _p("SP14", "青年服务社", "Youth Service Club", "hall:东岚国际", hours="Mo-Su 13:00-21:00"),
    _p("SP14", "社区儿童之家", "Children's Home", "house:社区儿童之家", hours="Mo-Su 09:00-18:00"),
    _p(
        "SP14",
        "周周讲子讲堂（书院）",
        "Weekly Lecture Room, Shuyuan",
        "hall:书院小区",
        hours="We,Sa 14:30-17:00",
    ),
    _p(
        "SP14",
        "身边学习圈（水运职大）",
        "Learning Circle, Staff College",
        "gate:水运职工大学",
        hours="Mo-Fr 14:00-17:30",
    ),
    _p(
        "SP15",
        "智慧平安小区工作站（广济新村）",
        "Smart Safe Estate Station, Guangji",
        "gate:广济新村",
        hours=ALWAYS,
        brands=("平安合伙人",),
    ),
    _p("SP15", "江滩警务服务站", "Riverside Police Service Post", "sheet:92,955", hours=ALWAYS),
    _p(
        "SP15",
        "平安合伙人巡逻驿站",
        "Safety Partners' Post",
        "gate:绣衣坊",
        hours=EVENINGS,
        brands=("平安合伙人",),
    ),
    _p(
        "SP15",
        "知春校园护学岗",
        "Zhichun School Guard Post",
        "gate:江岚中学",
        hours="Mo-Fr 07:00-08:30,16:30-18:30",
    ),
    _p("SP15", "机务大院平安阵地", "Railway Compound Safety Post", "gate:铁路机务大院", hours=ALWAYS),
    _p(
        "SP16",
        "船厂1954众创空间",
        "Shipyard 1954 Maker Space",
        "house:船厂1954文创园2号馆",
        hours="Mo-Sa 09:00-21:00",
        area_m2=1500,
    ),
    _p(
        "SP16",
        "青岚双创产业园服务站",
        "Qinglan Start-up Service Desk",
        "house:青岚科创中心A座",
        hours=WEEKDAYS,
    ),
    _p("SP16", "北岚电商孵化器", "Beilan E-commerce Incubator", "house:北岚数字产业园A座", hours=WEEKDAYS),
    _p("SP16", "江岚零工驿站", "Jianglan Day-work Station", "gate:集贤集市", hours="Mo-Su 06:30-17:30"),
    _p(
        "SP99",
        "江岚轮渡码头候船厅",
        "Jianglan Ferry Terminal",
        "house:江岚轮渡码头候船厅",
        hours="Mo-Su 06:30-20:00",
        capacity=300,
    ),
    _p("SP99", "江岚消防救援站", "Jianglan Fire Station", "house:江岚消防救援站", hours=ALWAYS),
)

# Fourteen charging sheds: three stand, eleven are being built.
SHEDS_BUILT: tuple[str, ...] = ("船厂一村", "天桥小区", "海棠小区")
SHEDS_BUILDING: tuple[str, ...] = (
    "纱厂二村", "锦帆小区", "望渡小区", "竹坞小区", "电讯新村", "百货宿舍", "广济新村", "书院小区", "南浦一村", "采薇小区", "知春里",
)  # fmt: skip

# Dwelling houses of party centre households whose holders agreed (restricted).
CENTER_HOUSEHOLDS: tuple[str, ...] = (
    "船厂二村", "棋盘小区", "白榆新村", "港务一村", "天桥小区", "听雨新村",
)  # fmt: skip
