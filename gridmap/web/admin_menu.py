"""What the back office (管理) offers: one table, from which its home page and the tab bar are made."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext

from gridmap.domain.permissions import Action, Actor, can


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """One page of the back office; ``label`` and ``about`` are lazy translations."""

    url: str
    icon: str
    label: object
    about: object
    action: Action
    """Who may not do this is not shown the entry."""


ENTRIES: tuple[MenuEntry, ...] = (
    MenuEntry(
        url="/admin/imports",
        icon="file-import",
        label=lazy_gettext("导入"),
        about=lazy_gettext("区域、服务点、街道等文件:认列、看坐标、逐行检查,可撤销"),
        action=Action.IMPORT_LAYERS,
    ),
    MenuEntry(
        url="/admin/schemes",
        icon="layers-subtract",
        label=lazy_gettext("网格体系与编码"),
        about=lazy_gettext("并列的网格体系、区划代码表、问题类别对照"),
        action=Action.IMPORT_LAYERS,
    ),
    MenuEntry(
        url="/admin/topology",
        icon="puzzle",
        label=lazy_gettext("边界检查"),
        about=lazy_gettext("网格之间的缝隙、重叠,超出上级或没有盖满的地方"),
        action=Action.IMPORT_LAYERS,
    ),
    MenuEntry(
        url="/admin/exports",
        icon="file-export",
        label=lazy_gettext("导出数据"),
        about=lazy_gettext(
            "图层和清单存成文件:GeoPackage、Shapefile、KML、表格等,坐标系可选;谁导出了什么都有记录"
        ),
        action=Action.EXPORT_LAYERS,
    ),
    MenuEntry(
        url="/admin/places",
        icon="map-pin",
        label=lazy_gettext("服务点"),
        about=lazy_gettext("登记、修改、移动、撤销;照片和历史"),
        action=Action.EDIT_PLACES,
    ),
    MenuEntry(
        url="/admin/people",
        icon="users-group",
        label=lazy_gettext("人员与岗位"),
        about=lazy_gettext("谁负责哪里;调岗、代班、离任"),
        action=Action.MANAGE_POSTS,
    ),
    MenuEntry(
        url="/admin/buildings",
        icon="building-community",
        label=lazy_gettext("楼栋与小区"),
        about=lazy_gettext("户数、人口、电动车数;楼栋轮廓"),
        action=Action.EDIT_BUILDINGS,
    ),
    MenuEntry(
        url="/admin/boundaries",
        icon="polygon",
        label=lazy_gettext("区划边界"),
        about=lazy_gettext("在地图上分割、合并、移动网格和责任区;预览、保存、撤销、历史"),
        action=Action.SEE_BOUNDARIES,
    ),
)


def admin_entries(actor: Actor) -> tuple[MenuEntry, ...]:
    """The pages that this actor may open."""
    return tuple(entry for entry in ENTRIES if can(actor, entry.action))
