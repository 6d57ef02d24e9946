"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request
from flask_babel import format_time
from werkzeug.wrappers import Response

from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import accounts
from gridmap.web.access import current_actor, public
from gridmap.web.auth import safe_next, sign_in_here, sign_out_here
from gridmap.web.deps import deps
from gridmap.web.i18n import sentence

blueprint = Blueprint("sign_in", __name__)

AFTER_SIGN_OUT = "/"


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The form; ``problem`` is empty at first, the password is never given back."""

    next_path: str
    username: str = ""
    problem: str = ""


@blueprint.get("/sign-in")
@public
def form() -> Response | str:
    """Ask who it is, unless that is known."""
    next_path = safe_next(request.args.get("next"))
    if current_actor().is_signed_in:
        return redirect(next_path)
    return render_template("sign_in/sign_in.html", page=SignInPage(next_path))


@blueprint.post("/sign-in")
@public
def sign_in() -> Response | tuple[str, int]:
    """Try the name and the password; a refusal does not say which of them was wrong."""
    next_path = safe_next(request.form.get("next"))
    username = request.form.get("username", "")
    with unit_of_work(deps().sessions) as session:
        outcome = accounts.sign_in(
            session, username=username, password=request.form.get("password", ""), now=deps().clock()
        )
    if outcome.account is not None:
        sign_in_here(outcome.account)
        return redirect(next_path, code=303)
    page = SignInPage(next_path, username, _problem(outcome.refusal, outcome.locked_until))
    status = 429 if outcome.refusal is accounts.Refusal.LOCKED else 401
    return render_template("sign_in/sign_in.html", page=page), status


@blueprint.post("/sign-out")
@public
def sign_out() -> Response:
    """End the session of this browser."""
    sign_out_here()
    return redirect(AFTER_SIGN_OUT, code=303)


def _problem(refusal: accounts.Refusal | None, locked_until: datetime | None) -> str:
    until = "" if locked_until is None else format_time(locked_until, "HH:mm")
    return sentence(f"sign_in.{refusal}", {"until": until})
