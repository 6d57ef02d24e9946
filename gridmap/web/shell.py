"""What every page shows around its content: brand band, languages, 关怀版, navigation, footer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flask import Flask, g, request
from flask_babel import lazy_gettext
from sqlalchemy.exc import SQLAlchemyError

from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Action, Actor, can
from gridmap.queries.overview import Overview, load_overview
from gridmap.web.access import current_actor
from gridmap.web.admin_menu import admin_entries
from gridmap.web.deps import deps
from gridmap.web.i18n import in_language

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One entry of the tab bar (phone) or left rail (desktop)."""

    key: str
    url: str
    icon: str
    label: object
    """A lazy translation."""


_PUBLIC_ITEMS = (
    NavigationItem(key="map", url="/", icon="map-2", label=lazy_gettext("地图")),
    NavigationItem(key="list", url="/list", icon="list-details", label=lazy_gettext("清单")),
    NavigationItem(key="tours", url="/tours", icon="route", label=lazy_gettext("路线")),
)
_ISSUES = NavigationItem(key="field", url="/field", icon="checklist", label=lazy_gettext("任务"))
_ADMIN = NavigationItem(key="admin", url="/admin", icon="settings", label=lazy_gettext("管理"))
_REPORT = NavigationItem(key="report", url="/field/report", icon="map-pin-plus", label=lazy_gettext("上报"))


def navigation(actor: Actor) -> tuple[NavigationItem, ...]:
    """The entries that this actor may open."""
    items = [*_PUBLIC_ITEMS]
    if can(actor, Action.SEE_ISSUES):
        items.append(_ISSUES)
    if can(actor, Action.CREATE_ISSUE):
        items.insert(2, _REPORT)
    if admin_entries(actor):
        items.append(_ADMIN)
    return tuple(items)


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page; templates read it as ``shell``."""

    title: str
    is_demo: bool
    data_date: date | None
    map_approval_no: str
    actor: Actor
    navigation: tuple[NavigationItem, ...]


def shell() -> Shell:
    """The frame of this request's page, made once."""
    if "shell" not in g:
        actor = current_actor()
        about = overview()
        g.shell = Shell(
            title=in_language(about.name, about.name_en),
            is_demo=about.is_demo,
            data_date=about.data_date,
            map_approval_no=deps().config.map_approval_no,
            actor=actor,
            navigation=navigation(actor),
        )
    return g.shell


def overview() -> Overview:
    """The data at a glance, read once in a request; empty when the database is away.

    The page that reports the missing database needs its frame too, so this never raises.
    """
    if "overview" not in g:
        try:
            with deps().sessions() as session:
                g.overview = load_overview(session, today=office_day(deps().clock()))
        except SQLAlchemyError:
            log.warning("no overview for the page frame", exc_info=True)
            g.overview = Overview()
    return g.overview


def url_with(**changes: str | None) -> str:
    """This page's address with some query parameters changed; None removes one."""
    params: Mapping[str, list[str]] = request.args.to_dict(flat=False)
    kept = {name: values for name, values in params.items() if name not in changes}
    kept.update({name: [value] for name, value in changes.items() if value is not None})
    query = urlencode(kept, doseq=True)
    return f"{request.path}?{query}" if query else request.path


def init_shell(app: Flask) -> None:
    """Give templates the frame and helpers."""
    app.add_template_global(shell)
    app.add_template_global(url_with)
    app.add_template_global(in_language)
