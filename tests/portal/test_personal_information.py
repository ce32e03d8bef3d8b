"""The register of personal information is whole: every column, every field of a form (F-21)."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from flask_wtf import FlaskForm
from wtforms.fields.core import UnboundField

import portal
import server.model  # noqa: F401  # fills the metadata
from server.model.base import Base

REGISTER = Path(__file__).resolve().parents[2] / "docs" / "personal-information.md"
CODE = re.compile(r"`([^`]+)`")
PERSONAL, OTHERS, FORMS = range(1, 4)
# Columns of these names hold what identifies or describes somebody, wherever they stand.
TELLING = re.compile(
    r"(^|_)(phone|birth_date|id_number|certificate|diagnosis|patient_name|password)(_|$)"
)
KEPT_NOWHERE = "不保存 / not kept"


def part(number: int) -> str:
    return REGISTER.read_text(encoding="utf-8").split("\n## ")[number]


def rows(number: int) -> list[list[str]]:
    lines = [line for line in part(number).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def registered() -> dict[str, list[str]]:
    """Return the columns that the register names, by table."""
    found: dict[str, list[str]] = {}
    for number in (PERSONAL, OTHERS):
        for table, *cells in rows(number):
            name = CODE.findall(table)[0]
            assert name not in found, f"{name} stands there twice"
            named = (cells[0], cells[-1]) if number == PERSONAL else (cells[0],)
            found[name] = [column for cell in named for column in CODE.findall(cell)]
    return found


def form_fields() -> set[str]:
    """Return the names of all fields of all forms of the portal."""
    for module in pkgutil.walk_packages(portal.__path__, "portal."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    forms, names = [FlaskForm], set()
    while forms:
        form = forms.pop()
        forms += form.__subclasses__()
        if form.__module__.startswith("portal."):
            values = {name: getattr(form, name, None) for name in dir(form)}
            names |= {name for name, value in values.items() if isinstance(value, UnboundField)}
    return names


@pytest.mark.requirement("F-21")
def test_every_column_is_registered_and_none_that_is_gone() -> None:
    there = {
        table.name: sorted(column.name for column in table.columns)
        for table in Base.metadata.tables.values()
    }
    assert {name: sorted(columns) for name, columns in registered().items()} == there


@pytest.mark.requirement("F-21")
def test_every_personal_field_has_purpose_readers_and_retention() -> None:
    for _table, fields, purpose, readers, retention, _others in rows(PERSONAL):
        assert CODE.findall(fields)
        for told in (purpose, readers, retention):
            chinese, _, english = told.partition(" / ")
            assert re.search(r"[\u4e00-\u9fff]", chinese)
            assert re.search(r"[a-z]{3}", english)


@pytest.mark.requirement("F-21")
def test_what_tells_of_somebody_is_not_among_the_rest() -> None:
    rest = [cells[-1] for cells in rows(PERSONAL)] + [cells[1] for cells in rows(OTHERS)]
    named = [name for cell in rest for name in CODE.findall(cell)]
    assert [name for name in named if TELLING.search(name)] == []


@pytest.mark.requirement("F-21")
def test_forms_collect_nothing_else() -> None:
    personal = [CODE.findall(field)[0] for field, _what, _kept in rows(FORMS)]
    others = CODE.findall(part(FORMS).rpartition("Fields without personal information:")[2])
    assert set(personal) & set(others) == set()
    assert form_fields() - {*personal, *others} == set()


@pytest.mark.requirement("F-21")
def test_what_forms_collect_goes_into_registered_personal_fields() -> None:
    columns = {
        f"{CODE.findall(table)[0]}.{column}"
        for table, fields, *_ in rows(PERSONAL)
        for column in CODE.findall(fields)
    }
    for field, _what, kept in rows(FORMS):
        assert kept == KEPT_NOWHERE or set(CODE.findall(kept)) <= columns, field
