"""Every sentence exists in both languages."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import gridmap
from gridmap.domain.area_codes import AreaLevel
from gridmap.domain.errors import DomainError
from gridmap.importing.columns import Layer
from gridmap.storage.embedded_postgres import EmbeddedPostgresError

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}}
CHINESE = re.compile(r"[^\x00-\x7f]")


def catalogue(language: str) -> Catalog:
    path = ROOT / f"gridmap/translations/{language}/LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def words_in_the_code() -> set[str]:
    found: set[str] = set()
    for folder in ("templates", "gridmap"):
        for _, _, message, _, _ in extract_from_dir(
            ROOT / folder, METHODS, options_map=OPTIONS, keywords=KEYWORDS
        ):
            found |= set(message) if isinstance(message, tuple) else {message}
    assert len(found) > 30
    return found


def error_classes(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from error_classes(child)


def error_codes() -> set[str]:
    for module in pkgutil.walk_packages(gridmap.__path__, "gridmap."):
        if not re.search(r"\.__main__$|migrations", module.name):
            importlib.import_module(module.name)
    # those of the private database come up before anything else works, and carry their own words
    codes = {kind.code for kind in error_classes() if not issubclass(kind, EmbeddedPostgresError)}
    assert len(codes) > 5
    return codes


def translated(language: str) -> set[str]:
    return {str(message.id) for message in catalogue(language) if message.id and message.string}


def test_every_word_of_the_pages_is_there_in_english() -> None:
    words = {word for word in words_in_the_code() if CHINESE.search(word)}
    assert sorted(words - translated("en")) == []


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_error_has_its_sentence(language: str) -> None:
    assert sorted(error_codes() - translated(language)) == []


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_code_that_the_pages_use_has_its_words(language: str) -> None:
    codes = {word for word in words_in_the_code() if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", word)}
    assert sorted(codes - translated(language)) == []


def test_a_translation_fills_in_what_its_source_names() -> None:
    placeholder = re.compile(r"%\((\w+)\)s|\{(\w+)\}")
    wrong = [
        message.id
        for message in catalogue("en")
        if isinstance(message.id, str)
        and isinstance(message.string, str)
        and CHINESE.search(message.id)
        and set(placeholder.findall(message.id)) != set(placeholder.findall(message.string))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_no_entry_stands_twice_or_is_unsure(language: str) -> None:
    path = ROOT / f"gridmap/translations/{language}/LC_MESSAGES/messages.po"
    ids = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted({each for each in ids if ids.count(each) > 1}) == []
    assert [message.id for message in catalogue(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_layer_level_and_field_of_a_form_has_a_name(language: str) -> None:
    macros = (ROOT / "templates/admin/register_parts.html").read_text(encoding="utf-8")
    makers = re.findall(r"{% macro (\w+)\(name\b", macros)
    assert makers
    calls = re.compile(rf"\b(?:{'|'.join(makers)})\(\s*\"(\w+)\"")
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "templates/admin").rglob("*.html")]
    forms = {f"field.{name}" for page in pages for name in calls.findall(page)}
    assert len(forms) > 10
    layers = {f"layer.{layer.value}" for layer in Layer}
    levels = {f"area_level.{level.value}" for level in AreaLevel}
    assert sorted((layers | levels | forms) - translated(language)) == []
