"""The categories of service points, with their signs and colour groups."""

from __future__ import annotations

_ROWS: tuple[tuple[str, str, str, str, str, bool], ...] = (
    ("SP01", "党群服务中心", "Party service centre", "building-community", "party", False),
    ("SP02", "驿站", "Way station", "coffee", "convenience", False),
    ("SP03", "新就业群体站点", "Station for gig workers", "motorbike", "convenience", False),
    ("SP04", "议事亭/厅/角", "Deliberation point", "building-pavilion", "party", False),
    ("SP05", "网格工作站", "Grid workstation", "map-pin", "party", False),
    ("SP06", "便民服务点", "Convenience point", "tool", "convenience", False),
    ("SP07", "充电车棚", "E-bike charging shed", "charging-pile", "safety", False),
    ("SP08", "停车场", "Car park", "parking", "convenience", False),
    ("SP09", "助老助餐", "Elder services and meals", "soup", "welfare", False),
    ("SP10", "卫生医疗", "Health", "stethoscope", "welfare", False),
    ("SP11", "文化场馆", "Culture venue", "building-arch", "welfare", False),
    ("SP12", "舞台广场公园", "Stage, square, park", "trees", "welfare", False),
    ("SP13", "展示墙/树", "Display wall or tree", "photo-heart", "party", False),
    ("SP14", "学堂/实践站", "Learning point", "school", "welfare", False),
    ("SP15", "平安阵地", "Safety station", "shield-check", "safety", False),
    ("SP16", "产业双创点", "Enterprise point", "rocket", "convenience", False),
    ("SP17", "党员中心户", "Party centre household", "home-heart", "party", True),
    ("SP99", "其他", "Other", "map-pin", "convenience", False),
)

CATEGORIES: list[dict[str, object]] = [
    {
        "code": code,
        "name": name,
        "name_en": name_en,
        "icon": icon,
        "colour_group": group,
        "is_restricted": restricted,
        "sort_order": order * 10,
    }
    for order, (code, name, name_en, icon, group, restricted) in enumerate(_ROWS, start=1)
]
