"""Pages in a mini-program's web view: no files, no second windows, no ways out (A-05)."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.portal.crawl import crawl
from tests.portal.share_case import make_case
from tests.visitor import Visitor

AGENTS = {
    "wechat": "Mozilla/5.0 (iPhone) AppleWebKit/605 MicroMessenger/8.0.50 miniProgram/wx0",
    "alipay": "Mozilla/5.0 (Linux; Android 14) AliApp(AP/10.6) AlipayClient/10.6 MiniProgram",
}
LINK = re.compile(r"<a\b[^>]*>")
ADDRESS = re.compile(r'\s(?:href|src|action|hx-get|hx-post)="([^"]*)"')


@pytest.mark.requirement("A-05")
@pytest.mark.parametrize("entry", AGENTS)
def test_nothing_leads_out_of_the_web_view(
    app: Flask, cloud: ImageCloud, patient: SignInFacts, entry: str
) -> None:
    visitor = make_case(app, cloud, patient).giver
    visitor.client.environ_base["HTTP_USER_AGENT"] = AGENTS[entry]
    pages = crawl(app, visitor, "/studies", "/account", "/shares", "/authorisations")
    assert len(pages) >= 12, sorted(pages)
    for address, page in pages.items():
        assert "data-mini-program" in page.partition("<head>")[0], address
        for link in LINK.findall(page):
            assert " download" not in link and "_blank" not in link, f"{address}: {link}"
        for target in ADDRESS.findall(page):
            assert target.isascii(), f"{address}: {target}"
            assert not re.match(r"(https?:)?//", target), f"{address}: {target}"


def test_a_browser_is_none(visitor: Visitor) -> None:
    visitor.get("/login")
    assert "data-mini-program" not in visitor.text
