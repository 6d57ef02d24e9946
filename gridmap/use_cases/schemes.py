"""Grid schemes: add one beside the others, change its words and days, end it."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from gridmap.domain.permissions import Action, Actor, check
from gridmap.domain.schemes import SchemeExists, SchemeForm, SchemeInUse, SchemeNotThere
from gridmap.storage import schemes as store
from gridmap.storage.layer_versions import bump_layer_version


def list_schemes(session: Session, actor: Actor, *, day: date) -> list[store.StoredScheme]:
    """Every scheme with its areas by level, the installation's own first."""
    check(actor, Action.SEE_STAFF_LAYERS)
    return store.find_schemes(session, day=day)


def add_scheme(session: Session, actor: Actor, form: SchemeForm, *, day: date) -> None:
    """Add an empty scheme; areas come by an import or by drawing.

    Raises
    ------
    InvalidInput, SchemeExists
    """
    check(actor, Action.IMPORT_LAYERS, "")
    form = form.checked()
    if any(scheme.code == form.code for scheme in store.find_schemes(session, day=day)):
        raise SchemeExists(scheme=form.code)
    store.add_scheme(session, form)


def change_scheme(session: Session, actor: Actor, form: SchemeForm, *, day: date) -> None:
    """Change a scheme's words and days. From the day it ends it is drawn no more; its history stays.

    Raises
    ------
    InvalidInput, SchemeNotThere
    SchemeInUse
        It is the installation's own: pins are routed by it.
    """
    check(actor, Action.IMPORT_LAYERS, "")
    form = form.checked()
    schemes = store.find_schemes(session, day=day)
    stored = next((scheme for scheme in schemes if scheme.code == form.code), None)
    if stored is None:
        raise SchemeNotThere(scheme=form.code)
    if form.valid_to is not None and stored is schemes[0]:
        raise SchemeInUse(scheme=form.code)
    store.change_scheme(session, stored.id, form)
    bump_layer_version(session, "areas", data_date=day)
