"""The words that the map's script needs, in the reader's language; ``{name}`` stands for a parameter."""

from __future__ import annotations

from flask_babel import gettext


def map_words() -> dict[str, str]:
    """Handed over in the page's JSON."""
    return {
        "count": gettext("{n} 处"),
        "count_here": gettext("地图内 {n} 处"),
        "from_centre": gettext("离地图中心由近到远"),
        "from_you": gettext("离您由近到远"),
        "open": gettext("开放中"),
        "closed": gettext("已关门"),
        "m": gettext("{n} 米"),
        "km": gettext("{n} 公里"),
        "nothing_found": gettext("没找到“{q}”;最近的几处:"),
        "nothing_here": gettext("这一片地图里没有符合条件的地点;最近的几处:"),
        "clear": gettext("清除筛选"),
        "cluster": gettext("{n} 处,点开放大"),
        "points_failed": gettext("地点没有取到,请检查网络;清单页面仍可使用"),
        "layer_failed": gettext("“{name}”没有取到,请检查网络后再打开一次"),
        "card_failed": gettext("详情没有取到,请检查网络"),
        "retry": gettext("重试"),
        "locating": gettext("正在定位…"),
        "locate_denied": gettext("没有定位权限也能用:拖动地图或搜索即可"),
        "locate_failed": gettext("没能定位,请拖动地图或搜索"),
        "locate_outside": gettext("您不在本街道范围内"),
        "located": gettext("您的位置,误差约 {n} 米"),
        "copied": gettext("已复制"),
        "copy_failed": gettext("没能复制,请长按文字复制"),
        "expand": gettext("展开列表"),
        "collapse": gettext("收起列表"),
    }
