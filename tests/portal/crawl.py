"""All pages that links lead to, as one person sees them: two of each view at most."""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from urllib.parse import urljoin, urlsplit

from flask import Flask

from tests.visitor import Visitor

LINK = re.compile(r'<a\b[^>]*?\shref="([^"#][^"]*)"')
OF_EACH_VIEW = 2
AT_MOST = 60


def crawl(app: Flask, visitor: Visitor, *starts: str) -> dict[str, str]:
    """Return the pages (HTML, by address) that one comes to from `starts`."""
    pages: dict[str, str] = {}
    seen: set[str] = set()
    views: Counter[str] = Counter()
    waiting = deque(starts)
    while waiting and len(pages) < AT_MOST:
        address = waiting.popleft()
        view = _view(app, address)
        if address in seen or view is None or views[view] >= OF_EACH_VIEW:
            continue
        seen.add(address)
        views[view] += 1
        answer = visitor.client.get(address, follow_redirects=True)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        pages[address] = answer.get_data(as_text=True)
        here = answer.request.full_path
        for link in LINK.findall(pages[address]):
            found = urlsplit(urljoin(here, html.unescape(link)))
            if not found.netloc:
                waiting.append(f"{found.path}?{found.query}".rstrip("?"))
    return pages


def _view(app: Flask, address: str) -> str | None:
    """Return the view that an address leads to; None for files and addresses that are none."""
    path = urlsplit(address).path
    if not path.startswith("/") or path.startswith(("/static/", "/assets/")):
        return None
    rules = app.url_map.bind("")
    if not rules.test(path, "GET"):
        return None
    return str(rules.match(path, "GET")[0])
