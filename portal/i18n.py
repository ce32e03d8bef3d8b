"""Words: Chinese in the source, other languages from catalogues, chosen by people (A-49)."""

from __future__ import annotations

import secrets
from pathlib import Path

import structlog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, session
from flask_babel import Babel

log = structlog.get_logger("portal")

SOURCE_LANGUAGE = "zh_CN"
LANGUAGES = {SOURCE_LANGUAGE: "中文", "en": "English"}
TRANSLATIONS = Path(__file__).parent / "translations"
KEY = "language"
TIME_ZONE = "Asia/Shanghai"


def choose_language(language: str) -> None:
    """Remember the language that a person chose; an unknown one changes nothing."""
    if language in LANGUAGES:
        session[KEY] = language


def current_language() -> str:
    """Return the language of this request; Chinese unless another one was chosen."""
    chosen = session.get(KEY, SOURCE_LANGUAGE)
    return chosen if chosen in LANGUAGES else SOURCE_LANGUAGE


def html_language() -> str:
    """Return the language tag of the page (BCP 47)."""
    return current_language().replace("_", "-")


def compile_catalogs(folder: Path = TRANSLATIONS) -> list[Path]:
    """Compile the catalogues whose compiled form is missing or older; return those made."""
    made = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        # Several workers start at once: each writes its own file, the last one stays.
        temporary = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
        with source.open("rb") as words, temporary.open("wb") as compiled:
            write_mo(compiled, read_po(words, locale=source.parent.parent.name))
        temporary.replace(target)
        made.append(target)
    return made


def install_i18n(app: Flask) -> None:
    """Translate pages; times are shown as in China, where the hospitals are."""
    try:
        compile_catalogs()
    except OSError as error:  # installed by somebody else; what he compiled is used
        log.warning("catalogues_not_compiled", error=type(error).__name__)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(
        app,
        default_locale=SOURCE_LANGUAGE,
        default_timezone=TIME_ZONE,
        locale_selector=current_language,
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.globals.update(
        current_language=current_language, html_language=html_language, languages=LANGUAGES
    )
