"""Which column of a file means which field of ours: Chinese and English headers, or as the person says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gridmap.domain.area_codes import AreaLevel
from gridmap.importing.errors import ColumnAbsent, ColumnMissing, FieldUnknown


class Layer(StrEnum):
    """What a file can be imported as."""

    AREAS = "areas"
    SERVICE_POINTS = "service_points"
    STREETS = "streets"
    ISSUES = "issues"
    BUILDINGS = "buildings"
    COMPOUNDS = "compounds"
    GATES = "gates"
    ZONES = "zones"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of ours and the headers that mean it, likeliest first."""

    name: str
    headers: tuple[str, ...]
    is_required: bool = False


PLACE_FIELDS = ("lon", "lat", "x", "y", "wkt")
"""May be assigned to columns like fields, for a text table whose place columns have unusual names."""

_LEVEL_NAMES: dict[AreaLevel, tuple[str, ...]] = {
    AreaLevel.SUBDISTRICT: (
        "街道名称",
        "乡镇街道",
        "街道乡镇",
        "乡镇名称",
        "街道",
        "街镇",
        "乡镇",
        "乡",
        "镇",
        "townname",
    ),
    AreaLevel.COMMUNITY: ("社区名称", "村居名称", "村社区", "社区", "村居", "村里", "村", "里", "villname"),
    AreaLevel.GRID: ("网格名称", "网格", "gridname"),
    AreaLevel.MICRO_GRID: ("微网格名称", "微网格", "microgridname"),
}
_LEVEL_CODES: dict[AreaLevel, tuple[str, ...]] = {
    AreaLevel.SUBDISTRICT: ("街道编码", "街道代码", "乡镇代码", "乡镇编码", "towncode"),
    AreaLevel.COMMUNITY: ("社区编码", "社区代码", "村居代码", "村代码", "villcode"),
    AreaLevel.GRID: ("网格编码", "网格代码", "网格编号", "gridcode"),
    AreaLevel.MICRO_GRID: ("微网格编码", "微网格代码", "微网格编号", "microgridcode"),
}
_CODES = ("code", "编码", "代码", "编号", "区划代码", "行政区划代码", "统计用区划代码", "adcode", "编码code")
_NAMES = ("name", "名称", "名稱", "namezh", "中文名称", "中文名", "namecn")
_ENGLISH_NAMES = ("name_en", "英文名称", "英文名", "nameen", "english name", "villeng", "拼音")
_PHONES = ("office_phone", "联系电话", "办公电话", "电话", "phone", "tel", "telephone", "聯絡電話")
_HOURS = ("opening_hours", "office_hours", "开放时间", "营业时间", "服务时间", "办公时间")
_ADDRESSES = ("address", "地址", "详细地址", "位置", "地点", "addr", "住址")


def _area_fields(level: AreaLevel) -> tuple[FieldSpec, ...]:
    return (
        FieldSpec("code", (*_CODES, *_LEVEL_CODES[level])),
        FieldSpec("name", (*_LEVEL_NAMES[level], *_NAMES), is_required=True),
        FieldSpec("name_en", _ENGLISH_NAMES),
        FieldSpec("parent_code", ("parent_code", "上级编码", "上级代码", "父级编码", "所属编码")),
        FieldSpec("kind", ("kind", "网格类型")),
        FieldSpec("household_count", ("household_count", "户数", "总户数", "households")),
        FieldSpec(
            "resident_count", ("resident_count", "人口", "人口数", "常住人口", "居民数", "人数", "population")
        ),
        FieldSpec("office_phone", _PHONES),
        FieldSpec("office_hours", _HOURS),
    )


_SERVICE_POINT_FIELDS = (
    FieldSpec("code", (*_CODES, "poiid", "id", "序号编码", "osm_id")),
    FieldSpec("name", (*_NAMES, "站点名称", "设施名称", "点位名称"), is_required=True),
    FieldSpec("name_en", _ENGLISH_NAMES),
    FieldSpec("alias", ("alias", "别名", "简称")),
    FieldSpec(
        "category", ("category_code", "category", "类别", "类型", "分类", "设施类别", "type", "amenity")
    ),
    FieldSpec("status", ("status", "状态", "建设状态")),
    FieldSpec("address", _ADDRESSES),
    FieldSpec("address_en", ("address_en", "英文地址")),
    FieldSpec("floor", ("floor", "楼层")),
    FieldSpec("area_m2", ("area_m2", "面积", "建筑面积", "面积平方米", "area")),
    FieldSpec("capacity", ("capacity", "容量", "座位数", "泊位数", "车位数", "充电口数")),
    FieldSpec("opening_hours", _HOURS),
    FieldSpec("office_phone", _PHONES),
    FieldSpec("services", ("services", "服务项目", "服务内容", "功能")),
    FieldSpec("operator", ("operator", "运营单位", "管理单位", "责任单位")),
    FieldSpec("brand_tags", ("brand_tags", "品牌")),
    FieldSpec("tour_text", ("tour_text", "讲解词", "介绍")),
    FieldSpec("visibility", ("visibility", "公开范围")),
    FieldSpec("source", ("source", "数据来源", "来源")),
    FieldSpec("surveyed_on", ("surveyed_on", "调查日期", "采集日期", "更新日期")),
    FieldSpec("accuracy_class", ("accuracy_class", "精度等级")),
)
_STREET_FIELDS = (
    FieldSpec("code", (*_CODES, "linkid", "道路编码")),
    FieldSpec("name", (*_NAMES, "道路名称", "路名", "roadname", "街道名称")),
    FieldSpec("name_en", _ENGLISH_NAMES),
    FieldSpec("kind", ("kind", "highway", "道路类型", "道路等级", "等级", "fclass")),
    FieldSpec("width_m", ("width_m", "宽度", "路宽", "width")),
    FieldSpec("is_walkable", ("is_walkable", "可步行")),
)
_ISSUE_FIELDS = (
    FieldSpec(
        "external_id",
        ("external_id", "unique_key", "案件编号", "工单编号", "问题编号", "编号", "number", "caseid", "id"),
        is_required=True,
    ),
    FieldSpec(
        "category",
        ("category_code", "category", "类别", "问题类别", "事件类别", "小类", "类型"),
        is_required=True,
    ),
    FieldSpec("description", ("description", "问题描述", "描述", "内容", "descriptor", "诉求内容")),
    FieldSpec("address_text", ("address_text", "incident_address", *_ADDRESSES)),
    FieldSpec(
        "captured_at",
        (
            "captured_at",
            "created_date",
            "created_at",
            "上报时间",
            "受理时间",
            "发生时间",
            "创建时间",
            "requested",
        ),
        is_required=True,
    ),
    FieldSpec("closed_at", ("closed_at", "closed_date", "结案时间", "办结时间", "关闭时间")),
    FieldSpec("state", ("state", "status", "状态", "办理状态", "案件状态")),
    FieldSpec("accuracy_m", ("accuracy_m", "定位精度")),
)


_HOUSEHOLDS = ("household_count", "户数", "总户数", "households")
_RESIDENTS = ("resident_count", "人数", "人口", "人口数", "常住人口", "居民数", "居住人数", "population")
_OWN_IDS = ("osm_id", "osmid", "@id", "id")
_COMPOUND_CODES = ("compound_code", "小区编码", "小区代码", "小区编号", "所属小区编码")
_BUILDING_FIELDS = (
    FieldSpec(
        "code",
        (*_CODES, "楼栋编码", "楼栋代码", "楼栋编号", "建筑编码", "建筑编号", "building_code", *_OWN_IDS),
    ),
    FieldSpec("compound_code", _COMPOUND_CODES),
    FieldSpec("address", (*_ADDRESSES, "楼栋地址", "门牌地址", "addr:full", "楼栋名称", "楼栋", *_NAMES)),
    FieldSpec("street", ("addr:street", "街路名", "路名")),
    FieldSpec("house_number", ("addr:housenumber", "门牌号", "楼号")),
    FieldSpec(
        "kind", ("kind", "building", "楼栋类型", "建筑类型", "建筑用途", "用途", "类型", "usage", "fclass")
    ),
    FieldSpec(
        "floor_count", ("floor_count", "building:levels", "levels", "层数", "楼层数", "地上层数", "floors")
    ),
    FieldSpec("household_count", _HOUSEHOLDS),
    FieldSpec("resident_count", _RESIDENTS),
    FieldSpec("elderly_count", ("elderly_count", "老人数", "老年人数", "六十岁以上人数", "elderly")),
    FieldSpec("ebike_count", ("ebike_count", "电动车", "电动车数", "电动自行车", "电动自行车数", "ebikes")),
)
_COMPOUND_FIELDS = (
    FieldSpec("code", (*_CODES, "小区编码", "小区代码", "小区编号", *_OWN_IDS)),
    FieldSpec("name", ("小区名称", "小区", "楼盘名称", "院落名称", *_NAMES), is_required=True),
    FieldSpec("name_en", _ENGLISH_NAMES),
    FieldSpec("kind", ("kind", "小区类型", "类型", "landuse")),
    FieldSpec("community_code", ("community_code", "社区编码", "社区代码", "所属社区编码")),
    FieldSpec("built_year", ("built_year", "建成年份", "建成年代", "建筑年代", "start_date")),
    FieldSpec("has_property_company", ("has_property_company", "有无物业", "是否有物业", "物业")),
)
_GATE_FIELDS = (
    FieldSpec("compound_code", _COMPOUND_CODES),
    FieldSpec("name", ("出入口名称", "出入口", "门名称", "大门", *_NAMES)),
)
_ZONE_FIELDS = (
    FieldSpec("code", (*_CODES, "责任区编码", "责任区代码", "责任区编号"), is_required=True),
    FieldSpec("name", ("责任区名称", "责任区", "党员责任区", *_NAMES), is_required=True),
    FieldSpec("name_en", _ENGLISH_NAMES),
    FieldSpec(
        "organisation_code",
        ("organisation_code", "党组织编码", "党组织代码", "组织编码", "组织代码", "所属党组织编码"),
    ),
)


def fields_of(layer: Layer, level: AreaLevel | None = None) -> tuple[FieldSpec, ...]:
    """The fields that a layer's files may hold; areas differ by level."""
    if layer is Layer.AREAS:
        return _area_fields(level or AreaLevel.COMMUNITY)
    return {
        Layer.SERVICE_POINTS: _SERVICE_POINT_FIELDS,
        Layer.STREETS: _STREET_FIELDS,
        Layer.ISSUES: _ISSUE_FIELDS,
        Layer.BUILDINGS: _BUILDING_FIELDS,
        Layer.COMPOUNDS: _COMPOUND_FIELDS,
        Layer.GATES: _GATE_FIELDS,
        Layer.ZONES: _ZONE_FIELDS,
    }[layer]


def normalised_header(header: str) -> str:
    """A header without case, width, blanks, punctuation and units: ``经度(°)`` equals `` 经度 ``."""
    plain = unicodedata.normalize("NFKC", header).casefold()
    without_units = re.sub(r"[(\[{【].*?[)\]}】]", "", plain) or plain
    return re.sub(r"[\W_]+", "", without_units)


def recognise_columns(
    headers: Sequence[str],
    specs: Sequence[FieldSpec],
    assigned: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Say which column holds which field.

    Parameters
    ----------
    headers : the file's columns
    specs : the layer's fields
    assigned : field to header as the person said; an empty header means "not from the file"

    Returns
    -------
    field name to header; fields without a column are left out. A column serves one field at most, except
    that the person may assign one column twice.

    Raises
    ------
    FieldUnknown, ColumnAbsent
        An assignment names what does not exist.
    ColumnMissing
        A required field has no column.
    """
    assigned = assigned or {}
    known = [spec.name for spec in specs]
    by_header: dict[str, str] = {}
    for header in reversed(headers):
        by_header[normalised_header(header)] = header
    chosen: dict[str, str] = {}
    for field, header in assigned.items():
        if field in PLACE_FIELDS:
            continue
        if field not in known:
            raise FieldUnknown(field=field, fields=[*known, *PLACE_FIELDS])
        if header:
            chosen[field] = find_header(header, headers, field=field)
    taken = set(chosen.values())
    for spec in specs:
        if spec.name in assigned:
            continue
        for wanted in spec.headers:
            header = by_header.get(normalised_header(wanted))
            if header is not None and header not in taken:
                chosen[spec.name] = header
                taken.add(header)
                break
    for spec in specs:
        if spec.is_required and spec.name not in chosen:
            raise ColumnMissing(field=spec.name, headers=list(headers))
    return chosen


def find_header(wanted: str, headers: Sequence[str], *, field: str) -> str:
    """The file's column of that name, exact or but for case and punctuation.

    Raises
    ------
    ColumnAbsent
    """
    if wanted in headers:
        return wanted
    for header in headers:
        if normalised_header(header) == normalised_header(wanted) != "":
            return header
    raise ColumnAbsent(field=field, header=wanted, headers=list(headers))
