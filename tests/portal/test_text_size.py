"""The switch of the text's size: without a script, kept, and leading nowhere else."""

from __future__ import annotations

import pytest

from tests.visitor import Visitor

LARGE = 'data-text-size="large"'


@pytest.mark.requirement("A-03")
def test_large_text_stays_on_every_page_until_it_is_switched_off(visitor: Visitor) -> None:
    visitor.get("/privacy")
    assert LARGE not in visitor.text
    visitor.submit("/text-size", text_size="large")
    assert visitor.path == "/privacy" and LARGE in visitor.text
    visitor.get("/login")
    assert LARGE in visitor.text
    visitor.submit("/text-size", text_size="normal")
    assert visitor.path == "/login" and LARGE not in visitor.text


def test_an_unknown_size_changes_nothing(visitor: Visitor) -> None:
    visitor.get("/login")
    visitor.submit("/text-size", text_size="900%")
    assert 'data-text-size="normal"' in visitor.text


def test_the_switch_leads_nowhere_else(visitor: Visitor) -> None:
    visitor.get("/login")
    answer = visitor.submit(
        "/text-size", follow_redirects=False, text_size="large", next="//evil.example"
    )
    assert answer.headers["Location"] == "/"
