"""A download as its patient asks for it and as its link is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.test import TestResponse

from server.model import AuditEvent, Download
from tests.portal.share_case import ShareCase
from tests.visitor import Visitor

PASSWORD = "k7m4xq29"


@dataclass
class Asked:
    """A download as the page told of it."""

    download_id: str
    page: str

    @property
    def base(self) -> str:
        return f"/d/{self.download_id}"

    @property
    def archive(self) -> str:
        return f"{self.base}/study.zip"


def send(case: ShareCase, **fields: str) -> TestResponse:
    """Fill in the form as it stands and send it; empty fields are left out."""
    address = f"/studies/{case.study_id}/download"
    case.giver.get(address)
    form = next(one for one in case.giver.forms() if one.action == "")
    data = form.fields | {"password": PASSWORD, "agreed": "y"} | fields
    return case.giver.client.post(address, data={name: text for name, text in data.items() if text})


def ask(case: ShareCase, **fields: str) -> Asked:
    """Ask for a download, packed at once."""
    answer = send(case, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200, page
    found = re.search(r'data-link="[^"]*/d/([^"]+)"', page)
    assert found
    return Asked(found[1], page)


def knock(case: ShareCase, asked: Asked, password: str = PASSWORD) -> tuple[Visitor, TestResponse]:
    """Give the password at the link, in a fresh browser."""
    visitor = case.stranger()
    visitor.get(asked.base)
    opened = visitor.submit(f"{asked.base}/open", password=password, follow_redirects=False)
    return visitor, opened


def enter(case: ShareCase, asked: Asked) -> Visitor:
    """A fresh browser that opened the link."""
    visitor, answer = knock(case, asked)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return visitor


def row(case: ShareCase, asked: Asked) -> Download:
    """The download as the database has it."""
    with case.cloud.database.session() as session:
        return session.get_one(Download, asked.download_id)


def events(case: ShareCase, asked: Asked) -> list[str]:
    """What the audit log says of a download."""
    with case.cloud.database.session() as session:
        found = session.query(AuditEvent).filter_by(object_id=asked.download_id)
        return [one.event for one in found.order_by(AuditEvent.sequence)]
