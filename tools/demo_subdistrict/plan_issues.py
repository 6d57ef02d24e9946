"""The dictionary of issue kinds, and how residents and workers word them.

The ten codes of GB/T 47678.5-2026 are examples of that standard; the others are extension codes (080-999) for what
the source documents of this service name: parking, charging, handrails, lamps, lifts and the like.
"""
# ruff: noqa: E501 (a row of the table is a line, and Chinese counts double)

from __future__ import annotations

from dataclasses import dataclass

STANDARD = "GB/T 47678.5-2026"
LOCAL = "GB/T 47678.5-2026 扩展码 080–999（自定义）"
_MAJORS = {
    ("matter", "06"): ("市容环境", "City appearance"),
    ("matter", "07"): ("宣传广告", "Posters and advertising"),
    ("matter", "09"): ("街面秩序", "Street order"),
    ("component", "01"): ("公用设施", "Public utilities"),
    ("component", "02"): ("交通设施", "Traffic facilities"),
    ("component", "05"): ("其他", "Other"),
}


@dataclass(frozen=True, slots=True)
class KindPlan:
    """A kind of issue: its code, names, sign, how often and where it occurs, how it is worded.

    ``where`` is street, house, inside (by an inner walk) or green. In the wordings ``{p}`` is the place, ``{n}`` a
    small number, ``{m}`` a stair of the house.
    """

    code: str
    kind: str
    name: str
    name_en: str
    icon: str
    where: str
    weight: float
    radius_m: int
    is_public: bool
    is_private_home: bool
    wordings: tuple[str, ...]

    @property
    def major(self) -> tuple[str, str]:
        """The major class in both languages."""
        return _MAJORS[(self.kind, self.code[:2])]

    @property
    def is_local(self) -> bool:
        """Whether the code is an extension."""
        return int(self.code[2:]) >= 80


KINDS: tuple[KindPlan, ...] = (
    KindPlan("06010", "matter", "暴露垃圾", "Exposed rubbish", "trash", "inside", 9, 30, True, False, (
        "{p}路边有{n}袋生活垃圾无人清理，气味较大。", "{p}垃圾桶旁散落垃圾约{n}平方米，请尽快清运。", "{p}绿化带里有人丢弃生活垃圾，已发臭招蚊虫。",
        "居民反映{p}每天早上有人乱扔垃圾袋，今天又有{n}袋。")),
    KindPlan("06011", "matter", "积存垃圾渣土", "Rubble left lying", "shovel", "inside", 5, 30, True, False, (
        "{p}堆放装修渣土约{n}方，占用通道。", "{p}旁有{n}袋建筑垃圾放了好几天，无人认领。", "{p}拆除后的砖块、水泥块没有运走，老人通行不便。")),
    KindPlan("06012", "matter", "道路不洁", "Dirty road", "wiper-wash", "street", 6, 50, True, False, (
        "{p}路面有大片油污，雨天容易滑倒。", "{p}沿线落叶和尘土较多，需要冲洗。", "渣土车经过后{p}路面带泥约{n}0米。", "{p}人行道上有宠物粪便{n}处，影响通行。")),
    KindPlan("06017", "matter", "绿地脏乱", "Untidy green", "plant-2", "inside", 5, 30, True, False, (
        "{p}绿地内枯枝、塑料袋较多，需要清理。", "{p}花坛黄土裸露约{n}平方米，杂草丛生。", "{p}草坪里有饮料瓶和烟头，需要保洁。")),
    KindPlan("06036", "matter", "乱堆杂物", "Things piled up", "packages", "inside", 8, 30, True, False, (
        "{p}楼前堆放旧家具{n}件，占用消防通道。", "{p}墙边长期堆放纸板、泡沫箱，存在火灾隐患。", "{p}有住户把废旧洗衣机、沙发放在公共通道。",
        "{p}自行车棚内杂物堆满，居民无法停车。")),
    KindPlan("06042", "matter", "垃圾站（箱）满溢", "Overflowing bins", "recycle", "inside", 6, 30, True, False, (
        "{p}垃圾分类投放点{n}个桶全部满溢。", "{p}厨余垃圾桶已满，汤水流到路面。", "周末{p}垃圾箱满溢，建议增加一次清运。")),
    KindPlan("06045", "matter", "非法占绿毁绿", "Green taken or spoiled", "plant-off", "inside", 4, 30, True, False, (
        "{p}有人在绿地里种菜约{n}平方米。", "{p}绿化带被压平用来停车，树池已损坏。", "{p}一楼住户围占公共绿地搭棚。")),
    KindPlan("07003", "matter", "违规户外广告", "Unlawful advertising", "ad-2", "street", 4, 30, True, False, (
        "{p}电线杆上张贴小广告{n}处。", "{p}门店私设灯箱，遮挡路牌。", "{p}墙面喷涂疏通管道广告，请清除。")),
    KindPlan("09005", "matter", "店外经营", "Trade outside the shop", "building-store", "street", 5, 30, True, False, (
        "{p}早餐店桌椅摆到人行道上，占道约{n}米。", "{p}水果店在店外摆货，行人只能走机动车道。", "{p}烧烤店晚上店外经营，油烟和噪声扰民。")),
    KindPlan("09006", "matter", "占道经营", "Trade on the road", "shopping-cart", "street", 5, 50, True, False, (
        "{p}路口有{n}个流动摊点占道。", "傍晚{p}有三轮车占道卖菜，影响公交进站。", "{p}学校放学时段流动摊贩聚集，存在安全隐患。")),
    KindPlan("06080", "matter", "楼道杂物堆放", "Things in the stairwell", "stairs", "house", 7, 15, True, True, (
        "{p}{m}单元楼道堆放纸箱和旧家电，影响疏散。", "{p}楼梯间停放电动自行车{n}辆，请劝导。", "{p}顶楼平台堆满杂物，消防门被堵。")),
    KindPlan("06081", "matter", "楼道粉刷", "Stairwell to be painted", "paint", "house", 4, 15, True, True, (
        "{p}{m}单元楼道墙皮脱落，居民希望粉刷。", "{p}楼道涂鸦和小广告较多，申请统一粉刷。")),
    KindPlan("06082", "matter", "噪声扰民", "Noise", "volume", "house", 5, 50, False, True, (
        "{p}附近广场舞音响声音过大，晚上九点多还没结束。", "{p}有住户夜间装修，影响老人休息。", "{p}楼下空调外机噪声大，邻居多次反映。")),
    KindPlan("09080", "matter", "停车难", "Hard to park", "parking", "inside", 8, 50, True, False, (
        "{p}晚间车辆停满，消防通道被占，车位缺口约{n}0个。", "{p}外来车辆长期停放，业主回家无处停车。", "{p}停车位规划不合理，居民要求开会商量停车规则。",
        "{p}门口双排停车，早高峰出不去。")),
    KindPlan("09081", "matter", "私装地锁", "Private parking lock", "lock", "inside", 4, 20, True, False, (
        "{p}有{n}处私装地锁，占用公共车位。", "{p}住户用水泥墩、废旧轮胎占车位。", "{p}公共车位被装地锁，居民绊倒一次。")),
    KindPlan("09082", "matter", "消防安全隐患", "Fire hazard", "flame", "house", 6, 20, True, True, (
        "{p}消防栓箱门损坏，水带缺失。", "{p}灭火器过期{n}具，请更换。", "{p}消防通道被私家车堵住，高峰时段尤其严重。", "{p}楼道应急灯不亮，共{n}盏。")),
    KindPlan("09083", "matter", "飞线充电", "Charging by a loose cable", "plug-connected", "house", 7, 20, True, True, (
        "{p}{n}楼住户从窗口拉线给电动车充电。", "{p}楼下有飞线充电{n}处，雨天危险。", "{p}居民反映无处充电，只能飞线，盼建充电车棚。")),
    KindPlan("09084", "matter", "邻里纠纷", "Dispute between neighbours", "users-group", "house", 3, 15, False, True, (
        "{p}楼上楼下因漏水发生争执，请社区调解。", "{p}两户因晾晒空间有矛盾，已上门{n}次。", "{p}住户养犬扰邻，双方情绪激动，需要调解。")),
    KindPlan("01080", "component", "楼栋扶手", "Handrail for a stairwell", "stairs-up", "house", 5, 15, True, True, (
        "{p}{m}单元老人多，希望加装楼道扶手。", "{p}一楼台阶无扶手，雨天老人不敢下楼。", "{p}楼道扶手松动{n}处，请维修。")),
    KindPlan("01081", "component", "路灯增设", "Street lamp wanted", "lamp", "inside", 7, 30, True, False, (
        "{p}夜间照明不足，希望增设路灯{n}盏。", "{p}路灯有{n}盏不亮，晚归居民反映看不清路。", "{p}拐角处太暗，老人摔倒过，请加装路灯。")),
    KindPlan("01082", "component", "健身器材", "Fitness equipment", "barbell", "inside", 5, 30, True, False, (
        "{p}漫步机断裂，存在安全隐患。", "{p}居民希望增设健身器材{n}件。", "{p}乒乓球台破损，请更换。")),
    KindPlan("01083", "component", "电梯更换", "Lift to be replaced", "elevator", "house", 4, 15, True, True, (
        "{p}电梯本月困人{n}次，居民要求更换。", "{p}电梯运行异响，年久老化。", "{p}加装电梯意见不一，申请社区组织协商。")),
    KindPlan("01084", "component", "充电不便", "No place to charge", "charging-pile", "inside", 7, 50, True, False, (
        "{p}电动自行车约{n}0辆，没有集中充电车棚。", "{p}充电桩坏了{n}个，晚上排队。", "{p}充电点离得太远，老人推车不便，建议就近增设。")),
    KindPlan("02080", "component", "道路破损", "Broken road", "road", "street", 8, 30, True, False, (
        "{p}路面坑洼{n}处，雨天积水。", "{p}人行道地砖松动，行人易绊倒。", "{p}井盖下沉约{n}厘米，车辆颠簸。", "{p}路缘石破损，轮椅无法通行。")),
    KindPlan("05080", "component", "危墙", "Dangerous wall", "wall", "inside", 3, 20, True, False, (
        "{p}围墙开裂倾斜约{n}厘米，请尽快排险。", "{p}外墙瓷砖脱落，已拉警戒线。", "{p}老围墙砖块松动，孩子常在旁边玩。")),
)  # fmt: skip

HANDLING_NOTES: tuple[str, ...] = (
    "已派{u}处理。", "已联系{u}，今天到场。", "网格员先行劝导，{u}跟进。", "纳入本周任务清单，由{u}牵头。", "已在议事会上通报，{u}认领。",
)  # fmt: skip
# Who does such work and what they report, by the kind of work.
WORK: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "clean": (
        ("环卫所", "物业保洁", "园林班组", "社区志愿队"),
        (
            "已清理完毕，现场恢复整洁。",
            "已清运，并增加一次巡查。",
            "已处理干净，拍照留存。",
            "已恢复原貌，设置提示牌。",
        ),
    ),
    "order": (
        ("城管中队", "平安合伙人", "物业秩序班", "网格巡逻队"),
        (
            "已劝导到位，回访两次未再出现。",
            "已整改，并告知周边居民。",
            "联合巡查，当场整改完成。",
            "已公示规则，现场有序。",
        ),
    ),
    "repair": (
        ("维修班", "市政养护队", "物业工程部", "自管组"),
        (
            "已修复，拍照留存。",
            "已施工到位，居民试用正常。",
            "更换完毕，并排查同类设施。",
            "施工完成，验收合格。",
        ),
    ),
    "talk": (
        ("社区调解室", "小律师志愿队", "网格党小组", "自管组"),
        (
            "已协商一致，各方认可。",
            "已上门调解，双方和解。",
            "议事会形成方案，按方案办结。",
            "已约定时段，邻里认可。",
        ),
    ),
}
_WORK_OF = {
    "06080": "order",
    "06081": "repair",
    "06082": "talk",
    "07003": "clean",
    "09080": "talk",
    "09084": "talk",
    "01083": "talk",
}


def work_of(kind: KindPlan) -> str:
    """Which kind of work settles a kind of issue: a key of :data:`WORK`."""
    if kind.code in _WORK_OF:
        return _WORK_OF[kind.code]
    if kind.kind == "component":
        return "repair"
    return "clean" if kind.code.startswith("06") else "order"


RETURN_NOTES: tuple[str, ...] = (
    "重复上报，已并入前一件。", "现场核查不属实。", "不属于本街道职责，已转市级热线。", "位置有误，请核实后重新上报。",
)  # fmt: skip
RATING_NOTES: tuple[str, ...] = (
    "居民满意。",
    "基本满意，希望长效管理。",
    "效果一般，继续观察。",
)
CLOSING_NOTES: tuple[str, ...] = (
    "核查属实，予以办结。",
    "现场复核通过，办结。",
    "已回访居民，办结。",
    "照片与现场一致，办结。",
)
VISIT_NOTES: tuple[str, ...] = (
    "已上门核实情况。",
    "与居民代表现场商量。",
    "已拍摄处理前照片。",
    "现场放置提示牌。",
)
