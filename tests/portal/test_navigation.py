"""The four entries, on every page of a patient and on nobody else's."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from server.cloud import ImageCloud
from server.model import Role
from tests.factories import SignInFacts, make_account
from tests.visitor import Visitor


class Bars(HTMLParser):
    """Collects the links of each `<nav>` with the mark of the present one."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: list[list[tuple[str, bool]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "nav" and facts.get("class") in {"top-nav", "tab-bar"}:
            self.bars.append([])
            self.inside = True
        elif tag == "a" and self.inside:
            self.bars[-1].append((facts["href"] or "", facts.get("aria-current") == "page"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "nav":
            self.inside = False


def bars(visitor: Visitor) -> list[list[tuple[str, bool]]]:
    parser = Bars()
    parser.feed(visitor.text)
    return parser.bars


@pytest.mark.requirement("A-48")
def test_the_four_entries_lead_to_pages_that_exist(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.be(cloud, patient).get("/account")
    for words in ("影像档案", "影像查看", "报告查看", "授权分享"):
        assert visitor.text.count(words) >= 2  # on desktops above, on phones below
    top, tabs = bars(visitor)
    assert top == tabs
    assert len(top) == 4
    for address, _ in top:
        assert visitor.get(address).status_code == 200, address
        assert [link for link, here in bars(visitor)[0] if here] == [address]


def test_the_footer_names_whose_side_this_is(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    visitor.be(cloud, patient).get("/account")
    assert "医保影像云个人端" in visitor.text
    visitor.be(cloud, make_account(cloud, "auditor", role=Role.AUDITOR)).get("/account")
    assert "医保影像云医疗机构端" in visitor.text and "个人端" not in visitor.text


def test_others_have_no_patient_entries(visitor: Visitor, cloud: ImageCloud) -> None:
    assert visitor.get("/login") and bars(visitor) == []
    visitor.be(cloud, make_account(cloud, "auditor", role=Role.AUDITOR)).get("/account")
    top, tabs = bars(visitor)
    assert top == tabs
    assert [address for address, _ in top] == ["/admin", "/admin/log", "/admin/records"]
    visitor.be(cloud, make_account(cloud, "doctor", role=Role.DOCTOR)).get("/account")
    doctors = {"/doctor/studies", "/doctor/requests"}
    assert {address for bar in bars(visitor) for address, _ in bar} == doctors


def test_whoever_has_not_consented_sees_no_entries(visitor: Visitor, cloud: ImageCloud) -> None:
    visitor.be(cloud, make_account(cloud, "newcomer", consented=False)).get("/account")
    assert visitor.path == "/consent"
    assert bars(visitor) == []


@pytest.mark.requirement("A-51")
@pytest.mark.parametrize("path", ["/login", "/privacy", "/account", "/studies", "/shares"])
def test_pages_are_whole_without_scripts(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud, path: str
) -> None:
    if path not in {"/login", "/privacy"}:
        visitor.be(cloud, patient)
    visitor.get(path)
    assert "<h1" in visitor.text
    assert "</html>" in visitor.text
    assert all(form.action.startswith("/") for form in visitor.forms())
