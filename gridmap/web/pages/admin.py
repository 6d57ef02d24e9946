"""管理: the home page of the back office, with what is in each layer."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template

from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import NotAllowed
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, can
from gridmap.queries.lost_scopes import LostScope, list_lost_scopes
from gridmap.storage.imports import LayerCount, layer_counts
from gridmap.web.access import current_actor, requires
from gridmap.web.admin_menu import MenuEntry, admin_entries
from gridmap.web.deps import deps

blueprint = Blueprint("admin", __name__)

_LEVEL_ORDER = {level.value: place for place, level in enumerate(AreaLevel)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminHome:
    """The pages that one may open, and the layers with their numbers of rows."""

    entries: tuple[MenuEntry, ...]
    layers: tuple[LayerCount, ...]
    lost_scopes: tuple[LostScope, ...]
    """For whoever manages accounts."""


@blueprint.get("/admin")
@requires(Action.SEE_STAFF_LAYERS)
def home() -> str:
    """List the pages of the back office that one may open, and what is stored; for whoever has any page."""
    actor, today = current_actor(), office_day(deps().clock())
    entries = admin_entries(actor)
    if not entries:
        raise NotAllowed(reason="role", action="open_back_office", role=actor.role.value)
    with deps().sessions() as session:
        counts = layer_counts(session, day=today)
        lost = list_lost_scopes(session, actor, today=today) if can(actor, Action.MANAGE_ACCOUNTS) else ()
    page = AdminHome(entries=entries, layers=tuple(sorted(counts, key=_order)), lost_scopes=tuple(lost))
    return render_template("admin/home.html", page=page)


def _order(count: LayerCount) -> tuple[str, str, int]:
    return count.layer, count.scheme_code or "", _LEVEL_ORDER.get(count.level or "", 0)
