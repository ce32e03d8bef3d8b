"""Every form that a person can come to, and values that no form expects."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from flask import Flask

from tests.portal.crawl import crawl
from tests.visitor import Visitor

EXTREMES = (
    "0",
    "-1",
    "inf",
    "-inf",
    "nan",
    "1e400",
    "1e308",
    str(2**31),
    str(2**63),
    "9" * 40,
    "9" * 5000,
    "٣٣",
    "²",
    "0001-01-01",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "10000-01-01",
    "2026-02-30",
    "😀" * 400,
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "%00%",
    "[]",
)
# They end the session, or the right to see anything more.
_LEFT_ALONE = ("/logout", "/consent", "/sessions", "/withdraw", "/password")


@dataclass
class Form:
    """A form as it stands on a page: method, address, the names and values of its fields."""

    page: str
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self._page, facts.get("action", "") or self._page)
            self.forms.append(Form(self._page, action, facts.get("method", "get").lower()))
        elif self.forms and facts.get("name") and tag in {"input", "select", "textarea", "button"}:
            form = self.forms[-1]
            if tag == "button" and facts["name"] in form.fields:
                return
            form.fields.setdefault(facts["name"], facts.get("value", ""))
        elif self.forms and tag == "option" and self.forms[-1].fields:
            last = list(self.forms[-1].fields)[-1]
            self.forms[-1].fields[last] = self.forms[-1].fields[last] or facts.get("value", "")


def forms_of(app: Flask, visitor: Visitor, *starts: str) -> list[Form]:
    """Return the forms of all pages that links lead to; of several alike, the first."""
    found: dict[tuple[str, ...], Form] = {}
    rules = app.url_map.bind("")
    for page, text in crawl(app, visitor, *starts).items():
        parser = _Forms(page)
        parser.feed(text)
        for form in parser.forms:
            if not any(word in form.action for word in _LEFT_ALONE):
                path = urlsplit(form.action).path
                assert rules.test(path, form.method.upper()), (form.page, form.action)
                view = str(rules.match(path, form.method.upper())[0])
                found.setdefault((form.method, view, *sorted(form.fields)), form)
    return list(found.values())


def send(visitor: Visitor, form: Form, **changed: str) -> int:
    """Send a form with some fields changed; return the status of the answer."""
    data = form.fields | changed
    if form.method == "get":
        return visitor.client.get(form.action, query_string=data).status_code
    return visitor.client.post(form.action, data=data).status_code
