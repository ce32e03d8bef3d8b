"""What all pages of the console share: who acts, the menu, tables, filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from portal.admin.sections import ROOT, Section, may_change, sections_of
from portal.context import database_session
from portal.i18n import SOURCE_LANGUAGE, current_language
from portal.identity import signed_in_identity, source_address
from portal.typed import number_of
from server.centre.acting import Actor
from server.centre.period import Period, period
from server.csv_files import Value, csv_bytes
from server.model import Account, Institution
from server.terms import china_time


@dataclass(frozen=True)
class Cell:
    """One cell: words, perhaps a link or a badge (neutral, brand, success, warning, danger)."""

    text: str
    href: str = ""
    badge: str = ""


@dataclass(frozen=True)
class Table:
    """A table as templates/admin/_table.html draws it; `numbers` are the columns of figures.

    Lines that are `single` studies or persons leave as an approved export alone (F-26).
    """

    caption: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[Cell | Value]]
    numbers: frozenset[int] = frozenset()
    empty: str = ""
    single: bool = False


@dataclass(frozen=True)
class Figure:
    """A chart; the table beside it has the same numbers."""

    title: str
    svg: Markup


# Name, label, pairs of value and words, the chosen value.
Picker = tuple[str, str, Sequence[tuple[str, str]], str]


@dataclass(frozen=True)
class Report:
    """A page of numbers: what it is for, its filter, charts and tables."""

    title: str
    lead: str
    tables: Sequence[Table]
    figures: Sequence[Figure] = ()
    filters: Sequence[Picker] = ()
    notes: Sequence[str] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)
    institutions: Sequence[Institution] = ()
    # Institutions whose daily limit of retrievals may be set on this page.
    limits: Sequence[Institution] = ()


def actor() -> Actor:
    """Return who acts, with the reach of his account as it is now."""
    if "console_actor" not in g:
        identity = signed_in_identity()
        account = database_session().get_one(Account, identity.account_id)
        g.console_actor = Actor(account.id, identity.role, account.institution_id, source_address())
    found: Actor = g.console_actor
    return found


def active_section() -> str:
    """Return the name of the room that the present address belongs to."""
    rest = request.path.removeprefix(ROOT).strip("/")
    return rest.partition("/")[0]


def show(template: str, **values: Any) -> str:
    """Render a page of the console with its menu."""
    role = signed_in_identity().role
    name = active_section()
    return render_template(
        template,
        sections=grouped(sections_of(role)),
        section=name,
        may_change=may_change(name, role),
        role=role,
        **values,
    )


def report(found: Report) -> ResponseReturnValue:
    """Render a page of numbers, or one of its tables as a CSV file (`?csv=0`).

    Figures of institutions, of nobody in particular, need no approval; a table of `single` studies
    is no file. Raises NotFound.
    """
    wanted = request.args.get("csv", "")
    if wanted in map(str, range(len(found.tables))):
        table = found.tables[int(wanted)]
        if table.single:
            raise NotFound
        data = csv_bytes(table.heads, ([_plain(one) for one in row] for row in table.rows))
        name = f"{active_section()}-{wanted}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(data, content_type="text/csv; charset=utf-8", headers=headers)
    return show("admin/report.html", report=found, csv_url=_csv_url)


def _csv_url(number: int) -> str:
    """Return the address of a table of this page as CSV."""
    asked = {name: value for name, value in request.args.items(multi=True) if name != "csv"}
    return f"{request.path}?{urlencode(asked | {'csv': number})}"


def _plain(one: Cell | Value) -> Value:
    return one.text if isinstance(one, Cell) else one


def grouped(sections: Sequence[Section]) -> list[tuple[str, list[Section]]]:
    """Return rooms below the headings of their groups, in order."""
    groups: list[tuple[str, list[Section]]] = []
    for one in sections:
        if not groups or groups[-1][0] != one.group:
            groups.append((one.group, []))
        groups[-1][1].append(one)
    return groups


def asked_period(*, days: int = 30) -> Period:
    """Return the days that the address asks for."""
    return period(request.args.get("since", ""), request.args.get("until", ""), days=days)


def asked_institution() -> int | None:
    """Return the institution to which a page is narrowed: the actor's own, or the chosen one."""
    own = actor().scope
    if own is not None:
        return own
    chosen = request.args.get("institution", "")
    return number_of(chosen)


def choosable() -> list[Institution]:
    """Return the institutions that a filter offers; none where there is only the own one."""
    if actor().scope is not None:
        return []
    from server.centre import institutions

    return [row.institution for row in institutions.rows(database_session(), actor())]


def moment(instant: Any) -> str:
    """Return an instant as the clocks in China show it, "-" for none."""
    return china_time(instant).strftime("%Y-%m-%d %H:%M") if instant is not None else "-"


def in_language(words: str) -> str:
    """Return the half of "中文 / English" that the page is in."""
    chinese, _sep, english = words.partition(" / ")
    return chinese if current_language() == SOURCE_LANGUAGE or not english else english


def size(count: int) -> str:
    """Return bytes in the unit that fits."""
    amount, units = float(count), ("B", "KB", "MB", "GB", "TB", "PB")
    for unit in units:
        if amount < 1000 or unit == units[-1]:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError


def percent(part: float, whole: float) -> str:
    """Return a share in per cent; "-" where there is nothing to share."""
    return f"{100 * part / whole:.1f}%" if whole else "-"
