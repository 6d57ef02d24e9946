"""The boundary editor's words and facts, as its modules read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely
from flask_babel import gettext
from shapely.geometry import mapping

from gridmap.domain.boundary_edits import EditedArea
from gridmap.domain.permissions import Actor
from gridmap.importing.editing import Faults
from gridmap.use_cases.boundary_consequences import Consequences
from gridmap.use_cases.boundary_editing import Draft, StepOutcome
from gridmap.web.i18n import in_language


def editor_words() -> dict[str, str]:
    """The sentences that the editor's modules say."""
    return {
        "faults_none": gettext("重叠 0 m² · 缝隙 0 m²"),
        "faults_none_zones": gettext("重叠 0 m²(责任区之间可以留空)"),
        "faults": gettext("重叠 {overlap} m² · 缝隙 {gap} m² · 超出上级 {outside} m²"),
        "faults_before": gettext("(改之前:重叠 {overlap} · 缝隙 {gap} · 超出 {outside})"),
        "steps": gettext("第 {position} 步,共 {count} 步"),
        "working": gettext("正在计算…"),
        "no_answer": gettext("没有连上服务器,这一步没有做。请稍后再试。"),
        "done": gettext("已完成这一步"),
        "moved_on": gettext("草稿在别的窗口里改过,已换成最新的样子。"),
        "selected_none": gettext("还没有选。点地图上的一块,或在清单里选。"),
        "selected": gettext("已选:{names}"),
        "point_count": gettext("已画 {n} 个点"),
        "tool_select": gettext("点地图上的一块,或在下面的清单里选。"),
        "tool_split": gettext("先选一块,再画一条从边到边的线。"),
        "tool_merge": gettext("选两块或更多相邻的,第一块保留编码和名称。"),
        "tool_move": gettext(
            "先选一块,拖动它的顶点;相邻的边跟着走。也可以在下面选顶点,用方向键移动或填坐标。"
        ),
        "tool_reshape": gettext("先选一块,再画一条起点和终点都在它边上的线,代替那一段边界。"),
        "tool_draw": gettext("沿新的边界点一圈。压到的地方归新的这一块。"),
        "tool_rename": gettext("先选一块,再改名称或编码。"),
        "tool_transfer": gettext("先选一个微网格,再选它以后归哪个网格。"),
        "tool_end": gettext("先选一块。停用后这块地不归任何人,一般应该用“合并”。"),
        "corner": gettext("顶点 {n}"),
        "code_proposed": gettext("拟编码 {code}"),
        "is_new": gettext("新"),
        "is_changed": gettext("已改"),
        "needs_two": gettext("请至少选两块。"),
        "needs_one": gettext("请先选一块。"),
        "needs_line": gettext("请先在地图上画线。"),
        "bad_coordinates": gettext("坐标要写成“114.3012345, 30.5512345”,一行一个点。"),
        "nothing_moves": gettext("没有未办结的问题受影响。"),
        "issues_move": gettext("{moved} 件未办结的问题换区域,另有 {reassigned} 件只换负责人。"),
        "issue_move": gettext("{source} → {target}:{n} 件"),
        "person": gettext("{name}({roles}):{before} → {after} 公顷"),
        "person_issues": gettext(",问题 +{gained} −{lost}"),
        "nobody_changes": gettext("没有人的范围变化。"),
        "area_new": gettext("新增 {name}({code}),{after} 公顷"),
        "area_ended": gettext("停用 {name}({before_code})"),
        "area_changed": gettext("{name}({code}):{before} → {after} 公顷"),
        "area_recoded": gettext("{name}:编码 {before_code} → {code}"),
        "area_follows": gettext("上级跟着变:{name}({code}),{before} → {after} 公顷"),
        "needs_counting": gettext("户数和人口要重新登记"),
        "vacancy": gettext("{name}({code})没有负责人"),
        "was_vacant": gettext("原来就没有负责人"),
        "keep": gettext("由 {names} 继续负责"),
        "vacant": gettext("暂时没有人负责,我知道"),
        "decide": gettext("请为每一块选好谁负责。"),
        "outside": gettext("(不在任何区域)"),
        "list_comma": gettext("、"),
    }


def feature_of(area: EditedArea, draft: Draft, actor: Actor) -> dict[str, Any]:
    """An area as the map draws it: exact coordinates, because corners are named by them."""
    base = draft.ground.base.get(area.key)
    return {
        "key": area.key,
        "level": area.level,
        "code": area.code,
        "name": area.name,
        "name_en": area.name_en,
        "shown": in_language(area.name, area.name_en),
        "parent_key": area.parent_key,
        "is_new": area.base_id is None,
        "is_changed": base is None or area != base,
        "is_ended": area.is_ended,
        "is_own": _is_own(area, draft, actor),
        "geometry": None if area.is_ended else mapping(shapely.from_wkb(area.boundary)),
    }


def features_of(areas: Iterable[EditedArea], draft: Draft, actor: Actor) -> list[dict[str, Any]]:
    """Areas as the map draws them."""
    return [feature_of(area, draft, actor) for area in areas]


def outcome_body(outcome: StepOutcome, draft: Draft, actor: Actor) -> dict[str, Any]:
    """What a step made, as the page reads it."""
    return {
        "position": outcome.change.position,
        "step_count": outcome.change.step_count,
        "areas": features_of(outcome.areas, draft, actor),
        "faults": faults_body(outcome.faults),
        "faults_before": faults_body(outcome.faults_before),
    }


def faults_body(faults: Faults) -> dict[str, float]:
    """Faults in square metres; what rounding makes is none."""
    return {
        "overlap_m2": _rounded(faults.overlap_m2),
        "gap_m2": _rounded(faults.gap_m2),
        "outside_m2": _rounded(faults.outside_parent_m2),
    }


def consequences_body(consequences: Consequences, draft: Draft) -> dict[str, Any]:
    """What saving would do, as the page reads it."""
    names = {area.code: area.name for area in (*draft.ground.base.values(), *draft.areas.values())}
    return {
        "effective_on": consequences.effective_on.isoformat(),
        "areas": [
            {
                "level": area.level,
                "name": area.name,
                "code": area.code,
                "code_before": area.code_before,
                "before_m2": round(area.area_before_m2),
                "after_m2": round(area.area_m2),
                "is_consequence": area.is_consequence,
                "needs_counting": area.needs_counting,
            }
            for area in consequences.areas
        ],
        "people": [
            {
                "name": in_language(person.name, person.name_en),
                "roles": gettext("、").join(gettext(f"role.{role}") for role in person.roles),
                "before_m2": round(person.ground_before_m2),
                "after_m2": round(person.ground_m2),
                "gained": person.issues_gained,
                "lost": person.issues_lost,
            }
            for person in consequences.people
        ],
        "vacancies": [
            {
                "key": vacancy.key,
                "code": vacancy.code,
                "name": vacancy.name,
                "was_vacant": vacancy.was_vacant,
                "candidates": list(vacancy.candidates),
            }
            for vacancy in consequences.vacancies
        ],
        "issues_moved": consequences.issues_moved,
        "issues_reassigned": consequences.issues_reassigned,
        "moves": [
            {
                "source": names.get(move.from_code, move.from_code),
                "target": names.get(move.to_code, move.to_code),
                "count": move.count,
            }
            for move in consequences.moves
        ],
        "faults": faults_body(consequences.faults),
        "faults_before": faults_body(consequences.faults_before),
    }


def _rounded(area_m2: float) -> float:
    return round(area_m2, 1) if area_m2 >= 0.05 else 0.0


def _is_own(area: EditedArea, draft: Draft, actor: Actor) -> bool:
    """Whether the reader may change it; the use case has the last word."""
    if draft.areas.get(area.key) is None or actor.scope.is_everything:
        return True
    seen = area
    if draft.ground.zones:
        inside = shapely.from_wkb(area.boundary).representative_point()
        return any(
            actor.scope.covers(code) and shapely.from_wkb(boundary).covers(inside)
            for code, boundary in draft.ground.communities.items()
        )
    while not seen.code and (parent := draft.areas.get(seen.parent_key or "")) is not None:
        seen = parent
    return actor.scope.covers(seen.code)
