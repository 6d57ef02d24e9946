"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request
from flask_babel import format_time
from werkzeug.wrappers import Response

from gridmap.web.access import current_actor, public
from gridmap.web.auth import attempt_sign_in, safe_next, sign_out_here
from gridmap.web.i18n import sentence

blueprint = Blueprint("sign_in", __name__)

_USERNAME_MAX_LENGTH = 100
_PASSWORD_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class SignInPage:
    """What the form shows; ``problem`` is empty at first."""

    next_path: str
    username: str = ""
    problem: str = ""
