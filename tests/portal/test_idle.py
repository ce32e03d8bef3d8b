"""Every page says when the sign-in ends for want of use, and lets it be put off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.visitor import Visitor

NOON = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)  # 12:00 in China


@pytest.mark.requirement("F-06")
def test_the_page_says_when_and_a_press_puts_it_off(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    with time_machine.travel(NOON, tick=False) as traveller:
        visitor.be(cloud, patient).get("/account")
        assert "12:20 将自动退出登录" in visitor.text and 'data-idle="1200"' in visitor.text
        traveller.shift(timedelta(minutes=18))
        visitor.submit("/session/keep")
        assert visitor.path == "/account" and "12:38 将自动退出登录" in visitor.text
        traveller.shift(timedelta(minutes=18))
        csrf = visitor.forms()[0].fields["csrf_token"]
        part = visitor.client.post(
            "/session/keep", headers={"HX-Request": "true", "X-CSRFToken": csrf}
        ).get_data(as_text=True)
        assert part.lstrip().startswith("<aside") and "12:56 将自动退出登录" in part
        traveller.shift(timedelta(minutes=21))
        assert visitor.get("/account").request.path == "/login"
        assert "将自动退出登录" not in visitor.text


@pytest.mark.requirement("F-06")
def test_the_absolute_end_is_said_when_it_is_sooner(
    visitor: Visitor, patient: SignInFacts, cloud: ImageCloud
) -> None:
    with time_machine.travel(NOON, tick=False) as traveller:
        visitor.be(cloud, patient)
        for _ in range(47):
            traveller.shift(timedelta(minutes=15))
            visitor.client.get("/healthz")
            visitor.get("/account")
        assert "00:00 将自动退出登录" in visitor.text
