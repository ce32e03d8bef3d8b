"""A browser without JavaScript: follows links and redirects, fills in the forms of the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.sessions import SESSION, cookie_name
from server.cloud import ImageCloud
from tests.factories import SignInFacts, make_session


@dataclass
class Form:
    """A form of a page: where it goes, and what its fields hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str]] = field(default_factory=list)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.forms.append(Form(facts.get("action", ""), facts.get("method", "get")))
        elif tag == "input" and self.forms and facts.get("name"):
            if facts.get("type") in {"radio", "checkbox"} and "checked" not in facts:
                return
            self.forms[-1].fields[facts["name"]] = facts.get("value", "")
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append(facts)


class Visitor:
    """Walks through the pages as somebody without JavaScript does."""

    def __init__(self, app: Flask, base_url: str | None = None) -> None:
        self.client: FlaskClient = app.test_client()
        self.base_url = base_url
        self.page: TestResponse | None = None

    @property
    def text(self) -> str:
        assert self.page is not None
        return self.page.get_data(as_text=True)

    @property
    def path(self) -> str:
        assert self.page is not None
        return self.page.request.path

    def forms(self) -> list[Form]:
        """Return the forms of the page."""
        parser = _Page()
        parser.feed(self.text)
        return parser.forms

    def get(self, path: str, **extra: Any) -> TestResponse:
        """Open a page, following redirects."""
        extra.setdefault("follow_redirects", True)
        self.page = self.client.get(path, base_url=self.base_url, **extra)
        return self.page

    def submit(self, action: str, *, follow_redirects: bool = True, **fields: str) -> TestResponse:
        """Fill in the form that goes to `action` and send it."""
        form = next(one for one in self.forms() if (one.action, one.method) == (action, "post"))
        self.page = self.client.post(
            action,
            data=form.fields | fields,
            base_url=self.base_url,
            follow_redirects=follow_redirects,
        )
        return self.page

    def be(self, cloud: ImageCloud, facts: SignInFacts) -> Visitor:
        """Be signed in as somebody, without going through the pages."""
        name = cookie_name(cloud.settings, SESSION)
        secure = cloud.settings.secure
        self.client.set_cookie(name, make_session(cloud, facts), secure=secure, httponly=True)
        return self

    def sign_in(self, facts: SignInFacts) -> TestResponse:
        """Sign in through the pages with password and authenticator."""
        self.get("/login")
        self.submit("/login", login=facts.login, password=facts.password)
        return self.submit("/login/code", code=facts.code())
