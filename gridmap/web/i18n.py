"""Languages: Simplified Chinese is the source, English a translation; error codes are a catalogue in both.

Templates carry Chinese sentences, which ``translations/en`` translates. Error and other codes (message ids
such as ``issue.outside_every_grid``) have a sentence in both catalogues. The binary catalogues are compiled
from the ``.po`` files when they are missing or older.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, Response, g, request
from flask_babel import Babel, gettext

TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"
LANGUAGES = {"zh_CN": "中文", "en": "English"}
DEFAULT_LANGUAGE = "zh_CN"
_COOKIE = "lang"
_YEAR_S = 365 * 24 * 3600

Language = Literal["zh_CN", "en"]


def init_i18n(app: Flask) -> None:
    """Choose the language of each request, and remember a choice made in the address."""
    compile_catalogues()
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT_LANGUAGE
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, locale_selector=language)
    app.after_request(_remember_choices)
    app.add_template_global(language)
    app.add_template_global(html_language)
    app.add_template_global(care_mode)


def language() -> Language:
    """The language of this request: the address, then the cookie, then Chinese."""
    if "language" not in g:
        asked = _language_of(request.args.get("lang")) or _language_of(request.cookies.get(_COOKIE))
        g.language = asked or DEFAULT_LANGUAGE
    return g.language


def html_language() -> str:
    """The language as BCP 47 writes it, for the ``lang`` attribute."""
    return "en" if language() == "en" else "zh-CN"


def in_language(name: str, name_en: str | None) -> str:
    """A name that is data, in the reader's language; the Chinese one where there is no other."""
    return name_en if language() == "en" and name_en else name


def care_mode() -> bool:
    """Whether 关怀版 (large type and targets) is on."""
    asked = request.args.get("care")
    return asked == "1" if asked in ("0", "1") else request.cookies.get("care") == "1"


def known_message(code: str, params: Mapping[str, str] | None = None) -> str | None:
    """The sentence of a code, or None when the catalogue has none."""
    text = gettext(code)
    return None if text == code else fill(text, params or {})


def sentence(code: str, params: Mapping[str, str] | None = None) -> str:
    """The sentence of a code; for a code that the catalogue lacks, the general one, never the bare code."""
    return known_message(code, params) or gettext("error.unknown")


def fill(text: str, params: Mapping[str, str]) -> str:
    """Put parameters in place of ``%(name)s``; one that is missing becomes a dash instead of an error."""
    return text % _Lenient(params)


def compile_catalogues(folder: Path = TRANSLATIONS) -> list[Path]:
    """Compile each ``.po`` whose ``.mo`` is missing or older; several processes may do so at once."""
    written: list[Path] = []
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        # Babel's full name of zh_CN is zh_Hans_CN, and that is the folder where Flask-Babel looks.
        locale = source.parts[-3]
        target = folder / str(Locale.parse(locale)) / "LC_MESSAGES" / "messages.mo"
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as po:
            catalogue = read_po(po, locale=locale)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as mo:
            write_mo(mo, catalogue)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
        written.append(target)
    return written


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"


def _language_of(asked: str | None) -> Language | None:
    if asked in ("en", "en-US", "en-GB"):
        return "en"
    return "zh_CN" if asked in ("zh_CN", "zh-CN", "zh") else None


def _remember_choices(response: Response) -> Response:
    if chosen := _language_of(request.args.get("lang")):
        response.set_cookie(_COOKIE, chosen, max_age=_YEAR_S, samesite="Lax", httponly=True)
    if (care := request.args.get("care")) in ("0", "1"):
        response.set_cookie("care", care, max_age=_YEAR_S, samesite="Lax", httponly=True)
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Language", html_language())
        response.vary.add("Cookie")
    return response
