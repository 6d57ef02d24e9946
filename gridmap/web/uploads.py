"""Routes that take files larger than a photo: their own limit, and nothing of the file in memory.

The limit has to be raised before anybody looks at the form, and the check against forgery does: so a view
says beforehand that it takes large files, and the limit is set right after the check of its role.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

from gridmap.domain.errors import DomainError
from gridmap.web.deps import deps

_MARK = "gridmap_takes_large_files"
_FORM_BYTES = 1_000_000
"""Room for the fields beside the file."""

View = TypeVar("View", bound=Callable[..., Any])


class UploadTooLarge(DomainError):
    """More bytes than an import reads; ``megabytes`` is the most that it does."""

    code = "import_draft.too_large"


def takes_large_files(view: View) -> View:
    """Mark a view whose requests may be as large as an import."""
    setattr(view, _MARK, True)
    return view


def init_uploads(app: Flask) -> None:
    """Register the limit; to be called after the check of the role and before that against forgery."""
    app.before_request(_raise_limit)


def _raise_limit() -> None:
    if request.endpoint is None or not getattr(current_app.view_functions[request.endpoint], _MARK, False):
        return
    most_bytes = deps().imports.limits.file_bytes
    request.max_content_length = most_bytes + _FORM_BYTES
    if (request.content_length or 0) > most_bytes + _FORM_BYTES:
        raise UploadTooLarge(megabytes=most_bytes // 1_000_000)
