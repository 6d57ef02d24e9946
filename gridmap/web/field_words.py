"""The sentences that the field screens' modules say, handed to the page as JSON in the reader's language.

``{name}`` is filled in by the browser. Roles and reasons come from the catalogue's codes.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext, lazy_gettext

from gridmap.domain.routing import Post, Reason

_WORDS = {
    # whose area it is
    "outside": lazy_gettext("网格之外"),
    "outside_nearest": lazy_gettext("这里不在任何网格内,按最近的网格受理。"),
    "outside_refused": lazy_gettext("这里不在任何网格内,不能受理;请把十字移到网格里。"),
    "outside_then": lazy_gettext("那天这里不在任何网格内。"),
    "near_boundary": lazy_gettext("靠近边界,也可能属于:{names}"),
    "list_comma": lazy_gettext("、"),
    "responsible_person": lazy_gettext("责任人 {name}"),
    "responsible_nobody": lazy_gettext("还没有责任人"),
    "zone_named": lazy_gettext("责任区:{name}"),
    "zone_unknown": lazy_gettext("暂时查不到归谁管;仍可提交,服务器会再查。"),
    "call": lazy_gettext("打电话给{name}"),
    # position
    "fix_none": "",
    "fix_looking": lazy_gettext("正在定位…"),
    "fix_fixed": lazy_gettext("误差约 {m} 米"),
    "fix_amber": lazy_gettext("误差约 {m} 米,请拖动地图核对"),
    "fix_poor": lazy_gettext("误差约 {m} 米,太大了,请拖动地图对准"),
    "fix_denied": lazy_gettext("没有定位权限也能上报:拖动地图对准位置即可"),
    "fix_unavailable": lazy_gettext("定位不到,请拖动地图对准位置"),
    "no_fix_for_distance": lazy_gettext("定位不到,仍按时间排序。"),
    "distance_m": lazy_gettext("{m} 米"),
    "distance_km": lazy_gettext("{km} 公里"),
    # report
    "more": lazy_gettext("更多"),
    "submit": lazy_gettext("提交"),
    "similar_here": lazy_gettext("这里已有一件同类的未结问题:"),
    "similar": lazy_gettext("{distance}外已有一件同类的未结问题:"),
    "sending": lazy_gettext("正在提交…"),
    "draft_saved": lazy_gettext("已自动保存"),
    "draft_not_saved": lazy_gettext("这部手机不让保存草稿,请不要关掉本页"),
    "draft_offer": lazy_gettext("{time} 有一份没报完的问题。"),
    "draft_unacknowledged": lazy_gettext("{time} 提交过一份,没有收到回执。再提交一次不会重复。"),
    "no_answer": lazy_gettext("没有收到服务器的回执,不知道送到没有。内容都还在,再试一次不会重复。"),
    "no_network": lazy_gettext("没有网络,还没有送出。内容都还在这部手机里,联网后再试一次。"),
    "server_trouble": lazy_gettext("服务器暂时没接住。内容都还在,请再试一次,不会重复。"),
    "sign_in": lazy_gettext("去登录"),
    "sign_in_again": lazy_gettext("需要重新登录才能提交。内容还在这部手机里,登录后会问您是否继续。"),
    "already_sent": lazy_gettext(
        "上一次其实已经送达,在清单里可以看到。后来改的内容没有送出;再试一次会作为新的一件提交。"
    ),
    "to_list": lazy_gettext("去清单查看"),
    "refused": lazy_gettext("服务器没有收下(编号 {status})。内容都还在。"),
    # photos
    "photo_alt": lazy_gettext("照片 {number}"),
    "photo_preparing": lazy_gettext("正在处理照片…"),
    "photo_waiting": lazy_gettext("在手机里"),
    "photo_sending": lazy_gettext("上传中…"),
    "photo_delivered": lazy_gettext("已送达"),
    "photo_failed": lazy_gettext("没有送到"),
    "photo_no_answer": lazy_gettext("没有回执,请重试"),
    "photo_refused": lazy_gettext("服务器没有收下(编号 {status})"),
    "photo_retry": lazy_gettext("重新上传照片 {number}"),
    "photo_remove": lazy_gettext("去掉照片 {number}"),
    "photo_too_many": lazy_gettext("最多 {count} 张照片;已选的都还在。"),
    "photo_unreadable": lazy_gettext("这张照片打不开,请重拍;文字和位置已保留。"),
    "photo_choose_again": lazy_gettext("上次选的 {count} 张照片没有存下,请重新选。"),
    "photos_delivered": lazy_gettext("{count} 张照片都已送达。"),
    "photos_pending": lazy_gettext("照片已送达 {sent}/{count} 张,请不要关掉本页。"),
}


def field_words() -> Mapping[str, str]:
    """Every sentence in the language of this request."""
    words = {key: str(text) for key, text in _WORDS.items()}
    words |= {f"role_{post.value}": gettext(f"role.{post.value}") for post in Post}
    words |= {f"reason_{reason.value}": gettext(f"routing.reason.{reason.value}") for reason in Reason}
    return words
