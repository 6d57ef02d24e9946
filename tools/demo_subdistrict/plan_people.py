"""Words that invented people are made of. No name here is anybody's; numbers cannot be dialled."""
# ruff: noqa: E501 (a row of the table is a line, and Chinese counts double)

from __future__ import annotations

SURNAMES: tuple[tuple[str, str], ...] = (
    ("林", "Lin"), ("程", "Cheng"), ("方", "Fang"), ("陶", "Tao"), ("邹", "Zou"), ("龚", "Gong"), ("彭", "Peng"), ("潘", "Pan"),
    ("涂", "Tu"), ("余", "Yu"), ("熊", "Xiong"), ("夏", "Xia"), ("柯", "Ke"), ("汪", "Wang"), ("喻", "Yu"), ("祝", "Zhu"),
    ("卢", "Lu"), ("贺", "He"), ("祁", "Qi"), ("童", "Tong"), ("柳", "Liu"), ("桂", "Gui"), ("舒", "Shu"), ("骆", "Luo"),
    ("章", "Zhang"), ("戴", "Dai"), ("江", "Jiang"), ("宋", "Song"), ("阮", "Ruan"), ("鲁", "Lu"), ("万", "Wan"), ("闵", "Min"),
    ("严", "Yan"), ("石", "Shi"), ("田", "Tian"), ("纪", "Ji"), ("詹", "Zhan"), ("瞿", "Qu"), ("甘", "Gan"), ("向", "Xiang"),
)  # fmt: skip
FIRST_SYLLABLES: tuple[tuple[str, str], ...] = (
    ("允", "yun"), ("知", "zhi"), ("若", "ruo"), ("景", "jing"), ("书", "shu"), ("望", "wang"), ("清", "qing"), ("以", "yi"),
    ("思", "si"), ("沛", "pei"), ("云", "yun"), ("维", "wei"), ("松", "song"), ("青", "qing"), ("惠", "hui"), ("静", "jing"),
    ("立", "li"), ("元", "yuan"), ("嘉", "jia"), ("锦", "jin"), ("月", "yue"), ("季", "ji"), ("南", "nan"), ("采", "cai"),
)  # fmt: skip
LAST_SYLLABLES: tuple[tuple[str, str], ...] = (
    ("舟", "zhou"), ("澜", "lan"), ("衡", "heng"), ("溪", "xi"), ("棠", "tang"), ("禾", "he"), ("屿", "yu"), ("岑", "cen"),
    ("桥", "qiao"), ("川", "chuan"), ("荷", "he"), ("苇", "wei"), ("谦", "qian"), ("甫", "fu"), ("筠", "yun"), ("遥", "yao"),
    ("岚", "lan"), ("圃", "pu"), ("渡", "du"), ("蓉", "rong"), ("渝", "yu"), ("梧", "wu"), ("砚", "yan"), ("霖", "lin"),
)  # fmt: skip

PROPERTY_COMPANIES: tuple[tuple[str, str], ...] = (
    ("江岚城市物业服务公司", "Jianglan City Property Services"),
    ("岚湖物业服务公司", "Lanhu Property Services"),
    ("渡江家园物业公司", "Dujiang Homes Property"),
    ("竹影物业服务公司", "Zhuying Property Services"),
    ("锦帆红管家物业公司", "Jinfan Red Steward Property"),
)
VOLUNTEER_TEAMS: tuple[tuple[str, str], ...] = (
    ("平安合伙人巡逻队", "Safety Partners' Patrol"),
    ("红帆管家志愿队", "Red Sail Stewards"),
    ("小律师志愿队", "Little Lawyers"),
    ("园艺师志愿队", "Gardeners"),
    ("摄影师志愿队", "Photographers"),
    ("敬老圈志愿队", "Elders' Circle"),
    ("微宣讲志愿队", "Story Tellers"),
    ("四点半课堂志愿队", "Half-past-four Class"),
    ("红领金志愿队", "Red Collar Gold"),
    ("河湖守护志愿队", "River and Lake Keepers"),
    ("骑手先锋志愿队", "Couriers' Team"),
)
PARTNER_UNITS: tuple[tuple[str, str], ...] = (
    ("江岚医院", "Jianglan Hospital"),
    ("水运职工大学", "Waterway Staff College"),
    ("江岚中学", "Jianglan Middle School"),
    ("市政设计院", "Municipal Design Institute"),
    ("地质勘察院", "Geological Survey Institute"),
    ("江岚天地商业管理公司", "Jianglan Plaza Management"),
    ("江岚轮渡公司", "Jianglan Ferry Company"),
    ("江岚农商银行支行", "Jianglan Bank Branch"),
)
