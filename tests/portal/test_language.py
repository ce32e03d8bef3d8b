"""Chinese by default, English when asked for, and no word without its translation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask

from portal.i18n import TRANSLATIONS, compile_catalogs
from tests.visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
METHODS = [("portal/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}


@pytest.mark.requirement("A-49")
def test_pages_are_chinese_whatever_the_browser_prefers(visitor: Visitor) -> None:
    visitor.get("/login", headers={"Accept-Language": "en-US,en;q=0.9"})
    assert '<html lang="zh-CN"' in visitor.text
    assert "登录影云" in visitor.text


def test_the_switch_works_without_a_script_and_stays(visitor: Visitor) -> None:
    visitor.get("/privacy")
    visitor.submit("/language", language="en")
    assert visitor.path == "/privacy"
    assert '<html lang="en"' in visitor.text
    assert "1. Who we are" in visitor.text
    visitor.get("/login")
    assert "Sign in to" in visitor.text
    visitor.submit("/language", language="zh_CN")
    assert "登录影云" in visitor.text


def test_an_unknown_language_changes_nothing(visitor: Visitor) -> None:
    visitor.get("/login")
    visitor.submit("/language", language="../../etc")
    assert '<html lang="zh-CN"' in visitor.text


def test_the_switch_leads_nowhere_else(visitor: Visitor) -> None:
    visitor.get("/login")
    answer = visitor.submit(
        "/language", follow_redirects=False, language="en", next="//evil.example"
    )
    assert answer.headers["Location"] == "/"


def test_the_english_sign_in_page_has_only_english_words(visitor: Visitor) -> None:
    visitor.get("/login")
    visitor.submit("/language", language="en")
    words = visitor.text.replace("影云", "").replace("中文", "")
    assert CHINESE.findall(words) == []


def test_every_word_has_its_english() -> None:
    """`make messages` collects the words; the translations are written by hand."""
    with (TRANSLATIONS / "en/LC_MESSAGES/messages.po").open("rb") as file:
        catalog = read_po(file, locale="en")
    found = {
        message if isinstance(message, str) else message[0]
        for _, _, message, _, _ in extract_from_dir(ROOT, METHODS, keywords=KEYWORDS)
    }
    assert len(found) > 100
    known = {str(message.id) for message in catalog if message.id and message.string}
    assert sorted(found - known) == []


def test_placeholders_survive_translation() -> None:
    with (TRANSLATIONS / "en/LC_MESSAGES/messages.po").open("rb") as file:
        catalog = read_po(file, locale="en")
    holder = re.compile(r"%\(\w+\)s|\{\w+\}")
    for message in catalog:
        if message.id and message.string:
            assert set(holder.findall(message.string)) == set(holder.findall(message.id))


def test_catalogues_are_compiled_when_they_changed(tmp_path: Path) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "messages.po"
    source.write_text('msgid "影像"\nmsgstr "Images"\n')
    assert compile_catalogs(tmp_path) == [folder / "messages.mo"]
    assert compile_catalogs(tmp_path) == []
    with (folder / "messages.mo").open("rb") as file:
        assert read_mo(file).get("影像").string == "Images"
    assert sorted(path.name for path in folder.iterdir()) == ["messages.mo", "messages.po"]


def test_every_template_can_be_read(app: Flask) -> None:
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
